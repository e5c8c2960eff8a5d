"""The notebook's steps one by one, without Colab; the whole is in tests/e2e."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from hashlib import md5
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.common.git import git
from tests.support.clones import PROJECT
from tools import colab


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty folder the current one, with a uv that only notes what it is asked."""
    monkeypatch.chdir(tmp_path)
    uv = tmp_path / "bin/uv"
    uv.parent.mkdir()
    uv.write_text(f'#!/bin/sh\necho "$@" >> "{tmp_path}/uv.log"\n')
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", f"{uv.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    for name in ("NASUMISO_DRIVE", "NASUMISO_TRAINER"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_the_runtime_s_own_python_can_run_it() -> None:
    code = """
    import sys, tools.colab
    from pathlib import Path
    places = {str(Path(m.__file__)) for m in sys.modules.values() if getattr(m, "__file__", None)}
    print(*(place for place in places if "site-packages" in place))
    """
    words = [sys.executable, "-S", "-c", textwrap.dedent(code)]
    answer = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == ""


def test_missing_drive_is_told_by_what_is_missing(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Problem, match="the form first"):
        colab.drive()
    monkeypatch.setenv("NASUMISO_DRIVE", str(here / "drive/MyDrive/NasuTomo"))
    with pytest.raises(Problem, match="isn't mounted"):
        colab.drive()
    (here / "drive/MyDrive").mkdir(parents=True)
    with pytest.raises(Problem, match="NasuTomo/dvc: there is no such folder"):
        colab.drive()
    (here / "drive/MyDrive/NasuTomo/dvc").mkdir(parents=True)
    assert colab.drive().name == "NasuTomo"
    monkeypatch.setenv("NASUMISO_DRIVE", str(here / "drive/Shareddrives/Circle/NasuTomo"))
    with pytest.raises(Problem, match=r"^Shareddrives/Circle/NasuTomo/dvc: there is no such"):
        colab.drive()


def test_a_commit_without_a_dataset_is_told_before_anything_is_installed(here: Path) -> None:
    with pytest.raises(Problem, match="records no dataset; at home: dvc repro, git add"):
        colab.dataset()
    assert not (here / "uv.log").exists()


LOCK = """\
schema: '2.0'
stages:
  caption:
    cmd: python
    params:
      params.yaml:
        caption:
          threshold: 0.35
          exclude: []
    outs:
    - path: data/captions
      hash: md5
      md5: 11111111111111111111111111111111.dir
  edit:
    cmd: python
    deps:
    - path: data/edits.yaml
      hash: md5
      md5: fb3e99bec8e1dd1f02e3b2ee4cde0a11
  organize:
    cmd: python
    params:
      params.yaml:
        train.max_train_epochs: 10
  report:
    cmd: python
    params:
      params.yaml:
        caption:
          threshold: 0.9
"""


@pytest.mark.parametrize(
    ("params", "changed"),
    [
        ("caption: {threshold: 0.35, exclude: []}\ntrain: {seed: 1}", []),
        ("caption: {threshold: 35e-2, exclude: []}", []),  # a number in YAML 1.2, as for DVC
        ("caption: {threshold: 0.9, exclude: [solo]}", ["caption.threshold", "caption.exclude"]),
        ("caption: {threshold: 0.35, exclude: [], max_tags: 0}", ["caption.max_tags"]),
        ("caption: {exclude: []}", ["caption.threshold"]),
        ("caption:", ["caption.threshold", "caption.exclude"]),
    ],
)
def test_params_that_the_dataset_was_not_made_with_are_named(
    here: Path, params: str, changed: list[str]
) -> None:
    Path(".venv").symlink_to(sys.prefix)
    now, recorded = colab.as_yaml(params, LOCK)
    assert colab.changed_since(recorded, now, [here / "no-edits.yaml"]) == changed


def test_corrections_that_the_dataset_lacks_are_named(here: Path) -> None:
    (here / ".venv").symlink_to(sys.prefix)
    (recorded,) = colab.as_yaml(LOCK)
    params = {"caption": {"threshold": 0.35, "exclude": []}}
    edits = Path("data/edits.yaml")
    edits.parent.mkdir()
    edits.write_text("edits: []\n")
    assert colab.changed_since(recorded, params, [edits]) == ["data/edits.yaml"]
    wishes = Path("data/drawings.yaml")
    wishes.write_text("{}\n")
    assert colab.changed_since(recorded, params, [edits, wishes]) == ["data/edits.yaml"]
    recorded["stages"]["edit"]["deps"].append({"path": "data/drawings.yaml", "md5": "0" * 32})
    assert colab.changed_since(recorded, params, colab.KEPT) == [
        "data/edits.yaml",
        "data/drawings.yaml",
    ]
    del recorded["stages"]["edit"]["deps"][1]
    recorded["stages"]["edit"]["deps"][0]["md5"] = md5(edits.read_bytes()).hexdigest()
    assert colab.changed_since(recorded, params, [edits]) == []
    assert colab.entry_of(recorded, "outs", "data/captions").endswith(".dir")
    assert colab.entry_of(recorded, "outs", "data/dataset") == ""


def test_files_of_the_dataset_that_the_drive_lacks_are_named_though_their_list_is_there(
    here: Path,
) -> None:
    stores = here / "cache", here / "drive"
    names = {"10_nasu/img001.png": "a1" + 30 * "0", "10_nasu/img001.txt": "b2" + 30 * "0"}
    entries = [{"md5": oid, "relpath": name} for name, oid in names.items()]
    kept = {"c3" + 30 * "0" + ".dir": json.dumps(entries), names["10_nasu/img001.txt"]: "1girl"}
    listed, *_ = kept
    assert colab.absent("data/dataset", listed, *stores) == ["data/dataset"]
    for store, (oid, content) in zip(stores, kept.items(), strict=True):
        place = store / "files/md5" / oid[:2] / oid[2:]
        place.parent.mkdir(parents=True)
        place.write_text(content)
    assert colab.absent("data/dataset", listed, *stores) == ["10_nasu/img001.png"]
    (stores[0] / "files/md5/a1").mkdir()
    (stores[0] / "files/md5/a1" / ("0" * 30)).touch()
    assert colab.absent("data/dataset", listed, *stores) == []
    (stores[0] / "files/md5/c3" / ("0" * 30 + ".dir")).write_text("[{")  # cut
    assert colab.absent("data/dataset", listed, *stores) == ["data/dataset"]


def test_a_list_that_leads_out_of_the_dataset_is_refused(here: Path) -> None:
    """DVC would write the file there, and verifies no list."""
    listed = "c3" + 30 * "0" + ".dir"
    place = here / "drive/files/md5/c3" / listed[2:]
    place.parent.mkdir(parents=True)
    for name in ("../../escaped", "/etc/x", "10_nasu/../../x"):
        place.write_text(json.dumps([{"md5": "a1" + 30 * "0", "relpath": name}]))
        with pytest.raises(Problem, match=r"outside of its folder, where dvc pull would write it"):
            colab.absent("data/dataset", listed, here / "cache", here / "drive")


def test_params_that_can_t_be_read_are_told(here: Path) -> None:
    (here / ".venv").symlink_to(sys.prefix)
    with pytest.raises(Problem, match=r"^params.yaml or dvc.lock can't be read: .*dvc repro"):
        colab.as_yaml("caption: {threshold: 1", LOCK)


def test_trainer_is_the_pinned_commit_with_pinned_packages_on_the_machine_s_torch(
    here: Path,
) -> None:
    source = repository(here / "source")
    commit = git("-C", str(source), "rev-parse", "HEAD")
    colab.trainer(str(source), commit)
    assert git("-C", "training/sd-scripts", "rev-parse", "HEAD") == commit
    assert (here / "uv.log").read_text().splitlines() == [
        f"venv --quiet --system-site-packages --python {sys.executable} training/sd-scripts/.venv",
        "pip install --quiet --python training/sd-scripts/.venv --no-deps "
        "-r training/requirements.txt",
    ]
    colab.trainer(
        str(here / "nowhere"), commit
    )  # it is there already, so that nothing is fetched again


def test_update_takes_the_newest_commit_and_keeps_what_was_changed_here(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = repository(here / "source")
    subprocess.run(["git", "clone", "-q", source, here / "clone"], check=True)
    monkeypatch.chdir(here / "clone")
    Path("params.yaml").write_text("mine: 1\n")
    colab.update(str(source), "main")  # nothing new: the change stays
    assert Path("params.yaml").read_text() == "mine: 1\n"
    (source / "params.yaml").write_text("theirs: 1\n")
    commit(source, "Second")
    colab.update(str(source), "main")
    assert Path("params.yaml").read_text() == "theirs: 1\n"
    assert "mine: 1" in git("stash", "show", "-p", "--include-untracked")
    assert git("config", "user.email") == "colab@localhost"
    with pytest.raises(Problem, match="has no branch no-such-branch"):
        colab.update(str(source), "no-such-branch")
    for branch in ("--upload-pack=touch pwned", "-x", "a b", ""):
        with pytest.raises(Problem, match="is no name of a branch"):
            colab.update(str(source), branch)
    with pytest.raises(Problem, match="belongs to the dataset"):
        colab.update(str(source), "main", overrides="caption.threshold=0.9")


def test_the_stop_button_reaches_the_command_and_waits_for_it(here: Path) -> None:
    trap = "trap 'sleep 0.2; echo done > stopped; exit 1' INT; touch ready; "
    trap += "while :; do sleep 0.05; done"
    code = f"from tools import colab; colab.run('bash', '-c', {trap!r})"
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    words = [sys.executable, "-c", code]
    with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE) as process:
        while not (here / "ready").exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate()
    assert (here / "stopped").read_text() == "done\n"
    assert told.rstrip().endswith(b"KeyboardInterrupt")


def repository(folder: Path) -> Path:
    """Make a repository with one commit."""
    folder.mkdir()
    subprocess.run(["git", "init", "-q", "-b", "main", folder], check=True)
    commit(folder, "First")
    return folder


def commit(folder: Path, message: str) -> None:
    subprocess.run(["git", "-C", folder, "add", "-A"], check=True)
    identity = ["-c", "user.name=Nasu", "-c", "user.email=nasu@example.com"]
    words = ["git", "-C", str(folder), *identity, "commit", "-q", "--allow-empty", "-m", message]
    subprocess.run(words, check=True)
