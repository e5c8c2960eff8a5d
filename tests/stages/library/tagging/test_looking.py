"""Looking at pictures; the score stage's tests have the rest, kills included."""

from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.tagging.looking import known_scores, look, look_at_all
from stages.library.tagging.scores import Found, Scores, write_scores
from stages.library.tagging.wd14 import Model, load_model
from tests.support.taggers import TAGS, write_tagger


@pytest.fixture
def model(tmp_path: Path) -> Model:
    return load_model(write_tagger(tmp_path / "tagger"), "cpu")


def picture(folder: Path, name: str, colour: str) -> tuple[str, Path]:
    """Draw a picture; return its SHA-256 and its path."""
    path = folder / name
    Image.new("RGB", (64, 64), colour).save(path)
    return sha256(path.read_bytes()).hexdigest(), path


def scores_of(found: Found) -> dict[str, int]:
    return {TAGS[index][0]: int(score) for index, score in zip(*found, strict=True)}


def test_each_is_found_under_its_content_and_kept(model: Model, tmp_path: Path) -> None:
    todo = dict(picture(tmp_path, f"{colour}.png", colour) for colour in ("red", "blue"))
    found: dict[str, Found] = {}
    saved: list[int] = []
    look_at_all(model, todo, found, lambda: saved.append(len(found)))
    assert saved[-1] == 2
    red, blue = (scores_of(found[digest]) for digest in todo)
    assert (red["red_theme"], blue["blue_theme"]) == (10_000, 10_000)
    assert "blue_theme" not in red


def test_what_was_found_is_kept_when_one_fails(model: Model, tmp_path: Path) -> None:
    todo = dict([picture(tmp_path, "a.png", "red"), ("0" * 64, tmp_path / "a.png")])
    found: dict[str, Found] = {}
    saved: list[list[str]] = []
    with pytest.raises(Problem, match=r"a\.png: was changed while it was read"):
        look_at_all(model, todo, found, lambda: saved.append(list(found)))
    assert saved[-1] == list(todo)[:1]


def test_what_is_no_picture_is_named(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"no picture")
    with pytest.raises(Problem, match=r"a\.png: is no picture; run the prepare stage again"):
        look(model, path, sha256(b"no picture").hexdigest())


def test_another_model_s_scores_are_not_known(model: Model, tmp_path: Path) -> None:
    digest, path = picture(tmp_path, "a.png", "red")
    found, file = look(model, path, digest), tmp_path / "scores.npz"
    tags, kinds = [name for name, _ in TAGS], [kind for _, kind in TAGS]
    write_scores(file, Scores("fingerprint", tags, kinds, ["a"], [digest], [found]))
    assert {key: scores_of(each) for key, each in known_scores(file, "fingerprint").items()} == {
        digest: scores_of(found)
    }
    assert known_scores(file, "another") == {}
    assert known_scores(tmp_path / "none.npz", "fingerprint") == {}
