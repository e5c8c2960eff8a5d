"""The contract of 7eu7d7's ML-Danbooru, in ONNX as deepghs has converted it.

float32 pictures, NCHW, RGB, 0-1, alpha white, resized without regard to the aspect, bilinear: 448 x
448 for CAFormer, 640 x 640 for TResNet, as the author's examples have it; out come logits, one a
row of tags.csv. It knows no categories. Threshold: 0.7.
https://github.com/IrisRainbowNeko/ML-Danbooru (its first page, and demo_ca.py), and
https://github.com/deepghs/imgutils/blob/main/imgutils/tagging/mldanbooru.py
"""

from collections.abc import Collection

from PIL import Image

from stages.library.tagging.categories import as_tag
from stages.library.tagging.contract import Contract, Floats
from stages.library.tagging.model_files import Files, read_rows
from stages.library.tagging.pictures import from_0_to_1, on_white
from stages.library.tagging.scores import GENERAL

FAMILY = "ML-Danbooru"
CONTRACT = 1

TAGS = "tags.csv"
COLUMNS = ("name", "tag")
"""What the column of the names may be called."""


def files_in(model: str, names: Collection[str]) -> tuple[str, tuple[str, ...]] | None:
    """Return the list of tags, and what else belongs to `model`, of a folder's files, if so."""
    del model
    return (TAGS, ()) if TAGS in names else None


def read(files: Files) -> Contract | None:
    """Return the contract that the files tell.

    Raises:
        Problem: the list of tags is none.
    """
    column, rows = read_rows(files.folder / files.tag_list, *COLUMNS)
    tags = [as_tag(row[column], GENERAL) for row in rows]
    return Contract(
        family=FAMILY,
        number=CONTRACT,
        tags=tags,
        categories=[GENERAL] * len(tags),
        prepare=model_input,
        colours_first=True,
        size=640 if "tresnet" in files.model.lower() else 448,
        logits=("output",),
        alone="logits",
        thresholds={GENERAL: 0.7},
    )


def model_input(picture: Image.Image, size: int) -> Floats:
    """Return a picture as the model wants it: shape (3, size, size), RGB, 0-1."""
    return from_0_to_1(on_white(picture).resize((size, size), Image.Resampling.BILINEAR))
