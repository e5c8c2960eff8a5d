import io
import math
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageOps
from PIL.GifImagePlugin import GifImageFile

from stages.library.dataset import images
from stages.library.dataset.drawings import Wish
from stages.library.dataset.notes import note

pillow_heif.register_heif_opener()

Colour = tuple[int, int, int]
Pixels = NDArray[np.uint8]
WHITE, BLACK, RED, BLUE = (255, 255, 255), (0, 0, 0), (255, 0, 0), (0, 0, 255)


def drawing(width: int = 96, height: int = 64) -> Image.Image:
    """Return an upright drawing that looks different from each of its turns and flips."""
    image = Image.new("RGB", (width, height), (250, 240, 200))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 2, height // 2), fill=(200, 30, 40))
    draw.rectangle((width // 2, 0, width, height // 2), fill=(30, 60, 180))
    draw.rectangle((0, height // 2, width // 4, height), fill=(40, 150, 60))
    return image


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Return random pixels, the same ones every time."""
    shape = (height, width, len(Image.new(mode, (1, 1)).getbands()))
    values = np.random.default_rng(7).integers(0, 256, shape, dtype=np.uint8)
    return Image.frombytes(mode, (width, height), values.tobytes())


def rendered(path: Path, size: int = 64, fit: str = "crop") -> Pixels:
    return np.asarray(images.render(path, size, fit).picture)


def colour_of(path: Path) -> Colour:
    """Return the colour in the middle of the rendered picture."""
    red, green, blue = rendered(path)[32, 32]
    return int(red), int(green), int(blue)


def saved(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


def far(one: Pixels, other: Pixels) -> int:
    return int(np.abs(one.astype(int) - other).max())


# Formats


@pytest.mark.parametrize(
    ("name", "options", "tolerance"),
    [
        ("a.png", {}, 0),
        ("a.PNG", {}, 0),
        ("a.jpg", {"quality": 95, "subsampling": 0}, 12),
        ("a.JPEG", {"quality": 95, "subsampling": 0, "progressive": True}, 12),
        ("a.webp", {"lossless": True}, 0),
        ("a.bmp", {}, 0),
        ("a.gif", {}, 0),
        ("a.tif", {}, 0),
        ("a.TIFF", {"compression": "tiff_lzw"}, 0),
        ("a.avif", {"quality": 95, "subsampling": "4:4:4"}, 12),
        ("a.heic", {"quality": 95, "chroma": 444}, 12),
    ],
)
def test_every_format_is_read(
    tmp_path: Path, name: str, options: dict[str, Any], tolerance: int
) -> None:
    path = saved(tmp_path / name, drawing(64, 64), **options)

    assert path.suffix.lower() in images.SUFFIXES
    assert far(rendered(path), np.asarray(drawing(64, 64))) <= tolerance


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "a.tif", "a.avif"])
def test_an_animation_gives_its_first_frame(tmp_path: Path, name: str) -> None:
    frames = [Image.new("RGB", (64, 64), colour) for colour in (RED, BLUE, BLACK)]
    path = saved(tmp_path / name, frames[0], save_all=True, append_images=frames[1:])

    assert np.abs(np.subtract(colour_of(path), RED)).max() <= 3


def test_of_a_huge_animation_only_the_first_frame_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = [Image.new("L", (64, 64), shade % 256) for shade in range(500)]
    path = saved(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:])
    sought: list[int] = []
    monkeypatch.setattr(GifImageFile, "seek", lambda _, frame: sought.append(frame))

    assert colour_of(path) == BLACK
    assert sought == []
    assert note("first_frame", frames=500) in images.render(path, 64, "crop").notes


@pytest.mark.parametrize(("name", "code"), [("a.gif", "first_frame"), ("a.tif", "first_page")])
def test_a_file_made_to_have_very_many_frames_is_not_counted_to_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: str
) -> None:
    monkeypatch.setattr(images, "MOST_FRAMES", 3)
    frames = [Image.new("L", (64, 64), shade) for shade in range(5)]
    path = saved(tmp_path / name, frames[0], save_all=True, append_images=frames[1:])

    (found,) = images.render(path, 64, "crop").notes

    assert (found.code, *found.values.values()) == (code, "3+")


def test_a_phones_jpeg_of_several_pictures_gives_its_first_one(tmp_path: Path) -> None:
    more = [Image.new("RGB", (64, 64), BLUE)]
    image = Image.new("RGB", (64, 64), RED)
    path = saved(tmp_path / "a.jpg", image, format="MPO", save_all=True, append_images=more)

    assert np.abs(np.subtract(colour_of(path), RED)).max() <= 3


# EXIF orientation


def stored(upright: Pixels, orientation: int) -> Image.Image:
    """Return the pixels as a camera stores them, so that `orientation` turns them upright."""
    ways: dict[int, Pixels] = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }
    return Image.fromarray(np.ascontiguousarray(ways[orientation]))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif", "a.avif", "a.heic", "a.jpg"])
def test_exif_orientation_is_applied_once(tmp_path: Path, name: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    lossless = {"lossless": True} if name == "a.webp" else {}
    image = stored(np.asarray(drawing()), orientation)
    path = saved(tmp_path / name, image, exif=exif.tobytes(), quality=95, **lossless)

    result = images.render(path, 64, "crop")

    assert (result.width, result.height) == (96, 64)
    upright = np.asarray(drawing().crop((16, 0, 80, 64)))
    near = np.abs(np.asarray(result.picture).astype(int) - upright).mean()
    assert near <= (0 if name in ("a.png", "a.webp", "a.tif") else 3)


@pytest.mark.filterwarnings("ignore:.*EXIF:UserWarning")
@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0",
        b"Exif\0\0MM\0*",
        b"Exif\0\0II*\0\xff\xff\xff\x7f",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01\x03\0\xff\xff\xff\xff",
        b"Exif\0\0" + bytes(range(256)),
        # orientation 9, and orientation as a text
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x09\0\0\0\0\0\0\0",
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x03\0\0\0six\0\0\0\0\0",
    ],
)
def test_nonsense_exif_leaves_good_pixels_as_they_are(tmp_path: Path, exif: bytes) -> None:
    path = saved(tmp_path / "a.png", drawing(64, 64), exif=exif)

    assert far(rendered(path), np.asarray(drawing(64, 64))) == 0


# Colour profiles

D50 = (0.9642, 1.0, 0.8249)
SRGB_TO_XYZ = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
)
"""Adapted to D50, as in the sRGB profile; one primary a column. The next two likewise."""
P3_TO_XYZ = np.array(
    [[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]]
)
ADOBE_TO_XYZ = np.array(
    [[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]]
)


def profile(name: str, tags: dict[bytes, bytes], space: bytes = b"RGB ") -> bytes:
    """Return an ICC v2 profile, as the specification (ICC.1:2001-04) lays it out."""
    text = name.encode() + b"\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78),
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": xyz(D50),
        **tags,
    }
    table, data = struct.pack(">I", len(tags)), b""
    for tag, value in tags.items():
        table += tag + struct.pack(">II", 132 + 12 * len(tags) + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    kind, connection = (b"prtr", b"Lab ") if space == b"CMYK" else (b"mntr", b"XYZ ")
    head = struct.pack(">I4s4B", 128 + len(table + data), b"test", 2, 0x40, 0, 0)
    head += kind + space + connection + struct.pack(">6H", 2024, 1, 1, 0, 0, 0) + b"acsp"
    head += bytes(28) + xyz(D50)[8:]
    return head.ljust(128, b"\0") + table + data


def xyz(values: Any) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IHH", 1, round(gamma * 256), 0)


def primaries(to_xyz: NDArray[np.float64]) -> dict[bytes, bytes]:
    return {kind + b"XYZ": xyz(to_xyz[:, i]) for i, kind in enumerate((b"r", b"g", b"b"))}


def rgb_profile(name: str, to_xyz: NDArray[np.float64], gamma: float) -> bytes:
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve(gamma))
    return profile(name, primaries(to_xyz) | curves)


def cmyk_profile(ink: tuple[float, float, float]) -> bytes:
    """Return a profile where no ink is white, cyan alone has the Lab colour `ink`, the rest black.

    A lut8 (mft1) of two grid points for each of the four inks.
    """
    grid = np.zeros((2, 2, 2, 2, 3), np.uint8)
    grid[...] = (0, 128, 128)
    grid[0, 0, 0, 0] = (255, 128, 128)
    grid[1, 0, 0, 0] = (round(ink[0] * 2.55), round(ink[1] + 128), round(ink[2] + 128))
    straight = bytes(range(256))
    unit = struct.pack(">9i", *(65536 * value for value in (1, 0, 0, 0, 1, 0, 0, 0, 1)))
    lut = b"mft1\0\0\0\0\x04\x03\x02\0" + unit + straight * 4 + grid.tobytes() + straight * 3
    return profile("inks", {b"A2B0": lut}, space=b"CMYK")


def to_srgb(linear_xyz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the 8-bit sRGB values of a colour relative to D50 (IEC 61966-2-1)."""
    linear = np.clip(np.linalg.solve(SRGB_TO_XYZ, linear_xyz), 0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return 255 * curved


def lab_to_xyz(light: float, a: float, b: float) -> NDArray[np.float64]:
    y = (light + 16) / 116
    steps = np.array([y + a / 500, y, y - b / 200])
    return np.where(steps > 6 / 29, steps**3, 3 * (6 / 29) ** 2 * (steps - 4 / 29)) * D50


@pytest.mark.parametrize("colour", [WHITE, BLACK, (128, 128, 128), (200, 150, 130), (90, 140, 60)])
@pytest.mark.parametrize(
    ("name", "to_xyz", "gamma"),
    [
        ("Display P3 alike", P3_TO_XYZ, 2.2),
        ("Adobe RGB alike", ADOBE_TO_XYZ, 2.19921875),
        # Krita's and GIMP's linear profiles: the name lies
        ("sRGB-elle-V2-g10.icc", SRGB_TO_XYZ, 1.0),
    ],
)
def test_colours_are_converted_to_srgb(
    tmp_path: Path, colour: Colour, name: str, to_xyz: NDArray[np.float64], gamma: float
) -> None:
    icc = rgb_profile(name, to_xyz, gamma)
    path = saved(tmp_path / "a.png", Image.new("RGB", (64, 64), colour), icc_profile=icc)
    expected = to_srgb(to_xyz @ ((np.array(colour) / 255) ** gamma))

    result = images.render(path, 64, "crop")

    assert np.abs(np.asarray(result.picture)[0, 0] - expected).max() <= 1.5
    moved = np.abs(expected - colour).max() > 2
    assert result.notes == ([note("colours_converted", profile=name)] if moved else [])


@pytest.mark.parametrize("name", ["a.jpg", "a.webp", "a.tif", "a.avif", "a.heic"])
def test_profiles_of_every_format_are_heeded(tmp_path: Path, name: str) -> None:
    icc = rgb_profile("linear", SRGB_TO_XYZ, 1.0)
    image = Image.new("RGB", (64, 64), (55, 55, 55))
    path = saved(tmp_path / name, image, icc_profile=icc, quality=95)

    assert np.abs(np.subtract(colour_of(path), 128)).max() <= 3


@pytest.mark.parametrize("name", ["sRGB IEC61966-2.1", "GIMP built-in sRGB", "c2"])
def test_an_srgb_profile_changes_no_pixel_whatever_its_name(name: str) -> None:
    curved = np.linspace(0, 1, 1024)
    linear = np.where(curved <= 0.04045, curved / 12.92, ((curved + 0.055) / 1.055) ** 2.4)
    table = np.round(linear * 65535).astype(">u2").tobytes()
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), b"curv\0\0\0\0\0\0\4\0" + table)
    image = noise(64, 64)

    result, said = images.to_srgb(image, profile(name, primaries(SRGB_TO_XYZ) | curves))

    assert result.tobytes() == image.tobytes()
    assert said is None


def test_a_grey_profile_on_a_grey_picture(tmp_path: Path) -> None:
    icc = profile("Grey 1.0", {b"kTRC": curve(1.0)}, space=b"GRAY")
    path = saved(tmp_path / "a.png", Image.new("L", (64, 64), 55), icc_profile=icc)

    assert np.abs(np.subtract(colour_of(path), 128)).max() <= 1


def test_an_rgb_profile_on_a_grey_picture(tmp_path: Path) -> None:
    icc = rgb_profile("linear", SRGB_TO_XYZ, 1.0)
    path = saved(tmp_path / "a.png", Image.new("L", (64, 64), 55), icc_profile=icc)

    assert np.abs(np.subtract(colour_of(path), 128)).max() <= 1


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_cmyk_with_a_profile(tmp_path: Path, name: str) -> None:
    ink = (60.0, -20.0, 25.0)
    image = Image.new("CMYK", (64, 64), (255, 0, 0, 0))
    path = saved(tmp_path / name, image, icc_profile=cmyk_profile(ink))

    result = images.render(path, 64, "crop")

    assert np.abs(np.asarray(result.picture)[0, 0] - to_srgb(lab_to_xyz(*ink))).max() <= 3
    assert result.notes == [note("colours_converted", profile="inks")]


def test_cmyk_paper_stays_white(tmp_path: Path) -> None:
    image = Image.new("CMYK", (64, 64))
    path = saved(tmp_path / "a.jpg", image, icc_profile=cmyk_profile((60, -20, 25)))

    assert colour_of(path) == WHITE


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_cmyk_without_a_profile(tmp_path: Path, name: str) -> None:
    path = saved(tmp_path / name, Image.new("CMYK", (64, 64), (0, 255, 255, 0)))

    assert np.abs(np.subtract(colour_of(path), RED)).max() <= 1


@pytest.mark.parametrize(
    "icc",
    [
        b"not a profile",
        rgb_profile("cut off", P3_TO_XYZ, 2.2)[:200],
        profile("Grey on colour", {b"kTRC": curve(1.8)}, space=b"GRAY"),
        cmyk_profile((60, -20, 25)),
    ],
    ids=["text", "cut off", "grey", "cmyk"],
)
def test_a_profile_that_does_not_fit_is_ignored_and_noted(tmp_path: Path, icc: bytes) -> None:
    path = saved(tmp_path / "a.png", drawing(64, 64), icc_profile=icc)

    result = images.render(path, 64, "crop")

    assert far(np.asarray(result.picture), np.asarray(drawing(64, 64))) == 0
    assert result.notes == [note("profile_unreadable")]


def test_a_profile_of_two_megabytes_is_no_damage(tmp_path: Path) -> None:
    icc = rgb_profile("linear", SRGB_TO_XYZ, 1.0) + os.urandom(2_000_000)
    path = saved(tmp_path / "a.png", Image.new("RGB", (64, 64), (55, 55, 55)), icc_profile=icc)

    assert np.abs(np.subtract(colour_of(path), 128)).max() <= 1


@pytest.mark.parametrize("name", ["", "two\nlines\r\n"])
def test_a_note_is_one_line_whatever_the_name_of_the_profile(name: str) -> None:
    image = Image.new("RGB", (8, 8), (55, 55, 55))

    _, said = images.to_srgb(image, rgb_profile(name, SRGB_TO_XYZ, 1.0))

    assert said == (
        note("colours_converted", profile="two lines") if name else note("unnamed_converted")
    )


# Alpha and modes


def test_alpha_is_flattened_on_white(tmp_path: Path) -> None:
    image = Image.new("RGBA", (64, 64), (0, 0, 200, 0))
    image.paste((200, 0, 0, 128), (0, 32, 64, 64))
    pixels = rendered(saved(tmp_path / "a.png", image))

    assert tuple(pixels[0, 0]) == WHITE  # and not the blue that hides there
    assert np.abs(pixels[63, 0].astype(int) - (227, 127, 127)).max() <= 1


def test_hidden_colours_do_not_bleed_into_edges_when_shrunk(tmp_path: Path) -> None:
    image = Image.new("RGBA", (640, 640), (0, 0, 0, 0))
    image.paste((255, 255, 255, 255), (0, 0, 315, 640))

    assert (rendered(saved(tmp_path / "a.png", image)) == 255).all()


@pytest.mark.parametrize("name", ["a.png", "a.gif"])
def test_a_palette_with_a_transparent_colour(tmp_path: Path, name: str) -> None:
    image = Image.new("P", (64, 64), 1)
    image.putpalette([0, 0, 0, *RED, *BLUE])
    image.paste(2, (0, 32, 64, 64))
    pixels = rendered(saved(tmp_path / name, image, transparency=1))

    assert tuple(pixels[0, 0]) == WHITE
    assert tuple(pixels[63, 0]) == BLUE


def test_a_palette_with_half_transparent_colours(tmp_path: Path) -> None:
    image = Image.new("P", (64, 64), 1)
    image.putpalette([0, 0, 0, 0, 0, 255])
    path = saved(tmp_path / "a.png", image, transparency=bytes([255, 128]))

    assert np.abs(np.subtract(colour_of(path), (127, 127, 255))).max() <= 1


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("1", 1, WHITE),
        ("1", 0, BLACK),
        ("L", 77, (77, 77, 77)),
        ("LA", (77, 255), (77, 77, 77)),
        ("LA", (0, 0), WHITE),
        ("LA", (0, 128), (127, 127, 127)),
        ("P", 0, BLACK),
        ("RGB", (1, 2, 3), (1, 2, 3)),
        ("I;16", 77 << 8, (77, 77, 77)),
        ("I;16", 65535, WHITE),
    ],
)
@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_every_mode_gives_its_own_colour(
    tmp_path: Path, name: str, mode: str, colour: Any, expected: Colour
) -> None:
    path = saved(tmp_path / name, Image.new(mode, (64, 64), colour))

    assert np.abs(np.subtract(colour_of(path), expected)).max() <= 1


def test_sixteen_bit_grey_keeps_its_shades(tmp_path: Path) -> None:
    shades = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (64, 1))
    pixels = rendered(saved(tmp_path / "a.png", Image.fromarray(shades)))

    assert far(pixels[:, :, 0], (shades >> 8).astype(np.uint8)) == 0
    assert len(np.unique(pixels)) == 64


def test_ycbcr_tiff(tmp_path: Path) -> None:
    image = Image.new("RGB", (64, 64), (200, 30, 40)).convert("YCbCr")
    path = saved(tmp_path / "a.tif", image)

    assert np.abs(np.subtract(colour_of(path), (200, 30, 40))).max() <= 2


@pytest.mark.parametrize("mode", ["F", "I", "LAB"])
def test_modes_without_one_meaning_in_8_bits_are_refused_by_name(tmp_path: Path, mode: str) -> None:
    path = saved(tmp_path / "a.tif", Image.new(mode, (64, 64)))

    with pytest.raises(images.UnusableError, match=rf"colour mode {mode} .*save it as 8-bit RGB"):
        images.render(path, 64, "crop")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def halves_png(path: Path, depth: int, kind: int, top: bytes, bottom: bytes, hide: bytes) -> Path:
    """Write a 64 x 64 PNG (ISO 15948): rows `top` above rows `bottom`, the colour `hide` clear."""
    rows = (b"\0" + top) * 32 + (b"\0" + bottom) * 32
    header = struct.pack(">IIBBBBB", 64, 64, depth, kind, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"tRNS", hide) + chunk(b"IDAT", zlib.compress(rows))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data + chunk(b"IEND", b""))
    return path


GREY, RGB = 0, 2


@pytest.mark.parametrize(
    ("depth", "kind", "top", "bottom", "hide", "expected"),
    [
        (1, GREY, bytes(8), b"\xff" * 8, struct.pack(">H", 0), 255),
        (2, GREY, b"\x00" * 16, b"\xaa" * 16, struct.pack(">H", 0), 170),
        (2, GREY, b"\x55" * 16, b"\xaa" * 16, struct.pack(">H", 1), 170),
        (4, GREY, b"\x11" * 32, b"\xaa" * 32, struct.pack(">H", 1), 170),
        (8, GREY, b"\x11" * 64, b"\xaa" * 64, struct.pack(">H", 0x11), 170),
        (16, GREY, b"\x11\x12" * 64, b"\xaa\x12" * 64, struct.pack(">H", 0x1112), 170),
        (8, RGB, b"\1\2\3" * 64, b"\xaa" * 192, struct.pack(">3H", 1, 2, 3), 170),
        (16, RGB, b"\1\1\2\2\3\3" * 64, b"\xaa" * 384, struct.pack(">3H", 257, 514, 771), 170),
    ],
)
def test_a_png_colour_marked_transparent_is_white_at_every_depth(
    tmp_path: Path, depth: int, kind: int, top: bytes, bottom: bytes, hide: bytes, expected: int
) -> None:
    pixels = rendered(halves_png(tmp_path / "a.png", depth, kind, top, bottom, hide))

    assert tuple(pixels[0, 0]) == WHITE
    assert tuple(pixels[63, 63]) == (expected,) * 3


@pytest.mark.parametrize(
    ("samples", "photometric", "expected"),
    [
        ((0x1234, 0x8000, 0xFFFF), 2, (0x12, 0x80, 0xFF)),
        ((0x1234, 0x8000, 0xFFFF, 0), 2, WHITE),
        ((0xFFFF, 0, 0, 0), 5, (0, 255, 255)),
    ],
    ids=["RGB", "RGBA", "CMYK"],
)
def test_sixteen_bit_tiff(
    tmp_path: Path, samples: tuple[int, ...], photometric: int, expected: Colour
) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(tiff16(samples, photometric))

    assert colour_of(path) == expected


def tiff16(samples: tuple[int, ...], photometric: int) -> bytes:
    """Return a 64 x 64 TIFF 6.0 of one colour, 16 bits a sample; a fourth one is alpha or black."""
    data = np.tile(np.array(samples, "<u2"), 64 * 64).tobytes()
    count = len(samples)
    shorts = {256: 64, 257: 64, 259: 1, 262: photometric, 277: count, 278: 64}
    if photometric == 2 and count == 4:
        shorts[338] = 2
    entries = [(tag, 3, 1, value) for tag, value in shorts.items()]
    bits_at = 8 + 2 + 12 * (len(entries) + 3) + 4
    entries += [(258, 3, count, bits_at), (273, 4, 1, bits_at + 2 * count), (279, 4, 1, len(data))]
    table = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    head = b"II*\0" + struct.pack("<IH", 8, len(entries)) + table + bytes(4)
    return head + struct.pack(f"<{count}H", *[16] * count) + data


# Geometry

sides = st.integers(1, 6000)
sizes = st.integers(1, 32).map(lambda steps: 64 * steps)


@given(sides, sides, sizes)
def test_crop_keeps_the_largest_square_in_the_middle(width: int, height: int, size: int) -> None:
    (left, top, right, bottom), target = images.crop_plan(width, height, size)

    assert target == (size, size)
    assert right - left == bottom - top == min(width, height)
    assert 0 <= width - right - left <= 1
    assert 0 <= height - bottom - top <= 1


@given(st.integers(64, 6000), st.integers(64, 6000), sizes)
def test_a_bucket_fits_the_trainer_and_the_picture(width: int, height: int, size: int) -> None:
    (left, top, right, bottom), target = images.bucket_plan(width, height, size)

    assert target[0] % 64 == target[1] % 64 == 0
    assert 0 < target[0] * target[1] <= size * size
    assert max(target) <= 2 * size
    assert target[0] <= right - left <= width, "never upscaled"
    assert target[1] <= bottom - top <= height, "never upscaled"
    assert (right - left == width) or (bottom - top == height), "no more cut off than needed"
    assert 0 <= width - right - left <= 1
    assert 0 <= height - bottom - top <= 1
    # the scale is the same along both sides, to the pixel
    scale = max(target[0] / width, target[1] / height)
    assert abs((right - left) * scale - target[0]) <= scale / 2 + 1e-6
    assert abs((bottom - top) * scale - target[1]) <= scale / 2 + 1e-6


@given(st.integers(64, 6000), st.integers(64, 6000), sizes)
def test_a_turned_picture_gets_the_turned_bucket(width: int, height: int, size: int) -> None:
    _, (one, other) = images.bucket_plan(width, height, size)
    _, turned = images.bucket_plan(height, width, size)

    assert turned == (other, one)


def trainer_buckets(size: int) -> set[tuple[int, int]]:
    """Return sd-scripts' buckets (library/model_util.py) for sides from size / 2 to 2 x size."""
    buckets = {(size // 64 * 64, size // 64 * 64)}
    for width in range(size // 2, 2 * size + 1, 64):
        height = min(2 * size, size * size // width // 64 * 64)
        if height >= size // 2:
            buckets |= {(width, height), (height, width)}
    return buckets


def off(bucket: tuple[int, int], width: int, height: int) -> float:
    return abs(math.log(bucket[0] / bucket[1]) - math.log(width / height))


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(1, 12).map(lambda n: 128 * n))
def test_a_large_picture_gets_the_trainers_bucket_of_the_nearest_aspect(
    more_width: int, more_height: int, size: int
) -> None:
    width, height = 2 * size + more_width, 2 * size + more_height
    _, bucket = images.bucket_plan(width, height, size)

    assert bucket in trainer_buckets(size)
    assert off(bucket, width, height) <= 1e-9 + min(
        off(other, width, height) for other in trainer_buckets(size)
    )


@given(st.integers(64, 1200), st.integers(64, 1200))
def test_no_larger_bucket_inside_the_picture_is_nearer_in_aspect(width: int, height: int) -> None:
    size = 512
    _, bucket = images.bucket_plan(width, height, size)
    low = (min(width, 256) // 64 * 64, min(height, 256) // 64 * 64)
    for one in range(low[0], min(width, 1024) + 1, 64):
        for other in range(low[1], min(height, 1024) + 1, 64):
            if bucket[0] * bucket[1] < one * other <= size * size:
                assert off((one, other), width, height) >= off(bucket, width, height) - 1e-9


@pytest.mark.parametrize(("width", "height"), [(63, 500), (500, 63), (1, 1)])
def test_a_side_under_64_has_no_bucket(width: int, height: int) -> None:
    with pytest.raises(images.UnusableError, match=f"{width}x{height} is too small"):
        images.bucket_plan(width, height, 512)


@pytest.mark.parametrize(("width", "height"), [(64, 64), (900, 64)])
def test_a_large_enough_drawing_has_no_note(tmp_path: Path, width: int, height: int) -> None:
    path = saved(tmp_path / "a.png", noise(width, height))

    assert images.render(path, 64, "crop").notes == []


@pytest.mark.parametrize(("width", "height"), [(63, 64), (16, 16), (30000, 16)])
def test_up_to_four_times_is_upscaled_and_noted(tmp_path: Path, width: int, height: int) -> None:
    path = saved(tmp_path / "a.png", noise(width, height))

    result = images.render(path, 64, "crop")

    assert result.picture.size == (64, 64)
    assert result.notes == [note("upscaled", width=width, height=height)]


@pytest.mark.parametrize(("width", "height"), [(15, 64), (1, 1), (30000, 10), (65000, 1)])
@pytest.mark.parametrize("fit", ["crop", "bucket"])
def test_what_would_have_to_grow_more_is_refused(
    tmp_path: Path, width: int, height: int, fit: str
) -> None:
    path = saved(tmp_path / "a.png", noise(width, height))
    short = min(width, height)

    with pytest.raises(images.UnusableError, match=f"side is {short} px, too small for 64 px"):
        images.render(path, 64, fit)


# Pixels and bytes


def plainly(path: Path, size: int) -> Image.Image:
    """Do the same steps in the plainest Pillow."""
    with Image.open(path) as opened:
        image = ImageOps.exif_transpose(opened)
    if image.mode in ("RGBA", "LA", "P"):
        alpha = image.convert("RGBA").getchannel("A")
        flat = Image.new("RGB", image.size, "white")
        flat.paste(image.convert("RGB"), mask=alpha)
        image = flat
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    box = (left, top, left + side, top + side)
    small = image.resize((size, size), Image.Resampling.LANCZOS, box)
    if profile_data := opened.info.get("icc_profile"):
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile_data))
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(small, source, target, intent, outputMode="RGB")
        assert converted is not None
        return converted
    return small.convert("RGB")


@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [
        ("a.png", "RGB", {}),
        ("a.png", "RGBA", {}),
        ("a.png", "LA", {}),
        ("a.png", "L", {}),
        (
            "a.jpg",
            "RGB",
            {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6" + bytes(6)},
        ),
        ("a.jpg", "CMYK", {"icc_profile": cmyk_profile((60, -20, 25))}),
        ("a.webp", "RGB", {"icc_profile": rgb_profile("P3", P3_TO_XYZ, 2.2)}),
        ("a.gif", "RGB", {}),
    ],
)
@pytest.mark.parametrize(("width", "height"), [(301, 200), (150, 333), (40, 50)])
def test_pixels_equal_those_of_plain_pillow(
    tmp_path: Path, name: str, mode: str, options: dict[str, Any], width: int, height: int
) -> None:
    path = saved(tmp_path / name, noise(width, height, mode), **options)

    result = images.render(path, 128, "crop").picture

    assert ImageChops.difference(result, plainly(path, 128)).getbbox() is None


def test_a_png_holds_rgb_of_8_bits_and_no_metadata(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret"
    path = saved(
        tmp_path / "a.png",
        noise(80, 64, "RGBA"),
        exif=exif.tobytes(),
        icc_profile=rgb_profile("P3", P3_TO_XYZ, 2.2),
        dpi=(300, 300),
    )

    data = images.png_bytes(images.render(path, 64, "crop").picture)

    kinds, at = [], 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kinds.append(data[at + 4 : at + 8])
        at += length + 12
    assert kinds == [b"IHDR", *[b"IDAT"] * (len(kinds) - 2), b"IEND"]
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    assert (width, height, depth, kind) == (64, 64, 8, RGB)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "CMYK", "1"])
@pytest.mark.parametrize("fit", ["crop", "bucket"])
def test_rendering_twice_gives_the_same_bytes(tmp_path: Path, mode: str, fit: str) -> None:
    path = saved(tmp_path / "a.tif", noise(90, 150, "RGB").convert(mode))

    one, other = (images.png_bytes(images.render(path, 64, fit).picture) for _ in range(2))

    assert one == other


# Transparency that is kept


def clear_sheet(mode: str = "RGBA") -> Image.Image:
    """Return a figure on nothing, with soft edges and odd colours under what is not seen."""
    image = Image.new("RGBA", (120, 90), (200, 0, 77, 0))
    big = Image.new("L", (480, 360))
    ImageDraw.Draw(big).ellipse((60, 40, 300, 330), fill=255)
    figure = noise(120, 90, "RGB").convert("RGBA")
    image.paste(figure, mask=big.resize((120, 90)))
    return image.convert(mode)


def test_a_kept_alpha_lies_over_the_same_colours_as_without_it(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", clear_sheet())

    white, kept = images.render(path, 64, "crop"), images.render(path, 64, "crop", alpha="keep")

    assert white.alpha is None
    assert kept.alpha
    assert kept.picture.tobytes() == white.picture.tobytes()
    assert kept.thumbnail.tobytes() == white.thumbnail.tobytes()
    with Image.open(io.BytesIO(images.png_bytes(kept.picture, kept.alpha))) as written:
        assert written.mode == "RGBA"
        assert written.convert("RGB").tobytes() == white.picture.tobytes(), "as sd-scripts drops it"
        found = np.asarray(written)
    assert set(np.unique(found[:, :, 3])) >= {0, 255}
    assert far(found[found[:, :, 3] == 0][:, :3], np.full(3, 255, np.uint8)) <= 12


def test_a_kept_alpha_is_that_of_the_drawing(tmp_path: Path) -> None:
    image = clear_sheet()
    path = saved(tmp_path / "a.png", image)

    kept = images.render(path, 64, "crop", alpha="keep").alpha

    box = (15, 0, 105, 90)
    expected = image.getchannel("A").resize((64, 64), Image.Resampling.LANCZOS, box)
    assert kept
    assert kept.tobytes() == expected.tobytes()


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.gif", "a.tif", "a.avif"])
def test_every_format_with_transparency_keeps_it(tmp_path: Path, name: str) -> None:
    image = Image.new("RGBA", (64, 64), (9, 9, 200, 255))
    image.paste((0, 0, 0, 0), (0, 0, 32, 64))
    path = saved(tmp_path / name, image)

    kept = images.render(path, 64, "crop", alpha="keep").alpha

    assert kept
    assert kept.getpixel((4, 30)) == 0
    assert kept.getpixel((60, 30)) == 255


@pytest.mark.parametrize("mode", ["LA", "PA", "La", "RGBa"])
def test_an_alpha_beside_other_colours_is_kept(mode: str) -> None:
    layer = clear_sheet("LA" if mode in ("LA", "La") else "RGBA")
    image = layer.convert(mode) if mode != "PA" else layer.convert("RGBA").convert("PA")

    alpha = images.alpha_of(image)

    assert alpha
    assert alpha.getextrema() == (0, 255)


def test_the_transparent_grey_of_16_bits_is_kept() -> None:
    values = np.full((64, 64), 40_000, np.uint16)
    values[:, :32] = 1
    image = Image.fromarray(values)
    image.info["transparency"] = 1

    alpha = images.alpha_of(image)

    assert alpha
    assert (alpha.getpixel((3, 3)), alpha.getpixel((60, 3))) == (0, 255)
    assert images.alpha_of(Image.fromarray(values)) is None


def test_where_nothing_is_transparent_there_is_no_alpha_and_the_bytes_are_the_same(
    tmp_path: Path,
) -> None:
    opaque = saved(tmp_path / "a.png", noise(80, 64, "RGBA").convert("RGB").convert("RGBA"))
    corner = clear_sheet()
    corner.paste(noise(100, 90, "RGB"), (10, 0))
    beyond = saved(tmp_path / "b.png", corner)  # what is transparent is cut off

    for path in (opaque, beyond):
        white, kept = images.render(path, 64, "crop"), images.render(path, 64, "crop", alpha="keep")
        assert images.png_bytes(kept.picture, kept.alpha) == images.png_bytes(white.picture)


# What is wished for a drawing


def test_an_own_crop_is_fitted_as_any_drawing(tmp_path: Path) -> None:
    image = noise(200, 100)
    path = saved(tmp_path / "a.png", image)
    part = saved(tmp_path / "b.png", image.crop((20, 10, 120, 90)))
    wish = Wish("a.png", crop=(0.1, 0.1, 0.5, 0.8))

    for fit in ("crop", "bucket"):
        result, alone = images.render(path, 64, fit, wish=wish), images.render(part, 64, fit)
        assert far(np.asarray(result.picture), np.asarray(alone.picture)) == 0
        assert result.notes == [*alone.notes, note("cropped")]
        left, top, width, height = alone.crop
        inner = (0.1 + left * 0.5, 0.1 + top * 0.8, width * 0.5, height * 0.8)
        assert result.crop == pytest.approx(inner, abs=1e-5)
        assert (result.width, result.height) == (200, 100)
        assert result.thumbnail.size == (200, 100), "of the whole drawing"


def test_the_parts_are_those_of_the_upright_drawing(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(
        tmp_path / "a.png", drawing(96, 64).transpose(Image.Transpose.ROTATE_90), exif=exif
    )

    result = images.render(path, 64, "crop", wish=Wish("a.png", crop=(0, 0, 0.5, 0.5)))

    assert far(np.asarray(result.picture), np.full(3, (200, 30, 40), np.uint8)) <= 1


def test_without_a_wish_what_is_shown_is_the_middle(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", noise(150, 100))
    assert images.render(path, 64, "crop").crop == (0.166667, 0.0, 0.666667, 1.0)


def test_a_crop_too_small_is_refused_as_such(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", noise(200, 100))
    with pytest.raises(images.UnusableError, match=r"its crop in data/drawings\.yaml is 10 px"):
        images.render(path, 64, "crop", wish=Wish("a.png", crop=(0, 0, 0.05, 0.1)))


def signed(path: Path, ink: Colour = RED) -> Path:
    """Save an even drawing with a mark in its lower right corner, 30 x 10 of 200 x 100."""
    image = Image.new("RGB", (200, 100), (30, 160, 90))
    image.paste(BLUE, (20, 20, 90, 80))
    image.paste(ink, (165, 85, 195, 95))
    return saved(path, image)


MARK = (0.825, 0.85, 0.15, 0.1)


@pytest.mark.parametrize("fit", ["bucket", "crop"])
@pytest.mark.parametrize("size", [64, 128, 320])
def test_what_is_hidden_is_filled_from_around_without_a_trace(
    tmp_path: Path, size: int, fit: str
) -> None:
    wish = Wish("a.png", crop=(0.5, 0, 0.5, 1), hide=(MARK,))
    pictures = [
        images.render(signed(tmp_path / f"{ink}.png", ink), size, fit, wish=wish)
        for ink in (RED, WHITE, (30, 160, 90))
    ]
    red, white, plain = (each.picture.tobytes() for each in pictures)
    assert red == white == plain
    assert [each.code for each in pictures[0].notes] == [
        *(["upscaled"] if size > 100 and fit == "crop" else []),
        "cropped",
        "filled",
    ]
    assert pictures[0].alpha is None


def test_what_is_hidden_is_transparent_where_alpha_is_kept(tmp_path: Path) -> None:
    path = signed(tmp_path / "a.png")

    filled = images.render(path, 128, "bucket", wish=Wish("a.png", hide=(MARK,)))
    masked = images.render(path, 128, "bucket", alpha="keep", wish=Wish("a.png", hide=(MARK,)))

    assert masked.picture.tobytes() == filled.picture.tobytes()
    assert masked.alpha
    alpha = np.asarray(masked.alpha)
    scale = alpha.shape[1] / 200
    inside = alpha[int(85 * scale) : int(95 * scale), int(165 * scale) : int(195 * scale)]
    assert inside.max() == 0
    assert (alpha[: int(80 * scale)] == 255).all()
    assert masked.notes == [note("masked", parts=1)]


def test_what_is_hidden_comes_to_what_is_transparent_already(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", clear_sheet())
    plain = images.render(path, 64, "crop", alpha="keep")
    wish = Wish("a.png", hide=((0.4, 0.4, 0.1, 0.1),))

    masked = images.render(path, 64, "crop", alpha="keep", wish=wish)

    assert plain.alpha
    assert masked.alpha
    before, after = np.asarray(plain.alpha), np.asarray(masked.alpha)
    assert (after <= before).all()
    assert (after < before).any()


def test_what_is_hidden_beyond_the_crop_is_no_matter(tmp_path: Path) -> None:
    path = signed(tmp_path / "a.png")
    wish = Wish("a.png", hide=(MARK,))
    assert images.render(path, 64, "crop").notes == []
    middle = images.render(path, 64, "crop", wish=Wish("a.png", hide=((0.9, 0.9, 0.1, 0.1),)))
    assert middle.notes == []
    assert images.render(path, 128, "bucket", wish=wish).notes == [note("filled", parts=1)]


def test_all_hidden_is_refused(tmp_path: Path) -> None:
    path = signed(tmp_path / "a.png")
    hide = ((0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 0.5, 1.0))
    with pytest.raises(images.UnusableError, match=r"hide in data/drawings\.yaml covers all"):
        images.render(path, 64, "crop", wish=Wish("a.png", hide=hide))


def test_a_part_of_one_colour_is_told_as_such(tmp_path: Path) -> None:
    path = signed(tmp_path / "a.png")
    for wish in (
        Wish("a.png", crop=(0.5, 0, 0.3, 0.6)),
        Wish("a.png", hide=((0, 0, 0.7, 1), MARK)),
    ):
        assert images.emptiness(images.render(path, 64, "crop", wish=wish)) == note("empty_part")


def test_the_square_goes_to_the_subject(tmp_path: Path) -> None:
    image = Image.new("RGB", (200, 100), "white")
    image.paste(noise(60, 80), (5, 10))
    path = saved(tmp_path / "a.png", image)

    result = images.render(path, 64, "subject")

    assert result.crop == (0.0, 0.0, 0.5, 1.0)
    assert result.notes == [note("to_subject", share=100, middle=25)]
    assert result.picture.size == (64, 64)


# Perceptual hash


def test_even_areas_set_no_bits() -> None:
    assert images.difference_hash(Image.new("RGB", (512, 512), "white")) == 0
    assert images.difference_hash(Image.new("RGB", (512, 512), "navy")) == 0


def test_a_hash_does_not_depend_on_the_size_of_the_picture() -> None:
    one = images.difference_hash(drawing(512, 512))
    other = images.difference_hash(drawing(512, 512).resize((448, 576)))

    assert (one ^ other).bit_count() <= 0.1 * one.bit_count()


# Memory

MEASURE = """
import resource, sys
from pathlib import Path
from stages.library.dataset import images
images.render(Path(sys.argv[1]), 512, "crop")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(peak * (1 if sys.platform == "darwin" else 1024))
"""


@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [
        ("a.png", "RGBA", {"compress_level": 1}),
        ("a.png", "I;16", {"compress_level": 1}),
        ("a.png", "P", {"compress_level": 1, "transparency": 0}),
        ("a.jpg", "CMYK", {"icc_profile": cmyk_profile((60, -20, 25)), "progressive": True}),
    ],
    ids=["alpha", "16 bits", "palette", "CMYK with profile"],
)
def test_a_turned_picture_of_90_megapixels_needs_under_1500_megabytes(
    tmp_path: Path, name: str, mode: str, options: dict[str, Any]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(tmp_path / name, Image.new(mode, (9000, 10000)), exif=exif.tobytes(), **options)

    done = subprocess.run(
        [sys.executable, "-c", MEASURE, path], capture_output=True, text=True, check=True
    )

    assert int(done.stdout) < 1_500_000_000
