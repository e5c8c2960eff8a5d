from pathlib import Path

import pytest
from PIL import Image, UnidentifiedImageError

from stages.library.dataset.sizes import picture_size


def test_width_and_height_are_read_from_the_header(tmp_path: Path) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "img001.png")
    with (tmp_path / "img001.png").open("r+b") as file:
        file.truncate(60)  # most pixels are gone

    assert picture_size(tmp_path / "img001.png") == (64, 48)


def test_only_pngs_are_prepared_pictures(tmp_path: Path) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "img001.png", format="JPEG")

    with pytest.raises(UnidentifiedImageError):
        picture_size(tmp_path / "img001.png")
