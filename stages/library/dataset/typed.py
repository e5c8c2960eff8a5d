"""What people and tag editors write where tags are meant: other commas, other spellings."""

import re
from collections.abc import Iterator
from itertools import accumulate

from stages.library.common.values import COMMAS, folded
from stages.library.dataset.captions import KAOMOJI, split, underscored

WEIGHTED = re.compile(r"\((?P<tag>.+?):[0-9.]+\)|<(?P<name>[^<>]+):[0-9.]+>")
"""(smile:1.2), as a WebUI has it in prompts."""

PAIRS = ("()", "[]", "{}")


def typed_tags(text: str) -> list[str]:
    """Return the tags that somebody wrote, whatever commas and line breaks separate them.

    >>> typed_tags("１girl、smile，hat")
    ['1girl', 'smile', 'hat']
    """
    return split(re.sub(f"[\\r\\n{COMMAS}]", ",", folded(text)))


def readings(tag: str) -> Iterator[str]:
    r"""Yield what a tag may mean: as it is, then with ever fewer of the signs of prompts.

    >>> list(readings(r"((saber \(fate\):1.2))"))[1:]
    ['((saber (fate):1.2))', '(saber (fate):1.2)', 'saber (fate)']
    >>> list(readings("(o)_(o)"))
    ['(o)_(o)']
    """
    yield tag
    plain = re.sub(r"\\+(?=[()\[\]{}])", "", tag.strip())
    if plain != tag:
        yield plain
    while underscored(plain) not in KAOMOJI:
        if weighted := WEIGHTED.fullmatch(plain):
            plain = weighted["tag"] or weighted["name"]
        elif _is_wrapped(plain):
            plain = plain[1:-1]
        else:
            return
        yield plain


def _is_wrapped(text: str) -> bool:
    """Return whether one pair of brackets holds all of a text.

    >>> [_is_wrapped(text) for text in ("(smile)", "(o)_(o)", "()", "saber_(fate)")]
    [True, False, False, False]
    """
    pair = text[:1] + text[-1:]
    if len(text) < 3 or pair not in PAIRS:
        return False
    depths = accumulate((char == pair[0]) - (char == pair[1]) for char in text[:-1])
    return min(depths) > 0


def respelled(tags: list[str], before: list[str]) -> list[str]:
    r"""Return tags as they were spelled `before`, those that were there.

    Of others only what a caption can't mean is taken away: a weight, an escape.

    >>> respelled(["((long hair))", r"saber \(fate\)", "(new)", r"\o/"], ["long_hair", "hat"])
    ['long_hair', 'saber (fate)', '(new)', '\\o/']
    """
    spelling = {underscored(tag): tag for tag in before}
    found = []
    for tag in tags:
        first, *others = readings(tag)
        known = (spelling.get(underscored(each)) for each in (first, *others))
        signs = others if WEIGHTED.search(tag) else others[:1] if "\\" in tag else []
        found.append(next(filter(None, known), signs[-1] if signs else tag))
    return list(dict.fromkeys(found))
