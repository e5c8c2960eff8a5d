"""What is checked before a training starts, in seconds."""

import re
import shutil
from collections import Counter
from pathlib import Path

from stages.library.images import picture_size
from stages.library.papers import dvc_md5

MOST_STEPS = 50_000
"""More than a day of a T4; a slip in organize.repeats rather than a wish."""

GB = 10**9


def pairs(dataset: Path) -> dict[str, tuple[list[Path], int]]:
    """Return, by folder, the pictures of a dataset and how often an epoch shows each.

    Raises:
        ValueError: there is no dataset, or a picture or caption stands alone.
    """
    found: dict[str, tuple[list[Path], int]] = {}
    for folder in sorted(path for path in dataset.glob("*_*") if path.is_dir()):
        if not (repeats := re.match(r"(\d+)_", folder.name)):
            continue
        pictures = sorted(folder.glob("*.png"))
        captions = {path.stem for path in folder.glob("*.txt")}
        stems = {path.stem for path in pictures}
        if alone := sorted(stems ^ captions):
            kind = "caption" if alone[0] in stems else "picture"
            raise ValueError(
                f"{folder}: {alone[0]} has no {kind}, {len(alone)} files stand alone; get the "
                f"dataset back with dvc repro, or dvc checkout {dataset}"
            )
        found[folder.name] = pictures, int(repeats[1])
    if not any(pictures for pictures, _ in found.values()):
        raise ValueError(f"{dataset}: holds no pictures; run dvc repro, or dvc pull {dataset}")
    return found


def check_dataset(dataset: Path, locked: str) -> str:
    """Return DVC's MD5 of the dataset.

    Raises:
        ValueError: it isn't the one that dvc.lock records.
    """
    if not locked:
        raise ValueError(f"dvc.lock: does not list {dataset}; run dvc repro first")
    found = dvc_md5(dataset)
    if found != locked:
        raise ValueError(
            f"{dataset}: is not the dataset that dvc.lock records ({found[:8]}, not {locked[:8]}); "
            f"run dvc repro, or get it back with dvc checkout {dataset}"
        )
    return found


def buckets(dataset: dict[str, tuple[list[Path], int]]) -> list[int]:
    """Return how many pictures of equal size an epoch shows, for every size."""
    sizes: Counter[tuple[int, int]] = Counter()
    for pictures, repeats in dataset.values():
        for path in pictures:
            sizes[picture_size(path)] += repeats
    return list(sizes.values())


def check_steps(steps: int, warmup: str) -> None:
    """Raise ValueError if a training of so many steps makes no sense."""
    if steps > MOST_STEPS:
        raise ValueError(
            f"params.yaml, organize.repeats: {steps} steps are more than a day's work; lower it, "
            "or train.max_train_epochs"
        )
    try:
        given = float(warmup.removesuffix("%")) / (100 if warmup.endswith("%") else 1)
    except ValueError:
        raise ValueError(
            f"params.yaml, train.lr_warmup_steps: {warmup!r} is no number; write steps, or a share "
            "of them such as 10%"
        ) from None
    if given >= max(steps, 1):
        raise ValueError(
            f"params.yaml, train.lr_warmup_steps: {warmup} is not less than the {steps} steps of "
            "this training, so that it would never reach its learning rate; lower it"
        )


def check_prompts(prompts: list[str]) -> None:
    """Raise ValueError for a sample prompt whose picture could not be compared with another's."""
    for prompt in prompts:
        if not re.search(r" --d \d+( |$)", prompt):
            raise ValueError(
                f"params.yaml, train.sample_prompts: {prompt!r} has no seed; end it with --d 1"
            )
        if not prompt.isprintable() or prompt.startswith("#"):
            raise ValueError(
                f"params.yaml, train.sample_prompts: {prompt!r} is no line of text; write one"
            )


def bytes_needed(script: str, dim: int, epochs: int, states: int) -> int:
    """Return about how many bytes a training writes: LoRAs of every epoch, and states.

    Measured: a state of dimension 64 for SD 1.5 has 446 MB, three times the LoRA in 32 bits; what
    is kept of an epoch is the LoRA in 16 bits. SDXL's are six times as large.

    >>> bytes_needed("train_network.py", 64, epochs=10, states=2) // 10**6
    2114
    """
    lora = dim * 2_360_000 * (1 if script == "train_network.py" else 6)
    return lora * epochs // 2 + 3 * lora * (states + 1)


def check_room(place: Path, needed: int, remedy: str) -> None:
    """Raise ValueError if the disk that `place` is on, or will be, has less room than needed."""
    there = next(path for path in [place, *place.absolute().parents] if path.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise ValueError(
            f"{place}: {needed / GB:.1f} GB are needed there and {free / GB:.1f} GB are free; "
            f"{remedy}"
        )
