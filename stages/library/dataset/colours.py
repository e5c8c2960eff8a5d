"""The colours that a picture file gives without an ICC profile, made into one.

PNG has cICP, sRGB, gAMA and cHRM (https://www.w3.org/TR/png-3/#4Concepts.ColourSpaces: the first
that is there wins, an ICC profile between the first two); AVIF and HEIF have `nclx`; a camera's
JPEG says Adobe RGB in its EXIF; TIFF has tags; BMP may hold a profile where Pillow doesn't look.
Code points are those of ITU-T H.273, which cICP and `nclx` share.
"""

import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

Values = NDArray[np.float64]
Primaries = tuple[float, ...]
"""x and y of white, red, green and blue, in the order of cHRM."""

Found = TypeVar("Found")

UNREADABLE = b"no profile"
"""What is taken for a profile that can't be read."""

D65 = (0.3127, 0.3290)
SRGB: Primaries = (*D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
ADOBE: Primaries = (*D65, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)

NAMED_PRIMARIES: dict[int, tuple[str, Primaries]] = {
    1: ("BT.709", SRGB),
    2: ("BT.709", SRGB),  # not said
    4: ("BT.470M", (0.310, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08)),
    5: ("BT.470BG", (*D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06)),
    6: ("BT.601", (*D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070)),
    7: ("SMPTE 240M", (*D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070)),
    8: ("film", (0.310, 0.316, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049)),
    9: ("BT.2020", (*D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046)),
    11: ("DCI-P3", (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)),
    12: ("Display P3", (*D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)),
    22: ("EBU 3213", (*D65, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077)),
}

WHITE_NITS = 203
"""How bright paper is in HDR (ITU-R BT.2408); what is brighter comes out as white."""

GAMMAS = (0.01, 10.0)
"""Exponents of gAMA that somebody may have meant."""

ABOUT = 0.05
"""By how much a gAMA may be off 1/2.2 and mean sRGB's curve still: libpng's threshold."""

POINTS = 4096
MOST_META = 16_000_000
"""Bytes of the box in which an AVIF describes itself, at most."""

INTEROPERABILITY, INDEX = 0xA005, 1
WHITE_POINT, PRIMARY_CHROMATICITIES = 318, 319


@dataclass(frozen=True)
class Space:
    """A colour space: its name, primaries, and the light (1 is paper white) of a signal."""

    name: str
    primaries: Primaries
    light: Callable[[Values], Values]


def srgb_light(signal: Values) -> Values:
    """Return the light of an sRGB signal (IEC 61966-2-1)."""
    return np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)


def power(exponent: float) -> Callable[[Values], Values]:
    """Return a curve that is a power, as of gAMA."""
    return lambda signal: np.clip(signal, 0, None) ** exponent


def pq_light(signal: Values) -> Values:
    """Return the light of a PQ signal (SMPTE ST 2084), 10,000 nits at most."""
    root = np.clip(signal, 0, 1) ** (1 / 78.84375)
    ratio = np.clip(root - 0.8359375, 0, None) / (18.8515625 - 18.6875 * root)
    return 10_000 / WHITE_NITS * ratio ** (1 / 0.1593017578125)


def hlg_light(signal: Values) -> Values:
    """Return the light of an HLG signal (ARIB STD-B67) on a display of 1,000 nits."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    return 1_000 / WHITE_NITS * scene**1.2


CURVES: dict[int, tuple[str, Callable[[Values], Values]]] = {
    # of BT.709 and its kin nobody sees the light but on a screen made for sRGB, as browsers do
    **dict.fromkeys((1, 2, 6, 7, 11, 12, 13, 14, 15), ("", srgb_light)),
    4: (" gamma 2.2", power(2.2)),
    5: (" gamma 2.8", power(2.8)),
    8: (" linear", power(1.0)),
    16: (" PQ (HDR)", pq_light),
    17: (" gamma 2.6", power(2.6)),
    18: (" HLG (HDR)", hlg_light),
}


def profile_of(image: Image.Image, file: Path | IO[bytes]) -> bytes | None:
    """Return the ICC profile of an open picture, its own or one made of what its file says.

    None means sRGB. `file` is what it was opened from, which is read again and left at its start.
    """
    own: bytes | None = image.info.get("icc_profile") or None
    if image.format == "PNG":
        if signal := parsed(file, png_cicp):
            return coded(signal[0], signal[1], narrow=not signal[3])
        if own or "srgb" in image.info:
            return own
        return gamma_profile(image.info.get("gamma"), image.info.get("chromaticity"))
    if own:
        return own
    if image.format == "HEIF" and (given := image.info.get("nclx_profile")):
        return coded(int(given["color_primaries"]), int(given["transfer_characteristics"]))
    if image.format == "AVIF" and (codes := parsed(file, avif_nclx)):
        return coded(*codes)
    if image.format in ("JPEG", "MPO") and is_adobe_rgb(image):
        return profile(Space("Adobe RGB (1998)", ADOBE, power(563 / 256)))
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return tiff_profile(image)
    return parsed(file, bmp_profile) if image.format == "BMP" else None


def coded(primaries: int, transfer: int, narrow: bool = False) -> bytes | None:
    """Return the profile of two code points; None for sRGB's.

    >>> coded(1, 13) is None, coded(99, 13) == UNREADABLE
    (True, True)
    """
    if primaries not in NAMED_PRIMARIES or transfer not in CURVES:
        return UNREADABLE
    name, points = NAMED_PRIMARIES[primaries]
    curve, light = CURVES[transfer]
    if points == SRGB and light is srgb_light and not narrow:
        return None
    if narrow:  # the signal is from 16 to 235
        whole = f"{name}{curve} 16-235"
        return profile(Space(whole, points, lambda signal: light(unsqueezed(signal))))
    return profile(Space(f"{name}{curve}", points, light))


def unsqueezed(signal: Values) -> Values:
    """Return a signal of 16 to 235 as one of 0 to 255, both as parts of 255."""
    return np.clip((signal * 255 - 16) / 219, 0, 1)


def gamma_profile(gamma: float | None, points: Primaries | None) -> bytes | None:
    """Return the profile of a PNG's gAMA and cHRM; None where they say sRGB, or nothing.

    >>> gamma_profile(None, None), gamma_profile(0.45455, SRGB), gamma_profile(0.0, None)
    (None, None, b'no profile')
    """
    if gamma is None and points is None:
        return None
    if gamma is not None and not (gamma and GAMMAS[0] <= 1 / gamma <= GAMMAS[1]):
        return UNREADABLE
    points = points or SRGB
    like = next((known for known in (SRGB, ADOBE) if near(points, known)), None)
    if gamma is None or (abs(gamma * 2.2 - 1) < ABOUT and like != ADOBE):
        return None if like == SRGB else profile(Space("cHRM", points, srgb_light))
    name = " ".join(["gAMA", *(["cHRM"] if like != SRGB else [])])
    return profile(Space(name, points, power(1 / gamma)))


def near(one: Primaries, other: Primaries) -> bool:
    """Return whether two sets of primaries are the same but for rounding."""
    return all(abs(a - b) < 0.005 for a, b in zip(one, other, strict=True))


def is_adobe_rgb(image: Image.Image) -> bool:
    """Return whether a camera says that its JPEG is in Adobe RGB (DCF 2.0's option file)."""
    try:
        index = image.getexif().get_ifd(INTEROPERABILITY).get(INDEX, "")
    except (struct.error, SyntaxError, ValueError, TypeError, OverflowError, KeyError):
        return False  # nonsense EXIF beside good pixels
    return str(index).startswith("R03")


def tiff_profile(image: TiffImagePlugin.TiffImageFile) -> bytes | None:
    """Return the profile of a TIFF's own tags; None where it has none, or they say sRGB."""
    white, points = (image.tag_v2.get(tag) for tag in (WHITE_POINT, PRIMARY_CHROMATICITIES))
    if points is None or image.mode not in ("RGB", "RGBA", "RGBX", "P"):
        return None
    try:
        given = tuple(float(value) for value in (*(white or D65), *points))
    except (TypeError, ValueError, ZeroDivisionError):
        return UNREADABLE
    return gamma_profile(None, given) if len(given) == len(SRGB) else UNREADABLE


def parsed(file: Path | IO[bytes], parse: Callable[[IO[bytes]], Found]) -> Found | None:
    """Return what a parser finds in a file, from its start; None where it is too short for it."""
    opened = file.open("rb") if isinstance(file, Path) else file
    try:
        opened.seek(0)
        return parse(opened)
    except (struct.error, IndexError):
        return None
    finally:
        opened.seek(0)
        if opened is not file:
            opened.close()


def png_cicp(file: IO[bytes]) -> bytes | None:
    """Return the four bytes of a PNG's cICP, which Pillow leaves out."""
    file.seek(8)
    while True:
        length, kind = struct.unpack(">I4s", file.read(8))
        if kind == b"cICP" and length == 4:
            return file.read(4)
        if kind in (b"IDAT", b"IEND"):
            return None
        file.seek(length + 4, 1)


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the boxes of an ISO base media file, or of a box, as kind and content."""
    place = 0
    while place + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, place)
        start = place + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start)
            start += 8
        end = place + size if size else len(data)
        if end < start:
            return
        yield kind, data[start:end]
        place = end


def avif_nclx(file: IO[bytes]) -> tuple[int, int] | None:
    """Return the primaries and the curve of an AVIF's picture, which Pillow leaves out.

    Of what is beside it, such as a map of how bright it is in HDR, the colours are others.
    """
    meta = top_box(file, b"meta")
    if meta is None:
        return None
    found = dict(boxes(meta[4:]))
    properties = dict(boxes(found.get(b"iprp", b"")))
    listed = list(boxes(properties.get(b"ipco", b"")))
    pitm = found.get(b"pitm", bytes(6))
    (primary,) = struct.unpack_from(">I" if pitm[0] else ">H", pitm, 4)
    for index in associated(properties.get(b"ipma", b""), primary):
        if 0 < index <= len(listed):
            kind, content = listed[index - 1]
            if kind == b"colr" and content[:4] == b"nclx":
                primaries, transfer = struct.unpack_from(">HH", content, 4)
                return int(primaries), int(transfer)
    return None


def top_box(file: IO[bytes], wanted: bytes) -> bytes | None:
    """Return the content of a box of a file."""
    while True:
        head = file.read(8)
        if len(head) < 8:
            return None
        size, kind = struct.unpack(">I4s", head)
        rest = size - 8
        if size == 1:
            rest = struct.unpack(">Q", file.read(8))[0] - 16
        if kind == wanted:
            return file.read(min(rest, MOST_META)) if size else file.read(MOST_META)
        if rest < 0:
            return None
        file.seek(rest, 1)


def associated(ipma: bytes, item: int) -> list[int]:
    """Return the numbers of an item's properties, as an `ipma` box lists them."""
    version, flags, count = ipma[0], ipma[3], struct.unpack_from(">I", ipma, 4)[0]
    place = 8
    for _ in range(count):
        (number,) = struct.unpack_from(">I" if version else ">H", ipma, place)
        place += 4 if version else 2
        many = ipma[place]
        wide = 2 if flags & 1 else 1
        entries = ipma[place + 1 : place + 1 + many * wide]
        place += 1 + many * wide
        if number == item:
            mask = 0x7FFF if wide == 2 else 0x7F
            return [
                int.from_bytes(entries[start : start + wide]) & mask
                for start in range(0, len(entries), wide)
            ]
    return []


def bmp_profile(file: IO[bytes]) -> bytes | None:
    """Return the profile that a BMP of version 5 holds, which Pillow leaves out."""
    head = file.read(14 + 124)
    if struct.unpack_from("<I", head, 14)[0] < 124 or head[70:74] != b"DEBM":
        return None
    start, size = struct.unpack_from("<II", head, 14 + 112)
    file.seek(14 + start)
    return file.read(min(size, MOST_META)) or None


def profile(space: Space) -> bytes:
    """Return the ICC profile (version 2, as ICC.1:2001-04 lays it out) of a colour space."""
    try:
        columns = to_d50(space.primaries)
    except (ValueError, np.linalg.LinAlgError):
        return UNREADABLE
    light = np.clip(space.light(np.linspace(0, 1, POINTS)), 0, 1)
    points = np.round(light * 65535).astype(">u2").tobytes()
    curve = b"curv\0\0\0\0" + struct.pack(">I", POINTS) + points
    text = space.name.encode() + b"\0"
    parts = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78),
        b"wtpt": xyz((0.9642, 1.0, 0.8249)),
        b"cprt": b"text\0\0\0\0none\0",
        **{b"rgb"[i : i + 1] + b"XYZ": xyz(tuple(columns[:, i])) for i in range(3)},
        **{b"rgb"[i : i + 1] + b"TRC": curve for i in range(3)},
    }
    return assembled(parts)


def assembled(parts: dict[bytes, bytes]) -> bytes:
    """Return a profile of these tags, the same content once."""
    table, body, places = b"", b"", dict[bytes, int]()
    start = 128 + 4 + 12 * len(parts)
    for name, content in parts.items():
        if content not in places:
            places[content] = start + len(body)
            body += content + bytes(-len(content) % 4)
        table += name + struct.pack(">II", places[content], len(content))
    kinds = (b"mntr", b"RGB ", b"XYZ ")  # a screen's
    head = struct.pack(">I4sI4s4s4s", start + len(body), b"", 0x02400000, *kinds)
    head += struct.pack(">6H4s", 2000, 1, 1, 0, 0, 0, b"acsp") + bytes(28)
    head += xyz((0.9642, 1.0, 0.8249))[8:]
    return head.ljust(128, b"\0") + struct.pack(">I", len(parts)) + table + body


def xyz(values: tuple[float, ...]) -> bytes:
    """Return a tag of one colour."""
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(float(value) * 65536) for value in values))


def to_d50(points: Primaries) -> Values:
    """Return the primaries in XYZ, one a column, adapted (Bradford) to the white of profiles.

    Raises:
        ValueError, LinAlgError: they are no colours.
    """
    if not all(math.isfinite(value) and -0.2 <= value <= 1.2 for value in points):
        raise ValueError("no colours")
    white, *columns = (in_xyz(points[i], points[i + 1]) for i in range(0, 8, 2))
    rgb = np.array(columns).T
    rgb = rgb * np.linalg.solve(rgb, white)
    bradford = np.array(
        [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
    )
    cones = (bradford @ np.array([0.9642, 1.0, 0.8249])) / (bradford @ white)
    adapted: Values = np.linalg.inv(bradford) @ np.diag(cones) @ bradford @ rgb
    if not np.isfinite(adapted).all() or np.abs(adapted).max() > 4:
        raise ValueError("no colours")
    return adapted


def in_xyz(x: float, y: float) -> Values:
    """Return a chromaticity as XYZ, Y being 1.

    Raises:
        ValueError: it is none.
    """
    if y <= 0:
        raise ValueError("no colour")
    return np.array([x / y, 1.0, (1 - x - y) / y])
