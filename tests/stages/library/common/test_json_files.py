"""JSON of strangers: whatever is wrong with it is a ValueError, before memory is short."""

from pathlib import Path

import pytest

from stages.library.common import json_files
from stages.library.common.json_files import json_of, read_json


def test_what_is_json_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"絵": [1]}', encoding="utf-8")
    assert read_json(tmp_path / "a.json") == {"絵": [1]}


@pytest.mark.parametrize("text", ["", "{", "[" * 200_000, '{"a":' * 200_000, "9" * 5_000], ids=len)
def test_what_is_none_or_nested_too_deep_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        json_of(text)


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with path.open("wb") as file:
        file.truncate(json_files.LARGEST + 1)
    with pytest.raises(ValueError, match="has more than 256 MB"):
        read_json(path)
