"""data/edits.yaml as it is read: every scalar is text, and what is wrong is named."""

import re
from pathlib import Path
from typing import Any

import yaml

from stages.library.common.errors import Problem
from stages.library.common.foreign import shown
from stages.library.common.params import guilty
from stages.library.common.values import LONGEST_TAG, comma_in, folded
from stages.library.common.yaml_texts import texts_of
from stages.library.dataset.captions import is_sentence, read_text, underscored
from stages.library.dataset.edits import KEY_LENGTH, Edit, Edits

LONGEST_CAPTION = 10_000
"""Characters: some ten times what a trainer reads."""


def read_edits(path: Path) -> Edits:
    """Return the corrections in a file; every scalar is text, so `no` and `1e5` are tags.

    A file of nothing at all is damage, as a power cut leaves it, and not the wish for none: nothing
    of ours writes one, and a comment or `{}` says as much.

    Raises:
        Problem: naming the entry that is wrong.
        Problem: the file is missing, or empty.
    """
    if not path.is_file():
        raise Problem(f"{path}: no such file; get it back with: git checkout {path}")
    text = read_text(path)
    if not text.strip():
        raise Problem(
            f"{path}: is empty; get your corrections back with: git checkout {path}; if there are "
            "to be none, write {} into it / 空です。手直しは git checkout で戻ります。"
            "手直しを全部なくすときは {} と書いてください"
        )
    return parsed(text, path)


def parsed(text: str, path: Path) -> Edits:
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
        return {}
    if not isinstance(entries, dict):
        raise Problem(f"{path}: holds no corrections; write KEY: and below it source, add, …")
    return {str(key): _read_edit(str(key), entry, path) for key, entry in entries.items()}


def _read_edit(key: str, entry: Any, path: Path) -> Edit:
    place = f"{path}, {key}"
    if not re.fullmatch(f"[0-9a-f]{{{KEY_LENGTH}}}", key):
        raise Problem(
            f"{place}: is no key; take the first {KEY_LENGTH} digits of the drawing's sha256 "
            "from data/manifest.csv"
        )
    source = entry.get("source") if isinstance(entry, dict) else None
    if not isinstance(source, str) or not source:
        raise Problem(f"{place}: has no source; write the drawing's file name there")
    lists: dict[str, list[str]] = {}
    caption = sentence = ""
    for name, value in entry.items():
        if name == "caption":
            caption = _read_caption(value, f"{place}.{name}")
        elif name == "sentence":
            sentence = _read_sentence(value, f"{place}.{name}")
        elif name in ("add", "remove", "order"):
            lists[name] = _read_tags(value, f"{place}.{name}")
        elif name != "source":
            raise Problem(
                f"{place}: {name!r} is none of source, caption, sentence, add, remove, order"
            )
    edit = Edit(source, **lists, caption=caption, sentence=sentence)
    both = {underscored(tag) for tag in edit.add} & {underscored(tag) for tag in edit.remove}
    if both:
        raise Problem(f"{place}: {sorted(both)[0]!r} is in both add and remove; keep one")
    return edit


def is_tag(text: str) -> bool:
    """Return whether `text` can be a tag: not empty, without comma, break or invisible sign.

    Nor is it longer than any tag is.
    """
    return not comma_in(text) and 0 < len(text.strip()) <= LONGEST_TAG and text.isprintable()


def is_caption(text: str) -> bool:
    """Return whether `text` can be a whole caption: lines without an invisible sign."""
    return 0 < len(text) <= LONGEST_CAPTION and all(map(str.isprintable, text.split("\n")))


def _read_caption(value: Any, place: str) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not is_caption(text):
        raise Problem(
            f"{place}: is no caption; write it as one text, in quotes, of at most "
            f"{LONGEST_CAPTION} characters"
        )
    return text


def _read_sentence(value: Any, place: str) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if not is_caption(text):
        raise Problem(
            f"{place}: is no sentence; write one text, in quotes, of at most {LONGEST_CAPTION} "
            "characters"
        )
    if not is_sentence(text):
        raise Problem(
            f"{place}: {shown(text[:60])} is no sentence; end it with a full stop, and write tags "
            "into add / 文の終わりに「.」か「。」を付けてください。タグは add に書きます"
        )
    return text


def _read_tags(value: Any, place: str) -> list[str]:
    tags = [value] if isinstance(value, str) and value else value or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise Problem(f"{place}: is no list of tags; write [long_hair, smile]")
    for tag in tags:
        if comma := comma_in(tag):
            raise Problem(
                f"{place}: {tag!r} holds {comma!r}, which separates tags; write them one by one, "
                f"as [smile, hat] / {comma!r} はタグの区切りです。[smile, hat] のように、"
                "ひとつずつ書いてください"
            )
        if not is_tag(tag):
            raise Problem(
                f"{place}: {tag[: LONGEST_TAG + 1]!r} is no tag; write one tag without "
                f"line break, of at most {LONGEST_TAG} characters"
            )
    return [folded(tag.strip()) for tag in tags]


def copies(edits: Path) -> list[Path]:
    """Return the files beside edits.yaml that look like copies of it, the newest first.

    A browser saves `edits (1).yaml` where there is one already, and Finder `edits copy.yaml`.
    """
    found = [
        path
        for path in edits.parent.glob("[Ee]dits*")
        if path.name != edits.name and path.suffix in (".yaml", ".yml", ".txt")
    ]
    return sorted(found, key=lambda path: (-path.stat().st_mtime, path.name))


def told_copies(edits: Path) -> list[str]:
    """Return what to say of the copies of edits.yaml, which nothing reads."""
    return [
        f"{shown(path)}: nothing reads this copy; take it: python -m tools.corrections take "
        f'"{path}", or delete it / このコピーは使われません。上のコマンドで取り込むか、'
        "不要なら削除してください"
        for path in copies(edits)
    ]
