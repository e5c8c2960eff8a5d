"""Pictures as rows of numbers: of a tagger's own layer, looked at once, the same in any order."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.common.paths import CACHE
from stages.library.common.workers import Place
from stages.library.tagging import models
from stages.library.tagging.features import (
    features_of,
    features_of_tagger,
    start,
)
from stages.library.tagging.kept import FILE, Kept
from stages.library.tagging.looking import all_scores
from stages.library.tagging.scores import Found
from stages.library.tagging.tagger import Choice, Tagger, find_tagger
from tests.support.families import WRITERS
from tests.support.resizing import drawing
from tests.support.taggers import keep_weights_in, write_tagger

COLOURS = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where looks are kept."""
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    return tmp_path / "cache" / FILE


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows with each look: how many pictures it was at."""
    real, seen = models.results_of, list[int]()

    def results_of(model: models.Model, pictures: Any) -> Any:
        seen.append(len(pictures))
        return real(model, pictures)

    monkeypatch.setattr(models, "results_of", results_of)
    return seen


def tagger_in(folder: Path, named: str = "") -> Tagger:
    return find_tagger(Choice(str(folder / named), "", "", "", "cpu"))


def coloured(folder: Path, *colours: str) -> list[Path]:
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number}_{colour}.png" for number, colour in enumerate(colours)]
    for path, colour in zip(paths, colours, strict=True):
        Image.new("RGB", (40, 40), colour).save(path)
    return paths


def rows(tagger: Tagger, pictures: list[Path]) -> Any:
    return features_of(features_of_tagger(tagger), pictures, Kept("judge"))


def test_a_row_of_length_1_for_each_picture_in_order(tmp_path: Path) -> None:
    """The layer before WD14's tags is the mean colour here: blue, green, red."""
    found = rows(tagger_in(write_tagger(tmp_path / "t")), coloured(tmp_path / "p", *COLOURS))
    assert found.dtype == np.float32
    third = 1 / np.sqrt(3)
    wanted = [[0, 0, 1], [0, 1, 0], [1, 0, 0], [third, third, third]]
    assert found == pytest.approx(np.array(wanted), abs=1e-6)


def test_a_picture_that_is_nothing_to_the_model_has_zeros(tmp_path: Path) -> None:
    found = rows(tagger_in(write_tagger(tmp_path / "t")), coloured(tmp_path / "p", "black"))
    assert found.tolist() == [[0, 0, 0]]


def test_none_at_all_are_no_rows(tmp_path: Path) -> None:
    assert rows(tagger_in(write_tagger(tmp_path / "t")), []).shape == (0, 0)


@pytest.mark.parametrize("family", [*WRITERS, "WD14"])
def test_every_family_has_features(tmp_path: Path, family: str) -> None:
    """Those offered as an embedding have a number a tag here, the others three: the mean colour."""
    folder = {**WRITERS, "WD14": write_tagger}[family](tmp_path / "t")
    tagger = tagger_in(folder, "model.onnx" if family == "Camie-v1 of deepghs" else "")
    offered = {"animetimm", "PixAI-v0.9"}
    assert (features_of_tagger(tagger).place == "embedding") == (family in offered)
    found = rows(tagger, coloured(tmp_path / "p", *COLOURS))
    assert found.shape == (4, len(tagger.tags) if family in offered else 3)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(4), abs=1e-6)
    likeness = found @ found.T
    assert (likeness[~np.eye(4, dtype=bool)] < 0.99).all(), "each colour is another one"


def test_without_such_a_layer_the_tags_are_taken(tmp_path: Path, looked: list[int]) -> None:
    """As the builtin one's, which has no weights."""
    tagger = find_tagger(Choice("builtin", "", "", "", "cpu"))
    assert features_of_tagger(tagger).place == ""
    pictures = coloured(tmp_path / "p", "red", "blue", "red")
    found = rows(tagger, pictures)
    assert found.shape == (3, len(tagger.tags))
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(3), abs=1e-6)
    assert (found[0] == found[2]).all()
    assert sum(looked) == 2
    assert rows(tagger, pictures).tolist() == found.tolist()
    assert sum(looked) == 2


def test_each_content_is_looked_at_once_ever(tmp_path: Path, looked: list[int]) -> None:
    tagger = tagger_in(write_tagger(tmp_path / "t"))
    first = coloured(tmp_path / "p", "red", "blue", "red")
    found = rows(tagger, first)
    assert sum(looked) == 2
    again = rows(tagger, [first[1], first[0], *coloured(tmp_path / "other", "lime", "blue")])
    assert sum(looked) == 3, "lime is new"
    assert again[[0, 1, 3]].tolist() == found[[1, 0, 1]].tolist()
    assert rows(tagger, first).tolist() == found.tolist()
    assert sum(looked) == 3


def test_another_layer_or_model_is_another_thing(tmp_path: Path, looked: list[int]) -> None:
    tagger = tagger_in(write_tagger(tmp_path / "t"))
    pictures = coloured(tmp_path / "p", "red")
    source = features_of_tagger(tagger)
    features_of(source, pictures, Kept("judge"))
    features_of(replace(source, place="weighted"), pictures, Kept("judge"))
    rows(tagger_in(write_tagger(tmp_path / "u", scale=0.5)), pictures)
    assert sum(looked) == 3


def test_the_same_look_tells_the_tags(tmp_path: Path, looked: list[int]) -> None:
    tagger = tagger_in(write_tagger(tmp_path / "t"))
    pictures = [tmp_path / f"{seed}.png" for seed in range(3)]
    for seed, path in enumerate(pictures):
        Image.fromarray(drawing(50, 40, seed)).save(path)
    rows(tagger, pictures)
    assert sum(looked) == 3
    digests = {digest_of(path): path for path in pictures}
    found, looks = all_scores(tagger, digests, {}, Kept("judge"))
    assert looks == 0
    alone, looks = all_scores(tagger, digests, {}, Unkept("score"))
    assert looks == 3
    for digest in digests:
        assert plain(found[digest]) == plain(alone[digest])


def digest_of(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def plain(found: Found) -> list[list[int]]:
    return [found[0].tolist(), found[1].tolist()]


class Unkept(Kept):
    """Knows nothing, and keeps nothing."""

    def known(self, *_: Any) -> dict[str, Found]:
        return {}

    def add(self, *_: Any) -> None:
        pass


def test_a_damaged_store_costs_a_look_and_one_line(
    tmp_path: Path, cache: Path, looked: list[int], capfd: pytest.CaptureFixture[str]
) -> None:
    tagger = tagger_in(write_tagger(tmp_path / "t"))
    pictures = coloured(tmp_path / "p", "red", "blue")
    found = rows(tagger, pictures)
    with closing(sqlite3.connect(cache)) as file, file:
        file.execute("UPDATE looks SET found = zeroblob(12)")
    assert rows(tagger, pictures).tolist() == found.tolist()
    assert sum(looked) == 4
    cache.write_bytes(b"no file of SQLite's\n" * 99)
    capfd.readouterr()
    assert rows(tagger, pictures).tolist() == found.tolist()
    said = [line for line in capfd.readouterr().err.splitlines() if "warning" in line]
    assert len(said) == 1
    assert said[0].startswith(f"judge: warning: {cache}: is damaged, or no file of ours")


@pytest.mark.parametrize("linked", [False, True])
def test_weights_in_files_beside_the_model_are_taken(tmp_path: Path, linked: bool) -> None:
    """In the hub's cache they are links out of its folder, which onnxruntime takes of no bytes."""
    folder = write_tagger(tmp_path / "t")
    pictures = coloured(tmp_path / "p", *COLOURS)
    found = rows(tagger_in(folder), pictures)
    keep_weights_in(folder, "weights.bin")
    if linked:
        blobs = tmp_path / "models--nasu--wd" / "blobs"
        snapshot = blobs.parent / "snapshots" / "3fa9c1d2"
        blobs.mkdir(parents=True)
        snapshot.mkdir(parents=True)
        for path in folder.iterdir():
            path.rename(blobs / f"of-{path.name}")
            (snapshot / path.name).symlink_to(f"../../blobs/of-{path.name}")
        folder = snapshot
    tagger = tagger_in(folder)
    assert features_of_tagger(tagger).place == "mean"
    assert rows(tagger, pictures).tolist() == found.tolist()


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(Problem, match=r"a\.png: is no picture"):
        rows(tagger_in(write_tagger(tmp_path / "t")), [tmp_path / "a.png"])


def test_in_batches_each_has_what_it_has_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagger = tagger_in(WRITERS["cl_tagger-v1"](tmp_path / "t"))
    colours = [f"rgb({shade}, 90, 20)" for shade in range(0, 250, 25)]
    pictures = coloured(tmp_path / "p", *colours)
    alone = rows(tagger, pictures)
    real = models.load_model

    def load_model(*given: Any) -> models.Model:
        return replace(real(*given), batch=4)

    monkeypatch.setattr(models, "load_model", load_model)
    other = replace(tagger, fingerprint="in batches")
    assert np.abs(rows(other, pictures) - alone).max() < 1e-6


def test_on_another_machine_the_tagger_is_looked_at_first(tmp_path: Path) -> None:
    source = features_of_tagger(tagger_in(write_tagger(tmp_path / "t")))
    (path,) = coloured(tmp_path / "p", "red")
    for away in (False, True):
        (found,) = start(source, Place(1, away))([(digest_of(path), path)])
        row, _ = found[digest_of(path)]
        assert row.tolist() == pytest.approx([0, 0, 1], abs=1e-6)
    other = replace(source, model=replace(source.model, fingerprint="another"))
    with pytest.raises(Problem, match="holds another tagger here"):
        start(other, Place(1, away=True))
