"""The sizes of prepared pictures; apart from `images`, on whose code no training depends."""

from pathlib import Path

from PIL import Image, UnidentifiedImageError

from stages.library.common.errors import Problem
from stages.library.common.foreign import shown

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
