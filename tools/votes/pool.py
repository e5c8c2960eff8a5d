"""What can be voted on: pictures of the same prompt and seed, drawn by different candidates."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.library.common.errors import Problem
from stages.library.common.outputs import sha256
from stages.library.common.workers import run_over
from tools.votes.runs import Judged, Run
from tools.votes.strength import Tally
from tools.votes.vote import Candidate, Side, Vote

WEIGHT_DIGITS = 4

Scene = tuple[str, int]
"""A prompt and a seed: of two pictures of the same, only what drew them differs."""


@dataclass(frozen=True)
class Picture:
    """A picture that can be voted on."""

    path: Path
    sha256: str
    scene: Scene
    candidate: Candidate


class Pair(NamedTuple):
    """Two pictures that can be compared, and their digests."""

    one: Picture
    other: Picture
    digests: frozenset[str]


@dataclass(frozen=True)
class Pool:
    """All pictures, and the names of the runs that candidates are of."""

    candidates: list[Candidate]
    scenes: dict[Scene, dict[Candidate, Picture]]
    runs: dict[Candidate, str]
    judged: dict[Candidate, Judged] = field(default_factory=dict)

    @cached_property
    def places(self) -> dict[Candidate, int]:
        return {candidate: place for place, candidate in enumerate(self.candidates)}

    def side(self, picture: Picture) -> Side:
        """Return a picture as a vote names it."""
        return Side(picture.sha256, picture.candidate, self.runs.get(picture.candidate, ""))

    @cached_property
    def pairs(self) -> list[Pair]:
        """Every two pictures that can be compared: the same twice can't."""
        return [
            Pair(one, other, frozenset((one.sha256, other.sha256)))
            for scene in self.scenes.values()
            for place, one in enumerate(scene.values())
            for other in list(scene.values())[place + 1 :]
            if one.sha256 != other.sha256
        ]

    def tally(self, votes: Iterable[Vote]) -> Tally:
        """Return what came of those votes whose candidates are both here."""
        count = len(self.candidates)
        wins, ties = np.zeros((count, count)), np.zeros((count, count))
        for vote in votes:
            left = self.places.get(vote.left.candidate)
            right = self.places.get(vote.right.candidate)
            if left is None or right is None or left == right:
                continue
            if vote.chose == "tie":
                ties[left, right] += 1
                ties[right, left] += 1
            elif vote.chose == "left":
                wins[left, right] += 1
            else:
                wins[right, left] += 1
        return Tally(wins, ties)

    @cached_property
    def between(self) -> dict[frozenset[Candidate], list[Pair]]:
        """The pairs by whose pictures they are."""
        found: dict[frozenset[Candidate], list[Pair]] = defaultdict(list)
        for pair in self.pairs:
            found[frozenset((pair.one.candidate, pair.other.candidate))].append(pair)
        return dict(found)

    def left(
        self, first: Candidate, second: Candidate, voted: AbstractSet[frozenset[str]]
    ) -> list[Pair]:
        """Return the pairs of two candidates that were not compared yet."""
        pairs = self.between.get(frozenset((first, second)), [])
        return [pair for pair in pairs if pair.digests not in voted]

    def free(self, voted: AbstractSet[frozenset[str]]) -> NDArray[np.bool_]:
        """Return between which candidates there are pictures that were not compared yet."""
        count = len(self.candidates)
        found = np.zeros((count, count), bool)
        for first, second in self.between:
            if self.left(first, second, voted):
                one, other = self.places[first], self.places[second]
                found[one, other] = found[other, one] = True
        return found


def pool_of(runs: Sequence[Run]) -> Pool:
    """Return what can be voted on of some runs.

    Raises:
        Problem: no two of their pictures can be compared, or a picture can't be read.
    """
    drawn = [(run, picture) for run in runs for picture in run.drawn]
    digests = run_over([picture.path for _, picture in drawn], sha256)
    scenes: dict[Scene, dict[Candidate, Picture]] = defaultdict(dict)
    names: dict[Candidate, list[str]] = defaultdict(list)
    judged: dict[Candidate, Judged] = {}
    for (run, picture), digest in zip(drawn, digests, strict=True):
        weight = round(picture.weight, WEIGHT_DIGITS)
        lora = run.lora if picture.weight else ""
        candidate = Candidate(lora, picture.model, picture.epoch, weight)
        scene = picture.prompt, picture.seed
        scenes[scene].setdefault(candidate, Picture(picture.path, digest, scene, candidate))
        if picture.weight and run.name not in names[candidate]:
            names[candidate].append(run.name)
        if found := run.judged.get((picture.epoch, picture.weight)):
            judged[candidate] = found
    candidates = sorted({one for scene in scenes.values() for one in scene}, key=in_order)
    runs_of = {candidate: ", ".join(found)[:200] for candidate, found in names.items()}
    pool = Pool(candidates, dict(scenes), runs_of, judged)
    if not pool.pairs:
        raise Problem(
            f"{', '.join(run.name for run in runs)}: no two pictures of the same prompt and seed "
            "differ, so there is nothing to compare; draw more epochs or weights "
            "(params.yaml, generate), or name runs with the same prompts (--runs) / "
            "同じプロンプトとシードで違う絵がありません。generate のエポックや強さを増やすか、"
            "プロンプトが同じ実験を選んでください"
        )
    return pool


def in_order(candidate: Candidate) -> tuple[str, str, bool, int, float]:
    """Return what candidates are sorted by: run, epoch, weight."""
    last = candidate.epoch == "last"
    number = 0 if last or not candidate.epoch else int(candidate.epoch)
    return candidate.lora, candidate.model, last, number, candidate.weight
