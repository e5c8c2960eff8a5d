"""Pages that are one file with no network: their templates, data and security policy."""

import base64
import hashlib
import json
import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

FOLDER = Path(__file__).with_suffix("")
"""What the pages have in common: base.css, base.html.j2, macros, JavaScript modules."""

IMPORT = r'^import \{[^}]*\} from "(\S+)";\n'
"""How one of our JavaScript modules imports from another."""


def island(value: object) -> Markup:
    r"""Return JSON that can do no harm inside a script element, whatever it holds.

    >>> str(island(["</script><!--"]))
    '["\\u003c/script\\u003e\\u003c!--"]'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(
        re.sub("[<>&\u2028\u2029\ud800-\udfff]", lambda found: f"\\u{ord(found.group()):04x}", text)
    )


def modules(path: Path) -> dict[Path, str]:
    """Return the text of a JavaScript module behind those of all that it imports, in order."""
    found: dict[Path, str] = {}
    text = path.read_text(encoding="utf-8")
    for name in re.findall(IMPORT, text, re.MULTILINE):
        found |= modules((path.parent / name).resolve())
    return found | {path: text}


def script(path: Path) -> str:
    """Return a JavaScript module and all that it imports as one script, for one HTML file.

    They share one scope there, so no two modules may give a name at their top level.
    """
    joined = "\n".join(modules(path.resolve()).values())
    return '"use strict";\n' + re.sub(f"{IMPORT}|^export ", "", joined, flags=re.MULTILINE)


def style(path: Path) -> str:
    """Return a page's CSS behind the one of all pages."""
    return (FOLDER / "base.css").read_text(encoding="utf-8") + path.read_text(encoding="utf-8")


def digest(text: str) -> str:
    """Return the source by which a content security policy allows an inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def policy(css: str, code: str, pictures: str = "data:", network: str = "'none'") -> str:
    """Return a content security policy: this style, this script, these pictures, this network."""
    return (
        f"default-src 'none'; img-src {pictures}; style-src {digest(css)}; "
        f"script-src {digest(code)}; connect-src {network}; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


def rendered(template: Path, **values: object) -> str:
    """Return a page, from a Jinja template that escapes every value."""
    environment = Environment(
        loader=FileSystemLoader([template.parent, FOLDER]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template.name).render(**values)
