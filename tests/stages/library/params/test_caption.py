"""Thresholds begin where scores do; groups of tags are told from tags."""

import argparse

import pytest

from stages.library.params.caption import GROUPS, LOWEST, tag_or_group
from stages.library.tagging.scores import FLOOR, SCALE


def test_no_threshold_is_below_what_is_kept() -> None:
    assert LOWEST == FLOOR / SCALE


@pytest.mark.parametrize("text", ["group:hair", " Group: HAIR", "group :hair"])
def test_a_group_in_any_spelling(text: str) -> None:
    assert tag_or_group(text) == "group:hair"


@pytest.mark.parametrize("text", [":d", "hair", "rating:general", "groups"])
def test_all_else_is_a_tag(text: str) -> None:
    assert tag_or_group(text) == text


def test_a_tag_is_read_as_it_is_compared() -> None:
    assert tag_or_group(" Long Hair ") == "long_hair"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("group:hiar", "did you mean hair?"),
        ("group:髪", "did you mean hair?"),
        ("group:zzz", f"there are {', '.join(GROUPS)}"),
        ("group:", f"there are {', '.join(GROUPS)}"),
    ],
)
def test_a_group_that_is_none_is_refused_with_the_one_that_is_meant(text: str, hint: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as raised:
        tag_or_group(text)
    assert str(raised.value) == (
        f"'{text}' is no group of tags; {hint} / そのようなグループはありません"
    )
