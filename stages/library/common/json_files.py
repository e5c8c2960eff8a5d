"""JSON that others may have written: what can't be read is one error, whatever is wrong with it."""

import json
from pathlib import Path
from typing import Any

from stages.library.common.faults import bytes_there

LARGEST = 1 << 28
"""Bytes: the record of 100,000 pictures has a third of it."""


def json_of(text: str) -> Any:
    """Return what a text of JSON holds.

    Raises:
        ValueError: it is none, or nested too deep.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None


def read_json(path: Path) -> Any:
    """Return what a file of JSON holds.

    Raises:
        Problem: the machine can't read it.
        ValueError: it isn't there, holds no JSON, or is nested too deep, or too large.
    """
    if path.is_file() and path.stat().st_size > LARGEST:
        raise ValueError(f"has more than {LARGEST >> 20} MB")
    return json_of(bytes_there(path).decode())
