"""Figures with their doubt: the intervals of textbooks, and silence where samples are few."""

from math import inf, sqrt

import numpy as np
import pytest

from stages.library.drawing.judging.estimates import (
    FEWEST,
    Estimate,
    Sampled,
    mean_of,
    ratio_of,
    spread_of_t,
)

VALUES = np.array([3.0, 1, 4, 1, 5, 9, 2, 6])


@pytest.mark.parametrize(
    ("freedom", "doubt", "table"),
    [
        *[(4, 0.05, 2.776), (9, 0.05, 2.262), (29, 0.05, 2.045), (120, 0.05, 1.980)],
        *[(8, 0.01, 3.355), (5, 0.001, 6.869), (11, 0.001, 4.437), (40, 0.001, 3.551)],
    ],
)
def test_students_t_is_that_of_the_tables(freedom: int, doubt: float, table: float) -> None:
    """Abramowitz and Stegun, table 26.10."""
    assert spread_of_t(freedom, doubt) == pytest.approx(table, rel=0.01)


def test_the_interval_of_a_mean_is_the_textbooks() -> None:
    found = mean_of(VALUES).estimate()
    error = VALUES.std(ddof=1) / sqrt(len(VALUES))
    assert found.value == pytest.approx(VALUES.mean())
    assert found.doubt == pytest.approx(2.365 * error, rel=0.001)


def test_what_is_not_known_of_a_caption_counts_for_nothing() -> None:
    with_gaps = np.append(VALUES, [np.nan, np.nan])
    assert mean_of(with_gaps).estimate() == mean_of(VALUES).estimate()
    assert mean_of(np.full(9, np.nan)).estimate() == Estimate(0.0, inf)


@pytest.mark.parametrize("count", [0, 1, FEWEST - 1])
def test_of_too_few_nothing_is_said_but_the_figure(count: int) -> None:
    assert mean_of(VALUES[:count]).estimate().doubt == inf
    assert mean_of(VALUES[:FEWEST]).estimate().doubt < inf


def test_those_that_are_compared_share_the_doubt() -> None:
    alone, many = mean_of(VALUES).estimate(), mean_of(VALUES).estimate(compared=15)
    assert many.doubt / alone.doubt == pytest.approx(spread_of_t(7, 0.05 / 15) / spread_of_t(7))


def test_beyond_doubt_is_when_the_interval_leaves_0_out() -> None:
    assert [Estimate(0.3, 0.2).above, Estimate(0.3, 0.3).above] == [True, False]
    assert [Estimate(-0.3, 0.2).below, Estimate(-0.3, 0.3).below] == [True, False]
    assert not Estimate(0.3, 0.2).below
    assert not Estimate(0.0, 0.0).above


def test_a_ratio_of_means_is_left_out_together() -> None:
    to = VALUES + 2
    found = ratio_of(VALUES, to)
    assert found.value == pytest.approx(VALUES.sum() / to.sum())
    without = [np.delete(VALUES, at).sum() / np.delete(to, at).sum() for at in range(len(to))]
    assert found.captions == pytest.approx(without)
    assert ratio_of(VALUES, np.zeros(8)).estimate().doubt == inf


def test_the_difference_of_two_has_the_samples_of_both() -> None:
    one = Sampled(5.0, np.array([4.0, 6]), (np.array([1.0, 2, 3]),), 9)
    other = Sampled(1.0, np.array([1.5, 0.5]), (np.array([7.0]),), 6)
    found = one.less(other)
    assert (found.value, found.samples) == (4.0, 6)
    assert found.captions.tolist() == [2.5, 5.5]
    assert [each.tolist() for each in found.others] == [[0, 1, 2], [-2]]
