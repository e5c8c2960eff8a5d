"""data/edits.yaml: the artist's corrections, keyed by picture."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from stages.library.captions import underscored
from stages.library.manifest import Row, same_name
from stages.library.outputs import write_atomically

KEY_LENGTH = 12
"""A picture's key: so many hex digits of its drawing's SHA-256."""

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
#
# タグの手直しはここに残ります。しきい値やタガーを変えても、ファイル名や番号が変わっても消えません。
"""


@dataclass(frozen=True)
class Edit:
    """Corrections to the tags of one picture."""

    source: str
    add: list[str] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)
    order: list[str] = field(default_factory=list)


Edits = dict[str, Edit]


def apply(tags: list[str], edit: Edit) -> list[str]:
    """Return `tags` corrected: some removed, some added at the end, those of `order` first.

    Tags are compared whatever their underscores.

    >>> apply(["1girl", "long hair", "smile"], Edit("a.png", ["eggplant"], ["long_hair"]))
    ['1girl', 'smile', 'eggplant']
    """
    removed = {underscored(tag) for tag in edit.remove}
    kept = [tag for tag in tags if underscored(tag) not in removed]
    present = {underscored(tag) for tag in kept}
    corrected = kept + [tag for tag in edit.add if underscored(tag) not in present]
    places = {underscored(tag): place for place, tag in enumerate(edit.order)}
    return sorted(corrected, key=lambda tag: places.get(underscored(tag), len(places)))


def idle(tags: list[str], edit: Edit) -> list[str]:
    """Return in words the parts of `edit` that change nothing in `tags`."""
    present = {underscored(tag) for tag in tags}
    return [f"no {tag} to remove" for tag in edit.remove if underscored(tag) not in present] + [
        f"{tag} is there already" for tag in edit.add if underscored(tag) in present
    ]


def learned(before: list[str], after: list[str], edit: Edit) -> Edit:
    """Return `edit` extended by what a hand changed in a caption from `before` to `after`.

    `before` is what the pipeline wrote with `edit` in force. The result has an `order` only where
    `apply` could not tell from added and removed tags alone in which order `after` is.
    """
    had, has = {underscored(tag) for tag in before}, {underscored(tag) for tag in after}
    gained = [tag for tag in after if underscored(tag) not in had]
    lost = [tag for tag in before if underscored(tag) not in has]
    changed = had ^ has
    add = [tag for tag in edit.add if underscored(tag) not in changed] + gained
    remove = [tag for tag in edit.remove if underscored(tag) not in changed] + lost
    order = [tag for tag in edit.order if underscored(tag) in has]
    result = Edit(edit.source, add, remove, order)
    added = {underscored(tag) for tag in edit.add}
    restored = {underscored(tag) for tag in edit.remove} & has  # its old place is not known here
    tagged = [tag for tag in before if underscored(tag) not in added]
    if restored or apply(tagged, result) != after:
        return Edit(edit.source, add, remove, after)
    return result


def matched(edits: Edits, rows: Iterable[Row]) -> tuple[dict[str, Edit], list[str]]:
    """Return the edits by picture (`img001.png`), and what the artist should know of the others.

    An edit belongs to the drawing with its key; if there is none, to the drawing of its source
    name, whose content then has changed; if there is none either, to no picture.
    """
    rows = list(rows)
    by_key = {row.sha256[:KEY_LENGTH]: row for row in rows}
    by_name = {same_name(row.source): row for row in rows}
    found: dict[str, Edit] = {}
    remarks = []
    for key, edit in edits.items():
        if key in by_key:
            found[by_key[key].image] = edit
    for key, edit in edits.items():
        if key in by_key:
            continue
        row = by_name.get(same_name(edit.source))
        if row is None:
            remarks.append(f"{edit.source} ({key}) is not among the drawings; kept, not applied")
        elif row.image in found:
            remarks.append(
                f"{edit.source} ({key}) has newer corrections ({row.sha256[:KEY_LENGTH]}), "
                "which are applied instead"
            )
        else:
            found[row.image] = edit
            remarks.append(
                f"{edit.source} has changed since it was corrected ({key}, now "
                f"{row.sha256[:KEY_LENGTH]}); applied, please look at {row.image}"
            )
    return found, remarks


def read_edits(path: Path) -> Edits:
    """Return the corrections in a file; every scalar is text, so `no` and `1e5` are tags.

    Raises:
        ValueError: naming the entry that is wrong.
    """
    if not path.is_file():
        raise ValueError(f"{path}: no such file; get it back with: git checkout {path}")
    try:
        # yaml.BaseLoader, not safe_load: the tags `no` and `1e5` are text
        entries = yaml.load(path.read_bytes(), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "is not UTF-8"
        raise ValueError(f"{path}{line}: can't be read as YAML: {problem}") from None
    if not entries:
        return {}
    keys = re.findall(KEY_LINE, path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if twice := [key for key in keys if keys.count(key) > 1]:
        raise ValueError(f"{path}, {twice[0]}: is there twice; join the two entries into one")
    if not isinstance(entries, dict):
        raise ValueError(f"{path}: holds no corrections; write KEY: and below it source, add, …")
    return {str(key): _read_edit(entry, f"{path}, {key}") for key, entry in entries.items()}


def _read_edit(entry: Any, place: str) -> Edit:
    key = place.rpartition(" ")[2]
    if not re.fullmatch(f"[0-9a-f]{{{KEY_LENGTH}}}", key):
        raise ValueError(
            f"{place}: is no key; take the first {KEY_LENGTH} digits of the drawing's sha256 "
            "from data/manifest.csv"
        )
    if not isinstance(entry, dict) or not isinstance(entry.get("source"), str):
        raise ValueError(f"{place}: has no source; write the drawing's file name there")
    lists: dict[str, list[str]] = {}
    for name, value in entry.items():
        if name == "source":
            continue
        if name not in ("add", "remove", "order"):
            raise ValueError(f"{place}: {name!r} is none of source, add, remove, order")
        lists[name] = _read_tags(value, f"{place}.{name}")
    edit = Edit(entry["source"], **lists)
    both = {underscored(tag) for tag in edit.add} & {underscored(tag) for tag in edit.remove}
    if both:
        raise ValueError(f"{place}: {sorted(both)[0]!r} is in both add and remove; keep one")
    return edit


def _read_tags(value: Any, place: str) -> list[str]:
    tags = [value] if isinstance(value, str) and value else value or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise ValueError(f"{place}: is no list of tags; write [long_hair, smile]")
    for tag in tags:
        if "," in tag or not tag.strip() or not tag.isprintable():
            raise ValueError(f"{place}: {tag!r} is no tag; write one tag without comma or break")
    return [tag.strip() for tag in tags]


def write_edits(path: Path, edits: Edits) -> None:
    """Write the corrections; entries that did not change keep their text and comments."""
    old = read_edits(path) if path.is_file() else {}
    text = path.read_text(encoding="utf-8") if path.is_file() else HEADER
    head, blocks = _blocks(text)
    parts = [head]
    for key, edit in edits.items():
        comments, body = blocks.get(key, ("", ""))
        parts.append(comments + (body if old.get(key) == edit else _written(key, edit)))
    write_atomically(path, "".join(parts).encode())


def _written(key: str, edit: Edit) -> str:
    fields = {"source": edit.source, "add": edit.add, "remove": edit.remove, "order": edit.order}
    entry = {name: value for name, value in fields.items() if value}
    text: str = yaml.safe_dump(
        {key: entry}, allow_unicode=True, sort_keys=False, default_flow_style=None, width=2**20
    )
    return text


def _blocks(text: str) -> tuple[str, dict[str, tuple[str, str]]]:
    """Return the text before the first entry, and each entry's comments and own text by key."""
    blocks: dict[str, tuple[str, str]] = {}
    head, comments, key = "", "", ""
    for line in text.splitlines(keepends=True):
        line = line if line.endswith("\n") else line + "\n"
        if entry := re.match(KEY_LINE, line):
            key = entry.group(1)
            if not blocks:
                head, comments = comments, ""
            blocks[key], comments = (comments, line), ""
        elif line.startswith((" ", "\t")) and key:
            before, body = blocks[key]
            blocks[key] = (before, body + comments + line)
            comments = ""
        else:
            comments += line
    return (head, blocks) if blocks else (comments, {})
