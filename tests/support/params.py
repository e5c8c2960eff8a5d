"""The command line of a stage, and a params.yaml with what it reads."""

from collections.abc import Mapping
from pathlib import Path

from ruamel.yaml import YAML

from stages.library.common.arguments import Parser


def write_params(path: Path, params: Mapping[str, object]) -> Path:
    """Write a params.yaml, as DVC reads it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(params, file)
    return path


def arguments(parser: Parser, values: Mapping[str, object], folder: Path) -> list[str]:
    """Return the words of a stage's command for flags and keys; the keys go into a params.yaml.

    It is written in `folder`. True gives a flag without a value. Keys that no section has are put
    with the options of the trainer, or else into the first section.
    """
    params: dict[str, dict[str, object]] = {section.name: {} for section in parser.sections}
    flags = {word for action in parser._actions for word in action.option_strings}
    words: list[str] = []
    for key, value in values.items():
        if f"--{key}" in flags:
            words += [f"--{key}"] if value is True else [f"--{key}", str(value)]
            continue
        found = [section for section in parser.sections if key in section.names]
        home = next(
            iter(found or [each for each in parser.sections if each.rest] or parser.sections)
        )
        params[home.name][home.names.get(key, key)] = plain(value)
    if params:
        words += ["--params", str(write_params(folder / "params.yaml", params))]
    return words


def plain(value: object) -> object:
    """Return a value as YAML has it: a path is a text."""
    return str(value) if isinstance(value, Path) else value
