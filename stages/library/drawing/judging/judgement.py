"""What a LoRA learned: every epoch at every weight, beside the artist's drawings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from stages.library.drawing.judging.asked import precisions, recalls
from stages.library.drawing.judging.closeness import (
    Alike,
    Drawings,
    Drawn,
    alike,
    difference,
    distance,
)
from stages.library.drawing.judging.copies import (
    BY_FEATURES,
    BY_HASH,
    FEWEST,
    Nearest,
    nearest,
    uniformity,
)
from stages.library.drawing.judging.estimates import NOTHING, Estimate, Sampled, mean_of
from stages.library.drawing.judging.evidence import HELD_OUT, WITHOUT, Evidence
from stages.library.drawing.judging.grid import Grid, Places, grid_of
from stages.library.drawing.judging.verdict import Cell, Judged, Verdict, trigger_works, verdict

MANY = 2000
"""Drawings that pictures are compared with; more make the figures no clearer."""

SAME = 0.01
"""Below it two pictures are one, but for rounding: the distance of their features, and the share of
the bits of their hashes that differ."""

ACCUSED = 5
"""An accusation has a share of the doubt of other figures: like a copy it holds 99 times in 100."""

BITS = 64
"""Of a word of a hash."""

BASE: Cell = (WITHOUT, 0.0)
"""The pictures without the LoRA."""

FEATURES, HASH = "features", "hash"
MEASURES = {FEATURES: BY_FEATURES, HASH: BY_HASH}


@dataclass(frozen=True)
class Looks:
    """What is seen in pictures, a row for each."""

    features: NDArray[np.float64]  # (pictures, features), each of length 1
    hashes: NDArray[np.uint64]  # (pictures, words)

    def of(self, measure: str) -> NDArray[np.float64] | NDArray[np.uint64]:
        return self.features if measure == FEATURES else self.hashes


@dataclass(frozen=True)
class Material:
    """All that is judged by."""

    evidence: Evidence
    drawn: Looks  # of the evidence's pictures
    found: Sequence[frozenset[str]]  # the tags in each of them
    trained: Looks  # of the drawings that were trained on
    held_out: Looks  # of those that were not
    own: Sequence[int]  # of which of the two each caption is: its row there
    asked: Sequence[frozenset[str]]  # the tags of each caption
    sees_shapes: bool = True  # else features tell nothing of copies: those of colours alone

    @property
    def on_held_out(self) -> bool:
        return self.evidence.on == HELD_OUT


@dataclass(frozen=True)
class Pair:
    """A picture and the drawing that it is nearest to, of those trained on."""

    picture: int
    nearest: Nearest
    measure: str  # of what: features or hash

    @property
    def by_limit(self) -> float:
        """How far apart they are, as a share of what is suspicious: below 1 it may be a copy."""
        return self.nearest.distance / self.nearest.limit if self.nearest.limit else inf


@dataclass(frozen=True)
class Row:
    """What is known of an epoch at a weight."""

    farther: Estimate  # from the drawings than the base model is; below 0: closer
    farther_trained: Estimate  # likewise, from the drawings that it was trained on
    by_heart: Estimate  # if above 0: it came closer to these than to those
    recall: float  # share of the tags asked for that are found; nan where there are none
    precision: float  # share of the tags found that were asked for
    less_recall: Estimate  # than the base model's
    uniform: Estimate  # how much less its pictures vary than the base model's, as a share
    copies: list[Pair]

    @property
    def is_by_heart(self) -> bool:
        """Whether it came closer to what it was trained on, and not so to what it never saw.

        What came closer to neither learned nothing by heart, whichever it is farther from.
        """
        return self.farther_trained.below and self.by_heart.above

    @property
    def copied(self) -> int:
        """How many pictures may be copies."""
        return len({pair.picture for pair in self.copies})


@dataclass(frozen=True)
class Trigger:
    """What leaving out the trigger does, at one epoch and weight."""

    cell: Cell
    farther: Estimate  # with the trigger, than the base model
    with_it: Estimate  # with the trigger, than without it
    works: bool | None


@dataclass(frozen=True)
class Yardstick:
    """Drawings that pictures are compared with, and how far from them the base model is."""

    drawings: int
    base: Estimate

    @property
    def unit(self) -> float:
        """What distances are shown as shares of: the base model's, if it has any beyond doubt."""
        return self.base.value if self.base.above else 1.0

    def way(self, farther: Estimate) -> Estimate:
        """Return how much of the way from the base model to the drawings was gone, as a share."""
        share = self.share(farther)
        return Estimate(-share.value, share.doubt)

    def share(self, estimate: Estimate) -> Estimate:
        """Return a distance as it is shown."""
        return Estimate(estimate.value / self.unit, estimate.doubt / self.unit)


@dataclass(frozen=True)
class Judgement:
    """What a LoRA learned."""

    captions: int
    seeds: int
    near: Yardstick  # the drawings that the captions are of
    trained: Yardstick | None  # those trained on, if the captions are of others
    recall: float  # the base model's
    precision: float
    rows: dict[Cell, Row]
    trigger: Trigger | None
    verdict: Verdict
    pairs: list[Pair]  # of all pictures, by each measure, the nearest first
    unchanged: bool  # the LoRA's pictures are the base model's
    accuses: bool  # there are enough pictures to know a copy by its features

    @property
    def on_held_out(self) -> bool:
        return self.trained is not None

    @property
    def can_tell(self) -> bool:
        """Whether there are enough captions and drawings to say anything."""
        return self.near.base.doubt < inf


@dataclass(frozen=True)
class Beside:
    """The pictures of every cell beside the same drawings."""

    drawings: Drawings
    base: Alike
    cells: dict[Cell, Alike]
    silent: dict[Cell, Alike]

    @property
    def yardstick(self) -> Yardstick:
        return Yardstick(len(self.drawings.features), distance(self.base, self.drawings).estimate())

    def farther(self, cell: Cell) -> Sampled:
        """Return by how much a cell is farther than the base model."""
        return difference(self.cells[cell], self.base)


def judged(material: Material) -> Judgement:
    """Return what the pictures say of the LoRA.

    Raises:
        Problem: some of them are missing.
    """
    grid = grid_of(material.evidence)
    compared = len(grid.cells)
    near = beside(material, grid, material.held_out if material.on_held_out else material.trained)
    far = beside(material, grid, material.trained, own=False) if material.on_held_out else None
    tables = {BASE: grid.base, **grid.cells}
    recall, precision = (
        {cell: shares(material, places, of) for cell, places in tables.items()}
        for of in (recalls, precisions)
    )
    pairs = pairs_in(material, grid)
    copies = [pair for pair in pairs if pair.nearest.is_suspicious]
    features = material.drawn.features

    def row(cell: Cell, places: Places) -> Row:
        farther, trained = near.farther(cell), far.farther(cell) if far else None
        pictures = {*places.flat, *grid.silent.get(cell, places).flat}
        return Row(
            farther=farther.estimate(compared),
            farther_trained=trained.estimate(compared) if trained else NOTHING,
            by_heart=farther.less(trained).estimate(compared * ACCUSED) if trained else NOTHING,
            recall=mean(recall[cell]),
            precision=mean(precision[cell]),
            less_recall=mean_of(recall[BASE] - recall[cell]).estimate(compared),
            uniform=uniformity(features[places], features[grid.base]).estimate(compared),
            copies=[pair for pair in copies if pair.picture in pictures],
        )

    def farther(one: Cell, other: Cell) -> Estimate:
        return difference(near.cells[one], near.cells[other]).estimate(compared)

    def fuller(one: Cell, other: Cell) -> Estimate:
        return mean_of(recall[one] - recall[other]).estimate(compared)

    rows = {cell: row(cell, places) for cell, places in grid.cells.items()}
    told = {
        cell: Judged(near.yardstick.share(each.farther), each.uniform, each.copied)
        for cell, each in rows.items()
    }
    return Judgement(
        captions=len(material.evidence.captions),
        seeds=grid.seeds,
        near=near.yardstick,
        trained=far.yardstick if far else None,
        recall=mean(recall[BASE]),
        precision=mean(precision[BASE]),
        rows=rows,
        trigger=trigger_of(near),
        verdict=verdict(told, farther, fuller),
        pairs=pairs,
        unchanged=is_unchanged(material.drawn, grid),
        accuses=material.sees_shapes
        and min(len(material.trained.features), grid.base.size) >= FEWEST,
    )


def beside(material: Material, grid: Grid, looks: Looks, own: bool = True) -> Beside:
    """Return every cell's pictures beside drawings; `own`: the captions are of some of these."""
    drawings = Drawings(looks.features[:MANY])
    owns = np.array([each if own and each < MANY else -1 for each in material.own], np.intp)

    def of(places: Places) -> Alike:
        return alike(Drawn(material.drawn.features[places], owns), drawings)

    return Beside(
        drawings=drawings,
        base=of(grid.base),
        cells={cell: of(places) for cell, places in grid.cells.items()},
        silent={cell: of(places) for cell, places in grid.silent.items()},
    )


def shares(
    material: Material, places: Places, of: Callable[..., NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Return the recall or precision of each caption in some pictures."""
    found = [[material.found[picture] for picture in row] for row in places]
    return of(material.asked, found)


def mean(values: NDArray[np.float64]) -> float:
    """Return the mean of what is known; nan if nothing is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan


def pairs_in(material: Material, grid: Grid) -> list[Pair]:
    """Return the drawing that each picture is nearest to, by each measure, the nearest first."""
    if not grid.cells:
        return []
    places = np.concatenate([*grid.cells.values(), *grid.silent.values()], axis=1)
    captions = np.broadcast_to(np.arange(len(places))[:, None], places.shape).ravel()
    pictures = places.ravel()
    names = MEASURES if material.sees_shapes else [HASH]
    pairs = [
        Pair(int(picture), found, name)
        for name, measure in ((name, MEASURES[name]) for name in names)
        for picture, found in zip(
            pictures,
            nearest(
                material.drawn.of(name)[pictures],
                captions,
                material.trained.of(name),
                material.drawn.of(name)[grid.base],
                measure,
            ),
            strict=True,
        )
    ]
    return sorted(pairs, key=lambda pair: (pair.by_limit, pair.picture, pair.measure))


def trigger_of(near: Beside) -> Trigger | None:
    """Return what the pictures without the trigger say; None if there are none."""
    for cell, silent in near.silent.items():
        if cell in near.cells:
            farther = near.farther(cell).estimate()
            with_it = difference(near.cells[cell], silent).estimate()
            return Trigger(cell, farther, with_it, trigger_works(farther, with_it))
    return None


def is_unchanged(drawn: Looks, grid: Grid) -> bool:
    """Return whether no picture differs from the base model's of the same caption and seed.

    Features alone may not show it: those of colours are the same for pictures of all kinds.
    """
    return bool(grid.cells) and all(
        float(each.max(initial=0)) < SAME
        for places in grid.cells.values()
        for each in differences(drawn, places, grid.base)
    )


def differences(drawn: Looks, one: Places, other: Places) -> tuple[NDArray[np.float64], ...]:
    """Return how much pictures differ from others, one by one: by features, and by hash."""
    features, hashes = drawn.features, drawn.hashes
    away = np.linalg.norm(features[one] - features[other], axis=-1)
    return away, np.bitwise_count(hashes[one] ^ hashes[other]).mean(axis=-1) / BITS
