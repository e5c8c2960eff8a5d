"""The contracts of models that make features of a picture, and know no tags.

All take float32 pictures, NCHW, RGB; which, a file beside them says, in one of three ways:

CLIP and SigLIP as optimum exports them: preprocessor_config.json, with the model or above its
folder, as transformers' CLIPImageProcessor and SiglipImageProcessor write it, followed as these
do on a CPU. Out come `image_embeds`, or without the text's half `pooler_output`.
https://github.com/huggingface/transformers/blob/v4.57.1/src/transformers/models/clip/image_processing_clip.py
https://github.com/huggingface/optimum-onnx/blob/main/optimum/exporters/onnx/model_configs.py
(`CLIPOnnxConfig`, `CLIPVisionModelOnnxConfig`)

CLIP and SigLIP as deepghs has them: image_encode.onnx, and the steps of preprocessor.json; out come
`embeddings`. https://github.com/deepghs/imgutils/blob/main/imgutils/generic/clip.py

CCIP, which tells characters apart: model_feat.onnx, and what it takes stands in its program: 384 x
384 without regard to the aspect, bilinear, with CLIP's mean and deviation taken off; `output`.
https://github.com/deepghs/imgutils/blob/main/imgutils/metrics/ccip.py (`_preprocess_image`)
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from stages.library.common.errors import Problem
from stages.library.common.foreign import printable
from stages.library.common.json_files import read_json
from stages.library.tagging.contract import Floats
from stages.library.tagging.preprocess_json import FILTERS, UnfitStepError, followed

KEY = "params.yaml, judge.features"

VISION, CCIP, DEEPGHS, WHOLE = (
    *("vision_model.onnx", "model_feat.onnx", "image_encode.onnx", "model.onnx"),
)
CONFIG, STEPS = "preprocessor_config.json", "preprocessor.json"

FOLDERS = ("", "onnx/")
"""Where a repository of optimum's has the model."""

PROCESSORS = {
    "CLIPImageProcessor": ("bicubic", True),
    "CLIPFeatureExtractor": ("bicubic", True),
    "SiglipImageProcessor": ("bicubic", False),
}
"""By name, with the filter and whether they cut out the middle where the file says neither."""

CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073]
CLIP_DEVIATION = [0.26862954, 0.26130258, 0.27577711]

TAKE = (
    "write tagger, or take one of those in docs/taggers.md / tagger と書くか、"
    "docs/taggers.ja.md にあるモデルを指定してください"
)


@dataclass(frozen=True)
class EncoderContract:
    """How one model is asked, and which of its results are features."""

    family: str
    number: int  # raise it when `prepare` changes: features from before then no longer count
    prepare: Callable[[Image.Image, int], Floats]
    size: int  # pixels of the square that it makes
    sized_by: str  # what says `size`, which then must be the model's own
    results: tuple[str, ...]  # the first that the model has is taken
    colours_first: bool = True  # NCHW, all of them


@dataclass(frozen=True)
class Files:
    """The files of one encoder: of both the path within the folder."""

    folder: Path
    model: str
    config: str  # what says which pictures it takes; '' where its program does

    @property
    def names(self) -> tuple[str, ...]:
        """All of them; the model is the last."""
        return (self.config, self.model) if self.config else (self.model,)


def names_in(folder: Path) -> list[str]:
    """Return the files of a folder and of those in it, by their paths within."""
    found = [*folder.glob("*"), *folder.glob("*/*")]
    return sorted(path.relative_to(folder).as_posix() for path in found if path.is_file())


def needed(names: Collection[str], named: str, place: str) -> list[str]:
    """Return the files among `names` that an encoder needs to be read; the model is the last.

    `named` is the model or its folder, within the one that has the `names`; '' where it isn't told.

    Raises:
        Problem: there is none.
    """
    model = model_in(names, named, place)
    folder, _, file = model.rpartition("/")
    if file == CCIP:
        return [model]
    above = folder.rpartition("/")[0]
    beside = [f"{each}/{CONFIG}".lstrip("/") for each in (folder, above)]
    for config in (f"{folder}/{STEPS}".lstrip("/"), *beside):
        if config in names:
            return [config, model]
    raise Problem(
        f"{KEY}: {place} lacks {CONFIG} with {printable(model)}, which says what pictures it "
        f"takes; {TAKE}"
    )


def model_in(names: Collection[str], named: str, place: str) -> str:
    """Return the image encoder that is meant among some files.

    Raises:
        Problem: there is none, or several.
    """
    if named.endswith(".onnx"):
        if named in names:
            return named
        raise Problem(f"{KEY}: {place} lacks {printable(named)}; {TAKE}")
    top = f"{named}/" if named else ""
    for file in (VISION, DEEPGHS, CCIP, WHOLE):
        for folder in FOLDERS:
            if f"{top}{folder}{file}" in names:
                return f"{top}{folder}{file}"
    of_this_kind = (VISION, DEEPGHS, CCIP)
    others = [name for name in names if name.rpartition("/")[2] in of_this_kind]
    if inside := sorted(name for name in others if name.startswith(top)):
        shown = printable(", ".join(name.rpartition("/")[0] for name in inside)[:300])
        raise Problem(
            f"{KEY}: {place} holds several encoders ({shown}); write one's folder after a / behind "
            "it / モデルがいくつもあります。使うもののフォルダー名まで書いてください"
        )
    raise Problem(f"{KEY}: {place} lacks {VISION}, {CCIP} or {DEEPGHS}; {TAKE}")


def recognised(folder: Path, named: str, place: str) -> tuple[Files, EncoderContract]:
    """Return the files of the encoder in a folder, and the contract that they tell.

    Raises:
        Problem: it is none, or a file isn't as it should be.
    """
    *config, model = needed(names_in(folder), named, place)
    files = Files(folder, model, "".join(config))
    if not config:
        steps = [
            {"type": "resize", "size": [384, 384], "interpolation": "bilinear"},
            {"type": "to_tensor"},
            {"type": "normalize", "mean": CLIP_MEAN, "std": CLIP_DEVIATION},
        ]
        prepare, size = followed(steps)
        return files, EncoderContract("CCIP", 1, prepare, size, "its program", ("output",))
    path = folder / files.config
    facts = facts_in(path)
    results: tuple[str, ...]
    try:
        if path.name == STEPS:
            prepare, size = followed(facts["stages"])
            family, results = "CLIP of deepghs", ("embeddings",)
        else:
            prepare, size = followed(steps_of(facts))
            family, results = "CLIP", ("image_embeds", "pooler_output")
        return files, EncoderContract(family, 1, prepare, size, path.name, results)
    except (UnfitStepError, KeyError, TypeError, ValueError, AttributeError) as error:
        why = str(error) if isinstance(error, UnfitStepError) else f"can't be followed ({error!r})"
        raise Problem(f"{KEY}: {path} {printable(why)}; {TAKE}") from None


def facts_in(path: Path) -> dict[str, Any]:
    """Return what a model's file of JSON says, by keys.

    Raises:
        Problem: it says nothing so, or the machine can't read it.
    """
    try:
        facts = read_json(path)
    except Problem:
        raise
    except ValueError:
        facts = None
    if not isinstance(facts, dict):
        raise Problem(f"{KEY}: {path} holds no JSON with keys; download it again")
    return facts


def steps_of(config: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the steps that a preprocessor_config.json stands for.

    Raises:
        UnfitStepError: they are not known.
        KeyError, TypeError, ValueError, AttributeError: it is none.
    """
    named = config.get("image_processor_type") or config.get("feature_extractor_type") or ""
    processor = str(named).removesuffix("Fast")
    if processor not in PROCESSORS:
        known = "CLIPImageProcessor or SiglipImageProcessor"
        raise UnfitStepError(f"is of {str(named)[:80] or 'no processor'}, not of {known}")
    for switch in ("do_resize", "do_rescale", "do_normalize"):
        if not config.get(switch, True):
            raise UnfitStepError(f"leaves out a step ({switch}: false)")
    if abs(float(config.get("rescale_factor", 1 / 255)) * 255 - 1) > 1e-6:
        raise UnfitStepError(f"brings colours to other numbers ({config['rescale_factor']})")
    usual, cuts = PROCESSORS[processor]
    mean, deviation = (CLIP_MEAN, CLIP_DEVIATION) if cuts else ([0.5] * 3, [0.5] * 3)
    filters = {int(each): name for name, each in FILTERS.items()}
    resample = config.get("resample")
    size = sides(config.get("size", 224), shorter=cuts)
    resize = {
        "type": "resize",
        "size": size,
        "interpolation": usual if resample is None else filters[int(resample)],
    }
    crop = {"type": "center_crop", "size": sides(config.get("crop_size", 224))}
    steps = [resize]
    if cuts and config.get("do_center_crop", True):
        if max(crop["size"]) > min(size if isinstance(size, list) else [size]):
            raise UnfitStepError("cuts out more than there is (crop_size is larger than size)")
        steps.append(crop)
    mean, deviation = config.get("image_mean", mean), config.get("image_std", deviation)
    normalize = {"type": "normalize", "mean": mean, "std": deviation}
    return [*steps, {"type": "to_tensor"}, normalize]


def sides(given: Any, shorter: bool = False) -> Any:
    """Return the sides of `size` or `crop_size` as a step has them; one alone is of a square.

    >>> sides({"shortest_edge": 224}), sides(224, shorter=True), sides(224)
    (224, 224, [224, 224])
    >>> sides({"height": 384, "width": 384})
    [384, 384]
    """
    if isinstance(given, dict):
        if "shortest_edge" in given:
            return given["shortest_edge"]
        return [given["height"], given["width"]]
    return given if shorter else [given, given]
