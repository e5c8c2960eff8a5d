"""Drawn pictures that may be copies of a drawing, and how much pictures vary."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.library.dataset.near_duplicates import MIN_BITS, NEAR, apart
from stages.library.drawing.judging.closeness import squared_distances
from stages.library.drawing.judging.estimates import Sampled, ratio_of, spread_of_t

Floats = NDArray[np.float64]
Rows = NDArray[Any]
"""What is known of pictures, one row each."""

Places = NDArray[np.intp]

FALSE_ALARMS = 0.01
"""How often, of a hundred judgements, an innocent LoRA may be accused of any copy."""

FEWEST = 12
"""Drawings, or pictures, below which nobody can say how near is usual."""

MANY = 2000
"""Drawings whose neighbours tell what is usual; more make that no clearer."""

BY_FAR = 0.5
"""A copy is less than half as far from its drawing as the base model's pictures of that caption:
a caption, and a style that was learned, bring a picture nearer to drawings, but not so near."""

BLOCK = 256
"""Pictures that are compared with all drawings at a time, so that memory doesn't grow."""

TO_DEVIATION = 1.4826
"""From the median distance to the median to the standard deviation of a normal distribution."""

EFFICIENCY = 0.37
"""Of so many values such a deviation is as good as the usual one of this share of them: Rousseeuw
and Croux, Alternatives to the Median Absolute Deviation, JASA 88 (1993)."""

LEAST_SPREAD = 0.05
"""Of the logarithm of a distance: what resembles each other more closely is no yardstick."""


@dataclass(frozen=True)
class Nearest:
    """The drawing that a picture is nearest to."""

    drawing: int  # its index
    distance: float
    limit: float  # what is nearer may be a copy

    @property
    def is_suspicious(self) -> bool:
        return self.distance < self.limit


@dataclass(frozen=True)
class Measure:
    """How the distances of pictures are measured, and from when on they say anything."""

    away: Callable[[Rows, Rows], Floats]  # of pictures from others, shape (one, other)
    most: float = inf  # what is farther is never suspicious


def features_away(one: Rows, other: Rows) -> Floats:
    """Return how far pictures are from others by their features, rows of (features,)."""
    away: Floats = np.sqrt(squared_distances(one, other))
    return away


def hashes_away(one: Rows, other: Rows) -> Floats:
    """Return how far pictures are from others by perceptual hash, rows of words of 64 bits.

    That is the share that differs of the bits set in either; nearly blank pictures are as far
    from each other as can be.
    """
    differing = apart(one.T[:, :, None], other.T[:, None, :]).astype(np.int64)
    here, there = (np.bitwise_count(each).sum(axis=1, dtype=np.int64) for each in (one, other))
    either = (here[:, None] + there + differing) // 2
    away: Floats = np.where(either < MIN_BITS, 1.0, differing / np.maximum(either, 1))
    return away


BY_FEATURES, BY_HASH = Measure(features_away), Measure(hashes_away, NEAR)


def nearest(
    pictures: Rows, captions: Places, drawings: Rows, base: Rows, measure: Measure
) -> list[Nearest]:
    """Return the drawing that each picture is nearest to, each of the caption with that index.

    A picture may be a copy if it is nearer to a drawing than drawings are to each other, and than
    the base model's pictures, which know none of them, come to any; and by far nearer to that one
    than the base model's of the same caption are. `base` has these, shape (captions, pictures, …).
    """
    without = measure.away(base.reshape(-1, *base.shape[2:]), drawings)
    usual = [neighbours(drawings, measure), without.min(axis=1)]
    # where nobody can say what is usual, nobody is accused, unless the measure itself has a limit
    unknown = 0.0 if measure.most == inf else inf
    limit = min(measure.most, *(usual_limit(each, len(pictures), unknown) for each in usual))
    of_caption = BY_FAR * without.reshape(*base.shape[:2], -1).min(axis=1)
    return [
        Nearest(int(drawing), float(distance), min(limit, float(of_caption[caption, drawing])))
        for caption, drawing, distance in zip(
            captions, *closest(pictures, drawings, measure), strict=True
        )
    ]


def closest(pictures: Rows, drawings: Rows, measure: Measure) -> tuple[NDArray[np.intp], Floats]:
    """Return which drawing each picture is nearest to, and how far it is; shapes (pictures,)."""
    indices, distances = [np.empty(0, np.intp)], [np.empty(0)]
    for start in range(0, len(pictures), BLOCK):
        away = measure.away(pictures[start : start + BLOCK], drawings)
        indices.append(away.argmin(axis=1))
        distances.append(away.min(axis=1))
    return np.concatenate(indices), np.concatenate(distances)


def neighbours(drawings: Rows, measure: Measure) -> Floats:
    """Return how far drawings are from the nearest other one, of `MANY` at most."""
    if len(drawings) < 2:
        return np.empty(0)
    least = [np.empty(0)]
    for start in range(0, min(MANY, len(drawings)), BLOCK):
        away = measure.away(drawings[start : start + BLOCK], drawings)
        here = np.arange(len(away))
        away[here, start + here] = inf
        least.append(away.min(axis=1))
    return np.concatenate(least)[:MANY]


def usual_limit(distances: Floats, pictures: int, unknown: float = 0.0) -> float:
    """Return the distance below which one of so many pictures is nearer than is usual.

    The logarithms of the distances are taken for normal, by their median and the median deviation
    from it, so that a few look-alikes among the drawings move nothing.
    """
    if len(distances) < FEWEST:
        return unknown
    logs = np.log(np.maximum(distances, 1e-9))
    middle = float(np.median(logs))
    deviation = TO_DEVIATION * float(np.median(np.abs(logs - middle)))
    # both sides of the interval count, so that one has half of the doubt
    doubt = 2 * FALSE_ALARMS / max(1, pictures)
    away = spread_of_t(EFFICIENCY * (len(logs) - 1), doubt) * max(deviation, LEAST_SPREAD)
    return float(np.exp(middle - away))


def variety(features: Floats) -> Floats:
    """Return the mean distance of a caption's pictures from each other, shape (captions,).

    `features` are of shape (captions, pictures, features).
    """
    one, other = np.triu_indices(features.shape[1], 1)
    away: Floats = np.linalg.norm(features[:, one] - features[:, other], axis=-1).mean(axis=1)
    return away


def uniformity(features: Floats, base: Floats) -> Sampled:
    """Return by how much less pictures of a caption differ than the base model's do.

    As a share of that: 0 is as much as there, 1 none at all. With a single picture of each
    caption nothing can be said.
    """
    if features.shape[1] < 2:
        return Sampled(0.0, np.empty(0), (), 0)
    ours, theirs = variety(features), variety(base)
    return ratio_of(theirs - ours, theirs)
