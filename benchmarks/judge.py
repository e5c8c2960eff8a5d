"""Try the judge: whether its intervals hold, what it names, and what looking costs.

`coverage`: how often an interval holds the truth, which a sample of 300 captions tells.
`truths`: how often each planted truth is named, and an innocent LoRA accused.
`cost`: the stage against the tagger's look at the same pictures, whole process against process.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil  # type: ignore[import-untyped]
from PIL import Image, ImageOps

from benchmarks.models import write_model
from stages import judge
from stages.library.common.paths import CACHE
from stages.library.drawing.judging.estimates import Estimate
from stages.library.drawing.judging.evidence import (
    HELD_OUT,
    TRAINING,
    Caption,
    Evidence,
    Picture,
    picture_name,
    write_evidence,
)
from stages.library.drawing.judging.grid import grid_of
from stages.library.drawing.judging.judgement import Beside, Judgement, beside, judged
from stages.library.drawing.judging.verdict import Cell
from tests.support.clones import PROJECT
from tests.support.features import Truth, World, material
from tests.support.params import arguments

SIZES = [(15, 12), (60, 12), (300, 20)]
"""Drawings trained on, captions."""

MANY = 300
"""Captions of which a figure is as good as true."""

CELL: Cell = (4, 0.8)


def coverage(rounds: int) -> None:
    """Print how often the interval of one cell, and those of all together, hold the truth."""
    for name, truth in (("learned", Truth()), ("nothing learned", Truth(skill=0.0))):
        many = [near_of(World(30, MANY, chance=at, artist=0), truth) for at in range(rounds // 10)]
        true = {
            cell: statistics.fmean(near.farther(cell).value for near in many)
            for cell in many[0].cells
        }
        for captions in (5, 8, 12, 20, 40):
            held, together, halves = 0, 0, []
            for chance in range(rounds):
                near = near_of(World(30, captions, chance=10_000 + chance, artist=0), truth)
                found = {cell: near.farther(cell) for cell in near.cells}
                held += holds(found[CELL].estimate(), true[CELL])
                together += all(
                    holds(each.estimate(len(found)), true[cell]) for cell, each in found.items()
                )
                halves.append(found[CELL].estimate().doubt / near.yardstick.base.value)
            print(
                f"{name}, {captions} captions: one interval holds {held / rounds:.3f}, all "
                f"{len(true)} together {together / rounds:.3f}; ± "
                f"{100 * statistics.median(halves):.0f} % of the base model's distance",
                flush=True,
            )


def near_of(world: World, truth: Truth) -> Beside:
    """Return the pictures of a LoRA with that truth beside the drawings held out."""
    given = material(world, truth)
    return beside(given, grid_of(given.evidence), given.held_out)


def holds(found: Estimate, true: float) -> bool:
    return abs(found.value - true) <= found.doubt


KINDS = {
    "innocent": Truth(),
    "nothing learned": Truth(skill=0.0),
    "changes nothing": Truth(changes=False),
    "copies from 8 on": Truth(copies=8),
    "collapses from 8 on": Truth(collapses=8),
    "worse after 6": Truth(spoils=True),
    "trigger taught nothing": Truth(bare=1.0),
    "farther": Truth(skill=-1.0),
}


def truths(rounds: int) -> None:
    """Print what is said of each truth, in how many of so many trials."""
    for on in (HELD_OUT, TRAINING):
        for name, truth in KINDS.items():
            for size in SIZES:
                counts: Counter[str] = Counter()
                for chance in range(rounds):
                    found = judged(material(World(*size, on=on, chance=chance), truth))
                    counts.update(said_of(found))
                shares = ", ".join(
                    f"{each} {count / rounds:.2f}" for each, count in sorted(counts.items())
                )
                print(f"{on}, {name}, {size[0]} drawings, {size[1]} captions: {shares}", flush=True)


def said_of(found: Judgement) -> Iterator[str]:
    """Yield what a judgement says; `wrongly`: of an epoch before 8."""
    said = found.verdict
    for name, cells in (
        ("copies", said.suspicious),
        ("collapse", said.collapsed),
        ("farther", said.farther),
        ("closer", said.closer),
        ("by heart", [cell for cell, row in found.rows.items() if row.by_heart.above]),
    ):
        if cells:
            yield name
        if name in ("copies", "collapse") and any(epoch < 8 for epoch, _ in cells):
            yield f"{name} wrongly"
    if said.cell:
        yield "advised"
        yield "advised up to 6" if said.cell[0] <= 6 else "advised later"
    if any(epoch == 10 for epoch, _ in said.alike):
        yield "10 as good"
    if found.unchanged:
        yield "changes nothing"
    assert found.trigger
    yield f"trigger {found.trigger.works}"


LOOK = """
import sys
from pathlib import Path
from stages.library.common.outputs import sha256
from stages.library.tagging.kept import Kept
from stages.library.tagging.looking import all_scores
from stages.library.tagging.tagger import Choice, find_tagger
tagger = find_tagger(Choice(sys.argv[1], "", "", "", "cpu"))
pictures = {sha256(path): path for path in sorted(Path(sys.argv[2]).glob("*.png"))}
_, looks = all_scores(tagger, pictures, {}, Kept("bare"))
assert looks == len(pictures)
"""
"""A look at pictures and nothing else."""


@dataclass(frozen=True)
class Took:
    """What a process took, in seconds."""

    clock: float
    processor: float


def cost(shape: str, drawings: int, rounds: int) -> None:
    """Print what the stage takes beside a look at the same 120 pictures."""
    with tempfile.TemporaryDirectory() as scratch, chdir(scratch):
        folder = Path(scratch)
        write_model(folder / "tagger", shape)
        count = make_pictures(folder, drawings)
        own: dict[str, Any] = {
            **{"judging": "judging", "dataset": "dataset", "held-out": "held_out"},
            **{"output": "judged", "metrics": "judged.json", "threshold": 0.35},
            **{"model": "tagger", "provider": "cpu", "judge_features": "tagger"},
            **dict.fromkeys(("revision", "model_sha256", "tag_list_sha256"), ""),
            **dict.fromkeys(("judge_features_revision", "judge_features_sha256"), ""),
        }
        words = arguments(judge.build_parser(), own, folder)
        stage = [sys.executable, "-m", "stages.judge", *words]
        bare = [sys.executable, "-c", LOOK, "tagger", "judging"]
        hidden = folder / "elsewhere"
        (folder / "judging").rename(hidden)  # so that the drawings alone are known
        known = folder / "known"
        timed([sys.executable, "-c", KNOW, "tagger", "dataset", "held_out"], known)
        hidden.rename(folder / "judging")
        for _ in range(rounds):
            looked = timed(bare, folder / "empty")
            shutil.rmtree(folder / "empty")
            shutil.copytree(known, folder / "cache")
            judging = timed(stage, folder / "cache")
            again = timed(stage, folder / "cache")
            shutil.rmtree(folder / "cache")
            print(
                f"{count} pictures, {drawings} drawings known: look {looked.clock:.1f} s "
                f"({looked.processor:.1f} of processor), judge {judging.clock:.1f} "
                f"({judging.processor:.1f}), again {again.clock:.1f} ({again.processor:.1f}); "
                f"judge / look {judging.processor / looked.processor:.3f}, "
                f"{judging.processor - looked.processor:+.1f} s of processor",
                flush=True,
            )


KNOW = """
import sys
from pathlib import Path
from stages.library.tagging.features import features_of, features_of_tagger
from stages.library.tagging.kept import Kept
from stages.library.tagging.tagger import Choice, find_tagger
tagger = find_tagger(Choice(sys.argv[1], "", "", "", "cpu"))
pictures = [path for top in sys.argv[2:] for path in Path(top).rglob("*.png")]
features_of(features_of_tagger(tagger), pictures, Kept("bare"))
"""


def timed(command: list[str], cache: Path) -> Took:
    """Run a process, whose looks are kept in a folder of its own."""
    environment = os.environ | {CACHE: str(cache), "PYTHONPATH": str(PROJECT)}
    started = time.monotonic()
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        watched = psutil.Process(process.pid)
        spent = 0.0
        while process.poll() is None:
            with_children = watched.cpu_times()
            spent = with_children.user + with_children.system
            time.sleep(0.05)
    assert process.returncode == 0
    return Took(time.monotonic() - started, spent)


def make_pictures(folder: Path, drawings: int) -> int:
    """Write drawings, of which 12 are held out, and what is drawn of them: 120 pictures."""
    sample = [Image.open(path).convert("RGBA") for path in sorted(SAMPLE.iterdir())]
    chance = np.random.default_rng(0)
    for number in range(drawings + 12):
        place = folder / ("dataset/10_nasu" if number < drawings else "held_out/1_nasu")
        place.mkdir(parents=True, exist_ok=True)
        varied(sample, chance).save(place / f"img{number:04}.png")
        (place / f"img{number:04}.txt").write_text("nasumiso_style, tag0\n", encoding="utf-8")
    pictures = [
        Picture(
            picture_name(caption, epoch, weight, seed, trigger),
            caption,
            epoch,
            weight,
            seed,
            trigger,
        )
        for epoch, weight, trigger in [
            *((0, 0.0, True), (10, 0.6, True), (10, 0.8, True), (10, 1.0, True), (10, 1.0, False))
        ]
        for caption in range(12)
        for seed in (1, 2)
    ]
    (folder / "judging").mkdir()
    for picture in pictures:
        varied(sample, chance).save(folder / "judging" / picture.name)
    captions = [Caption(f"img{drawings + at:04}", "nasumiso_style", ["tag0"]) for at in range(12)]
    write_evidence(folder / "judging", Evidence(HELD_OUT, "0" * 12, captions, pictures))
    return len(pictures)


SAMPLE = PROJECT / "data" / "sample"


def varied(sample: list[Image.Image], chance: np.random.Generator) -> Image.Image:
    """Return a part of a drawing in another tint, of 512 px."""
    drawing = sample[chance.integers(len(sample))]
    side = int(min(drawing.size) * chance.uniform(0.5, 1))
    left, top = (int(chance.integers(each - side + 1)) for each in drawing.size)
    part = drawing.crop((left, top, left + side, top + side)).resize((512, 512))
    white = Image.new("RGBA", part.size, "white")
    white.alpha_composite(part)
    dark, light = (tuple(int(c) for c in chance.integers(a, a + 90, 3)) for a in (0, 165))
    tinted = ImageOps.colorize(ImageOps.grayscale(white.convert("RGB")), dark, light)
    return Image.blend(white.convert("RGB"), tinted, 0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["coverage", "truths", "cost"])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--shape", default="vit", help="of the tagger, as benchmarks.models has it")
    parser.add_argument("--drawings", type=int, default=300, help="trained on, known from before")
    options = parser.parse_args()
    if options.what == "cost":
        cost(options.shape, options.drawings, options.rounds)
    else:
        {"coverage": coverage, "truths": truths}[options.what](options.rounds)


if __name__ == "__main__":
    main()
