"""What the judge looks at: each drawing once, found by its caption, whatever it is called."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.dataset.images import difference_hash
from stages.library.dataset.near_duplicates import words_of
from stages.library.drawing.judging.evidence import (
    HELD_OUT,
    TRAINING,
    Caption,
    Evidence,
    Picture,
)
from stages.library.drawing.judging.material import (
    Drawings,
    drawings_in,
    material_of,
    own_rows,
    vocabulary_of,
)


def draw(folder: Path, stem: str, colour: str, text: str = "nasu, hat\n") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), colour).save(folder / f"{stem}.png")
    (folder / f"{stem}.txt").write_text(text, encoding="utf-8")
    return folder / f"{stem}.png"


def test_drawings_of_the_same_content_are_one(tmp_path: Path) -> None:
    for stem, colour in (("img001", "red"), ("img002", "blue"), ("img003", "red")):
        draw(tmp_path / "10_nasu", stem, colour)
    found = drawings_in(tmp_path)
    assert len(found.paths) == 2
    assert found.rows["img001"] == found.rows["img003"] != found.rows["img002"]
    assert found.paths[found.rows["img003"]].name == "img001.png"


def test_no_name_and_no_folder_decides_on_their_order(tmp_path: Path) -> None:
    colours = ["red", "blue", "lime", "white"]
    for number, colour in enumerate(colours):
        draw(tmp_path / "one" / "1_a", f"img{number}", colour)
        draw(tmp_path / "other" / f"{number}_b", f"img{9 - number}", colour)
    one, other = (drawings_in(tmp_path / name) for name in ("one", "other"))
    assert [p.read_bytes() for p in one.paths] == [p.read_bytes() for p in other.paths]


def test_where_no_drawings_are_there_are_none(tmp_path: Path) -> None:
    (tmp_path / "about.md").write_text("what is held out\n")
    assert drawings_in(tmp_path) == Drawings([], {})
    assert vocabulary_of(tmp_path) == set()


def test_the_vocabulary_is_what_captions_have(tmp_path: Path) -> None:
    draw(tmp_path / "a" / "1_x", "img001", "red", "nasu, Long hair, hat\n")
    draw(tmp_path / "b" / "1_x", "img002", "blue", "nasu, smile\n")
    assert vocabulary_of(tmp_path / "a", tmp_path / "b") == {"nasu", "long_hair", "hat", "smile"}


def test_everything_finds_its_place(tmp_path: Path) -> None:
    trained = [
        draw(tmp_path / "t" / "1_x", f"img{n}", colour) for n, colour in enumerate(["red", "blue"])
    ]
    held = [draw(tmp_path / "h" / "1_x", "img9", "lime")]
    drawn = [draw(tmp_path / "d", f"p{n}", colour) for n, colour in enumerate(["white", "black"])]
    evidence = Evidence(
        HELD_OUT,
        "0" * 12,
        [Caption("img9", "nasu, hat", ["hat", "unheard_of"])],
        [Picture("p0.png", 0, 0, 0.0, 1, True), Picture("p1.png", 0, 2, 1.0, 1, True)],
    )
    colours = {"white": 1.0, "black": 2.0, "red": 3.0, "blue": 4.0, "lime": 5.0}

    def features(paths: object) -> NDArray[np.float32]:
        seen = [Image.open(path).getpixel((0, 0)) for path in paths]  # type: ignore[attr-defined]
        names = {Image.new("RGB", (1, 1), name).getpixel((0, 0)): name for name in colours}
        return np.array([[colours[names[each]]] for each in seen], np.float32)

    drawings = {TRAINING: drawings_in(tmp_path / "t"), HELD_OUT: drawings_in(tmp_path / "h")}
    found = material_of(
        evidence,
        drawn,
        drawings,
        {"hat", "smile"},
        sees_shapes=True,
        features=features,
        tags=lambda paths: {path: {"smile", "dog"} for path in paths},
    )
    assert found.drawn.features.tolist() == [[1], [2]]
    wanted = {path: 3.0 + number for number, path in enumerate(trained)}
    assert found.trained.features.tolist() == [[wanted[p]] for p in drawings[TRAINING].paths]
    assert found.held_out.features.tolist() == [[5]]
    assert found.own == [0]
    assert found.asked == [frozenset(["hat"])], "what the tagger doesn't know is asked of nobody"
    assert found.found == [frozenset(["smile"])] * 2, "what no caption names is found by nobody"
    with Image.open(held[0]) as picture:
        assert found.held_out.hashes.tolist() == words_of([difference_hash(picture)]).T.tolist()


def test_a_drawing_that_is_gone_is_told() -> None:
    evidence = Evidence(HELD_OUT, "0" * 12, [Caption("img009", "nasu", [])], [])
    with pytest.raises(
        Problem, match=r"caption of img009, which is not among the drawings any more"
    ):
        own_rows(evidence, Drawings([], {}))
