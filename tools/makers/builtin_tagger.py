"""Build the builtin tagger: palette and composition tags, measured from the pixels.

The result is a WD14 tagger folder (`model.onnx`, `selected_tags.csv`) whose scores come from rules
rather than weights, so it says nothing about what a picture shows, only how it is coloured and set.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SIZE = 448
STRIDE = 3  # every third pixel is enough for shares, and an odd step doesn't beat with textures
GRID = (SIZE + STRIDE - 1) // STRIDE
OPSET = 17
IR_VERSION = 8  # the oldest that holds opset 17; onnxruntime reads it since 1.12
EPSILON = 1e-6
LEVEL = 1.5 / 255  # a smaller step between neighbours is none

# ------------------------------------------------------------------ a graph written as formulas


@dataclass(eq=False)
class Graph:
    """The nodes and constants so far."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    made: dict[str, Tensor] = field(default_factory=dict)
    constants: dict[tuple[str, tuple[int, ...], bytes], onnx.TensorProto] = field(
        default_factory=dict
    )

    def node(self, kind: str, *inputs: Tensor, outputs: int = 1, **attributes: Any) -> Tensor:
        """Add one node, or find the same one again; its first output is the result."""
        wanted = [tensor.name for tensor in inputs]
        key = f"{kind} {wanted} {attributes}"
        if key not in self.made:
            name = f"{kind}_{len(self.nodes)}"
            names = [name, *(f"{name}_{i}" for i in range(1, outputs))]
            self.nodes.append(helper.make_node(kind, wanted, names, **attributes))
            self.made[key] = Tensor(self, name)
        return self.made[key]

    def constant(self, value: float | Sequence[int] | NDArray[np.float32]) -> Tensor:
        """Add a constant once: a float32 from numbers and arrays, an int64 from a list of ints."""
        kind = np.int64 if isinstance(value, list) else np.float32
        array = np.asarray(value, dtype=kind)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.constants:
            name = f"c{len(self.constants)}"
            self.constants[key] = numpy_helper.from_array(array, name)
        return Tensor(self, self.constants[key].name)


@dataclass(frozen=True, eq=False)
class Tensor:
    """A value in the graph. Comparisons give masks of 0 and 1, so that masks multiply and add."""

    graph: Graph
    name: str

    def _with(self, kind: str, other: Operand, swap: bool = False) -> Tensor:
        value = other if isinstance(other, Tensor) else self.graph.constant(float(other))
        return self.graph.node(kind, *((value, self) if swap else (self, value)))

    def _mask(self, kind: str, other: Operand) -> Tensor:
        return self.graph.node("Cast", self._with(kind, other), to=TensorProto.FLOAT)

    def __add__(self, other: Operand) -> Tensor:
        return self._with("Add", other)

    def __sub__(self, other: Operand) -> Tensor:
        return self._with("Sub", other)

    def __rsub__(self, other: Operand) -> Tensor:
        return self._with("Sub", other, swap=True)

    def __mul__(self, other: Operand) -> Tensor:
        return self._with("Mul", other)

    def __truediv__(self, other: Operand) -> Tensor:
        return self._with("Div", other)

    def __lt__(self, other: Operand) -> Tensor:
        return self._mask("Less", other)

    def __le__(self, other: Operand) -> Tensor:
        return self._mask("LessOrEqual", other)

    def __gt__(self, other: Operand) -> Tensor:
        return self._mask("Greater", other)

    def __ge__(self, other: Operand) -> Tensor:
        return self._mask("GreaterOrEqual", other)


Operand = Tensor | float


def all_of(*tensors: Tensor) -> Tensor:
    """Return the smallest score (or mask): every one must hold."""
    return tensors[0].graph.node("Min", *tensors)


def any_of(*tensors: Tensor) -> Tensor:
    """Return the largest score (or mask): one is enough."""
    return tensors[0].graph.node("Max", *tensors)


def sum_of(*tensors: Tensor) -> Tensor:
    return tensors[0].graph.node("Sum", *tensors)


def at_least(tensor: Tensor, floor: float) -> Tensor:
    return any_of(tensor, tensor.graph.constant(floor))


def choose(mask: Tensor, yes: Operand, no: Operand) -> Tensor:
    graph = mask.graph
    yes, no = (x if isinstance(x, Tensor) else graph.constant(x) for x in (yes, no))
    return graph.node("Where", graph.node("Cast", mask, to=TensorProto.BOOL), yes, no)


def between(tensor: Tensor, low: float, high: float) -> Tensor:
    return (tensor >= low) * (tensor < high)


def absolute(tensor: Tensor) -> Tensor:
    return tensor.graph.node("Abs", tensor)


def root(tensor: Tensor) -> Tensor:
    return tensor.graph.node("Sqrt", tensor)


def reduced(tensor: Tensor, kind: str, *axes: int) -> Tensor:
    """Reduce by ReduceMax, ReduceMin or ReduceMean; all three axes are kept for broadcasting."""
    return tensor.graph.node(kind, tensor, axes=list(axes), keepdims=1)


def total(tensor: Tensor) -> Tensor:
    """Sum over the picture: [N, GRID, GRID] to [N, 1, 1]."""
    return reduced(tensor, "ReduceMean", 1, 2) * float(GRID * GRID)


def mean(tensor: Tensor, where: Tensor) -> Tensor:
    """Return the mean weighted by `where`, 0 where there is nothing; of a mask it is the share."""
    return total(tensor * where) / at_least(total(where), 1.0)


def above(quantity: Tensor, middle: float, width: float) -> Tensor:
    """Score 0.5 at `middle`, 0.88 two widths above it and 0.12 two widths below."""
    return quantity.graph.node("Sigmoid", (quantity - middle) / width)


def below(quantity: Tensor, middle: float, width: float) -> Tensor:
    return above(quantity, middle, -width)


# ------------------------------------------------------------------------------ pixels and colours


@dataclass(frozen=True)
class Pixels:
    """Per-pixel quantities, each [N, GRID, GRID]; hue in degrees, the others 0..1."""

    red: Tensor
    green: Tensor
    blue: Tensor
    hue: Tensor
    saturation: Tensor
    value: Tensor
    chroma: Tensor
    light: Tensor
    coloured: Tensor


def pixels(bgr: Tensor) -> Pixels:
    """Sample the input [N, 448, 448, 3] (BGR, 0..255) and compute hue, saturation, value."""
    graph = bgr.graph
    axes, steps = [1, 2], [STRIDE, STRIDE]
    sampled = graph.node(
        "Slice", bgr, *(graph.constant(x) for x in ([0, 0], [SIZE, SIZE], axes, steps))
    )
    clipped = graph.node("Clip", sampled / 255.0, graph.constant(0.0), graph.constant(1.0))
    blue, green, red = (
        graph.node("Gather", clipped, graph.node("Squeeze", graph.constant([i])), axis=3)
        for i in range(3)
    )
    value = any_of(red, green, blue)
    chroma = value - all_of(red, green, blue)
    step = at_least(chroma, EPSILON)
    from_red = (green - blue) / step
    sixths = choose(
        red >= value,
        choose(from_red < 0.0, from_red + 6.0, from_red),
        choose(green >= value, (blue - red) / step + 2.0, (red - green) / step + 4.0),
    )
    return Pixels(
        red=red,
        green=green,
        blue=blue,
        hue=sixths * 60.0,
        saturation=chroma / at_least(value, EPSILON),
        value=value,
        chroma=chroma,
        light=red * 0.299 + green * 0.587 + blue * 0.114,
        # A dark colour has little chroma, so it needs less of it to be seen as one.
        coloured=chroma > value * 0.08 + 0.04,
    )


CHROMATIC = ("red", "orange", "brown", "yellow", "green", "aqua", "blue", "purple", "pink")


def named_colours(p: Pixels) -> dict[str, Tensor]:
    """Return masks that share out the pixels among colour names.

    `beige` and `olive` are no tags of ours; they keep skin, paper and moss out of those that are.
    """
    black = p.value < 0.14
    neutral = (1.0 - p.coloured) * (1.0 - black)
    white = neutral * (p.value >= 0.94)
    grey = neutral - white
    coloured = p.coloured * (1.0 - black)

    def hues(low: float, high: float) -> Tensor:
        return coloured * between(p.hue, low, high)

    reds = hues(0, 12) + hues(345, 361)
    pale = (p.saturation < 0.5) * (p.value >= 0.7)
    warm = hues(12, 46)
    beige = warm * (p.saturation < 0.45) * (p.value >= 0.6)
    orange = warm * (p.saturation >= 0.6) * (p.value >= 0.75)
    yellows = hues(46, 68)
    olive = yellows * (p.value < 0.55)
    return {
        "white": white,
        "black": black,
        "grey": grey,
        "red": reds * (1.0 - pale),
        "orange": orange,
        "brown": warm - beige - orange,
        "yellow": yellows - olive,
        "green": hues(68, 165),
        "aqua": hues(165, 193),
        "blue": hues(193, 255),
        "purple": hues(255, 305),
        "pink": hues(305, 345) + reds * pale,
        "beige": beige,
        "olive": olive,
    }


# ------------------------------------------------------------------------------ frames and borders


@dataclass(frozen=True)
class Box:
    """First and last row and column, each [N, 1, 1]."""

    top: Tensor
    bottom: Tensor
    left: Tensor
    right: Tensor

    def shrunk(self, top: Operand, bottom: Operand, left: Operand, right: Operand) -> Box:
        return Box(self.top + top, self.bottom - bottom, self.left + left, self.right - right)


def row_numbers(graph: Graph) -> Tensor:
    return graph.constant(np.arange(GRID, dtype=np.float32).reshape(1, GRID, 1))


def column_numbers(graph: Graph) -> Tensor:
    return graph.constant(np.arange(GRID, dtype=np.float32).reshape(1, 1, GRID))


def inside(box: Box) -> Tensor:
    """Return the mask of a box, [N, GRID, GRID]."""
    y, x = row_numbers(box.top.graph), column_numbers(box.top.graph)
    rows = (y >= box.top) * (y <= box.bottom)
    return rows * (x >= box.left) * (x <= box.right)


def bounding_box(mask: Tensor) -> Box:
    """Return the box around the ones of `mask`, the whole grid where it has none."""
    y, x = row_numbers(mask.graph), column_numbers(mask.graph)
    rows, columns = reduced(mask, "ReduceMax", 2), reduced(mask, "ReduceMax", 1)
    none = reduced(rows, "ReduceMax", 1) < 0.5
    last = float(GRID - 1)
    return Box(
        top=choose(none, 0.0, reduced(choose(rows, y, last), "ReduceMin", 1)),
        bottom=choose(none, last, reduced(choose(rows, y, 0.0), "ReduceMax", 1)),
        left=choose(none, 0.0, reduced(choose(columns, x, last), "ReduceMin", 2)),
        right=choose(none, last, reduced(choose(columns, x, 0.0), "ReduceMax", 2)),
    )


def picture_box(p: Pixels) -> Box:
    """Return the picture without the white bars that made it square.

    The bars lie on both sides of one dimension, equally wide. White all round is the picture's own.
    """
    ink = bounding_box(all_of(p.red, p.green, p.blue) < 250 / 255)
    last = float(GRID - 1)
    across = all_of(ink.left, last - ink.right)
    down = all_of(ink.top, last - ink.bottom)

    def bar(margin: Tensor, other: Tensor) -> Tensor:
        # One sample more: the resize has mixed the bar's edge with the picture.
        return choose((margin > 0.5) * (other < 0.5), margin + 1.0, 0.0)

    x, y = bar(across, down), bar(down, across)
    zero = across * 0.0
    return Box(zero + y, zero + last - y, zero + x, zero + last - x)


def thickness(box: Box) -> Tensor:
    """Return how wide a band along the edges is looked at: 4 % of the short side."""
    short = all_of(box.bottom - box.top, box.right - box.left)
    return at_least(short * 0.04, 2.0)


def edge_bands(box: Box) -> dict[str, Tensor]:
    """Return the masks of the four bands along the inner edges of a box."""
    width, whole = thickness(box), inside(box)
    return {
        "top": whole - inside(box.shrunk(width, 0, 0, 0)),
        "bottom": whole - inside(box.shrunk(0, width, 0, 0)),
        "left": whole - inside(box.shrunk(0, 0, width, 0)),
        "right": whole - inside(box.shrunk(0, 0, 0, width)),
    }


def corners(box: Box) -> Tensor:
    """Return the mask of the four corners of a box, which a round shape leaves empty."""
    bands = edge_bands(box.shrunk(1.0, 1.0, 1.0, 1.0))
    return any_of(bands["top"], bands["bottom"]) * any_of(bands["left"], bands["right"])


Colour = tuple[Tensor, Tensor, Tensor]


def mean_colour(p: Pixels, where: Tensor) -> Colour:
    return mean(p.red, where), mean(p.green, where), mean(p.blue, where)


def distance(p: Pixels, colour: Colour) -> Tensor:
    """Return the largest difference of a channel."""
    red, green, blue = colour
    return any_of(absolute(p.red - red), absolute(p.green - green), absolute(p.blue - blue))


def close_to(p: Pixels, colour: Colour) -> Tensor:
    """Return the mask of a colour; a dark one is kept apart from its like more strictly."""
    return distance(p, colour) < any_of(*colour) * 0.06 + 0.03


def main_colour(p: Pixels, names: dict[str, Tensor], where: Tensor) -> Colour:
    """Return the mean of the commonest named colour, drawn to where its pixels are dense."""
    # A hair is added to each, so that of two equal shares one is the larger.
    shares = [mean(mask, where) + i * EPSILON for i, mask in enumerate(names.values())]
    most = any_of(*shares)
    members = any_of(
        *(mask * (share >= most) for mask, share in zip(names.values(), shares, strict=True))
    )
    first = mean_colour(p, members * where)
    return mean_colour(p, members * where * (distance(p, first) < 0.2))


def margins_between(inner: Box, outer: Box) -> dict[str, Tensor]:
    return {
        "top": inner.top - outer.top,
        "bottom": outer.bottom - inner.bottom,
        "left": inner.left - outer.left,
        "right": outer.right - inner.right,
    }


def straight_bars(near: Tensor, box: Box) -> tuple[Box, dict[str, Tensor]]:
    """Return the box around all that is not `near`, and by side how surely a straight bar ends it.

    A bar is uniform up to a straight line, beyond which hardly anything has its colour; round a
    motif on a plain background the box touches the motif in a few places only.
    """
    rest = inside(box) * (1.0 - near)
    content = bounding_box(rest)
    # One sample inwards, where the edge is no mixture any more.
    edge = edge_bands(content.shrunk(1.0, 1.0, 1.0, 1.0))
    margins = margins_between(content, box)
    bars = {
        side: all_of(above(margins[side], 2.0, 0.4), below(mean(near, edge[side]), 0.12, 0.03))
        for side in margins
    }
    return content, bars


# -------------------------------------------------------------------------------- the whole picture


@dataclass(frozen=True)
class View:
    """What the rules are made of; the tensors are scores or shares, [N, 1, 1]."""

    p: Pixels
    names: dict[str, Tensor]
    area: Tensor  # the picture without bars and borders, a mask
    content: Tensor  # the same without a plain background, a mask
    border: Tensor
    border_names: dict[str, Tensor]
    letterbox: Tensor
    pillarbox: Tensor
    plain: Tensor
    near: Tensor  # pixels of the background's colour, a mask
    ring: Tensor  # the bands along the top, left and right edge, a mask
    sides: dict[str, Tensor]

    def share(self, mask: Tensor) -> Tensor:
        return mean(mask, self.area)

    def content_share(self, mask: Tensor) -> Tensor:
        return mean(mask, self.content)


def look_at(bgr: Tensor) -> View:
    """Take away padding, then bars and borders, then tell the background from the content."""
    p = pixels(bgr)
    names = named_colours(p)
    outer = picture_box(p)

    bands = edge_bands(outer)
    around = any_of(*bands.values())
    frame = close_to(p, main_colour(p, names, around))
    inner, bars = straight_bars(frame, outer)
    margins = margins_between(inner, outer)
    down, across = (
        any_of(margins["top"], margins["bottom"]),
        any_of(margins["left"], margins["right"]),
    )
    border = all_of(
        *bars.values(),
        # Padding may widen a white border in one dimension.
        below(all_of(down, across), GRID * 0.16, 2.0),
        below(absolute(margins["top"] - margins["bottom"]), 4.0, 0.5),
        below(absolute(margins["left"] - margins["right"]), 4.0, 0.5),
        below(mean(frame, corners(inner)), 0.2, 0.03),
    )

    dark = p.value < 0.12
    boxed, dark_bars = straight_bars(dark, outer)
    letterbox = all_of(dark_bars["top"], dark_bars["bottom"], 1.0 - border)
    pillarbox = all_of(dark_bars["left"], dark_bars["right"], 1.0 - border)

    framed, barred = border > 0.35, any_of(letterbox, pillarbox) > 0.35
    box = Box(
        *(
            choose(framed, a, choose(barred, b, c))
            for a, b, c in zip(
                (inner.top + 1.0, inner.bottom - 1.0, inner.left + 1.0, inner.right - 1.0),
                (boxed.top + 1.0, boxed.bottom - 1.0, boxed.left, boxed.right),
                (outer.top, outer.bottom, outer.left, outer.right),
                strict=True,
            )
        )
    )
    sides = edge_bands(box)
    # Figures are mostly cut off by the lower edge, so the background is seen at the other three.
    ring = any_of(sides["top"], sides["left"], sides["right"])
    near = close_to(p, main_colour(p, names, ring))
    plain = above(mean(near, ring), 0.7, 0.06)
    area = inside(box)
    return View(
        p=p,
        names=names,
        area=area,
        content=area * (1.0 - near * (plain > 0.35)),
        border=border,
        border_names={name: mean(names[name], around) for name in ("white", "black")},
        letterbox=letterbox,
        pillarbox=pillarbox,
        plain=plain,
        near=near,
        ring=ring,
        sides=sides,
    )


Rule = Callable[[View], Tensor]

# ----------------------------------------------------------------------------- quantities for rules


def shifted(tensor: Tensor, axis: int, by: int) -> Tensor:
    """Return the picture moved along an axis, the last row or column repeated."""
    index = np.minimum(np.arange(GRID) + by, GRID - 1).tolist()
    return tensor.graph.node("Gather", tensor, tensor.graph.constant(index), axis=axis)


def change_over(p: Pixels, distance: int) -> Tensor:
    """Return the largest change of a channel over so many samples downwards or to the right."""
    return any_of(
        *(
            absolute(shifted(channel, axis, distance) - channel)
            for channel in (p.red, p.green, p.blue)
            for axis in (1, 2)
        )
    )


def hue_directions(p: Pixels) -> tuple[Tensor, Tensor]:
    """Return the opponent-colour plane: towards red, and towards green (away from blue)."""
    return p.red - (p.green + p.blue) * 0.5, (p.green - p.blue) * (3**0.5 / 2)


def off_hue(picture: View) -> Tensor:
    """Return which share of the chroma lies more than 15 degrees off the main hue."""
    p = picture.p
    along, across = hue_directions(p)
    where = picture.area * p.coloured
    main_along, main_across = mean(along, where), mean(across, where)
    length = root(main_along * main_along + main_across * main_across) + EPSILON
    own = root(along * along + across * across) + EPSILON
    cosine = (along * main_along + across * main_across) / (own * length)
    return mean(cosine < float(np.cos(np.radians(15))), where * p.chroma)


def midtones(picture: View) -> Tensor:
    """Return the content that is neither nearly black nor nearly white, a mask."""
    return picture.content * between(picture.p.light, 0.15, 0.9)


def explained_by_place(p: Pixels, place: Tensor, where: Tensor) -> tuple[Tensor, Tensor]:
    """Return the spread of the colour in `where` and the share that a straight gradient explains.

    `place` is a coordinate; the share is R², summed over the channels.
    """
    offset = place - mean(place, where)
    differences = [channel - mean(channel, where) for channel in (p.red, p.green, p.blue)]
    slopes = [mean(offset * difference, where) for difference in differences]
    spread = sum_of(*(mean(difference * difference, where) for difference in differences))
    explained = sum_of(*(slope * slope for slope in slopes))
    place_spread = at_least(mean(offset * offset, where), EPSILON)
    return root(spread), explained / (place_spread * at_least(spread, EPSILON))


def gradient_background(picture: View) -> Tensor:
    """Score how surely the background turns evenly from one colour into another.

    Down the left or the right edge, as an arm may cover one of them, or along the upper edge.
    """
    p, sides = picture.p, picture.sides
    graph = p.red.graph
    smooth = change_over(p, 1) < 0.04
    scores = []
    for side, place in (
        ("left", row_numbers(graph)),
        ("right", row_numbers(graph)),
        ("top", column_numbers(graph)),
    ):
        spread, explained = explained_by_place(p, place, sides[side])
        scores.append(
            all_of(
                above(spread, 0.07, 0.015),
                above(explained, 0.85, 0.03),
                above(mean(smooth, sides[side]), 0.93, 0.02),
            )
        )
    return any_of(*scores)


def two_tone_background(picture: View) -> Tensor:
    """Score how surely the background is two flat colours and nothing else."""
    p, ring, near = picture.p, picture.ring, picture.near
    rest = ring * (1.0 - near)
    second = rest * close_to(p, main_colour(p, picture.names, rest))
    level = change_over(p, 1) < LEVEL
    contrast = any_of(
        *(
            absolute(a - b)
            for a, b in zip(mean_colour(p, second), mean_colour(p, ring * near), strict=True)
        )
    )
    return all_of(
        above(mean(second, ring), 0.25, 0.02),
        above(mean(any_of(second, near), ring), 0.9, 0.015),
        above(mean(level, any_of(second, near * ring)), 0.7, 0.04),
        above(contrast, 0.2, 0.03),
    )


def greyscale(picture: View) -> Tensor:
    p = picture.p
    faint = choose(p.chroma < 0.1, p.chroma, 0.1)
    # Dull colours are skin, cloth or a tint, so the picture isn't colourless; a vivid spot may be.
    dull = between(p.chroma, 0.03, 0.45)
    return all_of(
        below(mean(dull, midtones(picture)), 0.2, 0.025),
        below(picture.content_share(p.coloured), 0.12, 0.015),
        below(picture.share(p.coloured), 0.08, 0.012),
        below(picture.content_share(faint), 0.03, 0.005),
    )


def uneven_colour(picture: View) -> Tensor:
    """Return how much the colour of equally light pixels varies, relative to the mean chroma.

    In a tinted picture the colour follows from the lightness; brown cloth and grey steel are
    equally light, but not equally coloured.
    """
    p, tones = picture.p, midtones(picture)
    variances = []
    for low in (0.15, 0.3, 0.45, 0.6, 0.75):
        where = tones * between(p.light, low, low + 0.15)
        for axis in hue_directions(p):
            difference = axis - mean(axis, where)
            variances.append(mean(difference * difference * where, tones))
    return root(sum_of(*variances)) / at_least(mean(p.chroma, tones), 0.01)


def one_hue(picture: View) -> Tensor:
    return all_of(below(off_hue(picture), 0.05, 0.01), below(uneven_colour(picture), 0.2, 0.015))


def monochrome(picture: View) -> Tensor:
    return any_of(greyscale(picture), one_hue(picture))


def sepia(picture: View) -> Tensor:
    p = picture.p
    where = picture.area * p.coloured
    red, green, blue = mean_colour(p, where)
    # Brown: more red than green than blue, the green in the middle.
    middle = (green - blue) / at_least(red - blue, EPSILON)
    return all_of(
        one_hue(picture),
        1.0 - greyscale(picture),
        above(mean(p.coloured, midtones(picture)), 0.85, 0.03),
        above(picture.share(p.coloured), 0.5, 0.05),  # the picture, not a brown thing on white
        above(middle, 0.3, 0.03),
        below(middle, 0.8, 0.03),
        above(red - blue, 0.08, 0.01),
        below(red - blue, 0.5, 0.03),
    )


def spot_color(picture: View) -> Tensor:
    p = picture.p
    coloured = picture.content * p.coloured
    share = picture.content_share(p.coloured)
    return all_of(
        greyscale(picture),
        above(share, 0.008, 0.002),
        above(mean(p.chroma, coloured), 0.35, 0.04),
    )


def greyscale_with_colored_background(picture: View) -> Tensor:
    p = picture.p
    red, green, blue = mean_colour(p, picture.ring * picture.near)
    vivid = any_of(red, green, blue) - all_of(red, green, blue)
    # An outline's pixels mix with the background, so colour of its hue doesn't count.
    along, across = hue_directions(p)
    main_along, main_across = red - (green + blue) * 0.5, (green - blue) * (3**0.5 / 2)
    other = p.coloured * (along * main_along + across * main_across < p.chroma * vivid * 0.9)
    return all_of(
        picture.plain,
        above(vivid, 0.2, 0.03),
        below(picture.content_share(other), 0.05, 0.012),
        above(picture.content_share(1.0 - p.coloured), 0.6, 0.05),
        above(mean(picture.content, picture.area), 0.04, 0.01),
    )


def plain_background(name: str) -> Rule:
    """A flat background is named after the colour of most of it."""

    def rule(picture: View) -> Tensor:
        share = mean(picture.names[name], picture.ring * picture.near)
        return all_of(picture.plain, above(share, 0.6, 0.1))

    return rule


def theme(name: str) -> Rule:
    """A theme holds for the whole picture: hardly another colour, and much of it."""

    def rule(picture: View) -> Tensor:
        p, mask = picture.p, picture.names[name]
        colours = p.coloured * p.chroma
        return all_of(
            above(mean(mask, picture.area * colours), 0.8, 0.04),
            above(picture.share(mask), 0.45, 0.05),
            below(mean(1.0 - mask, picture.content * colours), 0.35, 0.04),
        )

    return rule


def dark(picture: View) -> Tensor:
    # The value, not the lightness: a strong blue weighs little in the latter, but is no night.
    value = picture.p.value
    return all_of(
        below(picture.share(value), 0.27, 0.025), below(picture.share(value > 0.6), 0.06, 0.01)
    )


def high_contrast(picture: View) -> Tensor:
    light = picture.p.light
    return all_of(
        above(picture.share(picture.p.value < 0.2), 0.2, 0.025),
        above(picture.share(light > 0.88), 0.2, 0.025),
        below(picture.content_share(between(light, 0.2, 0.8)), 0.16, 0.02),
    )


def colorful(picture: View) -> Tensor:
    """Count the hues as the exponential of their entropy: six equal shares make six."""
    p = picture.p
    where = picture.content * p.coloured * p.chroma
    shares = [mean(between(p.hue, low, low + 30.0), where) for low in range(0, 360, 30)]
    graph = p.hue.graph
    logs = [graph.node("Log", at_least(share, EPSILON)) for share in shares]
    entropy = 0.0 - sum_of(*(share * log for share, log in zip(shares, logs, strict=True)))
    hues = graph.node("Exp", entropy)
    return all_of(above(hues, 5.0, 0.4), above(picture.content_share(p.chroma), 0.3, 0.03))


def muted_color(picture: View) -> Tensor:
    p = picture.p
    return all_of(
        below(picture.content_share(p.chroma), 0.14, 0.012),
        below(picture.content_share(p.chroma > 0.35), 0.03, 0.006),
        above(mean(p.coloured, midtones(picture)), 0.3, 0.04),
        above(mean(midtones(picture), picture.content), 0.6, 0.05),
        1.0 - monochrome(picture),
    )


def pale_color(picture: View) -> Tensor:
    p = picture.p
    return all_of(
        above(picture.content_share(p.light), 0.76, 0.02),
        below(picture.content_share(p.light < 0.4), 0.04, 0.01),
        below(picture.content_share(p.chroma > 0.4), 0.04, 0.01),
        above(picture.content_share(p.chroma > 0.05), 0.4, 0.05),
    )


def commonest_colours(picture: View, count: int) -> Tensor:
    """Return which share of the content the commonest of 64 colours cover."""
    p = picture.p
    graph = p.red.graph
    cell = (p.red * 3.999, p.green * 3.999, p.blue * 3.999)
    red, green, blue = (graph.node("Floor", level) for level in cell)
    number = red * 16.0 + green * 4.0 + blue
    shares = [picture.content_share(absolute(number - float(i)) < 0.5) for i in range(64)]
    table = graph.node("Concat", *shares, axis=1)
    most = graph.node("TopK", table, graph.constant([count]), outputs=2, axis=1)
    return reduced(most, "ReduceMean", 1) * float(count)


def limited_palette(picture: View) -> Tensor:
    level = change_over(picture.p, 1) < LEVEL
    return all_of(
        above(commonest_colours(picture, 4), 0.92, 0.015),
        above(picture.content_share(level), 0.5, 0.03),
        above(picture.content_share(picture.p.coloured), 0.2, 0.03),
        above(off_hue(picture), 0.1, 0.015),
    )


def flat_color(picture: View) -> Tensor:
    p = picture.p
    level = change_over(p, 1) < LEVEL
    # Shading shows at some distance: too much for one colour, too little for an edge.
    shaded = between(change_over(p, 10), LEVEL * 2, 0.1)
    filled = picture.content * p.coloured
    return all_of(
        above(mean(level, filled), 0.7, 0.04),
        above(picture.content_share(level), 0.6, 0.04),
        below(mean(shaded, filled), 0.15, 0.02),
        above(mean(filled, picture.area), 0.06, 0.01),
    )


def solid(mask: Tensor) -> Tensor:
    """Return the pixels of a mask whose neighbours all around belong to it too."""
    graph = mask.graph
    axis = graph.constant([1])
    holes = graph.node("Unsqueeze", 1.0 - mask, axis)
    grown = graph.node("MaxPool", holes, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    return 1.0 - graph.node("Squeeze", grown, axis)


def lineart(picture: View) -> Tensor:
    p = picture.p
    ink = picture.area * (p.light < 0.7)
    return all_of(
        greyscale(picture),
        above(picture.share(p.light > 0.93), 0.72, 0.03),
        above(mean(ink, picture.area), 0.02, 0.005),
        below(mean(solid(p.light < 0.7), ink), 0.08, 0.02),
        below(picture.share(solid(p.light < 0.93)), 0.05, 0.01),
    )


def silhouette(picture: View) -> Tensor:
    p = picture.p
    shape = picture.content * (p.light < 0.15)
    return all_of(
        picture.plain,
        above(mean(p.light, picture.ring), 0.4, 0.05),
        above(mean(shape, picture.area), 0.05, 0.01),
        below(
            mean(shape, picture.area), 0.5, 0.03
        ),  # more is rather a dark plate with bright signs
        above(mean(solid(p.light < 0.15), shape), 0.7, 0.04),
        above(mean(p.light < 0.3, picture.content), 0.95, 0.01),
    )


def symmetry(picture: View) -> Tensor:
    """Correlate the picture with its mirror image; each row's mean is taken away beforehand.

    The picture is centred in the square, so mirroring the square mirrors the picture.
    """
    area = picture.area
    graph = area.graph
    mirrored, unlike, varied = graph.constant([*range(GRID - 1, -1, -1)]), [], []
    row_length = at_least(reduced(area, "ReduceMean", 2), EPSILON)
    for channel in (picture.p.red, picture.p.green, picture.p.blue):
        row_mean = reduced(channel * area, "ReduceMean", 2) / row_length
        centred = (channel - row_mean) * area
        flipped = graph.node("Gather", centred, mirrored, axis=2)
        unlike.append(mean((centred - flipped) * (centred - flipped), area))
        varied.append(mean(centred * centred, area))
    return all_of(
        below(sum_of(*unlike) / at_least(sum_of(*varied), EPSILON), 0.15, 0.03),
        above(root(sum_of(*varied)), 0.12, 0.02),
    )


# -------------------------------------------------------------------------------------------- rules


@dataclass(frozen=True)
class Tag:
    """A Danbooru tag with its own id and post count (as in WD14 v3's list), and how it's scored."""

    tag_id: int
    name: str
    count: int
    rule: Rule


TAGS = (
    # No colour but black, white and grey; small spots of colour may remain.
    Tag(513837, "greyscale", 432002, greyscale),
    # Shades of a single hue beside black and white; greyscale implies it.
    Tag(1681, "monochrome", 547787, monochrome),
    # A monochrome picture in the browns of an old photograph.
    Tag(16710, "sepia", 6992, sepia),
    # A greyscale picture with a small area in a strong colour.
    Tag(494669, "spot_color", 30882, spot_color),
    # A colourless subject before a coloured background; not greyscale as a whole.
    Tag(1762322, "greyscale_with_colored_background", 3354, greyscale_with_colored_background),
    # Nothing behind the subject but one flat colour.
    Tag(412368, "simple_background", 1420030, lambda picture: picture.plain),
    # The background is of that colour; here always a simple one too.
    Tag(515193, "white_background", 1161729, plain_background("white")),
    Tag(632214, "grey_background", 211830, plain_background("grey")),
    Tag(569748, "black_background", 58718, plain_background("black")),
    Tag(580545, "blue_background", 88552, plain_background("blue")),
    Tag(584749, "pink_background", 71378, plain_background("pink")),
    Tag(593298, "yellow_background", 45624, plain_background("yellow")),
    Tag(593296, "red_background", 43164, plain_background("red")),
    Tag(646879, "brown_background", 31914, plain_background("brown")),
    Tag(593297, "green_background", 31415, plain_background("green")),
    Tag(643898, "purple_background", 30644, plain_background("purple")),
    Tag(645753, "orange_background", 21175, plain_background("orange")),
    Tag(541644, "aqua_background", 8137, plain_background("aqua")),
    # The background turns gradually from one colour into another.
    Tag(531371, "gradient_background", 115876, gradient_background),
    # The background is divided into two colours.
    Tag(685432, "two-tone_background", 37676, two_tone_background),
    # The colour dominates the whole picture, not the background or the subject alone.
    Tag(1515358, "blue_theme", 23838, theme("blue")),
    Tag(1515359, "pink_theme", 9198, theme("pink")),
    Tag(714822, "red_theme", 8839, theme("red")),
    Tag(1508967, "purple_theme", 8354, theme("purple")),
    Tag(1515356, "green_theme", 7364, theme("green")),
    Tag(1515362, "yellow_theme", 5133, theme("yellow")),
    Tag(1515357, "orange_theme", 3207, theme("orange")),
    Tag(1515354, "brown_theme", 3031, theme("brown")),
    Tag(1515352, "aqua_theme", 2104, theme("aqua")),
    # The picture as a whole has little light.
    Tag(506, "dark", 12729, dark),
    # Solid blacks beside whites, with hardly anything between.
    Tag(385780, "high_contrast", 2580, high_contrast),
    # Many different strong colours.
    Tag(390579, "colorful", 4564, colorful),
    # Colours, but dull ones; neither monochrome nor vivid anywhere.
    Tag(640153, "muted_color", 5285, muted_color),
    # Light colours mixed with much white.
    Tag(621654, "pale_color", 2015, pale_color),
    # A small number of distinct colours, more than one beside black and white.
    Tag(567329, "limited_palette", 12664, limited_palette),
    # Areas filled with one colour each, without shading.
    Tag(432914, "flat_color", 7106, flat_color),
    # Only lines on white, neither colour nor filled areas.
    Tag(13126, "lineart", 9450, lineart),
    # A dark shape without inner detail before something brighter.
    Tag(11030, "silhouette", 15266, silhouette),
    # The left half mirrors the right.
    Tag(416114, "symmetry", 2221, symmetry),
    # A frame of one colour on all four sides.
    Tag(511136, "border", 88504, lambda picture: picture.border),
    # That frame is white, or black.
    Tag(668761, "white_border", 50865, lambda picture: bordered(picture, "white")),
    Tag(555246, "black_border", 12383, lambda picture: bordered(picture, "black")),
    # Bars above and below, as of a film; no border. White ones can't be told from padding.
    Tag(526340, "letterboxed", 47799, lambda picture: picture.letterbox),
    # The same on the left and the right.
    Tag(631299, "pillarboxed", 3763, lambda picture: picture.pillarbox),
)


def bordered(picture: View, name: str) -> Tensor:
    return all_of(picture.border, above(picture.border_names[name], 0.6, 0.1))


# -------------------------------------------------------------------------------------------- files


def tagger_model(tags: Sequence[Tag]) -> onnx.ModelProto:
    """Return the model: float32 `input` [N, 448, 448, 3] to float32 `scores` [N, tags]."""
    graph = Graph()
    picture = look_at(Tensor(graph, "input"))
    scores = [graph.node("Squeeze", tag.rule(picture), graph.constant([2])) for tag in tags]
    graph.nodes.append(helper.make_node("Concat", [s.name for s in scores], ["scores"], axis=1))
    floats = TensorProto.FLOAT
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "builtin_tagger",
            [helper.make_tensor_value_info("input", floats, ["N", SIZE, SIZE, 3])],
            [helper.make_tensor_value_info("scores", floats, ["N", len(tags)])],
            list(graph.constants.values()),
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="make_builtin_tagger",
    )


def write_tags(path: Path, tags: Sequence[Tag]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["tag_id", "name", "category", "count"])  # category 0: general
        writer.writerows([tag.tag_id, tag.name, 0, tag.count] for tag in tags)


def make_builtin_tagger(output: Path) -> None:
    """Write the folder; the same bytes every time."""
    model = tagger_model(TAGS)
    onnx.checker.check_model(model, full_check=True)
    output.mkdir(parents=True, exist_ok=True)
    (output / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    write_tags(output / "selected_tags.csv", TAGS)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    make_builtin_tagger(build_parser().parse_args(argv).output)


if __name__ == "__main__":
    main()
