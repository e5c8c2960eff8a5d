"""The disk: that it keeps what was written, also when the power goes, and which one is full."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stages.library.common.faults import named
from stages.library.common.workers import run_over

AT_ONCE = 16
"""Files that are waited for together: the file system writes its journal once for all of them."""

REFUSALS = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
"""What a file system answers that has no fsync(2), or none for folders."""

NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


def keep(path: Path) -> None:
    """Wait until the disk has a file's bytes, or the names in a folder.

    On a Mac fsync(2) only hands them to the disk, which may keep them in its memory;
    F_FULLFSYNC asks for that to be emptied, and so for all that was handed over before.

    Raises:
        OSError: the disk can't keep it, or is full.
    """
    _wait_for(path, full=True)


def keep_tree(folder: Path) -> None:
    """Wait until the disk has everything below a folder.

    As Git's core.fsyncMethod=batch: a Mac's disk is asked to empty its memory once, at the end.

    Raises:
        OSError: the disk can't keep it, or is full.
    """
    paths = [path for path in folder.rglob("*") if not path.is_symlink()]
    for _ in run_over(paths, _wait_for, AT_ONCE):
        pass
    keep(folder)


def _wait_for(path: Path, full: bool = False) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        if full and hasattr(fcntl, "F_FULLFSYNC"):
            try:
                fcntl.fcntl(number, fcntl.F_FULLFSYNC)
                return
            except OSError:  # not every disk has it, and a real error will come again
                pass
        os.fsync(number)
    except OSError as error:
        if error.errno not in REFUSALS:
            error.filename = str(path)
            raise
    finally:
        os.close(number)


@contextmanager
def written_to(place: Path) -> Iterator[None]:
    """Have the error of a full disk name what was written, not what it was copied from.

    Python names the file where it opens one, both where it copies, and none where it writes.
    """
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            written = error.filename2 or error.filename or str(place)
            error.filename, error.filename2 = written, None
        raise


def no_room(error: OSError) -> str:
    """Return which disk is full, as far as an error tells, and what to do."""
    quota = error.errno == errno.EDQUOT
    spent, japanese = (
        ("your share of the disk is used up", "割り当てられた容量を使い切りました")
        if quota
        else ("the disk is full", "ディスクがいっぱいです")
    )
    place = error.filename2 or error.filename
    disk = mount_point(Path(os.fsdecode(place))) if place else ""
    return (
        (f"{disk}: {spent}, {place} can't be written" if place else spent)
        + "; make room there, then run the same command again / "
        + (f"{disk}: " if place else "")
        + f"{japanese}。空きを増やして、同じコマンドをもう一度実行してください"
    )


def mount_point(path: Path) -> Path:
    """Return the folder at which the file system that holds a path is mounted.

    >>> mount_point(Path("/")).as_posix()
    '/'
    """
    real = path.resolve()
    return next(top for top in (real, *real.parents) if os.path.ismount(top))


def is_lost(path: Path) -> bool:
    """Return whether a file is empty, or begins with a zero byte, as nothing does that we write.

    So a power cut leaves a file that the disk had not kept yet.

    Raises:
        Problem: the machine can't read it.
    """
    with named(path), path.open("rb") as file:
        return file.read(1) in (b"", b"\0")
