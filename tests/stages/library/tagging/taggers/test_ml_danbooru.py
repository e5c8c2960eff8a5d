"""ML-Danbooru's contract: the whole picture, and a list without categories."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.tagging.families import recognised
from stages.library.tagging.taggers import ml_danbooru
from tests.support.families import COLOURS, write_ml_danbooru
from tests.support.resizing import BILINEAR, drawing, on_white, resized


@pytest.mark.parametrize(("width", "height"), [(32, 32), (90, 61), (40, 77), (31, 8)])
def test_it_sees_the_whole_picture_in_rgb_from_0_to_1(width: int, height: int) -> None:
    """demo_ca.py: Resize((448, 448)), ToTensor()."""
    rgba = drawing(width, height)
    expected = resized(on_white(rgba), 32, 32, BILINEAR).transpose(2, 0, 1) / 255
    got = ml_danbooru.model_input(Image.fromarray(rgba), 32)
    assert got.dtype == np.float32
    assert got.shape == (3, 32, 32)
    assert np.abs(got - expected).max() <= 2.1 / 255


@pytest.mark.parametrize("column", ["tag", "name"])
def test_its_list_knows_no_categories(tmp_path: Path, column: str) -> None:
    path = write_ml_danbooru(tmp_path) / "tags.csv"
    path.write_text(path.read_text().replace("tag\n", f"{column}\n", 1))
    _, contract = recognised(tmp_path, "", "it")
    assert contract.tags == [*COLOURS, "solo"]
    assert (set(contract.categories), contract.thresholds) == ({0}, {0: 0.7})


def test_the_size_is_that_of_the_authors_examples(tmp_path: Path) -> None:
    folder = write_ml_danbooru(tmp_path)
    assert recognised(folder, "", "it")[1].size == 448
    (folder / "ml_caformer.onnx").rename(folder / "TResnet-D-FLq_ema_6-30000.onnx")
    assert recognised(folder, "", "it")[1].size == 640


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "\xff"])
def test_a_list_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    (write_ml_danbooru(tmp_path) / "tags.csv").write_text(text, encoding="latin-1")
    with pytest.raises(Problem, match=r"tags\.csv is no list with the column name or tag"):
        recognised(tmp_path, "", "it")
