"""What comes home of a training; the train stage's tests have the rest."""

import json
from pathlib import Path

from stages.library.training.receipt import Receipt
from stages.library.training.results import collect, steps_in_epoch, tidy
from stages.library.training.training import FINISHED, Training
from tests.support.training import write_lora, write_state


def training(folder: Path) -> Training:
    """Return a training of ten steps an epoch, as was reckoned before."""
    return Training("nasu", folder, None, {}, [], 2, 10, [], Receipt({}, {}, {}, 0))


def test_the_trainer_s_own_count_of_steps_holds(tmp_path: Path) -> None:
    made = training(tmp_path)
    assert steps_in_epoch(made) == 10
    counts = {"ss_num_batches_per_epoch": "15", "ss_gradient_accumulation_steps": "2"}
    write_lora(made.output / "nasu-000001.safetensors", **counts)
    assert steps_in_epoch(made) == 8


def test_whole_loras_come_home_with_a_card(tmp_path: Path) -> None:
    made = training(tmp_path / "state")
    for stem in ("nasu-000001", "nasu"):
        write_lora(made.output / f"{stem}.safetensors")
    (made.output / "nasu-000002.safetensors").write_bytes(b"cut off")
    assert collect(made, tmp_path / "lora", "nasumiso_style", 0.8) == {}
    there = sorted(path.name for path in (tmp_path / "lora").iterdir())
    assert there == ["nasu-000001.safetensors", "nasu.json", "nasu.safetensors"]
    card = json.loads((tmp_path / "lora" / "nasu.json").read_text(encoding="utf-8"))
    assert (card["activation text"], card["preferred weight"]) == ("nasumiso_style", 0.8)


def test_what_only_the_training_needed_goes(tmp_path: Path) -> None:
    made, older = training(tmp_path / "new"), tmp_path / "old"
    write_state(made.output / "nasu-000001-state", 1)
    made.data.mkdir()
    older.mkdir()
    (older / FINISHED).write_text('{"run": "old"}')
    write_lora(made.output / "nasu.safetensors")
    tidy(made)
    assert not made.data.exists()
    assert not older.exists()
    assert [path.name for path in made.output.iterdir()] == ["nasu.safetensors"]
