"""data/edits.yaml as it is read: every scalar is text, and what is wrong is named."""

from pathlib import Path
from typing import Any

from stages.library.common.errors import Problem
from stages.library.common.foreign import shown
from stages.library.common.values import LONGEST_TAG, comma_in, folded
from stages.library.dataset.captions import is_sentence, underscored
from stages.library.dataset.edits import Edit, Edits
from stages.library.dataset.keyed_file import Kind, Written, entries_in, read_file

CORRECTIONS = Kind("corrections", "手直し", "add")

LONGEST_CAPTION = 10_000
"""Characters: some ten times what a trainer reads."""


def read_edits(path: Path) -> Edits:
    """Return the corrections in a file.

    Raises:
        Problem: naming the entry that is wrong.
        Problem: the file is missing, or empty.
    """
    return parsed(read_file(path, CORRECTIONS), path)


def parsed(text: str, path: Path) -> Edits:
    return {entry.key: _read_edit(entry) for entry in entries_in(text, path, CORRECTIONS)}


def _read_edit(entry: Written) -> Edit:
    lists: dict[str, list[str]] = {}
    caption = sentence = ""
    for name, value in entry.values.items():
        if name == "caption":
            caption = _read_caption(value, f"{entry.place}.{name}")
        elif name == "sentence":
            sentence = _read_sentence(value, f"{entry.place}.{name}")
        elif name in ("add", "remove", "order"):
            lists[name] = _read_tags(value, f"{entry.place}.{name}")
        else:
            raise Problem(
                f"{entry.place}: {name!r} is none of source, caption, sentence, add, remove, order"
            )
    edit = Edit(entry.source, **lists, caption=caption, sentence=sentence)
    both = {underscored(tag) for tag in edit.add} & {underscored(tag) for tag in edit.remove}
    if both:
        raise Problem(f"{entry.place}: {sorted(both)[0]!r} is in both add and remove; keep one")
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
