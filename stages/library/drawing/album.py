"""The test pictures that are drawn already, and the drawing of those that are not.

They are of one kind: a painter whose own settings changed draws them all again.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from tqdm import tqdm

from stages.library.common.errors import Problem
from stages.library.common.outputs import write_atomically
from stages.library.drawing.orders import Cell, Order, Painter
from stages.library.drawing.painters.infotext import read_infotext, settings

BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}]"

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
        """Remove all but the pictures of these orders and so many newest others."""
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
