"""The sizes of prepared pictures, and what of its drawing each shows.

Apart from `images`, on whose code no training depends.
"""

from pathlib import Path

from PIL import Image, UnidentifiedImageError

from stages.library.common.errors import Problem
from stages.library.common.foreign import shown
from stages.library.common.json_files import read_json
from stages.library.dataset.drawings import Box

LONGEST_SIDE = 10_000
"""Pixels; prepared pictures have at most 8192, whatever params.yaml says."""


def picture_size(path: Path) -> tuple[int, int]:
    """Return width and height of a picture, from its header.

    Raises:
        Problem: it is no picture, or larger than prepare makes any.
    """
    try:
        with Image.open(path, formats=("PNG",)) as picture:
            size = picture.size
    except (UnidentifiedImageError, Image.DecompressionBombError, ValueError, SyntaxError):
        size = (0, 0)
    if not 0 < max(size) <= LONGEST_SIDE:
        raise Problem(f"{shown(path)}: is no picture; run the prepare stage again")
    return size


def crops_in(record: Path) -> dict[str, Box]:
    """Return what of its drawing each picture shows, by stem, from the prepare stage's record.

    Raises:
        Problem: it is none.
    """
    try:
        pictures = read_json(record)["pictures"].values()
        return {picture["stem"]: box_from(picture["crop"]) for picture in pictures}
    except Problem:  # the machine's fault, and no record's
        raise
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Problem(f"{record}: is no record; run the prepare stage again") from None


def box_from(values: list[float]) -> Box:
    """Return a part of a drawing as a record has it.

    Raises:
        TypeError, ValueError: it is none.
    """
    left, top, width, height = map(float, values)
    return left, top, width, height
