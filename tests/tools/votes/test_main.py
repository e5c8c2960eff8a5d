"""`python -m tools.votes` as a process: begun, voted in, ended, and killed."""

import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests

from tests.support.serving import Server, environment, serving
from tests.support.voting import vote, write_judging
from tools.votes.votes_file import HEADER, line_of, read_votes

MODULE = "tools.votes"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a repository with pictures to vote on."""
    write_judging(tmp_path, seeds=range(1, 9))
    for words in (["init", "-q"], ["config", "user.name", "Nasu"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    return tmp_path


def refused(root: Path, *words: str, **others: str) -> str:
    """Return the one line of a run that can't begin."""
    done = subprocess.run(
        [sys.executable, "-m", MODULE, "--no-browser", *words],
        cwd=root,
        env={**environment(), **others},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr


def cast(server: Server, chose: str = "left") -> None:
    question = server.get("question")["question"]
    server.post("vote", {"question": question["name"], "chose": chose}).raise_for_status()


def cast_many(server: Server, votes: int) -> None:
    for _ in range(votes):
        cast(server)


def test_votes_are_kept_and_the_end_says_how_many(root: Path) -> None:
    with serving(root, MODULE) as server:
        cast(server)
        cast(server, "tie")
        assert {each.who for each in read_votes(root / "training" / "votes.yaml")} == {"Nasu"}
        server.post("end", {}).raise_for_status()
        code, said = server.ended()
    assert code == 0
    assert "votes: 2 more in training/votes.yaml; keep them: git add training/votes.yaml" in said


@pytest.mark.parametrize(
    ("number", "code", "says"),
    [
        (signal.SIGINT, 0, "1 more in training/votes.yaml"),
        (signal.SIGTERM, 143, "stopped by SIGTERM"),
        (signal.SIGHUP, 129, "stopped by SIGHUP"),
    ],
)
def test_ctrl_c_and_a_closed_terminal_end_it_cleanly(
    root: Path, number: signal.Signals, code: int, says: str
) -> None:
    with serving(root, MODULE, "--who", "味噌") as server:
        cast(server)
        server.process.send_signal(number)
        ended, said = server.ended()
    assert (ended, "Traceback" in said) == (code, False)
    assert says in said
    assert [each.who for each in read_votes(root / "training" / "votes.yaml")] == ["味噌"]


@pytest.mark.kills
@pytest.mark.parametrize("seed", range(4))
def test_a_kill_at_any_moment_loses_at_most_the_vote_under_way(root: Path, seed: int) -> None:
    chance, answered, path = random.Random(seed), 0, root / "training" / "votes.yaml"
    with serving(root, MODULE) as server:
        timer = threading.Timer(chance.uniform(0.1, 1.5), server.process.kill)
        timer.start()
        try:
            while True:
                cast(server, chance.choice(["left", "right", "tie"]))
                answered += 1
        except requests.RequestException:
            timer.join()
    kept = len(read_votes(path)) if path.exists() else 0
    assert answered <= kept <= answered + 1
    with serving(root, MODULE) as server:
        assert server.get("question")["progress"]["votes"] == kept
        cast(server)
    assert len(read_votes(path)) == kept + 1


@pytest.mark.kills
def test_two_at_once_write_one_at_a_time(root: Path) -> None:
    with serving(root, MODULE) as one, serving(root, MODULE, "--who", "Miso") as other:
        threads = [threading.Thread(target=cast_many, args=(server, 12)) for server in (one, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    votes = read_votes(root / "training" / "votes.yaml")
    assert sorted(each.who for each in votes) == ["Miso"] * 12 + ["Nasu"] * 12


def test_a_name_is_needed(root: Path) -> None:
    subprocess.run(["git", "-C", str(root), "config", "--unset", "user.name"], check=True)
    nobody = {"HOME": str(root), "XDG_CONFIG_HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1"}
    said = refused(root, **nobody)
    assert said.startswith("votes: error: who votes? Tell Git your name: git config --global ")
    with serving(root, MODULE, "--who", "Miso", others=nobody):
        pass


def test_broken_votes_are_told_of_before_anything_is_shown(root: Path) -> None:
    path = root / "training" / "votes.yaml"
    path.write_text("- {", encoding="utf-8")
    said = refused(root)
    assert said.startswith("votes: error: training/votes.yaml, line 1: can't be read as YAML")
    assert path.read_text(encoding="utf-8") == "- {"


def test_without_pictures_it_says_how_to_get_some(tmp_path: Path) -> None:
    said = refused(tmp_path, "--who", "Nasu")
    assert "hold no pictures to vote on; draw them: dvc repro -s training/dvc.yaml" in said


def test_votes_that_the_commit_has_and_the_file_lacks_are_told_of(root: Path) -> None:
    path = root / "training" / "votes.yaml"
    path.write_text(HEADER + line_of(vote(1, 2)) + line_of(vote(2, 3)), encoding="utf-8")
    git = ["git", "-C", str(root), "-c", "user.email=nasu@example.com"]
    subprocess.run([*git, "add", "training/votes.yaml"], check=True)
    subprocess.run([*git, "commit", "-qm", "Votes"], check=True)
    path.write_text(HEADER + line_of(vote(1, 2)), encoding="utf-8")
    with serving(root, MODULE) as server:
        assert "training/votes.yaml lacks 1 votes that the last commit has" in server.before
        assert "git checkout HEAD -- training/votes.yaml" in server.before


def test_the_address_is_not_in_the_list_of_processes(root: Path) -> None:
    """The browser is started with a ticket that leads to the page once."""
    browser = root / "browser"
    browser.write_text('#!/bin/sh\necho "$@" > "$(dirname "$0")/opened.partial"\n')
    with browser.open("a") as file:
        file.write('mv "$(dirname "$0")/opened.partial" "$(dirname "$0")/opened"\n')
    browser.chmod(0o700)
    process = subprocess.Popen(
        [sys.executable, "-m", MODULE],
        cwd=root,
        env={**environment(), "BROWSER": f"{browser} %s"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout
        line = next(line for line in process.stdout if "http://" in line)
        deadline = time.monotonic() + 60
        while not (root / "opened").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        opened = (root / "opened").read_text().strip()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    address = line.split()[1]
    assert opened.startswith("http://127.0.0.1:")
    assert opened not in address
    assert address.split("/")[3] not in opened


def test_the_helpers_that_it_leaves_are_none_of_gits(root: Path) -> None:
    with serving(root, MODULE) as server:
        cast(server)
    left = {path.name for path in (root / "training").iterdir()}
    assert left == {"judging", "votes.yaml", ".votes.yaml.lock"}
