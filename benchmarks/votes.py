"""Measure the votes: how soon the right one leads, and how often the interval holds the truth.

A voter with a hidden taste votes on 13 candidates, whose strengths fall off around a best epoch and
weight, have nothing to do with each other, or are all the same. A third of the votes between
equals are ties.

    python -m benchmarks.votes --trials 60
"""

import sys
from collections.abc import Callable
from itertools import product
from multiprocessing import Pool
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.cores import usable_cores
from stages.library.common.values import whole
from tools.votes.choosing import next_two
from tools.votes.session import WITHIN
from tools.votes.standings import INTERVAL, WORSE, leader, progress
from tools.votes.strength import Belief, Floats, Tally, believed, chances, preferred

TIE = 0.0
"""A third of the votes between equals."""

SCENES = 24
"""Prompts times seeds: so often can two meet."""

LOOKS = (20, 40, 60, 100, 150)
"""After so many votes it is looked at what they say."""

Chance = np.random.Generator


def hump(chance: Chance) -> Floats:
    """Return strengths of 4 epochs x 3 weights around the best, and of the base model."""
    epoch, weight = chance.integers(4), chance.integers(3)
    cells = product(range(4), range(3))
    with_lora = [-0.5 * abs(e - epoch) - 0.5 * abs(w - weight) for e, w in cells]
    return np.array([*with_lora, -2.5])


def any_(chance: Chance) -> Floats:
    """Return strengths of 13 candidates that have nothing to do with each other."""
    return np.asarray(chance.normal(0, 1, 13))


def large(chance: Chance) -> Floats:
    """Return the same, twice as far apart."""
    return np.asarray(chance.normal(0, 2, 13))


def alike(_: Chance) -> Floats:
    """Return strengths that are all the same."""
    return np.zeros(13)


def noisy(chance: Chance) -> Floats:
    """Return the same as of `hump`; single pictures are besides better or worse by chance."""
    return hump(chance)


TRUTHS: dict[str, Callable[[Chance], Floats]] = {
    "around a best": hump,
    "around a best, pictures differ": noisy,
    "any": any_,
    "any, far apart": large,
    "all alike": alike,
}

LUCK = 0.8
"""By how much pictures of the same candidate differ, where they do."""


def random_two(_: Belief, free: NDArray[np.bool_], chance: Chance) -> tuple[int, int] | None:
    """Return any two candidates."""
    pairs = np.argwhere(free)
    first, other = pairs[chance.integers(len(pairs))]
    return int(first), int(other)


RULES = {"chosen": next_two, "at random": random_two}


class Look(NamedTuple):
    """What so many votes say, beside the truth."""

    right: bool  # the leader is the best there is
    regret: float  # how much more often the best is preferred to the leader than otherwise
    covered: float  # the share of candidates whose interval holds the truth
    width: float
    enough: bool


def truth_of(strengths: Floats, luck: float, chance: Chance) -> Floats:
    """Return how often each is preferred to another, truly: over all pictures it could draw."""
    drawn = strengths + luck * chance.standard_normal((4000, len(strengths)))
    return np.asarray(preferred(Belief(drawn, np.full(len(drawn), TIE))).mean(axis=0))


def trial(truth: str, rule: str, seed: int) -> list[Look]:
    """Vote once, and look now and then."""
    chance = np.random.default_rng([seed, len(truth)])
    strengths = TRUTHS[truth](chance)
    count = len(strengths)
    spread = LUCK if TRUTHS[truth] is noisy else 0.0
    luck = spread * chance.standard_normal((count, SCENES))
    met = np.zeros((count, count, SCENES), bool)
    tally, looks = Tally(np.zeros((count, count)), np.zeros((count, count))), []
    shares = truth_of(strengths, spread, chance)
    for votes in range(1, max(LOOKS) + 1):
        free = ~met.all(axis=2) & ~np.eye(count, dtype=bool)
        belief = believed(tally, WITHIN, int(chance.integers(2**32)))
        first, other = RULES[rule](belief, free, chance) or (0, 1)
        scene = chance.choice(np.flatnonzero(~met[first, other]))
        met[first, other, scene] = met[other, first, scene] = True
        ahead = strengths[first] + luck[first, scene] - strengths[other] - luck[other, scene]
        outcome = chance.choice(3, p=np.array(chances(ahead, TIE)))
        if outcome == 2:
            tally.ties[first, other] += 1
            tally.ties[other, first] += 1
        else:
            tally.wins[(first, other) if outcome == 0 else (other, first)] += 1
        if votes in LOOKS:
            looks.append(look(believed(tally), strengths, shares, votes))
    return looks


def look(belief: Belief, strengths: Floats, shares: Floats, votes: int) -> Look:
    low, high = np.quantile(preferred(belief), INTERVAL, axis=0)
    ahead = leader(belief)
    win, loss, _ = chances(strengths.max() - strengths[ahead], TIE)
    return Look(
        right=bool(strengths[ahead] == strengths.max()),
        regret=float(win - loss),
        covered=float(((low <= shares) & (shares <= high)).mean()),
        width=float((high - low).mean()),
        enough=progress(belief, votes).enough,
    )


def measure(trials: int) -> None:
    """Print a table of every truth and rule."""
    head = ("truth", "pairs", "votes", "right one leads", "regret", "interval holds", "width")
    print(f"| {' | '.join(head)} | enough | wrongly |\n|{'---|' * 9}")
    with Pool(usable_cores()) as pool:
        for truth, rule in product(TRUTHS, RULES):
            found = pool.starmap(trial, [(truth, rule, seed) for seed in range(trials)])
            for place, votes in enumerate(LOOKS):
                looks = [each[place] for each in found]
                right, regret, covered, width, enough = np.mean(looks, axis=0)
                wrong = sum(each.enough and each.regret > WORSE for each in looks)
                shown = "–" if truth == "all alike" else f"{right:.0%}"
                print(
                    f"| {truth} | {rule} | {votes} | {shown} | {regret:.3f} | {covered:.1%} "
                    f"| {width:.2f} | {enough:.0%} | {wrong} |",
                    flush=True,
                )
        pool.close()
        pool.join()


def build_parser() -> Parser:
    parser = Parser("benchmarks.votes", __doc__)
    parser.add_argument("--trials", type=whole(1, 100_000), default=60, help="of each")
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), measure, argv)


if __name__ == "__main__":
    sys.exit(main())
