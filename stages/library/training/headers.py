"""The headers of safetensors files: what a LoRA says of itself, and whether it is whole."""

import json
from pathlib import Path

from stages.library.common.errors import Problem

MOST_BYTES = 100_000_000
"""Of a header, as the format's own library has it: what says that it is longer is no such file."""


def read_header(path: Path) -> dict[str, object]:
    """Return the header of a safetensors file: its tensors' places, and `__metadata__`.

    The format: eight bytes with the header's length, the header in JSON, the tensors.
    https://huggingface.co/docs/safetensors

    Read here and not by the library, which maps the file into memory: where it is on a Drive that
    goes away, that ends the process, with no exception to catch.

    Raises:
        Problem: it is no such file, or it ends too early.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        text = file.read(length) if length <= min(size - 8, MOST_BYTES) else b""
    try:
        header = json.loads(text)
        tensors = [each for name, each in header.items() if name != "__metadata__"]
        end = max((int(tensor["data_offsets"][1]) for tensor in tensors), default=0)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise Problem(f"{path}: is no safetensors file, or not whole; get it again") from None
    if 8 + length + end != size:
        raise Problem(f"{path}: is cut off in the middle; get it again")
    return dict(header)


def read_metadata(path: Path) -> dict[str, str]:
    """Return the metadata of a safetensors file.

    Raises:
        Problem: it is no such file.
    """
    metadata = read_header(path).get("__metadata__")
    return {str(k): str(v) for k, v in metadata.items()} if isinstance(metadata, dict) else {}


def is_whole(path: Path) -> bool:
    """Return whether a safetensors file is there to its last byte."""
    try:
        return bool(read_header(path))
    except (OSError, ValueError):
        return False
