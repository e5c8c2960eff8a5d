"""Values of a params.yaml exchanged where they stand."""

import pytest

from stages.library.common.errors import Problem
from tools.preset.lines import Spot, Written, edited, written

TEXT = """\
# the first line
one:
  # why
  size: 512  # mine
  name: "a, b"   # in quotes
  empty:

  lines:
    # before the first
    - "{x}, 1"
    # before the second
    - y
  row: [1, 2]
# behind
two:
  last: 1e-4
"""


def of(*texts: str, lines: bool = False) -> Written:
    return Written(texts, lines)


def test_values_are_read_as_they_are_written() -> None:
    assert written(TEXT) == {
        ("one", "size"): of("512"),
        ("one", "name"): of('"a, b"'),
        ("one", "empty"): of(""),
        ("one", "lines"): of('"{x}, 1"', "y", lines=True),
        ("one", "row"): of("[1, 2]"),
        ("two", "last"): of("1e-4"),
    }


@pytest.mark.parametrize(
    ("spot", "new", "old_line", "new_line"),
    [
        (("one", "size"), of("1024"), "  size: 512  # mine", "  size: 1024  # mine"),
        (("one", "name"), of("c"), '  name: "a, b"   # in', "  name: c   # in"),
        (("one", "empty"), of("1"), "  empty:\n", "  empty: 1\n"),
        (("one", "row"), of("[3]"), "  row: [1, 2]", "  row: [3]"),
        (("two", "last"), of("2"), "  last: 1e-4\n", "  last: 2\n"),
    ],
)
def test_only_the_value_changes(spot: Spot, new: Written, old_line: str, new_line: str) -> None:
    assert edited(TEXT, {spot: new}) == TEXT.replace(old_line, new_line)


def test_items_are_exchanged_one_by_one_and_the_comments_between_them_stay() -> None:
    new = edited(TEXT, {("one", "lines"): of("p", "q", lines=True)})
    assert new == TEXT.replace('- "{x}, 1"', "- p").replace("- y", "- q")


def test_a_list_of_another_length_is_exchanged_as_a_whole() -> None:
    new = edited(TEXT, {("one", "lines"): of("p", lines=True)})
    assert "  lines:\n    - p\n  row: [1, 2]\n" in new
    assert "  row:\n    - p\n# behind\n" in edited(TEXT, {("one", "row"): of("p", lines=True)})


ADDED: dict[Spot, Written | None] = {
    ("one", "flag"): of("true"),
    ("one", "more"): of("x", lines=True),
    ("two", "new"): of("0.3"),
}


@pytest.mark.parametrize(
    "text",
    [TEXT, TEXT.removesuffix("\n"), TEXT.replace("\n", "\r\n"), TEXT + "\n\n# the end"],
    ids=["as usual", "no newline at the end", "of Windows", "comments at the end"],
)
def test_what_is_added_is_taken_away_again_byte_for_byte(text: str) -> None:
    more = edited(text, ADDED)
    assert written(more) == written(text) | ADDED
    assert more.count("\r") in (0, more.count("\n"))
    assert edited(more, dict.fromkeys(ADDED)) == text


def test_added_keys_stand_at_the_end_of_their_section() -> None:
    assert "  row: [1, 2]\n  flag: true\n  more:\n    - x\n# behind\n" in edited(TEXT, ADDED)


def test_a_missing_section_is_told() -> None:
    with pytest.raises(Problem, match=r"params\.yaml, three: the section is missing"):
        edited(TEXT, {("three", "a"): of("1")})
