"""The page of test pictures in a real browser."""

import colorsys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from selenium.webdriver import Chrome
from selenium.webdriver.common.keys import Keys

from stages.library.drawing.gallery import render
from stages.library.drawing.recall import Gallery
from tests.browser.pages import WATCH, Page, logged
from tests.browser.test_page import CONTRAST
from tests.stages.library.common.test_html import HOSTILE
from tests.stages.library.drawing.test_gallery import made

pytestmark = pytest.mark.browser

SIZE = (128, 192)
NAMES = [name for name in HOSTILE if name != "\ud800"]  # WebDriver can't say it
EPOCHS = {"e000001": 1, "e000002": 2, "last": 3}

Opener = Callable[[Gallery], Page]


def picture(number: int) -> Image.Image:
    """Return a picture that no other number has."""
    hue = colorsys.hsv_to_rgb(number * 0.137 % 1, 0.4, 0.9)
    image = Image.new("RGB", SIZE, tuple(round(255 * part) for part in hue))
    ImageDraw.Draw(image).ellipse((20, number % 90, 100, number % 90 + 80), "#5b2a82")
    return image


def opened(browser: Chrome, folder: Path, gallery: Gallery) -> Page:
    """Write a gallery's page with pictures into a folder, and open it."""
    (folder / "images").mkdir(exist_ok=True)
    for number, each in enumerate(gallery.pictures):
        picture(number).save(folder / "images" / each.name, compress_level=1)
    page = render(gallery, {each.name: SIZE for each in gallery.pictures})
    (folder / "index.html").write_text(page, encoding="utf-8")
    browser.get((folder / "index.html").as_uri())
    return Page(browser, folder)


@pytest.fixture
def open_gallery(browser: Chrome, tmp_path: Path) -> Iterator[Opener]:
    """Return a function that opens a gallery's page; afterwards no error may be logged."""

    logged(browser)
    yield partial(opened, browser, tmp_path)
    problems = logged(browser)
    browser.execute_script("localStorage.clear()")
    assert problems == []


@pytest.fixture
def small(open_gallery: Opener) -> Page:
    """Return the open page of two prompts, two weights and two seeds."""
    return open_gallery(made())


def shown(page: Page) -> str:
    """Return the file of the picture in the dialog."""
    name: str = page.js("return document.getElementById('large').src.split('/').pop()")
    return name


def walk(page: Page, key: str, to: str) -> None:
    """Press a key and wait until the dialog shows the picture."""
    page.press(key)
    page.wait("return document.getElementById('large').src.endsWith(arguments[0])", to)


def focused(page: Page, name: str) -> None:
    """Wait until the picture of that name has the focus."""
    page.wait("return (document.activeElement.href ?? '').endsWith(arguments[0])", name)


def is_open(page: Page, state: bool) -> None:
    page.wait("return document.getElementById('picture').open === arguments[0]", state)


# ---- the tables ----


def test_every_picture_stands_under_its_weight_and_beside_its_epoch_and_seed(
    open_gallery: Opener,
) -> None:
    gallery = made(epochs=EPOCHS)
    page = open_gallery(gallery)
    page.click("[name=language][value=en] + span")
    table = page.js(
        """return [...document.querySelectorAll('.prompt')].flatMap((section, prompt) =>
             [...section.querySelectorAll('.shots')].flatMap(row =>
               [...row.querySelectorAll('td')].map(cell => [
                 section.querySelector('.text').innerText,
                 row.cells[0].innerText.replace(/\\s+/g, ' '),
                 section.querySelector('thead').rows[0].cells[cell.cellIndex].innerText,
                 cell.querySelector('img').alt,
                 decodeURIComponent(cell.querySelector('a').href.split('/').pop())])))"""
    )
    assert len(table) == len(gallery.pictures)
    by_name = {each.name: each for each in gallery.pictures}
    for text, row, column, alt, name in table:
        one = by_name[name]
        number = EPOCHS[one.epoch]
        last = " last" if one.epoch == "last" else ""
        assert text == gallery.prompts[one.prompt - 1]
        assert row == f"epoch {number}{last} seed {one.seed}"
        assert column == f"weight {one.weight}"
        assert alt == f"weight {one.weight}, epoch {number}, seed {one.seed}"


def test_counts_and_bars(small: Page) -> None:
    counts = small.js(
        """return [...document.querySelectorAll('.gauge')].map(gauge =>
             [gauge.innerText.trim(), Number(gauge.querySelector('rect').getAttribute('width'))])"""
    )
    assert counts == [
        *(["1 / 8", 12.5], ["5 / 8", 62.5], ["4 / 8", 50], ["3 / 8", 37.5]),
        *(["5 / 16", 31.25], ["8 / 16", 50]),
    ]
    assert small.text(".most") == "8 / 16"
    row = small.js(
        "return [...document.querySelector('.heat tbody tr').cells].map(c => c.innerText)"
    )
    assert row == ["long_hair 長い髪", "90 %", "4", "2", "4"]


def test_pictures_are_loaded_when_they_come_near(open_gallery: Opener) -> None:
    page = open_gallery(made(epochs=EPOCHS, seeds=(1, 2, 3, 4)))
    page.wait("return document.querySelector('.shot img').naturalWidth === 128")
    page.js("[...document.querySelectorAll('.shot img')].at(-1).scrollIntoView()")
    page.wait("return [...document.querySelectorAll('.shot img')].at(-1).naturalWidth === 128")


def test_one_seed_at_a_time(open_gallery: Opener) -> None:
    page = open_gallery(made(epochs=EPOCHS))
    page.click("[name=seed][value='2'] + span")
    rows = "return [...document.querySelectorAll('.shots')].filter(r => r.checkVisibility())"
    assert page.js(f"{rows}.map(r => r.dataset.seed)") == ["2"] * 6
    page.click(".shots:not([hidden]) .shot")
    is_open(page, True)
    walk(page, Keys.ARROW_DOWN, "01_e000002_w0.6_s2.png")
    page.press(Keys.ESCAPE)
    is_open(page, False)
    page.click("[name=seed][value=''] + span")
    assert len(page.js(rows)) == 12


def test_what_is_in_view_stays_there(open_gallery: Opener) -> None:
    page = open_gallery(made(epochs=EPOCHS, seeds=(1, 2, 3)))
    top = "return document.querySelectorAll('.sheet tbody')[4].getBoundingClientRect().top"
    page.js("document.querySelectorAll('.sheet tbody')[4].scrollIntoView()")
    for choice in ("seed][value='3'", "seed][value=''"):
        page.js(f'document.querySelector("[name={choice}]").click()')
        assert 0 <= page.js(top) < 300


def test_small_pictures(open_gallery: Opener) -> None:
    page = open_gallery(made(epochs=EPOCHS))
    width = "return document.querySelector('.shot').offsetWidth"
    page.js("document.documentElement.style.setProperty('--wide', 1000)")
    before = page.js(width)
    page.click("[name=size][value=small] + span")
    assert page.js(width) < before / 2
    page.click("[name=size][value=large] + span")
    assert page.js(width) == before


# ---- one picture in the large ----


def test_arrows_walk_by_weight_seed_epoch_and_prompt(open_gallery: Opener) -> None:
    page = open_gallery(made(epochs={"e000001": 1, "last": 2}))
    page.click(".shot")
    is_open(page, True)
    assert shown(page) == "01_e000001_w0.6_s1.png"
    for key, to in (
        (Keys.ARROW_RIGHT, "01_e000001_w0.8_s1.png"),
        (Keys.ARROW_RIGHT, "01_e000001_w0.8_s1.png"),
        (Keys.ARROW_DOWN, "01_e000001_w0.8_s2.png"),
        (Keys.ARROW_DOWN, "01_last_w0.8_s1.png"),
        (Keys.ARROW_LEFT, "01_last_w0.6_s1.png"),
        (Keys.ARROW_DOWN, "01_last_w0.6_s2.png"),
        (Keys.ARROW_DOWN, "02_e000001_w0.6_s1.png"),
        (Keys.ARROW_UP, "01_last_w0.6_s2.png"),
    ):
        walk(page, key, to)
    page.press(Keys.ESCAPE)
    is_open(page, False)
    focused(page, "01_last_w0.6_s2.png")


def test_arrows_walk_in_the_table_too(small: Page) -> None:
    small.js("document.querySelector('.shot').focus()")
    for key, to in (
        (Keys.ARROW_UP, "01_last_w0.6_s1.png"),
        (Keys.ARROW_RIGHT, "01_last_w0.8_s1.png"),
        (Keys.ARROW_DOWN, "01_last_w0.8_s2.png"),
    ):
        small.press(key)
        focused(small, to)
    small.press(Keys.ENTER)
    is_open(small, True)
    assert shown(small) == "01_last_w0.8_s2.png"


def test_buttons_walk_where_there_is_no_keyboard(small: Page) -> None:
    small.click(".shot")
    is_open(small, True)
    disabled = "return [...document.querySelectorAll('[data-step]')].map(b => b.disabled)"
    assert small.js(disabled) == [True, False, True, False]
    small.click("[data-step=ArrowRight]")
    assert shown(small) == "01_last_w0.8_s1.png"
    assert small.js(disabled) == [False, True, True, False]
    small.click(".close")
    is_open(small, False)
    focused(small, "01_last_w0.8_s1.png")


def test_space_flips_between_the_last_two(small: Page) -> None:
    small.click(".shot")
    is_open(small, True)
    other = "return document.getElementById('other').innerText.replace(/\\s+/g, ' ')"
    assert "0.8" in small.js(other)
    walk(small, Keys.SPACE, "01_last_w0.8_s1.png")
    walk(small, Keys.SPACE, "01_last_w0.6_s1.png")
    walk(small, Keys.ARROW_DOWN, "01_last_w0.6_s2.png")
    assert "weight" not in small.js(other), "only what differs is named"
    walk(small, Keys.SPACE, "01_last_w0.6_s1.png")
    walk(small, Keys.SPACE, "01_last_w0.6_s2.png")
    small.js("document.activeElement.blur()")
    walk(small, Keys.SPACE, "01_last_w0.6_s1.png")


def test_dialog_tells_all_of_a_picture(open_gallery: Opener) -> None:
    gallery = made()
    infotext = "なすみそ <lora:nasumiso_v1:0.6>\r\n  two  spaces\n" + "\n".join(NAMES)
    first = replace(gallery.pictures[0], infotext=infotext, found=frozenset(["smile", "1girl"]))
    page = open_gallery(replace(gallery, pictures=[first, *gallery.pictures[1:]]))
    page.js("window.alert = () => { window.harmed = true }")
    page.click(".shot")
    is_open(page, True)
    assert page.js("return document.getElementById('infotext').textContent") == infotext
    chips = "return [...document.querySelectorAll(arguments[0])].map(c => c.innerText)"
    assert page.js(chips, "#found .chip") == ["smile"]
    assert page.js(chips, "#missing .chip") == ["long_hair 長い髪", "eggplant", "apron"]
    labels = page.js("return document.getElementById('labels').innerText.replace(/\\s+/g, ' ')")
    for part in ("Prompt 1", "weight 0.6", "epoch 10 最後", "seed 1"):
        assert part in labels
    page.wait("return document.getElementById('large').naturalWidth === 128")
    assert page.text("#file") == "images/01_last_w0.6_s1.png"
    assert page.js("return window.harmed === undefined")


def test_copy(small: Page) -> None:
    small.click(".shot")
    is_open(small, True)
    small.js("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    small.click("#copy")
    small.wait("return document.getElementById('copied').textContent === '✓'")
    assert small.js("return window.copied") == made().pictures[0].infotext


def test_a_click_beside_the_dialog_closes_it(small: Page) -> None:
    small.click(".shot")
    is_open(small, True)
    small.js("document.getElementById('picture').click()")
    is_open(small, False)


# ---- languages, sight, harm ----


def test_languages(small: Page) -> None:
    seen = "return document.body.innerText"
    assert {"強さ", "weight"} <= set(small.js(seen).split())
    small.click("[name=language][value=ja] + span")
    text = small.js(seen)
    assert "強さ" in text
    assert "weight" not in text
    assert small.js("return document.documentElement.lang") == "ja"
    small.click("[name=language][value=en] + span")
    assert "強さ" not in small.js(seen)
    assert "長い髪" not in small.js(seen)
    small.reload()
    assert "強さ" not in small.js(seen), "the browser remembers"
    assert small.js("return document.querySelector('[value=en]').checked")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 760, 1920])
def test_contrast_and_width(open_gallery: Opener, browser: Chrome, scheme: str, width: int) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        gallery = made(epochs=EPOCHS, weights=(0.2, 0.4, 0.6, 0.8, 1.0, 1.2), builtin=True)
        page = open_gallery(replace(gallery, prompts=["m" * 300, gallery.prompts[1]]))
        paper = page.js("return getComputedStyle(document.body).backgroundColor")
        assert paper == {"light": "rgb(250, 247, 241)", "dark": "rgb(23, 19, 27)"}[scheme]
        for view in ("", ".shot"):
            if view:
                page.click(view)
                is_open(page, True)
            assert page.js("return document.documentElement.scrollWidth <= innerWidth")
            assert page.js(CONTRAST) == []
        assert page.js(
            "const box = document.getElementById('picture').getBoundingClientRect();"
            "return box.left >= 0 && box.right <= innerWidth"
        )
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.parametrize("width", [390, 1280])
def test_weights_stay_in_view(open_gallery: Opener, browser: Chrome, width: int) -> None:
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        page = open_gallery(made(epochs=EPOCHS, seeds=(1, 2, 3)))
        page.js("document.querySelectorAll('.shots')[4].scrollIntoView()")
        top = page.js("return document.querySelector('.sheet th').getBoundingClientRect().top")
        assert 0 <= top < 60
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_hostile_texts(open_gallery: Opener) -> None:
    gallery = made(expected=[NAMES, NAMES], name=NAMES[0], trigger=NAMES[10])
    gallery = replace(
        gallery,
        prompts=[NAMES[0], NAMES[9]],
        japanese=dict.fromkeys(NAMES[:9], "<b>日本</b>"),
        subject=dict.fromkeys(NAMES, 0.5),
        settings=dict.fromkeys(NAMES, NAMES[0]),
        papers=dict.fromkeys(NAMES, NAMES[9]),
    )
    found = [replace(each, found=frozenset(NAMES[::2])) for each in gallery.pictures]
    page = open_gallery(replace(gallery, pictures=found))
    page.js("window.alert = () => { window.harmed = true }")
    page.click(".shot")
    is_open(page, True)
    page.press(Keys.ARROW_RIGHT)
    assert page.js("return window.harmed === undefined")
    assert not page.js("return document.querySelector('b b, script[src], img:not([alt])')")
    titles = page.js("return [...document.querySelectorAll('.text')].map(t => t.textContent)")
    assert titles == [NAMES[0], NAMES[9]]


def test_the_policy_blocks_what_is_not_the_pages(browser: Chrome, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, made())
    page.js(WATCH)
    page.js("""const script = document.createElement('script');
        try { script.textContent = 'window.harmed = true'; document.body.append(script); } catch {}
        const image = new Image(); image.src = 'https://nowhere.invalid/a.png';
        document.body.append(image);
        try { document.body.setAttribute('onclick', 'window.harmed = true'); } catch {}
        document.body.click()""")
    page.wait("return blocked.includes('img-src https://nowhere.invalid/a.png')")
    assert page.js("return window.harmed === undefined")


# ---- many, and few ----


def test_120_pictures(open_gallery: Opener) -> None:
    epochs = {**{f"e{number:06}": number for number in range(1, 10)}, "last": 10}
    page = open_gallery(made(epochs=epochs, weights=(0.6, 0.8, 1.0)))
    assert page.js("return document.querySelectorAll('.shot').length") == 120
    page.wait("return document.querySelector('.shot img').naturalWidth > 0")
    page.click(".shot", 119)
    is_open(page, True)
    assert shown(page) == "02_last_w1.0_s2.png"
    walk(page, Keys.ARROW_UP, "02_last_w1.0_s1.png")
    assert page.js("return document.documentElement.scrollWidth <= innerWidth")


def test_one_picture(open_gallery: Opener) -> None:
    page = open_gallery(made(prompts=1, seeds=(1,), weights=(0.8,)))
    page.click(".shot")
    is_open(page, True)
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
    assert shown(page) == "01_last_w0.8_s1.png"
    page.press(Keys.ESCAPE)
    is_open(page, False)
    focused(page, "01_last_w0.8_s1.png")
