"""The record of prepared pictures; the prepare stage's tests have the rest, kills included."""

from pathlib import Path

import pytest
from PIL import Image

from stages.library.dataset.images import render
from stages.library.dataset.prepared import (
    Folders,
    Picture,
    keep_picture,
    read_record,
    recipe,
    save_picture,
    write_record,
)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders(tmp_path / "pictures", tmp_path / "thumbnails")
    made.pictures.mkdir()
    made.thumbnails.mkdir()
    return made


@pytest.fixture
def picture(folders: Folders, tmp_path: Path) -> Picture:
    """Return what is to be recorded of a drawing that was prepared as img001."""
    Image.new("RGB", (80, 64), "red").save(tmp_path / "a.png")
    return save_picture(render(tmp_path / "a.png", 64, "crop"), "img001", folders)


def test_a_record_is_read_as_it_was_written_by_the_same_recipe(
    picture: Picture, tmp_path: Path
) -> None:
    path = tmp_path / "prepared.json"
    write_record(path, recipe(64, "crop"), {"f00": picture})
    assert read_record(path, recipe(64, "crop")) == {"f00": picture}
    assert read_record(path, recipe(128, "crop")) == {}
    assert read_record(tmp_path / "none.json", recipe(64, "crop")) == {}


def test_a_kept_picture_is_copied_under_its_new_name(picture: Picture, folders: Folders) -> None:
    assert keep_picture(picture, folders, "img002", folders) == picture
    for folder, end in ((folders.pictures, "png"), (folders.thumbnails, "webp")):
        assert (folder / f"img002.{end}").read_bytes() == (folder / f"img001.{end}").read_bytes()


@pytest.mark.parametrize("harm", ["changed", "gone"])
def test_a_picture_that_is_no_longer_itself_is_not_kept(
    picture: Picture, folders: Folders, harm: str
) -> None:
    file = folders.thumbnails / "img001.webp"
    if harm == "changed":
        file.write_bytes(b"another")
    else:
        file.unlink()
    assert keep_picture(picture, folders, "img002", folders) is None
    assert not (folders.pictures / "img002.png").exists()
