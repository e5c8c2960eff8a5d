"""The trainer: where it is, what it needs, and its process."""

import fcntl
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.training.trainer import Trainer, find_trainer, trainer_commit
from stages.library.training.trainer_process import alone, run_trainer
from tests.support.clones import PROJECT
from tests.support.training import TRAINER

SD15 = Trainer(TRAINER, Path(sys.executable), "train_network.py")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout without a Python of its own."""
    (tmp_path / "library").mkdir()
    (tmp_path / "train_network.py").touch()
    return tmp_path


def write_python(folder: Path) -> Path:
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    return python


@pytest.mark.parametrize("name", ["venv", ".venv"])
def test_the_trainer_s_own_python_is_found_by_either_name(name: str, checkout: Path) -> None:
    place = {"NASUMISO_TRAINER": str(checkout)}
    own = write_python(checkout / name)
    assert find_trainer("train_network.py", place).python == own
    named = {**place, "NASUMISO_TRAINER_PYTHON": sys.executable}
    assert find_trainer("train_network.py", named).python == Path(sys.executable)
    with pytest.raises(Problem, match=r"has no \.\./x\.py"):
        find_trainer("../x.py", place)


def test_the_project_s_python_is_never_taken_for_the_trainer_s(checkout: Path) -> None:
    place = {"NASUMISO_TRAINER": str(checkout)}
    with pytest.raises(
        ValueError, match=r"neither \.venv nor venv with bin/python in it; set NASU"
    ):
        find_trainer("train_network.py", place)


def test_the_docs_install_the_commit_that_the_notebook_takes() -> None:
    source = (PROJECT / "tools" / "colab.py").read_text(encoding="utf-8")
    commits = re.findall(r'"([0-9a-f]{40})"', source)
    for name in ("docs/train.md", "docs/train.ja.md"):
        text = (PROJECT / name).read_text(encoding="utf-8")
        assert re.findall(r"git -C training/sd-scripts checkout (\w+)", text) == commits


def test_a_checkout_without_git_is_known_by_its_source(tmp_path: Path) -> None:
    assert trainer_commit(SD15).startswith("source-")
    (tmp_path / "train_network.py").write_text("x = 1\n")
    before = trainer_commit(Trainer(tmp_path, Path(), "train_network.py"))
    (tmp_path / "train_network.py").write_text("x = 2\n")
    assert trainer_commit(Trainer(tmp_path, Path(), "train_network.py")) != before


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
