"""What is lent is taken back; test_lora_folder.py has the rest, with a WebUI."""

from pathlib import Path

from stages.library.drawing.painters.lending import LENT, take_back
from tests.stages.library.drawing.painters.test_lora_folder import names


def test_nothing_can_be_taken_back_where_nothing_was_lent(tmp_path: Path) -> None:
    take_back(tmp_path / LENT)
    assert names(tmp_path) == []
