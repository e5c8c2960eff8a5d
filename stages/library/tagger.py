"""WD14 taggers: a folder with model.onnx and selected_tags.csv.

The contract is the model author's own: float32 pictures of the model's input size, BGR, 0-255,
alpha and padding white, padded to a centred square before a bicubic resize; out come
probabilities, one a row of selected_tags.csv.
"""

import csv
import sys
from dataclasses import dataclass
from pathlib import Path

import huggingface_hub
import huggingface_hub.errors
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from stages.library.outputs import sha256

BUILTIN = Path(__file__).parents[2] / "data" / "tagger" / "builtin"
FILES = ("model.onnx", "selected_tags.csv")

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

AGREEMENT = 0.01
"""The largest difference from the CPU's scores with which `auto` takes another provider."""


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
        ValueError: there is no such folder, repository or revision, or a file is missing.
        RuntimeError: the hub can't be reached and the files aren't here from an earlier run.
    """
    if model == "builtin":
        return BUILTIN
    folder = Path(model).expanduser()
    if folder.is_dir():
        for name in FILES:
            if not (folder / name).is_file():
                raise ValueError(
                    f"params.yaml, tagger.model: the folder {model!r} lacks {name}; "
                    f"a WD14 tagger has {' and '.join(FILES)}"
                )
        return folder
    place = f"params.yaml, tagger.model: {model!r}"
    try:
        for name in FILES:
            path = huggingface_hub.hf_hub_download(model, name, revision=revision)
        return Path(path).parent
    except huggingface_hub.errors.HFValidationError:
        raise ValueError(f"{place} is neither builtin, nor a folder, nor OWNER/MODEL") from None
    except huggingface_hub.errors.RevisionNotFoundError:
        raise ValueError(
            f"params.yaml, tagger.revision: {model} has no revision {revision!r}; "
            "see 'Files and versions' on its page"
        ) from None
    except huggingface_hub.errors.RepositoryNotFoundError:
        raise ValueError(f"{place} is no folder here and no model on the hub") from None
    except huggingface_hub.errors.LocalEntryNotFoundError:
        raise RuntimeError(f"{place} can't be downloaded: {NO_HUB}") from None
    except huggingface_hub.errors.EntryNotFoundError:
        raise ValueError(f"{place} has no {name}: not a WD14 tagger") from None
    except (huggingface_hub.errors.HfHubHTTPError, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise RuntimeError(f"{place} can't be downloaded: {NO_HUB} ({reason})") from None


NO_HUB = (
    "no answer from the hub; try again when you are online, what was downloaded and scored is kept"
    " / ネットにつないでもう一度実行してください"
)


def read_tag_list(path: Path) -> tuple[list[str], list[int]]:
    """Return the tags of a selected_tags.csv and their categories, in the model's order.

    Raises:
        ValueError: the file is not such a list.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return [row["name"] for row in rows], [int(row["category"]) for row in rows]
    except (KeyError, TypeError, ValueError, csv.Error):
        raise ValueError(f"{path}: is no tag list with the columns name and category") from None


def available(provider: str) -> bool:
    """Return whether the installed onnxruntime can run on `provider`."""
    chosen = PROVIDERS[provider]
    name = chosen if isinstance(chosen, str) else chosen[0]
    return name in onnxruntime.get_available_providers()


def choose_provider(wanted: str, folder: Path) -> str:
    """Return the provider to use for `wanted`; one that isn't there gives way to the CPU.

    `auto` takes the first of `AUTO` that is there and whose scores agree with the CPU's.
    """
    if wanted == "auto":
        return next(name for name in AUTO if available(name) and agrees(folder, name))
    if available(wanted):
        return wanted
    print(
        f"score: warning: {wanted} isn't available in the installed onnxruntime; using the CPU",
        file=sys.stderr,
    )
    return "cpu"


def agrees(folder: Path, provider: str) -> bool:
    """Return whether no score on `provider` differs from the CPU's by more than `AGREEMENT`."""
    if provider == "cpu":
        return True
    tagger, reference = load_tagger(folder, provider), load_tagger(folder, "cpu")
    size = (tagger.size, tagger.size, 3)
    picture = np.random.default_rng(0).uniform(0, 255, size).astype(np.float32)
    difference = probabilities(tagger, picture) - probabilities(reference, picture)
    return float(np.abs(difference).max()) <= AGREEMENT


def fingerprint(folder: Path, provider: str) -> str:
    """Return a name for all that decides on a picture's scores: model, tag list, provider."""
    digests = " ".join(sha256(folder / name)[:16] for name in FILES)
    return f"{digests} {provider} contract {CONTRACT}"


def load_tagger(folder: Path, provider: str) -> Tagger:
    """Load the model in `folder`, to run on `provider` (a key of `PROVIDERS`).

    Raises:
        ValueError: the files don't fit each other or the contract.
    """
    model, tag_list = folder / FILES[0], folder / FILES[1]
    tags, _ = read_tag_list(tag_list)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only
    options.intra_op_num_threads = 1  # the cores work on a picture each: see `score`
    try:
        session = onnxruntime.InferenceSession(model, options, providers=[PROVIDERS[provider]])
    except Exception as error:  # onnxruntime raises classes of its own, without a common base
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            f"{model}: can't be loaded as an ONNX model: {reason}; download it again"
        ) from None
    (entry, *others), shape = session.get_inputs(), session.get_inputs()[0].shape
    if others or len(shape) != 4 or 3 not in (shape[1], shape[3]):
        raise ValueError(f"{model}: takes {shape}, not one colour picture; it is no WD14 tagger")
    channels_first = shape[1] == 3
    size = shape[2] if isinstance(shape[2], int) else 448
    outputs = session.get_outputs()[0].shape[-1]
    if isinstance(outputs, int) and outputs != len(tags):
        raise ValueError(
            f"{folder}: the model gives {outputs} scores but selected_tags.csv names "
            f"{len(tags)} tags; take both files from the same model"
        )
    return Tagger(session, entry.name, size, channels_first, tags)


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
        ValueError: the model gives another number of scores than it has tags.
    """
    batch = picture.transpose(2, 0, 1)[np.newaxis] if tagger.channels_first else picture[np.newaxis]
    (output,) = tagger.session.run(None, {tagger.input: np.ascontiguousarray(batch)})
    scores: NDArray[np.float32] = np.asarray(output, dtype=np.float32).reshape(-1)
    if scores.shape != (len(tagger.tags),):
        raise ValueError(
            f"the model gives {scores.size} scores but selected_tags.csv names "
            f"{len(tagger.tags)} tags; take both files from the same model"
        )
    return scores
