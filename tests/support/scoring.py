"""What the score stage is run with: pictures, and its command line."""

import struct
import zlib
from pathlib import Path

from PIL import Image

from stages.score import build_parser
from tests.standins.hub import COMMIT
from tests.support.params import arguments

ORANGE = (240, 120, 20)


def flags(tmp_path: Path, model: str | Path, **others: str) -> list[str]:
    values = {
        "input": str(tmp_path / "prepared"),
        "written": str(tmp_path / "prepared.json"),
        "output": str(tmp_path / "scores.npz"),
        "model": str(model),
        "revision": COMMIT,
        "model_sha256": "",
        "tag_list_sha256": "",
        "provider": "cpu",
    }
    return arguments(build_parser(), values | others, tmp_path / "params")


def write_pictures(tmp_path: Path, count: int = 1) -> None:
    folder = tmp_path / "prepared"
    folder.mkdir(exist_ok=True)
    for number in range(count):
        colour = (ORANGE[0], ORANGE[1], ORANGE[2] + number)
        Image.new("RGB", (64, 64), colour).save(folder / f"img{number + 1:03}.png")


def write_header(path: Path, width: int, height: int) -> None:
    """Write a PNG that says how large it is, and has no pixels."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IEND", b"")]
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in chunks
        )
    )
