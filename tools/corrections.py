"""Keep or drop what was changed by hand in data/tagged and data/dataset."""

import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from stages.library import command
from stages.library.arguments import Parser
from stages.library.captions import read_text, split, write_text
from stages.library.edits import Edit, Edits, learned, read_edits, write_edits
from stages.library.handwork import (
    Written,
    changed_by_hand,
    read_written,
    write_written,
)
from stages.library.manifest import shown

PLACES = ("tagged", "dataset")
"""The folders of data/ whose files people edit; each has its record in data/written/."""


@dataclass(frozen=True)
class Place:
    """A folder that holds changes made by hand."""

    folder: Path
    record: Path
    written: dict[str, Written]
    hand: list[Path]


def places(data: Path) -> list[Place]:
    """Return the folders of `data`, each with its record and the files changed by hand."""
    found = []
    for name in PLACES:
        record = data / "written" / f"{name}.json"
        written = read_written(record)
        hand = changed_by_hand(data / name, written)
        found.append(Place(data / name, record, written, hand))
    return found


def corrected(edits: Edits, written: Written, text: str) -> Edits:
    """Return `edits` with what a hand changed in one caption; the trigger tag is no correction."""
    before, after = split(written.text), split(text.replace("\n", ","))
    trigger = before[:1]
    edit = edits.get(written.drawing, Edit(written.source))
    learnt = learned(before[1:], [tag for tag in after if tag not in trigger], edit)
    return {**edits, written.drawing: Edit(written.source, learnt.add, learnt.remove, learnt.order)}


def difference(before: str, after: str) -> str:
    """Return in one line what changed between two captions.

    >>> difference("a, b", "b, c")
    '-a +c'
    """
    old, new = split(before), split(after)
    signs = [f"-{tag}" for tag in old if tag not in new] + [
        f"+{tag}" for tag in new if tag not in old
    ]
    return " ".join(signs) or "order"


def why_not_kept(path: Path, known: bool) -> str:
    """Return why a file changed by hand can't become a correction, and what to do."""
    if path.suffix == ".png" and known:
        return "is a picture changed by hand; put it among your drawings instead, then discard"
    return "is no file of the pipeline; move it away"


def save(data: Path) -> None:
    """Turn captions changed by hand into entries of edits.yaml, and show them.

    Raises:
        ValueError: a file changed by hand can't be kept that way; the others are.
    """
    edits = read_edits(data / "edits.yaml")
    found, kept, left = places(data), 0, []
    records = []
    for place in found:
        written = dict(place.written)
        for path in place.hand:
            entry = written.get(path.stem)
            if entry is None or not entry.drawing or path.suffix != ".txt":
                left.append(f"{path} {why_not_kept(path, entry is not None)}")
                continue
            text = read_text(path)
            edits = corrected(edits, entry, text)
            written[path.stem] = replace(entry, text=text)
            print(f"  {path} ({shown(entry.source)}): {difference(entry.text, text)}")
            kept += 1
        records.append((place.record, written))
    if kept:
        write_edits(data / "edits.yaml", edits)  # before the records: nothing is lost in between
        for record, written in records:
            if written:
                write_written(record, written)
    print(f"corrections: {kept} captions kept in {data / 'edits.yaml'}; now run: dvc repro")
    if left:
        raise ValueError("\n  ".join(["these can't be kept as corrections:", *left]))


def discard(data: Path) -> None:
    """Put back what the pipeline wrote.

    Raises:
        ValueError: a file is not the pipeline's; it stays.
    """
    dropped, left = 0, []
    for place in places(data):
        for path in place.hand:
            entry = place.written.get(path.stem)
            if entry is None:
                left.append(f"{path} {why_not_kept(path, known=False)}")
                continue
            if path.suffix == ".txt":
                write_text(path, entry.text)
            else:
                shutil.copyfile(data / "prepared" / path.name, path)
            print(f"  {path}: as the pipeline wrote it")
            dropped += 1
    print(f"corrections: {dropped} files put back")
    if left:
        raise ValueError("\n  ".join(["these are left as they are:", *left]))


def corrections(action: str, data: Path) -> None:
    """Do what the command line asks for."""
    {"save": save, "discard": discard}[action](data)


def build_parser() -> Parser:
    parser = Parser("tools.corrections", __doc__)
    parser.add_argument(
        "action",
        choices=["save", "discard"],
        help="save: into data/edits.yaml; discard: put back what the pipeline wrote",
    )
    parser.add_argument("--data", type=Path, default=Path("data"), help="the data folder")
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), corrections, argv)


if __name__ == "__main__":
    sys.exit(main())
