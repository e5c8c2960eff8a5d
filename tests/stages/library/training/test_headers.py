"""What a LoRA's file says of itself is read in bounds."""

import os
import tracemalloc
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.training.headers import is_whole, read_metadata
from tests.support.training import safetensors


@pytest.mark.parametrize(
    "data", [b"", b"PNG", safetensors({"a": "b"})[:-1], safetensors({}) + b"x", b"\xff" * 40]
)
def test_a_file_that_is_not_whole_is_told(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(data)
    assert not is_whole(path)
    with pytest.raises(Problem, match="get it again"):
        read_metadata(path)
    path.write_bytes(safetensors({"a": "b"}))
    assert is_whole(path)
    assert read_metadata(path) == {"a": "b"}


@pytest.mark.parametrize(
    "header",
    [
        b"{}",
        b"[" * 100_000,
        b'{"a": {"data_offsets": ["x", "y"]}}',
        b'{"a": {"data_offsets": [0]}}',
        b'{"a": {"data_offsets": {}}}',
        b'{"a": 1}',
        b"null",
        b"\xff\xfe",
    ],
)
def test_a_header_of_any_kind_is_told(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"tensor")
    assert not is_whole(path)


def test_a_header_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes((3_000_000_000).to_bytes(8, "little"))
    os.truncate(path, 3_000_000_100)
    tracemalloc.start()
    try:
        with pytest.raises(Problem, match="is no safetensors file"):
            read_metadata(path)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
