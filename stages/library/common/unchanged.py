"""What people write while a stage reads it: the stage looks again before it commits its result.

DVC takes the digests of what a stage depends on, files and params alike, after the stage has run.
What changed meanwhile would be recorded as what was read, and never be seen again.
"""

import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.faults import named
from stages.library.common.foreign import shown
from stages.library.common.litter import is_backup, is_litter
from stages.library.common.outputs import files_within

Stamp = tuple[int, ...]
"""A file's inode, size and time of change, of a link also its target's.

DVC trusts these three, too, so that it sees no change that leaves all of them. An editor's save
changes the time, and a file put in place of another has another inode. The time of the inode would
see more, but also that somebody has only looked at a drawing: a Mac notes that beside the file.
"""


@dataclass(frozen=True)
class Seen:
    """Files, and all directly in folders, as they were when a stage began to read them."""

    paths: tuple[Path, ...]
    stamps: dict[Path, Stamp]
    is_read: Callable[[Path], bool]  # of the others it counts only that they are there

    def look_again(self) -> None:
        """Raise Problem if a file was changed since, or one was added or removed."""
        now = seen(*self.paths, is_read=self.is_read).stamps
        if different := differences(self.stamps, now):
            raise changed(different)


def seen(*paths: Path, is_read: Callable[[Path], bool] = lambda _: True) -> Seen:
    """Return how files are now; of folders all that is directly in them, but no litter."""
    entries = [
        entry for path in paths for entry in (sorted(path.iterdir()) if path.is_dir() else [path])
    ]
    stamps = {path: found for path in entries if (found := stamp(path, is_read(path)))}
    return Seen(paths, stamps, is_read)


def stamps_within(folder: Path) -> dict[Path, Stamp]:
    """Return the stamps of all files below a folder, by their paths within."""
    return {
        path.relative_to(folder): found
        for path in files_within(folder)
        if (found := stamp(path, is_read=True))
    }


def stamp(path: Path, is_read: bool) -> Stamp:
    """Return what any change of a file changes; nothing of litter, and of what isn't there.

    A copy that an editor keeps counts for none, too: it comes and goes while somebody types.
    """
    if is_litter(path.name) or is_backup(path.name):
        return ()
    try:
        with named(path):
            status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    kind = stat.S_IFMT(status.st_mode)
    if not is_read or stat.S_ISDIR(status.st_mode):
        return (kind,)
    own = (kind, status.st_ino, status.st_size, status.st_mtime_ns)
    if not stat.S_ISLNK(status.st_mode):
        return own
    try:
        status = path.stat()
    except OSError:
        return own  # it leads to nothing
    return (*own, status.st_ino, status.st_size, status.st_mtime_ns)


def differences(before: dict[Path, Stamp], now: dict[Path, Stamp]) -> list[Path]:
    """Return the files that were changed, added or removed."""
    return sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))


def changed(paths: Sequence[Path]) -> Problem:
    """Return in words that files were changed by somebody else while a stage ran."""
    more = f" and {len(paths) - 1} more files" if len(paths) > 1 else ""
    return Problem(
        f"{shown(paths[0])}{more}: changed while this was running; run the same command again"
        " / 実行中に変更されました。もう一度実行してください"
    )
