"""Latents, cached beside the pictures or in memory."""

import argparse
import os
import zipfile
from pathlib import Path

from library.console import fail, say  # type: ignore[import-not-found,unused-ignore]
from library.dataset import Dataset  # type: ignore[import-not-found,unused-ignore]
from PIL import Image

NAN = b"nan"


def encode(args: argparse.Namespace, picture: Path) -> bytes:
    """Return a picture's latents; in half precision some VAEs make them NaN."""
    if os.environ.get("STANDIN_NAN_LATENTS") and not args.no_half_vae:
        return NAN
    return picture.read_bytes()[:64]


def cache_latents(args: argparse.Namespace, dataset: Dataset, suffix: str, number: int) -> set[str]:
    """Return the pictures whose latents are no numbers; nothing is said of them.

    v0.10.1 asks for "NaN detected in latents" in `train_util.py::cache_batch_latents` only, which
    no training calls any more: `strategy_base.py::_default_cache_batch_latents` took its place and
    looks for no NaN, nor does anything when such a file is used again.
    """
    say("train_util.py:2627", f"[Dataset {number}]")
    say("train_util.py:1120", "caching latents with caching strategy.")
    say("train_util.py:1170", "caching latents...")
    bad = set()
    for name in dataset.repeats:
        if args.cache_latents_to_disk:
            latents = on_disk(args, Path(name), suffix)
        else:
            latents = encode(args, Path(name))
        if latents == NAN:
            bad.add(name)
    return bad


def on_disk(args: argparse.Namespace, picture: Path, suffix: str) -> bytes:
    """Return the latents from the file for a picture of this name and size, made if need be.

    Raises:
        BadZipFile: the file is cut off.
    """
    with Image.open(picture) as image:
        width, height = image.size
    path = picture.with_name(f"{picture.stem}_{width:04d}x{height:04d}{suffix}")
    if not path.exists():
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("latents", encode(args, picture))
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read("latents")
    except zipfile.BadZipFile:
        fail("strategy_base.py:469", f"Error loading file: {path}")
        raise
