import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.library.dataset.steps import FEW_STEPS, MANY_STEPS, advice, steps_per_epoch


def sd_scripts_steps(
    buckets: list[int], repeats: int, batch_size: int, accumulation: int, epochs: int
) -> int:
    """Count as kohya-ss/sd-scripts does on one process.

    library/train_util.py, BucketManager and BaseDataset.make_buckets: every picture goes into its
    bucket `num_repeats` times; a bucket has ceil(its length / batch_size) batches. The data
    loader has one item a batch. train_network.py: max_train_steps = max_train_epochs *
    ceil(len(train_dataloader) / num_processes / gradient_accumulation_steps).
    """
    length = sum(math.ceil(len([*range(count)] * repeats) / batch_size) for count in buckets)
    return epochs * math.ceil(length / 1 / accumulation)


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=5),
    st.integers(1, 30),
    st.integers(1, 8),
    st.integers(1, 8),
)
def test_steps_are_sd_scripts_steps(
    buckets: list[int], repeats: int, batch_size: int, accumulation: int
) -> None:
    steps = steps_per_epoch(buckets, repeats, batch_size, accumulation)
    assert steps == sd_scripts_steps(buckets, repeats, batch_size, accumulation, epochs=1)


@pytest.mark.parametrize(
    ("steps", "word"),
    [
        (FEW_STEPS - 1, "few"),
        (FEW_STEPS, ""),
        (750, ""),
        (MANY_STEPS, ""),
        (MANY_STEPS + 1, "many"),
        (1, "few"),
    ],
)
def test_advice_outside_the_useful_range(steps: int, word: str) -> None:
    assert (f"{steps} steps are {word} " in advice(steps)) if word else advice(steps) == ""
