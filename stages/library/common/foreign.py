"""Text of strangers, made fit for a terminal."""

import os
import re
from pathlib import Path

UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
"""Signs that move the cursor, colour, delete or turn round what stands there, or that are none."""

PLAIN_SPACES = str.maketrans("\u3000\u00a0", "  ")
"""Spaces of which Python says that they can't be printed, and a Japanese name is full of them."""

MOST = 300
"""Characters of such a text that are shown."""


def printable(text: str, most: int = MOST) -> str:
    r"""Return a text that steers no terminal: on one line, and no longer than `most`.

    >>> printable("なす v1.0"), printable("a\x1b[2J\nb"), printable("long", 3)
    ('なす v1.0', 'a\\x1b[2J\\nb', 'lon…')
    """
    plain = UNFIT.sub(lambda found: found[0].encode("unicode_escape").decode(), text[: most + 1])
    return plain if len(plain) <= most else f"{plain[:most]}…"


def shown(name: str | bytes | int | Path) -> str:
    r"""Return a file's name or path for a message: on one line, whole, whatever it holds.

    >>> shown("なす　絵.png"), shown("a\nb.png")
    ('なす　絵.png', "'a\\nb.png'")
    """
    text = os.fsdecode(name) if isinstance(name, bytes) else str(name)
    return text if text.translate(PLAIN_SPACES).isprintable() else repr(text)
