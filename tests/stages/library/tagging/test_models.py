"""How a model is asked, and what of it is taken: batches, threads, layouts, outputs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.tagging import models, sessions
from tests.support.families import (
    COLOURS,
    WRITERS,
    write_cl_tagger_v1,
    write_pixai_v1_0,
    write_seer,
)
from tests.support.resizing import drawing
from tests.support.taggers import TAGS, write_tagger

NAMES = [name for name, _ in TAGS]


def looked(folder: Path, picture: Image.Image) -> dict[str, float]:
    """What the tagger in `folder` says of a picture, by tag."""
    model = models.load_model(folder, "cpu")
    (scores,) = models.probabilities(model, [model.prepare(picture)])
    return dict(zip(model.tags, map(float, scores), strict=True))


def test_scores_do_not_depend_on_the_number_of_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tagger(tmp_path)
    picture = Image.fromarray(drawing(300, 200))
    seen = []
    for cores in (1, 2, 16):
        monkeypatch.setattr(sessions, "usable_cores", lambda cores=cores: cores)
        seen.append(looked(tmp_path, picture))
    assert seen[0] == seen[1] == seen[2]


def test_in_a_batch_each_has_the_scores_that_it_has_alone(tmp_path: Path) -> None:
    model = models.load_model(write_tagger(tmp_path), "cpu")
    colours = [(240, 20, 20), (20, 240, 20), (20, 20, 240)]
    pictures = [model.prepare(Image.new("RGB", (9, 9), colour)) for colour in colours]
    alone = np.concatenate([models.probabilities(model, [picture]) for picture in pictures])
    together = models.probabilities(replace(model, batch=4), pictures)
    assert together.shape == (3, len(NAMES))
    assert np.abs(together - alone).max() < 1e-4
    red = together[:, NAMES.index("red_theme")].tolist()
    assert red == pytest.approx([240 / 255, 20 / 255, 20 / 255], abs=1e-4)


def test_a_batch_is_halved_until_the_model_can_do_it(tmp_path: Path) -> None:
    model = models.load_model(write_tagger(tmp_path, most=11), "cpu")
    assert models.with_batch(model).batch == 8
    assert models.with_batch(models.load_model(write_tagger(tmp_path), "cpu")).batch == models.BATCH


def test_on_a_cpu_one_at_a_time(tmp_path: Path) -> None:
    """A batch gains nothing there, and the scores of a picture don't depend on its neighbours."""
    assert models.load_model(write_tagger(tmp_path), "cpu").batch == 1


@pytest.mark.parametrize("family", WRITERS)
@pytest.mark.parametrize("colour", ["red", "lime", "blue"])
def test_every_family_sees_the_right_colour(tmp_path: Path, family: str, colour: str) -> None:
    """Colours in the wrong order give wrong tags, and no error."""
    scores = looked(WRITERS[family](tmp_path), Image.new("RGB", (60, 60), colour))
    seen = {tag for tag in COLOURS if scores[tag] > 0.9}
    assert seen == {COLOURS[("red", "lime", "blue").index(colour)]}
    assert all(scores[tag] < 0.1 for tag in set(COLOURS) - seen)


@pytest.mark.parametrize("family", WRITERS)
def test_in_batches_every_family_gives_what_it_gives_alone(tmp_path: Path, family: str) -> None:
    model = models.load_model(WRITERS[family](tmp_path), "cpu")
    pictures = [model.prepare(Image.fromarray(drawing(50, 40, seed))) for seed in range(3)]
    alone = np.concatenate([models.probabilities(model, [picture]) for picture in pictures])
    if family != "ML-Danbooru":  # its model takes one at a time
        together = models.probabilities(replace(model, batch=4), pictures)
        assert np.abs(together - alone).max() < 1e-6
    assert ((alone >= 0) & (alone <= 1)).all()


def test_the_output_that_is_called_so_is_taken_of_several(tmp_path: Path) -> None:
    model = models.load_model(WRITERS["animetimm"](tmp_path / "a"), "cpu")
    assert (model.output, model.logits) == ("prediction", False)
    model = models.load_model(WRITERS["Camie-v2"](tmp_path / "b"), "cpu")
    assert (model.output, model.logits) == ("refined_predictions", True)
    folder = WRITERS["animetimm"](tmp_path / "c")
    write_seer(folder / "model.onnx", 32, 5, {"embedding": "noise", "logits": "logits"}, low=-2)
    model = models.load_model(folder, "cpu")
    assert (model.output, model.logits) == ("logits", True)


def test_outputs_of_other_names_are_told(tmp_path: Path) -> None:
    folder = WRITERS["animetimm"](tmp_path)
    write_seer(folder / "model.onnx", 32, 5, {"a": "logits", "b": "logits"})
    with pytest.raises(
        Problem, match=r"gives 2 results \(a, b\), not prediction or logits, unlike animetimm's"
    ):
        models.load_model(folder, "cpu")


def test_colours_last_are_told_where_they_should_be_first(tmp_path: Path) -> None:
    folder = write_cl_tagger_v1(tmp_path)
    write_tagger(folder)
    with pytest.raises(
        Problem,
        match=r"takes the colours last \(NHWC: N x 448 x 448 x 3\), not first \(NCHW\), unlike cl_",
    ):
        models.load_model(folder, "cpu")


def test_a_file_that_makes_another_size_than_the_model_takes_is_told(tmp_path: Path) -> None:
    folder = WRITERS["animetimm"](tmp_path)
    write_seer(folder / "model.onnx", 48, 5, {"logits": "logits"})
    with pytest.raises(
        Problem, match=r"takes pictures of 48 px, but preprocess\.json makes 32, unlike animetimm's"
    ):
        models.load_model(folder, "cpu")


def test_the_size_is_the_models_where_no_file_says_one(tmp_path: Path) -> None:
    folder = write_pixai_v1_0(tmp_path)
    assert models.load_model(folder, "cpu").shape == (3, 48, 48)
    write_seer(folder / "model.onnx", "side", 9, {"logits": "logits"})
    assert models.load_model(folder, "cpu").shape == (3, 1008, 1008)


def test_a_list_of_other_length_is_named(tmp_path: Path) -> None:
    folder = write_cl_tagger_v1(tmp_path)
    write_seer(folder / "model.onnx", 32, 5, {"output": "logits"})
    with pytest.raises(Problem, match=r"gives 5 scores but tag_mapping\.json names 7 tags"):
        models.load_model(folder, "cpu")
