"""What models found is kept for good, and the file that has it is never the end of the work."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.library.common.paths import CACHE
from stages.library.tagging import kept
from stages.library.tagging.kept import FILE, Kept, key_of, mark_of, packed, unpacked
from stages.library.tagging.scores import FLOOR, SCALE, Found
from tests.support.clones import PROJECT
from tests.support.mounts import fill, store
from tests.support.users import unprivileged

TAGS = 40
MODEL = "model"
WAITING_SECONDS = 60


def digest(number: int) -> str:
    return sha256(str(number).encode()).hexdigest()


def found(*pairs: tuple[int, int]) -> Found:
    indices, values = zip(*pairs, strict=True) if pairs else ((), ())
    return np.array(indices, np.int32), np.array(values, np.uint16)


def plain(looks: dict[str, Found]) -> dict[str, list[tuple[int, int]]]:
    return {
        name: [(int(index), int(value)) for index, value in zip(*one, strict=True)]
        for name, one in looks.items()
    }


SOME = {digest(1): found((0, 500), (39, 10_000)), digest(2): found(), digest(3): found((7, 3500))}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where looks are kept."""
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    return tmp_path / "cache" / FILE


@pytest.fixture
def full(path: Path) -> Path:
    """Return a file with some looks in it."""
    Kept("score").add(MODEL, SOME)
    return path


def known(model: str = MODEL, tags: int = TAGS, names: Any = SOME) -> dict[str, Any]:
    return plain(Kept("score").known(model, tags, names))


def change(path: Path, *statements: tuple[str, tuple[Any, ...]]) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        for statement, values in statements:
            file.execute(statement, values)


def one_line(capfd: pytest.CaptureFixture[str]) -> str:
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("score: warning: ")
    assert err.count("\n") == 1, err
    assert "This run goes on" in err
    assert "処理は続きますが" in err
    return err


@pytest.mark.usefixtures("full")
def test_what_is_added_is_known_in_another_run() -> None:
    assert known() == plain(SOME)
    assert known(names=[digest(3), digest(4)]) == plain({digest(3): SOME[digest(3)]})


@pytest.mark.usefixtures("full")
def test_each_model_has_its_own() -> None:
    assert known("another") == {}
    Kept("score").add("another", {digest(1): found((5, 600))})
    assert known("another") == {digest(1): [(5, 600)]}
    assert known() == plain(SOME)


def test_what_is_asked_for_is_not_made(path: Path) -> None:
    assert known() == {}
    Kept("score").add(MODEL, {})
    assert not path.parent.exists()
    path.parent.mkdir()
    path.touch()
    assert known() == {}
    assert path.read_bytes() == b""


@pytest.mark.usefixtures("path")
def test_more_than_are_asked_for_together() -> None:
    looks = {digest(number): found((number % TAGS, 600)) for number in range(1234)}
    Kept("score").add(MODEL, looks)
    assert known(names=looks) == plain(looks)


@pytest.mark.usefixtures("full")
def test_the_later_look_counts() -> None:
    Kept("score").add(MODEL, {digest(1): found((1, 700))})
    assert known(names=[digest(1)]) == {digest(1): [(1, 700)]}


looks = st.dictionaries(st.integers(0, 2**31 - 2), st.integers(FLOOR, SCALE)).map(
    lambda scores: found(*sorted(scores.items()))
)


@given(looks)
def test_any_look_is_packed_and_unpacked(look: Found) -> None:
    again = unpacked(packed(look), 2**31 - 1)
    assert again
    assert plain({"": again}) == plain({"": look})
    assert [str(each.dtype) for each in again] == ["int32", "uint16"]


ROWS = {
    digest(1): np.array([0.6, 0.8], np.float32),
    digest(2): np.array([-1, 0], np.float32),
}


def rows_of(names: Any = ROWS) -> dict[str, list[float]]:
    found = Kept("judge").known_features("model features x", names)
    assert all(row.dtype == np.float32 for row in found.values())
    return {name: row.tolist() for name, row in found.items()}


@pytest.mark.usefixtures("full")
def test_features_are_kept_beside_what_was_found() -> None:
    Kept("judge").add_features("model features x", ROWS)
    assert rows_of() == {name: row.tolist() for name, row in ROWS.items()}
    assert rows_of([digest(3)]) == {}
    assert Kept("judge").known_features("model features y", ROWS) == {}
    assert known() == plain(SOME)


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize(
    "data", [b"", b"12345", b"\x00\x00\xc0\x7f" * 2, bytes(4 * (kept.MOST_FEATURES + 1))]
)
def test_what_is_no_row_of_numbers_is_no_features(path: Path, data: bytes) -> None:
    Kept("judge").add_features("model features x", ROWS)
    key = key_of("model features x", digest(1))
    wrong = ("UPDATE looks SET found = ?, mark = ? WHERE key = ?", (data, mark_of(key, data), key))
    change(path, wrong)
    assert set(rows_of()) == {digest(2)}


@pytest.mark.usefixtures("path")
def test_features_in_a_damaged_file_are_one_line(
    path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    Kept("score").add_features("model features x", ROWS)
    path.write_bytes(b"no file of SQLite's\n" * 99)
    at_work = Kept("score")
    assert at_work.known_features("model features x", ROWS) == {}
    at_work.add_features("model features x", ROWS)
    assert "is damaged, or no file of ours" in one_line(capfd)


# ------------------------------------------------------------------------- entries that don't count


def stored(pairs: Found, of: str = digest(1)) -> tuple[str, tuple[Any, ...]]:
    """Return what writes a look, well marked, in place of the first one."""
    key, data = key_of(MODEL, digest(1)), packed(pairs)
    mark = mark_of(key_of(MODEL, of), data)
    return "UPDATE looks SET found = ?, mark = ? WHERE key = ?", (data, mark, key)


@pytest.mark.parametrize(
    "statement",
    [
        stored(found((TAGS, 600))),
        stored(found((-1, 600))),
        stored(found((3, 600), (3, 700))),
        stored(found((5, 600), (3, 700))),
        stored(found((3, 499))),
        stored(found((3, 10_001))),
        stored(found(*((number, 600) for number in range(TAGS + 1)))),
        stored(found((3, 600)), of=digest(2)),
        ("UPDATE looks SET found = substr(found, 2) WHERE id = 1", ()),
        ("UPDATE looks SET found = x'' WHERE id = 1", ()),
        ("UPDATE looks SET found = 'text' WHERE id = 1", ()),
        ("UPDATE looks SET found = NULL WHERE id = 1", ()),
        ("UPDATE looks SET found = 7 WHERE id = 1", ()),
        ("UPDATE looks SET found = zeroblob(9000000) WHERE id = 1", ()),
        ("UPDATE looks SET mark = NULL WHERE id = 1", ()),
        ("UPDATE looks SET mark = 'text' WHERE id = 1", ()),
    ],
    ids=str,
)
def test_an_entry_that_is_not_whole_is_no_look(
    full: Path, statement: tuple[str, tuple[Any, ...]], capfd: pytest.CaptureFixture[str]
) -> None:
    change(full, statement)
    others = {name: one for name, one in SOME.items() if name != digest(1)}
    assert known() == plain(others)
    Kept("score").add(MODEL, {digest(1): SOME[digest(1)]})
    assert known() == plain(SOME), "the new look takes its place"
    assert capfd.readouterr().err == ""


def test_a_byte_that_turned_over_is_no_look(full: Path) -> None:
    data = packed(SOME[digest(1)])
    for at in range(len(data)):
        other = bytearray(data)
        other[at] ^= 0x10
        change(full, ("UPDATE looks SET found = ? WHERE id = 1", (bytes(other),)))
        assert digest(1) not in known()


# ----------------------------------------------------------------- files that can't be made use of


def damage(path: Path, how: str) -> None:
    if how == "foreign":
        path.unlink()
        change(path, ("CREATE TABLE places (url TEXT)", ()))
        return
    if how == "no table":
        change(path, ("DROP TABLE looks", ()))
        return
    data = bytearray(path.read_bytes())
    if how == "a folder":
        path.unlink()
        path.mkdir()
        return
    if how == "pages":
        data[4096:] = random.Random(1).randbytes(len(data) - 4096)
    other = {"text": b"no file of SQLite's\n" * 99, "half": bytes(data[:5000])}
    path.write_bytes(other.get(how, bytes(data)))


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("text", "is damaged, or no file of ours (file is not a database); delete it"),
        ("half", "is damaged, or no file of ours (database disk image is malformed); delete it"),
        ("pages", "is damaged, or no file of ours (database disk image is malformed); delete it"),
        ("foreign", "is damaged, or no file of ours (another program's tables are in it); delete"),
        ("no table", "is damaged, or no file of ours (no such table: looks); delete it"),
        ("a folder", "can't be read or written (unable to open database file); set NASUMISO_CACHE"),
    ],
)
def test_a_file_that_is_no_use_is_one_line_and_stays_as_it_is(
    full: Path, how: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    damage(full, how)
    before = full.read_bytes() if full.is_file() else b""
    at_work = Kept("score")
    assert at_work.known(MODEL, TAGS, SOME) == {}
    at_work.add(MODEL, SOME)
    at_work.add(MODEL, SOME)
    assert f"{full}: {said}" in one_line(capfd)
    assert (full.read_bytes() if full.is_file() else b"") == before
    if full.is_file():
        full.unlink()
        Kept("score").add(MODEL, SOME)
        assert known() == plain(SOME)


def test_a_place_that_can_not_be_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(CACHE, str(tmp_path / "file" / "cache"))
    at_work = Kept("score")
    assert at_work.known(MODEL, TAGS, SOME) == {}
    at_work.add(MODEL, SOME)
    assert "can't be read or written (Not a directory); set NASUMISO_CACHE to a" in one_line(capfd)


def test_a_user_without_a_home_is_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(CACHE, "")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    Kept("score").add(MODEL, SOME)
    err = capfd.readouterr().err
    assert err.startswith("score: warning: NASUMISO_CACHE: this user has no home folder")
    assert err.count("\n") == 1


def test_what_may_only_be_read_is_read(full: Path, capfd: pytest.CaptureFixture[str]) -> None:
    full.chmod(0o444)
    full.parent.chmod(0o555)
    top = Path(tempfile.gettempdir())
    for above in full.parents[: len(full.relative_to(top).parts) - 1]:
        above.chmod(above.stat().st_mode | 0o055)
    try:
        with unprivileged():
            at_work = Kept("score")
            assert plain(at_work.known(MODEL, TAGS, SOME)) == plain(SOME)
            at_work.add(MODEL, {digest(4): found()})
    finally:
        full.parent.chmod(0o755)
    said = one_line(capfd)
    assert "can't be read or written (attempt to write a readonly database); set NASUMISO_" in said
    assert digest(4) not in known(names=[digest(4)])


def test_a_full_disk_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with store(tmp_path / "small", "1m") as small:
        monkeypatch.setenv(CACHE, str(small))
        Kept("score").add(MODEL, SOME)
        with fill(small):
            at_work = Kept("score")
            assert plain(at_work.known(MODEL, TAGS, SOME)) == plain(SOME)
            more = {digest(number): found(*((n, 600) for n in range(TAGS))) for number in range(99)}
            at_work.add(MODEL, more)
        assert "can't grow, the disk is full" in one_line(capfd)
        assert known() == plain(SOME), "what was there is whole"
        Kept("score").add(MODEL, more)
        assert known(names=more) == plain(more)


def test_a_file_that_another_program_holds_is_one_line(
    full: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kept, "WAITING_SECONDS", 0.1)
    with closing(sqlite3.connect(full)) as other:
        other.execute("BEGIN EXCLUSIVE")
        at_work = Kept("score")
        assert at_work.known(MODEL, TAGS, SOME) == {}
        at_work.add(MODEL, {digest(4): found()})
    assert "is held by another program (database is locked); end that one" in one_line(capfd)
    assert known() == plain(SOME)


# ---------------------------------------------------------------------------------- many, and kills

WRITER = """
import sys
from pathlib import Path
from tests.stages.library.tagging.test_kept import MODEL, digest, found
from stages.library.tagging.kept import Kept

at_work = Kept("score")
for number in range(int(sys.argv[1]), int(sys.argv[2])):
    at_work.add(MODEL, {digest(number): found((number % 40, 600))})
    print(number, flush=True)
"""


def writer(first: int, last: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(first), str(last)],
        cwd=PROJECT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.usefixtures("path")
def test_several_at_once_lose_nothing() -> None:
    writers = [writer(start, start + 20) for start in (0, 20, 40)]
    for each in writers:
        _, err = each.communicate(timeout=WAITING_SECONDS)
        assert (each.returncode, err) == (0, "")
    names = [digest(number) for number in range(60)]
    assert known(names=names) == {name: [(n % 40, 600)] for n, name in enumerate(names)}


@pytest.mark.kills
def test_a_kill_at_any_time_loses_nothing_that_was_kept(path: Path) -> None:
    chance, first = random.Random(3), 0
    for _ in range(5):
        process = writer(first, first + 100_000)
        assert process.stdout
        said = [process.stdout.readline()]
        time.sleep(chance.uniform(0, 0.2))
        process.send_signal(signal.SIGKILL)
        said += process.stdout.read().splitlines()
        process.communicate(timeout=WAITING_SECONDS)
        last = int(said[-1])
        names = [digest(number) for number in range(last + 1)]
        assert len(known(names=names)) == last + 1
        with closing(sqlite3.connect(path)) as file:
            assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        first = last + 1


def test_the_oldest_go_when_there_are_too_many(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 200_000)
    sizes = []
    for start in range(0, 4000, 50):
        names = [digest(number) for number in range(start, start + 50)]
        Kept("score").add(MODEL, dict.fromkeys(names, found(*((n, 600) for n in range(TAGS)))))
        assert len(known(names=names)) == 50
        sizes.append(path.stat().st_size)
    assert max(sizes) < 260_000
    assert known(names=[digest(0)]) == {}
    assert len(known(names=[digest(number) for number in range(3700, 4000)])) == 300
