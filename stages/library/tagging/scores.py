"""data/scores.npz: what the tagger found in every picture, kept sparse."""

import io
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from stages.library.common.errors import Problem
from stages.library.common.faults import as_problem, is_machines
from stages.library.common.outputs import write_atomically
from stages.library.common.paths import is_plain_name

SCALE = 10_000
"""Scores are kept as whole ten-thousandths: thresholds then compare alike in any language."""

FLOOR = 500
"""0.05: lower scores are not kept."""

GENERAL, CHARACTER, RATING = 0, 4, 9
"""Categories in WD14's selected_tags.csv."""

LARGEST = 1 << 29
"""Bytes of a file, and of what it unpacks to: 100,000 pictures need a tenth of it."""

MOST = 1_000_000
"""Pictures, and tags."""

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
        Problem: there is no such file, or it holds no scores, or too much, or a picture's name
            leads out of a folder.
    """
    if not path.is_file():
        raise Problem(f"{path}: no such file; run the score stage first")
    if larger := larger_than_scores(path):
        raise Problem(f"{path}: {larger}; delete it and run the score stage again")
    scores = unpacked(path)
    if wrong := [name for name in scores.names if not is_plain_name(name)]:
        raise Problem(
            f"{path}: holds {wrong[0][:80]!r} for the name of a picture; delete it and run the "
            "score stage again"
        )
    return scores


def larger_than_scores(path: Path) -> str:
    """Return in words what is too large in a file, by its headers alone; '' if nothing is.

    A few kilobytes unpack to any number of zeros.
    """
    if path.stat().st_size > LARGEST:
        return f"has more than {LARGEST >> 20} MB"
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > LARGEST:
                return f"unpacks to more than {LARGEST >> 20} MB"
            for member in members:
                with archive.open(member) as array:
                    count, size = claimed(array)
                # `indices` and `values` have as many entries as there are scores
                few = count <= MOST or member.filename in ("indices.npy", "values.npy")
                if not few or count * size > member.file_size:
                    return f"says that it holds {count} {member.filename.removesuffix('.npy')}"
    except Exception:  # a damaged archive makes its readers raise anything
        return ""  # `unpacked` will say so
    return ""


def claimed(array: IO[bytes]) -> tuple[int, int]:
    """Return how many entries a .npy file says it has, and the bytes of one."""
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    shape, _, dtype = read[npy.read_magic(array)](array)
    return math.prod(shape), dtype.itemsize


def unpacked(path: Path) -> Scores:
    """Return the scores in a file that is small enough.

    Raises:
        Problem: it holds none, or the machine can't read it.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            ends = np.cumsum(arrays["lengths"])[:-1]
            indices = arrays["indices"]
            found = zip(np.split(indices, ends), np.split(arrays["values"], ends), strict=True)
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
        if len(scores.tags) != len(scores.categories):
            raise ValueError
        if indices.size and not 0 <= indices.min() <= indices.max() < len(scores.tags):
            raise ValueError
    except Exception as error:  # a damaged archive makes its readers raise anything
        if is_machines(error):
            raise as_problem(path, error) from error
        raise Problem(f"{path}: holds no scores; delete it and run the score stage again") from None
    return scores
