"""The room that a training takes."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from stages.library.common.errors import Problem
from stages.library.training.room import GB, bytes_needed, check_room


def test_room_is_asked_of_the_disk_that_will_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def disk_usage(path: Path) -> SimpleNamespace:
        asked.append(path)
        return SimpleNamespace(free=GB)

    monkeypatch.setattr(shutil, "disk_usage", disk_usage)
    check_room(tmp_path / "not" / "there", GB, "free some")
    assert asked == [tmp_path]
    with pytest.raises(Problem, match=r"2\.0 GB are needed there and 1\.0 GB are free; free"):
        check_room(tmp_path, 2 * GB, "free some")


def test_sdxl_needs_more() -> None:
    small = bytes_needed("train_network.py", 32, epochs=10, states=2)
    assert bytes_needed("sdxl_train_network.py", 32, epochs=10, states=2) == 6 * small
