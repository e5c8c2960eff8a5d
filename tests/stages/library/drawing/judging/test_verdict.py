"""Which cell is advised: what is fit, what beats what, and what can't be told apart."""

from math import inf

import pytest

from stages.library.drawing.judging.estimates import Estimate
from stages.library.drawing.judging.verdict import Cell, Judged, Verdict, trigger_works, verdict

SURE = 0.05
"""The doubt of all figures here."""


def judged(closer: float, uniform: float = 0.0, copies: int = 0) -> Judged:
    return Judged(Estimate(-closer, SURE), Estimate(uniform, SURE), copies)


def advised(found: dict[Cell, Judged], recall: dict[Cell, float] | None = None) -> Verdict:
    """Return the verdict where every difference has the same doubt."""
    shown = recall or {}
    return verdict(
        found,
        lambda one, other: Estimate(found[one].closer.value - found[other].closer.value, SURE),
        lambda one, other: Estimate(shown.get(one, 1.0) - shown.get(other, 1.0), SURE),
    )


def test_the_earliest_epoch_at_the_lowest_weight_of_those_that_none_beats() -> None:
    found = advised(
        {
            (2, 0.8): judged(0.1),
            (8, 0.6): judged(0.31),
            (6, 1.0): judged(0.3),
            (6, 0.8): judged(0.33),
        }
    )
    assert found.cell == (6, 0.8)
    assert found.alike == [(6, 0.8), (6, 1.0), (8, 0.6)]


def test_what_is_not_closer_beyond_doubt_is_not_advised() -> None:
    found = advised({(2, 1.0): judged(0.04), (4, 1.0): judged(-0.2)})
    assert (found.cell, found.alike, found.closer) == (None, [], [])
    assert found.farther == [(4, 1.0)]


def test_what_goes_next_to_nothing_of_the_way_is_not_advised() -> None:
    sure = Judged(Estimate(-0.04, 0.01), Estimate(0.0, SURE), 0)
    found = advised({(2, 1.0): sure})
    assert (found.cell, found.closer, found.hardly) == (None, [(2, 1.0)], [(2, 1.0)])


def test_copies_and_collapse_are_never_advised_and_beat_nothing() -> None:
    found = advised(
        {(4, 1.0): judged(0.2), (6, 1.0): judged(0.6, copies=1), (8, 1.0): judged(0.5, uniform=0.9)}
    )
    assert found.alike == [(4, 1.0)]
    assert (found.suspicious, found.collapsed) == ([(6, 1.0)], [(8, 1.0)])
    assert advised({(6, 1.0): judged(0.6, copies=1)}).cell is None


def test_half_of_the_variety_may_go_before_it_is_called_a_collapse() -> None:
    assert not judged(0.2, uniform=0.45).has_collapsed
    assert judged(0.2, uniform=0.55).has_collapsed
    assert not Judged(Estimate(-1, 0), Estimate(0.9, 0.95), 0).has_collapsed, "by chance"


def test_of_what_is_as_close_that_which_shows_more_of_what_was_asked() -> None:
    found = {(4, 1.0): judged(0.3), (6, 1.0): judged(0.31), (8, 1.0): judged(0.1)}
    recall = {(4, 1.0): 0.5, (6, 1.0): 0.9, (8, 1.0): 1.0}
    assert advised(found, recall).alike == [(6, 1.0)]
    assert advised(found, {(4, 1.0): 0.87, (6, 1.0): 0.9}).cell == (4, 1.0), "within the doubt"


def test_there_is_always_an_advice_if_anything_is_fit() -> None:
    """Though each may be beaten in something by another."""
    found = {(2, 1.0): judged(0.3), (4, 1.0): judged(0.34), (6, 1.0): judged(0.38)}
    recall = {(2, 1.0): 0.9, (4, 1.0): 0.5, (6, 1.0): 0.1}
    assert advised(found, recall).cell == (4, 1.0)


@pytest.mark.parametrize(
    ("closer", "with_it", "works"),
    [
        (Estimate(-0.4, 0.1), Estimate(-0.3, 0.05), True),
        (Estimate(-0.4, 0.1), Estimate(-0.02, 0.05), False),
        (Estimate(-0.4, 0.1), Estimate(-0.08, 0.05), False),  # some, but less than half of it
        (Estimate(-0.4, 0.1), Estimate(-0.1, 0.2), None),
        (Estimate(-0.05, 0.1), Estimate(-0.02, 0.02), None),  # nothing was gained
        (Estimate(-0.4, inf), Estimate(-0.1, inf), None),
    ],
)
def test_a_trigger_works_if_the_style_goes_with_it(
    closer: Estimate, with_it: Estimate, works: bool | None
) -> None:
    assert trigger_works(closer, with_it) is works
