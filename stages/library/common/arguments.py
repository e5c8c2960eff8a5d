"""Flags of a stage, and the values params.yaml may give them."""

import argparse
import difflib
import math
import re
import sys
from collections.abc import Callable, Iterable
from typing import NoReturn

from stages.library.common.errors import Problem


class Parser(argparse.ArgumentParser):
    """A parser that names a wrong value by its params.yaml key.

    `section` is the params.yaml section that dvc.yaml unpacks into the flags added by
    `add_param`. There are no defaults: a flag left out is an error, but for lists and switches,
    which DVC drops when they are empty or false.
    """

    def __init__(self, prog: str, description: str | None, section: str = "") -> None:
        super().__init__(
            prog=f"python -m {prog}",
            description=description,
            allow_abbrev=False,
            exit_on_error=False,
            argument_default=argparse.SUPPRESS,
        )
        self.section = section
        self.params: dict[str, str] = {}
        self._group = (
            self.add_argument_group(f"params.yaml, section {section}") if section else self
        )

    def add_param(
        self,
        key: str,
        type: Callable[[str], object] = str,
        *,
        help: str,
        section: str | None = None,
        many: bool = False,
        switch: bool = False,
    ) -> None:
        """Add the flag of one params.yaml key; `many` takes a list, `switch` true or false."""
        flag = f"--{key}"
        self.params[key] = f"{section or self.section}.{key}"
        if switch:
            self._group.add_argument(flag, action="store_true", default=False, help=help)
        elif many:
            read = given(type, "; write a list, [] for an empty one")
            self._group.add_argument(
                flag, nargs="+", type=read, default=[], help=help, metavar="VALUE"
            )
        else:
            self._group.add_argument(
                flag, type=given(type, "; write a value"), help=help, metavar="VALUE"
            )

    def parse(self, argv: list[str] | None) -> dict[str, object]:
        """Return the flags' values by name.

        Raises:
            Problem: naming the params.yaml key (or the flag), what is wrong and what to do.
        """
        words = sys.argv[1:] if argv is None else argv
        try:
            namespace, unknown = self.parse_known_args(words)
        except argparse.ArgumentError as error:
            place = self._place(error.argument_name or "")
            raise Problem(f"{place}: {self._plainly(error.message)}") from None
        if unknown:
            raise Problem(
                self._unknown_key(unknown[0])
                if unknown[0].startswith("--")
                else self._unexpected(unknown[0], words)
            )
        if twice := [word for word in words if word.startswith("--") and words.count(word) > 1]:
            raise Problem(self._unknown_key(twice[0]))  # a key named as a flag of the command
        values = vars(namespace)
        for action in self._actions:
            if action.option_strings and action.dest not in values and action.dest != "help":
                raise Problem(
                    f"{self._place(action.option_strings[0])}: it has no value; write one"
                )
        return values

    def error(self, message: str) -> NoReturn:
        raise Problem(message)

    def _place(self, flag: str) -> str:
        key = flag.removeprefix("--")
        return f"params.yaml, {self.params[key]}" if key in self.params else flag

    def _plainly(self, message: str) -> str:
        if message.startswith("expected"):
            return "it needs a value; true is none, nor is one that begins with '-'"
        return "it takes no value but true or false" if "explicit argument" in message else message

    def _unexpected(self, word: str, words: list[str]) -> str:
        """Return what is wrong with `word`, which is no flag and no flag's value."""
        flag, room = "", 0.0
        for each in words:
            if action := self._option_string_actions.get(each):
                flag = each
                room = 0 if action.nargs == 0 else math.inf if action.nargs == "+" else 1
            elif each == word and (not room or each.startswith("-")):
                break
            else:
                room -= 1
        if word.startswith("-"):
            return f"{self._place(flag)}: {word!r} begins with '-'; write one that does not"
        if flag[2:] not in self.params:
            section = f"params.yaml, {self.section}: " if self.section else ""
            return f"{section}{word!r} does not belong here; write the keys there, or remove it"
        if self._option_string_actions[flag].nargs == 0:
            return f"{self._place(flag)}: {word!r} is neither true nor false; write one of them"
        return f"{self._place(flag)}: it takes one value, not a list; remove {word!r}"

    def _unknown_key(self, word: str) -> str:
        key = word[2:].split("=")[0]
        if not self.section:
            if word in self._option_string_actions:
                return f"{word}: is given twice; keep one"
            return f"{word}: no such flag; see {self.prog} --help"
        place = f"params.yaml, {self.section}.{key}"
        keys = [known for known, named in self.params.items() if named == f"{self.section}.{known}"]
        if key in keys:
            return f"{place}: is given twice; keep one"
        near = difflib.get_close_matches(key, keys, n=1)
        known = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(keys)}"
        return f"{place}: no such key; {known}"


def given(read: Callable[[str], object], remedy: str) -> Callable[[str], object]:
    """Return `read`, refusing the word that DVC makes of a key without a value (null)."""

    def read_given(text: str) -> object:
        if text == "None":
            raise argparse.ArgumentTypeError(f"it has no value (null){remedy}")
        return read(text)

    return read_given


def number(low: float, high: float) -> Callable[[str], float]:
    """Return a reader of finite numbers from `low` to `high`, both included."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a number from {low:g} to {high:g}; write one"
            )
        return value

    return read


def whole(low: int, high: int, multiple_of: int = 1) -> Callable[[str], int]:
    """Return a reader of whole numbers from `low` to `high`, both included."""
    kind = "a whole number" if multiple_of == 1 else f"a multiple of {multiple_of}"

    def read(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,10}", text) or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number from {low} to {high}; write one"
            )
        if int(text) % multiple_of:
            near = max(low, round(int(text) / multiple_of) * multiple_of)
            raise argparse.ArgumentTypeError(f"{text} is not {kind}; write {near}")
        return int(text)

    return read


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a reader of one of a few words."""

    def read(text: str) -> str:
        if text not in choices:
            near = difflib.get_close_matches(text, choices, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise argparse.ArgumentTypeError(
                f"{text!r} is none of {', '.join(choices)}{hint or '; write one of them'}"
            )
        return text

    return read


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """Return a question with the nearest known word, in capitals or not; `otherwise` if none is.

    >>> did_you_mean("dpm++ 2m", ["Euler", "DPM++ 2M"], "it has two")
    'did you mean DPM++ 2M?'
    """
    lower = {each.lower(): each for each in known}
    near = difflib.get_close_matches(word.lower(), lower, n=1)
    return f"did you mean {lower[near[0]]}?" if near else otherwise


def tag(text: str) -> str:
    """Read one tag: no comma, no line break, not empty.

    >>> tag(" long_hair ")
    'long_hair'
    """
    if "," in text:
        raise argparse.ArgumentTypeError(
            f"{text!r} holds a comma, which separates tags in a caption; write one tag without it"
        )
    if not text.strip() or not text.isprintable():
        raise argparse.ArgumentTypeError(f"{text!r} is no tag; write a word such as long_hair")
    return text.strip()


def replacement(text: str) -> tuple[str, str]:
    """Read `a=>b`: the tag to replace and the tag that takes its place.

    >>> replacement("grey_hair=>silver_hair")
    ('grey_hair', 'silver_hair')
    """
    parts = text.split("=>")
    if len(parts) != 2 or not all(part.strip() for part in parts):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no replacement; write old_tag=>new_tag (to drop a tag use exclude)"
        )
    return tag(parts[0]), tag(parts[1])


def folder_name(text: str) -> str:
    """Read a name that is safe in a folder, in sd-scripts and in a WebUI: ASCII, no path."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", text) or text.endswith("."):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no name for a LoRA; write 1 to 64 of A-Z a-z 0-9 . _ - and begin with a "
            "letter or digit (a WebUI can't load a LoRA whose file name is Japanese)"
            " / 半角英数字で書いてください"
        )
    return text
