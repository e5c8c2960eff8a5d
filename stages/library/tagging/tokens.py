"""CLIP's tokens of tags and captions: how much of a caption the trainer reads, and what it cuts.

sd-scripts v0.10.1 gives the text encoder `max_token_length` tokens of a caption, in chunks of 75;
BOS and EOS come on top (library/strategy_base.py, `_get_input_ids`: `truncation=True` at
max_token_length + 2, then the slices 1:76, 76:151, 151:226). So 75, 150 or 225 tokens can be used,
each of them, and what comes after is dropped without a word.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from stages.library.params.train import LIMITS

TABLE = Path(__file__).with_name("tokens.txt")
"""Made by tools/makers/token_table.py: lines of a count and the words that have so many tokens."""

SHOWN = 3
"""Captions whose cut tags are named."""

BEGINNING = 60
"""Letters of a tag, or a sentence, that are shown of it."""

# CLIP's own pattern, for text in which `_shape` has put the other scripts' letters in a row
WORDS = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d|[a-z]+|[0-9]|[^ a-z0-9]+")


def _shape(char: str) -> str:
    """Return what kind of character it is: itself in ASCII, else one that stands for its kind."""
    if char.isspace():
        return " "
    return char if char.isascii() else {"L": "a", "N": "0"}.get(unicodedata.category(char)[0], "!")


@cache
def words(text: str) -> tuple[str, ...]:
    """Return the pieces that CLIP encodes each by itself: runs of letters, digits, runs of signs.

    >>> words("Blue_eyes, 2girls, :d, ;)")
    ('blue', '_', 'eyes', ',', '2', 'girls', ',', ':', 'd', ',', ';)')
    """
    text = unicodedata.normalize("NFC", text).lower()
    plain = text.isascii() and text.isprintable()
    shape = text if plain else "".join(map(_shape, text))
    return tuple(text[found.start() : found.end()] for found in WORDS.finditer(shape))


@cache
def table() -> Mapping[str, int]:
    """Return the tokens of every word that the dictionary's and the taggers' tags are made of."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    rows = [line.split(" ") for line in lines if not line.startswith("# ")]
    return {word: int(count) for count, *found in rows for word in found}


def known(tags: list[str]) -> bool:
    """Return whether the tokens of a caption are exact: whether all its words are in the table."""
    return all(map(_is_known, _written(tags)))


@cache
def _is_known(text: str) -> bool:
    return all(word in table() for word in words(text))


def ends(tags: list[str]) -> list[int]:
    """Return where each tag of a caption ends: the tokens up to its last, that included.

    The last number is the caption's own. A run of signs is one word with the comma after it (`;),`
    in `;), 1girl`), so a tag is counted with its comma; no word reaches over the space behind it.
    A word that is not in the table counts one token a byte: never fewer than CLIP makes of it.

    >>> ends(["1girl", "long_hair", ";)"])
    [2, 6, 8]
    """
    found, at = [], 0
    for text in _written(tags):
        count, has_comma = counted(text)
        at += count
        found.append(at - has_comma)
    return found


@cache
def counted(text: str) -> tuple[int, bool]:
    """Return the tokens of a tag as it is written, and whether a comma of its own ends them."""
    pieces = words(text)
    count = sum(table().get(piece) or len(piece.encode()) for piece in pieces)
    return count, pieces[-1:] == (",",)


def longest(captions: list[list[str]]) -> list[str]:
    """Return the one of several captions that has the most tokens.

    >>> longest([["1girl", "hat"], ["1girl"]])
    ['1girl', 'hat']
    """
    return captions[0] if len(captions) == 1 else max(captions, key=tokens, default=[])


def tokens(tags: list[str]) -> int:
    """Return how many tokens a caption has; at most so many where not all its words are `known`."""
    return max(ends(tags), default=0)


def cut_off(tags: list[str], limit: int) -> list[str]:
    """Return the tags of a caption that lie wholly or in part beyond `limit` tokens.

    >>> cut_off(["1girl", "long_hair", "smile"], 5)
    ['long_hair', 'smile']
    """
    return [tag for tag, end in zip(tags, ends(tags), strict=True) if end > limit]


def too_long(captions: dict[str, list[str]], limit: int) -> str:
    """Return a warning about captions longer than `limit` tokens, with the tags cut off; else ''.

    >>> too_long({"img004": ["1girl", "smile", "hat"]}, 4)[:57]
    '1 of 1 captions are cut after 4 tokens, tags lost: img004'
    """
    cut = {stem: lost for stem, tags in captions.items() if (lost := cut_off(tags, limit))}
    if not cut:
        return ""
    exact = all(known(captions[stem]) for stem in cut)
    named = [f"{stem}: {', '.join(map(beginning, lost))}" for stem, lost in cut.items()]
    more = f"; and {len(cut) - SHOWN} captions more" if len(cut) > SHOWN else ""
    longest = max(LIMITS.values())
    remedy = "train.max_token_length: 225" if limit < longest else "a lower caption.max_tags"
    return (
        f"{len(cut)} of {len(captions)} captions {'are' if exact else 'may be'} cut after {limit} "
        f"tokens, tags lost: {'; '.join(named[:SHOWN])}{more} (with train.shuffle_caption others "
        f"each time); {remedy} helps / {len(cut)} 枚のキャプションが {limit} トークンで切れ、"
        f"これらのタグは学習され{'ません' if exact else 'ないかもしれません'}"
    )


def beginning(piece: str) -> str:
    """Return a piece of a caption, a long one by its first words.

    >>> beginning("hat"), len(beginning("She waits. " * 90))
    ('hat', 61)
    """
    return piece if len(piece) <= BEGINNING else f"{piece[:BEGINNING]}…"


def _written(tags: list[str]) -> list[str]:
    return [f"{tag}," for tag in tags[:-1]] + tags[-1:]
