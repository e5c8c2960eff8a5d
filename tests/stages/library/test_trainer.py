"""The trainer: where it is, what it needs, and its process."""

import io
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stages.library.trainer import (
    Trainer,
    alone,
    explained,
    find_trainer,
    look_at_machine,
    run_trainer,
    trainer_commit,
)
from tests.training import TRAINER

SD15 = Trainer(TRAINER, Path(sys.executable), "train_network.py")


def test_the_trainer_s_own_python_is_preferred(tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "train_network.py").touch()
    place = {"NASUMISO_TRAINER": str(tmp_path)}
    assert find_trainer("train_network.py", place).python == Path(sys.executable)
    own = tmp_path / ".venv" / "bin" / "python"
    own.parent.mkdir(parents=True)
    own.touch()
    assert find_trainer("train_network.py", place).python == own
    named = {**place, "NASUMISO_TRAINER_PYTHON": sys.executable}
    assert find_trainer("train_network.py", named).python == Path(sys.executable)
    with pytest.raises(ValueError, match=r"has no \.\./x\.py"):
        find_trainer("../x.py", place)


def test_a_checkout_without_git_is_known_by_its_source(tmp_path: Path) -> None:
    assert trainer_commit(SD15).startswith("source-")
    (tmp_path / "train_network.py").write_text("x = 1\n")
    before = trainer_commit(Trainer(tmp_path, Path(), "train_network.py"))
    (tmp_path / "train_network.py").write_text("x = 2\n")
    assert trainer_commit(Trainer(tmp_path, Path(), "train_network.py")) != before


@pytest.mark.parametrize(
    ("packages", "message"),
    [([], "No module named 'torch'"), (["torch"], "accelerate isn't installed for it")],
)
def test_a_python_that_lacks_something_is_named(
    packages: list[str], message: str, tmp_path: Path
) -> None:
    for package in packages:
        text = (TRAINER / package / "__init__.py").read_text()
        (tmp_path / f"{package}.py").write_text(text)
    bare = Trainer(tmp_path, Path(sys.executable), "train_network.py")
    with pytest.raises(ValueError, match=message):
        look_at_machine(bare)


def python(source: str) -> list[str]:
    return [sys.executable, "-c", source]


def test_output_is_shown_logged_and_its_last_lines_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = "import sys; print('one'); sys.stderr.write('1%\\r2%\\r3%'); sys.exit(3)"
    log = tmp_path / "trainer.log"
    with io_lock(tmp_path) as lock:
        code, tail = run_trainer(python(source), SD15, lock, log, lambda: None, 5)
    assert (code, sorted(tail)) == (3, ["3%", "one"])
    assert "one" in capsys.readouterr().out
    assert b"1%\r2%\r3%" in log.read_bytes()


def io_lock(folder: Path) -> io.TextIOWrapper:
    return (folder / "lock").open("a+")


def test_what_fails_meanwhile_stops_the_trainer(tmp_path: Path) -> None:
    def fail() -> None:
        raise RuntimeError("no number")

    began = time.monotonic()
    with io_lock(tmp_path) as lock, pytest.raises(RuntimeError, match="no number"):
        run_trainer(python("import time; time.sleep(60)"), SD15, lock, tmp_path / "log", fail, 0.1)
    assert time.monotonic() - began < 30


def test_a_second_run_waits_for_a_trainer_that_was_left_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with alone(tmp_path / "lock") as lock:
        orphan = subprocess.Popen(python("import time; time.sleep(1.5)"), stdin=lock)
    with alone(tmp_path / "lock"):
        assert orphan.poll() is not None or orphan.wait(1) == 0
    assert "an earlier run is still at work; waiting for it" in capsys.readouterr().err


def test_explanations_end_with_what_to_do() -> None:
    text = explained(["step 1", "", "torch.OutOfMemoryError: CUDA out of memory."])
    assert text.startswith("  | step 1\n  | torch")
    assert "gradient_checkpointing" in text
