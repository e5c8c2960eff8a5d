"""The machine that the trainer's Python finds, and what it lacks."""

import sys
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.training.machine import check_machine
from stages.library.training.options import Options
from stages.library.training.probe import look_at_machine
from stages.library.training.trainer import Trainer
from tests.support.training import TRAINER


def test_all_that_a_machine_can_t_do_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    options: Options = {
        "optimizer_type": ["Lion"],
        "mixed_precision": ["fp16"],
        "xformers": [],
        "network_module": ["lycoris.kohya"],
    }
    monkeypatch.setenv("STANDIN_DEVICE", "mps")
    trainer = Trainer(TRAINER, Path(sys.executable), "train_network.py")
    machine = look_at_machine(trainer, options)
    with pytest.raises(Problem, match="lion_pytorch") as caught:
        check_machine(options, machine, "")
    said = str(caught.value)
    assert "\n" not in said
    for key in options:
        assert f"train.{key}: " in said
