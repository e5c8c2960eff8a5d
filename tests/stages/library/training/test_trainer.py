"""The trainer: where it is, what it needs, and its process."""

import re
import sys
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.training.trainer import Trainer, find_trainer, trainer_commit
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
