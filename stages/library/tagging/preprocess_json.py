"""The steps of a preprocess.json: how deepghs' and animetimm's taggers want pictures made ready.

Each step is a dict with `type`. What they do is torchvision's and imgutils':
https://github.com/deepghs/imgutils/blob/main/imgutils/preprocess/pillow.py
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageColor

from stages.library.tagging.contract import Floats
from stages.library.tagging.model_files import unfit_file
from stages.library.tagging.pictures import from_0_to_1, in_middle, normal, on_white

FILTERS = {
    name: Image.Resampling[name.upper()]
    for name in ("nearest", "bilinear", "bicubic", "box", "hamming", "lanczos")
}

LARGEST = 4096
"""Floats of a side that a step may ask for."""

Step = Callable[[Image.Image], Image.Image]


class UnfitStepError(ValueError):
    """A step can't be followed; says why."""


def steps_of(path: Path, steps: Any) -> tuple[Callable[[Image.Image, int], Floats], int]:
    """Return what makes a picture ready as `steps` of the file `path` say, and its size in pixels.

    Raises:
        Problem: there is a step that isn't known, or they end with no square of numbers.
    """
    try:
        return followed(steps)
    except UnfitStepError as error:
        raise unfit_file(path, str(error)) from None


def followed(steps: Any) -> tuple[Callable[[Image.Image, int], Floats], int]:
    """Return what makes a picture ready as `steps` say, and its size in pixels.

    Raises:
        UnfitStepError: there is a step that isn't known, or they end with no square of numbers.
    """
    try:
        pixels, numbers = parted(steps)
        drawn = [step_of(each) for each in pixels]
        finish = finish_of(numbers)
        tried = made_ready(drawn, finish, Image.new("RGB", (64, 48)), 0)
    except (UnfitStepError, KeyError, TypeError, ValueError, AttributeError) as error:
        why = str(error) if isinstance(error, UnfitStepError) else f"({error!r})"
        raise UnfitStepError(f"has a step that can't be followed {why}") from None
    _, height, width = tried.shape
    if width != height:
        raise UnfitStepError(f"makes pictures of {width} x {height} px, not square")
    return partial(made_ready, drawn, finish), width


def made_ready(
    drawn: Sequence[Step], finish: tuple[Any, Any] | None, picture: Image.Image, size: int
) -> Floats:
    """Return a picture after all steps; its size is theirs, whatever `size`."""
    del size
    picture = on_white(picture)
    for step in drawn:
        picture = step(picture)
    numbers: Floats = from_0_to_1(picture)
    return normal(numbers, *finish) if finish else np.ascontiguousarray(numbers)


def parted(steps: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the steps on a picture, and those on its numbers; `to_tensor` parts them."""
    kinds = [step["type"] for step in steps]
    parting = [n for n, kind in enumerate(kinds) if kind in ("to_tensor", "maybe_to_tensor")]
    if len(parting) != 1:
        raise UnfitStepError(f"to numbers from 0 to 1: {', '.join(map(str, kinds))[:100]}")
    return list(steps[: parting[0]]), list(steps[parting[0] + 1 :])


def step_of(step: dict[str, Any]) -> Step:
    """Return what a step does to a picture."""
    kind = step["type"]
    if kind == "convert_rgb":
        return on_white
    if kind == "resize" and not step.get("max_size"):
        return partial(resized, sides_of(step), FILTERS[step.get("interpolation", "bilinear")])
    if kind == "center_crop":
        return partial(cropped, sides_of(step))
    if kind == "pad_to_size":
        resample = FILTERS[step.get("interpolation", "bilinear")]
        return partial(padded, sides_of(step), colour(step.get("background_color")), resample)
    raise UnfitStepError(str(kind)[:100])


def finish_of(steps: list[dict[str, Any]]) -> tuple[Any, Any] | None:
    """Return mean and deviation of the numbers; None where they stay from 0 to 1."""
    if not steps:
        return None
    (step,) = steps
    if step["type"] != "normalize":
        raise UnfitStepError(str(step["type"])[:100])
    return tuple(
        [float(each) for each in (value if isinstance(value, list) else [value] * 3)]
        for value in (step["mean"], step["std"])
    )  # type: ignore[return-value]


def sides_of(step: dict[str, Any]) -> list[int]:
    """Return the one side or two that a step names, in its order."""
    given = step["size"]
    sides = [int(side) for side in (given if isinstance(given, list) else [given])]
    if len(sides) not in (1, 2) or not all(0 < side <= LARGEST for side in sides):
        raise UnfitStepError(f"{step['type']} to {str(given)[:100]}")
    return sides


def colour(given: Any) -> tuple[int, int, int]:
    """Return a colour that is given by name, as a grey or in red, green and blue."""
    if given is None:
        return (255, 255, 255)
    if isinstance(given, str):
        return ImageColor.getrgb(given)[:3]
    red, green, blue = [int(each) for each in (given if isinstance(given, list) else [given] * 3)]
    return (red, green, blue)


def resized(sides: list[int], resample: Image.Resampling, picture: Image.Image) -> Image.Image:
    """Return a picture of (height, width), or with the shorter side of so many pixels."""
    width, height = picture.size
    if len(sides) == 2:
        size = (sides[1], sides[0])
    elif width < height:
        size = (sides[0], int(sides[0] * height / width))
    else:
        size = (int(sides[0] * width / height), sides[0])
    return picture if size == picture.size else picture.resize(size, resample)


def cropped(sides: list[int], picture: Image.Image) -> Image.Image:
    """Return the middle of a picture, (height, width) pixels; black where it has less."""
    height, width = sides[0], sides[-1]
    picture = in_middle(picture, max(width, picture.width), max(height, picture.height), (0, 0, 0))
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))


def padded(
    sides: list[int],
    ground: tuple[int, int, int],
    resample: Image.Resampling,
    picture: Image.Image,
) -> Image.Image:
    """Return a picture as large as fits into (width, height), in the middle of a ground."""
    width, height = sides[0], sides[-1]
    ratio = min(width / picture.width, height / picture.height)
    size = (max(1, round(picture.width * ratio)), max(1, round(picture.height * ratio)))
    return in_middle(picture.resize(size, resample), width, height, ground)
