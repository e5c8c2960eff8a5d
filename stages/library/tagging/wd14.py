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
from stages.library.common.foreign import printable
from stages.library.tagging import sessions
from stages.library.tagging.families import ONLY, OTHERS, SAYS, as_family
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
    given, scores = session.get_inputs(), session.get_outputs()
    if misfit := unfit(given) or unfit_scores(scores):
        beside = [path.name for path in folder.iterdir()] + [each.name for each in scores]
        raise Problem(
            f"{KEY}: the model in {folder} {printable(misfit)}, unlike WD14's{as_family(beside)}; "
            f"{ONLY}"
        )
    if (folder / OTHERS).is_file():
        raise Problem(f"{KEY}: {folder / OTHERS} {SAYS}; {ONLY} (if it is one, remove that file)")
    (entry,), shape, count = given, given[0].shape, scores[0].shape[-1:]
    if count and isinstance(count[0], int) and count[0] != len(tags):
        raise Problem(unlike(count[0], tags))
    sides = {side for side in shape[1:3] if isinstance(side, int)}
    on_gpu = provider in sessions.ON_GPU
    model = Model(
        session=session,
        input=entry.name,
        size=sides.pop() if sides else 448,
        tags=tags,
        device="cuda" if on_gpu else "cpu",
        batch=1,
        turn=threading.Semaphore(1 if on_gpu else AT_ONCE),
    )
    return with_batch(model) if on_gpu and not isinstance(shape[0], int) else model


def unfit(given: Sequence[onnxruntime.NodeArg]) -> str:
    """Return what of a model's inputs is not WD14's, one square NHWC picture of float32; or ''."""
    if len(given) != 1:
        return f"takes {len(given)} inputs ({', '.join(each.name for each in given)}), not one"
    kind, shape = given[0].type, given[0].shape
    if kind != "tensor(float)":
        return f"takes {kind}, not tensor(float)"
    if len(shape) != 4:
        return f"takes {len(shape)} dimensions ({shown(shape)}), not pictures, which have four"
    batch, height, width, colours = shape
    if colours != 3:
        if height == 3:
            return f"takes the colours first (NCHW: {shown(shape)}), not last (NHWC)"
        return f"takes {shown(shape)}: the last is not 3, for the colours"
    if isinstance(batch, int) and batch != 1:
        return f"takes exactly {batch} pictures at a time, not one"
    if isinstance(height, int) and isinstance(width, int) and height != width:
        return f"takes pictures of {width} x {height} px, not square ones"
    return ""


def unfit_scores(scores: Sequence[onnxruntime.NodeArg]) -> str:
    """Return what of a model's outputs is not WD14's, one list of scores; else ''."""
    if len(scores) != 1:
        return f"gives {len(scores)} results ({', '.join(each.name for each in scores)}), not one"
    if scores[0].type not in ("tensor(float)", "tensor(float16)"):
        return f"gives {scores[0].type}, not scores of tensor(float)"
    return ""


def shown(shape: Sequence[int | str | None]) -> str:
    """Return a shape in short.

    >>> shown(["N", 448, 448, 3])
    'N x 448 x 448 x 3'
    """
    return " x ".join("?" if side is None else str(side) for side in shape)


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
    if not np.isfinite(scores).all():
        raise Problem(
            f"{KEY}: the model gives {scores.min():g} to {scores.max():g}, not probabilities; it "
            "is damaged, or fails on this provider: set tagger.provider: cpu, or download it again"
        )
    if scores.min() < -0.01 or scores.max() > 1.01:
        raise Problem(
            f"{KEY}: the model gives {scores.min():g} to {scores.max():g}, which are logits, not "
            f"probabilities from 0 to 1, unlike WD14's; {ONLY}"
        )
    return scores


def batch_of(model: Model, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Return some `model_input`s as the model takes them, filled up with black."""
    batch = np.zeros((model.batch, model.size, model.size, 3), np.float32)
    for row, picture in zip(batch, pictures, strict=False):
        row[:] = picture
    return batch


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
