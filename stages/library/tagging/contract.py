"""What a family's files say of a tagger: which pictures it wants, and what its numbers mean."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8] | Floats
"""A picture as a model takes it, but for the batch; bytes become float32 there."""


@dataclass(frozen=True)
class Contract:
    """How one tagger is asked, and its tags."""

    family: str  # as the fingerprint names it
    number: int  # raise it when `prepare` changes: scores from before then no longer count
    tags: list[str]
    categories: list[int]  # of the tags: `categories.CATEGORIES`
    prepare: Callable[[Image.Image, int], Pixels]  # for a square of so many pixels
    colours_first: bool  # NCHW; else NHWC
    size: int  # pixels of the square, where the model leaves it open
    sized_by: str = ""  # the file that says `size`, which then must be the model's own
    probabilities: tuple[str, ...] = ()  # outputs to take, the first that the model has
    logits: tuple[str, ...] = ()  # else these, which a sigmoid makes probabilities of
    alone: str = ""  # what an only output of any other name is: `logits`, `probabilities`
    thresholds: dict[int, float] = field(default_factory=dict)  # the authors' own, by category
    tag_thresholds: list[float] = field(default_factory=list)  # and by tag, where they ship those
