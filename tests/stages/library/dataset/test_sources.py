"""Which files of the input folder can be used; the prepare stage's tests have the rest."""

import hashlib
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.dataset.notes import note
from stages.library.dataset.sources import (
    Source,
    entry_reason,
    look_at,
    read_again,
    without_copies,
)
from tests.support.mounts import dead
from tests.support.users import unprivileged


@pytest.fixture
def drawing(tmp_path: Path) -> Path:
    path = tmp_path / "nasu.png"
    Image.new("RGB", (30, 20), "purple").save(path)
    return path


def test_a_drawing_has_a_digest_and_pixels_and_no_reason_against_it(drawing: Path) -> None:
    digest = hashlib.sha256(drawing.read_bytes()).hexdigest()
    assert look_at(drawing) == Source(drawing, digest, 600)


def test_what_an_entry_is_is_told_without_opening_it(drawing: Path) -> None:
    folder = drawing.parent
    (folder / "folder.png").mkdir()
    (folder / "empty.png").touch()
    (folder / "memo.txt").write_text("a note")
    (folder / "layers.clip").write_text("CSFCHUNK")
    (folder / "nothing").touch()
    (folder / "memo").write_text("a note")
    (folder / "link.png").symlink_to("nowhere.png")
    os.mkfifo(folder / "pipe.png")
    found = {path.name: entry_reason(path) for path in sorted(folder.iterdir())}
    assert found == {
        "nasu.png": None,
        "folder.png": note("folder"),
        "empty.png": note("empty"),
        "memo.txt": note("caption"),
        "layers.clip": note("programs_own", program="CLIP STUDIO PAINT", ending=".clip"),
        "memo": None,
        "nothing": note("no_ending"),
        "link.png": note("broken_link"),
        "pipe.png": note("not_regular"),
    }


def test_a_file_that_is_no_picture_keeps_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    path.write_text("<html>")
    digest = hashlib.sha256(b"<html>").hexdigest()
    assert look_at(path) == Source(path, digest, reason=note("no_picture"))


def test_a_picture_without_an_ending_is_one_and_a_note_is_none(drawing: Path) -> None:
    plain = drawing.rename(drawing.with_name("絵その1"))
    memo = plain.with_name("memo")
    memo.write_text("a note")
    assert look_at(plain).reason is None
    assert look_at(plain).pixels == 600
    assert look_at(memo).reason == note("no_ending")


def test_of_the_same_bytes_the_first_is_used() -> None:
    names = ("a.png", "b.png", "c.png")
    digests = ("1", "2", "1")
    sources = [Source(Path(n), d, 600) for n, d in zip(names, digests, strict=True)]
    found = without_copies(sources)
    assert found[:2] == sources[:2]
    assert found[2].reason is not None
    assert "a.png" in str(found[2].reason)


# The machine


@contextmanager
def no_file_more() -> Iterator[None]:
    """Have no file number free within the block."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.open("/dev/null", os.O_RDONLY)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_drawing_for_which_no_file_is_left_is_no_row(drawing: Path) -> None:
    source = look_at(drawing)
    with no_file_more():
        with pytest.raises(Problem, match=f"^{drawing}: can't be read: Too many open files; close"):
            look_at(drawing)
        with pytest.raises(Problem, match=f"^{drawing}: can't be read: Too many open files; close"):
            read_again(source)


def test_a_drawing_on_a_disk_that_went_away_is_no_row(drawing: Path) -> None:
    with (
        dead(drawing),
        pytest.raises(Problem, match=f"^{drawing}: can't be read: .* not connected; connect the"),
    ):
        look_at(drawing)


def test_a_drawing_that_may_not_be_read_is_no_row(tmp_path: Path, drawing: Path) -> None:
    for folder in list(tmp_path.parents)[:-2]:
        folder.chmod(0o755)
    drawing.chmod(0)
    with (
        unprivileged(),
        pytest.raises(Problem, match=f"^{drawing}: can't be read: Permission denied; give"),
    ):
        look_at(drawing)


def test_a_drawing_that_is_gone_or_another_by_now_is_no_row(drawing: Path) -> None:
    source = look_at(drawing)
    assert read_again(source) == drawing.read_bytes()
    drawing.write_bytes(b"another")
    with pytest.raises(Problem, match=f"^{drawing}: changed while this was running; run"):
        read_again(source)
    drawing.unlink()
    for again in (lambda: read_again(source), lambda: look_at(drawing)):
        with pytest.raises(Problem, match=f"^{drawing}: changed while this was running; run"):
            again()
