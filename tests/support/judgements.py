"""Judgements as they may be, to be shown: without pictures, models or statistics."""

from collections.abc import Mapping
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

from PIL import Image

from stages.library.drawing.judging.copies import Nearest
from stages.library.drawing.judging.estimates import NOTHING, Estimate
from stages.library.drawing.judging.evidence import HELD_OUT, Caption, Evidence, Picture
from stages.library.drawing.judging.judgement import Judgement, Pair, Row, Trigger, Yardstick
from stages.library.drawing.judging.page import Shown
from stages.library.drawing.judging.verdict import Cell, Judged, verdict

ROW = Row(
    farther=Estimate(-0.3, 0.05),
    farther_trained=Estimate(-0.32, 0.05),
    by_heart=Estimate(0.0, 0.1),
    recall=0.78,
    precision=0.5,
    less_recall=Estimate(0.02, 0.1),
    uniform=Estimate(0.1, 0.1),
    copies=[],
)
"""6 tenths of the way from a base model that is 0.5 away."""

COPY = Pair(picture=0, nearest=Nearest(drawing=0, distance=0.1, limit=0.4), measure="features")
FAR = Pair(picture=0, nearest=Nearest(drawing=0, distance=0.9, limit=0.4), measure="features")
GOOD = Trigger((6, 0.8), Estimate(-0.3, 0.05), Estimate(-0.24, 0.05), works=True)


def row(closer: float = 0.3, **changes: Any) -> Row:
    return replace(ROW, farther=Estimate(-closer, 0.05), **changes)


def judgement(rows: Mapping[Cell, Row], **changes: Any) -> Judgement:
    """Return a judgement on 12 held out captions; its verdict follows from the rows."""
    found = verdict(
        {cell: Judged(each.farther, each.uniform, each.copied) for cell, each in rows.items()},
        lambda one, other: Estimate(rows[one].farther.value - rows[other].farther.value, 0.05),
        lambda one, other: Estimate(rows[one].recall - rows[other].recall, 0.2),
    )
    base = Estimate(0.5, 0.1)
    usual = Judgement(
        captions=12,
        seeds=2,
        near=Yardstick(12, base),
        trained=Yardstick(60, Estimate(0.4, 0.1)),
        recall=0.8,
        precision=0.6,
        rows=dict(rows),
        trigger=GOOD,
        verdict=found,
        pairs=[pair for each in rows.values() for pair in each.copies] or [FAR],
        unchanged=False,
        accuses=True,
    )
    return replace(usual, **changes)


def unknown(rows: Mapping[Cell, Row], captions: int = 3) -> Judgement:
    """Return a judgement from too few captions."""
    blank = {
        cell: replace(
            each,
            farther=Estimate(-0.3, inf),
            farther_trained=Estimate(-0.3, inf),
            by_heart=NOTHING,
            less_recall=Estimate(0.0, inf),
            uniform=Estimate(0.1, inf),
        )
        for cell, each in rows.items()
    }
    near = Yardstick(captions, Estimate(0.5, inf))
    return judgement(blank, captions=captions, near=near, trained=near, trigger=None)


def on_training(given: Judgement) -> Judgement:
    """Return it as it is where no drawings are held back."""
    rows = {
        cell: replace(each, farther_trained=NOTHING, by_heart=NOTHING)
        for cell, each in given.rows.items()
    }
    return replace(given, trained=None, rows=rows)


CAPTIONS = 6


def shown_in(folder: Path, *cells: Cell) -> Shown:
    """Return pictures of six captions with two seeds in some cells, and that of GOOD.

    These are there without the trigger, too; and there are those without the LoRA.
    """
    pictures, paths = [], []
    places = dict.fromkeys([(0, 0.0), GOOD.cell, *cells])
    for (epoch, weight), trigger in [*((cell, True) for cell in places), (GOOD.cell, False)]:
        for caption in range(CAPTIONS):
            for seed in (1, 2):
                name = f"{caption}_{epoch}_{weight}_{seed}_{trigger}.png"
                pictures.append(Picture(name, caption, epoch, weight, seed, trigger))
                paths.append(folder / name)
    drawings = [folder / f"img{number:03d}.png" for number in range(CAPTIONS)]
    for number, path in enumerate([*paths, *drawings]):
        Image.new("RGB", (40, 30), (number % 256, 80, 120)).save(path)
    return Shown(
        evidence=Evidence(
            HELD_OUT,
            "0a1b2c3d4e5f",
            [Caption(path.stem, "nasu, hat", ["hat"]) for path in drawings],
            pictures,
        ),
        pictures=paths,
        drawings=drawings,
        trained=drawings,
        papers={"LoRA": "0a1b2c3d4e5f"},
        builtin=False,
    )
