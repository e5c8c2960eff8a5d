"""List the datasets that Git has, or tell what changed between two of them, or since one."""

import base64
import csv
import io
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import yaml
from dvc.api import DVCFileSystem
from jinja2 import Environment, FileSystemLoader, select_autoescape

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.dvc_internals import as_problem
from stages.library.common.errors import Problem
from stages.library.common.foreign import printable
from stages.library.common.git import git, git_or_none
from stages.library.common.outputs import write_atomically
from stages.library.common.yaml_texts import texts_of
from stages.library.dataset.captions import split
from stages.library.dataset.manifest import Row, read_rows, same_name, shown, used

MOST = 30
"""Commits that are listed."""

LISTED = "python -m tools.history lists the commits that have a dataset"
"""What to do about one that has none."""


@dataclass(frozen=True)
class Dataset:
    """The dataset of one revision: used drawings by key, their tags, and the params."""

    rows: dict[str, Row]  # by the drawing's SHA-256
    tags: dict[str, list[str]]  # likewise
    params: dict[str, str]  # by dotted key


@dataclass(frozen=True)
class Change:
    """What became of one drawing; `before` and `after` are its rows, None where there is none."""

    source: str
    before: Row | None
    after: Row | None
    gained: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        return "retagged" if self.before.sha256 == self.after.sha256 else "changed"


class Files(Protocol):
    """The part of a file system that is needed here."""

    def read_bytes(self, path: str) -> bytes: ...
    def ls(self, path: str, detail: bool) -> list[Any]: ...


def flat(value: object, key: str = "") -> dict[str, str]:
    """Return nested params by dotted key, as text.

    >>> flat({"caption": {"threshold": 0.35, "exclude": ["a", "b"]}})
    {'caption.threshold': '0.35', 'caption.exclude': '[a, b]'}
    """
    if isinstance(value, dict):
        flattened: dict[str, str] = {}
        for name, inner in value.items():
            flattened |= flat(inner, f"{key}.{name}" if key else str(name))
        return flattened
    text = f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)
    return {key: text}


def changes(before: Dataset, after: Dataset) -> list[Change]:
    """Return every drawing that came, went, changed or has other tags, by source name.

    A drawing is the same if its bytes are; one of the same name with other bytes has changed.
    """
    gone = {same_name(row.source): key for key, row in before.rows.items() if key not in after.rows}
    found = []
    for key, row in after.rows.items():
        old = key if key in before.rows else gone.pop(same_name(row.source), None)
        had = before.tags.get(old, []) if old else []
        has = after.tags.get(key, [])
        found.append(
            Change(
                row.source,
                before.rows[old] if old else None,
                row,
                [tag for tag in has if tag not in had] if old else [],
                [tag for tag in had if tag not in has],
            )
        )
    found += [Change(before.rows[key].source, before.rows[key], None) for key in gone.values()]
    kept = [one for one in found if one.kind != "retagged" or one.gained or one.lost]
    return sorted(kept, key=lambda change: same_name(change.source))


def param_changes(before: Dataset, after: Dataset) -> list[tuple[str, str, str]]:
    """Return key, old value and new value of every param that differs; '' where there is none."""
    keys = sorted({*before.params, *after.params})
    pairs = [(key, before.params.get(key, ""), after.params.get(key, "")) for key in keys]
    return [(key, old, new) for key, old, new in pairs if old != new]


def totals(found: list[Change]) -> list[tuple[str, int, int]]:
    """Return tag, pictures that gained it and pictures that lost it, the most changed first."""
    gained = Counter(tag for change in found for tag in change.gained)
    lost = Counter(tag for change in found for tag in change.lost)
    tags = sorted({*gained, *lost}, key=lambda tag: (-gained[tag] - lost[tag], tag))
    return [(tag, gained[tag], lost[tag]) for tag in tags]


def as_text(before: Dataset, after: Dataset, old: str, new: str) -> str:
    """Return the changes between two datasets for a terminal."""
    found = changes(before, after)
    counts = Counter(change.kind for change in found)
    lines = [f"{old} → {new}: {len(before.rows)} → {len(after.rows)} pictures"]
    lines += [f"  {counts[kind]} {kind}" for kind in KINDS if counts[kind]]
    if not found:
        lines.append("  no picture and no tag differs")
    if params := param_changes(before, after):
        lines.append("params:")
        lines += [f"  {key}: {one or '(none)'} → {other or '(none)'}" for key, one, other in params]
    if tags := totals(found):
        lines.append("tags, by number of pictures:")
        lines += [f"  {tag}: {signed(gained, lost)}" for tag, gained, lost in tags]
    if found:
        lines.append("pictures:")
    for change in found:
        row = change.after or change.before
        assert row
        parts = [f"  {change.kind} {shown(change.source)} ({row.image})"]
        parts += [f"+{tag}" for tag in change.gained] + [f"-{tag}" for tag in change.lost]
        lines.append(" ".join(parts))
    return "\n".join(lines)


def signed(gained: int, lost: int) -> str:
    """Return both numbers with their signs, zero left out.

    >>> signed(3, 0), signed(1, 2)
    ('+3', '+1 -2')
    """
    return " ".join([f"+{gained}"] * bool(gained) + [f"-{lost}"] * bool(lost))


KINDS = ("added", "removed", "changed", "retagged")


def read_dataset(files: Files, revision: str) -> Dataset:
    """Return the dataset of a revision.

    Raises:
        Problem: the revision has no dataset.
    """
    try:
        rows = read_rows(io.StringIO(files.read_bytes("data/manifest.csv").decode(), newline=""))
        names = {Path(name).stem: name for name in files.ls("data/tagged", detail=False)}
        params = texts_of(files.read_bytes("params.yaml").decode())
    except FileNotFoundError as error:
        missing = Path(error.filename or str(error)).name.strip("'\"") or "dataset"
        raise Problem(
            f"{revision} has no {missing}: commit data/manifest.csv, data/tagged and params.yaml "
            f"after each dvc repro; {LISTED}"
        ) from None
    except (ValueError, csv.Error, yaml.YAMLError) as error:
        raise Problem(
            f"{revision}: its data/manifest.csv or params.yaml can't be read: "
            f"{' '.join(str(error).split())}; compare another revision"
        ) from None
    drawn = used(rows)
    tags = {
        row.sha256: split(files.read_bytes(names[stem]).decode().replace("\n", ","))
        for stem, row in drawn.items()
        if stem in names
    }
    return Dataset({row.sha256: row for row in drawn.values()}, tags, flat(params))


def thumbnail(files: Files, row: Row | None) -> str:
    """Return a picture as a data URI; '' where the DVC cache does not have it."""
    if row is None:
        return ""
    path = f"data/thumbnails/{Path(row.image).stem}.webp"
    try:
        with as_problem(f"{path}: ", ""):
            data = files.read_bytes(path)
    except (OSError, Problem):
        return ""
    return f"data:image/webp;base64,{base64.b64encode(data).decode()}"


def as_page(before: Dataset, after: Dataset, old: str, new: str, files: tuple[Files, Files]) -> str:
    """Return the changes between two datasets as one HTML file with thumbnails."""
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=select_autoescape(default=True))
    found = changes(before, after)
    pictures = [
        (change, thumbnail(files[0], change.before), thumbnail(files[1], change.after))
        for change in found
    ]
    return environment.get_template("history.html.j2").render(
        old=old,
        new=new,
        counts=Counter(change.kind for change in found),
        kinds=KINDS,
        sizes=(len(before.rows), len(after.rows)),
        params=param_changes(before, after),
        totals=totals(found),
        pictures=pictures,
    )


@dataclass(frozen=True)
class Commit:
    """A commit with a dataset."""

    name: str
    date: str
    subject: str
    pictures: int
    tags: int  # different ones


def commits(most: int = MOST) -> list[Commit]:
    """Return the commits that changed the dataset, the newest first.

    Raises:
        Problem: this is no repository.
    """
    git("rev-parse", "--git-dir")
    words = ("log", f"--max-count={most}", "--format=%h%x09%cs%x09%s", "--")
    listed = git_or_none(*words, "data/manifest.csv", "data/tagged")  # none: no commit yet
    found = [as_commit(*line.split("\t", 2)) for line in (listed or "").split("\n") if line]
    return [each for each in found if each]


def as_commit(name: str, date: str, subject: str) -> Commit | None:
    """Return a commit with what its dataset holds; None if it has none that can be read."""
    manifest = git_or_none("show", f"{name}:data/manifest.csv")
    if manifest is None:
        return None
    try:
        pictures = used(read_rows(io.StringIO(manifest, newline="")))
    except (ValueError, csv.Error):
        return None
    lines = git_or_none("grep", "--no-color", "-h", "-e", "", name, "--", "data/tagged/*.txt")
    tags = {tag for line in (lines or "").splitlines() for tag in split(line)}
    return Commit(name, date, subject, len(pictures), len(tags))


def as_list(found: list[Commit]) -> str:
    """Return commits as a table for a terminal.

    >>> print(as_list([Commit("3fa9c1d", "2026-01-31", "First dataset", 15, 37)]))
    commit   date        pictures  tags  message
    3fa9c1d  2026-01-31        15    37  First dataset
    """
    wide = max(6, *(len(each.name) for each in found))
    return "\n".join(
        [
            f"{'commit':{wide}}  {'date':10}  pictures  tags  message",
            *(
                f"{each.name:{wide}}  {each.date}  {each.pictures:8}  {each.tags:4}  "
                f"{printable(each.subject, 60)}"
                for each in found
            ),
        ]
    )


def list_them() -> None:
    """Print the commits that have a dataset, and how to compare one.

    Raises:
        Problem: there is none.
    """
    found = commits()
    if not found:
        raise Problem(
            'no commit has a dataset yet; after dvc repro give git add -A && git commit -qm "First '
            'dataset" / まだデータセットのコミットがありません。上のコマンドを実行してください'
        )
    print(as_list(found))
    print(
        f"python -m tools.history {found[0].name} tells what changed since, with a second commit "
        "what changed between them / コミットを 1 つ書くとそのあとの違いを、"
        "2 つ書くとその間の違いを表示します"
    )


def history(old: str | None, new: str | None, page: Path | None) -> None:
    """Print what changed from one revision to another; write it to `page` too, if given.

    Without `new`, the files as they are now are compared; without `old` too, what there is is
    listed.

    Raises:
        Problem: there is no such revision, or it has no dataset.
    """
    if old is None:
        list_them()
        return
    found = []
    for revision in (old, new):
        with as_problem(f"{revision}: ", f"; {LISTED}"):
            files = DVCFileSystem(rev=revision)
            found.append((files, read_dataset(files, revision or "now")))
    (old_files, before), (new_files, after) = found
    print(as_text(before, after, old, new or "now"))
    if page:
        html = as_page(before, after, old, new or "now", (old_files, new_files))
        write_atomically(page, html.encode())
        print(f"page: {page}")


def build_parser() -> Parser:
    parser = Parser("tools.history", __doc__)
    parser.add_argument(
        "old",
        nargs="?",
        default=None,
        help="a Git revision, such as HEAD~1, a tag or a commit; lists them where left out",
    )
    parser.add_argument(
        "new", nargs="?", default=None, help="another; the files as they are now where left out"
    )
    parser.add_argument("--page", type=Path, default=None, help="write a page with thumbnails here")
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), history, argv)


if __name__ == "__main__":
    sys.exit(main())
