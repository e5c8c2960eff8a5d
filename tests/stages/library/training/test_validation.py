"""Drawings that are held back: which are validated with, and how the trainer is told."""

from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.training.subsets import Subset
from stages.library.training.validation import (
    can_validate,
    dataset_config,
    held_back_subset,
    validating,
)
from tests.support.training import write_dataset, write_held_out


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_dataset(tmp_path)
    return write_held_out(tmp_path, "nasu, hat", "nasu, cat")


def test_all_folders_are_one(folder: Path) -> None:
    (folder / "3_nasu" / "img102.png").rename(folder / "img102.png")
    (folder / "3_nasu" / "img102.txt").rename(folder / "img102.txt")
    (folder / "1_miso").mkdir()
    for name in ("img102.png", "img102.txt"):
        (folder / name).rename(folder / "1_miso" / name)
    found = held_back_subset(folder, {})
    assert found
    assert (found.name, found.repeats) == ("1_held_out", 1)
    assert [path.name for path in found.pictures] == ["img101.png", "img102.png"]
    assert [found.caption(path) for path in found.pictures] == ["nasu, hat", "nasu, cat"]


def test_without_drawings_there_is_nothing(tmp_path: Path) -> None:
    write_dataset(tmp_path)
    assert held_back_subset(write_held_out(tmp_path), {}) is None
    assert held_back_subset(tmp_path / "nowhere", {}) is None


def test_a_share_of_the_training_s_own_goes_before_them(folder: Path) -> None:
    assert held_back_subset(folder, {"validation_split": ["0.1"]}) is None
    assert held_back_subset(folder, {"validation_split": ["0"]})


def test_one_without_a_caption_is_named(folder: Path) -> None:
    (folder / "3_nasu" / "img102.txt").unlink()
    with pytest.raises(Problem, match="3_nasu: img102 has no caption"):
        held_back_subset(folder, {})


def test_a_trainer_must_have_the_options() -> None:
    known = ["dataset_config", "validation_seed", "max_data_loader_n_workers", "seed"]
    assert can_validate(known)
    for missing in range(3):
        assert not can_validate(known[:missing] + known[missing + 1 :])


def test_the_trainer_is_told_what_to_train_on_and_what_to_look_at() -> None:
    subsets = [
        Subset(Path("/x/dataset/10_nasu_style"), 10, ()),
        Subset(Path("/x/regular/1_girl"), 1, (), regular=True),
    ]
    own, looked_at = dataset_config(subsets, Path("/x/held_out/1_held_out"))["datasets"]
    assert own == {
        "subsets": [
            {
                "image_dir": "/x/dataset/10_nasu_style",
                "num_repeats": 10,
                "is_reg": False,
                "class_tokens": "nasu_style",
            },
            {
                "image_dir": "/x/regular/1_girl",
                "num_repeats": 1,
                "is_reg": True,
                "class_tokens": "girl",
            },
        ]
    }
    (subset,) = looked_at.pop("subsets")
    assert looked_at == {"validation_split": 1.0, "validation_seed": 0, "batch_size": 1}
    assert subset.pop("image_dir") == "/x/held_out/1_held_out"
    assert subset.pop("num_repeats") == 1
    assert not any(subset.values()), "nothing of it is left to chance"


def test_options_of_params_yaml_go_before_those_of_the_validation() -> None:
    path = Path("/x/dataset.json")
    assert validating({"seed": ["7"]}, path) == {
        "dataset_config": ["/x/dataset.json"],
        "validation_seed": ["7"],
        "max_data_loader_n_workers": ["0"],
    }
    assert validating({}, path)["validation_seed"] == ["42"]
    own = {"validation_seed": ["1"], "max_data_loader_n_workers": ["2"]}
    assert validating(own, path) == {"dataset_config": ["/x/dataset.json"]}
