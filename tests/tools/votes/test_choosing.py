"""What is compared next: what may be best, and the right one wins in the end."""

import numpy as np
from numpy.typing import NDArray

from tools.votes.choosing import next_two
from tools.votes.standings import leader
from tools.votes.strength import Belief, Tally, believed, chances


def free(count: int) -> NDArray[np.bool_]:
    return ~np.eye(count, dtype=bool)


def belief(*strengths: float, draws: int = 200, spread: float = 0.01) -> Belief:
    chance = np.random.default_rng(2)
    normal = chance.standard_normal((draws, len(strengths)))
    return Belief(np.array(strengths) + spread * normal, np.full(draws, -1.0))


def test_the_two_that_may_be_best_meet() -> None:
    chance = np.random.default_rng(1)
    meet = {
        frozenset(next_two(belief(1, 1, 0, -1, spread=0.2), free(4), chance) or ())
        for _ in range(40)
    }
    assert frozenset((0, 1)) in meet
    assert all(3 not in two for two in meet)


def test_of_one_that_is_surely_best_the_strongest_other_meets_it() -> None:
    assert next_two(belief(3, 0, 1), free(3), np.random.default_rng(1)) == (0, 2)


def test_only_what_was_not_compared_yet_is_asked() -> None:
    left = free(3)
    left[0, 2] = left[2, 0] = False
    assert next_two(belief(3, 0, 1), left, np.random.default_rng(1)) == (0, 1)
    left[:] = False
    left[1, 2] = left[2, 1] = True
    assert set(next_two(belief(3, 0, 1), left, np.random.default_rng(1)) or ()) == {1, 2}
    assert next_two(belief(3, 0, 1), free(3) & False, np.random.default_rng(1)) is None


def test_a_hidden_preference_is_found() -> None:
    """The right one of 7 leads after 80 votes, in nearly all of 12 trials."""
    truth, right = np.array([0, 0.5, 1, 2, 1, 0.5, 0]), 0
    for seed in range(12):
        chance = np.random.default_rng(seed)
        order = chance.permutation(7)
        hidden, wins, ties = truth[order], np.zeros((7, 7)), np.zeros((7, 7))
        for _ in range(80):
            now = believed(Tally(wins, ties), 200, int(chance.integers(2**32)))
            one, other = next_two(now, free(7), chance) or (0, 1)
            odds = chances(hidden[one] - hidden[other], -1.0)
            outcome = chance.choice(3, p=[float(each) for each in odds])
            if outcome == 2:
                ties[one, other] += 1
                ties[other, one] += 1
            else:
                wins[(one, other) if outcome == 0 else (other, one)] += 1
        right += leader(believed(Tally(wins, ties))) == hidden.argmax()
    assert right >= 10
