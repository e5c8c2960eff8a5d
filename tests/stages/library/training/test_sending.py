"""A training and its copy on the Drive, which may be full, away or dead."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from stages.library.common.drive import Drive, find_drive
from stages.library.common.errors import Problem
from stages.library.training.receipt import expected
from stages.library.training.results import tidy
from stages.library.training.sending import hand_over, receive, send
from stages.library.training.training import FINISHED, Training, is_finished
from tests.support.mounts import dead, mount, store, unmount
from tests.support.training import safetensors, write_state

RUN = "a1b2c3"


def training_with(drive: Path, folder: Path) -> Training:
    return training_in(folder / RUN, find_drive(str(drive)))


def training_in(folder: Path, drive: Drive | None = None) -> Training:
    return Training("nasu", folder, drive, {}, [], 4, 4, [], expected([], {}))


def train_to(training: Training, epoch: int) -> None:
    """Write what the trainer leaves of an epoch."""
    (training.folder / "logs").mkdir(parents=True, exist_ok=True)
    with (training.folder / "logs/events").open("a") as log:
        log.write(f"{epoch}\n")
    write_state(training.output / f"nasu-{epoch:06d}-state", epoch)
    (training.output / f"nasu-{epoch:06d}.safetensors").write_bytes(safetensors({}))


def finish(training: Training) -> None:
    training.lora.write_bytes(safetensors({}))
    (training.folder / FINISHED).write_text(json.dumps({"run": RUN}))


def sent(training: Training) -> list[str]:
    """Return the names of what is on the Drive of a training."""
    assert training.mirror
    return sorted(path.name for path in training.mirror.glob("output/*"))


def check_that_all_arrives_when_it_is_back(
    training: Training,
    take_away: Callable[[], object],
    bring_back: Callable[[], object],
    capsys: pytest.CaptureFixture[str],
) -> None:
    train_to(training, 1)
    assert send(training)
    assert capsys.readouterr().err == ""
    take_away()
    train_to(training, 2)
    assert not send(training)
    train_to(training, 3)
    assert not send(training)
    (warning,) = capsys.readouterr().err.splitlines()  # not one every time
    assert "the Drive is away; the training goes on" in warning
    assert "run cell 2 again" in warning
    assert str(training.folder) in warning
    bring_back()
    assert send(training)
    assert "the Drive has all again" in capsys.readouterr().out
    names = [f"nasu-{n:06d}{end}" for n in (1, 2, 3) for end in ("-state", ".safetensors")]
    assert sent(training) == names
    assert training.mirror
    assert (training.mirror / "logs/events").read_text() == "1\n2\n3\n"
    finish(training)
    hand_over(training)
    tidy(training)
    assert sent(training) == sorted(path.name for path in training.output.iterdir())
    assert is_finished(training.mirror)


def test_states_reach_a_folder_that_was_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drive, elsewhere = tmp_path / "drive", tmp_path / "elsewhere"
    drive.mkdir()

    def bring_back() -> None:
        assert not drive.exists()
        elsewhere.rename(drive)

    training = training_with(drive, tmp_path / "training")
    check_that_all_arrives_when_it_is_back(
        training, lambda: drive.rename(elsewhere), bring_back, capsys
    )


def test_states_reach_a_mount_that_was_away_and_its_place_stays_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drive = tmp_path / "drive"
    drive.mkdir()

    with store(tmp_path / "store") as kept:

        def bring_back() -> None:
            assert not list(drive.iterdir())
            mount("--bind", kept, drive)

        mount("--bind", kept, drive)
        training = training_with(drive, tmp_path / "training")
        check_that_all_arrives_when_it_is_back(training, lambda: unmount(drive), bring_back, capsys)
        unmount(drive)
        assert not list(drive.iterdir())


def test_a_drive_that_dies_stops_neither_the_training_nor_its_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drive = tmp_path / "content" / "drive"
    drive.mkdir(parents=True)
    training = training_with(drive, tmp_path / "training")
    train_to(training, 1)
    assert send(training)
    with dead(drive.parent):
        train_to(training, 2)
        assert not send(training)
        with pytest.raises(Problem, match="before the training began; in Colab run cell 2"):
            receive(training)
        finish(training)
        hand_over(training)
        tidy(training)
        assert "then run cell 10 (python -m tools.remote push)" in capsys.readouterr().err
    assert "nasu-000001-state" in sent(training)  # what an unsent training may go on from
    assert training.finished


def test_a_drive_that_takes_nothing_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "drive").mkdir()
    (tmp_path / "drive/state").write_text("a file where a folder should be")
    training = training_with(tmp_path / "drive", tmp_path / "training")
    train_to(training, 1)
    assert not send(training)
    assert not send(training)
    assert capsys.readouterr().err.count("the Drive takes no state now: ") == 1
    (tmp_path / "drive/state").unlink()
    assert send(training)


def test_without_a_drive_all_is_there(tmp_path: Path) -> None:
    training = training_in(tmp_path)
    receive(training)
    assert training.mirror is None
    assert send(training)


@pytest.mark.parametrize("record", [b"", b'{"run": "a1b2', b"\xff", b"[]", b'{"run": "other"}'])
def test_a_record_that_is_cut_or_another_s_finishes_no_training(
    tmp_path: Path, record: bytes
) -> None:
    (tmp_path / "drive").mkdir()
    training = training_with(tmp_path / "drive", tmp_path / "training")
    train_to(training, 1)
    finish(training)
    assert training.finished
    assert send(training)
    assert training.mirror
    (training.mirror / FINISHED).write_bytes(record)
    shutil.rmtree(training.folder)
    receive(training)
    assert not training.finished
    (training.folder / FINISHED).write_bytes(record)
    assert not training.finished
    other = training_in(training.folder.with_name("other"))
    train_to(other, 1)
    tidy(other)
    assert training.folder.is_dir()  # only what is finished makes room
