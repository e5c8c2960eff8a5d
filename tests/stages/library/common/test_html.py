"""What pages are made of, whatever their texts hold."""

import json

import pytest

from stages.library.common.html import island

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
