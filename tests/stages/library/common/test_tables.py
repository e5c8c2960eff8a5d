"""What a table for DVC's page holds is text there, and reads as it was; see tests/browser."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.library.common.tables import STEERING, as_csv, harmless

PARTS = [
    "<",
    "</",
    "<!--",
    "-->",
    "script",
    "SCRIPT",
    "!",
    "/",
    ">",
    "-",
    "alert(1)",
    "\n",
    "ſcript",
]


@pytest.mark.parametrize("tag", ["<o>_<o>", ">_<", "<3", "</3", "<|>_<|>", "a<b", "<scri", "<-"])
def test_tags_of_the_sites_stay(tag: str) -> None:
    assert harmless(tag) == tag


@pytest.mark.parametrize(
    "text", ["</script>", "</SCRIPT\n", "<script>", "<ScRiPt ", "<!--", "<!-->"]
)
def test_what_steers_a_parser_is_text(text: str) -> None:
    assert harmless(f"a {text} b") == f"a ＜{text[1:]} b"


@given(st.lists(st.sampled_from(PARTS)).map("".join))
def test_nothing_that_steers_is_left(text: str) -> None:
    assert not STEERING.search(harmless(text))
    assert harmless(text).replace("＜", "<") == text


def test_a_table_is_csv_in_head_and_rows() -> None:
    table = as_csv(["tag", "</script>"], [("a,b", 1), ('"</script>"', 0.5)])
    assert list(csv.reader(io.StringIO(table))) == [
        ["tag", "＜/script>"],
        ["a,b", "1"],
        ['"＜/script>"', "0.5"],
    ]
