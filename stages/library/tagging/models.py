"""A model, loaded: how it is asked, and what it gives."""

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.common.foreign import printable
from stages.library.tagging import encoders, sessions
from stages.library.tagging.contract import Contract, Pixels
from stages.library.tagging.families import TAKE, recognised
from stages.library.tagging.layers import read_layers
from stages.library.tagging.model_files import KEY

AT_ONCE = 2
"""Batches in work at a time: on a CPU they share its cores; for a GPU one is made ready while it
looks at the other."""

FLOATS = ("tensor(float)", "tensor(float16)")
"""Of what a model gives."""

BATCH = 32
"""Pictures in a batch on a GPU with the memory for it: a larger one gains 6 % at most.

It is the same everywhere, not the fastest of a trial, since other sizes round otherwise."""


@dataclass(frozen=True)
class Model:
    """A model, ready to look at pictures."""

    session: onnxruntime.InferenceSession
    input: str
    output: str
    logits: bool  # whether a sigmoid makes probabilities of the output
    shape: tuple[int, int, int]  # of a picture as it takes it
    prepare: Callable[[Image.Image], Pixels]
    tags: list[str]
    tag_list: str  # the file that names them
    device: str  # of its memory, as onnxruntime calls it
    batch: int  # pictures that it looks at together
    turn: threading.Semaphore  # for as many batches as it looks at at the same time
    features: str = ""  # a result or layer that is taken, too: a row of numbers for each picture
    key: str = KEY  # of params.yaml, which names it

    @property
    def size(self) -> int:
        """Pixels of a side of the square that it takes."""
        return self.shape[1]


def load_model(
    folder: Path, provider: str, cores: int | None = None, named: str = "", features: str = ""
) -> Model:
    """Load the model in `folder`, to run on `provider` (a key of `PROVIDERS`), on so many cores.

    `named` is the one that is meant, where there are several; `features` what else is taken of it.

    Raises:
        Problem: the files don't fit each other or a contract.
    """
    files, contract = recognised(folder, named, str(folder))
    path = folder / files.model
    layer = features if features and features not in read_layers(path).outputs else ""
    session = sessions.open_session(path, provider, cores, layer)
    given = session.get_inputs()
    results = [each for each in session.get_outputs() if not layer or each.name != layer]
    misfit = unfit(given, contract.colours_first) or unfit_size(given, contract)
    chosen = output_of(results, contract)
    if misfit or isinstance(chosen, str):
        misfit = printable(misfit or str(chosen))
        raise Problem(f"{KEY}: the model in {folder} {misfit}, unlike {contract.family}'s; {TAKE}")
    (entry,), (result, logits) = given, chosen
    count = result.shape[-1:]
    if count and isinstance(count[0], int) and count[0] != len(contract.tags):
        raise Problem(unlike(count[0], contract.tags, files.tag_list))
    sides = sides_of(entry, contract.colours_first)
    size = sides.pop() if sides else contract.size
    on_gpu = provider in sessions.ON_GPU
    model = Model(
        session=session,
        input=entry.name,
        output=result.name,
        logits=logits,
        shape=(3, size, size) if contract.colours_first else (size, size, 3),
        prepare=partial(prepared, contract.prepare, size),
        tags=contract.tags,
        tag_list=files.tag_list,
        device="cuda" if on_gpu else "cpu",
        batch=1,
        turn=threading.Semaphore(1 if on_gpu else AT_ONCE),
        features=features,
    )
    return batched(model)


def load_encoder(folder: Path, provider: str, cores: int | None = None, named: str = "") -> Model:
    """Load the encoder in `folder` as `load_model` does a tagger; features are all that it gives.

    Raises:
        Problem: the files don't fit each other or a contract.
    """
    files, contract = encoders.recognised(folder, named, str(folder))
    session = sessions.open_session(folder / files.model, provider, cores, key=encoders.KEY)
    given, results = session.get_inputs(), {each.name: each for each in session.get_outputs()}
    chosen = [results[name] for name in contract.results if name in results]
    misfit = unfit(given, colours_first=True) or unfit_size(given, contract)
    if not misfit and not chosen:
        wanted = " or ".join(contract.results)
        misfit = f"gives {len(results)} results ({', '.join(results)}), not {wanted}"
    elif not misfit and chosen[0].type not in FLOATS:
        misfit = f"gives {chosen[0].type}, not features of tensor(float)"
    if misfit:
        raise Problem(
            f"{encoders.KEY}: {folder / files.model} {printable(misfit)}; {encoders.TAKE}"
        )
    on_gpu = provider in sessions.ON_GPU
    model = Model(
        session=session,
        input=given[0].name,
        output=chosen[0].name,
        logits=False,
        shape=(3, contract.size, contract.size),
        prepare=partial(prepared, contract.prepare, contract.size),
        tags=[],
        tag_list="",
        device="cuda" if on_gpu else "cpu",
        batch=1,
        turn=threading.Semaphore(1 if on_gpu else AT_ONCE),
        key=encoders.KEY,
    )
    return batched(model)


def prepared(
    prepare: Callable[[Image.Image, int], Pixels], size: int, picture: Image.Image
) -> Pixels:
    """Return a picture as a model of that input size takes it."""
    return prepare(picture, size)


def unfit(given: Sequence[onnxruntime.NodeArg], colours_first: bool) -> str:
    """Return what of a model's inputs is not one square picture of float32; or ''."""
    if len(given) != 1:
        return f"takes {len(given)} inputs ({', '.join(each.name for each in given)}), not one"
    kind, shape = given[0].type, given[0].shape
    if kind != "tensor(float)":
        return f"takes {kind}, not tensor(float)"
    if len(shape) != 4:
        return f"takes {len(shape)} dimensions ({shown(shape)}), not pictures, which have four"
    batch, sides = shape[0], shape[2:] if colours_first else shape[1:3]
    order = (("NHWC", "last", 3), ("NCHW", "first", 1))
    _, place, at = order[colours_first]
    if shape[at] != 3:
        named, other, elsewhere = order[not colours_first]
        if shape[elsewhere] == 3:
            wanted = f"{place} ({order[colours_first][0]})"
            return f"takes the colours {other} ({named}: {shown(shape)}), not {wanted}"
        return f"takes {shown(shape)}: the {place} is not 3, for the colours"
    if isinstance(batch, int) and batch != 1:
        return f"takes exactly {batch} pictures at a time, not one"
    if isinstance(sides[0], int) and isinstance(sides[1], int) and sides[0] != sides[1]:
        return f"takes pictures of {sides[1]} x {sides[0]} px, not square ones"
    return ""


def sides_of(entry: onnxruntime.NodeArg, colours_first: bool) -> set[int]:
    """Return the sides of the square that a model's input takes; none where it takes any."""
    sides = entry.shape[2:] if colours_first else entry.shape[1:3]
    return {side for side in sides if isinstance(side, int)}


def unfit_size(
    given: Sequence[onnxruntime.NodeArg], contract: Contract | encoders.EncoderContract
) -> str:
    """Return how a model's size differs from what a file beside it says; or ''."""
    if not contract.sized_by:
        return ""
    for side in sides_of(given[0], contract.colours_first) - {contract.size}:
        return f"takes pictures of {side} px, but {contract.sized_by} makes {contract.size}"
    return ""


def output_of(
    results: Sequence[onnxruntime.NodeArg], contract: Contract
) -> tuple[onnxruntime.NodeArg, bool] | str:
    """Return the output with the scores, and whether they are logits; or what is unfit of all."""
    named = {each.name: each for each in results}
    found = named_output(named, contract)
    if not found:
        wanted = " or ".join((*contract.probabilities, *contract.logits)) or "one"
        return f"gives {len(results)} results ({', '.join(named)}), not {wanted}"
    result, logits = named[found[0]], found[1]
    if result.type not in FLOATS:
        return f"gives {result.type}, not scores of tensor(float)"
    return result, logits


def named_output(names: Collection[str], contract: Contract) -> tuple[str, bool] | None:
    """Return which of a model's outputs has the scores, and whether they are logits."""
    for wanted in (contract.probabilities, contract.logits):
        for name in wanted:
            if name in names:
                return name, wanted is contract.logits
    if len(names) == 1 and contract.alone:
        return next(iter(names)), contract.alone == "logits"
    return None


def shown(shape: Sequence[int | str | None]) -> str:
    """Return a shape in short.

    >>> shown(["N", 448, 448, 3])
    'N x 448 x 448 x 3'
    """
    return " x ".join("?" if side is None else str(side) for side in shape)


def batched(model: Model) -> Model:
    """Return a model that looks at several pictures together, where that gains anything."""
    (entry,) = model.session.get_inputs()
    alone = model.device == "cpu" or isinstance(entry.shape[0], int)
    return model if alone else with_batch(model)


def with_batch(model: Model) -> Model:
    """Return a model with as large a batch as its device can do, `BATCH` at most.

    Another program may have taken most of a GPU's memory, and some models fail with many.
    """
    batch, black = BATCH, np.zeros(model.shape, np.uint8)
    while batch > 1:
        try:
            results_of(replace(model, batch=batch), [black])
            break
        except Problem:
            batch //= 2
    return replace(model, batch=batch)


def unlike(scores: int, tags: list[str], tag_list: str) -> str:
    """Return the message for a model and a tag list that don't belong together."""
    return (
        f"{KEY}: the model gives {scores} scores but {tag_list} names {len(tags)} tags; "
        "take both files from the same model"
    )


def probabilities(model: Model, pictures: Sequence[Pixels]) -> NDArray[np.float32]:
    """Return the scores of prepared pictures, one batch at most; shape (pictures, tags), 0 to 1.

    Raises:
        Problem: the model fails, or gives no probability for each of its tags.
        Problem: there is too little memory.
    """
    return as_probabilities(model, results_of(model, pictures)[0])


def results_of(model: Model, pictures: Sequence[Pixels]) -> list[NDArray[np.float32]]:
    """Return what a model gives for prepared pictures, one batch at most: scores, then features.

    What lacks of a batch is filled up with black: a model that always gets as many runs the same
    kernels, so that the scores of a picture don't depend on how many there are beside it.

    Raises:
        Problem: the model fails.
        Problem: there is too little memory.
    """
    try:
        given = run(model, batch_of(model, pictures))
    except Exception as error:  # onnxruntime raises classes of its own, without a common base
        if sessions.wants_memory(error):
            provider = model.session.get_providers()[0]
            raise Problem(sessions.memory_wanted(provider)) from None
        reason = " ".join(str(error).split())[:200]
        raise Problem(f"{model.key}: the model can't look at a picture: {reason}") from None
    return [np.asarray(each[: len(pictures)], np.float32) for each in given]


def as_probabilities(model: Model, output: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the scores that a model gave for some pictures, each 0 to 1.

    Raises:
        Problem: there is not one for each of its tags, or they are none.
    """
    scores = output.reshape(len(output), -1)
    if scores.shape[1] != len(model.tags):
        raise Problem(unlike(scores.shape[1], model.tags, model.tag_list))
    if not np.isfinite(scores).all():
        raise Problem(
            f"{KEY}: the model gives {scores.min():g} to {scores.max():g}, not probabilities; it "
            "is damaged, or fails on this provider: set tagger.provider: cpu, or download it again"
        )
    if model.logits:
        return sigmoid(scores)
    if scores.min() < -0.01 or scores.max() > 1.01:
        raise Problem(
            f"{KEY}: the model gives {scores.min():g} to {scores.max():g}, which are logits, not "
            f"probabilities from 0 to 1, in its output {printable(model.output)}; {TAKE}"
        )
    return scores


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the probabilities that logits stand for.

    >>> sigmoid(np.array([-1000, 0, 1000], np.float32)).round(6).tolist()
    [0.0, 0.5, 1.0]
    """
    limited = np.clip(logits, -88, 88)  # float32 holds no exponential of more
    result: NDArray[np.float32] = np.float32(1) / (np.float32(1) + np.exp(-limited))
    return result


def batch_of(model: Model, pictures: Sequence[Pixels]) -> NDArray[np.float32]:
    """Return some prepared pictures as the model takes them, filled up with black."""
    batch = np.zeros((model.batch, *model.shape), np.float32)
    for row, picture in zip(batch, pictures, strict=False):
        row[:] = picture
    return batch


def run(model: Model, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Return what the model gives for a batch: the scores, and its features if they are taken.

    The batch goes to the device before it is its turn, while the model looks at another.
    """
    value = onnxruntime.OrtValue.ortvalue_from_numpy(batch, model.device, 0)
    binding = model.session.io_binding()
    binding.bind_ortvalue_input(model.input, value)
    for name in (model.output, model.features) if model.features else (model.output,):
        binding.bind_output(name, "cpu")
    with model.turn:
        model.session.run_with_iobinding(binding)
    return [output.numpy() for output in binding.get_outputs()]
