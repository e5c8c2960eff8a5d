"""Test pictures: what is asked of a painter, the grid of them, and those that are drawn already.

A painter is any function from an `Order` to a PNG; the WebUI's is in `webui`.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

from tqdm import tqdm

from stages.library.common.errors import Problem
from stages.library.common.outputs import write_atomically
from stages.library.drawing.loras import Lora
from stages.library.drawing.painters.infotext import read_infotext, settings


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


def cells(
    loras: list[Lora],
    prompts: list[str],
    weights: list[float],
    seeds: list[int],
    **rest: str | int | float,
) -> list[Cell]:
    """Return the cells of all grids, by prompt, epoch, seed and weight.

    With weight 0 no LoRA is used, and the picture is one and the same for every epoch.
    """
    found = []
    for (number, prompt), lora, seed, weight in product(
        enumerate(prompts, start=1), loras, seeds, weights
    ):
        used = {"lora": lora.copy, "lora_hash": lora.hash} if weight else {}
        order = {"lora": "", "lora_hash": ""} | used | rest
        found.append(
            Cell(
                number,
                lora.epoch,
                weight,
                seed,
                Order(prompt=prompt, seed=seed, weight=weight, **order),  # type: ignore[arg-type]
            )
        )
    return found


class Album:
    """A folder of pictures by the key of their order, which outlives a killed run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, order: Order) -> Path:
        return self.folder / f"{order.key}.png"

    def has(self, order: Order) -> bool:
        return self.path(order).is_file()

    def add(self, order: Order, png: bytes) -> None:
        write_atomically(self.path(order), png)

    def infotext(self, order: Order) -> str:
        path = self.path(order)
        try:
            return read_infotext(path.read_bytes())
        except Problem as error:
            raise Problem(f"{path}: {error}; delete it, it will be drawn again") from None

    def missing(self, orders: Iterable[Order]) -> list[Order]:
        """Return the orders without a picture, each once."""
        return list(dict.fromkeys(order for order in orders if not self.has(order)))

    def drop_unlike_the_newest(self, orders: Iterable[Order]) -> dict[str, str] | None:
        """Remove those of the pictures whose painter's own settings are not the newest one's.

        Returns the settings that all then have, None if there are no pictures.
        """
        found = {order: own_settings(self.infotext(order)) for order in orders if self.has(order)}
        if not found:
            return None
        newest = max(found, key=lambda order: self.path(order).stat().st_mtime)
        for order, each in found.items():
            if each != found[newest]:
                self.path(order).unlink()
        return found[newest]

    def keep(self, orders: Iterable[Order], others: int) -> None:
        """Remove all but the pictures of these orders and so many newest others."""
        kept = {self.path(order) for order in orders}
        rest = sorted(
            (path for path in self.folder.glob("*.png") if path not in kept),
            key=lambda path: path.stat().st_mtime,
        )
        for path in rest[: max(0, len(rest) - others)]:
            path.unlink()


BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}]"

ASKED = frozenset(
    {"Steps", "Sampler", "Schedule type", "CFG scale", "Seed", "Size", "Clip skip", "Lora hashes"}
    # what the prompt decides; told only when its text was not encoded just before
    | {"TI hashes", "Emphasis", "Pad conds", "Pad conds v0", "Old prompt editing timelines"}
)
"""Settings that an order decides; the others are the painter's own."""


def own_settings(infotext: str) -> dict[str, str]:
    """Return what a painter itself decides on: model, VAE, version and the like."""
    return {name: value for name, value in settings(infotext).items() if name not in ASKED}


def change(before: dict[str, str], now: dict[str, str]) -> str:
    """Return how two pictures' own settings differ; '' if they don't.

    >>> change({"Model": "a", "Version": "1"}, {"Model": "b", "VAE": "v", "Version": "1"})
    'Model: a -> b, VAE: none -> v'
    """
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    each = [f"{n}: {before.get(n, 'none')} -> {now.get(n, 'none')}" for n in names]
    return " ".join(", ".join(each).split())


def draw_missing(table: list[Cell], album: Album, painter: Callable[[], Painter]) -> None:
    """Have the pictures drawn that the album lacks.

    Only if there are any `painter` is called, which returns the one who draws.

    A painter whose own settings are not those of the pictures drawn before (another model or VAE,
    another version) draws these again: only pictures of the same settings can be compared.

    Raises:
        Problem: the painter fails, or its own settings change all the time.
    """
    orders = list(dict.fromkeys(cell.order for cell in table))
    before = album.drop_unlike_the_newest(orders)
    again = False
    while missing := album.missing(orders):
        draw = painter()
        if len(missing) < len(orders):
            print(f"generate: {len(orders) - len(missing)} of {len(orders)} are drawn already")
        for order in tqdm(missing, "generate", disable=None, bar_format=BAR):
            picture = draw(order)
            now = own_settings(read_infotext(picture))
            if before is not None and (changed := change(before, now)):
                if again:
                    raise Problem(
                        f"the WebUI's settings keep changing ({changed}): no two pictures can be "
                        "compared; find out what changes them there"
                    )
                print(f"generate: the WebUI is not as it was ({changed}); drawing all again")
                for other in orders:
                    album.path(other).unlink(missing_ok=True)
                again = True
            album.add(order, picture)
            before = now
