"""Parts of a picture that are filled from around them."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from stages.library.dataset.hiding import filled

Mask = NDArray[np.bool_]


def mask(size: tuple[int, int], *boxes: tuple[int, int, int, int]) -> Mask:
    """Return which pixels are in one of the boxes: left, top, right, bottom."""
    hidden = np.zeros((size[1], size[0]), dtype=bool)
    for left, top, right, bottom in boxes:
        hidden[top:bottom, left:right] = True
    return hidden


def ramp(size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a picture whose colours change evenly from left to right and from top to bottom."""
    across = np.linspace(0, 240, size[0])
    down = np.linspace(0, 240, size[1])
    grid = np.stack(np.broadcast_arrays(across, down[:, None], 100), axis=2)
    return grid.astype(np.uint8)


def test_what_is_not_hidden_stays_as_it_is_to_the_bit() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (50, 61, 3), dtype=np.uint8)
    hidden = mask((61, 50), (3, 7, 20, 30), (50, 40, 61, 50))
    found = np.asarray(filled(Image.fromarray(pixels), hidden))
    assert np.array_equal(found[~hidden], pixels[~hidden])
    assert not np.array_equal(found[hidden], pixels[hidden])


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (12, 200, 77)])
@pytest.mark.parametrize(
    "box", [(0, 0, 20, 10), (44, 27, 64, 37), (20, 10, 40, 30), (0, 0, 64, 36), (5, 5, 6, 6)]
)
def test_on_one_colour_nothing_is_seen_of_it(
    colour: tuple[int, int, int], box: tuple[int, int, int, int]
) -> None:
    whole = Image.new("RGB", (64, 37), colour)
    marked = whole.copy()
    marked.paste("red", box)
    assert filled(marked, mask((64, 37), box)).tobytes() == whole.tobytes()


def test_nothing_of_what_was_hidden_is_left() -> None:
    hidden = mask((64, 64), (10, 20, 50, 40))
    one, other = np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64, 3), np.uint8)
    one[hidden], other[hidden] = 255, 17
    pictures = [filled(Image.fromarray(each), hidden).tobytes() for each in (one, other)]
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("box", [(30, 30, 60, 50), (0, 60, 40, 100), (90, 0, 100, 100)])
def test_colours_that_change_go_on_changing(box: tuple[int, int, int, int]) -> None:
    pixels, hidden = ramp((100, 100)), mask((100, 100), box)
    found = np.asarray(filled(Image.fromarray(pixels), hidden)).astype(int)
    reach = max(box[2] - box[0], box[3] - box[1])
    assert np.abs(found - pixels)[hidden].max() <= 2.4 * reach, "no further than its other end"
    assert np.abs(found - pixels)[hidden].mean() <= 0.8 * reach


def test_between_two_colours_it_is_between_them() -> None:
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[:, 40:] = 200
    found = np.asarray(filled(Image.fromarray(pixels), mask((80, 40), (20, 0, 60, 40))))
    row = found[20, 18:62, 0].astype(int)
    assert (np.diff(row) >= -8).all()
    assert row[1] < 40
    assert row[-2] > 160
    assert np.abs(np.diff(row)).max() < 40, "no edge"


def test_nothing_hidden_changes_nothing() -> None:
    picture = Image.fromarray(ramp((20, 10)))
    assert filled(picture, mask((20, 10))).tobytes() == picture.tobytes()
