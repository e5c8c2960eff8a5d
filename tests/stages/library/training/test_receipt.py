"""What a LoRA's metadata says that it learned, held against the captions."""

import json
from pathlib import Path

import pytest

from stages.library.training.receipt import Receipt, difference, expected, verdict, with_datasets
from stages.library.training.subsets import Subset, read_subsets
from tests.support.training import write_dataset

OPTIONS = {
    "resolution": ["512"],
    "max_token_length": ["225"],
    "shuffle_caption": [],
    "keep_tokens": ["1"],
    "network_dim": ["64"],
    "network_alpha": ["32"],
}


@pytest.fixture
def receipt(tmp_path: Path) -> Receipt:
    """Return the receipt for seven pictures of `nasu, smile`."""
    return expected(read_subsets(write_dataset(tmp_path)), OPTIONS)


def metadata(tags: object = None, **changes: str) -> dict[str, str]:
    """Return what sd-scripts v0.10.1 writes of that training; changed, if so asked."""
    right = {"1_nasu": {"nasu": 7, "smile": 7}}
    return {
        "ss_tag_frequency": json.dumps(right if tags is None else tags),
        "ss_num_train_images": "7",
        "ss_num_reg_images": "0",
        "ss_resolution": "(512, 512)",
        "ss_max_token_length": "225",
        "ss_shuffle_caption": "True",
        "ss_keep_tokens": "1",
        "ss_network_dim": "64",
        "ss_network_alpha": "32.0",
        **changes,
    }


def test_a_lora_that_learned_the_captions_is_as_ordered(receipt: Receipt) -> None:
    assert difference(receipt, metadata()) == ""
    assert (receipt.pictures, receipt.distinct) == (7, 2)


@pytest.mark.parametrize(
    ("tags", "changes", "said"),
    [
        (
            {"1_nasu": {"nasu": 7}},
            {},
            "'smile' 0 times, the captions have it 7 times (as for 1_nas",
        ),
        ({"1_nasu": {"nasu": 7, "smile": 6}}, {}, "'smile' 6 times"),
        (
            {"1_nasu": {"nasu": 7, "smile": 7, "hat": 1}},
            {},
            "'hat' 1 times, the captions have it 0",
        ),
        ({"1_other": {"nasu": 7}}, {}, "it never saw the folder 1_nasu, but 1_other"),
        ({"1_nasu": {"nasu": 7, "smile": 7}, "2_x": {"a": 1}}, {}, "it saw the folder 2_x"),
        ({}, {}, "does not say which tags it saw"),
        ([1], {}, "does not say which tags it saw"),
        (None, {"ss_max_token_length": "None"}, "ss_max_token_length = None, ordered was 225"),
        (None, {"ss_shuffle_caption": "False"}, "ss_shuffle_caption = False, ordered was True"),
        (None, {"ss_keep_tokens": "0"}, "ss_keep_tokens = 0, ordered was 1"),
        (None, {"ss_num_train_images": "6"}, "ss_num_train_images = 6, ordered was 7"),
        (None, {"ss_resolution": "(512, 768)"}, "ordered was (512, 512)"),
        (None, {"ss_network_dim": "4"}, "ss_network_dim = 4, ordered was 64"),
    ],
)
def test_what_differs_is_named(
    tags: object, changes: dict[str, str], said: str, receipt: Receipt
) -> None:
    assert said in difference(receipt, metadata(tags, **changes))


def test_whence_tells_whether_the_captions_were_learned(receipt: Receipt) -> None:
    assert verdict(metadata(), receipt.digest, 7) == "checked, 7 pictures, 2 tags"
    before = metadata({"1_nasumiso_v1": {"nasumiso_v1": 15}})  # of the trainer without .txt
    assert verdict(before, "", 0).startswith("NEVER READ: it learned only the word nasumiso_v1;")
    assert verdict(before, receipt.digest, 7).startswith("NEVER READ")
    assert verdict(metadata(), "", 0) == "not checked; the trainer says 2 tags"
    other = metadata({"1_nasu": {"nasu": 7, "smile": 6}})
    assert verdict(other, receipt.digest, 7).startswith("NOT those of its dataset")


# ------------------------------------------------------------------------------ drawings held back


@pytest.fixture
def validated(tmp_path: Path) -> Receipt:
    """Return the receipt for the same, with two pictures to validate with."""
    subsets = read_subsets(write_dataset(tmp_path / "held"))
    return expected(subsets, OPTIONS, Subset(Path("1_held_out"), 1, (Path("a"), Path("b"))))


def by_dataset(tags: object = None, shuffled: bool = True, **changes: str) -> dict[str, str]:
    """Return what v0.10.1 writes of a training with a dataset_config."""
    found = metadata(tags or {"1_nasu": {"nasu": 7, "smile": 7}, "1_held_out": {}})
    for key in ("ss_resolution", "ss_shuffle_caption", "ss_keep_tokens"):
        del found[key]
    subset = {"num_repeats": 1, "keep_tokens": 1, "shuffle_caption": shuffled}
    datasets = [
        {"resolution": [512, 512], "subsets": [subset]},
        {"resolution": [512, 512], "subsets": []},
    ]
    return found | {
        "ss_num_validation_images": "2",
        "ss_datasets": json.dumps(datasets),
        **changes,
    }


def test_what_stands_in_ss_datasets_is_read_there(validated: Receipt) -> None:
    assert difference(validated, by_dataset()) == ""
    assert with_datasets(by_dataset())["ss_resolution"] == "(512, 512)"
    assert with_datasets(metadata()) == metadata()
    assert with_datasets({"ss_datasets": "[[]]"}) == {"ss_datasets": "[[]]"}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (by_dataset(shuffled=False), "it says ss_shuffle_caption = False, ordered was True"),
        (by_dataset(ss_datasets=""), "it says ss_keep_tokens = nothing, ordered was 1"),
        (
            by_dataset(ss_num_validation_images="1"),
            "it says ss_num_validation_images = 1, ordered was 2",
        ),
        (
            by_dataset({"1_nasu": {"nasu": 7, "smile": 7}, "1_held_out": {"nasu": 2}}),
            "it trained on 1_held_out, the drawings that are held back",
        ),
        (
            by_dataset({"1_nasu": {"nasu": 7, "smile": 7}}),
            "it never saw the folder 1_held_out, but 1_nasu",
        ),
    ],
)
def test_drawings_held_back_are_validated_with_and_not_learned(
    validated: Receipt, found: dict[str, str], said: str
) -> None:
    assert difference(validated, found) == said


def test_captions_that_were_never_read_are_known_beside_drawings_held_back(
    validated: Receipt,
) -> None:
    found = by_dataset({"1_nasu": {"nasu": 7}, "1_held_out": {}})
    assert verdict(found, "another", 7).startswith("NEVER READ: it learned only the word nasu")
    assert verdict(by_dataset(), validated.digest, 7) == "checked, 7 pictures, 2 tags"
