"""What can be voted on: pictures of the same prompt and seed that differ."""

from dataclasses import replace
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from tests.support.voting import LORA, MODEL, PROMPTS, turned, vote, write_picture
from tools.votes.pool import Pool, pool_of
from tools.votes.runs import Drawn, Judged, Run
from tools.votes.vote import CHOICES, Candidate, Side

OTHER = "ba9876543210"


def drawn(path: Path, number: int, epoch: str, weight: float, **others: object) -> Drawn:
    write_picture(path, number, "")
    made = Drawn(path, PROMPTS[0], 1, epoch, weight, MODEL)
    return replace(made, **others)  # type: ignore[arg-type]


def run(tmp_path: Path, name: str = "first", lora: str = LORA, number: int = 1) -> Run:
    """Return a run of two epochs and what draws without a LoRA."""
    folder = tmp_path / name
    return Run(
        name,
        lora,
        [
            drawn(folder / "0.png", 99, "", 0.0),
            drawn(folder / "2.png", number, "2", 0.6),
            drawn(folder / "10.png", number + 1, "10", 0.6),
        ],
        {("2", 0.6): Judged(0.1, 0.05, 0, ())},
    )


def test_pictures_of_a_prompt_and_seed_meet(tmp_path: Path) -> None:
    pool = pool_of([run(tmp_path)])
    assert pool.candidates == [
        Candidate("", MODEL, "", 0.0),
        Candidate(LORA, MODEL, "2", 0.6),
        Candidate(LORA, MODEL, "10", 0.6),
    ]
    assert len(pool.pairs) == 3
    assert pool.runs == dict.fromkeys(pool.candidates[1:], "first")
    assert pool.judged == {pool.candidates[1]: Judged(0.1, 0.05, 0, ())}


def test_runs_meet_and_what_draws_without_a_lora_is_one_in_both(tmp_path: Path) -> None:
    pool = pool_of([run(tmp_path), run(tmp_path, "second", OTHER, 11)])
    assert len(pool.candidates) == 5
    assert len(pool.pairs) == 10
    names = {candidate.lora: name for candidate, name in pool.runs.items()}
    assert names == {LORA: "first", OTHER: "second"}


def test_a_lora_that_two_runs_have_is_one_candidate_with_both_names(tmp_path: Path) -> None:
    pool = pool_of([run(tmp_path), run(tmp_path, "second")])
    assert len(pool.candidates) == 3
    assert set(pool.runs.values()) == {"first, second"}


def test_the_same_lora_on_another_model_is_another_candidate(tmp_path: Path) -> None:
    one, other = run(tmp_path), run(tmp_path, "second", number=11)
    other = replace(other, drawn=[replace(each, model="ffff") for each in other.drawn])
    assert len(pool_of([one, other]).candidates) == 6


def test_the_same_picture_twice_is_never_compared(tmp_path: Path) -> None:
    same = run(tmp_path)
    same.drawn[2].path.write_bytes(same.drawn[1].path.read_bytes())
    pool = pool_of([same])
    assert len(pool.pairs) == 2
    assert pool.free(set()).sum() == 4


@pytest.mark.parametrize("fault", ["one", "all the same", "other prompts", "other seeds"])
def test_where_nothing_can_be_compared_it_is_said(tmp_path: Path, fault: str) -> None:
    whole = run(tmp_path)
    pictures = whole.drawn
    if fault == "one":
        pictures = pictures[:1]
    elif fault == "all the same":
        for each in pictures[1:]:
            each.path.write_bytes(pictures[0].path.read_bytes())
    elif fault == "other prompts":
        pictures = [replace(each, prompt=str(n)) for n, each in enumerate(pictures)]
    else:
        pictures = [replace(each, seed=n) for n, each in enumerate(pictures)]
    with pytest.raises(
        Problem, match=r"^first: no two pictures of the same prompt and seed differ"
    ):
        pool_of([replace(whole, drawn=pictures)])


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    return pool_of([run(tmp_path)])


def test_votes_are_counted_whichever_side_was_preferred(pool: Pool) -> None:
    none, second, tenth = (Side(str(n) * 64, each, "") for n, each in enumerate(pool.candidates))
    elsewhere = replace(tenth, candidate=Candidate(OTHER, MODEL, "1", 1.0))
    votes = [
        vote(1, 2, chose, left=left, right=right)
        for left, right, chose in (
            (second, none, CHOICES[0]),
            (none, second, CHOICES[1]),
            (tenth, none, CHOICES[1]),
            (tenth, second, CHOICES[2]),
            (elsewhere, none, CHOICES[0]),
        )
    ]
    tally = pool.tally(votes)
    assert tally.wins.tolist() == [[0, 0, 1], [2, 0, 0], [0, 0, 0]]
    assert tally.ties.tolist() == [[0, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert tally.count == 4
    again = pool.tally([turned(each) for each in reversed(votes)])
    assert (again.wins == tally.wins).all()
    assert (again.ties == tally.ties).all()


def test_what_was_voted_on_is_not_free_any_more(pool: Pool) -> None:
    one, other, _ = pool.pairs[0]
    free = pool.free({frozenset((one.sha256, other.sha256))})
    assert not free[pool.places[one.candidate], pool.places[other.candidate]]
    assert free.sum() == 4


def test_a_side_says_what_a_picture_was(pool: Pool) -> None:
    none, second, _ = pool.pairs[0]
    assert pool.side(none) == Side(none.sha256, Candidate("", MODEL, "", 0.0), "")
    assert pool.side(second).run == "first"
