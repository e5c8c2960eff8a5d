"""How strong candidates are, by votes: Bradley and Terry's model, with Davidson's ties.

Of two candidates whose strengths differ by d the stronger is preferred exp(d) times as often as
the other: chances are as exp(d/2) to exp(-d/2), and a tie's, in between, as exp(t), with one t for
all. R. A. Bradley and M. E. Terry, Rank analysis of incomplete block designs, Biometrika 39 (1952);
R. R. Davidson, On extending the Bradley-Terry model to accommodate ties, JASA 65 (1970).

A tie is no half win for each: the strengths would be nearly the same, but of many ties, which say
that two are alike, their doubt would be as large as of votes that go either way.

What is believed before any vote: strengths are normal around 0, how far is not known (SPREADS).
Without that, who never lost would be endlessly strong. What the votes then leave possible is
sampled (normal around the likeliest: Laplace), so that all that is said comes from one source.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SPREADS = (1.0, 2.0, 4.0)
"""How far strengths may be spread; votes say which it is. At 1 two of three votes agree, at 4
nearly all."""

TIE, TIE_SPREAD = -1.0, 1.5
"""What is believed of a tie's t: one of six votes among equals, but it may be few or most."""

DRAWS = 4000

CLOSE = 1e-9
"""A step by which nothing is nearer to the likeliest."""

LONGEST_STEP = 2.0
STEPS = 100


@dataclass(frozen=True)
class Tally:
    """What came of all votes between candidates, each array of shape (candidates, candidates)."""

    wins: Floats  # [i, j]: how often i was preferred to j
    ties: Floats  # both ways

    @property
    def count(self) -> int:
        """The number of votes."""
        return round(float(self.wins.sum() + self.ties.sum() / 2))


@dataclass(frozen=True)
class Belief:
    """What the votes leave possible: strengths, and t, that are all as likely."""

    strengths: Floats  # shape (draws, candidates)
    tie: Floats  # shape (draws,)


def chances(differences: Floats, tie: Floats | float) -> tuple[Floats, Floats, Floats]:
    """Return the chances of win, loss and tie where strengths differ so.

    >>> [round(float(chance), 2) for chance in chances(np.array(1.0), -50.0)]
    [0.73, 0.27, 0.0]
    """
    half = differences / 2
    highest = np.maximum(np.abs(half), tie)
    win, loss = np.exp(half - highest), np.exp(-half - highest)
    neither = np.exp(tie - highest)
    total = win + loss + neither
    return win / total, loss / total, neither / total


def believed(tally: Tally, draws: int = DRAWS, seed: int = 0) -> Belief:
    """Return what votes leave possible; the same votes, in any order, leave the same."""
    chance = np.random.default_rng(seed)
    candidates = len(tally.wins)
    fits = [_likeliest(tally, spread) for spread in SPREADS]
    weights = np.exp(np.array([fit.evidence for fit in fits]) - max(fit.evidence for fit in fits))
    found = np.concatenate(
        [
            fit.mean + chance.standard_normal((times, candidates + 1)) @ fit.root.T
            for fit, times in zip(fits, _shares(weights, draws), strict=True)
        ]
    )
    return Belief(found[:, :-1], found[:, -1])


def _shares(weights: Floats, draws: int) -> list[int]:
    """Return how many of the draws each gets."""
    ends = np.round(np.cumsum(weights / weights.sum()) * draws).astype(int)
    return [int(share) for share in np.diff(ends, prepend=0)]


@dataclass(frozen=True)
class _Fit:
    """The likeliest strengths and t, a root of their covariance, and how well they explain all."""

    mean: Floats
    root: Floats
    evidence: float


def _likeliest(tally: Tally, spread: float) -> _Fit:
    """Return the likeliest strengths if they are spread so, by Newton's method: it has one top."""
    count, wins, ties = len(tally.wins), tally.wins, tally.ties
    voted = wins + wins.T + ties
    before = np.append(np.full(count, spread**-2), TIE_SPREAD**-2)
    at, start = np.append(np.zeros(count), TIE), np.append(np.zeros(count), TIE)
    for _ in range(STEPS):
        win, loss, tie = _chances_at(at)
        margin = win - loss
        slope = -before * (at - start)
        slope[:-1] += (wins - wins.T - voted * margin).sum(axis=1) / 2
        slope[-1] += (ties - voted * tie).sum() / 2
        weights = voted * (win + loss - margin**2) / 4
        bend = np.diag(before)
        bend[:-1, :-1] += np.diag(weights.sum(axis=1)) - weights
        bend[:-1, -1] = bend[-1, :-1] = -(voted * margin * tie).sum(axis=1) / 2
        bend[-1, -1] += (voted * tie * (1 - tie)).sum() / 2
        step = np.linalg.solve(bend, slope)
        longest = float(np.abs(step).max())
        if longest < CLOSE:
            break
        at = at + step * min(1.0, LONGEST_STEP / longest)
    covariance = np.linalg.inv(bend)
    root = np.asarray(np.linalg.cholesky((covariance + covariance.T) / 2), np.float64)
    win, _, tie = _chances_at(at)
    explained = float((wins * np.log(win)).sum() + (ties * np.log(tie)).sum() / 2)
    unlikely = float((before * (at - start) ** 2).sum()) / 2 + count * float(np.log(spread))
    return _Fit(at, root, explained - unlikely + float(np.log(np.diag(root)).sum()))


def _chances_at(at: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the chances of win, loss and tie between each two, for strengths and t."""
    return chances(at[:-1, None] - at[None, :-1], float(at[-1]))


def preferred(belief: Belief) -> Floats:
    """Return how often each is preferred to another of them, 0 to 1, shape (draws, candidates).

    A tie is half of each. Of a single candidate it is a half.
    """
    count = belief.strengths.shape[1]
    if count == 1:
        return np.full(belief.strengths.shape, 0.5)
    # as `chances`, but exp is taken once of each, and not of each two
    root = np.exp(belief.strengths / 2)
    square, tie = root**2, np.exp(belief.tie)[:, None]
    margins = [
        (
            (square[:, [one]] - square) / (square[:, [one]] + square + tie * root[:, [one]] * root)
        ).sum(axis=1)
        for one in range(count)
    ]
    return np.asarray(0.5 + np.stack(margins, axis=1) / (2 * (count - 1)))
