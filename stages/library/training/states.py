"""States that a training can go on from, and their way to the Drive and back."""

import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.outputs import sha256
from stages.library.training.headers import is_whole
from stages.library.training.pickles import rewrite

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

RECEIVED = "received.json"
"""Beside the files of a state that came from the Drive: how long they are there."""

PICKLES = re.compile(
    r"(optimizer|scheduler|sampler|dl_state_dict)(_\d+)?\.bin|scaler\.pt|random_states_\d+\.pkl"
)
"""What torch.save writes into a state (accelerate 1.6.0, checkpointing.py)."""

OTHERS = re.compile(r"train_state\.json|model(_\d+)?\.safetensors|sha256\.json")
"""What else is taken of a state on the Drive: a custom_checkpoint_0.pkl would be read as it is."""


def state_is_complete(state: Path) -> bool:
    """Return whether a state holds all its files, none of them cut off in the middle.

    All but the first two are written by torch.save: zip archives, whose list comes last.
    """
    try:
        if not all((state / name).is_file() for name in FILES):
            return False
        if (state / DIGESTS).is_file() and not digests_match(state):
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
    ours = (DIGESTS, RECEIVED)
    files = sorted(path for path in state.iterdir() if path.is_file() and path.name not in ours)
    return {path.name: sha256(path) for path in files}


def digests_match(state: Path) -> bool:
    """Return whether a copied state's files are those that were copied.

    Others are none of them, such as the desktop.ini of Google Drive.
    """
    told, found = read_record(state / DIGESTS), digests_of(state)
    return told.keys() >= set(FILES) and all(found.get(name) == told[name] for name in told)


def is_known(name: str) -> bool:
    """Return whether a file of a state on the Drive is one that sd-scripts and we write."""
    return bool(PICKLES.fullmatch(name) or OTHERS.fullmatch(name))


def make_harmless(state: Path, name: str) -> None:
    """Write the pickles of a state that came from the Drive anew, if none of them runs anything.

    Raises:
        Problem: it may run something.
    """
    try:
        for path in sorted(state.iterdir()):
            if PICKLES.fullmatch(path.name):
                rewrite(path)
    except Problem as error:
        raise Problem(
            f"the Drive's state {name} is not as sd-scripts writes one: {error}. Whoever changed "
            "it could run a program here. See who may write to that folder, delete the state, "
            "and run this again: the training goes on from an older one, or begins anew "
            "/ ドライブ上の途中経過が書き換えられています。フォルダーに書き込める人を確かめ、"
            "この途中経過を削除してから、もう一度実行してください"
        ) from None


def remove_old_states(source: Path, target: Path) -> None:
    """Remove the states of `target` that the trainer has removed from `source` since."""
    kept = {state.name for state in states_in(source / "output")}
    for state in states_in(target / "output"):
        if kept and state.name not in kept:
            shutil.rmtree(state)
