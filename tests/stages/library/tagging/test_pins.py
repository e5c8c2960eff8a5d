"""A tagger of the hub is what params.yaml says; tests of the hub have the rest, with a real one."""

import hashlib
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.tagging.model_files import Files
from stages.library.tagging.pins import Pin, check_pinned, check_stored, git_blob

COMMIT, MODEL, TAGS = "c" * 40, "a" * 64, "b" * 64
FILES = Files(Path("snapshots", COMMIT), "model.onnx", "selected_tags.csv")
DIGESTS = {"model.onnx": MODEL, "selected_tags.csv": TAGS}


def test_what_is_written_there_is_taken() -> None:
    check_pinned("owner/model", Pin(COMMIT, MODEL, TAGS), FILES, DIGESTS)


def test_what_else_a_family_has_is_held_by_the_commit() -> None:
    files = Files(Path("snapshots", COMMIT, "v2"), "m.onnx", "tags.json", ("config.json",))
    digests = {"m.onnx": MODEL, "tags.json": TAGS, "config.json": "d" * 64}
    check_pinned("owner/model/v2", Pin(COMMIT, MODEL, TAGS), files, digests)


@pytest.mark.parametrize(
    "pin", [Pin("main", MODEL, TAGS), Pin(COMMIT, "", TAGS), Pin(COMMIT, MODEL, "f" * 64)]
)
def test_what_is_not_is_told_whole(pin: Pin) -> None:
    with pytest.raises(Problem) as error:
        check_pinned("owner/model", pin, FILES, DIGESTS)
    for line in (f"revision: {COMMIT}", f"model_sha256: {MODEL}", f"tag_list_sha256: {TAGS}"):
        assert f"\n  {line}\n" in str(error.value)


def test_files_that_lie_under_their_own_name_are_not_compared(tmp_path: Path) -> None:
    """As on a file system without links: there params.yaml alone says what they must be."""
    for name in DIGESTS:
        (tmp_path / name).write_bytes(b"x")
    check_stored(tmp_path, dict.fromkeys(DIGESTS, hashlib.sha256(b"x").hexdigest()))


def test_git_calls_files_so() -> None:
    assert git_blob(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"
