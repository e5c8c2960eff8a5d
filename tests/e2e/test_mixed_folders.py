"""Folders of anything, mixed by chance: prepare runs over each, and loses sight of no file.

NASUMISO_FOLDERS says how many (eight else), NASUMISO_ART where drawings are to be mixed in from.
"""

import hashlib
import os
import random
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageDraw

from stages import prepare
from stages.library.common.litter import is_litter
from stages.library.dataset.manifest import USED, read_manifest, same_name
from stages.library.dataset.notes import notes_of, say
from tests.stages.test_prepare import ODD_NAMES, bad_files, claims_much
from tests.support.clones import PROJECT
from tests.support.params import arguments

pytestmark = pytest.mark.e2e

FOLDERS = int(os.environ.get("NASUMISO_FOLDERS", "8"))
ART = sorted(
    path
    for ending in ("png", "jpg", "webp")
    for path in Path(os.environ.get("NASUMISO_ART", os.devnull)).rglob(f"*.{ending}")
)

SYSTEMS = [
    *(".DS_Store", "Thumbs.db", "desktop.ini", "Desktop.ini", "._なす.png", "._.DS_Store"),
    *(".directory", "Icon\r", "ehthumbs.db", ".localized", "@eaDir", "__MACOSX", "#recycle"),
]
FOREIGN = [
    *("a.psd", "表紙.clip", "a.svg", "a.jxl", "a.kra", "a.pdf", "a.xcf", "a.sai2", "a.tga"),
    *("notes.txt", "メモ.md", "a.zip", "a.mp4", ".絵.png.icloud", "a.png~", ".a.png.swp"),
    *("a.png.crdownload", "a.lnk", "a.cr2", "a.p\nng", "a.json", "no ending"),
]
FORMS = [
    *(("png", "PNG"), ("jpg", "JPEG"), ("jfif", "JPEG"), ("webp", "WEBP"), ("gif", "GIF")),
    *(("tif", "TIFF"), ("bmp", "BMP"), ("avif", "AVIF"), ("heic", "HEIF"), ("hif", "HEIF")),
    *(("apng", "PNG"), ("PNG", "PNG"), ("その1", "PNG"), ("png", "JPEG"), ("jpg_large", "JPEG")),
]
MODES = ["RGB", "RGBA", "L", "LA", "P", "1", "CMYK", "I;16"]


def small(chance: random.Random) -> Image.Image:
    """Return a small drawing in some mode; now and then there is nothing on it."""
    side = chance.choice([9, 40, 64, 96, 130])
    image = Image.new(
        "RGB", (side, chance.choice([side, 64, 200])), chance.choice(["white", "black"])
    )
    draw = ImageDraw.Draw(image)
    for _ in range(chance.choice([0, 3, 8])):
        x, y = chance.randrange(image.width), chance.randrange(image.height)
        colour = tuple(chance.randrange(256) for _ in range(3))
        draw.ellipse((x - 9, y - 9, x + 20, y + 15), colour, width=2)
    mode = chance.choice(MODES)
    if mode == "I;16":
        return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    return image.convert(mode)


def save(image: Image.Image, path: Path, form: str, chance: random.Random) -> None:
    """Save a drawing in a form, in another mode where the form has none such."""
    more = [small(chance).resize(image.size).convert("RGB") for _ in range(2)]
    many = {"save_all": True, "append_images": more} if chance.random() < 0.3 else {}
    try:
        image.save(path, form, **many)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError):
        image.convert("RGB").save(path, "PNG" if form == "AVIF" else form)


def a_drawing(folder: Path, chance: random.Random) -> None:
    ending, form = chance.choice(FORMS)
    name = (
        f"{chance.choice(['a', 'A', '絵', 'が', 'x 2', 'x copy', '10', '2'])}{chance.randrange(9)}"
    )
    decomposed = unicodedata.normalize("NFD", name)
    path = folder / f"{decomposed if chance.random() < 0.3 else name}.{ending}"
    save(small(chance), path, form, chance)


def an_odd_name(folder: Path, chance: random.Random) -> None:
    save(small(chance), folder / chance.choice(ODD_NAMES), "PNG", chance)


def litter(folder: Path, chance: random.Random) -> None:
    path = folder / chance.choice(SYSTEMS)
    if path.name.startswith(("@", "_", "#")):
        path.mkdir(exist_ok=True)
        (path / "a.png").write_bytes(b"a thumbnail")
    else:
        path.write_bytes(b"litter")


def a_foreign_file(folder: Path, chance: random.Random) -> None:
    (folder / chance.choice(FOREIGN)).write_bytes(chance.randbytes(chance.choice([0, 40])))


def a_damaged_file(folder: Path, chance: random.Random) -> None:
    """Take one that is there, and cut it short or change some of its bytes."""
    there = [path for path in sorted(folder.iterdir()) if path.is_file() and not path.is_symlink()]
    if not there:
        return
    path = chance.choice(there)
    data = bytearray(path.read_bytes())
    for _ in range(chance.choice([0, 5, 50])):
        if data:
            data[chance.randrange(len(data))] = chance.randrange(256)
    end = chance.randrange(len(data) + 1) if chance.random() < 0.5 else len(data)
    (folder / f"broken {path.name[-60:]}").write_bytes(data[:end])


def a_copy(folder: Path, chance: random.Random) -> None:
    there = [path for path in sorted(folder.iterdir()) if path.is_file() and not path.is_symlink()]
    if there:
        path = chance.choice(there)
        shutil.copyfile(path, folder / f"{path.stem[-60:]} のコピー{path.suffix[-20:]}")


def what_claims_much(folder: Path, chance: random.Random) -> None:
    name, data = chance.choice(sorted(CLAIMS.items()))
    (folder / name).write_bytes(data)


def some_art(folder: Path, chance: random.Random) -> None:
    if ART:
        path = chance.choice(ART)
        shutil.copyfile(path, folder / path.name)


CLAIMS = claims_much()
KINDS: list[Callable[[Path, random.Random], None]] = [
    *(a_drawing, a_drawing, a_drawing, an_odd_name, litter, litter, a_foreign_file),
    *(a_damaged_file, a_damaged_file, a_copy, what_claims_much, some_art, some_art),
]


def mix(folder: Path, seed: int) -> None:
    """Fill a folder by chance; one drawing in it can be used for sure."""
    chance = random.Random(seed)
    folder.mkdir()
    if seed % 4 == 0:
        bad_files(folder)
    for _ in range(chance.randrange(10, 40)):
        chance.choice(KINDS)(folder, chance)
    sure = Image.effect_noise((80, 64), 80)
    sure.save(folder / "sure.png")


@pytest.mark.parametrize("seed", range(FOLDERS))
def test_every_file_of_a_mixed_folder_has_its_row_or_is_litter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    pillow_heif.register_heif_opener()
    folder, out = tmp_path / "raw", tmp_path / "out"
    mix(folder, seed)
    values = {
        "input": folder,
        "drawings": PROJECT / "data/drawings.yaml",
        "output": out / "prepared",
        "thumbnails": out / "thumbnails",
        "manifest": out / "manifest.csv",
        "written": out / "prepared.json",
        "size": 64,
        "fit": ("crop", "bucket")[seed % 2],
        "follow_links": False,
    }
    flags = arguments(prepare.build_parser(), values, tmp_path / "params")

    code = prepare.main(flags)

    told = capsys.readouterr()
    assert code == 0, told.err
    rows = read_manifest(out / "manifest.csv")
    there = [path.name for path in folder.iterdir() if not is_litter(path.name)]
    passed = len(list(folder.iterdir())) - len(there)
    assert sorted(row.source for row in rows) == sorted(there)
    assert (f"passed over: {passed}\n" in told.out) == bool(passed)
    assert all(line.replace("\u3000", " ").isprintable() for line in told.out.splitlines())
    for row in rows:
        assert [say(note) for note in notes_of(row)] or row.status == USED, row
        assert bool(row.image) == (row.status == USED), row
    used = [row for row in rows if row.status == USED]
    pictures = {path.name: path for path in (out / "prepared").iterdir()}
    assert sorted(pictures) == sorted(row.image for row in used)
    assert "sure.png" in [row.source for row in used]
    names = [same_name(row.source) for row in rows]
    assert names == sorted(names)

    digests = {name: hashlib.sha256(path.read_bytes()) for name, path in pictures.items()}
    assert prepare.main(flags) == 0
    again = {path.name: path.read_bytes() for path in (out / "prepared").iterdir()}
    assert {name: hashlib.sha256(data).digest() for name, data in again.items()} == {
        name: digest.digest() for name, digest in digests.items()
    }
