"""The record of what a stage wrote for each picture."""

import json
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.json_files import read_json
from stages.library.common.outputs import write_atomically
from stages.library.common.paths import is_plain_name
from stages.library.dataset.keyed import KEY_LENGTH
from stages.library.dataset.manifest import Row


@dataclass(frozen=True)
class Written:
    """What a stage wrote for one picture."""

    drawing: str  # the picture's key in edits.yaml
    source: str  # the drawing's file name
    text: str  # the caption
    picture: str = ""  # SHA-256 of the picture beside it, if there is one
    folder: str = ""  # the name of the folder they are in, within the output

    def is_at(self, path: Path) -> bool:
        """Return whether this is of the file there in the output, and not of somebody's copy.

        An older record doesn't say in which folder a pair is.
        """
        unsaid = not self.folder and bool(self.picture)
        return unsaid or path.parent == Path(self.folder)


def written_for(row: Row | None, text: str, picture: str = "", folder: str = "") -> Written:
    """Return the record of a picture; without a row it can't be told whose drawing it is."""
    drawing, source = (row.sha256[:KEY_LENGTH], row.source) if row else ("", "")
    return Written(drawing, source, text, picture, folder)


def read_written(path: Path) -> dict[str, Written]:
    """Return the record in `path` by the picture's stem; empty where there is none.

    Raises:
        Problem: the machine can't read it.
    """
    try:
        written = {stem: Written(**entry) for stem, entry in read_json(path).items()}
    except Problem:  # the machine's fault, and no record's
        raise
    except (ValueError, TypeError, AttributeError):
        return {}
    values = chain.from_iterable(vars(each).values() for each in written.values())
    texts = all(isinstance(value, str) for value in values)
    return written if texts and all(map(is_plain_name, written)) else {}


def write_written(path: Path, written: dict[str, Written]) -> None:
    """Write what `read_written` reads."""
    entries = {stem: vars(entry) for stem, entry in written.items()}
    text = json.dumps(entries, indent=1, ensure_ascii=False)
    write_atomically(path, f"{text}\n".encode())
