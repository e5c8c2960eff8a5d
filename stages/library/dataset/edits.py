"""data/edits.yaml: the artist's corrections, keyed by picture."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from stages.library.common.errors import Problem
from stages.library.common.outputs import write_atomically
from stages.library.common.values import LONGEST_TAG
from stages.library.dataset.captions import read_text, underscored
from stages.library.dataset.manifest import Row, same_name

KEY_LENGTH = 12
"""A picture's key: so many hex digits of its drawing's SHA-256."""

PLAIN = r"[A-Za-z0-9_][A-Za-z0-9_().'-]*( [A-Za-z0-9_().'-]+)*"
"""Scalars that are written without quotes."""

UNSEEN = r"[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\uffff\ud800-\udfff]"
"""Characters that YAML refuses, or that nobody can see."""

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
    """Return `tags` corrected: some removed, some added in front, those of `order` before all.

    In front, since a trainer cuts long captions at their end: what the artist knows is not what
    gets lost. Tags are compared whatever their underscores; one that is there already stays in its
    place, written as `add` has it.

    >>> apply(["1girl", "long hair", "smile"], Edit("a.png", ["eggplant"], ["long_hair"]))
    ['eggplant', '1girl', 'smile']
    """
    removed = {underscored(tag) for tag in edit.remove}
    added = {underscored(tag): tag for tag in edit.add}
    kept = [added.get(underscored(tag), tag) for tag in tags if underscored(tag) not in removed]
    new = [tag for tag in added.values() if tag not in kept]
    corrected = dict.fromkeys([*new, *kept])
    places = {underscored(tag): place for place, tag in enumerate(edit.order)}
    return sorted(corrected, key=lambda tag: places.get(underscored(tag), len(edit.order)))


def idle(tags: list[str], edit: Edit) -> list[str]:
    """Return in words the parts of `edit` that change nothing in `tags`."""
    present = {underscored(tag) for tag in tags}
    return [f"no {tag} to remove" for tag in edit.remove if underscored(tag) not in present] + [
        f"{tag} is there already" for tag in edit.add if tag in tags
    ]


def learned(before: list[str], after: list[str], edit: Edit) -> Edit:
    """Return `edit` extended by what a hand changed in a caption from `before` to `after`.

    A tag in a new spelling counts as added. The result has an `order` only where `apply` could
    not tell from added and removed tags alone in which order `after` is. Tags written at the end,
    where every editor puts them, have no place of their own: `apply` takes them to the front.
    """
    had, has = {underscored(tag) for tag in before}, {underscored(tag) for tag in after}
    gained = [tag for tag in after if tag not in before]
    lost = [tag for tag in before if underscored(tag) not in has]
    new = [tag for tag in gained if underscored(tag) not in had]
    order = [tag for tag in edit.order if underscored(tag) in has]
    in_front = apply(before, Edit(edit.source, gained, lost, order)) == after
    at_end = [*apply(before, Edit(edit.source, gained, lost))[len(new) :], *new] == after
    first = [tag for tag in new if in_front and tag not in order]
    spelling = {underscored(tag): tag for tag in first + edit.add + gained}  # in place, the new one
    add = [tag for key, tag in spelling.items() if key in has or key not in had]
    changed = {underscored(tag) for tag in gained + lost}
    remove = [tag for tag in edit.remove if underscored(tag) not in changed] + lost
    # a tag that comes back may have a place of its own, which is not known here
    placed = {underscored(tag) for tag in edit.remove + edit.order} - had
    moved = not (in_front or at_end) or placed & has
    return Edit(edit.source, add, remove, after if moved else order)


def matched(edits: Edits, rows: Iterable[Row]) -> tuple[dict[str, Edit], list[str]]:
    """Return the edits by picture (`img001.png`), and what the artist should know of the others.

    An edit belongs to the drawing with its key; if there is none, to the drawing of its source
    name, whose content then has changed; if there is none either, to no picture.
    """
    rows = list(rows)
    by_key = {row.sha256[:KEY_LENGTH]: row for row in rows}
    by_name = {same_name(row.source): row for row in rows}
    found = {by_key[key].image: key for key in edits if key in by_key}
    remarks = []
    for key, edit in reversed(edits.items()):  # a drawing's latest corrections come last
        if key in by_key:
            continue
        row = by_name.get(same_name(edit.source))
        if row is None:
            remarks.append(f"{edit.source} ({key}) is not among the drawings; kept, not applied")
        elif row.image in found:
            remarks.append(
                f"{edit.source} ({key}) has newer corrections ({found[row.image]}), "
                "which are applied instead"
            )
        else:
            found[row.image] = key
            remarks.append(
                f"{edit.source} has changed since it was corrected ({key}, now "
                f"{row.sha256[:KEY_LENGTH]}); applied, please look at {row.image}"
            )
    return {image: edits[key] for image, key in found.items()}, remarks[::-1]


def read_edits(path: Path) -> Edits:
    """Return the corrections in a file; every scalar is text, so `no` and `1e5` are tags.

    Raises:
        Problem: naming the entry that is wrong.
    """
    if not path.is_file():
        raise Problem(f"{path}: no such file; get it back with: git checkout {path}")
    return _parsed(read_text(path), path)


class _Loader(yaml.BaseLoader):
    """Takes every scalar for text, unlike safe_load, and no key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if str(key.value) in seen:
                problem = f"{key.value} is there twice; join the two into one"
                raise ConstructorError(None, None, problem, key.start_mark)
            seen.add(str(key.value))
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


def _parsed(text: str, path: Path) -> Edits:
    if conflict := re.search("^<<<<<<< ", text, flags=re.MULTILINE):
        line = text.count("\n", 0, conflict.start()) + 1
        raise Problem(
            f"{path}, line {line}: holds Git's conflict marks; keep the entries of both sides, "
            "delete the lines <<<<<<<, ======= and >>>>>>>"
        )
    try:
        entries = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line_of = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", error)
        raise Problem(f"{path}{line_of}: can't be read as YAML: {problem}") from None
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
    for name, value in entry.items():
        if name == "source":
            continue
        if name not in ("add", "remove", "order"):
            raise Problem(f"{place}: {name!r} is none of source, add, remove, order")
        lists[name] = _read_tags(value, f"{place}.{name}")
    edit = Edit(source, **lists)
    both = {underscored(tag) for tag in edit.add} & {underscored(tag) for tag in edit.remove}
    if both:
        raise Problem(f"{place}: {sorted(both)[0]!r} is in both add and remove; keep one")
    return edit


def is_tag(text: str) -> bool:
    """Return whether `text` can be a tag: not empty, without comma, break or invisible sign.

    Nor is it longer than any tag is.
    """
    return "," not in text and 0 < len(text.strip()) <= LONGEST_TAG and text.isprintable()


def _read_tags(value: Any, place: str) -> list[str]:
    tags = [value] if isinstance(value, str) and value else value or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise Problem(f"{place}: is no list of tags; write [long_hair, smile]")
    for tag in tags:
        if not is_tag(tag):
            raise Problem(
                f"{place}: {tag[: LONGEST_TAG + 1]!r} is no tag; write one tag without comma or "
                f"break, of at most {LONGEST_TAG} characters"
            )
    return [tag.strip() for tag in tags]


def write_edits(path: Path, edits: Edits) -> None:
    """Write the corrections; entries that did not change keep their text and comments."""
    text = read_text(path) if path.is_file() else HEADER
    line_end = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n")
    old = _parsed(text, path)
    head, blocks, tail = _blocks(text)
    edits = {
        key: edit
        for key, edit in edits.items()
        if old.get(key) == edit or not _idle(key, edit, edits)
    }
    new = head
    for key, edit in edits.items():
        comments, body = blocks.get(key, ("", ""))
        new += comments + (body if old.get(key) == edit else _written(key, edit))
    new += tail
    if not _reads_as(new, edits, path):  # entries laid out in a way that _blocks does not see
        new = HEADER + "".join(_written(key, edit) for key, edit in edits.items())
    write_atomically(path, new.replace("\n", line_end).encode())


def _reads_as(text: str, edits: Edits, path: Path) -> bool:
    try:
        return _parsed(text, path) == edits
    except ValueError:
        return False


def _written(key: str, edit: Edit) -> str:
    lists = {"add": edit.add, "remove": edit.remove, "order": edit.order}
    lines = [f"{key}:", f"  source: {_scalar(edit.source)}"]
    for name, tags in lists.items():
        if tags:
            lines.append(f"  {name}: [{', '.join(map(_scalar, tags))}]")
    return "\n".join(lines) + "\n"


def _scalar(text: str) -> str:
    """Return `text` as YAML: plain if it can't be mistaken, else as in JSON.

    stages/library/report/page/tags.js writes the same; tests/support/vectors/edits_yaml.json
    holds them together.

    >>> _scalar("long hair"), _scalar("a: b"), _scalar("なす")
    ('long hair', '"a: b"', '"なす"')
    """
    if re.fullmatch(PLAIN, text):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return re.sub(UNSEEN, lambda found: f"\\u{ord(found.group()):04x}", quoted)


def _idle(key: str, edit: Edit, edits: Edits) -> bool:
    """Whether an entry says nothing; an empty one does if it keeps out an older of its drawing."""
    return not (edit.add or edit.remove or edit.order) and not any(
        other != key and same_name(each.source) == same_name(edit.source)
        for other, each in edits.items()
    )


def _blocks(text: str) -> tuple[str, dict[str, tuple[str, str]], str]:
    """Return what stands before the first entry and after the last, and the entries between.

    Of every entry, by key: the comments above it and its own text.
    """
    blocks: dict[str, tuple[str, str]] = {}
    head, comments, key = "", "", ""
    for line in re.findall("[^\n]+\n?|\n", text):
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
    return (head, blocks, comments) if blocks else (comments, {}, "")
