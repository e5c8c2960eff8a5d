"""Pairs and nothing but pairs, byte for byte, and sd-scripts' own count of steps."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from stages import organize
from stages.library.dataset.manifest import USED, Row, write_manifest
from stages.library.dataset.written import read_written
from stages.library.tagging.tokens import too_long
from stages.library.training.subsets import read_subsets, shows
from stages.organize import build_parser, main, unpaired
from tests.support.meanwhile import meanwhile, write
from tests.support.params import arguments

DEFAULTS = {
    "name": "nasumiso_v1",
    "repeats": "10",
    "hold_out": "0.0",
    "train_batch_size": "1",
    "gradient_accumulation_steps": "2",
    "max_train_epochs": "10",
    "max_token_length": "225",
}
PLACES = {
    "pictures": "prepared",
    "captions": "tagged",
    "manifest": "manifest.csv",
    "drawings": "drawings.yaml",
    "prepared": "prepared.json",
    "output": "dataset",
    "written": "written/dataset.json",
    "held-out": "held_out",
    "held-out-written": "written/held_out.json",
}


def key_of(number: int) -> str:
    """Return the key of a drawing."""
    return hashlib.sha256(str(number).encode()).hexdigest()[:12]


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
        self.name(*(f"{number}.png" for number in range(1, len(sizes) + 1)))
        self.wish()
        self.look_like(*(1 << 40 * number for number in range(len(sizes))))

    def name(self, *sources: str) -> None:
        """Say what the drawings are called."""
        rows = [
            Row(f"img{number:03}.png", source, key_of(number) + 52 * "0", 9, 9, USED, "")
            for number, source in enumerate(sources, 1)
        ]
        write_manifest(self.folder / "manifest.csv", rows)

    def wish(self, *entries: str) -> None:
        """Write wishes, as `1.png: use: no`; a drawing is `NUMBER.png`, or in a folder."""
        text = "# none\n"
        for entry in entries:
            source, _, wishes = entry.partition(": ")
            number = int(Path(source).stem)
            text += f"{key_of(number)}: {{source: {source}, {wishes}}}\n"
        (self.folder / "drawings.yaml").write_text(text)

    def look_like(self, *hashes: int) -> None:
        """Say what the drawings look like; of more than a few bits those alike look alike."""
        pictures = {
            str(number): {"stem": f"img{number:03}", "hash": f"{each:0256x}"}
            for number, each in enumerate(hashes, 1)
        }
        (self.folder / "prepared.json").write_text(json.dumps({"pictures": pictures}))

    def run(self, **params: object) -> int:
        values = {flag: self.folder / place for flag, place in PLACES.items()}
        return main(arguments(build_parser(), values | DEFAULTS | params, self.folder / "params"))

    def stems(self, name: str) -> dict[str, list[str]]:
        """Return the pictures of an output by folder; each has its caption beside it."""
        found = {}
        for folder in sorted(path for path in (self.folder / name).iterdir() if path.is_dir()):
            pictures = sorted(path.stem for path in folder.glob("*.png"))
            assert pictures == sorted(path.stem for path in folder.glob("*.txt"))
            found[folder.name] = pictures
        return found

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


# subjects, weights, and what is not trained on


def test_without_wishes_nothing_is_held_back(folder: Folder) -> None:
    assert folder.run() == 0
    assert folder.stems("dataset") == {"10_nasumiso_v1": ["img001", "img002", "img003"]}
    assert folder.stems("held_out") == {}
    assert list(folder.files("held_out")) == ["about.md"]  # DVC warns of an empty folder
    assert read_written(folder.folder / "written/held_out.json") == {}


def test_a_params_yaml_of_before_and_one_of_now_make_the_same(folder: Folder) -> None:
    assert folder.run() == 0
    now = folder.files("dataset/10_nasumiso_v1")
    shutil.rmtree(folder.folder / "dataset")
    del (before := dict(DEFAULTS))["hold_out"]
    values: dict[str, object] = {flag: folder.folder / name for flag, name in PLACES.items()}
    assert main(arguments(build_parser(), values | before, folder.folder / "params")) == 0
    assert folder.files("dataset/10_nasumiso_v1") == now


def test_every_subject_has_its_folder_and_its_repeats(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Folder(tmp_path, [(64, 64)] * 4 + [(64, 128)])
    folder.name("1.png", "2_cry/2.png", "2_cry/3.png", "30_か\u3099/4.png", "4_cry/5.png")
    assert folder.run(train_batch_size="4", gradient_accumulation_steps="1") == 0
    assert folder.stems("dataset") == {
        "10_nasumiso_v1": ["img001"],
        "2_cry": ["img002", "img003"],
        "30_が": ["img004"],
        "4_cry": ["img005"],
    }
    dataset = tmp_path / "dataset"
    assert capsys.readouterr().out.splitlines() == [
        f"organize: 2 pictures x 2 repeats in {dataset / '2_cry'}",
        f"organize: 1 pictures x 4 repeats in {dataset / '4_cry'}",
        f"organize: 1 pictures x 10 repeats in {dataset / '10_nasumiso_v1'}",
        f"organize: 1 pictures x 30 repeats in {dataset / '30_が'}",
        "  12 steps an epoch, 120 steps in 10 epochs",  # 10 + 2 * 2 + 30 = 44, and 4 taller ones
    ]


def test_sd_scripts_reads_the_folders_as_they_are_meant(tmp_path: Path) -> None:
    folder = Folder(tmp_path, [(64, 64)] * 4)
    folder.name("1.png", "2_my cry/2.png", "2_my cry/3.png", "5_a_b/4.png")
    folder.wish("2_my cry/3.png: repeats: 7")
    assert folder.run() == 0
    found = read_subsets(tmp_path / "dataset")
    assert sorted((each.repeats, each.class_words, len(each.pictures)) for each in found) == [
        (2, "my cry", 1),
        (5, "a_b", 1),
        (7, "my cry", 1),
        (10, "nasumiso_v1", 1),
    ]
    assert sum(shows(found).values()) == 24


def test_a_subject_called_as_the_dataset_joins_it(folder: Folder) -> None:
    folder.name("1.png", "10_nasumiso_v1/2.png", "3_nasumiso_v1/3.png")
    assert folder.run() == 0
    assert folder.stems("dataset") == {
        "10_nasumiso_v1": ["img001", "img002"],
        "3_nasumiso_v1": ["img003"],
    }


def test_wishes_leave_out_hold_back_and_weigh(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Folder(tmp_path, [(64, 64)] * 6)
    folder.name("1.png", "2.png", "3.png", "2_cry/4.png", "2_cry/5.png", "2_cry/6.png")
    folder.wish(
        "1.png: use: no",
        "2.png: repeats: 25",
        "2_cry/4.png: use: test, repeats: 7",
        "2_cry/5.png: 'use': train, repeats: 10",
    )
    assert folder.run() == 0
    assert folder.stems("dataset") == {
        "10_cry": ["img005"],
        "10_nasumiso_v1": ["img003"],
        "25_nasumiso_v1": ["img002"],
        "2_cry": ["img006"],
    }
    assert folder.stems("held_out") == {"1_cry": ["img004"]}
    pairs = folder.files("prepared") | folder.files("tagged")
    assert folder.files("held_out/1_cry") == {
        name: pairs[name] for name in ("img004.png", "img004.txt")
    }
    out = capsys.readouterr().out
    assert (
        f"\n  held back in {tmp_path / 'held_out'}, never trained on: 1 / "
        "学習に使わず取り分けた絵 1 枚\n"
        f"  left out by {tmp_path / 'drawings.yaml'}: 1 / 外した絵 1 枚\n"
        f"  with repeats of their own in {tmp_path / 'drawings.yaml'}: 2 / 回数を変えた絵 2 枚\n"
        "  24 steps an epoch, "  # 10 + 25 + 2 + 10 = 47
    ) in out


def test_wishes_that_fit_no_drawing_any_more_are_told_of(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.wish("7.png: use: no", "1.png: repeats: 5")
    text = (folder.folder / "drawings.yaml").read_text()
    text = text.replace(key_of(1), "0" * 12)
    (folder.folder / "drawings.yaml").write_text(text)
    assert folder.run() == 0
    assert folder.stems("dataset")["5_nasumiso_v1"] == ["img001"]
    out = capsys.readouterr().out
    assert f"\n  7.png ({key_of(7)}) is not among the drawings; its wishes are kept, " in out
    assert "\n  1.png has changed since its wishes were written (000000000000, now " in out


def test_wishes_that_are_wrong_are_one_line_and_change_nothing(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert folder.run() == 0
    before = folder.files("dataset/10_nasumiso_v1")
    folder.wish("1.png: use: maybe")
    capsys.readouterr()
    assert folder.run() == 1
    error = capsys.readouterr().err
    assert f"drawings.yaml, {key_of(1)}.use: 'maybe' is none of train, test, no; write" in error
    assert error.count("\n") == 1
    assert folder.files("dataset/10_nasumiso_v1") == before


@pytest.mark.parametrize("use", ["no", "test"])
def test_a_dataset_of_nothing_is_refused(
    folder: Folder, capsys: pytest.CaptureFixture[str], use: str
) -> None:
    folder.wish(*(f"{number}.png: use: {use}" for number in (1, 2, 3)))
    assert folder.run() == 1
    error = capsys.readouterr().err
    assert "drawings.yaml: leaves out or holds back every drawing, so that none is left" in error
    assert not (folder.folder / "dataset").exists()
    assert not (folder.folder / "held_out").exists()


def test_a_drawing_goes_back_and_forth(folder: Folder) -> None:
    for use, held in (("train", False), ("test", True), ("no", False), ("test", True)):
        folder.wish(f"2.png: use: {use}")
        assert folder.run() == 0
        assert folder.stems("held_out") == ({"1_nasumiso_v1": ["img002"]} if held else {})
        trained = {"img001", "img003"} | ({"img002"} if use == "train" else set())
        assert folder.stems("dataset") == {"10_nasumiso_v1": sorted(trained)}
        record = read_written(folder.folder / "written/held_out.json")
        assert list(record) == (["img002"] if held else [])


def test_a_share_is_held_back_and_what_looks_alike_stays_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Folder(tmp_path, [(8, 8)] * 40)
    folder.look_like(*((2**40 - 1) << (80 * (number // 2)) for number in range(24)))
    assert folder.run(hold_out="0.3") == 0
    (held,) = folder.stems("held_out").values()
    (trained,) = folder.stems("dataset").values()
    assert sorted(held + trained) == [f"img{number:03}" for number in range(1, 41)]
    assert 0 < len(held) <= 20
    out, _ = capsys.readouterr()
    assert f"never trained on: {len(held)} / " in out
    for first in range(1, 24, 2):
        assert (f"img{first:03}" in held) == (f"img{first + 1:03}" in held)
    assert folder.run(hold_out="0.0") == 0
    assert folder.stems("held_out") == {}


def test_what_is_held_back_stays_so_when_drawings_are_left_out(tmp_path: Path) -> None:
    folder = Folder(tmp_path, [(8, 8)] * 60)
    assert folder.run(hold_out="0.2") == 0
    (held,) = folder.stems("held_out").values()
    folder.wish(f"{int(held[0][3:])}.png: use: no", f"{int(held[1][3:])}.png: use: train")
    assert folder.run(hold_out="0.2") == 0
    assert list(folder.stems("held_out").values()) == [held[2:]]
    assert held[1] in folder.stems("dataset")["10_nasumiso_v1"]


@pytest.mark.parametrize("wish", [(), ("1.png: use: test",)])
def test_of_a_small_dataset_none_is_held_back_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wish: tuple[str, ...]
) -> None:
    folder = Folder(tmp_path, [(8, 8)] * 19)
    folder.wish(*wish)
    assert folder.run(hold_out="0.5") == 0
    assert sum(map(len, folder.stems("held_out").values())) == len(wish)
    assert (
        "  organize.hold_out: none of 19 drawings is held back; from 20 on some can be spared / "
        "絵が 19 枚なので、取り分けていません(20 枚から)\n"
    ) in capsys.readouterr().out


def test_a_share_that_comes_to_nothing_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Folder(tmp_path, [(8, 8)] * 20)
    assert folder.run(hold_out="0.0001") == 0
    assert folder.stems("held_out") == {}
    out = capsys.readouterr().out
    assert "  organize.hold_out: none of 20 drawings is held back, as their contents have" in out


def test_look_alikes_that_wishes_part_are_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Folder(tmp_path, [(8, 8)] * 14)
    folder.look_like(*((2**40 - 1) << (80 * (number // 2)) for number in range(14)))
    folder.wish(*(f"{number}.png: use: test" for number in range(1, 14, 2)))
    assert folder.run() == 0
    assert len(folder.stems("held_out")["1_nasumiso_v1"]) == 7
    out = capsys.readouterr().out
    assert (
        "  1.png is held back, and 2.png, which looks like it, is trained on; give both the same "
        "use in data/drawings.yaml / よく似た絵が学習と取り分けの両方にあります。"
    ) in out
    assert out.count("is held back, and") == 5
    assert "  … and 2 more that look alike / ほか 2 組\n" in out


@pytest.mark.parametrize("value", ["-0.1", "0.51", "half", None, True])
def test_a_share_that_is_none_is_one_line(
    folder: Folder, capsys: pytest.CaptureFixture[str], value: object
) -> None:
    assert folder.run(hold_out=value) == 1
    error = capsys.readouterr().err
    assert error.startswith("organize: error: params.yaml, organize.hold_out: ")
    assert error.count("\n") == 1


@pytest.mark.parametrize("text", ["", "[]", '{"pictures": {"1": {"stem": "img001", "hash": "x"}}}'])
def test_a_record_of_the_prepare_stage_that_is_none_is_one_line(
    folder: Folder, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (folder.folder / "prepared.json").write_text(text)
    assert folder.run() == 0  # where look-alikes don't matter
    folder.wish("1.png: use: test")
    assert folder.run() == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.endswith("prepared.json: is not the prepare stage's record; run it again")


def test_wishes_saved_meanwhile_are_not_taken_for_those_that_were_read(
    folder: Folder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert folder.run() == 0
    before = folder.files("dataset/10_nasumiso_v1")
    with monkeypatch.context() as patch:
        meanwhile(patch, organize, "act", lambda: folder.wish("1.png: use: test"))
        assert folder.run() == 1
    assert "drawings.yaml: changed while this was running" in capsys.readouterr().err
    assert folder.files("dataset/10_nasumiso_v1") == before
    assert folder.run() == 0
    assert folder.stems("held_out") == {"1_nasumiso_v1": ["img001"]}


def test_what_is_changed_by_hand_where_it_is_held_back_is_not_lost(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.wish("2.png: use: test")
    assert folder.run() == 0
    path = folder.folder / "held_out/1_nasumiso_v1/img002.txt"
    path.write_text("nasu, mine\n")
    folder.wish()
    capsys.readouterr()
    assert folder.run() == 1
    assert f"  {path} (2.png)\n" in capsys.readouterr().err
    assert path.read_text() == "nasu, mine\n"
    assert folder.stems("dataset") == {"10_nasumiso_v1": ["img001", "img003"]}


def test_only_those_that_stay_on_their_side_are_the_same_files(folder: Folder) -> None:
    folder.wish("3.png: use: test")
    assert folder.run() == 0

    def inodes() -> dict[str, int]:
        return {
            path.name: path.stat().st_ino
            for name in ("dataset", "held_out")
            for path in (folder.folder / name).glob("*/*.png")
        }

    before = inodes()
    folder.wish("2.png: use: test", "3.png: use: test")
    assert folder.run() == 0
    after = inodes()
    assert {name for name in after if after[name] == before[name]} == {"img001.png", "img003.png"}
