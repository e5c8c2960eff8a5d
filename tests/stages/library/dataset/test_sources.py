"""Which files of the input folder can be used; the prepare stage's tests have the rest."""

import hashlib
import os
from pathlib import Path

import pytest
from PIL import Image

from stages.library.dataset.notes import note
from stages.library.dataset.sources import Source, entry_reason, look_at, without_copies


@pytest.fixture
def drawing(tmp_path: Path) -> Path:
    path = tmp_path / "nasu.png"
    Image.new("RGB", (30, 20), "purple").save(path)
    return path


def test_a_drawing_has_a_digest_and_pixels_and_no_reason_against_it(drawing: Path) -> None:
    digest = hashlib.sha256(drawing.read_bytes()).hexdigest()
    assert look_at(drawing) == Source(drawing, digest, 600)


def test_what_an_entry_is_is_told_without_opening_it(drawing: Path) -> None:
    folder = drawing.parent
    (folder / "folder.png").mkdir()
    (folder / "empty.png").touch()
    (folder / "._nasu.png").write_bytes(b"of a Mac")
    (folder / "memo.txt").write_text("a note")
    (folder / "memo").write_text("a note")
    (folder / "link.png").symlink_to("nowhere.png")
    os.mkfifo(folder / "pipe.png")
    found = {path.name: entry_reason(path) for path in sorted(folder.iterdir())}
    assert found == {
        "nasu.png": None,
        "folder.png": note("folder"),
        "empty.png": note("empty"),
        "._nasu.png": note("mac_side_file"),
        "memo.txt": note("other_ending", ending=".txt"),
        "memo": note("no_ending"),
        "link.png": note("broken_link"),
        "pipe.png": note("not_regular"),
    }


def test_a_file_that_is_no_picture_keeps_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    path.write_text("<html>")
    digest = hashlib.sha256(b"<html>").hexdigest()
    assert look_at(path) == Source(path, digest, reason=note("no_picture"))


def test_of_the_same_bytes_the_first_is_used() -> None:
    names = ("a.png", "b.png", "c.png")
    digests = ("1", "2", "1")
    sources = [Source(Path(n), d, 600) for n, d in zip(names, digests, strict=True)]
    found = without_copies(sources)
    assert found[:2] == sources[:2]
    assert found[2].reason is not None
    assert "a.png" in str(found[2].reason)
