"""Drawings for the benchmarks: the sample, varied in size, format and mode."""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
KINDS = (("png", "RGB"), ("png", "RGBA"), ("jpg", "RGB"), ("webp", "RGB"), ("png", "P"))


def make_drawings(folder: Path, count: int, low: int = 900, high: int = 2600) -> None:
    """Write `count` different drawings, their short sides `low` to `high` px; always the same."""
    folder.mkdir(parents=True, exist_ok=True)
    choose = random.Random(0)
    sources = sorted(SAMPLE.iterdir())
    for number in range(count):
        with Image.open(sources[number % len(sources)]) as source:
            mode = "RGBA" if "A" in source.mode or "transparency" in source.info else "RGB"
            drawing = ImageOps.exif_transpose(source).convert(mode)
        drawing = drawing.rotate(choose.uniform(-8, 8), Image.Resampling.BICUBIC)
        scale = choose.randint(low, high) / min(drawing.size)
        size = (round(drawing.width * scale), round(drawing.height * scale))
        kind, mode = KINDS[number % len(KINDS)]
        drawing = drawing.resize(size, Image.Resampling.BICUBIC)
        if mode == "P":
            drawing = drawing.convert("RGB").quantize(200)
        drawing.convert(mode).save(folder / f"drawing{number:04}.{kind}")


def make_photos(folder: Path, count: int) -> None:
    """Write `count` JPEGs of 4000 x 3000 px with the grain of a camera; always the same."""
    noise = np.random.default_rng(0)
    for name, image in squares(count, (4000, 3000)):
        grain = noise.normal(0, 6, (3000, 4000, 1))
        pixels = (np.asarray(image) + grain).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}.jpg", quality=92)


def make_illustrations(folder: Path, count: int) -> None:
    """Write `count` PNGs of 2000 x 2000 px, every third with an alpha channel; always the same."""
    for number, (name, image) in enumerate(squares(count, (2000, 2000))):
        if number % 3 == 0:
            image.putalpha(Image.linear_gradient("L").resize(image.size))
        image.save(folder / f"{name}.png")


def squares(count: int, size: tuple[int, int]) -> Iterator[tuple[str, Image.Image]]:
    """Yield pictures put together of the sample's drawings, each of 500 x 500 px."""
    choose = random.Random(0)
    drawings = [
        Image.open(path).convert("RGBA").convert("RGB") for path in sorted(SAMPLE.iterdir())
    ]
    for number in range(count):
        image = Image.new("RGB", size)
        for left in range(0, size[0], 500):
            for top in range(0, size[1], 500):
                turned = choose.choice(drawings).rotate(choose.uniform(-30, 30))
                image.paste(turned.resize((500, 500), Image.Resampling.LANCZOS), (left, top))
        yield f"drawing{number:04}", image


def make_small(folder: Path, count: int, first: int = 0) -> None:
    """Write small drawings, 128 x 128 px and about 2 KB; every hundredth looks like the last."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        alike = number % 100 == 99
        small_drawing(number - alike, alike).save(folder / f"drawing{number:06}.png")


def small_drawing(seed: int, brighter: bool) -> Image.Image:
    """Return a drawing of shapes in few colours, always the same of a seed."""
    choose = random.Random(seed)
    image = Image.new("P", (128, 128))
    colours = [choose.randrange(256) for _ in range(3 * 8)]
    image.putpalette([min(255, colour + 4 * brighter) for colour in colours])
    draw = ImageDraw.Draw(image)
    for _ in range(24):
        x, y, r = choose.randrange(128), choose.randrange(128), choose.randrange(3, 40)
        draw.ellipse((x - r, y - r, x + r, y + choose.randrange(1, r)), choose.randrange(8))
        draw.line((y, x, x, choose.randrange(128)), choose.randrange(8), 2)
    return image
