"""A vote: who, when, between which two pictures, and what was preferred."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Choice = Literal["left", "right", "tie"]

CHOICES: tuple[Choice, ...] = ("left", "right", "tie")


@dataclass(frozen=True, order=True)
class Candidate:
    """What draws: a LoRA after an epoch at a weight, on a model; or the model alone."""

    lora: str  # hash of the finished LoRA of its training; '' without one
    model: str  # hash of the model that drew; '' where the pictures don't tell
    epoch: str  # a number, or `last`; '' without a LoRA
    weight: float


@dataclass(frozen=True)
class Side:
    """One of the two pictures, and what it was when it was voted on."""

    sha256: str
    candidate: Candidate
    run: str  # what the experiment was called then


@dataclass(frozen=True)
class Vote:
    """What somebody preferred, of two pictures of the same prompt and seed."""

    at: str  # UTC
    who: str
    prompt: str
    seed: int
    left: Side
    right: Side
    chose: Choice

    @property
    def pictures(self) -> frozenset[str]:
        """The two, whichever side they were on."""
        return frozenset((self.left.sha256, self.right.sha256))


def once_each(votes: Iterable[Vote]) -> list[Vote]:
    """Return the votes without those that are there twice, as after a merge."""
    return list(dict.fromkeys(votes))
