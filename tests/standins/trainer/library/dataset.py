"""The pictures to train on, or to validate with, and the captions to them."""

import argparse
from dataclasses import dataclass, field, replace
from typing import Any

from library.buckets import Buckets  # type: ignore[import-not-found,unused-ignore]
from library.console import say, warn  # type: ignore[import-not-found,unused-ignore]
from library.folders import Subset, read_folder  # type: ignore[import-not-found,unused-ignore]


@dataclass
class Dataset:
    """What `DreamBoothDataset` holds after it has read its folders."""

    subsets: list[Subset] = field(default_factory=list)
    repeats: dict[str, int] = field(default_factory=dict)  # by picture
    captions: dict[str, str] = field(default_factory=dict)  # by picture
    tag_frequency: dict[str, dict[str, int]] = field(default_factory=dict)
    train_images: int = 0  # with repeats
    reg_images: int = 0  # with repeats
    batch_size: int = 1
    buckets: Buckets = field(default_factory=Buckets)


def read_dataset(args: argparse.Namespace, config: dict[str, Any], training: bool) -> Dataset:
    """Read pictures and captions of the folders, as `DreamBoothDataset.__init__` does.

    Without `training` it is the validation's part: no repeats, and nothing of `is_reg` folders.
    """
    assert args.resolution, "resolution is required / resolution（解像度）指定は必須です"
    say("train_util.py:2112", "prepare images.")
    dataset, regs = Dataset(batch_size=config.get("batch_size", args.train_batch_size)), []
    share = config.get("validation_split", args.validation_split)
    seed = config.get("validation_seed", args.validation_seed)
    for subset in map(replace, config["subsets"]):
        found = read_folder(args, subset, training, dataset.tag_frequency, share, seed)
        pictures, captions = found
        if not pictures:
            warn(
                "train_util.py:2132",
                f"ignore subset with image_dir='{subset.folder}': no images found "
                "/ 画像が見つからないためサブセットを無視します",
            )
            continue
        repeats = subset.repeats if training else 1
        for picture, caption in zip(pictures, captions, strict=True):
            dataset.captions[str(picture)] = caption
            if subset.is_reg:
                regs.append((str(picture), repeats))
            else:
                dataset.repeats[str(picture)] = repeats
        if subset.is_reg:
            dataset.reg_images += repeats * len(pictures)
        else:
            dataset.train_images += repeats * len(pictures)
        subset.count = len(pictures)
        dataset.subsets.append(subset)
    kind = "train" if training else "validation"
    say("train_util.py:2158", f"{dataset.train_images} {kind} images with repeats.")
    say("train_util.py:2162", f"{dataset.reg_images} reg images with repeats.")
    if dataset.train_images < dataset.reg_images:
        warn(
            "train_util.py:2164",
            "some of reg images are not used "
            "/ 正則化画像の数が多いので、一部使用されない正則化画像があります",
        )
    if not regs:
        warn("train_util.py:2167", "no regularization images / 正則化画像が見つかりませんでした")
    dataset.repeats |= as_many(regs, dataset.train_images)
    return dataset


def as_many(regs: list[tuple[str, int]], wanted: int) -> dict[str, int]:
    """Return how often each regularization picture is shown, so that they are `wanted` in all.

    >>> as_many([("a", 1), ("b", 1)], 3)
    {'a': 2, 'b': 1}
    """
    found: dict[str, int] = {}
    shown = 0
    while regs and shown < wanted:
        for picture, repeats in regs:
            more = 1 if picture in found else repeats
            found[picture] = found.get(picture, 0) + more
            shown += more
            if shown >= wanted:
                break
    return found


def together(datasets: list[Dataset]) -> Dataset:
    """Return what a group of datasets holds (`DatasetGroup`)."""
    whole = Dataset()
    for each in datasets:
        whole.subsets += each.subsets
        whole.repeats |= each.repeats
        whole.captions |= each.captions
        # a folder of the same name in a second dataset is left out (`merge tag frequency`)
        whole.tag_frequency = each.tag_frequency | whole.tag_frequency
        whole.train_images += each.train_images
        whole.reg_images += each.reg_images
    return whole
