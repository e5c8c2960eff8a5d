"""training/votes.yaml: read as it was written, joined by Git, and never overwritten if broken."""

import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from stages.library.common.errors import Problem
from stages.library.common.outputs import write_atomically
from tests.support.clones import PROJECT
from tests.support.voting import side, vote
from tools.votes import votes_file
from tools.votes.vote import Candidate, Side, Vote
from tools.votes.votes_file import HEADER, change_votes, line_of, read_votes, votes_in

PATH = Path("votes.yaml")


def add(path: Path, *votes: Vote) -> None:
    change_votes(path, lambda now: [*now, *votes])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "votes.yaml"


def test_votes_are_read_as_they_were_written(path: Path) -> None:
    assert read_votes(path) == []
    add(path, vote(1, 2))
    add(path, vote(2, 3, "tie"), vote(3, 4, "right", who="味噌汁 の なす", prompt='a, "b": {c}\n'))
    assert read_votes(path) == [
        vote(1, 2),
        vote(2, 3, "tie"),
        vote(3, 4, "right", who="味噌汁 の なす", prompt='a, "b": {c}\n'),
    ]
    assert path.read_text(encoding="utf-8").startswith(HEADER)


def test_any_yaml_reader_sees_the_same(path: Path) -> None:
    add(path, vote(1, 2, prompt="茄子: yes, no"))
    (entry,) = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert entry["prompt"] == "茄子: yes, no"
    assert entry["left"]["weight"] == 0.6
    assert entry["chose"] == "left"


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
HASHES = st.text("0123456789abcdef", max_size=12)
CANDIDATES = st.builds(
    Candidate,
    lora=HASHES,
    model=HASHES,
    epoch=st.sampled_from(["", "last", "1", "120"]),
    weight=st.floats(-2, 2).map(lambda weight: round(weight, 4)),
)
SIDES = st.builds(
    Side,
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    candidate=CANDIDATES,
    run=TEXT,
)
VOTES = st.builds(
    Vote,
    at=st.just("2026-01-31T12:00:00Z"),
    who=TEXT.filter(bool),
    prompt=TEXT,
    seed=st.integers(0, 2**32 - 1),
    left=SIDES,
    right=SIDES,
    chose=st.sampled_from(["left", "right", "tie"]),
).filter(lambda vote: len(vote.pictures) == 2)


@given(VOTES)
def test_whatever_a_vote_holds_is_one_line_and_comes_back(made: Vote) -> None:
    line = line_of(made)
    assert line.count("\n") == 1
    assert votes_in(HEADER + line, PATH) == [made]


def test_a_vote_taken_back_leaves_the_others_and_their_comments(path: Path) -> None:
    add(path, vote(1, 2), vote(2, 3), vote(3, 4))
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(line_of(vote(2, 3)), f"# mine\n{line_of(vote(2, 3))}"), "utf-8")
    change_votes(path, lambda now: now[1:])
    assert read_votes(path) == [vote(2, 3), vote(3, 4)]
    assert "\n# mine\n" in path.read_text(encoding="utf-8")


def test_what_changes_nothing_writes_nothing(path: Path) -> None:
    add(path, vote(1, 2))
    before = path.stat()
    change_votes(path, lambda now: now)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize(
    "text",
    [
        "[]\n",
        f"[{line_of(vote(1, 2)).strip()[2:]}]\n",
        line_of(vote(1, 2)).rstrip("\n"),
        line_of(vote(1, 2)).replace("\n", "\r\n"),
        f"\ufeff{HEADER}{line_of(vote(1, 2))}",
        yaml.safe_dump(yaml.safe_load(line_of(vote(1, 2)))),
    ],
    ids=["none", "in brackets", "no line end", "of Windows", "marked", "laid out anew"],
)
def test_a_file_that_is_laid_out_otherwise_keeps_its_votes(path: Path, text: str) -> None:
    path.write_bytes(text.encode())
    before = read_votes(path)
    assert len(before) == (text != "[]\n")
    add(path, vote(5, 6))
    assert read_votes(path) == [*before, vote(5, 6)]


GOOD = line_of(vote(1, 2))
BROKEN = {
    "": r"is empty; get your votes back with: git checkout ",
    " \n": r"is empty",
    f"<<<<<<< HEAD\n{GOOD}=======\n>>>>>>> theirs\n": r", line 1: holds Git's conflict marks",
    GOOD[:200]: r", line \d+: can't be read as YAML",
    "votes: 3\n": r": holds no list of votes",
    GOOD + "- hello\n": r", vote 2: it is no map of values",
    GOOD.replace("chose: left", "chose: both"): r", vote 1: chose can't be 'both'",
    GOOD.replace("seed: 1, ", ""): r", vote 1: seed is missing",
    GOOD.replace("seed: 1", "seed: 1, extra: 2"): r", vote 1: 'extra' is nothing that a vote has",
    GOOD.replace("weight: 0.6", "weight: heavy", 1): r", vote 1: left\.weight can't be 'heavy'",
    GOOD.replace(side(2).sha256, side(1).sha256): r", vote 1: both sides are the same picture",
    GOOD.replace("left: {", "left: [", 1).replace("}", "]", 1): r"can't be read|no map of values",
    "&a [*a]\n": r"can't be read as YAML: aliases",
}


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_file_is_one_line_and_stays_as_it_is(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    for read in (read_votes, lambda path: add(path, vote(5, 6))):
        with pytest.raises(Problem, match=BROKEN[text]) as error:
            read(path)
        assert "\n" not in str(error.value)
        assert path.read_text(encoding="utf-8") == text


def test_a_file_that_is_no_text_is_one_line(path: Path) -> None:
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(Problem, match="is not UTF-8"):
        add(path, vote(1, 2))


def test_what_somebody_else_writes_meanwhile_is_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `git pull` between the reading and the writing."""
    add(path, vote(1, 2))
    write, pulled = write_atomically, [vote(3, 4), vote(4, 5)]

    def pull_first(*words: object) -> None:
        if pulled:
            text = path.read_text(encoding="utf-8") + line_of(pulled.pop())
            path.with_suffix(".new").write_text(text, encoding="utf-8")
            path.with_suffix(".new").replace(path)
        write(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(votes_file, "write_atomically", pull_first)
    add(path, vote(5, 6))
    assert read_votes(path) == [vote(1, 2), vote(4, 5), vote(3, 4), vote(5, 6)]


def test_who_keeps_writing_is_named_in_the_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(path, vote(1, 2))

    def never(*_: object) -> None:
        raise Problem("changed")

    monkeypatch.setattr(votes_file, "write_atomically", never)
    with pytest.raises(Problem, match="something else keeps writing it"):
        add(path, vote(5, 6))
    assert read_votes(path) == [vote(1, 2)]


# ---- what Git joins ----


def git(folder: Path, *words: str, ok: bool = True) -> str:
    who = ("-c", "user.name=Nasu", "-c", "user.email=nasu@example.com")
    command = ["git", "-C", str(folder), *who, *words]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode == 0) == ok, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Return two clones of a repository that joins votes as this one does."""
    origin = tmp_path / "origin"
    (origin / "training").mkdir(parents=True)
    git(origin, "init", "-q", "-b", "main")
    for name in (".gitattributes", "training/votes.yaml"):
        (origin / name).write_bytes((PROJECT / name).read_bytes())
    git(origin, "add", "-A")
    git(origin, "commit", "-qm", "Begin")
    git(origin, "config", "receive.denyCurrentBranch", "updateInstead")
    for name in ("here", "there"):
        git(tmp_path, "clone", "-q", str(origin), name)
    return tmp_path / "here", tmp_path / "there"


HERE = [vote(number, number + 1, who="Nasu") for number in range(1, 8)]
THERE = [vote(number, number + 2, "tie", who="Miso") for number in range(1, 6)]


@pytest.mark.parametrize("pull", ["merge", "rebase", "stash"])
def test_the_votes_of_two_people_are_joined(two: tuple[Path, Path], pull: str) -> None:
    for folder, votes in zip(two, (HERE, THERE), strict=True):
        for each in votes:
            add(folder / "training" / "votes.yaml", each)
    here, there = two
    git(there, "commit", "-qam", "Votes")
    git(there, "push", "-q")
    if pull != "stash":
        git(here, "commit", "-qam", "Votes")
        git(here, "pull", "-q", "--rebase" if pull == "rebase" else "--no-rebase")
    else:
        git(here, "stash", "-q")
        git(here, "pull", "-q")
        git(here, "stash", "pop", "-q")
    votes = read_votes(here / "training" / "votes.yaml")
    assert len(votes) == len(HERE) + len(THERE)
    assert set(votes) == {*HERE, *THERE}


def test_two_who_begin_the_file_are_joined_and_what_both_have_counts_once(
    two: tuple[Path, Path],
) -> None:
    for folder in two:
        (folder / "training" / "votes.yaml").unlink()
        git(folder, "commit", "-qam", "No file")
    for folder, votes in zip(two, ([*HERE, THERE[0]], [HERE[2], *THERE]), strict=True):
        add(folder / "training" / "votes.yaml", *votes)
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", "Votes")
    here, there = two
    git(here, "pull", "-q", "--no-rebase", str(there), "main")
    votes = read_votes(here / "training" / "votes.yaml")
    assert len(votes) == len(HERE) + len(THERE)
    assert set(votes) == {*HERE, *THERE}


def test_the_file_that_comes_with_the_project_has_no_votes() -> None:
    path = PROJECT / "training" / "votes.yaml"
    assert path.read_text(encoding="utf-8") == HEADER
    assert read_votes(path) == []
