"""The dictionary that turns English tags into Japanese."""

import csv
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from io import StringIO
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.faults import named
from stages.library.common.values import COMMAS, did_you_mean, folded
from stages.library.dataset.captions import underscored
from stages.library.dataset.tag_rules import by_rule
from stages.library.dataset.tag_words import SIGNS

# Kaomoji and signs have no two letters in a row; these few do.
LETTERED_SIGNS = {"xd", "xx", "zzz"}
COUNTS = "counts.csv"
"""Made by tools/makers/tag_counts.py: about how many posts of Danbooru have a tag."""

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


def read_typed(folder: Path) -> dict[str, list[str]]:
    """Read the words that people type for tags, the artist's own first: mine.csv, synonyms.csv."""
    typed: dict[str, list[str]] = {}
    with suppress(FileNotFoundError):
        for _, cells in rows(folder / "mine.csv", "tag", "ja"):
            for word in re.split(f"[{COMMAS},;\\s]+", cells.get("typed", "")):
                typed.setdefault(word, []).append(_tag(cells))
    path = folder / "synonyms.csv"
    with suppress(FileNotFoundError):
        for line, cells in rows(path, "typed", "tag"):
            if not all((cells["typed"], cells["tag"])):
                raise Problem(
                    f"{path}, line {line}: half a row; write typed,tag or delete it"
                    " / typed と tag の両方を書くか、行を消してください"
                )
            typed.setdefault(cells["typed"], []).append(_tag(cells))
    typed.pop("", None)
    return typed


def read_groups(folder: Path, known: Collection[str]) -> dict[str, str]:
    """Read the groups of tags: groups.csv, then the artist's own in mine.csv, where they are.

    Raises:
        Problem: a group is none of those `known`, or a tag is in two.
    """
    groups: dict[str, str] = {}
    with suppress(FileNotFoundError):
        for line, cells in rows(folder / "groups.csv", "tag", "group"):
            tag, where = _tag(cells), f"{folder / 'groups.csv'}, line {line}"
            if not tag or not cells["group"]:
                raise Problem(
                    f"{where}: half a row; write tag,group or delete it"
                    " / 「タグ,グループ」の形で書くか、行を消してください"
                )
            if tag in groups:
                raise Problem(
                    f"{where}: {tag!r} is in the file twice; delete one of the lines"
                    " / 同じタグが 2 行あります。片方を消してください"
                )
            groups[tag] = _group(cells, known, where)
    with suppress(FileNotFoundError):
        for line, cells in rows(folder / "mine.csv", "tag", "ja"):
            if cells.get("group"):
                where = f"{folder / 'mine.csv'}, line {line}"
                groups[_tag(cells)] = _group(cells, known, where)
    return groups


def read_counts(folder: Path) -> dict[str, int]:
    """Read how many posts of Danbooru have each tag, where the folder says so.

    Raises:
        Problem: a line has no such number.
    """
    counts: dict[str, int] = {}
    with suppress(FileNotFoundError):
        for line, cells in rows(folder / COUNTS, "tag", "posts"):
            if not (tag := _tag(cells)) or not (
                cells["posts"].isascii() and cells["posts"].isdigit()
            ):
                raise Problem(
                    f"{folder / COUNTS}, line {line}: half a row; write tag,posts, the posts as a "
                    "number, or delete it / 「タグ,件数」の形で書くか、行を消してください"
                )
            counts[tag] = int(cells["posts"])
    return counts


def _group(cells: Mapping[str, str], known: Collection[str], where: str) -> str:
    if (group := cells["group"]) not in known:
        hint = did_you_mean(group, known, f"write one of {', '.join(known)}")
        raise Problem(
            f"{where}: {group!r} is no group of tags; {hint} / そのようなグループはありません"
        )
    return group


def read_words(path: Path) -> dict[str, str]:
    """Read one csv with the columns tag and ja; a row of other columns may have no ja."""
    words: dict[str, str] = {}
    for line, cells in rows(path, "tag", "ja"):
        tag, ja = _tag(cells), cells["ja"]
        if not tag:
            fault = (
                f"no tag before {ja or cells.get('typed')!r}; write tag,ja or delete the line"
                " / タグがありません。「タグ,日本語」の形で書くか、行を消してください"
            )
        elif not ja and (cells.get("typed") or cells.get("group")):
            continue
        elif not ja:
            fault = (
                f"no Japanese for {tag!r}; fill it in or delete the line"
                " / 日本語を書くか、行を消してください"
            )
        elif "," in ja or "\n" in ja:
            fault = (
                f"comma or line break in {ja[:40]!r}; captions need 、 instead"
                " / 「,」や改行の代わりに「、」を使ってください"
            )
        elif tag in words:
            fault = (
                f"{tag!r} is in the file twice; delete one of the lines"
                " / 同じタグが 2 行あります。片方を消してください"
            )
        else:
            words[tag] = ja
            continue
        raise Problem(f"{path}, line {line}: {fault}")
    return words


def rows(path: Path, *needed: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and cells by column of every line that is not blank."""
    lines = cells_of(path)
    columns = [name.strip() for name in next(lines, (1, []))[1]]
    for name in needed:
        if name not in columns:
            first = ",".join(needed)
            raise Problem(
                f"{path}, line 1: no column {name!r}; the first line must be {first}"
                f" / 1 行目は {first} にしてください"
            )
    for line, row in lines:
        cells = [cell.strip() for cell in row]
        if len(cells) == len(columns) and cells[0]:  # as nearly all are
            yield line, dict(zip(columns, cells, strict=True))
            continue
        if not any(cells):
            continue
        if any(cells[len(columns) :]):
            raise Problem(
                f"{path}, line {line}: more cells than columns; put a tag that has a comma in "
                '"quotes" / 列が多すぎます。カンマを含むものは " " で囲んでください'
            )
        yield line, dict(zip(columns, cells + [""] * len(columns), strict=False))


def _tag(cells: Mapping[str, str]) -> str:
    return underscored(folded(cells["tag"]))


def cells_of(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of every line."""
    reader = csv.reader(StringIO(text_of(path), newline=""))
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise Problem(
            f"{path}, line {reader.line_num}: can't be read as csv ({error}); look for a "
            'quotation mark that is not closed / 閉じていない " がないか確かめてください'
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
            " / 文字コードを UTF-8 にして保存し直してください(Excel では「CSV UTF-8」)"
        ) from None
