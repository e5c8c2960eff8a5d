"""A model looks at a picture once, and nothing that it has said is lost."""

from __future__ import annotations

import json
import os
import pty
import random
import shutil
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stages.library.common.outputs import sha256
from stages.library.common.paths import CACHE, cache_folder
from stages.library.tagging import looking, models, sessions, tagger
from stages.library.tagging.kept import FILE, Kept
from stages.library.tagging.scores import Scores, read_scores, write_scores
from stages.library.tagging.tagger import Choice, find_tagger
from stages.library.tagging.taggers import wd14
from stages.score import build_parser, main
from tests.support.params import arguments
from tests.support.scoring import write_header
from tests.support.taggers import TAGS, keep_weights_in, write_tagger

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data" / "sample"
WAITING_SECONDS = 120
IN_FLIGHT = 2 * models.AT_ONCE + 2
"""Most pictures looked at and not yet saved: waiting for their turn, and the one being saved."""


class Workplace:
    """A folder with prepared pictures and a tagger, and the stage to run there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pictures = folder / "prepared"
        self.pictures.mkdir()
        self.output = folder / "scores.npz"
        self.checkpoint = folder / ".scores.npz.checkpoint"  # of a release that had one
        self.tagger = write_tagger(folder / "tagger")

    def draw(self, *numbers: int) -> None:
        """Write the pictures of these numbers, each of its own colour, as img001.png …"""
        for place, number in enumerate(numbers, 1):
            picture = Image.new("RGB", (40, 30), (number, 255 - number, 90))
            picture.save(self.pictures / f"img{place:03}.png")
        for path in self.pictures.glob("*.png"):
            if int(path.stem[3:]) > len(numbers):
                path.unlink()

    def argv(self, *more: str, **others: str | None) -> list[str]:
        values = {
            "input": str(self.pictures),
            "written": str(self.folder / "prepared.json"),
            "output": str(self.output),
            "model": str(self.tagger),
            "revision": "",
            "model_sha256": "",
            "tag_list_sha256": "",
            "provider": "cpu",
        }
        kept = {key: value for key, value in (values | others).items() if value is not None}
        return [*arguments(build_parser(), kept, self.folder / "params"), *more]

    def run(self, *more: str, **others: str | None) -> int:
        return main(self.argv(*more, **others))

    def from_scratch(self) -> bytes:
        """Return the bytes that the stage writes with nothing to build on."""
        output = self.folder / "scratch" / "scores.npz"
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv(CACHE, str(output.parent))
            assert main(self.argv(output=str(output))) == 0
        data = output.read_bytes()
        shutil.rmtree(output.parent)
        return data

    def known(self) -> set[str]:
        """Return the SHA-256 of the pictures of which is kept what the tagger found."""
        tagger = find_tagger(Choice(str(self.tagger), "", "", "", "cpu"))
        pictures = [sha256(path) for path in self.pictures.iterdir()]
        return set(Kept("test").known(tagger.fingerprint, len(tagger.tags), pictures))


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows with every inference: the name of the first tag of the model."""
    real = models.probabilities
    seen: list[str] = []

    def probabilities(model: models.Model, pictures: Any) -> Any:
        seen.extend(model.tags[0] for _ in pictures)
        return real(model, pictures)

    monkeypatch.setattr(models, "probabilities", probabilities)
    return seen


def test_a_kept_alpha_changes_no_score(place: Workplace) -> None:
    """Under what is transparent lies what the tagger is to see, edges that are half so included."""
    colours = np.random.default_rng(3).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    picture = Image.fromarray(colours)
    found = []
    for alpha in (None, Image.linear_gradient("L").resize((40, 30))):
        if alpha:
            picture.putalpha(alpha)
        picture.save(place.pictures / "img001.png")
        assert place.run() == 0
        found.append(read_scores(place.output)[0].found[0])
    assert all(np.array_equal(one, other) for one, other in zip(*found, strict=True))


def runs(place: Workplace, looks: list[str], expected: int) -> None:
    """Run, expect so many inferences, and the bytes that a run from scratch writes."""
    looks.clear()
    assert place.run() == 0
    assert len(looks) == expected
    assert place.output.read_bytes() == place.from_scratch()
    assert not place.checkpoint.exists()


def error_line(capfd: pytest.CaptureFixture[str]) -> str:
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("score: error: ")
    assert err.count("\n") == 1, err
    return err


# ------------------------------------------------------------------------------------------ scores


def test_scores_of_known_pictures(place: Workplace) -> None:
    place.draw(255, 10)
    assert place.run() == 0
    scores = read_scores(place.output)[0]
    assert scores.names == ["img001", "img002"]
    assert scores.tags == [name for name, _ in TAGS]
    assert scores.categories == [kind for _, kind in TAGS]
    assert scores.origin == "tagger"
    found = {scores.tags[index]: int(value) for index, value in zip(*scores.found[0], strict=True)}
    # 40 x 30 on a white square of 40 x 40: a quarter of it is white
    assert abs(found.pop("red_theme") - 10_000) <= 40
    assert abs(found.pop("blue_theme") - round(10_000 * (0.75 * 90 / 255 + 0.25))) <= 40
    assert abs(found.pop("green_theme") - 2500) <= 40
    assert found == {"general": 6000, "sensitive": 4000, "<o>_<o>": 5000, "miku_(cosplay)": 9000}


def test_the_summary_tells_counts_speed_model_and_provider(
    place: Workplace, capfd: pytest.CaptureFixture[str]
) -> None:
    place.draw(1, 2, 3)
    assert place.run() == 0
    out, err = capfd.readouterr()
    words = out.split()
    assert out.startswith("score: 3 pictures scored (")
    assert float(words[4].strip("(")) > 0
    assert out.endswith(" images/s), 0 known from before, by tagger on cpu\n")
    assert err == ""
    assert place.run() == 0
    assert capfd.readouterr().out == (
        "score: 0 pictures scored, 3 known from before, by tagger on cpu\n"
    )


def test_no_path_of_this_machine_is_in_the_output(place: Workplace) -> None:
    place.draw(1)
    assert place.run() == 0
    with np.load(place.output) as arrays:
        assert not [name for name in arrays.files if str(place.folder) in str(arrays[name])]


def test_pictures_of_many_sizes(place: Workplace) -> None:
    for number, size in enumerate([(1, 1), (64, 512), (512, 448), (448, 448), (1024, 64)], 1):
        Image.new("RGB", size, "red").save(place.pictures / f"img{number:03}.png")
    assert place.run() == 0
    assert len(read_scores(place.output)[0].found) == 5


# ------------------------------------------------------------------ a model looks at a picture once


def test_first_run_and_a_second_one(place: Workplace, looks: list[str]) -> None:
    place.draw(1, 2, 3, 4)
    runs(place, looks, 4)
    before = place.output.read_bytes()
    runs(place, looks, 0)
    assert place.output.read_bytes() == before


def test_one_added_in_the_middle_is_one_look(place: Workplace, looks: list[str]) -> None:
    place.draw(1, 2, 3, 4)
    runs(place, looks, 4)
    place.draw(1, 2, 9, 3, 4)
    runs(place, looks, 1)


def test_renaming_renumbering_and_removing_are_no_look(place: Workplace, looks: list[str]) -> None:
    place.draw(1, 2, 3, 4)
    runs(place, looks, 4)
    place.draw(4, 2, 1, 3)
    runs(place, looks, 0)
    place.draw(4, 1)
    runs(place, looks, 0)
    (place.pictures / "img001.png").rename(place.pictures / "なす, 'み'.png")
    looks.clear()
    assert place.run() == 0
    assert looks == []
    assert read_scores(place.output)[0].names == ["img002", "なす, 'み'"]


def test_a_redrawn_picture_is_looked_at_again(place: Workplace, looks: list[str]) -> None:
    place.draw(1, 2, 3)
    runs(place, looks, 3)
    place.draw(1, 7, 3)
    runs(place, looks, 1)


def test_copies_of_a_picture_are_one_look(place: Workplace, looks: list[str]) -> None:
    place.draw(1, 2, 1, 1, 2)
    runs(place, looks, 2)
    place.draw(1, 2, 1, 1, 2, 1, 3)
    runs(place, looks, 1)
    scores = read_scores(place.output)[0]
    assert scores.digests[0] == scores.digests[2] == scores.digests[3] == scores.digests[5]


def test_another_model_looks_at_all_again_and_the_first_one_after_it_at_none(
    place: Workplace, looks: list[str]
) -> None:
    place.draw(1, 2, 3)
    runs(place, looks, 3)
    write_tagger(place.tagger, scale=0.5)
    runs(place, looks, 3)
    write_tagger(place.tagger)
    runs(place, looks, 0)


def test_the_same_model_from_elsewhere_looks_at_nothing_again(
    place: Workplace, looks: list[str]
) -> None:
    place.draw(1, 2, 3)
    runs(place, looks, 3)
    place.tagger = place.tagger.rename(place.folder / "moved")
    runs(place, looks, 0)
    assert read_scores(place.output)[0].origin == "moved"


def test_exchanged_weights_beside_the_model_look_at_all_again(
    place: Workplace, looks: list[str]
) -> None:
    place.draw(1, 2, 3)
    keep_weights_in(place.tagger, "model.onnx.data")
    runs(place, looks, 3)
    weights = (place.tagger / "model.onnx.data").read_bytes()
    (place.tagger / "notes.txt").write_text("what the model does not read is not of it")
    runs(place, looks, 0)
    before = read_scores(place.output)[0]
    halved = (np.frombuffer(weights, np.float32) / 2).tobytes()
    (place.tagger / "model.onnx.data").write_bytes(halved)
    runs(place, looks, 3)
    assert read_scores(place.output)[0].model != before.model
    (place.tagger / "model.onnx.data").write_bytes(weights)
    runs(place, looks, 0)
    assert read_scores(place.output)[0].model == before.model


def test_another_tag_list_looks_at_all_again(place: Workplace, looks: list[str]) -> None:
    place.draw(1, 2, 3)
    runs(place, looks, 3)
    write_tagger(place.tagger, tags=[("all_ages", 9), *TAGS[1:]])
    runs(place, looks, 3)
    assert read_scores(place.output)[0].tags[0] == "all_ages"


def test_another_provider_looks_at_all_again(
    place: Workplace, looks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place.draw(1, 2, 3)
    runs(place, looks, 3)
    monkeypatch.setattr(tagger, "choose_provider", lambda *_: "openvino")
    monkeypatch.setitem(sessions.PROVIDERS, "openvino", "CPUExecutionProvider")
    runs(place, looks, 3)


def test_a_change_of_the_contract_looks_at_all_again(
    place: Workplace, looks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place.draw(1, 2, 3)
    runs(place, looks, 3)
    monkeypatch.setattr(wd14, "CONTRACT", wd14.CONTRACT + 1)
    runs(place, looks, 3)


def test_any_history_ends_in_the_same_bytes(place: Workplace, looks: list[str]) -> None:
    choice = random.Random(0)
    known: set[int] = set()
    for _ in range(6):
        numbers = [choice.randrange(12) for _ in range(choice.randrange(1, 12))]
        place.draw(*numbers)
        runs(place, looks, len(set(numbers) - known))
        known |= set(numbers)


def test_hundreds_are_kept_in_order(place: Workplace, looks: list[str]) -> None:
    write_tagger(place.tagger, size=16)
    place.draw(*range(256))
    runs(place, looks, 256)
    red = TAGS.index(("red_theme", 0))
    reds = [
        sum(int(value) for index, value in zip(*found, strict=True) if index == red)
        for found in read_scores(place.output)[0].found
    ]
    assert reds == sorted(reds)


# ------------------------------------------------------------------- what was seen once, anywhere


def test_a_drawing_taken_out_and_put_back_is_no_look(place: Workplace, looks: list[str]) -> None:
    place.draw(1, 2, 3)
    runs(place, looks, 3)
    place.draw(1, 3)
    runs(place, looks, 0)
    place.draw(1, 2, 3)
    runs(place, looks, 0)


def test_two_datasets_by_turns_are_no_look(place: Workplace, looks: list[str]) -> None:
    for numbers, new in (((1, 2, 3), 3), ((4, 5), 2), ((1, 2, 3), 0), ((4, 5), 0), ((4, 1), 0)):
        place.draw(*numbers)
        runs(place, looks, new)


def test_two_models_by_turns_are_no_look(place: Workplace, looks: list[str]) -> None:
    place.draw(1, 2, 3)
    one, other = place.tagger, write_tagger(place.folder / "other", scale=0.5)
    for used, new in ((one, 3), (other, 3), (one, 0), (other, 0)):
        place.tagger = used
        runs(place, looks, new)


def test_a_second_clone_is_no_look(place: Workplace, looks: list[str], tmp_path: Path) -> None:
    place.draw(1, 2, 3)
    runs(place, looks, 3)
    (tmp_path / "clone").mkdir()
    clone = Workplace(tmp_path / "clone")
    clone.draw(1, 3, 2, 4)
    runs(clone, looks, 1)


def test_a_checkout_of_other_scores_is_no_look(place: Workplace, looks: list[str]) -> None:
    place.draw(1, 2)
    runs(place, looks, 2)
    older = place.output.read_bytes()
    place.draw(1, 2, 3)
    runs(place, looks, 1)
    place.output.write_bytes(older)
    runs(place, looks, 0)
    place.output.unlink()
    runs(place, looks, 0)


def test_scores_that_somebody_else_made_are_kept(place: Workplace, looks: list[str]) -> None:
    place.draw(1, 2, 3)
    runs(place, looks, 3)
    (cache_folder(os.environ) / FILE).unlink()  # as if it had come by dvc pull
    place.draw(1)
    runs(place, looks, 0)
    place.draw(1, 2, 3)
    runs(place, looks, 0)


@pytest.mark.parametrize("damage", ["text", "a folder", "no folder"])
def test_where_nothing_can_be_kept_the_scores_are_the_same(
    place: Workplace, looks: list[str], damage: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = cache_folder(os.environ) / FILE
    if damage == "no folder":
        path.parent.touch()
    elif damage == "a folder":
        path.mkdir(parents=True)
    else:
        path.parent.mkdir()
        path.write_text("no file of SQLite's\n" * 99)
    place.draw(1, 2, 3)
    assert place.run() == 0
    assert len(looks) == 3
    out, err = capfd.readouterr()
    assert out.startswith("score: 3 pictures scored (")
    assert err.startswith(f"score: warning: {path}: ")
    assert err.count("\n") == 1
    assert place.output.read_bytes() == place.from_scratch()
    looks.clear()
    place.draw(1, 2, 3, 4)
    assert place.run() == 0
    assert len(looks) == 1, "data/scores.npz still tells what was seen"


# ----------------------------------------------------------------------------------- several models

OTHER = [("general", 9), ("sensitive", 9), ("blue_theme", 0), ("hat", 0), ("red_theme", 0)]
OTHER += [("o_o", 0), ("teto", 4)]


class TwoModels(Workplace):
    """A place with two taggers; `models` are those of params.yaml."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.other = write_tagger(folder / "other", tags=OTHER, scale=0.5)
        self.models = [self.tagger, self.other]

    def argv(self, *more: str, **others: Any) -> list[str]:
        return super().argv(*more, **{"model": [str(each) for each in self.models]} | others)


@pytest.fixture
def two(tmp_path: Path) -> TwoModels:
    return TwoModels(tmp_path)


def test_each_of_two_models_looks_once(two: TwoModels, looks: list[str]) -> None:
    two.draw(1, 2, 3)
    runs(two, looks, 6)
    runs(two, looks, 0)
    two.draw(1, 2, 9)
    runs(two, looks, 2)
    one, other = read_scores(two.output)
    assert (one.tags, other.tags) == ([name for name, _ in TAGS], [name for name, _ in OTHER])
    assert (one.origin, other.origin) == ("tagger", "other")
    assert one.digests == other.digests
    teto = OTHER.index(("teto", 4))
    assert [int(values[list(indices).index(teto)]) for indices, values in other.found] == [4500] * 3


def test_a_model_more_or_less_is_no_look_of_the_other(two: TwoModels, looks: list[str]) -> None:
    two.draw(1, 2, 3)
    two.models = [two.tagger]
    runs(two, looks, 3)
    alone = two.output.read_bytes()
    two.models = [two.tagger, two.other]
    runs(two, looks, 3)
    two.models = [two.other, two.tagger]
    runs(two, looks, 0)
    assert [scores.origin for scores in read_scores(two.output)] == ["other", "tagger"]
    two.models = [two.tagger]
    runs(two, looks, 0)
    assert two.output.read_bytes() == alone


def test_each_model_has_a_line_with_its_name(
    two: TwoModels, capfd: pytest.CaptureFixture[str]
) -> None:
    two.draw(1, 2)
    two.models = [two.tagger]
    assert two.run() == 0
    two.models = [two.tagger, two.other]
    capfd.readouterr()
    assert two.run() == 0
    out, err = capfd.readouterr()
    first, second = out.splitlines()
    assert first == "score: 0 pictures scored, 2 known from before, by tagger on cpu"
    assert second.startswith("score: 2 pictures scored (")
    assert second.endswith(" images/s), 0 known from before, by other on cpu")
    assert err == ""


def test_an_error_of_one_of_two_models_names_it(
    two: TwoModels, looks: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    two.draw(1, 2)
    write_tagger(two.other, tags=OTHER, scale=3)
    assert two.run() == 1
    said = error_line(capfd)
    assert said.startswith("score: error: other: params.yaml, tagger.model: the model gives ")
    assert looks[:2] == ["general", "general"]
    write_tagger(two.other, tags=OTHER)
    runs(two, looks, 2)


def test_where_nothing_can_be_kept_two_models_say_so_once(
    two: TwoModels, capfd: pytest.CaptureFixture[str]
) -> None:
    cache_folder(os.environ).touch()
    two.draw(1)
    assert two.run() == 0
    assert capfd.readouterr().err.count("\n") == 1


# ------------------------------------------------------------------------------------ interruption


@pytest.mark.parametrize("damage", ["empty", "half", "text", "foreign"])
@pytest.mark.parametrize("which", ["output", "checkpoint"])
def test_damaged_scores_are_made_again(
    place: Workplace, looks: list[str], which: str, damage: str
) -> None:
    place.draw(1, 2, 3)
    runs(place, looks, 3)
    good = place.output.read_bytes()
    place.output.unlink()
    (cache_folder(os.environ) / FILE).unlink()
    path = place.output if which == "output" else place.checkpoint
    if damage == "foreign":
        with path.open("wb") as file:
            np.savez(file, x=np.zeros(2))
    else:
        path.write_bytes({"empty": b"", "half": good[: len(good) // 2], "text": b"scores"}[damage])
    runs(place, looks, 3)
    assert place.output.read_bytes() == good


def test_an_error_in_the_middle_keeps_what_was_scored(
    place: Workplace,
    looks: list[str],
    capfd: pytest.CaptureFixture[str],
) -> None:
    place.draw(1, 2, 3, 4, 5, 6, 7, 8)
    broken = place.pictures / "img006.png"
    good = broken.read_bytes()
    broken.write_bytes(good[:60])
    place.output.write_bytes(b"old")
    assert place.run() == 1
    assert error_line(capfd) == (
        f"score: error: {broken}: is no picture; run the prepare stage again\n"
    )
    assert place.output.read_bytes() == b"old"
    assert len(place.known()) == 5
    broken.write_bytes(good)
    place.output.unlink()
    looks.clear()
    assert place.run() == 0
    assert len(looks) == 3
    assert place.output.read_bytes() == place.from_scratch()


@pytest.mark.parametrize(
    "content", [b"", b"text", b"\x89PNG\r\n\x1a\n", b"%!PS-Adobe-3.0\n"], ids=str
)
def test_what_is_no_picture_is_named(
    place: Workplace, capfd: pytest.CaptureFixture[str], content: bytes
) -> None:
    (place.pictures / "img001.png").write_bytes(content)
    assert place.run() == 1
    assert "img001.png: is no picture; run the prepare stage again" in error_line(capfd)


@pytest.mark.parametrize("size", [(50_000, 50_000), (1, 60_000_000), (60_000, 1000)])
def test_what_would_need_gigabytes_is_told_by_its_header(
    place: Workplace, capfd: pytest.CaptureFixture[str], size: tuple[int, int]
) -> None:
    write_header(place.pictures / "img001.png", *size)
    assert place.run() == 1
    assert "img001.png: is no picture; run the prepare stage again" in error_line(capfd)


def test_a_picture_that_changes_while_it_is_read_is_not_recorded_under_its_old_content(
    place: Workplace, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place.draw(1, 2)
    real = models.load_model

    def load_model(*given: Any) -> models.Model:
        place.draw(1, 9)
        return real(*given)

    monkeypatch.setattr(models, "load_model", load_model)
    assert place.run() == 1
    assert "img002.png: was changed while it was read; run the same command" in error_line(capfd)


def test_an_unwritable_place_is_one_line(
    place: Workplace, capfd: pytest.CaptureFixture[str]
) -> None:
    place.draw(1)
    (place.folder / "file").write_text("")
    assert place.run(output=str(place.folder / "file" / "scores.npz")) == 1
    error_line(capfd)
    place.output.mkdir()
    assert place.run() == 1
    error_line(capfd)


DRIVER = """
import json, signal, sys, time
from stages import score
from stages.library.tagging import looking

signal.signal(signal.SIGINT, signal.default_int_handler)
looking.KEEPING_SECONDS = 0
real, log = looking.scores_in, open(sys.argv.pop(1), "a")

def look(model, batch):
    time.sleep(float(sys.argv[0]))
    found = real(model, batch)
    print(*found, file=log, flush=True)
    return found

sys.argv[0] = sys.argv.pop(1)
looking.scores_in = look
sys.exit(score.main())
"""
"""The stage, slow, noting each picture looked at, and saving after each."""


def start(place: Workplace, log: Path, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(log), str(seconds), *place.argv()],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WAITING_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


@pytest.mark.kills
@pytest.mark.parametrize(
    ("stop", "code", "said"),
    [
        (signal.SIGKILL, -signal.SIGKILL, ""),
        (signal.SIGTERM, 143, "stopped by SIGTERM"),
        (signal.SIGHUP, 129, "stopped by SIGHUP"),
        (signal.SIGINT, 130, "stopped by Ctrl-C"),
    ],
)
def test_after_a_stop_in_the_middle_nothing_saved_is_looked_at_again(
    place: Workplace, stop: signal.Signals, code: int, said: str
) -> None:
    place.draw(*range(1, 25))
    log = place.folder / "log"
    process = start(place, log, 0.05)
    wait_for(lambda: len(lines(log)) >= 8)
    process.send_signal(stop)
    out, err = process.communicate(timeout=WAITING_SECONDS)
    assert not place.output.exists()
    assert out == ""
    assert process.returncode == code
    assert err == (said and f"score: error: {said}; run the same command again to go on\n")
    first = lines(log)
    saved = place.known()
    assert len(saved) >= 8 - IN_FLIGHT
    log.unlink()
    again = start(place, log, 0)
    out, err = again.communicate(timeout=WAITING_SECONDS)
    assert (again.returncode, err) == (0, "")
    second = lines(log)
    assert not saved & set(second)
    assert len(saved | set(second)) == 24
    assert len(second) == len(set(second)) == 24 - len(saved)
    assert len(first) - len(saved) <= IN_FLIGHT
    assert f"score: {len(second)} pictures scored" in out
    assert place.output.read_bytes() == place.from_scratch()


@pytest.mark.kills
def test_killed_again_and_again_it_still_ends_in_the_same_bytes(place: Workplace) -> None:
    place.draw(*range(1, 25))
    log, wanted = place.folder / "log", 4
    for _ in range(3):
        process = start(place, log, 0.03)
        wait_for(lambda wanted=wanted: len(lines(log)) >= wanted)  # type: ignore[misc]
        process.kill()
        process.communicate()
        wanted = len(lines(log)) + 4
    assert place.run() == 0
    assert len(lines(log)) <= 24 + 3 * IN_FLIGHT
    assert place.output.read_bytes() == place.from_scratch()


def test_what_releases_before_left_is_taken_over(place: Workplace, looks: list[str]) -> None:
    place.draw(1, 2, 3)
    runs(place, looks, 3)
    (cache_folder(os.environ) / FILE).unlink()
    place.draw(1, 2)
    place.output.rename(place.checkpoint)
    runs(place, looks, 0)
    place.draw(1, 2, 3)
    runs(place, looks, 0)


def test_a_kill_while_the_output_is_written_does_no_harm(
    place: Workplace, looks: list[str]
) -> None:
    place.draw(1, 2, 3)
    runs(place, looks, 3)
    (place.folder / ".scores.npz.partial").write_bytes(b"half")
    place.draw(1, 2, 3, 4)
    runs(place, looks, 1)
    assert sorted(path.name for path in place.folder.iterdir() if "partial" in path.name) == []


def test_a_second_run_waits_for_the_first_and_looks_at_nothing_again(place: Workplace) -> None:
    place.draw(*range(1, 9))
    log = place.folder / "log"
    first = start(place, log, 2)
    wait_for(lambda: len(lines(log)) >= 2)
    second = start(place, log, 0)
    _, err = second.communicate(timeout=WAITING_SECONDS)
    first.communicate(timeout=WAITING_SECONDS)
    assert (first.returncode, second.returncode) == (0, 0)
    assert "an earlier run is still writing it; waiting for it" in err
    assert len(lines(log)) == 8


def test_a_kill_loses_seconds_at_most() -> None:
    assert looking.KEEPING_SECONDS <= 10


# ------------------------------------------------------------------------------------- what it says


def test_the_bar_shows_images_a_second_however_slow(place: Workplace) -> None:
    place.draw(1, 2, 3, 4)
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, 100))
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(place.folder / "log"), "0.6", *place.argv()],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=slave,
    )
    os.close(slave)
    shown = b""
    while True:
        try:
            piece = os.read(master, 4096)
        except OSError:  # how Linux tells the end of a terminal
            break
        if not piece:
            break
        shown += piece
    os.close(master)
    assert process.wait() == 0
    assert b"score: 100%" in shown
    assert b" images/s]" in shown
    assert b"s/ images" not in shown


def test_builtin_warns_unless_the_drawings_are_the_sample(
    place: Workplace, capfd: pytest.CaptureFixture[str]
) -> None:
    place.draw(1)
    written = place.folder / "prepared.json"
    digests = [sha256(path) for path in sorted(SAMPLE.iterdir())]

    def err() -> str:
        assert place.run(model="builtin") == 0
        return capfd.readouterr().err

    warning = "score: warning: the builtin tagger sees colours only"
    assert err().startswith(warning)  # no record
    for text in ("", "[]", "{}", '{"pictures": 3}', '{"pictures": []}', "\0"):
        written.write_text(text)
        shown = err()
        assert shown.startswith(warning), text
        assert shown.count("\n") == 1
    written.write_text(json.dumps({"pictures": dict.fromkeys(digests)}))
    assert err() == ""
    written.write_text(json.dumps({"pictures": dict.fromkeys([*digests[:3], "0" * 64])}))
    assert err().startswith(warning)
    assert place.run() == 0
    assert capfd.readouterr().err == ""  # another model


def test_builtin_is_named_in_the_scores(place: Workplace) -> None:
    place.draw(1)
    assert place.run(model="builtin") == 0
    assert read_scores(place.output)[0].origin == "builtin"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            {"provider": "gpu"},
            "params.yaml, tagger.provider: 'gpu' is none of cpu, cuda, coreml, openvino, auto",
        ),
        ({"provider": "CPU"}, "params.yaml, tagger.provider: 'CPU' is none of cpu"),
        ({"provider": "openvin"}, "did you mean openvino?"),
        ({"provider": "openvino-float32"}, "params.yaml, tagger.provider: "),
        ({"provider": ""}, "params.yaml, tagger.provider: "),
        ({"model": ""}, "params.yaml, tagger.model: "),
        ({"model": "."}, "params.yaml, tagger.model: the folder '.' lacks model.onnx"),
        ({"modell": "builtin"}, "params.yaml, tagger.modell: no such key; did you mean model?"),
        ({"input": "no/such"}, "no/such: holds no picture (.png); run the prepare stage first"),
    ],
    ids=str,
)
def test_wrong_params_are_one_line(
    place: Workplace, capfd: pytest.CaptureFixture[str], flags: dict[str, str], message: str
) -> None:
    place.draw(1)
    assert place.run(**flags) == 1
    assert message in error_line(capfd)
    assert not place.output.exists()


def test_a_missing_param_is_one_line(place: Workplace, capfd: pytest.CaptureFixture[str]) -> None:
    assert place.run(revision=None) == 1
    assert "params.yaml, tagger.revision: it has no value" in error_line(capfd)


def test_no_pictures(place: Workplace, capfd: pytest.CaptureFixture[str]) -> None:
    assert place.run() == 1
    assert "holds no picture (.png); run the prepare stage first" in error_line(capfd)


def test_scores_of_an_older_format_are_made_again(place: Workplace, looks: list[str]) -> None:
    place.draw(1, 2)
    runs(place, looks, 2)
    (cache_folder(os.environ) / FILE).unlink()
    with np.load(place.output) as arrays:
        older = {name: arrays[name] for name in arrays.files if name != "origin"}
    with place.output.open("wb") as file:
        np.savez(file, **older)
    runs(place, looks, 2)


def test_scores_of_a_picture_are_not_taken_from_another_with_its_name(
    place: Workplace, looks: list[str]
) -> None:
    place.draw(1)
    runs(place, looks, 1)
    scores = read_scores(place.output)[0]
    false = Scores(
        scores.model, scores.tags, scores.categories, ["img001"], ["0" * 64], scores.found
    )
    write_scores(place.output, false)
    (cache_folder(os.environ) / FILE).unlink()
    runs(place, looks, 1)
