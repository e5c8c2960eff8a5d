"""What the trainer says while it reads the dataset, held against what was ordered.

It does not stop for a missing caption or picture, nor for a picture that its VAE turns into
nothing: it says so in a line among hundreds, and trains. The lines are those of v0.10.1.
"""

import re
from dataclasses import dataclass, field

from stages.library.common.errors import Problem
from stages.library.training.subsets import Subset, parted, shown

FOLDER = re.compile(r"found directory (.+) contains (\d+) image files")  # train_util.py:2059
UNCAPTIONED = re.compile(r"No caption file found for (\d+) images")  # train_util.py:2091
TOTAL = re.compile(r"(\d+) (train|validation|reg) images with repeats")  # train_util.py:2158, 2162
NO_DATA = "No data found"  # train_network.py:577, after which it ends with exit code 0
NAN = re.compile(r"NaN (detected|found) in (latents|text encoder outputs)")
"""train_util.py:3098 and 3170 stop; train_network.py:411 replaces them with zeros and goes on."""


@dataclass
class Watch:
    """What the trainer may say of a dataset; one `Watch` for one start of the trainer."""

    subsets: list[Subset]
    split: float = 0  # share that is held back to validate
    seed: int = 0
    held_back: Subset | None = None  # a dataset of its own, to validate with
    _folder: str = field(default="", init=False)

    def __post_init__(self) -> None:
        parts = [parted(subset, self.split, self.seed) for subset in self.subsets]
        train, held_back = [one for one, _ in parts], [other for _, other in parts]
        self._counts: dict[str, set[int]] = {}
        self._uncaptioned: dict[str, set[int]] = {}
        # a second pass reads the pictures that are held back
        for subset in train + (held_back if self.split else []):
            self._counts.setdefault(subset.name, set()).add(len(subset.pictures))
            missing = len(subset.uncaptioned)
            self._uncaptioned.setdefault(subset.name, set()).add(missing)
        reg = {shown(train, regular=True)} | ({0} if self.split else set())
        self._totals = {
            "train": {shown(train, regular=False)},
            "validation": {shown(held_back, regular=False)},
            "reg": reg,
        }
        if self.held_back:  # to be trained on it reads none of them, then all to validate with
            count = len(self.held_back.pictures)
            self._counts[self.held_back.name] = {0, count}
            self._uncaptioned[self.held_back.name] = {len(self.held_back.uncaptioned)}
            self._totals["validation"] = {count}
            self._totals["train"].add(0)
            self._totals["reg"].add(0)

    def see(self, line: str) -> None:
        """Take in a line of the trainer's.

        Raises:
            Problem: it says that it trains on something else than was ordered.
        """
        if match := FOLDER.search(line):
            self._folder = re.split(r"[/\\]", match[1])[-1]
            self._compare(int(match[2]), self._counts.get(self._folder, set()), self._folder)
        elif match := UNCAPTIONED.search(line):
            if int(match[1]) not in self._uncaptioned.get(self._folder, set()):
                raise Problem(
                    f"the trainer found no captions for {match[1]} pictures of {self._folder}, and "
                    "would train them on that name alone; it is stopped. Run it again; if that is "
                    "no help, install the trainer again (docs/train.md) "
                    "/ キャプションが読み込まれていないため、学習を止めました。もう一度実行し、"
                    "それでも同じなら学習プログラムを入れ直してください(docs/train.ja.md)"
                )
        elif match := TOTAL.search(line):
            self._compare(int(match[1]), self._totals[match[2]], f"of the {match[2]} images")
        elif NO_DATA in line:
            raise Problem(
                "the trainer found no pictures in the dataset; it is stopped. Run it again; if "
                "that is no help: dvc checkout data/dataset "
                "/ 画像が見つからないため、学習を止めました。もう一度実行し、それでも同じなら"
                "上のコマンドを実行してください"
            )
        elif match := NAN.search(line):
            raise Problem(
                f"{match[0]}: pictures became nothing on their way into the model; it is stopped. "
                "Set train.no_half_vae: true (SDXL's VAE can't compute in fp16), for other models "
                'train.mixed_precision: "no" / 画像が壊れた値になったため、学習を止めました。'
                "SDXL では上の 1 つ目、ほかのモデルでは 2 つ目の設定にしてください"
            )

    def _compare(self, found: int, allowed: set[int], what: str) -> None:
        if found not in allowed:
            wanted = " or ".join(map(str, sorted(allowed))) or "none"
            raise Problem(
                f"the trainer counts {found} pictures {what}, the dataset has {wanted}; it is "
                "stopped. Run it again; if that is no help: dvc checkout data/dataset "
                "/ 画像の枚数が合わないため、学習を止めました。もう一度実行し、それでも同じなら"
                "上のコマンドを実行してください"
            )
