"""params.yaml, section train: the options of sd-scripts, under its own names."""

import argparse

from stages.library.common.params import Key, Section
from stages.library.common.values import whole
from stages.library.params.lora import LORA

LIMITS = {"false": 75, "150": 150, "225": 225}
"""The tokens that sd-scripts reads, by what train.max_token_length may be (train_util.py)."""


def token_limit(text: str) -> int:
    """Read train.max_token_length.

    >>> token_limit("false")
    75
    """
    if text not in LIMITS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no length the trainer knows; write 225, 150, or false for its own 75"
        )
    return LIMITS[text]


COUNT = whole(1, 10_000)

COUNTED = Section(
    "train",
    {
        "train_batch_size": Key(COUNT, "pictures in a batch"),
        "gradient_accumulation_steps": Key(COUNT, "batches in a step"),
        "max_train_epochs": Key(COUNT, "epochs"),
        "max_token_length": Key(token_limit, "tokens of a caption that are read", false=True),
    },
    whole=False,
)
"""What the dataset's stages count steps and cut tags with."""

TRAIN = Section("train", {}, rest="options", moved=dict.fromkeys(LORA.keys, LORA.name))
"""All of it, for the trainer: its options are checked by its own source."""
