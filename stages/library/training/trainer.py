"""The trainer: a checkout of kohya-ss/sd-scripts, its Python, and a run of it."""

import codecs
import fcntl
import hashlib
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

from stages.library.common.errors import Problem
from stages.library.common.outputs import refuse_lockless
from stages.library.common.paths import located
from stages.library.training.options import Options, as_words

TICK = 1.0
"""Seconds between two looks whether the trainer has ended, or has to be stopped."""

PATIENCE = 20.0
"""Seconds that a trainer that is stopped has to end by itself."""

TAIL = 200
"""Lines of the trainer's output that are kept to explain a failure."""

SHOWN = 20
"""How many of them are shown."""

LAUNCHED = re.compile(r"\S*CalledProcessError: Command .* (died with \S+ \d+>|returned .*)\.")
"""What accelerate says last: the trainer's whole command, and how it ended."""

TRACEBACK = "Traceback (most recent call last)"
"""How a traceback begins."""

INSTALLED = "install it as docs/train.md says / docs/train.ja.md の手順で入れてください"
"""What to do about a trainer, or a Python for it, that isn't there."""

PYTHONS = (".venv", "venv")
"""Folders in which the trainer's own Python may be: ours, and that of sd-scripts' README."""

HINTS = {
    "out of memory": "the graphics card's memory is too small for this: set gradient_checkpointing "
    "and cache_latents to true, lower train_batch_size, resolution or network_dim",
    "No data found": "the trainer found no pictures; see its lines above",
    "bitsandbytes": "train.optimizer_type: AdamW needs no bitsandbytes",
    "Max retries exceeded": "the trainer fetches a tokenizer from huggingface.co the first time, "
    "and can't reach it; check the network",
    "SIGKILL": "the system ended the trainer, mostly since memory ran out: close other programs",
}
"""What the trainer's last lines may hold, and what to do about it."""


@dataclass(frozen=True)
class Trainer:
    """A checkout, the Python that runs it, and the script to run."""

    checkout: Path
    python: Path
    script: str


def find_trainer(script: str, environment: dict[str, str]) -> Trainer:
    """Return the trainer that the environment names.

    Raises:
        Problem: it isn't there.
    """
    place = environment.get("NASUMISO_TRAINER") or "training/sd-scripts"
    checkout = located(place)
    if not (checkout / "library").is_dir():
        raise Problem(
            f"{place}: there is no sd-scripts; set NASUMISO_TRAINER to the folder where it is, or "
            f"{INSTALLED}"
        )
    if not re.fullmatch(r"\w+\.py", script) or not (checkout / script).is_file():
        there = sorted(path.name for path in checkout.glob("*train_network.py"))
        raise Problem(
            f"params.yaml, lora.script: {place} has no {script}; there are {', '.join(there)}"
        )
    return Trainer(checkout, find_python(checkout, environment), script)


def find_python(checkout: Path, environment: dict[str, str]) -> Path:
    """Return the trainer's own Python; the project's is never taken for it.

    Raises:
        Problem: it isn't there.
    """
    if named := environment.get("NASUMISO_TRAINER_PYTHON"):
        if not located(named).is_file():
            raise Problem(f"NASUMISO_TRAINER_PYTHON: there is no file {named}; set it or unset it")
        return located(named)
    for folder in PYTHONS:
        if (python := checkout / folder / "bin" / "python").is_file():
            return python
    raise Problem(
        f"{checkout}: has no Python of its own, neither {' nor '.join(PYTHONS)} with bin/python in "
        f"it; set NASUMISO_TRAINER_PYTHON to the one that has torch, or {INSTALLED}"
    )


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


@contextmanager
def alone(lock: Path) -> Iterator[IO[str]]:
    """Hold `lock`; wait for a trainer of an earlier, killed run that still holds it.

    The open file becomes the trainer's standard input, so that the lock is held as long as any of
    its processes lives, though this one is killed.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    refuse_lockless(lock)
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
    see: Callable[[str], None],
    meanwhile: Callable[[], None],
    every: float,
    patience: float = PATIENCE,
) -> tuple[int, list[str]]:
    """Run the trainer, show and log what it says; return its exit code and its last lines.

    `see` is given every line as it comes, `meanwhile` is called every `every` seconds; if one of
    them raises, the trainer is stopped, and killed if it hasn't ended after `patience` seconds.
    """
    tail: deque[str] = deque(maxlen=TAIL)
    faults: list[Exception] = []
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

    def take(line: str) -> None:
        tail.append(line.rpartition("\r")[2])  # what a terminal shows of a progress bar
        try:
            if not faults:
                see(line)
        except Exception as error:  # of another thread: raised below
            faults.append(error)
            _stop(process, signal.SIGTERM)

    pump = threading.Thread(target=_pump, args=(process.stdout, log, take))
    pump.start()
    waited = 0.0
    try:
        while not faults:
            try:
                process.wait(min(every, TICK))
                break
            except subprocess.TimeoutExpired:
                waited += min(every, TICK)
                if waited >= every:
                    meanwhile()
                    waited = 0.0
    finally:
        _stop(process, signal.SIGTERM)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            _stop(process, signal.SIGKILL)
            process.wait()
        pump.join()
    if faults:
        raise faults[0]
    return process.returncode, list(tail)


def _stop(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    """Send a signal to the trainer and all that it started."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def _pump(stream: IO[bytes], log: Path, take: Callable[[str], None]) -> None:
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
            for line in lines:
                take(line.rstrip(b"\r").decode("utf-8", "replace"))
            if newest := rest.rpartition(b"\r")[2]:  # of a bar that is drawn for hours, one state
                rest = newest
        if rest:
            take(rest.decode("utf-8", "replace"))


def explained(lines: list[str]) -> str:
    """Return the trainer's last lines, and what to do where that is known."""
    shown = [line for line in without_launcher(lines) if line.strip()][-SHOWN:]
    text = "\n".join(shown).lower()
    hints = [hint for sign, hint in HINTS.items() if sign.lower() in text]
    return "\n".join([*(f"  | {line}" for line in shown), *(f"  {hint}" for hint in hints[:1])])


def without_launcher(lines: list[str]) -> list[str]:
    """Return the lines without accelerate's own traceback, which ends every failure.

    It tells nothing but which signal ended the trainer, if one did.

    >>> launcher = ["Traceback (most recent call last):", '  File "accelerate/launch.py", line 3']
    >>> without_launcher(["KeyError: 1", *launcher, "CalledProcessError: Command 'x' returned 1."])
    ['KeyError: 1']
    >>> without_launcher([*launcher, "CalledProcessError: Command 'x' died with <SIGKILL: 9>."])
    ['died with <SIGKILL: 9>']
    """
    last = next((n for n in reversed(range(len(lines))) if LAUNCHED.fullmatch(lines[n])), None)
    if last is None:
        return lines
    start = next((n for n in reversed(range(last)) if TRACEBACK in lines[n]), last)
    before = [lines[start].partition(TRACEBACK)[0]] if start < last else []  # a progress bar
    ended = re.findall(r"died with <.*>", lines[last])
    return [*lines[:start], *filter(None, before), *ended, *lines[last + 1 :]]
