"""The folders `<repeats>_<class>` of a dataset, as sd-scripts reads them.

The places named here are of v0.10.1: library/train_util.py (DreamBoothDataset) and
library/config_util.py (generate_dreambooth_subsets_config_by_subdirs).
"""

import math
import random
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.outputs import files_in

CAPTION = ".txt"
"""What sd-scripts must be told; it looks for `.caption` by itself, and trains on without any."""

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp"})
"""IMAGE_EXTENSIONS of train_util.py; there in small or in capital letters, not mixed."""


@dataclass(frozen=True)
class Subset:
    """A folder of pictures that an epoch shows `repeats` times."""

    folder: Path
    repeats: int
    pictures: tuple[Path, ...]  # in the trainer's order
    regular: bool = False  # regularization pictures

    @property
    def name(self) -> str:
        """The folder's own name, under which the trainer counts tags."""
        return self.folder.name

    @property
    def class_words(self) -> str:
        """What a picture without a caption is trained on: the name without the repeats."""
        return self.name.partition("_")[2]

    @property
    def uncaptioned(self) -> list[Path]:
        """The pictures without a caption."""
        return [path for path in self.pictures if not path.with_suffix(CAPTION).is_file()]

    def caption(self, picture: Path, wildcard: bool = False) -> str:
        """Return what a picture is trained on (`read_caption`): its first line.

        With `wildcard` (enable_wildcard) all lines that are not empty.
        """
        path = picture.with_suffix(CAPTION)
        if not path.is_file():
            return self.class_words
        with path.open(encoding="utf-8") as file:
            lines = [line.strip() for line in file]
        return "\n".join(filter(None, lines)) if wildcard else (lines or [""])[0]

    def tag_counts(self, wildcard: bool = False) -> Counter[str]:
        """Return how often the trainer counts each tag (`set_tag_frequency`), without repeats."""
        return Counter(tag for picture in self.pictures for tag in self.tags(picture, wildcard))

    def tags(self, picture: Path, wildcard: bool = False) -> list[str]:
        """Return the tags of a picture as the trainer tells them apart."""
        parts = (tag.strip().lower() for tag in self.caption(picture, wildcard).split(","))
        return [tag for tag in parts if tag]


def read_subsets(root: Path, regular: bool = False) -> list[Subset]:
    """Return the folders of `root` that an epoch shows at least once, and their pictures."""
    found = []
    for folder in sorted(path for path in root.glob("*_*") if path.is_dir()):
        repeats = re.match(r"([0-9]+)_", folder.name)
        if repeats and int(repeats[1]):
            there = files_in(folder, "*")  # nor does the trainer's glob find .names
            pictures = (path for path in there if path.suffix.lower() in PICTURES)
            found.append(Subset(folder, int(repeats[1]), tuple(sorted(pictures)), regular))
    return found


def parted(subset: Subset, split: float, seed: int) -> tuple[Subset, Subset]:
    """Return what is trained on and what is held back, as `split_train_val` parts a folder.

    Regularization pictures are never held back; of those held back each is shown once.
    """
    if subset.regular or not split:
        return subset, replace(subset, repeats=1, pictures=())
    pictures = list(subset.pictures)
    random.Random(seed).shuffle(pictures)
    train = pictures[: math.ceil(len(pictures) * (1 - split))]
    held_back = pictures[len(pictures) - round(len(pictures) * split) :]
    return (
        replace(subset, pictures=tuple(train)),
        replace(subset, repeats=1, pictures=tuple(held_back)),
    )


def check_parts(subsets: list[Subset], split: float, seed: int) -> None:
    """Raise Problem if a picture would be trained and held back: the trainer rounds both up."""
    for subset in subsets:
        train, held_back = parted(subset, split, seed)
        if both := set(train.pictures) & set(held_back.pictures):
            count = len(subset.pictures)
            share = (len(held_back.pictures) + 0.25) / count
            raise Problem(
                f"params.yaml, train.validation_split: {split:g} of the {count} pictures of "
                f"{subset.name} makes {len(both)} of them both trained and validated with; write "
                f"{share:.3f}"
            )


def shown(subsets: list[Subset], regular: bool) -> int:
    """Return how many pictures an epoch shows, repeats counted, of one kind."""
    return sum(each.repeats * len(each.pictures) for each in subsets if each.regular == regular)


def shows(subsets: list[Subset]) -> Counter[Path]:
    """Return how often an epoch shows each picture.

    Regularization pictures are taken in turn until they are as many as the others.
    """
    times = Counter({p: s.repeats for s in subsets if not s.regular for p in s.pictures})
    regular = [(path, each.repeats) for each in subsets if each.regular for path in each.pictures]
    wanted = sum(times.values())
    taken, first_round = 0, True
    while regular and taken < wanted:
        for path, repeats in regular:
            times[path] += repeats if first_round else 1
            taken += repeats if first_round else 1
            if taken >= wanted:
                break
        first_round = False
    return times
