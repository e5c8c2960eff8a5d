"""The contract of WD14 taggers, as the model author's own programs have it.

float32 pictures of the model's input size, BGR, 0-255, alpha and padding white, padded to a
centred square before a bicubic resize; out come probabilities, one a row of selected_tags.csv.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.tagging import sessions
from stages.library.tagging.model_files import KEY, MODEL, TAG_LIST, read_tag_list

CONTRACT = 1
"""Raise it when `model_input` changes: scores kept from before then no longer count."""


@dataclass(frozen=True)
class Model:
    """A model, ready to look at pictures."""

    session: onnxruntime.InferenceSession
    input: str
    size: int  # pixels, of the model's square input
    channels_first: bool
    tags: list[str]


def load_model(folder: Path, provider: str) -> Model:
    """Load the model in `folder`, to run on `provider` (a key of `PROVIDERS`).

    Raises:
        Problem: the files don't fit each other or the contract.
    """
    tags, _ = read_tag_list(folder / TAG_LIST)
    session = sessions.open_session(folder / MODEL, provider)
    entry, shape = session.get_inputs()[0], session.get_inputs()[0].shape
    channels_first = len(shape) == 4 and shape[1] == 3
    sides = {
        side for side in (shape[2:] if channels_first else shape[1:3]) if isinstance(side, int)
    }
    if (
        len(session.get_inputs()) != 1
        or len(session.get_outputs()) != 1
        or entry.type != "tensor(float)"
        or len(shape) != 4
        or 3 not in (shape[1], shape[3])
        or (isinstance(shape[0], int) and shape[0] != 1)
        or len(sides) > 1
    ):
        raise Problem(
            f"{KEY}: the model in {folder} takes {entry.type} {shape}, not one square colour "
            "picture of float32; it is no WD14 tagger"
        )
    outputs = session.get_outputs()[0].shape[-1:]
    if outputs and isinstance(outputs[0], int) and outputs[0] != len(tags):
        raise Problem(unlike(outputs[0], tags))
    return Model(session, entry.name, sides.pop() if sides else 448, channels_first, tags)


def unlike(scores: int, tags: list[str]) -> str:
    """Return the message for a model and a tag list that don't belong together."""
    return (
        f"{KEY}: the model gives {scores} scores but selected_tags.csv names {len(tags)} tags; "
        "take both files from the same model"
    )


def model_input(picture: Image.Image, size: int) -> NDArray[np.float32]:
    """Return a picture as the model wants it: shape (size, size, 3), BGR, 0-255.

    Source: the model author's own `wd-tagger` space and `WD14` scripts.
    """
    rgba = picture.convert("RGBA")
    side = max(rgba.size)
    square = Image.new("RGB", (side, side), "white")
    square.paste(rgba, ((side - rgba.width) // 2, (side - rgba.height) // 2), rgba)
    resized = square.resize((size, size), Image.Resampling.BICUBIC) if side != size else square
    return np.asarray(resized, dtype=np.float32)[:, :, ::-1]


def probabilities(model: Model, picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the scores of one `model_input`, shape (tags,), 0 to 1.

    One picture at a time: on a CPU a batch gains nothing, and the scores of a picture then never
    depend on its neighbours.

    Raises:
        Problem: the model fails, or gives no probability for each of its tags.
    """
    batch = picture.transpose(2, 0, 1)[np.newaxis] if model.channels_first else picture[np.newaxis]
    try:
        (output,) = model.session.run(None, {model.input: np.ascontiguousarray(batch)})
    except Exception as error:  # onnxruntime raises classes of its own, without a common base
        reason = " ".join(str(error).split())[:200]
        raise Problem(f"{KEY}: the model can't look at a picture: {reason}") from None
    scores: NDArray[np.float32] = np.asarray(output, dtype=np.float32).reshape(-1)
    if scores.shape != (len(model.tags),):
        raise Problem(unlike(scores.size, model.tags))
    if not (scores.min() > -0.01 and scores.max() < 1.01):  # false for NaN, too
        raise Problem(
            f"{KEY}: the model gives {scores.min():g} to {scores.max():g}, not probabilities; "
            "it is no WD14 tagger, or fails on this provider"
        )
    return scores
