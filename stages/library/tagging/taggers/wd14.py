"""The contract of WD14 taggers v1 to v3, as the model author's own programs have it.

float32 pictures of the model's input size, NHWC, BGR, 0-255, alpha and padding white, padded to a
centred square before a bicubic resize; out come probabilities, one a row of selected_tags.csv.
Its thresholds are those that the author's page begins with.
https://huggingface.co/spaces/SmilingWolf/wd-tagger/blob/main/app.py
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stages.library.tagging.contract import Contract
from stages.library.tagging.model_files import TAG_LIST, Files, read_tag_list
from stages.library.tagging.pictures import on_white, squared
from stages.library.tagging.scores import CHARACTER, GENERAL

FAMILY = "WD14"
CONTRACT = 1

THRESHOLDS = {GENERAL: 0.35, CHARACTER: 0.85}


def files_in(model: str, names: Collection[str]) -> tuple[str, tuple[str, ...]] | None:
    """Return the list of tags, and what else belongs to `model`, of a folder's files, if WD14's."""
    del model
    return (TAG_LIST, ()) if TAG_LIST in names and "preprocess.json" not in names else None


def read(files: Files) -> Contract | None:
    """Return the contract that the files tell.

    Raises:
        Problem: the list of tags is none.
    """
    tags, categories = read_tag_list(files.folder / files.tag_list)
    return Contract(
        family=FAMILY,
        number=CONTRACT,
        tags=tags,
        categories=categories,
        prepare=model_input,
        colours_first=False,
        size=448,
        alone="probabilities",
        thresholds=THRESHOLDS,
    )


def model_input(picture: Image.Image, size: int) -> NDArray[np.uint8]:
    """Return a picture as the model wants it: shape (size, size, 3), BGR, 0-255.

    Source: the model author's own `wd-tagger` space and `WD14` scripts.
    """
    square = squared(on_white(picture))
    side = (size, size)
    resized = square.resize(side, Image.Resampling.BICUBIC) if square.size != side else square
    return np.ascontiguousarray(np.asarray(resized)[:, :, ::-1])
