"""The rules by which scores become captions: params.yaml, section caption."""

from dataclasses import dataclass, field

from stages.library.tagging.scores import CHARACTER, RATING, SCALE


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
    thresholds: list[tuple[int, float | str]] = field(default_factory=list)  # by category
    combine: str = "max"
    drop: list[str] = field(default_factory=list)
    keep: list[str] = field(default_factory=list)
    order: str = "score"
    overlap: str = "keep"
    always: list[str] = field(default_factory=list)


def bars(rules: Rules) -> dict[int, int]:
    """Return what a score must reach, by category, in ten-thousandths; others have `threshold`.

    The rules are those of `combined`, with numbers alone.
    """
    named = {kind: round(float(value) * SCALE) for kind, value in rules.thresholds}
    return {CHARACTER: round(rules.character_threshold * SCALE)} | named | {RATING: SCALE + 1}
