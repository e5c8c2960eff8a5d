"""params.yaml, section caption: the rules by which scores become captions."""

import argparse

from stages.library.common.params import Key, Section
from stages.library.common.values import (
    did_you_mean,
    number,
    one_of,
    replacement,
    tag,
    whole,
)

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


GROUPS = {
    "count": "人数",
    "character": "キャラ名",
    "copyright": "作品名",
    "artist": "作者名",
    "hair": "髪",
    "eyes": "目",
    "face": "顔",
    "body": "体",
    "expression": "表情",
    "clothes": "服",
    "accessory": "飾り",
    "pose": "ポーズ",
    "action": "動作",
    "object": "物",
    "food": "食べ物",
    "animal": "動物",
    "sexual": "性的なもの",
    "background": "背景",
    "effect": "効果",
    "composition": "構図",
    "style": "画風",
    "theme": "題材",
    "text": "文字と記号",
    "other": "そのほか",
    "meta": "情報",
}
"""What kinds of tags there are, in the order of captions with `order: danbooru`; in Japanese."""

GROUP = "group:"
"""What stands before the name of a group among tags."""


def tag_or_group(text: str) -> str:
    """Read a tag, or the name of a group of tags, in the form in which tags are compared.

    >>> tag_or_group(" group: hair"), tag_or_group("Long Hair")
    ('group:hair', 'long_hair')
    """
    written = tag(text)
    head, colon, name = written.partition(":")
    if f"{head.strip().lower()}{colon}" != GROUP:
        return written.lower().replace(" ", "_")
    name = name.strip().lower()
    if name not in GROUPS:
        named = next((group for group, japanese in GROUPS.items() if japanese == name), name)
        hint = did_you_mean(named, GROUPS, f"there are {', '.join(GROUPS)}")
        raise argparse.ArgumentTypeError(
            f"{written!r} is no group of tags; {hint} / そのようなグループはありません"
        )
    return f"{GROUP}{name}"


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
        "drop": Key(tag_or_group, "tags left out, or group:hair", many=True, absent=[]),
        "keep": Key(tag_or_group, "tags never left out by drop, overlap", many=True, absent=[]),
        "order": Key(one_of("score", "danbooru"), "order of the tags", absent="score"),
        "overlap": Key(one_of("keep", "drop"), "tags that another implies", absent="keep"),
        "always": Key(tag, "tags in every caption", many=True, absent=[]),
    },
)
