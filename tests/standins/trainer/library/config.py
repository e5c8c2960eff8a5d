"""Which folders are a dataset: those in `train_data_dir`, or what `--dataset_config` says."""

import argparse
import json
import os
from pathlib import Path
from typing import Any

from library.console import fail, say, warn  # type: ignore[import-not-found,unused-ignore]
from library.folders import Subset, find_subsets  # type: ignore[import-not-found,unused-ignore]

OF_SUBSETS = frozenset(
    """color_aug face_crop_aug_range flip_aug num_repeats random_crop shuffle_caption keep_tokens
    keep_tokens_separator secondary_separator caption_separator enable_wildcard token_warmup_min
    token_warmup_step caption_prefix caption_suffix custom_attributes resize_interpolation
    caption_dropout_every_n_epochs caption_dropout_rate caption_tag_dropout_rate caption_extension
    class_tokens cache_info""".split()  # noqa: SIM905
)
"""Keys that a dataset may have as well, for all of its subsets."""

OF_SUBSET = OF_SUBSETS | {"image_dir", "is_reg", "alpha_mask"}
OF_DATASET = OF_SUBSETS | frozenset(
    """batch_size bucket_no_upscale bucket_reso_steps enable_bucket max_bucket_reso min_bucket_reso
    validation_seed validation_split resolution network_multiplier subsets""".split()  # noqa: SIM905
)
"""`config_util.py`, ConfigSanitizer: the split is a dataset's, and no key of a subset."""


def read_config(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Return datasets, each with its `subsets` as `Subset`s.

    Raises:
        ValueError: the file has a key that isn't known.
    """
    if args.dataset_config is None:
        say("train_network.py:530", "Using DreamBooth method.")
        nowhere = os.environ.get("STANDIN_DATA") == "none"
        subsets = [] if nowhere else find_subsets(args.train_data_dir, is_reg=False)
        return [{"subsets": subsets + find_subsets(args.reg_data_dir, is_reg=True)}]
    say("train_network.py:519", f"Loading dataset config from {args.dataset_config}")
    config = json.loads(Path(args.dataset_config).read_text(encoding="utf-8"))
    ignored = ["train_data_dir", "reg_data_dir", "in_json"]
    if any(getattr(args, each, None) is not None for each in ignored):
        warn(
            "train_network.py:523",
            "ignoring the following options because config file is found: {0} / 設定ファイルが利用"
            "されるため以下のオプションは無視されます: {0}".format(", ".join(ignored)),
        )
    check(config)
    return [
        {**dataset, "subsets": [subset_of(each) for each in dataset["subsets"]]}
        for dataset in config["datasets"]
    ]


def check(config: dict[str, Any]) -> None:
    """Refuse keys that aren't known, as voluptuous does."""
    for number, dataset in enumerate(config["datasets"]):
        place = f"data['datasets'][{number}]"
        parts = [(place, dataset, OF_DATASET)]
        parts += [
            (f"{place}['subsets'][{index}]", subset, OF_SUBSET)
            for index, subset in enumerate(dataset["subsets"])
        ]
        for where, part, known in parts:
            for key in sorted(part.keys() - known):
                fail(
                    "config_util.py:375",
                    "Invalid user config / ユーザ設定の形式が正しくないようです",
                )
                raise ValueError(f"extra keys not allowed @ {where}['{key}']")


def subset_of(given: dict[str, Any]) -> Subset:
    return Subset(
        folder=Path(given["image_dir"]),
        repeats=given.get("num_repeats", 1),
        class_tokens=given.get("class_tokens", ""),
        is_reg=given.get("is_reg", False),
    )
