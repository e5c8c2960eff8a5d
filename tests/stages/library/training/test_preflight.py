"""What is checked before a training starts."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.training.dvc_lock import dvc_md5
from stages.library.training.preflight import (
    MOST_STEPS,
    alpha_lost,
    buckets,
    check_alpha,
    check_dataset,
    check_prompts,
    check_steps,
    dataset_subsets,
    told_lines,
)
from stages.library.training.subsets import shows
from tests.support.training import write_dataset


@pytest.mark.parametrize("name", ["2_secret", "1_nasu/img001.png", "1_nasu/img001.txt"])
def test_a_link_out_of_a_dataset_is_refused(tmp_path: Path, name: str) -> None:
    dataset = write_dataset(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    (dataset / name).unlink(missing_ok=True)
    (dataset / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Problem, match=f"^{dataset / name}: is a link that leads out of its folder"):
        dataset_subsets(dataset)


def test_a_dataset_is_folders_of_pairs_with_their_repeats(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path)
    more = dataset / "3_more"
    shutil.copytree(dataset / "1_nasu", more)
    (dataset / "no_repeats").mkdir()
    found = dataset_subsets(dataset)
    assert [(each.name, len(each.pictures), each.repeats) for each in found] == [
        ("1_nasu", 7, 1),
        ("3_more", 7, 3),
    ]
    assert buckets(shows(found)) == [28]
    (more / "img002.txt").write_text("\n")
    with pytest.raises(Problem, match=r"img002\.txt: is empty, or its first line is"):
        dataset_subsets(dataset)
    (more / "img001.png").unlink()
    with pytest.raises(Problem, match="img001 has no picture, 1 files stand alone"):
        dataset_subsets(dataset)


def test_a_mask_of_what_is_transparent_needs_something_transparent(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path)
    subsets = dataset_subsets(dataset)
    with pytest.raises(Problem, match=r"train\.alpha_mask: no picture of the dataset has"):
        check_alpha(subsets)
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(dataset / "1_nasu" / "img005.png")
    check_alpha(subsets)


def test_a_dataset_whose_transparency_would_be_lost_is_told_of(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path)
    subsets = dataset_subsets(dataset)
    assert alpha_lost(subsets) == ""
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(dataset / "1_nasu" / "img005.png")
    assert alpha_lost(subsets).startswith("1 pictures have transparent parts, which would be")
    assert alpha_lost([replace(each, regular=True) for each in subsets]) == ""


def test_the_dataset_must_be_the_recorded_one(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path)
    md5 = dvc_md5(dataset)
    assert check_dataset(dataset, md5) == md5
    for locked, message in (("", "run dvc repro first"), ("other.dir", "is not the dataset")):
        with pytest.raises(Problem, match=message):
            check_dataset(dataset, locked)


@pytest.mark.parametrize(
    ("steps", "warmup", "message"),
    [
        (750, "100", ""),
        (750, "0.1", ""),
        (15, "50%", ""),
        (750, "many", "'many' is no number; write steps, or a share of them such as 10%"),
        (MOST_STEPS + 1, "0", "more than a day"),
        (100, "100", "never reach its learning rate"),
    ],
)
def test_steps_make_sense(steps: int, warmup: str, message: str) -> None:
    if not message:
        return check_steps(steps, warmup)
    with pytest.raises(Problem, match=message):
        check_steps(steps, warmup)
    return None


@pytest.mark.parametrize("prompt", ["nasu --d 1", "nasu --w 512 --d 1 --s 20", "茄子 --d 12"])
def test_a_prompt_with_a_seed_is_accepted(prompt: str) -> None:
    check_prompts([prompt])


@pytest.mark.parametrize("prompt", ["nasu", "nasu --d x", "# nasu --d 1", "a\nb --d 1", "a--d 1"])
def test_a_prompt_that_makes_no_comparable_picture_is_refused(prompt: str) -> None:
    with pytest.raises(Problem, match=r"lora\.sample_prompts"):
        check_prompts([prompt])


def test_a_second_line_is_told_of_where_it_is_not_read(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path)
    subsets = dataset_subsets(dataset)
    assert told_lines(subsets, wildcard=False, shuffled=True) == []
    text = "nasu, smile\nnasu, She smiles at me.\n"
    (dataset / "1_nasu" / "img003.txt").write_text(text, encoding="utf-8")
    (said,) = told_lines(subsets, wildcard=False, shuffled=True)
    assert said.startswith("1 captions have a second line (img003.txt …), which is not read: set ")
    assert "train.enable_wildcard: true にすると" in said
    assert told_lines(subsets, wildcard=True, shuffled=True) == []


def test_a_sentence_that_would_be_shuffled_is_told_of(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path)
    text = "nasu, smile, hat\nnasu, She smiles at me, and then she leaves.\n"
    (dataset / "1_nasu" / "img003.txt").write_text(text, encoding="utf-8")
    subsets = dataset_subsets(dataset)
    (said,) = told_lines(subsets, wildcard=True, shuffled=True)
    assert said.startswith("train.shuffle_caption shuffles what commas part in a sentence, too (im")
    assert told_lines(subsets, wildcard=True, shuffled=False) == []
