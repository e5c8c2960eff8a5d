"""Which drawings are never trained on, so that a LoRA can be judged by them.

Each drawing has a number of its own from 0 to 1, made of its content: those below the share are
held back. So none changes sides because others come or go. Drawings that look alike are one, since
what was learned of the one would be known of the other.
"""

import hashlib
from collections.abc import Iterable, Sequence, Set

FEWEST = 20
"""Drawings of which some can be spared: the circle's own dataset has 15, and needs all of them."""

DIGITS = 16


def bound(drawings: int, share: float) -> int:
    """Return how many may be held back: twice the share, since chance has a say; at most half.

    >>> bound(30, 0.1), bound(30, 0.5), bound(20, 0.01), bound(19, 0.1)
    (6, 15, 1, 0)
    """
    if drawings < FEWEST or not share:
        return 0
    return max(1, int(min(2 * share, 0.5) * drawings))


def number_of(group: Iterable[str]) -> float:
    """Return the number of drawings that look alike, from 0 to 1, by their SHA-256.

    It is that of the one whose digest is the smallest: of more drawings the smallest number would
    be smaller, and those that look alike would be held back more often than others.
    """
    text = f"held out: {min(group)}".encode()
    return float(int(hashlib.sha256(text).hexdigest()[:DIGITS], 16) / 16**DIGITS)


def held_out(
    groups: Iterable[Sequence[str]], share: float, decided: Set[str] = frozenset()
) -> set[str]:
    """Return which drawings are held back, of all in groups that look alike, by their SHA-256.

    A larger share holds back the same ones and more, within the bound. Groups are left as they are
    in which one is `decided` otherwise.
    """
    in_turn = sorted(groups, key=number_of)
    left = bound(sum(map(len, in_turn)), share)
    chosen: set[str] = set()
    for group in in_turn:
        if number_of(group) < share and len(group) <= left and decided.isdisjoint(group):
            chosen.update(group)
            left -= len(group)
    return chosen
