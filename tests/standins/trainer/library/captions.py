"""Captions: read from beside the pictures, counted, and made into tokens."""

import argparse
import os
import random
import re
from pathlib import Path

from library.console import fail  # type: ignore[import-not-found,unused-ignore]

PIECE = re.compile(r"[^\W\d_]{1,6}|\d|[^\w\s]+|_")
"""A token of the stand-in: at most six letters, a digit, or signs. CLIP's are other ones, though
of about the same number: it too splits at spaces, underscores and signs, and long words."""


def read_caption(picture: Path, extension: str, wildcard: bool) -> str | None:
    """Return a picture's caption, or None where there is no file (`read_caption`).

    Raises:
        AssertionError: the file holds no line, not even an empty one.
        UnicodeDecodeError: it is not UTF-8.
    """
    path = Path(os.path.splitext(picture)[0] + extension)  # noqa: PTH122 - extension may be "txt"
    if os.environ.get("STANDIN_CAPTIONS") == "lost" or not path.is_file():
        return None
    with path.open(encoding="utf-8") as file:
        try:
            lines = file.readlines()
        except UnicodeDecodeError:
            fail(
                "train_util.py:1962",
                f"illegal char in file (not UTF-8) / ファイルにUTF-8以外の文字があります: {path}",
            )
            raise
    assert lines, f"caption file is empty / キャプションファイルが空です: {path}"
    if wildcard:
        return "\n".join(line.strip() for line in lines if line.strip())
    return lines[0].strip()


def count_tags(frequency: dict[str, dict[str, int]], folder: str, captions: list[str]) -> None:
    """Add the tags of a folder's captions, each caption once (`set_tag_frequency`).

    >>> found = {}
    >>> count_tags(found, "3_nasu", ["Nasu, smile,, smile", "nasu_style，x"])
    >>> found
    {'3_nasu': {'nasu': 1, 'smile': 2, 'nasu_style，x': 1}}
    """
    counts = frequency.setdefault(folder, {})
    for caption in captions:
        for tag in caption.split(","):
            if tag := tag.strip().lower():
                counts[tag] = counts.get(tag, 0) + 1


def processed(caption: str, args: argparse.Namespace, chance: random.Random) -> str:
    """Return what an epoch shows of a caption (`process_caption`)."""
    if args.caption_prefix:
        caption = f"{args.caption_prefix} {caption}"
    if args.caption_suffix:
        caption = f"{caption} {args.caption_suffix}"
    lines = caption.split("\n")
    caption = chance.choice(lines) if args.enable_wildcard else lines[0]
    if args.shuffle_caption:
        tags = [tag.strip() for tag in caption.strip().split(",")]
        kept, others = tags[: args.keep_tokens], tags[args.keep_tokens :]
        chance.shuffle(others)
        caption = ", ".join(kept + others)
    return caption


def tokens(caption: str, max_token_length: int | None) -> list[str]:
    """Return a caption's tokens, cut at 75 or at `max_token_length`."""
    return PIECE.findall(caption.lower())[: max_token_length or 75]
