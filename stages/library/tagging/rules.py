"""The rules by which scores become captions: params.yaml, section caption."""

from dataclasses import dataclass, field


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
    drop: list[str] = field(default_factory=list)
    keep: list[str] = field(default_factory=list)
    order: str = "score"
    overlap: str = "keep"
    always: list[str] = field(default_factory=list)
