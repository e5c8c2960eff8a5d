"""None changes sides because others come or go; look-alikes are on one side; about a share."""

import hashlib
import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stages.library.dataset.held_out import FEWEST, bound, held_out, number_of

Groups = list[tuple[str, ...]]
SHARES = st.sampled_from([0.05, 0.1, 0.2, 0.3, 0.5])


def digest(name: object) -> str:
    return hashlib.sha256(str(name).encode()).hexdigest()


def singles(count: int, seed: int = 0) -> Groups:
    return [(digest(f"{seed} {number}"),) for number in range(count)]


def flat(groups: Sequence[Sequence[str]]) -> set[str]:
    return {each for group in groups for each in group}


@st.composite
def datasets(draw: st.DrawFn) -> Groups:
    """Return drawings, a few of which look alike."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    drawings = [digest(chance.random()) for _ in range(draw(st.integers(FEWEST, 120)))]
    groups = []
    while drawings:
        size = chance.choice([1, 1, 1, 1, 2, 3, 6])
        groups.append(tuple(drawings[:size]))
        del drawings[:size]
    return groups


def reached(groups: Groups, share: float) -> bool:
    """Return whether more would be held back if there were no bound."""
    wanted = sum(len(group) for group in groups if number_of(group) < share)
    return wanted > bound(len(flat(groups)), share)


@given(datasets(), st.randoms(use_true_random=False), SHARES)
@settings(deadline=None)
def test_drawings_that_come_or_go_move_no_other(
    groups: Groups, chance: random.Random, share: float
) -> None:
    fewer = [group for group in groups if chance.random() < 0.8]
    assume(len(flat(fewer)) >= FEWEST)
    if not (reached(groups, share) or reached(fewer, share)):
        assert held_out(groups, share) & flat(fewer) == held_out(fewer, share)


@given(datasets(), SHARES, st.data())
@settings(deadline=None)
def test_only_look_alikes_that_join_move(groups: Groups, share: float, data: st.DataObject) -> None:
    """A new drawing looks like two that did not look alike: all others stay where they were."""
    one, other = data.draw(st.permutations(range(len(groups))))[:2]
    joined = [group for index, group in enumerate(groups) if index not in (one, other)]
    new = (*groups[one], *groups[other], digest(data.draw(st.integers())))
    if not (reached(groups, share) or reached([*joined, new], share)):
        before, after = held_out(groups, share), held_out([*joined, new], share)
        assert before & flat(joined) == after & flat(joined)


@given(datasets(), SHARES)
@settings(deadline=None)
def test_look_alikes_are_on_one_side(groups: Groups, share: float) -> None:
    held = held_out(groups, share)
    assert all(held.issuperset(group) or held.isdisjoint(group) for group in groups)


@given(datasets(), st.randoms(use_true_random=False), SHARES)
@settings(deadline=None)
def test_the_order_in_which_they_are_found_says_nothing(
    groups: Groups, chance: random.Random, share: float
) -> None:
    turned = [tuple(chance.sample(group, len(group))) for group in groups]
    chance.shuffle(turned)
    assert held_out(turned, share) == held_out(groups, share)


@given(datasets(), SHARES)
@settings(deadline=None)
def test_never_more_than_twice_the_share_nor_half(groups: Groups, share: float) -> None:
    count = len(flat(groups))
    assert bound(count, share) <= max(1, min(2 * share, 0.5) * count)
    assert len(held_out(groups, share)) <= bound(count, share)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2, 0.3])
@pytest.mark.parametrize("size", [1, 3])
def test_of_many_it_is_the_share(share: float, size: int) -> None:
    """Whether they look alike or not; within four times what chance makes of it."""
    count = 3000
    drawings = [each for (each,) in singles(count)]
    groups = [tuple(drawings[at : at + size]) for at in range(0, count, size)]
    chance = math.sqrt(share * (1 - share) / len(groups))
    assert abs(len(held_out(groups, share)) / count - share) < 4 * chance


@given(datasets())
@settings(deadline=None)
def test_a_larger_share_holds_back_the_same_ones_and_more(groups: Groups) -> None:
    if not any(reached(groups, share) for share in (0.1, 0.2, 0.5)):
        assert held_out(groups, 0.1) <= held_out(groups, 0.2) <= held_out(groups, 0.5)


def test_of_few_none_can_be_spared_and_of_none_asked_for_none_is() -> None:
    assert held_out(singles(FEWEST - 1), 0.5) == set()
    assert held_out(singles(FEWEST), 0.5)
    assert held_out(singles(500), 0.0) == set()


def test_what_looks_all_alike_stays_together_in_the_training() -> None:
    for seed in range(40):
        alike = tuple(flat(singles(30, seed)))
        assert held_out([alike], 0.5) == set()


def test_what_is_decided_otherwise_stays_with_its_look_alikes() -> None:
    groups: Groups = [tuple(flat(singles(2, seed))) for seed in range(200)]
    held = held_out(groups, 0.2)
    first = next(group for group in groups if held.issuperset(group))
    assert held_out(groups, 0.2, {first[0]}) == held - set(first)


def test_the_choice_is_the_same_on_every_machine_and_tomorrow() -> None:
    assert number_of([digest("a"), digest("b")]) == number_of([digest("b"), digest("a")])
    assert number_of([digest("nasu")]) == pytest.approx(0.362767066448, abs=1e-12)
