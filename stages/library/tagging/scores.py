"""data/scores.npz: what the tagger found in every picture, kept sparse."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stages.library.common.errors import Problem
from stages.library.common.outputs import write_atomically

SCALE = 10_000
"""Scores are kept as whole ten-thousandths: thresholds then compare alike in any language."""

FLOOR = 500
"""0.05: lower scores are not kept."""

GENERAL, CHARACTER, RATING = 0, 4, 9
"""Categories in WD14's selected_tags.csv."""

Found = tuple[NDArray[np.int32], NDArray[np.uint16]]
"""Of one picture: indices of its tags, ascending, and their scores in ten-thousandths."""


@dataclass(frozen=True)
class Scores:
    """Scores of pictures by one model."""

    model: str  # its fingerprint
    tags: list[str]
    categories: list[int]
    names: list[str]  # pictures, such as img001
    digests: list[str]  # SHA-256 of the pictures' files
    found: list[Found]
    origin: str = ""  # where the model is from, with the commit


def sparse(probabilities: NDArray[np.float32]) -> Found:
    """Return the scores of one picture that are worth keeping; input of shape (tags,), 0 to 1."""
    tenthousandths = np.rint(np.clip(probabilities, 0, 1).astype(np.float64) * SCALE)
    kept = np.flatnonzero(tenthousandths >= FLOOR)
    return kept.astype(np.int32), tenthousandths[kept].astype(np.uint16)


def write_scores(path: Path, scores: Scores) -> None:
    """Write `scores`; equal scores give equal bytes."""
    empty: Found = (np.empty(0, np.int32), np.empty(0, np.uint16))
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        model=np.array(scores.model),
        origin=np.array(scores.origin),
        tags=np.array(scores.tags, dtype=np.str_),
        categories=np.array(scores.categories, dtype=np.int32),
        names=np.array(scores.names, dtype=np.str_),
        digests=np.array(scores.digests, dtype=np.str_),
        lengths=np.array([len(indices) for indices, _ in scores.found], dtype=np.int32),
        indices=np.concatenate([empty[0], *(indices for indices, _ in scores.found)]),
        values=np.concatenate([empty[1], *(values for _, values in scores.found)]),
    )
    write_atomically(path, buffer.getvalue())


def read_scores(path: Path) -> Scores:
    """Return the scores in a file.

    Raises:
        Problem: there is no such file, or it holds no scores.
    """
    if not path.is_file():
        raise Problem(f"{path}: no such file; run the score stage first")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            ends = np.cumsum(arrays["lengths"])[:-1]
            found = zip(
                np.split(arrays["indices"], ends), np.split(arrays["values"], ends), strict=True
            )
            scores = Scores(
                model=str(arrays["model"]),
                origin=str(arrays["origin"]),
                tags=arrays["tags"].tolist(),
                categories=arrays["categories"].tolist(),
                names=arrays["names"].tolist(),
                digests=arrays["digests"].tolist(),
                found=list(found)[: len(arrays["lengths"])],
            )
        if not len(scores.names) == len(scores.digests) == len(scores.found):
            raise ValueError
    except Exception:  # a damaged archive makes its readers raise anything
        raise Problem(f"{path}: holds no scores; delete it and run the score stage again") from None
    return scores
