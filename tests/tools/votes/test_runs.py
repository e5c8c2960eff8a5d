"""The pictures of a run: as they lie in training/, and of experiments from DVC's cache."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from tests.support.voting import (
    LORA,
    MODEL,
    PROMPTS,
    infotext,
    write_grids,
    write_judged,
    write_judging,
    write_picture,
)
from tools.votes.runs import Drawn, Judged, judged_in, run_here, runs_called, told_by


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_was_drawn_for_the_judge_is_voted_on_but_not_without_the_trigger(root: Path) -> None:
    write_judging(root)
    write_grids(root)
    run = run_here()
    assert (run.name, run.lora) == ("workspace", LORA)
    assert len(run.drawn) == 2 * 2 * 5
    path = Path("training/judging/02_e4_w1.0_s2.png")
    assert Drawn(path, PROMPTS[1], 2, "4", 1.0, MODEL) in run.drawn
    without = Path("training/judging/01_e0_w0.0_s1.png")
    assert Drawn(without, PROMPTS[0], 1, "", 0.0, MODEL) in run.drawn
    assert not [drawn for drawn in run.drawn if "no_trigger" in drawn.path.name]


@pytest.mark.parametrize("asked", [False, True])
def test_where_nothing_was_drawn_for_the_judge_the_grids_are_voted_on(
    root: Path, asked: bool
) -> None:
    if asked:
        write_judging(root, prompts=[])
    write_grids(root, weights=(0.0, 0.6))
    run = run_here()
    assert run.lora == LORA
    images = Path("training/pictures/images")
    assert Drawn(images / "02_last_w0.6_s1.png", PROMPTS[1], 1, "last", 0.6, MODEL) in run.drawn
    early = Drawn(images / "01_e000002_w0.6_s1.png", PROMPTS[0], 1, "2", 0.6, MODEL)
    assert early in run.drawn
    assert Drawn(images / "01_last_w0.0_s1.png", PROMPTS[0], 1, "", 0.0, MODEL) in run.drawn
    assert len(run.drawn) == 8


def test_a_prompt_keeps_the_loras_that_somebody_wrote_into_it(root: Path) -> None:
    text = infotext("nasu <lora:detail:0.5>, smile", 1, "nasu-01234567:0.6")
    write_picture(root / "a.png", 1, text)
    assert told_by(root / "a.png") == (MODEL, "nasu <lora:detail:0.5>, smile")
    write_picture(root / "a.png", 1, "no infotext of ours")
    assert told_by(root / "a.png") == ("", "")


def test_without_pictures_it_says_how_to_get_some(root: Path) -> None:
    with pytest.raises(Problem, match=r"hold no pictures to vote on; draw them: dvc repro -s "):
        run_here()
    (root / "training" / "judging").mkdir(parents=True)
    with pytest.raises(Problem, match="dvc pull training/judging training/pictures"):
        run_here()


def test_a_record_that_nobody_could_have_written_is_one_line(root: Path) -> None:
    write_judging(root)
    asked = root / "training" / "judging" / "asked.json"
    good = asked.read_text(encoding="utf-8")
    for broken in ("{", "[]", good.replace('"weight": 0.6', '"weight": "0.6"', 1), "[" * 9999):
        asked.write_text(broken, encoding="utf-8")
        with pytest.raises(Problem, match=r"asked\.json is not as the generate stage writes it"):
            run_here()
    asked.write_text(good, encoding="utf-8")
    (asked.parent / "01_e2_w0.6_s1.png").unlink()
    with pytest.raises(Problem, match=r"tells of 01_e2_w0\.6_s1\.png, which isn't there"):
        run_here()


def test_what_the_judge_says_stands_beside(root: Path) -> None:
    write_judging(root)
    write_judged(root)
    judged = run_here().judged
    assert judged["4", 0.6] == Judged(0.1 * 4 - 0.2 * 0.6, 0.05, 1, ("advised",))
    assert set(judged) == {("2", 0.6), ("2", 1.0), ("4", 0.6), ("4", 1.0)}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"take": "none"}', '{"cells": 3}', '{"cells": [{"epoch": 2}]}', "null"]
)
def test_figures_that_are_none_are_left_out(text: str) -> None:
    assert judged_in(text) == {}


def test_figures_that_the_judge_does_not_know_are_none() -> None:
    cell: dict[str, object] = {
        "epoch": 2,
        "weight": 1,
        "closer": None,
        "closer_doubt": None,
        "copies": 0,
        "told": [],
    }
    assert judged_in(json.dumps({"cells": [cell]})) == {("2", 1.0): Judged(None, None, 0, ())}


# ---- of experiments ----

PIPELINE = """\
stages:
  generate:
    wdir: ..
    cmd: python draw.py
    deps: [draw.py]
    params: [lora]
    outs: [training/judging, training/pictures]
"""
DRAW = """\
import sys
from pathlib import Path

from ruamel.yaml import YAML

from tests.support.voting import write_judging

here = Path()
lora = YAML(typ="safe").load(Path("params.yaml"))["lora"]
write_judging(here, lora=lora, first=int(lora[:4]), seeds=[1])
Path("training/pictures").mkdir(exist_ok=True)
"""


class Repository:
    """A repository with DVC, a commit and an experiment."""

    def __init__(self, root: Path, home: Path, path: Mapping[str, str]) -> None:
        self.root = root
        self.environment = {
            **{"HOME": str(home), "DVC_SITE_CACHE_DIR": str(home / "dvc"), "DVC_NO_ANALYTICS": "1"},
            **path,
        }

    def run(self, *words: str) -> str:
        done = subprocess.run(
            words, cwd=self.root, env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def drawn_twice(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Return a repository whose HEAD and experiment `slower` have pictures of two LoRAs."""
    project = str(Path(__file__).parents[3])
    folder = tmp_path_factory.mktemp("drawn")
    made = Repository(
        folder / "clone",
        folder,
        {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([project, *_python_path()])},
    )
    (made.root / "training").mkdir(parents=True)
    made.run("git", "init", "-q", "-b", "main")
    made.run("git", "config", "--global", "user.name", "Nasu")
    made.run("git", "config", "--global", "user.email", "nasu@example.com")
    made.run("dvc", "init", "-q")
    (folder / "remote").mkdir()
    made.run("dvc", "remote", "add", "-q", "-d", "mount", str(folder / "remote"))
    (made.root / "training" / "dvc.yaml").write_text(PIPELINE)
    (made.root / "draw.py").write_text(DRAW)
    (made.root / "params.yaml").write_text("lora: '0000aaaabbbb'\n")
    made.run("git", "add", "-A")
    made.run("git", "commit", "-qm", "Begin")
    made.run("dvc", "repro", "-q", "training/dvc.yaml")
    made.run("git", "add", "-A")
    made.run("git", "commit", "-qm", "Drawn")
    made.run("git", "clone", "-q", "--bare", str(made.root), str(folder / "origin.git"))
    made.run("git", "remote", "add", "origin", str(folder / "origin.git"))
    word = "lora='0100aaaabbbb'"
    made.run("dvc", "exp", "run", "-q", "training/dvc.yaml:generate", "-n", "slower", "-S", word)
    made.run("git", "checkout", "-q", ".")
    made.run("dvc", "checkout", "-q")
    made.run("dvc", "push", "-q")
    made.run("dvc", "exp", "push", "-q", "origin", "slower")
    return made


def _python_path() -> list[str]:
    """Return where this Python finds packages besides its own."""
    return [each for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each]


@pytest.fixture
def repository(
    drawn_twice: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Repository:
    """Return a copy of it, to change, and stand in it."""
    shutil.copytree(drawn_twice.root, tmp_path / "clone", symlinks=True)
    monkeypatch.chdir(tmp_path / "clone")
    for name, value in drawn_twice.environment.items():
        monkeypatch.setenv(name, value)
    return Repository(tmp_path / "clone", Path(drawn_twice.environment["HOME"]), os.environ)


@pytest.mark.e2e
def test_experiments_and_commits_come_from_the_cache_alone(repository: Repository) -> None:
    shutil.rmtree("training/judging")
    head, slower = runs_called(["HEAD", "slower"])
    assert (head.lora, slower.lora) == ("0000aaaabbbb", "0100aaaabbbb")
    assert len(head.drawn) == len(slower.drawn) == 10
    for drawn in (*head.drawn, *slower.drawn):
        assert ".dvc/cache" in str(drawn.path)
    repository.run("dvc", "checkout", "-q")
    here, again = runs_called(["workspace", "main"])
    assert [drawn.seed for drawn in here.drawn] == [drawn.seed for drawn in again.drawn]
    assert here.drawn[0].path.read_bytes() == again.drawn[0].path.read_bytes()


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["slower", "HEAD"])
@pytest.mark.parametrize("lost", ["all", "a picture"])
def test_what_the_cache_lacks_is_fetched_by_the_command_that_is_told(
    repository: Repository, name: str, lost: str
) -> None:
    (run,) = runs_called([name])
    shutil.rmtree(".dvc/cache/files") if lost == "all" else run.drawn[3].path.unlink()
    with pytest.raises(Problem, match="is not in the cache of this computer; get it: ") as error:
        runs_called([name])
    assert "\n" not in str(error.value)
    command = re.search(r"get it: (.+?) /", str(error.value))
    assert command
    repository.run(*command[1].split())
    assert len(runs_called([name])[0].drawn) == 10


@pytest.mark.e2e
def test_an_older_commit_is_fetched_by_the_command_that_is_told(repository: Repository) -> None:
    Path("note").touch()
    repository.run("git", "add", "note")
    repository.run("git", "commit", "-qm", "Another")
    shutil.rmtree(".dvc/cache/files")
    with pytest.raises(Problem) as error:
        runs_called(["HEAD~1"])
    command = re.search(r"get it: (.+?) /", str(error.value))
    assert command
    repository.run(*command[1].split())
    assert len(runs_called(["HEAD~1"])[0].drawn) == 10


@pytest.mark.e2e
def test_runs_that_are_none_are_one_line(repository: Repository) -> None:
    for name in ("nonsense", "--help", "HEAD~9"):
        with pytest.raises(Problem, match=f"^--runs {name}: there is no such experiment"):
            runs_called([name])
    with pytest.raises(Problem, match=r"^HEAD~1: has no pictures to vote on"):
        runs_called(["HEAD~1"])
    repository.run("git", "commit", "-q", "--allow-empty", "-m", "Another base")
    word = "lora='0200aaaabbbb'"
    repository.run(
        *("dvc", "exp", "run", "-q", "training/dvc.yaml:generate", "-n", "slower", "-S", word)
    )
    with pytest.raises(Problem, match=r"^--runs slower: several experiments are called so; "):
        runs_called(["slower"])
