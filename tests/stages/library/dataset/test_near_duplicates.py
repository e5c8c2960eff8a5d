"""Which pictures look alike; how well that is judged of real ones stands beside NEAR."""

from stages.library.dataset.near_duplicates import MIN_BITS, NEAR, near_duplicates

ONE = 2**100 - 1
OTHER = ONE << 100


def without(bits: int) -> int:
    """Return ONE with so many of its hundred bits gone."""
    return ONE >> bits


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
