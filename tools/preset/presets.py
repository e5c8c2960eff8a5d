"""The presets in presets/: what another base model needs, and where each value is from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.library.common.errors import Problem
from stages.library.common.params import sections_in
from stages.library.common.values import did_you_mean
from tools.preset.lines import Spot, Stand, Written, how, stands

FOLDER = Path(__file__).parents[2] / "presets"

SHIPPED = "sd15"
"""The preset that leads back: what params.yaml is shipped with, where another one changes it."""

ABOUT = "preset"
"""The section of a preset that is no section of params.yaml."""

ORIGINS = ("published", "measured", "follows")
"""What the first line of the comment above a value may begin with, and a colon."""

Values = dict[Spot, object]


@dataclass(frozen=True)
class Entry:
    """A value as params.yaml is to hold it, and why: `origin` is such as `published: https://…`."""

    written: Written
    value: object
    origin: str
    why: str


@dataclass(frozen=True)
class Preset:
    """A base model: its licence in a line, and what to set; `not_yet` says why it can't be used."""

    name: str
    about: str
    licence: str
    licence_source: str
    not_yet: str
    entries: Mapping[Spot, Entry]


Presets = Mapping[str, Preset]
"""By name."""


def values_of(sections: Mapping[str, Any]) -> Values:
    """Return the values of a params.yaml, or of a preset, by section and key."""
    return {
        (section, str(key)): value
        for section, keys in sections.items()
        if isinstance(keys, dict)
        for key, value in keys.items()
    }


def read_preset(path: Path) -> Preset:
    """Return the preset that a file holds."""
    text = path.read_text(encoding="utf-8")
    sections = sections_in(text, path)
    about: Any = sections.pop(ABOUT)
    values, there = values_of(sections), stands(text)
    notes = comments(text, there)
    return Preset(
        path.stem,
        about["about"],
        f"{about['licence']} / {about['licence_ja']}",
        about["licence_source"],
        f"{about['not_yet']} / {about['not_yet_ja']}" if "not_yet" in about else "",
        {
            spot: Entry(how(text, there[spot]), value, *notes[spot])
            for spot, value in values.items()
        },
    )


def comments(text: str, there: Mapping[Spot, Stand]) -> dict[Spot, tuple[str, str]]:
    """Return what the comment above each value says: its first line, and the rest.

    A value right below another has that one's comment.
    """
    found: dict[Spot, tuple[str, str]] = {}
    last = ("", "")
    for spot, stand in there.items():
        above = re.search(r"((?: *#.*\n)*) *\Z", text[: stand.key])
        lines = [line.strip(" #") for line in above[1].splitlines()] if above else []
        if lines:
            last = (lines[0], " ".join(lines[1:]))
        found[spot] = last
    return found


def presets() -> dict[str, Preset]:
    """Return all presets by name, the one that leads back first."""
    found = {path.stem: read_preset(path) for path in sorted(FOLDER.glob("*.yaml"))}
    return {SHIPPED: found.pop(SHIPPED), **found}


def preset_called(name: str, known: Presets) -> Preset:
    """Return a preset by its name.

    Raises:
        Problem: there is none.
    """
    if name not in known:
        raise Problem(f"{name}: no such preset; {did_you_mean(name, known, ', '.join(known))}")
    return known[name]
