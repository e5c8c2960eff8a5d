"""A tagger's files: the model, the list of its tags, and what else its family has beside it."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.library.common.errors import Problem
from stages.library.common.json_files import read_json

BUILTIN = Path(__file__).parents[3] / "data" / "tagger" / "builtin"
MODEL, TAG_LIST = "model.onnx", "selected_tags.csv"
FILES = (MODEL, TAG_LIST)

KEY = "params.yaml, tagger.model"

TAKE_IT = "take it, like the model, from the model's page"


@dataclass(frozen=True)
class Files:
    """The files of one tagger."""

    folder: Path
    model: str
    tag_list: str
    more: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, in the folder."""
        return (self.model, self.tag_list, *self.more)


def snapshot(path: Path) -> Path | None:
    """Return the folder of the hub's cache, called as a commit, that a path is in; None elsewhere.

    >>> str(snapshot(Path("hub/models--a--b/snapshots/3fa9c1d2/v2/model.onnx")))
    'hub/models--a--b/snapshots/3fa9c1d2'
    """
    return next((each for each in (path, *path.parents) if each.parent.name == "snapshots"), None)


def table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Return the columns and rows of a CSV; a short row has None where it has nothing."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
        return list(reader.fieldnames or []), rows


def read_rows(path: Path, *columns: str) -> tuple[str, list[dict[str, str]]]:
    """Return the first of `columns` that a model's CSV has, and its rows, each with a text there.

    Raises:
        Problem: the file is no such list.
    """
    try:
        there, rows = table(path)
    except (ValueError, csv.Error):
        there, rows = [], []
    for column in columns:
        if column in there and all(isinstance(row[column], str) for row in rows):
            return column, rows
    raise unfit_file(path, f"is no list with the column {' or '.join(columns)}")


def read_tag_list(path: Path) -> tuple[list[str], list[int]]:
    """Return the tags of a selected_tags.csv and their categories, in the model's order.

    Raises:
        Problem: the file is not such a list.
    """
    try:
        _, rows = table(path)
        return [row["name"] for row in rows], [int(row["category"]) for row in rows]
    except (KeyError, TypeError, ValueError, csv.Error):
        raise unfit_file(path, "is no tag list with the columns name and category") from None


def read_thresholds(path: Path) -> dict[int, float]:
    """Return the threshold of each category in a thresholds.csv; of several the first counts.

    Raises:
        Problem: the file is none.
    """
    _, rows = read_rows(path, "category")
    found: dict[int, float] = {}
    try:
        for row in rows:
            found.setdefault(int(row["category"]), float(row["threshold"]))
    except (KeyError, TypeError, ValueError):
        raise unfit_file(path, "has not the columns category and threshold") from None
    return found


def read_told(path: Path) -> Any:
    """Return what a model's file of JSON holds.

    Raises:
        Problem: it holds none, or the machine can't read it.
    """
    try:
        return read_json(path)
    except Problem:
        raise
    except ValueError:
        raise unfit_file(path, "holds no JSON") from None


def read_facts(path: Path) -> dict[str, Any]:
    """Return what a model's file of JSON says, by keys.

    Raises:
        Problem: it says nothing so, or the machine can't read it.
    """
    facts = read_told(path)
    if not isinstance(facts, dict):
        raise unfit_file(path, "holds no JSON with keys")
    return facts


def unfit_file(path: Path, what: str) -> Problem:
    """Return the error for a file that isn't as its family's are."""
    return Problem(f"{KEY}: {path} {what}; {TAKE_IT}")
