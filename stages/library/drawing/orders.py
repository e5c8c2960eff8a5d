"""What is asked of a painter: an order for each picture, and the grids they belong in.

A painter is any function from an `Order` to a PNG; the WebUI's is in `webui`.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import product

from stages.library.drawing.loras import Lora
from stages.library.drawing.prompts import Drawing


@dataclass(frozen=True)
class Order:
    """Everything that decides on a picture, but for the painter's own settings."""

    prompt: str
    negative_prompt: str
    sampler: str
    scheduler: str
    steps: int
    cfg_scale: float
    width: int  # pixels
    height: int
    seed: int
    clip_skip: int
    checkpoint: str  # SHA-256 of the model, or the name that the painter gives it
    lora: str  # its name in a prompt; '' for none
    lora_hash: str
    weight: float

    @property
    def key(self) -> str:
        """Digest that anything in the order changes."""
        text = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


Painter = Callable[[Order], bytes]
"""Draws one picture: a PNG that holds its infotext.

Raises RuntimeError or ValueError if it can't, or if it drew something else than was ordered.
"""


def weight_text(weight: float) -> str:
    """Return a weight as file names, labels and figures write it.

    >>> weight_text(1), weight_text(0.65)
    ('1.0', '0.65')
    """
    return str(round(float(weight), 6))


@dataclass(frozen=True)
class Cell:
    """A place in the grids, and what is drawn there."""

    prompt: int  # from 1
    epoch: str
    weight: float
    seed: int
    order: Order

    @property
    def name(self) -> str:
        """The picture's file name: the same in every experiment, so that DVC can compare."""
        return f"{self.prompt:02d}_{self.epoch}_w{weight_text(self.weight)}_s{self.seed}.png"


def order_of(
    drawing: Drawing, prompt: str, lora: Lora, weight: float, seed: int, checkpoint: str
) -> Order:
    """Return the order for a picture; with weight 0 no LoRA is used, so that it is none's."""
    return Order(
        prompt=prompt,
        negative_prompt=drawing.negative_prompt,
        sampler=drawing.sampler,
        scheduler=drawing.scheduler,
        steps=drawing.steps,
        cfg_scale=drawing.cfg_scale,
        width=drawing.width,
        height=drawing.height,
        seed=seed,
        clip_skip=drawing.clip_skip,
        checkpoint=checkpoint,
        lora=lora.copy if weight else "",
        lora_hash=lora.hash if weight else "",
        weight=weight,
    )


def cells(drawing: Drawing, loras: list[Lora], checkpoint: str) -> list[Cell]:
    """Return the cells of all grids, by prompt, epoch, seed and weight.

    With weight 0 the picture is one and the same for every epoch.
    """
    return [
        Cell(
            prompt=number,
            epoch=lora.epoch,
            weight=weight,
            seed=seed,
            order=order_of(drawing, prompt, lora, weight, seed, checkpoint),
        )
        for (number, prompt), lora, seed, weight in product(
            enumerate(drawing.prompts, start=1), loras, drawing.seeds, drawing.weights
        )
    ]
