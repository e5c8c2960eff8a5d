"""Keep or drop what was changed by hand in data/tagged and data/dataset."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.errors import Problem
from stages.library.common.faults import named
from stages.library.common.outputs import write_atomically
from stages.library.common.unchanged import seen
from stages.library.common.values import LONGEST_TAG
from stages.library.dataset.captions import (
    join,
    split,
    tags_of,
    underscored,
    with_tag_first,
)
from stages.library.dataset.edits import Edit, Edits, learned, matched
from stages.library.dataset.edits_file import is_tag, read_edits
from stages.library.dataset.edits_text import write_edits
from stages.library.dataset.manifest import USED, Row, shown
from stages.library.dataset.manual_edits import changed_by_hand, lost_files, told_lost
from stages.library.dataset.written import Written, read_written, write_written

PLACES = ("tagged", "dataset")
"""The folders of data/ whose files people edit; each has its record in data/written/."""


@dataclass(frozen=True)
class Place:
    """A folder that holds changes made by hand."""

    folder: Path
    record: Path
    written: dict[str, Written]
    hand: list[Path]
    lost: list[Path]  # empty files


def places(data: Path) -> list[Place]:
    """Return the folders of `data`, each with its record and the files that are otherwise."""
    found = []
    for name in PLACES:
        record = data / "written" / f"{name}.json"
        written = read_written(record)
        hand = changed_by_hand(data / name, written)
        found.append(Place(data / name, record, written, hand, lost_files(data / name)))
    return found


def corrected(edits: Edits, written: dict[str, Written], stem: str, after: list[str]) -> Edits:
    """Return `edits` with what a hand changed in one caption, which now has the tags `after`.

    The trigger tag, first in what was written, is no correction, wherever a hand put it.
    """
    entry = written[stem]
    rows = [Row(stem, e.source, e.drawing, 0, 0, USED, "") for stem, e in written.items()]
    in_force, _ = matched(edits, rows)  # perhaps under the key that the drawing had before
    edit = in_force.get(stem, Edit(entry.source))
    before = split(entry.text)
    after = [tag for tag in after if underscored(tag) not in map(underscored, before[:1])]
    learnt = replace(learned(before[1:], after, edit), source=entry.source)
    changes = learnt.add or learnt.remove or learnt.order
    return {**edits, entry.drawing: learnt} if changes or entry.drawing in edits else edits


def difference(before: list[str], after: list[str]) -> str:
    """Return in one line what changed between two captions.

    >>> difference(["a", "b"], ["b", "c"])
    '-a +c'
    """
    signs = [f"-{tag}" for tag in before if tag not in after] + [
        f"+{tag}" for tag in after if tag not in before
    ]
    return " ".join(signs) or "order"


def why_not_kept(path: Path, place: Place, text: str | None) -> str:
    """Return why a file changed by hand can't become a correction, and what to do; else ''.

    `text` is what it holds, None if that is not UTF-8.
    """
    entry = place.written.get(path.stem)
    if not place.written:
        return f"has no record to compare with; get {place.record} back from Git or DVC"
    if entry is None or not entry.drawing:
        return "is no file of the pipeline; move it away"
    if path.suffix == ".png":
        return "is a picture changed by hand; put it among your drawings instead, then discard"
    if text is None:
        return "is not UTF-8; save it again as UTF-8"
    odd = [tag for tag in tags_of(text) if not is_tag(tag)]
    if odd and len(odd[0]) > LONGEST_TAG:
        return f"holds a tag of more than {LONGEST_TAG} characters; put commas between tags"
    return f"holds {odd[0]!r}, a full-width space or an invisible sign; type it anew" if odd else ""


def text_in(path: Path) -> str | None:
    """Return what a file holds; None if that is not UTF-8, as of a picture."""
    with named(path):
        content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def save(data: Path) -> None:
    """Turn captions changed by hand into entries of edits.yaml, and show them.

    Raises:
        Problem: a file changed by hand can't be kept that way; the others are.
        Problem: one, or edits.yaml, was changed meanwhile; saved again, all are kept.
    """
    found = places(data)
    hand = {path: seen(path) for place in found for path in place.hand}
    read = seen(data / "edits.yaml", *hand)
    edits = read_edits(data / "edits.yaml")
    kept, left = 0, []
    records, texts = [], {}
    for place in found:
        if place.lost:
            print(told_lost(place.lost), file=sys.stderr)
        written = dict(place.written)
        for path in place.hand:
            text = text_in(path)
            why = why_not_kept(path, place, text)
            if why or text is None:
                left.append(f"{path} {why}")
                continue
            entry, tags = written[path.stem], tags_of(text)
            before = split(entry.text)
            edits = corrected(edits, written, path.stem, tags)
            print(f"  {path} ({shown(entry.source)}): {difference(before, tags)}")
            learnt = edits.get(entry.drawing)
            if learnt and not learnt.order and tags and tags[-1] in learnt.add:
                print("    tags added at the end go to the front, where training cuts none off")
            if before and tags[:1] != before[:1]:
                print(f"    {before[0]} stays first: it is common_tag.tag in params.yaml")
                texts[path] = text = join(with_tag_first(tags, before[0])) + "\n"
            written[path.stem] = replace(entry, text=text)
            kept += 1
        records.append((place.record, written))
    if kept:
        # before the records: nothing is lost in between
        write_edits(data / "edits.yaml", edits, read.look_again)
        for path, text in texts.items():
            write_atomically(path, text.encode(), hand[path].look_again)
        for record, written in records:
            if written:
                write_written(record, written)
        print(f"corrections: {kept} captions kept in {data / 'edits.yaml'}; now run: dvc repro")
    elif not left:
        print("corrections: nothing was changed by hand")
    if left:
        raise Problem("\n  ".join(["these can't be kept as corrections:", *left]))


def discard(data: Path) -> None:
    """Put back what the pipeline wrote.

    Raises:
        Problem: a file is not the pipeline's; it stays.
    """
    dropped, left = 0, []
    for place in places(data):
        for path in [*place.hand, *place.lost]:
            entry = place.written.get(path.stem)
            if entry is None:
                left.append(f"{path} {why_not_kept(path, place, None)}")
                continue
            prepared = data / "prepared" / path.name
            written = entry.text.encode() if path.suffix == ".txt" else prepared.read_bytes()
            write_atomically(path, written)
            print(f"  {path}: as the pipeline wrote it")
            dropped += 1
    print(f"corrections: {dropped} files put back")
    if left:
        raise Problem("\n  ".join(["these are left as they are:", *left]))


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
