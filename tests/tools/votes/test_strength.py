"""Strengths by votes: what was planted is found, and what means nothing changes nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tools.votes.strength import Belief, Floats, Tally, believed, chances, preferred


def tally(wins: list[list[float]], ties: list[list[float]] | None = None) -> Tally:
    count = len(wins)
    return Tally(np.array(wins, float), np.array(ties or np.zeros((count, count)), float))


def planted(strengths: list[float], each: int, tie: float, seed: int = 1) -> Tally:
    """Return what comes of so many votes between each two, drawn by chance."""
    chance, count = np.random.default_rng(seed), len(strengths)
    found = tally([[0.0] * count] * count)
    for one in range(count):
        for other in range(one + 1, count):
            odds = chances(np.array(strengths[one] - strengths[other]), tie)
            won, lost, tied = chance.multinomial(each, [float(each) for each in odds])
            found.wins[one, other], found.wins[other, one] = won, lost
            found.ties[one, other] = found.ties[other, one] = tied
    return found


def sd(belief: Belief) -> Floats:
    return np.asarray(belief.strengths.std(axis=0))


def test_planted_strengths_are_found() -> None:
    truth = [1.5, 0.5, 0.0, -2.0]
    belief = believed(planted(truth, 400, -0.5))
    found = belief.strengths - belief.strengths.mean(axis=1, keepdims=True)
    assert found.mean(axis=0) == pytest.approx(truth, abs=0.25)
    assert belief.tie.mean() == pytest.approx(-0.5, abs=0.15)


def test_without_votes_nobody_is_ahead_and_all_is_possible() -> None:
    belief = believed(tally([[0, 0, 0]] * 3))
    assert belief.strengths.mean(axis=0) == pytest.approx([0, 0, 0], abs=0.2)
    shares = preferred(belief)
    low, high = np.quantile(shares, (0.025, 0.975), axis=0)
    assert (low < 0.1).all()
    assert (high > 0.9).all()


def test_who_never_lost_is_not_endlessly_strong() -> None:
    belief = believed(tally([[0, 3], [0, 0]]))
    assert np.isfinite(belief.strengths).all()
    assert 0.5 < preferred(belief)[:, 0].mean() < 0.98


def test_chances_are_chances_however_far_apart() -> None:
    for difference in (0.0, 3.0, -3.0, 900.0, -900.0):
        win, loss, tie = chances(np.array(difference), -1.0)
        assert win + loss + tie == pytest.approx(1)
    assert chances(np.array(900.0), -1.0)[0] == pytest.approx(1)


def test_many_ties_say_that_two_are_alike_and_half_wins_would_not() -> None:
    """The reason for Davidson's model: with half a win for each, both had the same doubt."""
    tied = tally([[0, 1], [1, 0]], [[0, 38], [38, 0]])
    halves = tally([[0, 20], [20, 0]])
    doubt = [preferred(believed(each))[:, 0].std() for each in (tied, halves)]
    assert doubt[0] < doubt[1] / 2


def test_more_votes_leave_less_doubt() -> None:
    few, many = (believed(planted([1.0, 0.0, -1.0], each, -1.0)) for each in (10, 200))
    few_, many_ = (preferred(each).std(axis=0) for each in (few, many))
    assert (many_ < few_ / 2).all()


def test_how_often_one_is_preferred_is_its_chances_against_each_other() -> None:
    belief = believed(planted([1.0, 0.0, -1.0], 5, -1.0), draws=50)
    for one in range(3):
        others = np.delete(belief.strengths, one, axis=1)
        win, _, tie = chances(belief.strengths[:, [one]] - others, belief.tie[:, None])
        assert preferred(belief)[:, one] == pytest.approx((win + tie / 2).mean(axis=1))


def test_a_single_candidate_is_preferred_as_often_as_not() -> None:
    assert preferred(believed(tally([[0]]))).mean() == 0.5


COUNTS = st.integers(0, 6)


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    count = draw(st.integers(2, 5))
    wins = draw(arrays(np.int64, (count, count), elements=COUNTS)).astype(float)
    half = np.triu(draw(arrays(np.int64, (count, count), elements=COUNTS)), 1).astype(float)
    np.fill_diagonal(wins, 0)
    return Tally(wins, half + half.T)


@given(tallies())
def test_the_likeliest_is_found_whatever_the_votes(found: Tally) -> None:
    belief = believed(found, draws=200)
    assert np.isfinite(belief.strengths).all()
    assert belief.strengths.shape == (200, len(found.wins))


@given(tallies())
def test_names_mean_nothing(found: Tally) -> None:
    """Candidates in another order get the same strengths, but for what chance draws."""
    turned = Tally(found.wins[::-1, ::-1], found.ties[::-1, ::-1])
    one, other = believed(found), believed(turned)
    spread = sd(one).max()
    assert other.strengths.mean(axis=0)[::-1] == pytest.approx(
        one.strengths.mean(axis=0), abs=0.15 * max(1.0, spread)
    )
