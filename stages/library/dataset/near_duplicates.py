"""Which pictures look alike, by the perceptual hashes that `images.difference_hash` gives."""

NEAR = 0.3
"""Of the perceptual hash's bits that are set in either of two pictures: the share that may differ.

Copies of 100 game portraits in another size, quality, tint, margin or expression differed in at
most 0.27. Of the 130,000 pairs of 509 portraits, clip arts, sprites and wallpapers, 40 differ in no
more than this share: all alike to the eye, but for a few flags that differ in their colours."""

MIN_BITS = 32
"""Two pictures with fewer bits set are nearly blank, and looking alike means nothing."""


def near_duplicates(hashes: list[int]) -> dict[int, int]:
    """Return, for each picture that looks like an earlier one, the first such one, by index.

    >>> one, other = 2**64 - 1, (2**64 - 1) << 64
    >>> near_duplicates([one, other, one ^ 0b111])
    {2: 0}
    """
    near = {}
    for later, one in enumerate(hashes):
        for earlier in range(later):
            drawn = (one | hashes[earlier]).bit_count()
            if drawn >= MIN_BITS and (one ^ hashes[earlier]).bit_count() <= NEAR * drawn:
                near[later] = earlier
                break
    return near
