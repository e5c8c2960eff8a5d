"""The contracts of Camais03's camie-tagger, v2 and v1, with a metadata.json or as deepghs has it.

float32 pictures of 512 x 512, NCHW, RGB, alpha white: resized as a whole (Lanczos, sides cut to
whole pixels), in the middle of a ground. v2: the ground is ImageNet's mean colour, and its mean and
deviation are taken off; v1: it is black, and numbers stay from 0 to 1. Of the two looks
`refined_predictions` is the better one; they are logits. Thresholds, one for all categories: for v2
0.492, that of the best macro F1 on the model card, for v1 0.325, with which the author's begins.
https://huggingface.co/Camais03/camie-tagger-v2 (onnx_inference.py, `preprocess_image`)
https://huggingface.co/Camais03/camie-tagger (onnx_inference.py)

deepghs/camie_tagger_onnx has v1 with preprocess.json (`stages`), selected_tags.csv and
threshold.json, of which `balanced` is taken; `output` are probabilities of the refined look.
https://github.com/deepghs/imgutils/blob/main/imgutils/tagging/camie.py
"""

from collections.abc import Collection
from functools import partial
from typing import Any

from PIL import Image

from stages.library.tagging.categories import as_tags, category
from stages.library.tagging.contract import Contract, Floats
from stages.library.tagging.model_files import (
    TAG_LIST,
    Files,
    read_facts,
    read_tag_list,
    unfit_file,
)
from stages.library.tagging.pictures import IMAGENET, from_0_to_1, in_middle, normal, on_white
from stages.library.tagging.preprocess_json import steps_of

FAMILIES = ("Camie-v1", "Camie-v2")
CONTRACT = 1

STEPS, THRESHOLDS = "preprocess.json", "threshold.json"
KINDS = ("general", "character", "copyright", "artist", "meta", "rating", "year")
GROUNDS = ((0, 0, 0), (124, 116, 104))
"""Colours beside the picture: v1's, v2's."""


def files_in(model: str, names: Collection[str]) -> tuple[str, tuple[str, ...]] | None:
    """Return the list of tags, and what else belongs to `model`, if a folder's files may be so."""
    if {TAG_LIST, STEPS, THRESHOLDS} <= set(names):
        return TAG_LIST, (STEPS, THRESHOLDS)
    if TAG_LIST in names:
        return None
    stem = model.removesuffix(".onnx")
    lists = (f"{stem}-metadata.json", f"{stem}_metadata.json", "metadata.json")
    return next(((each, ()) for each in lists if each in names), None)


def read(files: Files) -> Contract | None:
    """Return the contract that the files tell; None if it is another family's.

    Raises:
        Problem: a file isn't as the family's are.
    """
    if files.more:
        return of_deepghs(files)
    path = files.folder / files.tag_list
    facts = read_facts(path)
    second = "dataset_info" in facts
    try:
        mapping = facts["dataset_info"]["tag_mapping"] if second else facts
        if "idx_to_tag" not in mapping:
            return None
        tags, categories = listed(mapping)
        size = int(facts["model_info"]["img_size"]) if second else 512
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unfit_file(path, f"lists no tags as Camie's does ({error!r})") from None
    return Contract(
        family=FAMILIES[second],
        number=CONTRACT,
        tags=tags,
        categories=categories,
        prepare=partial(model_input, second),
        colours_first=True,
        size=size,
        sized_by=files.tag_list if second else "",
        logits=("refined_predictions", "initial_predictions"),
        alone="logits",
        thresholds={category(kind): 0.492 if second else 0.325 for kind in KINDS},
    )


def listed(mapping: dict[str, Any]) -> tuple[list[str], list[int]]:
    """Return the tags in the model's order, and their categories."""
    names = {int(place): str(tag) for place, tag in mapping["idx_to_tag"].items()}
    ordered = [names[place] for place in range(len(names))]
    categories = [category(mapping["tag_to_category"][tag]) for tag in ordered]
    return as_tags(ordered, categories), categories


def of_deepghs(files: Files) -> Contract:
    """Return the contract of a model as deepghs/camie_tagger_onnx has it.

    Raises:
        Problem: a file isn't as there.
    """
    path = files.folder / STEPS
    facts = read_facts(path)
    if "stages" not in facts:
        raise unfit_file(path, "has no stages")
    prepare, size = steps_of(path, facts["stages"])
    tags, categories = read_tag_list(files.folder / files.tag_list)
    told = read_facts(files.folder / THRESHOLDS)
    try:
        thresholds = {
            category(kind): float(told[kind]["balanced"]["threshold"])
            for kind in KINDS
            if kind in told
        }
    except (KeyError, TypeError, ValueError) as error:
        raise unfit_file(files.folder / THRESHOLDS, f"has no balanced ones ({error!r})") from None
    return Contract(
        family=FAMILIES[0],
        number=CONTRACT,
        tags=as_tags(tags, categories),
        categories=categories,
        prepare=prepare,
        colours_first=True,
        size=size,
        sized_by=STEPS,
        probabilities=("output",),
        thresholds=thresholds,
    )


def model_input(second: bool, picture: Image.Image, size: int) -> Floats:
    """Return a picture as v1 or v2 wants it: shape (3, size, size), RGB."""
    picture = on_white(picture)
    aspect = picture.width / picture.height
    sides = (size, int(size / aspect)) if aspect > 1 else (int(size * aspect), size)
    drawn = picture.resize((max(1, sides[0]), max(1, sides[1])), Image.Resampling.LANCZOS)
    numbers = from_0_to_1(in_middle(drawn, size, size, GROUNDS[second]))
    return normal(numbers, *IMAGENET) if second else numbers
