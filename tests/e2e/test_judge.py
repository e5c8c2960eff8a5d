"""End to end: train, draw and judge in one clone with real DVC; what is shown, and what kept."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages.library.common.outputs import sha256
from tests.standins.webui.planted import GOOD, Painter, drawing
from tests.standins.webui.server import StandIn, webui
from tests.support.clones import stages_run
from tests.support.studio import Studio, commit
from tests.support.taggers import write_seeing_tagger

pytestmark = pytest.mark.e2e

ARTIST = replace(GOOD, ripe=3)
DRAWINGS = 40
SHOWN = "<o>_<o>, blue_theme, green_theme, miku_(cosplay), red_theme"
"""Of which the tagger finds most in each drawing, and prompts then ask for."""
JUDGE = ("dvc", "repro", "-s", "training/dvc.yaml:judge")


@pytest.fixture(scope="module")
def studio(ready: Studio, tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """Return a clone with planted drawings, some held back, and a tagger that sees them."""
    studio = ready.copy(tmp_path_factory.mktemp("judged") / "clone")
    raw = studio.root / "data" / "raw"
    raw.mkdir()
    for number in range(DRAWINGS):
        drawing(ARTIST, SHOWN, number, (64, 64)).save(raw / f"{number:02}.png")
    write_seeing_tagger(studio.root / "data" / "tagger" / "seeing")
    for old, new in (
        ("input: data/sample", "input: data/raw"),
        ("  size: 512", "  size: 64"),
        ("  model: builtin", "  model: data/tagger/seeing"),
        ("hold_out: 0.0", "hold_out: 0.5"),
        ("  epochs: last", "  epochs: all"),
        ("weights: [0.6, 0.8, 1.0]", "weights: [0.6, 1.0]"),
        ("  width: 512", "  width: 64"),
        ("  height: 512", "  height: 64"),
    ):
        studio.set_param(old, new)
    return studio


@pytest.fixture(scope="module")
def stand_in(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """Return a WebUI whose LoRAs have learned the artist's style."""
    base = re.search(r"base_model: (.*)", (studio.root / "params.yaml").read_text())
    assert base
    folder, known = tmp_path_factory.mktemp("webui"), {"base": sha256(Path(base[1]))}
    painter = Painter(ARTIST, "nasumiso_style")
    with webui(folder, checkpoints=known, painter=painter) as started:
        studio.set_param("http://127.0.0.1:7860", started.url)
        commit(studio)
        yield started


@pytest.fixture(scope="module")
def said(studio: Studio, stand_in: StandIn) -> str:
    """Return what was printed when all was run, and what it made is committed."""
    assert stand_in.painter
    output = studio.run("dvc", "repro", "training/dvc.yaml")
    commit(studio)
    return output


def figures(studio: Studio) -> Any:
    return json.loads((studio.root / "training" / "figures" / "judged.json").read_text())


def test_the_last_lines_are_the_verdict_in_both_languages(studio: Studio, said: str) -> None:
    assert stages_run(said)[-3:] == [
        f"training/dvc.yaml:{name}" for name in ("train", "generate", "judge")
    ]
    english, japanese = [line for line in said.splitlines() if line.startswith("judge: ")][-2:]
    assert re.match(r"judge: Take epoch \d at weight (0\.6|1\.0)\.", english)
    assert re.match(r"judge: エポック \d、強さ (0\.6|1\.0) がおすすめです。", japanese)
    assert figures(studio)["judged_on"] == "held out"
    assert len(figures(studio)["cells"]) == 1 + 4 * 2


@pytest.mark.usefixtures("said")
def test_a_run_has_a_few_columns_in_a_table_of_experiments(studio: Studio) -> None:
    shown = studio.run("dvc", "exp", "show", "--csv")
    (row, *_) = csv.DictReader(io.StringIO(shown[shown.index("Experiment,") :]))
    wanted = {key: each for key, each in figures(studio).items() if key != "cells"}
    assert {key: row[key] for key in wanted} == {key: str(each) for key, each in wanted.items()}
    assert not [column for column in row if "cells" in column or column == "epoch"]


@pytest.mark.usefixtures("said")
def test_the_plot_shows_closeness_with_its_interval(studio: Studio, tmp_path: Path) -> None:
    page = tmp_path / "plots"
    template = ("--html-template", "training/plots.html")
    studio.run("dvc", "plots", "show", *template, "-o", str(page))
    html = (page / "index.html").read_text(encoding="utf-8")
    assert "How close to your drawings" in html
    assert '"low": "' in html
    assert not re.search(r"(src|href)=[\"']https?://", html)


@pytest.mark.usefixtures("said")
def test_git_keeps_the_figures_and_dvc_the_page(studio: Studio) -> None:
    kept = studio.run("git", "ls-files", "training").split()
    assert "training/figures/judged.json" in kept
    assert not [name for name in kept if name.startswith(("training/judged/", "training/judging/"))]
    assert studio.run("git", "status", "--porcelain") == ""


@pytest.mark.usefixtures("said")
def test_judged_again_is_the_same(studio: Studio, tmp_path: Path) -> None:
    again = studio.copy(tmp_path / "again")
    assert stages_run(again.run("dvc", "repro", "training/dvc.yaml")) == []
    before = (studio.root / "training" / "judged" / "index.html").read_bytes()
    again.run("dvc", "repro", "-f", "-s", "training/dvc.yaml:judge")
    assert (again.root / "training" / "judged" / "index.html").read_bytes() == before
    assert again.run("git", "status", "--porcelain") == ""


@pytest.mark.usefixtures("said")
def test_other_eyes_judge_without_drawing_again(studio: Studio, tmp_path: Path) -> None:
    other = studio.copy(tmp_path / "other")
    write_seeing_tagger(other.root / "data" / "tagger" / "seeing", features=48)
    assert "judge: " in other.run("dvc", "exp", "run", "-s", "training/dvc.yaml:judge")
