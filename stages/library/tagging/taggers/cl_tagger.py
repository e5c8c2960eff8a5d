"""The contracts of cella110n's cl_tagger, v1 (tag_mapping.json) and v2 (model_vocabulary.json).

v1: float32 pictures, NCHW, BGR, -1..1, alpha and padding white, padded to a centred square before a
bicubic resize; out come logits. Thresholds are those that the author's page begins with.
https://github.com/celll1/tagutl/blob/main/spaces/app.py (`preprocess_image`, `get_tags`)

v2: SigLIP2's pictures: NCHW, RGB, -1..1, 384 x 384 without regard to the aspect, bicubic; `logits`.
The author recommends 0.55 for all, since the best threshold of each tag (model_tag_metrics.npz)
finds too many.
https://huggingface.co/cella110n/cl_tagger_v2 (the model card)

Both lists have `{"0": {"tag": ..., "category": ...}}`, or `idx_to_tag` and `tag_to_category`.
"""

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from stages.library.tagging.categories import as_tag, category
from stages.library.tagging.contract import Contract, Floats
from stages.library.tagging.model_files import Files, read_facts, unfit_file
from stages.library.tagging.pictures import HALF, from_0_to_1, normal, on_white, squared

FAMILIES = ("cl_tagger-v1", "cl_tagger-v2")
CONTRACT = 1

MAPPING, VOCABULARY = "tag_mapping.json", "model_vocabulary.json"

V1_THRESHOLDS = {
    **{category(name): 0.55 for name in ("general", "meta", "model")},
    **{category(name): 0.6 for name in ("character", "copyright", "artist")},
}
V2_THRESHOLDS = {
    category(name): 0.55
    for name in ("general", "character", "copyright", "meta", "rating", "quality")
}


def files_in(model: str, names: Collection[str]) -> tuple[str, tuple[str, ...]] | None:
    """Return the list of tags, and what else belongs to `model`, of a folder's files, if so."""
    lists = (MAPPING, model.removesuffix(".onnx") + "_" + MAPPING, VOCABULARY)
    return next(((each, ()) for each in lists if each in names), None)


def read(files: Files) -> Contract | None:
    """Return the contract that the files tell.

    Raises:
        Problem: the list of tags is none.
    """
    path = files.folder / files.tag_list
    facts = read_facts(path)
    try:
        tags, categories = listed(facts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unfit_file(path, f"lists no tags as cl_tagger's do ({error!r})") from None
    second = files.tag_list == VOCABULARY
    prepare: Callable[[Image.Image, int], Floats] = partial(model_input, second)
    return Contract(
        family=FAMILIES[second],
        number=CONTRACT,
        tags=tags,
        categories=categories,
        prepare=prepare,
        colours_first=True,
        size=384 if second else 448,
        logits=("logits",),
        alone="logits",
        thresholds=V2_THRESHOLDS if second else V1_THRESHOLDS,
    )


def listed(facts: dict[str, Any]) -> tuple[list[str], list[int]]:
    """Return the tags in the model's order, and their categories."""
    if "idx_to_tag" in facts:
        names, kinds = facts["idx_to_tag"], facts["tag_to_category"]
        named = dict(enumerate(names)) if isinstance(names, list) else by_number(names)
        pairs = {number: (tag, kinds[tag]) for number, tag in named.items()}
        words = facts.get("categories")
    else:
        pairs = {
            number: (each["tag"], each["category"]) for number, each in by_number(facts).items()
        }
        words = None
    if sorted(pairs) != list(range(len(pairs))):
        raise ValueError("a number is missing")
    numbers = [category_of(pairs[place][1], words) for place in range(len(pairs))]
    tags = [as_tag(str(pairs[place][0]), number) for place, number in enumerate(numbers)]
    return tags, numbers


def by_number(facts: dict[str, Any]) -> dict[int, Any]:
    """Return a dict whose keys are whole numbers, written as text."""
    return {int(key): value for key, value in facts.items()}


def category_of(given: Any, words: Any) -> int:
    """Return a category, which is given by name, or by its place in `words`."""
    if isinstance(given, int):
        given = words[given] if isinstance(words, list) else words[str(given)]
    return category(str(given))


def model_input(second: bool, picture: Image.Image, size: int) -> Floats:
    """Return a picture as v1 or v2 wants it: shape (3, size, size), -1..1."""
    picture = on_white(picture)
    if not second:
        picture = squared(picture)
    numbers = from_0_to_1(picture.resize((size, size), Image.Resampling.BICUBIC))
    return normal(numbers if second else np.ascontiguousarray(numbers[::-1]), HALF, HALF)
