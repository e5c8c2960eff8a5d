"""The drawing of those test pictures that are not there yet, all by the same painter's settings."""

from collections.abc import Callable, Iterable

from tqdm import tqdm

from stages.library.common.errors import Problem
from stages.library.common.foreign import printable
from stages.library.drawing.album import Album, own_settings
from stages.library.drawing.orders import Order, Painter
from stages.library.drawing.painters.infotext import read_infotext

BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}]"


def change(before: dict[str, str], now: dict[str, str]) -> str:
    """Return how two pictures' own settings differ; '' if they don't.

    >>> change({"Model": "a", "Version": "1"}, {"Model": "b", "VAE": "v", "Version": "1"})
    'Model: a -> b, VAE: none -> v'
    """
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    each = [f"{n}: {before.get(n, 'none')} -> {now.get(n, 'none')}" for n in names]
    return printable(" ".join(", ".join(each).split()))


def draw_missing(wanted: Iterable[Order], album: Album, painter: Callable[[], Painter]) -> None:
    """Have the pictures drawn that the album lacks, each once.

    Only if there are any `painter` is called, which returns the one who draws.

    A painter whose own settings are not those of the pictures drawn before (another model or VAE,
    another version) draws these again: only pictures of the same settings can be compared.

    Raises:
        Problem: the painter fails, or its own settings change all the time.
    """
    orders = list(dict.fromkeys(wanted))
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
