"""The sample drawings: those in data/sample, and curves through their anchors."""

import numpy as np
import pytest
from PIL import Image

from tests.support.clones import PROJECT
from tools.makers.sample import DRAWINGS, anchors, curve, line

SAMPLE = PROJECT / "data" / "sample"


def test_the_sample_is_what_it_draws() -> None:
    assert {path.name for path in SAMPLE.iterdir()} == set(DRAWINGS)


@pytest.mark.parametrize("name", ["nasu_smile.png", "nap_small.png", "snow_grey16.png"])
def test_a_drawing_in_the_sample_is_drawn_again(name: str) -> None:
    drawn = DRAWINGS[name]()
    with Image.open(SAMPLE / name) as kept:
        assert (kept.size, kept.mode) == (drawn.size, drawn.mode)
        difference = np.abs(np.asarray(kept, float) - np.asarray(drawn, float))
    assert difference.mean() <= 0.01 * np.asarray(drawn, float).max()


@pytest.mark.parametrize("through", [curve, line])
def test_a_curve_goes_through_its_anchors(through: object) -> None:
    path = "0,-4! 2,1.5 -3,2"
    assert callable(through)
    points = {(round(x, 9), round(y, 9)) for x, y in through(path)}
    assert set(anchors(path)) <= points
