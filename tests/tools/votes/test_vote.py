"""A vote is the same whichever side a picture was on, as far as pictures go."""

from dataclasses import replace

from tests.support.voting import vote
from tools.votes.vote import once_each


def test_a_vote_knows_its_pictures_whatever_their_sides() -> None:
    one = vote(1, 2)
    assert replace(one, left=one.right, right=one.left).pictures == one.pictures


def test_what_is_there_twice_counts_once_in_its_place() -> None:
    assert once_each([vote(1, 2), vote(3, 4), vote(1, 2)]) == [vote(1, 2), vote(3, 4)]
