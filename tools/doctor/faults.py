"""What an examination finds, and what may be done about it without a person."""

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

DAMAGED = Path(".dvc/tmp/damaged")
"""What is taken away is kept here: DVC's own folder, which Git ignores."""


class Fault(NamedTuple):
    """What is wrong, what to do in English and Japanese, and what `--mend` does."""

    wrong: str
    english: str
    japanese: str
    mend: Callable[[], str] | None = None


Examination = tuple[str, list[Fault]]
"""What to say if all is well, and the faults."""


def put_away(path: Path) -> str:
    """Move a damaged file out of the way, or remove it where it holds nothing."""
    if path.stat().st_size == 0:
        path.unlink()
        return f"{path} removed"
    kept = DAMAGED / path.as_posix().replace("/", "_")
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(path, kept)  # DVC's cache may lie on another disk
    return f"{path} moved to {kept}"


def is_held(lock: Path) -> bool:
    """Return whether a process holds a lock, as flock(2) tells; false where there is none."""
    try:
        with lock.open("a" if lock.is_file() else "r") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:  # also where the file system has no locks: then nothing is mended
        return True
    return False
