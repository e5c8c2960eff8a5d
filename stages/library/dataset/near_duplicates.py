"""Which pictures look alike, by the perceptual hashes that `images.difference_hash` gives."""

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from stages.library.common.workers import run_over

NEAR = 0.3
"""Of the perceptual hash's bits that are set in either of two pictures: the share that may differ.

Copies of 100 game portraits in another size, quality, tint, margin or expression differed in at
most 0.27. Of the 130,000 pairs of 509 portraits, clip arts, sprites and wallpapers, 40 differ in no
more than this share: all alike to the eye, but for a few flags that differ in their colours."""

MIN_BITS = 32
"""Two pictures with fewer bits set are nearly blank, and looking alike means nothing."""

BYTES = 128
SCATTERED = np.arange(BYTES) * 79 % BYTES
"""An order of the hash's bytes in which every eight of them see the whole picture."""

SOME = 6
"""Words of 64 bits that are compared first: nearly all pairs differ too much in them already."""

BLOCK = 128, 2048
"""Pictures that are compared with pictures at a time; what that needs stays in a core's cache."""

Words = NDArray[np.uint64]
Counts = NDArray[np.int64]
Pairs = tuple[NDArray[np.intp], NDArray[np.intp]]


def near_duplicates(hashes: list[int]) -> dict[int, int]:
    """Return, for each picture that looks like an earlier one, the first such one, by index.

    Every pair counts. Most need no look: where the numbers of bits set differ too much, the
    pictures can't look alike (the bound of Swamidass and Baldi), so that in the order of these
    numbers each has to be compared with its neighbours alone. That is n² still: 16 s of processor
    for 100,000. An index by equal parts of the hashes finds all of them too, but so much may differ
    that the parts are small: in a sixth of all pairs some part is the same by chance.

    >>> one, other = 2**64 - 1, (2**64 - 1) << 64
    >>> near_duplicates([one, other, one ^ 0b111])
    {2: 0}
    """
    first = np.full(len(hashes), len(hashes))
    for earlier, later in alike(hashes):
        np.minimum.at(first, later, earlier)
    found = np.flatnonzero(first < len(hashes))
    return dict(zip(found.tolist(), first[found].tolist(), strict=True))


def look_alikes(hashes: list[int]) -> list[list[int]]:
    """Return all pictures in groups, by index: in one are those that look alike, directly or not.

    >>> one, other = 2**64 - 1, (2**64 - 1) << 64
    >>> look_alikes([one, other, one ^ 0b111])
    [[0, 2], [1]]
    """
    groups = {index: [index] for index in range(len(hashes))}
    for pairs in alike(hashes):
        for earlier, later in zip(*(side.tolist() for side in pairs), strict=True):
            if groups[earlier] is not groups[later]:
                small, large = sorted((groups[earlier], groups[later]), key=len)
                large += small
                groups |= dict.fromkeys(small, large)
    return sorted({id(group): sorted(group) for group in groups.values()}.values())


def alike(hashes: list[int]) -> Iterator[Pairs]:
    """Yield the pairs of pictures that look alike, by index: the earlier ones, the later ones."""
    counts = np.array([each.bit_count() for each in hashes], dtype=np.int64)
    order = np.argsort(counts, kind="stable")
    order = order[np.searchsorted(counts[order], fewest(MIN_BITS)) :]
    words, counts = words_of([hashes[index] for index in order]), counts[order]
    # numpy releases the interpreter's lock
    blocks = run_over(range(0, len(order), BLOCK[0]), partial(alike_in, words, counts))
    for one, other in blocks:
        earlier, later = np.sort([order[one], order[other]], axis=0)
        yield earlier, later


def fewest(most: int) -> int:
    """Return how many bits at least are set in what looks like a picture with `most` bits set.

    >>> fewest(100)
    70
    """
    return int((1 - NEAR) * most)


def words_of(hashes: list[int]) -> Words:
    """Return the hashes as words of 64 bits, [word, picture]."""
    data = b"".join(each.to_bytes(BYTES, "big") for each in hashes)
    scattered = np.frombuffer(data, np.uint8).reshape(-1, BYTES).take(SCATTERED, axis=1)
    return np.ascontiguousarray(scattered.view(np.uint64).T)


def alike_in(words: Words, counts: Counts, top: int) -> Pairs:
    """Return the pairs that look alike, of a block of pictures from `top` with those before them.

    The pictures are in the order of how many bits are set in them: `counts`.
    """
    high, wide = BLOCK
    bottom = min(top + high, len(counts))
    pairs: list[Pairs] = [(np.empty(0, np.intp), np.empty(0, np.intp))]
    for left in range(int(np.searchsorted(counts, fewest(int(counts[top])))), bottom, wide):
        right = min(left + wide, bottom)
        # with n bits set in the two together and d that differ, (n + d) / 2 are set in either
        most = NEAR / (2 - NEAR) * (counts[bottom - 1] + counts[right - 1]) + 1
        some = apart(words[:SOME, top:bottom, None], words[:SOME, None, left:right])
        rows, columns = np.nonzero(some <= most)
        one, other = rows + top, columns + left
        once = other < one
        one, other = one[once], other[once]
        differing = apart(words[:, one], words[:, other])
        either = (counts[one] + counts[other] + differing) // 2
        near = (either >= MIN_BITS) & (differing <= NEAR * either)
        pairs.append((one[near], other[near]))
    ones, others = zip(*pairs, strict=True)
    return np.concatenate(ones), np.concatenate(others)


def apart(one: Words, other: Words) -> NDArray[np.uint16]:
    """Return in how many bits hashes differ, of which the first axis holds the words."""
    differing: NDArray[np.uint16] = np.bitwise_count(one[0] ^ other[0]).astype(np.uint16)
    for left, right in zip(one[1:], other[1:], strict=True):
        differing += np.bitwise_count(left ^ right)
    return differing
