"""End to end: `dvc exp run training/dvc.yaml:train` in a clone, killed and run again, compared."""

import csv
import hashlib
import io
import json
import os
import re
import shutil
import signal
import time
from pathlib import Path

import pytest

from stages.library.training.dvc_lock import dvc_md5, locked_md5
from stages.library.training.headers import read_metadata
from tests.support.clones import stages_run
from tests.support.studio import TRAIN, Studio, commit
from tests.support.training import TRAINER

pytestmark = pytest.mark.e2e

WAITING_SECONDS = 120


def result(studio: Studio) -> dict[str, str]:
    """Return what a training brought home: of LoRAs the weights, of the rest the bytes."""
    found = {}
    for path in sorted((studio.root / "training").rglob("*")):
        name = path.relative_to(studio.root).as_posix()
        if path.is_file() and name.split("/")[1] in ("lora", "samples", "curves", "metrics.json"):
            data = path.read_bytes()
            kept = data[-8:] if path.suffix == ".safetensors" else data
            found[name] = hashlib.sha256(kept).hexdigest()
    return found


def until_there(pattern: str, folder: Path) -> None:
    deadline = time.monotonic() + WAITING_SECONDS
    while not list(folder.glob(pattern)):
        assert time.monotonic() < deadline, pattern
        time.sleep(0.02)


def shell(studio: Studio, line: str) -> None:
    """Run a line of several commands, as docs or provenance print it."""
    studio.run("sh", "-c", line)


def test_plain_repro_never_trains(ready: Studio, tmp_path: Path) -> None:
    studio = ready.copy(tmp_path / "clone")
    assert stages_run(studio.run("dvc", "repro")) == []
    assert not (studio.root / "training" / "lora").exists()


def test_the_training_leaves_only_what_git_should_keep(trained: Studio, ready: Studio) -> None:
    kept = set(trained.run("git", "ls-files", "training").split())
    before = set(ready.run("git", "ls-files", "training").split())
    assert kept - before == {
        "training/curves/epochs.csv",
        "training/curves/steps.csv",
        "training/curves/validation.csv",
        "training/figures/train.json",
    }
    assert trained.run("git", "status", "--porcelain") == ""
    dataset = trained.root / "data" / "dataset"
    assert not list(dataset.rglob("*.npz"))
    lock = (trained.root / "dvc.lock").read_text(encoding="utf-8")
    assert dvc_md5(dataset) == locked_md5(lock, "data/dataset")  # ours is DVC's own


def test_a_killed_run_goes_on_and_the_result_is_the_same(
    trained: Studio, ready: Studio, tmp_path: Path
) -> None:
    studio = ready.copy(tmp_path / "clone", STANDIN_SLOW="0.05")
    with studio.start(*TRAIN, log=tmp_path / "log") as process:
        # the pictures come after the state: killed between the two, they are never drawn
        until_there("training/state/*/output/sample/*_e000002_01_*", studio.root)
        os.killpg(process.pid, signal.SIGKILL)  # dvc and the stage, not the trainer
    assert "## HEAD (no branch)" in studio.run("git", "status", "--branch", "--short")
    studio.run("git", "switch", "main")  # as docs/train.md says
    output = studio.run(*TRAIN)
    assert "going on with epoch" in output
    assert result(studio) == result(trained)


def test_a_run_that_cannot_begin_leaves_the_last_training_as_it_was(
    trained: Studio, tmp_path: Path
) -> None:
    studio = trained.copy(tmp_path / "clone")
    before = result(studio)
    misspelt = ("-S", "+train.learnig_rate=1e-4")
    assert "did you mean learning_rate?" in studio.run(*TRAIN, *misspelt, ok=False)
    assert result(studio) == before
    studio.run("git", "checkout", "params.yaml")
    without_card = trained.copy(tmp_path / "without-card", STANDIN_DEVICE="cpu")
    output = without_card.run(*TRAIN, "-S", "train.seed=1", ok=False)
    assert "there is no graphics card here" in output
    assert result(without_card) == before
    studio.run(*TRAIN, "-S", "organize.name=other", "-S", "train.max_train_epochs=2")
    assert {path.name for path in (studio.root / "training" / "lora").glob("*.safetensors")} == {
        "other-000001.safetensors",
        "other.safetensors",
    }
    assert len(list((studio.root / "training" / "samples").iterdir())) == 4


def test_no_string_is_changed_or_executed_on_its_way(ready: Studio, tmp_path: Path) -> None:
    studio = ready.copy(tmp_path / "clone")
    comment = 'it\'s "mine"; $(touch pwned) `touch pwned` 茄子'
    line = f"  training_comment: {json.dumps(comment, ensure_ascii=False)}"
    studio.set_param("  seed: 42", f"  seed: 42\n{line}")
    studio.run("dvc", "repro", "-s", "training/dvc.yaml:train")
    metadata = read_metadata(studio.root / "training" / "lora" / "nasumiso_v1.safetensors")
    assert json.loads(metadata["ss_training_comment"])["comment"] == comment
    assert not list(studio.root.rglob("pwned"))
    assert not (TRAINER / "pwned").exists()


def test_a_misspelt_option_stops_before_anything_heavy(ready: Studio, tmp_path: Path) -> None:
    studio = ready.copy(tmp_path / "clone")
    studio.set_param("  network_dim: 64", "  netwerk_dim: 64")
    output = studio.run("dvc", "repro", "-s", "training/dvc.yaml:train", ok=False)
    expected = "train.netwerk_dim: train_network.py has no such option; did you mean network_dim?"
    assert expected in output
    assert not (studio.root / "training" / "state").exists()


def test_the_recipes_compare(trained: Studio, tmp_path: Path) -> None:
    # where docs/train.md puts it; an experiment in a queue runs elsewhere
    studio = trained.copy(tmp_path / "clone", NASUMISO_TRAINER="")
    shutil.copytree(TRAINER, studio.root / "training" / "sd-scripts")
    queued = studio.run(*TRAIN, "-S", "train.network_dim=16,32", "--queue")
    assert queued.count("Queued experiment") == 2
    studio.run("dvc", "exp", "run", "--run-all")
    failing = Studio(studio.root, studio.home, {"NASUMISO_TRAINER": "", "STANDIN_FAIL": "odd"})
    failing.run(*TRAIN, "-S", "train.network_dim=48", "--queue")
    failing.run("dvc", "exp", "run", "--run-all")
    studio.run(*TRAIN, "-n", "slower", "-S", "train.learning_rate=5e-5")

    useful = "Experiment|State|loss|lowest|recall$|train.(learning_rate|network_dim)"
    shown = studio.run("dvc", "exp", "show", "--drop", ".*", "--keep", useful, "--csv")
    rows = list(csv.DictReader(io.StringIO(shown[shown.index("Experiment,") :])))
    found = {(row["train.network_dim"], row["train.learning_rate"]): row for row in rows}
    assert {("64", "5e-05"), ("16", "0.0001"), ("32", "0.0001")} <= set(found)
    assert all(float(row["loss"]) > 0 for row in found.values())
    assert "tagger.model" not in rows[0]
    assert {row["State"] for row in found.values() if row["Experiment"] not in ("", "slower")} == {
        "Success",
        "Failed",
    }
    assert found["48", "0.0001"]["State"] == "Failed"

    page = tmp_path / "plots"
    template = ("--html-template", "training/plots.html")
    studio.run("dvc", "plots", "diff", "HEAD", "slower", *template, "-o", str(page))
    html = (page / "index.html").read_text(encoding="utf-8")
    for title in ("Loss by epoch", "Loss by step", "Learning rate"):
        assert title in html
    assert not re.search(r"(src|href)=[\"']https?://", html)  # offline
    pictures = re.findall(r"src=\"(static/[^\"]+e000004_00_1\.png)\"", html)
    assert len(pictures) == 2
    assert all((page / picture).is_file() for picture in pictures)


def test_what_was_going_on_here_stays_when_an_experiment_comes(
    trained: Studio, tmp_path: Path
) -> None:
    studio = trained.copy(tmp_path / "clone")
    before = result(studio)
    studio.run(*TRAIN, "-n", "slower", "-S", "train.learning_rate=5e-5")
    slower = result(studio)
    shell(studio, "git checkout params.yaml dvc.lock training && dvc checkout")  # the way back
    assert result(studio) == before
    assert studio.run("git", "status", "--porcelain") == ""

    studio.set_param("  seed: 42", "  seed: 43")
    commit(studio)
    edits = studio.root / "data" / "edits.yaml"
    mine = edits.read_text(encoding="utf-8") + "# mine\n"
    edits.write_text(mine, encoding="utf-8")
    studio.run("dvc", "exp", "apply", "slower")  # all files as they were there
    assert edits.read_text(encoding="utf-8") != mine
    studio.run("git", "checkout", "refs/exps/apply/stash", "--", "data/edits.yaml")
    assert edits.read_text(encoding="utf-8") == mine

    shell(studio, "git reset -q --hard && dvc checkout")
    assert result(studio) == before
    edits.write_text(mine, encoding="utf-8")
    studio.run("dvc", "exp", "branch", "slower")  # the LoRA alone
    shell(
        studio,
        "git checkout slower-branch -- training/dvc.lock training/figures/train.json "
        "training/curves",
    )
    studio.run("dvc", "checkout", "training/lora", "training/samples")
    assert result(studio) == slower
    assert edits.read_text(encoding="utf-8") == mine
    assert "  seed: 43" in (studio.root / "params.yaml").read_text(encoding="utf-8")


def test_an_experiment_comes_home(trained: Studio, tmp_path: Path) -> None:
    studio = trained.copy(tmp_path / "colab")
    origin, remote = tmp_path / "origin.git", tmp_path / "remote"
    studio.run("git", "clone", "-q", "--bare", str(studio.root), str(origin))
    studio.run("git", "remote", "set-url", "origin", str(origin))
    studio.run("dvc", "remote", "add", "--local", "-d", "mount", str(remote))
    studio.run("dvc", "exp", "run", "training/dvc.yaml:train", "-n", "colab", "-S", "train.seed=7")
    studio.run("dvc", "exp", "push", "origin", "colab")
    there = result(studio)

    home = Studio(tmp_path / "home-clone", studio.home)
    studio.run("git", "clone", "-q", str(origin), str(home.root))
    home.run("dvc", "remote", "add", "--local", "-d", "mount", str(remote))
    home.run("dvc", "exp", "pull", "origin", "colab")
    home.run("dvc", "exp", "apply", "colab")
    assert result(home) == there

    lora = home.root / "training" / "lora" / "nasumiso_v1.safetensors"
    dataset = dvc_md5(studio.root / "data/dataset")
    there_and_back = commands_of(home, lora)
    assert [words.startswith("git stash -u && ") for words in there_and_back] == [True, False]
    for words in there_and_back:
        shell(home, words)
        assert dvc_md5(home.root / "data/dataset") == dataset
    assert result(home) == there
    again = Studio(tmp_path / "again", studio.home)  # without the dataset
    studio.run("git", "clone", "-q", str(origin), str(again.root))
    again.run("dvc", "remote", "add", "--local", "-d", "mount", str(remote))
    command = commands_of(again, lora)[0]
    assert command.startswith("git checkout ")
    assert command.endswith(" && dvc pull data/dataset")
    shell(again, command)
    assert dvc_md5(again.root / "data/dataset") == dataset


def commands_of(studio: Studio, lora: Path) -> list[str]:
    """Return the commands that provenance prints."""
    said = studio.run("python", "-m", "tools.provenance", str(lora))
    return [line.strip() for line in said.splitlines() if line.startswith("  ")]


def test_the_papers_of_a_training_of_what_is_committed_say_no_changes(trained: Studio) -> None:
    said = trained.run("python", "-m", "tools.provenance", "training/lora/nasumiso_v1.safetensors")
    assert ", with changes" not in said
    assert "learning rate  0.0001, cosine_with_restarts" in said
