"""params.yaml, section prepare: how drawings become pictures."""

import argparse
from pathlib import Path

from stages.library.common.params import Key, Section
from stages.library.common.values import one_of, whole

DETECTORS = Path("data/detector")


def folder(text: str) -> Path:
    """Read the path of a folder; an empty one would mean the current folder."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f"{text!r} names no folder; write one, such as data/raw")
    return Path(text)


def detector(text: str) -> str:
    """Read the path of a model that finds heads, or `none`.

    It is in `DETECTORS`: what is there the stage depends on, so that another one is seen.
    """
    path = Path(text)
    if text == "none":
        return text
    if path.parent != DETECTORS or path.suffix != ".onnx":
        raise argparse.ArgumentTypeError(
            f"{text!r} is no .onnx file in {DETECTORS}; put it there and write "
            f"{DETECTORS / (path.stem or 'head')}.onnx, or none"
        )
    return text


PREPARE = Section(
    "prepare",
    {
        "input": Key(folder, "folder of drawings, read and never written to"),
        "size": Key(whole(64, 4096, multiple_of=64), "short side in pixels"),
        "fit": Key(
            one_of("crop", "subject", "bucket"),
            "crop to the square in the middle or with the subject, or keep the aspect",
        ),
        "detector": Key(
            detector, "finds heads, for fit: subject; a file in data/detector", absent="none"
        ),
        "alpha": Key(one_of("white", "keep"), "what becomes of transparency", absent="white"),
        "follow_links": Key(help="use links that lead out of the folder, too", switch=True),
    },
)
