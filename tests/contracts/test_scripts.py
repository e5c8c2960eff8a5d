"""What the linter of our JavaScript (biome.json) doesn't see, in it and in the pages' CSS."""

import re
from collections import Counter
from pathlib import Path

import pytest

from stages.library.common.html import modules, script

ROOT = Path(__file__).parents[2]
TOPS = [ROOT / "stages", ROOT / "tools"]
SCRIPTS = sorted(path for top in TOPS for path in top.rglob("*.js"))
STYLES = sorted(path for top in TOPS for path in top.rglob("*.css"))
PAGES = [
    ROOT / "stages/library/report/page/keys.js",
    ROOT / "stages/library/drawing/gallery/gallery.js",
    ROOT / "stages/library/drawing/judging/page/page.js",
    ROOT / "tools/votes/page/votes.js",
]
"""The modules that import all others of a page."""


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_lines_are_short(path: Path) -> None:
    assert max(map(len, path.read_text(encoding="utf-8").splitlines())) <= 100


@pytest.mark.parametrize("path", [*SCRIPTS, *STYLES], ids=lambda path: path.name)
def test_code_holds_no_end_of_its_own_element(path: Path) -> None:
    assert "</" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_name_is_given_twice_in_a_page(path: Path) -> None:
    given = re.findall(r"^(?:async )?(?:function|const|let|class) ([\w$]+)", script(path), re.M)
    assert given
    assert [name for name, times in Counter(given).items() if times > 1] == []


def test_every_module_is_part_of_a_page() -> None:
    assert sorted({other for path in PAGES for other in modules(path)}) == SCRIPTS


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_an_import_names_what_a_module_exports(path: Path) -> None:
    texts = modules(path)
    for other, text in texts.items():
        for names, name in re.findall(r'^import \{([^}]*)\} from "(\S+)";$', text, re.M):
            imported = texts[(other.parent / name).resolve()]
            exported = re.findall(
                r"^export (?:async )?(?:function|const|let) ([\w$]+)", imported, re.M
            )
            assert set(re.findall(r"[\w$]+", names)) <= set(exported), (other.name, name)
