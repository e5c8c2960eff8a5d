"""Take the corrections of a file that a browser saved beside data/edits.yaml: edits (1).yaml."""

from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.foreign import shown
from stages.library.common.unchanged import seen
from stages.library.dataset.edits_file import read_edits
from stages.library.dataset.edits_text import write_edits


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
            f"{edits.name} のほうが新しく、内容も違います。不要なら削除してください"
        )
    after = before | taken
    if after != before:
        write_edits(edits, after, read.look_again)
    for key, entry in after.items():
        if before.get(key) != entry:
            print(f"  {shown(entry.source)}: as in {path.name}")
        elif key not in taken:
            print(f"  {shown(entry.source)}: not in {path.name}, kept")
    path.unlink()
    print(f"corrections: {path.name} taken into {edits}, and removed; now run: dvc repro")
