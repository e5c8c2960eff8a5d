"""Every picture is drawn once, and outlives a failure."""

import io
import os
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.common.outputs import beside
from stages.library.drawing.album import Album, own_settings
from stages.library.drawing.orders import Order
from stages.library.drawing.painters.infotext import with_infotext
from tests.support.orders import ORDER

ORDERS = [replace(ORDER, seed=seed) for seed in range(1, 6)]


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), (90, 40, 120)).save(buffer, "PNG")
    return buffer.getvalue()


def picture(order: Order, **own: str) -> bytes:
    """Return a picture of an order by a painter of such settings."""
    asked = {"Steps": order.steps, "Sampler": order.sampler, "Seed": order.seed}
    lora = {"Lora hashes": f'"{order.lora}: {order.lora_hash}"'} if order.lora else {}
    values = asked | lora | own
    line = ", ".join(f"{name}: {value}" for name, value in values.items())
    return with_infotext(png(), f"{order.prompt}\n{line}")


def drawn(album: Album) -> set[str]:
    return {path.name for path in album.folder.iterdir()}


def test_an_album_has_what_was_added_and_misses_the_rest_once(tmp_path: Path) -> None:
    album = Album(tmp_path / "drawn")
    assert album.missing([ORDERS[0], ORDERS[1], ORDERS[0]]) == ORDERS[:2]
    album.add(ORDERS[0], picture(ORDERS[0], Model="a"))
    assert album.has(ORDERS[0])
    assert album.missing(ORDERS) == ORDERS[1:]
    assert Album(tmp_path / "drawn").infotext(ORDERS[0]).endswith("Model: a")


@pytest.mark.parametrize(
    ("others", "kept"), [(0, [1, 5]), (1, [1, 3, 5]), (2, [1, 3, 4, 5]), (3, [1, 2, 3, 4, 5])]
)
def test_an_album_keeps_what_is_wanted_and_the_newest_others(
    tmp_path: Path, others: int, kept: list[int]
) -> None:
    """Of the seeds 2, 3 and 4 the first is the oldest, the second the newest."""
    album = Album(tmp_path)
    for order, at in zip(ORDERS, (10, 1, 3, 2, 0), strict=True):
        album.add(order, picture(order))
        os.utime(album.path(order), (1_700_000_000 + at,) * 2)
    album.keep(iter([ORDERS[0], ORDERS[4]]), others)
    assert [order.seed for order in ORDERS if album.has(order)] == kept


@pytest.mark.parametrize("others", [0, 500])
def test_an_album_keeps_what_is_no_picture(tmp_path: Path, others: int) -> None:
    (tmp_path / "scores.npz").write_bytes(b"")
    album = Album(tmp_path)
    album.keep([], others)
    album.add(ORDER, picture(ORDER))
    album.keep(iter(ORDERS), others)
    assert drawn(album) == {"scores.npz", album.path(ORDER).name}


def test_what_a_killed_run_left_half_written_goes(tmp_path: Path) -> None:
    album = Album(tmp_path)
    album.add(ORDERS[0], b"")
    beside(album.path(ORDERS[1]), "partial").touch()
    album.keep([ORDERS[0]], others=0)
    assert list(tmp_path.iterdir()) == [album.path(ORDERS[0])]


def test_an_album_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    album = Album(tmp_path / "nowhere")
    album.keep([], others=0)
    album.keep(ORDERS, others=500)
    assert album.missing(ORDERS) == ORDERS


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    album = Album(tmp_path)
    album.add(ORDER, picture(ORDER)[:40])
    with pytest.raises(Problem, match=f"^{album.path(ORDER)}: .*delete it"):
        album.infotext(ORDER)


def test_a_painter_s_own_settings_are_those_that_no_order_decides() -> None:
    infotext = (
        "a\nSteps: 25, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.0, Seed: 1, "
        "Size: 512x512, Model hash: 7f96a1a9ca, Model: anything, VAE hash: 0123456789, VAE: mine, "
        'Clip skip: 2, RNG: CPU, Lora hashes: "nasu: 35715b1dcfed", Version: v1.10.1'
    )
    assert own_settings(infotext) == {
        "Model hash": "7f96a1a9ca",
        "Model": "anything",
        "VAE hash": "0123456789",
        "VAE": "mine",
        "RNG": "CPU",
        "Version": "v1.10.1",
    }
