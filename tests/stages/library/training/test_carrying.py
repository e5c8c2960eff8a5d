"""What is carried to the Drive and back is whole, and the newest."""

import shutil
import zipfile
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.training.carrying import arrived, carry, write_digests
from stages.library.training.states import DIGESTS, FILES, RECEIVED, state_is_complete
from tests.stages.library.training.test_pickles import ATTACKS, REAL, archive


@pytest.mark.parametrize("cut", [b"", b'{"run": "1', b"\xff"])
def test_a_cut_record_of_the_end_takes_the_place_of_none(tmp_path: Path, cut: bytes) -> None:
    here, drive = tmp_path / "here", tmp_path / "drive"
    for folder, record in ((here, b'{"run": "1"}'), (drive, cut)):
        folder.mkdir()
        (folder / "finished.json").write_bytes(record)
    carry(drive, here)
    assert (here / "finished.json").read_bytes() == b'{"run": "1"}'
    carry(here, drive)
    assert (drive / "finished.json").read_bytes() == b'{"run": "1"}'


def test_a_log_that_is_longer_here_is_kept(tmp_path: Path) -> None:
    here, drive = tmp_path / "here", tmp_path / "drive"
    (here / "logs").mkdir(parents=True)
    drive.mkdir()
    (here / "logs" / "events").write_text("1")
    carry(here, drive)
    (here / "logs" / "events").write_text("12")  # while the Drive was away
    carry(drive, here)
    assert (here / "logs" / "events").read_text() == "12"


# -------------------------------------------------------- from a Drive that others may write to

STATE = "output/nasu-000001-state"


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    """Return a run folder on the Drive, with a state that an earlier machine has sent."""
    earlier = tmp_path / "earlier"
    shutil.copytree(REAL, earlier / STATE)
    (tmp_path / "drive").mkdir()
    carry(earlier, tmp_path / "drive")
    return tmp_path / "drive"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


def changed(drive: Path, name: str, data: bytes) -> None:
    """Change a state as somebody does who may write to the Drive, its digests as well."""
    (drive / STATE / name).write_bytes(data)
    write_digests(drive / STATE)


def test_a_state_from_the_drive_is_written_anew_and_not_sent_back(drive: Path, here: Path) -> None:
    carry(drive, here, shared=True)
    state, there = here / STATE, drive / STATE
    assert {path.name for path in state.iterdir()} == {
        *(path.name for path in REAL.iterdir()),
        DIGESTS,
        RECEIVED,
    }
    assert state_is_complete(state)
    for name in ("train_state.json", "model.safetensors"):
        assert (state / name).read_bytes() == (there / name).read_bytes()
    for name in ("optimizer.bin", "scaler.pt"):
        with zipfile.ZipFile(state / name) as mine, zipfile.ZipFile(there / name) as theirs:
            assert mine.namelist() == theirs.namelist()
            assert all(mine.read(each) == theirs.read(each) for each in mine.namelist())
    assert arrived(state, there)
    before = {path.name: path.stat().st_mtime_ns for path in there.iterdir()}
    carry(here, drive)
    assert {path.name: path.stat().st_mtime_ns for path in there.iterdir()} == before
    (there / FILES[2]).write_bytes(b"cut")
    assert not arrived(state, there)
    carry(here, drive)
    assert state_is_complete(there)


def test_a_state_goes_from_machine_to_machine(drive: Path, tmp_path: Path) -> None:
    for name in ("second", "third", "fourth"):
        (tmp_path / name).mkdir()
        carry(drive, tmp_path / name, shared=True)
        assert state_is_complete(tmp_path / name / STATE)
        shutil.rmtree(drive / STATE)
        carry(tmp_path / name, drive)
        assert state_is_complete(drive / STATE)


@pytest.mark.parametrize("name", ["optimizer.bin", "scheduler.bin", "scaler.pt", FILES[-1]])
@pytest.mark.parametrize("attack", ["system", "by the stack"])
def test_a_state_that_may_run_something_is_told_and_left_there(
    drive: Path, here: Path, name: str, attack: str
) -> None:
    changed(drive, name, archive(ATTACKS[attack]))
    with pytest.raises(Problem, match=rf"the Drive's state nasu-000001-state .*: {name} ") as error:
        carry(drive, here, shared=True)
    assert "delete the state" in str(error.value)
    assert not list(here.glob("output/*"))
    assert not list(here.glob("output/.*"))
    shutil.rmtree(drive / STATE)
    carry(drive, here, shared=True)


@pytest.mark.parametrize(
    "name",
    [
        *("custom_checkpoint_0.pkl", "pytorch_model.bin", "optimizer.bin.pkl", "x.py", ".lock"),
        *("random_states_0.pkl~", "distributed_checkpoint.pkl", RECEIVED),
    ],
)
def test_a_file_that_no_state_has_is_left_there(drive: Path, here: Path, name: str) -> None:
    (drive / STATE / name).write_bytes(ATTACKS["system"])
    carry(drive, here, shared=True)
    kept = here / STATE / name
    assert not kept.exists() or ATTACKS["system"] not in kept.read_bytes()
    assert state_is_complete(here / STATE)


def test_a_folder_in_a_state_is_left_there(drive: Path, here: Path) -> None:
    (drive / STATE / "sampler.bin").mkdir()
    carry(drive, here, shared=True)
    assert state_is_complete(here / STATE)
    assert not (here / STATE / "sampler.bin").exists()


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("logs", "events"),
        ("logs/events", ""),
        ("output/sample", "a.png"),
        ("output/a.safetensors", ""),
        ("finished.json", ""),
    ],
)
def test_a_link_out_of_the_drive_brings_nothing_here(
    drive: Path, here: Path, tmp_path: Path, link: str, name: str
) -> None:
    """What came here would be sent to the Drive, for others to read."""
    secret = tmp_path / "home" / (name or Path(link).name)
    secret.parent.mkdir()
    secret.write_bytes((REAL / "model.safetensors").read_bytes() if "safe" in link else b"{}")
    (drive / link).parent.mkdir(exist_ok=True)
    (drive / link).symlink_to(secret.parent if name else secret)
    assert (drive / link / name).is_file()
    carry(drive, here, shared=True)
    assert not (here / link).exists()


def test_a_state_that_is_a_link_brings_nothing_here(
    drive: Path, here: Path, tmp_path: Path
) -> None:
    shutil.move(drive / STATE, tmp_path / "elsewhere")
    (drive / STATE).symlink_to(tmp_path / "elsewhere")
    carry(drive, here, shared=True)
    assert not (here / STATE).exists()
    (drive / STATE).unlink()
    shutil.move(tmp_path / "elsewhere", drive / STATE)
    (drive / STATE / "optimizer.bin").rename(tmp_path / "optimizer.bin")
    (drive / STATE / "optimizer.bin").symlink_to(tmp_path / "optimizer.bin")
    carry(drive, here, shared=True)
    assert not (here / STATE).exists()


def test_a_whole_state_of_ours_stays(drive: Path, here: Path) -> None:
    shutil.copytree(REAL, here / STATE)
    changed(drive, "optimizer.bin", archive(ATTACKS["system"]))
    carry(drive, here, shared=True)
    assert (here / STATE / "optimizer.bin").read_bytes() == (REAL / "optimizer.bin").read_bytes()


@pytest.mark.parametrize("record", ["{}", '{"../../home": "0"}', '{"optimizer.bin": 1}', "[]"])
def test_digests_that_say_nothing_make_no_state_whole(drive: Path, here: Path, record: str) -> None:
    (drive / STATE / DIGESTS).write_text(record)
    carry(drive, here, shared=True)
    assert not (here / STATE).exists()
