"""Drawings for the benchmarks: the sample, varied in size, format and mode."""

import random
from pathlib import Path

from PIL import Image, ImageOps

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
