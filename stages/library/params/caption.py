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
