"""Labels in a font that every machine has: what it can show, and what fits."""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable
from functools import cache

from PIL import ImageFont

ELLIPSIS = "…"


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Return Pillow's built-in font, so that a sheet is the same on every machine."""
    made = ImageFont.load_default(size)
    assert isinstance(made, ImageFont.FreeTypeFont), "Pillow is built without FreeType"
    return made


@cache
def has_glyph(sign: str) -> bool:
    """Return whether the font shows a sign as more than a box."""
    glyph, box = (font(40).getmask(each) for each in (sign, "\uffff"))
    return (glyph.size, bytes(glyph)) != (box.size, bytes(box))


def legible(text: str) -> str:
    """Return `text` in what the font can show, with an ellipsis for each run of other signs.

    >>> legible("なすみそ, cafe\u0301 –\u30001girl 🍆")
    '…, cafe - 1girl …'
    """
    plain = "".join(_plain(sign) for sign in unicodedata.normalize("NFC", text))
    shown = "".join(sign if has_glyph(sign) else ELLIPSIS for sign in plain)
    return re.sub(f"{ELLIPSIS}[ {ELLIPSIS}]*{ELLIPSIS}", ELLIPSIS, " ".join(shown.split()))


def _plain(sign: str) -> str:
    """Return a sign without its accents; spaces and dashes of all kinds as the common ones."""
    if sign.isspace():
        return " "
    if has_glyph(sign):
        return sign
    if unicodedata.category(sign) == "Pd":
        return "-"
    bare = "".join(c for c in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(c))
    return bare if bare.isascii() else ELLIPSIS


def fitted(text: str, fits: Callable[[str], bool]) -> str:
    """Return as much of `text` as fits, with an ellipsis where it is cut."""
    if fits(text):
        return text

    def cut(length: int) -> str:
        return text[:length].rstrip(" ,") + ELLIPSIS

    too_long = bisect_left(range(len(text)), True, key=lambda length: not fits(cut(length)))
    return cut(max(0, too_long - 1))


def wrapped(text: str, fits: Callable[[str], bool], most: int) -> list[str]:
    """Return `text` in lines that fit, broken between words; what is over goes from the last.

    >>> wrapped("a calico cat, asleep", lambda line: len(line) <= 9, most=2)
    ['a calico', 'cat, asl…']
    """
    lines: list[str] = []
    for word in text.split():
        if lines and (len(lines) == most or fits(f"{lines[-1]} {word}")):
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return [fitted(line, fits) for line in lines]
