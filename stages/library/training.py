"""A training: the folder it works in, its curves, and what it brings home."""

import json
import math
import os
import re
import shutil
import sys
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from stages.library.curves import Curves, Logs, epochs_csv, figures, steps_csv, stitched
from stages.library.drive import AGAIN, Drive
from stages.library.options import Options, first
from stages.library.outputs import (
    atomic_directory,
    beside,
    foreign,
    make_below,
    write_atomically,
)
from stages.library.papers import card, is_whole, read_metadata
from stages.library.preflight import bytes_needed, check_room
from stages.library.states import arrived, carry, read_record, remove_old_states, states_in

SAMPLE = re.compile(r".*_e(?P<epoch>\d{6})_(?P<prompt>\d\d)_(?P<time>\d+)_(?P<seed>\d+)\.png")
"""sd-scripts' name of a sample picture."""

LORA, PICTURE = r"[^/]+\.(safetensors|json|png)", r"[^/]+\.png"
"""Paths of what is brought home into the folder of the LoRAs, and into that of the samples."""

FINISHED = "finished.json"
"""Written into a training's folder when the trainer has ended well."""


@dataclass(frozen=True)
class Training:
    """A training and the folder it works in; the same params and data: the same folder."""

    name: str
    folder: Path
    drive: Drive | None
    options: Options
    prompts: list[str]
    epochs: int
    steps_per_epoch: int

    @property
    def mirror(self) -> Path | None:
        """The folder's copy on the Drive."""
        return self.drive.folder / "state" / self.folder.name if self.drive else None

    @property
    def output(self) -> Path:
        """Where the trainer writes LoRAs, states and samples."""
        return self.folder / "output"

    @property
    def lora(self) -> Path:
        """The finished LoRA."""
        return self.output / f"{self.name}.safetensors"

    @property
    def finished(self) -> bool:
        """Whether the trainer has ended well and the LoRA is there."""
        return is_finished(self.folder) and is_whole(self.lora)


def is_finished(folder: Path) -> bool:
    """Return whether a training's folder says that the trainer has ended well; a cut record won't.

    >>> is_finished(Path("nowhere"))
    False
    """
    return read_record(folder / FINISHED).get("run") == folder.name


def check_foreign(folder: Path, only: str) -> None:
    """Raise ValueError now for a file that would stop `atomic_directory` after the training."""
    if path := foreign(folder, only):
        raise ValueError(
            f"{path}: the training did not write it and would remove it; move it away "
            "/ このファイルを別の場所へ移してください"
        )


def check_space(training: Training, script: str) -> None:
    """Raise ValueError if LoRAs and states have no room here or on the Drive."""
    dim = int(first(training.options, "network_dim", "4"))
    states = int(first(training.options, "save_last_n_epochs_state", "0")) or training.epochs
    needed = bytes_needed(script, dim, training.epochs, states)
    check_room(training.folder, needed, "free some, or lower train.network_dim")
    if training.drive and training.drive.there:
        check_room(
            training.drive.folder, needed, "free some on the Drive, or lower train.network_dim"
        )


def copy_dataset(dataset: Path, target: Path) -> None:
    """Copy the dataset for the trainer, which writes its latents beside the pictures.

    A copy made before is kept with its latents, but for one that was cut off in the middle.
    """
    if target.is_dir():
        for path in target.rglob("*.npz"):
            if not zipfile.is_zipfile(path):
                path.unlink()
        return
    partial = beside(target, "partial")
    shutil.rmtree(partial, ignore_errors=True)
    for path in sorted(dataset.glob("*_*/*")):
        if path.suffix in (".png", ".txt"):
            copied = partial / path.relative_to(dataset)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copied)
    partial.rename(target)


def receive(training: Training) -> None:
    """Take over what an earlier machine has left of this training on the Drive.

    Raises:
        ValueError: the Drive went away meanwhile; without its states all would be trained again.
    """
    drive, mirror, folder = training.drive, training.mirror, training.folder
    if not (drive and mirror):
        return
    try:
        if mirror.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            carry(mirror, folder)
    except OSError:
        if drive.there:
            raise
    if not drive.there:
        raise ValueError(
            f"the Drive went away before the training began; {AGAIN[0]}, then run this again "
            f"/ 学習の前にドライブが切れました。{AGAIN[1]}。そのあと、もう一度実行してください"
        )


def send(training: Training) -> bool:
    """Copy what is new to the Drive, and return whether that has all now.

    A Drive that is full or away stops no training; what it lacks is sent when it is back. The log
    alone is nothing new: without a state that reaches as far it would be of no use.
    """
    drive, mirror, here, output = training.drive, training.mirror, training.folder, training.output
    if not (drive and mirror):
        return True
    found = [*here.glob(FINISHED), *output.glob("*.safetensors"), *output.glob("sample/*.png")]
    made, wrong = [*found, *states_in(output)], ""
    try:
        if drive.there and not all(arrived(path, mirror / path.relative_to(here)) for path in made):
            make_below(drive.folder, mirror)
            carry(here, mirror)
            remove_old_states(here, mirror)
    except OSError as error:
        wrong = f"the Drive takes no state now: {error}"
    if not drive.there:
        wrong = (
            f"the Drive is away; the training goes on, and its states stay in {here} until it is "
            "back. In Colab: stop this cell, run cell 2 again, then this one: it goes on from the "
            "newest state / ドライブが切れましたが、学習は続き、途中経過はこのマシンに残ります。"
            "Colab ではこのセルを止め、2 のセル、このセルの順に実行し直すと、続きから学習します"
        )
    drive.say(wrong)
    return not wrong


def hand_over(training: Training) -> None:
    """Give the Drive what it lacks of a finished training, and no states; or say what to do."""
    if not send(training):
        print(
            "train: warning: the Drive hasn't got all of this training, see above; the LoRA is "
            f"here: {AGAIN[0]}, then run cell 10 (python -m tools.remote push) "
            "/ 学習の結果がまだドライブに届いていません。LoRA はこのマシンにあります。"
            f"{AGAIN[1]}。そのあと 10 のセル(python -m tools.remote push)を実行してください",
            file=sys.stderr,
        )
    elif training.mirror:
        with suppress(OSError):  # it went away just now; the states are only in the way there
            remove_states(training.mirror)


def steps_in_epoch(training: Training) -> int:
    """Return the steps of an epoch, as the trainer itself counts them where it has said so."""
    for lora in sorted(training.output.glob("*.safetensors")):
        if is_whole(lora):
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
    write_atomically(curves / "epochs.csv", epochs_csv(found).encode())
    write_atomically(metrics, (json.dumps(figures(found), indent=1) + "\n").encode())


def collect(training: Training, output: Path, trigger: str, weight: float) -> None:
    """Bring home the LoRAs of every epoch, and beside the last one its card and a preview."""
    loras = [path for path in sorted(training.output.glob("*.safetensors")) if is_whole(path)]
    pictures = newest_samples(training.output / "sample")
    with atomic_directory(output, only=LORA) as partial:
        for lora in loras:
            shutil.copyfile(lora, partial / lora.name)
        shown = card(trigger, read_metadata(training.lora), weight, "")
        text = json.dumps(shown, indent=1, ensure_ascii=False)
        (partial / f"{training.name}.json").write_text(f"{text}\n", encoding="utf-8")
        if pictures:
            last_epoch = max(name[:7] for name in pictures)
            preview = min(name for name in pictures if name.startswith(last_epoch))
            shutil.copyfile(pictures[preview], partial / f"{training.name}.png")


def collect_samples(training: Training, samples: Path) -> None:
    """Bring home the sample pictures, under names that are the same in every experiment."""
    with atomic_directory(samples, only=PICTURE) as partial:
        for name, path in newest_samples(training.output / "sample").items():
            shutil.copyfile(path, partial / name)


def newest_samples(folder: Path) -> dict[str, Path]:
    """Return the sample pictures by epoch, prompt and seed; of two, the newer.

    >>> newest_samples(Path("nowhere"))
    {}
    """
    found = {}
    matches = [
        (match, path) for path in folder.glob("*.png") if (match := SAMPLE.fullmatch(path.name))
    ]
    for match, path in sorted(matches, key=lambda pair: pair[0]["time"]):
        found[f"e{match['epoch']}_{match['prompt']}_{match['seed']}.png"] = path
    return dict(sorted(found.items()))


def tidy(training: Training) -> None:
    """Remove what a finished training doesn't need: its states and latents, older finished ones.

    LoRAs, samples and logs stay until another training is finished here: if only our code changes,
    nothing is trained again. On the Drive they stay for good; it can't be told whether they have
    been pushed.
    """
    shutil.rmtree(training.folder / "dataset", ignore_errors=True)
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
