"""What the votes say: who may be best, whether they are enough, and a ranking with its doubt."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from tools.votes.pool import Pool
from tools.votes.strength import Belief, Floats, Tally, chances, preferred
from tools.votes.vote import Candidate, Vote

WORSE = 0.2
"""By how much more often than the other way round something may be preferred to what is taken: at
most 6 times in 10. To find what is better by less takes many hundred votes."""

SURE = 0.95

INTERVAL = (0.025, 0.975)
"""Within it the truth is 95 times in 100."""


@dataclass(frozen=True)
class Progress:
    """How far the votes have come, without telling of what."""

    votes: int  # that count
    candidates: int
    may_be_best: int
    sure: float  # how sure it is that nothing is preferred to the leader 6 times in 10: 0 to 1

    @property
    def enough(self) -> bool:
        return self.sure >= SURE


@dataclass(frozen=True)
class Standing:
    """A candidate, or several with something in common, and how often it is preferred."""

    candidates: tuple[Candidate, ...]
    share: float  # how often it is preferred to another one of the candidates, 0 to 1
    low: float
    high: float
    won: int
    lost: int
    tied: int
    may_be_best: bool

    @property
    def votes(self) -> int:
        return self.won + self.lost + self.tied


def leader(belief: Belief) -> int:
    """Return the candidate that is strongest on the whole."""
    return int(belief.strengths.mean(axis=0).argmax())


def may_be_best(belief: Belief) -> list[bool]:
    """Return of which candidates the leader is not known to be stronger."""
    ahead = belief.strengths[:, [leader(belief)]] > belief.strengths
    return [bool(share < SURE) for share in ahead.mean(axis=0)]


def worse(belief: Belief, one: int) -> Floats:
    """Return how much more often the best is preferred to `one` than `one` to it, by draw."""
    best = belief.strengths.max(axis=1)
    win, loss, _ = chances(best - belief.strengths[:, one], belief.tie)
    return np.asarray(win - loss)


def progress(belief: Belief, votes: int) -> Progress:
    """Return how far so many votes have come."""
    sure = float((worse(belief, leader(belief)) <= WORSE).mean())
    return Progress(votes, belief.strengths.shape[1], sum(may_be_best(belief)), sure)


class Ranking:
    """What votes say of candidates, one by one or several together."""

    def __init__(self, belief: Belief, tally: Tally, candidates: Sequence[Candidate]) -> None:
        self.tally = tally
        self.places = {candidate: place for place, candidate in enumerate(candidates)}
        self.shares = preferred(belief)
        self.best = may_be_best(belief)

    def single(self) -> list[Standing]:
        """Return the candidates, the most preferred first."""
        return self.of([(candidate,) for candidate in self.places])

    def grouped(self, by: Callable[[Candidate], str]) -> list[Standing]:
        """Return groups of candidates, as those of an epoch; none if all are in one.

        What draws without a LoRA is in none.
        """
        groups: dict[str, tuple[Candidate, ...]] = {}
        for candidate in self.places:
            if candidate.weight:
                groups[by(candidate)] = (*groups.get(by(candidate), ()), candidate)
        return self.of(groups.values()) if len(groups) > 1 else []

    def of(self, groups: Iterable[tuple[Candidate, ...]]) -> list[Standing]:
        """Return what each group's candidates have on average, the most preferred group first."""
        return sorted(map(self.standing, groups), key=attrgetter("share"), reverse=True)

    def standing(self, group: tuple[Candidate, ...]) -> Standing:
        """Return how a group stands; votes within it say nothing of it, and are not counted."""
        of = [self.places[candidate] for candidate in group]
        others = [place for place in self.places.values() if place not in of]
        shares = self.shares[:, of].mean(axis=1)
        low, high = np.quantile(shares, INTERVAL)
        return Standing(
            group,
            float(shares.mean()),
            float(low),
            float(high),
            won=int(self.tally.wins[np.ix_(of, others)].sum()),
            lost=int(self.tally.wins[np.ix_(others, of)].sum()),
            tied=int(self.tally.ties[np.ix_(of, others)].sum()),
            may_be_best=any(self.best[place] for place in of),
        )


def voters(votes: Iterable[Vote], pool: Pool) -> dict[str, int]:
    """Return how many of the votes that count are whose, the most first."""
    counts: dict[str, int] = {}
    for vote in votes:
        if {vote.left.candidate, vote.right.candidate} <= pool.places.keys():
            counts[vote.who] = counts.get(vote.who, 0) + 1
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))
