"""Features as rows of numbers: a picture each, all of length 1."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.library.common.errors import Problem
from stages.library.tagging.contract import Floats

MOST_FEATURES = 1 << 16
"""Features of a picture; models of today have about a thousand."""


def as_rows(features: NDArray[np.float32], pictures: int, key: str) -> list[Floats]:
    """Return a row of length 1 for each of so many pictures, of what a model gave for them.

    Raises:
        Problem: it gave none; its `key` of params.yaml is named.
    """
    if features.ndim < 2 or len(features) != pictures or not features.size:
        raise Problem(f"{key}: the model gives no row of features for each picture")
    rows = features.reshape(pictures, -1)
    if rows.shape[1] > MOST_FEATURES:
        raise Problem(f"{key}: the model gives {rows.shape[1]} features, {MOST_FEATURES} at most")
    if not np.isfinite(rows).all():
        raise Problem(
            f"{key}: the model gives features that are no numbers; it is damaged, or fails on this "
            "provider: set tagger.provider: cpu, or download it again"
        )
    return [of_length_1(row) for row in rows]


def of_length_1(row: NDArray[Any]) -> Floats:
    """Return a row in the same direction, of length 1; one of zeros stays so.

    >>> of_length_1(np.array([3, 0, 4])).round(6).tolist()
    [0.6000000238418579, 0.0, 0.800000011920929]
    """
    length = np.sqrt(np.square(row, dtype=np.float64).sum())
    scaled: Floats = (row / (length or 1)).astype(np.float32)
    return scaled
