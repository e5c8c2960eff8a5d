"""Wrong taggers, through the command, and what is recorded of right ones."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from stages.library.common.errors import Problem
from stages.library.common.outputs import sha256
from stages.library.common.workers import Place
from stages.library.tagging import tagger as tagging
from stages.library.tagging.families import recognised
from stages.score import main
from tests.support.families import WRITERS
from tests.support.scoring import flags, write_pictures
from tests.support.taggers import (
    TAGS,
    write_classifier,
    write_flat_tagger,
    write_grey_tagger,
    write_tag_list,
    write_tagger,
)


def break_tags(text: str | bytes) -> Callable[[Path], object]:
    data = text.encode() if isinstance(text, str) else text
    return lambda folder: (write_tagger(folder) / "selected_tags.csv").write_bytes(data)


def break_model(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    def write(folder: Path) -> None:
        path = write_tagger(folder) / "model.onnx"
        path.write_bytes(change(path.read_bytes()))

    return write


def beside(other: str, *, name: str = "model.onnx", **how: Any) -> Callable[[Path], Path]:
    """Return what writes a tagger with another file beside it, its model called `name`."""

    def write(folder: Path) -> Path:
        (write_tagger(folder, **how) / "model.onnx").rename(folder / name)
        (folder / other).write_text("{}")
        return folder

    return write


HEAD = "tag_id,name,category,count\n"
ROWS = "".join(f"{number},{name},{kind},0\n" for number, (name, kind) in enumerate(TAGS))

WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "no model": (lambda folder: (write_tagger(folder) / "model.onnx").unlink(), "lacks model.onnx"),
    "no list": (
        lambda folder: (write_tagger(folder) / "selected_tags.csv").unlink(),
        r"lacks selected_tags\.csv, or what another family of taggers has for it \(tag_mapping\.js"
        r".*\); docs/taggers\.md lists the taggers that can be used / 使えるタガーは ",
    ),
    "no files": (lambda folder: folder.mkdir(), "lacks model.onnx"),
    "fewer tags": (break_tags(HEAD + ROWS[: ROWS.rindex("6,")]), "7 scores but .* names 6 tags"),
    "more tags": (break_tags(HEAD + ROWS + "7,x,0,0\n"), "7 scores but .* names 8 tags"),
    "more tags than a model with free output gives": (
        lambda folder: write_tag_list(write_tagger(folder, declared="tags"), [*TAGS, ("x", 0)]),
        "7 scores but .* names 8 tags; take both files from the same model",
    ),
    "no tags": (break_tags(HEAD), "7 scores but .* names 0 tags"),
    "empty list": (break_tags(""), "7 scores but .* names 0 tags"),
    "no category": (break_tags("tag_id,name\n0,a\n"), "no tag list with the columns name and cat"),
    "no name": (break_tags("tag_id,category\n0,0\n"), "no tag list with the columns"),
    "short row": (break_tags(HEAD + "0,a\n"), "no tag list with the columns"),
    "category in words": (break_tags(HEAD + "0,a,general,0\n"), "no tag list with the columns"),
    "list in Shift JIS": (break_tags(HEAD.encode() + b"0,\x82\xc8\x82\xb7,0,0\n"), "no tag list"),
    "list in UTF-16": (break_tags((HEAD + ROWS).encode("utf-16")), "no tag list"),
    "a page of HTML as the list": (break_tags("<html>\n<body>Sorry</body>\n"), "no tag list"),
    "truncated model": (break_model(lambda data: data[: len(data) // 2]), "can't be loaded"),
    "empty model": (break_model(lambda _: b""), "can't be loaded as an ONNX model"),
    "a page of HTML as the model": (
        break_model(lambda _: b"<!doctype html><html>Sorry</html>"),
        "can't be loaded as an ONNX model .* delete .*model.onnx and download again",
    ),
    "a pointer of Git LFS": (
        break_model(lambda _: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
        "can't be loaded",
    ),
    "two inputs": (
        lambda folder: write_tagger(folder, more_inputs=1),
        r"takes 2 inputs \(input, input0\), not one, unlike WD14's; docs/taggers.md lists",
    ),
    "several outputs": (
        lambda folder: write_tagger(folder, outputs=("embedding", "logits", "prediction")),
        r"gives 3 results \(embedding, logits, prediction\), not one, unlike WD14's; docs/",
    ),
    "two dimensions": (write_flat_tagger, r"takes 2 dimensions \(N x 7\), not pictures"),
    "not square": (
        lambda folder: write_tagger(folder, size=(448, 224)),
        "takes pictures of 224 x 448 px, not square ones",
    ),
    "batch of four": (
        lambda folder: write_tagger(folder, batch=4),
        "takes exactly 4 pictures at a time, not one",
    ),
    "colours first": (
        lambda folder: write_tagger(folder, channels_first=True),
        r"takes the colours first \(NCHW: N x 3 x 448 x 448\), not last \(NHWC\), unlike WD14's"
        "; docs/taggers.md lists the taggers",
    ),
    "cl_tagger's list beside, but none": (
        beside("tag_mapping.json", channels_first=True, batch=1),
        r"tag_mapping\.json .*7 scores but tag_mapping\.json names 0 tags|names 0 tags",
    ),
    "grey": (
        write_grey_tagger,
        r"takes N x 448 x 448 x 1: the last is not 3, for the colours",
    ),
    "float16": (
        lambda folder: write_tagger(folder, dtype=TensorProto.FLOAT16),
        r"takes tensor\(float16\), not tensor\(float\)",
    ),
    "bytes": (lambda folder: write_tagger(folder, dtype=TensorProto.UINT8), r"tensor\(uint8\)"),
    "a class": (write_classifier, r"gives tensor\(int64\), not scores"),
    "pictures made ready in a way that isn't told": (
        beside("preprocess.json"),
        r"preprocess\.json says neither test nor stages; take it, like the model, from",
    ),
    "several models": (
        beside("b.onnx", name="a.onnx"),
        r"holds several models \(a\.onnx, b\.onnx\); write one's name after a / behind it",
    ),
    "as transformers have it": (
        lambda folder: (beside("preprocessor_config.json")(folder) / "model.onnx").unlink(),
        r"lacks model\.onnx \(it looks like the models of transformers\); docs/taggers\.md",
    ),
    "logits": (
        lambda folder: write_tagger(folder, scale=-9),
        "gives -8.* which are logits, not probabilities from 0 to 1, in its output output; docs/",
    ),
    "large": (lambda folder: write_tagger(folder, scale=9), "gives .* to .*, which are logits"),
    "a name that steers a terminal": (
        lambda folder: write_tagger(folder, outputs=("a\x1b[2J", "b")),
        r"gives 2 results \(a\\x1b\[2J, b\)",
    ),
    "not numbers": (
        lambda folder: write_tagger(folder, scale=np.nan),
        "gives nan to nan, not probabilities; it is damaged",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_tagger_is_one_line_and_old_scores_are_kept(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    write_pictures(tmp_path)
    scores = tmp_path / "scores.npz"
    scores.write_bytes(b"of an earlier run")
    write, message = WRONG[name]
    write(tmp_path / "tagger")
    assert main(flags(tmp_path, tmp_path / "tagger")) == 1
    out, err = capfd.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == 1, err
    assert lines[0].startswith("score: error: params.yaml, tagger.model: ")
    assert re.search(message, lines[0]), lines[0]
    assert scores.read_bytes() == b"of an earlier run"


def test_the_folder_one_stands_in(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pictures(tmp_path)
    monkeypatch.chdir(write_tagger(tmp_path / "tagger"))
    assert main(flags(tmp_path, ".")) == 0
    assert " by tagger on cpu" in capfd.readouterr().out
    Path("model.onnx").write_bytes(b"")
    assert main(flags(tmp_path, ".")) == 1
    assert "delete model.onnx and download again" in capfd.readouterr().err


def fingerprint(folder: Path, provider: str = "cpu") -> str:
    files, contract = recognised(folder, "", "it")
    digests = tagging.digests_of(folder, files.names)
    return tagging.fingerprint(files, digests, contract, provider)


def test_provider_tag_list_and_model_are_in_the_fingerprint(tmp_path: Path) -> None:
    one = write_tagger(tmp_path / "one")
    two = write_tagger(tmp_path / "two", scale=0.5)
    names = write_tagger(tmp_path / "three")
    write_tag_list(names, [("x", 9), *TAGS[1:]])
    same = shutil.copytree(one, tmp_path / "four")
    prints = [fingerprint(folder) for folder in (one, two, names)]
    assert len({*prints, fingerprint(one, "openvino")}) == 4
    assert fingerprint(same) == prints[0]


def test_scores_from_before_still_count(tmp_path: Path) -> None:
    """Of a WD14 tagger the fingerprint is what it always was, and so are its pictures."""
    folder = write_tagger(tmp_path / "tagger")
    model, tags = (sha256(folder / name)[:16] for name in ("model.onnx", "selected_tags.csv"))
    assert fingerprint(folder) == f"{model} {tags} cpu contract 1"
    assert fingerprint(folder, "cuda") == f"{model} {tags} cuda batches contract 1"
    (folder / "config.json").write_text("{}")  # wd-*-v3 have one: it tells nothing
    assert fingerprint(folder) == f"{model} {tags} cpu contract 1"


@pytest.mark.parametrize("family", WRITERS)
def test_another_familys_fingerprint_names_it_and_all_its_files(
    tmp_path: Path, family: str
) -> None:
    folder = WRITERS[family](tmp_path / "tagger")
    tagger = tagging.find_tagger(tagging.Choice(str(folder), "", "", "", "cpu"))
    assert tagger.fingerprint.endswith(f" cpu {family.removesuffix(' of deepghs')} contract 1")
    assert tagging.as_there(tagger) == tagger
    files, _ = recognised(folder, "", "it")
    for name in files.names[1:]:
        path = folder / name
        path.write_text(path.read_text() + " " * name.endswith("json") + "\n")
        assert fingerprint(folder) != tagger.fingerprint, name
        path.write_text(path.read_text()[: -2 if name.endswith("json") else -1])
    assert fingerprint(folder) == tagger.fingerprint


def test_what_the_authors_recommend_is_told(tmp_path: Path) -> None:
    folder = WRITERS["animetimm"](tmp_path / "tagger")
    tagger = tagging.find_tagger(tagging.Choice(str(folder), "", "", "", "cpu"))
    assert tagger.thresholds == {0: 0.39, 4: 0.47, 9: 0.4}
    assert tagger.tag_thresholds == [0.2, 0.3, 0.4, 0.5, 0.6]


def test_one_of_several_models_is_named_by_its_file(tmp_path: Path) -> None:
    folder = beside("b.onnx", name="a.onnx")(tmp_path / "tagger")
    tagger = tagging.find_tagger(tagging.Choice(str(folder / "a.onnx"), "", "", "", "cpu"))
    assert (tagger.folder, tagger.model) == (folder, "a.onnx")
    assert tagging.as_there(tagger) == tagger


def there(tmp_path: Path) -> tagging.Tagger:
    model = str(write_tagger(tmp_path / "tagger"))
    return tagging.find_tagger(tagging.Choice(model, "", "", "", "cpu"))


def test_a_tagger_that_is_the_same_on_another_machine_may_look(tmp_path: Path) -> None:
    tagger = there(tmp_path)
    assert tagging.as_there(tagger) == tagger


def test_another_tagger_or_provider_than_the_one_that_asked_may_not(tmp_path: Path) -> None:
    tagger = there(tmp_path)
    elsewhere = replace(
        tagger,
        provider="openvino",
        fingerprint=tagger.fingerprint.replace(" cpu ", " openvino "),
    )
    with pytest.raises(Problem, match=r"tagger\.provider: openvino isn't available here"):
        tagging.as_there(elsewhere)
    write_tag_list(tagger.folder, [*TAGS[:-1], ("another", 4)])
    with pytest.raises(Problem, match="holds another tagger here; share it, at the same path"):
        tagging.as_there(tagger)
    shutil.rmtree(tagger.folder)
    with pytest.raises(Problem, match="tagger is not here; share it, at the same path"):
        tagging.as_there(tagger)


def test_a_tagger_of_the_hub_is_fetched_where_it_is_not_in_the_same_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagger = there(tmp_path)
    asked: list[tuple[str, str]] = []

    def fetched(model: str, revision: str, *_: object) -> tuple[Path, str]:
        asked.append((model, revision))
        return tagger.folder, ""

    monkeypatch.setattr(tagging, "fetched", fetched)
    away = replace(tagger, folder=tmp_path / "snapshots" / "3fa9c1d2", origin="own@er/m@3fa9c1d2")
    assert tagging.as_there(away).folder == tagger.folder
    assert asked == [("own@er/m", "3fa9c1d2")]


@pytest.mark.parametrize(
    ("wanted", "away", "chosen"),
    [("cuda", False, "chosen"), ("auto", True, "chosen"), ("cuda", True, "cuda")],
)
def test_the_provider_is_chosen_where_it_runs_unless_it_is_named(
    wanted: str, away: bool, chosen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagger = there(tmp_path)
    monkeypatch.setattr(tagging, "choose_provider", lambda *_: "chosen")
    files, _ = recognised(tagger.folder, "", "it")
    choose = tagging.chooser(files, tagger.origin, Place(1, away))
    assert list(choose([wanted])) == [chosen]
