"""A sitting of one voter: the question that is asked, the answers, and what they amount to."""

import secrets
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from stages.library.common.errors import Problem
from tools.votes.choosing import next_two
from tools.votes.pictures import picture_in
from tools.votes.pool import Picture, Pool
from tools.votes.standings import Progress, progress
from tools.votes.strength import Belief, Tally, believed
from tools.votes.vote import Candidate, Choice, Vote, once_each
from tools.votes.votes_file import change_votes, read_votes

WITHIN = 400
"""Draws that choose a pair: a choice needs no more."""

STALE = (
    "this pair was voted on already, in another window; go on with the next / "
    "この組には、ほかのウィンドウで投票済みです"
)


@dataclass(frozen=True)
class Question:
    """Two pictures as they are shown, under names that tell nothing."""

    name: str
    left: Picture
    right: Picture
    shown: dict[str, bytes]  # the pictures by the name under which the page asks for them

    @property
    def sides(self) -> tuple[str, str]:
        left, right = self.shown
        return left, right


class Session:
    """A sitting; every vote is in the file before the next question is asked."""

    def __init__(self, pool: Pool, path: Path, who: str, seed: int | None = None) -> None:
        self.pool = pool
        self.path = path
        self.who = who
        self.chance = np.random.default_rng(seed)
        self.lock = threading.RLock()
        self.votes = read_votes(path)
        self.mine: list[Vote] = []  # of this sitting, the newest last
        self.asked: list[tuple[Picture, Picture]] = []  # of each of them, to show it again
        self.question: Question | None = None

    def tally(self) -> Tally:
        return self.pool.tally(self.votes)

    def belief(self) -> Belief:
        return believed(self.tally())

    def progress(self) -> Progress:
        """Return how far all votes have come."""
        with self.lock:
            return progress(self.belief(), self.tally().count)

    def ask(self) -> Question | None:
        """Return the pair that is to be voted on; None if this voter has seen all.

        Raises:
            Problem: a picture was changed, or is damaged.
        """
        with self.lock:
            if self.question is None:
                self.question = self.next_question()
            return self.question

    def next_question(self) -> Question | None:
        voted = {vote.pictures for vote in self.votes if vote.who == self.who}
        belief = believed(self.tally(), WITHIN, int(self.chance.integers(2**32)))
        two = next_two(belief, self.pool.free(voted), self.chance)
        if two is None:
            return None
        first, second = (self.pool.candidates[place] for place in two)
        one, other = self.pair_of(first, second, voted)
        left, right = (one, other) if self.chance.random() < 0.5 else (other, one)
        return question_of(left, right)

    def pair_of(
        self, first: Candidate, second: Candidate, voted: set[frozenset[str]]
    ) -> tuple[Picture, Picture]:
        """Return the two's pictures of the scene of which the fewest were voted on yet."""
        times = Counter(digest for vote in self.votes for digest in vote.pictures)
        left = self.pool.left(first, second, voted)
        shuffled = [left[int(place)] for place in self.chance.permutation(len(left))]
        fewest = min(shuffled, key=lambda pair: sum(times[digest] for digest in pair.digests))
        return fewest.one, fewest.other

    def answer(self, name: str, chose: Choice) -> None:
        """Write a vote on the question of that name.

        Raises:
            Problem: it is not the question any more, or the vote can't be written.
        """
        with self.lock:
            question = self.question
            if question is None or question.name != name:
                raise Problem(STALE)
            vote = Vote(
                at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                who=self.who,
                prompt=question.left.scene[0],
                seed=question.left.scene[1],
                left=self.pool.side(question.left),
                right=self.pool.side(question.right),
                chose=chose,
            )
            self.write([*self.mine, vote])
            self.mine.append(vote)
            self.asked.append((question.left, question.right))
            self.question = None

    def undo(self) -> None:
        """Take back the newest vote of this sitting, and ask again; nothing if there is none.

        Raises:
            Problem: the file can't be written.
        """
        with self.lock:
            if self.mine:
                again = question_of(*self.asked[-1])
                self.write(self.mine[:-1], without=self.mine[-1])
                self.mine.pop()
                self.asked.pop()
                self.question = again

    def write(self, mine: list[Vote], without: Vote | None = None) -> None:
        """Have the file hold these votes of mine, besides those that it has by now.

        All of them, not the newest alone: a `git checkout` may have taken some away.
        """

        def with_mine(now: list[Vote]) -> list[Vote]:
            kept = [vote for vote in now if vote != without]
            return once_each([*kept, *mine])

        self.votes = change_votes(self.path, with_mine)


def question_of(left: Picture, right: Picture) -> Question:
    """Return a question about two pictures."""
    shown = {
        secrets.token_hex(8): picture_in(picture.path, picture.sha256) for picture in (left, right)
    }
    return Question(secrets.token_hex(8), left, right, shown)
