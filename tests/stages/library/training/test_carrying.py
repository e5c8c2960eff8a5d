"""What is carried to the Drive and back is whole, and the newest."""

from pathlib import Path

import pytest

from stages.library.training.carrying import carry


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
