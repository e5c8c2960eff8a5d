"""The generate stage, with a stand-in for the WebUI (tests/standins/webui)."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from stages import generate
from stages.library.dataset.manifest import USED, Row, write_manifest
from stages.library.drawing.judging.evidence import Caption, Evidence, read_evidence
from stages.library.drawing.painters import webui as client
from stages.library.drawing.painters.infotext import read_infotext, settings
from stages.library.training.dvc_lock import dvc_md5
from tests.standins.webui.planted import COPIES
from tests.standins.webui.server import StandIn, webui
from tests.support.clones import PROJECT
from tests.support.meanwhile import meanwhile, write
from tests.support.mounts import fill, store
from tests.support.params import arguments
from tests.support.planted import painter_of, plant_dataset, plant_pictures
from tests.support.taggers import write_tagger
from tests.support.training import BASE, safetensors, write_lora

NAME = "nasu"
HASH = hashlib.sha256(f"{NAME} {'1' * 12}".encode()).hexdigest()
"""Of the finished LoRA."""
WAITING_SECONDS = 60

PARAMS: dict[str, object] = {
    "remote": False,
    "lora_folder": "auto",
    "checkpoint": "trained",
    "clip_skip": 2,
    "prompts": ["{trigger}, smile", "eggplant, blue_theme"],
    "negative_prompt": "lowres",
    "sampler": "DPM++ 2M",
    "scheduler": "Karras",
    "steps": 4,
    "cfg_scale": 7,
    "width": 64,
    "height": 96,
    "seeds": [1, 2],
    "weights": [0.6, 1.0],
    "epochs": "last",
    "judge_captions": 0,
    "judge_seeds": [1, 2],
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder: LoRAs of three epochs, captions, a small tagger."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NASUMISO_WEBUI_LOGIN", raising=False)
    monkeypatch.setattr(client, "PAUSES", (0.01, 0.01))
    for number, stem in enumerate((f"{NAME}-000001", f"{NAME}-000002", NAME), start=1):
        path = tmp_path / "training" / "lora" / f"{stem}.safetensors"
        write_lora(path, ss_output_name=NAME, ss_epoch=str(number))
    captions = tmp_path / "data" / "tagged"
    captions.mkdir(parents=True)
    for stem, tags in {"img001": "blue_theme, red_theme", "img002": "red theme, scarf"}.items():
        (captions / f"{stem}.txt").write_text(f"nasumiso_style, {tags}\n", encoding="utf-8")
    write_tagger(tmp_path / "tagger", size=64)
    return tmp_path


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[StandIn]:
    """Return a WebUI that has loaded the model that the LoRAs were trained on."""
    with webui(tmp_path / "webui") as started:
        assert started.loaded == BASE
        yield started


def words(url: str, **changes: object) -> list[str]:
    """Return the command line, with a params.yaml of PARAMS with `changes`."""
    own: dict[str, object] = {
        "lora": "training/lora",
        "captions": "data/tagged",
        "held-out": "data/held_out",
        "dataset": "data/dataset",
        "manifest": "data/manifest.csv",
        "dictionary": str(PROJECT / "data" / "dictionary"),
        "output": "training/pictures",
        "judging": "training/judging",
        "metrics": "training/figures/pictures.json",
        "work": "training/drawn",
        "threshold": 0.35,
        "name": NAME,
        "tag": "nasumiso_style",
        "model": "tagger",
        "revision": "",
        "model_sha256": "",
        "tag_list_sha256": "",
        "provider": "cpu",
        "url": url,
    }
    return arguments(generate.build_parser(), own | PARAMS | changes, Path())


def run(stand_in: StandIn, **changes: object) -> int:
    return generate.main(words(stand_in.url, **changes))


def result() -> dict[str, str]:
    """Return digests of what the stage wrote, by path."""
    files = [path for path in Path("training/pictures").rglob("*") if path.is_file()]
    return {
        path.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in [*sorted(files), Path("training/figures/pictures.json")]
    }


def drawn(stand_in: StandIn) -> int:
    """Return how many pictures of the grid's size the WebUI was asked for."""
    return sum(bool(body) and body.get("height") == 96 for _, _, body in stand_in.asked)


def images() -> list[str]:
    return sorted(path.name for path in Path("training/pictures/images").iterdir())


@pytest.mark.usefixtures("root")
def test_every_prompt_seed_and_weight_is_drawn(stand_in: StandIn) -> None:
    assert run(stand_in) == 0
    assert images() == [
        f"{prompt}_last_w{weight}_s{seed}.png"
        for prompt in ("01", "02")
        for weight in ("0.6", "1.0")
        for seed in (1, 2)
    ]
    path = Path("training/pictures/images/01_last_w0.6_s2.png")
    infotext = read_infotext(path.read_bytes())
    lora = HASH[:8]
    prompt = f"nasumiso_style, smile <lora:nasu-{lora}:0.6>"
    assert infotext.startswith(f"{prompt}\nNegative prompt: lowres\n")
    assert settings(infotext)["Seed"] == "2"
    with Image.open(path) as picture:
        assert picture.size == (64, 96)
    for number in ("01", "02"):
        with Image.open(f"training/pictures/grids/{number}.png") as grid:
            assert grid.width > 2 * 64
            assert grid.height > 2 * 96
    page = Path("training/pictures/index.html").read_text(encoding="utf-8")
    assert all(name in page for name in images())


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("saved", [True, False], ids=["settings in config.json", "fresh install"])
def test_the_webui_is_left_as_it_was(tmp_path: Path, saved: bool) -> None:
    with webui(tmp_path / "webui", settings_saved=saved) as stand_in:
        mine = stand_in.lora_folder / "nasu.safetensors"
        mine.write_bytes(safetensors({"ss_output_name": "mine"}))
        before = dict(stand_in.settings)
        assert run(stand_in, epochs="all") == 0
        assert list(stand_in.lora_folder.rglob("*")) == [mine]
        assert mine.read_bytes() == safetensors({"ss_output_name": "mine"})
        assert stand_in.settings == before
        assert not any(body.get("save_images") for _, _, body in stand_in.asked if body)


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("fault", ["nan", "reset"])
@pytest.mark.parametrize("pictures", [0, 1, 4])
def test_a_run_that_fails_leaves_no_copy(stand_in: StandIn, fault: str, pictures: int) -> None:
    stand_in.fault, stand_in.fault_path, stand_in.faults_after = fault, "txt2img", pictures
    assert run(stand_in, epochs="all") == 1
    assert list(stand_in.lora_folder.iterdir()) == []
    assert stand_in.networks.by_name == {}, "the WebUI lists none that is gone"


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("pages", [0, 3, 9])
def test_a_full_disk_is_named(
    stand_in: StandIn, tmp_path: Path, pages: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with store(tmp_path / "small", "400k") as small:
        places = {"output": small / "pictures", "metrics": small / "a.json", "work": small / "work"}
        with fill(small, but=pages * 4096):
            assert run(stand_in, **places) == 1
        error = capsys.readouterr().err.splitlines()[-1]
        assert error.startswith(f"generate: error: {small}: the disk is full, ")
        assert run(stand_in, **places) == 0, "with room it goes on"
    assert list(stand_in.lora_folder.iterdir()) == []


def stopped(stand_in: StandIn, number: signal.Signals, **changes: object) -> int:
    """Return what a run in a process of its own ends with, sent a signal at its third picture."""
    stand_in.delay = 0.1
    command = [sys.executable, "-m", "stages.generate", *words(stand_in.url, **changes)]
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    with subprocess.Popen(command, env=environment) as process:
        deadline = time.monotonic() + WAITING_SECONDS
        while len(list(Path("training/drawn").glob("*.png"))) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
    stand_in.delay = 0
    return process.returncode


@pytest.mark.kills
@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_no_copy(stand_in: StandIn, number: signal.Signals) -> None:
    assert stopped(stand_in, number) == 128 + number
    assert list(stand_in.lora_folder.iterdir()) == []
    assert stand_in.networks.by_name == {}, "the WebUI lists none that is gone"


@pytest.mark.kills
@pytest.mark.usefixtures("root")
def test_the_copies_of_a_killed_run_are_removed_by_the_next_one(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped(stand_in, signal.SIGKILL)
    (copy,) = stand_in.lora_folder.rglob("*.safetensors")
    assert copy.parent.name == "nasumiso-test"
    assert run(stand_in, epochs=[2, "last"]) == 0
    assert "1 LoRAs that a stopped run had lent the WebUI are taken back" in capsys.readouterr().out
    assert list(stand_in.lora_folder.iterdir()) == []


@pytest.mark.kills
@pytest.mark.usefixtures("root")
def test_they_are_removed_though_nothing_can_be_drawn(stand_in: StandIn) -> None:
    stopped(stand_in, signal.SIGKILL)
    stand_in.fault = "reset"
    assert run(stand_in) == 1
    assert list(stand_in.lora_folder.iterdir()) == []


@pytest.mark.usefixtures("root")
def test_epochs_are_those_asked_for(stand_in: StandIn) -> None:
    assert run(stand_in, epochs=[2, "last"], weights=[1], seeds=[7], prompts=["a"]) == 0
    assert images() == ["01_e000002_w1.0_s7.png", "01_last_w1.0_s7.png"]
    assert run(stand_in, epochs="all", weights=[1], seeds=[7], prompts=["a"]) == 0
    assert len(images()) == 3
    assert drawn(stand_in) == 3, "what was drawn before is not drawn again"


@pytest.mark.usefixtures("root")
def test_weight_0_is_the_same_picture_for_all_epochs(stand_in: StandIn) -> None:
    assert run(stand_in, epochs="all", weights=[0, 1], seeds=[7], prompts=["a"]) == 0
    assert drawn(stand_in) == 1 + 3
    without = [name for name in images() if "_w0.0_" in name]
    found = {Path("training/pictures/images", name).read_bytes() for name in without}
    assert (len(without), len(found)) == (3, 1)


@pytest.mark.kills
@pytest.mark.usefixtures("root")
def test_a_killed_run_goes_on_and_the_result_is_the_same(stand_in: StandIn) -> None:
    assert stopped(stand_in, signal.SIGKILL) == -signal.SIGKILL
    assert not Path("training/pictures").exists()
    assert run(stand_in) == 0
    assert drawn(stand_in) <= 8 + 1, "only the picture at work when it was killed is drawn twice"
    once = result()
    shutil.rmtree("training/drawn")
    shutil.rmtree("training/pictures")
    assert run(stand_in) == 0
    assert result() == once


@pytest.mark.usefixtures("root")
def test_a_webui_that_dies_loses_no_picture(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in.fault, stand_in.fault_path, stand_in.faults_after = "reset", "txt2img", 5
    assert run(stand_in) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == f"generate: error: {stand_in.url}: the answer broke off"
    assert len(list(Path("training/drawn").glob("*.png"))) == 3
    stand_in.fault = ""
    assert run(stand_in) == 0
    assert drawn(stand_in) == 8


@pytest.mark.usefixtures("root")
def test_a_short_fault_is_sat_out(stand_in: StandIn) -> None:
    stand_in.fault, stand_in.fault_path = "cut answer", "txt2img"
    stand_in.faults_after, stand_in.faults_left = 4, 1
    assert run(stand_in) == 0
    assert len(images()) == 8


@pytest.mark.usefixtures("root")
def test_what_is_drawn_needs_no_webui(stand_in: StandIn) -> None:
    assert run(stand_in) == 0
    once = result()
    asked = len(stand_in.asked)
    shutil.rmtree("training/pictures")
    assert run(stand_in) == 0
    assert result() == once
    assert len(stand_in.asked) == asked


@pytest.mark.usefixtures("root")
def test_a_grid_that_was_drawn_before_is_not_drawn_again(stand_in: StandIn) -> None:
    assert run(stand_in, seeds=[1]) == 0
    once = result()
    assert run(stand_in, seeds=[2], weights=[0.6]) == 0
    asked = len(stand_in.asked)
    assert run(stand_in, seeds=[1]) == 0
    assert len(stand_in.asked) == asked
    assert result() == once


@pytest.mark.usefixtures("root")
def test_of_other_grids_the_newest_pictures_are_kept(stand_in: StandIn) -> None:
    assert run(stand_in, seeds=[1]) == 0
    ours = {path.name for path in Path("training/drawn").glob("*.png")}
    assert len(ours) == 4
    others = [f"{number:04}.png" for number in range(510)]
    for number, name in enumerate(others):
        path = Path("training/drawn") / name
        path.write_bytes(b"of another grid")
        os.utime(path, (number, number))
    assert run(stand_in, seeds=[1]) == 0
    kept = {path.name for path in Path("training/drawn").glob("*.png")}
    assert kept == ours | set(others[10:])


@pytest.mark.usefixtures("root")
def test_another_lora_of_that_name_is_drawn_anew(stand_in: StandIn) -> None:
    assert run(stand_in) == 0
    once = result()
    write_lora(Path("training/lora/nasu.safetensors"), run="2" * 12, ss_epoch="3")
    assert run(stand_in) == 0
    assert drawn(stand_in) == 16
    changed = {path for path, digest in result().items() if digest != once[path]}
    assert {path for path in changed if "/images/" in path} == {
        path for path in once if "/images/" in path
    }


@pytest.mark.usefixtures("root")
def test_pictures_of_other_settings_are_drawn_again(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(stand_in, weights=[1]) == 0
    stand_in.version = "v1.10.2"
    assert run(stand_in, weights=[0.6, 1]) == 0
    assert (
        "not as it was (Version: v1.10.1 -> v1.10.2); drawing all again" in capsys.readouterr().out
    )
    assert drawn(stand_in) == 4 + 8
    versions = {
        settings(read_infotext(path.read_bytes()))["Version"]
        for path in Path("training/pictures/images").iterdir()
    }
    assert versions == {"v1.10.2"}


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ("wrong seed", "drew otherwise than asked: Seed "),
        ("other model", "drew otherwise than asked: model other-model ["),
        ("interrupted", "was told to stop"),
        ("black", "drew one plain colour"),
        ("jpg", "sends JPEG"),
        ("nan", "--no-half-vae"),
        ("500 out of memory", "lower generate.width and height"),
        ("no effect", "(SD 1.5, SDXL ...), or has learned nothing"),
    ],
)
def test_a_picture_that_is_not_as_ordered_stops_the_run(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str], fault: str, line: str
) -> None:
    stand_in.fault = fault
    assert run(stand_in) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert line in said
    assert not list(Path("training/drawn").glob("*.png"))
    assert not Path("training/pictures").exists()


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"sampler": "DPM++ 2M Karras"}, "generate.sampler: the WebUI has no 'DPM++ 2M Karras'"),
        (
            {"scheduler": "karras"},
            "the WebUI has no 'karras'; did you mean Karras?",
        ),
        ({"checkpoint": "counterfeit"}, "generate.checkpoint: the WebUI has anything-v5"),
        ({"epochs": [1, 9]}, "holds no epoch 9; it has 1, 2, 3, last"),
        ({"epochs": "newest"}, "generate.epochs: 'newest' is no epoch"),
        ({"prompts": ["a <lora:nasu:1>"]}, "generate.prompts: 'a <lora:nasu:1>' names a LoRA"),
        ({"prompts": ["a <lyco:nasu:1>"]}, "generate.prompts: 'a <lyco:nasu:1>' names a LoRA"),
        ({"prompts": ["a, {tag}"]}, "generate.prompts: {tag} is replaced by nothing; only {trigg"),
        ({"prompts": ["{Trigger}"]}, "generate.prompts: {Trigger} is replaced by nothing"),
        ({"prompts": ["a", " "]}, "generate.prompts: a prompt is empty; write one"),
        ({"prompts": ["#unicus"]}, "generate.prompts: '#unicus' holds a '#'"),
        (
            {"prompts": ["a, :3 "]},
            "'a, :3 ' ends in ':3', which a WebUI takes for the weight of the",
        ),
        ({"prompts": ["a\nb"]}, "generate.prompts: 'a\\nb' has a line break or an unseen sign"),
        ({"prompts": ["{trigger}、1girl"]}, "generate.prompts: '{trigger}、1girl' holds '、'"),
        ({"negative_prompt": "a # b"}, "generate.negative_prompt: 'a # b' holds a '#'"),
        ({"negative_prompt": "a\nb"}, "generate.negative_prompt: 'a\\nb' has a line break"),
        ({"seeds": [4294967296]}, "generate.seeds: '4294967296' is not a whole number from 0 to"),
        ({"prompts": []}, "generate.prompts: is empty"),
        ({"seeds": [1, 1]}, "generate.seeds: 1 is there twice"),
        ({"width": 500}, "generate.width: 500 is not a multiple of 8; write 496"),
        ({"name": "other"}, "training/lora/other.safetensors: no such file; train first"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_drawn(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str], changes: dict[str, object], line: str
) -> None:
    assert run(stand_in, **changes) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert line in said
    assert drawn(stand_in) == 0


@pytest.mark.usefixtures("root")
def test_every_seed_of_a_webui_will_do(stand_in: StandIn) -> None:
    assert run(stand_in, prompts=["a"], weights=[1], seeds=[0, 4294967295]) == 0
    assert images() == ["01_last_w1.0_s0.png", "01_last_w1.0_s4294967295.png"]


@pytest.mark.usefixtures("root")
def test_prompts_go_without_the_white_at_their_ends(stand_in: StandIn) -> None:
    negative = " lowres, {bad}\n"
    assert run(stand_in, prompts=[" {trigger}, a\n"], negative_prompt=negative) == 0
    for path in Path("training/pictures/images").iterdir():
        infotext = read_infotext(path.read_bytes())
        assert infotext.startswith("nasumiso_style, a <lora:")
        assert "\nNegative prompt: lowres, {bad}\nSteps: " in infotext


@pytest.mark.usefixtures("root")
def test_another_model_than_the_trained_one_is_refused(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in.load_another()
    assert run(stand_in) == 1
    assert "loaded, but nasu was trained on anything-v5 [" in capsys.readouterr().err
    assert run(stand_in, checkpoint="loaded") == 0
    assert run(stand_in, checkpoint="other-model") == 0


@pytest.mark.usefixtures("root")
def test_another_model_than_the_named_one_is_told_though_all_is_drawn(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(stand_in, checkpoint=BASE) == 0
    stand_in.load_another()
    capsys.readouterr()
    assert run(stand_in, checkpoint=BASE) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert "generate.checkpoint: the WebUI has other-model.safetensors" in said


def lock(md5: str, path: str = "training/lora") -> None:
    """Write what DVC keeps, as DVC does."""
    text = f"schema: '2.0'\nstages:\n  train:\n    outs:\n    - path: {path}\n      md5: {md5}\n"
    Path("training/dvc.lock").write_text(text, encoding="utf-8")


WARNING = (
    "generate: warning: DVC does not keep training/lora as it is, and dvc exp would replace it by "
    "what it keeps; run: dvc commit -f training/dvc.yaml:train"
)


@pytest.mark.usefixtures("root")
def test_loras_that_dvc_keeps_are_no_warning(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    lock(dvc_md5(Path("training/lora")))
    assert run(stand_in, seeds=[1]) == 0
    assert "warning" not in capsys.readouterr().err


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("kept", ["nothing", "another", "a folder of another name"])
def test_loras_that_dvc_does_not_keep_are_a_warning(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str], kept: str
) -> None:
    if kept == "another":
        lock("0" * 32 + ".dir")
    elif kept != "nothing":
        lock(dvc_md5(Path("training/lora")), "training/samples")
    assert run(stand_in, seeds=[1]) == 0
    assert capsys.readouterr().err.splitlines()[-1] == WARNING


@pytest.mark.usefixtures("root")
def test_the_figures_are_what_the_tagger_finds(stand_in: StandIn) -> None:
    assert run(stand_in) == 0
    figures = json.loads(Path("training/figures/pictures.json").read_text(encoding="utf-8"))
    assert next(iter(figures.items())) == (
        "lora",
        HASH[:12],
    )
    found = {"0.6": 0, "1.0": 0}
    for path in Path("training/pictures/images").iterdir():
        with Image.open(path) as picture:  # the tagger's score of a colour is its mean
            red, _, blue = (
                sum(band.resize((1, 1), Image.Resampling.BOX).tobytes()) / 255
                for band in picture.convert("RGB").split()
            )
        weight = path.name.split("_w")[1].split("_")[0]
        found[weight] += padded(red) >= 0.35
        if path.name.startswith("01"):  # the other prompt names blue_theme itself
            found[weight] += padded(blue) >= 0.35
    # prompt 1: two tags, prompt 2: one, each with two seeds
    assert figures["pictures"] == 8
    for weight, count in found.items():
        assert figures[f"recall_last_w{weight}"] == round(count / 6, 4)
    assert len(figures) == 2 + len(found), "besides the LoRA and the number of pictures"


def padded(mean: float) -> float:
    """Return the mean of a colour after the tagger's white padding of 64 x 96 to a square."""
    return mean * 64 / 96 + 1 - 64 / 96


@pytest.mark.usefixtures("root")
def test_somebody_elses_file_among_the_pictures_is_not_removed(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = Path("training/pictures/notes.txt")
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    assert run(stand_in) == 1
    assert "notes.txt" in capsys.readouterr().err
    assert mine.read_text() == "mine"


@pytest.mark.usefixtures("root")
def test_pictures_of_several_grids_are_never_mixed_if_the_webui_has_changed(
    stand_in: StandIn,
) -> None:
    assert run(stand_in, seeds=[1, 2], weights=[1]) == 0
    stand_in.version = "v1.10.2"
    assert run(stand_in, seeds=[3], weights=[1]) == 0
    assert run(stand_in, seeds=[1, 3], weights=[1]) == 0
    versions = {
        settings(read_infotext(path.read_bytes()))["Version"]
        for path in Path("training/pictures/images").iterdir()
    }
    assert versions == {"v1.10.2"}


@pytest.mark.usefixtures("root")
def test_no_copy_stays_if_lending_breaks_off(stand_in: StandIn) -> None:
    stand_in.fault, stand_in.fault_path, stand_in.faults_after = "reset", "refresh-loras", 1
    assert run(stand_in, epochs="all") == 1
    assert list(stand_in.lora_folder.rglob("*")) == []


def test_a_caption_saved_meanwhile_is_not_passed_over(
    stand_in: StandIn,
    root: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run(stand_in) == 0
    before, asked = result(), drawn(stand_in)
    caption = root / "data" / "tagged" / "img001.txt"
    with monkeypatch.context() as patch:
        meanwhile(patch, generate, "gallery_of", write(caption, "nasumiso_style, miso\n"))
        assert run(stand_in) == 1
    error = capsys.readouterr().err
    assert "generate: error: data/tagged/img001.txt: changed while this was running;" in error
    assert result() == before

    assert run(stand_in) == 0
    assert drawn(stand_in) == asked, "no picture is drawn again"


@pytest.fixture
def pairs(root: Path) -> Path:
    """Write a dataset of three drawings, one of them held out, and return its folder."""
    rows = []
    for number, folder in enumerate(("dataset/2_nasu", "dataset/10_cry", "held_out/1_nasu"), 1):
        stem, trigger = f"img{number:03d}", "nasu_cry" if "cry" in folder else "nasumiso_style"
        into = root / "data" / folder
        into.mkdir(parents=True)
        Image.new("RGB", (8, 8), (number, 0, 0)).save(into / f"{stem}.png")
        text = f"{trigger}, blue_theme, miku_(cosplay), tag{number}\n"
        (into / f"{stem}.txt").write_text(text, encoding="utf-8")
        rows.append(Row(f"{stem}.png", f"{number}.png", f"{number}" * 64, 8, 8, USED, ""))
    (root / "data" / "held_out" / "about.md").write_text("what is held out\n")
    write_manifest(root / "data" / "manifest.csv", rows)
    return root / "data"


JUDGED = {"judge_captions": 12, "prompts": ["a"], "seeds": [1], "weights": [0.6, 1.0]}
JUDGING = Path("training/judging")


def whole(folder: Path) -> dict[str, bytes]:
    """Return the files of an output, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.usefixtures("pairs")
def test_the_caption_held_out_is_drawn_for_the_judge(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(stand_in, **JUDGED, epochs=[2, "last"]) == 0
    evidence = read_evidence(JUDGING)
    assert (evidence.on, evidence.lora) == ("held out", HASH[:12])
    assert evidence.captions == [
        Caption(
            drawing="img003",
            prompt=r"nasumiso_style, blue_theme, miku_\(cosplay\), tag3",
            tags=["blue_theme", "miku_(cosplay)", "tag3"],
        )
    ]
    assert sorted(path.name for path in JUDGING.iterdir()) == [
        "01_e0_w0.0_s1.png",
        "01_e0_w0.0_s2.png",
        *(f"01_e2_w{weight}_s{seed}.png" for weight in ("0.6", "1.0") for seed in (1, 2)),
        *(f"01_e3_w0.6_s{seed}.png" for seed in (1, 2)),
        "01_e3_w1.0_s1.png",
        "01_e3_w1.0_s1_no_trigger.png",
        "01_e3_w1.0_s2.png",
        "01_e3_w1.0_s2_no_trigger.png",
        "asked.json",
    ]
    said = capsys.readouterr().out
    assert (
        "4 pictures for the grids, 12 for the judge (captions: 1, of drawings held back) / " in said
    )
    assert drawn(stand_in) == 16


@pytest.mark.usefixtures("pairs")
def test_each_picture_for_the_judge_is_of_its_caption(stand_in: StandIn) -> None:
    assert run(stand_in, **JUDGED) == 0
    evidence = read_evidence(JUDGING)
    for picture in evidence.pictures:
        infotext = read_infotext((JUDGING / picture.name).read_bytes())
        prompt = evidence.captions[picture.caption].prompt
        if not picture.trigger:
            prompt = prompt.removeprefix("nasumiso_style, ")
        weight = f" <lora:nasu-{HASH[:8]}:{picture.weight:g}>" if picture.epoch else ""
        assert infotext.startswith(f"{prompt}{weight}\nNegative prompt: lowres\n")
        assert settings(infotext)["Seed"] == str(picture.seed)


def test_without_drawings_held_out_those_trained_on_are_drawn(
    stand_in: StandIn, pairs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(pairs / "held_out" / "1_nasu")
    assert run(stand_in, **JUDGED, subjects=["cry=>nasu_cry"]) == 0
    evidence = read_evidence(JUDGING)
    assert evidence.on == "training"
    assert {caption.drawing for caption in evidence.captions} == {"img001", "img002"}
    assert "(captions: 2, of drawings trained on)" in capsys.readouterr().out
    bare = [each for each in evidence.pictures if not each.trigger]
    assert len(bare) == 4
    for picture in bare:
        infotext = read_infotext((JUDGING / picture.name).read_bytes())
        assert infotext.startswith("blue_theme, "), "a subject's own trigger is off, too"


@pytest.mark.usefixtures("pairs")
def test_as_many_captions_are_drawn_as_are_wished_for(stand_in: StandIn, pairs: Path) -> None:
    shutil.rmtree(pairs / "held_out")
    both = {"subjects": ["cry=>nasu_cry"]}
    assert run(stand_in, **JUDGED | both | {"judge_captions": 1}) == 0
    (caption,) = read_evidence(JUDGING).captions
    assert run(stand_in, **JUDGED | both) == 0
    assert caption in read_evidence(JUDGING).captions
    assert drawn(stand_in) == 2 + 2 * 2 * (1 + 2 + 1), "nothing is drawn twice"


@pytest.mark.usefixtures("root")
def test_no_captions_are_an_empty_folder_that_says_so(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a dataset, too."""
    assert run(stand_in) == 0
    assert read_evidence(JUDGING) == Evidence("training", HASH[:12], [], [])
    assert [path.name for path in JUDGING.iterdir()] == ["asked.json"]
    assert drawn(stand_in) == 8
    assert "8 pictures for the grids, 0 for the judge / " in capsys.readouterr().out


@pytest.mark.usefixtures("pairs")
def test_pictures_that_the_judge_no_longer_wants_go(stand_in: StandIn) -> None:
    assert run(stand_in, **JUDGED) == 0
    assert run(stand_in, **JUDGED | {"judge_captions": 0}) == 0
    assert [path.name for path in JUDGING.iterdir()] == ["asked.json"]
    assert run(stand_in, **JUDGED) == 0
    assert drawn(stand_in) == 2 + 8, "but they are not drawn again"


@pytest.mark.usefixtures("root")
def test_captions_without_a_dataset_are_told_before_anything_is_drawn(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(stand_in, **JUDGED) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("generate: error: data/dataset: holds no pictures with captions, which ")
    assert drawn(stand_in) == 0


@pytest.mark.kills
@pytest.mark.usefixtures("pairs")
def test_a_run_killed_while_it_draws_for_the_judge_goes_on(stand_in: StandIn) -> None:
    assert stopped(stand_in, signal.SIGKILL, **JUDGED) == -signal.SIGKILL
    assert not JUDGING.exists()
    assert run(stand_in, **JUDGED) == 0
    assert drawn(stand_in) <= 2 + 8 + 1
    once = result(), whole(JUDGING)
    for folder in ("drawn", "pictures", "judging"):
        shutil.rmtree(Path("training") / folder)
    assert run(stand_in, **JUDGED) == 0
    assert (result(), whole(JUDGING)) == once


def test_a_caption_for_the_judge_saved_meanwhile_is_not_passed_over(
    stand_in: StandIn,
    pairs: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run(stand_in, **JUDGED) == 0
    before = result(), whole(JUDGING)
    caption = pairs / "held_out" / "1_nasu" / "img003.txt"
    with monkeypatch.context() as patch:
        meanwhile(patch, generate, "gallery_of", write(caption, "nasumiso_style, miso\n"))
        assert run(stand_in, **JUDGED) == 1
    error = capsys.readouterr().err
    assert "error: data/held_out/1_nasu/img003.txt: changed while this was running;" in error
    assert (result(), whole(JUDGING)) == before
    assert run(stand_in, **JUDGED) == 0
    assert read_evidence(JUDGING).captions[0].tags == ["miso"]


def test_a_picture_retouched_meanwhile_stops_nothing(
    stand_in: StandIn, pairs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = pairs / "held_out" / "1_nasu" / "img003.png"
    meanwhile(monkeypatch, generate, "gallery_of", lambda: picture.write_bytes(b"retouched"))
    assert run(stand_in, **JUDGED) == 0


@pytest.mark.usefixtures("pairs")
def test_somebody_elses_file_among_those_for_the_judge_is_not_removed(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(stand_in) == 0
    (JUDGING / "votes.yaml").write_text("mine")
    assert run(stand_in, **JUDGED) == 1
    assert "votes.yaml: this stage did not write it" in capsys.readouterr().err
    assert (JUDGING / "votes.yaml").read_text() == "mine"


@pytest.mark.usefixtures("pairs")
def test_loras_of_which_only_the_judge_has_pictures_are_lent(stand_in: StandIn) -> None:
    """The grids are without a LoRA, the judge's pictures all drawn before; or the other way."""
    assert run(stand_in, **JUDGED | {"weights": [0.0, 1.0]}) == 0
    assert {each.epoch for each in read_evidence(JUDGING).pictures} == {0, 3}
    assert list(stand_in.lora_folder.iterdir()) == []


def test_what_is_planted_for_tests_of_the_judge_is_what_is_drawn(root: Path) -> None:
    shutil.rmtree("training/lora")
    plant_dataset(root, COPIES, trained=6, held_out=3)
    planted = plant_pictures(root, COPIES, captions=2, epochs=(6, 8), weights=(0.6, 1.0))
    pixels = {path.name: pixels_of(path) for path in JUDGING.glob("*.png")}
    shutil.rmtree(JUDGING)
    wish = {"epochs": "all", "judge_captions": 2, "height": 64, "prompts": ["a"], "seeds": [1]}
    with webui(root / "webui", painter=painter_of(root, COPIES)) as stand_in:
        assert run(stand_in, **wish) == 0
    assert read_evidence(JUDGING) == planted
    assert {path.name: pixels_of(path) for path in JUDGING.glob("*.png")} == pixels
    assert planted.on == "held out"
    assert len(pixels) == 2 * 2 * (1 + 2 * 2 + 1)


def pixels_of(path: Path) -> bytes:
    with Image.open(path) as picture:
        return picture.convert("RGB").tobytes()
