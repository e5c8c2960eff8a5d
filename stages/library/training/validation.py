"""The drawings that are held back: the trainer validates with them, and learns nothing of them.

After every epoch sd-scripts computes their loss at four timesteps, and puts its random numbers back
afterwards, so that what is learned is the same (v0.10.1, train_network.py:1609). Its file for
datasets takes `validation_split` of a whole dataset alone, though its page on it has it in a
subset, where it is refused (library/config_util.py, `SUBSET_ASCENDABLE_SCHEMA`): so they are a
dataset of their own, of which 0 pictures are trained.

The noise of every look comes in the same order from the same seed. Which picture gets which is told
by workers that load them, and these shuffle anew in every epoch, some pictures twice and some never
(library/train_util.py, `collator_class`, `shuffle_buckets`). Loaded without workers each gets the
same noise in every epoch: only then is one epoch's loss comparable with another's.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from stages.library.training.options import Options, first
from stages.library.training.preflight import dataset_subsets
from stages.library.training.subsets import Subset, read_subsets

NAME = "1_held_out"
"""The folder of the trainer's copy: by its name the trainer tells what it saw there."""

CONFIG = "dataset.json"
"""What tells the trainer which folders are which, beside that folder."""

NEEDED = ("dataset_config", "validation_seed", "max_data_loader_n_workers")
"""Options without which a trainer is too old for this."""

REPLACED = ("train_data_dir", "reg_data_dir", "persistent_data_loader_workers")
"""Options that CONFIG replaces, and one that needs workers."""

STILL: dict[str, Any] = {
    "shuffle_caption": False,
    "caption_dropout_rate": 0.0,
    "caption_dropout_every_n_epochs": 0,
    "caption_tag_dropout_rate": 0.0,
    "token_warmup_step": 0,
    "flip_aug": False,
    "color_aug": False,
    "random_crop": False,
}
"""What changes pictures and captions by chance, and must not from epoch to epoch."""


def held_back_subset(folder: Path, options: Options) -> Subset | None:
    """Return the drawings in data/held_out as one folder; None if there are none to validate with.

    Those that `validation_split` of params.yaml holds back go before them.

    Raises:
        Problem: one has no caption, or an empty one, or leads out of the folder.
    """
    wanted = "validation_split" not in options or not float(first(options, "validation_split", "0"))
    if not wanted or not any(subset.pictures for subset in read_subsets(folder)):
        return None
    subsets = dataset_subsets(folder)
    pictures = sorted((p for subset in subsets for p in subset.pictures), key=lambda p: p.name)
    return Subset(Path(NAME), 1, tuple(pictures))


def can_validate(known: Collection[str]) -> bool:
    """Return whether a trainer with these options can take a dataset to validate with."""
    return all(option in known for option in NEEDED)


def dataset_config(trained: Sequence[Subset], held_back: Path) -> dict[str, Any]:
    """Return what CONFIG says: the folders to train on, and the one to validate with.

    All else, such as the resolution, comes from the command line.
    """
    folders = [
        {
            "image_dir": str(subset.folder),
            "num_repeats": subset.repeats,
            "is_reg": subset.regular,
            "class_tokens": subset.class_words,
        }
        for subset in trained
    ]
    looked_at = {"image_dir": str(held_back), "num_repeats": 1, "class_tokens": "", **STILL}
    # alone in its batch each counts as much as another; the seed is of a split that takes all
    whole = {"validation_split": 1.0, "validation_seed": 0, "batch_size": 1}
    return {"datasets": [{"subsets": folders}, whole | {"subsets": [looked_at]}]}


def validating(options: Options, config: Path) -> Options:
    """Return the options with which the trainer validates; those of params.yaml go before them."""
    seed = first(options, "seed", "42")
    return {
        "dataset_config": [str(config)],
        **{
            key: [value]
            for key, value in (("validation_seed", seed), ("max_data_loader_n_workers", "0"))
            if key not in options
        },
    }
