"""What pages are made of, whatever their texts hold."""

import json
from pathlib import Path

import pytest

from stages.library.common.html import island, script

HOSTILE = [
    *("</script><script>alert(1)</script>", "<!--<script>", "]]>", "'\"`${alert(1)}", "__proto__"),
    *("\u2028\u2029", "\u202egnp.exe", "🍆\U0001f469\u200d\U0001f3a8", "a\nb\r\nc\x00\x07"),
    *("{{ 7*7 }}", '"><img src=x onerror=alert(1)>', "&lt;b&gt;", "javascript:alert(1)"),
    *("constructor", "\ud800"),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_island_holds_any_text(text: str) -> None:
    made = island([text])
    assert json.loads(str(made)) == [text]
    assert not set("<>&\u2028\u2029") & set(made)
    assert made.encode()


def test_a_module_stands_once_behind_what_it_imports(tmp_path: Path) -> None:
    files = {
        "page.js": 'import { b } from "./b.js";\nimport { a } from "./in/a.js";\n\nb(a);\n',
        "b.js": 'import {\n  a,\n} from "./in/a.js";\n\nexport const b = (c) => a + c;\n',
        "in/a.js": "export const a = 1;\n",
    }
    (tmp_path / "in").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    joined = " ".join(script(tmp_path / "page.js").split())
    assert joined == '"use strict"; const a = 1; const b = (c) => a + c; b(a);'
