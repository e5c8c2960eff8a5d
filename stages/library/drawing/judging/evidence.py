"""What is drawn for the judge: asked.json beside the pictures says which is of what."""

import json
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from stages.library.common.errors import Problem
from stages.library.common.json_files import read_json
from stages.library.common.outputs import write_atomically
from stages.library.common.paths import is_plain_name
from stages.library.drawing.orders import weight_text

ASKED = "asked.json"
"""Its name in the folder of the pictures."""

HELD_OUT, TRAINING = "held out", "training"
"""Whose captions they are: of drawings never trained on, or of those that were."""

WITHOUT = 0
"""The epoch of a picture that was drawn without a LoRA, at weight 0."""

AGAIN = (
    "draw again: dvc repro -s training/dvc.yaml:generate / "
    "上のコマンドで、もう一度絵を描いてください"
)


@dataclass(frozen=True)
class Caption:
    """A caption that pictures are drawn of."""

    drawing: str  # the stem of the drawing it was written for
    prompt: str  # with its trigger, as a WebUI takes it
    tags: list[str]  # without triggers, as a tagger names them


@dataclass(frozen=True)
class Picture:
    """A drawn picture, and what decides on it."""

    name: str  # of the file
    caption: int  # its index
    epoch: int  # 0: without a LoRA
    weight: float
    seed: int
    trigger: bool  # whether the prompt had it


@dataclass(frozen=True)
class Evidence:
    """All that is drawn for the judge."""

    on: str
    lora: str  # hash of the last LoRA, as figures/pictures.json has it
    captions: list[Caption]  # none, if nothing is to be drawn
    pictures: list[Picture]


def picture_name(caption: int, epoch: int, weight: float, seed: int, trigger: bool) -> str:
    """Return a picture's file name: the same in every experiment, so that DVC can compare.

    >>> picture_name(0, 6, 0.8, 1, True), picture_name(11, 6, 1, 2, False)
    ('01_e6_w0.8_s1.png', '12_e6_w1.0_s2_no_trigger.png')
    """
    without = "" if trigger else "_no_trigger"
    return f"{caption + 1:02d}_e{epoch}_w{weight_text(weight)}_s{seed}{without}.png"


def write_evidence(folder: Path, evidence: Evidence) -> None:
    """Write what `read_evidence` reads; the pictures are there already."""
    text = json.dumps(asdict(evidence), indent=1, ensure_ascii=False)
    write_atomically(folder / ASKED, f"{text}\n".encode())


def read_evidence(folder: Path) -> Evidence:
    """Return what is in a folder of pictures for the judge.

    Raises:
        Problem: it has no asked.json, one that nobody could have written, or not all pictures.
    """
    path = folder / ASKED
    if not path.is_file():
        raise Problem(f"{path}: no such file; {AGAIN}")
    try:
        evidence = evidence_of(read_json(path))
    except Problem:  # the machine's fault, and not the file's
        raise
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Problem(f"{path}: is not as the generate stage writes it; {AGAIN}") from None
    for picture in evidence.pictures:
        if not (folder / picture.name).is_file():
            raise Problem(f"{folder / picture.name}: no such file, but {path} tells of it; {AGAIN}")
    return evidence


def evidence_of(value: Any) -> Evidence:
    """Return what the JSON of asked.json says.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: it is none.
    """
    evidence = Evidence(
        on=value["on"],
        lora=value["lora"],
        captions=[Caption(**each) for each in value["captions"]],
        pictures=[Picture(**each) for each in value["pictures"]],
    )
    names = [picture.name for picture in evidence.pictures]
    if (
        evidence.on not in (HELD_OUT, TRAINING)
        or type(evidence.lora) is not str
        or not all(map(is_caption, evidence.captions))
        or not all(is_picture(each, len(evidence.captions)) for each in evidence.pictures)
        or len(set(names)) < len(names)
    ):
        raise ValueError("no evidence")
    return evidence


def is_caption(caption: Caption) -> bool:
    texts = [caption.prompt, *caption.tags]
    return is_plain_name(caption.drawing) and all(type(text) is str for text in texts)


def is_picture(picture: Picture, captions: int) -> bool:
    numbers = (picture.caption, picture.epoch, picture.seed)
    return (
        is_plain_name(picture.name)
        and picture.name.endswith(".png")
        and all(type(number) is int and number >= 0 for number in numbers)
        and picture.caption < captions
        and type(picture.weight) in (int, float)
        and isfinite(picture.weight)
        and (picture.epoch == WITHOUT) == (picture.weight == 0)
        and type(picture.trigger) is bool
    )
