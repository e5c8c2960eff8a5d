"""WD14 taggers: a folder with model.onnx and selected_tags.csv.

The contract is the model author's own: float32 pictures of the model's input size, BGR, 0-255,
alpha and padding white, padded to a centred square before a bicubic resize; out come
probabilities, one a row of selected_tags.csv.
"""

import csv
import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import huggingface_hub
import huggingface_hub.errors
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.common.outputs import sha256

BUILTIN = Path(__file__).parents[3] / "data" / "tagger" / "builtin"
FILES = ("model.onnx", "selected_tags.csv")

KEY = "params.yaml, tagger.model"

ANSWER_SECONDS = 10

CONTRACT = 1
"""Raise it when `model_input` changes: scores kept from before then no longer count."""

Provider = str | tuple[str, dict[str, str]]

PROVIDERS: dict[str, Provider] = {
    "cpu": "CPUExecutionProvider",
    # TF32 would round to 10 bits
    "cuda": ("CUDAExecutionProvider", {"use_tf32": "0"}),
    "coreml": "CoreMLExecutionProvider",
    "openvino": (
        "OpenVINOExecutionProvider",
        {"device_type": "CPU", "load_config": '{"CPU": {"INFERENCE_PRECISION_HINT": "bf16"}}'},
    ),
    "openvino-float32": (
        "OpenVINOExecutionProvider",
        {"device_type": "CPU", "load_config": '{"CPU": {"INFERENCE_PRECISION_HINT": "f32"}}'},
    ),
}

AUTO = ("cuda", "openvino-float32", "cpu")
"""What `auto` tries, in order: only what computes in float32."""

AGREEMENT = 0.005
"""The largest difference from the CPU's scores, on noise, with which `auto` takes another provider.

Half of what it may be on a drawing: there it was up to 1.4 times that on noise (benchmarks)."""


@dataclass(frozen=True)
class Tagger:
    """A model, ready to look at pictures."""

    session: onnxruntime.InferenceSession
    input: str
    size: int  # pixels, of the model's square input
    channels_first: bool
    tags: list[str]


def tagger_folder(model: str, revision: str) -> Path:
    """Return the folder of a tagger: `builtin`, a local folder, or a hub repository (fetched).

    Raises:
        Problem: there is no such folder, repository or revision, or a file is missing.
        Problem: the hub doesn't give the files and they aren't here from an earlier run.
    """
    if model == "builtin":
        return BUILTIN
    folder = Path(model).expanduser()
    if not folder.is_dir():
        return fetched(model, revision)
    for name in FILES:
        if not (folder / name).is_file():
            raise Problem(
                f"{KEY}: the folder {model!r} lacks {name}; a WD14 tagger has {' and '.join(FILES)}"
            )
    return folder


def fetched(model: str, revision: str) -> Path:
    """Return the folder of a hub repository's files at `revision`, downloading what isn't here.

    The hub is asked once, with a short patience, before anything else: left to itself the library
    tries for six minutes. If it doesn't answer, what an earlier run downloaded serves.
    """
    huggingface_hub.logging.set_verbosity(logging.ERROR)  # `hub_error` tells what matters
    # plain HTTP gives up after a minute without a byte, the hub's own protocol not in ten
    huggingface_hub.constants.HF_HUB_DISABLE_XET = True
    problem: Exception | None = None
    try:
        url = huggingface_hub.hf_hub_url(model, FILES[0], revision=revision)
        huggingface_hub.get_hf_file_metadata(url, timeout=ANSWER_SECONDS)
    except Exception as error:  # classes of several libraries below, without a common base
        problem = error
    try:
        for name in FILES:
            path = huggingface_hub.hf_hub_download(
                model, name, revision=revision, local_files_only=problem is not None
            )
        return Path(path).parent
    except Exception as error:
        raise hub_error(model, revision, problem or error) from None


def hub_error(model: str, revision: str, error: Exception) -> Problem:
    """Return the error to show for one that the hub's library raised."""
    errors, place = huggingface_hub.errors, f"{KEY}: {model!r}"
    status = error.response.status_code if isinstance(error, errors.HfHubHTTPError) else 0
    if isinstance(error, errors.HFValidationError):
        return Problem(f"{place} is neither builtin, nor a folder, nor OWNER/MODEL")
    if isinstance(error, errors.RevisionNotFoundError):
        return Problem(
            f"params.yaml, tagger.revision: {model} has no revision {revision!r}; "
            "see 'Files and versions' on its page"
        )
    if isinstance(error, errors.RemoteEntryNotFoundError):
        return Problem(f"{place} lacks {' or '.join(FILES)}; it is no WD14 tagger")
    if isinstance(error, errors.GatedRepoError) or status == 403:
        return Problem(
            f"{place} is not open to everybody; accept its terms on its page and set HF_TOKEN"
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return Problem(f"{place} is no folder here and no model on the hub; check its spelling")
    if status == 401:
        return Problem(f"{place} can't be downloaded: the hub doesn't accept your HF_TOKEN")
    reason = next((line for line in str(error).splitlines() if line.strip()), repr(error))
    return Problem(
        f"{place} is no folder here and can't be downloaded: {reason.strip()}; try again when the "
        "hub can be reached, what was scored is kept / ネットにつないでもう一度実行してください"
    )


def origin(model: str, folder: Path) -> str:
    """Return what to record of where a tagger is from, for a repository with its commit.

    >>> origin("owner/model", Path("hub/models--owner--model/snapshots/3fa9c1d2"))
    'owner/model@3fa9c1d2'
    """
    return f"{model}@{folder.name}" if folder.parent.name == "snapshots" else folder.resolve().name


def read_tag_list(path: Path) -> tuple[list[str], list[int]]:
    """Return the tags of a selected_tags.csv and their categories, in the model's order.

    Raises:
        Problem: the file is not such a list.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        return [row["name"] for row in rows], [int(row["category"]) for row in rows]
    except (KeyError, TypeError, ValueError, csv.Error):
        raise Problem(
            f"{KEY}: {path} is no tag list with the columns name and category; take it, like "
            "model.onnx, from the model's page"
        ) from None


def available(provider: str) -> bool:
    """Return whether the installed onnxruntime can run on `provider`.

    It lists what it was built for, but runs on the CPU, with no error, where that doesn't start
    (CUDA's libraries missing): only a session tells.
    """
    chosen = PROVIDERS[provider]
    name = chosen if isinstance(chosen, str) else chosen[0]
    if provider == "cpu" or name not in onnxruntime.get_available_providers():
        return provider == "cpu"
    try:
        return name in open_session(BUILTIN / FILES[0], provider).get_providers()
    except ValueError:
        return False


def choose_provider(wanted: str, folder: Path) -> str:
    """Return the provider to use for `wanted`; one that isn't there gives way to the CPU.

    `auto` takes the first of `AUTO` that is there and whose scores agree with the CPU's.
    """
    if wanted == "auto":
        return next(name for name in AUTO if available(name) and agrees(folder, name))
    if available(wanted):
        return wanted
    print(
        f"score: warning: {wanted} isn't available here (onnxruntime {onnxruntime.__version__}); "
        "using the CPU",
        file=sys.stderr,
    )
    return "cpu"


def agrees(folder: Path, provider: str) -> bool:
    """Return whether no score on `provider` differs from the CPU's by more than `AGREEMENT`."""
    if provider == "cpu":
        return True
    try:
        tagger, reference = load_tagger(folder, provider), load_tagger(folder, "cpu")
        size = (tagger.size, tagger.size, 3)
        picture = np.random.default_rng(0).uniform(0, 255, size).astype(np.float32)
        difference = probabilities(tagger, picture) - probabilities(reference, picture)
    except ValueError:
        return False  # if the model itself is at fault, the CPU will tell
    return float(np.abs(difference).max()) <= AGREEMENT


def fingerprint(folder: Path, provider: str) -> str:
    """Return a name for all that decides on a picture's scores: model, tag list, provider."""
    digests = " ".join(sha256(folder / name)[:16] for name in FILES)
    return f"{digests} {provider} contract {CONTRACT}"


def open_session(model: Path, provider: str) -> onnxruntime.InferenceSession:
    """Return a session of a model file on `provider` (a key of `PROVIDERS`).

    Raises:
        Problem: it is no ONNX model, or fails to start on `provider`.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only
    # two pictures at a time share the cores: see `score`
    options.intra_op_num_threads = max(1, (os.cpu_count() or 1) // 2)
    try:
        return onnxruntime.InferenceSession(model, options, providers=[PROVIDERS[provider]])
    except Exception as error:  # onnxruntime raises classes of its own, without a common base
        reason = " ".join(str(error).split())[:200]
        repository = model.parent.parent.parent
        cached = repository if model.parent.parent.name == "snapshots" else model
        remedy = "set provider: cpu" if provider != "cpu" else f"delete {cached} and download again"
        raise Problem(
            f"{KEY}: {model} can't be loaded as an ONNX model ({reason}); {remedy}"
        ) from None


def load_tagger(folder: Path, provider: str) -> Tagger:
    """Load the model in `folder`, to run on `provider` (a key of `PROVIDERS`).

    Raises:
        Problem: the files don't fit each other or the contract.
    """
    tags, _ = read_tag_list(folder / FILES[1])
    session = open_session(folder / FILES[0], provider)
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
    return Tagger(session, entry.name, sides.pop() if sides else 448, channels_first, tags)


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


def probabilities(tagger: Tagger, picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the scores of one `model_input`, shape (tags,), 0 to 1.

    One picture at a time: on a CPU a batch gains nothing, and the scores of a picture then never
    depend on its neighbours.

    Raises:
        Problem: the model fails, or gives no probability for each of its tags.
    """
    batch = picture.transpose(2, 0, 1)[np.newaxis] if tagger.channels_first else picture[np.newaxis]
    try:
        (output,) = tagger.session.run(None, {tagger.input: np.ascontiguousarray(batch)})
    except Exception as error:  # onnxruntime raises classes of its own, without a common base
        reason = " ".join(str(error).split())[:200]
        raise Problem(f"{KEY}: the model can't look at a picture: {reason}") from None
    scores: NDArray[np.float32] = np.asarray(output, dtype=np.float32).reshape(-1)
    if scores.shape != (len(tagger.tags),):
        raise Problem(unlike(scores.size, tagger.tags))
    if not (scores.min() > -0.01 and scores.max() < 1.01):  # false for NaN, too
        raise Problem(
            f"{KEY}: the model gives {scores.min():g} to {scores.max():g}, not probabilities; "
            "it is no WD14 tagger, or fails on this provider"
        )
    return scores
