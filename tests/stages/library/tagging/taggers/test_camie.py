"""Camie's contracts: pictures on a ground, metadata in both forms, and deepghs' files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.tagging.families import recognised
from stages.library.tagging.taggers import camie
from tests.support.families import (
    camie_tags,
    write_camie_of_deepghs,
    write_camie_v1,
    write_camie_v2,
    write_json,
)
from tests.support.resizing import LANCZOS, drawing, first, in_middle, on_white, resized

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@pytest.mark.parametrize(
    ("width", "height"), [(32, 32), (90, 61), (40, 77), (31, 8), (200, 130), (1, 90)]
)
def test_it_is_fitted_whole_on_the_ground_of_its_version(width: int, height: int) -> None:
    """onnx_inference.py: the longer side is 32, the other cut to whole pixels."""
    rgba, aspect = drawing(width, height), width / height
    columns, rows = (32, int(32 / aspect)) if aspect > 1 else (int(32 * aspect), 32)
    fitted = resized(on_white(rgba), max(1, rows), max(1, columns), LANCZOS)
    got = [camie.model_input(second, Image.fromarray(rgba), 32) for second in (False, True)]
    bare = in_middle(fitted, 32, 32, (0, 0, 0)).transpose(2, 0, 1) / 255
    assert np.abs(got[0] - bare).max() <= 3.1 / 255
    expected = first(in_middle(fitted, 32, 32, (124, 116, 104)), MEAN, DEVIATION)
    assert np.abs(got[1] - expected).max() <= 3.1 / 255 / min(DEVIATION)
    assert got[0].dtype == got[1].dtype == np.float32


def test_beside_the_picture_v2_sees_nothing() -> None:
    """ImageNet's mean is zero, as near as bytes come."""
    beside = camie.model_input(True, Image.new("RGB", (10, 20), "red"), 20)[:, :, :5]
    assert np.abs(beside).max() < 0.01


def test_metadata_tells_tags_size_and_version(tmp_path: Path) -> None:
    _, second = recognised(write_camie_v2(tmp_path / "2"), "", "it")
    assert (second.family, second.size) == ("Camie-v2", 32)
    assert second.tags[-4:] == ["miku", "explicit", "year_2024", "nasu"]
    assert second.categories == [0, 0, 0, 4, 9, 10, 1]
    assert set(second.thresholds.values()) == {0.492}
    _, one = recognised(write_camie_v1(tmp_path / "1"), "", "it")
    assert (one.family, one.tags, one.size) == ("Camie-v1", second.tags, 512)
    assert set(one.thresholds.values()) == {0.325}


def test_deepghs_files_tell_the_balanced_thresholds(tmp_path: Path) -> None:
    files, contract = recognised(write_camie_of_deepghs(tmp_path), "", "it")
    assert (contract.family, contract.probabilities) == ("Camie-v1", ("output",))
    assert contract.thresholds == {0: 0.31, 4: 0.42}
    assert files.more == ("preprocess.json", "threshold.json")


def mapping(**more: Any) -> dict[str, Any]:
    return {
        "model_info": {"img_size": 32},
        "dataset_info": {"tag_mapping": camie_tags() | more},
    }


@pytest.mark.parametrize(
    "facts",
    [
        mapping(idx_to_tag={"0": "a", "2": "b"}),
        mapping(tag_to_category={}),
        mapping(idx_to_tag=7),
        mapping() | {"model_info": {}},
        {"dataset_info": {}},
    ],
)
def test_metadata_that_is_not_as_it_should_be_is_named(tmp_path: Path, facts: Any) -> None:
    write_json(write_camie_v2(tmp_path) / "camie-tagger-v2-metadata.json", facts)
    with pytest.raises(Problem, match=r"-metadata\.json lists no tags as Camie's does"):
        recognised(tmp_path, "", "it")


@pytest.mark.parametrize(
    ("name", "facts", "words"),
    [
        ("preprocess.json", {"test": []}, "preprocess.json has no stages"),
        ("threshold.json", {"general": {}}, "threshold.json has no balanced ones"),
    ],
)
def test_a_file_of_deepghs_that_is_not_as_there_is_named(
    tmp_path: Path, name: str, facts: Any, words: str
) -> None:
    write_json(write_camie_of_deepghs(tmp_path) / name, facts)
    with pytest.raises(Problem, match=words):
        recognised(tmp_path, "", "it")
