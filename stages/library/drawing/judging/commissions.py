"""What is ordered for the judge: each caption at every epoch and weight, and without the LoRA."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from stages.library.common.errors import Problem
from stages.library.drawing.judging.captions import without_triggers
from stages.library.drawing.judging.evidence import WITHOUT, Caption, Picture, picture_name
from stages.library.drawing.loras import Lora
from stages.library.drawing.orders import Order, order_of
from stages.library.drawing.prompts import Drawing

TRAINED_WEIGHT = 1.0
"""At which a LoRA acts as it did when it was trained."""


@dataclass(frozen=True)
class Wish:
    """The keys of params.yaml, section judge, that say what is drawn."""

    captions: int
    seeds: list[int]


@dataclass(frozen=True)
class Commission:
    """A picture for the judge, and the order for it."""

    picture: Picture
    order: Order


def check_wish(wish: Wish) -> None:
    """Raise Problem if there is something to be drawn, and no seed or one that is there twice."""
    if not wish.captions:
        return
    if not wish.seeds:
        raise Problem("params.yaml, judge.seeds: is empty; write at least one, better two")
    if twice := [seed for seed in wish.seeds if wish.seeds.count(seed) > 1]:
        raise Problem(f"params.yaml, judge.seeds: {twice[0]} is there twice; keep one")


def commissions(
    captions: Sequence[Caption],
    drawing: Drawing,
    loras: Sequence[Lora],
    seeds: Sequence[int],
    checkpoint: str,
    triggers: Iterable[str],
) -> list[Commission]:
    """Return what is drawn of the captions; nothing if no weight but 0 is to be drawn.

    Once without a LoRA, then at each epoch and weight; and at the last epoch without the trigger,
    at one weight. A LoRA is used up before the next, since a WebUI takes time to change it.
    """
    weights = [weight for weight in drawing.weights if weight]
    if not weights:
        return []
    numbers, last = numbers_of(loras), loras[-1]
    ways = [(last, WITHOUT, 0.0, True)]
    ways += [(lora, numbers[lora], weight, True) for lora, weight in product(numbers, weights)]
    ways += [(last, numbers[last], usual(weights), False)]
    prompts = {
        True: [caption.prompt for caption in captions],
        False: [without_triggers(caption.prompt, triggers) for caption in captions],
    }
    return [
        Commission(
            Picture(
                picture_name(at, epoch, weight, seed, trigger), at, epoch, weight, seed, trigger
            ),
            order_of(drawing, prompts[trigger][at], lora, weight, seed, checkpoint),
        )
        for lora, epoch, weight, trigger in ways
        for at, seed in product(range(len(captions)), seeds)
    ]


def usual(weights: Sequence[float]) -> float:
    """Return the weight at which a LoRA shows best whether its trigger taught it anything.

    It is that nearest to how it was trained: the largest up to 1. Beyond that, a LoRA draws its
    style whatever the prompt says, and below it may show too little of it to be missed.

    >>> usual([0.6, 1, 1.2]), usual([1.2, 1.5])
    (1, 1.2)
    """
    return max((each for each in weights if each <= TRAINED_WEIGHT), default=min(weights))


def numbers_of(loras: Sequence[Lora]) -> dict[Lora, int]:
    """Return the numbers of the LoRAs' epochs; of two with the same, that of the later one alone.

    One that doesn't tell, as other trainers' don't, is taken for the epoch after those before it.
    """
    found: dict[int, Lora] = {}
    for lora in loras:
        found[lora.number or max(found, default=WITHOUT) + 1] = lora
    return {lora: number for number, lora in found.items()}
