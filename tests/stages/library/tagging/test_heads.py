"""The contract of YOLO head detectors, with models of a few kilobytes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.tagging.heads import (
    Detector,
    fingerprint,
    heads_in,
    load_detector,
)
from tests.support.detectors import Values, boxes, write_detector

HEAD = {0: "head"}
FACES = {0: "hand", 1: "head"}


def picture(width: int = 128, height: int = 96) -> Image.Image:
    values = np.random.default_rng(2).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


class Shown:
    """A session that keeps what it is shown, and finds nothing."""

    def __init__(self) -> None:
        self.pictures: list[Values] = []

    def run(self, _: None, given: dict[str, Values]) -> list[Values]:
        self.pictures += given.values()
        return [np.zeros((1, 5, 9), np.float32)]


def test_a_model_is_shown_rgb_from_0_to_1_stretched_to_its_size() -> None:
    shown: Any = Shown()
    image = picture()

    assert heads_in(Detector(shown, "images", (64, 32), HEAD), image) == []

    (given,) = shown.pictures
    expected = np.asarray(image.resize((64, 32), Image.Resampling.BICUBIC)) / 255
    assert given.dtype == np.float32
    assert given.shape == (1, 3, 32, 64)
    assert np.abs(given[0].transpose(1, 2, 0) - expected).max() < 1e-6


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_any_flattened_drawing_is_shown_in_rgb(mode: str) -> None:
    shown: Any = Shown()
    heads_in(Detector(shown, "images", (64, 32), HEAD), picture().convert(mode))
    assert shown.pictures[0].shape == (1, 3, 32, 64)


def test_boxes_are_those_of_the_picture_the_surest_first(tmp_path: Path) -> None:
    found = boxes([16, 32, 16, 32, 0.5], [48, 32, 8, 8, 0.9], [8, 8, 4, 4, 0.4])
    detector = load_detector(write_detector(tmp_path / "head.onnx", found))
    assert heads_in(detector, picture(128, 96)) == [(88, 42, 104, 54), (16, 24, 48, 72)]


def test_what_overlaps_much_is_one_head_and_ends_with_the_picture(tmp_path: Path) -> None:
    found = boxes([10, 10, 30, 30, 0.6], [11, 10, 30, 30, 0.8], [30, 10, 30, 30, 0.7])
    detector = load_detector(write_detector(tmp_path / "head.onnx", found))
    assert heads_in(detector, picture(64, 64)) == [(0, 0, 26, 25), (15, 0, 45, 25)]


def test_models_that_give_corners_are_understood(tmp_path: Path) -> None:
    corners = np.array([[8, 16, 24, 48, 0.9, 0], [0, 0, 8, 8, 0.3, 0]], np.float32)
    detector = load_detector(write_detector(tmp_path / "head.onnx", corners))
    assert heads_in(detector, picture(128, 96)) == [(16, 24, 48, 72)]


def test_of_several_classes_those_called_head_count(tmp_path: Path) -> None:
    found = boxes([16, 32, 16, 32, 0.9, 0.1], [48, 32, 8, 8, 0.2, 0.9])
    notes = {"names": str(FACES)}
    detector = load_detector(write_detector(tmp_path / "head.onnx", found, notes=notes))
    assert heads_in(detector, picture(64, 64)) == [(44, 28, 52, 36)]
    others = load_detector(
        write_detector(tmp_path / "b.onnx", found, notes={"names": "{0: 'face', 1: 'eye'}"})
    )
    assert len(heads_in(others, picture(64, 64))) == 2


def test_the_size_is_the_inputs_own_or_what_the_model_says_of_itself(tmp_path: Path) -> None:
    free: tuple[str, str] = ("height", "width")
    found = boxes([16, 32, 16, 32, 0.5])
    sizes = [
        load_detector(write_detector(tmp_path / "a.onnx", found, size=size, notes=notes)).size
        for size, notes in (
            ((32, 64), {"imgsz": "[640, 640]"}),
            (free, {"imgsz": "[480, 640]"}),
            (free, {}),
            (free, {"imgsz": "large"}),
        )
    ]
    assert sizes == [(64, 32), (640, 480), (640, 640), (640, 640)]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"channels": 1}, r"takes \[1, 1, 64, 64\], not pictures \[1, 3, height, width\], unlike"),
        ({"notes": {"names": "{0: 'a', 1: 'b'}"}}, "gives 5 values for a box, not 4 and one for"),
    ],
)
def test_another_kind_of_model_is_refused(
    tmp_path: Path, how: dict[str, Any], message: str
) -> None:
    path = write_detector(tmp_path / "head.onnx", boxes([16, 32, 16, 32, 0.5]), **how)
    with pytest.raises(Problem, match=message) as caught:
        heads_in(load_detector(path), picture())
    assert str(caught.value).startswith("params.yaml, prepare.detector: ")
    assert "huggingface.co/deepghs/anime_head_detection" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_tagger_is_no_detector(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(Problem, match=r"broken\.onnx can't be loaded as an ONNX model"):
        load_detector(tmp_path / "broken.onnx")
    builtin = Path("data/tagger/builtin/model.onnx")
    with pytest.raises(Problem, match=r"builtin/model\.onnx takes \[.*\], not pictures"):
        load_detector(builtin)


def test_a_detector_that_is_not_there_is_named() -> None:
    for ask in (fingerprint, load_detector):
        with pytest.raises(Problem, match=r"^params\.yaml, prepare\.detector: data/detector/no\.o"):
            ask(Path("data/detector/no.onnx"))


def test_a_detector_is_known_by_its_bytes(tmp_path: Path) -> None:
    one = write_detector(tmp_path / "a.onnx", boxes([16, 32, 16, 32, 0.5]))
    other = write_detector(tmp_path / "b.onnx", boxes([16, 32, 16, 32, 0.6]))
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint(None) == ""
