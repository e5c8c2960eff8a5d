"""The page of the judge: the advice with its reasons, and the pictures to see for oneself."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from markupsafe import Markup
from PIL import Image

from stages.library.common.html import policy, rendered, script, style
from stages.library.dataset.images import LANCZOS, thumbnail_size, webp_bytes
from stages.library.drawing.judging.chart import chart
from stages.library.drawing.judging.estimates import Estimate
from stages.library.drawing.judging.evidence import WITHOUT, Evidence, Picture
from stages.library.drawing.judging.judgement import Judgement, Pair
from stages.library.drawing.judging.verdict import Cell
from stages.library.drawing.judging.words import (
    NOTHING,
    ON_TRAINING,
    cell_name,
    cells_named,
    doubts,
    percent,
    reasons,
    trigger_in_words,
    verdict_in_words,
    way,
)
from stages.library.drawing.orders import weight_text

FOLDER = Path(__file__).with_suffix("")

SIDE_BY_SIDE = 4
"""Captions of which drawing and pictures stand side by side."""

MOST_COPIES = 24
"""Pairs that are shown; of more, the page says how many there are."""

NEAREST = 3
"""Pairs that are shown where none is suspicious."""


@dataclass(frozen=True)
class Shown:
    """What the page shows besides the figures."""

    evidence: Evidence
    pictures: Sequence[Path]  # the evidence's
    drawings: Sequence[Path]  # of the captions
    trained: Sequence[Path]  # drawings that were trained on, as pairs count them
    papers: Mapping[str, str]  # with what was judged
    builtin: bool  # the tagger is the builtin one, which sees colours only


@dataclass(frozen=True)
class Column:
    """What stands in a column beside the drawings: pictures of a cell."""

    cell: Cell
    trigger: bool


@dataclass(frozen=True)
class Together:
    """A picture and the drawing that it is nearest to."""

    picture: int
    drawing: int
    measures: list[str]  # by which they are near
    cells: list[Cell]  # at which pictures of the same caption are near to the same drawing


def render(judgement: Judgement | None, shown: Shown) -> str:
    """Return the page as one HTML file; without a judgement it says that nothing was drawn."""
    pairs = judgement.pairs if judgement else []
    css, code = style(FOLDER / "page.css"), script(FOLDER / "page.js")
    return rendered(
        FOLDER / "page.html.j2",
        policy=policy(css, code),
        style=Markup(css),
        script=Markup(code),
        judgement=judgement,
        shown=shown,
        said=verdict_in_words(judgement) if judgement else NOTHING,
        reasons=reasons(judgement) if judgement else [],
        doubts=doubts(judgement, shown.builtin) if judgement else [],
        on_training=ON_TRAINING,
        chart=chart(judgement) if judgement else None,
        columns=columns(judgement) if judgement else [],
        rows=min(SIDE_BY_SIDE, len(shown.evidence.captions)),
        places=places(shown.evidence),
        copies=together([each for each in pairs if each.nearest.is_suspicious], shown.evidence),
        nearest=together(pairs, shown.evidence)[:NEAREST],
        most=MOST_COPIES,
        cell_name=cell_name,
        cells_named=cells_named,
        percent=percent,
        way=way,
        plus_minus=plus_minus,
        trigger_in_words=trigger_in_words,
        weight_text=weight_text,
        thumbnail=thumbnail,
    )


def columns(judgement: Judgement) -> list[Column]:
    """Return what stands beside the drawings: without the LoRA, the advised cell, the last one.

    And the one that was also drawn without the trigger, both ways.
    """
    cells = [(WITHOUT, 0.0), judgement.verdict.cell, max(judgement.rows, default=None)]
    found = {Column(cell, trigger=True): None for cell in cells if cell}
    if judgement.trigger:
        found |= {Column(judgement.trigger.cell, trigger): None for trigger in (True, False)}
    return list(found)


def places(evidence: Evidence) -> dict[tuple[int, Cell, bool], int]:
    """Return which picture stands where, with the first seed: by caption, cell and trigger."""
    first = min((each.seed for each in evidence.pictures), default=0)
    return {
        (each.caption, cell_of(each), each.trigger): index
        for index, each in enumerate(evidence.pictures)
        if each.seed == first
    }


def together(pairs: Sequence[Pair], evidence: Evidence) -> list[Together]:
    """Return pairs of pictures and drawings, of a caption and a drawing the first alone."""
    found: dict[tuple[int, int], list[Pair]] = {}
    for pair in pairs:
        caption = evidence.pictures[pair.picture].caption
        found.setdefault((caption, pair.nearest.drawing), []).append(pair)
    return [
        Together(
            picture=alike[0].picture,
            drawing=alike[0].nearest.drawing,
            measures=list(dict.fromkeys(pair.measure for pair in alike)),
            cells=sorted({cell_of(evidence.pictures[pair.picture]) for pair in alike}),
        )
        for alike in found.values()
    ]


def cell_of(picture: Picture) -> Cell:
    return picture.epoch, float(picture.weight)


def plus_minus(estimate: Estimate, whole: float = 0.0) -> str:
    """Return a share with its doubt, taken from `whole`; a dash if it isn't known.

    >>> plus_minus(Estimate(0.124, 0.05)), plus_minus(Estimate(0.124, 0.05), whole=1)
    ('12 % ± 5', '88 % ± 5')
    """
    if not isfinite(estimate.doubt):
        return "–"
    value = whole - estimate.value if whole else estimate.value
    return f"{percent(value)} ± {round(100 * estimate.doubt)}"


def thumbnail(path: Path) -> str:
    """Return a picture, made small, as an address that holds it."""
    with Image.open(path, formats=("PNG",)) as picture:
        small = picture.convert("RGB").resize(thumbnail_size(*picture.size), LANCZOS)
    return f"data:image/webp;base64,{base64.b64encode(webp_bytes(small)).decode()}"
