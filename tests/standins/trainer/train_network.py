"""Train a LoRA, or rather act it."""

import argparse
import math
import os
import random
from pathlib import Path

from library import train_util  # type: ignore[import-not-found,unused-ignore]
from library.buckets import fill_buckets  # type: ignore[import-not-found,unused-ignore]
from library.checks import (  # type: ignore[import-not-found,unused-ignore]
    check_caching,
    check_options,
    load_model,
    load_network,
)
from library.config import read_config  # type: ignore[import-not-found,unused-ignore]
from library.console import fail, say, set_up  # type: ignore[import-not-found,unused-ignore]
from library.dataset import (  # type: ignore[import-not-found,unused-ignore]
    Dataset,
    read_dataset,
    together,
)
from library.latents import cache_latents  # type: ignore[import-not-found,unused-ignore]
from library.metadata import describe  # type: ignore[import-not-found,unused-ignore]
from library.run import Run  # type: ignore[import-not-found,unused-ignore]


def setup_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    train_util.add_sd_models_arguments(parser)
    train_util.add_dataset_arguments(parser)
    train_util.add_training_arguments(parser)
    train_util.add_optimizer_arguments(parser)
    parser.add_argument(
        "--save_model_as", choices=[None, "ckpt", "pt", "safetensors"], default="safetensors"
    )
    parser.add_argument("--console_log_simple", action="store_true")
    parser.add_argument("--unet_lr", type=float, default=None)
    parser.add_argument("--network_weights", type=str, default=None)
    parser.add_argument("--network_module", type=str, default=None)
    parser.add_argument("--network_dim", type=int, default=None)
    parser.add_argument("--network_alpha", type=float, default=1)
    parser.add_argument("--network_args", type=str, default=None, nargs="*")
    parser.add_argument("--network_train_unet_only", action="store_true")
    parser.add_argument("--no_half_vae", action="store_true")
    parser.add_argument("--training_comment", type=str, default=None)
    parser.add_argument("--dataset_config", type=Path, default=None)
    parser.add_argument("--initial_epoch", type=int, default=None)
    parser.add_argument("--initial_step", type=int, default=None)
    parser.add_argument("--skip_until_initial_step", action="store_true")
    parser.add_argument("--validation_seed", type=int, default=None)
    parser.add_argument("--validation_split", type=float, default=0.0)
    parser.add_argument("--validate_every_n_steps", type=int, default=None)
    parser.add_argument("--validate_every_n_epochs", type=int, default=None)
    return parser


def read(args: argparse.Namespace) -> tuple[list[Dataset], list[Dataset]]:
    """Read the datasets, and the parts of them that are kept for the validation."""
    configs = read_config(args)
    datasets = [read_dataset(args, each, training=True) for each in configs]
    validations = [
        read_dataset(args, each, training=False)
        for each in configs
        if each.get("validation_split", args.validation_split) > 0
    ]
    for number, dataset in enumerate(datasets):
        say("config_util.py:592", f"[Prepare dataset {number}]")
        dataset.buckets = fill_buckets(args, dataset.repeats)
    for number, validation in enumerate(validations):
        say("config_util.py:597", f"[Prepare validation dataset {number}]")
        validation.buckets = fill_buckets(args, validation.repeats)
    return datasets, validations


def train(args: argparse.Namespace, version: str = "sd_v1") -> None:
    """Do what `NetworkTrainer.train` does, in its order."""
    set_up(args.console_log_simple)
    sdxl = version.startswith("sdxl")
    check_options(args)
    train_util.prepare_dataset_args(args)
    if args.seed is None:
        args.seed = random.randint(0, 2**32)
    random.seed(args.seed)
    datasets, validations = read(args)
    dataset = together(datasets)
    validation = together(validations) if validations else None
    if not dataset.repeats:
        fail(
            "train_network.py:576",
            "No data found. Please verify arguments (train_data_dir must be the parent of folders "
            "with images) / 画像がありません。引数指定を確認してください（train_data_dirには"
            "画像があるフォルダではなく、画像があるフォルダの親フォルダを指定する必要があります）",
        )
        return
    check_caching(args, sdxl)
    say("train_network.py:593", "preparing accelerator")
    load_model(args)
    bad: set[str] = set()
    if args.cache_latents:
        for group in (datasets, validations):
            for number, each in enumerate(group):
                bad |= cache_latents(args, each, "_sdxl.npz" if sdxl else "_sd.npz", number)
    print("import network module:", args.network_module)
    load_network(args)
    if line := os.environ.get("STANDIN_FAIL"):
        raise RuntimeError(line)
    if args.persistent_data_loader_workers and not args.max_data_loader_n_workers:
        raise ValueError("persistent_workers option needs num_workers > 0")  # torch's DataLoader
    batches = [batch for each in datasets for batch in each.buckets.batches(each.batch_size)]
    per_epoch = math.ceil(len(batches) / args.gradient_accumulation_steps)
    if args.max_train_epochs is not None:
        args.max_train_steps = args.max_train_epochs * per_epoch
    epochs = math.ceil(args.max_train_steps / per_epoch)
    weight = train_util.load_state(Path(args.resume)) if args.resume else 1.0
    first_epoch = args.initial_epoch or 1
    if first_epoch > 1:
        initial = (first_epoch - 1) * per_epoch
        assert args.max_train_steps > initial, "max_train_steps should be greater"
    tell(args, dataset, validation, len(batches), epochs)
    metadata = describe(args, datasets, validation, len(batches), epochs, version)
    Run(args, dataset, validation, batches, bad, metadata, weight).go(first_epoch, epochs)


def tell(
    args: argparse.Namespace,
    dataset: Dataset,
    validation: Dataset | None,
    batches: int,
    epochs: int,
) -> None:
    """Print the figures, to stdout and as they are: these lines never wrap."""
    validated = validation.train_images if validation else 0
    print("running training / 学習開始")
    print(f"  num train images * repeats / 学習画像の数×繰り返し回数: {dataset.train_images}")
    print(f"  num validation images * repeats / 学習画像の数×繰り返し回数: {validated}")
    print(f"  num reg images / 正則化画像の数: {dataset.reg_images}")
    print(f"  num batches per epoch / 1epochのバッチ数: {batches}")
    print(f"  num epochs / epoch数: {epochs}")
    print(f"  batch size per device / バッチサイズ: {args.train_batch_size}")
    accumulation = args.gradient_accumulation_steps
    print(f"  gradient accumulation steps / 勾配を合計するステップ数 = {accumulation}")
    print(f"  total optimization steps / 学習ステップ数: {args.max_train_steps}", flush=True)


if __name__ == "__main__":
    train(setup_parser().parse_args())
