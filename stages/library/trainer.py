"""The trainer: a checkout of kohya-ss/sd-scripts, the machine it finds, and a run of it."""

import codecs
import fcntl
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from stages.library.options import Options, as_words

TAIL = 30
"""Lines of the trainer's output that are kept to explain a failure."""

HINTS = {
    "out of memory": "the graphics card's memory is too small for this: set gradient_checkpointing "
    "and cache_latents to true, lower train_batch_size, resolution or network_dim",
    "No data found": "the trainer found no pictures; see its lines above",
    "bitsandbytes": "train.optimizer_type: AdamW needs no bitsandbytes",
}
"""What the trainer's last lines may hold, and what to do about it."""


@dataclass(frozen=True)
class Trainer:
    """A checkout, the Python that runs it, and the script to run."""

    checkout: Path
    python: Path
    script: str


@dataclass(frozen=True)
class Machine:
    """What the trainer's own Python finds on this machine."""

    device: str  # cuda, mps or cpu
    name: str
    torch: str
    packages: frozenset[str]


def find_trainer(script: str, environment: dict[str, str]) -> Trainer:
    """Return the trainer that the environment names.

    Raises:
        ValueError: it isn't there.
    """
    place = environment.get("NASUMISO_TRAINER") or "training/sd-scripts"
    checkout = Path(place).expanduser().absolute()
    if not (checkout / "library").is_dir():
        raise ValueError(
            f"{place}: there is no sd-scripts; clone https://github.com/kohya-ss/sd-scripts there, "
            "or set NASUMISO_TRAINER to the folder where it is"
        )
    if not re.fullmatch(r"\w+\.py", script) or not (checkout / script).is_file():
        there = sorted(path.name for path in checkout.glob("*train_network.py"))
        raise ValueError(
            f"params.yaml, train.script: {place} has no {script}; there are {', '.join(there)}"
        )
    own = checkout / ".venv" / "bin" / "python"
    named = environment.get("NASUMISO_TRAINER_PYTHON")
    python = Path(named).expanduser().absolute() if named else own
    if named and not python.is_file():
        raise ValueError(f"NASUMISO_TRAINER_PYTHON: there is no file {named}; set it or unset it")
    return Trainer(checkout, python if python.is_file() else Path(sys.executable), script)


def trainer_commit(trainer: Trainer) -> str:
    """Return the checkout's commit; of one that is not from Git, a digest of its source."""
    git = ["git", "-C", str(trainer.checkout), "rev-parse", "--show-toplevel", "HEAD"]
    answer = subprocess.run(git, capture_output=True, text=True, check=False)
    top, _, commit = answer.stdout.strip().partition("\n")
    if answer.returncode == 0 and Path(top).resolve() == trainer.checkout.resolve():
        return commit
    digest = hashlib.sha256()
    for path in sorted([*trainer.checkout.glob("*.py"), *trainer.checkout.glob("library/*.py")]):
        digest.update(path.read_bytes())
    return f"source-{digest.hexdigest()[:12]}"


def command(trainer: Trainer, options: Options) -> list[str]:
    """Return the whole command, as the words of a process."""
    launch = ["-m", "accelerate.commands.launch", "--num_cpu_threads_per_process=1"]
    # on several cards the steps of an epoch would be others than those that organize counted
    launch += ["--num_processes=1", "--num_machines=1", "--dynamo_backend=no"]
    script = str(trainer.checkout / trainer.script)
    return [str(trainer.python), *launch, script, *as_words(options)]


PROBE = """
import importlib.util as u, json, torch
mps = getattr(torch.backends, "mps", None)
cuda, mps = torch.cuda.is_available(), bool(mps and mps.is_available())
print(json.dumps({
    "device": "cuda" if cuda else "mps" if mps else "cpu",
    "name": torch.cuda.get_device_name(0) if cuda else "",
    "torch": torch.__version__,
    "packages": [n for n in ("accelerate", "bitsandbytes", "xformers") if u.find_spec(n)],
}))
"""


def look_at_machine(trainer: Trainer) -> Machine:
    """Return what the trainer's Python finds.

    Raises:
        ValueError: it can't import torch, or accelerate isn't installed for it.
    """
    answer = subprocess.run(
        [trainer.python, "-c", PROBE],
        cwd=trainer.checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = answer.stdout.strip().splitlines()
    if answer.returncode or not lines:
        reason = (answer.stderr.strip().splitlines() or ["no answer"])[-1]
        raise ValueError(
            f"{trainer.python}: {reason}; install sd-scripts' requirements for it, or set "
            "NASUMISO_TRAINER_PYTHON to the Python that has them"
        )
    found = json.loads(lines[-1])
    packages = frozenset(found["packages"])
    if "accelerate" not in packages:
        raise ValueError(f"{trainer.python}: accelerate isn't installed for it; install it")
    return Machine(found["device"], found["name"], found["torch"], packages)


def check_machine(options: Options, machine: Machine, allowed: str) -> None:
    """Raise ValueError if this machine can't train so; `allowed` is NASUMISO_DEVICE."""

    def value(name: str) -> str:
        return (options.get(name) or [""])[0]

    if machine.device == "cpu" and allowed != "cpu":
        raise ValueError(
            f"there is no graphics card here that torch {machine.torch} can use; in Colab choose "
            "Runtime > Change runtime type > T4 GPU (to train on the CPU all the same, for days, "
            "set NASUMISO_DEVICE=cpu) / GPU がありません"
        )
    optimizer, precision = value("optimizer_type"), value("mixed_precision")
    if "8bit" in optimizer.lower() and not (
        "bitsandbytes" in machine.packages and machine.device == "cuda"
    ):
        why = "a CUDA card" if "bitsandbytes" in machine.packages else "the package bitsandbytes"
        plain = optimizer.lower().replace("paged", "").replace("8bit", "")
        name = {"adamw": "AdamW", "lion": "Lion"}.get(plain, "AdamW")
        raise ValueError(
            f"params.yaml, train.optimizer_type: {optimizer} needs {why}, which isn't here; "
            f"write {name}"
        )
    if precision == "fp16" and machine.device != "cuda":
        raise ValueError(
            "params.yaml, train.mixed_precision: fp16 needs a CUDA card, which isn't here; "
            'write "no"'
        )
    if "xformers" in options and "xformers" not in machine.packages:
        raise ValueError(
            "params.yaml, train.xformers: the package xformers isn't here; write sdpa: true "
            "in its place, which does the same and needs no package"
        )


@contextmanager
def alone(lock: Path) -> Iterator[IO[str]]:
    """Hold `lock`; wait for a trainer of an earlier, killed run that still holds it.

    The open file becomes the trainer's standard input, so that the lock is held as long as any of
    its processes lives, though this one is killed.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("train: an earlier run is still at work; waiting for it", file=sys.stderr)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def run_trainer(
    words: list[str],
    trainer: Trainer,
    lock: IO[str],
    log: Path,
    meanwhile: Callable[[], None],
    every: float,
) -> tuple[int, list[str]]:
    """Run the trainer, show and log what it says; return its exit code and its last lines.

    Every `every` seconds `meanwhile` is called; if that raises, the trainer is stopped.
    """
    tail: deque[str] = deque(maxlen=TAIL)
    process = subprocess.Popen(
        words,
        cwd=trainer.checkout,
        stdin=lock,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"},
        start_new_session=True,
    )
    assert process.stdout
    pump = threading.Thread(target=_pump, args=(process.stdout, log, tail))
    pump.start()
    try:
        while True:
            try:
                process.wait(every)
                break
            except subprocess.TimeoutExpired:
                meanwhile()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
        pump.join()
    return process.returncode, list(tail)


def _pump(stream: IO[bytes], log: Path, tail: deque[str]) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    with stream, log.open("ab") as file:
        rest = b""
        while piece := os.read(stream.fileno(), 65536):
            file.write(piece)
            file.flush()
            with suppress(OSError):  # a terminal that is gone: the training goes on
                sys.stdout.write(decoder.decode(piece))
                sys.stdout.flush()
            *lines, rest = (rest + piece).split(b"\n")
            tail.extend(_last_shown(line) for line in lines)
        if rest:
            tail.append(_last_shown(rest))


def _last_shown(line: bytes) -> str:
    """Return what a terminal shows of a line that a progress bar wrote over and over."""
    return line.rstrip(b"\r").rpartition(b"\r")[2].decode("utf-8", "replace")


def explained(lines: list[str]) -> str:
    """Return the trainer's last lines, and what to do where that is known."""
    text = "\n".join(lines)
    hints = [hint for sign, hint in HINTS.items() if sign.lower() in text.lower()]
    return "\n".join([*(f"  | {line}" for line in lines if line.strip()), *hints[:1]])
