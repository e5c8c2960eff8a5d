"""Japanese for the tags that follow a pattern: red_dress, 2girls, holding_sword."""

import re
from collections.abc import Callable, Mapping

from stages.library.dataset.tag_words import (
    ADJECTIVES,
    COLOURS,
    HEADS,
    INFIXES,
    NAMES,
    PARTS,
    PREFIXES,
    SUFFIXES,
)

# A word that ends like a verb or a clause (座る, 脱いだ) cannot stand where a noun must.
CLAUSE_ENDINGS = (*"うくぐすつぬぶむるただて", "から", "ない", "なし", "そう")


# Longer than any tag that follows the rules; a sentence would take for ever to try.
MOST_WORDS = 7

COUNT = re.compile(r"(\d+)(\+?)(boys?|girls?|others?)")

YEAR = re.compile(r"((?:19|20)\d\d)(s?)")

FRAMES = re.compile(r"(.+)-(framed|tinted)_eyewear")

SHAPED = re.compile(r"(.+)-shaped_(.+)")


def by_rule(tag: str, words: Mapping[str, str]) -> str | None:
    """Return the Japanese of the whole `tag`, or None; `words` translates its parts.

    >>> by_rule("holding_red_flower", {"flower": "花"})
    '赤い花を持つ'
    >>> by_rule("holding_red_thingamajig", {"flower": "花"})
    """
    parts = tag.split("_")
    if len(parts) > MOST_WORDS or tag in NAMES:
        return None
    return (
        count_or_year(tag)
        or special(tag, words)
        or described(parts, known, words)
        or phrase(parts, words)
        or described(parts, noun, words)
    )


def known(tag: str, words: Mapping[str, str]) -> str | None:
    """Return the Japanese of a part of a tag that is listed, if it can serve as a noun."""
    forms = (tag, tag + "s", tag.removesuffix("s"))
    found = next((ja for form in forms if (ja := words.get(form) or PARTS.get(form))), None)
    return None if found is None or found.endswith(CLAUSE_ENDINGS) else found


def noun(tag: str, words: Mapping[str, str]) -> str | None:
    """Return the Japanese of a part of a tag, listed or by rule, if it can serve as a noun."""
    if found := known(tag, words):
        return found
    found = by_rule(tag, words)
    return None if found is None or found.endswith(CLAUSE_ENDINGS) else found


def count_or_year(tag: str) -> str | None:
    """2girls, 6+boys, 2021, 1990s; all counted in digits."""
    if count := COUNT.fullmatch(tag):
        number, more, who = count.groups()
        return f"{PARTS[who.removesuffix('s') + 's']}{number}人{'以上' if more else ''}"
    if year := YEAR.fullmatch(tag):
        return f"{year[1]}年{'代' if year[2] else ''}"
    return None


def special(tag: str, words: Mapping[str, str]) -> str | None:
    """Colour schemes, coloured spectacles, and heart-shaped_x."""
    colour, _, last = tag.rpartition("_")
    if last == "theme" and colour in COLOURS:
        return f"{COLOURS[colour][:-1]}系の配色"
    if (frames := FRAMES.fullmatch(tag)) and frames[1] in COLOURS:
        return f"{COLOURS[frames[1]]}{'縁' if frames[2] == 'framed' else 'レンズ'}の眼鏡"
    if shaped := SHAPED.fullmatch(tag):
        shape, thing = noun(shaped[1], words), noun(shaped[2], words)
        return f"{shape}型の{thing}" if shape and thing else None
    return None


def phrase(parts: list[str], words: Mapping[str, str]) -> str | None:
    """Verbs, places, prints: holding_x, x_on_y, x_focus; the longest pattern first."""
    for at in range(len(parts) - 1, 0, -1):
        pattern = PREFIXES.get("_".join(parts[:at]))
        if pattern and (inner := noun("_".join(parts[at:]), words)):
            return pattern.format(inner)
    for at in range(1, len(parts)):
        tail = "_".join(parts[at:])
        pattern = SUFFIXES.get(tail)
        if tail in HEADS and (head := noun(tail, words)):
            pattern = f"{{}}の{head}"
        if pattern and (inner := noun("_".join(parts[:at]), words)):
            return pattern.format(inner)
    for at in range(1, len(parts) - 1):
        if pattern := INFIXES.get(parts[at]):
            left, right = noun("_".join(parts[:at]), words), noun("_".join(parts[at + 1 :]), words)
            if left and right:
                return pattern.format(left, right)
    return None


def described(
    parts: list[str],
    find: Callable[[str, Mapping[str, str]], str | None],
    words: Mapping[str, str],
) -> str | None:
    """A noun with an adjective before it: red_dress, fur-trimmed_coat, own_head."""
    for at in range(len(parts) - 1, 0, -1):
        adjective = ADJECTIVES.get("_".join(parts[:at]))
        if adjective and (inner := find("_".join(parts[at:]), words)):
            return adjective + inner
    return None
