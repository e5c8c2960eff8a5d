"""The options of the versions of sd-scripts that the project knows, kept as data.

What counts when a training starts is the checkout itself (`option_source`); these say which other
trainer has an option, and let tests hold the presets to more than one version. They are no
dependency of a stage: no result depends on them. `python -m tools.makers.option_table` writes them.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from stages.library.training.option_source import Option

FOLDER = Path(__file__).with_name("option_tables")

Scripts = dict[str, dict[str, Option]]
"""Options by name, by the script that has them."""


@dataclass(frozen=True)
class Table:
    """The options of every script of a version, such as v0.10.1."""

    version: str
    commit: str
    scripts: Scripts


def as_json(table: Table) -> str:
    """Return a table as JSON, an option a line; those that all scripts share are there once."""
    first, *others = table.scripts.values()
    shared = {
        name: first[name] for name in first if all(o.get(name) == first[name] for o in others)
    }
    own = {
        script: {name: each for name, each in options.items() if name not in shared}
        for script, options in table.scripts.items()
    }
    blocks = [f"{json.dumps(name)}: {_lines(options)}" for name, options in own.items()]
    return (
        f'{{"version": {json.dumps(table.version)}, "commit": {json.dumps(table.commit)},\n'
        f'"shared": {_lines(shared)},\n"scripts": {{\n' + ",\n".join(blocks) + "}}\n"
    )


def _lines(options: dict[str, Option]) -> str:
    lines = []
    for name, option in sorted(options.items()):
        said = {key: value for key, value in vars(option).items() if value != vars(Option())[key]}
        lines.append(f"{json.dumps(name)}: {json.dumps(said)}")
    return "{" + ",\n".join(["", *lines])[1:] + "}"


def from_json(text: str) -> Table:
    """Return the table that `as_json` wrote."""
    raw = json.loads(text)
    return Table(
        raw["version"],
        raw["commit"],
        {
            script: {
                name: Option(**said | {"choices": tuple(said.get("choices", ()))})
                for name, said in (raw["shared"] | own).items()
            }
            for script, own in raw["scripts"].items()
        },
    )


def tables() -> list[Table]:
    """Return the tables of all known versions, the oldest first."""
    found = [from_json(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.json")]
    return sorted(found, key=lambda table: [int(n) for n in re.findall(r"\d+", table.version)])


def owner(option: str, script: str) -> str:
    """Return who has an option that `script` does not: other scripts, or a version; else ''."""
    for table in tables():
        if found := [name for name, options in table.scripts.items() if option in options]:
            return f"sd-scripts {table.version}" if script in found else ", ".join(found)
    return ""
