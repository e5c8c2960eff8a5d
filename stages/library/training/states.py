"""States that a training can go on from, and their way to the Drive and back."""

import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stages.library.common.outputs import beside, copy_atomically, make_below, sha256
from stages.library.training.headers import is_whole

FILES = (
    "train_state.json",
    "model.safetensors",
    "optimizer.bin",
    "scheduler.bin",
    "random_states_0.pkl",
)
"""sd-scripts writes them in this order."""

DIGESTS = "sha256.json"
"""Beside the files of a copied state: what they must be."""


def state_is_complete(state: Path) -> bool:
    """Return whether a state holds all its files, none of them cut off in the middle.

    All but the first two are written by torch.save: zip archives, whose list comes last.
    """
    try:
        if not all((state / name).is_file() for name in FILES):
            return False
        digests = state / DIGESTS
        if digests.is_file() and read_record(digests) != digests_of(state):
            return False
    except OSError:  # it is being removed, or the Drive can't read it
        return False
    archives = all(zipfile.is_zipfile(state / name) for name in FILES[2:])
    return archives and epoch_of(state) > 0 and is_whole(state / FILES[1])


def epoch_of(state: Path) -> int:
    """Return the epochs that a state has behind it; 0 if it can't be told."""
    try:
        return int(str(read_record(state / FILES[0])["current_epoch"]))
    except (ValueError, KeyError):
        return 0


def read_record(path: Path) -> dict[str, object]:
    """Return what a file of JSON holds; nothing where it is gone, empty or cut."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def states_in(folder: Path) -> list[Path]:
    """Return the states of epochs' ends, the newest last; no state of the middle of an epoch."""
    return sorted(
        path for path in folder.glob("*-*-state") if re.search(r"-\d{6}-state$", path.name)
    )


def newest_state(
    folder: Path, epochs: int, fit: Callable[[int], bool] = lambda _: True
) -> Path | None:
    """Return the newest complete state of an epoch that is `fit` and not the last of `epochs`."""
    usable = [state for state in states_in(folder) if state_is_complete(state)]
    return next(
        (each for each in reversed(usable) if epoch_of(each) < epochs and fit(epoch_of(each))), None
    )


def remove_incomplete(folder: Path) -> None:
    """Remove states that were being written when the run was killed."""
    for state in folder.glob("*-state"):
        if not state_is_complete(state):
            shutil.rmtree(state)


def digests_of(state: Path) -> dict[str, str]:
    """Return the SHA-256 of a state's files by name."""
    files = sorted(path for path in state.iterdir() if path.is_file() and path.name != DIGESTS)
    return {path.name: sha256(path) for path in files}


def carry(source: Path, target: Path) -> None:
    """Copy what a run folder holds and `target` lacks: logs, pictures, LoRAs, then states.

    The states come last, so that the curve reaches as far as the newest state. A state that did
    not arrive whole is left out, and so is what vanishes meanwhile. `target` itself must be there:
    one on the Drive is never made at the place of a mount that is away.
    """
    records = [path for path in source.glob("*.json") if read_record(path)]
    logs = [*source.glob("logs/**/*"), *source.glob("output/sample/*.png"), *records]
    loras = [path for path in source.glob("output/*.safetensors") if is_whole(path)]
    for path in [*sorted(logs), *sorted(loras)]:
        if path.is_file() and not path.name.startswith("."):
            with may_vanish(source):
                copy_newer(path, target / path.relative_to(source), target)
    for state in states_in(source / "output"):
        there = target / "output" / state.name
        if not arrived(state, there) and state_is_complete(state):
            with may_vanish(source):
                copy_state(state, there, target)


def arrived(path: Path, there: Path) -> bool:
    """Return whether a file, or a state, is `there` as long as it is here, its record not cut."""
    if not path.name.endswith("-state"):
        return length(path) == length(there)
    same = all(length(path / name) == length(there / name) for name in FILES)
    return same and (length(there / DIGESTS) < 0 or bool(read_record(there / DIGESTS)))


def length(path: Path) -> int:
    """Return a file's length in bytes; -1 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return -1


def copy_state(state: Path, there: Path, top: Path) -> None:
    """Copy a state and its digests, in place of a cut one; leave it out if it isn't whole then."""
    partial = beside(there, "partial")
    make_below(top, partial.parent)
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir()  # never with parents, as shutil.copytree would
        for path in sorted(state.iterdir()):
            shutil.copyfile(path, partial / path.name)
        if not (state / DIGESTS).is_file():
            (partial / DIGESTS).write_text(json.dumps(digests_of(state)), encoding="utf-8")
        if state_is_complete(partial):
            shutil.rmtree(there, ignore_errors=True)
            partial.rename(there)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def may_vanish(folder: Path) -> Iterator[None]:
    """Let pass that a file of `folder` is gone meanwhile: the trainer removes its old states."""
    try:
        yield
    except FileNotFoundError as error:
        if not Path(str(error.filename)).is_relative_to(folder):
            raise


def remove_old_states(source: Path, target: Path) -> None:
    """Remove the states of `target` that the trainer has removed from `source` since."""
    kept = {state.name for state in states_in(source / "output")}
    for state in states_in(target / "output"):
        if kept and state.name not in kept:
            shutil.rmtree(state)


def copy_newer(source: Path, target: Path, top: Path) -> None:
    """Copy a file, whole or not at all, unless `target` is as new and at least as long.

    A log here that is longer than the Drive's has epochs that were trained while that was away.
    """
    before = source.stat()
    if target.is_file():
        there = target.stat()
        if there.st_size >= before.st_size and there.st_mtime >= before.st_mtime:
            return
    copy_atomically(source, target, top)
