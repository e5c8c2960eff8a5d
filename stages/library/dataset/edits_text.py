"""data/edits.yaml as it is written: entries that did not change keep their text and comments."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from stages.library.common.outputs import write_atomically
from stages.library.common.yaml_texts import scalar
from stages.library.dataset.captions import read_text
from stages.library.dataset.edits import Edit, Edits
from stages.library.dataset.edits_file import parsed
from stages.library.dataset.subjects import known_as

KEY_LINE = r"""^['"]?(\w+)['"]?\s*:"""

HEADER = """\
# Your corrections to the tags, keyed by drawing: they outlive a new threshold, a new tagger,
# a renamed file and a new number. Made by `python -m tools.corrections save`, or by hand:
#
#   3fa9c1d2e4b5:            # first 12 digits of the drawing's sha256 in data/manifest.csv
#     source: hero.png
#     add: [eggplant]
#     remove: [1girl]
#     order: [eggplant, solo]  # optional: these tags, in this order, before all others
#     caption: "A girl ..."    # optional: a whole caption, in place of the tagger's
#     sentence: "She sits."    # optional: a second line, in words (train.enable_wildcard)
#
# タグの手直しはここに残ります。しきい値やタガーを変えても、ファイル名や番号が変わっても消えません。
"""


def write_edits(path: Path, edits: Edits, ready: Callable[[], None] = lambda: None) -> None:
    """Write the corrections; entries that did not change keep their text and comments.

    `ready` is called right before, as by `write_atomically`.
    """
    text = read_text(path) if path.is_file() else HEADER
    line_end = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n")
    old = parsed(text, path)
    layout = _layout(text)
    edits = {
        key: edit
        for key, edit in edits.items()
        if old.get(key) == edit or not _idle(key, edit, edits)
    }
    new = layout.head
    for key, edit in edits.items():
        kept = layout.bodies.get(key, "") if old.get(key) == edit else _written(key, edit)
        new += layout.comments.get(key, "") + kept
    new += layout.tail
    if not _reads_as(new, edits, path):  # entries laid out in a way that _layout does not see
        new = HEADER + "".join(_written(key, edit) for key, edit in edits.items())
    new = new if new.strip() else HEADER  # an empty file would be taken for a damaged one
    write_atomically(path, new.replace("\n", line_end).encode(), ready)


def _reads_as(text: str, edits: Edits, path: Path) -> bool:
    try:
        return parsed(text, path) == edits
    except ValueError:
        return False


def _written(key: str, edit: Edit) -> str:
    lists = {"add": edit.add, "remove": edit.remove, "order": edit.order}
    lines = [f"{key}:", f"  source: {scalar(edit.source)}"]
    if edit.caption:
        lines.append(f"  caption: {scalar(edit.caption)}")
    if edit.sentence:
        lines.append(f"  sentence: {scalar(edit.sentence)}")
    for name, tags in lists.items():
        if tags:
            lines.append(f"  {name}: [{', '.join(map(scalar, tags))}]")
    return "\n".join(lines) + "\n"


def _idle(key: str, edit: Edit, edits: Edits) -> bool:
    """Whether an entry says nothing; an empty one does if it keeps out an older of its drawing."""
    return edit.empty and not any(
        other != key and known_as(each.source) == known_as(edit.source)
        for other, each in edits.items()
    )


@dataclass
class _Layout:
    """The text of the file, as it is laid out."""

    head: str = ""  # before the first entry
    comments: dict[str, str] = field(default_factory=dict)  # above each entry
    bodies: dict[str, str] = field(default_factory=dict)  # of each entry
    tail: str = ""


def _layout(text: str) -> _Layout:
    """Return where in a text the entries are, and the comments that belong to them."""
    found = _Layout()
    pending, key = "", ""
    for line in re.findall("[^\n]+\n?|\n", text):
        line = line if line.endswith("\n") else line + "\n"
        if entry := re.match(KEY_LINE, line):
            key = entry.group(1)
            if not found.bodies:
                found.head, pending = pending, ""
            found.comments[key], found.bodies[key], pending = pending, line, ""
        elif line.startswith((" ", "\t")) and key:
            found.bodies[key] += pending + line
            pending = ""
        else:
            pending += line
    if found.bodies:
        found.tail = pending
    else:
        found.head = pending
    return found
