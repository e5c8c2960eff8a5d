"""What models found in pictures, kept for good by the pictures' content: each looks once, ever.

A file of SQLite's in the user's cache, for all datasets and clones. It only saves time: where it
can't be used one line says so, and the work goes on. What is in it counts only if it is whole.
"""

import hashlib
import os
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from tqdm import tqdm

from stages.library.common.errors import Problem
from stages.library.common.foreign import shown
from stages.library.common.paths import cache_folder
from stages.library.tagging.contract import Floats
from stages.library.tagging.scores import FLOOR, SCALE, Found

FILE = "looks-1.sqlite"
"""Another layout gets another number: clones of both may be at work."""

OURS = 0x4E617375
"""What the file says it is: `PRAGMA application_id`."""

TABLE = "CREATE TABLE looks (id INTEGER PRIMARY KEY, key BLOB UNIQUE, found BLOB, mark BLOB)"

MOST = 1 << 30
"""Bytes of the file, more than a million looks; then a tenth is let go, the oldest."""

WAITING_SECONDS = 10.0
"""Another process that writes takes milliseconds."""

AT_ONCE = 500
"""Looks asked for together; SQLite takes 999 values at least."""

ENTRY = np.dtype([("index", "<i4"), ("score", "<u2")])

FLOAT = np.dtype("<f4")

MOST_FEATURES = 1 << 16
"""Of a picture; models of today have about a thousand."""

Look = TypeVar("Look")

DAMAGED = (
    "is damaged, or no file of ours",
    "delete it, nothing but time is lost",
    "壊れているか、このプロジェクトのファイルではありません。削除してください(失うのは時間だけです)",
)
TROUBLES = {
    sqlite3.SQLITE_BUSY: (
        "is held by another program",
        "end that one if it hangs",
        "ほかのソフトが使用中です。止まっているようなら終了してください",
    ),
    sqlite3.SQLITE_FULL: (
        "can't grow, the disk is full",
        "make room there",
        "ディスクがいっぱいで、大きくできません。空きを増やしてください",
    ),
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_ERROR: DAMAGED,
}
"""By what SQLite says: what is wrong and what to do, and both in Japanese."""

DENIED = (
    "can't be read or written",
    "set NASUMISO_CACHE to a folder where you may write",
    "読み書きできません。NASUMISO_CACHE に書き込めるフォルダーを指定してください",
)


class Kept:
    """What models found, while the command `who` is at work. A model is called by its fingerprint,
    a picture by its SHA-256."""

    def __init__(self, who: str) -> None:
        self.who, self.usable = who, True

    def known(self, model: str, tags: int, pictures: Iterable[str]) -> dict[str, Found]:
        """Return what a model that knows so many tags found in those of `pictures` it has seen."""
        return self._known(model, pictures, ENTRY.itemsize * tags, partial(unpacked, tags=tags))

    def add(self, model: str, looks: Mapping[str, Found]) -> None:
        """Keep what a model found in pictures: from now on the disk has it."""
        self._add(model, {picture: packed(found) for picture, found in looks.items()})

    def known_features(self, model: str, pictures: Iterable[str]) -> dict[str, Floats]:
        """Return the features of those of `pictures` that a model has seen, a row each."""
        return self._known(model, pictures, FLOAT.itemsize * MOST_FEATURES, unpacked_features)

    def add_features(self, model: str, rows: Mapping[str, Floats]) -> None:
        """Keep the features that a model made of pictures: from now on the disk has them."""
        packed_rows = {picture: row.astype(FLOAT).tobytes() for picture, row in rows.items()}
        self._add(model, packed_rows)

    def _known(
        self,
        model: str,
        pictures: Iterable[str],
        longest: int,
        unpack: Callable[[bytes], Look | None],
    ) -> dict[str, Look]:
        """Return what is whole of what is kept of pictures, so many bytes at most."""
        keys = {key_of(model, picture): picture for picture in pictures}
        known: dict[str, Look] = {}
        with self.told():
            if not (self.usable and place().exists()):
                return known
            with closing(opened(place())) as file:
                if not is_ours(file):
                    return known
                for key, data, mark in rows(file, list(keys), longest):
                    if mark == mark_of(key, data) and (found := unpack(data)) is not None:
                        known[keys[key]] = found
        return known

    def _add(self, model: str, looks: Mapping[str, bytes]) -> None:
        """Keep what is packed of pictures."""
        keys = {picture: key_of(model, picture) for picture in looks}
        made = [(keys[each], data, mark_of(keys[each], data)) for each, data in looks.items()]
        with self.told():
            if not (self.usable and made):
                return
            place().parent.mkdir(parents=True, exist_ok=True)
            with closing(opened(place())) as file, written(file):
                make_room(file)
                file.executemany("REPLACE INTO looks (key, found, mark) VALUES (?, ?, ?)", made)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Say, once, what fails in the block, and go on."""
        try:
            yield
        except (sqlite3.Error, OSError, Problem) as error:
            self.usable = False
            # above the bar, if there is one
            tqdm.write(f"{self.who}: warning: {trouble(error)}", file=sys.stderr)


def place() -> Path:
    """Return where the looks are kept.

    Raises:
        Problem: this user has no home.
    """
    return cache_folder(os.environ) / FILE


def trouble(error: sqlite3.Error | OSError | Problem) -> str:
    """Return in a line why nothing can be kept, and what to do."""
    if isinstance(error, Problem):
        return str(error)
    reason = str(error)
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_NOTADB)  # else it is ours
        said, remedy, japanese = TROUBLES.get(code & 0xFF, DENIED)
    else:
        said, remedy, japanese = DENIED
        reason = error.strerror or reason
    return (
        f"{shown(place())}: {said} ({reason}); {remedy}. This run goes on, and what a model sees "
        f"meanwhile is not kept there / {japanese}。処理は続きますが、その間に見た結果は"
        "そこに保存されません"
    )


def opened(path: Path) -> sqlite3.Connection:
    """Open the file, which is made if there is none."""
    file = sqlite3.connect(path, timeout=WAITING_SECONDS, isolation_level=None)
    # its journal is SQLite's plain one: a log (WAL) needs memory shared by all who read, which a
    # home on a network mount hasn't, and a folder to write to even for reading
    file.execute("PRAGMA synchronous = FULL")
    return file


def is_ours(file: sqlite3.Connection) -> bool:
    """Return whether the file holds looks; False where it holds nothing.

    Raises:
        sqlite3.Error: it is another program's.
    """
    (name,) = file.execute("PRAGMA application_id").fetchone()
    (tables,) = file.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if name == OURS:
        return True
    if name or tables:
        raise sqlite3.DatabaseError("another program's tables are in it")
    return False


@contextmanager
def written(file: sqlite3.Connection) -> Iterator[None]:
    """Write what the block does whole, or not at all."""
    file.execute("BEGIN IMMEDIATE")
    with file:
        if not is_ours(file):
            file.execute(f"PRAGMA application_id = {OURS}")
            file.execute(TABLE)
        yield


def make_room(file: sqlite3.Connection) -> None:
    """Let the oldest looks go if there are too many: newer ones take their place in the file."""
    pages, free, size = (
        file.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    if (pages - free) * size > MOST:
        file.execute(
            "DELETE FROM looks WHERE id <= (SELECT min(id) + (max(id) - min(id)) / 10 FROM looks)"
        )


def rows(
    file: sqlite3.Connection, keys: list[bytes], longest: int
) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield what is kept under those of the keys that there are."""
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        marks = ", ".join("?" * len(some))
        yield from file.execute(
            f"SELECT key, found, mark FROM looks WHERE key IN ({marks}) "
            "AND typeof(found) = 'blob' AND length(found) <= ?",
            (*some, longest),
        )


def key_of(model: str, picture: str) -> bytes:
    """Return under what a look is kept, by the model's fingerprint and the picture's SHA-256."""
    return hashlib.sha256(f"{model}\n{picture}".encode()).digest()


def mark_of(key: bytes, data: bytes) -> bytes:
    """Return what tells that the data is whole, and of that key."""
    return hashlib.sha256(key + data).digest()[:16]


def packed(found: Found) -> bytes:
    """Return what was found as bytes, the same on every machine."""
    entries = np.empty(len(found[0]), ENTRY)
    entries["index"], entries["score"] = found
    return entries.tobytes()


def unpacked(data: bytes, tags: int) -> Found | None:
    """Return what was found; None if a model of so many tags can't have found that."""
    if len(data) % ENTRY.itemsize:
        return None
    entries = np.frombuffer(data, ENTRY)
    indices, values = entries["index"].astype(np.int32), entries["score"].astype(np.uint16)
    steps = np.diff(np.concatenate([[-1], indices, [tags]]))
    fit = (steps > 0).all() and (values >= FLOOR).all() and (values <= SCALE).all()
    return (indices, values) if fit else None


def unpacked_features(data: bytes) -> Floats | None:
    """Return a row of features; None if that can't be one."""
    if not data or len(data) % FLOAT.itemsize:
        return None
    row = np.frombuffer(data, FLOAT).astype(np.float32)
    return row if np.isfinite(row).all() else None
