"""What may be asked to be drawn."""

import argparse

import pytest

from stages.library.params.generate import epoch


@pytest.mark.parametrize("text", ["last", "all", "1", "10", "999999"])
def test_words_and_numbers_are_epochs(text: str) -> None:
    assert epoch(text) == text


@pytest.mark.parametrize("text", ["", "0", "01", "-1", "1.0", "Last", "２", "1 ", "e000002"])
def test_other_texts_are_no_epochs(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no epoch; write last, all, or"):
        epoch(text)
