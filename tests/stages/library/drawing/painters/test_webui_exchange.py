"""An exchange takes what an answer may take, and no more; see test_webui for it on the line."""

import pytest

from stages.library.drawing.painters.webui_exchange import read_json


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "NaN", "[Infinity]", '{"a": -Infinity}', "1e999", "[-1e999]", "1" * 5000),
        *("[" * 100_000, "[" * 100_000 + "]" * 100_000, '{"a":' * 100_000, "\ufeff{}", b"\xff\xfe"),
    ],
)
def test_what_is_no_json_is_none(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_json(text)


def test_what_is_json_is_read() -> None:
    assert read_json('{"a": [1, 2.5, null, "茄", 1e3]}') == {"a": [1, 2.5, None, "茄", 1000.0]}
