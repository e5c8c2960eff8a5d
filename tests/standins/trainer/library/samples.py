"""Sample pictures: `train_util.py::sample_images_common`."""

import argparse
import hashlib
import re
import time
from pathlib import Path

from library.console import fail, say  # type: ignore[import-not-found,unused-ignore]
from PIL import Image


def chance(*parts: object) -> float:
    """Return a number from 0 to 1 that only `parts` decide."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return int.from_bytes(digest[:4], "little") / 2**32


def is_due(args: argparse.Namespace, epoch: int | None, steps: int) -> bool:
    """Return whether pictures are drawn now; `epoch` is None between two steps.

    Before the training, at epoch 0 and step 0, only `sample_at_first` decides; and of two
    intervals that by epochs alone counts.
    """
    if steps == 0:
        return bool(args.sample_at_first)
    if args.sample_every_n_epochs is not None:
        return epoch is not None and epoch % args.sample_every_n_epochs == 0
    every = args.sample_every_n_steps
    return every is not None and steps % every == 0 and epoch is None


def sample(args: argparse.Namespace, epoch: int | None, steps: int, weight: float) -> None:
    """Draw a small picture of every prompt, if it is time."""
    if not is_due(args, epoch, steps):
        return
    say("train_util.py:6393", "")
    say(
        "train_util.py:6394",
        f"generating sample images at step / サンプル画像生成 ステップ: {steps}",
    )
    prompts = Path(args.sample_prompts)  # a TypeError without the option, as there
    if not prompts.is_file():
        fail("train_util.py:6396", f"No prompt file / プロンプトファイルがありません: {prompts}")
        return
    folder = Path(args.output_dir) / "sample"
    folder.mkdir(parents=True, exist_ok=True)
    lines = prompts.read_text(encoding="utf-8").splitlines()
    lines = [line.strip() for line in lines if line.strip() and line[0] != "#"]
    when = f"{steps:06d}" if epoch is None else f"e{epoch:06d}"
    for number, line in enumerate(lines):
        prompt, *_ = line.split(" --")
        say("train_util.py:6542", f"prompt: {prompt}")
        seed = re.search(r" --d (\d+)", line)
        end = f"_{seed[1]}" if seed else ""
        colour = tuple(int(255 * chance(line, weight, part)) for part in "rgb")
        name = f"{args.output_name}_{when}_{number:02d}_{time.strftime('%Y%m%d%H%M%S')}{end}"
        Image.new("RGB", (64, 64), colour).save(folder / f"{name}.png")
