"""A trainer is followed, stopped, and never two at a time."""

import fcntl
import io
import subprocess
import sys
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.training.trainer_process import alone, run_trainer
from tests.stages.library.training.test_trainer import SD15


def python(source: str) -> list[str]:
    return [sys.executable, "-c", source]


def test_output_is_shown_logged_and_its_last_lines_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = "import sys; print('one'); sys.stderr.write('1%\\r2%\\r3%'); sys.exit(3)"
    log = tmp_path / "trainer.log"
    seen: list[str] = []
    with io_lock(tmp_path) as lock:
        code, tail = run_trainer(python(source), SD15, lock, log, seen.append, lambda: None, 5)
    assert (code, sorted(tail)) == (3, ["3%", "one"])
    assert set(seen) <= {"one", "1%\r2%\r3%", "3%"}  # of a bar no more than its last state is kept
    assert "one" in capsys.readouterr().out
    assert b"1%\r2%\r3%" in log.read_bytes()


def io_lock(folder: Path) -> io.TextIOWrapper:
    return (folder / "lock").open("a+")


def test_what_fails_meanwhile_stops_the_trainer(tmp_path: Path) -> None:
    def fail() -> None:
        raise Problem("no number")

    words = python("import time; time.sleep(600)")
    with io_lock(tmp_path) as lock, pytest.raises(Problem, match="no number"):
        run_trainer(words, SD15, lock, tmp_path / "log", print, fail, 0.1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux' full device")
def test_a_log_for_which_there_is_no_room_stops_the_trainer(tmp_path: Path) -> None:
    words = python("import time; print('one', flush=True); time.sleep(600)")
    with io_lock(tmp_path) as lock, pytest.raises(OSError, match="No space left") as raised:
        run_trainer(words, SD15, lock, Path("/dev/full"), print, lambda: None, 600)
    assert raised.value.filename == "/dev/full"


def test_what_it_says_can_stop_the_trainer_at_once_and_all_that_it_started(tmp_path: Path) -> None:
    def see(line: str) -> None:
        if line == "no captions":
            raise Problem(f"it said: {line}")

    # deaf to the signal, and with a child of its own, as accelerate has one
    source = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "print('no captions'); subprocess.run([sys.executable, '-c', 'import time; "
        "time.sleep(600)'])"
    )
    with io_lock(tmp_path) as lock, pytest.raises(Problem, match="it said: no captions"):
        run_trainer(python(source), SD15, lock, tmp_path / "log", see, lambda: None, 600, 0.2)
    with io_lock(tmp_path) as lock:  # the child held it as well
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_second_run_waits_for_a_trainer_that_was_left_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with alone(tmp_path / "lock") as lock:
        orphan = subprocess.Popen(python("import time; time.sleep(1.5)"), stdin=lock)
    with alone(tmp_path / "lock"):
        assert orphan.poll() is not None or orphan.wait(1) == 0
    assert "an earlier run is still at work; waiting for it" in capsys.readouterr().err
