"""The judge's page in a real browser, and its plot on the page that needs no network."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from stages.library.drawing.judging.figures import plotted
from stages.library.drawing.judging.judgement import Judgement
from stages.library.drawing.judging.page import render
from tests.browser.pages import Page, logged
from tests.browser.test_page import CONTRAST
from tests.support.clones import PROJECT, Clone
from tests.support.judgements import COPY, judgement, on_training, row, shown_in, unknown

pytestmark = pytest.mark.browser

ROWS = {
    (epoch, weight): row(0.03 * epoch * weight)
    for epoch in (2, 4, 6, 8, 10)
    for weight in (0.6, 0.8, 1.0)
}
FOUND = judgement({**ROWS, (10, 1.0): row(0.3, copies=[COPY])}, captions=7, seeds=1)
CASES = {"usual": FOUND, "on training": on_training(FOUND), "too few": unknown(ROWS), "none": None}


@pytest.fixture
def page(browser: Chrome, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Return the open page of a judgement; afterwards no error may be logged."""
    logged(browser)
    found: Judgement | None = CASES[getattr(request, "param", "usual")]
    path = tmp_path / "index.html"
    path.write_text(render(found, shown_in(tmp_path, *ROWS)), encoding="utf-8")
    browser.get(path.as_uri())
    yield Page(browser, tmp_path)
    problems = logged(browser)
    browser.execute_script("localStorage.clear()")
    assert problems == []


def test_one_language_or_both_are_shown(page: Page) -> None:
    seen = "return document.querySelector('.verdict').innerText"
    assert "おすすめ" in page.js(seen)
    assert "Take epoch" in page.js(seen)
    page.click("[name=language][value=ja]")
    assert "Take epoch" not in page.js(seen)
    page.click("[name=language][value=en]")
    assert "おすすめ" not in page.js(seen)
    page.reload()
    assert "おすすめ" not in page.js(seen), "it is remembered"


def test_every_picture_is_there(page: Page) -> None:
    widths = page.js(
        "for (const each of document.images) each.loading = 'eager';"
        "return [...document.images].map(each => each.src.startsWith('data:image/webp'))"
    )
    assert widths
    assert all(widths)
    page.wait("return [...document.images].every(each => each.naturalWidth > 0)")


@pytest.mark.parametrize("page", CASES, indirect=True)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_contrast_and_width(page: Page, scheme: str, width: int) -> None:
    browser = page.browser
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        for language in ("ja", "en", "both"):
            page.js(
                "document.querySelector(`[name=language][value=${arguments[0]}]`).click()", language
            )
            assert page.js("return document.documentElement.scrollWidth <= innerWidth")
            assert page.js(CONTRAST) == []
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_without_its_script_both_languages_and_all_pictures_show(
    browser: Chrome, tmp_path: Path
) -> None:
    html = render(FOUND, shown_in(tmp_path, *ROWS))
    (tmp_path / "plain.html").write_text(
        html.replace("<script>", "<script type=text/plain>"), "utf-8"
    )
    browser.get((tmp_path / "plain.html").as_uri())
    said = browser.execute_script("return document.querySelector('.verdict').innerText")
    assert "おすすめ" in said
    assert "Take epoch" in said


def test_the_plot_needs_no_network_and_has_a_line_and_intervals_for_each_weight(
    browser: Chrome, tmp_path: Path
) -> None:
    clone = Clone(tmp_path / "project", tmp_path / "home")
    clone.root.mkdir()
    clone.home.mkdir()
    for words in ("git init -q", "dvc init -q"):
        clone.run(*words.split())
    for name in (".dvc/plots/closeness.json", "training/plots.html"):
        (clone.root / name).parent.mkdir(parents=True, exist_ok=True)
        (clone.root / name).write_bytes((PROJECT / name).read_bytes())
    text = (PROJECT / "training" / "dvc.yaml").read_text(encoding="utf-8")
    plot = text.partition("  - closeness:\n")[2].partition("\n  - ")[0]
    (clone.root / "training" / "dvc.yaml").write_text(f"plots:\n  - closeness:\n{plot}\n")
    (clone.root / "training" / "judged").mkdir()
    (clone.root / "training" / "judged" / "closeness.csv").write_text(plotted(FOUND))
    clone.run("dvc", "plots", "show", "--html-template", "training/plots.html")
    browser.get((clone.root / "dvc_plots" / "index.html").as_uri())
    count = "return document.querySelectorAll(arguments[0]).length"
    assert browser.execute_script(count, "svg polyline") == 1 + 3
    assert (
        browser.execute_script(count, "svg line")
        == browser.execute_script(count, "svg circle")
        == 16
    )
    assert "weight 0.8" in browser.execute_script("return document.body.textContent")
    assert logged(browser) == []
