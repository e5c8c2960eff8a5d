"""Which states a training goes on from, and what reaches the Drive."""

import json
import shutil
from pathlib import Path

import pytest

from stages.library.training.carrying import carry, copy_state, may_vanish
from stages.library.training.states import (
    DIGESTS,
    FILES,
    epoch_of,
    newest_state,
    remove_incomplete,
    remove_old_states,
    state_is_complete,
)
from tests.support.training import safetensors, write_state


@pytest.mark.parametrize("name", FILES)
def test_a_state_without_one_of_its_files_is_incomplete(tmp_path: Path, name: str) -> None:
    state = write_state(tmp_path / "nasu-000001-state", 1)
    assert state_is_complete(state)
    (state / name).unlink()
    assert not state_is_complete(state)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kept", [0, 10])
def test_a_state_with_a_file_cut_off_is_incomplete(tmp_path: Path, name: str, kept: int) -> None:
    state = write_state(tmp_path / "nasu-000001-state", 1)
    (state / name).write_bytes((state / name).read_bytes()[:kept])
    assert not state_is_complete(state)


def test_the_newest_complete_state_that_leaves_an_epoch_is_taken(tmp_path: Path) -> None:
    for epoch in (1, 2, 3):
        write_state(tmp_path / f"nasu-{epoch:06d}-state", epoch)
    write_state(tmp_path / "nasu-state", 4)
    write_state(tmp_path / "nasu-step00000099-state", 3)
    (tmp_path / "nasu-000003-state" / FILES[-1]).unlink()
    found = newest_state(tmp_path, epochs=4)
    assert found
    assert found.name == "nasu-000002-state"
    found = newest_state(tmp_path, epochs=2)
    assert found
    assert found.name == "nasu-000001-state"
    assert newest_state(tmp_path, epochs=1) is None
    remove_incomplete(tmp_path)
    assert not (tmp_path / "nasu-000003-state").exists()


def test_a_copied_state_is_checked_against_its_digests(tmp_path: Path) -> None:
    here, drive = tmp_path / "here", tmp_path / "drive"
    state = write_state(here / "output" / "nasu-000001-state", 1)
    drive.mkdir()
    carry(here, drive)
    copy = drive / "output" / state.name
    assert set(json.loads((copy / DIGESTS).read_text())) == set(FILES)
    assert state_is_complete(copy)
    (copy / "desktop.ini").write_text("[.ShellClassInfo]")  # as Google Drive makes them
    assert state_is_complete(copy)
    data = (copy / FILES[2]).read_bytes()
    (copy / FILES[2]).write_bytes(data.replace(b"archive", b"archivf"))  # still a zip archive
    assert not state_is_complete(copy)
    (tmp_path / "new").mkdir()
    carry(drive, tmp_path / "new")
    assert not list((tmp_path / "new").glob("output/*"))


@pytest.mark.parametrize("cut", [b"", b'{"optimizer.bin": "1', b"\xff\xfe", b"[]", b"null", b"0"])
@pytest.mark.parametrize("name", [FILES[0], DIGESTS])
def test_a_record_that_is_cut_makes_a_state_incomplete_and_is_sent_again(
    tmp_path: Path, name: str, cut: bytes
) -> None:
    here, drive, new = tmp_path / "here", tmp_path / "drive", tmp_path / "new"
    state = write_state(here / "output" / "nasu-000001-state", 1)
    drive.mkdir()
    new.mkdir()
    carry(here, drive)
    copy = drive / "output" / state.name
    (copy / name).write_bytes(cut)
    assert not state_is_complete(copy)
    assert name == DIGESTS or epoch_of(copy) == 0
    carry(drive, new)
    assert not list(new.glob("output/*"))
    carry(here, drive)
    assert state_is_complete(copy)
    assert [path.name for path in drive.glob("output/*")] == [state.name]


def test_what_vanishes_here_is_left_out_but_a_drive_that_vanishes_is_told(tmp_path: Path) -> None:
    here, drive = tmp_path / "here", tmp_path / "drive"
    state = write_state(here / "output" / "nasu-000001-state", 1)
    drive.mkdir()
    carry(here, drive)
    copied = drive / "output" / state.name
    shutil.rmtree(copied)
    (state / FILES[-1]).rename(here / FILES[-1])  # as the trainer removes it, file by file
    copy_state(state, copied, drive)
    shutil.rmtree(state)
    with may_vanish(here):
        copy_state(state, copied, drive)
    assert not list(drive.glob("output/*"))
    write_state(state, 1)
    shutil.rmtree(drive)
    with pytest.raises(FileNotFoundError):
        carry(here, drive)
    assert not drive.exists()


def test_what_is_half_written_does_not_travel(tmp_path: Path) -> None:
    here, drive = tmp_path / "here", tmp_path / "drive"
    output = here / "output"
    state = write_state(output / "nasu-000002-state", 2)
    (state / FILES[-1]).unlink()
    (output / "nasu-000001.safetensors").write_bytes(safetensors({}))
    (output / "nasu-000002.safetensors").write_bytes(safetensors({})[:-1])
    (here / "logs").mkdir()
    (here / "logs" / "events").write_text("1")
    drive.mkdir()
    carry(here, drive)
    there = sorted(p.relative_to(drive).as_posix() for p in drive.rglob("*") if p.is_file())
    assert there == ["logs/events", "output/nasu-000001.safetensors"]


def test_files_that_grew_travel_again_and_old_states_go(tmp_path: Path) -> None:
    here, drive = tmp_path / "here", tmp_path / "drive"
    (here / "logs").mkdir(parents=True)
    (here / "logs" / "events").write_text("1")
    write_state(here / "output" / "nasu-000001-state", 1)
    drive.mkdir()
    carry(here, drive)
    (here / "logs" / "events").write_text("12")
    (here / "output" / "nasu-000001-state").rename(here / "output" / "nasu-000002-state")
    carry(here, drive)
    remove_old_states(here, drive)
    assert (drive / "logs" / "events").read_text() == "12"
    assert [path.name for path in drive.glob("output/*")] == ["nasu-000002-state"]
