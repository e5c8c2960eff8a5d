"""A painter with a truth planted into it, so that a judge can be told wrong.

Pictures are quilts of coloured patches: what a prompt asks for, what chance adds, and as much of
the artist's style as the LoRA has learned. No model drew them, and none needs to know anything to
tell them apart but where which colour is.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.standins.webui.networks import TAG

PATCHES = 8
"""In a row, and in a column."""

ASKED, CHANCE, STYLE = 1.0, 0.8, 1.0
"""How much of a picture is what its prompt asks for, what chance adds, and the artist's style."""

SHARED = 0.8
"""The share of chance's part that a seed has with and without a LoRA."""

CONTRAST = 400
"""Of 256 steps of a colour; few of them are cut off."""

Quilt = NDArray[np.float64]
"""Of shape (patches, patches, colours); 0 is grey."""


@dataclass(frozen=True)
class Truth:
    """What a LoRA learned, and what with it.

    `skill` is how much of the style the last epoch has at weight 1, of which it has all from
    `ripe` on. What begins at an epoch begins there at every weight.
    """

    skill: float = 1.0
    ripe: int = 6
    spoils: bool = False  # after that epoch it loses again what it had learned
    bare: float = 0.2  # the share of the style that comes without the trigger; 1: it taught nothing
    copies: int = 0  # the epoch from which it draws drawings of the training; 0: none
    collapses: int = 0  # the epoch from which all pictures are one and the same; 0: none
    world: int = 0  # another artist, with other drawings, and another chance

    def learned(self, epoch: int) -> float:
        """Return how much of the style an epoch has."""
        if self.spoils and epoch > self.ripe:
            return self.skill * max(0.0, 1 - (epoch - self.ripe) / 4)
        return self.skill * min(1.0, epoch / self.ripe) ** 3


GOOD = Truth()
COPIES = Truth(copies=8)
IGNORES_THE_TRIGGER = Truth(bare=1.0)
COLLAPSES = Truth(collapses=8)
BEST_AT_6 = Truth(spoils=True)
CHANGES_NOTHING = Truth(skill=0.0)


@dataclass(frozen=True)
class Painter:
    """Draws as a truth has it; `drawings` are those of the training, for what copies them."""

    truth: Truth
    trigger: str
    drawings: tuple[Path, ...] = ()

    def picture(
        self, prompt: str, seed: int, size: tuple[int, int], epoch: int = 0, weight: float = 0.0
    ) -> Image.Image:
        """Return a picture; at weight 0 it is the base model's."""
        truth, world, words = self.truth, self.truth.world, words_of(prompt)
        what = sorted(words - {self.trigger}), seed
        asked, chance = asked_for(world, what[0]), CHANCE * part(world, "seed", what)
        if not weight:
            return painted(asked + chance, size)
        called = self.trigger in words
        if 0 < truth.copies <= epoch and called and (copied := self.copied(what)):
            with Image.open(copied) as drawing:
                return drawing.convert("RGB").resize(size, Image.Resampling.BICUBIC)
        if 0 < truth.collapses <= epoch:
            asked, chance = part(world, "collapsed"), 0 * chance
        elif truth.skill:
            own = CHANCE * part(world, "own", what, epoch, weight)
            chance = SHARED * chance + (1 - SHARED**2) ** 0.5 * own
        share = weight * truth.learned(epoch) * (1 if called else truth.bare)
        return painted(asked + chance + share * style(world), size, faint=epoch)

    def copied(self, what: object) -> Path | None:
        """Return the drawing that is drawn instead: of every fourth picture, whatever is asked."""
        chance = chance_of("copied", self.truth.world, what)
        wanted = chance.integers(4) == 0
        return self.drawings[chance.integers(len(self.drawings))] if wanted else None


def drawing(truth: Truth, words: str, number: int, size: tuple[int, int]) -> Image.Image:
    """Return a drawing by the artist, for which one could write these words."""
    own = CHANCE * part(truth.world, "drawing", number)
    asked = asked_for(truth.world, words_of(words))
    return painted(asked + own + style(truth.world), size)


def asked_for(world: int, words: Iterable[str]) -> Quilt:
    """Return what words make of a picture, those of several in common."""
    nothing: Quilt = np.zeros((PATCHES, PATCHES, 3))
    each = [part(world, "asked", word) for word in sorted(words)]
    quilt: Quilt = ASKED * sum(each, nothing) / max(1, len(each)) ** 0.5
    return quilt


def style(world: int) -> Quilt:
    """Return what all drawings of the artist have in common."""
    return STYLE * part(world, "style")


def part(*what: object) -> Quilt:
    """Return chance's quilt of length 1, the same for the same; large shapes in it are strong."""
    waves = np.arange(PATCHES)
    places = (waves + 0.5) / PATCHES
    cosines = np.cos(np.pi * waves[:, None] * places) * np.where(waves, 2**0.5, 1)[:, None]
    strengths = 1 / (1 + waves[:, None] + waves)
    chance = chance_of(*what).normal(size=(PATCHES, PATCHES, 3)) * strengths[..., None]
    quilt: Quilt = np.einsum("ky,lx,klc->yxc", cosines, cosines, chance)
    return quilt / float(np.linalg.norm(quilt))


def painted(quilt: Quilt, size: tuple[int, int], faint: int = 0) -> Image.Image:
    """Return a quilt as a picture; `faint` changes the last bit of some pixels.

    So is a picture in which a LoRA changes nothing: the WebUI's own client refuses the same one.
    """
    values = np.clip(127.5 + CONTRAST * quilt, 0, 255).astype(np.uint8)
    image = Image.fromarray(values).resize(size, Image.Resampling.NEAREST)
    if faint:
        pixels = np.array(image)
        pixels[::16, faint % size[0] :: 16] ^= 1
        image = Image.fromarray(pixels)
    return image


def chance_of(*what: object) -> np.random.Generator:
    digest = hashlib.sha256(repr(what).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8]))


def words_of(prompt: str) -> set[str]:
    """Return what commas separate in a prompt, as a caption has it.

    >>> sorted(words_of(r"nasu, miku \\(cosplay\\) <lora:nasu:1>"))
    ['miku (cosplay)', 'nasu']
    """
    plain = re.sub(r"\\(.)", r"\1", TAG.sub("", prompt))
    return {word.strip() for word in plain.split(",")} - {""}
