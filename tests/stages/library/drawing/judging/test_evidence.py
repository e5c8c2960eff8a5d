"""What is drawn for the judge is read as it was written, and not at all if it is anything else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stages.library.common.errors import Problem
from stages.library.drawing.judging.evidence import (
    ASKED,
    HELD_OUT,
    TRAINING,
    Caption,
    Evidence,
    Picture,
    picture_name,
    read_evidence,
    write_evidence,
)

EVIDENCE = Evidence(
    on=HELD_OUT,
    lora="0123456789ab",
    captions=[
        Caption("img003", "nasu, 1girl, 茄子", ["1girl", "茄子"]),
        Caption("img007", "nasu", []),
    ],
    pictures=[
        Picture(picture_name(0, 6, 0.8, 1, True), 0, 6, 0.8, 1, True),
        Picture(picture_name(0, 6, 0.8, 1, False), 0, 6, 0.8, 1, False),
        Picture(picture_name(1, 0, 0, 1, True), 1, 0, 0, 1, True),
    ],
)


def written(folder: Path, evidence: Evidence = EVIDENCE) -> Path:
    folder.mkdir(exist_ok=True)
    for picture in evidence.pictures:
        (folder / picture.name).write_bytes(b"PNG")
    write_evidence(folder, evidence)
    return folder


def test_evidence_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_evidence(written(tmp_path)) == EVIDENCE
    nothing = Evidence(TRAINING, "", [], [])
    assert read_evidence(written(tmp_path / "empty", nothing)) == nothing


def test_the_file_is_text_for_people_with_the_keys_of_the_contract(tmp_path: Path) -> None:
    text = (written(tmp_path) / ASKED).read_text(encoding="utf-8")
    assert "茄子" in text
    assert json.loads(text)["pictures"][0] == {
        "name": "01_e6_w0.8_s1.png",
        "caption": 0,
        "epoch": 6,
        "weight": 0.8,
        "seed": 1,
        "trigger": True,
    }
    assert json.loads(text)["captions"][1] == {"drawing": "img007", "prompt": "nasu", "tags": []}


def test_a_folder_without_evidence_says_how_to_get_some(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"asked\.json: no such file; draw again: dvc repro -s "):
        read_evidence(tmp_path)


def test_a_picture_that_is_missing_is_named(tmp_path: Path) -> None:
    (written(tmp_path) / "02_e0_w0.0_s1.png").unlink()
    with pytest.raises(Problem, match=r"02_e0_w0\.0_s1\.png: no such file, but .*asked\.json"):
        read_evidence(tmp_path)


def change(**changed: Any) -> Callable[[dict[str, Any]], object]:
    """Return what changes the first picture."""
    return lambda asked: asked["pictures"][0].update(changed)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda asked: asked.update({"on": "both"}),
        lambda asked: asked.update({"on": []}),
        lambda asked: asked.update({"lora": 3}),
        lambda asked: asked.pop("captions"),
        lambda asked: asked.update({"captions": {"a": 1}}),
        lambda asked: asked["captions"][0].update({"tags": None}),
        lambda asked: asked["captions"][0].update({"tags": [1]}),
        lambda asked: asked["captions"][0].update({"prompt": None}),
        lambda asked: asked["captions"][0].update({"drawing": "../img003"}),
        lambda asked: asked["captions"][0].update({"more": 1}),
        lambda asked: asked["pictures"].append(asked["pictures"][0]),
        change(name="../01.png"),
        change(name="01.txt"),
        change(name=1),
        change(caption=2),
        change(caption=-1),
        change(caption=True),
        change(epoch="6"),
        change(epoch=0),
        change(weight=0),
        change(weight="1"),
        change(weight=float("nan")),
        change(seed=1.5),
        change(trigger=1),
    ],
)
def test_what_the_stage_never_writes_is_refused(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], object]
) -> None:
    path = written(tmp_path) / ASKED
    asked = json.loads(path.read_text(encoding="utf-8"))
    spoil(asked)
    path.write_text(json.dumps(asked), encoding="utf-8")
    with pytest.raises(Problem, match=r"asked\.json: is not as the generate stage writes it; "):
        read_evidence(tmp_path)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"null", b"\xff", b"[" * 200_000])
def test_a_file_that_is_no_such_json_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ASKED).write_bytes(content)
    with pytest.raises(Problem, match=r"asked\.json: is not as the generate stage writes it; "):
        read_evidence(tmp_path)
