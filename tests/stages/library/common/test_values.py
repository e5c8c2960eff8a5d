"""Readers of values return, or say in one line what is wrong."""

import argparse
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.library.common.values import (
    LONGEST_TAG,
    folder_name,
    number,
    one_of,
    replacement,
    sha256_or_none,
    tag,
    whole,
)


@pytest.mark.parametrize("value", ["0.05", "1", "1.0", "1e-1", "0.0500001"])
def test_bounds_are_included(value: str) -> None:
    assert number(0.05, 1)(value) == float(value)


@given(st.integers(-10, 10_000))
def test_a_multiple_is_within_the_bounds_and_so_is_the_advice(value: int) -> None:
    read_size = whole(64, 4096, multiple_of=64)
    if 64 <= value <= 4096 and value % 64 == 0:
        assert read_size(str(value)) == value
        return
    with pytest.raises(argparse.ArgumentTypeError) as error:
        read_size(str(value))
    if "multiple" in str(error.value):
        assert read_size(str(error.value).rpartition(" ")[2]) > 0


@given(st.text())
def test_a_reader_returns_or_raises_its_own_error(text: str) -> None:
    readers: list[Callable[[str], object]] = [
        number(0.05, 1), whole(0, 9), one_of("a"), tag, replacement, folder_name,
    ]  # fmt: skip
    for reader in readers:
        try:
            reader(text)
        except argparse.ArgumentTypeError as error:
            assert "\n" not in str(error)  # noqa: PT017


def test_a_text_is_no_tag() -> None:
    assert tag("a" * LONGEST_TAG) == "a" * LONGEST_TAG
    for read in (tag, lambda text: replacement(f"{text}=>b")):
        with pytest.raises(argparse.ArgumentTypeError, match="has 251 characters; a tag has at mo"):
            read("なす" * 125 + "す")


@pytest.mark.parametrize("text", ["", "0f" * 32])
def test_a_digest_or_none(text: str) -> None:
    assert sha256_or_none(text) == text


@pytest.mark.parametrize(
    "text", ["0F" * 32, "0f" * 31, "sha256:" + "0f" * 32, "0f" * 32 + " ", "x"]
)
def test_what_is_no_digest(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no SHA-256; write its 64 digits"):
        sha256_or_none(text)
