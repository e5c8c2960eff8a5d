"""Contact sheets: test pictures side by side, as `dvc plots diff` and a viewer show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from PIL import Image, ImageDraw, ImageOps

from stages.library.drawing.lettering import fitted, font, legible, wrapped

LIMIT = 4000
"""About how many pixels a side of a sheet may have."""

PAPER, INK, SOFT = "#faf7f1", "#2a2330", "#6a6071"
"""The colours of the pages, see base.css of common/html."""

TITLE_LINES = 3


@dataclass(frozen=True)
class Sheet:
    """Where everything on a sheet goes, in pixels, at a `scale` of its pictures."""

    columns: list[str]
    rows: list[list[str]]  # the lines of each row's label
    title: str
    largest: tuple[int, int]
    scale: float

    @cached_property
    def cell(self) -> tuple[int, int]:
        width, height = (max(1, int(side * self.scale)) for side in self.largest)
        return width, height

    @cached_property
    def unit(self) -> int:
        """The height of a label's letters: all else on the sheet is in proportion to it."""
        return max(12, round(max(self.cell) / 22))

    @property
    def gap(self) -> int:
        return self.unit // 2

    @property
    def line(self) -> int:
        return round(self.unit * 1.35)

    @property
    def margin(self) -> int:
        return round(self.unit * 1.5)

    @cached_property
    def left(self) -> int:
        """Where the first column begins."""
        widths = [font(self.unit).getlength(line) for row in self.rows for line in row]
        return self.margin + round(max(widths, default=0)) + self.unit

    @cached_property
    def heading(self) -> list[str]:
        """The title in lines."""
        size = round(self.unit * 1.15)
        space = self.width - 2 * self.margin
        return wrapped(self.title, lambda text: font(size).getlength(text) <= space, TITLE_LINES)

    @property
    def top(self) -> int:
        """Where the first row begins."""
        title = round(len(self.heading) * self.line * 1.15) + (self.unit if self.heading else 0)
        return self.margin + title + self.line + self.gap // 2

    @property
    def width(self) -> int:
        return self.left + len(self.columns) * (self.cell[0] + self.gap) - self.gap + self.margin

    @property
    def height(self) -> int:
        return self.top + len(self.rows) * (self.cell[1] + self.gap) - self.gap + self.margin


def grid(
    pictures: Sequence[Sequence[Image.Image]], columns: list[str], rows: list[str], title: str
) -> Image.Image:
    """Return a contact sheet: rows of pictures, with labels at the top and on the left.

    A row's label is broken after its commas. Pictures keep their shape; all are made smaller by
    the same factor where the sheet would be larger than about `LIMIT` a side.
    """
    labels = [[legible(part) for part in row.split(",")] for row in rows]
    everyone = [picture for row in pictures for picture in row]
    largest = max(p.width for p in everyone), max(p.height for p in everyone)
    heads, name = [legible(column) for column in columns], legible(title)
    sheet = Sheet(heads, labels, name, largest, 1.0)
    for _ in range(3):  # labels don't shrink for ever: it comes nearer each time
        longest = max(sheet.width, sheet.height)
        if longest > LIMIT:
            sheet = Sheet(heads, labels, name, largest, sheet.scale * LIMIT / longest)
    return drawn(sheet, pictures)


def drawn(sheet: Sheet, pictures: Sequence[Sequence[Image.Image]]) -> Image.Image:
    """Return the sheet with its pictures and labels."""
    image = Image.new("RGB", (sheet.width, sheet.height), PAPER)
    draw, label = ImageDraw.Draw(image), font(sheet.unit)
    (wide, high), gap = sheet.cell, sheet.gap
    for number, line in enumerate(sheet.heading):
        place = sheet.margin, sheet.margin + round(number * sheet.line * 1.15)
        draw.text(place, line, INK, font(round(sheet.unit * 1.15)), anchor="la")
    for x, column in enumerate(sheet.columns):
        text = fitted(column, lambda text: label.getlength(text) <= wide)
        middle = sheet.left + x * (wide + gap) + wide // 2
        draw.text((middle, sheet.top - gap), text, SOFT, label, anchor="ms")
    for y, (lines, row) in enumerate(zip(sheet.rows, pictures, strict=True)):
        upper = sheet.top + y * (high + gap)
        first = upper + high // 2 - (len(lines) - 1) * sheet.line // 2
        for number, line in enumerate(lines):
            middle = first + number * sheet.line
            draw.text((sheet.left - sheet.unit, middle), line, SOFT, label, anchor="rm")
        for x, (_, picture) in enumerate(zip(sheet.columns, row, strict=True)):
            shown = ImageOps.contain(picture.convert("RGB"), sheet.cell)
            spare = (wide - shown.width) // 2, (high - shown.height) // 2
            image.paste(shown, (sheet.left + x * (wide + gap) + spare[0], upper + spare[1]))
    return image
