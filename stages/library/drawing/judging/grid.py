"""Which of the drawn pictures stand side by side: every caption with every seed, in each cell."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.library.common.errors import Problem
from stages.library.drawing.judging.evidence import AGAIN, ASKED, WITHOUT, Evidence
from stages.library.drawing.judging.verdict import Cell

Places = NDArray[np.intp]
"""Indices of pictures, shape (captions, seeds)."""


@dataclass(frozen=True)
class Grid:
    """The pictures of every epoch at every weight."""

    base: Places  # without the LoRA
    cells: dict[Cell, Places]
    silent: dict[Cell, Places]  # without the trigger

    @property
    def seeds(self) -> int:
        return int(self.base.shape[1])


def grid_of(evidence: Evidence) -> Grid:
    """Return which pictures stand where.

    Raises:
        Problem: one is missing.
    """
    found: dict[tuple[bool, Cell], dict[tuple[int, int], int]] = {}
    for index, each in enumerate(evidence.pictures):
        cell = each.epoch, float(each.weight)
        found.setdefault((each.trigger, cell), {})[each.caption, each.seed] = index
    seeds = sorted({each.seed for each in evidence.pictures})
    captions = range(len(evidence.captions))
    tables: dict[tuple[bool, Cell], Places] = {}
    for key in [(True, (WITHOUT, 0.0)), *sorted(found)]:
        try:
            rows = [[found[key][caption, seed] for seed in seeds] for caption in captions]
        except KeyError:
            (epoch, weight), trigger = key[1], "" if key[0] else " without the trigger"
            raise Problem(
                f"{ASKED}: pictures of epoch {epoch} with weight {weight}{trigger} are missing; "
                f"{AGAIN}"
            ) from None
        tables[key] = np.array(rows, np.intp).reshape(len(captions), len(seeds))
    return Grid(
        base=tables.pop((True, (WITHOUT, 0.0))),
        cells={cell: table for (trigger, cell), table in tables.items() if trigger},
        silent={cell: table for (trigger, cell), table in tables.items() if not trigger},
    )
