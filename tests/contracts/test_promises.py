"""The table of promises: each is held by tests that are there."""

import re

import pytest

from tests.support.clones import PROJECT
from tests.support.pages import text_of

ROWS = [
    line.strip("|\n").split("|")
    for line in text_of("docs/promises.md").splitlines()
    if line.startswith("| ") and not line.startswith("| promise")
]


def test_there_are_promises() -> None:
    assert len(ROWS) > 20


@pytest.mark.parametrize("row", ROWS, ids=[row[0].strip()[:40] for row in ROWS])
def test_a_promise_is_held_by_tests_that_are_there(row: list[str]) -> None:
    promise, _, held_by = row
    files = re.findall(r"`(tests/[\w/]+/test_\w+\.py)`", held_by)
    assert files, promise
    assert [name for name in files if not (PROJECT / name).is_file()] == []
