"""Whose a value in a card is; test_lora_folder.py has the rest, through `install`."""

from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.drawing.painters.installed_card import DESCRIPTION, MARK, read_card, stays

OURS: dict[str, object] = {"activation text": "nasu", "preferred weight": 0.8}


@pytest.mark.parametrize(
    ("key", "value", "record", "theirs"),
    [
        ("sd version", "SDXL", {}, False),
        (MARK, {"x": 1}, {}, False),
        ("activation text", "1girl", {}, False),
        ("activation text", "nasu, 1girl", {}, True),
        ("preferred weight", 0.8, {"preferred weight": 0.8}, False),
        ("preferred weight", 0.6, {"preferred weight": 0.8}, True),
        ("negative text", "", {}, False),
        ("negative text", "lowres", {}, True),
        ("notes", "run: python -m tools.whence x", {}, False),
        ("notes", "my best one", {}, True),
        ("description", f"{DESCRIPTION} Trigger: nasu", {}, False),
        ("description", "for the cover", {}, True),
    ],
)
def test_what_the_artist_wrote_stays(
    key: str, value: object, record: dict[str, object], theirs: bool
) -> None:
    assert stays(key, value, OURS, record) is theirs


def test_a_card_is_json_or_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "nasu.json"
    assert read_card(path) == {}
    path.write_text("[]")
    with pytest.raises(Problem, match=r"nasu\.json: is no card"):
        read_card(path)
