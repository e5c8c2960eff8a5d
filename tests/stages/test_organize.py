"""Pairs and nothing but pairs, byte for byte, and sd-scripts' own count of steps."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from stages import organize
from stages.library.dataset.manifest import USED, Row, write_manifest
from stages.library.tagging.tokens import too_long
from stages.organize import build_parser, main, unpaired
from tests.support.meanwhile import meanwhile, write
from tests.support.params import arguments

DEFAULTS = {
    "name": "nasumiso_v1",
    "repeats": "10",
    "train_batch_size": "1",
    "gradient_accumulation_steps": "2",
    "max_train_epochs": "10",
    "max_token_length": "225",
}


class Folder:
    """Prepared pictures and captions, and the stage run on them."""

    def __init__(self, folder: Path, sizes: list[tuple[int, int]]) -> None:
        self.folder = folder
        for name in ("prepared", "tagged"):
            (folder / name).mkdir()
        for number, size in enumerate(sizes, 1):
            stem = f"img{number:03}"
            Image.new("RGB", size, (number, 9, 9)).save(folder / "prepared" / f"{stem}.png")
            (folder / "tagged" / f"{stem}.txt").write_bytes(f"nasu, なす{number}\r\n".encode())
        rows = [
            Row(f"img{number:03}.png", f"{number}.png", f"{number:064}", 9, 9, USED, "")
            for number in range(1, len(sizes) + 1)
        ]
        write_manifest(folder / "manifest.csv", rows)

    def run(self, **params: object) -> int:
        places = {
            "pictures": "prepared",
            "captions": "tagged",
            "manifest": "manifest.csv",
            "output": "dataset",
            "written": "written/dataset.json",
        }
        values = {flag: self.folder / place for flag, place in places.items()}
        return main(arguments(build_parser(), values | DEFAULTS | params, self.folder / "params"))

    def files(self, name: str) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (self.folder / name).iterdir()}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path, [(64, 64)] * 3)


def test_pictures_and_captions_byte_for_byte_and_nothing_else(folder: Folder) -> None:
    (folder.folder / "prepared" / ".DS_Store").write_bytes(b"x")
    (folder.folder / "tagged" / "notes.md").write_bytes(b"x")
    assert folder.run() == 0
    pairs = folder.files("prepared") | folder.files("tagged")
    del pairs[".DS_Store"], pairs["notes.md"]
    assert folder.files("dataset/10_nasumiso_v1") == pairs
    assert [path.name for path in (folder.folder / "dataset").iterdir()] == ["10_nasumiso_v1"]


def test_the_inputs_are_not_changed(folder: Folder) -> None:
    before = folder.files("prepared"), folder.files("tagged")
    folder.run()
    assert (folder.files("prepared"), folder.files("tagged")) == before


def test_read_only_inputs_as_dvcs_linked_cache_has_them(folder: Folder) -> None:
    for name in ("prepared", "tagged"):
        for path in (folder.folder / name).iterdir():
            path.chmod(0o444)
    for _ in range(2):
        assert folder.run() == 0
        (folder.folder / "tagged" / "img001.txt").unlink()
        (folder.folder / "tagged" / "img001.txt").write_text("nasu, new\n")
    modes = {
        path.stat().st_mode & 0o200
        for path in (folder.folder / "dataset" / "10_nasumiso_v1").iterdir()
    }
    assert modes == {0o200}


def test_a_read_only_output_as_dvcs_linked_cache_has_it(folder: Folder) -> None:
    folder.run()
    for path in (folder.folder / "dataset" / "10_nasumiso_v1").iterdir():
        path.chmod(0o444)
    (folder.folder / "tagged" / "img001.txt").write_text("nasu, new\n")
    assert folder.run() == 0
    assert folder.files("dataset/10_nasumiso_v1")["img001.txt"] == b"nasu, new\n"


def test_a_linked_output_leaves_the_cache_alone(folder: Folder) -> None:
    folder.run()
    path = folder.folder / "dataset" / "10_nasumiso_v1" / "img001.txt"
    os.link(path, folder.folder / "cache")
    (folder.folder / "tagged" / "img001.txt").write_text("nasu, new\n")
    assert folder.run() == 0
    assert (folder.folder / "cache").read_bytes() == "nasu, なす1\r\n".encode()


# pairs


@pytest.mark.parametrize(
    ("pictures", "captions", "words"),
    [
        ({"a"}, {"a"}, []),
        ({"a", "b"}, {"a"}, ["b.png has no caption"]),
        ({"a"}, {"a", "b"}, ["b.txt has no picture"]),
        ({"a"}, {"b"}, ["a.png has no caption", "b.txt has no picture"]),
        (set(), {"b"}, ["b.txt has no picture"]),
    ],
)
def test_unpaired(pictures: set[str], captions: set[str], words: list[str]) -> None:
    assert unpaired(pictures, captions) == words


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        ("prepared/img002.png", "img002.txt has no picture"),
        ("tagged/img002.txt", "img002.png has no caption"),
    ],
)
def test_a_single_is_refused_and_the_old_dataset_stays(
    folder: Folder, capsys: pytest.CaptureFixture[str], gone: str, message: str
) -> None:
    folder.run()
    before = folder.files("dataset/10_nasumiso_v1")
    (folder.folder / gone).unlink()
    capsys.readouterr()
    assert folder.run() == 1
    error = capsys.readouterr().err
    assert error.startswith(f"organize: error: {message}: ")
    assert error.endswith("don't fit each other; run the stages before this one again\n")
    assert folder.files("dataset/10_nasumiso_v1") == before


def test_of_many_singles_five_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Folder(tmp_path, [(8, 8)] * 9)
    for path in list((tmp_path / "tagged").iterdir())[:7]:
        path.unlink()
    assert folder.run() == 1
    error = capsys.readouterr().err
    assert error.count("has no caption") == 5
    assert ", and 2 more: " in error


# names


@pytest.mark.parametrize("name", ["a", "nasumiso_v1", "A-1.5_b", "0", "x" * 64, "1_2"])
def test_names_that_every_program_can_load(folder: Folder, name: str) -> None:
    assert folder.run(name=name) == 0
    assert (folder.folder / "dataset" / f"10_{name}" / "img001.txt").is_file()


@pytest.mark.parametrize(
    "name",
    [
        "なすみそ", "ｎａｓｕ", "a/b", "../a", "..", ".", "/tmp/a", "a\\b", "a b", " a", "a.",
        "a..", "", "x" * 65, "_a", "a:b", "a*", "🍆", "a'b", "$(touch x)", "é", "$HOME",
        "-a", "--output", "-1x",
    ],
)  # fmt: skip
def test_other_names_are_one_line(
    folder: Folder, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert folder.run(name=name) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"organize: error: params.yaml, organize.name: {name!r} is no name")
    assert "1 to 64 of A-Z a-z 0-9 . _ -" in error
    assert error.count("\n") == 1
    assert not (folder.folder / "dataset").exists()


@pytest.mark.parametrize(
    ("key", "value", "section"),
    [
        ("repeats", "0", "organize"),
        ("repeats", "1001", "organize"),
        ("repeats", "1.5", "organize"),
        ("train_batch_size", "0", "train"),
        ("gradient_accumulation_steps", "-1", "train"),
        ("max_train_epochs", None, "train"),
        ("max_train_epochs", True, "train"),
        ("max_token_length", "75", "train"),
        ("max_token_length", True, "train"),
        ("max_token_length", None, "train"),
    ],
)
def test_numbers_out_of_range_are_one_line(
    folder: Folder, capsys: pytest.CaptureFixture[str], key: str, value: object, section: str
) -> None:
    assert folder.run(**{key: value}) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"organize: error: params.yaml, {section}.{key}: ")
    assert error.count("\n") == 1


# steps


@pytest.mark.parametrize(
    ("sizes", "params", "an_epoch", "in_all"),
    [
        ([(64, 64)] * 15, {}, 75, 750),  # the circle's own recipe
        ([(64, 64)] * 3, {"repeats": "1"}, 2, 20),
        ([(64, 64)] * 3, {"train_batch_size": "4"}, 4, 40),
        ([(64, 64), (64, 128), (64, 128)], {"train_batch_size": "4"}, 4, 40),  # 3 + 5 batches
        ([(64, 64), (64, 128), (128, 64)], {"train_batch_size": "4"}, 5, 50),  # 3 + 3 + 3
        ([(64, 64)], {"gradient_accumulation_steps": "64", "max_train_epochs": "1"}, 1, 1),
    ],
)
def test_steps_of_buckets(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    sizes: list[tuple[int, int]],
    params: dict[str, str],
    an_epoch: int,
    in_all: int,
) -> None:
    assert Folder(tmp_path, sizes).run(**params) == 0
    out = capsys.readouterr().out
    assert f"organize: {len(sizes)} pictures x {params.get('repeats', 10)} repeats in " in out
    assert f"  {an_epoch} steps an epoch, {in_all} steps in " in out


@pytest.mark.parametrize(
    ("epochs", "word"), [("10", "few"), ("100", ""), ("1000", "many")], ids=["150", "1500", "15000"]
)
def test_the_warning_goes_to_stderr_and_the_stage_succeeds(
    folder: Folder, capsys: pytest.CaptureFixture[str], epochs: str, word: str
) -> None:
    assert folder.run(max_train_epochs=epochs) == 0
    error = capsys.readouterr().err
    assert error.count("\n") == (1 if word else 0)
    assert error.startswith("organize: warning: ") == bool(word)
    assert word in error


@pytest.mark.parametrize(
    ("limit", "count", "remedy"),
    [("false", 15, "train.max_token_length: 225"), ("225", 70, "a lower caption.max_tags")],
)
def test_cut_captions_are_counted_and_their_lost_tags_named(
    folder: Folder, capsys: pytest.CaptureFixture[str], limit: str, count: int, remedy: str
) -> None:
    tags = ["1girl", *[f"smile_{number}" for number in range(10, 10 + count)], "blue_hat"]
    for stem in ("img001", "img003"):
        path = folder.folder / "tagged" / f"{stem}.txt"
        path.write_text(", ".join(tags) + "\n", encoding="utf-8")
    assert folder.run(max_token_length=limit, max_train_epochs="100") == 0
    error = capsys.readouterr().err
    tokens = 75 if limit == "false" else 225
    assert error.startswith(f"organize: warning: 2 of 3 captions are cut after {tokens} tokens, ")
    assert re.search(r"tags lost: img001: (smile_\d+, )*blue_hat; img003: [^;]*blue_hat \(", error)
    assert remedy in error
    assert f"2 枚のキャプションが {tokens} トークンで切れ" in error
    assert error.count("\n") == 1


def test_the_longer_of_tags_and_sentence_is_measured(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder.folder / "tagged" / "img001.txt"
    path.write_text(f"nasu, {'hat, ' * 40}\nnasu, {'smile ' * 40}.\n", encoding="utf-8")
    assert folder.run(max_token_length="false", max_train_epochs="100") == 0
    assert "cut after" not in capsys.readouterr().err  # of each line less than 75 tokens
    path.write_text(f"nasu, hat\nnasu, {'smile ' * 90}.\n", encoding="utf-8")
    assert folder.run(max_token_length="false", max_train_epochs="100") == 0
    error = capsys.readouterr().err
    assert error.startswith("organize: warning: 1 of 3 captions may be cut after 75 tokens, tags")


def test_of_many_cut_captions_three_are_named() -> None:
    warning = too_long({f"img{number:03}": ["hat", "ゆ" * 30] for number in range(1, 6)}, 75)
    assert warning.startswith("5 of 5 captions may be cut after 75 tokens, tags lost: img001: ゆゆ")
    assert "img003: " in warning
    assert "; and 2 captions more (" in warning
    assert "img004" not in warning


# what people write meanwhile


def type_into(path: Path) -> Callable[[], object]:
    """Return what an editor does that writes into the file, in its folder as it is then."""
    return write(path, "mine")


def put_in_place(path: Path) -> Callable[[], object]:
    """Return what an editor does that writes a new file and renames it."""

    def save() -> None:
        (path.parent / ".new").write_text("mine", encoding="utf-8")
        (path.parent / ".new").replace(path)

    return save


@pytest.mark.parametrize("name", ["img001.txt", "img003.txt", "img002.png", "mine.txt"])
@pytest.mark.parametrize("save", [type_into, put_in_place])
@pytest.mark.parametrize("moment", ["copyfile", "rmtree"])
def test_what_is_saved_in_the_dataset_meanwhile_is_not_lost(
    folder: Folder,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    save: Callable[[Path], Callable[[], object]],
    name: str,
) -> None:
    assert folder.run() == 0
    old = folder.folder / "dataset" / "10_nasumiso_v1"
    before = folder.files("dataset/10_nasumiso_v1")
    (folder.folder / "tagged" / "img002.txt").write_text("nasu, other\n")
    with monkeypatch.context() as patch:
        meanwhile(patch, shutil, moment, save(old / name))
        assert folder.run() == 1
    error = capsys.readouterr().err
    said = "changed while this was running" if moment == "copyfile" else "changed by hand"
    assert said in error
    assert str(old / name) in error
    assert folder.files("dataset/10_nasumiso_v1") == before | {name: b"mine"}
    assert sorted(path.name for path in folder.folder.iterdir() if "dataset" in path.name) == [
        ".dataset.lock",
        "dataset",
    ]
    assert folder.run() == 1
    assert "mine.txt" in name or "changed by hand" in capsys.readouterr().err
    assert (old / name).read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["tagged/img001.txt", "tagged/img004.txt", "prepared/img003.png"])
def test_what_is_read_is_what_is_laid_out(
    folder: Folder,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    assert folder.run() == 0
    before = folder.files("dataset/10_nasumiso_v1")
    with monkeypatch.context() as patch:
        meanwhile(patch, organize, "act", write(folder.folder / name, "nasu, meanwhile"))
        assert folder.run() == 1
    error = capsys.readouterr().err
    assert f"organize: error: {folder.folder / name}: changed while this was running; " in error
    assert folder.files("dataset/10_nasumiso_v1") == before
    if name == "tagged/img001.txt":
        assert folder.run() == 0
        assert folder.files("dataset/10_nasumiso_v1")["img001.txt"] == b"nasu, meanwhile"


def test_only_pictures_that_stay_as_they_are_are_the_same_files(folder: Folder) -> None:
    assert folder.run() == 0
    first = folder.folder / "dataset" / "10_nasumiso_v1"
    before = {path.name: path.stat().st_ino for path in first.iterdir()}
    Image.new("RGB", (64, 64), "red").save(folder.folder / "prepared" / "img002.png")
    (folder.folder / "tagged" / "img003.txt").write_bytes(b"nasu, miso\n")
    assert folder.run(repeats=5) == 0
    second = folder.folder / "dataset" / "5_nasumiso_v1"
    after = {path.name: path.stat().st_ino for path in second.iterdir()}
    same = {name for name in after if after[name] == before[name]}
    assert same == {"img001.png", "img003.png"}
    assert folder.files("dataset/5_nasumiso_v1") == folder.files("prepared") | folder.files(
        "tagged"
    )


def test_a_retouched_picture_of_the_dataset_is_not_one_of_the_prepared(folder: Folder) -> None:
    for _ in range(2):
        assert folder.run() == 0
    prepared = folder.files("prepared")
    for path in (folder.folder / "dataset" / "10_nasumiso_v1").glob("*.png"):
        with path.open("r+b") as file:
            file.write(b"by hand")
    assert folder.files("prepared") == prepared


def test_a_picture_lost_to_a_power_cut_is_not_taken_along(folder: Folder) -> None:
    assert folder.run() == 0
    lost = folder.folder / "dataset" / "10_nasumiso_v1" / "img001.png"
    lost.write_bytes(b"")
    assert folder.run() == 0
    assert lost.read_bytes() == folder.files("prepared")["img001.png"]
