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
from stages.library.tagging import taggers, wd14
from stages.score import main
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


def beside(name: str, **how: Any) -> Callable[[Path], Path]:
    """Return what writes a tagger with another file beside it."""

    def write(folder: Path) -> Path:
        write_tagger(folder, **how)
        (folder / name).write_text("{}")
        return folder

    return write


HEAD = "tag_id,name,category,count\n"
ROWS = "".join(f"{number},{name},{kind},0\n" for number, (name, kind) in enumerate(TAGS))

WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "no model": (lambda folder: (write_tagger(folder) / "model.onnx").unlink(), "lacks model.onnx"),
    "no list": (
        lambda folder: (write_tagger(folder) / "selected_tags.csv").unlink(),
        "lacks selected_tags.csv; a WD14 tagger has model.onnx and selected_tags.csv",
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
        r"takes 2 inputs \(input, input0\), not one, unlike WD14's; only WD14 taggers can",
    ),
    "animetimm's": (
        lambda folder: write_tagger(folder, outputs=("embedding", "logits", "prediction")),
        r"gives 3 results \(embedding, logits, prediction\), not one, unlike WD14's \(it looks "
        "like the models of animetimm",
    ),
    "Camie's": (
        lambda folder: write_tagger(folder, outputs=("initial/output", "output")),
        r"gives 2 results .* \(it looks like Camie's tagger\)",
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
        "; only WD14 taggers can be used for now; take one of https://huggingface.co/SmilingWolf",
    ),
    "colours first, and cl_tagger's list": (
        beside("tag_mapping.json", channels_first=True, batch=1),
        r"takes the colours first .* \(it looks like cl_tagger\); only WD14 taggers",
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
    "pictures made ready otherwise": (
        beside("preprocess.json"),
        r"preprocess\.json says that the model wants other pictures than WD14's; only WD14 taggers "
        r".* \(if it is one, remove that file\)",
    ),
    "no list, but cl_tagger's": (
        lambda folder: (beside("tag_mapping.json")(folder) / "selected_tags.csv").unlink(),
        r"lacks selected_tags.csv; a WD14 tagger has model.onnx and selected_tags.csv "
        r"\(it looks like cl_tagger\); only WD14 taggers",
    ),
    "logits": (
        lambda folder: write_tagger(folder, scale=-9),
        "gives -8.* which are logits, not probabilities from 0 to 1, unlike WD14's; only WD14",
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
    return taggers.fingerprint(taggers.digests_of(folder), provider)


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
    """Of a tagger of two files the fingerprint is what it always was."""
    folder = write_tagger(tmp_path / "tagger")
    model, tags = (sha256(folder / name)[:16] for name in ("model.onnx", "selected_tags.csv"))
    assert fingerprint(folder) == f"{model} {tags} cpu contract {wd14.CONTRACT}"


def there(tmp_path: Path) -> taggers.Tagger:
    model = str(write_tagger(tmp_path / "tagger"))
    return taggers.find_tagger(taggers.Choice(model, "", "", "", "cpu"))


def test_a_tagger_that_is_the_same_on_another_machine_may_look(tmp_path: Path) -> None:
    tagger = there(tmp_path)
    assert taggers.as_there(tagger) == tagger


def test_another_tagger_or_provider_than_the_one_that_asked_may_not(tmp_path: Path) -> None:
    tagger = there(tmp_path)
    elsewhere = replace(
        tagger,
        provider="openvino",
        fingerprint=tagger.fingerprint.replace(" cpu ", " openvino "),
    )
    with pytest.raises(Problem, match=r"tagger\.provider: openvino isn't available here"):
        taggers.as_there(elsewhere)
    write_tag_list(tagger.folder, [*TAGS[:-1], ("another", 4)])
    with pytest.raises(Problem, match="holds another tagger here; share it, at the same path"):
        taggers.as_there(tagger)
    shutil.rmtree(tagger.folder)
    with pytest.raises(Problem, match="tagger is not here; share it, at the same path"):
        taggers.as_there(tagger)


def test_a_tagger_of_the_hub_is_fetched_where_it_is_not_in_the_same_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagger = there(tmp_path)
    asked: list[tuple[str, str]] = []

    def fetched(model: str, revision: str) -> Path:
        asked.append((model, revision))
        return tagger.folder

    monkeypatch.setattr(taggers, "fetched", fetched)
    away = replace(tagger, folder=tmp_path / "snapshots" / "3fa9c1d2", origin="own@er/m@3fa9c1d2")
    assert taggers.as_there(away).folder == tagger.folder
    assert asked == [("own@er/m", "3fa9c1d2")]


@pytest.mark.parametrize(
    ("wanted", "away", "chosen"),
    [("cuda", False, "chosen"), ("auto", True, "chosen"), ("cuda", True, "cuda")],
)
def test_the_provider_is_chosen_where_it_runs_unless_it_is_named(
    wanted: str, away: bool, chosen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagger = there(tmp_path)
    monkeypatch.setattr(taggers, "choose_provider", lambda *_: "chosen")
    choose = taggers.chooser(tagger.folder, tagger.origin, Place(1, away))
    assert list(choose([wanted])) == [chosen]
