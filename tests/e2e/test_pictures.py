"""End to end: train, draw with the LoRA, compare two runs, in a clone with real DVC."""

import csv
import hashlib
import io
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stages.library.common.outputs import sha256
from tests.standins.webui.server import StandIn, webui
from tests.support.studio import TRAIN, Studio, commit

pytestmark = pytest.mark.e2e

WAITING_SECONDS = 120

DRAW = ("dvc", "repro", "-s", "training/dvc.yaml:generate")


@pytest.fixture
def stand_in(trained: Studio, tmp_path: Path) -> Iterator[StandIn]:
    """Return a WebUI that has loaded the model of the training."""
    base = re.search(r"base_model: (.*)", (trained.root / "params.yaml").read_text())
    assert base
    with webui(tmp_path / "webui", checkpoints={"base": sha256(Path(base[1]))}) as started:
        yield started


@pytest.fixture
def studio(trained: Studio, stand_in: StandIn, tmp_path: Path) -> Studio:
    """Return a clone after its first training, which knows the WebUI and draws small pictures."""
    copy = trained.copy(tmp_path / "clone")
    copy.set_param("http://127.0.0.1:7860", stand_in.url)
    for side in ("width", "height"):
        copy.set_param(f"  {side}: 512", f"  {side}: 64")
    copy.set_param("  captions: 12", "  captions: 1")
    commit(copy)
    return copy


def pictures(studio: Studio) -> dict[str, str]:
    """Return digests of what the stage wrote, by path."""
    folder = studio.root / "training"
    outputs = [path for out in ("pictures", "judging") for path in (folder / out).rglob("*.*")]
    files = [*outputs, folder / "figures/pictures.json"]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(files)
    }


def test_a_killed_grid_goes_on_and_equals_an_undisturbed_one(
    studio: Studio, stand_in: StandIn, tmp_path: Path
) -> None:
    stand_in.delay = 0.2
    with studio.start(*DRAW, log=tmp_path / "log") as process:
        deadline = time.monotonic() + WAITING_SECONDS
        while len(list((studio.root / "training" / "drawn").glob("*.png"))) < 3:
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
    stand_in.delay = 0
    assert "of 22 are drawn already" in studio.run(*DRAW)
    once = pictures(studio)
    assert sum(path.startswith("pictures/images/") for path in once) == 12
    assert sum(path.startswith("judging/") for path in once) == 10 + 1

    other = studio.copy(tmp_path / "other")
    other.run("git", "clean", "-qfdX", "training/drawn", "training/pictures", "training/judging")
    other.run("dvc", "repro", "-f", "-s", "training/dvc.yaml:generate")
    assert pictures(other) == once


def test_git_keeps_the_figures_and_dvc_the_pictures(studio: Studio, tmp_path: Path) -> None:
    studio.run(*DRAW)
    changed = studio.run("git", "status", "--porcelain").splitlines()
    assert sorted(changed) == [" M training/dvc.lock", "?? training/figures/pictures.json"]
    commit(studio)
    studio.run("dvc", "remote", "add", "--local", "-d", "mount", str(tmp_path / "remote"))
    studio.run("dvc", "push", "training/dvc.yaml:generate")
    home = Studio(tmp_path / "home", studio.home)
    studio.run("git", "clone", "-q", str(studio.root), str(home.root))
    home.run("dvc", "remote", "add", "--local", "-d", "mount", str(tmp_path / "remote"))
    home.run("dvc", "pull", "training/pictures", "training/judging")
    assert pictures(home) == pictures(studio)


def test_a_run_without_a_webui_leaves_the_pictures(studio: Studio) -> None:
    studio.run(*DRAW)
    once = pictures(studio)
    studio.set_param("steps: 25", "steps: 26")
    url = re.search(r"  url: (.*)", (studio.root / "params.yaml").read_text())
    assert url
    studio.set_param(url[1], "http://127.0.0.1:9")
    assert "nothing answers there" in studio.run(*DRAW, ok=False)
    assert pictures(studio) == once


def test_the_recipe_compares_runs(studio: Studio, tmp_path: Path) -> None:
    studio.run("dvc", "exp", "run", "-s", "training/dvc.yaml:generate", "-n", "first-drawn")
    studio.run(*TRAIN, "-n", "slower", "-S", "train.learning_rate=5e-5")
    studio.run("dvc", "exp", "run", "-s", "training/dvc.yaml:generate", "-n", "slower-drawn")

    useful = "Experiment|recall_last|train.learning_rate"
    shown = studio.run("dvc", "exp", "show", "--drop", ".*", "--keep", useful, "--csv")
    rows = {
        row["Experiment"]: row
        for row in csv.DictReader(io.StringIO(shown[shown.index("Experiment,") :]))
    }
    assert rows["first-drawn"]["train.learning_rate"] == "0.0001"
    assert rows["slower-drawn"]["train.learning_rate"] == "5e-05"
    for name in ("first-drawn", "slower-drawn"):
        assert all(0 <= float(rows[name][f"recall_last_w{weight}"]) <= 1 for weight in (0.6, 1.0))

    page = tmp_path / "plots"
    template = ("--html-template", "training/plots.html", "-o", str(page))
    studio.run("dvc", "plots", "diff", "first-drawn", "slower-drawn", *template)
    html = (page / "index.html").read_text(encoding="utf-8")
    grids = re.findall(r"src=\"(static/[^\"]*grids[^\"]*01\.png)\"", html)
    assert len(grids) == 2
    assert len({(page / grid).read_bytes() for grid in grids}) == 2


def test_train_and_draw_in_one_go(studio: Studio, stand_in: StandIn) -> None:
    output = studio.run("dvc", "exp", "run", "training/dvc.yaml", "-S", "train.seed=7")
    assert "generate: 12 pictures for the grids, 10 for the judge (captions: 1, " in output
    assert sum(bool(body) and body.get("steps") == 25 for _, _, body in stand_in.asked) == 22
