"""Which pictures an encoder is shown, by the files beside it; what isn't known is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.tagging.encoders import KEY, names_in, needed, recognised, steps_of
from stages.library.tagging.preprocess_json import followed
from tests.support.encoders import (
    CLIP,
    STEPS,
    WRITERS,
    write_ccip,
    write_clip,
    write_deepghs,
    write_means,
)
from tests.support.resizing import drawing

MEAN, DEVIATION = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]

OLD = {
    "crop_size": 336,
    "do_center_crop": True,
    "do_normalize": True,
    "do_resize": True,
    "feature_extractor_type": "CLIPFeatureExtractor",
    "image_mean": MEAN,
    "image_std": DEVIATION,
    "resample": 2,
    "size": 336,
}
"""As openai/clip-vit-large-patch14-336 has it, but for the filter."""

SIGLIP = {
    "do_normalize": True,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_processor_type": "SiglipImageProcessor",
    "image_std": [0.5, 0.5, 0.5],
    "processor_class": "SiglipProcessor",
    "resample": 3,
    "rescale_factor": 0.00392156862745098,
    "size": {"height": 384, "width": 384},
}

TOLD: dict[str, tuple[dict[str, Any], int, list[list[float]], float]] = {
    "old": (
        OLD,
        336,
        [[0.252, 1.460, 0.724], [-1.092, 1.355, 0.297], [1.595, -1.617, 0.767]],
        0.143,
    ),
    "CLIP alone": (
        {"image_processor_type": "CLIPImageProcessor"},
        224,
        [[0.193, 1.625, 0.838], [-1.179, 1.805, -0.058], [1.624, -1.602, 0.752]],
        0.143,
    ),
    "uncut": (
        {
            "image_processor_type": "CLIPImageProcessor",
            "do_center_crop": False,
            "size": {"height": 224, "width": 224},
        },
        224,
        [[-0.128, -0.762, -0.314], [-1.121, 1.805, -0.016], [-0.902, -1.572, -1.381]],
        0.153,
    ),
    "SigLIP": (
        SIGLIP,
        384,
        [[0.192, -1.000, -0.051], [-0.608, 0.812, -0.129], [-0.475, -0.922, -0.945]],
        -0.018,
    ),
    "SigLIP alone": (
        {"image_processor_type": "SiglipImageProcessorFast"},
        224,
        [[-0.106, -0.482, -0.357], [-0.639, 0.859, -0.192], [-0.522, -0.906, -0.945]],
        -0.018,
    ),
}
"""A preprocessor_config.json; then what CLIPImageProcessor and SiglipImageProcessor of transformers
4.57.1 make by it of `drawing(300, 200, 3)`: the side, red, green and blue at the top left, a third
down in the middle and at the bottom right, and the mean of all."""

STEP = 0.02
"""Pillows may differ by a byte's step, which is this many deviations."""


def shown(pixels: Any, side: int) -> list[list[float]]:
    assert pixels.shape == (3, side, side)
    assert pixels.dtype == np.float32
    places = [(0, 0), (side // 3, side // 2), (side - 1, side - 1)]
    return [pixels[:, y, x].tolist() for y, x in places]


def picture() -> Image.Image:
    return Image.fromarray(drawing(300, 200, 3)[..., :3].copy())


@pytest.mark.parametrize("name", TOLD)
def test_pictures_are_made_ready_as_transformers_does(tmp_path: Path, name: str) -> None:
    config, side, numbers, mean = TOLD[name]
    write_means(tmp_path / "vision_model.onnx", ("image_embeds",))
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(config))
    _, contract = recognised(tmp_path, "", "it")
    assert contract.size == side
    pixels = contract.prepare(picture(), side)
    for found, wanted in zip(shown(pixels, side), numbers, strict=True):
        assert found == pytest.approx(wanted, abs=STEP)
    assert pixels.mean() == pytest.approx(mean, abs=0.002)


def test_ccip_sees_what_imgutils_shows_it(tmp_path: Path) -> None:
    """The numbers are those of `_preprocess_image` in dghs-imgutils 0.19."""
    _, contract = recognised(write_ccip(tmp_path), "", "it")
    pixels = contract.prepare(picture(), 384)
    numbers = [[0.368, -1.392, 0.084], [-1.062, 1.610, 0.155], [-0.858, -1.587, -1.381]]
    for found, wanted in zip(shown(pixels, 384), numbers, strict=True):
        assert found == pytest.approx(wanted, abs=STEP)
    assert pixels.mean() == pytest.approx(0.153, abs=0.002)


def test_deepghs_steps_are_followed(tmp_path: Path) -> None:
    _, contract = recognised(write_deepghs(tmp_path), "", "it")
    same, size = followed(STEPS)
    assert contract.size == size == 32
    assert np.array_equal(contract.prepare(picture(), 32), same(picture(), 32))


@pytest.mark.parametrize("kind", WRITERS)
def test_each_kind_is_known_with_what_belongs_to_it(tmp_path: Path, kind: str) -> None:
    folder = WRITERS[kind](tmp_path / "model")
    files, contract = recognised(folder, "", "it")
    assert [*files.names] == {
        "CLIP": ["preprocessor_config.json", "onnx/vision_model.onnx"],
        "vision of CLIP": ["preprocessor_config.json", "model.onnx"],
        "CLIP of deepghs": ["preprocessor.json", "image_encode.onnx"],
        "CCIP": ["model_feat.onnx"],
    }[kind]
    assert contract.family == kind.removeprefix("vision of ")
    # as in a repository that has several, in folders
    in_folders = [f"one/{name}" for name in names_in(folder)]
    assert needed(in_folders, "one", "it") == [f"one/{name}" for name in files.names]
    assert needed(in_folders, f"one/{files.model}", "it")[-1] == f"one/{files.model}"


def test_another_model_of_the_folder_may_be_meant(tmp_path: Path) -> None:
    folder = write_clip(tmp_path)
    write_means(folder / "onnx" / "vision_model_fp16.onnx", ("image_embeds",))
    files, _ = recognised(folder, "onnx/vision_model_fp16.onnx", "it")
    assert files.names == ("preprocessor_config.json", "onnx/vision_model_fp16.onnx")


@pytest.mark.parametrize(
    ("names", "named", "said"),
    [
        ([], "", "it lacks vision_model.onnx, model_feat.onnx or image_encode.onnx; write tagger,"),
        (["README.md"], "", "it lacks vision_model.onnx, model_feat.onnx or image_encode.onnx; "),
        (["model_feat.onnx"], "x.onnx", "it lacks x.onnx; write tagger, or take one of those"),
        (["model_feat.onnx"], "folder", "it lacks vision_model.onnx, model_feat.onnx or image_"),
        (
            ["a/model_feat.onnx", "b/model_feat.onnx"],
            "",
            r"it holds several encoders \(a, b\); write one's folder after a / behind it",
        ),
        (
            ["model.onnx", "selected_tags.csv"],
            "",
            "it lacks preprocessor_config.json with model.onnx, which says what pictures it takes",
        ),
    ],
)
def test_what_is_missing_is_named(names: list[str], named: str, said: str) -> None:
    with pytest.raises(Problem, match=f"{KEY}: {said}"):
        needed(names, named, "it")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"image_processor_type": "ViTImageProcessor"}, "is of ViTImageProcessor, not of CLIPImage"),
    ({"image_processor_type": None, "feature_extractor_type": None}, "is of no processor, not"),
    ({"do_resize": False}, r"leaves out a step \(do_resize: false\)"),
    ({"do_normalize": False}, r"leaves out a step \(do_normalize: false\)"),
    ({"rescale_factor": 0.5}, r"brings colours to other numbers \(0.5\)"),
    ({"rescale_factor": "much"}, "can't be followed"),
    ({"resample": 99}, "can't be followed"),
    ({"size": {"longest_edge": 32}}, "can't be followed"),
    ({"size": 5000, "crop_size": 32}, "has a step that can't be followed resize to 5000"),
    ({"size": {"height": 32, "width": 64}, "do_center_crop": False}, "makes pictures of 64 x 32"),
    ({"crop_size": 64}, r"cuts out more than there is \(crop_size is larger than size\)"),
    ({"crop_size": {"height": 32, "width": 16}}, "makes pictures of 16 x 32 px, not square"),
    ({"image_mean": [0.5] * 4}, "has a step that can't be followed"),
    ({"image_std": "none"}, "has a step that can't be followed"),
]


@pytest.mark.parametrize(("changed", "said"), WRONG, ids=str)
def test_what_can_not_be_followed_is_told(
    tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    folder = write_clip(tmp_path, **changed)
    with pytest.raises(Problem, match=rf"judge\.features: .*preprocessor_config\.json {said}"):
        recognised(folder, "", "it")


@pytest.mark.parametrize("content", ["", "[]", "null", "<html>"])
def test_a_file_that_says_nothing_is_told(tmp_path: Path, content: str) -> None:
    folder = write_clip(tmp_path)
    (folder / "preprocessor_config.json").write_text(content)
    with pytest.raises(Problem, match=r"preprocessor_config\.json holds no JSON with keys"):
        recognised(folder, "", "it")
    (folder / "preprocessor.json").write_text('{"steps": []}')
    write_means(folder / "image_encode.onnx", ("embeddings",))
    with pytest.raises(Problem, match=r"preprocessor\.json can't be followed \(KeyError\('stages"):
        recognised(folder, "image_encode.onnx", "it")


def test_the_whole_of_a_config_is_one_list_of_steps() -> None:
    assert [step["type"] for step in steps_of(CLIP)] == [
        *("resize", "center_crop", "to_tensor", "normalize"),
    ]
