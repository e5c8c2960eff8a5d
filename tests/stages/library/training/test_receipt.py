"""What a LoRA's metadata says that it learned, held against the captions."""

import json
from pathlib import Path

import pytest

from stages.library.training.receipt import Receipt, difference, expected, verdict
from stages.library.training.subsets import read_subsets
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
