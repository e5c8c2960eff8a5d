"""Which family a tagger is of, by its files; and what is lacking where it is of none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.tagging.families import OTHERS, as_other, model_in, needed, recognised
from tests.support.families import WRITERS, write_camie_of_deepghs, write_list, write_pixai_v1_0
from tests.support.taggers import write_tagger

REPOSITORIES = {
    "SmilingWolf/wd-v1-4-moat-tagger-v2": (
        "keras_metadata.pb model.onnx saved_model.pb selected_tags.csv",
        "selected_tags.csv model.onnx",
    ),
    "SmilingWolf/wd-eva02-large-tagger-v3": (
        "config.json model.msgpack model.onnx model.safetensors selected_tags.csv "
        "sw_jax_cv_config.json",
        "selected_tags.csv model.onnx",
    ),
    "animetimm/caformer_b36.dbv4-full": (
        "categories.json config.json meta.json model.onnx model.safetensors preprocess.json "
        "selected_tags.csv thresholds.csv",
        "categories.json preprocess.json selected_tags.csv thresholds.csv model.onnx",
    ),
    "deepghs/pixai-tagger-v0.9-onnx": (
        "model.onnx preprocess.json selected_tags.csv thresholds.csv",
        "preprocess.json selected_tags.csv thresholds.csv model.onnx",
    ),
    "noaione/pixai-tagger-v1.0-onnx": (
        "model.onnx model.onnx.data tags.json",
        "tags.json model.onnx",
    ),
    "cella110n/cl_tagger/cl_tagger_1_02": (
        "model.onnx model_optimized.onnx tag_mapping.json",
        "tag_mapping.json model.onnx",
    ),
    "cella110n/cl_tagger_v2/v2_00": (
        "model.onnx model.onnx.data model_metadata.json model_ood_ref.npz model_tag_metrics.npz "
        "model_vocabulary.json",
        "model_vocabulary.json model.onnx",
    ),
    "Camais03/camie-tagger-v2": (
        "camie-tagger-v2-metadata.json camie-tagger-v2.onnx config.json model.safetensors",
        "camie-tagger-v2-metadata.json camie-tagger-v2.onnx",
    ),
    "deepghs/ml-danbooru-onnx with one model": ("m.onnx tags.csv", "tags.csv m.onnx"),
}
"""Files of repositories, and those that are fetched."""


@pytest.mark.parametrize("repository", REPOSITORIES)
def test_of_a_repository_only_what_a_family_reads_is_fetched(repository: str) -> None:
    there, fetched = (text.split() for text in REPOSITORIES[repository])
    assert needed([".gitattributes", "README.md", *there], "", "it") == fetched


@pytest.mark.parametrize("family", WRITERS)
def test_a_family_is_told_by_its_files(tmp_path: Path, family: str) -> None:
    files, contract = recognised(WRITERS[family](tmp_path), "", "it")
    assert contract.family == family.removesuffix(" of deepghs")
    assert files.model.endswith(".onnx")


def test_a_wd14_tagger_is_none_of_the_others(tmp_path: Path) -> None:
    folder = write_tagger(tmp_path)
    (folder / "config.json").write_text('{"architecture": "eva02"}')
    assert recognised(folder, "", "it")[1].family == "WD14"


def test_a_pixai_v1_0_may_have_its_tags_in_three_ways(tmp_path: Path) -> None:
    folder = write_pixai_v1_0(tmp_path / "config")
    tags, kinds = (lambda told: (told.tags, told.categories))(recognised(folder, "", "it")[1])
    listed = tmp_path / "list"
    listed.mkdir()
    shutil.copy(folder / "model.onnx", listed)
    short = {"general": "rating:g", "explicit": "rating:e"}
    write_list(
        listed / "selected_tags.csv",
        [(short.get(tag, tag), kind) for tag, kind in zip(tags, kinds, strict=True)],
    )
    contract = recognised(listed, "", "it")[1]
    assert (contract.family, contract.tags, contract.categories) == ("PixAI-v1.0", tags, kinds)


def test_the_model_that_is_named_is_taken_of_several(tmp_path: Path) -> None:
    folder = write_camie_of_deepghs(tmp_path)
    assert recognised(folder, "", "it")[0].model == "model.onnx"
    assert recognised(folder, "model_initial_only.onnx", "it")[0].model == "model_initial_only.onnx"
    with pytest.raises(Problem, match=r"it lacks b\.onnx"):
        model_in(["a.onnx", "model.onnx"], "b.onnx", "it")


@pytest.mark.parametrize("other", OTHERS)
def test_what_cannot_be_used_is_named(other: str) -> None:
    assert as_other([f"some/{OTHERS[other][0]}"]) == f" (it looks like {other})"
    with pytest.raises(Problem, match=r"it lacks model\.onnx \(it looks like .*docs/taggers\.md"):
        needed([OTHERS[other][0], "model.safetensors"], "", "it")


def test_files_that_are_of_no_family_are_refused(tmp_path: Path) -> None:
    write_pixai_v1_0(tmp_path)
    (tmp_path / "config.json").write_text('{"architecture": "eva02"}')
    with pytest.raises(Problem, match="has files of several families of taggers, and is of none"):
        recognised(tmp_path, "", "it")
