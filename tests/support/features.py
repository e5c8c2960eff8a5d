"""Features of pictures that nobody drew, with a truth planted into them: for tests of the judge.

A picture's features are what its caption asks for, what chance adds, and as much of the artist's
style as the LoRA has learned. Thousands are made in a second.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.library.drawing.judging.evidence import (
    HELD_OUT,
    TRAINING,
    Caption,
    Evidence,
    Picture,
    picture_name,
)
from stages.library.drawing.judging.judgement import Looks, Material

LENGTH = 96
ASKED = 0.7
"""The part of a picture that its caption asks for; chance has the rest, to a length of 1."""

SHARED = 0.8
"""The part of chance that a seed has with and without the LoRA."""

STYLE = 1.2
EPOCHS, WEIGHTS = (2, 4, 6, 8, 10), (0.6, 0.8, 1.0)
RIPE = 6
"""The epoch from which a LoRA has all of the style."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Truth:
    """What a LoRA learned; what goes wrong begins at the epoch that is told, 0 for never."""

    skill: float = 1.0  # the share of the style; below 0 it went away from it
    bare: float = 0.2  # the share that comes without the trigger
    spoils: bool = False  # after RIPE it loses again what it had learned
    copies: int = 0
    collapses: int = 0
    changes: bool = True  # else every picture is the base model's

    def learned(self, epoch: int) -> float:
        if self.spoils and epoch > RIPE:
            return self.skill * max(0.0, 1 - (epoch - RIPE) / 4)
        return self.skill * min(1.0, epoch / RIPE)


INNOCENT = Truth()
NO_DIFFERENCE = Truth(skill=0.0)


@dataclass(frozen=True)
class World:
    """Drawings and captions, and chance."""

    trained: int
    captions: int
    seeds: int = 2
    on: str = HELD_OUT
    chance: int = 0
    artist: int | None = None  # whose style it is; None: chance's


def material(world: World, truth: Truth = INNOCENT) -> Material:
    """Return what the judge is given of a LoRA with that truth."""
    artist = Artist(world, truth)
    pictures: list[Picture] = []
    rows: list[Floats] = []
    cells = [(0, 0.0, True), *((e, w, True) for e in EPOCHS for w in WEIGHTS)]
    for epoch, weight, trigger in [*cells, (EPOCHS[-1], 1.0, False)]:
        drawn = artist.pictures(epoch, weight, trigger)
        for caption, seeds in enumerate(drawn):
            for seed, row in enumerate(seeds, 1):
                name = picture_name(caption, epoch, weight, seed, trigger)
                pictures.append(Picture(name, caption, epoch, weight, seed, trigger))
                rows.append(row)
    captions = [Caption(f"img{number:03d}", "nasu", ["a"]) for number in range(len(artist.own))]
    tags = frozenset("a")
    return Material(
        evidence=Evidence(world.on, "0" * 12, captions, pictures),
        drawn=looks(np.array(rows), artist.chance),
        found=[tags] * len(rows),
        trained=looks(artist.trained, artist.chance),
        held_out=looks(artist.held_out, artist.chance),
        own=artist.own,
        asked=[tags] * len(captions),
    )


class Artist:
    """Draws features."""

    def __init__(self, world: World, truth: Truth) -> None:
        self.truth, self.chance = truth, np.random.default_rng(world.chance)
        self.strengths = 1 / np.sqrt(np.arange(1, LENGTH + 1))
        whose = world.chance if world.artist is None else world.artist
        style = np.random.default_rng(whose).normal(size=LENGTH) * self.strengths
        self.style = STYLE * style / np.linalg.norm(style)
        trained, held_out = self.asked(world.trained), self.asked(world.captions)
        self.trained = trained + self.noise(len(trained)) + self.style
        self.held_out = held_out + self.noise(len(held_out)) + self.style
        on_training = world.on == TRAINING
        order = self.chance.permutation(world.trained) if on_training else np.arange(len(held_out))
        self.own: list[int] = order[: world.captions].tolist()
        self.content = (trained if on_training else held_out)[self.own][:, None]
        self.base = self.noise(len(self.own), world.seeds)

    def asked(self, count: int) -> Floats:
        """Return what so many captions ask for."""
        rows: Floats = self.chance.normal(size=(count, LENGTH)) * self.strengths * ASKED
        return rows

    def noise(self, *shape: int) -> Floats:
        """Return what chance adds."""
        rows = self.chance.normal(size=(*shape, LENGTH)) * self.strengths
        scaled: Floats = rows * np.sqrt(1 - ASKED**2)
        return scaled

    def pictures(self, epoch: int, weight: float, trigger: bool) -> Floats:
        """Return pictures of an epoch at a weight, shape (captions, seeds, features)."""
        truth = self.truth
        alone: Floats = self.content + self.base
        if not weight or not truth.changes:
            return alone
        own = np.sqrt(1 - SHARED**2) * self.noise(*self.base.shape[:2])
        share = weight * truth.learned(epoch) * (1 if trigger else truth.bare)
        drawn: Floats = self.content + SHARED * self.base + own + share * self.style
        if 0 < truth.collapses <= epoch:
            drawn = drawn[:, :1] + 0.1 * self.noise(*self.base.shape[:2])
        if 0 < truth.copies <= epoch:
            copied = self.trained[self.chance.integers(len(self.trained), size=3)]
            drawn[:3, 0] = copied + 0.15 * self.noise(3)
        return drawn


def looks(rows: Floats, chance: np.random.Generator) -> Looks:
    """Return features of length 1, and hashes that are chance's, but the same for the same row."""
    different, which = np.unique(rows, axis=0, return_inverse=True)
    hashes = chance.integers(0, 2**63, size=(len(different), 16)).astype(np.uint64)[which]
    return Looks(rows / np.linalg.norm(rows, axis=1, keepdims=True), hashes)
