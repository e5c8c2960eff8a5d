"""What is typed where tags are meant becomes the tags that were meant."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.library.dataset.captions import KAOMOJI, underscored
from stages.library.dataset.typed import readings, respelled, typed_tags

TAGS = ["1girl", "long_hair", "saber_(fate)", "o_o", "(o)_(o)", ":d", "^_^", "café", "なす", "(9)"]


@pytest.mark.parametrize("comma", [",", "、", "，", "､", "\n", "\r\n", " , "])
def test_commas(comma: str) -> None:
    assert typed_tags(f"a{comma}b{comma}{comma}a") == ["a", "b"]


def test_full_width_letters_and_digits_alone_are_folded() -> None:
    assert typed_tags("２ｇｉｒｌｓ、ネコ（白）、！") == ["2girls", "ネコ（白）", "！"]


@pytest.mark.parametrize("face", sorted(KAOMOJI))
def test_faces_stay(face: str) -> None:
    assert list(readings(face)) == [face]


HABITS: list[Callable[[str], str]] = [
    lambda tag: tag.replace("_", " "),
    lambda tag: tag.replace("(", r"\(").replace(")", r"\)"),
    lambda tag: f"(({tag}))",
    lambda tag: f"({tag}:1.25)",
    lambda tag: f"[{tag}]",
    lambda tag: f"{{{tag}}}",
    lambda tag: f" {tag.upper()} ",
]
"""What editors and WebUIs make of a tag."""


@given(
    st.lists(st.sampled_from(TAGS), unique=True, max_size=5),
    st.lists(st.sampled_from(HABITS), max_size=2),
    st.sampled_from([", ", "、", "，", "\n"]),
)
def test_editors_habits_are_seen_through(
    tags: list[str], habits: list[Callable[[str], str]], comma: str
) -> None:
    typed = []
    for tag in tags:
        for habit in habits:
            tag = habit(tag) if underscored(tag) not in KAOMOJI else tag
        typed.append(tag)
    assert respelled(typed_tags(comma.join(typed)), tags) == tags
