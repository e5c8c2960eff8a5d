import errno
import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.common.outputs import (
    atomic_directory,
    beside,
    copy_atomically,
    files_in,
    files_within,
    locked,
    sha256,
    take_along,
    write_atomically,
)
from tests.support.users import NOBODY, unprivileged

WAITING_SECONDS = 120
OURS = r"img\d+\.png"


def names(folder: Path) -> list[str]:
    """Return every entry below a folder, but for the lock, which may stay."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if not path.name.endswith(".lock")
    )


def earlier_output(folder: Path) -> Path:
    output = folder / "prepared"
    output.mkdir()
    (output / "img1.png").write_text("old")
    return output


def run_nothing(output: Path) -> None:
    with atomic_directory(output, OURS):
        pytest.fail("the block must not run")


def test_the_block_sees_an_empty_folder_beside_the_old_output(tmp_path: Path) -> None:
    output = earlier_output(tmp_path)

    with atomic_directory(output, OURS) as partial:
        assert partial.parent == output.parent
        assert list(partial.iterdir()) == []
        assert (output / "img1.png").read_text() == "old"
        (partial / "img2.png").write_text("new")

    assert names(tmp_path) == ["prepared", "prepared/img2.png"]


def test_missing_parents_are_made(tmp_path: Path) -> None:
    with atomic_directory(tmp_path / "a/b/prepared", OURS) as partial:
        (partial / "img1.png").write_text("new")

    assert (tmp_path / "a/b/prepared/img1.png").read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failed_block_leaves_the_old_output_and_nothing_else(
    tmp_path: Path, error: type[BaseException]
) -> None:
    output = earlier_output(tmp_path)

    def fail() -> None:
        with atomic_directory(output, OURS) as partial:
            (partial / "img2.png").write_text("new")
            raise error

    with pytest.raises(error):
        fail()

    assert names(tmp_path) == ["prepared", "prepared/img1.png"]
    assert (output / "img1.png").read_text() == "old"


def test_what_is_found_when_all_is_ready_keeps_the_old_output(tmp_path: Path) -> None:
    output = earlier_output(tmp_path)

    def ready() -> None:
        assert names(output.with_name(".prepared.partial")) == ["img2.png"]
        raise Problem("changed meanwhile")

    with (
        pytest.raises(Problem, match="changed meanwhile"),
        atomic_directory(output, OURS, ready) as partial,
    ):
        (partial / "img2.png").touch()
    assert names(tmp_path) == ["prepared", "prepared/img1.png"]


@pytest.mark.parametrize("name", ["sketch.png", "img1.png.txt", "sub/img1.png", ".hidden", "a\nb"])
def test_a_folder_with_somebodys_file_is_refused_and_keeps_it(tmp_path: Path, name: str) -> None:
    output = earlier_output(tmp_path)
    (output / name).parent.mkdir(exist_ok=True)
    (output / name).write_text("mine")
    before = names(tmp_path)

    with pytest.raises(Problem, match="this stage did not write it"):
        run_nothing(output)

    assert names(tmp_path) == before
    assert (output / name).read_text() == "mine"


def test_the_file_that_stands_in_the_way_is_named(tmp_path: Path) -> None:
    output = tmp_path / "prepared"
    output.write_text("mine")

    with pytest.raises(Problem, match=r"prepared: is a file, not a folder; choose another"):
        run_nothing(output)

    assert output.read_text() == "mine"


def test_a_file_in_the_way_is_named_on_one_line(tmp_path: Path) -> None:
    output = earlier_output(tmp_path)
    (output / "a\nb.t\nxt").touch()

    with pytest.raises(Problem, match=r"/a\\nb\.t\\nxt': this stage did not") as raised:
        run_nothing(output)

    assert "\n" not in str(raised.value)


def test_litter_of_systems_is_no_somebodys_file(tmp_path: Path) -> None:
    output = earlier_output(tmp_path)
    for name in (".DS_Store", "Thumbs.db", "Desktop.ini", "._img1.png", ".directory", "Icon\r"):
        (output / name).touch()
    (output / "@eaDir").mkdir()
    (output / "@eaDir" / "img1.png").touch()

    assert [path.name for path in files_in(output, "*.png")] == ["img1.png"]
    assert [path.name for path in files_in(output.parent, "*/*/*.png")] == []
    assert [path.name for path in files_within(output)] == ["img1.png"]
    with atomic_directory(output, OURS):
        pass
    assert names(tmp_path) == ["prepared"]


def test_copies_that_an_editor_keeps_stop_nothing_and_are_not_lost(tmp_path: Path) -> None:
    output = tmp_path / "dataset"
    (output / "10_nasu").mkdir(parents=True)
    (output / "12_miso").mkdir()
    (output / "10_nasu" / "img1.png").write_text("old")
    (output / "10_nasu" / ".img1.txt.swp").write_text("being typed")
    (output / "12_miso" / "img1.txt~").write_text("before")
    (output / "10_nasu" / ".#img1.txt").symlink_to("nasu@host.1234")

    assert [path.name for path in files_within(output)] == ["img1.png"]
    with atomic_directory(output, r"[^/]+/img\d+\.png") as partial:
        (partial / "10_nasu").mkdir()

    assert names(output) == ["10_nasu", "10_nasu/.img1.txt.swp", "img1.txt~"]
    assert (output / "10_nasu" / ".img1.txt.swp").read_text() == "being typed"


@pytest.mark.parametrize("place", [".", "10_nasu"])
def test_a_locked_folder_is_named_and_heals_once_it_is_unlocked(tmp_path: Path, place: str) -> None:
    output = tmp_path / "data" / "dataset"
    (output / "10_nasu").mkdir(parents=True)
    (output / "10_nasu" / "img1.png").write_text("old")
    for folder in (*list(tmp_path.parents)[:-2], tmp_path):
        folder.chmod(0o755)
    for path in (tmp_path / "data", output, output / "10_nasu"):
        os.chown(path, NOBODY, NOBODY)
    lock = output / place
    lock.chmod(0o555)
    ours = r"[^/]+/img\d+\.png"
    before = names(tmp_path)

    with unprivileged():
        for _ in range(2):
            with (
                pytest.raises(Problem, match=rf"^{lock}: is locked, .*chmod -R u\+w {lock} "),
                atomic_directory(output, ours),
            ):
                pytest.fail("the block must not run")
            assert names(tmp_path) == before
        lock.chmod(0o755)
        with atomic_directory(output, ours) as partial:
            (partial / "img2.png").touch()
    assert names(output) == ["img2.png"]
    assert names(output.parent) == ["dataset", "dataset/img2.png"]


def test_a_locked_folder_around_an_output_is_named(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for folder in (*list(tmp_path.parents)[:-2], tmp_path):
        folder.chmod(0o755)
    data.chmod(0o555)

    with unprivileged(), pytest.raises(Problem, match=f"^{data}: is locked, "):
        run_nothing(data / "prepared")


def test_a_lock_that_came_along_with_what_a_killed_run_left_stops_nothing(tmp_path: Path) -> None:
    output = earlier_output(tmp_path)
    for folder in (*list(tmp_path.parents)[:-2], tmp_path):
        folder.chmod(0o777)
    os.chown(output, NOBODY, NOBODY)
    old = beside(output, "old")
    (old / "sub").mkdir(parents=True)
    (old / "sub" / "img1.png").touch()
    for path in (old, old / "sub"):
        path.chmod(0o555)
        os.chown(path, NOBODY, NOBODY)

    with unprivileged(), atomic_directory(output, OURS):
        pass
    assert names(tmp_path) == ["prepared"]


def test_half_a_file_that_a_killed_run_left_is_no_somebodys_file(tmp_path: Path) -> None:
    output = earlier_output(tmp_path)
    beside(output / "img1.txt", "partial").touch()

    assert [path.name for path in files_within(output)] == ["img1.png"]
    with atomic_directory(output, OURS):
        pass
    assert names(tmp_path) == ["prepared"]


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    output = earlier_output(tmp_path)
    for leftover in (beside(output, "partial"), beside(output, "old")):
        leftover.mkdir()
        (leftover / "img9.png").write_text("half")

    with atomic_directory(output, OURS) as partial:
        assert list(partial.iterdir()) == []
        (partial / "img2.png").write_text("new")

    assert names(tmp_path) == ["prepared", "prepared/img2.png"]


def test_a_run_killed_between_the_renames_gives_its_old_output_back(tmp_path: Path) -> None:
    output = earlier_output(tmp_path)
    output.rename(beside(output, "old"))

    with atomic_directory(output, OURS):
        assert (output / "img1.png").read_text() == "old"


def test_read_only_outputs_are_replaced_and_not_written_through(tmp_path: Path) -> None:
    output = earlier_output(tmp_path)
    cached = tmp_path / "cached"
    os.link(output / "img1.png", cached)  # as DVC's cache of hard links
    (output / "img1.png").chmod(0o444)

    with atomic_directory(output, OURS) as partial:
        (partial / "img1.png").write_text("new")

    assert (output / "img1.png").read_text() == "new"
    assert cached.read_text() == "old"


def test_an_output_that_is_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "prepared").symlink_to("disk")

    with atomic_directory(tmp_path / "prepared", OURS) as partial:
        (partial / "img1.png").write_text("new")

    assert (tmp_path / "prepared").is_symlink()
    assert (tmp_path / "disk/img1.png").read_text() == "new"


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "data/manifest.csv"
    write_atomically(path, b"one")
    beside(path, "partial").write_bytes(b"left by a killed run, and longer")
    write_atomically(path, b"two")

    assert path.read_bytes() == b"two"
    assert names(tmp_path) == ["data", "data/manifest.csv"]


def test_a_file_that_is_not_ready_leaves_the_old_one(tmp_path: Path) -> None:
    def refuse() -> None:
        raise Problem("changed")

    path = tmp_path / "edits.yaml"
    path.write_bytes(b"old")
    with pytest.raises(Problem, match="changed"):
        write_atomically(path, b"new", refuse)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["edits.yaml"]


def test_a_linked_or_read_only_file_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "cached").write_bytes(b"old")
    (tmp_path / "cached").chmod(0o444)
    (tmp_path / "manifest.csv").symlink_to("cached")

    write_atomically(tmp_path / "manifest.csv", b"new")

    assert (tmp_path / "manifest.csv").read_bytes() == b"new"
    assert (tmp_path / "cached").read_bytes() == b"old"


def test_sha256_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 3_000_000)

    assert sha256(tmp_path / "a") == hashlib.sha256(b"x" * 3_000_000).hexdigest()


def test_files_within_a_folder_that_is_not_there() -> None:
    assert files_within(Path("no such folder")) == []


def test_a_second_writer_waits_for_the_first(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "prepared"
    order = []

    def second() -> None:
        with locked(output):
            order.append("second")

    with locked(output):
        thread = threading.Thread(target=second)
        thread.start()
        deadline = time.monotonic() + WAITING_SECONDS
        told = ""
        while "waiting for it" not in told and time.monotonic() < deadline:
            time.sleep(0.01)
            told += capfd.readouterr().err
        order.append("first")
    thread.join(WAITING_SECONDS)

    assert f"{output}: an earlier run is still writing it; waiting for it" in told
    assert order == ["first", "second"]


DIE = """
import os, signal, sys
from pathlib import Path
from stages.library.common.outputs import locked
with locked(Path(sys.argv[1])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", DIE, tmp_path / "prepared"], check=False)
    assert done.returncode == -signal.SIGKILL

    with locked(tmp_path / "prepared"):
        pass


def test_below_a_folder_that_is_away_nothing_is_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("nasu")
    drive = tmp_path / "drive"
    with pytest.raises(FileNotFoundError):
        copy_atomically(tmp_path / "file", drive / "state/run/file", drive)
    assert names(tmp_path) == ["file"]
    drive.mkdir()
    copy_atomically(tmp_path / "file", drive / "state/run/file", drive)
    copy_atomically(tmp_path / "file", drive / "file", drive)
    assert (drive / "state/run/file").read_text() == "nasu"


@pytest.mark.parametrize("refusal", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_file_system_without_locks_is_told_at_once(
    refusal: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(refusal, os.strerror(refusal))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(Problem, match="has no locks"), locked(tmp_path / "prepared"):
        pytest.fail("it was held by nobody")


def test_a_folder_that_cannot_be_read_is_no_empty_one(tmp_path: Path) -> None:
    for folder in list(tmp_path.parents)[:-2]:
        folder.chmod(0o755)
    (tmp_path / "tagged" / "closed").mkdir(parents=True)
    (tmp_path / "tagged" / "closed").chmod(0)
    with unprivileged(), pytest.raises(PermissionError):
        files_within(tmp_path / "tagged")
    assert files_within(tmp_path / "nowhere") == []


def test_the_old_folder_is_looked_at_when_no_file_can_be_saved_into_it_any_more(
    tmp_path: Path,
) -> None:
    output = earlier_output(tmp_path)
    looks = []

    def going(old: Path) -> None:
        looks.append((names(old), output.exists()))
        raise Problem("somebody's work")

    def run() -> None:
        with atomic_directory(output, OURS, going=going) as partial:
            (partial / "img2.png").write_text("new")
            (output / "img3.png").write_text("saved meanwhile")

    with pytest.raises(Problem, match="work"):
        run()

    assert looks == [(["img1.png", "img3.png"], False)]
    assert names(tmp_path) == ["prepared", "prepared/img1.png", "prepared/img3.png"]


def test_where_nothing_was_nothing_is_looked_at(tmp_path: Path) -> None:
    looks: list[Path] = []
    with atomic_directory(tmp_path / "prepared", OURS, going=looks.append) as partial:
        (partial / "img2.png").write_text("new")
    assert looks == []
    assert names(tmp_path / "prepared") == ["img2.png"]


def test_what_is_taken_along_is_the_same_file(tmp_path: Path) -> None:
    old, new = tmp_path / "old.png", tmp_path / "new.png"
    old.write_bytes(b"drawing")
    new.write_bytes(b"of a run that was killed")
    take_along(old, new)
    assert new.samefile(old)
    old.unlink()
    assert new.read_bytes() == b"drawing"


def test_a_link_into_the_cache_is_copied(tmp_path: Path) -> None:
    cached, old, new = (tmp_path / name for name in ("cached", "old.png", "new.png"))
    cached.write_bytes(b"drawing")
    old.symlink_to(cached)
    take_along(old, new)
    assert not new.is_symlink()
    assert not new.samefile(cached)
    assert new.read_bytes() == b"drawing"


def test_where_a_file_has_but_one_name_it_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    old, new = tmp_path / "old.png", tmp_path / "new.png"
    old.write_bytes(b"drawing")
    take_along(old, new)
    assert new.read_bytes() == b"drawing"
    assert not new.samefile(old)
