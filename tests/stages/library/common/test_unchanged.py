"""Whatever somebody does to a file while it is read is seen; looking at it is not."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.common.unchanged import differences, seen, stamps_within
from tests.support.mounts import dead


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "raw"
    made.mkdir()
    for name in ("a.png", "b.png"):
        (made / name).write_text(name)
    (made / "within").mkdir()
    (tmp_path / "target").write_text("target")
    (made / "link.png").symlink_to("../target")
    return made


def overwrite(folder: Path) -> None:
    time_ns = (folder / "a.png").stat().st_mtime_ns
    (folder / "a.png").write_text("other")  # of the same length
    os.utime(folder / "a.png", ns=(time_ns, time_ns + 1))


def swap(folder: Path) -> None:
    status = (folder / "a.png").stat()
    (folder / "new").write_text("A.png")
    os.utime(folder / "new", ns=(status.st_atime_ns, status.st_mtime_ns))
    (folder / "new").replace(folder / "a.png")


CHANGES: dict[str, Callable[[Path], object]] = {
    "a.png": overwrite,
    "a.png ": swap,
    "c.png": lambda folder: (folder / "c.png").touch(),
    "b.png": lambda folder: (folder / "b.png").unlink(),
    "link.png": lambda folder: (folder.parent / "target").write_text("longer than before"),
    "link.png ": lambda folder: (folder.parent / "target").unlink(),
    "within": lambda folder: (folder / "within").rmdir(),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_one_line_with_the_file(folder: Path, name: str) -> None:
    before = seen(folder)
    before.look_again()
    CHANGES[name](folder)
    path = folder / name.strip()
    with pytest.raises(Problem, match=f"^{path}: changed while this was running; run the") as told:
        before.look_again()
    assert str(told.value).endswith(" / 実行中に変更されました。もう一度実行してください")


def test_of_many_changes_one_is_named(folder: Path) -> None:
    before = seen(folder / "a.png", folder / "b.png", folder / "c.png")
    for name in ("a.png", "b.png", "c.png"):
        (folder / name).write_text("longer than before")
    with pytest.raises(Problem, match=f"^{folder}/a.png and 2 more files: changed"):
        before.look_again()


def test_what_changes_no_content_is_nothing(folder: Path) -> None:
    before = seen(folder, folder / "none.csv", is_read=lambda path: path.name != "link.png")
    (folder.parent / "target").write_text("longer than before")
    (folder / ".DS_Store").write_text("Finder's")
    (folder / "within" / "not read.png").touch()
    (folder / "a.png").chmod(0o400)
    os.link(folder / "a.png", folder.parent / "another name")
    (folder / "b.png").read_text()
    before.look_again()


def test_a_folder_that_went_away_is_no_empty_one(folder: Path) -> None:
    before = seen(folder)
    with dead(folder), pytest.raises(OSError, match="not connected"):
        before.look_again()


def test_stamps_of_all_files_below_a_folder_go_with_it(folder: Path) -> None:
    (folder / "within" / "c.png").touch()
    before = stamps_within(folder)
    assert sorted(map(str, before)) == ["a.png", "b.png", "link.png", "within/c.png"]
    moved = folder.rename(folder.parent / "moved")
    assert differences(before, stamps_within(moved)) == []
    (moved / "within" / "c.png").unlink()
    assert differences(before, stamps_within(moved)) == [Path("within/c.png")]
