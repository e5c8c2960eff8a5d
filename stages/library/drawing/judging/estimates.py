"""A figure and its doubt: the half-width of an interval that holds the truth 95 times in 100."""

from dataclasses import dataclass
from math import inf, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST = 5
"""Captions, or drawings, below which nothing is said: with fewer an interval is a guess."""

DOUBT = 0.05


@dataclass(frozen=True)
class Estimate:
    """A figure; the truth is within `doubt` of it, 95 times in 100. Endless doubt: too few."""

    value: float
    doubt: float

    @property
    def above(self) -> bool:
        """Whether the truth is above 0, beyond doubt."""
        return self.value > self.doubt

    @property
    def below(self) -> bool:
        """Whether the truth is below 0, beyond doubt."""
        return self.value < -self.doubt


NOTHING = Estimate(0.0, inf)
"""What is known where there is nothing to know it from."""


@dataclass(frozen=True)
class Sampled:
    """A figure, and what it would be without each of the samples that it was made of.

    Captions are one kind of them; `others` has the kinds that are none, such as drawings.
    """

    value: float
    captions: Floats  # the figure without each of them
    others: tuple[Floats, ...]
    samples: int  # of the scarcest kind

    def less(self, other: "Sampled") -> "Sampled":
        """Return the difference of figures of the same captions, but of other drawings."""
        return Sampled(
            self.value - other.value,
            self.captions - other.captions,
            (
                *(each - other.value for each in self.others),
                *(self.value - each for each in other.others),
            ),
            min(self.samples, other.samples),
        )

    def estimate(self, compared: int = 1) -> Estimate:
        """Return the figure with its doubt, by the jackknife.

        Unlike a bootstrap it draws nothing at random, and of few samples it says too little no
        more often (benchmarks). Of figures that are `compared` with each other, each gets a share
        of the doubt: all intervals together hold 95 times in 100.

        Source: Efron and Stein, The jackknife estimate of variance, Annals of Statistics 9 (1981).
        """
        if self.samples < FEWEST:
            return Estimate(self.value, inf)
        variance = sum(
            (len(each) - 1) / len(each) * float(np.square(each - each.mean()).sum())
            for each in (self.captions, *self.others)
            if len(each) > 1
        )
        far = spread_of_t(len(self.captions) - 1, DOUBT / compared)
        return Estimate(self.value, far * sqrt(variance))


def spread_of_t(freedom: float, doubt: float = DOUBT) -> float:
    """Return how many standard errors either side of a mean hold the truth, but for `doubt`.

    The quantile of Student's t by its expansion in the normal one: Abramowitz and Stegun,
    Handbook of Mathematical Functions (1964), 26.7.5. Within 1 % for a doubt of 0.05 from 3 degrees
    of freedom on, for one of 0.001 from 5 on, for one of 0.00002 from 8 on; with fewer it is too
    small.

    >>> round(spread_of_t(9), 2), round(spread_of_t(39), 2)
    (2.26, 2.02)
    """
    z = NormalDist().inv_cdf(1 - doubt / 2)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return float(z + sum(term / freedom**power for power, term in enumerate(terms, start=1)))


def mean_of(values: Floats) -> Sampled:
    """Return the mean of some values, one of each caption; those that are nan count for none.

    >>> mean_of(np.array([1.0, 2, 3, 4, 5])).value
    3.0
    """
    known = values[~np.isnan(values)]
    count = len(known)
    if not count:
        return Sampled(0.0, known, (), 0)
    mean = float(known.mean())
    return Sampled(mean, (mean * count - known) / max(1, count - 1), (), count)


def ratio_of(values: Floats, to: Floats) -> Sampled:
    """Return the mean of some values as a share of the mean of others, of the same captions.

    >>> ratio_of(np.array([1.0, 2, 3]), np.array([2.0, 2, 2])).value
    1.0
    """
    usual = float(to.sum())
    if not usual:
        return Sampled(0.0, np.zeros(0), (), 0)
    without = (values.sum() - values) / np.maximum(usual - to, 1e-12)
    return Sampled(float(values.sum()) / usual, without, (), len(values))
