"""params.yaml, section caption: the rules by which scores become captions."""

import argparse

from stages.library.common.params import Key, Section
from stages.library.common.values import did_you_mean, number, one_of, replacement, tag, whole

LOWEST = 0.05
"""Lower scores are not kept: `FLOOR` of tagging/scores.py."""

CATEGORIES = {
    "general": 0,
    "artist": 1,
    "copyright": 3,
    "character": 4,
    "meta": 5,
    "year": 10,
    "quality": 11,
    "model": 12,
}
"""Numbers of categories by name: Danbooru's, and what it has none of; ratings have a key."""

ALL = -1
"""The category of an entry that names none."""

RECOMMENDED, NEVER = "recommended", 1.0001
"""What a tagger's authors advise; and a threshold that no score reaches."""


def category_threshold(text: str) -> tuple[int, float | str]:
    """Read the threshold of a category: its number, and the threshold or `RECOMMENDED`.

    >>> [category_threshold(text) for text in ("general=0.35", "artist=none", "recommended")]
    [(0, 0.35), (1, 1.0001), (-1, 'recommended')]
    """
    if text.strip() == RECOMMENDED:
        return ALL, RECOMMENDED
    name, sign, value = (part.strip() for part in text.partition("="))
    if not sign:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no threshold; write one such as general=0.35, artist=none or "
            "general=recommended, or recommended alone"
        )
    if name == "rating":
        raise argparse.ArgumentTypeError(
            "a rating has no threshold, the highest is taken; see caption.ratings"
        )
    if name not in CATEGORIES:
        hint = did_you_mean(name, CATEGORIES, "write one of them")
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(CATEGORIES)}; {hint}")
    if value == RECOMMENDED:
        return CATEGORIES[name], RECOMMENDED
    return CATEGORIES[name], NEVER if value == "none" else number(LOWEST, 1)(value)


CAPTION = Section(
    "caption",
    {
        "threshold": Key(number(LOWEST, 1), "lowest score of a general tag"),
        "character_threshold": Key(number(LOWEST, 1), "lowest score of a character tag"),
        "thresholds": Key(
            category_threshold, "of other categories, such as artist=none", many=True, absent=[]
        ),
        "combine": Key(
            one_of("max", "mean", "first"), "how scores of several taggers are one", absent="max"
        ),
        "exclude": Key(tag, "tags never written", many=True),
        "replace": Key(replacement, "old=>new", many=True),
        "underscores": Key(one_of("keep", "spaces"), "long_hair or long hair"),
        "ratings": Key(help="end with the rating, such as general", switch=True),
        "max_tags": Key(whole(0, 1000), "most tags in a caption; 0: no limit"),
    },
)
