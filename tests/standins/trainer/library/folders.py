"""Folders of pictures with captions beside them."""

import argparse
import math
import random
from dataclasses import dataclass
from pathlib import Path

from library.captions import (  # type: ignore[import-not-found,unused-ignore]
    count_tags,
    read_caption,
)
from library.console import say, warn  # type: ignore[import-not-found,unused-ignore]
from tqdm import tqdm

EXTENSIONS = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
SHOWN = 5
"""How many pictures without a caption are named."""


@dataclass
class Subset:
    """A folder of pictures: `<repeats>_<class tokens>`."""

    folder: Path
    repeats: int
    class_tokens: str
    is_reg: bool
    count: int = 0


def find_subsets(folder: str | None, is_reg: bool) -> list[Subset]:
    """Return the folders in `folder`; none, without a word, if there is no such folder."""
    found = []
    for path in sorted(Path(folder).iterdir()) if folder and Path(folder).is_dir() else []:
        repeats, _, class_tokens = path.name.partition("_")
        try:
            number = int(repeats) if path.is_dir() else 0
        except ValueError:
            warn(
                "config_util.py:613",
                "ignore directory without repeats "
                f"/ 繰り返し回数のないディレクトリを無視します: {path.name}",
            )
            continue
        if number >= 1:
            found.append(Subset(path, number, class_tokens, is_reg))
    return found


def read_folder(
    args: argparse.Namespace,
    subset: Subset,
    training: bool,
    tags: dict[str, dict[str, int]],
    share: float,
    seed: int | None,
) -> tuple[list[Path], list[str]]:
    """Return pictures and captions of a folder; count `tags` (`load_dreambooth_dir`).

    Of the pictures a `share` is for the validation.
    """
    pictures = sorted(p for p in subset.folder.iterdir() if p.suffix.lower() in EXTENSIONS)
    say("train_util.py:2005", "get image size from name of cache files")
    say("train_util.py:2035", f"set image size from cache files: {0}/{len(pictures)}")
    if share > 0 and pictures:
        if not subset.is_reg:
            pictures = split(pictures, training, share, seed)
        elif not training:
            pictures = []
    say(
        "train_util.py:2059",
        f"found directory {subset.folder} contains {len(pictures)} image files",
    )
    extension = args.caption_extension
    extension = extension if extension.startswith(".") or not extension else f".{extension}"
    captions, missing = [], []
    for picture in tqdm(pictures, desc="read caption"):
        caption = read_caption(picture, extension, args.enable_wildcard)
        if caption is None:
            missing.append(picture)
        captions.append(subset.class_tokens if caption is None else caption)
    count_tags(tags, subset.folder.name, captions)
    if missing:
        tell_missing(missing)
    return pictures, captions


def tell_missing(pictures: list[Path]) -> None:
    """Warn of pictures without captions; the training goes on with the folder's name."""
    warn(
        "train_util.py:2090",
        f"No caption file found for {len(pictures)} images. Training will continue without "
        "captions for these images. If class token exists, it will be used. "
        f"/ {len(pictures)}枚の画像にキャプションファイルが見つかりませんでした。"
        "これらの画像についてはキャプションなしで学習を続行します。"
        "class tokenが存在する場合はそれを使います。",
    )
    for picture in pictures[:SHOWN]:
        warn("train_util.py:2097", f"{picture}")
    if len(pictures) > SHOWN:
        warn("train_util.py:2095", f"{pictures[SHOWN]}... and {len(pictures) - SHOWN} more")


def split(pictures: list[Path], training: bool, share: float, seed: int | None) -> list[Path]:
    """Return the part for the training or for the validation (`split_train_val`).

    Without a seed of its own the second call shuffles otherwise than the first: pictures of the
    validation are then also trained. So do sd-scripts.
    """
    shuffled = list(pictures)
    if seed is None:
        random.shuffle(shuffled)
    else:
        say("train_util.py:159", f"Using validation seed: {seed}")
        random.Random(seed).shuffle(shuffled)
    if training:
        return shuffled[: math.ceil(len(shuffled) * (1 - share))]
    return shuffled[len(shuffled) - round(len(shuffled) * share) :]
