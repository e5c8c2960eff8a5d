"""How many steps a training on a dataset takes, and whether that is a useful number."""

import math

FEW_STEPS, MANY_STEPS = 300, 5000
"""Outside, a LoRA of a style or character is seldom good; the circle's own recipe has 750."""


def steps_per_epoch(
    buckets: list[int], repeats: int, batch_size: int, accumulation_steps: int
) -> int:
    """Return the optimizer steps of one epoch; `buckets` are numbers of pictures of equal size.

    sd-scripts fills batches within a bucket and takes a step every `accumulation_steps` batches
    (`train_network.py`: `max_train_steps`).

    >>> steps_per_epoch([15], repeats=10, batch_size=1, accumulation_steps=2)
    75
    """
    batches = sum(math.ceil(count * repeats / batch_size) for count in buckets)
    return math.ceil(batches / accumulation_steps)


def advice(steps: int) -> str:
    """Return a warning about a number of steps outside the useful range; else ''."""
    if steps < FEW_STEPS:
        return (
            f"{steps} steps are few (useful: {FEW_STEPS} to {MANY_STEPS}): the LoRA may learn "
            "little; raise organize.repeats / ステップが少なめで、あまり覚えないかもしれません。"
            "organize.repeats を増やしてください"
        )
    if steps > MANY_STEPS:
        return (
            f"{steps} steps are many (useful: {FEW_STEPS} to {MANY_STEPS}): long, and the LoRA "
            "may learn by heart; lower organize.repeats / ステップが多めで、時間がかかり、"
            "丸暗記になるかもしれません。organize.repeats を減らしてください"
        )
    return ""
