"""data/scores.npz: what the taggers found in every picture, kept sparse."""

import io
import math
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain, count, takewhile
from pathlib import Path
from typing import IO, Any

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

MANY = re.compile(r"(indices|values)(_[0-9]+)?\.npy")
"""Arrays with an entry for each score."""

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
    # the threshold that the model's authors advise for each tag, in ten-thousandths; 0: none
    advised: list[int] = field(default_factory=list)


def sparse(probabilities: NDArray[np.float32]) -> Found:
    """Return the scores of one picture that are worth keeping; input of shape (tags,), 0 to 1."""
    tenthousandths = np.rint(np.clip(probabilities, 0, 1).astype(np.float64) * SCALE)
    kept = np.flatnonzero(tenthousandths >= FLOOR)
    return kept.astype(np.int32), tenthousandths[kept].astype(np.uint16)


def write_scores(path: Path, *models: Scores) -> None:
    """Write scores of the same pictures by one model or by several; equal scores give equal bytes.

    The arrays of the first one have the names that they have in a file of one model; those of the
    others end in their number.
    """
    empty: Found = (np.empty(0, np.int32), np.empty(0, np.uint16))
    arrays: dict[str, NDArray[Any]] = {}
    for number, scores in enumerate(models, 1):
        end = ending(number)
        arrays["model" + end] = np.array(scores.model)
        arrays["origin" + end] = np.array(scores.origin)
        arrays["tags" + end] = np.array(scores.tags, dtype=np.str_)
        arrays["categories" + end] = np.array(scores.categories, dtype=np.int32)
        if number == 1:
            arrays["names"] = np.array(scores.names, dtype=np.str_)
            arrays["digests"] = np.array(scores.digests, dtype=np.str_)
        lengths = [len(indices) for indices, _ in scores.found]
        arrays["lengths" + end] = np.array(lengths, dtype=np.int32)
        for name, one in (("indices", 0), ("values", 1)):
            arrays[name + end] = np.concatenate(
                [empty[one], *(found[one] for found in scores.found)]
            )
        if scores.advised and scores.advised != usual_advice(scores.categories):
            arrays["advised" + end] = np.array(scores.advised, dtype=np.uint16)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]  # numpy's flag is not among them
    write_atomically(path, buffer.getvalue())


def usual_advice(categories: list[int]) -> list[int]:
    """Return what WD14's author advises for each tag: no other models had scores in files once.

    >>> usual_advice([RATING, GENERAL, CHARACTER])
    [0, 3500, 8500]
    """
    return [{GENERAL: 3500, CHARACTER: 8500}.get(category, 0) for category in categories]


def ending(number: int) -> str:
    """Return how the names of a model's arrays end.

    >>> ending(1), ending(2)
    ('', '_2')
    """
    return "" if number == 1 else f"_{number}"


def read_scores(path: Path) -> list[Scores]:
    """Return the scores in a file, of each model, in the order of params.yaml.

    Raises:
        Problem: there is no such file, or it holds no scores, or too much, or a picture's name
            leads out of a folder.
    """
    if not path.is_file():
        raise Problem(f"{path}: no such file; run the score stage first")
    if larger := larger_than_scores(path):
        raise Problem(f"{path}: {larger}; delete it and run the score stage again")
    models = unpacked(path)
    if wrong := [name for name in models[0].names if not is_plain_name(name)]:
        raise Problem(
            f"{path}: holds {wrong[0][:80]!r} for the name of a picture; delete it and run the "
            "score stage again"
        )
    return models


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
                    entries, size = claimed(array)
                # `indices` and `values` have as many entries as there are scores
                few = entries <= MOST or MANY.fullmatch(member.filename)
                if not few or entries * size > member.file_size:
                    return f"says that it holds {entries} {member.filename.removesuffix('.npy')}"
    except Exception:  # a damaged archive makes its readers raise anything
        return ""  # `unpacked` will say so
    return ""


def claimed(array: IO[bytes]) -> tuple[int, int]:
    """Return how many entries a .npy file says it has, and the bytes of one."""
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    shape, _, dtype = read[npy.read_magic(array)](array)
    return math.prod(shape), dtype.itemsize


def unpacked(path: Path) -> list[Scores]:
    """Return the scores in a file that is small enough.

    Raises:
        Problem: it holds none, or the machine can't read it.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            numbers = takewhile(lambda number: "model" + ending(number) in arrays, count(2))
            return [of_model(arrays, ending(number)) for number in chain([1], numbers)]
    except Exception as error:  # a damaged archive makes its readers raise anything
        if is_machines(error):
            raise as_problem(path, error) from error
        raise Problem(f"{path}: holds no scores; delete it and run the score stage again") from None


def of_model(arrays: Mapping[str, NDArray[Any]], end: str) -> Scores:
    """Return a model's scores; the names of its arrays end so.

    Raises:
        ValueError, KeyError: they are none.
    """
    ends = np.cumsum(arrays["lengths" + end])[:-1]
    indices = arrays["indices" + end]
    found = zip(np.split(indices, ends), np.split(arrays["values" + end], ends), strict=True)
    categories = arrays["categories" + end].tolist()
    advised = "advised" + end
    scores = Scores(
        model=str(arrays["model" + end]),
        origin=str(arrays["origin" + end]),
        tags=arrays["tags" + end].tolist(),
        categories=categories,
        names=arrays["names"].tolist(),
        digests=arrays["digests"].tolist(),
        found=list(found)[: len(arrays["lengths" + end])],
        advised=arrays[advised].tolist() if advised in arrays else usual_advice(categories),
    )
    if not len(scores.names) == len(scores.digests) == len(scores.found):
        raise ValueError
    if not len(scores.tags) == len(scores.categories) == len(scores.advised):
        raise ValueError
    if indices.size and not 0 <= indices.min() <= indices.max() < len(scores.tags):
        raise ValueError
    return scores
