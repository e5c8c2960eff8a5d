from pathlib import Path

import pytest
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.dataset.sizes import picture_size
from tests.support.scoring import write_header


def test_width_and_height_are_read_from_the_header(tmp_path: Path) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "img001.png")
    with (tmp_path / "img001.png").open("r+b") as file:
        file.truncate(60)  # most pixels are gone

    assert picture_size(tmp_path / "img001.png") == (64, 48)


def test_only_pngs_are_prepared_pictures(tmp_path: Path) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "img001.png", format="JPEG")

    with pytest.raises(Problem, match=r"img001\.png: is no picture; run the prepare stage again"):
        picture_size(tmp_path / "img001.png")


def test_what_would_need_gigabytes_is_told_by_its_header(tmp_path: Path) -> None:
    write_header(tmp_path / "img001.png", 50_000, 50_000)

    with pytest.raises(Problem, match=r"img001\.png: is no picture; run the prepare stage again"):
        picture_size(tmp_path / "img001.png")
