"""What strangers wrote steers no terminal."""

from hypothesis import given
from hypothesis import strategies as st

from stages.library.common.foreign import MOST, printable


@given(st.text(st.characters(exclude_categories=()), max_size=MOST // 10))
def test_nothing_that_steers_is_left(text: str) -> None:
    shown = printable(text)
    assert printable(shown) == shown
    assert len(shown.splitlines()) <= 1
    assert not any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in shown)
    shown.encode()


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), max_size=MOST))
def test_what_people_write_stays(text: str) -> None:
    assert printable(text) == text


def test_what_is_long_is_cut() -> None:
    assert printable("茄" * 10_000) == "茄" * MOST + "…"
    assert len(printable("\x1b" * 10_000)) == MOST + 1
