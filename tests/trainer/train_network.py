"""Train a LoRA, or rather act it."""

import argparse
import hashlib
import math
import os
import re
import signal
import sys
import time
import zipfile
from pathlib import Path

from library import train_util  # type: ignore[import-not-found,unused-ignore]
from library.log import Log  # type: ignore[import-not-found,unused-ignore]
from PIL import Image

VERSION = "sd_v1"


def setup_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    train_util.add_sd_models_arguments(parser)
    train_util.add_dataset_arguments(parser)
    train_util.add_training_arguments(parser)
    train_util.add_optimizer_arguments(parser)
    parser.add_argument(
        "--save_model_as", choices=[None, "ckpt", "pt", "safetensors"], default="safetensors"
    )
    parser.add_argument("--unet_lr", type=float, default=None)
    parser.add_argument("--network_module", type=str, default=None)
    parser.add_argument("--network_dim", type=int, default=None)
    parser.add_argument("--network_alpha", type=float, default=1)
    parser.add_argument("--network_args", type=str, default=None, nargs="*")
    parser.add_argument("--network_train_unet_only", action="store_true")
    parser.add_argument("--no_half_vae", action="store_true")
    parser.add_argument("--training_comment", type=str, default=None)
    parser.add_argument("--initial_epoch", type=int, default=None)
    parser.add_argument("--initial_step", type=int, default=None)
    parser.add_argument("--skip_until_initial_step", action="store_true")
    return parser


def chance(*parts: object) -> float:
    """Return a number from 0 to 1 that only `parts` decide."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return int.from_bytes(digest[:4], "little") / 2**32


def pictures_in(folder: Path) -> tuple[list[Path], int]:
    """Return the pictures, and how many an epoch shows."""
    found, shown = [], 0
    for each in sorted(folder.glob("*_*")):
        if repeats := re.match(r"(\d+)_", each.name):
            pictures = sorted(each.glob("*.png"))
            found += pictures
            shown += len(pictures) * int(repeats[1])
    return found, shown


def cache_latents(pictures: list[Path]) -> None:
    for path in pictures:
        latents = path.with_name(f"{path.stem}_0512x0512_sd.npz")
        if latents.exists():
            zipfile.ZipFile(latents).close()  # raises for one that is cut off
        else:
            with zipfile.ZipFile(latents, "w") as archive:
                archive.writestr("latents", path.read_bytes()[:64])


def sample(args: argparse.Namespace, epoch: int, weight: float) -> None:
    lines = Path(args.sample_prompts).read_text(encoding="utf-8").splitlines()
    folder = Path(args.output_dir) / "sample"
    folder.mkdir(parents=True, exist_ok=True)
    for number, line in enumerate(lines):
        seed = re.search(r" --d (\d+)", line)
        end = f"_{seed[1]}" if seed else ""
        colour = tuple(int(255 * chance(line, weight, part)) for part in "rgb")
        name = f"{args.output_name}_e{epoch:06d}_{number:02d}_{time.strftime('%Y%m%d%H%M%S')}{end}"
        Image.new("RGB", (64, 64), colour).save(folder / f"{name}.png")


def train(args: argparse.Namespace) -> None:
    pictures, shown = pictures_in(Path(args.train_data_dir))
    if not pictures or os.environ.get("STANDIN_DATA") == "none":
        print("No data found. Please verify arguments / 画像がありません。", file=sys.stderr)
        return
    if args.cache_latents_to_disk:
        cache_latents(pictures)
    if line := os.environ.get("STANDIN_FAIL"):
        raise RuntimeError(line)

    output, name = Path(args.output_dir), args.output_name
    die = os.environ.get("STANDIN_DIE", "").split()
    slow = float(os.environ.get("STANDIN_SLOW", "0"))
    batches = math.ceil(shown / args.train_batch_size)
    per_epoch = math.ceil(batches / args.gradient_accumulation_steps)
    total = per_epoch * args.max_train_epochs
    weight = 1.0
    first_epoch = 0
    if args.resume:
        weight = train_util.load_state(Path(args.resume))
    if args.initial_epoch:
        first_epoch = args.initial_epoch - 1
        assert total > first_epoch * per_epoch, "max_train_steps should be greater"
    metadata = {
        "ss_output_name": name,
        "ss_learning_rate": str(args.learning_rate),
        "ss_num_train_images": str(shown),
        "ss_num_batches_per_epoch": str(batches),
        "ss_gradient_accumulation_steps": str(args.gradient_accumulation_steps),
        "ss_lr_scheduler": str(args.lr_scheduler),
        "ss_optimizer": str(args.optimizer_type),
        "ss_network_dim": str(args.network_dim),
        "ss_network_alpha": str(args.network_alpha),
        "ss_num_epochs": str(args.max_train_epochs),
        "ss_resolution": str(args.resolution),
        "ss_seed": str(args.seed),
        "ss_base_model_version": VERSION,
        "ss_sd_model_name": Path(args.pretrained_model_name_or_path).name,
        "ss_training_comment": str(args.training_comment),
        "ss_training_started_at": str(time.time()),
    }
    log = Log(Path(args.logging_dir) / time.strftime("%Y%m%d%H%M%S") / "network_train")

    def save(stem: str, epoch: int, steps: int) -> None:
        print(f"\nsaving checkpoint: {output / stem}.safetensors", flush=True)
        extra = {"ss_steps": str(steps), "ss_epoch": str(epoch)}
        train_util.save_safetensors(output / f"{stem}.safetensors", weight, metadata | extra)

    taken = 0  # steps since this start, as sd-scripts counts them
    for epoch in range(first_epoch + 1, args.max_train_epochs + 1):
        print(f"\nepoch {epoch}/{args.max_train_epochs}\n", flush=True)
        losses = []
        for batch in range(1, batches + 1):
            time.sleep(slow)
            step = (epoch - 1) * per_epoch + math.ceil(batch / args.gradient_accumulation_steps)
            sync = batch % args.gradient_accumulation_steps == 0 or batch == batches
            nothing = os.environ.get("STANDIN_LOSS") == "nan"
            loss = 0.1 * weight + 0.02 * chance(args.seed, epoch, batch)
            loss = math.nan if nothing else loss
            losses.append(loss)
            warm = min(1.0, step / max(args.lr_warmup_steps, 1))
            rate = args.learning_rate * warm * (0.5 + 0.5 * math.cos(math.pi * step / total))
            if sync:
                taken += 1
                weight *= 1 - args.learning_rate * 10 * chance(args.seed, step, args.network_dim)
            values = {"loss/current": loss, "loss/average": sum(losses) / len(losses)}
            if not args.network_train_unet_only:
                values["lr/textencoder"] = rate
            log.add(values | {"lr/unet": rate}, taken)
            print(f"\rsteps: {taken}/{total}, avr_loss={loss:.4f}", end="", file=sys.stderr)
            if die == [str(epoch)] and batch > batches // 2:
                os.kill(os.getpid(), signal.SIGKILL)
        log.add({"loss/epoch_average": sum(losses) / len(losses)}, epoch)
        if epoch < args.max_train_epochs and due(epoch, args.save_every_n_epochs):
            save(f"{name}-{epoch:06d}", epoch, taken)
            if args.save_state:
                state = output / f"{name}-{epoch:06d}-state"
                dying = die == [str(epoch), "state"]
                train_util.save_state(state, epoch, taken, weight, dying)
                if dying:
                    os.kill(os.getpid(), signal.SIGKILL)
                remove_old_state(args, output, epoch)
        if args.sample_prompts and due(epoch, args.sample_every_n_epochs):
            sample(args, epoch, weight)
    if args.save_state:
        train_util.save_state(output / f"{name}-state", args.max_train_epochs, taken, weight)
    save(name, args.max_train_epochs, taken)
    print("model saved.", flush=True)


def due(epoch: int, every: int | None) -> bool:
    return bool(every) and epoch % (every or 1) == 0


def remove_old_state(args: argparse.Namespace, output: Path, epoch: int) -> None:
    if args.save_last_n_epochs_state:
        old_epoch = epoch - args.save_every_n_epochs * args.save_last_n_epochs_state
        old = output / f"{args.output_name}-{old_epoch:06d}-state"
        if old.exists():
            for path in old.iterdir():
                path.unlink()
            old.rmdir()


if __name__ == "__main__":
    train(setup_parser().parse_args())
