"""What several families of taggers do with a picture, alike to the last bit."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from stages.library.tagging.contract import Floats

WHITE = (255, 255, 255)
HALF = (0.5, 0.5, 0.5)
"""Mean and deviation that bring 0-1 to -1..1."""

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Mean and deviation of ImageNet's pictures: red, green, blue."""


def on_white(picture: Image.Image) -> Image.Image:
    """Return a picture in RGB, white where it is transparent."""
    if picture.mode == "RGB":
        return picture
    rgba = picture.convert("RGBA")
    white = Image.new("RGB", picture.size, WHITE)
    white.paste(rgba, (0, 0), rgba)
    return white


def in_middle(
    picture: Image.Image, width: int, height: int, ground: tuple[int, int, int]
) -> Image.Image:
    """Return a picture in the middle of a larger ground; an odd pixel goes to the far side."""
    if picture.size == (width, height):
        return picture
    canvas = Image.new("RGB", (width, height), ground)
    canvas.paste(picture, ((width - picture.width) // 2, (height - picture.height) // 2))
    return canvas


def squared(picture: Image.Image) -> Image.Image:
    """Return a picture in the middle of a white square."""
    side = max(picture.size)
    return in_middle(picture, side, side, WHITE)


def from_0_to_1(picture: Image.Image) -> Floats:
    """Return the colours of a picture, 0 to 1, shape (3, height, width)."""
    return np.asarray(picture).transpose(2, 0, 1).astype(np.float32) / np.float32(255)


def normal(pixels: Floats, mean: Sequence[float], deviation: Sequence[float]) -> Floats:
    """Return colours less their mean, in deviations; all of shape (3, ...)."""
    by_colour = [np.array(each, np.float32).reshape(-1, 1, 1) for each in (mean, deviation)]
    result: Floats = np.ascontiguousarray((pixels - by_colour[0]) / by_colour[1])
    return result
