"""A record that can't be read is none."""

from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.dataset.written import read_written


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b'{"img001": 1}',
        b'{"img001": {"drawing": "x"}}',
        b'{"img001": {"drawing": "", "source": "", "text": "", "more": ""}}',
        b"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> x\n",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"img001": {"drawing": "", "source": "", "text": 1}}',
        b'{"../../x": {"drawing": "", "source": "", "text": ""}}',
    ],
)
def test_a_missing_or_broken_record_is_an_empty_one(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "tagged.json"
    if content is not None:
        path.write_bytes(content)
    assert read_written(path) == {}


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs Linux")
def test_a_record_that_the_disk_fails_at_is_not_taken_for_none() -> None:
    with pytest.raises(Problem, match=r"^/proc/self/mem: can't be read: Input/output error"):
        read_written(Path("/proc/self/mem"))
