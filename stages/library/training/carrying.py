"""States on their way between this machine and the Drive: whole, or not at all."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stages.library.common.outputs import beside, copy_atomically, make_below
from stages.library.training.headers import is_whole
from stages.library.training.states import (
    DIGESTS,
    FILES,
    RECEIVED,
    digests_of,
    is_known,
    make_harmless,
    read_record,
    state_is_complete,
    states_in,
)


def carry(source: Path, target: Path, shared: bool = False) -> None:
    """Copy what a run folder holds and `target` lacks: logs, pictures, LoRAs, then states.

    The states come last, so that the curve reaches as far as the newest state. A state that did
    not arrive whole is left out, and so is what vanishes meanwhile. `target` itself must be there:
    one on the Drive is never made at the place of a mount that is away.

    With `shared` other people may have written to `source`: no link is followed out of it, and a
    state of ours that is whole stays.

    Raises:
        Problem: a state there may run something.
    """
    records = [path for path in source.glob("*.json") if read_record(path)]
    logs = [*source.glob("logs/**/*"), *source.glob("output/sample/*.png"), *records]
    loras = [path for path in source.glob("output/*.safetensors") if is_whole(path)]
    for path in [*sorted(logs), *sorted(loras)]:
        if path.is_file() and not path.name.startswith(".") and (not shared or is_in(path, source)):
            with may_vanish(source):
                copy_newer(path, target / path.relative_to(source), target)
    for state in states_in(source / "output"):
        there = target / "output" / state.name
        if shared and (state_is_complete(there) or not is_in(state, source)):
            continue
        if not arrived(state, there) and state_is_complete(state):
            with may_vanish(source):
                copy_state(state, there, target, shared)


def is_in(path: Path, folder: Path) -> bool:
    """Return whether a path lies in a folder, wherever links lead."""
    return path.resolve().is_relative_to(folder.resolve())


def arrived(path: Path, there: Path) -> bool:
    """Return whether a file, or a state, is `there` as long as it is here, its record not cut."""
    if not path.name.endswith("-state"):
        return length(path) == length(there)
    lengths = read_record(path / RECEIVED) or {name: length(path / name) for name in FILES}
    same = all(length(there / name) == lengths.get(name) for name in FILES)
    return same and (length(there / DIGESTS) < 0 or bool(read_record(there / DIGESTS)))


def length(path: Path) -> int:
    """Return a file's length in bytes; -1 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return -1


def copy_state(state: Path, there: Path, top: Path, shared: bool = False) -> None:
    """Copy a state and its digests, in place of a cut one; leave it out if it isn't whole then.

    Raises:
        Problem: it is `shared`, and may run something.
    """
    partial = beside(there, "partial")
    make_below(top, partial.parent)
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir()  # never with parents, as shutil.copytree would
        for path in sorted(state.iterdir()):
            if path.name != RECEIVED and (not shared or is_safe(path, state)):
                shutil.copyfile(path, partial / path.name)
        if not (partial / DIGESTS).is_file():
            write_digests(partial)
        if not state_is_complete(partial):
            return
        if shared:
            lengths = {name: length(partial / name) for name in FILES}
            make_harmless(partial, there.name)
            (partial / RECEIVED).write_text(json.dumps(lengths), encoding="utf-8")
            write_digests(partial)
        shutil.rmtree(there, ignore_errors=True)
        partial.rename(there)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def is_safe(path: Path, state: Path) -> bool:
    """Return whether something in a state on the Drive is a file of a state, and no link away."""
    return path.is_file() and is_known(path.name) and is_in(path, state)


def write_digests(state: Path) -> None:
    (state / DIGESTS).write_text(json.dumps(digests_of(state)), encoding="utf-8")


@contextmanager
def may_vanish(folder: Path) -> Iterator[None]:
    """Let pass that a file of `folder` is gone meanwhile: the trainer removes its old states."""
    try:
        yield
    except FileNotFoundError as error:
        if not Path(str(error.filename)).is_relative_to(folder):
            raise


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
