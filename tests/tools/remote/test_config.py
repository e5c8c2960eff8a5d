"""Where a remote is, and whether a Drive is mounted there."""

import unicodedata
from pathlib import Path

import pytest

from tools.remote.config import mount_of


@pytest.mark.parametrize(
    ("path", "mount"),
    [
        ("/Users/nasu/Library/CloudStorage/GoogleDrive-n@example.com/My Drive/NasuTomo/dvc", 7),
        ("/Users/nasu/Library/CloudStorage/GoogleDrive-n@example.com/マイドライブ/dvc", 7),
        ("/content/drive/Shareddrives/nasu/dvc", 4),
        ("/home/nasu/dvc", None),
    ],
)
def test_mount_of_google_drive_is_found_by_its_names(path: str, mount: int | None) -> None:
    decomposed = Path(unicodedata.normalize("NFD", path))
    assert mount_of(decomposed) == (mount and Path(*decomposed.parts[:mount]))
