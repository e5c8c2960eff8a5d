"""Draw the sample drawings: little eggplants (nasu), miso bowls and their friends."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter, ImageOps

Shape = NDArray[np.float64]  # (n, 2) points; x to the right, y down
Point = tuple[float, float]
Anchors = str | Sequence[Point]  # as text: "x,y x,y!"
Box = tuple[int, int, int, int]
SUPERSAMPLE = 4
ORIENTATION = 0x0112  # the EXIF tag
LIGHT_FROM = np.array([-0.45, -0.9])  # lines are thin on this side and thick on the other


@dataclass(frozen=True)
class Skin:
    """The colours of an eggplant."""

    body: str = "#9a74d0"
    foot: str = "#7d55b8"
    shade: str = "#6c45a6"
    shine: str = "#efe4ff"
    leaf: str = "#8cc26a"
    leaf_shade: str = "#5f9a52"
    line: str = "#35194f"


PURPLE = Skin()
INK = Skin("#ffffff", "#ffffff", "#000000", "#ffffff", "#000000", "#000000", "#000000")
PENCIL = Skin("#f4f4f4", "#dedede", "#8a8a8a", "#ffffff", "#c4c4c4", "#8a8a8a", "#3c3c3c")


# Curves


def anchors(path: Anchors) -> list[Point]:
    """Read the anchors of a path; a corner is an anchor given twice, or marked with a "!".

    >>> anchors("0,-4! 2,1.5")
    [(0.0, -4.0), (0.0, -4.0), (2.0, 1.5)]
    """
    if not isinstance(path, str):
        return list(path)
    pairs = [
        pair.rstrip("!").split(",") for pair in path.split() for _ in range(1 + pair.count("!"))
    ]
    return [(float(x), float(y)) for x, y in pairs]


def spline(a: Shape, b: Shape, c: Shape, d: Shape) -> Shape:
    """Return the Catmull-Rom curve from each `b` to its `c`, `a` and `d` being the neighbours."""
    t = np.arange(14)[:, None, None] / 14
    points = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return np.asarray(points.transpose(1, 0, 2)[(b != c).any(axis=1)].reshape(-1, 2))


def curve(path: Anchors) -> Shape:
    """Return a closed curve through the anchors."""
    at = np.array(anchors(path))
    return spline(np.roll(at, 1, axis=0), at, np.roll(at, -1, axis=0), np.roll(at, -2, axis=0))


def line(path: Anchors) -> Shape:
    """Return an open curve through the anchors."""
    at = np.array(anchors(path))
    at = np.concatenate([at[:1], at, at[-1:]])
    return np.concatenate([spline(at[:-3], at[1:-2], at[2:-1], at[3:]), at[-1:]])


def mirrored(path: Anchors) -> Shape:
    """Return the closed curve of a right half, from top to bottom, and its reflection."""
    half = anchors(path)
    return curve([*half, *((-x, y) for x, y in reversed(half) if x)])


def oval(x: float, y: float, rx: float, ry: float) -> Shape:
    """Return an ellipse; its first half is the lower one, from right to left."""
    turn = np.linspace(0, 2 * np.pi, 160, endpoint=False)
    return np.stack([x + rx * np.cos(turn), y + ry * np.sin(turn)], axis=1)


def lower(shape: Shape) -> Shape:
    return shape[: len(shape) // 2 + 1]


def bow(x: float, y: float, reach: float, sag: float) -> Shape:
    """Return an open arc around (x, y), `sag` high and hanging down (up where negative)."""
    u = np.linspace(-1, 1, 17)
    return np.stack([x + reach * u, y + sag * (0.5 - u**2)], axis=1)


def rounded(radius: float, path: Anchors) -> Shape:
    """Return the polygon of the anchors, rounded off."""
    at = np.array(anchors(path))
    t = np.linspace(0, 1, 7)[:, None, None]
    sides = [np.roll(at, shift, axis=0) - at for shift in (1, -1)]
    a, c = (at + radius * side / np.linalg.norm(side, axis=1, keepdims=True) for side in sides)
    points = (1 - t) ** 2 * a + 2 * t * (1 - t) * at + t**2 * c
    return np.asarray(points.transpose(1, 0, 2).reshape(-1, 2))


def crescent() -> Shape:
    """Return a moon of radius 40 around the origin, open to the right."""
    outer, inner = np.radians(np.linspace(50, 310, 80)), np.radians(np.linspace(284, 76, 60))
    x = np.concatenate([40 * np.cos(outer), 18 + 31.6 * np.cos(inner)])
    y = np.concatenate([40 * np.sin(outer), 31.6 * np.sin(inner)])
    return np.stack([x, y], axis=1)


def scatter(count: int, width: float, height: float) -> list[Point]:
    """Return points spread evenly but without a visible order (the R2 sequence)."""
    steps = np.arange(1, count + 1)[:, None] * [0.7548776662, 0.5698402910]
    return [(float(x), float(y)) for x, y in steps % 1 * [width, height]]


def petals(count: int, inner: float, outer: float, sharp: bool = False) -> Shape:
    """Return a star (`sharp`) or a round-petalled flower around the origin."""
    path: list[Point] = []
    for i in range(2 * count):
        turn, radius = np.pi * i / count, inner if i % 2 else outer
        path += [(radius * np.sin(turn), -radius * np.cos(turn))] * (2 if sharp != i % 2 else 1)
    return curve(path)


# The pen


@dataclass(frozen=True)
class Pen:
    """Draws on a supersampled RGBA `sheet`, in units of its own that can be moved and turned."""

    sheet: Image.Image
    frame: NDArray[np.float64]  # (2, 3), from units to pixels
    line: str = PURPLE.line
    width: float = 1.35
    hatched: bool = False  # shade with parallel lines rather than with a colour

    def at(self, x: float, y: float, scale: float = 1, angle: float = 0, flip: int = 1) -> "Pen":
        """Return a pen whose origin is at (x, y); `angle` in degrees, clockwise."""
        turn = np.radians(angle)
        cos, sin = scale * np.cos(turn), scale * np.sin(turn)
        local = np.array([[flip * cos, -sin, x], [flip * sin, cos, y], [0, 0, 1]])
        return replace(self, frame=self.frame @ local)

    def scale(self) -> float:
        return float(np.sqrt(abs(np.linalg.det(self.frame[:, :2]))))

    def pixels(self, shape: Shape) -> Shape:
        return np.round(shape @ self.frame[:, :2].T + self.frame[:, 2], 2)

    def box(self, pixels: Shape, margin: float = 2) -> Box:
        low = np.maximum(pixels.min(axis=0) - margin, 0).astype(int)
        high = np.minimum(pixels.max(axis=0) + margin, self.sheet.size).astype(int)
        return int(low[0]), int(low[1]), int(high[0]), int(high[1])

    def mask(self, shape: Shape, box: Box) -> Image.Image:
        mask = Image.new("L", (box[2] - box[0], box[3] - box[1]))
        corner = np.array(box[:2])
        ImageDraw.Draw(mask).polygon((self.pixels(shape) - corner).ravel().tolist(), fill=255)
        return mask

    def lay(self, mask: Image.Image, box: Box, colour: str, below: str | None = None) -> None:
        """Lay `colour`, or a gradient from it down to `below`, through the mask."""
        patch = Image.new("RGB", mask.size, colour)
        if below:
            patch = gradient(mask.size, colour, below)
        patch.putalpha(mask)
        self.sheet.alpha_composite(patch, box[:2])

    def paint(
        self,
        shape: Shape,
        colour: str,
        below: str | None = None,
        *,
        inside: Shape | None = None,
        outside: Shape | None = None,
        alpha: float = 1,
        hatched: bool = False,
    ) -> None:
        box = self.box(self.pixels(shape))
        if box[0] >= box[2] or box[1] >= box[3]:
            return
        mask = self.mask(shape, box)
        if inside is not None:
            mask = ImageChops.multiply(mask, self.mask(inside, box))
        if outside is not None:
            mask = ImageChops.multiply(mask, ImageChops.invert(self.mask(outside, box)))
        if hatched:
            mask = ImageChops.multiply(mask, hatching(box, 2.2 * self.scale()))
        if alpha < 1:
            mask = mask.point([round(alpha * level) for level in range(256)])
        self.lay(mask, box, colour, below)

    def stroke(
        self,
        path: Shape,
        width: float,
        colour: str | None = None,
        *,
        closed: bool = False,
        even: bool = False,
    ) -> None:
        """Draw a line with a living width: swelling away from the light, or tapering if open."""
        points = self.pixels(np.concatenate([path, path[:1]]) if closed else path)
        along = np.linspace(0, 1, len(points))
        if even:
            swell = np.ones(len(points))
        elif closed:
            way = np.roll(points, -1, axis=0) - np.roll(points, 1, axis=0)
            way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6)
            swell = 1 + 0.35 * np.abs(way @ LIGHT_FROM[::-1]) + 0.1 * np.sin(along * 6 * np.pi)
        else:
            swell = 0.4 + 0.75 * np.sqrt(np.sin(np.pi * along).clip(0))
        radii = swell * width * self.scale() / 2
        box = self.box(points, float(radii.max()) + 2)
        if box[0] >= box[2] or box[1] >= box[3]:
            return
        mask = Image.new("L", (box[2] - box[0], box[3] - box[1]))
        draw = ImageDraw.Draw(mask)
        points = points - np.array(box[:2])
        for (x, y), radius in zip(points.tolist(), radii.tolist(), strict=True):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        side = np.diff(points, axis=0)[:, ::-1] * [-1, 1]
        side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-6)
        left, right = points[:-1], points[1:]
        a, b = side * radii[:-1, None], side * radii[1:, None]
        for quad in np.stack([left - a, left + a, right + b, right - b], axis=1):
            draw.polygon(quad.ravel().tolist(), fill=255)
        self.lay(mask, box, colour or self.line)

    def figure(
        self, shape: Shape, colour: str, shade: str | None = None, below: str | None = None
    ) -> None:
        """Fill a shape, shade it on the side away from the light, and outline it."""
        self.paint(shape, colour, below)
        if shade:
            reach = 0.13 * (shape.max(axis=0) - shape.min(axis=0)).min() * LIGHT_FROM
            self.paint(shape, shade, outside=shape + reach, hatched=self.hatched)
        self.stroke(shape, self.width, closed=True)

    def wire(self, path: Shape, width: float, colour: str | None = None) -> None:
        """Draw an open line with round ends that do not taper."""
        self.stroke(path, width, colour, even=True)

    def limb(self, path: Shape, width: float, colour: str, line: float | None = None) -> None:
        """Draw a round-ended tube along a path, outlined."""
        self.wire(path, width + 2 * (line or self.width))
        self.wire(path, width, colour)

    def glow(self, spot: Shape, colour: str, alpha: float, inside: Shape | None = None) -> None:
        """Lay a soft oval of light or colour."""
        box = self.box(self.pixels(spot))
        u, v = (np.linspace(-1, 1, n) for n in (box[2] - box[0], box[3] - box[1]))
        fall = (1 - u[None, :] ** 2 - v[:, None] ** 2).clip(0) ** 2
        mask = Image.fromarray((255 * alpha * fall).astype(np.uint8))
        if inside is not None:
            mask = ImageChops.multiply(mask, self.mask(inside, box))
        self.lay(mask, box, colour)


def gradient(size: tuple[int, int], top: str, bottom: str) -> Image.Image:
    ends = np.array([ImageColor.getrgb(top), ImageColor.getrgb(bottom)], dtype=float)
    column = ends[0] + np.linspace(0, 1, size[1])[:, None] * (ends[1] - ends[0])
    return Image.fromarray(np.round(column).astype(np.uint8)[:, None, :]).resize(size)


def hatching(box: Box, period: float) -> Image.Image:
    x, y = np.meshgrid(np.arange(box[0], box[2]), np.arange(box[1], box[3]))
    phase = (x + 0.6 * y) / period + 0.25 * np.sin(y / (5 * period))
    return Image.fromarray((255 * (phase % 1 < 0.42)).astype(np.uint8))


def blank(width: int, height: int, top: str | None = None, bottom: str | None = None) -> Pen:
    """Return a pen on a new sheet, transparent or coloured; its short side is 100 units."""
    size = (width * SUPERSAMPLE, height * SUPERSAMPLE)
    sheet = Image.new("RGBA", size)
    if top:
        sheet = gradient(size, top, bottom or top).convert("RGBA")
    scale = min(size) / 100
    return Pen(sheet, np.array([[scale, 0, 0], [0, scale, 0]]))


# Faces

MOODS = {  # left eye, right eye, mouth
    "smile": ("open", "open", "smile"),
    "joy": ("arch", "arch", "laugh"),
    "happy": ("open", "open", "laugh"),
    "calm": ("shut", "shut", "cat"),
    "sleep": ("shut", "shut", "small"),
    "wink": ("open", "wink", "cat"),
    "surprise": ("wide", "wide", "round"),
    "cry": ("teary", "teary", "wobble"),
}


BROWS = {"wobble": (-7.4, -9.6), "round": (-11, -11)}  # the heights of their two ends


def eye(pen: Pen, kind: str) -> None:
    if kind == "arch":
        pen.stroke(bow(0, 0, 4.6, -3.8), 2)
    elif kind == "shut":
        pen.stroke(bow(0, 0, 4.8, 3.4), 2)
        pen.stroke(line("4,-0.6 6.2,0.4"), 1.2)
        pen.stroke(line("2.8,0.8 4.4,2.4"), 1)
    elif kind == "wink":
        pen.stroke(line("4.4,-3.2 -3.8,0! 4.4,3"), 1.9)
    elif kind == "wide":
        pen.paint(oval(0, 0, 5.6, 6), "#ffffff")
        pen.stroke(oval(0, 0, 5.6, 6), 1.1, closed=True)
        pen.paint(oval(0, 0.3, 2.6, 3), pen.line)
        pen.paint(oval(-0.8, -0.8, 1, 1.1), "#ffffff")
    else:
        ball = oval(0, 0, 4.3, 5.5)
        pen.paint(ball, pen.line)
        glint = "#999999" if pen.hatched else "#b994ff"
        pen.paint(oval(0, 4.4, 3.6, 3.6), glint, inside=ball, alpha=0.5)
        pen.paint(oval(-1.3, -2.1, 1.8, 2.1), "#ffffff")
        pen.paint(oval(1.6, 2.2, 0.9, 1), "#ffffff")
        if kind == "teary":
            pen.paint(oval(0, 4.8, 4, 2.4), "#bfe6ff", inside=ball)
            pen.paint(oval(-1.4, 1, 0.9, 0.9), "#ffffff")


def mouth(pen: Pen, kind: str) -> None:
    if kind == "laugh":
        lips = curve("-5,-1! 0,0 5,-1! 3.2,4.4 -3.2,4.4")
        pen.paint(lips, "#8c2a48")
        pen.paint(oval(0, 5, 3.4, 2.6), "#ff9aa8", inside=lips)
        pen.stroke(lips, 1.1, closed=True)
    elif kind == "cat":
        for side in (-1, 1):
            pen.stroke(bow(2.2 * side, 0, 2.3, 2.4), 1.4)
    elif kind == "round":
        pen.paint(oval(0, 2.2, 2.3, 3), "#8c2a48")
        pen.stroke(oval(0, 2.2, 2.3, 3), 1.1, closed=True)
    elif kind == "wobble":
        pen.stroke(line("-4.6,3.4 -2.3,0.6 0,2 2.3,0.6 4.6,3.4"), 1.5)
    else:
        pen.stroke(bow(0, 0, 2.2, 1.8) if kind == "small" else bow(0, 0, 4, 2.6), 1.6)


def face(pen: Pen, mood: str, blush: str = "#ff7f9f") -> None:
    """Draw a face around the origin, 44 units wide."""
    left, right, lips = MOODS[mood]
    for side, kind in ((-1, left), (1, right)):
        if not pen.hatched:
            pen.glow(oval(side * 18.5, 6.5, 8, 5.4), blush, 0.85)
        for x in (-2.4, 0, 2.4):
            pen.stroke(line([(side * 18.5 + x + 1, 5.2), (side * 18.5 + x, 7.8)]), 0.8, blush)
        eye(pen.at(side * 11, 0, flip=side if kind == "shut" else 1), kind)
        if lips in BROWS:
            outer, inner = BROWS[lips]
            pen.stroke(line([(side * 14, outer), (side * 8, inner)]), 1.2)
        if kind == "teary":
            tear = mirrored("0,-4! 2,1 1.3,3.4")
            drop = pen.at(side * 16, 9.5, 1.15, -side * 8)
            drop.paint(tear, "#d8f1ff", "#8fd0f5")
            drop.stroke(tear, 0.8, closed=True)
    mouth(pen.at(0, 6), lips)


# The cast

Guest = Callable[[Pen], None]  # draws something that somebody holds or contains
ARMS = {
    "up": "26,14 36,8 42,-4",
    "down": "27,18 36,22 40,30",
    "out": "26,16 36,15 45,12",
    "front": "23,23 18,26 12,27",
}


def calyx(pen: Pen, skin: Skin) -> None:
    """Draw the green cap and the stem of an eggplant."""
    pen.figure(curve("-4,-38 -5,-47 0,-56! 8.5,-54! 4.5,-46 6,-38"), skin.leaf, skin.leaf_shade)
    leaves = curve(
        "-5,-42 7,-42 20,-34 30,-17! 20,-20 17,-21 12,-8! 5,-18 2,-21 -7,-9! -11,-18 -14,-21 "
        "-19,-20 -29,-15! -18,-34"
    )
    pen.figure(leaves, skin.leaf, skin.leaf_shade)
    shine = "#ffffff" if skin is INK else "#d8efb4"
    pen.stroke(line("-16,-30 -9,-37 0,-39"), 2, shine)


def nasu(
    pen: Pen,
    mood: str,
    arms: tuple[str, str] = ("down", "down"),
    skin: Skin = PURPLE,
    scarf: str | None = None,
    held: Guest | None = None,
) -> None:
    """Draw an eggplant of 100 units height around the origin."""
    pen = replace(pen, line=skin.line)
    for side in (-1, 1):
        pen.at(13 * side, 48, angle=-6 * side).figure(oval(0, 0, 9, 5.4), skin.foot, skin.shade)
    for side, pose in zip((-1, 1), arms, strict=True):
        if pose != "front":
            pen.at(0, 0, flip=side).limb(line(ARMS[pose]), 6.8, skin.foot)
    body = curve("2,-38 17,-31 25,-12 34,9 34,33 20,46 0,49 -20,46 -34,33 -35,9 -25,-12 -14,-31")
    pen.figure(body, skin.body, skin.shade, None if pen.hatched else skin.foot)
    if not pen.hatched:
        pen.glow(oval(-13, 4, 22, 36), skin.shine, 0.3, inside=body)
    pen.paint(curve("-28.5,14 -28.5,6 -25,-3 -23.6,-2 -25.6,6 -26,14"), skin.shine)
    pen.paint(oval(-27.3, 19.5, 1.3, 1.9), skin.shine)
    calyx(pen, skin)
    face(pen.at(0, 9 if scarf else 12, 1.1), mood, skin.shade if pen.hatched else "#ff7f9f")
    if scarf:
        muffler(pen, scarf)
    if held:
        held(pen.at(0, 26))
    for side, pose in zip((-1, 1), arms, strict=True):
        if pose == "front":
            pen.at(0, 0, flip=side).limb(line(ARMS[pose]), 6.8, skin.foot)


def muffler(pen: Pen, colour: str, shade: str = "#a83a3a") -> None:
    tail = curve("17,33 26,32 29,42 30,55! 20,57! 20,44")
    band = curve("-35,21 -18,28 0,30 18,28 35,21 37,25 36,31 18,38 0,40 -18,38 -36,31 -37,25")
    for shape in (tail, band, oval(23, 32, 6, 5.4)):
        pen.figure(shape, colour, shade)
    for y in (47, 51.5):
        pen.stroke(line([(20.6, y + 1), (29, y)]), 1.6, "#fff3d6")
    for x in (-24, -10, 6):
        pen.stroke(line([(x, 30 + x / 40), (x + 1.4, 36)]), 1, shade)


LACQUER = ("#d9483f", "#a92d33")
TOFU = ((-18, -17, 0.28), (16, -16.5, 0.28), (-3, -13, 0.3))
SOUP = ("#e2ab62", "#cc8a43")


def lip(pen: Pen, rim: Shape, well: Shape, colour: str) -> None:
    """Draw the near half of the lip of a vessel, over whoever sits in it."""
    pen.paint(np.concatenate([lower(rim), lower(well)[::-1]]), colour)
    pen.wire(lower(rim), pen.width)
    pen.wire(lower(well), 0.7 * pen.width)


def bowl(pen: Pen, mood: str | None, guest: Guest | None = None) -> None:
    """Draw a bowl of miso soup, 90 units wide, its rim at y = -14, with a guest bathing in it."""
    pen = replace(pen, line="#4a1620")
    rim, well, broth = oval(0, -14, 45, 12.5), oval(0, -13.6, 41, 10), oval(0, -11.6, 40, 9)
    pen.figure(mirrored("0,26 17,28 20,38! 0,40"), LACQUER[1], LACQUER[1])
    pen.figure(rim, LACQUER[0])
    pen.paint(well, "#6b1b26")
    pen.paint(broth, *SOUP, inside=well)
    swirl = curve("-30,-13 -20,-17 -8,-14 4,-16 2,-10 -14,-7 -26,-9")
    pen.paint(swirl, "#efcb92", inside=well, alpha=0.8)
    for x, y in ((23, -17), (-25, -16.5)):
        pen.at(x, y).paint(curve("-6,0 -3,-2.2 1,-1 5,-2.4 6.5,0.4 1,1.7 -3,1"), "#3f6b4c")
    for x, y, size in ((-30, -15.5, 0.2), (29, -16, 0.2)) if guest else TOFU:
        cube(replace(pen.at(x, y, size), width=3), None)
    if guest:
        guest(pen)
        pen.paint(curve("-30,-6 -20,-8.6 0,-7.4 20,-8.6 30,-6 30,8 -30,8"), SOUP[1], inside=broth)
        for width in (17, 23):
            pen.stroke(lower(oval(0, -8.6, width, 2.6)), 0.9, "#f7dcae")
    for x, y in ((-29, -12), (2, -8), (29, -11), (-12, -6.8), (15, -7.2)):
        ring = replace(pen.at(x, y), width=0.6)
        ring.figure(oval(0, 0, 3.2, 1.9), "#b5dc7d")
        ring.paint(oval(0, 0, 1.3, 0.7), "#6f9c46")
    sides = line("-45,-14 -43,4 -32,22 -16,32 0,33.5 16,32 32,22 43,4 45,-14")
    pen.figure(np.concatenate([sides, lower(rim)]), *LACQUER)
    lip(pen, rim, well, LACQUER[0])
    pen.paint(curve("-37.5,4 -38.5,3 -34,14 -26,22 -25.5,21 -32,13"), "#ffd9c9")
    pen.stroke(line("-43.4,-3 -24,6 0,8.6 24,6 43.4,-3"), 1.2, "#f2c46b")
    if mood:
        face(pen.at(0, 18, 0.9), mood, "#ffb3a0")


def cube(pen: Pen, mood: str | None) -> None:
    """Draw a block of tofu around the origin, some 60 units wide."""
    pen = replace(pen, line="#5b4636" if mood else "#8a6a4a")
    block = rounded(4, "-29,-16 -10,-30 31,-30 31,15 15,29 -29,29")
    pen.paint(block, "#fffdf4")
    pen.paint(rounded(1, "15,-16 31,-30 31,15 15,29"), "#e3d5b5", inside=block)
    pen.paint(rounded(1, "-29,-16 15,-16 15,29 -29,29"), "#fff6e0", inside=block)
    pen.stroke(block, pen.width, closed=True)
    for edge in ("-28,-16 15,-16", "15,-16 30,-29", "15,-16 15,28"):
        pen.stroke(line(edge), 0.8 * pen.width)
    if mood:
        face(pen.at(-6.5, 4, 0.9), mood)


def negi(pen: Pen, mood: str) -> None:
    """Draw a spring onion around the origin, 100 units high."""
    pen = replace(pen, line="#2f4a33")
    for tilt, tall in ((-24, 46), (24, 42), (0, 52)):
        leaf = mirrored([(0, -tall), (0, -tall), (6, 14 - tall), (7, -4), (5, 4), (0, 5)])
        pen.at(tilt / 5, -4, angle=tilt).figure(leaf, "#86c25c", "#5a9b4c")
    for x in (-6, -2, 2.5, 6):
        pen.stroke(line([(x * 0.7, 44), (x, 49), (x * 1.5, 53)]), 1.6, "#8c8a68")
    pen.figure(mirrored("0,0! 12,-13! 13,8 13,30 10,44 0,47"), "#bfe08e", "#d9e2c0", "#ffffff")
    face(pen.at(0, 20, 0.56), mood)


def pot(pen: Pen, guest: Guest) -> None:
    """Draw an earthen miso pot, its mouth at y = -30, with a guest sitting in it."""
    pen = replace(pen, line="#3b2417")
    rim, well = oval(0, -30, 36, 9), oval(0, -29.6, 31, 6.6)
    pen.figure(rim, "#7a4a30")
    pen.paint(well, "#2b1710")
    guest(pen)
    sides = line(
        "-36,-30 -35,-24 -45,-6 -46,14 -38,36 -26,46 0,49 26,46 38,36 46,14 45,-6 35,-24 36,-30"
    )
    front = np.concatenate([sides, lower(rim)])
    pen.figure(front, "#b5744a", "#7d4526", "#9a5c38")
    glaze = curve(
        "-60,-60 60,-60 60,0 42,2 34,-6 27,6 19,12 12,-2 4,-6 -3,4 -10,20 -17,6 -24,-4 -33,6 "
        "-42,2 -60,0"
    )
    pen.paint(glaze, "#5f3522", "#74452c", inside=front)
    lip(pen, rim, well, "#a06a46")
    pen.stroke(line("-38,-10 -41.5,4 -40,20"), 2.2, "#e6b98a")
    pen.at(3, 20, angle=3).figure(rounded(2, "-15,-17 15,-17 15,17 -15,17"), "#fff6e2")
    nasu(pen.at(3, 21, 0.27, 3), "happy", ("up", "up"))


def steam(pen: Pen, colour: str = "#ffffff") -> None:
    """Draw three wisps of steam rising from the origin, 40 units high."""
    for x, size, flip in ((-15, 0.75, 1), (0, 1.1, 1), (15, 0.8, -1)):
        wisp = pen.at(x, 0, size, flip=flip)
        wisp.stroke(line("0,0 -5,-8 2,-16 -2,-25 4,-30 8,-27 5,-23.5"), 3.2, colour)


def teacup(pen: Pen, glaze: str = "#f4e3c3", shade: str = "#cfae83", tea: str = "#a9c46a") -> None:
    """Draw a steaming cup of tea around the origin, 20 units wide."""
    steam(pen.at(0, -12, 0.28), "#ffffff" if not pen.hatched else "#b5b5b5")
    pen.figure(curve("-9.5,-9! -9,3 -6,10 0,11 6,10 9,3 9.5,-9!"), glaze, shade)
    pen.paint(oval(0, -9, 9.5, 2.6), tea)
    pen.stroke(oval(0, -9, 9.5, 2.6), pen.width, closed=True)


def chopstick(pen: Pen, colour: str = "#8a3b2a", tip: str = "#3b2417") -> None:
    """Draw a chopstick downwards from the origin, 70 units long."""
    stick = mirrored("0,-1 2.3,0 2.2,10 1.2,69 0,70")
    pen.figure(stick, colour)
    pen.paint(oval(0, 4, 4, 2.2), "#f2c46b", inside=stick)
    pen.paint(oval(0, 66, 4, 12), tip, inside=stick)


def blossom(pen: Pen, colour: str = "#c3a8f0", heart: str = "#ffd75e") -> None:
    """Draw the five-pointed flower of the eggplant, 20 units wide."""
    pen = replace(pen, width=0.9)
    pen.figure(petals(5, 6.6, 10.5, sharp=True), colour)
    pen.paint(petals(5, 1.6, 6.5, sharp=True), "#ffffff", alpha=0.6)
    pen.figure(oval(0, 0, 2.2, 2.2), heart)


def sparkle(pen: Pen, colour: str = "#ffd75e") -> None:
    pen.paint(petals(4, 2.2, 10, sharp=True), colour)


def cloud(pen: Pen, colour: str) -> None:
    """Draw a cloud on a flat base, 60 units wide."""
    above = rounded(3, "-31,-30 31,-30 31,0 -31,0")
    for x, y, radius in ((-21, -5, 10), (-6, -11, 14), (10, -8, 11), (22, -3, 9)):
        pen.paint(oval(x, y, radius, radius * 0.92), colour, inside=above)


def ginkgo(pen: Pen, colour: str, shade: str) -> None:
    """Draw a ginkgo leaf, 24 units wide."""
    pen.stroke(line("0,4 0.5,9 3,14"), 1.8, shade)
    pen.paint(curve("0,6! -6,0 -12,-3! -9,-9 -2,-11 -0.5,-6! 2,-11 9,-9 12,-3! 6,0"), colour)
    for x in (-7, -3, 3, 7):
        pen.stroke(line([(0, 4), (x / 2, -1), (x, -5)]), 0.6, shade)


def heart(pen: Pen, colour: str = "#ff8fab") -> None:
    pen.figure(mirrored("0,-4! 5,-9 10,-4 6,4 0,9!"), colour)


def drop(pen: Pen, colour: str = "#9fd4f5") -> None:
    pen.figure(mirrored("0,-8! 4,0 3.4,5 0,7"), colour)


def girl(pen: Pen, mood: str) -> None:
    """Draw a little girl in an eggplant hood around the origin, hugging a bowl, 100 units high."""
    for side in (-1, 1):
        leg = pen.at(7.5 * side, 0)
        leg.limb(line("0,42 0,47"), 6, "#fff6f0")
        leg.figure(oval(0.6 * side, 51, 6.2, 4), PURPLE.shade)
    dress = mirrored("0,12 10,14 18,30 24,44! 12,47 0,47.5")
    pen.figure(dress, PURPLE.body, PURPLE.shade, PURPLE.foot)
    pen.stroke(line("-22,42 -11,44.5 0,45 11,44.5 22,42"), 1.4, PURPLE.shine)
    bowl(pen.at(0, 32, 0.34), None)
    for side in (-1, 1):
        arm = pen.at(0, 0, flip=side)
        arm.figure(oval(11.5, 36, 3.6, 3.2), "#ffe9dc")
        arm.figure(curve("13,20 21,25 23,32 15,39! 11,33!"), PURPLE.body, PURPLE.shade)
    hood = mirrored("0,-52 18,-49 34,-30 37,-6 28,13 14,20 0,21")
    pen.figure(hood, PURPLE.body, PURPLE.shade, PURPLE.foot)
    pen.paint(curve("-32.5,-14 -30.5,-22 -26,-29 -24.6,-27.6 -28.6,-21 -30,-14"), PURPLE.shine)
    window = oval(0, -7, 29, 24.5)
    pen.paint(window, "#5a3526")
    cheeks = mirrored("0,-26 16,-23 25,-9 22,6 15,18 0,19")
    pen.paint(cheeks, "#fff0e6", "#ffe2d2", inside=window)
    bangs = curve(
        "-30,4! -33,-26 -14,-42 14,-42 33,-26 30,4! 23,8! 21.5,-6 19,-15! 15,-12 12,-11! 9,-16 "
        "8,-20! 4,-13 -1,-10! -3,-15 -3,-19! -8,-13 -14,-11! -18,-14 -19,-17! -22,-6 -23,8!"
    )
    pen.paint(bangs + np.array([0, 2.4]), "#f3b9a2", inside=cheeks)
    pen.paint(bangs, "#7a4a34", "#5f3727", inside=window)
    pen.stroke(line("-17,-20 -13,-24 -8,-25"), 1.6, "#b98264")
    face(replace(pen.at(0, -2.5, 1), line="#3d2118"), mood)
    pen.stroke(window, pen.width, closed=True)
    calyx(pen.at(0, -17, 0.9), PURPLE)


# The drawings


def finished(pen: Pen) -> Image.Image:
    size = (pen.sheet.width // SUPERSAMPLE, pen.sheet.height // SUPERSAMPLE)
    return pen.sheet.resize(size, Image.Resampling.LANCZOS)


def few_levels(drawing: Image.Image, count: int) -> Image.Image:
    """Return the drawing with `count` steps a channel, so that it packs into a small file."""
    levels = [round(round(level * count / 255) * 255 / count) for level in range(256)]
    return drawing.point(levels * len(drawing.getbands()))


def sticker(pen: Pen, border: int) -> Image.Image:
    """Return the drawing on a white border that follows its edge, as if cut out."""
    drawing = finished(pen)
    spread = drawing.getchannel("A").filter(ImageFilter.GaussianBlur(border / 2))
    edge = spread.point([min(255, max(0, (level - 20) * 40)) for level in range(256)])
    cut = Image.new("RGBA", drawing.size, "#ffffff")
    cut.putalpha(edge)
    return few_levels(Image.alpha_composite(cut, drawing), 42)


def ground(pen: Pen, colour: str, tops: str, below: str | None = None) -> None:
    """Draw a hill, from its skyline down."""
    skyline = line(tops)
    pen.paint(np.concatenate([skyline, skyline[[-1, 0]] + [[0, 200]]]), colour, below)


def shadow(pen: Pen, x: float, y: float, width: float, colour: str, alpha: float = 0.35) -> None:
    pen.paint(oval(x, y, width, 0.16 * width), colour, alpha=alpha)


def zzz(pen: Pen, colour: str) -> None:
    for x, y, size in ((0, 0, 1), (11, -13, 1.3), (25, -29, 1.7)):
        pen.at(x, y, size, 8).wire(line("-3,-4! 3,-4! -3,4! 3,4!"), 1.5, colour)


def nasu_on_white(mood: str) -> Image.Image:
    pen = blank(760, 760, "#ffffff")
    shadow(pen, 50, 91, 30, "#b9a3dd")
    for x, y, size, angle in ((14, 24, 0.62, -12), (87, 31, 0.8, 14), (85, 83, 0.5, 30)):
        blossom(pen.at(x, y, size, angle))
    for x, y, size in ((25, 12, 0.34), (77, 15, 0.45), (12, 70, 0.42), (92, 58, 0.28)):
        sparkle(pen.at(x, y, size))
    nasu(pen.at(50, 54, 0.76), mood, ("down", "up"))
    return few_levels(finished(pen).convert("RGB"), 51)


def nasu_smile() -> Image.Image:
    return nasu_on_white("happy")


def nasu_cry() -> Image.Image:
    return nasu_on_white("cry")


def nasu_girl() -> Image.Image:
    pen = blank(620, 810)
    heart(pen.at(12, 34, 0.55, -14))
    heart(pen.at(89, 22, 0.75, 12))
    blossom(pen.at(12, 92, 0.8, -10))
    replace(pen.at(91, 84, 0.6), line="#8a5a2c").figure(petals(5, 5.4, 11), "#ffe28a", "#f4bd59")
    girl(pen.at(50, 70.5, 0.97), "happy")
    return sticker(pen, 16)


def miso_onsen() -> Image.Image:
    pen = blank(1120, 800, "#fdf0d8", "#fbe3c0")
    pen.paint(oval(70, 42, 40, 40), "#f9cf9d")
    for x, y in scatter(26, 140, 66):
        pen.paint(oval(x, y, 0.9, 0.9), "#f3bf88")
    ground(pen, "#c98d5c", "-5,72 145,72", below="#b1703f")
    for y, x in ((76, 8), (83, 50), (90, 20), (95, 88)):
        pen.stroke(line([(x, y), (x + 22, y - 0.8), (x + 50, y + 0.6)]), 0.6, "#a0622f")
    shadow(pen, 70, 91, 33, "#6b3a1c")

    def bather(inner: Pen) -> None:
        nasu(inner.at(0, -37, 0.66), "calm")
        towel = replace(inner.at(-4, -61, 0.9, -12), line="#6c6a8a", width=0.9)
        towel.figure(rounded(2, "-11,-4 11,-4 12,4 -12,4"), "#ffffff", "#d9dff0")
        towel.stroke(line("-11,0 0,0.8 11,0"), 0.9, "#e58a8a")

    bowl(pen.at(70, 62, 0.82), "smile", guest=bather)
    steam(pen.at(41, 46, 0.62))
    steam(pen.at(99, 46, 0.62, flip=-1))
    brown = replace(pen, line="#5a2a18", width=0.9)
    shadow(pen, 22, 87.5, 12, "#6b3a1c")
    teacup(brown.at(22, 79, 0.85), "#8fb8a8", "#5f8f84", "#d5dc8c")
    shadow(pen, 112, 93, 9, "#6b3a1c")
    rest = rounded(1.5, "-7,-2 7,-2 8,2.5 -8,2.5")
    replace(brown.at(111, 91), width=0.6).figure(rest, "#f6f1e6", "#c7d3dc")
    for x, y in ((134, 76), (137.5, 79)):
        chopstick(brown.at(x, y, 0.5, 64))
    return finished(pen).convert("RGB")


def moon_night() -> Image.Image:
    pen = blank(900, 1280, "#111a45", "#4a5aa8")
    for i, (x, y) in enumerate(scatter(60, 100, 130)):
        pen.paint(oval(x, y, 0.25 + 0.12 * (i % 4), 0.25 + 0.12 * (i % 4)), "#fff6d5", alpha=0.8)
    pen.glow(oval(50, 66, 62, 62), "#ffe9a8", 0.5)
    moon = replace(pen.at(50, 66, 0.98, -62), line="#8a5a2c")
    moon.figure(crescent(), "#ffe28a", "#f4bd59")
    moon.at(-22, 14).paint(oval(0, 0, 4, 4), "#f4bd59", alpha=0.6)
    moon.at(-27, -6).paint(oval(0, 0, 2.4, 2.4), "#f4bd59", alpha=0.6)
    nasu(pen.at(49, 58, 0.56, -14), "sleep")
    zzz(pen.at(64, 38, 0.6), "#fff6d5")
    for x, length, size in ((13, 26, 0.5), (30, 12, 0.36), (58, 8, 0.34), (90, 34, 0.55)):
        pen.stroke(line([(x, -8), (x, length)]), 0.3, "#c9cfee")
        star = replace(pen.at(x, length + 3, size, 8), line="#8a5a2c")
        star.figure(petals(5, 5.4, 11), "#ffe28a", "#f4bd59")
    for x, y, size, colour in ((16, 122, 0.9, "#6f7fc4"), (84, 126, 1.1, "#6f7fc4")):
        cloud(pen.at(x, y, size), colour)
    for x, y, size in ((50, 136, 1.2), (2, 138, 1), (100, 142, 1.1)):
        cloud(pen.at(x, y, size), "#99a7e0")
    ground(pen, "#99a7e0", "-5,134 105,134")
    return finished(pen).convert("RGB")


def leaf_umbrella() -> Image.Image:
    pen = blank(840, 1120, "#bfe3c4", "#e9f6dc")
    for x, y in scatter(70, 106, 116):
        if not (14 < x < 92 and y > 20):
            pen.stroke(line([(x, y), (x - 1.2, y + 5)]), 0.6, "#ffffff")
    ground(pen, "#9fd09a", "-5,104 30,99 70,103 105,98")
    ground(pen, "#79b87c", "-5,116 40,111 75,115 105,110", below="#5fa268")
    pen.paint(oval(50, 121, 36, 5), "#a9d8e6")
    pen.paint(oval(46, 120, 22, 2.4), "#c9ebf2")
    green = replace(pen, line="#24563a")
    green.limb(line("73,99 71.5,84 68,62 62,41"), 2.6, "#6fae5a", 0.9)
    nasu(pen.at(45, 87, 0.6), "smile", ("down", "up"))
    negi(pen.at(87, 99, 0.36, 5), "joy")
    leaf = curve("62,42! 44,49 18,47 4,36 12,22 34,13 58,12 80,17 94,31 95,45 80,50")
    green.figure(leaf, "#84c76c", "#529f58", "#6bb45f")
    for x, y in ((6, 36), (16, 22), (40, 14), (62, 13), (82, 20), (93, 40)):
        green.stroke(line([(62, 42), ((62 + x) / 2, (42 + y) / 2 - 2), (x, y)]), 1, "#c6e8a6")
    for x, y, size in ((5, 55, 0.5), (17, 57, 0.4), (95, 60, 0.5), (86, 66, 0.34)):
        drop(replace(pen.at(x, y, size), line="#4b86a8"))
    for x, y, size in ((9, 110, 0.5), (19, 121, 0.4), (91, 124, 0.46)):
        blossom(replace(pen.at(x, y, size), line="#5a6aa8"), "#b9c8f5")
    return finished(pen).convert("RGB")


def parade() -> Image.Image:
    pen = blank(1400, 680, "#ffd3e0", "#fff3ee")
    for i, (x, y) in enumerate(scatter(40, 205, 60)):
        pen.at(x, y + 14, 1, 50 * i).paint(mirrored("0,-1.6 1.1,0 0,1.4"), "#ff9dba")
    for x, y, size in ((20, 38, 0.55), (78, 30, 0.7), (150, 40, 0.6), (192, 30, 0.5)):
        cloud(pen.at(x, y, size), "#ffffff")
    ground(pen, "#ffc3d4", "-5,70 40,56 90,72 140,58 210,74")
    ground(pen, "#f7a9c0", "-5,88 60,80 130,86 210,79", below="#f18fae")
    rope = line("-4,6 50,15 102,8 154,15 209,6")
    pen.stroke(rope, 0.7, "#a8506e")
    colours = ("#ffffff", "#ff8fab", "#c3a8f0", "#ffe08a")
    for i, knot in enumerate(rope[3:-1:4]):
        flag = pen.at(float(knot[0]), float(knot[1]))
        flag.paint(rounded(0.5, "-2.8,0 2.8,0 0,6.5"), colours[i % 4])
    for x, y in ((28, 86), (77, 85), (114, 89), (143, 87), (170, 86), (192, 85)):
        shadow(pen, x, y, 12, "#a83d68")
    pen.limb(line("47,80 50,32"), 1, "#fff3d6", 0.5)
    banner = curve("50,32! 58,29 66,33! 64,46 56,43 48,46")
    replace(pen, width=0.8).figure(banner, "#ffffff", "#e8dcf5")
    heart(replace(pen.at(57, 38, 0.34), width=2))
    nasu(pen.at(28, 61, 0.5, -4), "joy", ("out", "out"))
    for side in (-1, 1):
        hand = line("40,6 50,-2 53,-14")
        lacquered = replace(pen.at(77, 66, 0.46, 3, flip=side), line="#4a1620")
        lacquered.limb(hand, 6.5, LACQUER[0])
    bowl(pen.at(77, 66, 0.46, 3), "happy")
    steam(pen.at(77, 56, 0.42, 3))
    for foot in (108.5, 117):
        small = replace(pen.at(foot, 88), line="#5b4636", width=0.6)
        small.figure(oval(0, 0, 3.4, 2.2), "#f3e4c2")
    cube(pen.at(114, 76, 0.42, -4), "wink")
    negi(pen.at(143, 65, 0.46, 5), "smile")
    nasu(pen.at(170, 71, 0.3, -5), "happy", ("up", "out"))
    nasu(pen.at(192, 76, 0.18, 6), "surprise", ("up", "up"))
    return finished(pen).convert("RGB")


def miso_wink() -> Image.Image:
    pen = blank(780, 680)
    steam(pen.at(52, 41, 0.7), "#ffcf9e")
    for x, y, size in ((14, 24, 0.8), (84, 20, 0.6), (103, 82, 0.55)):
        heart(replace(pen.at(x, y, size, (x - 57) / 4), line="#a83d68"))
    red = replace(pen, line="#4a1620")
    for x, turn in ((109, 17), (101, 8)):
        chopstick(red.at(x, 17, 0.74, turn))
    for side in (-1, 1):
        red.at(52, 62, 0.76, flip=side).limb(line("34,8 47,6 57,-6"), 7, LACQUER[0])
    bowl(red.at(52, 62, 0.76), "wink")
    return sticker(pen, 18)


def tofu_surprise() -> Image.Image:
    pen = blank(640, 640)
    splash = oval(0, 0, 42, 17) * (1 + 0.07 * np.sin(np.linspace(0, 22 * np.pi, 160)))[:, None]
    soup = replace(pen.at(50, 74), line="#8a4f1e")
    soup.figure(splash, "#e2ab62", "#c4813a")
    soup.paint(oval(0, -1, 30, 9), "#f0cd95")
    cube(pen.at(50, 50, 0.86, -5), "surprise")
    for x, y, size, angle in ((12, 48, 0.8, -50), (22, 26, 0.6, -35), (84, 22, 0.7, 30)):
        drop(replace(pen.at(x, y, size, angle), line="#8a4f1e"), "#e2ab62")
    for x, y, angle in ((90, 46, 20), (11, 68, -20), (40, 9, 10), (88, 68, 0)):
        ring = replace(pen.at(x, y, 1, angle), line="#3d6b35", width=1)
        ring.figure(oval(0, 0, 5.4, 4), "#b5dc7d", "#8cc05c")
        ring.paint(oval(0, 0, 2.4, 1.6), "#ffffff")
        ring.stroke(oval(0, 0, 2.4, 1.6), 0.8, closed=True)
    return finished(pen).quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)


def ink_traveller() -> Image.Image:
    pen = replace(blank(1600, 2000, "#ffffff"), line="#000000", hatched=True)
    pen.paint(oval(62, 45, 34, 34), "#000000")
    for x, y, reach in ((66, 21, 44), (50, 31, 40), (84, 36, 30)):
        pen.stroke(bow(x, y, reach / 2, -1.6), 1.5, "#ffffff")
    for x, lean in ((10, 2), (22, -1), (92, 2)):
        for y in range(-10, 118, 21):
            joint = rounded(1, "-2.6,0 2.6,0 2.4,20 -2.4,20")
            bamboo = replace(pen.at(x + y * lean / 60, y), width=0.7)
            bamboo.figure(joint, "#ffffff", "#000000")
    for x, y, angle in ((9, 30, 34), (20, 9, 24), (12, 72, 30), (93, 72, -36), (90, 9, -20)):
        for turn in (-26, 0, 26):
            pen.at(x, y, 1, angle + turn).paint(mirrored("0,0! 1.8,6 0,19!"), "#000000")
    for y, x, reach in ((112, 4, 90), (117, 24, 70), (121, 8, 50)):
        pen.stroke(line([(x, y), (x + reach / 2, y - 1.4), (x + reach, y + 1)]), 1.6)
    pen.limb(line("79,116 77,60"), 1.4, "#ffffff", 0.8)
    nasu(pen.at(52, 82, 0.62), "smile", ("down", "out"), INK)
    hat = curve("20,66! 34,54 49,42 53,40 57,42 72,54 86,66! 70,71 53,72.5 36,71")
    pen.figure(hat, "#ffffff", "#000000")
    for rib in ("28,68.5", "38,71", "48,72", "58,72", "68,71", "78,68.5"):
        pen.stroke(line(f"53,41 {rib}"), 0.5)
    for x, y in ((36, 13), (46, 7), (30, 20)):
        for side in (-1, 1):
            pen.stroke(bow(x + 1.7 * side, y, 1.8, -1.4), 0.8)
    return few_levels(finished(pen).convert("L"), 15)


def tea_pencil() -> Image.Image:
    pen = replace(blank(860, 700), line=PENCIL.line, width=1.1, hatched=True)
    pen.stroke(line("8,92 40,94 84,92 116,94"), 1.2)

    def tea(inner: Pen) -> None:
        teacup(inner.at(0, 0, 0.9), "#ffffff", PENCIL.shade, PENCIL.leaf)

    nasu(pen.at(52, 52, 0.78), "calm", ("front", "front"), PENCIL, held=tea)
    pen.stroke(line("92,89 112,68"), 1)
    for x, y, tone in ((97, 84, "#ffffff"), (103, 77.5, "#e4e4e4"), (109, 71, "#c8c8c8")):
        pen.at(x, y).figure(oval(0, 0, 5, 5), tone, PENCIL.shade)
    pen.paint(oval(101, 91.5, 15, 2.4), "#ffffff")
    pen.stroke(oval(101, 91.5, 15, 2.4), 1, closed=True)
    for x, y in ((12, 24), (104, 22)):
        blossom(pen.at(x, y, 0.8, x), "#ffffff", "#d0d0d0")
    return few_levels(finished(pen).convert("LA"), 30)


def snow_grey16() -> Image.Image:
    pen = blank(640, 860, "#b8b8b8")
    ground(pen, "#d8d8d8", "-5,92 30,80 70,90 105,78")
    ground(pen, "#f4f4f4", "-5,112 45,104 105,110")
    for i, (x, y) in enumerate(scatter(60, 100, 134)):
        pen.paint(oval(x, y, 0.5 + 0.25 * (i % 4), 0.5 + 0.25 * (i % 4)), "#ffffff")
    for x, y in ((34, 121), (78, 120)):
        shadow(pen, x, y, 18, "#909090")
    nasu(pen.at(34, 91, 0.6), "joy", ("down", "up"), scarf="#d0574c")
    twigs = replace(pen, line="#3c3c3c")
    for side in (-1, 1):
        twigs.wire(line([(78 + 8 * side, 103), (78 + 19 * side, 96)]), 1)
    cube(replace(pen.at(78, 106, 0.46), line="#5b4636"), None)
    cube(pen.at(78, 83, 0.4, 4), "smile")
    hat = replace(pen.at(79, 68.5, 0.85, 6), line="#3c3c3c")
    hat.figure(rounded(1, "-5,-15 5,-15 6,-8 -6,-8"), "#a92d33")
    hat.figure(mirrored("0,-11 8,-9 13,2! 0,5"), *LACQUER)
    hat.stroke(bow(0, 0.4, 11, 2.4), 1, "#f2c46b")
    size = (pen.sheet.width // SUPERSAMPLE, pen.sheet.height // SUPERSAMPLE)
    grey = pen.sheet.convert("L").convert("F").resize(size, Image.Resampling.LANCZOS)
    steps = np.round(np.asarray(grey).clip(0, 255) * 100 / 255)
    return Image.fromarray((steps * (65535 / 100)).round().astype(np.uint16))


def nap_small() -> Image.Image:
    pen = blank(500, 400)
    cushion = curve("7,76 30,72 95,72 117,76 119,86 100,93 28,93 6,86")
    replace(pen, line="#8a4460").figure(cushion, "#ffc4d3", "#f59bb4")
    nasu(pen.at(52.5, 55, 0.76, -80), "sleep")
    quilt = curve("79,24 94,26 106,40 109,60 110,80 96,88 78,88 76,72 79,55 76,40")
    blue = replace(pen, line="#2f5b73")
    blue.figure(quilt, "#a5dbe8", "#74b9cf")
    blue.limb(line("79,25 77,40 80,55 77,72 79,87"), 5, "#ffffff", 1.2)
    for x, y in ((91, 36), (102, 50), (91, 59), (101, 72), (90, 80)):
        pen.at(x, y, 0.3).paint(petals(5, 5.4, 11), "#ffffff")
    zzz(pen.at(52, 22, 0.42), "#6c45a6")
    return sticker(pen, 12)


def autumn_scarf() -> Image.Image:
    pen = blank(780, 1040, "#ffdf9f", "#f59b55")
    pen.glow(oval(74, 34, 40, 40), "#fff6cf", 0.9)
    pen.paint(oval(74, 34, 15, 15), "#fff0b8")
    ground(pen, "#e08a45", "-5,92 25,80 60,90 105,76")
    trunk = curve("-6,-6 10,-6 7,40 8,80 18,112! -6,112!")
    brown = replace(pen, line="#4a2413")
    brown.figure(trunk, "#8a5230", "#6b3a20")
    ground(pen, "#c46f35", "-5,104 40,98 105,106", below="#a3562a")
    shadow(pen, 54, 118, 26, "#6b3016")
    leaves = ("#ffd35c", "#c98a1f"), ("#f7a23b", "#b5651d"), ("#e4572e", "#a83418")
    for i, (x, y) in enumerate(scatter(30, 104, 126)):
        ginkgo(pen.at(x, y, 0.34 + 0.08 * (i % 4), 67 * i), *leaves[i % 3])
    nasu(pen.at(54, 82, 0.72), "calm", ("front", "front"), scarf="#e0604f", held=teacup)
    for x, y, angle in ((16, 118, 40), (88, 121, -70), (97, 110, 20), (30, 126, 160)):
        ginkgo(pen.at(x, y, 0.8, angle), *leaves[(x + y) % 3])
    stored = finished(pen).convert("RGB").transpose(Image.Transpose.ROTATE_90)
    stored.getexif()[ORIENTATION] = 6  # turn a quarter clockwise to show
    return stored


def misozuke_sepia() -> Image.Image:
    pen = blank(1080, 1080, "#f5efe2")
    ground(pen, "#d9cbb2", "-5,78 105,78")
    pen.paint(oval(50, 46, 40, 40), "#e9dfcb")
    shadow(pen, 50, 95, 36, "#5b4636", 0.5)

    def pickle(inner: Pen) -> None:
        nasu(inner.at(0, -48, 0.76), "wink", ("out", "out"))

    pot(pen.at(50, 67, 0.6), pickle)
    lid = replace(pen.at(87, 82, 0.6, -62), line="#3b2417")
    lid.figure(oval(0, 0, 24, 8), "#c08a5c", "#8a5636")
    lid.figure(rounded(2, "-4,-10 4,-10 4,-5 -4,-5"), "#8a5636")
    cube(pen.at(16, 85, 0.3), "joy")
    for x, y, size in ((14, 22, 0.5), (86, 20, 0.62), (82, 44, 0.3)):
        sparkle(pen.at(x, y, size), "#fffaf0")
    return ImageOps.colorize(finished(pen).convert("L"), "#2b1608", "#fff6e2", mid="#a3764c")


DRAWINGS: dict[str, Callable[[], Image.Image]] = {
    "nasu_smile.png": nasu_smile,
    "nasu_cry.png": nasu_cry,
    "なす.png": nasu_girl,
    "味噌汁.jpg": miso_onsen,
    "moon_night.jpg": moon_night,
    "leaf_umbrella.webp": leaf_umbrella,
    "parade_wide.jpg": parade,
    "miso_wink.png": miso_wink,
    "tofu_surprise.png": tofu_surprise,
    "ink_traveller.png": ink_traveller,
    "tea_pencil.png": tea_pencil,
    "snow_grey16.png": snow_grey16,
    "nap_small.png": nap_small,
    "autumn_scarf.jpg": autumn_scarf,
    "misozuke_sepia.jpg": misozuke_sepia,
}


def save(drawing: Image.Image, path: Path) -> None:
    """Save the drawing with no metadata but its orientation, if it has one."""
    exif = drawing.getexif()
    metadata: dict[str, Any] = {"exif": exif} if exif else {}
    drawing.save(path, quality=88, optimize=True, **metadata)


def draw_sample(output: Path) -> None:
    """Write every drawing into the folder `output`."""
    output.mkdir(parents=True, exist_ok=True)
    for name, draw in DRAWINGS.items():
        save(draw(), output / name)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="folder for the drawings")
    return parser


def main(argv: list[str] | None = None) -> int:
    draw_sample(build_parser().parse_args(argv).output)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
