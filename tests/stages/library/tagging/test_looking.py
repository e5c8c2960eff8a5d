"""Looking at pictures; the score stage's tests have the rest, kills included."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.common.workers import Place
from stages.library.tagging import looking
from stages.library.tagging.looking import (
    as_scores,
    known_scores,
    look_at_all,
    looks,
    pixels_of,
    scores_in,
    start,
)
from stages.library.tagging.models import Model, load_model
from stages.library.tagging.scores import Found, Scores, write_scores
from stages.library.tagging.tagger import Choice, find_tagger
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
    kept: dict[str, Found] = {}
    found = look_at_all(looks(model, 2, todo.items(), scores_in), len(todo), kept.update, "score")
    assert kept == found
    red, blue = (scores_of(found[digest]) for digest in todo)
    assert (red["red_theme"], blue["blue_theme"]) == (10_000, 10_000)
    assert "blue_theme" not in red


def test_what_was_found_is_kept_when_one_fails(model: Model, tmp_path: Path) -> None:
    todo = dict([picture(tmp_path, "a.png", "red"), ("0" * 64, tmp_path / "a.png")])
    kept: dict[str, Found] = {}
    with pytest.raises(Problem, match=r"a\.png: was changed while it was read"):
        look_at_all(looks(model, 2, todo.items(), scores_in), len(todo), kept.update, "score")
    assert list(kept) == list(todo)[:1]


def test_each_is_kept_once_as_time_goes_by(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "KEEPING_SECONDS", -1)
    todo = [picture(tmp_path, f"{shade}.png", f"rgb({shade}, 0, 0)") for shade in range(5)]
    kept: list[str] = []
    look_at_all(looks(model, 2, todo, scores_in), len(todo), kept.extend, "score")
    assert kept == [digest for digest, _ in todo]


def test_what_is_no_picture_is_named(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"no picture")
    with pytest.raises(Problem, match=r"a\.png: is no picture; run the prepare stage again"):
        scores_in(model, [pixels_of(model.prepare, (sha256(b"no picture").hexdigest(), path))])


@pytest.mark.parametrize("batch", [1, 3, 4, 32])
def test_in_batches_the_same_is_found(model: Model, tmp_path: Path, batch: int) -> None:
    todo = dict(
        picture(tmp_path, f"{shade}.png", f"rgb({shade}, 0, 0)") for shade in range(0, 250, 25)
    )
    batched = replace(model, batch=batch)
    found = look_at_all(
        looks(batched, 2, todo.items(), scores_in), len(todo), lambda _: None, "score"
    )
    assert list(found) == list(todo)
    assert [scores_of(each).get("red_theme", 0) for each in found.values()] == [
        pytest.approx(shade / 255 * 10_000 if shade > 10 else 0, abs=25)
        for shade in range(0, 250, 25)
    ]


def test_what_is_wrong_in_one_batch_loses_none_before_it(model: Model, tmp_path: Path) -> None:
    good = [picture(tmp_path, f"{shade}.png", f"rgb({shade}, 0, 0)") for shade in range(50)]
    todo, found = [*good, ("0" * 64, good[0][1])], dict[str, Found]()
    with pytest.raises(Problem, match=r"0\.png: was changed while it was read"):
        look_at_all(
            looks(replace(model, batch=8), 2, todo, scores_in), len(todo), found.update, "score"
        )
    assert len(found) >= 48


def test_the_threshold_of_a_tag_goes_before_that_of_its_category(tmp_path: Path) -> None:
    tagger = find_tagger(Choice(str(write_tagger(tmp_path / "tagger")), "", "", "", "cpu"))
    kinds = {0: 0.35, 4: 0.85}
    assert looking.advised(tagger) == [round(kinds.get(k, 0) * 10_000) for k in tagger.categories]
    of_tags = [0.0, float("nan"), 0.41, 0.0, 1.5, 0.99999, 0.62]
    several = replace(tagger, tag_thresholds=of_tags, thresholds={0: 0.3, 4: 0.8})
    assert looking.advised(several) == [0, 0, 4100, 3000, 3000, 10_000, 6200]
    assert as_scores(several, [], [], {}).advised == looking.advised(several)


def test_another_model_s_scores_are_not_known(model: Model, tmp_path: Path) -> None:
    digest, path = picture(tmp_path, "a.png", "red")
    found = scores_in(model, [pixels_of(model.prepare, (digest, path))])[digest]
    file = tmp_path / "scores.npz"
    tags, kinds = [name for name, _ in TAGS], [kind for _, kind in TAGS]
    write_scores(file, Scores("fingerprint", tags, kinds, ["a"], [digest], [found]))
    assert {key: scores_of(each) for key, each in known_scores(file, "fingerprint").items()} == {
        digest: scores_of(found)
    }
    assert known_scores(file, "another") == {}
    assert known_scores(tmp_path / "none.npz", "fingerprint") == {}


def test_on_another_machine_the_tagger_is_looked_at_first(tmp_path: Path) -> None:
    tagger = find_tagger(Choice(str(write_tagger(tmp_path / "tagger")), "", "", "", "cpu"))
    digest, path = picture(tmp_path, "a.png", "red")
    for away in (False, True):
        (found,) = start(tagger, Place(1, away))([(digest, path)])
        assert scores_of(found[digest])["red_theme"] == 10_000
    other = replace(tagger, fingerprint="another")
    start(other, Place(1, away=False))
    with pytest.raises(Problem, match="holds another tagger here"):
        start(other, Place(1, away=True))
