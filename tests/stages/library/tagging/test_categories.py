"""Names and numbers of categories, and tags as Danbooru writes them."""

import pytest

from stages.library.params import caption
from stages.library.tagging.categories import CATEGORIES, as_tag, category
from stages.library.tagging.scores import CHARACTER, GENERAL, RATING


def test_todays_and_danboorus_numbers_stay() -> None:
    numbers = {"general": 0, "artist": 1, "copyright": 3, "character": 4, "meta": 5, "rating": 9}
    assert {name: CATEGORIES[name] for name in numbers} == numbers
    assert len(set(CATEGORIES.values())) == len(CATEGORIES)


@pytest.mark.parametrize(
    ("name", "number"),
    [("General", GENERAL), ("characters", CHARACTER), ("style", 1), ("Rating", RATING)],
)
def test_names_as_authors_write_them(name: str, number: int) -> None:
    assert category(name) == number


def test_what_nobody_knows_is_no_category() -> None:
    with pytest.raises(KeyError):
        category("species")


@pytest.mark.parametrize(
    ("name", "kind", "tag"),
    [
        *(("rating:q", RATING, "questionable"), ("rating_explicit", RATING, "explicit")),
        *(("sensitive", RATING, "sensitive"), ("best quality", 11, "best_quality")),
        *(("rating_up", GENERAL, "rating_up"), ("<o>_<o>", GENERAL, "<o>_<o>")),
    ],
)
def test_tags_are_written_alike_whoever_gives_them(name: str, kind: int, tag: str) -> None:
    assert as_tag(name, kind) == tag


def test_thresholds_are_named_as_the_categories_are() -> None:
    """All but the rating, of which the highest is taken."""
    assert CATEGORIES == {**caption.CATEGORIES, "rating": RATING}
