import hashlib
import io
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pillow_heif
import pytest
from PIL import EpsImagePlugin, Image, ImageDraw

from stages import prepare
from stages.library.common import workers
from stages.library.common.errors import Problem
from stages.library.common.language import Language
from stages.library.common.outputs import locked
from stages.library.common.workers import Item, Place, Result, Start
from stages.library.dataset import images, prepared
from stages.library.dataset.manifest import SKIPPED, USED, Row, read_manifest, write_manifest
from stages.library.dataset.notes import note, notes_of
from stages.library.dataset.sources import Source, read_again
from tests.support.detectors import boxes, write_detector
from tests.support.meanwhile import meanwhile, write
from tests.support.mounts import dead
from tests.support.params import arguments

ROOT = Path(__file__).parents[2]
NO_SPEED = Path("/sys/class/net/lo/speed")
"""A regular file of 4096 bytes whose reading fails."""
WAITING_SECONDS = 120


def snapshot(folder: Path) -> dict[str, tuple[str, int]]:
    """Return digest and time of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            path.lstat().st_mtime_ns,
        )
        for path in sorted(folder.rglob("*"))
        if not path.name.endswith(".lock")
    }


@dataclass(frozen=True)
class Studio:
    """A folder of drawings, and where their pictures go."""

    folder: Path

    @property
    def drawings(self) -> Path:
        return self.folder / "raw"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def wishes(self) -> Path:
        return self.folder / "drawings.yaml"

    def wish(self, name: str, **wishes: object) -> None:
        """Write what is wished for a drawing, and for no other."""
        digest = hashlib.sha256((self.drawings / name).read_bytes()).hexdigest()
        self.wishes.write_text(json.dumps({digest[:12]: {"source": name, **wishes}}))

    def flags(self, **changes: object) -> list[str]:
        values = {
            "input": self.drawings,
            "drawings": self.wishes,
            "output": self.out / "prepared",
            "thumbnails": self.out / "thumbnails",
            "manifest": self.out / "manifest.csv",
            "written": self.out / "prepared.json",
            "size": 64,
            "fit": "crop",
            "follow_links": False,
        }
        kept = {key: value for key, value in (values | changes).items() if value is not None}
        return arguments(prepare.build_parser(), kept, self.folder / "params")

    def main(self, **changes: object) -> int:
        return prepare.main(self.flags(**changes))

    def run(self, **changes: object) -> dict[str, Row]:
        """Run the stage and return the manifest's rows by source."""
        assert self.main(**changes) == 0
        rows = read_manifest(self.out / "manifest.csv")
        assert len({row.source for row in rows}) == len(rows)
        return {row.source: row for row in rows}

    def result(self) -> dict[str, bytes]:
        """Return every byte that a run wrote, by path."""
        return {
            path.relative_to(self.out).as_posix(): path.read_bytes() if path.is_file() else b""
            for path in sorted(self.out.rglob("*"))
            if not path.name.endswith(".lock")
        }

    def picture(self, row: Row) -> np.ndarray[Any, np.dtype[np.uint8]]:
        with Image.open(self.out / "prepared" / row.image) as image:
            return np.asarray(image)

    def draw(self, name: str, seed: int | None = None) -> Path:
        """Save a drawing of a few random shapes, 80 x 64."""
        path = self.drawings / name
        path.parent.mkdir(exist_ok=True)
        chance = random.Random(name if seed is None else seed)
        image = Image.new("RGB", (80, 64), "white")
        draw = ImageDraw.Draw(image)
        for _ in range(12):
            x, y = chance.randrange(70), chance.randrange(54)
            colour = (chance.randrange(200), chance.randrange(200), chance.randrange(200))
            draw.rectangle((x, y, x + chance.randrange(4, 30), y + chance.randrange(4, 30)), colour)
        image.save(path)
        return path

    def drawn(self) -> list[str]:
        return [path.name for path in self.drawings.iterdir()]

    def clear(self) -> None:
        """Remove every output."""
        shutil.rmtree(self.out)


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    (tmp_path / "raw").mkdir()
    (tmp_path / "drawings.yaml").write_text("{}\n")
    return Studio(tmp_path)


@pytest.fixture
def renders(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the drawings that are rendered, as they are."""
    seen: list[str] = []

    def watched(source: Source) -> bytes:
        seen.append(source.path.name)
        return read_again(source)

    monkeypatch.setattr(prepare, "read_again", watched)
    return seen


@pytest.fixture
def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


# What comes out


def test_drawings_become_numbered_pictures_in_the_order_of_their_names(studio: Studio) -> None:
    for name in ("b.png", "a.jpg", "C.webp", "ん.png", "あ.png"):
        studio.draw(name)

    rows = studio.run()

    assert [(row.image, row.source) for row in rows.values()] == [
        ("img001.png", "C.webp"),
        ("img002.png", "a.jpg"),
        ("img003.png", "b.png"),
        ("img004.png", "あ.png"),
        ("img005.png", "ん.png"),
    ]
    assert sorted(path.name for path in (studio.out / "prepared").iterdir()) == [
        row.image for row in rows.values()
    ]
    for row in rows.values():
        assert row.sha256 == hashlib.sha256((studio.drawings / row.source).read_bytes()).hexdigest()
        assert (row.width, row.height, row.status) == (80, 64, USED)
        assert studio.picture(row).shape == (64, 64, 3)


Form = Literal["NFC", "NFD"]


def test_a_macs_decomposed_names_sort_like_composed_ones(studio: Studio) -> None:
    names = ["か.png", "が.png", "き.png", "がa.png"]
    forms: list[Form] = ["NFD", "NFC", "NFD", "NFD"]
    for name, form in zip(names, forms, strict=True):
        studio.draw(unicodedata.normalize(form, name), seed=names.index(name))

    sources = list(studio.run())

    assert [unicodedata.normalize("NFC", source) for source in sources] == sorted(names)


def test_both_forms_of_a_name_side_by_side_are_two_drawings(studio: Studio) -> None:
    forms: list[Form] = ["NFC", "NFD"]
    for seed, form in enumerate(forms):
        studio.draw(unicodedata.normalize(form, "が.png"), seed)
    if len(studio.drawn()) == 1:
        pytest.skip("this file system knows one form only")

    assert [row.status for row in studio.run().values()] == [USED, USED]


def test_a_thousand_pictures_have_four_digits() -> None:
    stub = prepared.Picture("", "", "", 1, 1, "0", [], (0, 0, 1, 1), "")
    for count, first, last in ((999, "img001", "img999"), (1000, "img0001", "img1000")):
        made: list[prepare.Made] = [(Source(Path("a")), stub), (Source(Path("b")), None)] * count
        numbered = [picture.stem for _, picture in prepare.number_pictures(made) if picture]

        assert (numbered[0], numbered[-1]) == (first, last)
        assert numbered == sorted(set(numbered))


def test_the_recorded_pictures_are_those_in_the_folder(studio: Studio) -> None:
    studio.draw("a.png")
    studio.draw("b.png")
    studio.run()

    known = prepared.read_record(studio.out / "prepared.json", prepared.recipe(64, "crop"))

    for picture in known.values():
        data = (studio.out / "prepared" / f"{picture.stem}.png").read_bytes()
        assert hashlib.sha256(data).hexdigest() == picture.sha256


@pytest.mark.parametrize("name", ["img001.png", "img099.png"])
def test_a_picture_of_somebodys_own_stops_the_run(
    studio: Studio, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    for drawing in ("a.png", "b.png"):
        studio.draw(drawing)
    studio.run()
    before = studio.result()
    painted = studio.out / "prepared" / name
    painted.unlink(missing_ok=True)
    Image.new("RGB", (64, 64), "red").save(painted)
    mine = painted.read_bytes()
    studio.draw("c.png")
    for changes in ({}, {"size": 128}):
        assert studio.main(**changes) == 1
        error = capsys.readouterr().err
        assert f"would overwrite them:\n  {painted}\n  put a picture that you changed" in error
        assert painted.read_bytes() == mine
    (studio.drawings / "c.png").unlink()
    painted.unlink()
    studio.run()
    assert studio.result() == before


def test_prepared_pictures_are_read_only(studio: Studio) -> None:
    studio.draw("a.png")
    studio.run()
    assert not (studio.out / "prepared" / "img001.png").stat().st_mode & 0o222


@pytest.mark.parametrize("step", ["write_record", "write_manifest"])
def test_killed_when_the_pictures_have_their_place_and_no_record_is_there(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    studio.draw("b.png")
    studio.run()
    studio.draw("a.png")

    def killed(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(prepare, step, killed)
        with pytest.raises(RuntimeError):
            studio.main()
    studio.run()
    interrupted = studio.result()
    shutil.rmtree(studio.out)
    studio.run()
    assert studio.result() == interrupted


def test_fit_bucket_keeps_the_aspect(studio: Studio) -> None:
    Image.effect_noise((600, 300), 50).save(studio.drawings / "wide.png")

    row = studio.run(size=256, fit="bucket")["wide.png"]

    assert studio.picture(row).shape == (192, 320, 3)


def test_the_summary_counts_and_names(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    studio.draw("hero upscaled.png")
    studio.draw("hero upscaled again.png", seed=1)
    Image.effect_noise((40, 40), 99).save(studio.drawings / "small.png")
    (studio.drawings / "notes.xyz").write_text("hello")

    studio.run()

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "prepare: 3 drawings used, 1 files skipped"
    assert "  skipped: notes.xyz: is no picture file (.xyz)" in lines
    assert "  upscaled: 1" in lines
    assert lines[-1] == f"  every file and what became of it: {studio.out / 'manifest.csv'}"


ROWS = [
    Row("img001.png", "a.png", "", 9, 9, USED, "upscaled width=9 height=9; unnamed_converted"),
    Row("img002.png", "なす.png", "", 9, 9, USED, "profile_unreadable; looks_like name=a.png"),
    Row("", "b.txt", "", 0, 0, SKIPPED, "other_ending ending=.txt"),
    Row("", "upscaled", "", 0, 0, SKIPPED, "same_bytes name='upscaled looks_like; '"),
]


def test_the_summary_in_english() -> None:
    assert prepare.summary(ROWS, Path("m.csv"), "en").splitlines() == [
        "prepare: 2 drawings used, 2 files skipped",
        "  skipped: b.txt: is no picture file (.txt)",
        "  skipped: upscaled: has the same bytes as upscaled looks_like; ",
        "  upscaled: 1",
        "  colours converted: 1",
        "  colour profile unreadable: 1",
        "  なす.png looks like a.png, both are used",
        "  mend a skipped file where it is, and the next run uses it",
        "  every file and what became of it: m.csv",
    ]


def test_the_summary_in_japanese() -> None:
    assert prepare.summary(ROWS, Path("m.csv"), "ja").splitlines() == [
        "prepare: 使った絵 2 枚、使えなかったファイル 2 個",
        "  使えません: b.txt: 絵のファイルではありません(.txt)",
        "  使えません: upscaled: upscaled looks_like;  と同じファイルです",
        "  拡大: 1",
        "  色を sRGB に変換: 1",
        "  読めないカラープロファイル: 1",
        "  なす.png: a.png によく似ています。どちらも使います",
        "  使えなかったファイルは、直して入れ直せば次の実行で使われます",
        "  すべてのファイルの結果: m.csv",
    ]


@pytest.mark.parametrize(("language", "more"), [("en", "and 5 more; m.csv"), ("ja", "ほか 5 個")])
def test_the_summary_of_many_is_short(language: Language, more: str) -> None:
    lines = prepare.summary([ROWS[2]] * (prepare.SHOWN + 5), Path("m.csv"), language).splitlines()
    assert len(lines) == prepare.SHOWN + 3
    assert more in lines[prepare.SHOWN + 1]


def test_the_reader_is_spoken_to_in_their_language_and_the_manifest_has_none(
    studio: Studio, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad_files(studio.drawings)
    studio.run()
    english, written = capsys.readouterr().out, studio.result()
    studio.clear()
    monkeypatch.setenv("NASUMISO_LANG", "ja")
    studio.run()

    japanese = capsys.readouterr().out
    assert english.count("\n") == japanese.count("\n")
    assert "empty.png: is empty" in english
    assert "empty.png: 空のファイルです" in japanese
    assert studio.result() == written


def test_another_language_is_refused_before_anything_is_done(
    studio: Studio, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.draw("a.png")
    monkeypatch.setenv("NASUMISO_LANG", "jp")

    assert studio.main() == 1

    assert capsys.readouterr().err.startswith("prepare: error: NASUMISO_LANG: 'jp' is no language")
    assert not studio.out.exists()


# Duplicates


@pytest.mark.parametrize(
    ("kept", "copies"),
    [
        ("b.png", ["a copy.png", "c.PNG"]),
        (
            "表紙ラフ.png",
            ["表紙ラフ のコピー.png", "表紙ラフのコピー 2.png", "表紙ラフ - コピー.png"],
        ),
        ("x.png", ["x copy.png", "x copy 2.png", "x (1).png", "x - Copy.png", "Copy of x.png"]),
        ("x.png", ["x 2.png", "x", "x - コピー (2).png", "x（1）.png", "コピー 〜 x.png"]),
        ("fig 2.png", ["fig 3.png", "zz.png"]),
        ("photocopy.png", ["z.png"]),
    ],
)
def test_of_copies_the_plainest_name_is_kept(studio: Studio, kept: str, copies: list[str]) -> None:
    data = studio.draw(kept).read_bytes()
    for name in copies:
        (studio.drawings / name).write_bytes(data)

    rows = studio.run()

    assert rows[kept].status == USED
    for name in copies:
        assert (rows[name].image, rows[name].status) == ("", SKIPPED)
        assert notes_of(rows[name]) == [note("same_bytes", name=kept)]


def test_names_of_which_a_mac_holds_one_are_told(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed, name in enumerate(("A.png", "a.png", "b.png")):
        studio.draw(name, seed)
    if len(studio.drawn()) == 2:
        pytest.skip("this is such a disk")

    rows = studio.run()

    assert {row.status for row in rows.values()} == {USED}
    assert (rows["A.png"].reason, rows["b.png"].reason) == ("", "")
    assert rows["a.png"].reason == "same_name name=A.png"
    assert "  a.png is called as A.png is, but for small and capital" in capsys.readouterr().out


def test_copies_of_a_damaged_file_are_both_called_damaged(studio: Studio) -> None:
    for name in ("a.png", "b.png"):
        (studio.drawings / name).write_bytes(b"no picture")
    studio.draw("c.png")

    rows = studio.run()

    assert {rows[name].reason for name in ("a.png", "b.png")} == {"no_picture"}


def face(mouth: int, shade: int = 0) -> Image.Image:
    """Return a face of 512 x 512; `mouth` is its smile, -40 to 40."""
    image = Image.new("RGB", (512, 512), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((60, 40, 450, 480), (250 - shade, 220, 190), "black", 6)
    draw.polygon(
        [(60, 220), (120, 30), (390, 20), (455, 240), (300, 130), (180, 150)], (60, 20, 90)
    )
    for x in (170, 310):
        draw.ellipse((x, 220, x + 40, 280), "black")
    draw.line([(200, 390 - mouth), (255, 390 + mouth), (310, 390 - mouth)], (160, 30, 40), 10)
    return image


def test_an_expression_variant_is_used_and_named(studio: Studio) -> None:
    face(30).save(studio.drawings / "hero_happy.png")
    face(-30).save(studio.drawings / "hero_sad.png")
    studio.draw("other.png")

    rows = studio.run(size=256)

    assert [row.status for row in rows.values()] == [USED] * 3
    assert rows["hero_happy.png"].reason == ""
    assert rows["hero_sad.png"].reason == "looks_like name=hero_happy.png"
    assert "looks_like" not in rows["other.png"].reason


@pytest.mark.parametrize("name", ["again.jpg", "smaller.webp"])
def test_a_copy_at_another_size_or_quality_is_named(studio: Studio, name: str) -> None:
    face(20).save(studio.drawings / "0.png")
    side = 400 if name == "smaller.webp" else 512
    face(20).resize((side, side)).save(studio.drawings / name, quality=60)

    assert "looks_like name=0.png" in studio.run(size=512)[name].reason


def sketch(seed: int) -> Image.Image:
    """Return a small pencil drawing somewhere on white paper."""
    chance = random.Random(seed)
    image = Image.new("RGB", (512, 512), "white")
    draw = ImageDraw.Draw(image)
    x, y = chance.randrange(100, 300), chance.randrange(100, 300)
    points = [(x + chance.randrange(120), y + chance.randrange(120)) for _ in range(14)]
    draw.line(points, (60, 60, 60), 5)
    return image


def test_small_drawings_on_white_paper_do_not_look_alike(studio: Studio) -> None:
    for seed in range(12):
        sketch(seed).save(studio.drawings / f"{seed}.png")

    assert {row.reason for row in studio.run(size=512).values()} == {""}


def test_nearly_blank_pictures_do_not_look_alike(studio: Studio) -> None:
    for shade in range(4):
        image = Image.new("RGB", (64, 64), (240 + shade, 255, 255))
        image.putpixel((9 + 11 * shade, 30), (255, 255, 255))
        image.save(studio.drawings / f"{shade}.png")

    assert {row.reason for row in studio.run().values()} == {"nearly_empty"}


# Nothing to see, and more than is used


def layer(colour: tuple[int, int, int, int] | None) -> Image.Image:
    """Return a transparent layer of 96 x 96 with a circle's line in a colour, or without one."""
    image = Image.new("RGBA", (96, 96))
    if colour:
        ImageDraw.Draw(image).ellipse((20, 20, 76, 76), outline=colour, width=4)
    return image


def wavering() -> Image.Image:
    """Return a sheet of paper as a JPEG keeps it: nearly even."""
    values = np.random.default_rng(3).integers(252, 255, (96, 96, 3), dtype=np.uint8)
    return Image.fromarray(values)


def speck(colour: str) -> Image.Image:
    image = Image.new("RGB", (600, 600), "white")
    image.putpixel((300, 300), (0, 0, 0))
    ImageDraw.Draw(image).line((300, 300, 312, 308), colour, 2)
    return image


@pytest.mark.parametrize(
    "image",
    [layer((255, 255, 255, 255)), layer(None), wavering(), Image.new("RGB", (96, 96))],
    ids=["white line art", "empty layer", "paper", "black"],
)
def test_a_drawing_that_comes_out_as_one_colour_is_skipped_by_name(
    studio: Studio, capsys: pytest.CaptureFixture[str], image: Image.Image
) -> None:
    studio.draw("good.png")
    image.save(studio.drawings / "線画.png")

    rows = studio.run()

    assert rows["線画.png"].reason == "one_colour"
    assert (rows["線画.png"].image, rows["線画.png"].status) == ("", SKIPPED)
    assert [path.name for path in (studio.out / "prepared").iterdir()] == ["img001.png"]
    assert "  skipped: 線画.png: comes out as one plain colour" in capsys.readouterr().out
    assert not list(studio.out.glob(".*.checkpoint"))


@pytest.mark.parametrize(
    "image",
    [layer((246, 246, 246, 255)), speck("grey")],
    ids=["faint lines", "a speck"],
)
def test_a_drawing_with_next_to_nothing_on_it_is_used_and_told_by_name(
    studio: Studio, capsys: pytest.CaptureFixture[str], image: Image.Image
) -> None:
    studio.draw("good.png")
    image.save(studio.drawings / "線画.png")

    rows = studio.run(size=128)

    assert (rows["線画.png"].status, rows["good.png"].status) == (USED, USED)
    assert "nearly_empty" in rows["線画.png"].reason
    assert "nearly_empty" not in rows["good.png"].reason
    assert "  線画.png is nearly one plain colour; take it out" in capsys.readouterr().out


def test_a_thin_pencil_sketch_is_not_nearly_empty(studio: Studio) -> None:
    for seed in range(6):
        sketch(seed).save(studio.drawings / f"{seed}.png")
    layer((90, 90, 90, 255)).save(studio.drawings / "circle.png")

    assert {row.reason for row in studio.run(size=256).values()} <= {
        "",
        "upscaled width=96 height=96",
    }


def test_a_crop_of_nothing_says_how_to_have_the_rest(studio: Studio) -> None:
    studio.draw("good.png")
    image = Image.new("RGB", (600, 100), "white")
    ImageDraw.Draw(image).rectangle((20, 20, 120, 80), "red")
    image.save(studio.drawings / "wide.png")

    assert studio.run()["wide.png"].reason == "empty_middle"
    assert studio.run(fit="bucket", size=128)["wide.png"].status == USED


FRAMES = [face(mouth).resize((96, 96)) for mouth in (-30, 0, 30)]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a.gif", "first_frame frames=3"),
        ("a.png", "first_frame frames=3"),
        ("a.apng", "first_frame frames=3"),
        ("a.webp", "first_frame frames=3"),
        ("a.avif", "first_frame frames=3"),
        ("a.tif", "first_page pages=3"),
        ("a.heic", "first_page pages=3"),
        ("a.jpg", ""),
    ],
)
def test_of_many_pictures_in_a_file_it_is_noted_which_one_is_used(
    studio: Studio, capsys: pytest.CaptureFixture[str], name: str, reason: str
) -> None:
    pillow_heif.register_heif_opener()
    form = {"a.jpg": "MPO", "a.apng": "PNG"}.get(name)
    path = studio.drawings / name
    FRAMES[0].save(path, format=form, save_all=True, append_images=FRAMES[1:])

    row = studio.run()[name]

    assert (row.status, row.reason) == (USED, reason)
    told = {"first_fram": "  only the first frame used: 1\n", "first_page": "  only the first page"}
    assert told.get(reason[:10], "") in capsys.readouterr().out


def test_the_frames_of_a_damaged_animation_are_counted_as_far_as_they_go(studio: Studio) -> None:
    path = studio.drawings / "a.gif"
    FRAMES[0].save(path, save_all=True, append_images=FRAMES[1:])
    path.write_bytes(path.read_bytes()[:-900])

    assert studio.run()["a.gif"].status == USED


def test_a_reduced_copy_in_a_tiff_is_no_page(studio: Studio) -> None:
    small = FRAMES[0].resize((24, 24))
    small.encoderinfo = {"tiffinfo": {254: 1}}
    FRAMES[0].save(studio.drawings / "a.tif", save_all=True, append_images=[small])

    assert studio.run()["a.tif"].reason == ""


def test_a_fade_in_says_of_how_many_frames_its_first_is_empty(studio: Studio) -> None:
    studio.draw("good.png")
    black = Image.new("RGB", (96, 96))
    black.save(studio.drawings / "a.gif", save_all=True, append_images=FRAMES)

    assert studio.run()["a.gif"].reason == "empty_frame frames=4"


# Bad input


def bomb(path: Path, width: int, height: int) -> None:
    """Write a PNG whose header claims a size that its few bytes do not hold."""
    Image.new("RGB", (1, 1)).save(path, "PNG")
    data = path.read_bytes()
    header = b"IHDR" + struct.pack(">II", width, height) + data[24:29]
    path.write_bytes(data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:])


def noise(width: int, height: int) -> Image.Image:
    return Image.effect_noise((width, height), 80)


def bad_files(folder: Path) -> dict[str, str]:
    """Write every kind of unusable file; return how the reason of each begins, by name."""
    noise(64, 64).save(folder / "good.png")
    data = (folder / "good.png").read_bytes()
    (folder / "cut.png").write_bytes(data[: len(data) // 2])
    noise(64, 64).save(folder / "cut.jpg")
    (folder / "cut.jpg").write_bytes((folder / "cut.jpg").read_bytes()[:-900])
    (folder / "header only.png").write_bytes(data[:33])
    (folder / "no pixels.png").write_bytes(data[:60])
    (folder / "empty.png").touch()
    (folder / "text.png").write_text("hello")
    (folder / "script.png").write_text(
        "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n"
    )
    (folder / "drawing.psd").write_bytes(b"8BPS")
    (folder / "no ending").touch()
    (folder / "folder.png").mkdir()
    noise(64, 64).save(folder / "folder.png/inside.png")
    (folder / "link.png").symlink_to("nowhere.png")
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "zero.png").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.png")
    bomb(folder / "bomb.png", 60000, 60000)
    noise(30000, 10).save(folder / "strip.png")
    noise(65000, 1).save(folder / "line.png")
    noise(1, 1).save(folder / "dot.png")
    Image.new("F", (64, 64)).save(folder / "float.tif")
    return {
        "cut.png": "damaged why='image file is truncated",
        "cut.jpg": "damaged why='image file is truncated",
        "header only.png": "no_picture",
        "no pixels.png": "damaged why='image file is truncated",
        "empty.png": "empty",
        "text.png": "no_picture",
        "script.png": "no_picture",
        "drawing.psd": "programs_own program=Photoshop ending=.psd",
        "no ending": "no_ending",
        "folder.png": "folder",
        "link.png": "broken_link",
        "loop.png": "broken_link",
        "zero.png": "link_out",
        "pipe.png": "not_regular",
        "bomb.png": "too_many_pixels width=60000 height=60000 megapixels=100",
        "strip.png": "short_side side=10 size=64 least=16",
        "line.png": "short_side side=1 size=64 least=16",
        "dot.png": "short_side side=1 size=64 least=16",
        "float.tif": "colour_mode mode=F",
    }


def test_every_bad_file_has_a_row_with_its_reason_and_the_good_one_is_used(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    reasons = bad_files(studio.drawings)

    rows = studio.run()

    assert sorted(rows) == sorted(studio.drawn())
    for name, reason in reasons.items():
        assert (rows[name].image, rows[name].status) == ("", SKIPPED), name
        assert rows[name].reason.startswith(reason)
    assert (rows["good.png"].image, rows["good.png"].status) == ("img001.png", USED)
    assert [path.name for path in (studio.out / "prepared").iterdir()] == ["img001.png"]
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("  skipped: drawing.psd: is a file of Ph") for line in lines)
    assert sum(line.startswith("  skipped: ") for line in lines) == len(reasons)


def test_a_folder_of_bad_files_only_is_one_error_and_keeps_the_old_outputs(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    studio.draw("good.png")
    studio.run()
    before = snapshot(studio.out)
    bad_files(studio.drawings)
    (studio.drawings / "good.png").unlink()
    capsys.readouterr()

    assert studio.main() == 1

    out, err = capsys.readouterr()
    assert err.count("\n") == 1
    assert "holds no picture that can be used; put drawings in" in err
    assert "what became of it" not in out, "there is no manifest of this run"
    assert snapshot(studio.out) == before


def test_an_empty_folder_is_one_error(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    assert studio.main() == 1
    assert "holds no picture that can be used" in capsys.readouterr().err
    assert snapshot(studio.out) == {}


def test_postscript_never_reaches_ghostscript(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def ghostscript(*_: object, **__: object) -> Any:
        calls.append("called")
        return Image.new("RGB", (9, 9)).im

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", ghostscript)
    reasons = bad_files(studio.drawings)
    with Image.open(studio.drawings / "script.png") as image:
        image.load()
    assert calls == ["called"], "left to itself, Pillow hands the file over"

    rows = studio.run()

    assert calls == ["called"]
    assert rows["script.png"].reason == reasons["script.png"]


def test_a_bomb_is_refused_before_it_is_decoded(studio: Studio, renders: list[str]) -> None:
    bomb(studio.drawings / "bomb.png", 60000, 60000)
    bomb(studio.drawings / "just more.png", 10001, 10000)
    bomb(studio.drawings / "not more.png", 10000, 10000)
    studio.draw("good.png")

    rows = studio.run()

    assert set(renders) == {"good.png", "not more.png"}
    assert rows["bomb.png"].reason == "too_many_pixels width=60000 height=60000 megapixels=100"
    assert "width=10001 height=10000" in rows["just more.png"].reason


def test_a_file_that_claims_much_is_a_row_like_any_damaged_one(studio: Studio) -> None:
    studio.draw("good.png")
    bomb(studio.drawings / "not more.png", 10000, 10000)
    for name, data in claims_much().items():
        (studio.drawings / name).write_bytes(data)
    with (studio.drawings / "sparse.png").open("wb") as file:
        file.truncate(1_000_000_001)

    rows = studio.run()

    assert rows.pop("good.png").status == USED
    assert rows.pop("sparse.png").reason == "too_many_bytes megabytes=1000 most=1000"
    assert len(rows) == 1 + len(claims_much())
    assert {row.status for row in rows.values()} == {SKIPPED}


def claims_much() -> dict[str, bytes]:
    """Return files by name that say they hold millions of pixels, and hold few."""
    pillow_heif.register_heif_opener()
    files = {"tiles.tiff": tiled(60_000)}
    for form, ending in (
        *(("PNG", "png"), ("BMP", "bmp"), ("GIF", "gif"), ("TIFF", "tif")),
        *(("JPEG", "jpg"), ("WEBP", "webp"), ("AVIF", "avif"), ("HEIF", "heic")),
    ):
        stream = io.BytesIO()
        Image.new("L", (2000, 2000), 99).save(stream, form)
        files[f"a.{ending}"] = stream.getvalue()[: len(stream.getvalue()) * 2 // 3]
    return files


def tiled(side: int) -> bytes:
    """Return a small TIFF that says it is cut into tiles of `side` pixels."""
    tags = [
        (256, 4, 64), (257, 4, 64), (258, 3, 8), (259, 3, 5), (262, 3, 1), (277, 3, 1),
        (322, 4, side), (323, 4, side), (324, 4, 8), (325, 4, 100),
    ]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0) + bytes(100)


# The machine


def test_a_drawing_that_the_machine_fails_at_stops_the_run_which_loses_nothing(
    studio: Studio, capsys: pytest.CaptureFixture[str], renders: list[str]
) -> None:
    studio.draw("a.png")
    studio.run()
    before = studio.result()
    drawing = studio.draw("b.png")

    with dead(drawing):
        assert studio.main() == 1

    error = capsys.readouterr().err
    assert error.startswith(f"prepare: error: {drawing}: can't be read: Transport endpoint is not")
    assert error.endswith("。そのあと、もう一度実行してください\n")
    assert error.count("\n") == 1
    assert studio.result() == before
    assert {row.status for row in studio.run().values()} == {USED}
    assert renders == ["a.png", "b.png"]


def limited(studio: Studio, environment: dict[str, str], megabytes: int) -> tuple[int, str]:
    """Run the stage with so much memory beside what it takes by itself; return code and stderr."""
    program = """
import os, resource, sys, threading
from stages import prepare
from stages.library.common import workers
from stages.library.dataset import images
workers.usable_cores = lambda: 1
threading.stack_size(2**20)
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * resource.getpagesize() + int(sys.argv[1]) * 10**6
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
sys.exit(prepare.main(sys.argv[2:]))
"""
    answer = subprocess.run(
        [sys.executable, "-c", program, str(megabytes), *studio.flags()],
        env=environment | {"MALLOC_ARENA_MAX": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.returncode, answer.stderr


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS limits no address space")
@pytest.mark.parametrize(
    ("ending", "megabytes"),
    [("png", 60), ("jpg", 60), ("tif", 60), ("webp", 100), ("avif", 60), ("heic", 60)],
)
def test_a_drawing_for_which_there_is_no_memory_is_no_row_and_the_others_are_kept(
    studio: Studio, environment: dict[str, str], renders: list[str], ending: str, megabytes: int
) -> None:
    pillow_heif.register_heif_opener()
    studio.draw("a.png")
    face(0).resize((4000, 4000)).save(studio.drawings / f"big.{ending}")

    code, error = limited(studio, environment, megabytes)

    drawing = studio.drawings / f"big.{ending}"
    assert code == 1, error
    named = f"prepare: error: {drawing}: there is not enough memory for it; close"
    # where there is none for a thread either, no drawing is to blame
    assert error.startswith((named, "prepare: error: not enough memory; close"))
    assert "もう一度実行してください" in error
    assert error.count("\n") == 1
    assert not (studio.out / "manifest.csv").exists()

    assert {row.status for row in studio.run().values()} == {USED}
    # a WebP's decoder takes its memory at the first look, before any picture is made
    assert sorted(renders) == (["a.png"] if ending == "webp" else []) + [f"big.{ending}"]
    assert not list(studio.out.glob(".*.checkpoint"))


def test_drawings_that_get_no_memory_beside_others_get_it_alone(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        studio.draw(f"{number}.png")
    render, met = images.render, set[bytes]()

    def short_at_first(file: io.BytesIO, size: int, fit: str, **how: Any) -> images.Rendered:
        if file.getvalue() not in met:
            met.add(file.getvalue())
            raise MemoryError
        return render(file, size, fit, **how)

    monkeypatch.setattr(images, "render", short_at_first)

    assert {row.status for row in studio.run().values()} == {USED}


ODD_NAMES = [
    "two\nlines.png",
    "carriage\rreturn.png",
    "comma, and; semicolon.png",
    "\"double\" and 'single'.png",
    "🍆味噌.png",
    "-leading-dash.png",
    "--output.png",
    " spaces  inside .png",
    "$(touch pwned) `id`.png",
    "back\\slash.png",
    "tab\there.png",
    "percent%20.png",
    "img001.png",
    "no.dots.but.many.png",
    "A" * 240 + ".png",
]


def test_odd_names_are_names(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ODD_NAMES:
        studio.draw(name)
    (studio.drawings / "bad\nname.png").touch()

    rows = studio.run()

    assert set(rows) == {*ODD_NAMES, "bad\nname.png"}
    assert {rows[name].status for name in ODD_NAMES} == {USED}
    told = capsys.readouterr().out
    assert "  skipped: 'bad\\nname.png': is empty (0 bytes)\n" in told


@pytest.mark.parametrize("second", ["b.png", "a\nb copy.png"])
def test_messages_about_two_files_stay_on_one_line(
    studio: Studio, capsys: pytest.CaptureFixture[str], second: str
) -> None:
    data = studio.draw("a\nb.png").read_bytes()
    (studio.drawings / second).write_bytes(data)
    face(0).save(studio.drawings / "c\nd.png")
    face(20).save(studio.drawings / "e\nf.png")

    studio.run(size=256)

    lines = capsys.readouterr().out.splitlines()
    assert sum("has the same bytes as 'a\\nb" in line for line in lines) == 1
    assert "  'e\\nf.png' looks like 'c\\nd.png', both are used" in lines


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS refuses such names")
def test_a_name_that_is_not_utf_8(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    studio.draw("a.png").rename(studio.drawings / os.fsdecode(b"\xff\xfe.png"))
    (studio.drawings / os.fsdecode(b"\xfd.png")).touch()

    rows = studio.run()

    assert rows["\\udcff\\udcfe.png"].status == USED
    assert rows["\\udcfd.png"].status == SKIPPED
    assert "skipped: '\\udcfd.png': is empty" in capsys.readouterr().out


def test_the_same_stem_twice_gives_two_pictures(studio: Studio) -> None:
    for name in ("a.png", "a.jpg", "a.webp", "a.PNG"):
        studio.draw(name)

    assert {row.image for row in studio.run().values()} == {f"img00{n}.png" for n in range(1, 5)}


def test_litter_of_systems_has_no_row_and_is_counted(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    studio.draw("a.png")
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "Icon\r", ".directory"):
        (studio.drawings / name).write_text("litter")
    for number in range(25):
        (studio.drawings / f"._{number}.png").write_text("of a Mac")
    (studio.drawings / "@eaDir").mkdir()

    assert list(studio.run()) == ["a.png"]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "prepare: 1 drawings used, 0 files skipped"
    assert "  files of the system's own, passed over: 31" in lines
    assert len(lines) == 3


def test_a_picture_under_another_name_than_most_is_used(studio: Studio) -> None:
    names = ["a.jfif", "b.jpe", "c.JFIF", "d.jpg_large", "絵その2", "v1.5", "e.png\n", "f.dib"]
    for name in names:
        form = "BMP" if name == "f.dib" else "JPEG"
        studio.draw("x.png", seed=names.index(name))
        with Image.open(studio.drawings / "x.png") as image:
            image.save(studio.drawings / name, form)
    (studio.drawings / "x.png").unlink()
    pillow_heif.register_heif_opener()
    for name in ("g.heif", "h.hif"):
        face(ord(name[0]) % 40).save(studio.drawings / name, "HEIF")

    rows = studio.run()

    assert {row.status for row in rows.values()} == {USED}
    assert set(rows) == {*names, "g.heif", "h.hif"}


def test_what_icloud_has_not_brought_yet_is_told_in_both_languages(
    studio: Studio, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.draw("a.png")
    (studio.drawings / ".表紙.png.icloud").write_bytes(b"bplist00")

    assert studio.run()[".表紙.png.icloud"].reason == "in_icloud name='表紙.png'"
    assert "is still in iCloud, only its name is here; in the Finder, right-" in (
        capsys.readouterr().out
    )
    monkeypatch.setenv("NASUMISO_LANG", "ja")
    studio.run()
    assert "Finder で 表紙.png を右クリックし、" in capsys.readouterr().out


def test_a_link_that_leads_out_is_neither_read_nor_recorded_unless_params_say_so(
    studio: Studio, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NASUMISO_LANG", "ja")
    studio.draw("good.png")
    studio.draw("a.png").rename(studio.folder / "elsewhere.png")
    (studio.drawings / "a.png").symlink_to(studio.folder / "elsewhere.png")
    (studio.drawings / "b.png").symlink_to("/etc/passwd")
    (studio.drawings / "c.png").symlink_to(studio.folder / "closed")
    (studio.folder / "closed").touch(mode=0)

    rows = studio.run()

    for name in ("a.png", "b.png", "c.png"):
        assert rows[name] == Row("", name, "", 0, 0, SKIPPED, "link_out")
    assert "使えません: b.png: フォルダーの外へのリンクです。" in capsys.readouterr().out

    (studio.drawings / "c.png").unlink()
    rows = studio.run(follow_links=True)

    assert rows["a.png"].status == USED
    assert rows["b.png"].reason == "no_picture"


def test_a_folder_that_is_a_link_is_read_and_says_that_dvc_keeps_none(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    studio.draw("a.png")
    link = studio.folder / "link"
    link.symlink_to(studio.drawings)

    assert studio.run(input=link)["a.png"].status == USED
    error = capsys.readouterr().err
    assert error.startswith(f"prepare: {link} is a link; its drawings are used, but DVC can't")
    assert f"leave out dvc add {link}" in error
    studio.run()
    assert capsys.readouterr().err == ""


def test_a_link_within_the_folder_is_a_file_like_any_other(studio: Studio) -> None:
    studio.draw("a.png")
    (studio.drawings / "within").mkdir()
    studio.draw("within/b.png")
    (studio.drawings / "b.png").symlink_to("within/b.png")
    (studio.drawings / "copy.png").symlink_to(studio.drawings / "a.png")

    rows = studio.run()

    assert rows["b.png"].status == USED
    assert rows["copy.png"].reason == "same_bytes name=a.png"


def test_a_drawing_program_that_saves_its_own_file_meanwhile_disturbs_nothing(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.draw("a.png")
    own = studio.drawings / "a.clip"
    own.write_text("layers")
    meanwhile(monkeypatch, prepare, "number_pictures", write(own, "more layers"))

    assert studio.run()["a.png"].status == USED


@pytest.mark.skipif(not NO_SPEED.is_file(), reason="needs Linux")
def test_a_file_that_cannot_be_read_is_no_row(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    studio.draw("a.png")
    drawing = studio.drawings / "b.png"
    drawing.symlink_to(NO_SPEED)

    assert studio.main(follow_links=True) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"prepare: error: {drawing}: can't be read: Invalid argument; look aft")


def test_the_folder_of_drawings_is_never_written_to(studio: Studio) -> None:
    bad_files(studio.drawings)
    studio.draw("a.png").chmod(0o444)
    before, times = snapshot(studio.drawings), studio.drawings.stat().st_mtime_ns

    studio.run()
    studio.run(fit="bucket")

    assert snapshot(studio.drawings) == before
    assert studio.drawings.stat().st_mtime_ns == times


# Params


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"size": 500}, ["prepare.size", "500", "write 512"]),
        ({"size": 0}, ["prepare.size", "'0'", "from 64 to 4096"]),
        ({"size": -5}, ["prepare.size", "'-5'", "from 64 to 4096"]),
        ({"size": "nan"}, ["prepare.size", "'nan'", "from 64 to 4096"]),
        ({"size": "abc"}, ["prepare.size", "'abc'", "from 64 to 4096"]),
        ({"size": "512.0"}, ["prepare.size", "'512.0'", "from 64 to 4096"]),
        ({"size": 10**20}, ["prepare.size", "from 64 to 4096"]),
        ({"fit": "corp"}, ["prepare.fit", "'corp'", "did you mean crop?"]),
        ({"fit": ""}, ["prepare.fit", "''", "crop, subject, bucket"]),
        ({"alpha": "black"}, ["prepare.alpha", "'black'", "white, keep"]),
        ({"sise": 512}, ["prepare.sise", "no such key", "did you mean size?"]),
        ({"input": ""}, ["prepare.input", "''", "data/raw"]),
        ({"input": "no/such"}, ["prepare.input", "'no/such'", "create the folder"]),
        ({"input": __file__}, ["prepare.input", __file__, "is a file", "name the folder"]),
    ],
)
def test_a_wrong_value_is_one_line_with_key_value_and_remedy(
    studio: Studio,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, object],
    words: list[str],
) -> None:
    studio.draw("a.png")

    assert studio.main(**changes) == 1

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("prepare: error: params.yaml, prepare.")
    assert err.count("\n") == 1
    assert all(word in err for word in words), err
    assert not studio.out.exists()


@pytest.mark.parametrize("key", ["input", "size", "fit"])
def test_a_missing_key_is_one_line(
    studio: Studio, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    studio.draw("a.png")

    assert studio.main(**{key: None}) == 1

    assert f"params.yaml, prepare.{key}: it has no value" in capsys.readouterr().err
    assert not studio.out.exists()


# Transparency, and the subject


def cut_out(path: Path) -> Path:
    """Save a drawing of a figure on nothing, at the left of a wide sheet."""
    image = Image.new("RGBA", (200, 80))
    figure = Image.new("RGBA", (50, 60), (200, 30, 40, 255))
    ImageDraw.Draw(figure).ellipse((5, 5, 40, 40), fill=(20, 60, 180, 255))
    image.paste(figure, (10, 15))
    image.save(path)
    return path


def test_kept_transparency_is_in_the_picture_and_nothing_else_is_changed(studio: Studio) -> None:
    studio.draw("a.png")
    cut_out(studio.drawings / "b.png")
    studio.run(fit="bucket", size=128)
    white = studio.result()

    rows = studio.run(fit="bucket", size=128, alpha="keep")

    kept = studio.result()
    same = {name for name in white if white[name] == kept[name]}
    assert set(white) - same == {"prepared/img002.png", "prepared.json"}
    picture = studio.picture(rows["b.png"])
    before = np.asarray(Image.open(io.BytesIO(white["prepared/img002.png"])))
    assert np.array_equal(picture[:, :, :3], before)
    assert (picture[:, :, 3].min(), picture[:, :, 3].max()) == (0, 255)
    assert studio.run(fit="bucket", size=128) == rows
    assert studio.result() == white, "and back"


def test_white_is_what_a_params_yaml_without_the_key_means(studio: Studio) -> None:
    cut_out(studio.drawings / "a.png")
    studio.run()
    before = studio.result()
    studio.clear()
    studio.run(alpha="white", detector="none")
    assert studio.result() == before


def test_the_square_with_the_subject_is_told_of_and_recorded(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    noise(200, 160).save(studio.drawings / "a.png")
    cut_out(studio.drawings / "b.png")

    rows = studio.run(fit="subject")

    assert "  cut around the subject: 1\n" in capsys.readouterr().out
    assert notes_of(rows["b.png"]) == [note("to_subject", share=100, middle=0)]
    assert (studio.picture(rows["b.png"])[30, 30] != 255).any()
    record = json.loads((studio.out / "prepared.json").read_text())["pictures"]
    crops = {each["stem"]: each["crop"] for each in record.values()}
    assert crops == {"img001": [0.1, 0.0, 0.8, 1.0], "img002": [0.0, 0.0, 0.4, 1.0]}


def test_heads_are_found_by_the_detector_that_is_named(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, renders: list[str]
) -> None:
    monkeypatch.chdir(studio.folder)
    noise(200, 80).save(studio.drawings / "a.png")
    head = boxes([54, 32, 10, 20, 0.9])
    model = write_detector(Path("data/detector/head.onnx"), head)
    found = {"fit": "subject", "detector": "data/detector/head.onnx"}

    rows = studio.run(**found)

    assert notes_of(rows["a.png"]) == [note("to_heads")]
    before = studio.picture(rows["a.png"])
    studio.run(**found)
    assert renders == ["a.png"], "it is known"
    write_detector(model, boxes([10, 32, 10, 20, 0.9]))
    moved = studio.run(**found)
    assert renders == ["a.png"] * 2
    assert (studio.picture(moved["a.png"]) != before).any()
    model.unlink()
    assert studio.main(**found) == 1
    assert studio.main(**found | {"fit": "crop"}) == 0, "heads don't matter there"


@pytest.mark.parametrize(
    ("detector", "remedy"),
    [
        ("head.onnx", "'head.onnx' is no .onnx file in data/detector; put it there and write"),
        ("data/detector/model.pt", "write data/detector/model.onnx, or none"),
        ("data/detector/no.onnx", "data/detector/no.onnx is not there; take model.onnx of"),
    ],
)
def test_a_detector_that_cant_be_used_is_one_line(
    studio: Studio, capsys: pytest.CaptureFixture[str], detector: str, remedy: str
) -> None:
    studio.draw("a.png")
    assert studio.main(fit="subject", detector=detector) == 1
    error = capsys.readouterr().err
    assert error.startswith("prepare: error: params.yaml, prepare.detector: ")
    assert error.count("\n") == 1
    assert remedy in error


# Wishes for drawings


def test_a_wish_makes_its_own_picture_anew_and_no_other(
    studio: Studio, renders: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.png", "b.png", "c.png"):
        studio.draw(name)
    studio.run()
    before = studio.result()
    renders.clear()

    for wish in (
        {"crop": [0, 0, 0.5, 0.5]},
        {"crop": [0, 0, 0.5, 0.6]},
        {"hide": [[0, 0, 0.3, 1]]},
    ):
        studio.wish("b.png", **wish)
        rows = studio.run()
        after = studio.result()
        changed = {name for name in before if before[name] != after[name]}
        assert changed == {"prepared/img002.png", "prepared.json", "manifest.csv"}
        once = studio.result()
        studio.clear()
        studio.run()
        assert studio.result() == once, "the same at once"
    assert rows["b.png"].reason == "filled parts=1"
    assert "  with hidden parts: 1\n" in capsys.readouterr().out
    assert sorted(renders) == ["a.png"] * 3 + ["b.png"] * 6 + ["c.png"] * 3
    studio.wishes.write_text("{}\n")
    studio.run()
    assert studio.result() == before, "and back"


def test_what_is_wished_of_a_drawings_place_in_the_dataset_makes_no_picture(
    studio: Studio, renders: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    studio.draw("a.png")
    studio.run()
    before = studio.result()
    renders.clear()
    studio.wish("a.png", use="no", repeats=3)
    (studio.drawings / "a.png").rename(studio.drawings / "b.png")
    studio.draw("c.png")

    studio.run()

    assert renders == ["c.png"]
    assert studio.result()["prepared/img001.png"] == before["prepared/img001.png"]
    assert capsys.readouterr().err == ""


def test_a_wish_is_found_again_by_name_when_the_drawing_changed(studio: Studio) -> None:
    studio.draw("a.png")
    studio.draw("b.png")
    studio.wish("a.png", crop=[0, 0, 0.5, 0.5])
    studio.draw("a.png", seed=7)

    rows = studio.run()

    assert notes_of(rows["a.png"])[-1] == note("cropped")
    (studio.drawings / "a.png").rename(studio.drawings / "c.png")
    assert note("cropped") not in notes_of(studio.run()["c.png"]), "neither content nor name"


def test_a_wish_is_also_for_a_drawing_of_a_subject(studio: Studio) -> None:
    (studio.drawings / "2_cry").mkdir()
    studio.draw("2_cry/a.png")
    studio.draw("a.png", seed=5)
    studio.wish("2_cry/a.png", crop=[0, 0, 0.5, 0.5])
    rows = studio.run()
    noted = {name for name, row in rows.items() if note("cropped") in notes_of(row)}
    assert noted == {"2_cry/a.png"}


def test_a_wish_is_the_drawings_own_and_not_its_copys(studio: Studio) -> None:
    path = studio.draw("a.png")
    shutil.copyfile(path, studio.drawings / "a copy.png")
    studio.wish("a.png", crop=[0, 0, 0.5, 0.5])
    assert note("cropped") in notes_of(studio.run()["a.png"])


def test_a_picture_that_a_stopped_run_made_by_another_wish_is_made_anew(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.draw("a.png")
    studio.wish("a.png", crop=[0, 0, 0.5, 0.5])

    def stop(_: object) -> None:
        raise Problem("stopped")

    with monkeypatch.context() as patch:
        patch.setattr(prepare, "number_pictures", stop)
        assert studio.main() == 1
    assert list(studio.out.glob(".*.checkpoint/*.png"))
    studio.wish("a.png", crop=[0.5, 0.5, 0.5, 0.5])
    studio.run()
    resumed = studio.result()
    studio.clear()
    studio.run()
    assert studio.result() == resumed


def test_a_wish_that_is_written_meanwhile_stops_the_run(
    studio: Studio, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.draw("a.png")
    meanwhile(monkeypatch, prepare, "number_pictures", lambda: studio.wish("a.png", use="no"))
    assert studio.main() == 1
    error = capsys.readouterr().err
    assert error.startswith(f"prepare: error: {studio.wishes}: changed while this was running")


@pytest.mark.parametrize(
    ("wish", "where"),
    [
        ({"crop": [0, 0, 2, 1]}, "crop: reaches beyond the drawing"),
        ({"hide": [[0, 0, 1]]}, "hide: is no [left, top, width, height]"),
        ({"crops": [0, 0, 1, 1]}, "'crops' is none of source, use, repeats, crop, hide"),
    ],
)
def test_a_wish_that_cant_be_read_is_one_line(
    studio: Studio, capsys: pytest.CaptureFixture[str], wish: dict[str, Any], where: str
) -> None:
    studio.draw("a.png")
    studio.wish("a.png", **wish)
    assert studio.main() == 1
    error = capsys.readouterr().err
    assert error.startswith(f"prepare: error: {studio.wishes}, ")
    assert where in error
    assert error.count("\n") == 1
    assert not studio.out.exists()


def test_a_wish_that_leaves_nothing_is_a_row_of_the_manifest(studio: Studio) -> None:
    studio.draw("a.png")
    studio.draw("b.png")
    for wish, code in (
        ({"hide": [[0, 0, 1, 1]]}, "all_hidden"),
        ({"crop": [0, 0, 0.05, 0.05]}, "small_crop"),
    ):
        studio.wish("a.png", **wish)
        row = studio.run()["a.png"]
        assert row.status == SKIPPED
        assert [each.code for each in notes_of(row)] == [code]


# Outputs that must not be written


@pytest.mark.parametrize("output", ["raw", "raw/prepared", "."])
def test_an_output_that_overlaps_with_the_drawings_is_refused(
    studio: Studio, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    studio.draw("img001.png")  # named as if this stage had written it
    before = snapshot(studio.drawings)

    assert studio.main(output=studio.folder / output) == 1

    err = capsys.readouterr().err
    assert "prepare.input" in err
    assert "overlaps with the output folder" in err
    assert snapshot(studio.drawings) == before


def test_an_output_that_is_a_link_to_the_drawings_is_refused(studio: Studio) -> None:
    studio.draw("img001.png")
    (studio.folder / "link").symlink_to(studio.drawings)
    before = snapshot(studio.drawings)

    assert studio.main(output=studio.folder / "link") == 1
    assert snapshot(studio.drawings) == before


@pytest.mark.parametrize("name", ["holiday.jpg", "img001.png.txt", "img01.png", "sub/img001.png"])
def test_an_output_with_other_files_is_refused_and_loses_none(
    studio: Studio, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    studio.draw("a.png")
    mine = studio.out / "prepared" / name
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    before = snapshot(studio.out)

    assert studio.main() == 1

    assert f"{name}: this stage did not write it" in capsys.readouterr().err
    assert snapshot(studio.out) == before


def test_read_only_outputs_of_an_earlier_run_are_replaced(studio: Studio) -> None:
    studio.draw("a.png")
    studio.run()
    for path in studio.out.rglob("*.*"):
        path.chmod(0o444)
    studio.draw("b.png")

    assert len(studio.run()) == 2


# Keeping what was made


def test_only_what_is_new_is_rendered_and_the_result_is_that_of_one_run(
    studio: Studio, tmp_path: Path, renders: list[str]
) -> None:
    def check(*expected: str) -> None:
        renders.clear()
        studio.run()
        assert sorted(renders) == sorted(expected)
        fresh = Studio(tmp_path / f"fresh{len(list(tmp_path.iterdir()))}")
        fresh.folder.mkdir()
        fresh.drawings.symlink_to(studio.drawings)
        fresh.wishes.symlink_to(studio.wishes)
        fresh.run()
        assert studio.result() == fresh.result()

    for name in ("b.png", "c.png", "d.png"):
        studio.draw(name)
    check("b.png", "c.png", "d.png")
    check()
    studio.draw("a.png")  # every other picture gets another number
    check("a.png")
    (studio.drawings / "c.png").unlink()
    check()
    (studio.drawings / "d.png").rename(studio.drawings / "0.png")
    check()
    studio.draw("b.png", seed=99)
    check("b.png")
    (studio.drawings / "copy.png").write_bytes((studio.drawings / "b.png").read_bytes())
    check()
    (studio.drawings / "b.png").unlink()  # its copy takes its place
    check()
    face(0).save(studio.drawings / "e.png")
    face(20).save(studio.drawings / "f.png")
    (studio.drawings / "bad.png").write_text("no picture")
    check("e.png", "f.png")


@pytest.mark.parametrize("changes", [{"size": 128}, {"fit": "bucket"}])
def test_another_knob_renders_all_anew(
    studio: Studio, renders: list[str], changes: dict[str, object]
) -> None:
    studio.draw("a.png")
    studio.draw("b.png")
    studio.run()
    renders.clear()

    studio.run(**changes)

    assert sorted(renders) == ["a.png", "b.png"]


def test_another_version_of_a_decoder_renders_all_anew(
    studio: Studio, renders: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.draw("a.png")
    studio.run()
    monkeypatch.setattr("PIL.__version__", "99.0")
    studio.run()

    assert renders == ["a.png", "a.png"]


@pytest.mark.parametrize("harm", ["changed", "removed", "swapped"])
def test_a_kept_picture_that_was_tampered_with_is_made_anew(
    studio: Studio, renders: list[str], harm: str
) -> None:
    for name in ("a.png", "b.png", "c.png"):
        studio.draw(name)
    studio.run()
    good = studio.result()
    renders.clear()
    first, second = (studio.out / "prepared" / name for name in ("img001.png", "img002.png"))
    if harm == "changed":
        first.write_bytes(second.read_bytes())
    elif harm == "removed":
        first.unlink()
    else:
        one, other = first.read_bytes(), second.read_bytes()
        first.write_bytes(other)
        second.write_bytes(one)

    studio.run()

    assert sorted(renders) == (["a.png", "b.png"] if harm == "swapped" else ["a.png"])
    assert studio.result() == good


@pytest.mark.parametrize(
    "record", ["", "{", "[]", '{"recipe": 1}', '{"recipe": "RECIPE", "pictures": {"a": {"x": 1}}}']
)
def test_a_broken_record_costs_time_and_nothing_else(studio: Studio, record: str) -> None:
    studio.draw("a.png")
    studio.run()
    good = studio.result()
    recipe = prepared.recipe(64, "crop")
    (studio.out / "prepared.json").write_text(record.replace("RECIPE", recipe))

    studio.run()

    assert studio.result() == good


# Interruption, and two runs at once


def start(studio: Studio, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "stages.prepare", *studio.flags(size=512)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(files: int, folder: Path) -> None:
    deadline = time.monotonic() + WAITING_SECONDS
    while not folder.is_dir() or len(list(folder.iterdir())) < files:
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.mark.kills
@pytest.mark.parametrize("after", [3, 10])
def test_a_killed_run_leaves_the_old_output_and_the_next_is_as_if_undisturbed(
    studio: Studio, environment: dict[str, str], renders: list[str], after: int
) -> None:
    face(0).save(studio.drawings / "a.png")
    studio.run(size=512)
    before = studio.result()
    for number in range(16):
        noise(700, 600).save(studio.drawings / f"{number}.png")
    renders.clear()
    partial = studio.out / ".prepared.partial"
    checkpoint = studio.out / ".prepared.checkpoint"

    with start(studio, environment) as process:
        wait_for(after, checkpoint)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    left = {name: data for name, data in studio.result().items() if not name.startswith(".")}
    assert left == before
    assert partial.is_dir()
    # one that was just begun counts for nothing
    done = sum(path.stat().st_size > 0 for path in checkpoint.glob("*.json"))

    studio.run(size=512)
    disturbed = studio.result()
    assert len(renders) == 16 - done
    studio.clear()
    studio.run(size=512)

    assert disturbed == studio.result()
    assert not any(name.startswith(".") for name in disturbed)


@pytest.mark.parametrize("step", ["write_record", "write_manifest", "rename"])
def test_a_run_killed_at_its_end_is_mended_by_the_next(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    studio.draw("b.png")
    studio.run()
    studio.draw("a.png")

    class KilledError(BaseException):
        pass

    def killed(*_: object) -> None:
        raise KilledError

    def killed_after(path: Path, rows: list[Row]) -> None:
        write_manifest(path, rows)
        raise KilledError

    with monkeypatch.context() as patch:
        if step == "rename":
            patch.setattr(prepare, "write_manifest", killed_after)
        else:
            patch.setattr(prepare, step, killed)
        with pytest.raises(KilledError):
            studio.run()
    mended = studio.run(), studio.result()
    studio.clear()

    assert mended == (studio.run(), studio.result())


def test_a_second_run_waits_for_the_first(studio: Studio, environment: dict[str, str]) -> None:
    face(0).save(studio.drawings / "a.png")
    output = studio.out / "prepared"

    with locked(output):
        process = start(studio, environment)
        assert process.stderr is not None
        told = process.stderr.readline()
        assert not output.exists()
    _, errors = process.communicate(timeout=WAITING_SECONDS)

    assert told == f"{output}: an earlier run is still writing it; waiting for it\n"
    assert (process.returncode, errors) == (0, "")
    assert [path.name for path in output.iterdir()] == ["img001.png"]


def test_two_runs_at_once_end_as_one(studio: Studio, environment: dict[str, str]) -> None:
    for number in range(12):
        noise(300, 200).save(studio.drawings / f"{number}.png")

    runs = [start(studio, environment) for _ in range(3)]
    for process in runs:
        _, errors = process.communicate(timeout=WAITING_SECONDS)
        assert process.returncode == 0, errors
    together = studio.result()
    studio.clear()
    studio.run(size=512)

    assert together == studio.result()


# Threads and memory


@pytest.mark.parametrize("cores", [1, 2, 64])
def test_the_result_does_not_depend_on_the_number_of_threads(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, cores: int
) -> None:
    for number in range(8):
        studio.draw(f"{number}.png")
    studio.run()
    good = studio.result()
    studio.clear()

    monkeypatch.setattr(workers, "usable_cores", lambda: cores)
    studio.run()

    assert studio.result() == good


def test_large_drawings_are_rendered_one_at_a_time(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "LARGE_PIXELS", 80 * 64 - 1)
    for number in range(6):
        studio.draw(f"{number}.png")
    working: list[bytes] = []
    render = images.render

    def alone(file: io.BytesIO, size: int, fit: str, **how: Any) -> images.Rendered:
        working.append(file.getvalue())
        time.sleep(0.01)
        assert working == [file.getvalue()]
        result = render(file, size, fit, **how)
        working.clear()
        return result

    monkeypatch.setattr(images, "render", alone)

    assert {row.status for row in studio.run().values()} == {USED}


# Subjects: folders of drawings


def test_drawings_of_a_subject_are_called_by_folder_and_name(studio: Studio) -> None:
    for name in ("b.png", "10_smile/a.png", "2_cry/a.png", "2_cry/c.png"):
        studio.draw(name)
    rows = studio.run()
    assert {source: row.image for source, row in rows.items()} == {
        "b.png": "img001.png",  # those of no subject keep their numbers
        "10_smile/a.png": "img002.png",
        "2_cry/a.png": "img003.png",
        "2_cry/c.png": "img004.png",
    }
    assert len({studio.picture(row).tobytes() for row in rows.values()}) == 4


def test_drawings_of_no_subject_are_as_they_were_without_any(studio: Studio) -> None:
    studio.draw("a.png")
    studio.draw("b.png")
    alone = studio.run()
    first = studio.result()
    studio.draw("2_cry/a.png")
    rows = studio.run()
    assert {name: rows[name] for name in alone} == alone
    kept = {name for name in first if name.endswith((".png", ".webp"))}
    assert {name: studio.result()[name] for name in kept} == {name: first[name] for name in kept}


@pytest.mark.parametrize(
    "folder",
    [
        "sketches",
        "2024_summer",
        "0_cry",
        "02_cry",
        "2_",
        "_cry",
        "2cry",
        "-2_cry",
        "1001_cry",
        "reg",
    ],
)
def test_folders_called_otherwise_are_not_read(studio: Studio, folder: str) -> None:
    studio.draw("a.png")
    studio.draw(f"{folder}/b.png")
    rows = studio.run()
    assert rows[folder] == Row("", folder, "", 0, 0, SKIPPED, "folder")
    assert sorted(rows) == sorted([folder, "a.png"])


def test_files_in_a_subjects_folder_are_told_of_as_others_are(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    studio.draw("a.png")
    studio.draw("2_cry/b.png")
    shutil.copyfile(studio.drawings / "a.png", studio.drawings / "2_cry" / "copy.png")
    shutil.copyfile(studio.drawings / "2_cry/b.png", studio.drawings / "2_cry" / "b copy.png")
    (studio.drawings / "2_cry" / "empty.png").touch()
    (studio.drawings / "2_cry" / "3_deeper").mkdir()
    (studio.drawings / "2_cry" / ".DS_Store").touch()
    studio.draw("2_cry/B.PNG")
    (studio.drawings / "5_nobody").mkdir()
    rows = studio.run()
    assert {source: row.reason for source, row in rows.items() if row.reason} == {
        "2_cry/3_deeper": "folder",
        "2_cry/b copy.png": "same_bytes name=2_cry/b.png",
        "2_cry/b.png": "same_name name=2_cry/B.PNG",
        "2_cry/copy.png": "same_bytes name=a.png",
        "2_cry/empty.png": "empty",
        "5_nobody": "no_drawings",
    }
    out = capsys.readouterr().out
    assert "  skipped: 2_cry/copy.png: has the same bytes as a.png\n" in out
    assert "  skipped: 5_nobody: is a folder for a subject's drawings, with nothing in it\n" in out
    assert "  files of the system's own, passed over: 1\n" in out


def test_look_alikes_are_found_across_folders(studio: Studio) -> None:
    path = studio.draw("a.png")
    (studio.drawings / "2_cry").mkdir()
    with Image.open(path) as image:
        image.resize((160, 128)).save(studio.drawings / "2_cry" / "a.png")
    assert studio.run()["2_cry/a.png"].reason == "looks_like name=a.png"


def test_a_link_to_a_folder_is_no_subjects_folder(studio: Studio) -> None:
    """DVC looks into no folder that is a link, so that no change in there would be seen."""
    studio.draw("a.png")
    (studio.folder / "elsewhere").mkdir()
    studio.draw("../elsewhere/b.png")
    (studio.drawings / "2_cry").symlink_to(studio.folder / "elsewhere")
    assert studio.run(follow_links=True)["2_cry"].reason == "folder"
    assert studio.run()["2_cry"].reason == "link_out"


# Drawings that are saved meanwhile


def overwrite(studio: Studio) -> None:
    studio.draw("a.png", seed=99)


MEANWHILE: dict[str, tuple[str, Callable[[Studio], object]]] = {
    "overwritten in a folder": ("2_s/s.png", lambda studio: studio.draw("2_s/s.png", seed=9)),
    "added to a folder": ("2_s/t.png", lambda studio: studio.draw("2_s/t.png")),
    "folder renamed": (
        "2_s",
        lambda studio: (studio.drawings / "2_s").rename(studio.drawings / "3_s"),
    ),
    "overwritten": ("a.png", overwrite),
    "added": ("c.png", lambda studio: studio.draw("c.png")),
    "removed": ("b.png", lambda studio: (studio.drawings / "b.png").unlink()),
    "renamed": ("b.png", lambda studio: (studio.drawings / "b.png").rename(studio.drawings / "d")),
}


@pytest.mark.parametrize("change", MEANWHILE)
@pytest.mark.parametrize("moment", ["without_copies", "read_again", "number_pictures"])
def test_a_drawing_saved_meanwhile_stops_the_run_and_the_next_is_as_if_undisturbed(
    studio: Studio,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    change: str,
) -> None:
    studio.draw("0.png")
    studio.draw("2_s/s.png")
    studio.run()
    before = studio.result()
    studio.draw("a.png")
    studio.draw("b.png")
    name, act = MEANWHILE[change]
    with monkeypatch.context() as patch:
        patch.setattr(workers, "usable_cores", lambda: 1)
        meanwhile(patch, prepare, moment, lambda: act(studio))
        assert studio.main() == 1
    error = capsys.readouterr().err
    assert error.startswith(f"prepare: error: {studio.drawings / name}")
    assert ": changed while this was running; run the same command again" in error
    assert error.count("\n") == 1
    assert {k: data for k, data in studio.result().items() if "checkpoint" not in k} == before

    studio.run()
    mended = studio.result()
    studio.clear()
    studio.run()
    assert mended == studio.result()


def test_no_record_ever_pairs_a_drawing_with_anothers_picture(studio: Studio) -> None:
    """A drawing is written over and over, in place, while the stage runs again and again."""
    path = studio.drawings / "a.bmp"  # its size never changes
    drawings = []
    for seed in range(5):
        noise(900, 900).rotate(90 * seed).save(path)
        drawings.append(path.read_bytes())
    pictures = {}
    for data in drawings:
        rendered = images.render(io.BytesIO(data), 64, "crop")
        digest = hashlib.sha256(images.png_bytes(rendered.picture)).hexdigest()
        pictures[hashlib.sha256(data).hexdigest()] = digest
    stop = threading.Event()

    def artist() -> None:
        while not stop.is_set():
            for data in drawings:
                path.write_bytes(data)

    hand = threading.Thread(target=artist)
    hand.start()
    refused, records = 0, dict[str, prepared.Picture]()
    made_by = prepared.recipe(64, "crop")
    try:
        while refused < 10:
            refused += studio.main()
            for record in [*studio.out.glob("prepared.json"), *studio.out.glob(".*/*.json")]:
                records |= prepared.read_record(record, made_by)
    finally:
        stop.set()
        hand.join()
    studio.run()
    records |= prepared.read_record(studio.out / "prepared.json", made_by)

    whole = {source: picture.sha256 for source, picture in records.items() if source in pictures}
    assert whole
    assert whole == {source: pictures[source] for source in whole}


def test_a_machine_that_would_prepare_otherwise_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = prepared.Folders(tmp_path, tmp_path)
    shop = prepare.Workshop({}, folders, folders, prepared.recipe(64, "crop"))

    def elsewhere(
        items: Iterable[Item], start: Start[Item, Result], **_: int | bool
    ) -> Iterator[Result]:
        monkeypatch.setattr(prepare, "recipe", lambda *_: "Pillow 1.0")
        return start(Place(1, away=True))(items)

    drawing = Source(tmp_path / "a.png", "0" * 64, 1)
    manner = prepare.Manner(64, "crop", "white", "none")
    with pytest.raises(Problem, match=r"would prepare by Pillow 1\.0, not by crop 64, Pillow"):
        prepare.make_pictures([drawing], shop, manner, {}, elsewhere)
