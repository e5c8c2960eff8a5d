"""What the judge looks at: drawn pictures and drawings, and what models see in both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.common.outputs import files_in, sha256
from stages.library.common.workers import run_over
from stages.library.dataset.captions import caption_files, read_tags, underscored
from stages.library.dataset.images import difference_hash
from stages.library.dataset.near_duplicates import words_of
from stages.library.drawing.judging.captions import folders_of
from stages.library.drawing.judging.evidence import (
    AGAIN,
    ASKED,
    HELD_OUT,
    TRAINING,
    Evidence,
)
from stages.library.drawing.judging.judgement import Looks, Material

Features = Callable[[Sequence[Path]], NDArray[np.float32]]
"""What makes a row of features of each picture."""

Tags = Callable[[list[Path]], dict[Path, set[str]]]
"""What finds the tags in pictures."""


@dataclass(frozen=True)
class Drawings:
    """The artist's pictures in a folder: each content once, in an order that no name decides."""

    paths: list[Path]
    rows: dict[str, int]  # by stem, also of those that have the same content


def drawings_in(folder: Path) -> Drawings:
    """Return the drawings in a folder such as data/dataset."""
    found = files_in(folder, "*/*.png")
    by_content: dict[str, list[Path]] = {}
    for path, digest in zip(found, run_over(found, sha256), strict=True):
        by_content.setdefault(digest, []).append(path)
    alike = [by_content[digest] for digest in sorted(by_content)]
    rows = {path.stem: row for row, paths in enumerate(alike) for path in paths}
    return Drawings([paths[0] for paths in alike], rows)


def vocabulary_of(*folders: Path) -> set[str]:
    """Return all tags in the captions of the drawings in some folders."""
    within = [folder for top in folders for folder in folders_of(top)]
    captions = [path for folder in within for path in caption_files(folder)]
    return {underscored(tag) for path in captions for tag in read_tags(path)}


def material_of(
    evidence: Evidence,
    pictures: list[Path],
    drawings: dict[str, Drawings],
    vocabulary: set[str],
    sees_shapes: bool,
    features: Features,
    tags: Tags,
) -> Material:
    """Return all that is judged by: `drawings` are those held out, and those of the training.

    Of the tags in a picture only those of the `vocabulary` count: what no caption ever names was
    neither asked for nor left out.

    Raises:
        Problem: the drawing of a caption isn't there, or a picture can't be looked at.
    """
    trained, held_out = drawings[TRAINING], drawings[HELD_OUT]
    parts = [pictures, trained.paths, held_out.paths]
    paths = [path for part in parts for path in part]
    rows = features(paths).astype(np.float64)
    words = words_of(list(run_over(paths, hash_at))).T
    ends = np.cumsum([len(part) for part in parts])[:-1]
    looks = [Looks(*each) for each in zip(np.split(rows, ends), np.split(words, ends), strict=True)]
    found = tags(pictures)
    return Material(
        evidence=evidence,
        drawn=looks[0],
        found=[frozenset(found[path] & vocabulary) for path in pictures],
        trained=looks[1],
        held_out=looks[2],
        own=own_rows(evidence, drawings[evidence.on]),
        asked=[frozenset(caption.tags) & vocabulary for caption in evidence.captions],
        sees_shapes=sees_shapes,
    )


def own_rows(evidence: Evidence, drawings: Drawings) -> list[int]:
    """Return for each caption the row of the drawing that it was written for.

    Raises:
        Problem: there is no such drawing any more.
    """
    for caption in evidence.captions:
        if caption.drawing not in drawings.rows:
            raise Problem(
                f"{ASKED}: it tells of a caption of {caption.drawing}, which is not among the "
                f"drawings any more; {AGAIN}"
            )
    return [drawings.rows[caption.drawing] for caption in evidence.captions]


def hash_at(path: Path) -> int:
    """Return the perceptual hash of a picture that was looked at."""
    with Image.open(path, formats=("PNG",)) as picture:
        return difference_hash(picture.convert("RGB"))
