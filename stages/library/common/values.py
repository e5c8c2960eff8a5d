"""Readers of single values: each takes a text, and says what is wrong with it and what to do."""

import argparse
import difflib
import math
import re
import unicodedata
from collections.abc import Callable, Iterable

LONGEST_TAG = 250
"""Characters: more than any tagger's tag has; what is longer is a text without its commas."""


WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code).isalnum()}
"""Full-width letters and digits, and the usual ones; Ａ is U+FF21."""

COMMAS = "、，､"
"""Signs that separate tags where Japanese is written; no tag has one."""


SEPARATORS = re.compile(f"[,{COMMAS}]")


def folded(text: str) -> str:
    """Return a text with the usual letters and digits for full-width ones.

    >>> folded("１ｇｉｒｌ、ねこ（白）")
    '1girl、ねこ（白）'
    """
    return text if text.isascii() else text.translate(WIDE)


def comma_in(text: str) -> str:
    """Return a sign in a text that separates tags, of Japanese if there is; '' if there is none.

    >>> comma_in("a, smile、hat"), comma_in("a, b"), comma_in("smile")
    ('、', ',', '')
    """
    found = SEPARATORS.findall(text)
    return next((sign for sign in found if sign != ","), found[0]) if found else ""


def odd_comma(prompt: str) -> str:
    """Return what is wrong with the commas of a prompt, and what to do; '' if nothing is.

    >>> odd_comma("a, b")
    ''
    """
    comma = comma_in(prompt)
    return (
        f"{prompt!r} holds {comma!r}, which separates nothing in a prompt; write a comma / "
        f"{comma!r} ではなく半角の「,」で区切ってください"
        if comma not in ("", ",")
        else ""
    )


def number(low: float, high: float) -> Callable[[str], float]:
    """Return a reader of finite numbers from `low` to `high`, both included."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a number from {low:g} to {high:g}; write one"
            )
        return value

    return read


def whole(low: int, high: int, multiple_of: int = 1) -> Callable[[str], int]:
    """Return a reader of whole numbers from `low` to `high`, both included."""
    kind = "a whole number" if multiple_of == 1 else f"a multiple of {multiple_of}"

    def read(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,10}", text) or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number from {low} to {high}; write one"
            )
        if int(text) % multiple_of:
            near = max(low, round(int(text) / multiple_of) * multiple_of)
            raise argparse.ArgumentTypeError(f"{text} is not {kind}; write {near}")
        return int(text)

    return read


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a reader of one of a few words."""

    def read(text: str) -> str:
        if text not in choices:
            hint = did_you_mean(text, choices, "write one of them")
            raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(choices)}; {hint}")
        return text

    return read


def sha256_or_none(text: str) -> str:
    """Read a SHA-256 in hex, or nothing."""
    if text and not re.fullmatch("[0-9a-f]{64}", text):
        raise argparse.ArgumentTypeError(
            f"{text[:80]!r} is no SHA-256; write its 64 digits 0-9 a-f, or '' if it is not known"
        )
    return text


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """Return a question with the nearest known word, in capitals or not; `otherwise` if none is.

    >>> did_you_mean("dpm++ 2m", ["Euler", "DPM++ 2M"], "it has two")
    'did you mean DPM++ 2M?'
    """
    lower = {each.lower(): each for each in known}
    near = difflib.get_close_matches(word.lower(), lower, n=1)
    return f"did you mean {lower[near[0]]}?" if near else otherwise


def tag(text: str) -> str:
    """Read one tag: no comma, no line break, not empty, no more than 250 characters.

    >>> tag(" ｌｏｎｇ_hair ")
    'long_hair'
    """
    if comma := comma_in(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} holds {comma!r}, which separates tags in a caption; write one tag without "
            f"it / {comma!r} はタグの区切りです。タグはひとつずつ書いてください"
        )
    text = folded(text)
    if not text.strip() or not text.isprintable():
        raise argparse.ArgumentTypeError(f"{text!r} is no tag; write a word such as long_hair")
    if len(text.strip()) > LONGEST_TAG:
        raise argparse.ArgumentTypeError(
            f"{text.strip()[:30]!r} … has {len(text.strip())} characters; a tag has at most "
            f"{LONGEST_TAG}"
        )
    return text.strip()


def replacement(text: str) -> tuple[str, str]:
    """Read `a=>b`: the tag to replace and the tag that takes its place.

    >>> replacement("grey_hair=>silver_hair")
    ('grey_hair', 'silver_hair')
    """
    parts = text.split("=>")
    if len(parts) != 2 or not all(part.strip() for part in parts):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no replacement; write old_tag=>new_tag (to drop a tag use exclude)"
        )
    return tag(parts[0]), tag(parts[1])


def subject_trigger(text: str) -> tuple[str, str]:
    """Read `subject=>trigger`: what a folder of drawings is called, and the tag that calls it up.

    >>> subject_trigger("cry=>nasu_cry")
    ('cry', 'nasu_cry')
    """
    subject, _, trigger = (part.strip() for part in text.partition("=>"))
    if not (subject and trigger) or "=>" in trigger:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no trigger of a subject; write SUBJECT=>TRIGGER, as cry=>nasu_cry for "
            "the drawings in a folder 2_cry / 題材=>トリガーワード の形で書いてください"
        )
    return unicodedata.normalize("NFC", subject), tag(trigger)


def folder_name(text: str) -> str:
    """Read a name that is safe in a folder, in sd-scripts and in a WebUI: ASCII, no path."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", text) or text.endswith("."):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no name for a LoRA; write 1 to 64 of A-Z a-z 0-9 . _ - and begin with a "
            "letter or digit (a WebUI can't load a LoRA whose file name is Japanese)"
            " / 半角の英数字と . _ - で、英数字から始めて書いてください"
        )
    return text
