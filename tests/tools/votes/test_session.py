"""A sitting: every answer is in the file, and a planted taste is found."""

import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from stages.library.common.errors import Problem
from tests.support.voting import turned, write_judging, write_picture
from tools.votes.pool import Pool, pool_of
from tools.votes.runs import run_here
from tools.votes.session import Question, Session
from tools.votes.standings import leader
from tools.votes.vote import CHOICES, Candidate, Choice, Vote
from tools.votes.votes_file import line_of, read_votes


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pool:
    monkeypatch.chdir(tmp_path)
    write_judging(tmp_path, seeds=(1, 2, 3, 4))
    return pool_of([run_here()])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "training" / "votes.yaml"


def asked(session: Session) -> Question:
    question = session.ask()
    assert question
    return question


def answer(session: Session, chose: Choice) -> None:
    session.answer(asked(session).name, chose)


def test_an_answer_is_in_the_file_before_the_next_question(pool: Pool, path: Path) -> None:
    session = Session(pool, path, "Nasu", seed=1)
    question = asked(session)
    assert asked(session) is question, "it stays until it is answered"
    assert question.left.scene == question.right.scene
    session.answer(question.name, "right")
    (vote,) = read_votes(path)
    assert (vote.who, vote.chose, vote.seed) == ("Nasu", "right", question.left.scene[1])
    assert vote.left.sha256 == question.left.sha256
    assert vote.right.candidate == question.right.candidate
    assert asked(session).name != question.name


def test_a_question_tells_nothing_by_its_names(pool: Pool, path: Path) -> None:
    question = asked(Session(pool, path, "Nasu"))
    names = [question.name, *question.shown]
    assert len(set(names)) == 3
    assert question.shown[question.sides[0]] == question.left.path.read_bytes()
    assert question.shown[question.sides[1]] == question.right.path.read_bytes()
    for name in names:
        assert len(name) == 16
        assert int(name, 16) >= 0


def test_the_same_answer_twice_is_refused(pool: Pool, path: Path) -> None:
    session = Session(pool, path, "Nasu")
    name = asked(session).name
    session.answer(name, "left")
    with pytest.raises(Problem, match="already, in another window"):
        session.answer(name, "left")
    with pytest.raises(Problem, match="already, in another window"):
        session.answer("no such question", "left")
    assert len(read_votes(path)) == 1


def test_sides_are_shuffled(pool: Pool, path: Path) -> None:
    """The weaker epoch stands left about as often as right."""
    session, left = Session(pool, path, "Nasu", seed=3), Counter[bool]()
    for _ in range(40):
        question = asked(session)
        left[question.left.candidate < question.right.candidate] += 1
        answer(session, "tie")
    assert min(left.values()) >= 10


def test_undo_takes_the_newest_back_and_asks_again(pool: Pool, path: Path) -> None:
    session = Session(pool, path, "Nasu")
    session.undo()
    assert not path.exists()
    answer(session, "left")
    again = asked(session)
    answer(session, "left")
    asked(session)
    session.undo()
    assert len(read_votes(path)) == len(session.mine) == 1
    assert (asked(session).left, asked(session).right) == (again.left, again.right)
    session.undo()
    session.undo()
    assert read_votes(path) == []


def test_nobody_is_asked_twice_and_another_person_is(pool: Pool, path: Path) -> None:
    session = Session(pool, path, "Nasu", seed=1)
    while session.ask():
        answer(session, "tie")
    votes = read_votes(path)
    assert len({vote.pictures for vote in votes}) == len(votes) == len(pool.pairs)
    assert Session(pool, path, "Nasu").ask() is None
    assert Session(pool, path, "Miso").ask() is not None


def test_scenes_are_asked_of_as_often(pool: Pool, path: Path) -> None:
    session = Session(pool, path, "Nasu", seed=1)
    for _ in range(24):
        answer(session, "left")
    scenes = Counter((vote.prompt, vote.seed) for vote in read_votes(path))
    assert len(scenes) == 8
    assert max(scenes.values()) <= 6


def test_what_was_pulled_meanwhile_is_kept_and_counted(pool: Pool, path: Path) -> None:
    session, other = Session(pool, path, "Nasu"), Session(pool, path, "Miso")
    answer(session, "left")
    answer(other, "left")
    answer(session, "left")
    assert Counter(vote.who for vote in read_votes(path)) == {"Nasu": 2, "Miso": 1}
    assert session.progress().votes == 3
    session.undo()
    assert Counter(vote.who for vote in read_votes(path)) == {"Nasu": 1, "Miso": 1}


def test_votes_that_a_checkout_took_away_come_back(pool: Pool, path: Path) -> None:
    """As `git checkout`, `git stash` and `dvc exp apply` take them."""
    session = Session(pool, path, "Nasu")
    answer(session, "left")
    (first,) = read_votes(path)
    path.write_text(line_of(turned(first)).replace("Nasu", "Miso"), encoding="utf-8")
    answer(session, "left")
    assert Counter(vote.who for vote in read_votes(path)) == {"Nasu": 2, "Miso": 1}


def test_a_file_that_breaks_meanwhile_is_never_overwritten(pool: Pool, path: Path) -> None:
    session = Session(pool, path, "Nasu")
    answer(session, "left")
    good = path.read_text(encoding="utf-8")
    path.write_text(f"<<<<<<< HEAD\n{good}", encoding="utf-8")
    question = asked(session)
    with pytest.raises(Problem, match="line 1: holds Git's conflict marks"):
        session.answer(question.name, "left")
    with pytest.raises(Problem, match="line 1: holds Git's conflict marks"):
        session.undo()
    assert path.read_text(encoding="utf-8").startswith("<<<<<<< HEAD")
    path.write_text(good, encoding="utf-8")
    session.answer(question.name, "left")
    assert len(read_votes(path)) == 2


def test_a_picture_that_was_drawn_anew_is_not_voted_on(pool: Pool, path: Path) -> None:
    for _, other, _ in pool.pairs:
        write_picture(other.path, 7, "")
    with pytest.raises(Problem, match="was changed since this was started"):
        Session(pool, path, "Nasu").ask()


def taste(strengths: dict[Candidate, float], vote: Question, chance: np.random.Generator) -> Choice:
    difference = strengths[vote.left.candidate] - strengths[vote.right.candidate]
    return "left" if chance.random() < 1 / (1 + np.exp(-difference)) else "right"


def test_a_planted_taste_is_found_and_it_is_enough(pool: Pool, path: Path) -> None:
    """Strong, but hidden in one candidate of five, which chance could not find in 40 votes."""
    for seed in range(3):
        chance = np.random.default_rng(seed)
        best = pool.candidates[int(chance.integers(5))]
        strengths = {each: 3.0 * (each == best) for each in pool.candidates}
        session = Session(pool, path, f"voter {seed}", seed)
        session.votes = []
        path.unlink(missing_ok=True)
        for _ in range(40):
            answer(session, taste(strengths, asked(session), chance))
        assert pool.candidates[leader(session.belief())] == best
        assert session.progress().enough


def test_order_and_sides_of_votes_change_nothing(pool: Pool, path: Path) -> None:
    session = Session(pool, path, "Nasu", seed=5)
    for chose in (*CHOICES, *CHOICES[:1], *CHOICES[::2]):
        answer(session, chose)
    before, votes = session.belief(), read_votes(path)

    def same(changed: list[Vote]) -> bool:
        session.votes = changed
        return bool((session.belief().strengths == before.strengths).all())

    assert same(votes[::-1])
    assert same([turned(vote) for vote in votes])
    assert not same(votes[1:])


def test_git_sees_lines_that_were_added_alone(pool: Pool, path: Path, tmp_path: Path) -> None:
    session = Session(pool, path, "Nasu")
    answer(session, "left")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=N", "-c", "user.email=n@example.com"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", str(path)], check=True)
    subprocess.run([*git, "commit", "-qm", "One"], check=True)
    answer(session, "tie")
    told = subprocess.run([*git, "diff", "--numstat"], check=True, capture_output=True, text=True)
    assert told.stdout.split()[:2] == ["1", "0"]
