"""End to end: real `dvc repro` in a fresh clone, as the README has it."""

import json
import os
import re
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.library.dataset.manifest import read_manifest
from tests.support.clones import Clone, stages_run
from tests.support.taggers import keep_weights_in, write_tagger

pytestmark = pytest.mark.e2e

ALL = [
    "check",
    "prepare",
    "score",
    "caption",
    "edit",
    "common-tag",
    "jp-tags",
    "organize",
    "report",
]
DATASET = ALL[1:]
"""The stages that write something of the dataset."""

FOLDER = Path("data/dataset/10_nasumiso_v1")


def caption_of(clone: Clone, image: str) -> str:
    return (clone.root / FOLDER / f"{image}.txt").read_text(encoding="utf-8")


def test_first_command_makes_a_dataset_of_pairs(first_run: tuple[Clone, str]) -> None:
    clone, output = first_run
    assert stages_run(output) == ALL
    files = sorted(path.name for path in (clone.root / FOLDER).iterdir())
    pairs = [f"img{n:03d}.{kind}" for n in range(1, 16) for kind in ("png", "txt")]
    assert files == pairs
    for n in range(1, 16):
        caption = caption_of(clone, f"img{n:03d}")
        assert caption.startswith("nasumiso_style")
        assert caption.endswith("\n")
        assert "\n" not in caption[:-1]
    metrics = json.loads((clone.root / "data/report/metrics.json").read_text(encoding="utf-8"))
    assert metrics["images"]["in"] == metrics["images"]["used"] == 15
    assert "steps in 10 epochs" in output


def test_first_command_leaves_only_what_git_should_keep(first_run: tuple[Clone, str]) -> None:
    clone, _ = first_run
    status = clone.run("git", "status", "--porcelain", "--untracked-files=all")
    new = {line[3:].strip() for line in status.splitlines()}
    written = {"data/written/checked.txt", "data/written/tagged.json"}
    kept = {"dvc.lock", "data/manifest.csv", *written}
    assert {path for path in new if not path.startswith("data/tagged/")} == kept
    helpers = ("*.partial", "*.old", "*.checkpoint")
    assert [path for kind in helpers for path in (clone.root / "data").rglob(kind)] == []


def test_sample_is_tagged_without_a_warning(first_run: tuple[Clone, str]) -> None:
    assert "warning" not in first_run[1]


def test_metrics_and_plots_are_dvc_s(first_run: tuple[Clone, str], tmp_path: Path) -> None:
    clone, _ = first_run
    output = clone.run("dvc", "metrics", "show", "--json")  # and a word on training, on stderr
    shown = json.loads(output[output.index("{") :])
    figures = shown[""]["data"]["data/report/metrics.json"]["data"]
    assert figures["images"]["used"] == 15
    assert figures["dictionary"]["of_tags"] > 0.9
    clone.run("dvc", "plots", "show", "-o", str(tmp_path / "plots"))
    page = (tmp_path / "plots" / "index.html").read_text(encoding="utf-8")
    for title in ("How many pictures have each tag", "Tags per picture", "Size of the drawings"):
        assert title in page


def test_second_run_does_nothing(clone: Clone) -> None:
    before = clone.digests()
    assert stages_run(clone.run("dvc", "repro")) == []
    assert clone.digests() == before


def test_another_threshold_runs_no_model(clone: Clone) -> None:
    clone.set_param("  threshold: 0.35", "  threshold: 0.8")
    ran = stages_run(clone.run("dvc", "repro"))
    assert ran[:2] == ["check", "caption"]
    assert "organize" in ran


def test_a_new_drawing_is_scored_alone_and_a_renamed_one_not_at_all(clone: Clone) -> None:
    drawings = clone.root / "data/raw"
    shutil.copytree(clone.root / "data/sample", drawings)
    clone.set_param("input: data/sample", "input: data/raw")
    assert stages_run(clone.run("dvc", "repro")) == ["check", "prepare"]  # same pictures

    first = read_manifest(clone.root / "data/manifest.csv")[0]
    (drawings / first.source).rename(drawings / f"zz{Path(first.source).suffix}")
    output = clone.run("dvc", "repro")
    assert "0 pictures scored, 15 known from before" in output

    Image.radial_gradient("L").resize((700, 600)).save(drawings / "00 new.png")
    output = clone.run("dvc", "repro")
    assert re.search(r"score: 1 pictures scored \(.*\), 15 known from before", output)
    assert read_manifest(clone.root / "data/manifest.csv")[0].image == "img001.png"


def test_exp_run_takes_a_param_and_compares(clone: Clone) -> None:
    clone.run("git", "add", "-A")
    clone.run("git", "commit", "-q", "-m", "First dataset")
    output = clone.run("dvc", "exp", "run", "-n", "other", "-S", "common_tag.tag=other_nasu")
    assert stages_run(output)[:2] == ["check", "common-tag"]
    assert caption_of(clone, "img001").startswith("other_nasu")
    assert "other" in clone.run("dvc", "exp", "show", "--csv")


def test_param_is_never_executed_by_the_shell(clone: Clone) -> None:
    clone.set_param("tag: nasumiso_style", 'tag: "it\'s nasu; $(touch pwned) `touch pwned`"')
    clone.run("dvc", "repro")
    assert caption_of(clone, "img001").startswith("it's nasu; $(touch pwned) `touch pwned`")
    assert not (clone.root / "pwned").exists()


@pytest.mark.parametrize("place", [FOLDER, Path("data/tagged")])
def test_hand_edit_stops_the_run_is_saved_and_outlives_another_threshold(
    clone: Clone, place: Path
) -> None:
    caption = clone.root / place / "img004.txt"
    source = next(
        row.source
        for row in read_manifest(clone.root / "data/manifest.csv")
        if row.image == "img004.png"
    )
    tags = caption.read_text(encoding="utf-8").strip().split(", ")
    edited = ", ".join([tags[0], "eggplant", *tags[2:], "miso soup"]) + "\n"
    caption.write_text(edited, encoding="utf-8")

    output = clone.run("dvc", "repro", ok=False)
    assert f"{place}/img004.txt ({source})" in output
    assert "python -m tools.corrections save" in output
    assert "Traceback" not in output
    assert caption.read_text(encoding="utf-8") == edited

    clone.set_param("  threshold: 0.35", "  threshold: 0.8")
    clone.run("dvc", "repro", ok=False)
    assert caption.read_text(encoding="utf-8") == edited

    assert f"-{tags[1]} +eggplant +miso soup" in clone.run(
        "python", "-m", "tools.corrections", "save"
    )
    clone.set_param("  threshold: 0.8", "  threshold: 0.35")
    clone.run("dvc", "repro")
    assert caption_of(clone, "img004") == edited
    clone.set_param("  threshold: 0.35", "  threshold: 0.8")
    clone.run("dvc", "repro")
    kept = caption_of(clone, "img004").strip().split(", ")
    assert {"eggplant", "miso soup"} <= set(kept)
    assert tags[1] not in kept


def test_discard_puts_back_what_the_pipeline_wrote(clone: Clone) -> None:
    before = clone.digests()
    (clone.root / FOLDER / "img002.txt").write_text("all mine\n", encoding="utf-8")
    (clone.root / FOLDER / "img003.png").write_bytes(b"retouched")
    clone.run("dvc", "repro", ok=False)
    clone.run("python", "-m", "tools.corrections", "discard")
    assert stages_run(clone.run("dvc", "repro")) == []
    assert clone.digests() == before


def test_going_back_restores_pictures_captions_and_corrections(clone: Clone) -> None:
    clone.run("git", "add", "-A")
    clone.run("git", "commit", "-q", "-m", "First dataset")
    before = clone.digests()
    clone.set_param("  threshold: 0.35", "  threshold: 0.8")
    clone.set_param("fit: crop", "fit: bucket")
    clone.run("dvc", "repro")
    clone.run("git", "commit", "-q", "-a", "-m", "Second dataset")
    assert clone.digests() != before
    clone.run("git", "checkout", "-q", "HEAD~1")
    clone.run("dvc", "checkout")
    assert clone.digests() == before
    assert stages_run(clone.run("dvc", "repro")) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("size: 512", "size: 500"), "params.yaml, prepare.size: 500"),
        (("  max_tags: 0", "  max_tag: 0"), "did you mean max_tags?"),
        (("name: nasumiso_v1", "name: ../v1"), "params.yaml, organize.name: '../v1'"),
    ],
)
def test_wrong_param_is_named_before_any_other_stage_runs(
    clone: Clone, change: tuple[str, str], message: str
) -> None:
    before = clone.digests()
    clone.set_param(*change)
    output = clone.run("dvc", "repro", ok=False)
    assert stages_run(output) == ["check"]
    assert message in output
    assert "Traceback" not in output
    assert len([line for line in output.splitlines() if ": error:" in line]) == 1
    assert clone.digests() == before


@pytest.fixture(scope="module")
def undisturbed(
    first_run: tuple[Clone, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Return the digests of a run in which every stage has something to do."""
    clone = first_run[0].copy(tmp_path_factory.mktemp("undisturbed") / "clone")
    change_everything(clone)
    assert stages_run(clone.run("dvc", "repro")) == ALL
    return clone.digests()


def change_everything(clone: Clone) -> None:
    clone.set_param("size: 512", "size: 256")
    clone.set_param("  threshold: 0.35", "  threshold: 0.3")
    clone.set_param("nasumiso_style", "misonasu")
    clone.set_param("repeats: 10", "repeats: 5")


LOCKS = dict(
    zip(
        DATASET,
        [
            "prepared",
            "scores.npz",
            "captions",
            "edited",
            "tagged",
            "tagged_jp",
            "dataset",
            "report",
        ],
        strict=True,
    )
)


@pytest.mark.parametrize(
    ("stage", "whole_group"),
    [(stage, number % 2 == 0) for number, stage in enumerate(DATASET)],
    ids=[f"{stage}-{('all', 'only-dvc')[number % 2]}" for number, stage in enumerate(DATASET)],
)
def test_killed_run_then_run_again_equals_an_undisturbed_one(
    clone: Clone, undisturbed: dict[str, str], stage: str, whole_group: bool, tmp_path: Path
) -> None:
    """What DVC makes of it; tests/faults kills the stages themselves at every step."""
    for lock in (clone.root / "data").glob(".*.lock"):
        lock.unlink()
    change_everything(clone)
    process = clone.start("dvc", "repro", log=tmp_path / "log")
    while not (clone.root / "data" / f".{LOCKS[stage]}.lock").exists():  # the stage is writing
        assert process.poll() is None
        time.sleep(0.001)
    if whole_group:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()  # the stage lives on, and the next run meets it
    process.wait()
    clone.run("dvc", "repro")
    assert clone.digests() == undisturbed


def test_dvc_killed_while_it_writes_its_lock_file_loses_no_work(
    clone: Clone, undisturbed: dict[str, str]
) -> None:
    change_everything(clone)
    clone.run("dvc", "repro")
    (clone.root / "dvc.lock").write_bytes(b"")  # DVC 3.67 empties the file before it writes it
    assert "dvc.lock" in clone.run("dvc", "repro", ok=False)
    (clone.root / "dvc.lock").unlink()  # as docs/troubleshooting.md says
    assert "0 pictures scored, 15 known from before" in clone.run("dvc", "repro")
    assert clone.digests() == undisturbed


def test_an_exchanged_tagger_is_seen(clone: Clone) -> None:
    folder = write_tagger(clone.root / "data/tagger/mine")
    keep_weights_in(folder, "model.onnx.data")
    clone.set_param("  model: builtin", "  model: data/tagger/mine")
    assert "score" in stages_run(clone.run("dvc", "repro"))
    assert stages_run(clone.run("dvc", "repro")) == []
    before = caption_of(clone, "img001")
    weights = np.frombuffer((folder / "model.onnx.data").read_bytes(), np.float32)
    (folder / "model.onnx.data").write_bytes((weights / 4).tobytes())
    output = clone.run("dvc", "repro")
    assert "15 pictures scored" in output
    assert caption_of(clone, "img001") != before
    (clone.root / "elsewhere").mkdir()
    clone.set_param("  model: data/tagger/mine", "  model: elsewhere")
    assert "elsewhere is not in data/tagger" in clone.run("dvc", "repro", ok=False)


def test_a_tagger_that_dvc_keeps_is_there_in_a_queued_experiment(clone: Clone) -> None:
    write_tagger(clone.root / "data/tagger/mine")
    clone.run("dvc", "add", "data/tagger/mine")
    clone.run("git", "add", "-A")
    clone.run("git", "commit", "-qm", "A tagger")
    assert "data/tagger/mine/model.onnx" not in clone.run("git", "ls-files")
    output = clone.run("dvc", "exp", "run", "--temp", "-S", "tagger.model=data/tagger/mine")
    assert "by mine on cpu" in output
