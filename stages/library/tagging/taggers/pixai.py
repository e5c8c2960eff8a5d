"""The contracts of PixAI's taggers, v0.9 and v1.0, in ONNX as others have converted them.

v0.9: float32 pictures, NCHW, RGB, alpha white, made ready by the `stages` of preprocess.json (448
x 448 without regard to the aspect, bilinear, -1..1); `prediction` holds probabilities, one a row of
selected_tags.csv; thresholds.csv holds the authors' own.
https://github.com/deepghs/imgutils/blob/main/imgutils/tagging/pixai.py, and the authors' program:
https://github.com/deepghs/imgutils/blob/main/zoo/pixai_tagger/min_script.py (`EndpointHandler`)

v1.0: float32 pictures of 1008 x 1008, NCHW, RGB, alpha white; resized as a whole, bilinear, with
numbers that are not rounded to bytes between, black beside, -1..1; `prediction` holds
probabilities, `logits` (or the only output) what a sigmoid makes them of. The tags stand in
tags.json (`categories`), in the authors' config.json (`tags`, `tags_split`), or in a
selected_tags.csv whose ratings are called `rating:g` and so on.
https://huggingface.co/pixai-labs/pixai-tagger-v1.0 (tagger_pipeline.py `RescalePadProcessor`, and
the thresholds of the model card, `category_best_threshold` of config.json)
"""

from collections.abc import Collection
from typing import Any

import numpy as np
from PIL import Image

from stages.library.tagging.categories import as_tags, category
from stages.library.tagging.contract import Contract, Floats
from stages.library.tagging.model_files import (
    TAG_LIST,
    Files,
    read_facts,
    read_tag_list,
    read_thresholds,
    unfit_file,
)
from stages.library.tagging.pictures import HALF, from_0_to_1, normal, on_white
from stages.library.tagging.preprocess_json import steps_of

FAMILIES = ("PixAI-v0.9", "PixAI-v1.0")
CONTRACT = 1

STEPS, THRESHOLDS, TAGS, CONFIG = "preprocess.json", "thresholds.csv", "tags.json", "config.json"

V1_THRESHOLDS = {
    category(name): threshold
    for name, threshold in (
        *(("general", 0.17), ("character", 0.27), ("style", 0.15)),
        *(("copyright", 0.24), ("meta", 0.17), ("rating", 0.41)),
    )
}


def files_in(model: str, names: Collection[str]) -> tuple[str, tuple[str, ...]] | None:
    """Return the list of tags, and what else belongs to `model`, if a folder's files may be so."""
    del model
    if TAG_LIST in names and STEPS in names:
        return TAG_LIST, (STEPS, *([THRESHOLDS] if THRESHOLDS in names else []))
    return next(((each, ()) for each in (TAGS, TAG_LIST, CONFIG) if each in names), None)


def read(files: Files) -> Contract | None:
    """Return the contract that the files tell; None if it is another family's.

    Raises:
        Problem: a file isn't as the family's are.
    """
    if files.more:
        return v0_9(files)
    path = files.folder / files.tag_list
    if files.tag_list == TAG_LIST:
        tags, categories = read_tag_list(path)
        return v1_0(tags, categories, {}) if "rating:g" in tags else None
    facts = read_facts(path)
    try:
        if files.tag_list == TAGS:
            parts = [(each["name"], each["tags"]) for each in facts["categories"]]
        elif "tags_split" in facts:
            parts = split(facts)
        else:
            return None
        tags = [str(tag) for _, part in parts for tag in part]
        categories = [category(name) for name, part in parts for _ in part]
        best = facts.get("category_best_threshold") or {}
        return v1_0(tags, categories, {category(name): float(each) for name, each in best.items()})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unfit_file(path, f"lists no tags as PixAI's v1.0 does ({error!r})") from None


def v0_9(files: Files) -> Contract:
    """Return the contract of a v0.9."""
    steps = files.folder / STEPS
    facts = read_facts(steps)
    if "stages" not in facts:
        raise unfit_file(steps, "says neither test nor stages")
    prepare, size = steps_of(steps, facts["stages"])
    tags, categories = read_tag_list(files.folder / files.tag_list)
    return Contract(
        family=FAMILIES[0],
        number=CONTRACT,
        tags=tags,
        categories=categories,
        prepare=prepare,
        colours_first=True,
        size=size,
        sized_by=STEPS,
        probabilities=("prediction",),
        logits=("logits",),
        thresholds=thresholds_of(files),
    )


def thresholds_of(files: Files) -> dict[int, float]:
    """Return the authors' threshold of each category.

    Raises:
        Problem: thresholds.csv is none.
    """
    if THRESHOLDS not in files.more:
        return {category("general"): 0.3, category("character"): 0.85}
    return read_thresholds(files.folder / THRESHOLDS)


def split(facts: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Return the tags by category, as `tags_split` parts them: names and counts, in order."""
    parts, start = [], 0
    for name, count in facts["tags_split"]:
        parts.append((name, facts["tags"][start : start + count]))
        start += count
    if start != len(facts["tags"]):
        raise ValueError(f"tags_split counts {start} tags, there are {len(facts['tags'])}")
    return parts


def v1_0(tags: list[str], categories: list[int], thresholds: dict[int, float]) -> Contract:
    """Return the contract of a v1.0 with these tags."""
    return Contract(
        family=FAMILIES[1],
        number=CONTRACT,
        tags=as_tags(tags, categories),
        categories=categories,
        prepare=whole,
        colours_first=True,
        size=1008,
        probabilities=("prediction",),
        logits=("logits",),
        alone="logits",
        thresholds=V1_THRESHOLDS | thresholds,
    )


def whole(picture: Image.Image, size: int) -> Floats:
    """Return a picture as v1.0 wants it: shape (3, size, size), RGB, -1..1, black beside it.

    torchvision resizes numbers as Pillow does those of mode F: not in bytes.
    """
    numbers = from_0_to_1(on_white(picture))
    height, width = numbers.shape[1:]
    if (height, width) != (size, size):
        ratio = min(size / height, size / width)
        rows, columns = max(1, int(height * ratio)), max(1, int(width * ratio))
        top, left = (size - rows) // 2, (size - columns) // 2
        square: Floats = np.zeros((3, size, size), np.float32)
        for colour, plane in zip(square, numbers, strict=True):
            resized = Image.fromarray(plane).resize((columns, rows), Image.Resampling.BILINEAR)
            colour[top : top + rows, left : left + columns] = np.asarray(resized)
        numbers = square
    return normal(numbers, HALF, HALF)
