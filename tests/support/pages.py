"""The pages of the documentation, README and docs/, and the commands in them."""

import re
from pathlib import Path

from tests.support.clones import PROJECT

ENGLISH_ONLY = {"docs/architecture.md"}

ENGLISH = [
    path.relative_to(PROJECT).as_posix()
    for path in (PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md")))
    if not path.name.endswith(".ja.md")
]
TRANSLATED = [page for page in ENGLISH if page not in ENGLISH_ONLY]


def japanese(page: str) -> str:
    """Return the path of a page's translation.

    >>> japanese("docs/train.md")
    'docs/train.ja.md'
    """
    return Path(page).with_suffix(".ja.md").as_posix()


def text_of(page: str) -> str:
    return (PROJECT / page).read_text(encoding="utf-8")


def blocks(text: str) -> list[list[str]]:
    """Return the shell blocks as lists of commands.

    >>> blocks("1. Type:\\n\\n   ```sh\\n   ls\\n   pwd\\n   ```\\n")
    [['ls', 'pwd']]
    """
    found = re.findall(r"^ *```sh\n(.*?)^ *```", text, flags=re.MULTILINE | re.DOTALL)
    return [[line.strip() for line in each.splitlines()] for each in found]


def commands(text: str) -> list[str]:
    """Return the commands of all shell blocks."""
    return [command for block in blocks(text) for command in block]
