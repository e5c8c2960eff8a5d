"""The page on which is voted: two pictures, three keys, and results only for who asks."""

from pathlib import Path

from markupsafe import Markup

from stages.library.common.html import policy, rendered, script, style

FOLDER = Path(__file__).with_suffix("")


def css() -> str:
    return style(FOLDER / "votes.css")


def code() -> str:
    return script(FOLDER / "votes.js")


def page_policy() -> str:
    """Return the page's content security policy: nothing but what its own server has."""
    return policy(css(), code(), pictures="'self' data:", network="'self'")


def render(name: str, who: str, several_runs: bool) -> str:
    """Return the page as HTML; `name` is the one by which it says that it is open or closed."""
    return rendered(
        FOLDER / "votes.html.j2",
        policy=page_policy(),
        style=Markup(css()),
        script=Markup(code()),
        name=name,
        who=who,
        several_runs=several_runs,
    )
