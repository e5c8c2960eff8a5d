"""Contact sheets: what stands where, and what the built-in font can't show."""

import io
from itertools import pairwise, product

import pytest
from PIL import Image, ImageColor

from stages.library.drawing.grids import LIMIT, PAPER, TITLE_LINES, Sheet, grid

WHITE = ImageColor.getrgb("white")


def colours(columns: int, rows: int) -> list[list[tuple[int, int, int]]]:
    """Return a colour of its own for each place."""
    return [[(40 * x, 255 - 10 * y, 7 * x + y) for x in range(columns)] for y in range(rows)]


def sheet(columns: int, rows: int, size: tuple[int, int], title: str = "a prompt") -> Image.Image:
    """Return a sheet of plain colours."""
    pictures = [[Image.new("RGB", size, each) for each in row] for row in colours(columns, rows)]
    heads = [f"weight {x}" for x in range(columns)]
    return grid(pictures, heads, [f"last, seed {y}" for y in range(rows)], title)


def places(image: Image.Image, colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Return the box of all pixels of a colour."""
    red, green, blue = (band.point(lambda v, c=c: 255 * (v == c)) for band, c in zip(
        image.split(), colour, strict=True
    ))  # fmt: skip
    both = Image.composite(red, Image.new("L", image.size), green)
    box = Image.composite(both, Image.new("L", image.size), blue).getbbox()
    assert box, f"no {colour}"
    return box


def test_every_picture_has_its_place_and_even_gutters() -> None:
    image = sheet(3, 2, (60, 90))
    boxes = [[places(image, colour) for colour in row] for row in colours(3, 2)]
    assert all((r - left, b - t) == (60, 90) for row in boxes for left, t, r, b in row)
    across = {one[2] - other[0] for row in boxes for one, other in pairwise(row)}
    down = {one[3] - other[1] for one, other in pairwise([row[0] for row in boxes])}
    assert across == down
    assert len(across) == 1
    assert boxes[0][0][0] == boxes[1][0][0]
    assert image.getpixel((0, 0)) == ImageColor.getrgb(PAPER)


def test_same_pictures_same_bytes() -> None:
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        sheet(2, 2, (64, 64), "なすみそ <lora:nasumiso_v1:0.8>").save(file, "PNG")
    assert files[0].getvalue() == files[1].getvalue()


@pytest.mark.parametrize(
    ("columns", "rows", "size"), [(3, 20, (1024, 1024)), (9, 1, (768, 512)), (1, 1, (5000, 20))]
)
def test_large_sheets_are_made_smaller(columns: int, rows: int, size: tuple[int, int]) -> None:
    image = sheet(columns, rows, size)
    assert LIMIT * 0.95 < max(image.size) <= LIMIT * 1.01
    left, top, right, bottom = places(image, colours(columns, rows)[0][0])
    assert (right - left) / (bottom - top) == pytest.approx(size[0] / size[1], rel=0.1)


def test_small_sheets_are_not_made_larger() -> None:
    image = sheet(1, 1, (512, 512))
    assert places(image, colours(1, 1)[0][0])[2:] < image.size
    assert max(image.size) < 800


def test_a_picture_of_another_shape_keeps_it() -> None:
    wide, high = Image.new("RGB", (80, 20), "red"), Image.new("L", (20, 80), 0)
    image = grid([[wide, high]], ["a", "b"], ["last"], "")
    left, top, right, bottom = places(image, (255, 0, 0))
    assert (right - left, bottom - top) == (80, 20)
    left, top, right, bottom = places(image, (0, 0, 0))
    assert (right - left, bottom - top) == (20, 80)


def test_rows_and_columns_must_have_their_labels() -> None:
    picture = Image.new("RGB", (8, 8))
    for columns, rows in (["a"], ["b", "c"]), (["a", "b"], ["c"]):
        with pytest.raises(ValueError, match=r"zip\(\)"):
            grid([[picture]], columns, rows, "")


@pytest.mark.parametrize("count", [0, 1, 400])
def test_long_titles_stay_on_the_sheet(count: int) -> None:
    made = Sheet(["weight 1.0"], [["last"]], " ".join(["masterpiece"] * count), (300, 300), 1.0)
    assert len(made.heading) == min(count, TITLE_LINES)
    image = sheet(1, 1, (300, 300), made.title)
    margin = image.crop((image.width - made.margin + 1, 0, image.width, image.height))
    assert {pixel for _, pixel in margin.getcolors() or []} == {ImageColor.getrgb(PAPER)}


def test_labels_are_there() -> None:
    image = sheet(2, 2, (200, 200))
    dark = image.convert("L").point(lambda v: 255 * (v < 140))
    boxes = [places(image, colour) for row in colours(2, 2) for colour in row]
    for left, _, right, _ in boxes:
        assert dark.crop((left, 0, right, boxes[0][1])).getbbox(), "above each column"
    for _, top, _, bottom in boxes:
        assert dark.crop((0, top, boxes[0][0], bottom)).getbbox(), "left of each row"
    for one, other in product(boxes, boxes):
        assert one == other or one[0] >= other[2] or one[2] <= other[0] or one[1] != other[1]
