"""Pictures to vote on, as the generate stage leaves them, each of another colour."""

import colorsys
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from stages.library.drawing.judging.evidence import (
    HELD_OUT,
    Caption,
    Evidence,
    Picture,
    picture_name,
    write_evidence,
)
from tools.votes.vote import Candidate, Choice, Side, Vote

LORA = "0123456789ab"
MODEL = "6ce0161689"
SIZE = (48, 64)
PROMPTS = ("nasumiso_style, 1girl, smile", "nasumiso_style, 茄子, solo")


def infotext(prompt: str, seed: int, lora: str = "", model: str = MODEL) -> str:
    """Return what a WebUI writes into a picture."""
    named = f"{prompt} <lora:{lora}>" if lora else prompt
    return f"{named}\nNegative prompt: lowres\nSteps: 4, Seed: {seed}, Model hash: {model}"


def write_picture(path: Path, number: int, text: str, size: tuple[int, int] = SIZE) -> None:
    """Write a picture that no other number has."""
    hue = colorsys.hsv_to_rgb(number * 0.137 % 1, 0.4, 0.6 + number * 0.071 % 0.4)
    image = Image.new("RGB", size, tuple(round(255 * part) for part in hue))
    wide, high = size
    ImageDraw.Draw(image).ellipse((wide // 8, number % 30, wide * 7 // 8, high * 3 // 4), "#5b2a82")
    image.putpixel((0, 0), (number % 256, number // 256 % 256, 7))
    chunks = PngInfo()
    chunks.add_text("parameters", text)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, pnginfo=chunks)


def write_judging(
    root: Path,
    epochs: Sequence[int] = (2, 4),
    weights: Sequence[float] = (0.6, 1.0),
    seeds: Sequence[int] = (1, 2),
    prompts: Sequence[str] = PROMPTS,
    lora: str = LORA,
    first: int = 0,
    size: tuple[int, int] = SIZE,
) -> None:
    """Write training/judging; `first` is the number of its first picture with a LoRA."""
    folder, pictures, number = root / "training" / "judging", [], first
    for caption, seed in product(range(len(prompts)), seeds):
        cells = [(0, 0.0, True), *((*each, True) for each in product(epochs, weights))]
        for epoch, weight, trigger in [*cells, (epochs[-1], weights[-1], False)]:
            name = picture_name(caption, epoch, weight, seed, trigger)
            text = infotext(prompts[caption], seed, f"nasu-{lora[:8]}:{weight}" if weight else "")
            number += 1
            alone = 10_000 + 100 * caption + seed  # the same in every run
            write_picture(folder / name, number if weight else alone, text, size)
            pictures.append(Picture(name, caption, epoch, weight, seed, trigger))
    captions = [Caption(f"img{n:03}", prompt, ["smile"]) for n, prompt in enumerate(prompts)]
    write_evidence(folder, Evidence(HELD_OUT, lora, captions, pictures))


def write_grids(root: Path, weights: Sequence[float] = (0.6, 1.0), lora: str = LORA) -> None:
    """Write the pictures of training/pictures, and the figures that name their LoRA."""
    number = 0
    for prompt, epoch, weight in product((1, 2), ("e000002", "last"), weights):
        number += 1
        name = f"{prompt:02}_{epoch}_w{weight}_s1.png"
        text = infotext(PROMPTS[prompt - 1], 1, f"nasu-{lora[:8]}:{weight}" if weight else "")
        write_picture(root / "training" / "pictures" / "images" / name, number, text)
    figures = root / "training" / "figures" / "pictures.json"
    figures.parent.mkdir(parents=True, exist_ok=True)
    figures.write_text(json.dumps({"lora": lora, "pictures": number}), encoding="utf-8")


def write_judged(root: Path) -> None:
    """Write what the judge says of `write_judging`."""
    cells: list[dict[str, object]] = [{"epoch": 0, "weight": 0.0, "distance": 0.5, "recall": 0.4}]
    for epoch, weight in product((2, 4), (0.6, 1.0)):
        told = ["advised"] if (epoch, weight) == (4, 0.6) else []
        closer = 0.1 * epoch - 0.2 * weight
        figures = {"closer": closer, "closer_doubt": 0.05, "copies": epoch // 4, "told": told}
        cells.append({"epoch": epoch, "weight": weight, **figures})
    figures_ = root / "training" / "figures" / "judged.json"
    figures_.parent.mkdir(parents=True, exist_ok=True)
    figures_.write_text(json.dumps({"take": "4 at 0.6", "cells": cells}), encoding="utf-8")


def side(number: int, epoch: str = "2", weight: float = 0.6, lora: str = LORA) -> Side:
    """Return a side whose picture no other number has."""
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    return Side(digest, Candidate(lora, MODEL, epoch, weight), "slower")


def vote(one: int, other: int, chose: Choice = "left", **others: Any) -> Vote:
    """Return a vote on the pictures of two numbers, which also stand for epochs."""
    made = Vote(
        at="2026-01-31T12:00:00Z",
        who="Nasu",
        prompt=PROMPTS[0],
        seed=1,
        left=side(one, str(one)),
        right=side(other, str(other)),
        chose=chose,
    )
    return replace(made, **others)


def turned(vote: Vote) -> Vote:
    """Return the same vote, had its pictures stood the other way round."""
    chose: dict[Choice, Choice] = {"left": "right", "right": "left", "tie": "tie"}
    return replace(vote, left=vote.right, right=vote.left, chose=chose[vote.chose])
