"""A tagger's files: model.onnx, and selected_tags.csv, whose rows are the model's outputs."""

import csv
from pathlib import Path

from stages.library.common.errors import Problem

BUILTIN = Path(__file__).parents[3] / "data" / "tagger" / "builtin"
MODEL, TAG_LIST = "model.onnx", "selected_tags.csv"
FILES = (MODEL, TAG_LIST)

KEY = "params.yaml, tagger.model"


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
