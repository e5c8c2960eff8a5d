"""Experiments by their refs, in repositories of one commit."""

import subprocess
from pathlib import Path

import pytest

from tools.experiments import (
    baseline,
    copy_into,
    experiments,
    fetch_published,
    free_name,
    git,
    missing_in,
    note_as,
)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a repository with one commit the current folder."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Nasu")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "nasu@example.com")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    subprocess.run(["git", "init", "-q", "-b", "main"], check=True)
    commit("First")
    return here


def commit(message: str) -> str:
    subprocess.run(["git", "commit", "-q", "--allow-empty", "-m", message], check=True)
    return git("rev-parse", "HEAD")


def experiment(name: str, message: str) -> str:
    """Make an experiment as DVC does: a commit that no branch has."""
    base = baseline()
    made = git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", message)
    ref = f"refs/exps/{base[:2]}/{base[2:]}/{name}"
    git("update-ref", ref, made)
    return ref


def test_experiments_are_known_by_base_and_message_but_not_dvc_s_own_refs(repository: Path) -> None:
    experiment("miso", "train.seed=1")
    git("update-ref", "refs/exps/exec/EXEC_HEAD", "HEAD")
    git("update-ref", "refs/exps/stash", "HEAD")
    assert experiments("refs/exps") == {"miso": (baseline(), "train.seed=1")}
    assert repository.is_dir()


def test_what_origin_or_a_bundle_has_is_published(repository: Path, tmp_path: Path) -> None:
    drive = tmp_path / "drive"
    drive.mkdir()
    pushed, saved, new = (experiment(name, "a=1") for name in ("pushed", "saved", "new"))
    subprocess.run(["git", "clone", "-q", "--bare", ".", tmp_path / "origin"], check=True)
    git("remote", "add", "origin", str(tmp_path / "origin"))
    git("push", "-q", "origin", f"{pushed}:{pushed}")
    git("bundle", "create", "-q", "saved.bundle", saved)
    copy_into(drive / "experiments", repository / "saved.bundle")
    assert missing_in("published") == [new, pushed, saved]
    fetch_published(drive)
    assert missing_in("published") == [new]
    assert set(experiments("refs/published")) == {"pushed", "saved"}
    note_as("pushed", [new])
    assert missing_in("pushed") == [pushed, saved]
    assert [path.name for path in (drive / "experiments").iterdir()] == ["saved.bundle"]


def test_a_name_is_kept_for_the_same_experiment_and_counted_up_for_another() -> None:
    taken = {"lora": ("abc", "a=1"), "lora-2": ("abc", "a=2")}
    assert free_name("lora", ("abc", "a=1"), taken) == "lora"
    assert free_name("lora", ("abc", "a=2"), taken) == "lora-2"
    assert free_name("lora", ("def", "a=1"), taken) == "lora-3"
    assert free_name("other", ("abc", "a=1"), taken) == "other"


@pytest.mark.parametrize("name", ["", "-n", "a b", "ナス", "a/b", "a..b", "a" * 65, "x;y"])
def test_a_name_that_git_or_a_shell_could_misread_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no name"):
        free_name(name, ("abc", ""), {})
