"""Which pictures look alike; how well that is judged of real ones stands beside NEAR."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.library.dataset import near_duplicates as module
from stages.library.dataset.near_duplicates import MIN_BITS, NEAR, look_alikes, near_duplicates

ONE = 2**100 - 1
OTHER = ONE << 100


def without(bits: int) -> int:
    """Return ONE with so many of its hundred bits gone."""
    return ONE >> bits


def plainly(hashes: list[int]) -> dict[int, int]:
    """Return what `near_duplicates` returns, from a look at every pair."""
    near = {}
    for later, one in enumerate(hashes):
        for earlier in range(later):
            drawn = (one | hashes[earlier]).bit_count()
            if drawn >= MIN_BITS and (one ^ hashes[earlier]).bit_count() <= NEAR * drawn:
                near[later] = earlier
                break
    return near


def test_up_to_the_limit_they_look_alike_and_beyond_it_they_don_t() -> None:
    limit = round(NEAR * 100)
    assert near_duplicates([ONE, without(limit)]) == {1: 0}
    assert near_duplicates([ONE, without(limit + 1)]) == {}


def test_each_is_like_the_first_that_it_is_like() -> None:
    alike = [ONE, OTHER, without(1), OTHER ^ (1 << 150), without(2)]
    assert near_duplicates(alike) == {2: 0, 3: 1, 4: 0}


def test_what_is_nearly_blank_is_like_nothing() -> None:
    drawn = 2**MIN_BITS - 1
    assert near_duplicates([0, 0]) == {}
    assert near_duplicates([drawn >> 1, drawn >> 1]) == {}
    assert near_duplicates([drawn, drawn]) == {1: 0}


def test_of_no_pictures_none_look_alike() -> None:
    assert near_duplicates([]) == {}
    assert near_duplicates([ONE]) == {}


@st.composite
def drawn(draw: st.DrawFn) -> list[int]:
    """Return hashes of which many differ in about as much as may differ, in any order."""
    chance = draw(st.randoms(use_true_random=False))
    hashes: list[int] = []
    for _ in range(draw(st.integers(0, 40))):
        if hashes and chance.random() < 0.7:
            bits = chance.sample(range(1024), chance.randrange(0, 120))
            hashes.append(chance.choice(hashes) ^ sum(1 << bit for bit in bits))
        else:
            bits = chance.sample(range(1024), chance.choice((22, 23, 32, 60, 200, 400, 1024)))
            hashes.append(sum(1 << bit for bit in bits))
    return hashes


@given(drawn())
def test_the_same_as_a_look_at_every_pair(hashes: list[int]) -> None:
    assert near_duplicates(hashes) == plainly(hashes)


def test_the_same_over_many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", (7, 11))
    chance = random.Random(0)
    hashes = [chance.getrandbits(1024) & chance.getrandbits(1024) for _ in range(150)]
    hashes += [one & ~(chance.getrandbits(1024) & chance.getrandbits(1024)) for one in hashes]
    hashes += [one ^ (1 << 5) for one in chance.sample(hashes, 100)]
    found = near_duplicates(hashes)
    assert found == plainly(hashes)
    assert len(found) >= 100


def test_what_looks_like_one_of_a_group_is_in_it() -> None:
    """The third looks like the first two, which do not look alike."""
    bridge = [2**100 - 1, (2**100 - 1) << 24, (2**100 - 1) << 12, OTHER << 200]
    assert near_duplicates(bridge) == {2: 0}
    assert look_alikes(bridge) == [[0, 1, 2], [3]]


def test_of_no_pictures_there_are_no_groups() -> None:
    assert look_alikes([]) == []


@given(drawn())
@settings(max_examples=25, deadline=None)
def test_groups_are_what_a_look_at_every_pair_joins(hashes: list[int]) -> None:
    groups = look_alikes(hashes)
    assert sorted(index for group in groups for index in group) == list(range(len(hashes)))
    assert groups == sorted(sorted(group) for group in groups)
    joined = {index: {index} for index in range(len(hashes))}
    for later, one in enumerate(hashes):
        for earlier in range(later):
            either = (one | hashes[earlier]).bit_count()
            if either >= MIN_BITS and (one ^ hashes[earlier]).bit_count() <= NEAR * either:
                for index in (both := joined[later] | joined[earlier]):
                    joined[index] = both
    assert {frozenset(group) for group in groups} == {frozenset(each) for each in joined.values()}
