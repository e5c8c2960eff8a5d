"""The sizes of prepared pictures, and what of its drawing each shows.

Apart from `images`, on whose code no training depends.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image, UnidentifiedImageError

from stages.library.common.errors import Problem
from stages.library.common.foreign import shown
from stages.library.common.json_files import read_json
from stages.library.dataset.drawings import Box

Kind = TypeVar("Kind")

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
    unfit = "is no record; run the prepare stage again"
    return of_pictures(record, lambda picture: box_from(picture["crop"]), unfit)


def of_pictures(record: Path, read: Callable[[Any], Kind], unfit: str) -> dict[str, Kind]:
    """Return what `read` makes of each picture in the prepare stage's record, by stem.

    Raises:
        Problem: there is none, or it is none: `unfit` says so.
    """
    try:
        pictures = read_json(record)["pictures"].values()
        return {picture["stem"]: read(picture) for picture in pictures}
    except Problem:  # the machine's fault, and no record's
        raise
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Problem(f"{record}: {unfit}") from None


def box_from(values: list[float]) -> Box:
    """Return a part of a drawing as a record has it.

    Raises:
        TypeError, ValueError: it is none.
    """
    left, top, width, height = map(float, values)
    return left, top, width, height
