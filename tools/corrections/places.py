"""Where people change captions and pictures by hand, and what was changed there."""

from dataclasses import dataclass
from pathlib import Path

from stages.library.dataset.manual_edits import (
    BETWEEN,
    changed_by_hand,
    deleted_by_hand,
    edited_files,
    lost_files,
)
from stages.library.dataset.prepared import retouched
from stages.library.dataset.written import Written, read_written

PLACES = ("tagged", "dataset", "held_out")
"""The folders of data/ whose files people edit; each has its record in data/written/."""


@dataclass(frozen=True)
class Place:
    """A folder that holds changes made by hand."""

    folder: Path
    record: Path
    written: dict[str, Written]
    hand: list[Path]
    lost: list[Path]  # empty files
    deleted: list[Path]

    def entry_of(self, path: Path) -> Written | None:
        """Return what was written to a file; None if it is somebody's own."""
        entry = self.written.get(path.stem)
        return entry if entry and entry.is_at(path.relative_to(self.folder)) else None


def places(data: Path) -> list[Place]:
    """Return the folders of `data` whose files people edit."""
    return [place(data, name) for name in PLACES]


def place(data: Path, name: str) -> Place:
    """Return a folder of `data`, its record, and the files that are otherwise."""
    folder, record = data / name, data / "written" / f"{name}.json"
    written, there = read_written(record), edited_files(folder)
    return Place(
        folder,
        record,
        written,
        changed_by_hand(folder, there, written),
        lost_files(there),
        deleted_by_hand(folder, there, written),
    )


def between(data: Path) -> list[Path]:
    """Return what was changed in folders that only lead from one stage to the next."""
    captions = [place(data, name) for name in BETWEEN]
    found = [path for each in captions if each.written for path in each.hand]
    return [*found, *retouched(data / "prepared", data / "written" / "prepared.json")]


def why_not_kept(path: Path, place: Place) -> str:
    """Return why a file can't become a correction, whatever it holds, and what to do; else ''."""
    entry = place.entry_of(path)
    if not place.written:
        return f"has no record to compare with; get {place.record} back from Git or DVC"
    if entry is None or not entry.drawing:
        return (
            "is no file of the pipeline; move it away / パイプラインのファイルではありません。"
            "よそへ移してください"
        )
    if path.suffix == ".png":
        return (
            "is a picture changed by hand; put it among your drawings instead, in place of the "
            "drawing, then discard / 直した絵は、元の絵の代わりに絵のフォルダーに入れ、"
            "ここの変更は discard で捨ててください"
        )
    return ""
