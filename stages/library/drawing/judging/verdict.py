"""Which epoch and weight to take: with its reasons, and with its doubt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stages.library.drawing.judging.estimates import Estimate

COLLAPSED = 0.5
"""The share of the base model's variety whose loss is told: half of it."""

LEAST = 0.05
"""The share of the way from the base model to the drawings that is worth a LoRA.

Whatever it changes, a LoRA changes in all pictures alike: one of small random weights, drawn by a
real WebUI, came 1.6 % of the way, beyond doubt.
"""

Cell = tuple[int, float]
"""Number of the epoch, weight of the LoRA."""

Compare = Callable[[Cell, Cell], Estimate]


@dataclass(frozen=True)
class Judged:
    """What is known of an epoch at a weight."""

    closer: Estimate  # how much farther than the base model, as a share of its way; below 0: closer
    uniform: Estimate  # how much less its pictures vary than the base model's, as a share
    copies: int  # pictures that may be copies of a drawing

    @property
    def has_collapsed(self) -> bool:
        """Whether its pictures of a caption differ by less than half of what is usual."""
        return self.uniform.above and self.uniform.value > COLLAPSED


@dataclass(frozen=True)
class Verdict:
    """The advice: an epoch at a weight, and all that can't be told apart from it."""

    cell: Cell | None  # None: none is better than the base model, or all are suspicious
    alike: list[Cell]  # with the one above, by epoch and weight
    closer: list[Cell]  # than the base model, beyond doubt
    hardly: list[Cell]  # of these, what went too little of the way
    farther: list[Cell]  # likewise
    suspicious: list[Cell]  # with pictures that may be copies
    collapsed: list[Cell]


def verdict(judged: Mapping[Cell, Judged], farther: Compare, fuller: Compare) -> Verdict:
    """Return the earliest epoch at the lowest weight that nothing beats, of those fit to be taken.

    Fit is what is closer to the drawings than the base model, by `LEAST` of its way, shows no copy
    and has not collapsed. One beats another that is `farther` from the drawings beyond doubt; and
    of those that none beats so, one that shows what was asked `fuller` beats another.
    """
    suspicious = sorted(cell for cell, each in judged.items() if each.copies)
    collapsed = sorted(cell for cell, each in judged.items() if each.has_collapsed)
    closer = sorted(cell for cell, each in judged.items() if each.closer.below)
    hardly = [cell for cell in closer if judged[cell].closer.value > -LEAST]
    unfit = {*suspicious, *collapsed, *hardly}
    fit = [cell for cell in closer if cell not in unfit]
    near = [cell for cell in fit if not any(farther(cell, other).above for other in fit)]
    alike = [cell for cell in near if not any(fuller(other, cell).above for other in near)]
    return Verdict(
        cell=alike[0] if alike else None,
        alike=alike,
        closer=closer,
        hardly=hardly,
        farther=sorted(cell for cell, each in judged.items() if each.closer.above),
        suspicious=suspicious,
        collapsed=collapsed,
    )


def trigger_works(closer: Estimate, with_it: Estimate) -> bool | None:
    """Return whether the style comes with the trigger; None if that can't be told.

    `closer` is how much farther from the drawings than the base model, `with_it` than the same
    prompts without the trigger. It doesn't where at most half of what was gained goes with it.
    """
    least = with_it.value - with_it.doubt
    if closer.below and least > closer.value / 2:
        return False
    return True if with_it.below else None
