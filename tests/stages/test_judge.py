"""The judge stage, on pictures with a planted truth that real models look at."""

import hashlib
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from stages import judge
from stages.library.drawing.judging.evidence import ASKED, read_evidence, write_evidence
from stages.library.tagging import models
from tests.standins.webui import planted
from tests.standins.webui.planted import GOOD, Truth
from tests.support.meanwhile import meanwhile, write
from tests.support.params import arguments
from tests.support.planted import plant_dataset, plant_pictures
from tests.support.taggers import write_seeing_tagger

TRAINED, HELD_OUT = 15, 12
FIGURES, PAGE = Path("training/figures/judged.json"), Path("training/judged/index.html")
PLOT = Path("training/judged/closeness.csv")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, with a tagger that sees where which colours are."""
    monkeypatch.chdir(tmp_path)
    write_seeing_tagger(tmp_path / "tagger")
    return tmp_path


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows with each look: how many pictures it was at."""
    real, seen = models.results_of, list[int]()

    def results_of(model: models.Model, pictures: Any) -> Any:
        seen.append(len(pictures))
        return real(model, pictures)

    monkeypatch.setattr(models, "results_of", results_of)
    return seen


def plant(root: Path, truth: Truth, held_out: int = HELD_OUT, **pictures: Any) -> None:
    """Write drawings, and what a LoRA with that truth drew."""
    plant_dataset(root, truth, TRAINED, held_out)
    plant_pictures(root, truth, **({"epochs": (2, 6, 10), "weights": (0.6, 1.0)} | pictures))


def words(**changes: object) -> list[str]:
    """Return the command line, with a params.yaml."""
    own: dict[str, object] = {
        "judging": "training/judging",
        "dataset": "data/dataset",
        "held-out": "data/held_out",
        "output": "training/judged",
        "metrics": FIGURES,
        "threshold": 0.35,
        "model": "tagger",
        "revision": "",
        "model_sha256": "",
        "tag_list_sha256": "",
        "provider": "cpu",
        "judge_features": "tagger",
        "judge_features_revision": "",
        "judge_features_sha256": "",
    }
    return arguments(judge.build_parser(), own | changes, Path())


def run(**changes: object) -> int:
    return judge.main(words(**changes))


def figures() -> Any:
    return json.loads(FIGURES.read_text(encoding="utf-8"))


def told(what: str) -> set[int]:
    """Return the epochs of which something is told."""
    return {each["epoch"] for each in figures()["cells"] if what in each.get("told", [])}


def result() -> dict[str, str]:
    """Return digests of what the stage wrote."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in (FIGURES, PAGE, PLOT)
    }


def test_a_good_lora_is_advised_and_accused_of_nothing(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(root, GOOD)
    assert run() == 0
    assert re.fullmatch(r"(2|6|10) at (0\.6|1\.0)", figures()["take"])
    assert figures()["judged_on"] == "held out"
    assert not told("copies") | told("collapsed") | told("farther") | told("by heart")
    english, japanese = capsys.readouterr().out.splitlines()[-2:]
    assert re.fullmatch(r"judge: Take epoch \d+ at weight \S+\.( Can't tell apart: .*\.)?", english)
    assert japanese.startswith("judge: エポック ")
    assert english.removeprefix("judge: ") in PAGE.read_text(encoding="utf-8").replace("&#39;", "'")


def test_copies_are_named(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plant(root, planted.COPIES)
    assert run() == 0
    assert told("copies") == {10}
    assert figures()["copies"] > 0
    assert told("advised") <= {2, 6}
    assert "Pictures that may be copies: 10" in PAGE.read_text(encoding="utf-8")
    assert "Take epoch" in capsys.readouterr().out


def test_a_collapse_is_named(root: Path) -> None:
    plant(root, planted.COLLAPSES)
    assert run() == 0
    assert told("collapsed") == {10}
    assert "Nearly the same picture with every seed: 10" in PAGE.read_text(encoding="utf-8")


def test_what_gets_worse_after_epoch_6_is_not_advised(root: Path) -> None:
    plant(root, planted.BEST_AT_6)
    assert run() == 0
    assert told("advised") <= {2, 6}
    assert 10 not in told("as good")


def test_a_trigger_that_taught_nothing_is_named(root: Path) -> None:
    plant(root, planted.IGNORES_THE_TRIGGER, held_out=24, captions=24)
    assert run() == 0
    page = PAGE.read_text(encoding="utf-8")
    assert "the style comes whether it is written or not" in page


def test_a_lora_that_changes_nothing_is_no_difference(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(root, planted.CHANGES_NOTHING)
    assert run() == 0
    assert figures()["take"] == "none"
    assert "judge: This LoRA changes nothing:" in capsys.readouterr().out
    assert not told("copies") | told("collapsed") | told("farther") | told("closer")


@pytest.mark.parametrize("world", range(1, 4))
def test_no_innocent_lora_is_accused(root: Path, world: int) -> None:
    plant(root, replace(GOOD, world=world))
    assert run() == 0
    assert not told("copies") | told("collapsed") | told("farther") | told("by heart")


def test_without_held_out_drawings_it_says_on_what_it_is_judged(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(root, GOOD, held_out=0, epochs=(6,), weights=(1.0,))
    assert run() == 0
    assert "(on training captions: rewards copying)" in capsys.readouterr().out.splitlines()[-2]
    assert figures()["judged_on"] == "training, rewards copying"


def test_too_few_captions_are_no_figure(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plant(root, GOOD, held_out=3, epochs=(6,), weights=(1.0,))
    assert run() == 0
    assert "judge: Too few captions to tell anything: 3." in capsys.readouterr().out
    assert figures()["take"] == "unclear"
    assert figures()["cells"][1]["closer"] is None


def test_where_nothing_was_drawn_there_is_nothing_to_judge(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plant_dataset(root, GOOD, TRAINED, HELD_OUT)
    plant_pictures(root, GOOD, captions=1, epochs=(2,), weights=(1.0,))
    evidence = read_evidence(Path("training/judging"))
    shutil.rmtree("training/judging")
    Path("training/judging").mkdir()
    write_evidence(Path("training/judging"), replace(evidence, captions=[], pictures=[]))
    assert run() == 0
    assert "judge: Nothing was drawn to be judged" in capsys.readouterr().out
    assert figures() == {"take": "nothing was drawn"}


def test_each_picture_is_looked_at_once_ever(root: Path, looked: list[int]) -> None:
    plant(root, GOOD, epochs=(2, 6), weights=(1.0,))
    assert run() == 0
    pictures = len(read_evidence(Path("training/judging")).pictures)
    assert sum(looked) == pictures + TRAINED + HELD_OUT
    once = result()
    shutil.rmtree("training/judged")
    assert run() == 0
    assert sum(looked) == pictures + TRAINED + HELD_OUT, "again, it looks at none"
    assert result() == once
    assert run(threshold=0.5) == 0
    assert sum(looked) == pictures + TRAINED + HELD_OUT, "nor with other settings"


def renamed(names: dict[Path, Path]) -> None:
    """Give files each other's names."""
    for number, path in enumerate(names):
        path.rename(path.with_name(f"{number}.moving"))
    for number, (path, new) in enumerate(names.items()):
        path.with_name(f"{number}.moving").rename(new)


def test_other_names_and_numbers_of_drawings_change_no_figure(root: Path) -> None:
    """As when drawings come before them."""
    plant(root, planted.COPIES, epochs=(2, 8), weights=(1.0,))
    assert run() == 0
    once = figures(), PLOT.read_bytes()
    evidence = read_evidence(Path("training/judging"))
    for folder in ("dataset/10_nasu", "held_out/1_nasu"):
        found = sorted((root / "data" / folder).iterdir(), reverse=True)
        renamed({path: path.with_name(path.name.replace("img0", "img9")) for path in found})
    new = [
        replace(each, drawing=each.drawing.replace("img0", "img9")) for each in evidence.captions
    ]
    write_evidence(
        Path("training/judging"),
        replace(evidence, captions=new, pictures=evidence.pictures[::-1]),
    )
    assert run() == 0
    assert (figures(), PLOT.read_bytes()) == once


def test_a_drawing_that_is_there_twice_changes_nothing(root: Path) -> None:
    plant(root, planted.COPIES, epochs=(2, 8), weights=(1.0,))
    assert run() == 0
    once = result()
    for folder, stem in (
        ("dataset/10_nasu", "img001"),
        ("held_out/1_nasu", f"img{TRAINED + 1:03}"),
    ):
        for ending in ("png", "txt"):
            path = root / "data" / folder / f"{stem}.{ending}"
            shutil.copyfile(path, path.with_name(f"img999.{ending}"))
    assert run() == 0
    assert result() == once


def test_pictures_that_are_written_anew_change_no_figure(root: Path) -> None:
    """The same pixels in other bytes."""
    plant(root, planted.COPIES, epochs=(2, 8), weights=(1.0,))
    assert run() == 0
    once = figures(), PLOT.read_bytes()
    for path in [*root.glob("data/*/*/*.png"), *root.glob("training/judging/*.png")]:
        before = path.read_bytes()
        with Image.open(path) as picture:
            picture.convert("RGBA").save(path, compress_level=9)
        assert path.read_bytes() != before
    assert run() == 0
    assert (figures(), PLOT.read_bytes()) == once


def test_pictures_that_lost_a_little_in_a_jpeg_change_no_verdict(
    root: Path, tmp_path: Path
) -> None:
    """A figure moves by a tenth of its doubt at most."""
    plant(root, planted.COPIES, epochs=(2, 8), weights=(1.0,))
    assert run() == 0
    once = figures()
    for path in [*root.glob("data/*/*/*.png"), *root.glob("training/judging/*.png")]:
        with Image.open(path) as picture:
            picture.convert("RGB").save(tmp_path / "a.jpg", quality=95)
        with Image.open(tmp_path / "a.jpg") as picture:
            picture.save(path)
    assert run() == 0
    assert figures()["take"] == once["take"]
    for now, before in zip(figures()["cells"][1:], once["cells"][1:], strict=True):
        assert now["told"] == before["told"]
        assert now["closer"] == pytest.approx(before["closer"], abs=before["closer_doubt"] / 10)


def test_the_builtin_tagger_accuses_nobody_and_says_what_it_sees(root: Path) -> None:
    plant(root, planted.COPIES, held_out=5, captions=5, epochs=(8,), weights=(1.0,))
    assert run(model="builtin") == 0
    page = PAGE.read_text(encoding="utf-8")
    assert "Judged by the built-in tagger, which sees colours only" in page
    assert "by features" not in page


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda: shutil.rmtree("training/judging"), r"training/judging/asked\.json: no such file"),
        (
            lambda: Path("training/judging", ASKED).write_text("{}"),
            r"training/judging/asked\.json: is not as the generate stage writes it",
        ),
        (
            lambda: Path("training/judging/01_e0_w0.0_s1.png").unlink(),
            r"01_e0_w0\.0_s1\.png: no such file, but .* tells of it",
        ),
        (
            lambda: Path("training/judging/01_e0_w0.0_s1.png").write_bytes(b"no picture"),
            r"01_e0_w0\.0_s1\.png: is no picture",
        ),
        (lambda: shutil.rmtree("data/dataset"), "data/dataset: holds no drawings to compare with"),
        (
            lambda: shutil.rmtree("data/held_out/1_nasu"),
            r"asked\.json: it tells of a caption of img0\d\d, which is not among the drawings any",
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_line_and_what_was_there_stays(
    root: Path, spoil: Any, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(root, GOOD, epochs=(6,), weights=(1.0,))
    assert run() == 0
    once = result()
    spoil()
    assert run() == 1
    (line,) = capsys.readouterr().err.splitlines()[-1:]
    assert re.match(rf"judge: error: .*{said}", line)
    assert result() == once


def test_a_caption_that_is_saved_meanwhile_is_not_passed_over(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(root, GOOD, epochs=(6,), weights=(1.0,))
    caption = root / "data" / "held_out" / "1_nasu" / f"img{TRAINED + 1:03}.txt"
    meanwhile(monkeypatch, judge, "judged", write(caption, "nasumiso_style, saved\n"))
    assert run() == 1
    assert f"{caption.name}: changed while this was running" in capsys.readouterr().err
    assert not PAGE.exists()
    assert run() == 0


def test_nothing_of_this_machine_stands_in_what_it_writes(root: Path) -> None:
    plant(root, planted.COPIES, epochs=(8,), weights=(1.0,))
    assert run() == 0
    for path in (FIGURES, PAGE, PLOT):
        assert str(root) not in path.read_text(encoding="utf-8")
