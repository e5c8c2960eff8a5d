"""A command of the project in a process of its own, in which a fault strikes at one of its steps.

A step is a change to a file of the project, or a look at one, as Python's audit hook tells it
before it is done. The process is forked from a server that has imported all commands, so that a
run takes as long as its work.
"""

import contextlib
import errno
import fcntl
import importlib
import json
import multiprocessing
import os
import re
import resource
import shutil
import signal
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from tests.support.mounts import EXT4_IOC_SHUTDOWN, NO_LOG_FLUSH

CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate"}
LOOKS = {"os.listdir", "os.scandir"}
HELPER = re.compile(r"/\.[^/]+\.partial$")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
MEMORY = "VmPeak", "VmSize"


@dataclass(frozen=True)
class Fault:
    """What strikes, at which step; `amount` and `path` say how."""

    kind: str = ""
    step: int = 0
    amount: int = 0
    path: str = ""
    text: bytes = b""


@dataclass(frozen=True)
class Job:
    """A command: a module and its words, in the folder `cwd` of `place`, which holds all it has."""

    place: Path
    cwd: str
    words: tuple[str, ...]
    environment: dict[str, str]
    log: Path
    """Where what it says is written, on a disk that nothing happens to."""

    @property
    def counted(self) -> Path:
        """Where its steps are written."""
        return self.log.with_suffix(".json")


def start(job: Job, fault: Fault) -> BaseProcess:
    """Start a command, in which a fault strikes, and return when it begins to work."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.imported"])
    process = context.Process(target=_run, args=(job, fault))
    job.log.unlink(missing_ok=True)
    process.start()
    while not job.log.exists() and process.is_alive():
        time.sleep(0.001)
    return process


def _run(job: Job, fault: Fault) -> None:
    os.setsid()
    os.environ.update(job.environment)
    os.chdir(job.place / job.cwd)
    main = importlib.import_module(job.words[0]).main
    done: dict[str, Any] = {"steps": 0, "changes": []}
    log = os.open(job.log, os.O_WRONLY | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(log, stream)
    began = time.monotonic()
    sys.addaudithook(hook(str(job.place), STRIKES.get(fault.kind), fault, done))
    before = memory()
    limit(fault)
    code = main(list(job.words[1:]))
    if fault.kind == "count":
        done["seconds"] = time.monotonic() - began
        done["memory"] = memory()["VmPeak"] - before["VmSize"]
        job.counted.write_text(json.dumps(done), encoding="utf-8")
    sys.exit(code)


def hook(
    place: str, strike: Callable[[Fault, Any], None] | None, fault: Fault, done: dict[str, Any]
) -> Callable[[str, tuple[Any, ...]], None]:
    """Return an audit hook that counts the steps, and strikes once."""

    def see(event: str, args: tuple[Any, ...]) -> None:
        writes = event in CHANGES or (event == "open" and args[2] & WRITING)
        if not (writes or event == "open" or event in LOOKS) or not is_within(place, args[0]):
            return
        step = done["steps"]
        done["steps"] += 1
        if writes:
            done["changes"].append(step)
        if (writes and event == "open" and takes_place(args[0])) or (
            event == "os.rename" and takes_place(*args[:2])
        ):
            done.setdefault("commit", step)
        if strike and step == fault.step:
            strike(fault, args[0])

    return see


def is_within(place: str, path: object) -> bool:
    """Return whether a path is in a place; an open file's number is none."""
    if not isinstance(path, str | bytes | os.PathLike):
        return False
    return Path(os.fsdecode(path)).absolute().is_relative_to(place)


def takes_place(old: object, new: object = "") -> bool:
    """Return whether what is made is about to take its place: after the last look at the input.

    A whole file is written beside it, its old folder moved aside, or taken out of a checkpoint.
    """
    source, target = (str(path) for path in (old, new))
    if ".checkpoint" in source:
        return bool(target) and ".checkpoint" not in target
    return bool(HELPER.search(source)) or target.endswith(".old")


def kill(_: Fault, __: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def break_off(_: Fault, path: object) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO), path)


def fill_disk(fault: Fault, _: object) -> None:
    """Take all of the disk but some bytes."""
    free = shutil.disk_usage(Path(fault.path).parent).free - fault.amount
    with contextlib.suppress(OSError), Path(fault.path).open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(free, 1))


def cut_power(fault: Fault, _: object) -> None:
    """Let nothing more reach the disk, and end as a computer without power does."""
    folder = os.open(fault.path, os.O_RDONLY)
    fcntl.ioctl(folder, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
    os.kill(os.getpid(), signal.SIGKILL)


def change(fault: Fault, _: object) -> None:
    """Save a file, as a person's program does."""
    path = Path(fault.path)
    path.with_name("saving").write_bytes(fault.text)
    path.with_name("saving").replace(path)


STRIKES: dict[str, Callable[[Fault, Any], None]] = {
    "kill": kill,
    "EIO": break_off,
    "full": fill_disk,
    "power": cut_power,
    "change": change,
}


def limit(fault: Fault) -> None:
    """Take away memory, or open files, from what is still to come."""
    if fault.kind == "memory":
        size = memory()["VmSize"] + fault.amount
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
    if fault.kind == "files":
        size = len([*Path("/proc/self/fd").iterdir()]) + fault.amount
        resource.setrlimit(resource.RLIMIT_NOFILE, (size, size))


def memory() -> dict[str, int]:
    """Return the address space of this process, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    found = dict(line.split(":\t", 1) for line in lines if line.startswith(MEMORY))
    return {key: int(value.split()[0]) * 1024 for key, value in found.items()}
