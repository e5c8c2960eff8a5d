"""The sizes of prepared pictures; apart from `images`, on whose code no training depends."""

from pathlib import Path

from PIL import Image


def picture_size(path: Path) -> tuple[int, int]:
    """Return width and height of a picture, from its header."""
    with Image.open(path, formats=("PNG",)) as picture:
        return picture.size
