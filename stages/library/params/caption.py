"""params.yaml, section caption: the rules by which scores become captions."""

from stages.library.common.params import Key, Section
from stages.library.common.values import number, one_of, replacement, tag, whole

LOWEST = 0.05
"""Lower scores are not kept: `FLOOR` of tagging/scores.py."""

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
    },
)
