"""Work done by hand on the pipeline's outputs, and the rule that none of it is overwritten.

A stage whose output people edit records what it wrote. Before it writes again, it compares: a
file that is neither as recorded nor as it is about to be written holds somebody's work. One that is
empty holds none: a power cut leaves such files, and so does an editor in which everything was
deleted. It is made again; to take all tags away is for data/edits.yaml.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from stages.library.common.disk import is_lost
from stages.library.common.errors import Problem
from stages.library.common.faults import named
from stages.library.common.outputs import READ_ONLY, atomic_directory, files_within, sha256
from stages.library.common.unchanged import Stamp, changed, differences, stamps_within
from stages.library.dataset.captions import pieces, write_text
from stages.library.dataset.manifest import shown
from stages.library.dataset.written import Written, read_written, write_written, written_for

BETWEEN = ("captions", "edited", "tagged_jp")
"""Folders that only lead from one stage to the next: what is changed there leads nowhere."""

CHANGED = "these files were changed by hand, and this run would overwrite them:"
LEADS_NOWHERE = (
    "  this folder only leads from one stage to the next; drop the change here, with:",
    "  python -m tools.corrections discard {folder}",
    "  then run dvc repro again, and make it in data/tagged instead",
    "  ここは途中のフォルダーです。上のコマンドでここの変更だけを捨て、もう一度 dvc repro を",
    "  実行し、タグは data/tagged で直してください。",
)

SHOWN = 20
"""Files changed by hand that are shown by name."""


def same_tags(one: str, other: str) -> bool:
    """Return whether two captions hold the same tags in the same order, whatever the spacing."""
    first, second = (map(pieces, text.split("\n")) for text in (one, other))
    return one == other or [*first] == [*second]


def holds(path: Path, text: str) -> bool:
    """Return whether a caption file holds the tags of `text`; one that is not UTF-8 does not."""
    with named(path):
        data = path.read_bytes()
    try:
        return same_tags(data.decode("utf-8-sig").strip("\r\n"), text.strip("\r\n"))
    except UnicodeDecodeError:
        return False


def changed_by_hand(
    folder: Path,
    there: Sequence[Path],
    written: dict[str, Written],
    coming: dict[str, Written] | None = None,
) -> list[Path]:
    """Return those of a folder's `edited_files` that the stage neither wrote nor will write.

    `coming` is what the stage is about to write: a file that is so already loses nothing.
    """
    hand = []
    for path in there:
        entries = [record[path.stem] for record in (written, coming or {}) if path.stem in record]
        known = [entry for entry in entries if entry.is_at(path.relative_to(folder))]
        if path.suffix == ".txt":
            kept = any(holds(path, entry.text) for entry in known)
        else:
            with named(path):
                digest = sha256(path)
            kept = digest in {entry.picture for entry in known}
        if not kept and not is_lost(path):
            hand.append(path)
    return hand


def deleted_by_hand(folder: Path, there: Sequence[Path], written: dict[str, Written]) -> list[Path]:
    """Return the captions, or else pictures, that the stage wrote and that are gone.

    Where all of them are, nobody deleted any: the folder was not pulled yet, or is made anew.
    """
    found = {path.name for path in there}
    gone = []
    for stem, entry in written.items() if there else ():
        names = [f"{stem}.txt", *([f"{stem}.png"] if entry.picture else [])]
        missing = [name for name in names if name not in found]
        gone += [folder / entry.folder / name for name in missing[:1]]
    return gone if len(gone) < len(written) else []


def told_deleted(deleted: list[Path], written: dict[str, Written]) -> str:
    """Return what to say of files that somebody has deleted."""
    more = f" and {len(deleted) - 1} more" if len(deleted) > 1 else ""
    return (
        f"{deleted[0]} ({shown(written[deleted[0].stem].source)}){more}: deleted, and comes back "
        "with dvc repro; to leave a drawing out, move it out of prepare.input / 消しても "
        "dvc repro で戻ります。使わない絵は、絵のフォルダーから出してください"
    )


@contextmanager
def guarded_directory(
    output: Path,
    only: str,
    written: Path,
    coming: dict[str, Written],
    ready: Callable[[], None] = lambda: None,
) -> Iterator[Path]:
    """Yield what `atomic_directory` does, unless work done by hand in `output` would be lost.

    `written` is the record of what is there, `coming` what is about to be written. What is saved in
    `output` while the block runs is not lost either.

    Raises:
        Problem: it would be lost.
    """
    before: dict[Path, Stamp] = {}

    def untouched(old: Path) -> None:
        refuse_changed(output, before, old)

    with atomic_directory(output, only, ready, untouched) as partial:
        before |= stamps_within(output)
        refuse_to_overwrite(output, read_written(written), coming)
        yield partial
        if output.name in BETWEEN:  # whoever opens one to edit it is told so
            for path in files_within(partial):
                path.chmod(READ_ONLY)


def refuse_changed(output: Path, before: dict[Path, Stamp], now: Path) -> None:
    """Raise Problem if the files of `output`, which is at `now`, are not as they were `before`."""
    if different := differences(before, stamps_within(now)):
        raise changed([output / path for path in different])


def write_between(
    output: Path,
    only: str,
    written: Path,
    texts: dict[str, str],
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Write texts by stem to a folder that leads to the next stage, and the record of them.

    Raises:
        Problem: work done by hand there would be lost.
    """
    coming = {stem: written_for(None, text) for stem, text in texts.items()}
    with guarded_directory(output, only, written, coming, ready) as partial:
        for stem, text in texts.items():
            write_text(partial / f"{stem}.txt", text)
    write_written(written, coming)


def edited_files(folder: Path) -> list[Path]:
    """Return the captions and pictures below `folder`, which people may edit."""
    return [path for path in files_within(folder) if path.suffix in (".txt", ".png")]


def lost_files(there: Sequence[Path]) -> list[Path]:
    """Return those of a folder's `edited_files` that are empty: made, but not any more."""
    return [path for path in there if is_lost(path)]


def told_lost(lost: list[Path]) -> str:
    """Return what to say of empty files, which are not taken for work done by hand."""
    more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
    return (
        f"{shown(lost[0])}{more}: empty, as after a power cut, so dvc repro makes it again; "
        "to take all tags off a picture, strike them on the page / "
        "空のファイルは dvc repro が作り直します。タグを全部外すときは、ページで消してください"
    )


def refuse_to_overwrite(
    folder: Path, written: dict[str, Written], coming: dict[str, Written]
) -> None:
    """Raise Problem, naming the files, if writing `coming` would lose work done by hand."""
    there = edited_files(folder)
    if lost := lost_files(there):
        print(told_lost(lost), file=sys.stderr)
    remaining = {stem: entry for stem, entry in written.items() if stem in coming}
    deleted = deleted_by_hand(folder, there, remaining)
    if deleted and folder.name not in BETWEEN:
        print(told_deleted(deleted, remaining), file=sys.stderr)
    hand = changed_by_hand(folder, there, written, coming)
    if not hand:
        return
    known = coming | written
    names = []
    for path in hand:
        entry = known.get(path.stem)
        ours = entry is not None and entry.is_at(path.relative_to(folder))
        source = f" ({shown(entry.source)})" if entry and entry.source else ""
        names.append(
            f"  {shown(path)}" + (source if ours else ": not the pipeline's, move it away")
        )
    if len(names) > SHOWN:
        names[SHOWN:] = [f"  … and {len(names) - SHOWN} more"]
    if folder.name in BETWEEN:
        if written:
            lines = (line.format(folder=folder) for line in LEADS_NOWHERE)
            raise Problem("\n".join([CHANGED, *names, *lines]))
        return
    if not written:
        raise Problem(
            "\n".join(
                [
                    "this run would overwrite these files, and there is no record that could tell",
                    "whether they were changed by hand:",
                    *names,
                    "  get the record back:  git checkout data/written/tagged.json",
                    "                        dvc checkout data/written/dataset.json",
                    "                        dvc checkout data/written/held_out.json",
                    "  (the one of that folder), or move the files away, then run dvc repro again",
                    "  手で直したかどうかを見分ける記録がありません。上のコマンドで記録を戻すか、",
                    "  ファイルをよそへ移して、もう一度 dvc repro を実行してください。",
                ]
            )
        )
    raise Problem(
        "\n".join(
            [
                CHANGED,
                *names,
                "  keep the changes:  python -m tools.corrections save",
                "  drop the changes:  python -m tools.corrections discard",
                "  (a picture changed by hand belongs among your drawings; only tags can be saved)",
                "  then run dvc repro again",
                "  手で直したファイルがあります。残すなら save、捨てるなら discard を実行し、",
                "  もう一度 dvc repro を実行してください。",
            ]
        )
    )
