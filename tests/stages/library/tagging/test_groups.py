"""Groups of tags: by the category, by the list, by the words of the tag."""

import pytest

from stages.library.params.caption import GROUPS
from stages.library.tagging.groups import ENDS, KINDS, QUALIFIERS, STARTS, group_of
from stages.library.tagging.scores import CHARACTER, GENERAL

LISTED = {"bow": "accessory", "hat": "clothes", "school_swimsuit": "clothes", "sword": "object"}


@pytest.mark.parametrize(
    ("tag", "group"),
    [
        ("lavender_hair", "hair"),
        ("crescent_pupils", "eyes"),
        ("holding_teapot", "action"),
        ("hand_on_own_elbow", "pose"),
        ("crayon_(medium)", "style"),
        ("hatsune_miku_(cosplay)", "theme"),
        ("holding_bow_(weapon)", "action"),
        ("unworn_hat", "clothes"),
        ("hat_removed", "clothes"),
        ("12girls", "count"),
        ("6+others", "count"),
        ("lime_school_swimsuit", "clothes"),
        ("xyzzy", "other"),
        ("no", "other"),
        ("_", "other"),
        ("", "other"),
    ],
)
def test_what_is_not_listed_goes_by_its_words(tag: str, group: str) -> None:
    assert group_of(tag, LISTED) == group


def test_the_category_comes_first_and_then_the_list() -> None:
    assert group_of("black_hair", {"black_hair": "other"}, GENERAL) == "other"
    assert group_of("black_hair", {"black_hair": "hair"}, CHARACTER) == "character"


def test_every_group_of_the_tables_is_known() -> None:
    assert {*ENDS, *STARTS, *QUALIFIERS, *KINDS.values()} <= set(GROUPS)


@pytest.mark.parametrize("table", [ENDS, STARTS, QUALIFIERS])
def test_a_word_tells_one_group(table: dict[str, str]) -> None:
    words = [word for words in table.values() for word in words.split()]
    assert sorted(words) == sorted(set(words))
