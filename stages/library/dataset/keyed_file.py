"""YAML that the artist writes by drawing: its entries, and what is wrong with the file as such."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from stages.library.common.errors import Problem
from stages.library.common.params import guilty
from stages.library.common.yaml_texts import texts_of
from stages.library.dataset.captions import read_text
from stages.library.dataset.keyed import KEY_LENGTH


@dataclass(frozen=True)
class Kind:
    """What such a file holds, as messages call it."""

    what: str
    japanese: str
    example: str


@dataclass(frozen=True)
class Written:
    """An entry as it is written: all but its source, and where it stands."""

    key: str
    source: str
    values: Mapping[str, object]
    place: str


def read_file(path: Path, kind: Kind) -> str:
    """Return the text of a file that the artist keeps.

    A file of nothing at all is damage, as a power cut leaves it, and not the wish for none: nothing
    of ours writes one, and a comment or `{}` says as much.

    Raises:
        Problem: the file is missing, or empty.
    """
    if not path.is_file():
        raise Problem(f"{path}: no such file; get it back with: git checkout {path}")
    text = read_text(path)
    if not text.strip():
        raise Problem(
            f"{path}: is empty; get your {kind.what} back with: git checkout {path}; if there are "
            f"to be none, write {{}} into it / 空です。{kind.japanese}は git checkout で戻ります。"
            f"{kind.japanese}を全部なくすときは {{}} と書いてください"
        )
    return text


def entries_in(text: str, path: Path, kind: Kind) -> Iterator[Written]:
    """Yield the entries; every scalar is text, so that `no` and `1e5` are tags.

    Raises:
        Problem: naming the line that is no YAML, or the entry without key or source.
    """
    if conflict := re.search("^<<<<<<< ", text, flags=re.MULTILINE):
        line = text.count("\n", 0, conflict.start()) + 1
        raise Problem(
            f"{path}, line {line}: holds Git's conflict marks; keep the entries of both sides, "
            "delete the lines <<<<<<<, ======= and >>>>>>>"
        )
    try:
        entries = texts_of(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        last = text.rstrip().count("\n")  # a fault at the end is shown on a line behind it
        at, hint = guilty(text.splitlines(), min(mark.line, last)) if mark else (0, "")
        line_of = f", line {at + 1}" if mark else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", error)
        raise Problem(f"{path}{line_of}: can't be read as YAML: {problem}{hint}") from None
    if not entries:
        return
    if not isinstance(entries, dict):
        raise Problem(
            f"{path}: holds no {kind.what}; write KEY: and below it source, {kind.example}, …"
        )
    for key, entry in entries.items():
        yield _written(str(key), entry, f"{path}, {key}")


def _written(key: str, entry: object, place: str) -> Written:
    if not re.fullmatch(f"[0-9a-f]{{{KEY_LENGTH}}}", key):
        raise Problem(
            f"{place}: is no key; take the first {KEY_LENGTH} digits of the drawing's sha256 "
            "from data/manifest.csv"
        )
    values = dict(entry) if isinstance(entry, dict) else {}
    source = values.pop("source", None)
    if not isinstance(source, str) or not source:
        raise Problem(f"{place}: has no source; write the drawing's file name there")
    return Written(key, source, values, place)
