"""The contract of WD14 taggers, as the model author's own programs have it.

float32 pictures of the model's input size, BGR, 0-255, alpha and padding white, padded to a
centred square before a bicubic resize; out come probabilities, one a row of selected_tags.csv.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
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

AT_ONCE = 2
"""Batches in work at a time: on a CPU they share its cores; for a GPU one is made ready while it
looks at the other."""

BATCH = 32
"""Pictures in a batch on a GPU with the memory for it: a larger one gains 6 % at most.

It is the same everywhere, not the fastest of a trial, since other sizes round otherwise."""


@dataclass(frozen=True)
class Model:
    """A model, ready to look at pictures."""

    session: onnxruntime.InferenceSession
    input: str
    size: int  # pixels, of the model's square input
    channels_first: bool
    tags: list[str]
    device: str  # of its memory, as onnxruntime calls it
    batch: int  # pictures that it looks at together
    turn: threading.Semaphore  # for as many batches as it looks at at the same time


def load_model(folder: Path, provider: str, cores: int | None = None) -> Model:
    """Load the model in `folder`, to run on `provider` (a key of `PROVIDERS`), on so many cores.

    Raises:
        Problem: the files don't fit each other or the contract.
    """
    tags, _ = read_tag_list(folder / TAG_LIST)
    session = sessions.open_session(folder / MODEL, provider, cores)
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
    on_gpu = provider in sessions.ON_GPU
    model = Model(
        session=session,
        input=entry.name,
        size=sides.pop() if sides else 448,
        channels_first=channels_first,
        tags=tags,
        device="cuda" if on_gpu else "cpu",
        batch=1,
        turn=threading.Semaphore(1 if on_gpu else AT_ONCE),
    )
    return with_batch(model) if on_gpu and not isinstance(shape[0], int) else model


def with_batch(model: Model) -> Model:
    """Return a model with as large a batch as its device can do, `BATCH` at most.

    Another program may have taken most of a GPU's memory, and some models fail with many.
    """
    batch, black = BATCH, np.zeros((model.size, model.size, 3), np.uint8)
    while batch > 1:
        try:
            probabilities(replace(model, batch=batch), [black])
            break
        except Problem:
            batch //= 2
    return replace(model, batch=batch)


def unlike(scores: int, tags: list[str]) -> str:
    """Return the message for a model and a tag list that don't belong together."""
    return (
        f"{KEY}: the model gives {scores} scores but selected_tags.csv names {len(tags)} tags; "
        "take both files from the same model"
    )


def model_input(picture: Image.Image, size: int) -> NDArray[np.uint8]:
    """Return a picture as the model wants it: shape (size, size, 3), BGR, 0-255.

    Source: the model author's own `wd-tagger` space and `WD14` scripts.
    """
    side = max(picture.size)
    corner = ((side - picture.width) // 2, (side - picture.height) // 2)
    square = Image.new("RGB", (side, side), "white")
    if picture.mode == "RGB":
        square.paste(picture, corner)
    else:
        rgba = picture.convert("RGBA")
        square.paste(rgba, corner, rgba)
    resized = square.resize((size, size), Image.Resampling.BICUBIC) if side != size else square
    return np.ascontiguousarray(np.asarray(resized)[:, :, ::-1])


def probabilities(model: Model, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Return the scores of some `model_input`s, one batch at most; shape (pictures, tags), 0 to 1.

    What lacks of a batch is filled up with black: a model that always gets as many runs the same
    kernels, so that the scores of a picture don't depend on how many there are beside it.

    Raises:
        Problem: the model fails, or gives no probability for each of its tags.
        Problem: there is too little memory.
    """
    try:
        output = run(model, batch_of(model, pictures))[: len(pictures)]
    except Exception as error:  # onnxruntime raises classes of its own, without a common base
        if sessions.wants_memory(error):
            provider = model.session.get_providers()[0]
            raise Problem(sessions.memory_wanted(provider)) from None
        reason = " ".join(str(error).split())[:200]
        raise Problem(f"{KEY}: the model can't look at a picture: {reason}") from None
    scores: NDArray[np.float32] = np.asarray(output, np.float32).reshape(len(pictures), -1)
    if scores.shape[1] != len(model.tags):
        raise Problem(unlike(scores.shape[1], model.tags))
    if not (scores.min() > -0.01 and scores.max() < 1.01):  # false for NaN, too
        raise Problem(
            f"{KEY}: the model gives {scores.min():g} to {scores.max():g}, not probabilities; "
            "it is no WD14 tagger, or fails on this provider"
        )
    return scores


def batch_of(model: Model, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Return some `model_input`s as the model takes them, filled up with black."""
    batch = np.zeros((model.batch, model.size, model.size, 3), np.float32)
    for row, picture in zip(batch, pictures, strict=False):
        row[:] = picture
    return np.ascontiguousarray(batch.transpose(0, 3, 1, 2)) if model.channels_first else batch


def run(model: Model, batch: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what the model gives for a batch.

    The batch goes to the device before it is its turn, while the model looks at another.
    """
    value = onnxruntime.OrtValue.ortvalue_from_numpy(batch, model.device, 0)
    binding = model.session.io_binding()
    binding.bind_ortvalue_input(model.input, value)
    binding.bind_output(model.session.get_outputs()[0].name, "cpu")
    with model.turn:
        model.session.run_with_iobinding(binding)
    output: NDArray[np.float32] = binding.get_outputs()[0].numpy()
    return output
