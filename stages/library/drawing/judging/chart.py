"""The chart of the judge's page: how close every epoch is at every weight, with its interval."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

from stages.library.drawing.judging.judgement import Judgement
from stages.library.drawing.judging.verdict import Cell
from stages.library.drawing.orders import weight_text

WIDTH, HEIGHT = 680, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 16, 14, 30
"""Pixels of the drawing, and around what is drawn."""

LOWEST, HIGHEST = -1.0, 1.6
"""Shares of the way: what lies beyond is drawn at the rim."""

APART = 9
"""Pixels between the weights of an epoch, at most."""


@dataclass(frozen=True)
class Mark:
    """A cell in the chart, in pixels."""

    cell: Cell
    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """All marks of a weight."""

    label: str
    marks: list[Mark]

    @property
    def points(self) -> str:
        return " ".join(f"{mark.x},{mark.y}" for mark in self.marks)


@dataclass(frozen=True)
class Chart:
    """What is drawn, in pixels."""

    lines: list[Line]  # by weight
    epochs: list[tuple[float, str]]  # where each stands, and its number
    levels: list[tuple[float, str]]  # heights, and what they mean
    base: float  # the height of the base model

    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT


def chart(judgement: Judgement) -> Chart | None:
    """Return the chart; None where nothing is known."""
    ways = {cell: judgement.near.way(row.farther) for cell, row in judgement.rows.items()}
    if not ways or not all(isfinite(each.doubt) for each in ways.values()):
        return None
    measured = judgement.near.base.above
    ends = [each.value + sign * each.doubt for each in ways.values() for sign in (-1, 1)]
    least, most = min(0.0, *ends), max(1.0 if measured else 0.0, *ends)
    if measured:
        least, most = max(LOWEST, least), min(HIGHEST, most)
    down = scale((most, least), (TOP, HEIGHT - BOTTOM))

    def height(value: float) -> float:
        return down(min(most, max(least, value)))

    epochs = sorted({epoch for epoch, _ in ways})
    weights = sorted({weight for _, weight in ways})
    across = scale((-0.5, len(epochs) - 0.5), (LEFT, WIDTH - RIGHT))
    apart = min(APART, (across(1) - across(0)) / (len(weights) + 1))

    def mark(epoch: int, weight: float) -> Mark:
        gone = ways[epoch, weight]
        aside = (weights.index(weight) - (len(weights) - 1) / 2) * apart
        return Mark(
            cell=(epoch, weight),
            x=round(across(epochs.index(epoch)) + aside, 1),
            y=height(gone.value),
            low=height(gone.value - gone.doubt),
            high=height(gone.value + gone.doubt),
        )

    lines = [
        Line(weight_text(weight), [mark(*cell) for cell in sorted(ways) if cell[1] == weight])
        for weight in weights
    ]
    return Chart(
        lines=lines,
        epochs=[(round(across(at), 1), str(epoch)) for at, epoch in enumerate(epochs)],
        levels=[(height(level), text) for level, text in levels(least, most, measured)],
        base=height(0),
    )


def scale(values: tuple[float, float], pixels: tuple[float, float]) -> Callable[[float], float]:
    """Return what leads from values to pixels.

    >>> scale((1, 0), (10, 110))(0.25)
    85.0
    """
    (first, last), (start, end) = values, pixels
    span = (last - first) or 1.0
    return lambda value: round(start + (value - first) / span * (end - start), 1)


def levels(least: float, most: float, measured: bool) -> list[tuple[float, str]]:
    """Return the heights that are marked, and what they mean: hundredths of the way.

    >>> levels(-0.2, 1.1, measured=True)
    [(0.0, '0 %'), (0.5, '50 %'), (1.0, '100 %')]
    """
    if measured:
        marks = [-1.0, -0.5, 0.0, 0.5, 1.0, 1.5]
        return [(mark, f"{round(100 * mark)} %") for mark in marks if least <= mark <= most]
    return [(value, f"{value:.3f}") for value in sorted({least, 0.0, most})]
