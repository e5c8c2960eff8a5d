"""What the machine fails at names the file and the remedy, and is told from a damaged file."""

import errno
import os
from pathlib import Path

import PIL
import pytest

from stages.library.common.errors import Problem
from stages.library.common.faults import as_problem, bytes_there, is_machines, named

UNREADABLE = Path("/proc/self/mem")
"""On Linux its first page answers with an input/output error."""


@pytest.mark.parametrize(
    ("error", "machines"),
    [
        (MemoryError(), True),
        (OSError(errno.EIO, "Input/output error"), True),
        (PermissionError(errno.EACCES, "Permission denied"), True),
        (OSError("image file is truncated"), False),
        (PIL.UnidentifiedImageError("cannot identify image file"), False),
        (ValueError("bad"), False),
    ],
)
def test_a_numbered_error_is_the_machines(error: Exception, machines: bool) -> None:
    assert is_machines(error) == machines


@pytest.mark.parametrize(
    ("error", "said", "remedy"),
    [
        (
            MemoryError(),
            "there is not enough memory for it",
            "close other programs, or save a smaller",
        ),
        (OSError(errno.EIO, "E"), "can't be read: E", "look after the disk"),
        (OSError(errno.ESTALE, "E"), "can't be read: E", "connect the disk or network drive"),
        (OSError(errno.EMFILE, "E"), "can't be read: E", "close other programs"),
        (OSError(errno.ENOSPC, "E"), "can't be read: E", "free some room"),
        (OSError(errno.EPERM, "E"), "can't be read: E", "give yourself the right to read it"),
    ],
)
def test_the_file_the_fault_and_the_remedy(error: Exception, said: str, remedy: str) -> None:
    line = str(as_problem(Path("なす.png"), error))
    assert line.startswith(f"なす.png: {said}; {remedy}")
    assert "then run the same command again / " in line
    assert line.endswith("。そのあと、もう一度実行してください")
    assert "\n" not in line


@pytest.mark.skipif(not UNREADABLE.exists(), reason="needs Linux")
def test_a_read_that_fails_names_the_file() -> None:
    with pytest.raises(Problem, match=f"^{UNREADABLE}: can't be read: {os.strerror(errno.EIO)};"):
        bytes_there(UNREADABLE)


def test_what_is_not_there_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    assert bytes_there(tmp_path / "a") == b"x"
    assert bytes_there(tmp_path / "b") == b""
    with pytest.raises(FileNotFoundError), named(tmp_path / "b") as path:
        path.read_bytes()


def test_other_errors_pass(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"^truncated$"), named(tmp_path):
        raise OSError("truncated")
