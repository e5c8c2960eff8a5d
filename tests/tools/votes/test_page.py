"""The page: it tells nothing of what is shown, and asks nobody but its own server."""

import re
from html import unescape

from tests.stages.library.common.test_html import HOSTILE
from tools.votes.page import page_policy, render


def test_the_page_asks_nobody_but_its_server() -> None:
    html = unescape(render("0123", "Nasu", several_runs=False))
    assert html.count(page_policy()) == 1
    assert "connect-src 'self'" in page_policy()
    assert "img-src 'self' data:" in page_policy()
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", html)
    assert "unsafe-inline" not in html


def test_the_page_has_both_languages() -> None:
    html = render("0123", "Nasu", several_runs=False)
    for text in ("どちらですか", "Which one would you rather have drawn?"):
        assert text in html


def test_a_hostile_name_does_no_harm() -> None:
    for name in HOSTILE:
        if name != "\ud800":
            html = render("0123", name, several_runs=True)
            assert html.count("<script") == 2
            assert "<img src" not in html
