"""Core tags: what nearly all pictures of a subject have."""

import pytest

from stages.library.report.core import FEWEST, core_tags

TEN = {f"img{n:03}": ["nasu", "hat", *(["smile"] if n else []), f"tag{n}"] for n in range(10)}


def test_in_nine_of_ten_pictures_and_the_most_frequent_first() -> None:
    assert core_tags(TEN, {}, []) == {"": [("hat", 10), ("smile", 9)]}


def test_not_in_fewer() -> None:
    assert core_tags(TEN | {"img001": ["nasu", "hat"]}, {}, []) == {"": [("hat", 10)]}


def test_neither_the_trigger_nor_what_the_artist_writes_into_every_caption() -> None:
    assert core_tags(TEN, {}, ["Hat"]) == {"": [("smile", 9)]}


@pytest.mark.parametrize("count", [FEWEST - 1, FEWEST])
def test_of_a_few_pictures_nothing_can_be_said(count: int) -> None:
    few = dict(list(TEN.items())[:count])
    assert bool(core_tags(few, {}, [])) == (count == FEWEST)


def test_each_subject_has_its_own() -> None:
    subjects = {f"img{n:03}": "cry" for n in range(5)}
    captions = TEN | {f"img{n:03}": ["nasu_cry", "tears"] for n in range(5)}
    assert core_tags(captions, subjects, []) == {
        "cry": [("tears", 5)],
        "": [("hat", 5), ("smile", 5)],
    }


def test_none_at_all() -> None:
    assert core_tags({f"img{n}": ["nasu"] for n in range(9)}, {}, []) == {}
