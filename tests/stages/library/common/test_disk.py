"""What was written is there after a power cut, and a full disk is named."""

import errno
import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from stages.library.common.disk import is_lost, keep, keep_tree, mount_point, no_room, written_to
from stages.library.common.outputs import atomic_directory, copy_atomically, write_atomically
from tests.support.mounts import disk, fill, store


def write_folder(folder: Path) -> None:
    with atomic_directory(folder / "dataset", r".*") as partial:
        (partial / "10_nasu").mkdir()
        for number in range(50):
            (partial / "10_nasu" / f"img{number}.txt").write_text("nasu")


def write_file(folder: Path) -> None:
    write_atomically(folder / "written/tagged.json", b"nasu")


def copy_file(folder: Path) -> None:
    source = folder.parent / "source"  # on another disk
    source.write_text("nasu")
    copy_atomically(source, folder / "copies/nasu")


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".lock" and ".dataset.old" not in path.parts
    }


@pytest.mark.kills
@pytest.mark.parametrize("write", [write_folder, write_file, copy_file])
@pytest.mark.parametrize("wait", [0, 1.5, 6])
def test_what_was_written_is_there_after_a_power_cut(
    tmp_path: Path, write: Callable[[Path], None], wait: float
) -> None:
    with disk(tmp_path / "power", 20) as power:
        for _ in range(2):  # the second time in place of the first
            write(power.root)
        before = files(power.root)
        (power.root / "unlike").write_text("ours")
        time.sleep(wait)
        power.cut_power()
        after = files(power.root)
        assert after.pop("unlike", "") == "", "this disk loses nothing, and so shows nothing"
        assert after == before


@pytest.mark.parametrize("refusal", [errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP])
def test_file_system_that_knows_no_fsync_is_none_the_worse(
    refusal: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError(refusal, os.strerror(refusal))

    monkeypatch.setattr(os, "fsync", refuse)
    write_folder(tmp_path)
    assert len(files(tmp_path)) == 50


def test_disk_that_fails_is_no_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    write_folder(tmp_path)
    before = files(tmp_path)
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output error") as error:
        write_folder(tmp_path)
    assert Path(error.value.filename).is_relative_to(tmp_path / ".dataset.partial")
    with pytest.raises(OSError, match="Input/output error"):
        write_file(tmp_path)
    assert files(tmp_path) == before


@pytest.mark.parametrize("known", [True, False])
def test_mac_s_disk_is_asked_once_for_a_folder(
    known: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stands in for macOS, where F_FULLFSYNC is 51; some disks there don't know it."""
    asked: list[int] = []
    synced: list[int] = []

    def answer(_: int, command: int) -> None:
        asked.append(command)
        if not known:
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    monkeypatch.setattr(fcntl, "F_FULLFSYNC", 51, raising=False)
    monkeypatch.setattr(fcntl, "fcntl", answer)
    monkeypatch.setattr(os, "fsync", synced.append)
    for name in ("a", "b", "c"):
        (tmp_path / name).touch()
    keep_tree(tmp_path)
    assert asked == [51]
    assert len(synced) == 3 + (not known)
    keep(tmp_path / "a")
    assert asked == [51, 51]


def test_full_disk_is_named_not_what_was_copied_to_it(tmp_path: Path) -> None:
    (tmp_path / "drawing").write_bytes(b"x" * 10_000)
    with store(tmp_path / "small", "100k") as small, fill(small):
        writers: list[Callable[[], object]] = [
            lambda: copy_atomically(tmp_path / "drawing", small / "copy"),
            lambda: write_atomically(small / "file", b"x" * 10_000),
            lambda: write_folder(small),
        ]
        for write in writers:
            with pytest.raises(OSError, match="No space left") as error:
                write()
            line = no_room(error.value)
            english, _, japanese = line.partition(" / ")
            assert english.startswith(f"{small}: the disk is full, {small}/")
            assert english.endswith("; make room there, then run the same command again")
            assert japanese.startswith(f"{small}: ディスクがいっぱいです。空きを増やして")
        assert {path.name for path in small.iterdir()} <= {"filler", ".dataset.lock"}


def test_quota_is_told_as_such(tmp_path: Path) -> None:
    def write() -> None:
        with written_to(tmp_path / "gone/a.txt"):
            raise OSError(errno.EDQUOT, "Disk quota exceeded")

    with pytest.raises(OSError, match="quota") as error:
        write()
    line = no_room(error.value)
    assert line.startswith(
        f"{mount_point(tmp_path)}: your share of the disk is used up, {tmp_path}"
    )
    assert "割り当てられた容量を使い切りました" in line


def test_other_errors_stay_as_they_are(tmp_path: Path) -> None:
    def write() -> None:
        with written_to(tmp_path):
            raise PermissionError(errno.EACCES, "Permission denied", "a.txt")

    with pytest.raises(PermissionError) as error:
        write()
    assert error.value.filename == "a.txt"


@pytest.mark.parametrize(
    ("content", "lost"),
    [(b"", True), (b"\0" * 40, True), (b"\n", False), (b"1girl\n", False), (b"\x89PNG", False)],
)
def test_lost_file(tmp_path: Path, content: bytes, lost: bool) -> None:
    (tmp_path / "file").write_bytes(content)
    assert is_lost(tmp_path / "file") == lost
