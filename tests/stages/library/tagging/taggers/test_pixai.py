"""PixAI's two contracts: pictures, tags and thresholds as their files tell them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.tagging.families import recognised
from stages.library.tagging.taggers import pixai
from tests.support.families import SPLIT, write_json, write_pixai_v0_9, write_pixai_v1_0
from tests.support.resizing import BILINEAR, drawing, first, in_middle, on_white, resized

HALF = (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("width", "height"), [(48, 48), (90, 61), (40, 77), (31, 8), (200, 130), (1, 90)]
)
def test_v1_0_is_fitted_whole_with_black_beside_and_no_rounding(width: int, height: int) -> None:
    """tagger_pipeline.py: r = min(s / h, s / w), sides cut to whole pixels, resized as floats."""
    rgba = drawing(width, height)
    ratio = min(48 / height, 48 / width)
    rows, columns = max(1, int(height * ratio)), max(1, int(width * ratio))
    fitted = resized(on_white(rgba), rows, columns, BILINEAR, rounded=False)
    expected = first(in_middle(fitted, 48, 48, (0, 0, 0)), HALF, HALF)
    got = pixai.whole(Image.fromarray(rgba), 48)
    assert got.dtype == np.float32
    assert got.shape == (3, 48, 48)
    # on_white rounds half-transparent colours, the rest is the same to six digits
    assert np.abs(got - expected).max() <= 1.01 / 255 / 0.5
    opaque = rgba.copy()
    opaque[..., 3] = 255
    fitted = resized(opaque[..., :3].astype(float), rows, columns, BILINEAR, rounded=False)
    expected = first(in_middle(fitted, 48, 48, (0, 0, 0)), HALF, HALF)
    assert np.abs(pixai.whole(Image.fromarray(opaque), 48) - expected).max() < 2e-6


def test_beside_the_picture_is_black_and_under_it_white() -> None:
    clear = pixai.whole(Image.new("RGBA", (20, 40), (0, 0, 0, 0)), 40)
    assert clear[:, :, :10].max() == -1
    assert clear[:, :, 10:30].min() == 1
    assert clear[:, :, 30:].max() == -1


def test_v0_9_tells_all_but_its_family(tmp_path: Path) -> None:
    _, contract = recognised(write_pixai_v0_9(tmp_path), "", "it")
    assert contract.family == "PixAI-v0.9"
    assert contract.thresholds == {0: 0.3, 4: 0.85}
    assert (contract.size, contract.probabilities) == (32, ("prediction",))
    (tmp_path / "thresholds.csv").unlink()
    assert recognised(tmp_path, "", "it")[1].thresholds == {0: 0.3, 4: 0.85}


TAGS = ["red_theme", "green_theme", "blue_theme", "miku", "nasu", "vocaloid", "highres"]
KINDS = [0, 0, 0, 4, 1, 3, 5, 9, 9]


def as_tags_json(folder: Path) -> None:
    """As noaione/pixai-tagger-v1.0-onnx has it."""
    (folder / "config.json").unlink()
    parts = [{"name": name, "count": len(part), "tags": part} for name, part in SPLIT]
    write_json(folder / "tags.json", {"num_classes": 9, "categories": parts})


def test_v1_0_tells_tags_by_category_and_the_authors_thresholds(tmp_path: Path) -> None:
    _, contract = recognised(write_pixai_v1_0(tmp_path), "", "it")
    assert contract.family == "PixAI-v1.0"
    assert contract.tags == [*TAGS, "general", "explicit"]
    assert contract.categories == KINDS  # a style is Danbooru's artist
    card = {0: 0.17, 1: 0.15, 3: 0.24, 4: 0.27, 5: 0.17, 9: 0.41}
    assert contract.thresholds == card | {0: 0.2, 9: 0.5}  # config.json has these two
    as_tags_json(tmp_path)
    again = recognised(tmp_path, "", "it")[1]
    assert (again.tags, again.categories, again.thresholds) == (contract.tags, KINDS, card)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("tags_split", [["general", 99]]), ("tags_split", [["species", 9]])),
        *(("tags_split", 7), ("category_best_threshold", {"general": "much"})),
    ],
)
def test_a_config_that_is_not_as_it_should_be_is_named(
    tmp_path: Path, key: str, value: Any
) -> None:
    path = write_pixai_v1_0(tmp_path) / "config.json"
    write_json(path, json.loads(path.read_text()) | {key: value})
    with pytest.raises(Problem, match=r"config\.json lists no tags as PixAI's v1\.0 does"):
        recognised(tmp_path, "", "it")
