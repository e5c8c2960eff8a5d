"""Take the corrections of a file that a browser saved beside data/edits.yaml: edits (1).yaml."""

from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.foreign import shown
from stages.library.common.unchanged import seen
from stages.library.dataset.edits import Edit
from stages.library.dataset.edits_file import read_edits
from stages.library.dataset.edits_text import write_edits
from tools.corrections.typed import difference


def changed(old: Edit | None, new: Edit) -> str:
    """Return in words what an entry says otherwise than the one that it takes the place of.

    >>> changed(Edit("a.png", ["hat", "cat"]), Edit("a.png", ["hat"], ["dog"]))
    'add: -cat, remove: +dog'
    """
    old = old or Edit(new.source)
    lists = (("add", old.add, new.add), ("remove", old.remove, new.remove))
    words = [f"{name}: {difference(was, now)}" for name, was, now in lists if was != now]
    others = {
        "order": old.order != new.order,
        "caption": old.caption != new.caption,
        "sentence": old.sentence != new.sentence,
    }
    return ", ".join([*words, *(f"another {name}" for name, on in others.items() if on)])


def take_copy(path: Path, data: Path) -> None:
    """Put the entries of a file in place of those in edits.yaml; what it lacks stays there.

    Then the file is removed.

    Raises:
        Problem: it is no such file, or older than edits.yaml, with other corrections.
        Problem: edits.yaml, or the file, was changed meanwhile.
    """
    edits = data / "edits.yaml"
    if not path.is_file():
        raise Problem(f"{shown(path)}: no such file; name one of corrections, as edits (1).yaml")
    if path.samefile(edits):
        raise Problem(f"{shown(path)}: is the file of corrections itself; name a copy of it")
    read = seen(edits, path)
    before, taken = read_edits(edits), read_edits(path)
    other = [before[key].source for key in before.keys() & taken if before[key] != taken[key]]
    if other and path.stat().st_mtime < edits.stat().st_mtime:
        raise Problem(
            f"{shown(path)}: is older than {edits}, which has other corrections of "
            f'{shown(other[0])}; delete it, or if it is right nevertheless: touch "{path}" / '
            f"{edits.name} のほうが新しく、内容も違います。不要なら削除し、"
            "このコピーのほうが正しければ上の touch を実行してください"
        )
    after = before | taken
    if after != before:
        write_edits(edits, after, read.look_again)
    for key, entry in after.items():
        if before.get(key) != entry:
            print(f"  {shown(entry.source)}: {changed(before.get(key), entry)}")
        elif key not in taken:
            print(f"  {shown(entry.source)}: not in {path.name}, kept")
    path.unlink()
    print(f"corrections: {path.name} taken into {edits}, and removed; now run: dvc repro")
