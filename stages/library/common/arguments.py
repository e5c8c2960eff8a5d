"""Flags of a command, and the sections of params.yaml that it reads."""

import argparse
import sys
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from textwrap import shorten
from typing import Any, NoReturn, TypeVar

from stages.library.common.errors import Problem
from stages.library.common.params import Params, Section, as_text, load_params

PARAMS = Path("params.yaml")


Kind = TypeVar("Kind")


def filled(kind: type[Kind], values: dict[str, Any]) -> Kind:
    """Return a dataclass with those of a parser's values that are called as its fields are."""
    names = [each.name for each in fields(kind)]  # type: ignore[arg-type]
    return kind(**{name: values[name] for name in names})


class Parser(argparse.ArgumentParser):
    """A parser of a command's flags that reads sections of params.yaml besides.

    No key of params.yaml is a flag: what a person writes there never stands in a command, where a
    shell would see it. There are no defaults: what is left out is an error.
    """

    def __init__(self, prog: str, description: str | None, *sections: Section) -> None:
        super().__init__(
            prog=f"python -m {prog}",
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
            exit_on_error=False,
            argument_default=argparse.SUPPRESS,
        )
        self.sections = sections
        if sections:
            self.add_argument(
                "--params", type=Path, default=PARAMS, help=f"file of the knobs ({PARAMS})"
            )

    def parse(self, argv: list[str] | None) -> dict[str, object]:
        """Return the values of the flags, and of the sections' keys, by name.

        Raises:
            Problem: naming the params.yaml key (or the flag), what is wrong and what to do.
        """
        values = self._flags(sys.argv[1:] if argv is None else argv)
        if self.sections:
            values |= self.read(load_params(Path(str(values.pop("params")))))
        return values

    def read(self, params: Params) -> dict[str, object]:
        """Return the values of the sections' keys, by name.

        Raises:
            Problem: one is missing, not known, or has a wrong value.
        """
        return {k: value for each in self.sections for k, value in each.read(params).items()}

    def look_again(self, argv: list[str] | None, before: dict[str, object]) -> None:
        """Raise Problem if the sections' keys have other values than when they were read.

        DVC records those that are there when a stage has run.
        """
        if not self.sections:
            return
        now = self.parse(argv)
        places = {each.rest: each.name for each in self.sections if each.rest}
        places |= {
            name: f"{each.name}.{key}" for each in self.sections for name, key in each.names.items()
        }
        different = [place for key, place in places.items() if before.get(key) != now.get(key)]
        if different:
            raise Problem(
                f"params.yaml, {', '.join(different)}: changed while this was running; run the "
                "same command again / 実行中に変更されました。もう一度実行してください"
            )

    def _flags(self, words: list[str]) -> dict[str, object]:
        try:
            namespace, unknown = self.parse_known_args(words)
        except argparse.ArgumentError as error:
            raise Problem(f"{error.argument_name}: {error.message}") from None
        if unknown and unknown[0].startswith("-"):
            flag = unknown[0].split("=")[0]
            raise Problem(f"{flag}: no such flag; see {self.prog} --help")
        if unknown:
            raise Problem(f"{unknown[0]!r} does not belong here; remove it")
        if twice := [word for word in words if word.startswith("--") and words.count(word) > 1]:
            raise Problem(f"{twice[0]}: is given twice; keep one")
        values = vars(namespace)
        for action in self._actions:
            if action.option_strings and action.dest not in values and action.dest != "help":
                raise Problem(f"{action.option_strings[0]}: it has no value; write one")
        return values

    def error(self, message: str) -> NoReturn:
        raise Problem(message)

    def add_argument(self, *names: Any, **how: Any) -> argparse.Action:
        """Add a flag; one that takes a path says so."""
        if how.get("type") is Path and names[0].startswith("-"):
            how.setdefault("metavar", "PATH")
        return super().add_argument(*names, **how)

    def format_help(self) -> str:
        """Return what `--help` shows: the flags, and the keys with what params.yaml has now."""
        now: Params = {}
        with suppress(Problem):  # elsewhere than in the project, or not as it should be
            now = load_params(PARAMS)
        self.epilog = keys_of(self.sections, now)
        return super().format_help()


def keys_of(sections: tuple[Section, ...], params: Params) -> str | None:
    """Return what `--help` says of the sections: each key, what it means, and what it is now."""
    lines = [
        f"  {f'{section.name}.{name}':<36} {key.help}{value_of(params.get(section.name), name)}"
        for section in sections
        for name, key in section.keys.items()
    ]
    return "\n".join(["keys of params.yaml:", *lines]) if lines else None


def value_of(section: object, name: str) -> str:
    """Return a key's value in brackets; '' if it has none.

    >>> value_of({"threshold": 0.35}, "threshold")
    ' (now: 0.35)'
    """
    if not isinstance(section, dict) or name not in section:
        return ""
    return f" (now: {shorten(as_text(section[name]), 60, placeholder=' …')})"
