"""Whether the Drive is there, on mounts that are real where the machine allows it."""

import errno
from pathlib import Path

import pytest

from stages.library.common.disk import mount_point
from stages.library.common.drive import Drive, find_drive, is_folder
from stages.library.common.errors import Problem
from tests.support.mounts import dead, mount, store, unmount


def found(folder: Path) -> Drive:
    drive = find_drive(str(folder))
    assert drive
    return drive


def test_a_folder_that_is_no_mount_is_there_as_long_as_it_exists(tmp_path: Path) -> None:
    (tmp_path / "drive").mkdir()
    drive = found(tmp_path / "drive")
    assert drive.there
    (tmp_path / "drive").rename(tmp_path / "elsewhere")
    assert not drive.there
    (tmp_path / "elsewhere").rename(tmp_path / "drive")
    assert drive.there


def test_an_unmounted_drive_is_away_though_its_folder_stands_there(tmp_path: Path) -> None:
    place = tmp_path / "drive"
    with store(tmp_path / "store") as kept:
        (kept / "NasuTomo").mkdir()
        place.mkdir()
        mount("--bind", kept, place)
        drive = found(place / "NasuTomo")
        assert drive.mount == mount_point(place) == place
        assert drive.there
        unmount(place)
        assert not drive.there
        (place / "NasuTomo").mkdir()  # as a tool would that knows of no mount
        assert not drive.there
        mount("--bind", kept, place)
        assert drive.there
        unmount(place)


def test_a_dead_mount_is_no_folder_and_the_start_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "MyDrive").mkdir()
    drive = found(tmp_path / "MyDrive")
    with dead(tmp_path):
        with pytest.raises(OSError, match="not connected") as error:
            (tmp_path / "MyDrive").stat()
        assert error.value.errno == errno.ENOTCONN
        assert not is_folder(tmp_path / "MyDrive")
        assert not drive.there
        with pytest.raises(Problem, match=r"doesn't answer .*not connected\).*run cell 2 again"):
            found(tmp_path / "MyDrive")


def test_a_place_that_is_no_folder_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert find_drive("") is None
    for place, fault in (("file", "there is a file"), ("file/x", "no folder"), ("x", "no folder")):
        with pytest.raises(Problem, match=f"NASUMISO_DRIVE: .*{fault}.*もう一度実行"):
            found(tmp_path / place)


def test_what_is_wrong_is_said_once_and_so_is_that_it_is_well_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    drive = Drive(Path("drive"), Path("/"))
    for wrong in ("", "full", "full", "away", "away", "", "", "away"):
        drive.say(wrong)
    said = capsys.readouterr()
    assert said.err.splitlines() == [f"train: warning: {w}" for w in ("full", "away", "away")]
    assert said.out.count("the Drive has all again") == 1
