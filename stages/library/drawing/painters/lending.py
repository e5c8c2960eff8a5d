"""LoRAs that a WebUI is lent to draw with, under names that no other has.

The folder that they are lent in is its own lock (flock(2)): all who lend there hold it together, so
whoever holds it alone knows that what is still there was left by a run that was killed. Where it is
stands in a record of the project's, so that it is found again when no WebUI runs.
"""

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.outputs import copy_atomically, write_atomically
from stages.library.common.paths import repository
from stages.library.drawing.loras import Lora, lora_hash
from stages.library.drawing.painters.lora_folder import folder_of
from stages.library.drawing.painters.webui import WebUI
from stages.library.drawing.painters.webui_state import State
from stages.library.training.headers import read_metadata

LENT = "nasumiso-test"
"""The folder within a WebUI's models/Lora for the copies that the generate stage draws with."""

RECORDS = Path(".dvc/tmp/lent")
"""A file for each such folder that was lent to: DVC's own place for what Git need not know."""

COPY = re.compile(r".+-([0-9a-f]{8})\.safetensors")
PARTIAL = re.compile(r"\..+-[0-9a-f]{8}\.safetensors\.partial")


@contextmanager
def lent(webui: WebUI, state: State, loras: list[Lora], named: str) -> Iterator[None]:
    """Lend the WebUI copies of the LoRAs that it lacks; afterwards it has none of them any more.

    Raises:
        Problem: its folder isn't on this machine, and the copies aren't there either.
    """
    try:
        folder = folder_of(state, named, webui.here) / LENT
    except Problem as error:
        if missing := lacking(loras, state):
            names = ", ".join(f"{lora.file} as {lora.copy}.safetensors" for lora in missing)
            raise Problem(f"{error}, or copy there by hand: {names}") from None
        yield
        return
    copies: list[Path] = []
    try:
        take_back(folder)
        with together(folder, copies):
            webui.refresh_loras()
            for lora in lacking(loras, webui.state()):
                copies.append(folder / f"{lora.copy}.safetensors")
                copy_atomically(lora.file, copies[-1])
            webui.refresh_loras()
            yield
    finally:
        with suppress(Problem):  # it may be gone by now
            webui.refresh_loras()


def lacking(loras: list[Lora], state: State) -> list[Lora]:
    return [lora for lora in loras if lora.copy not in state.loras]


@contextmanager
def together(folder: Path, copies: list[Path]) -> Iterator[None]:
    """Hold a folder together with all who lend there; `copies` are those that this run makes.

    The last one out removes all copies: another may draw with one that this run made.
    """
    handle, has_locks = held(folder)
    try:
        write_atomically(record_of(folder), f"{folder}\n".encode())
        yield
    finally:
        alone = has_locks and locked(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        remove(left_in(folder) if alone else [] if has_locks else copies, folder)
        os.close(handle)


def held(folder: Path) -> tuple[int, bool]:
    """Return a folder, open and held with all who lend there, and whether it could be held."""
    while True:
        folder.mkdir(exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        has_locks = locked(handle, fcntl.LOCK_SH)
        if is_at(handle, folder):
            return handle, has_locks
        os.close(handle)  # the last one out has just removed it


def take_back(folder: Path) -> list[Path]:
    """Remove the copies that a killed run left in a folder, and return them.

    None is removed while anybody lends there, or where the file system has no locks to tell.
    """
    with alone_in(folder) as alone:
        left = left_in(folder) if alone else []
        remove(left, folder)
    return left


def left_by_killed_runs() -> dict[Path, list[Path]]:
    """Return the copies that killed runs of this project left, by the folder they are in."""
    found = {}
    for folder in lent_to():
        with alone_in(folder) as alone:
            if alone and (left := left_in(folder)):
                found[folder] = left
    return found


def take_all_back() -> list[Path]:
    """Remove the copies that killed runs of this project left anywhere, and return them."""
    return [path for folder in lent_to() for path in take_back(folder)]


@contextmanager
def alone_in(folder: Path) -> Iterator[bool]:
    """Hold a folder, if it is there and nobody else does; yield whether that is so."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        yield False
        return
    try:
        yield locked(handle, fcntl.LOCK_EX | fcntl.LOCK_NB) and is_at(handle, folder)
    finally:
        os.close(handle)


def locked(handle: int, how: int) -> bool:
    """Lock a folder; return whether that could be done, which not every file system can."""
    try:
        fcntl.flock(handle, how)
    except OSError:
        return False
    return True


def is_at(handle: int, folder: Path) -> bool:
    """Return whether an open folder is still the one of its name."""
    try:
        return os.path.samestat(os.fstat(handle), folder.stat())
    except FileNotFoundError:
        return False


def left_in(folder: Path) -> list[Path]:
    """Return the files of a folder that are ours for sure."""
    paths = sorted(folder.iterdir()) if folder.name == LENT and folder.is_dir() else []
    return [path for path in paths if PARTIAL.fullmatch(path.name) or is_copy(path)]


def is_copy(path: Path) -> bool:
    """Return whether a file is a LoRA that is named after its own content, as a copy of ours is."""
    if not (named := COPY.fullmatch(path.name)):
        return False
    try:
        return lora_hash(path, read_metadata(path)).startswith(named[1])
    except (OSError, Problem):  # a folder, a link to nowhere, or no LoRA
        return False


def remove(paths: list[Path], folder: Path) -> None:
    """Remove copies, and their folder if somebody's own files aren't in it."""
    for path in paths:
        path.unlink(missing_ok=True)
    with suppress(OSError):  # they are, or it is gone
        folder.rmdir()


def lent_to() -> list[Path]:
    """Return the folders that this project has lent to and that are there still."""
    found = []
    for record in sorted((repository(Path.cwd()) / RECORDS).glob("*")):
        folder = Path(record.read_text(encoding="utf-8").strip())
        if folder.is_dir():
            found.append(folder)
        elif folder.parent.is_dir():  # and no disk that isn't mounted now
            record.unlink()
    return found


def told(left: list[Path]) -> str:
    """Return what to say of copies that were taken back."""
    return (
        f"{len(left)} LoRAs that a stopped run had lent the WebUI are taken back "
        "/ 中断した実行が WebUI に置いた LoRA のコピーを片づけました"
    )


def record_of(folder: Path) -> Path:
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return repository(Path.cwd()) / RECORDS / name
