"""A training: the folder it works in, and what must be so before it begins."""

import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from stages.library.common.disk import keep_tree
from stages.library.common.drive import Drive
from stages.library.common.errors import Problem
from stages.library.common.outputs import (
    beside,
    foreign,
)
from stages.library.training.headers import is_whole, read_metadata
from stages.library.training.options import Options, first
from stages.library.training.receipt import Receipt, difference
from stages.library.training.room import bytes_needed, check_room
from stages.library.training.states import newest_state, read_record
from stages.library.training.subsets import CAPTION, Subset, read_subsets

FINISHED = "finished.json"
"""Written into a training's folder when the trainer has ended well."""

REFUSED = "refused"
"""Where the LoRAs and states go that another start did not learn as ordered."""


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
    subsets: list[Subset]  # the dataset, and pictures for regularization
    receipt: Receipt
    held_back: Subset | None = None  # drawings to validate with, from data/held_out

    @property
    def mirror(self) -> Path | None:
        """The folder's copy on the Drive."""
        return self.drive.folder / "state" / self.folder.name if self.drive else None

    @property
    def output(self) -> Path:
        """Where the trainer writes LoRAs, states and samples."""
        return self.folder / "output"

    @property
    def data(self) -> Path:
        """Where the trainer reads its copy of the dataset."""
        return self.folder / "dataset"

    @property
    def validated(self) -> Path:
        """Where the trainer reads its copy of the drawings that it validates with."""
        return self.folder / "held_out"

    @property
    def prompt_file(self) -> Path:
        """Where the trainer reads its sample prompts."""
        return self.folder / "prompts.txt"

    @property
    def lora(self) -> Path:
        """The finished LoRA."""
        return self.output / f"{self.name}.safetensors"

    @property
    def loras(self) -> Iterator[Path]:
        """The LoRAs that are there to their last byte, each looked at when its turn comes."""
        return (path for path in sorted(self.output.glob("*.safetensors")) if is_whole(path))

    @property
    def finished(self) -> bool:
        """Whether the trainer has ended well and the LoRA is there."""
        return is_finished(self.folder) and is_whole(self.lora)

    @property
    def newest(self) -> Path | None:
        """The state to go on from: the newest whose sample pictures were drawn as well.

        The trainer draws them when the state is written; killed in between, it never would.
        """
        return newest_state(self.output, self.epochs, self.is_drawn)

    def is_drawn(self, epoch: int) -> bool:
        """Return whether all sample pictures that are due after an epoch are there."""
        every = int(first(self.options, "sample_every_n_epochs", "0"))
        if not every or epoch % every:
            return True
        there = self.output / "sample"
        return all(
            any(there.glob(f"{self.name}_e{epoch:06d}_{number:02d}_*.png"))
            for number in range(len(self.prompts))
        )

    def check_receipts(self) -> None:
        """Raise Problem if a LoRA that is there learned something else than was ordered."""
        for lora in self.loras:
            if wrong := difference(self.receipt, read_metadata(lora)):
                raise Problem(
                    f"{lora.name} did not learn what was ordered: {wrong}. The training is stopped "
                    "/ 学習内容がデータセットと一致しないため、学習を止めました"
                )


def is_finished(folder: Path) -> bool:
    """Return whether a training's folder says that the trainer has ended well; a cut record won't.

    >>> is_finished(Path("nowhere"))
    False
    """
    return read_record(folder / FINISHED).get("run") == folder.name


def check_foreign(folder: Path, only: str) -> None:
    """Raise Problem now for a file that would stop `atomic_directory` after the training."""
    if path := foreign(folder, only):
        raise Problem(
            f"{path}: the training did not write it and would remove it; move it away "
            "/ このファイルを別の場所へ移してください"
        )


def check_space(training: Training, script: str) -> None:
    """Raise Problem if LoRAs and states have no room here or on the Drive.

    Only of a plain LoRA the size is known before: with LyCORIS' LoKr a dimension of 100000 means
    "as large as it may be".
    """
    if first(training.options, "network_module", "networks.lora") != "networks.lora":
        return
    dim = int(first(training.options, "network_dim", "4"))
    states = int(first(training.options, "save_last_n_epochs_state", "0")) or training.epochs
    needed = bytes_needed(script, dim, training.epochs, states)
    check_room(training.folder, needed, "free some, or lower train.network_dim")
    if training.drive and training.drive.there:
        check_room(
            training.drive.folder, needed, "free some on the Drive, or lower train.network_dim"
        )


def copy_subsets(
    subsets: list[Subset], target: Path, unchanged: Callable[[], object] = lambda: None
) -> list[Subset]:
    """Copy a dataset for the trainer, which writes its latents beside the pictures; return it.

    A copy made before is kept with its latents, but for one that was cut off in the middle. Where
    `unchanged` raises, there is none.
    """
    if target.is_dir():
        for path in target.rglob("*.npz"):
            if not zipfile.is_zipfile(path):
                path.unlink()
    else:
        partial = beside(target, "partial")
        shutil.rmtree(partial, ignore_errors=True)
        for subset in subsets:
            (partial / subset.name).mkdir(parents=True)
            captions = [path.with_suffix(CAPTION) for path in subset.pictures]
            for path in [*subset.pictures, *(each for each in captions if each.is_file())]:
                shutil.copyfile(path, partial / subset.name / path.name)
        keep_tree(partial)
        unchanged()
        partial.rename(target)
    return read_subsets(target, regular=any(each.regular for each in subsets))


def put_refused_away(training: Training) -> None:
    """Begin anew, rather than go on with what a start before did not learn as ordered."""
    try:
        training.check_receipts()
    except Problem as error:
        away = training.folder / REFUSED
        shutil.rmtree(away, ignore_errors=True)
        training.output.rename(away)
        print(f"train: beginning anew, since {error}; it is in {os.path.relpath(away)}")
