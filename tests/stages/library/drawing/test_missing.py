"""Every picture is drawn once, by a painter of the same settings."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.drawing.album import Album, own_settings
from stages.library.drawing.missing import draw_missing
from stages.library.drawing.orders import Cell, Order, Painter
from tests.stages.library.drawing.test_album import ORDERS, drawn, picture
from tests.support.orders import grid


@dataclass
class Studio:
    """A painter that writes down what it was asked for; it fails at the picture `fails_at`."""

    own: Callable[[], dict[str, str]] = lambda: {"Model": "anything", "Version": "1"}
    fails_at: int = 0
    asked: list[Order] = field(default_factory=list)
    opened: int = 0

    def open(self) -> Painter:
        self.opened += 1
        return self.draw

    def draw(self, order: Order) -> bytes:
        self.asked.append(order)
        if len(self.asked) == self.fails_at:
            raise Problem("the WebUI died")
        return picture(order, **self.own())


def orders(table: list[Cell]) -> list[Order]:
    return [cell.order for cell in table]


def test_each_picture_is_drawn_once_however_often_it_is_shown(tmp_path: Path) -> None:
    studio, album = Studio(), Album(tmp_path)
    found = grid(weights=[0, 0.8])
    draw_missing(orders(found), album, studio.open)
    assert len(studio.asked) == len(set(studio.asked)) == 3
    assert all(album.has(cell.order) for cell in found)


def test_where_nothing_is_missing_nobody_is_asked(tmp_path: Path) -> None:
    draw_missing(ORDERS, Album(tmp_path), Studio().open)
    again = Studio()
    draw_missing(ORDERS, Album(tmp_path), again.open)
    assert again.opened == 0


def test_pictures_that_are_kept_are_not_drawn_again_nor_touched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    album, studio = Album(tmp_path), Studio()
    draw_missing(ORDERS[:2], album, studio.open)
    album.path(ORDERS[0]).chmod(0o444)
    before = album.path(ORDERS[0]).stat()
    draw_missing(ORDERS, album, studio.open)
    assert studio.asked == ORDERS
    assert album.path(ORDERS[0]).stat().st_mtime_ns == before.st_mtime_ns
    assert "2 of 5 are drawn already" in capsys.readouterr().out


def test_pictures_of_many_cells_are_counted_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    album, studio = Album(tmp_path), Studio()
    draw_missing(orders(grid()), album, studio.open)
    draw_missing(orders(grid(weights=[0, 0.8])), album, studio.open)
    assert "2 of 3 are drawn already" in capsys.readouterr().out


@pytest.mark.parametrize("fails_at", [1, 2, 5])
def test_after_a_failure_exactly_the_rest_is_drawn(tmp_path: Path, fails_at: int) -> None:
    album, studio = Album(tmp_path), Studio(fails_at=fails_at)
    with pytest.raises(Problem, match="the WebUI died"):
        draw_missing(ORDERS, album, studio.open)
    again = Studio()
    draw_missing(ORDERS, album, again.open)
    assert again.asked == ORDERS[fails_at - 1 :]
    assert drawn(album) == {album.path(order).name for order in ORDERS}


@pytest.mark.parametrize("kept", [1, 3, 4])
def test_a_painter_that_has_changed_draws_all_again_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kept: int
) -> None:
    album = Album(tmp_path)
    draw_missing(ORDERS[:kept], album, Studio().open)
    changed = Studio(own=lambda: {"Model": "anything", "Version": "2", "VAE": "mine"})
    draw_missing(ORDERS, album, changed.open)
    assert sorted(order.seed for order in changed.asked) == [1, 2, 3, 4, 5]
    assert {own_settings(album.infotext(order))["Version"] for order in ORDERS} == {"2"}
    line = "the WebUI is not as it was (Version: 1 -> 2, VAE: none -> mine); drawing all again"
    assert f"generate: {line}\n" in capsys.readouterr().out


def test_a_painter_that_has_changed_leaves_the_pictures_of_other_grids(tmp_path: Path) -> None:
    album = Album(tmp_path)
    draw_missing(ORDERS[:3], album, Studio().open)
    changed = Studio(own=lambda: {"Version": "2"})
    draw_missing(ORDERS[2:], album, changed.open)
    assert sorted(order.seed for order in changed.asked) == [3, 4, 5]
    versions = [own_settings(album.infotext(order))["Version"] for order in ORDERS]
    assert versions == ["1", "1", "2", "2", "2"]


def test_a_painter_that_changes_in_the_middle_draws_all_again_once(tmp_path: Path) -> None:
    album, studio = Album(tmp_path), Studio()
    studio.own = lambda: {"Version": "1" if len(studio.asked) <= 2 else "2"}
    draw_missing(ORDERS, album, studio.open)
    assert [order.seed for order in studio.asked] == [1, 2, 3, 4, 5, 1, 2]
    assert {own_settings(album.infotext(order))["Version"] for order in ORDERS} == {"2"}


def test_a_painter_that_changes_all_the_time_is_stopped(tmp_path: Path) -> None:
    counter = itertools.count()
    studio = Studio(own=lambda: {"Version": str(next(counter))})
    with pytest.raises(Problem, match="settings keep changing") as error:
        draw_missing(ORDERS, Album(tmp_path), studio.open)
    assert "(Version: 1 -> 2)" in str(error.value)
    assert "\n" not in str(error.value)
    assert len(studio.asked) == 3


def test_a_change_of_several_lines_is_told_on_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    album, studio = Album(tmp_path), Studio()
    draw_missing(ORDERS[:1], album, studio.open)
    studio.own = lambda: {"Version": "1", "Model": "anything", "Note": r'"two\nlines"'}
    draw_missing(ORDERS[:2], album, studio.open)
    (line,) = [text for text in capsys.readouterr().out.splitlines() if "as it was" in text]
    assert line.endswith("; drawing all again")


@pytest.mark.parametrize(
    ("name", "value"),
    [("TI hashes", '"EasyNegative: c74b4e810b03"'), ("Emphasis", "No norm"), ("Pad conds", "True")],
)
def test_what_the_prompt_brings_into_the_settings_is_no_change(
    tmp_path: Path, name: str, value: str
) -> None:
    """The WebUI tells it of the first picture only: for the next ones the text is encoded already.

    `get_conds_with_caching` in modules/processing.py, `sd_hijack_clip.py` and
    `sd_samplers_common.py` of v1.10.1.
    """
    album, studio = Album(tmp_path), Studio()
    studio.own = lambda: {"Model": "a"} | ({name: value} if len(studio.asked) == 1 else {})
    draw_missing(ORDERS, album, studio.open)
    assert studio.asked == ORDERS
