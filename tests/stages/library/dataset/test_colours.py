"""Colours that a file gives without an ICC profile; test_images.py has those that it gives with."""

import ast
import io
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from stages.library.dataset import colours, images
from stages.library.dataset.colours import (
    ADOBE,
    NAMED_PRIMARIES,
    SRGB,
    UNREADABLE,
    coded,
    gamma_profile,
    profile_of,
)
from stages.library.dataset.prepared import MAKERS

pillow_heif.register_heif_opener()

Colour = tuple[int, int, int]
ORANGE: Colour = (200, 100, 50)
P3 = NAMED_PRIMARIES[12][1]
P3_ORANGE: Colour = (215, 93, 31)
"""ORANGE of Display P3 in sRGB, by https://www.w3.org/TR/css-color-4/#color-conversion-code."""
ADOBE_ORANGE: Colour = (227, 100, 42)
LINEAR_ORANGE: Colour = (229, 168, 122)


def plain(colour: Colour = ORANGE) -> Image.Image:
    return Image.new("RGB", (64, 64), colour)


def png(image: Image.Image, **chunks: bytes) -> io.BytesIO:
    """Return a PNG with chunks in the order given."""
    info = PngImagePlugin.PngInfo()
    for name, data in chunks.items():
        info.add(name.encode(), data)
    file = io.BytesIO()
    image.save(file, "PNG", pnginfo=info, icc_profile=image.info.get("icc_profile"))
    return io.BytesIO(file.getvalue())


def gama(value: float) -> bytes:
    return struct.pack(">I", round(value * 100_000))


def chrm(points: tuple[float, ...]) -> bytes:
    return struct.pack(">8I", *(round(value * 100_000) for value in points))


def come_out(file: io.BytesIO) -> tuple[Colour, str]:
    """Return the colour in the middle of the prepared picture, and the first note."""
    rendered = images.render(file, 64, "crop")
    red, green, blue = np.asarray(rendered.picture)[32, 32]
    note = rendered.notes[0] if rendered.notes else None
    return (int(red), int(green), int(blue)), (note.code if note else "")


def near(one: Colour, other: Colour, tolerance: int = 2) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= tolerance


@pytest.mark.parametrize(
    ("chunks", "expected", "code"),
    [
        ({"gAMA": gama(1.0)}, LINEAR_ORANGE, "colours_converted"),
        ({"gAMA": gama(1 / 1.8)}, (210, 119, 65), "colours_converted"),
        ({"gAMA": gama(0.45455)}, ORANGE, ""),
        ({"gAMA": gama(0.45455), "cHRM": chrm(SRGB)}, ORANGE, ""),
        ({"cHRM": chrm(P3)}, P3_ORANGE, "colours_converted"),
        ({"gAMA": gama(0.45455), "cHRM": chrm(P3)}, P3_ORANGE, "colours_converted"),
        ({"gAMA": gama(0.45470), "cHRM": chrm(ADOBE)}, ADOBE_ORANGE, "colours_converted"),
        ({"cICP": bytes([12, 13, 0, 1])}, P3_ORANGE, "colours_converted"),
        ({"cICP": bytes([1, 8, 0, 1])}, LINEAR_ORANGE, "colours_converted"),
        ({"cICP": bytes([1, 13, 0, 1])}, ORANGE, ""),
        ({"sRGB": b"\0", "gAMA": gama(1.0), "cHRM": chrm(P3)}, ORANGE, ""),
        ({"cICP": bytes([12, 13, 0, 1]), "sRGB": b"\0"}, P3_ORANGE, "colours_converted"),
        ({"gAMA": gama(1.0), "cICP": bytes([1, 13, 0, 1])}, ORANGE, ""),
        ({"cICP": bytes([1, 13, 0, 0])}, (214, 98, 40), "colours_converted"),
        ({"gAMA": bytes(4)}, ORANGE, "profile_unreadable"),
        ({"cHRM": bytes(32)}, ORANGE, "profile_unreadable"),
        ({"cHRM": b"\xff" * 32}, ORANGE, "profile_unreadable"),
        ({"cICP": bytes([99, 13, 0, 1])}, ORANGE, "profile_unreadable"),
    ],
)
def test_a_pngs_own_colours_come_out_right(
    chunks: dict[str, bytes], expected: Colour, code: str
) -> None:
    found, noted = come_out(png(plain(), **chunks))
    assert near(found, expected)
    assert noted == code


def test_a_cicp_wins_over_a_profile_which_wins_over_the_rest() -> None:
    image = plain()
    image.info["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert near(come_out(png(image, gAMA=gama(1.0)))[0], ORANGE)
    assert near(come_out(png(image, cICP=bytes([12, 13, 0, 1])))[0], P3_ORANGE)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "I;16", "1"])
def test_linear_light_is_no_darkness_in_any_mode(mode: str) -> None:
    grey = Image.new("L", (64, 64), 50)
    image = Image.new("I;16", (64, 64), 50 << 8) if mode == "I;16" else grey.convert(mode)
    (red, green, blue), _ = come_out(png(image, gAMA=gama(1.0)))
    expected = 122 if mode != "1" else int(np.asarray(image)[32, 32]) * 255
    assert near((red, green, blue), (expected,) * 3)


@pytest.mark.parametrize(
    ("transfer", "signal", "light"),
    [(16, 148, 255), (16, 0, 0), (16, 255, 255), (18, 191, 254), (18, 0, 0), (18, 255, 255)],
)
def test_paper_in_hdr_is_white_and_what_is_brighter_too(
    transfer: int, signal: int, light: int
) -> None:
    file = png(plain((signal,) * 3), cICP=bytes([9, transfer, 0, 1]))
    assert near(come_out(file)[0], (light,) * 3)


def test_middle_grey_in_hdr_is_no_pale_grey() -> None:
    for transfer in (16, 18):
        (grey, *_), code = come_out(png(plain((100,) * 3), cICP=bytes([9, transfer, 0, 1])))
        assert 60 < grey < 160
        assert code == "colours_converted"


def heic(primaries: int, transfer: int) -> io.BytesIO:
    file = io.BytesIO()
    plain().save(
        file,
        "HEIF",
        quality=95,
        chroma=444,
        color_primaries=primaries,
        transfer_characteristics=transfer,
    )
    return io.BytesIO(file.getvalue())


def avif(primaries: int, transfer: int) -> io.BytesIO:
    file = io.BytesIO()
    plain().save(file, "AVIF", quality=95, subsampling="4:4:4")
    data = file.getvalue()
    place = data.index(b"nclx") + 4
    return io.BytesIO(data[:place] + struct.pack(">HH", primaries, transfer) + data[place + 4 :])


@pytest.mark.parametrize("make", [heic, avif])
def test_nclx_is_heeded(make: Callable[[int, int], io.BytesIO]) -> None:
    assert near(come_out(make(1, 13))[0], ORANGE, 4)
    assert come_out(make(1, 13))[1] == ""
    assert come_out(make(1, 1))[1] == ""  # BT.709, as films say, is looked at as sRGB
    assert near(come_out(make(12, 13))[0], P3_ORANGE, 4)
    assert come_out(make(9, 16))[1] == "colours_converted"
    assert come_out(make(1, 9))[1] == "profile_unreadable"


@pytest.mark.parametrize("cut", range(0, 400, 7))
def test_a_damaged_avif_has_no_colours_and_stops_nothing(cut: int) -> None:
    data = avif(12, 13).getvalue()
    for broken in (data[:cut], data[:cut] + b"\xff" * 4 + data[cut + 4 :]):
        colours.parsed(io.BytesIO(broken), colours.avif_nclx)


@pytest.mark.parametrize("cut", range(8, 120, 3))
def test_a_damaged_png_has_no_colours_and_stops_nothing(cut: int) -> None:
    data = png(plain(), cICP=bytes([12, 13, 0, 1])).getvalue()
    for broken in (data[:cut], data[:cut] + b"\xff" * 4 + data[cut + 4 :]):
        colours.parsed(io.BytesIO(broken), colours.png_cicp)


def adobe_exif() -> bytes:
    """Return EXIF of a camera that is set to Adobe RGB: three directories, one in another."""
    zeroth = struct.pack("<HHHIII", 1, 0x8769, 4, 1, 26, 0)
    exif = struct.pack("<HHHIII", 1, 0xA005, 4, 1, 44, 0)
    index = struct.pack("<HHHI4sI", 1, 1, 2, 4, b"R03\0", 0)
    return b"Exif\0\0II*\0\x08\0\0\0" + zeroth + exif + index


def test_a_cameras_adobe_rgb_is_heeded() -> None:
    file = io.BytesIO()
    plain().save(file, "JPEG", quality=95, subsampling=0, exif=adobe_exif())
    assert near(come_out(file)[0], ADOBE_ORANGE, 4)


def test_a_tiffs_own_primaries_are_heeded() -> None:
    tags: dict[int, Any] = {318: P3[:2], 319: P3[2:]}
    file = io.BytesIO()
    plain().save(file, "TIFF", tiffinfo=tags)
    assert near(come_out(file)[0], P3_ORANGE)


def test_a_profile_in_a_bmp_is_heeded() -> None:
    icc = gamma_profile(None, P3)
    assert icc
    file = io.BytesIO()
    plain().save(file, "BMP")
    pixels = file.getvalue()[54:]
    header = struct.pack("<IiiHHIIiiII", 124, 64, 64, 1, 24, 0, len(pixels), 0, 0, 0, 0)
    header += bytes(16) + b"DEBM" + bytes(52) + struct.pack("<II", 124 + len(pixels), len(icc))
    header = header.ljust(124, b"\0")
    head = struct.pack("<2sIHHI", b"BM", 138 + len(pixels) + len(icc), 0, 0, 138)
    bmp = io.BytesIO(head + header + pixels + icc)
    assert near(come_out(bmp)[0], P3_ORANGE)


@pytest.mark.parametrize("code", sorted(NAMED_PRIMARIES))
def test_white_stays_white_in_every_colour_space(code: int) -> None:
    file = png(plain((255, 255, 255)), cICP=bytes([code, 13, 0, 1]))
    assert near(come_out(file)[0], (255, 255, 255), 1)


def test_a_made_profile_is_one_to_littlecms() -> None:
    made = coded(12, 13)
    assert made
    found = ImageCms.ImageCmsProfile(io.BytesIO(made))
    assert ImageCms.getProfileDescription(found).strip() == "Display P3"
    assert ImageCms.isIntentSupported(
        found, ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Direction.INPUT
    )


def test_nothing_said_is_srgb(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    plain().save(path)
    with Image.open(path) as image:
        assert profile_of(image, path) is None
    assert coded(2, 2) is None
    assert coded(1, 255) == UNREADABLE


def test_a_change_to_any_code_that_makes_pictures_makes_them_anew() -> None:
    """The record's recipe holds the code of `images`, and of all of our code that it imports."""
    made_by = {module.__name__ for module in MAKERS}
    sources = [Path(str(module.__file__)).read_text(encoding="utf-8") for module in MAKERS]
    imported = {
        node.module if node.module in made_by else f"{node.module}.{name.name}"
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("stages")
        for name in node.names
    }
    # of the others one has words, of which none are drawn, and one what the record is kept under
    ours = {each for each in imported if not re.search(r"\.(notes|drawings)\.", each)}
    assert ours <= made_by
