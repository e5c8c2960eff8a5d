"""Where the square of a drawing is put, so that it holds the subject: never worse than the centre.

The subject is what is drawn on transparency, or what differs from the colour of the ground; where
neither is plain to see, nothing is known of it. Heads that a detector has found come before it.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stages.library.dataset.notes import Note, note

CELLS = 256
"""Cells of the shorter side that a drawing's colours are seen in, at most."""

STANDS_OUT = 12
"""Of 255: what a cell must differ by from the ground; most of the grain of paper evens out."""

LEAST, MOST = 0.002, 0.98
"""The share of a drawing that a subject covers: what is less is a speck, and more is no subject."""

STRAY = 0.005
"""The share of a subject at either end that may be a stray dot rather than its end."""

GAIN = 0.05
"""The share of a subject that is wider than the square for which the square leaves the middle."""

AIR = 1 / 32
"""Of the square's side: what is left above a subject that is taller than the square."""

HAIR = 0.25
"""Of a head's side: what is left around it, since the hair may reach beyond."""

Box = tuple[int, int, int, int]
"""Left, top, right and bottom."""

Detect = Callable[[Image.Image], list[Box]]
"""What finds the heads in a drawing."""

Strip = NDArray[np.int64]
"""How much of a subject is in each line of pixels across the longer side of a drawing."""

Starts = NDArray[np.int_]
Held = NDArray[np.float64]


def framed(
    image: Image.Image, alpha: Image.Image | None, hidden: list[Box], detect: Detect | None
) -> tuple[Box, Note | None]:
    """Return the square within a drawing, and a note if it is not the one in the middle.

    `image` is flattened on white, `alpha` tells how opaque it was; what is `hidden` is no subject.
    """
    side, length = min(image.size), max(image.size)
    strip, heads = None, list[Box]()
    if side != length:
        strip = strip_of(image, alpha, hidden)
        heads = detect(image) if detect else []
    box = square(*image.size, strip, heads)
    start, centre = max(box[:2]), (length - side) // 2
    if start == centre:
        return box, None
    if strip is None:
        return box, note("to_heads")
    share, middle = np.rint(100 * held(strip, np.array([start, centre]), side)).astype(int)
    return box, note("to_subject", share=share, middle=middle)


def square(width: int, height: int, strip: Strip | None, heads: list[Box]) -> Box:
    """Return the largest square of a drawing that holds the subject, or most of it.

    It holds at least as much of the subject as the one in the middle does; or, where there are
    `heads`, of these. Of all such squares it is the one that has the subject in its middle. Of a
    subject that is taller than the square it shows the upper end, which is where the face is; of
    one that is wider, as much as there can be, if that is clearly more.
    """
    side, long = min(width, height), max(width, height)
    centre = (long - side) // 2
    starts = np.arange(long - side + 1)
    wanted = starts == centre
    aim = float(centre)
    if strip is not None:
        shares = held(strip, starts, side)
        wanted = shares >= shares[centre]
        aim = aim_of(strip, shares, side, upright=width < height)
    if heads:
        shown = heads_held([along(head, width < height, long) for head in heads], starts, side)
        most = shown >= shown.max() - 1e-6
        both = most & wanted
        wanted = both if both.any() else most
    fit = starts[wanted]
    start = int(fit[np.lexsort([abs(fit - centre), abs(fit - aim)])[0]])
    left, top = (0, start) if width < height else (start, 0)
    return left, top, left + side, top + side


def held(strip: Strip, starts: Starts, side: int) -> Held:
    """Return which share of the subject a square holds from each of `starts` on.

    >>> held(np.array([0, 1, 3, 0]), np.array([0, 1, 2]), 2).tolist()
    [0.25, 1.0, 0.75]
    """
    sums = np.concatenate([[0], np.cumsum(strip)])
    shares: Held = (sums[starts + side] - sums[starts]) / sums[-1]
    return shares


def aim_of(strip: Strip, shares: Held, side: int, upright: bool) -> float:
    """Return where a square would best begin that holds such `shares` of the subject."""
    sums = np.cumsum(strip)
    begin = int(np.searchsorted(sums, STRAY * sums[-1], side="right"))
    end = int(np.searchsorted(sums, (1 - STRAY) * sums[-1])) + 1
    if end - begin <= side:
        return (begin + end - side) / 2
    if upright:
        return begin - AIR * side
    centre = (len(strip) - side) // 2
    if shares.max() < shares[centre] + GAIN:
        return centre
    return float(np.flatnonzero(shares == shares.max()).mean())


def along(head: Box, upright: bool, length: int) -> tuple[float, float]:
    """Return where a head with its hair begins and ends along the longer side."""
    first, end = (head[1], head[3]) if upright else (head[0], head[2])
    hair = HAIR * (end - first)
    return max(0.0, first - hair), min(float(length), end + hair)


def heads_held(heads: list[tuple[float, float]], starts: Starts, side: int) -> Held:
    """Return how many pixels of the heads' lengths a square holds from each of `starts` on."""
    shown = np.zeros(len(starts))
    for first, end in heads:
        shown += np.maximum(np.minimum(starts + side, end) - np.maximum(starts, first), 0)
    return shown


def strip_of(image: Image.Image, alpha: Image.Image | None, hidden: list[Box]) -> Strip | None:
    """Return where the subject is along the longer side of a drawing; None if it isn't certain."""
    upright = image.height > image.width
    if alpha:
        opaque = without(np.asarray(alpha), hidden, (1, 1))
        if LEAST < opaque.mean() / 255 < MOST:
            lines: Strip = opaque.sum(axis=1 if upright else 0, dtype=np.int64)
            return lines
    cell = -(-min(image.size) // CELLS)
    cells = (cell, 1) if upright else (1, cell)
    found = standing_out(np.asarray(image.reduce(cells).convert("RGB"), dtype=np.int16))
    if found is None:
        return None
    found = without(found, hidden, cells)
    lines = found.sum(axis=1 if upright else 0)
    return lines if LEAST < found.mean() < MOST else None


def standing_out(pixels: NDArray[np.int16]) -> NDArray[np.bool_] | None:
    """Return which pixels differ from the ground; None if there is none to be seen at the edges.

    It must be the colour of half of them.
    """
    ring = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    ground = np.median(ring, axis=0).astype(np.int16)
    if np.mean(np.abs(ring - ground).max(axis=1) <= STANDS_OUT) < 1 / 2:
        return None
    found: NDArray[np.bool_] = np.abs(pixels - ground).max(axis=2) > STANDS_OUT
    return found


def without(values: NDArray[Any], hidden: list[Box], cells: tuple[int, int]) -> NDArray[Any]:
    """Return values of cells, so wide and high, with nothing where something is hidden."""
    if not hidden:
        return values
    values = values.copy()
    across, down = cells
    for box in hidden:
        left, top, right, bottom = (max(0, edge) for edge in box)
        values[top // down : -(-bottom // down), left // across : -(-right // across)] = 0
    return values
