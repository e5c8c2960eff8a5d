"""Which two candidates are compared next: the two of which the votes say least who is best.

Top-two Thompson sampling: strengths are drawn that the votes leave possible, until two draws have
different candidates at the top; those two meet. So what may be best is asked of often, and what
has lost enough no more. D. Russo, Simple Bayesian algorithms for best-arm identification,
Operations Research 68 (2020); for duels: H. Wu and X. Liu, Double Thompson sampling for dueling
bandits, NeurIPS 29 (2016).
"""

import numpy as np
from numpy.typing import NDArray

from tools.votes.strength import Belief


def next_two(
    belief: Belief, free: NDArray[np.bool_], chance: np.random.Generator
) -> tuple[int, int] | None:
    """Return two candidates to compare; None where nothing is left to compare.

    `free` has shape (candidates, candidates): which two have pictures that were not compared yet.
    """
    if not free.any():
        return None
    tops = belief.strengths[chance.permutation(len(belief.strengths))].argmax(axis=1)
    for first in dict.fromkeys(int(top) for top in tops):
        if not free[first].any():
            continue
        for other in dict.fromkeys(int(top) for top in tops):
            if free[first, other]:
                return first, other
        strongest = np.where(free[first], belief.strengths.mean(axis=0), -np.inf)
        return first, int(strongest.argmax())
    pairs = np.argwhere(free)
    first, other = pairs[chance.integers(len(pairs))]
    return int(first), int(other)
