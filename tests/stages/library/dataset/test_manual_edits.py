"""A file that is neither as recorded nor as it is about to be written holds somebody's work."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.common.outputs import sha256
from stages.library.dataset.manifest import USED, Row
from stages.library.dataset.manual_edits import (
    changed_by_hand,
    edited_files,
    lost_files,
    refuse_to_overwrite,
    same_tags,
)
from stages.library.dataset.written import Written, read_written, write_written, written_for


def entry(text: str, picture: str = "") -> Written:
    return Written("3fa9c1d2e4b5", "hero.png", text, picture)


def changed(folder: Path, recorded: str | None, coming: str | None, now: str | bytes) -> bool:
    """Return whether `img001.txt`, now so, counts as changed by hand."""
    path = folder / "img001.txt"
    path.write_bytes(now if isinstance(now, bytes) else now.encode())
    written = {} if recorded is None else {"img001": entry(recorded)}
    next_one = {} if coming is None else {"img001": entry(coming)}
    return changed_by_hand(folder, edited_files(folder), written, next_one) == [path]


@pytest.mark.parametrize(
    ("recorded", "coming", "now", "hand"),
    [
        ("a\n", "a\n", "a\n", False),
        ("a\n", "b\n", "a\n", False),  # a new threshold
        ("a\n", "b\n", "b\n", False),  # killed between the folder and the record
        ("a\n", "a\n", "b\n", True),
        ("a\n", "b\n", "c\n", True),
        (None, "a\n", "a\n", False),  # a clone without the record, same params
        (None, "b\n", "a\n", True),
        ("a\n", None, "a\n", False),  # the drawing is gone
        ("a\n", None, "b\n", True),
        (None, None, "a\n", True),  # somebody's own file
        ("a\n", "a\n", "\n", True),  # all tags were taken away
        ("a\n", "b\n", "", False),  # a power cut, or an editor
        ("a\n", "b\n", "\0\0\0", False),
        (None, "a\n", "", False),
        (None, None, "", False),
        ("a\n", "a\n", b"\x93\xfa", True),  # not UTF-8: certainly not ours
    ],
)
def test_neither_as_recorded_nor_as_coming(
    tmp_path: Path, recorded: str | None, coming: str | None, now: str | bytes, hand: bool
) -> None:
    assert changed(tmp_path, recorded, coming, now) == hand


@pytest.mark.parametrize(
    "now", ["a, b", "a,b\n", " a ,b\n", "a, b\r\n", "a, b\n\n", "\ufeffa, b\n", "a, b,\n"]
)
def test_spacing_and_line_endings_are_no_change(tmp_path: Path, now: str) -> None:
    assert not changed(tmp_path, "a, b\n", "x\n", now)


@pytest.mark.parametrize(
    "now", ["b, a\n", "a\n", "a, b, c\n", "a, B\n", "a b\n", "a\nb\n", "long hair\n", "A, b\n"]
)
def test_order_case_and_lines_are_a_change(tmp_path: Path, now: str) -> None:
    assert changed(tmp_path, "a, b\n", "x\n", now)


def test_same_tags_compares_line_by_line() -> None:
    assert same_tags("a,b\nc", "a, b \nc")
    assert not same_tags("a, b\nc", "a\nb, c")


def test_a_picture_is_compared_by_content(tmp_path: Path) -> None:
    path = tmp_path / "10_x" / "img001.png"
    path.parent.mkdir()
    path.write_bytes(b"one")
    one = {"img001": entry("a\n", sha256(path))}
    assert changed_by_hand(tmp_path, edited_files(tmp_path), one) == []
    path.write_bytes(b"two")
    two = {"img001": entry("a\n", sha256(path))}
    assert changed_by_hand(tmp_path, edited_files(tmp_path), one) == [path]
    assert changed_by_hand(tmp_path, edited_files(tmp_path), one, two) == []


@pytest.mark.parametrize(
    "name", ["img001.npz", ".DS_Store", "Thumbs.db", "desktop.ini", "._img001.txt", "._img001.png"]
)
def test_what_trainers_and_file_managers_leave_is_nobodys_work(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x00\xff")
    assert changed_by_hand(tmp_path, edited_files(tmp_path), {}) == []


def test_a_deleted_file_is_no_work(tmp_path: Path) -> None:
    assert changed_by_hand(tmp_path, edited_files(tmp_path), {"img001": entry("a\n")}) == []
    assert (
        changed_by_hand(
            tmp_path / "nowhere", edited_files(tmp_path / "nowhere"), {"img001": entry("a\n")}
        )
        == []
    )


def test_a_renamed_dataset_folder_is_no_work(tmp_path: Path) -> None:
    (tmp_path / "10_old").mkdir()
    (tmp_path / "10_old" / "img001.txt").write_text("a\n")
    coming = {"img001": replace(entry("a\n", "f00"), folder="20_new")}
    assert (
        changed_by_hand(tmp_path, edited_files(tmp_path), {"img001": entry("a\n", "f00")}, coming)
        == []
    )  # older record
    recorded = {"img001": replace(entry("a\n", "f00"), folder="10_old")}
    assert changed_by_hand(tmp_path, edited_files(tmp_path), recorded, coming) == []
    assert changed_by_hand(tmp_path, edited_files(tmp_path), coming, coming) == [
        tmp_path / "10_old" / "img001.txt"
    ]


def test_every_file_is_named_with_its_drawing_and_both_ways_out(tmp_path: Path) -> None:
    for name in ("img001", "img002"):
        (tmp_path / f"{name}.txt").write_text("by hand\n")
    written = {"img001": entry("a\n"), "img002": Written("1" * 12, "a\nb.png", "a\n")}
    with pytest.raises(Problem, match="changed by hand") as error:
        refuse_to_overwrite(tmp_path, written, written)
    lines = str(error.value).split("\n")
    assert lines[1:3] == [
        f"  {tmp_path / 'img001.txt'} (hero.png)",
        f"  {tmp_path / 'img002.txt'} ('a\\nb.png')",
    ]
    assert "python -m tools.corrections save" in lines[3]
    assert "python -m tools.corrections discard" in lines[4]


def test_without_any_record_the_message_says_so(tmp_path: Path) -> None:
    (tmp_path / "img001.txt").write_text("who wrote this\n")
    with pytest.raises(Problem, match="there is no record") as error:
        refuse_to_overwrite(tmp_path, {}, {"img001": entry("a\n")})
    assert str(tmp_path / "img001.txt") in str(error.value)
    assert "changed by hand, and" not in str(error.value)


def test_nothing_by_hand_no_objection(tmp_path: Path) -> None:
    (tmp_path / "img001.txt").write_text("a\n")
    refuse_to_overwrite(tmp_path, {"img001": entry("a\n")}, {"img001": entry("b\n")})


def test_a_record_comes_back_and_has_stable_bytes(tmp_path: Path) -> None:
    path = tmp_path / "written" / "tagged.json"
    written = {"img001": entry("なす, ^_^\n"), "img002": Written("", "", "", "")}
    write_written(path, written)
    once = path.read_bytes()
    assert read_written(path) == written
    write_written(path, read_written(path))
    assert path.read_bytes() == once
    assert "なす".encode() in once


def test_a_picture_is_recorded_by_its_drawing() -> None:
    row = Row("img001.png", "hero.png", "3fa9c1d2e4b5" + "0" * 52, 9, 9, USED, "")
    assert written_for(row, "a\n", "f00") == entry("a\n", "f00")
    assert written_for(None, "a\n") == Written("", "", "a\n", "")


def test_the_record_is_readable_json(tmp_path: Path) -> None:
    write_written(tmp_path / "x.json", {"img001": entry("a\n", "f00")})
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8")) == {
        "img001": {
            "drawing": "3fa9c1d2e4b5",
            "source": "hero.png",
            "text": "a\n",
            "picture": "f00",
            "folder": "",
        }
    }


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs Linux")
@pytest.mark.parametrize("name", ["img001.txt", "img001.png"])
def test_a_file_that_the_disk_fails_at_is_not_taken_for_anything(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to("/proc/self/mem")
    with pytest.raises(Problem, match=f"^{tmp_path}/{name}: can't be read: Input/output error"):
        changed_by_hand(tmp_path, edited_files(tmp_path), {"img001": entry("a")})
    with pytest.raises(Problem, match=f"^{tmp_path}/{name}: can't be read: Input/output error"):
        lost_files(edited_files(tmp_path))


def test_empty_files_are_told_and_made_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "10_x"
    folder.mkdir()
    for name in ("img001.png", "img001.txt", "img002.txt", ".DS_Store", "._img002.txt"):
        (folder / name).touch()
    refuse_to_overwrite(tmp_path, {}, {"img001": entry("a\n")})
    english, _, japanese = capsys.readouterr().err.partition(" / ")
    assert english.startswith(
        f"{folder / 'img001.png'} and 2 more: empty, as after a power cut, so"
    )
    assert "strike them on the page" in english
    assert japanese.startswith("空のファイルは dvc repro が作り直します")


def test_without_a_record_the_drawings_are_named_and_not_all_of_many(tmp_path: Path) -> None:
    coming = {f"img{number:03}": entry("a\n") for number in range(50)}
    for stem in coming:
        (tmp_path / f"{stem}.txt").write_text("who wrote this\n")
    with pytest.raises(Problem, match="there is no record") as error:
        refuse_to_overwrite(tmp_path, {}, coming)
    lines = str(error.value).split("\n")
    assert lines[2] == f"  {tmp_path / 'img000.txt'} (hero.png)"
    assert lines[22] == "  … and 30 more"
    assert "git checkout data/written/tagged.json" in lines[23]
    assert "dvc checkout data/written/dataset.json" in lines[24]
