"""cl_tagger's two contracts: pictures, and lists in both forms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.tagging.families import recognised
from stages.library.tagging.taggers import cl_tagger
from tests.support.families import write_cl_tagger_v1, write_cl_tagger_v2, write_json
from tests.support.resizing import BICUBIC, drawing, first, in_middle, on_white, resized

HALF = (0.5, 0.5, 0.5)
SIZES = [(32, 32), (90, 61), (40, 77), (31, 8), (200, 130)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_v1_is_wd14s_square_in_bgr_from_minus_1_to_1(width: int, height: int) -> None:
    """spaces/app.py, `preprocess_image`."""
    rgba, side = drawing(width, height), max(width, height)
    square = in_middle(on_white(rgba), side, side, (255, 255, 255))
    expected = first(resized(square, 32, 32, BICUBIC)[..., ::-1], HALF, HALF)
    got = cl_tagger.model_input(False, Image.fromarray(rgba), 32)
    assert got.dtype == np.float32
    assert got.shape == (3, 32, 32)
    assert np.abs(got - expected).max() <= 2.1 / 255 / 0.5


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_v2_is_the_whole_picture_in_rgb_whatever_the_aspect(width: int, height: int) -> None:
    """As SigLIP2 wants it."""
    rgba = drawing(width, height)
    got = cl_tagger.model_input(True, Image.fromarray(rgba), 32)
    apart = [
        np.abs(got - first(resized(on_white(rgba), 32, 32, BICUBIC, turned=turned), HALF, HALF))
        for turned in (False, True)
    ]
    assert min(each.max() for each in apart) <= 2.1 / 255 / 0.5


def test_lists_tell_tags_and_categories(tmp_path: Path) -> None:
    _, first_one = recognised(write_cl_tagger_v1(tmp_path / "1"), "", "it")
    assert first_one.categories == [0, 0, 0, 4, 9, 11, 12]
    assert first_one.tags[-3:] == ["sensitive", "best_quality", "sdxl"]
    assert first_one.thresholds == {0: 0.55, 5: 0.55, 12: 0.55, 4: 0.6, 3: 0.6, 1: 0.6}
    _, second = recognised(write_cl_tagger_v2(tmp_path / "2"), "", "it")
    assert (second.family, second.tags[0], second.categories) == (
        "cl_tagger-v2",
        "red_theme",
        [0, 0, 0, 4, 9],
    )
    assert set(second.thresholds.values()) == {0.55}
    assert (first_one.size, second.size) == (448, 384)


@pytest.mark.parametrize(
    "told",
    [
        {"idx_to_tag": ["a", "b"], "tag_to_category": {"a": "General", "b": "Character"}},
        {
            "idx_to_tag": {"1": "b", "0": "a"},
            "tag_to_category": {"a": 0, "b": 1},
            "categories": ["general", "character"],
        },
        {"1": {"tag": "b", "category": "Character"}, "0": {"tag": "a", "category": "General"}},
    ],
)
def test_both_forms_of_a_list(told: dict[str, Any]) -> None:
    assert cl_tagger.listed(told) == (["a", "b"], [0, 4])


@pytest.mark.parametrize(
    "told",
    [
        {"0": {"tag": "a", "category": "General"}, "2": {"tag": "b", "category": "General"}},
        {"0": {"tag": "a", "category": "Species"}},
        {"0": "a"},
        {"a": {"tag": "a", "category": "General"}},
        {"idx_to_tag": {"0": "a"}},
        {"idx_to_tag": {"0": "a"}, "tag_to_category": {}},
    ],
)
def test_a_list_that_is_not_as_it_should_be_is_named(tmp_path: Path, told: Any) -> None:
    write_json(write_cl_tagger_v1(tmp_path) / "tag_mapping.json", told)
    with pytest.raises(Problem, match=r"tag_mapping\.json lists no tags as cl_tagger's do"):
        recognised(tmp_path, "", "it")
