"""What a training brings home: LoRAs with their cards, pictures, curves."""

import json
import math
import os
import shutil
from pathlib import Path

from stages.library.common.outputs import (
    atomic_directory,
    write_atomically,
)
from stages.library.training.cards import card
from stages.library.training.curves import Curves, epochs_csv, steps_csv, stitched, training_figures
from stages.library.training.headers import read_metadata
from stages.library.training.logs import Logs
from stages.library.training.samples import named, newest
from stages.library.training.training import FINISHED, REFUSED, Training, is_finished

LORA = r"[^/]+\.(safetensors|json|png)"
"""Paths of what is brought home into the folder of the LoRAs."""


def steps_in_epoch(training: Training) -> int:
    """Return the steps of an epoch, as the trainer itself counts them where it has said so."""
    for lora in training.loras:
        metadata = read_metadata(lora)
        batches = metadata.get("ss_num_batches_per_epoch", "")
        accumulation = metadata.get("ss_gradient_accumulation_steps", "")
        if batches.isdigit() and accumulation.isdigit():
            return math.ceil(int(batches) / int(accumulation))
    return training.steps_per_epoch


def read_curves(training: Training, logs: Logs) -> Curves:
    return stitched(logs.read(), steps_in_epoch(training))


def write_curves(found: Curves, curves: Path, metrics: Path) -> None:
    """Write what DVC plots and compares."""
    write_atomically(curves / "steps.csv", steps_csv(found).encode())
    write_atomically(curves / "epochs.csv", epochs_csv(found.epochs).encode())
    # a head alone where nothing is held back: of a file that isn't there DVC warns
    write_atomically(curves / "validation.csv", epochs_csv(found.validation).encode())
    write_atomically(metrics, (json.dumps(training_figures(found), indent=1) + "\n").encode())


def collect(training: Training, output: Path, trigger: str, weight: float) -> dict[str, Path]:
    """Bring home the LoRAs of every epoch, and beside the last one its card and a preview.

    Return the sample pictures by name.
    """
    steps = steps_in_epoch(training)
    pictures = named(training.output / "sample", training.folder / "logs", steps)
    with atomic_directory(output, only=LORA) as partial:
        for lora in training.loras:
            shutil.copyfile(lora, partial / lora.name)
        shown = card(trigger, read_metadata(training.lora), weight, "")
        text = json.dumps(shown, indent=1, ensure_ascii=False)
        (partial / f"{training.name}.json").write_text(f"{text}\n", encoding="utf-8")
        if preview := newest(pictures):
            shutil.copyfile(preview, partial / f"{training.name}.png")
    return pictures


def tidy(training: Training) -> None:
    """Remove what a finished training doesn't need: its states and latents, older finished ones.

    LoRAs, samples and logs stay until another training is finished here: if only our code changes,
    nothing is trained again. On the Drive they stay for good; it can't be told whether they have
    been pushed.
    """
    for made in ("dataset", "regular", "held_out", REFUSED):
        shutil.rmtree(training.folder / made, ignore_errors=True)
    remove_states(training.folder)
    for other in training.folder.parent.glob(f"*/{FINISHED}"):
        if other.parent != training.folder and is_finished(other.parent):
            shutil.rmtree(other.parent)
    left = sorted(path for path in training.folder.parent.iterdir() if (path / "output").is_dir())
    if unfinished := [path.name for path in left if not is_finished(path)]:
        where = os.path.relpath(training.folder.parent)
        print(f"train: {where} also keeps the unfinished trainings {', '.join(unfinished)}")


def remove_states(folder: Path) -> None:
    for state in folder.glob("output/*-state"):
        shutil.rmtree(state)
