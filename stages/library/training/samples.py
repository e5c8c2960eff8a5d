"""The sample pictures that sd-scripts draws meanwhile, under names that experiments share."""

import re
import shutil
from pathlib import Path

from stages.library.common.outputs import atomic_directory

BY_EPOCH = re.compile(r".*_(?P<when>e\d{6})_(?P<rest>\d\d)_(?P<time>\d{14})_(?P<seed>\d+)\.png")
BY_STEP = re.compile(r".*_(?P<when>\d{6,})_(?P<rest>\d\d)_(?P<time>\d{14})_(?P<seed>\d+)\.png")
"""sd-scripts' names (v0.10.1, train_util.py, sample_image_inference): epoch or step, the prompt's
number, local time, seed."""

BEFORE = "e000000"
"""What sample_at_first draws: at step 0 of every start, also of one that goes on."""

PICTURE = r"[^/]+\.png"
"""Paths of what is brought home."""


def named(folder: Path, logs: Path, steps_per_epoch: int) -> dict[str, Path]:
    """Return the sample pictures by a name that is the same in every experiment.

    `e000002_00_1.png` is of epoch 2, prompt 0, seed 1; `s000150_00_1.png` of step 150. Of two the
    newer counts, but for those before the training, which are the first ones.

    >>> named(Path("nowhere"), Path("nowhere"), 75)
    {}
    """
    found: dict[str, Path] = {}
    matches = [
        (match, path)
        for path in folder.glob("*.png")
        if (match := BY_EPOCH.fullmatch(path.name) or BY_STEP.fullmatch(path.name))
    ]
    starts = started(logs)
    for match, path in sorted(matches, key=lambda pair: pair[0]["time"]):
        when = match["when"]
        if not when.startswith("e"):
            # a start that goes on counts its steps from 0
            epochs = [1, *(epoch for time, epoch in starts if time <= match["time"])]
            when = f"s{(epochs[-1] - 1) * steps_per_epoch + int(when):06d}"
        name = f"{when}_{match['rest']}_{match['seed']}.png"
        if when != BEFORE or name not in found:
            found[name] = path
    return dict(sorted(found.items()))


def started(logs: Path) -> list[tuple[str, int]]:
    """Return when the trainer was started, in the local time of its own log, and at which epoch."""
    found = logs.glob("*-from-epoch-*/*")
    return sorted((path.name, int(path.parent.name[-6:])) for path in found if path.is_dir())


def newest(pictures: dict[str, Path]) -> Path | None:
    """Return the first picture of the last epoch, or else of the last step; None without any."""
    if not pictures:
        return None
    last = max((name.rpartition("_")[0].rpartition("_")[0] for name in pictures), key=_order)
    return pictures[min(name for name in pictures if name.startswith(f"{last}_"))]


def _order(when: str) -> tuple[bool, str]:
    return when.startswith("e") and when != BEFORE, when


def collect_samples(pictures: dict[str, Path], samples: Path) -> None:
    """Bring home the sample pictures."""
    with atomic_directory(samples, only=PICTURE) as partial:
        for name, path in pictures.items():
            shutil.copyfile(path, partial / name)
