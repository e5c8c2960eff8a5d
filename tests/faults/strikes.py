"""The faults: each strikes a command somewhere in its work, where chance says."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from stages.library.drawing.painters.lending import RECORDS
from tests.faults.armed import Fault
from tests.faults.commands import (
    Command,
    Ended,
    at_work,
    ended,
    log_of,
    processes_of,
    run,
)
from tests.standins.webui.machine import ERRORS
from tests.support.mounts import disk, mount, store, unmount

Files = dict[str, bytes]

DISK = "64m"
PAGE = 4096
MINE = "webui/models/Lora/mine.safetensors"


@dataclass(frozen=True)
class Calm:
    """What a command makes that nothing disturbs, and what it takes."""

    before: Path
    files_before: Files
    files: Files
    seconds: float
    steps: int
    changes: list[int]
    """Those of the steps that change a file."""
    memory: int
    """Address space that the work takes, in bytes."""
    commit: int = 0
    """The step at which the first output is to take its place, or is written to do so."""

    @property
    def mine(self) -> list[str]:
        """Return the files that are people's own."""
        texts = ("project/params.yaml", "project/data/edits.yaml", "project/data/drawings.yaml")
        own = ("project/data/raw/", *texts)
        return [name for name in self.files_before if name.startswith((*own, MINE))]


def calm(before: Path, command: Command, scratch: Path) -> Calm:
    """Run a command undisturbed, in a copy of its place."""
    place = shutil.copytree(before, scratch / "place", symlinks=True)
    done = run(place, command, Fault("count"))
    assert done.code == 0, done.said
    counted = json.loads(log_of(place).with_suffix(".json").read_text(encoding="utf-8"))
    return Calm(before, files_in(before), files_in(place), **counted)


def files_in(place: Path) -> Files:
    """Return the files of a place, without what differs from run to run.

    That is locks, homes, DVC's own notes, the folder where a training works, and in LoRAs of a
    training all but the weights: the times and counts of its last start.
    """
    found = {}
    for folder, folders, names in os.walk(place):
        folders[:] = [name for name in folders if name not in ("home", "state", "tmp")]
        for name in names:
            path = Path(folder, name)
            if name.startswith(".") and name.endswith(".lock"):
                continue
            data = path.read_bytes()
            if path.suffix == ".safetensors" and "project" in path.relative_to(place).parts:
                data = data[-8:]
            found[path.relative_to(place).as_posix()] = data
    return found


@dataclass(frozen=True)
class Bench:
    """A fresh copy of a command's place."""

    place: Path
    command: Command
    calm: Calm

    def run(self, kind: str = "", step: int = 0, amount: int = 0) -> Ended:
        return run(self.place, self.command, Fault(kind, step, amount))


def killed_at_a_step(bench: Bench, chance: Random) -> Ended:
    return bench.run("kill", chance.choice(bench.calm.changes))


def failing_at_a_step(bench: Bench, chance: Random) -> Ended:
    return bench.run("EIO", chance.randrange(bench.calm.steps))


def at_a_moment(number: signal.Signals) -> Callable[[Bench, Random], Ended]:
    """Return a fault: a signal, to the command alone or to all that it started."""

    def strike(bench: Bench, chance: Random) -> Ended:
        moment, to_all = chance.uniform(0, 1) * bench.calm.seconds, chance.random() < 0.5
        with at_work(bench.place, bench.command) as process:
            process.join(moment)
            assert process.pid
            with suppress(ProcessLookupError):  # it has ended, or has no group yet
                (os.killpg if to_all else os.kill)(process.pid, number)
        return ended(process, log_of(bench.place))

    return strike


def full_disk(bench: Bench, chance: Random) -> Ended:
    """Work on a disk that somebody else fills at a step; a few pages, or none, stay free."""
    rest = PAGE * chance.choice([0, 0, 1, 3, 10, 30])
    step = chance.randrange(bench.calm.steps) if bench.command.inner else 0
    with store(bench.place.with_name("small"), DISK) as small:
        place = shutil.copytree(bench.place, small / "place", symlinks=True)
        fault = Fault("full", step, rest, str(small / "filler"))
        done = run(place, bench.command, fault, log=log_of(bench.place))
        shutil.rmtree(bench.place)
        shutil.copytree(place, bench.place, symlinks=True)
    return done


def power_cut(bench: Bench, chance: Random) -> Ended:
    """Work on a disk whose power goes at a step, or after the last one."""
    step = chance.randrange(2 * bench.calm.steps)
    with disk(bench.place.with_name("power")) as made:
        place = shutil.copytree(bench.place, made.root / "place", symlinks=True)
        subprocess.run(["sync", "-f", made.root], check=True)
        fault = Fault("power", step, path=str(made.root))
        done = run(place, bench.command, fault, log=log_of(bench.place))
        for process in processes_of(place):
            process.kill()
        made.lose_power()
        made.start_anew()
        shutil.rmtree(bench.place)
        shutil.copytree(place, bench.place, symlinks=True)
    # what names the place by its path is to find it, as after a power cut in one place
    for record in (bench.place / "project" / RECORDS).glob("*"):
        text = record.read_text(encoding="utf-8")
        record.write_text(text.replace(str(place), str(bench.place)), encoding="utf-8")
    return done


def bad_disk(bench: Bench, chance: Random) -> Ended:
    """Read what lies on a disk that answers with EIO from some place on: its image was cut."""
    read, folder = bench.place / bench.command.reads, bench.place.with_name("kept")
    kept = folder / read.name
    folder.mkdir()
    read.rename(kept)
    files = sorted(path for path in [kept, *kept.rglob("*")] if path.is_file())
    victim = chance.choice([path for path in files if path.stat().st_size])
    with damaged(folder, victim.read_bytes()[:PAGE]) as disk:
        (read.mkdir if kept.is_dir() else read.touch)()
        mount("--bind", disk / read.name, read)
        try:
            done = bench.run()
        finally:
            unmount(read)
    (read.rmdir if read.is_dir() else read.unlink)()
    kept.rename(read)
    return done


@contextmanager
def damaged(folder: Path, victim: bytes) -> Iterator[Path]:
    """Mount a copy of a folder, read-only, that can't be read from where these bytes stand."""
    image, at = folder.with_name("image"), folder.with_name("damaged")
    if not shutil.which("mkfs.ext4"):
        pytest.skip("needs mkfs.ext4")
    with image.open("wb") as file:
        file.truncate(sum(path.stat().st_size + 2 * PAGE for path in folder.rglob("*")) + 2**20)
    make = ["mkfs.ext4", "-q", "-b", str(PAGE), "-O", "^has_journal", "-d", str(folder), str(image)]
    subprocess.run(make, check=True)
    at.mkdir()
    mount("-o", "loop,ro", image, at)
    try:
        os.truncate(image, image.read_bytes().index(victim))
        yield at
    finally:
        unmount(at)


def little_memory(bench: Bench, chance: Random) -> Ended:
    return bench.run("memory", amount=int(chance.uniform(0, 1) * bench.calm.memory))


def few_open_files(bench: Bench, chance: Random) -> Ended:
    return bench.run("files", amount=chance.randrange(12))


def bad_answer(bench: Bench, chance: Random) -> Ended:
    """Have the WebUI spoil one of its answers."""
    fault = chance.choice(["reset", "cut answer", "502", "html", "not json", *ERRORS, "black"])
    after = chance.randrange(12)
    spoilt = {"fault": fault, "faults_after": after, "faults_left": 1}
    return run(bench.place, bench.command, spoilt=spoilt)


FAULTS: dict[str, Callable[[Bench, Random], Ended]] = {
    "SIGKILL at a step": killed_at_a_step,
    "SIGKILL at a moment": at_a_moment(signal.SIGKILL),
    "SIGTERM at a moment": at_a_moment(signal.SIGTERM),
    "EIO at a step": failing_at_a_step,
    "EIO of a disk": bad_disk,
    "full disk": full_disk,
    "power cut": power_cut,
    "little memory": little_memory,
    "few open files": few_open_files,
    "bad answer of the WebUI": bad_answer,
}
