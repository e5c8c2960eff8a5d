"""Whether pictures show what their captions ask for, as the tagger sees it."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def recalls(
    asked: Sequence[AbstractSet[str]], found: Sequence[Sequence[AbstractSet[str]]]
) -> Floats:
    """Return the share of each caption's tags that are found in its pictures, shape (captions,).

    `found` has the tags of each picture of each caption. A caption that asks for nothing is nan.
    """
    return means(
        [len(tags & each) / len(tags) for each in pictures if tags]
        for tags, pictures in zip(asked, found, strict=True)
    )


def precisions(
    asked: Sequence[AbstractSet[str]], found: Sequence[Sequence[AbstractSet[str]]]
) -> Floats:
    """Return the share of the tags in a caption's pictures that it asks for, shape (captions,).

    A caption in whose pictures nothing is found is nan.
    """
    return means(
        [len(tags & each) / len(each) for each in pictures if each]
        for tags, pictures in zip(asked, found, strict=True)
    )


def means(shares: Iterable[Sequence[float]]) -> Floats:
    """Return the mean of each of some lists; nan of an empty one."""
    return np.array([sum(each) / len(each) if each else np.nan for each in shares])
