"""Chromium, once for all tests, and the pages it opens."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.browser.pages import CHROMIUM, DRIVER, Dataset, chromium, logged
from tests.browser.pages import Page as PageOf


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """Return the browser; on CI it must be there."""
    if not (CHROMIUM and DRIVER) and "CI" not in os.environ:
        pytest.skip("no Chromium: apt-get install chromium chromium-driver")
    started = chromium(tmp_path_factory.mktemp("browser"))
    yield started
    started.quit()


@pytest.fixture
def open_page(browser: Chrome, tmp_path: Path) -> Iterator["Opener"]:
    """Return a function that opens the page of a dataset; afterwards no error may be logged."""
    opener = Opener(browser, tmp_path)
    logged(browser)
    yield opener
    problems = logged(browser)
    browser.execute_script("localStorage.clear()")
    assert problems == []


class Opener:
    """Opens pages in one folder."""

    def __init__(self, browser: Chrome, folder: Path) -> None:
        self.browser = browser
        self.folder = folder

    def __call__(self, dataset: Dataset) -> PageOf:
        path = self.folder / "index.html"
        path.write_text(dataset.html(), encoding="utf-8")
        self.browser.get(path.as_uri())
        return PageOf(self.browser, self.folder)
