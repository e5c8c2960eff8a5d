"""Labels show what the font can show."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stages.library.drawing.lettering import ELLIPSIS, fitted, has_glyph, legible, wrapped


@given(st.text())
@example("なすみそ")
@example("\ufb01n, \u212b, ½, \u200d\ufe0f, \U000e0001")
def test_a_legible_text_has_no_box(text: str) -> None:
    shown = legible(text)
    assert all(has_glyph(sign) for sign in shown)
    assert f"{ELLIPSIS}{ELLIPSIS}" not in shown
    assert legible(shown) == shown


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E)))
def test_ascii_stays(text: str) -> None:
    assert legible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("茄子", "…"),
        ("1girl, 茄子 と 味噌, smile", "1girl, …, smile"),
        ("café", "cafe"),
        ("A\uff22\uff11", "AB1"),
        ("a\nb\tc", "a b c"),
        ("soup — hot", "soup - hot"),
        ("🍆", "…"),
        ("", ""),
    ],
)
def test_legible(text: str, shown: str) -> None:
    assert legible(text) == shown


@given(st.text(), st.integers(1, 30))
def test_what_is_cut_ends_in_an_ellipsis(text: str, width: int) -> None:
    shown = fitted(text, lambda part: len(part) <= width)
    assert len(shown) <= width
    assert shown == text or shown.endswith(ELLIPSIS)


@given(st.text(st.sampled_from("ab, ")), st.integers(1, 12), st.integers(1, 4))
def test_wrapped(text: str, width: int, most: int) -> None:
    lines = wrapped(text, lambda line: len(line) <= width, most)
    assert len(lines) <= most
    assert all(len(line) <= width for line in lines)
    if not any(line.endswith(ELLIPSIS) for line in lines):
        assert " ".join(lines).split() == text.split()
