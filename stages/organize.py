"""Lay out pictures and captions as kohya's trainer wants them, and count the steps."""

import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.library.common import command
from stages.library.common.arguments import Parser, filled
from stages.library.common.disk import is_lost
from stages.library.common.errors import Problem
from stages.library.common.foreign import shown
from stages.library.common.outputs import files_in, sha256, take_along
from stages.library.common.unchanged import seen
from stages.library.common.workers import run_over
from stages.library.dataset.captions import caption_files, lines, read_text
from stages.library.dataset.manifest import read_manifest, used
from stages.library.dataset.manual_edits import guarded_directory
from stages.library.dataset.sizes import picture_size
from stages.library.dataset.steps import advice, steps_per_epoch
from stages.library.dataset.written import Written, read_written, write_written, written_for
from stages.library.params.organize import ORGANIZE
from stages.library.params.train import COUNTED
from stages.library.tagging.tokens import longest, too_long

OUTPUTS = r"[^/]+/[^/]+\.(png|txt|npz)"
"""sd-scripts leaves its latents beside the pictures as .npz when it trains from this folder."""


def unpaired(pictures: set[str], captions: set[str]) -> list[str]:
    """Return in words the pictures without caption and the captions without picture.

    >>> unpaired({"img001", "img002"}, {"img002", "img003"})
    ['img001.png has no caption', 'img003.txt has no picture']
    """
    alone = [f"{shown(stem)}.png has no caption" for stem in sorted(pictures - captions)]
    return alone + [f"{shown(stem)}.txt has no picture" for stem in sorted(captions - pictures)]


@dataclass(frozen=True)
class Places:
    """Where the stage reads and writes."""

    pictures: Path
    captions: Path
    manifest: Path
    output: Path
    written: Path


@dataclass(frozen=True)
class Course:
    """What params.yaml says of the training: it decides on the folder's name, and the steps."""

    name: str
    repeats: int
    train_batch_size: int
    gradient_accumulation_steps: int
    max_train_epochs: int
    max_token_length: int


@dataclass(frozen=True)
class Plan:
    """Pictures and their captions, which belong together."""

    pictures: list[Path]
    texts: dict[str, str]  # captions by stem
    coming: dict[str, Written]  # what is to be recorded of them


def organize(places: Places, course: Course) -> None:
    """Write `<repeats>_<name>/` with every picture and its caption.

    Raises:
        Problem: a picture or caption stands alone, or the output holds changes made by hand.
        Problem: a picture or caption was changed meanwhile.
    """
    read = seen(places.pictures, places.captions)
    folder = f"{course.repeats}_{course.name}"
    plan = plan_for(places, folder)
    with guarded_directory(
        places.output, OUTPUTS, places.written, plan.coming, read.look_again
    ) as partial:
        act(plan, places.captions, partial / folder, unchanged(plan, places))
    write_written(places.written, plan.coming)
    count = f"{len(plan.pictures)} pictures x {course.repeats} repeats"
    print(f"organize: {count} in {places.output / folder}")
    tell(plan, course)


def plan_for(places: Places, folder: str) -> Plan:
    """Return which pictures and captions there are.

    Raises:
        Problem: one of them stands alone.
    """
    pictures = files_in(places.pictures, "*.png")
    texts = {path.stem: read_text(path) for path in caption_files(places.captions)}
    if alone := unpaired({path.stem for path in pictures}, set(texts)):
        more = f", and {len(alone) - 5} more" if len(alone) > 5 else ""
        raise Problem(
            f"{', '.join(alone[:5])}{more}: {places.pictures} and {places.captions} don't fit each "
            "other; run the stages before this one again"
        )
    rows = used(read_manifest(places.manifest))
    digests = run_over(pictures, sha256)
    coming = {
        path.stem: written_for(rows.get(path.stem), texts[path.stem], digest, folder)
        for path, digest in zip(pictures, digests, strict=True)
    }
    return Plan(pictures, texts, coming)


def unchanged(plan: Plan, places: Places) -> dict[str, Path]:
    """Return the pictures in the output that stay as they are, by stem.

    The folder is guarded: what is there is as it was recorded, or as it comes, or lost.
    """
    was = read_written(places.written)
    there = {path.stem: path for path in files_in(places.output, "*/*.png") if not is_lost(path)}
    return {
        stem: there[stem]
        for stem, entry in plan.coming.items()
        if stem in there and stem in was and was[stem].picture == entry.picture
    }


def act(plan: Plan, captions: Path, folder: Path, unchanged: dict[str, Path]) -> None:
    """Put pictures and captions side by side, the pictures that are `unchanged` as they are.

    Others are copied: they may be retouched here, and `captions` and pictures stay as they were.
    """
    folder.mkdir()
    for path in plan.pictures:
        if path.stem in unchanged:
            take_along(unchanged[path.stem], folder / path.name)
        else:
            shutil.copyfile(path, folder / path.name)
        shutil.copyfile(captions / f"{path.stem}.txt", folder / f"{path.stem}.txt")


def tell(plan: Plan, course: Course) -> None:
    """Print the steps of the training, and what is odd about it."""
    sizes = Counter(picture_size(path) for path in plan.pictures)
    steps = steps_per_epoch(
        list(sizes.values()),
        course.repeats,
        course.train_batch_size,
        course.gradient_accumulation_steps,
    )
    total = steps * course.max_train_epochs
    print(f"  {steps} steps an epoch, {total} steps in {course.max_train_epochs} epochs")
    tags = {stem: longest(lines(text)) for stem, text in plan.texts.items()}
    for warning in (advice(total), too_long(tags, course.max_token_length)):
        if warning:
            print(f"organize: warning: {warning}", file=sys.stderr)


def from_flags(**flags: Any) -> None:
    """Lay out as the flags say."""
    organize(filled(Places, flags), filled(Course, flags))


def build_parser() -> Parser:
    parser = Parser("stages.organize", __doc__, ORGANIZE, COUNTED)
    parser.add_argument("--pictures", type=Path, help="folder of prepared pictures")
    parser.add_argument("--captions", type=Path, help="folder of captions")
    parser.add_argument("--manifest", type=Path, help="csv that tells which picture is which")
    parser.add_argument("--output", type=Path, help="folder for the dataset")
    parser.add_argument("--written", type=Path, help="record of what was written to --output")
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), from_flags, argv)


if __name__ == "__main__":
    sys.exit(main())
