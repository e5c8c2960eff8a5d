"""The steps of a preprocess.json, held against the formulas, and those that can't be followed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.tagging.preprocess_json import steps_of
from tests.support.families import STAGES, TEST
from tests.support.resizing import (
    BICUBIC,
    BILINEAR,
    LANCZOS,
    drawing,
    first,
    in_middle,
    on_white,
    resized,
)

WHITE, BLACK = (255, 255, 255), (0, 0, 0)
SIZES = [(64, 64), (90, 61), (40, 77), (31, 8), (200, 130)]


def made(steps: list[dict[str, Any]], width: int, height: int) -> Any:
    prepare, size = steps_of(Path("preprocess.json"), steps)
    numbers = prepare(Image.fromarray(drawing(width, height)), size)
    assert numbers.dtype == np.float32
    assert numbers.shape == (3, size, size)
    return numbers


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_animetimms_steps(width: int, height: int) -> None:
    """Fitted into 64 x 64 on white, then 32 x 32, less ImageNet's mean."""
    ratio = min(64 / width, 64 / height)
    fitted = resized(
        on_white(drawing(width, height)), round(height * ratio), round(width * ratio), BILINEAR
    )
    small = resized(in_middle(fitted, 64, 64, WHITE), 32, 32, BICUBIC)
    deviation = (0.229, 0.224, 0.225)
    expected = first(small / 1, tuple(np.array((0.485, 0.456, 0.406))), deviation)
    # two roundings to bytes between
    assert np.abs(made(TEST, width, height) - expected).max() <= 2.1 / 255 / min(deviation)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_pixais_stages(width: int, height: int) -> None:
    """32 x 32 whatever the aspect, -1..1."""
    small = resized(on_white(drawing(width, height)), 32, 32, BILINEAR)
    expected = first(small, (0.5,) * 3, (0.5,) * 3)
    assert np.abs(made(STAGES, width, height) - expected).max() <= 2.1 / 255 / 0.5


def test_the_shorter_side_and_a_crop_of_the_middle() -> None:
    """As timm does without padding: cut off at both ends, numbers from 0 to 1."""
    steps: list[dict[str, Any]] = [
        {"type": "convert_rgb"},
        {"type": "resize", "size": 36, "interpolation": "lanczos"},
        {"type": "center_crop", "size": 32},
        {"type": "to_tensor"},
    ]
    whole = resized(on_white(drawing(90, 60)), 36, 54, LANCZOS)
    expected = whole[2:34, 11:43].transpose(2, 0, 1) / 255
    assert np.abs(made(steps, 90, 60) - expected).max() <= 2.1 / 255


def test_what_a_crop_lacks_is_black() -> None:
    steps: list[dict[str, Any]] = [{"type": "center_crop", "size": [40, 40]}, {"type": "to_tensor"}]
    numbers = made(steps, 20, 20)
    assert numbers[:, :10].max() == 0
    assert numbers[:, 10:30, 10:30].max() > 0.5


TENSOR = {"type": "to_tensor"}


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([], "has a step that can't be followed to numbers from 0 to 1"),
        (
            [{"type": "resize", "size": [32, 32]}],
            "can't be followed to numbers from 0 to 1: resize",
        ),
        ([{"type": "rotate", "degrees": 90}, TENSOR], "can't be followed rotate"),
        ([{"type": "resize", "size": 32, "max_size": 64}, TENSOR], "can't be followed resize"),
        ([{"type": "resize", "size": [32, 99999]}, TENSOR], r"resize to \[32, 99999\]"),
        (
            [{"type": "resize", "size": [32, 24]}, TENSOR],
            "makes pictures of 24 x 32 px, not square",
        ),
        ([{"type": "resize", "size": 32}, TENSOR], "makes pictures of 42 x 32 px, not square"),
        ([{"type": "center_crop"}, TENSOR], "can't be followed .*size"),
        ([{"type": "resize", "size": [32, 32], "interpolation": "x"}, TENSOR], "followed .*'x'"),
        ([{"type": "resize", "size": [32, 32]}, TENSOR, {"type": "rescale"}], "followed rescale"),
        ("resize", "can't be followed"),
        (None, "can't be followed"),
        (
            [{"type": "pad_to_size", "size": 32, "background_color": "nasu"}, TENSOR],
            "followed .*nasu",
        ),
    ],
)
def test_steps_that_cannot_be_followed_are_told(steps: Any, words: str) -> None:
    with pytest.raises(Problem, match=f"preprocess.json .*{words}.*from the model's page"):
        steps_of(Path("preprocess.json"), steps)
