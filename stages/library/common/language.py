"""The language in which the terminal speaks to its reader."""

from collections.abc import Mapping
from typing import Literal

from stages.library.common.errors import Problem

Language = Literal["en", "ja"]

WISH = "NASUMISO_LANG"
LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")
"""Where POSIX has the language of messages; the first that is set and not empty counts."""


def language(environment: Mapping[str, str]) -> Language:
    """Return the reader's language: the wish, else that of the locale, English if not Japanese.

    No result may depend on it: only what is printed.

    Raises:
        Problem: the wish is for another language.

    >>> language({"LANG": "ja_JP.UTF-8"}), language({"LANG": "ja_JP.UTF-8", "LC_ALL": "C"})
    ('ja', 'en')
    """
    wish = environment.get(WISH, "")
    if wish not in ("", "en", "ja"):
        raise Problem(f"{WISH}: {wish!r} is no language that is spoken here; write en or ja")
    found = wish or next((environment[name] for name in LOCALE if environment.get(name)), "")
    return "ja" if found.startswith("ja") else "en"


def in_language(language: Language, english: str, japanese: str) -> str:
    """Return that of two sentences which the reader understands."""
    return japanese if language == "ja" else english
