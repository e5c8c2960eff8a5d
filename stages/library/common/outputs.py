"""Outputs that are there whole or not at all, also after a power cut, written by one at a time."""

import fcntl
import fnmatch
import hashlib
import os
import re
import shlex
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock

from stages.library.common.disk import keep, keep_tree, written_to
from stages.library.common.errors import Problem
from stages.library.common.foreign import shown
from stages.library.common.litter import is_backup, is_litter

READ_ONLY = 0o444
"""Of a file that leads nowhere if somebody changes it: an editor says so, and asks."""


@contextmanager
def locked(output: Path) -> Iterator[None]:
    """Hold the lock of `output`; wait for a process that holds it.

    A killed `dvc repro` leaves its stage running. Run again, the stage waits here for the old
    one, rather than writing the same files beside it.

    Raises:
        Problem: the file system has no locks, or the folder may not be written to.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(output.parent, os.W_OK | os.X_OK):
        raise locked_problem(output.parent)
    refuse_lockless(beside(output, "lock"))
    lock = filelock.FileLock(beside(output, "lock"), timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        print(f"{output}: an earlier run is still writing it; waiting for it", file=sys.stderr)
        lock.acquire(timeout=-1)
    try:
        yield
    finally:
        lock.release()


def refuse_lockless(lock: Path) -> None:
    """Raise Problem where flock(2) is refused, as by some network mounts.

    filelock before 4 takes ENOLCK for a lock that somebody else holds, and waits for ever.
    """
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # held by somebody; some say EACCES for it
            return
        except OSError as error:
            raise Problem(
                f"{lock.parent}: this file system has no locks ({error.strerror}), so two runs "
                "could write the same files; keep the project on this computer's own disk / "
                "ここではファイルをロックできません。プロジェクトはこのパソコン本体の"
                "ディスクに置いてください"
            ) from None


@contextmanager
def atomic_directory(
    output: Path,
    only: str,
    ready: Callable[[], None] = lambda: None,
    going: Callable[[Path], None] = lambda _: None,
    done: Callable[[], None] = lambda: None,
) -> Iterator[Path]:
    """Yield an empty folder beside `output` that takes its place when the block succeeds.

    Then the disk has it, too (see `disk.keep`). Inside the block `output` still holds what an
    earlier run wrote. `only` is a regular expression that every file's path within an existing
    `output` must match, so that a slip in `--output` never removes somebody's files. `ready`
    is called when the disk has all of the new folder, which may take it long; `going` sees the old
    one, moved aside so that no file can be saved into it any more. What either raises leaves the
    old folder where it was. `done` is called when the new one has its place, before anybody else
    may write it.

    Raises:
        Problem: `output` holds a file that this stage does not write, or is locked.
    """
    output = output.resolve()
    partial, old = beside(output, "partial"), beside(output, "old")
    with locked(output), written_to(output):
        if old.exists() and not output.exists():
            old.rename(output)  # killed between the two renames below
        _refuse_foreign(output, only)
        _refuse_locked(output)
        _clear(old)
        _clear(partial)
        partial.mkdir(parents=True)
        try:
            yield partial
            _keep_backups(output, partial)
            keep_tree(partial)
            ready()
            if output.exists():
                output.rename(old)
                going(old)
        except BaseException:
            if old.exists() and not output.exists():
                old.rename(output)
            shutil.rmtree(partial, ignore_errors=True)
            raise
        partial.rename(output)
        keep(output.parent)
        done()
        shutil.rmtree(old, ignore_errors=True)


def write_atomically(path: Path, data: bytes, ready: Callable[[], None] = lambda: None) -> None:
    """Write `data` to `path`, so that a reader sees the old file or the new one, never a part.

    The same holds for what a power cut leaves. `ready` is called when the disk has all of the new
    file; what it raises leaves the old one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _whole(path, ready) as partial:
        partial.write_bytes(data)


def copy_atomically(source: Path, target: Path, top: Path | None = None) -> None:
    """Copy a file, whole or not at all; with `top`, folders are made below that alone."""
    if top:
        make_below(top, target.parent)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
    with _whole(target) as partial:
        shutil.copyfile(source, partial)


def take_along(old: Path, new: Path) -> None:
    """Give a file of an output its place in the output that follows: the same file, or a copy.

    Only for what is left as it is, and whose old name goes away: what is later written to the one
    name would be written to the other, too. Making a file and removing another takes a disk some
    fifty times as long as a second name for the same.
    """
    new.unlink(missing_ok=True)
    if not old.is_symlink():  # into DVC's cache
        with suppress(OSError):  # a file system that has no such names
            os.link(old, new)
            return
    shutil.copyfile(old, new)


def make_below(top: Path, folder: Path) -> None:
    """Make a folder and those above it, as far as they are below `top`, which must be there.

    Where `top` is on a mount that went away, it would else be made on this machine's own disk.
    """
    for above in reversed([folder, *folder.parents][: len(folder.relative_to(top).parts)]):
        above.mkdir(exist_ok=True)


@contextmanager
def _whole(path: Path, ready: Callable[[], None] = lambda: None) -> Iterator[Path]:
    """Yield a file beside `path` that takes its place when the block and `ready` succeed."""
    partial = beside(path, "partial")
    try:
        with written_to(path):
            yield partial
            keep(partial)
            ready()
            partial.replace(path)
            keep(path.parent)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def beside(output: Path, suffix: str) -> Path:
    """Return the hidden helper file or folder of `output`; Git and DVC ignore it."""
    return output.with_name(f".{output.name}.{suffix}")


def files_within(folder: Path) -> list[Path]:
    """Return every file below `folder`, sorted, that somebody or a stage put there.

    So no litter, no copies that editors keep, and nothing that a killed run left.

    Raises:
        OSError: a folder can't be read, whose files `Path.rglob` would leave out.
    """

    return [path for path in _all_within(folder) if not is_backup(path.name)]


def files_in(folder: Path, pattern: str) -> list[Path]:
    """Return the files directly in `folder` that match a glob, sorted, as `files_within` has them.

    >>> files_in(Path("no/such/folder"), "*.png")
    []
    """
    if "/" not in pattern:  # by name, since paths are compared far more slowly
        names = sorted(filter(_is_own, fnmatch.filter(_names_in(folder), pattern)))
        return [folder / name for name in names]
    return sorted(
        path
        for path in folder.glob(pattern)
        if all(_is_own(name) for name in path.relative_to(folder).parts)
    )


def _names_in(folder: Path) -> list[str]:
    """Return the names in a folder; none where there is none."""
    try:
        return [entry.name for entry in os.scandir(folder)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _all_within(folder: Path) -> list[Path]:
    """Return every file below `folder`, sorted, copies that editors keep among them."""

    def refuse(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            raise error

    paths = []
    for top, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not is_litter(name))
        place = Path(top)
        paths += [place / name for name in sorted(names) if not (is_litter(name) or _is_part(name))]
    return sorted(paths, key=lambda path: path.parts)  # paths are compared far more slowly


def _is_part(name: str) -> bool:
    """Return whether a name is of a file that is being written."""
    return name.startswith(".") and name.endswith(".partial")


def _is_own(name: str) -> bool:
    """Return whether a name is of what somebody or a stage puts into an output."""
    return not (is_litter(name) or is_backup(name) or name.startswith("."))


def _keep_backups(old: Path, new: Path) -> None:
    """Take along the copies that editors keep: one may hold what is not saved yet."""
    for path in _all_within(old):
        if is_backup(path.name) and path.is_file() and not path.is_symlink():
            there = new / path.relative_to(old).parent
            take_along(path, (there if there.is_dir() else new) / path.name)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def foreign(folder: Path, only: str) -> Path | None:
    """Return the first file in a folder whose path there doesn't match `only`, if there is one."""
    for path in files_within(folder):
        if not re.fullmatch(only, path.relative_to(folder).as_posix(), flags=re.DOTALL):
            return path
    return None


def _refuse_locked(output: Path) -> None:
    """Raise Problem if a folder, or one in it, is locked: what is in it can't be taken away.

    A Mac's Finder locks files, too. Those that may only be read are no such: so DVC leaves them.
    """
    if not output.is_dir():
        return
    mac = hasattr(os, "chflags")
    for top, _, names in os.walk(output):
        here = Path(top)
        if not os.access(here, os.W_OK | os.X_OK):
            raise locked_problem(here)
        for path in [here, *(here / name for name in names)] if mac else ():
            if getattr(path.lstat(), "st_flags", 0) & (stat.UF_IMMUTABLE | stat.UF_APPEND):
                raise locked_problem(path)


def locked_problem(path: Path) -> Problem:
    """Return in words that a file or folder is locked, and how to unlock it."""
    return Problem(
        f"{shown(path)}: is locked, so that nothing can be written there; unlock it, then run the "
        f"same command again: chmod -R u+w {shlex.quote(str(path))} (on a Mac also: "
        "chflags -R nouchg, or Get Info > Locked) / ロックされていて書き込めません。上の chmod で"
        "(Mac では chflags か「情報を見る」の「ロック」でも)解除し、もう一度実行してください"
    )


def _clear(folder: Path) -> None:
    """Remove a helper folder of ours, also if a lock came with what was moved there.

    Raises:
        Problem: it can't be removed.
    """
    for top, _, names in os.walk(folder):
        for path in (Path(top), *(Path(top, name) for name in names)):
            with suppress(OSError):
                if hasattr(os, "chflags") and not path.is_symlink():
                    os.chflags(path, 0)
                if path.is_dir() and not path.is_symlink():
                    path.chmod(0o700)
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        pass
    except PermissionError:
        raise locked_problem(folder) from None


def _refuse_foreign(output: Path, only: str) -> None:
    if output.exists() and not output.is_dir():
        raise Problem(f"{output}: is a file, not a folder; choose another --output")
    if path := foreign(output, only):
        raise Problem(
            f"{shown(path)}: this stage did not write it and would remove it; move it away, or "
            "choose another --output"
        )
