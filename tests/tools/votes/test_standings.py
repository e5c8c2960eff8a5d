"""A ranking with its doubt, alone and by what candidates have in common."""

import numpy as np
import pytest

from tests.support.voting import LORA, MODEL
from tools.votes.standings import (
    Ranking,
    leader,
    may_be_best,
    progress,
    worse,
)
from tools.votes.strength import Belief, Tally, believed
from tools.votes.vote import Candidate

NONE = Candidate("", MODEL, "", 0.0)
CANDIDATES = [
    NONE,
    *(Candidate(LORA, MODEL, epoch, weight) for epoch in ("2", "4") for weight in (0.6, 1.0)),
]


def tally(best: int, each: int) -> Tally:
    """Return votes of which one candidate won nearly all of its own, and the others were even."""
    wins, ties = np.full((5, 5), each / 2), np.zeros((5, 5))
    wins[best], wins[:, best] = each * 0.9, each * 0.1
    np.fill_diagonal(wins, 0)
    return Tally(wins, ties)


def test_the_best_leads_and_the_others_are_known_to_be_behind() -> None:
    votes = tally(3, 40)
    belief = believed(votes)
    assert leader(belief) == 3
    assert may_be_best(belief) == [False, False, False, True, False]
    rows = Ranking(belief, votes, CANDIDATES).single()
    assert rows[0].candidates == (CANDIDATES[3],)
    assert [row.may_be_best for row in rows] == [True, False, False, False, False]
    assert (rows[0].won, rows[0].lost, rows[0].tied, rows[0].votes) == (144, 16, 0, 160)
    for row in rows:
        assert 0 <= row.low < row.share < row.high <= 1
    assert rows[0].low > max(row.high for row in rows[1:])
    assert np.mean([row.share for row in rows]) == pytest.approx(0.5)


def test_without_votes_all_may_be_best_and_it_is_not_enough() -> None:
    none = Tally(np.zeros((5, 5)), np.zeros((5, 5)))
    now = progress(believed(none), none.count)
    assert (now.votes, now.candidates, now.may_be_best) == (0, 5, 5)
    assert not now.enough
    assert now.sure < 0.6


def test_a_few_votes_are_not_enough_and_many_are() -> None:
    few, many = (progress(believed(votes), votes.count) for votes in (tally(3, 2), tally(3, 40)))
    assert (few.enough, many.enough) == (False, True)
    assert few.may_be_best > many.may_be_best == 1


def test_many_ties_are_enough_though_nobody_is_ahead() -> None:
    ties = np.full((3, 3), 60.0)
    np.fill_diagonal(ties, 0)
    now = progress(believed(Tally(np.zeros((3, 3)), ties)), 180)
    assert now.enough
    assert now.may_be_best == 3


def test_what_is_best_is_worse_than_nothing() -> None:
    belief = Belief(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([-50.0, -50.0]))
    assert worse(belief, 0) == pytest.approx([0.0, 0.46], abs=0.01)


def test_groups_have_what_their_candidates_have_on_average() -> None:
    votes = tally(3, 40)
    belief = believed(votes)
    ranking = Ranking(belief, votes, CANDIDATES)
    single = {row.candidates[0]: row.share for row in ranking.single()}
    rows = ranking.grouped(lambda candidate: candidate.epoch)
    assert [row.candidates[0].epoch for row in rows] == ["4", "2"]
    assert rows[0].share == pytest.approx((single[CANDIDATES[3]] + single[CANDIDATES[4]]) / 2)
    assert NONE not in (*rows[0].candidates, *rows[1].candidates)


def test_votes_within_a_group_say_nothing_of_it() -> None:
    wins = np.zeros((5, 5))
    wins[1, 2], wins[1, 3], wins[3, 2] = 5, 7, 2  # 2 at 0.6 and 1.0, 4 at 0.6
    votes = Tally(wins, np.zeros((5, 5)))
    ranking = Ranking(believed(votes), votes, CANDIDATES)
    second, fourth = ranking.grouped(lambda each: each.epoch)
    assert (second.won, second.lost) == (7, 2)
    assert (fourth.won, fourth.lost) == (2, 7)


def test_what_all_have_in_common_is_no_table() -> None:
    votes = tally(3, 4)
    assert Ranking(believed(votes), votes, CANDIDATES).grouped(lambda each: each.lora) == []
