"""The test pictures that are drawn already: a folder that outlives a killed run."""

from collections.abc import Iterable
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.outputs import write_atomically
from stages.library.drawing.orders import Order
from stages.library.drawing.painters.infotext import read_infotext, settings

ASKED = frozenset(
    {"Steps", "Sampler", "Schedule type", "CFG scale", "Seed", "Size", "Clip skip", "Lora hashes"}
    # what the prompt decides; told only when its text was not encoded just before
    | {"TI hashes", "Emphasis", "Pad conds", "Pad conds v0", "Old prompt editing timelines"}
)
"""Settings that an order decides; the others are the painter's own."""


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
        """Remove all but the pictures of these orders and so many newest others.

        Nobody else may be at work there: what a killed run left half written goes, too.
        """
        for path in self.folder.glob(".*.partial"):
            path.unlink()
        kept = {self.path(order) for order in orders}
        rest = sorted(
            (path for path in self.folder.glob("*.png") if path not in kept),
            key=lambda path: path.stat().st_mtime,
        )
        for path in rest[: max(0, len(rest) - others)]:
            path.unlink()


def own_settings(infotext: str) -> dict[str, str]:
    """Return what a painter itself decides on: model, VAE, version and the like."""
    return {name: value for name, value in settings(infotext).items() if name not in ASKED}
