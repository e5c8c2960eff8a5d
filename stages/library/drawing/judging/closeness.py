"""How far drawn pictures are from the artist's: the maximum mean discrepancy of their features.

Two sets of pictures are as far from each other as the most telling of all smooth functions tells
them apart (Gretton et al., A Kernel Two-Sample Test, JMLR 13, 2012). Its square is estimated
without bias, so that equal sets are at 0 in the mean, and may be a little below.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stages.library.drawing.judging.estimates import Sampled

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Drawings:
    """The artist's pictures that others are compared with."""

    features: Floats  # (drawings, features)

    @cached_property
    def scale(self) -> float:
        """The width of the kernel: the median squared distance of two drawings.

        Taken from the drawings alone, so that it is the same for all that is compared with them.
        """
        squared = squared_distances(self.features, self.features)
        apart = squared[np.triu_indices(len(squared), 1)]
        median = float(np.median(apart)) if len(apart) else 0.0
        return median or 1.0

    @cached_property
    def alike(self) -> Floats:
        """How alike each drawing and all others are, summed up, shape (drawings,)."""
        sums: Floats = kernel(self.features, self.features, self.scale).sum(axis=1) - 1
        return sums


@dataclass(frozen=True)
class Drawn:
    """Pictures drawn of captions, as many of each.

    `own` says for each caption which of the drawings it was written for, -1 for none of them:
    a picture is not compared with that, which it resembles for its caption's sake.
    """

    features: Floats  # (captions, pictures, features)
    own: NDArray[np.intp]  # (captions,)


@dataclass(frozen=True)
class Alike:
    """How alike drawn pictures are to each other, and to drawings, in the mean of a caption."""

    among: Floats  # (captions, captions)
    beside: Floats  # (captions, drawings)
    own: NDArray[np.intp]  # (captions,)


def squared_distances(one: Floats, other: Floats) -> Floats:
    """Return the squared distances of some vectors from others, shape (one, other)."""
    squared = np.square(one).sum(axis=1)[:, None] - 2 * one @ other.T + np.square(other).sum(axis=1)
    positive: Floats = np.maximum(squared, 0)
    return positive


def kernel(one: Floats, other: Floats, scale: float) -> Floats:
    """Return how alike vectors are: 1 for the same, shape (one, other)."""
    alike: Floats = np.exp(-squared_distances(one, other) / scale)
    return alike


def alike(drawn: Drawn, drawings: Drawings) -> Alike:
    """Return how alike drawn pictures are to each other and to drawings."""
    captions, pictures, length = drawn.features.shape
    flat, scale = drawn.features.reshape(-1, length), drawings.scale
    among = kernel(flat, flat, scale).reshape(captions, pictures, captions, pictures)
    beside = kernel(flat, drawings.features, scale).reshape(captions, pictures, -1)
    return Alike(among.mean(axis=(1, 3)), beside.mean(axis=1), drawn.own)


def difference(one: Alike, other: Alike) -> Sampled:
    """Return by how much `one` is farther from the drawings than `other`; below 0: it is closer.

    Both are drawn of the same captions.
    """
    less = Alike(one.among - other.among, one.beside - other.beside, one.own)
    return sampled(less)


def distance(one: Alike, drawings: Drawings) -> Sampled:
    """Return the squared discrepancy of drawn pictures from the drawings."""
    return sampled(one, drawings.alike)


def sampled(one: Alike, spread: Floats | None = None) -> Sampled:
    """Return the mean `among` captions, less twice that `beside` drawings, none with its own.

    With `spread`, how alike each drawing is to the others, their mean is added. Left out one by
    one are a caption with the drawing that it was written for, and each other drawing.
    """
    captions, drawings = one.beside.shape
    has_own, owns = one.own >= 0, one.own[one.own >= 0]
    counts = np.ones_like(one.beside)
    counts[np.flatnonzero(has_own), owns] = 0
    among, beside = one.among * (1 - np.eye(captions)), one.beside * counts
    # what goes with a caption: its row, and the column of its own drawing
    gone, gone_counts = beside.sum(axis=1), counts.sum(axis=1)
    column, column_counts = beside.sum(axis=0), counts.sum(axis=0)
    gone = gone + np.where(has_own, column[one.own], 0)
    gone_counts = gone_counts + np.where(has_own, column_counts[one.own], 0)
    others = np.setdiff1d(np.arange(drawings), owns)

    def total(among: Floats, pairs: int, beside: Floats, count: Floats) -> Floats:
        return shared(among, pairs) - 2 * shared(beside, count)

    value = total(among.sum(), captions * (captions - 1), beside.sum(), counts.sum())
    without_caption = total(
        among.sum() - among.sum(axis=0) - among.sum(axis=1),
        (captions - 1) * (captions - 2),
        beside.sum() - gone,
        counts.sum() - gone_counts,
    )
    without_drawing = total(
        among.sum(),
        captions * (captions - 1),
        beside.sum() - column[others],
        counts.sum() - column_counts[others],
    )
    if spread is not None:
        left = shared(spread.sum() - 2 * spread, (drawings - 1) * (drawings - 2))
        whole = shared(spread.sum(), drawings * (drawings - 1))
        value = value + whole
        without_caption = without_caption + np.where(has_own, left[one.own], whole)
        without_drawing = without_drawing + left[others]
    return Sampled(float(value), without_caption, (without_drawing,), min(captions, drawings))


def shared(total: Floats, count: Floats | float) -> Floats:
    """Return sums by their counts; 0 where nothing counts."""
    result: Floats = total / np.maximum(count, 1)
    return result
