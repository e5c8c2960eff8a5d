"""What a tag says besides itself."""

from functools import partial
from pathlib import Path

import pytest

from stages.library.dataset.dictionary import read_dictionary, read_groups, translate
from stages.library.params.caption import GROUPS
from stages.library.tagging.groups import group_of
from stages.library.tagging.implications import IMPLIED_BY, implied

DICTIONARY = Path(__file__).parents[4] / "data" / "dictionary"
LISTED = read_groups(DICTIONARY, GROUPS)
KNOWN = read_dictionary(DICTIONARY) | LISTED
GROUP = partial(group_of, listed=LISTED)


@pytest.mark.parametrize(
    ("tag", "others"),
    [
        ("absurdly_long_hair", "long_hair very_long_hair"),
        ("black_bikini", "bikini swimsuit"),
        ("striped_shirt", "clothes shirt striped striped_clothes"),
        ("holding_katana", "holding katana sword weapon"),
        ("holding_hands", ""),
        ("cat_ears", "animal_ears"),
        ("cat_tail", "tail"),
        ("red_rose", "flower rose"),
        ("blue_eyes", ""),
        ("black_hair", ""),
        ("light_brown_hair", "brown_hair"),
        ("red_panda", ""),
        ("no_panties", ""),
        ("unworn_hat", ""),
        ("white_day", ""),
        ("hair_flower", "hair_ornament"),
        (":d", ""),
    ],
)
def test_what_a_tag_says(tag: str, others: str) -> None:
    assert implied(tag, GROUP) & KNOWN.keys() == set(others.split())


def test_no_tag_says_itself_and_none_says_what_says_it() -> None:
    said = {tag: implied(tag, GROUP) & KNOWN.keys() for tag in KNOWN}
    assert [tag for tag, others in said.items() if tag in others] == []
    assert [(a, b) for a, others in said.items() for b in others if a in said[b]] == []


def test_all_that_the_table_names_means_something() -> None:
    named = {*IMPLIED_BY, *(tag for tags in IMPLIED_BY.values() for tag in tags.split())}
    assert sorted(tag for tag in named if not translate(tag, KNOWN)) == []
    assert sorted(tag for tag in named if GROUP(tag) == "other") == []
