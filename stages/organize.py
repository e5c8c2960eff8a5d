"""Lay out pictures and captions as kohya's trainer wants them, and count the steps."""

import shutil
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stages.library.common import command
from stages.library.common.arguments import Parser, filled
from stages.library.common.disk import is_lost
from stages.library.common.errors import Problem
from stages.library.common.foreign import shown
from stages.library.common.outputs import files_in, sha256, take_along
from stages.library.common.unchanged import seen, stamps_within
from stages.library.common.workers import run_over
from stages.library.dataset.captions import caption_files, lines, read_text
from stages.library.dataset.drawings import Wish, matched
from stages.library.dataset.drawings_file import read_drawings
from stages.library.dataset.manifest import read_manifest, used
from stages.library.dataset.manual_edits import guarded_directory, refuse_changed
from stages.library.dataset.parting import Parted, part
from stages.library.dataset.sizes import of_pictures, picture_size
from stages.library.dataset.steps import advice, steps_per_epoch
from stages.library.dataset.subjects import Subject, subject_of
from stages.library.dataset.written import Written, read_written, write_written, written_for
from stages.library.params.organize import ORGANIZE
from stages.library.params.train import COUNTED
from stages.library.tagging.tokens import longest, too_long

OUTPUTS = r"[^/]+/[^/]+\.(png|txt|npz)"
"""sd-scripts leaves its latents beside the pictures as .npz when it trains from this folder."""

ABOUT = "about.md"
"""Says what is held back, and lies there also when nothing is: of an empty folder DVC warns."""

ABOUT_TEXT = """\
Drawings that are never trained on, so that a LoRA can be judged by them: those with `use: test` in
data/drawings.yaml, and the share that is organize.hold_out in params.yaml. dvc repro makes this.

学習に使わず、LoRA の出来を見るために取り分けた絵です。data/drawings.yaml の `use: test` と、
params.yaml の organize.hold_out で選びます。このフォルダーは dvc repro が作ります。
"""


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
    drawings: Path
    prepared: Path
    output: Path
    written: Path
    held_out: Path
    held_out_written: Path


@dataclass(frozen=True)
class Course:
    """What params.yaml says of the training: it decides on the folders' names, and the steps."""

    name: str
    repeats: int
    hold_out: float
    train_batch_size: int
    gradient_accumulation_steps: int
    max_train_epochs: int
    max_token_length: int

    def folder(self, source: str, wish: Wish | None) -> Subject:
        """Return the subject and the repeats that name the folder of a drawing."""
        subject = subject_of(source) or Subject(self.name, self.repeats)
        return replace(subject, repeats=(wish and wish.repeats) or subject.repeats)


@dataclass(frozen=True)
class Part:
    """Pictures that are trained on, or held back, and their captions."""

    output: Path
    record: Path
    folders: dict[str, Subject]  # by stem
    coming: dict[str, Written]  # what is to be recorded of them

    def unchanged(self) -> dict[str, Path]:
        """Return the pictures in the output that stay as they are, by stem.

        The folder is guarded: what is there is as it was recorded, or as it comes, or lost.
        """
        was = read_written(self.record)
        there = {path.stem: path for path in files_in(self.output, "*/*.png") if not is_lost(path)}
        return {
            stem: there[stem]
            for stem, entry in self.coming.items()
            if stem in there and stem in was and was[stem].picture == entry.picture
        }


@dataclass(frozen=True)
class Plan:
    """What goes where."""

    trained: Part
    held: Part
    pictures: dict[str, Path]  # by stem
    texts: dict[str, str]  # captions by stem
    told: list[str]  # what else the artist should know


def organize(places: Places, course: Course) -> None:
    """Write `<repeats>_<name>/` with every picture and its caption, or one for every subject.

    Pictures that are not to be trained on go to another output, and some to none.

    Raises:
        Problem: a picture or caption stands alone, or an output holds changes made by hand.
        Problem: the wishes for drawings are not as they should be, or leave none to be trained on.
        Problem: a picture, a caption or the wishes were changed meanwhile.
    """
    read = seen(places.pictures, places.captions, places.drawings)
    plan = plan_for(places, course)
    trained, held = plan.trained, plan.held
    before = stamps_within(held.output)

    def look_again() -> None:
        """Before one of the two takes its place: else the other may not, and they don't fit."""
        read.look_again()
        refuse_changed(held.output, before, held.output)

    with guarded_directory(
        held.output, rf"{OUTPUTS}|{ABOUT}", held.record, held.coming, read.look_again
    ) as new_held:
        with guarded_directory(
            trained.output, OUTPUTS, trained.record, trained.coming, look_again
        ) as new:
            (new_held / ABOUT).write_text(ABOUT_TEXT, encoding="utf-8", newline="\n")
            act(held, plan.pictures, places.captions, new_held)
            act(trained, plan.pictures, places.captions, new)
        write_written(trained.record, trained.coming)
    write_written(held.record, held.coming)
    tell(plan, course)


def plan_for(places: Places, course: Course) -> Plan:
    """Return which pictures and captions there are, and what becomes of each.

    Raises:
        Problem: one of them stands alone, or none is left to be trained on.
    """
    pictures = {path.stem: path for path in files_in(places.pictures, "*.png")}
    texts = {path.stem: read_text(path) for path in caption_files(places.captions)}
    if alone := unpaired(set(pictures), set(texts)):
        more = f", and {len(alone) - 5} more" if len(alone) > 5 else ""
        raise Problem(
            f"{', '.join(alone[:5])}{more}: {places.pictures} and {places.captions} don't fit each "
            "other; run the stages before this one again"
        )
    rows = used(read_manifest(places.manifest))
    by_source, told = matched(
        read_drawings(places.drawings), [(row.source, row.sha256) for row in rows.values()]
    )
    there = {stem: row for stem, row in rows.items() if stem in pictures}
    wishes = {stem: by_source[row.source] for stem, row in there.items() if row.source in by_source}
    parted = part(there, wishes, course.hold_out, lambda: hashes_in(places.prepared))
    digests = dict(zip(pictures, run_over(list(pictures.values()), sha256), strict=True))

    def laid_out(stems: Iterable[str], output: Path, record: Path, once: bool) -> Part:
        folders, coming = {}, {}
        for stem in stems:
            row = rows.get(stem)
            folder = course.folder(row.source if row else "", wishes.get(stem))
            folders[stem] = folder = replace(folder, repeats=1) if once else folder
            coming[stem] = written_for(row, texts[stem], digests[stem], folder.folder)
        return Part(output, record, folders, coming)

    aside = parted.held | parted.left_out
    trained = [stem for stem in pictures if stem not in aside]
    held = [stem for stem in pictures if stem in parted.held]
    if not trained:
        raise Problem(
            f"{places.drawings}: leaves out or holds back every drawing, so that none is left to "
            "be learned; take some of its use: no and use: test away / 学習に使う絵が 1 枚も"
            "ありません。use: no や use: test を減らしてください"
        )
    return Plan(
        laid_out(trained, places.output, places.written, once=False),
        laid_out(held, places.held_out, places.held_out_written, once=True),
        pictures,
        texts,
        [*said(parted, wishes, places), *parted.told, *told],
    )


def said(parted: Parted, wishes: dict[str, Wish], places: Places) -> list[str]:
    """Return what the wishes and organize.hold_out did."""
    aside = parted.held | parted.left_out
    shown = sum(wish.repeats is not None and stem not in aside for stem, wish in wishes.items())
    lines = []
    if count := len(parted.held):
        lines.append(
            f"held back in {places.held_out}, never trained on: {count} / "
            f"学習に使わず取り分けた絵 {count} 枚"
        )
    if count := len(parted.left_out):
        lines.append(f"left out by {places.drawings}: {count} / 外した絵 {count} 枚")
    if shown:
        lines.append(
            f"with repeats of their own in {places.drawings}: {shown} / 回数を変えた絵 {shown} 枚"
        )
    return lines


def hashes_in(record: Path) -> dict[str, int]:
    """Return the perceptual hashes in the prepare stage's record, by the pictures' stems.

    Raises:
        Problem: it can't be read.
    """
    unfit = "is not the prepare stage's record; run it again"
    return of_pictures(record, lambda picture: int(picture["hash"], 16), unfit)


def act(part: Part, pictures: dict[str, Path], captions: Path, into: Path) -> None:
    """Put pictures and captions side by side, the pictures that are unchanged as they are.

    Others are copied: they may be retouched here, and `captions` and pictures stay as they were.
    """
    unchanged = part.unchanged()
    for stem, subject in part.folders.items():
        folder = into / subject.folder
        folder.mkdir(exist_ok=True)
        if stem in unchanged:
            take_along(unchanged[stem], folder / f"{stem}.png")
        else:
            shutil.copyfile(pictures[stem], folder / f"{stem}.png")
        shutil.copyfile(captions / f"{stem}.txt", folder / f"{stem}.txt")


def tell(plan: Plan, course: Course) -> None:
    """Print what went where, the steps of the training, and what is odd about it."""
    folders = Counter(plan.trained.folders.values())
    for subject in sorted(folders, key=lambda each: (each.name, each.repeats)):
        count = f"{folders[subject]} pictures x {subject.repeats} repeats"
        print(f"organize: {count} in {plan.trained.output / subject.folder}")
    for line in plan.told:
        print(f"  {line}")
    shown: Counter[tuple[int, int]] = Counter()
    for stem, subject in plan.trained.folders.items():
        shown[picture_size(plan.pictures[stem])] += subject.repeats
    steps = steps_per_epoch(
        list(shown.values()),
        1,
        course.train_batch_size,
        course.gradient_accumulation_steps,
    )
    total = steps * course.max_train_epochs
    print(f"  {steps} steps an epoch, {total} steps in {course.max_train_epochs} epochs")
    tags = {stem: longest(lines(plan.texts[stem])) for stem in plan.trained.folders}
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
    parser.add_argument("--drawings", type=Path, help="file of wishes for drawings (.yaml)")
    parser.add_argument("--prepared", type=Path, help="the prepare stage's record")
    parser.add_argument("--output", type=Path, help="folder for the dataset")
    parser.add_argument("--written", type=Path, help="record of what was written to --output")
    parser.add_argument("--held-out", type=Path, help="folder for what is never trained on")
    parser.add_argument(
        "--held-out-written", type=Path, help="record of what was written to --held-out"
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), from_flags, argv)


if __name__ == "__main__":
    sys.exit(main())
