"""The contract of WD14 taggers: what the model sees, and how it is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from stages.library.tagging import models
from stages.library.tagging.families import recognised
from stages.library.tagging.scores import CHARACTER, GENERAL
from stages.library.tagging.taggers import wd14
from tests.support.resizing import BICUBIC, drawing, in_middle, on_white, resized
from tests.support.scoring import ORANGE
from tests.support.taggers import TAGS, write_tagger

NAMES = [name for name, _ in TAGS]


def looked(folder: Path, picture: Image.Image) -> dict[str, float]:
    """What the tagger in `folder` says of a picture, by tag."""
    model = models.load_model(folder, "cpu")
    (scores,) = models.probabilities(model, [wd14.model_input(picture, model.size)])
    return dict(zip(NAMES, map(float, scores), strict=True))


def reference(rgba: NDArray[np.uint8], size: int) -> NDArray[np.float64]:
    """The contract of facts.md in numpy alone: white under alpha, white square, bicubic, BGR."""
    height, width = rgba.shape[:2]
    side = max(height, width)
    square = in_middle(on_white(rgba), side, side, (255, 255, 255))
    return resized(square, size, size, BICUBIC)[:, :, ::-1]


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [
        *((448, 448, 448), (512, 512, 448), (300, 300, 448), (512, 768, 448), (768, 511, 448)),
        *((1, 1, 448), (1, 40, 32), (41, 40, 64), (200, 90, 320)),
    ],
)
def test_input_equals_an_independent_reading_of_the_contract(
    width: int, height: int, size: int
) -> None:
    rgba = drawing(width, height)
    got = wd14.model_input(Image.fromarray(rgba), size)
    assert got.dtype == np.uint8
    assert got.shape == (size, size, 3)
    difference = np.abs(got - reference(rgba, size))
    assert difference.max() <= 1
    assert difference.mean() < 0.05


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(8, 64), st.integers(0, 9))
def test_input_of_any_size(width: int, height: int, size: int, seed: int) -> None:
    rgba = drawing(width, height, seed)
    difference = np.abs(wd14.model_input(Image.fromarray(rgba), size) - reference(rgba, size))
    assert difference.max() <= 2  # rounding under half-transparent parts, which resizing amplifies
    assert difference.mean() < 0.1


def test_input_is_bgr_from_0_to_255() -> None:
    pixels = wd14.model_input(Image.new("RGB", (10, 10), ORANGE), 8)
    assert pixels.reshape(-1, 3).tolist() == [[20, 120, 240]] * 64


def test_a_square_has_no_trace_of_padding() -> None:
    for side in (300, 448, 449, 512, 1024):
        black = wd14.model_input(Image.new("RGB", (side, side)), 448)
        assert black.max() == 0, side


def test_padding_is_white_centred_and_comes_before_resizing() -> None:
    pixels = wd14.model_input(Image.new("RGB", (100, 50)), 200)
    rows = pixels[:, 100, 0]
    assert rows[:46].min() == 255  # 25 rows of 100 pad the top: 50 of 200
    assert rows[-46:].min() == 255
    assert rows[56:144].max() == 0
    assert 0 < rows[50] < 255  # blended across the edge: padded first, resized then
    wide = wd14.model_input(Image.new("RGB", (50, 100)), 200)
    assert np.array_equal(wide[100], pixels[:, 100])


def test_an_odd_pixel_of_padding_goes_to_the_far_side() -> None:
    pixels = wd14.model_input(Image.new("RGB", (4, 3)), 4)
    assert pixels[:, 0, 0].tolist() == [0, 0, 0, 255]


@pytest.mark.parametrize("mode", ["L", "P", "LA", "RGBA", "1", "I;16"])
def test_other_modes(mode: str) -> None:
    picture = Image.new("RGB", (20, 20), "white").convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        picture = picture.convert(mode)
    assert wd14.model_input(picture, 8).shape == (8, 8, 3)


def test_transparent_parts_are_white() -> None:
    hidden = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    assert wd14.model_input(hidden, 10).min() == 255
    half = wd14.model_input(Image.new("RGBA", (10, 10), (0, 0, 0, 128)), 10)
    assert set(half.ravel().tolist()) <= {127, 128}


@pytest.mark.parametrize("batch", [1, "N"])
@pytest.mark.parametrize("size", [448, 320, "side", (448, "width"), ("height", 320)])
def test_size_and_batch_are_read_off_the_model(tmp_path: Path, batch: int | str, size: Any) -> None:
    write_tagger(tmp_path, batch=batch, size=size)
    model = models.load_model(tmp_path, "cpu")
    sides = [
        side for side in (size if isinstance(size, tuple) else [size]) if side in (448, 320, 3)
    ]
    assert model.size == (sides[0] if sides else 448)
    scores = looked(tmp_path, Image.new("RGB", (50, 50), ORANGE))
    assert scores["red_theme"] == pytest.approx(240 / 255, abs=1e-4)
    assert scores["green_theme"] == pytest.approx(120 / 255, abs=1e-4)
    assert scores["blue_theme"] == pytest.approx(20 / 255, abs=1e-4)
    assert scores["miku_(cosplay)"] == pytest.approx(0.9)


def test_bgr_reaches_the_model(tmp_path: Path) -> None:
    write_tagger(tmp_path)
    scores = looked(tmp_path, Image.new("RGB", (64, 64), "blue"))
    assert (scores["blue_theme"], scores["red_theme"]) == pytest.approx((1, 0), abs=0.01)


def test_a_model_need_not_say_how_many_scores_it_gives(tmp_path: Path) -> None:
    write_tagger(tmp_path, declared="tags")
    assert looked(tmp_path, Image.new("RGB", (64, 64)))["general"] == pytest.approx(0.6)


def test_the_authors_thresholds_are_those_that_his_page_begins_with(tmp_path: Path) -> None:
    _, contract = recognised(write_tagger(tmp_path), "", "it")
    assert (contract.family, contract.number) == ("WD14", 1)
    assert contract.thresholds == {GENERAL: 0.35, CHARACTER: 0.85}
    assert contract.tag_thresholds == []
