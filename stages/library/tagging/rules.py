"""The rules by which scores become captions: params.yaml, section caption."""

from dataclasses import dataclass

from stages.library.common.arguments import Parser, number, one_of, replacement, tag, whole
from stages.library.tagging.scores import FLOOR, SCALE

LOWEST = FLOOR / SCALE


@dataclass(frozen=True)
class Rules:
    """The knobs of params.yaml, section caption."""

    threshold: float
    character_threshold: float
    exclude: list[str]
    replace: list[tuple[str, str]]
    underscores: str
    ratings: bool
    max_tags: int


def add_rules(parser: Parser) -> None:
    """Add the knobs of params.yaml, section caption."""
    parser.add_param("threshold", number(LOWEST, 1), help="lowest score of a general tag")
    parser.add_param(
        "character_threshold", number(LOWEST, 1), help="lowest score of a character tag"
    )
    parser.add_param("exclude", tag, many=True, help="tags never written")
    parser.add_param("replace", replacement, many=True, help="old=>new")
    parser.add_param("underscores", one_of("keep", "spaces"), help="long_hair or long hair")
    parser.add_param("ratings", switch=True, help="end with the rating, such as general")
    parser.add_param("max_tags", whole(0, 1000), help="most tags in a caption; 0: no limit")
