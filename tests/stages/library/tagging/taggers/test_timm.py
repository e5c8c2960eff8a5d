"""animetimm's files: steps, categories, thresholds by category and by tag."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.tagging.contract import Contract
from stages.library.tagging.model_files import Files
from stages.library.tagging.taggers import timm
from tests.support.families import COLOURS, write_json, write_list, write_timm


def told(folder: Path) -> Contract:
    belonging = timm.files_in("model.onnx", [path.name for path in folder.iterdir()])
    assert belonging
    contract = timm.read(Files(folder, "model.onnx", *belonging))
    assert contract
    return contract


def test_categories_and_thresholds_are_the_files_own(tmp_path: Path) -> None:
    contract = told(write_timm(tmp_path))
    assert contract.tags == [*COLOURS, "miku", "general"]
    assert contract.categories == [0, 0, 0, 4, 9]
    assert contract.thresholds == {0: 0.39, 4: 0.47, 9: 0.4}  # of two rows the first; 0.4 for none
    assert contract.tag_thresholds == [0.2, 0.3, 0.4, 0.5, 0.6]
    assert (contract.size, contract.sized_by) == (32, "preprocess.json")


def test_numbers_of_its_own_are_taken_by_name(tmp_path: Path) -> None:
    folder = write_timm(tmp_path)
    write_list(folder / "selected_tags.csv", [("a", 0), ("b", 1), ("c", 2), ("d", 3), ("e", 4)])
    names = ["rating", "general", "artist", "character", "copyright"]
    told_names = [{"category": number, "name": name} for number, name in enumerate(names)]
    write_json(folder / "categories.json", told_names)
    (folder / "thresholds.csv").write_text("category,threshold\n3,0.7\n")
    contract = told(folder)
    assert contract.categories == [9, 0, 1, 4, 3]
    assert contract.thresholds == {0: 0.4, 1: 0.4, 3: 0.4, 4: 0.7, 9: 0.4}


def test_what_is_not_shipped_is_not_needed(tmp_path: Path) -> None:
    folder = write_timm(tmp_path)
    write_list(folder / "selected_tags.csv", [("a", 0), ("b", 4)])
    for name in ("thresholds.csv", "categories.json"):
        (folder / name).unlink()
    contract = told(folder)
    assert (contract.thresholds, contract.tag_thresholds) == ({0: 0.4, 4: 0.4}, [])


def test_steps_for_others_are_no_animetimms(tmp_path: Path) -> None:
    folder = write_timm(tmp_path)
    write_json(folder / "preprocess.json", {"stages": []})
    assert timm.read(Files(folder, "model.onnx", "selected_tags.csv", ("preprocess.json",))) is None


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("preprocess.json", "[]", "preprocess.json holds no JSON with keys"),
        ("preprocess.json", "<html>", "preprocess.json holds no JSON"),
        ("preprocess.json", '{"test": [{"type": "x"}]}', "has a step that can't be followed"),
        ("categories.json", '[{"category": 0, "name": "species"}]', "isn't known .*species"),
        ("categories.json", '{"category": 0}', "names a category that isn't known"),
        ("thresholds.csv", "a,b\n1,2\n", "thresholds.csv is no list with the column category"),
        ("thresholds.csv", "category,b\n1,2\n", "has not the columns category and threshold"),
        ("selected_tags.csv", "name,category,best_threshold\na,0,\n", "best_threshold that is no"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_named(
    tmp_path: Path, name: str, text: str, words: str
) -> None:
    folder = write_timm(tmp_path)
    (folder / name).write_text(text)
    with pytest.raises(Problem, match=words + ".*take it, like the model, from the model's page"):
        told(folder)
