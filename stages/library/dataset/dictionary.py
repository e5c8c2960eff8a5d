"""The dictionary that turns English tags into Japanese."""

import csv
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from io import StringIO
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.faults import named
from stages.library.common.values import folded
from stages.library.dataset.captions import underscored
from stages.library.dataset.tag_rules import by_rule
from stages.library.dataset.tag_words import SIGNS

# Kaomoji and signs have no two letters in a row; these few do.
LETTERED_SIGNS = {"xd", "xx", "zzz"}
TWO_LETTERS = re.compile(r"[^\W\d_]{2}")


def read_dictionary(folder: Path) -> dict[str, str]:
    """Read ja.csv, then the artist's own mine.csv, whose words win, where there is one."""
    words = read_words(folder / "ja.csv")
    with suppress(FileNotFoundError):  # and no other fault, that left the artist's words out
        words |= read_words(folder / "mine.csv")
    return words


def translate(tag: str, words: Mapping[str, str]) -> str | None:
    """Return the Japanese of `tag`, the tag itself if it is a sign, None if unknown.

    >>> translate("red dress", {"dress": "ドレス"})
    '赤いドレス'
    >>> translate("^_^", {})
    '^_^'
    """
    key = underscored(tag)
    return words.get(key) or by_rule(key, words) or (tag if is_sign(key) else None)


def explained(tag: str, words: Mapping[str, str]) -> str:
    """Return the Japanese to show beside `tag`: of a sign what it means, "" if unknown.

    >>> explained(":d", {})
    'にっこり開けた口'
    """
    japanese = translate(tag, words) or ""
    return SIGNS.get(underscored(tag), japanese) if japanese == tag else japanese


def is_sign(tag: str) -> bool:
    """Whether `tag` is a kaomoji, a sign or a number rather than words."""
    return tag in LETTERED_SIGNS or (tag != "" and not TWO_LETTERS.search(tag))


def read_words(path: Path) -> dict[str, str]:
    """Read one csv with the columns tag and ja."""
    words: dict[str, str] = {}
    for line, tag, ja in rows(path):
        where = f"{path}, line {line}"
        if not tag:
            raise Problem(f"{where}: no tag before {ja!r}; write tag,ja or delete the line")
        if not ja:
            raise Problem(f"{where}: no Japanese for {tag!r}; fill it in or delete the line")
        if "," in ja or "\n" in ja:
            raise Problem(f"{where}: comma or line break in {ja[:40]!r}; captions need 、 instead")
        if tag in words:
            raise Problem(f"{where}: {tag!r} is in the file twice; delete one of the lines")
        words[tag] = ja
    return words


def rows(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield line number, tag with underscores, and Japanese of every line that is not blank."""
    lines = cells_of(path)
    columns = [name.strip() for name in next(lines, (1, []))[1]]
    for name in ("tag", "ja"):
        if name not in columns:
            raise Problem(f"{path}, line 1: no column {name!r}; the first line must be tag,ja")
    for line, row in lines:
        if not any(cell.strip() for cell in row):
            continue
        if any(cell.strip() for cell in row[len(columns) :]):
            raise Problem(
                f"{path}, line {line}: more cells than columns; put a tag that has a comma in "
                '"quotes"'
            )
        cells = dict(zip(columns, [*row, *[""] * len(columns)], strict=False))
        yield line, underscored(folded(cells["tag"])), cells["ja"].strip()


def cells_of(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of every line."""
    reader = csv.reader(StringIO(text_of(path), newline=""))
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise Problem(
            f"{path}, line {reader.line_num}: can't be read as csv ({error}); look for a "
            "quotation mark that is not closed"
        ) from None


def text_of(path: Path) -> str:
    """Decode a UTF-8 file with or without the mark that Excel puts first."""
    with named(path):
        content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Problem(
            f"{path}, line {line}: not UTF-8; save it again as UTF-8 (in Excel: CSV UTF-8)"
        ) from None
