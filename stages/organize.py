"""Lay out pictures and captions as kohya's trainer wants them, and count the steps."""

import shutil
import sys
from collections import Counter
from pathlib import Path

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.errors import Problem
from stages.library.common.outputs import atomic_directory, sha256
from stages.library.common.workers import run_over
from stages.library.dataset.captions import caption_files, read_text, split
from stages.library.dataset.manifest import read_manifest, used
from stages.library.dataset.manual_edits import (
    read_written,
    refuse_to_overwrite,
    write_written,
    written_for,
)
from stages.library.dataset.sizes import picture_size
from stages.library.dataset.steps import advice, steps_per_epoch
from stages.library.params.organize import ORGANIZE
from stages.library.params.train import COUNTED
from stages.library.tagging.tokens import too_long

OURS = r"[^/]+/[^/]+\.(png|txt|npz)"
"""sd-scripts leaves its latents beside the pictures as .npz when it trains from this folder."""


def unpaired(pictures: set[str], captions: set[str]) -> list[str]:
    """Return in words the pictures without caption and the captions without picture.

    >>> unpaired({"img001", "img002"}, {"img002", "img003"})
    ['img001.png has no caption', 'img003.txt has no picture']
    """
    alone = [f"{stem}.png has no caption" for stem in sorted(pictures - captions)]
    return alone + [f"{stem}.txt has no picture" for stem in sorted(captions - pictures)]


def organize(
    pictures: Path,
    captions: Path,
    manifest: Path,
    output: Path,
    written: Path,
    name: str,
    repeats: int,
    train_batch_size: int,
    gradient_accumulation_steps: int,
    max_train_epochs: int,
    max_token_length: int,
) -> None:
    """Write `<repeats>_<name>/` with every picture and its caption to the folder `output`.

    Raises:
        Problem: a picture or caption stands alone, or `output` holds changes made by hand.
    """
    paths = sorted(pictures.glob("*.png"))
    texts = {path.stem: read_text(path) for path in caption_files(captions)}
    if alone := unpaired({path.stem for path in paths}, set(texts)):
        more = f", and {len(alone) - 5} more" if len(alone) > 5 else ""
        raise Problem(
            f"{', '.join(alone[:5])}{more}: {pictures} and {captions} don't fit each other; "
            "run the stages before this one again"
        )
    rows = used(read_manifest(manifest))
    digests = run_over(paths, sha256)
    coming = {
        path.stem: written_for(rows.get(path.stem), texts[path.stem], digest)
        for path, digest in zip(paths, digests, strict=True)
    }
    with atomic_directory(output, only=OURS) as partial:
        refuse_to_overwrite(output, read_written(written), coming)
        folder = partial / f"{repeats}_{name}"
        folder.mkdir()
        for path in paths:
            shutil.copyfile(path, folder / path.name)
            shutil.copyfile(captions / f"{path.stem}.txt", folder / f"{path.stem}.txt")
        sizes = Counter(picture_size(path) for path in paths)
    write_written(written, coming)
    steps = steps_per_epoch(
        list(sizes.values()), repeats, train_batch_size, gradient_accumulation_steps
    )
    total = steps * max_train_epochs
    print(f"organize: {len(paths)} pictures x {repeats} repeats in {output / folder.name}")
    print(f"  {steps} steps an epoch, {total} steps in {max_train_epochs} epochs")
    tags = {stem: split(text) for stem, text in texts.items()}
    for warning in (advice(total), too_long(tags, max_token_length)):
        if warning:
            print(f"organize: warning: {warning}", file=sys.stderr)


def build_parser() -> Parser:
    parser = Parser("stages.organize", __doc__, ORGANIZE, COUNTED)
    parser.add_argument("--pictures", type=Path, help="folder of prepared pictures")
    parser.add_argument("--captions", type=Path, help="folder of captions")
    parser.add_argument("--manifest", type=Path, help="csv that tells which picture is which")
    parser.add_argument("--output", type=Path, help="folder for the dataset")
    parser.add_argument("--written", type=Path, help="record of what was written to --output")
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), organize, argv)


if __name__ == "__main__":
    sys.exit(main())
