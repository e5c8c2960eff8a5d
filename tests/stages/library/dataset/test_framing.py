"""The square that holds the subject: how much of it, in pixels of the drawing, and where."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from stages.library.dataset.framing import Box, framed, square, strip_of
from stages.library.dataset.notes import note

Shapes = list[tuple[str, Box]]


def sheet(
    size: tuple[int, int], shapes: Shapes, clear: bool = True
) -> tuple[Image.Image, Image.Image | None]:
    """Return a drawing of black shapes on white paper, or on nothing, and how opaque it is."""
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    for kind, box in shapes:
        getattr(draw, kind)(box, fill=255)
    image = Image.new("RGB", size, "white")
    image.paste("black", mask=mask)
    return image, mask if clear else None


def share(image: Image.Image, box: Box, ground: int = 255) -> float:
    """Return which share of what is drawn on a ground, pixel by pixel, lies in a box."""
    drawn = np.asarray(image.convert("L")) != ground
    left, top, right, bottom = box
    return float(drawn[top:bottom, left:right].sum() / max(1, drawn.sum()))


def centre(width: int, height: int) -> Box:
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


def whole(image: Image.Image) -> Box:
    return 0, 0, *image.size


@st.composite
def sheets(draw: st.DrawFn) -> tuple[tuple[int, int], Shapes]:
    """Draw the size of a sheet, and some shapes on it."""
    width, height = draw(st.integers(20, 900)), draw(st.integers(20, 900))
    shapes = []
    for _ in range(draw(st.integers(1, 4))):
        left, top = draw(st.integers(0, width - 2)), draw(st.integers(0, height - 2))
        right, bottom = draw(st.integers(left + 1, width)), draw(st.integers(top + 1, height))
        shapes.append((draw(st.sampled_from(["rectangle", "ellipse"])), (left, top, right, bottom)))
    return (width, height), shapes


@settings(max_examples=300, deadline=None)
@given(sheets(), st.booleans())
def test_the_square_never_holds_less_of_the_subject_than_the_middle_does(
    drawn: tuple[tuple[int, int], Shapes], clear: bool
) -> None:
    size, shapes = drawn
    image, alpha = sheet(size, shapes, clear)
    box, said = framed(image, alpha, [], None)
    side = min(size)
    assert (box[2] - box[0], box[3] - box[1]) == (side, side)
    assert min(box) >= 0
    assert box[2] <= size[0]
    assert box[3] <= size[1]
    grey = np.asarray(image.convert("L"))
    ring = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    ground = 255 if clear else int(np.median(ring))  # or a shape is, of which paper stands out
    missing = share(image, centre(*size), ground) - share(image, box, ground)
    assert missing <= (0 if clear else 0.01), "colours are seen in cells"
    assert (said is None) == (box == centre(*size))


@pytest.mark.parametrize("clear", [True, False])
@pytest.mark.parametrize(
    ("size", "shape", "expected"),
    [
        ((900, 400), (60, 100, 260, 390), (0, 0, 400, 400)),  # its middle would reach beyond
        ((900, 400), (500, 50, 700, 390), (400, 0, 800, 400)),
        ((400, 900), (100, 600, 300, 880), (0, 500, 400, 900)),
        ((400, 900), (100, 150, 300, 350), (0, 50, 400, 450)),
    ],
)
def test_a_subject_that_fits_is_in_the_middle_of_its_square(
    size: tuple[int, int], shape: Box, expected: Box, clear: bool
) -> None:
    image, alpha = sheet(size, [("rectangle", shape)], clear)
    box, said = framed(image, alpha, [], None)
    assert box == pytest.approx(expected, abs=1)
    assert said
    assert said.code == "to_subject"
    assert said.values["share"] == "100"
    assert int(said.values["middle"]) == round(100 * share(image, centre(*size)))


def test_of_a_subject_taller_than_the_square_the_upper_end_is_shown() -> None:
    image, alpha = sheet((300, 1000), [("rectangle", (80, 100, 220, 999))])
    box, said = framed(image, alpha, [], None)
    assert box[1] == 100, "any higher, less of it would be seen than in the middle"
    assert said == note("to_subject", share=33, middle=33)
    assert share(image, box) >= share(image, centre(300, 1000))


def test_a_taller_subject_keeps_its_upper_end_only_if_no_less_of_it_is_shown() -> None:
    feet = [("rectangle", (140, 100, 160, 999)), ("rectangle", (20, 500, 280, 999))]
    image, alpha = sheet((300, 1000), feet)
    box, said = framed(image, alpha, [], None)
    assert (box, said) == (centre(300, 1000), None)


def test_of_a_subject_wider_than_the_square_as_much_as_possible_is_shown() -> None:
    body = [("rectangle", (10, 50, 300, 299)), ("rectangle", (10, 140, 900, 160))]
    image, alpha = sheet((1000, 300), body)
    box, said = framed(image, alpha, [], None)
    assert box[0] <= 12
    assert said
    assert int(said.values["share"]) > int(said.values["middle"]) + 5


def test_a_little_more_of_a_wide_subject_is_no_reason_to_leave_the_middle() -> None:
    image, alpha = sheet(
        (600, 400), [("rectangle", (0, 100, 599, 300)), ("rectangle", (40, 90, 60, 100))]
    )
    assert framed(image, alpha, [], None) == (centre(600, 400), None)


def noisy(size: tuple[int, int]) -> Image.Image:
    values = np.random.default_rng(5).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(values).filter(ImageFilter.GaussianBlur(3))


def gradient(size: tuple[int, int]) -> Image.Image:
    column: NDArray[np.uint8] = np.linspace(0, 255, size[1]).astype(np.uint8)
    return Image.fromarray(np.repeat(column[:, None], size[0], axis=1)).convert("RGB")


@pytest.mark.parametrize("size", [(900, 400), (400, 900)])
@pytest.mark.parametrize(
    "make",
    [
        noisy,
        gradient,
        lambda size: Image.new("RGB", size, "white"),
        lambda size: Image.new("RGB", size, "navy"),
    ],
)
def test_where_no_ground_is_plain_to_see_it_is_the_middle(make: object, size: Box) -> None:
    image = make(size)  # type: ignore[operator]
    assert framed(image, None, [], None) == (centre(*image.size), None)


def test_a_speck_is_no_subject() -> None:
    image, alpha = sheet((900, 400), [("rectangle", (5, 5, 20, 20))])
    assert framed(image, alpha, [], None) == (centre(900, 400), None)


def test_an_alpha_that_leaves_out_next_to_nothing_tells_nothing() -> None:
    image, _ = sheet((900, 400), [("rectangle", (60, 100, 260, 390))])
    rounded = Image.new("L", image.size, 255)
    rounded.paste(0, (0, 0, 3, 3))
    box, _ = framed(image, rounded, [], None)
    assert box[0] == 0, "the ground does"


def test_paper_with_a_grain_is_a_ground() -> None:
    image, _ = sheet((1800, 800), [("rectangle", (120, 200, 520, 780))])
    grain = np.random.default_rng(5).normal(0, 6, (800, 1800, 3))
    paper = Image.fromarray((np.asarray(image) * 0.9 + grain).clip(0, 255).astype(np.uint8))
    box, _ = framed(paper, None, [], None)
    assert box[0] == 0


def test_what_is_hidden_is_no_subject() -> None:
    signature = (700, 300, 891, 391)
    shapes = [("rectangle", (60, 100, 160, 390)), ("rectangle", (700, 300, 890, 390))]
    image, alpha = sheet((900, 400), shapes)
    assert framed(image, alpha, [], None)[0] != (0, 0, 400, 400)
    assert framed(image, alpha, [signature], None)[0] == (0, 0, 400, 400)
    assert framed(image, alpha, [whole(image)], None)[1] is None


def test_a_square_has_nothing_to_choose_and_no_detector_is_asked() -> None:
    image, alpha = sheet((400, 400), [("rectangle", (0, 0, 90, 90))])
    box, said = framed(image, alpha, [], lambda _: pytest.fail("asked"))
    assert (box, said) == ((0, 0, 400, 400), None)


# Heads


def test_heads_are_held_with_their_hair_and_come_before_the_body() -> None:
    feet = [("rectangle", (140, 100, 160, 999)), ("rectangle", (20, 500, 280, 999))]
    image, alpha = sheet((300, 1000), feet)
    head = (120, 80, 180, 160)
    box, said = framed(image, alpha, [], lambda _: [head])
    assert box[1] <= head[1] - 20
    assert said
    assert said.code == "to_subject"


def test_heads_alone_are_reason_enough() -> None:
    image = gradient((300, 1000))
    box, said = framed(image, None, [], lambda _: [(120, 80, 180, 160)])
    assert box == (0, 60, 300, 360), "no further from the middle than need be"
    assert said == note("to_heads")


def test_of_heads_too_far_apart_the_most_is_held() -> None:
    heads = [(10, 50, 110, 150), (130, 50, 230, 150), (800, 50, 900, 150)]
    left, _, right, _ = square(1000, 300, None, heads)
    assert left <= 10
    assert right >= 255


@settings(max_examples=200, deadline=None)
@given(sheets(), st.lists(st.tuples(*[st.integers(0, 800)] * 2, *[st.integers(5, 300)] * 2)))
def test_no_less_of_the_heads_is_held_than_in_the_middle(
    drawn: tuple[tuple[int, int], Shapes], places: list[Box]
) -> None:
    (width, height), shapes = drawn
    image, alpha = sheet((width, height), shapes)
    heads = [
        (x, y, min(x + w, width), min(y + h, height))
        for x, y, w, h in places
        if x < width and y < height
    ]
    box = square(width, height, strip_of(image, alpha, []), heads)

    def held(shown: Box) -> int:
        across = [max(0, min(h[2], shown[2]) - max(h[0], shown[0])) for h in heads]
        down = [max(0, min(h[3], shown[3]) - max(h[1], shown[1])) for h in heads]
        return sum(down if height > width else across)

    hair = sum(0.5 * (h[3] - h[1] if height > width else h[2] - h[0]) for h in heads)
    assert held(box) >= held(centre(width, height)) - hair
