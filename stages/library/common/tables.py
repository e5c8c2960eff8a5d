"""Tables for DVC to plot, in whose page no text may end a script."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

STEERING = re.compile(r"<(?=/?script|!--)", re.IGNORECASE)
"""What ends a script, or hides its end, in the middle of a text within it.

DVC puts a plot's rows into a script as JSON, as they are (dvc_render/vega.py, `generate_html`).
https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements
"""


def harmless(text: str) -> str:
    """Return a text that reads the same, and in the middle of a script is text.

    >>> harmless("</script>"), harmless("<o>_<o>")
    ('＜/script>', '<o>_<o>')
    """
    return STEERING.sub("＜", text)


def as_csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in [head, *rows]:
        writer.writerow([harmless(str(cell)) for cell in row])
    return text.getvalue()
