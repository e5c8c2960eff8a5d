"""Which of onnxruntime's providers a tagger runs on: one that is there, and computes the same."""

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime
from PIL import Image

from stages.library.tagging import sessions
from stages.library.tagging.contract import Floats, Pixels
from stages.library.tagging.model_files import BUILTIN, MODEL
from stages.library.tagging.models import Model, load_model, probabilities, results_of
from stages.library.tagging.rows import as_rows

AUTO = ("cuda", "openvino-float32", "cpu")
"""What `auto` tries, in order: only what computes in float32."""


class Load(Protocol):
    """What loads a model: `load_model`, or another of its kind."""

    def __call__(self, folder: Path, provider: str, /, *, named: str) -> Model: ...


AGREEMENT = 0.005
"""The largest difference from the CPU's scores, on noise, with which `auto` takes another provider.

Half of what it may be on a drawing: there it was up to 1.4 times that on noise (benchmarks)."""


def available(provider: str) -> bool:
    """Return whether the installed onnxruntime can run on `provider`.

    It lists what it was built for, but runs on the CPU, with no error, where that doesn't start
    (CUDA's libraries missing): only a session tells.
    """
    chosen = sessions.PROVIDERS[provider]
    name = chosen if isinstance(chosen, str) else chosen[0]
    if provider == "cpu" or name not in onnxruntime.get_available_providers():
        return provider == "cpu"
    if provider == "cuda":
        with redirect_stdout(sys.stderr):  # what it says of libraries that it doesn't find
            onnxruntime.preload_dlls()  # those that came by pip are on no path
    try:
        return name in sessions.open_session(BUILTIN / MODEL, provider).get_providers()
    except ValueError:
        return False


def choose_provider(wanted: str, folder: Path, named: str = "", load: Load = load_model) -> str:
    """Return the provider to use for `wanted`; one that isn't there gives way to the CPU.

    `load` loads what is in the folder.

    `auto` takes the first of `AUTO` that is there and whose scores agree with the CPU's.
    """
    if wanted == "auto":
        return next(name for name in AUTO if available(name) and agrees(folder, name, named, load))
    if available(wanted):
        return wanted
    print(
        f"score: warning: {wanted} isn't available here (onnxruntime {onnxruntime.__version__}); "
        "using the CPU",
        file=sys.stderr,
    )
    return "cpu"


def agrees(folder: Path, provider: str, named: str = "", load: Load = load_model) -> bool:
    """Return whether no score on `provider` differs from the CPU's by more than `AGREEMENT`.

    Of a model without tags those are features, in rows of length 1.
    """
    if provider == "cpu":
        return True
    try:
        model, reference = (load(folder, each, named=named) for each in (provider, "cpu"))
        noise = np.random.default_rng(0).integers(0, 256, (model.size, model.size, 3), np.uint8)
        picture = model.prepare(Image.fromarray(noise))
        difference = answers(model, picture) - answers(reference, picture)
    except ValueError:
        return False  # if the model itself is at fault, the CPU will tell
    return float(np.abs(difference).max()) <= AGREEMENT


def answers(model: Model, picture: Pixels) -> Floats:
    """Return what a model says of a picture, in numbers of about 1 at most."""
    if model.tags:
        scores: Floats = probabilities(model, [picture])[0]
        return scores
    return as_rows(results_of(model, [picture])[0], 1, model.key)[0]
