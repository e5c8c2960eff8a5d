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
    digests_of,
    read_record,
    state_is_complete,
    states_in,
)


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
