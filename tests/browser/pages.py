"""Datasets to make pages of, and the browser to open them in."""

import io
import json
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from stages.library.dataset.drawings import Box
from stages.library.dataset.edits import Edits
from stages.library.dataset.images import crop_plan, part_of
from stages.library.dataset.manifest import SKIPPED, USED, Row
from stages.library.dataset.notes import Note, cell, note
from stages.library.dataset.subjects import Triggers
from stages.library.report import page
from stages.library.report.page import render_page
from stages.library.tagging.rules import Rules
from stages.library.tagging.scores import CHARACTER, GENERAL, RATING, Found, Scores

RULES = Rules(0.35, 0.85, [], [], "keep", False, 0)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")

TRIGGERS = Triggers("nasumiso_style")


@dataclass(frozen=True)
class Dataset:
    """Everything that render_page takes."""

    rows: list[Row]
    thumbnails: dict[str, bytes]
    sizes: dict[str, tuple[int, int]]
    crops: dict[str, Box]
    scores: Scores
    rules: Rules = RULES
    triggers: Triggers = TRIGGERS
    edits: Edits = field(default_factory=dict)
    edits_text: str = ""
    words: dict[str, str] = field(default_factory=dict)
    limit: int = 225
    folder: str | None = None
    typed: dict[str, list[str]] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    posts: dict[str, int] = field(default_factory=dict)

    def html(self) -> str:
        return render_page(page.Dataset(**vars(self)))


COLOURS = ["red", "blue", "green", "yellow", "purple", "pink", "brown", "white", "black", "grey"]
THINGS = [
    *("hair", "eyes", "dress", "shirt", "skirt", "hat", "ribbon", "gloves", "socks", "scarf"),
    *("flower", "background", "theme", "bow", "coat", "shoes", "apron", "hoodie", "sweater"),
    *("jacket", "umbrella", "kimono", "necktie", "cape", "bag", "horns", "wings", "tail", "ears"),
]


def found_of(scores: dict[int, int]) -> Found:
    """Return a picture's scores from tag index and ten-thousandths."""
    ordered = sorted(scores.items())
    return (
        np.array([index for index, _ in ordered], np.int32),
        np.array([value for _, value in ordered], np.uint16),
    )


def row_of(
    number: int, source: str, width: int = 300, height: int = 400, notes: Sequence[Note] = ()
) -> Row:
    """Return the manifest's row of a used picture; its SHA-256 begins with its number."""
    image, digest = f"img{number:03}.png", f"{number:064x}"[::-1]
    return Row(image, source, digest, width, height, USED, cell(notes))


def skipped_row(source: str, reason: Note) -> Row:
    """Return the manifest's row of a file that can't be used."""
    return Row("", source, "f" * 64, 0, 0, SKIPPED, cell([reason]))


def middle(row: Row) -> Box:
    """Return the square in the middle of a drawing."""
    box, _ = crop_plan(row.width, row.height, 512)
    return part_of(box, (row.width, row.height))


def thumbnail(row: Row, seed: int = 0) -> bytes:
    """Return a picture in the proportions of the drawing, its long side 256 px, as WebP."""
    scale = 256 / max(row.width, row.height, 1)
    size = (max(1, round(row.width * scale)), max(1, round(row.height * scale)))
    return drawn(size, seed % 500)


@cache
def drawn(size: tuple[int, int], seed: int) -> bytes:
    """Return a picture of a size, as WebP."""
    random_ = random.Random(seed)
    image = Image.new("RGB", size, tuple(random_.randrange(200, 256) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    for _ in range(24):
        x, y, r = random_.randrange(size[0]), random_.randrange(size[1]), random_.randrange(4, 60)
        colour = tuple(random_.randrange(256) for _ in range(3))
        draw.ellipse((x - r, y - r, x + r, y + r), colour, "#333333", random_.randrange(3))
    noise = np.random.default_rng(seed).integers(-6, 7, (size[1], size[0], 3))
    image = Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=80)
    return buffer.getvalue()


def dataset(
    rows: list[Row],
    found: Sequence[dict[str, int]],
    *,
    kinds: dict[str, int] | None = None,
    **others: Any,
) -> Dataset:
    """Return a dataset of `rows`, whose used ones have the scores `found`, by tag."""
    pictures = [row for row in rows if row.status == USED]
    stems = [Path(row.image).stem for row in pictures]
    tags = list(dict.fromkeys(tag for scores in found for tag in scores))
    places = {tag: index for index, tag in enumerate(tags)}
    scores = Scores(
        model="test",
        tags=tags,
        categories=[(kinds or {}).get(tag, GENERAL) for tag in tags],
        names=stems,
        digests=[""] * len(stems),
        found=[found_of({places[tag]: value for tag, value in each.items()}) for each in found],
    )
    return Dataset(
        rows=rows,
        thumbnails={
            stem: thumbnail(row, seed)
            for seed, (stem, row) in enumerate(zip(stems, pictures, strict=True))
        },
        sizes=dict.fromkeys(stems, (512, 512)),
        crops={stem: middle(row) for stem, row in zip(stems, pictures, strict=True)},
        scores=scores,
        **others,
    )


def many(count: int, words: dict[str, str], seed: int = 1) -> Dataset:
    """Return a generated dataset: WD14's share of tags, some pictures noted, some files skipped."""
    random_ = random.Random(seed)
    plain = [f"{colour}_{thing}" for colour in COLOURS for thing in THINGS]
    random_.shuffle(plain)
    tags = [*plain, *(f"rare_tag_{n}" for n in range(8000)), "nasu_(miso)", "general"]
    kinds = {"nasu_(miso)": CHARACTER, "general": RATING}
    rows, found = [], []
    for number in range(1, count + 1):
        width, height = random_.choice([(900, 1200), (1200, 900), (1000, 1000), (800, 1400)])
        notes = random_.choice([[]] * 12 + [[note("upscaled", width=400, height=300)]])
        if number > 1 and random_.random() < 0.03:
            notes = [note("looks_like", name=f"drawing_{number - 1:04}.png")]
        rows.append(row_of(number, f"drawing_{number:04}.png", width, height, notes))
        picked = {
            tag: int(500 + 9500 * random_.betavariate(0.7, 2))
            for tag in random_.sample(tags[:250], 45) + random_.sample(tags, 15)
        }
        found.append(picked | {"general": 9000})
    rows += [skipped_row(f"note {n}.txt", note("other_ending", ending=".txt")) for n in range(5)]
    return dataset(rows, found, kinds=kinds, words=words)


def chromium(downloads: Path, width: int = 1280, height: int = 900) -> webdriver.Chrome:
    """Start the browser; what the page saves lands in `downloads`."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in ("headless", "no-sandbox", "disable-gpu", "disable-background-networking"):
        options.add_argument(f"--{flag}")
    options.add_argument(f"--window-size={width},{height}")
    options.add_argument(f"--user-data-dir={downloads / 'profile'}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.set_capability("unhandledPromptBehavior", "ignore")
    browser = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    browser.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)}
    )
    browser.downloads = downloads  # type: ignore[attr-defined]
    return browser


@dataclass(frozen=True)
class Page:
    """An open page, as somebody sees it."""

    browser: webdriver.Chrome
    folder: Path

    def js(self, script: str, *arguments: Any) -> Any:
        """Run JavaScript in the page; `return` gives a value back."""
        return self.browser.execute_script(script, *arguments)

    def click(self, selector: str, index: int = 0) -> None:
        """Click what a CSS selector finds, scrolled into view first, in a card that is filled."""
        self.wait(
            "const target = document.querySelectorAll(arguments[0])[arguments[1]];"
            "target?.scrollIntoView({block: 'center'});"
            "return target && !target.closest('.card')?.stale",
            selector,
            index,
        )
        self.browser.find_elements(By.CSS_SELECTOR, selector)[index].click()

    def press(self, *keys: str) -> None:
        """Press keys where the focus is."""
        for key in keys:
            self.browser.switch_to.active_element.send_keys(key)

    def type(self, selector: str, text: str) -> None:
        """Fill an input field, as typing does, any text at once."""
        self.js(
            "const [field, text] = [document.querySelector(arguments[0]), arguments[1]];"
            "field.focus(); field.value = text;"
            "field.dispatchEvent(new Event('input', {bubbles: true}))",
            selector,
            text,
        )

    def wait(self, script: str, *arguments: Any) -> None:
        """Wait until the script returns something true."""
        WebDriverWait(self.browser, 20).until(lambda _: self.js(script, *arguments))

    def focused(self, id_: str) -> None:
        """Wait until the focus is there; what closes a dialog gives the focus back a task later."""
        self.wait("return document.activeElement.id === arguments[0]", id_)

    def reload(self) -> None:
        self.browser.refresh()

    def stems(self) -> list[str]:
        """Return the pictures that are listed."""
        found: list[str] = self.js("return [...document.querySelectorAll('.card')].map(c => c.id)")
        return found

    def chips(self, stem: str) -> list[str]:
        """Return a card's tags: struck ones with a `-` before, added ones with a `+`."""
        self.wait("return document.getElementById(arguments[0]).stale === false", stem)
        found: list[str] = self.js(
            "const chips = document.querySelectorAll(`#${arguments[0]} [data-act=toggle]`);"
            "const sign = ({classList: is}) => is.contains('struck') ? '-' :"
            "is.contains('added') ? '+' : '';"
            "return [...chips].map(chip => sign(chip) + chip.tag)",
            stem,
        )
        return found

    def text(self, selector: str) -> str:
        """Return the text of an element, shown or not."""
        found: str = self.js("return document.querySelector(arguments[0]).textContent", selector)
        return found

    def set_threshold(self, value: int) -> None:
        """Move the slider to so many ten-thousandths."""
        self.type("#threshold", str(value))

    def save(self) -> bytes:
        """Save with a browser that can only download, and return the file's bytes."""
        path = Path(self.browser.downloads, "edits.yaml")  # type: ignore[attr-defined]
        path.unlink(missing_ok=True)
        self.js("window.showOpenFilePicker = undefined")
        self.click("#save")
        WebDriverWait(self.browser, 20).until(lambda _: path.is_file())
        return path.read_bytes()


WATCH = """window.blocked = [];
    document.addEventListener('securitypolicyviolation', ({effectiveDirective, blockedURI}) =>
      blocked.push(`${effectiveDirective} ${blockedURI}`));"""
"""JavaScript that writes down what the page's policy blocks from now on."""


def logged(browser: webdriver.Chrome) -> list[str]:
    """Return what the browser has logged since it was last asked: errors, blocked content."""
    entries = browser.get_log("browser")  # type: ignore[no-untyped-call]
    return [entry["message"] for entry in entries]


def read_json(path: Path) -> Any:
    """Return what a JSON file holds."""
    return json.loads(path.read_text(encoding="utf-8"))
