"""The trainer's options that the dataset's stages read, and those that have moved."""

import argparse

import pytest

from stages.library.params.lora import LORA
from stages.library.params.train import TRAIN, token_limit


def test_keys_that_have_moved_are_named_with_where_they_belong() -> None:
    (fault,) = TRAIN.faults({"train": {"seed": 1, "script": "a.py", "base_model": "b"}})
    assert fault.startswith(
        "params.yaml, train.script: has moved; write script, base_model, base_model_sha256, "
        "sample_prompts, preferred_weight into a section lora: of their own / "
    )


def test_what_is_left_are_options() -> None:
    assert TRAIN.read({"train": {"seed": 1}}) == {"options": {"seed": 1}}
    assert not set(TRAIN.keys) & set(LORA.keys)


@pytest.mark.parametrize(("text", "limit"), [("false", 75), ("150", 150), ("225", 225)])
def test_limits(text: str, limit: int) -> None:
    assert token_limit(text) == limit


@pytest.mark.parametrize("text", ["75", "true", "77", "225.0", ""])
def test_what_the_trainer_refuses_is_refused_here(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="write 225, 150, or false for its own 75"):
        token_limit(text)
