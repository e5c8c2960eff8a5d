"""Wishes come first, then the share; hashes are looked at only where look-alikes matter."""

import hashlib
from collections.abc import Mapping
from typing import Never

from stages.library.dataset.drawings import Use, Wish
from stages.library.dataset.held_out import FEWEST
from stages.library.dataset.manifest import USED, Row
from stages.library.dataset.parting import part

BITS = 2**40 - 1


def rows(count: int) -> dict[str, Row]:
    digests = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(count)]
    return {
        f"img{number:03}": Row(f"img{number:03}.png", f"{number}.png", digest, 9, 9, USED, "")
        for number, digest in enumerate(digests)
    }


def uses(wanted: dict[str, Use]) -> dict[str, Wish]:
    return {stem: Wish("", use) for stem, use in wanted.items()}


def unlike() -> Mapping[str, int]:
    return {f"img{number:03}": BITS << (80 * number) for number in range(12)}


def never() -> Never:
    raise AssertionError("no look-alikes matter here")


def test_where_nothing_is_held_back_no_look_alike_is_looked_for() -> None:
    assert part(rows(30), {}, 0.0, never).held == set()
    parted = part(rows(30), uses({"img001": "no", "img002": "train"}), 0.0, never)
    assert (parted.held, parted.left_out, parted.told) == (set(), {"img001"}, [])
    assert part(rows(FEWEST - 1), {}, 0.5, never).held == set()


def test_a_wish_is_for_a_picture_that_is_there() -> None:
    parted = part(rows(3), uses({"img009": "test", "img008": "no"}), 0.0, never)
    assert (parted.held, parted.left_out) == (set(), set())


def test_those_left_out_count_for_none() -> None:
    """Of twenty drawings one is left out: nineteen are too few."""
    parted = part(rows(FEWEST), uses({"img001": "no"}), 0.5, never)
    assert parted.held == set()
    assert "none of 19 drawings is held back" in parted.told[0]


def test_wishes_hold_whatever_the_share() -> None:
    free = part(rows(60), {}, 0.3, unlike).held
    one, other = sorted(free)[:2]
    trained = next(stem for stem in rows(60) if stem not in free)
    parted = part(rows(60), uses({one: "train", other: "no", trained: "test"}), 0.3, unlike)
    assert parted.held == free - {one, other} | {trained}


def test_what_looks_like_one_that_is_to_be_trained_on_is_not_held_back() -> None:
    def in_pairs() -> Mapping[str, int]:
        return {f"img{number:03}": BITS << (80 * (number // 2)) for number in range(24)}

    free = part(rows(60), {}, 0.3, in_pairs)
    first = next(f"img{n:03}" for n in range(0, 24, 2) if f"img{n:03}" in free.held)
    second = f"img{int(first[3:]) + 1:03}"
    assert second in free.held
    assert free.told == []
    assert part(rows(60), {first: Wish("", repeats=5)}, 0.3, in_pairs).held == (
        free.held - {first, second}
    )
    parted = part(rows(60), uses({first: "train"}), 0.3, in_pairs)
    assert parted.held == free.held - {first, second}
    assert parted.told == []
