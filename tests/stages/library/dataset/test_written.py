"""A record that can't be read is none."""

from pathlib import Path

import pytest

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
    ],
)
def test_a_missing_or_broken_record_is_an_empty_one(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "tagged.json"
    if content is not None:
        path.write_bytes(content)
    assert read_written(path) == {}
