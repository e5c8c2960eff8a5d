"""What is drawn: the keys of params.yaml, section generate."""

from dataclasses import dataclass

from stages.library.common.errors import Problem


@dataclass(frozen=True)
class Drawing:
    """The keys of params.yaml, section generate."""

    url: str
    remote: bool
    lora_folder: str
    checkpoint: str
    clip_skip: int
    prompts: list[str]
    negative_prompt: str
    sampler: str
    scheduler: str
    steps: int
    cfg_scale: float
    width: int  # pixels
    height: int
    seeds: list[int]
    weights: list[float]
    epochs: list[str]


def check_lists(drawing: Drawing) -> None:
    """Raise Problem if a list is empty or holds something twice."""
    for key in ("prompts", "weights", "epochs", "seeds"):
        values = list(getattr(drawing, key))
        if not values:
            raise Problem(f"params.yaml, generate.{key}: is empty; write at least one")
        if twice := [value for value in values if values.count(value) > 1]:
            raise Problem(f"params.yaml, generate.{key}: {twice[0]!r} is there twice; keep one")
