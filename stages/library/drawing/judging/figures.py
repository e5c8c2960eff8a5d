"""What DVC compares of judgements: figures and a table in judged.json, and a plot."""

from math import isfinite

from stages.library.common.tables import as_csv
from stages.library.drawing.judging.estimates import NOTHING, Estimate
from stages.library.drawing.judging.judgement import Judgement, Row
from stages.library.drawing.judging.verdict import Cell
from stages.library.drawing.orders import weight_text

HEAD = ("epoch", "weight", "closer", "low", "high")
"""Of the plot's table."""

DIGITS = 4
"""After the point, as written: what differs in less is the same."""


def rounded(value: float) -> float | None:
    """Return a figure as it is written; None for what isn't known.

    >>> rounded(0.61803), rounded(-0.00001), rounded(float("inf"))
    (0.618, 0.0, None)
    """
    return round(value, DIGITS) + 0.0 if isfinite(value) else None


def figures(judgement: Judgement | None) -> dict[str, object]:
    """Return judged.json: few figures, each a column of `dvc exp show`, and a table of all cells.

    DVC shows numbers and texts, and passes over lists: the table is for readers of the file.
    """
    if judgement is None:
        return {"take": "nothing was drawn"}
    cell = judgement.verdict.cell if judgement.can_tell else None
    known: dict[str, object] = {"take": taken(judgement, cell)}
    if cell:
        gone = judgement.near.way(judgement.rows[cell].farther)
        known |= {"closer": rounded(gone.value), "closer_doubt": rounded(gone.doubt)}
    known |= {
        "copies": len({pair.picture for pair in judgement.pairs if pair.nearest.is_suspicious}),
        "judged_on": "held out" if judgement.on_held_out else "training, rewards copying",
        "captions_judged": judgement.captions,
    }
    base = {
        "epoch": 0,
        "weight": 0.0,
        "distance": rounded(judgement.near.base.value),
        "recall": rounded(judgement.recall),
        "precision": rounded(judgement.precision),
    }
    return known | {
        "cells": [base, *(of_cell(judgement, *each) for each in judgement.rows.items())]
    }


def taken(judgement: Judgement, cell: Cell | None) -> str:
    """Return in few words which cell is advised.

    `none`: there is none to advise; `unclear`: that can't be told.
    """
    if cell:
        return f"{cell[0]} at {weight_text(cell[1])}"
    found = judgement.verdict
    known = found.closer or found.farther or judgement.unchanged
    return "none" if judgement.can_tell and known else "unclear"


def of_cell(judgement: Judgement, cell: Cell, row: Row) -> dict[str, object]:
    """Return a cell's figures by name; what is known beyond doubt stands in `verdict`."""
    found, trained = judgement.verdict, judgement.trained
    told = {
        "advised": cell == found.cell,
        "as good": cell in found.alike and cell != found.cell,
        "closer": cell in found.closer,
        "farther": cell in found.farther,
        "copies": row.copied > 0,
        "collapsed": cell in found.collapsed,
        "by heart": row.is_by_heart,
    }
    return {
        "epoch": cell[0],
        "weight": cell[1],
        **with_doubt("closer", judgement.near.way(row.farther)),
        **with_doubt("closer_to_trained", trained.way(row.farther_trained) if trained else NOTHING),
        **with_doubt("by_heart", judgement.near.share(row.by_heart)),
        "recall": rounded(row.recall),
        "precision": rounded(row.precision),
        **with_doubt("less_recall", row.less_recall),
        **with_doubt("less_variety", row.uniform),
        "copies": row.copied,
        "told": [name for name, holds in told.items() if holds],
    }


def with_doubt(name: str, estimate: Estimate) -> dict[str, object]:
    """Return a figure and its doubt; neither if it isn't known."""
    doubt = rounded(estimate.doubt)
    return {name: None if doubt is None else rounded(estimate.value), f"{name}_doubt": doubt}


def plotted(judgement: Judgement | None) -> str:
    """Return the table of a plot: how close each epoch and weight is, with its interval.

    It begins with the base model, from which the others are measured: of an empty table DVC makes
    an error.
    """
    rows: list[tuple[object, ...]] = [(0, weight_text(0), 0.0, 0.0, 0.0)]
    if judgement is None:
        return as_csv(HEAD, rows)
    for (epoch, weight), row in judgement.rows.items():
        gone = judgement.near.way(row.farther)
        if isfinite(gone.doubt):
            ends = (gone.value, gone.value - gone.doubt, gone.value + gone.doubt)
            rows.append((epoch, weight_text(weight), *map(rounded, ends)))
    return as_csv(HEAD, rows)
