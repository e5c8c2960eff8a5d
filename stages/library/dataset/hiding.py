"""Parts of a picture that are never to be learned: filled from around."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.float32]

ROUNDS = 8
"""How often colours are evened out at each size, so that no edge is seen where they begin."""


def filled(picture: Image.Image, hidden: NDArray[np.bool_]) -> Image.Image:
    """Return an RGB picture in which the pixels that are `hidden` have the colours around them.

    The nearer they are the more they count: where nothing is known of four pixels, nothing is known
    of the one that stands for them in a picture of half the size, and so on, until that is filled
    by what lies around it; from there it comes back, evened out at each size.
    """
    pixels: Pixels = np.asarray(picture, dtype=np.float32)
    found = np.rint(completed(pixels, ~hidden)).clip(0, 255).astype(np.uint8)
    return Image.fromarray(np.where(hidden[:, :, None], found, np.asarray(picture)))


def completed(pixels: Pixels, known: NDArray[np.bool_]) -> Pixels:
    """Return the pixels with those that aren't `known` made of those that are."""
    if known.all() or known.size == 1:
        return pixels
    height, width = known.shape
    even = ((0, height % 2), (0, width % 2))
    weights: Pixels = np.pad(known.astype(np.float32), even)
    values: Pixels = np.pad(pixels * known[:, :, None], (*even, (0, 0)))
    count = fours(weights)
    mean = fours(values) / np.maximum(count, 1)[:, :, None]
    half = completed(mean.astype(np.float32), count > 0)
    channels = [
        Image.fromarray(half[:, :, channel]).resize(
            (weights.shape[1], weights.shape[0]), Image.Resampling.BILINEAR
        )
        for channel in range(half.shape[2])
    ]
    back = np.stack([np.asarray(each) for each in channels], axis=2)[:height, :width]
    found = np.where(known[:, :, None], pixels, back)
    rows, columns = np.nonzero(~known)
    above, below = np.maximum(rows - 1, 0), np.minimum(rows + 1, height - 1)
    before, behind = np.maximum(columns - 1, 0), np.minimum(columns + 1, width - 1)
    for _ in range(ROUNDS):
        beside = found[rows, before] + found[rows, behind]
        found[rows, columns] = (found[above, columns] + found[below, columns] + beside) / 4
    return found


def fours(values: Pixels) -> Pixels:
    """Return the sums of two by two."""
    return values[::2, ::2] + values[1::2, ::2] + values[::2, 1::2] + values[1::2, 1::2]
