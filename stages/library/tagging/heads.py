"""A detector of heads: the contract of the YOLO models of deepghs' anime_head_detection.

float32 pictures [1, 3, height, width], RGB, 0 to 1, stretched to the model's size; out come [1, 4 +
classes, boxes], the middle, width and height of each box in pixels of that size, then a score a
class; or [1, boxes, 6], its corners, score and class. Source: imgutils, detect/head.py and
generic/yolo.py.
"""

import ast
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.common.foreign import printable
from stages.library.common.outputs import sha256
from stages.library.common.paths import located
from stages.library.tagging import sessions

CONTRACT = 1
"""Raise it when the same model finds other heads: pictures from before then are made anew."""

KEY = "params.yaml, prepare.detector"
TAKE = (
    "take model.onnx of head_detect_v2.0_s, or of another YOLO there: "
    "https://huggingface.co/deepghs/anime_head_detection"
)

SCORE, OVERLAP = 0.4, 0.7
"""imgutils' own for heads: the least score, and how much of two boxes is one head."""

SIDE = 640
"""Pixels of a model's input that does not say how many it takes."""

CORNERS = 6
"""Values of a box whose corners the model gives itself."""

Box = tuple[int, int, int, int]
Boxes = NDArray[np.float32]


@dataclass(frozen=True)
class Detector:
    """A model, ready to find heads."""

    session: onnxruntime.InferenceSession
    input: str
    size: tuple[int, int]  # width and height of what it is shown
    labels: Mapping[int, str]

    @property
    def heads(self) -> list[int]:
        """The classes that are heads: those called so, or all."""
        return [each for each, label in self.labels.items() if label == "head"] or [*self.labels]


def fingerprint(path: Path | None) -> str:
    """Return a name for all that decides on the heads that are found; '' if none are looked for.

    Raises:
        Problem: there is no such file.
    """
    return f"{sha256(there(path))[:12]}-{CONTRACT}" if path else ""


def there(path: Path) -> Path:
    """Return where a detector is: here or, in a queued experiment, in its owner's folder."""
    file = located(str(path))
    if not file.is_file():
        raise Problem(
            f"{KEY}: {path} is not there; {TAKE}, or write none / "
            "モデルのファイルがありません。置くか、none と書いてください"
        )
    return file


def load_detector(path: Path) -> Detector:
    """Load a model, to run on one core, beside others.

    Raises:
        Problem: it is not there, is none, or is of another kind.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only
    options.intra_op_num_threads = 1  # a thread a picture is at work already
    try:
        session = onnxruntime.InferenceSession(
            there(path), options, providers=[sessions.PROVIDERS["cpu"]]
        )
    except Problem:
        raise
    except Exception as error:  # onnxruntime raises classes of its own, without a common base
        if sessions.wants_memory(error):
            raise MemoryError from None
        reason = " ".join(str(error).split())[:200]
        raise Problem(
            f"{KEY}: {path} can't be loaded as an ONNX model ({reason}); download it again"
        ) from None
    if misfit := unfit(session):
        raise Problem(f"{KEY}: {path} {printable(misfit)}, unlike YOLO's; {TAKE}")
    notes = session.get_modelmeta().custom_metadata_map
    (entry,) = session.get_inputs()
    return Detector(session, entry.name, size_of(entry.shape, notes), labels_of(notes))


def unfit(session: onnxruntime.InferenceSession) -> str:
    """Return what of a model is not as YOLO's are: a picture in, a list of boxes out; else ''."""
    given, found = session.get_inputs(), session.get_outputs()
    if len(given) != 1 or len(found) != 1:
        return f"has {len(given)} inputs and {len(found)} outputs, not one each"
    if given[0].type != "tensor(float)" or found[0].type != "tensor(float)":
        return f"takes {given[0].type} and gives {found[0].type}, not tensor(float)"
    if len(given[0].shape) != 4 or given[0].shape[1] != 3:
        return f"takes {given[0].shape}, not pictures [1, 3, height, width]"
    if len(found[0].shape) != 3:
        return f"gives {found[0].shape}, not boxes [1, 5, boxes]"
    return ""


def size_of(shape: list[int | str | None], notes: Mapping[str, str]) -> tuple[int, int]:
    """Return width and height of what a model is shown: its input's, or what its notes say.

    >>> size_of([1, 3, "height", "width"], {"imgsz": "[640, 480]"}), size_of([1, 3, 64, 32], {})
    ((480, 640), (32, 64))
    """
    height, width = shape[2:]
    if isinstance(height, int) and isinstance(width, int):
        return width, height
    try:
        height, width = json.loads(notes["imgsz"])
        return int(width), int(height)
    except (KeyError, ValueError, TypeError):
        return SIDE, SIDE


def labels_of(notes: Mapping[str, str]) -> dict[int, str]:
    """Return what a model calls its classes; one it says nothing of finds heads.

    >>> labels_of({"names": "{0: 'head', 1: 'hand'}"}), labels_of({})
    ({0: 'head', 1: 'hand'}, {0: 'head'})
    """
    try:
        return {int(key): str(label) for key, label in ast.literal_eval(notes["names"]).items()}
    except (KeyError, ValueError, SyntaxError, AttributeError):
        return {0: "head"}


def heads_in(detector: Detector, image: Image.Image) -> list[Box]:
    """Return the heads in a picture, the surest first.

    Raises:
        Problem: the model can't look at a picture, or gives something else.
    """
    shown = image.resize(detector.size, Image.Resampling.BICUBIC).convert("RGB")
    pixels = (np.asarray(shown).transpose(2, 0, 1)[None] / 255).astype(np.float32)
    try:
        (output,) = detector.session.run(None, {detector.input: pixels})
    except Exception as error:  # onnxruntime raises classes of its own, without a common base
        if sessions.wants_memory(error):
            raise MemoryError from None
        reason = " ".join(str(error).split())[:200]
        raise Problem(f"{KEY}: the model can't look at a picture: {reason}; {TAKE}") from None
    corners, scores = boxes_of(np.asarray(output)[0], detector)
    scale = np.array([*image.size] * 2) / np.array([*detector.size] * 2)
    found = (corners[distinct(corners, scores)] * scale).clip(0, [*image.size] * 2)
    whole = np.rint(found).astype(int).tolist()
    return [(left, top, right, bottom) for left, top, right, bottom in whole]


def boxes_of(output: Boxes, detector: Detector) -> tuple[Boxes, Boxes]:
    """Return the corners and scores of the boxes that are surely heads.

    Raises:
        Problem: the model gives something else.
    """
    if output.shape[-1] == CORNERS:
        is_head = np.isin(output[:, 5].astype(int), detector.heads)
        sure = output[is_head & (output[:, 4] > SCORE)]
        return sure[:, :4], sure[:, 4]
    if output.shape[0] != 4 + len(detector.labels):
        raise Problem(
            f"{KEY}: the model gives {output.shape[0]} values for a box, not 4 and one for each of "
            f"{len(detector.labels)} classes; {TAKE}"
        )
    scores = output[4:].max(axis=0)
    is_head = np.isin(output[4:].argmax(axis=0), detector.heads)
    sure = output[:, is_head & (scores > SCORE)]
    middle, half = sure[:2].T, sure[2:4].T / 2
    return np.concatenate([middle - half, middle + half], axis=1), sure[4:].max(axis=0)


def distinct(corners: Boxes, scores: Boxes) -> list[int]:
    """Return which boxes are heads of their own, the surest first: what overlaps one is the same.

    A pixel is added to each side, as imgutils does.
    """
    kept: list[int] = []
    areas = (corners[:, 2:] - corners[:, :2] + 1).prod(axis=1)
    for each in np.argsort(-scores, kind="stable").tolist():
        first = np.maximum(corners[kept, :2], corners[each, :2])
        last = np.minimum(corners[kept, 2:], corners[each, 2:])
        both = np.maximum(last - first + 1, 0).prod(axis=1)
        if (both <= OVERLAP * (areas[kept] + areas[each] - both)).all():
            kept.append(each)
    return kept
