"""Pictures are what they were, can be shown, and tell what drew them."""

from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.common.outputs import sha256
from tests.support.voting import infotext, write_picture
from tools.votes.pictures import infotext_in, picture_in


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_picture(tmp_path / "a.png", 1, infotext("茄子", 1))
    return tmp_path / "a.png"


def test_a_picture_tells_how_it_was_drawn(path: Path) -> None:
    assert infotext_in(path) == infotext("茄子", 1)
    write_picture(path, 1, "")
    assert infotext_in(path) == ""


def test_a_picture_is_shown_as_it_is(path: Path) -> None:
    assert picture_in(path, sha256(path)) == path.read_bytes()


def test_what_is_no_picture_is_one_line(path: Path) -> None:
    path.write_bytes(b"GIF89a")
    for read in (infotext_in, lambda path: picture_in(path, sha256(path))):
        with pytest.raises(Problem, match=r"a\.png: is no PNG, or a damaged one; draw it again"):
            read(path)


def test_a_picture_that_is_cut_off_is_not_shown(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(Problem, match="is no PNG, or a damaged one"):
        picture_in(path, sha256(path))


def test_a_picture_that_was_drawn_anew_meanwhile_is_not_shown(path: Path) -> None:
    known = sha256(path)
    write_picture(path, 2, "")
    with pytest.raises(Problem, match="was changed since this was started"):
        picture_in(path, known)
    path.unlink()
    with pytest.raises(Problem, match="was changed since this was started"):
        picture_in(path, known)
