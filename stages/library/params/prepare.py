"""params.yaml, section prepare: how drawings become pictures."""

import argparse
from pathlib import Path

from stages.library.common.params import Key, Section
from stages.library.common.values import one_of, whole


def folder(text: str) -> Path:
    """Read the path of a folder; an empty one would mean the current folder."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f"{text!r} names no folder; write one, such as data/raw")
    return Path(text)


PREPARE = Section(
    "prepare",
    {
        "input": Key(folder, "folder of drawings, read and never written to"),
        "size": Key(whole(64, 4096, multiple_of=64), "short side in pixels"),
        "fit": Key(one_of("crop", "bucket"), "crop to a square, or keep the aspect"),
        "follow_links": Key(help="use links that lead out of the folder, too", switch=True),
    },
)
