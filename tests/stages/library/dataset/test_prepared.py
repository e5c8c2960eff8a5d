"""The record of prepared pictures; the prepare stage's tests have the rest, kills included."""

import json
from pathlib import Path

import pytest
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.dataset.images import render
from stages.library.dataset.notes import note
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
    Image.new("RGB", (40, 32), "red").save(tmp_path / "a.png")
    return save_picture(render(tmp_path / "a.png", 64, "crop"), "img001", folders)


def test_a_record_is_read_as_it_was_written_by_the_same_recipe(
    picture: Picture, tmp_path: Path
) -> None:
    path = tmp_path / "prepared.json"
    write_record(path, recipe(64, "crop"), {"f00": picture})
    assert picture.notes == [note("upscaled", width=40, height=32)]
    assert read_record(path, recipe(64, "crop")) == {"f00": picture}
    assert read_record(path, recipe(128, "crop")) == {}
    assert read_record(tmp_path / "none.json", recipe(64, "crop")) == {}


@pytest.mark.parametrize(
    "notes",
    [
        ["upscaled from 40x32"],
        [{"code": "enlarged", "values": {}}],
        [{"code": "upscaled", "values": {"from": "40x32"}}],
        None,
    ],
)
def test_a_record_with_the_notes_of_another_version_is_none(
    picture: Picture, tmp_path: Path, notes: object
) -> None:
    path = tmp_path / "prepared.json"
    write_record(path, recipe(64, "crop"), {"f00": picture})
    record = json.loads(path.read_text(encoding="utf-8"))
    record["pictures"]["f00"]["notes"] = notes
    path.write_text(json.dumps(record), encoding="utf-8")
    assert read_record(path, recipe(64, "crop")) == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("stem", "../../../x"),
        ("stem", 1),
        ("hash", "f" * 1_000_000),
        ("hash", "z" * 256),
        ("width", "40"),
        ("notes", [{"code": "upscaled", "values": {"width": 1, "height": 2}}]),
    ],
)
def test_a_record_with_what_prepare_never_writes_is_none(
    picture: Picture, tmp_path: Path, key: str, value: object
) -> None:
    path = tmp_path / "prepared.json"
    write_record(path, recipe(64, "crop"), {"f00": picture})
    record = json.loads(path.read_text(encoding="utf-8"))
    record["pictures"]["f00"][key] = value
    path.write_text(json.dumps(record), encoding="utf-8")
    assert read_record(path, recipe(64, "crop")) == {}


@pytest.mark.parametrize("content", ["[]", '{"recipe": "RECIPE", "pictures": []}', "[" * 200_000])
def test_what_is_no_record_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "prepared.json").write_text(content.replace("RECIPE", recipe(64, "crop")))
    assert read_record(tmp_path / "prepared.json", recipe(64, "crop")) == {}


def test_a_kept_picture_is_taken_along_under_its_new_name(
    picture: Picture, folders: Folders
) -> None:
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


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs Linux")
def test_a_record_that_the_disk_fails_at_is_not_taken_for_none() -> None:
    with pytest.raises(Problem, match=r"^/proc/self/mem: can't be read: Input/output error"):
        read_record(Path("/proc/self/mem"), recipe(64, "crop"))


def test_a_picture_that_is_in_its_place_stays_there(picture: Picture, folders: Folders) -> None:
    before = (folders.pictures / "img001.png").stat().st_mtime_ns
    assert keep_picture(picture, folders, "img001", folders) == picture
    assert (folders.pictures / "img001.png").stat().st_mtime_ns == before


def test_a_new_picture_is_not_written_through_to_an_old_output(
    picture: Picture, folders: Folders, tmp_path: Path
) -> None:
    checkpoint = Folders(tmp_path / "checkpoint", tmp_path / "checkpoint")
    checkpoint.make()
    assert keep_picture(picture, folders, "f00", checkpoint)
    retouched = folders.pictures / "img001.png"
    with retouched.open("r+b") as file:
        file.write(b"by hand")
    before = retouched.read_bytes()
    save_picture(render(tmp_path / "a.png", 64, "crop"), "f00", checkpoint)
    assert retouched.read_bytes() == before
