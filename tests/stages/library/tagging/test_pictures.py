"""What families do alike with a picture."""

import numpy as np
import pytest
from PIL import Image

from stages.library.tagging import pictures
from tests.support import resizing
from tests.support.resizing import drawing


def test_transparent_parts_are_white() -> None:
    rgba = drawing(40, 30)
    got = np.asarray(pictures.on_white(Image.fromarray(rgba)), float)
    assert np.abs(got - resizing.on_white(rgba)).max() <= 1
    hidden = Image.new("RGBA", (2, 2), (255, 0, 0, 0))
    assert np.asarray(pictures.on_white(hidden)).min() == 255


@pytest.mark.parametrize("mode", ["L", "P", "LA", "1", "I;16"])
def test_other_modes_become_rgb(mode: str) -> None:
    picture = Image.new("L" if mode == "I;16" else "RGB", (3, 3), "white").convert(mode)
    assert pictures.on_white(picture).mode == "RGB"


def test_an_odd_pixel_goes_below_and_to_the_right() -> None:
    middle = pictures.in_middle(Image.new("RGB", (2, 3)), 5, 6, (9, 9, 9))
    assert np.argwhere(np.asarray(middle)[..., 0] == 0).min(axis=0).tolist() == [1, 1]


def test_numbers_are_float32_with_the_colours_first() -> None:
    picture = Image.new("RGB", (4, 2), (255, 51, 0))
    numbers = pictures.normal(pictures.from_0_to_1(picture), (0.5, 0.5, 0.5), (0.5, 0.25, 0.5))
    assert numbers.dtype == np.float32
    assert numbers.shape == (3, 2, 4)
    assert numbers[:, 0, 0].tolist() == pytest.approx([1, -1.2, -1])
