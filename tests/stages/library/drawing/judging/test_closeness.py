"""The distance of two sets of pictures, against its definition written out, pair by pair."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest

from stages.library.drawing.judging.closeness import (
    Alike,
    Drawings,
    Drawn,
    alike,
    difference,
    distance,
    squared_distances,
)
from stages.library.drawing.judging.estimates import Sampled

OWN = [[0, 1, 2, 3], [-1, -1, -1, -1], [0, 1, -1, 2]]


def chance(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def written_out(
    drawn: np.ndarray,
    own: Sequence[int],
    drawings: np.ndarray,
    captions: Sequence[int],
    kept: Sequence[int],
) -> float:
    """Return the squared discrepancy of what is kept, without bias, from its definition."""
    scale = Drawings(drawings).scale

    def mean(pairs: list[tuple[np.ndarray, np.ndarray]]) -> float:
        return float(np.mean([np.exp(-np.square(a - b).sum() / scale) for a, b in pairs]))

    among = [
        pair for i in captions for j in captions if i != j for pair in product(drawn[i], drawn[j])
    ]
    across = [(a, drawings[k]) for i in captions for k in kept if k != own[i] for a in drawn[i]]
    spread = [(drawings[k], drawings[j]) for k in kept for j in kept if k != j]
    return mean(among) - 2 * mean(across) + mean(spread)


@pytest.mark.parametrize("own", OWN)
def test_distance_and_what_it_is_without_each_sample_are_as_defined(own: list[int]) -> None:
    drawn, drawings = chance(4, 2, 3), chance(6, 3, seed=1)
    known = Drawings(drawings)
    found = distance(alike(Drawn(drawn, np.array(own)), known), known)
    captions, kept = list(range(4)), list(range(6))
    assert found.value == pytest.approx(written_out(drawn, own, drawings, captions, kept))
    assert found.captions == pytest.approx(
        [
            written_out(
                drawn,
                own,
                drawings,
                [other for other in captions if other != caption],
                [each for each in kept if each != own[caption]],
            )
            for caption in captions
        ]
    )
    others = [each for each in kept if each not in own]
    assert found.others[0] == pytest.approx(
        [
            written_out(drawn, own, drawings, captions, [each for each in kept if each != other])
            for other in others
        ]
    )


@pytest.mark.parametrize("own", OWN)
def test_the_difference_is_that_of_the_distances(own: list[int]) -> None:
    known = Drawings(chance(6, 3, seed=1))
    one, other = (alike(Drawn(chance(4, 2, 3, seed=n), np.array(own)), known) for n in (2, 3))
    found, wanted = difference(one, other), [distance(each, known) for each in (one, other)]
    assert found.value == pytest.approx(wanted[0].value - wanted[1].value)
    assert found.captions == pytest.approx(wanted[0].captions - wanted[1].captions)
    assert found.others[0] == pytest.approx(wanted[0].others[0] - wanted[1].others[0])


def test_equal_sets_are_at_0_in_the_mean() -> None:
    """Without bias: of 300 little samples half are below."""
    found = []
    for seed in range(300):
        known = Drawings(chance(8, 3, seed=seed))
        drawn = Drawn(chance(8, 1, 3, seed=1000 + seed), np.full(8, -1))
        found.append(distance(alike(drawn, known), known).value)
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(len(found))


def test_pictures_that_are_the_same_differ_by_nothing_beyond_doubt() -> None:
    known = Drawings(chance(6, 3, seed=1))
    same = alike(Drawn(chance(6, 2, 3), np.arange(6)), known)
    found = difference(same, same).estimate()
    assert (found.value, found.doubt) == (0, 0)
    assert not found.above
    assert not found.below


def figures(found: Sampled) -> tuple[float, float]:
    estimate = found.estimate()
    return estimate.value, estimate.doubt


def test_the_order_of_captions_seeds_and_drawings_changes_nothing() -> None:
    drawn, drawings, own = chance(6, 3, 4), chance(9, 4, seed=1), np.array([0, 3, 5, 7, 8, -1])
    known = Drawings(drawings)
    wanted = distance(alike(Drawn(drawn, own), known), known)
    rng = np.random.default_rng(2)
    captions, seeds, places = rng.permutation(6), rng.permutation(3), rng.permutation(9)
    moved = Drawings(drawings[places])
    owns = np.where(own < 0, -1, np.argsort(places)[own])
    turned = Drawn(drawn[captions][:, seeds], owns[captions])
    found = distance(alike(turned, moved), moved)
    assert figures(found) == pytest.approx(figures(wanted), rel=1e-12)


def test_a_picture_is_not_compared_with_the_drawing_that_its_caption_is_of() -> None:
    drawn, drawings = chance(6, 2, 3), chance(6, 3, seed=1)
    drawn[:, :] = drawings[:, None]
    apart = distance(alike(Drawn(drawn, np.arange(6)), Drawings(drawings)), Drawings(drawings))
    known = distance(alike(Drawn(drawn, np.full(6, -1)), Drawings(drawings)), Drawings(drawings))
    assert known.value < apart.value == pytest.approx(0)


@pytest.mark.parametrize(("captions", "drawings"), [(1, 1), (1, 6), (2, 2), (4, 9), (9, 4), (6, 1)])
def test_too_few_captions_or_drawings_are_endless_doubt_and_no_error(
    captions: int, drawings: int
) -> None:
    known = Drawings(chance(drawings, 3, seed=1))
    own = np.array([each if each < drawings else -1 for each in range(captions)])
    one = alike(Drawn(chance(captions, 2, 3), own), known)
    assert distance(one, known).estimate().doubt == np.inf
    assert not difference(one, Alike(one.among, one.beside, own)).estimate().above


def test_the_kernel_is_as_wide_as_drawings_are_apart() -> None:
    drawings = chance(7, 3)
    apart = squared_distances(drawings, drawings)[np.triu_indices(7, 1)]
    assert Drawings(drawings).scale == pytest.approx(np.median(apart))
    assert Drawings(np.ones((5, 3))).scale == 1, "of drawings that are all the same"
