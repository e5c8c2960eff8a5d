"""The encoder that params.yaml names is found, pinned, loaded, and its features are kept."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.common.outputs import sha256
from stages.library.common.paths import CACHE
from stages.library.common.workers import Place
from stages.library.tagging import models, providers
from stages.library.tagging.encoder import Encoder, Pinned, as_there, find_encoder
from stages.library.tagging.features import Features, features_of, find_features, start
from stages.library.tagging.kept import Kept
from stages.library.tagging.models import load_encoder
from stages.library.tagging.tagger import Choice, find_tagger
from tests.standins.hub import COMMIT, REPOSITORY, serving
from tests.support.clones import PROJECT
from tests.support.encoders import WRITERS, write_ccip, write_clip, write_means
from tests.support.taggers import keep_weights_in, write_tagger

NOTHING = Pinned("", "")
COLOURS = ("red", "lime", "blue", "white")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))


def found_in(place: Path) -> Encoder:
    return find_encoder(str(place), NOTHING, "cpu")


def coloured(folder: Path, colours: Sequence[str] = COLOURS) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for colour in colours:
        Image.new("RGB", (50, 40), colour).save(folder / f"{colour}.png")
    return [folder / f"{colour}.png" for colour in colours]


@pytest.mark.parametrize("kind", WRITERS)
def test_each_kind_makes_rows_of_length_1(tmp_path: Path, kind: str) -> None:
    source = Features(found_in(WRITERS[kind](tmp_path / "model")))
    rows = features_of(source, coloured(tmp_path / "p"), Kept("judge"))
    assert rows.shape == (4, 3)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(4), abs=1e-6)
    assert [int(row.argmax()) for row in rows[:3]] == [0, 1, 2], "red, green, blue"


def test_each_picture_is_looked_at_once_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, looked = models.results_of, list[int]()

    def results_of(model: models.Model, pictures: Any) -> Any:
        looked.append(len(pictures))
        return real(model, pictures)

    monkeypatch.setattr(models, "results_of", results_of)
    pictures = coloured(tmp_path / "p")
    source = Features(found_in(write_clip(tmp_path / "model")))
    first = features_of(source, pictures, Kept("judge"))
    again = features_of(source, pictures, Kept("judge"))
    assert (sum(looked), first.tolist()) == (4, again.tolist())
    write_clip(tmp_path / "model", resample=2)
    features_of(Features(found_in(tmp_path / "model")), pictures, Kept("judge"))
    assert sum(looked) == 8, "pictures made ready otherwise are others"


def test_the_tagger_itself_may_be_meant_or_an_encoder(tmp_path: Path) -> None:
    tagger = find_tagger(Choice(str(write_tagger(tmp_path / "tagger")), "", "", "", "cpu"))
    assert find_features("tagger", NOTHING, tagger) == Features(tagger, "mean")
    model = str(write_ccip(tmp_path / "model"))
    source = find_features(model, NOTHING, tagger)
    assert source == Features(find_encoder(model, NOTHING, "cpu"))
    assert source.fingerprint.endswith(" cpu CCIP contract 1 features")


def test_a_model_in_a_folder_may_be_named(tmp_path: Path) -> None:
    folder = write_clip(tmp_path / "model")
    other = write_means(folder / "onnx" / "vision_model_fp16.onnx", ("image_embeds",))
    assert (found_in(folder).model, found_in(folder).origin) == ("onnx/vision_model.onnx", "model")
    named = found_in(other)
    assert (named.folder, named.model) == (folder, "onnx/vision_model_fp16.onnx")
    ccip = write_ccip(tmp_path / "ccip")
    named = found_in(ccip / "model_feat.onnx")
    assert (named.folder, named.model) == (ccip, "model_feat.onnx")


def test_what_decides_on_features_is_in_the_fingerprint(tmp_path: Path) -> None:
    folder = write_clip(tmp_path / "model")
    names = {found_in(folder).fingerprint}
    write_clip(folder, resample=2)
    names.add(found_in(folder).fingerprint)
    keep_weights_in(folder / "onnx", "more.bin", model_name="vision_model.onnx")
    names.add(found_in(folder).fingerprint)
    (folder / "onnx" / "more.bin").write_bytes(bytes(12))
    names.add(found_in(folder).fingerprint)
    assert len(names) == 4


MISFITS: list[tuple[dict[str, Any], str]] = [
    ({"inputs": ("pixel_values", "input_ids")}, r"takes 2 inputs \(pixel_values, input_ids\), not"),
    ({"size": 64}, r"takes pictures of 64 px, but preprocessor_config\.json makes 32"),
    ({"results": ("last_hidden_state",)}, r"gives 1 results \(last_hidden_state\), not image_emb"),
    ({"kind": TensorProto.INT64}, r"gives tensor\(int64\), not features of tensor\(float\)"),
]


@pytest.mark.parametrize(("what", "said"), MISFITS, ids=str)
def test_a_model_that_is_none_is_told(tmp_path: Path, what: dict[str, Any], said: str) -> None:
    folder = write_clip(tmp_path)
    results = what.pop("results", ("image_embeds",))
    write_means(folder / "onnx" / "vision_model.onnx", results, **what)
    with pytest.raises(Problem, match=rf"judge\.features: .*vision_model.onnx {said}"):
        load_encoder(folder, "cpu")


def test_a_damaged_model_is_told_by_its_key(tmp_path: Path) -> None:
    folder = write_ccip(tmp_path)
    (folder / "model_feat.onnx").write_bytes(b"no model")
    with pytest.raises(Problem, match=r"judge\.features: .*can't be loaded as an ONNX"):
        load_encoder(folder, "cpu")


@pytest.mark.parametrize("shift", [0.0, 0.1])
def test_auto_takes_what_gives_the_features_of_the_cpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shift: float
) -> None:
    folder = write_clip(tmp_path)
    monkeypatch.setattr(providers, "available", lambda provider: provider != "cuda")

    def load(folder: Path, provider: str, cores: int | None = None, named: str = "") -> Any:
        model = load_encoder(folder, "cpu", cores, named)
        return replace(model, key=provider)

    real = models.results_of

    def results_of(model: Any, pictures: Any) -> Any:
        moved = np.array([0, 0, shift * (model.key != "cpu")], np.float32)
        return [each + moved for each in real(model, pictures)]

    monkeypatch.setattr(providers, "results_of", results_of)
    chosen = providers.choose_provider("auto", folder, "", load)
    assert chosen == ("cpu" if shift else "openvino-float32")


def test_on_another_machine_the_model_is_looked_at_first(tmp_path: Path) -> None:
    encoder = found_in(write_clip(tmp_path / "model"))
    assert as_there(encoder) == encoder
    start(Features(encoder), Place(1, away=True))
    other = replace(encoder, fingerprint="another")
    start(Features(other), Place(1, away=False))
    with pytest.raises(Problem, match=r"judge\.features: .* holds another model here; share it"):
        start(Features(other), Place(1, away=True))
    gone = replace(encoder, folder=tmp_path / "gone")
    with pytest.raises(Problem, match=r"judge\.features: .*gone is not here; share it"):
        as_there(gone)


# ------------------------------------------------------------------------------------- from the hub


FIND = """
import sys
from stages.library.common.errors import Problem
from stages.library.tagging.encoder import Pinned, find_encoder
from stages.library.tagging.models import load_encoder
try:
    found = find_encoder(sys.argv[1], Pinned(sys.argv[2], sys.argv[3]), "cpu")
    load_encoder(found.folder, "cpu", named=found.model)
    print(found.model, found.origin)
except Problem as error:
    print(error)
"""


def asked(tmp_path: Path, address: str, model: str, revision: str, digest: str) -> str:
    """Find an encoder in a process of its own, since the hub's library reads its settings once."""
    variables = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    hub = {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "hf"), "NO_PROXY": "*"}
    done = subprocess.run(
        [sys.executable, "-c", FIND, model, revision, digest],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env=variables | hub | {"HF_HUB_DOWNLOAD_TIMEOUT": "1"},
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_an_encoder_of_the_hub_is_pinned_and_fetched_once(tmp_path: Path) -> None:
    served = tmp_path / "served"
    write_clip(served)
    keep_weights_in(served / "onnx", "vision.onnx_data", model_name="vision_model.onnx")
    digest = sha256(served / "onnx" / "vision_model.onnx")
    with serving(served) as hub:
        said = asked(tmp_path, hub.address, REPOSITORY, "", "")
        assert said.splitlines()[:3] == [
            "params.yaml, judge: the revision '' can be moved to other files; now it is",
            f"  features_revision: {COMMIT}",
            f"  features_sha256: {digest}",
        ]
        assert "この 2 行を params.yaml の judge に書き写し" in said
        hub.asked.clear()
        wanted = f"onnx/vision_model.onnx {REPOSITORY}@{COMMIT}"
        assert asked(tmp_path, hub.address, REPOSITORY, COMMIT, digest) == wanted
        assert hub.asked == [], "all of it is here"
        said = asked(tmp_path, hub.address, REPOSITORY, COMMIT, "0" * 64)
        assert "is not what is written there" in said
        named = f"{REPOSITORY}/onnx/vision_model.onnx"
        assert (
            asked(tmp_path, hub.address, named, COMMIT, digest)
            == f"onnx/vision_model.onnx {named}@{COMMIT}"
        )


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("tager", "'tager' is neither tagger, nor a folder, nor OWNER/MODEL; did you mean tagger?"),
        ("Xenova/clip-vit-base-patch3", "no model on the hub; did you mean Xenova/clip-vit-base-p"),
        (REPOSITORY, "lacks preprocessor_config.json with model.onnx, which says what pictures"),
        (f"{REPOSITORY}/ccip", "lacks vision_model.onnx, model_feat.onnx or image_encode.onnx; "),
        (f"{REPOSITORY}/../x", "is neither tagger, nor a folder, nor OWNER/MODEL"),
    ],
)
def test_what_is_no_encoder_is_told(tmp_path: Path, model: str, said: str) -> None:
    with serving(write_tagger(tmp_path / "served")) as hub:
        found = asked(tmp_path, hub.address, model, COMMIT, "")
    assert found.startswith("params.yaml, judge.features: ")
    assert said in found
    assert "\n" not in found
