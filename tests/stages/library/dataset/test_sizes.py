from pathlib import Path

import pytest
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.dataset.sizes import crops_in, picture_size
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


def test_what_pictures_show_is_read_from_the_record(tmp_path: Path) -> None:
    path = tmp_path / "prepared.json"
    path.write_text('{"pictures": {"f0": {"stem": "img001", "crop": [0.25, 0, 0.5, 1]}}}')
    assert crops_in(path) == {"img001": (0.25, 0.0, 0.5, 1.0)}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pictures": {"f0": {"stem": "img001"}}}'])
def test_what_is_no_record_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prepared.json"
    path.write_text(text)
    with pytest.raises(Problem, match=r"prepared\.json: is no record; run the prepare stage again"):
        crops_in(path)
    with pytest.raises(Problem, match=r"none\.json: is no record"):
        crops_in(tmp_path / "none.json")
