"""Clones that can train: a stand-in trainer and a training that takes seconds."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.clones import Clone
from tests.support.training import TRAINER, write_base_model

TRAIN = ("dvc", "exp", "run", "training/dvc.yaml:train")


@dataclass(frozen=True)
class Studio(Clone):
    """A clone with a stand-in trainer."""

    orders: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        trainer = {"NASUMISO_TRAINER": str(TRAINER)}
        return super().environment() | trainer | self.orders

    def copy(self, to: Path, **orders: str) -> "Studio":
        super().copy(to)
        return Studio(to, self.home, orders)


def ready_studio(clone: Clone, folder: Path) -> Studio:
    """Return a copy of a clone with a committed dataset whose training takes seconds."""
    clone.copy(folder / "clone")
    studio = Studio(folder / "clone", clone.home)
    studio.set_param("  repeats: 10", "  repeats: 1")
    changes = {**write_base_model(folder), "max_train_epochs": 4, "lr_warmup_steps": 5}
    params = studio.root / "params.yaml"
    text = params.read_text(encoding="utf-8")
    for key, value in changes.items():
        text, times = re.subn(rf"(?m)^  {key}: .*$", f"  {key}: {value}", text)
        assert times == 1, key
    params.write_text(text, encoding="utf-8")
    studio.run("dvc", "repro")
    commit(studio)
    return studio


def commit(studio: Clone) -> None:
    """Commit everything that Git should keep."""
    studio.run("git", "add", "-A")
    studio.run("git", "commit", "-q", "-m", "As it stands")
