"""States that a training can go on from, and their way to the Drive and back."""

import json
import re
import shutil
import zipfile
from pathlib import Path

from stages.library.outputs import beside, copy_atomically, sha256, write_atomically
from stages.library.papers import is_whole

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
    if not all((state / name).is_file() for name in FILES):
        return False
    digests = state / DIGESTS
    if digests.is_file() and json.loads(digests.read_text()) != digests_of(state):
        return False
    archives = all(zipfile.is_zipfile(state / name) for name in FILES[2:])
    return archives and epoch_of(state) > 0 and is_whole(state / FILES[1])


def epoch_of(state: Path) -> int:
    """Return the epochs that a state has behind it; 0 if it can't be told."""
    try:
        return int(json.loads((state / FILES[0]).read_text())["current_epoch"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def states_in(folder: Path) -> list[Path]:
    """Return the states of epochs' ends, the newest last; no state of the middle of an epoch."""
    return sorted(
        path for path in folder.glob("*-*-state") if re.search(r"-\d{6}-state$", path.name)
    )


def newest_state(folder: Path, epochs: int) -> Path | None:
    """Return the newest complete state that leaves an epoch to train, of `epochs`."""
    usable = [state for state in states_in(folder) if state_is_complete(state)]
    return next((state for state in reversed(usable) if epoch_of(state) < epochs), None)


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
    not arrive whole is left out.
    """
    logs = [*source.glob("logs/**/*"), *source.glob("output/sample/*.png"), *source.glob("*.json")]
    loras = [path for path in source.glob("output/*.safetensors") if is_whole(path)]
    for path in [*sorted(logs), *sorted(loras)]:
        if path.is_file() and not path.name.startswith("."):
            copy_newer(path, target / path.relative_to(source))
    for state in states_in(source / "output"):
        there = target / "output" / state.name
        if not there.exists() and state_is_complete(state):
            partial = beside(there, "partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(state, partial, copy_function=shutil.copyfile)
            if not (state / DIGESTS).is_file():
                write_atomically(partial / DIGESTS, json.dumps(digests_of(state)).encode())
            if state_is_complete(partial):
                partial.rename(there)
            else:
                shutil.rmtree(partial)


def remove_old_states(source: Path, target: Path) -> None:
    """Remove the states of `target` that the trainer has removed from `source` since."""
    kept = {state.name for state in states_in(source / "output")}
    for state in states_in(target / "output"):
        if kept and state.name not in kept:
            shutil.rmtree(state)


def copy_newer(source: Path, target: Path) -> None:
    """Copy a file, whole or not at all, unless `target` is as long and as new."""
    before = source.stat()
    if target.is_file():
        there = target.stat()
        if there.st_size == before.st_size and there.st_mtime >= before.st_mtime:
            return
    copy_atomically(source, target)
