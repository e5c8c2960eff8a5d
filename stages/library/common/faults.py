"""What the machine fails at: never a property of a file, always a run that failed."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.foreign import shown

MEMORY = (
    "close other programs, or save a smaller copy of it",
    "ほかのソフトを閉じるか、小さくして保存し直してください",
)
FILES = ("close other programs", "ほかのソフトを閉じてください")
ROOM = ("free some room there", "空きを作ってください")
AWAY = (
    "connect the disk or network drive that it is on",
    "ディスクやネットワークドライブをつなぎ直してください",
)
DENIED = (
    "give yourself the right to read it, or move it away",
    "読み取りを許可するか、別の場所へ移してください",
)
DISK = (
    "look after the disk that it is on, or put a sound copy in its place",
    "ディスクを調べるか、壊れていないコピーと入れ替えてください",
)
REMEDIES = {
    errno.ENOMEM: MEMORY,
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), FILES),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), ROOM),
    **dict.fromkeys((errno.ENOTCONN, errno.ESTALE, errno.ETIMEDOUT, errno.ENODEV), AWAY),
    **dict.fromkeys((errno.EHOSTDOWN, errno.EHOSTUNREACH), AWAY),
    **dict.fromkeys((errno.EACCES, errno.EPERM), DENIED),
}
"""What a person can do, by the system's numbers; of all others the disk is suspected."""


def is_machines(error: BaseException) -> bool:
    """Return whether an error says nothing of a file, only that the machine failed at it.

    The system numbers its errors. Pillow's own OSErrors, as of a file that is cut off, have none.

    >>> [is_machines(each) for each in (OSError(5, "Input/output error"), OSError("truncated"))]
    [True, False]
    """
    return isinstance(error, MemoryError) or (
        isinstance(error, OSError) and error.errno is not None
    )


def as_problem(path: Path, error: BaseException) -> Problem:
    """Return in words what the machine failed at, and what to do."""
    if isinstance(error, OSError):
        said = f"can't be read: {error.strerror}"
        remedy = REMEDIES.get(error.errno or 0, DISK)
    else:
        said, remedy = "there is not enough memory for it", MEMORY
    return Problem(
        f"{shown(path)}: {said}; {remedy[0]}, then run the same command again"
        f" / {remedy[1]}。そのあと、もう一度実行してください"
    )


def bytes_there(path: Path) -> bytes:
    """Return what a file holds; nothing where there is none.

    Raises:
        Problem: the machine can't read it.
    """
    try:
        with named(path):
            return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return b""


@contextmanager
def named(path: Path) -> Iterator[Path]:
    """Name the file that the machine fails at within the block: a failed read names none.

    Raises:
        Problem: it fails.
        FileNotFoundError, NotADirectoryError: the file isn't there.
    """
    try:
        yield path
    except (OSError, MemoryError) as error:
        if isinstance(error, FileNotFoundError | NotADirectoryError) or not is_machines(error):
            raise
        raise as_problem(path, error) from error
