"""Make docs/images anew: run `dvc repro`, then `python -m tests.browser.screenshots`.

The page of the dataset is the real one of the sample. No model drew the pictures of the gallery
and of the judge, and nothing judged these: they are placeholders, the sample's eggplants, paler at
a lower weight.
"""

import io
import tempfile
from collections.abc import Mapping
from itertools import product
from pathlib import Path

from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from selenium.webdriver import Chrome

from stages.library.drawing.gallery import render
from stages.library.drawing.judging.copies import Nearest
from stages.library.drawing.judging.judgement import Pair
from stages.library.drawing.judging.page import render as render_judged
from stages.library.drawing.recall import Drawn, Gallery
from tests.browser.pages import chromium
from tests.support.clones import PROJECT
from tests.support.judgements import judgement, row, shown_in
from tools.makers.sample import nasu_on_white

WIDTH, HEIGHT = 1280, 1100
COLOURS = 192
"""Of the picture's palette: a screenshot stays below 200 KB."""

PROMPTS = ["nasumiso_style, eggplant, smile", "nasumiso_style, eggplant, crying"]
MOODS = ["happy", "cry"]
FACES = ["happy", "cry", "wink", "surprise", "sleep", "calm"]
WEIGHTS = [0.6, 0.8, 1.0]
EXPECTED = ["purple_theme", "green_leaf", "blush_stickers", "no_humans"]


def gallery() -> Gallery:
    """Return a gallery as the first training's would be; the third weight draws most."""
    pictures = [
        Drawn(
            name=f"{prompt:02}_last_w{weight}_s1.png",
            prompt=prompt,
            epoch="last",
            weight=weight,
            seed=1,
            infotext=f"{PROMPTS[prompt - 1]} <lora:nasumiso_v1:{weight}>\nSteps: 25, Seed: 1",
            found=frozenset(EXPECTED[: place + prompt]),
        )
        for prompt, (place, weight) in product((1, 2), enumerate(WEIGHTS))
    ]
    return Gallery(
        name="nasumiso_v1",
        trigger="nasumiso_style",
        prompts=PROMPTS,
        negative_prompt="lowres, bad anatomy",
        epochs={"last": 10},
        weights=WEIGHTS,
        seeds=[1],
        pictures=pictures,
        settings={"Sampler": "DPM++ 2M", "Schedule type": "Karras", "Steps": "25"},
        subject={"eggplant": 1.0, **dict.fromkeys(EXPECTED, 0.8)},
        expected=[EXPECTED, EXPECTED],
        japanese={},
        tagger="SmilingWolf/wd-v1-4-moat-tagger-v2",
        builtin=False,
        threshold=0.35,
        papers={},
    )


def write_gallery(folder: Path) -> Path:
    """Write a gallery's page with placeholders for pictures, and return its path."""
    shown = gallery()
    (folder / "images").mkdir()
    for picture in shown.pictures:
        drawing = nasu_on_white(MOODS[picture.prompt - 1]).resize((512, 512))
        pale = ImageEnhance.Color(drawing).enhance(picture.weight**3)
        pale.save(folder / "images" / picture.name)
    page = folder / "index.html"
    page.write_text(render(shown, {each.name: (512, 512) for each in shown.pictures}), "utf-8")
    return page


def write_judged(folder: Path) -> Path:
    """Write the judge's page with placeholders for pictures and figures, and return its path."""
    cells = [(epoch, weight) for epoch in (2, 4, 6, 8, 10) for weight in WEIGHTS]
    shown = shown_in(folder, *cells)
    for path, face in zip(shown.drawings, FACES, strict=True):
        nasu_on_white(face).resize((256, 256)).save(path)
    copied = {(8, 1.0): 0, (10, 1.0): 1}
    rows, pairs = {}, {}
    for index, picture in enumerate(shown.evidence.pictures):
        cell = picture.epoch, picture.weight
        learned = picture.weight * min(1, picture.epoch / 6) * (1 if picture.trigger else 0.2)
        drawing = nasu_on_white(FACES[(picture.caption + picture.seed) % len(FACES)])
        if copied.get(cell) == picture.caption and picture.seed == 1:
            with Image.open(shown.drawings[picture.caption + 1]) as drawn:
                drawing, learned = drawn.convert("RGB").filter(ImageFilter.GaussianBlur(1)), 0.9
            near = Nearest(picture.caption + 1, 0.1, 0.4)
            pairs[cell] = [Pair(index, near, name) for name in ("features", "hash")]
        grey = ImageOps.colorize(ImageOps.grayscale(drawing), "#101820", "#e6ecf2")
        Image.blend(grey, drawing, min(1, learned)).resize((256, 256)).save(shown.pictures[index])
    for epoch, weight in cells:
        skill = 0.36 * weight * min(1, epoch / 6) - 0.012 * max(0, epoch - 8)
        rows[epoch, weight] = row(skill, copies=pairs.get((epoch, weight), []))
    page = folder / "index.html"
    page.write_text(render_judged(judgement(rows), shown), "utf-8")
    return page


def shoot_parts(browser: Chrome, page: Path, parts: Mapping[str, Path]) -> None:
    """Write what the browser shows of parts of a page, by their selectors, in few colours."""
    browser.get(page.as_uri())
    browser.execute_script("for (const each of document.images) each.loading = 'eager'")
    browser.execute_async_script("setTimeout(arguments[0], 1500)")
    for selector, to in parts.items():
        part = browser.find_element("css selector", selector)
        in_few_colours(part.screenshot_as_png, to)


def in_few_colours(png: bytes, to: Path) -> None:
    taken = Image.open(io.BytesIO(png)).convert("RGB")
    few = taken.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(to, optimize=True)


def shoot(browser: Chrome, page: Path, to: Path) -> None:
    """Write what the browser shows of a page, in few colours."""
    browser.get(page.as_uri())
    browser.execute_async_script("setTimeout(arguments[0], 1500)")
    in_few_colours(browser.get_screenshot_as_png(), to)


def main() -> None:
    images = PROJECT / "docs" / "images"
    images.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        browser = chromium(folder, WIDTH, HEIGHT)
        shoot(browser, PROJECT / "data" / "report" / "index.html", images / "dataset-page.png")
        shoot(browser, write_gallery(folder), images / "test-pictures.png")
        (folder / "judged").mkdir()
        parts = {
            ".advice": images / "judge-advice.png",
            ".panel:has(.chart)": images / "judge-closeness.png",
            "#copies": images / "judge-copies.png",
        }
        shoot_parts(browser, write_judged(folder / "judged"), parts)
        browser.quit()


if __name__ == "__main__":
    main()
