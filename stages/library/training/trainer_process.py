"""A process of the trainer: alone, followed line by line, and stopped when something is wrong."""

import codecs
import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from stages.library.common.disk import written_to
from stages.library.common.outputs import refuse_lockless
from stages.library.training.trainer import Trainer

TICK = 1.0
"""Seconds between two looks whether the trainer has ended, or has to be stopped."""

PATIENCE = 20.0
"""Seconds that a trainer that is stopped has to end by itself."""

TAIL = 200
"""Lines of the trainer's output that are kept to explain a failure."""


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

    def pumped(stream: IO[bytes]) -> None:
        try:
            with written_to(log):
                _pump(stream, log, take)
        except OSError as error:  # the log can't be written, nor will a state or a LoRA
            faults.append(error)
            _stop(process, signal.SIGTERM)

    pump = threading.Thread(target=pumped, args=(process.stdout,))
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
