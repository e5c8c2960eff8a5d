"""params.yaml: read as DVC reads it, and its keys checked; no shell ever sees any of it."""

import argparse
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from stages.library.common.errors import Problem
from stages.library.common.values import did_you_mean

Params = Mapping[str, object]

MOST = 100_000
"""Values in params.yaml."""

LOOK_BACK = 8
"""Lines, comments among them, in which the cause of what is no YAML is looked for."""


@dataclass(frozen=True)
class Key:
    """What may stand at a key: what `read` makes of a text; or of each in a list; or true, false.

    `read` raises argparse.ArgumentTypeError, saying what is wrong and what to do.
    """

    read: Callable[[str], object] = str
    help: str = ""
    many: bool = False
    switch: bool = False
    false: bool = False  # false is a value of its own, which `read` is given as a text
    absent: object = None  # what a params.yaml from before the key means; None: it must be there

    def of(self, value: object) -> object:
        """Return what the program works with.

        Raises:
            argparse.ArgumentTypeError: the value can't be used.
        """
        if self.switch:
            if not isinstance(value, bool):
                shown = "it has no value (null) and" if value is None else repr(as_text(value))
                raise argparse.ArgumentTypeError(
                    f"{shown} is neither true nor false; write one of them"
                )
            return value
        if self.many:
            return [self._one(each) for each in (value if isinstance(value, list) else [value])]
        if isinstance(value, list):
            raise argparse.ArgumentTypeError("it takes one value, not a list; write one")
        return self._one(value)

    def _one(self, value: object) -> object:
        wanted = "a list, [] for an empty one" if self.many else "a value"
        if value is None:
            raise argparse.ArgumentTypeError(f"it has no value (null); write {wanted}")
        if isinstance(value, bool) and (value or not self.false):
            raise argparse.ArgumentTypeError(
                f"it needs a value; {as_text(value)} is none; write {wanted}"
            )
        if isinstance(value, dict | list):
            raise argparse.ArgumentTypeError(f"{value!r} is no value; write {wanted}")
        text = as_text(value).strip("\n")
        if unseen(text):
            raise argparse.ArgumentTypeError(
                f"{text!r} has a line break or an unseen sign; write it on one line"
            )
        try:
            return self.read(text)
        except argparse.ArgumentTypeError as error:
            raise argparse.ArgumentTypeError(f"{error}{full_width(text)}") from None


@dataclass(frozen=True)
class Section:
    """A section of params.yaml, or what a stage needs of it.

    Keys that are not `keys` are handed on as they are under the name `rest`; without such a name
    they are refused, unless the section is not read as a `whole`. `moved` tells which keys stood
    here once, and the section they are in now. A program knows each key by `prefix` and its name,
    where another section that it reads has one of that name.
    """

    name: str
    keys: Mapping[str, Key]
    rest: str = ""
    whole: bool = True
    moved: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""

    def only(self, *keys: str) -> "Section":
        """Return what a stage needs that reads no more than a few keys."""
        return replace(self, keys={key: self.keys[key] for key in keys}, whole=False)

    def read(self, params: Params) -> dict[str, Any]:
        """Return the values by key, with the prefix.

        Raises:
            Problem: naming the first key that is missing, not known, or has a wrong value.
        """
        found: dict[str, Any] = {}
        for fault in self._faults(params, found):
            raise Problem(fault)
        return {f"{self.prefix}{key}": value for key, value in found.items()}

    @property
    def names(self) -> dict[str, str]:
        """The names by which a program knows the keys, and the keys that they are of."""
        return {f"{self.prefix}{key}": key for key in self.keys}

    def faults(self, params: Params) -> list[str]:
        """Return all that is wrong with the section, in words."""
        return list(self._faults(params, {}))

    def _faults(self, params: Params, found: dict[str, object]) -> Iterator[str]:
        """Yield what is wrong; put what is right into `found`."""
        place = f"params.yaml, {self.name}"
        values = params.get(self.name, {})
        if self.name not in params:
            yield f"{place}: the section is missing; write it as the project's params.yaml has it"
            return
        if not isinstance(values, dict):
            yield f"{place}: {no_section(values)}"
            return
        values = {str(key): value for key, value in values.items()}
        if moved := [key for key in values if key in self.moved]:
            to = self.moved[moved[0]]
            keys = [key for key, section in self.moved.items() if section == to]
            yield (
                f"{place}.{moved[0]}: has moved; write {', '.join(keys)} into a section {to}: of "
                f"their own / {to}: という新しいセクションに移してください"
            )
        rest = {key: value for key, value in values.items() if key not in self.keys}
        meant: set[str] = set()  # keys that are there, but misspelt
        if self.rest:
            found[self.rest] = rest
        elif self.whole:
            for key in rest:
                known = f"known keys: {', '.join(self.keys)}"
                hint = did_you_mean(key, self.keys, known)
                meant |= {name for name in self.keys if hint == f"did you mean {name}?"}
                yield f"{place}.{shown(key)}: no such key; {hint}{full_width(key)}"
        for name, kind in self.keys.items():
            if name not in values:
                if kind.absent is not None:
                    found[name] = kind.of(kind.absent)
                elif name not in meant:
                    yield f"{place}.{name}: it has no value; write one"
                continue
            try:
                found[name] = kind.of(values[name])
            except argparse.ArgumentTypeError as error:
                yield f"{place}.{name}: {error}"


def load_params(path: Path) -> dict[str, object]:
    """Return what params.yaml holds, by section.

    It is YAML 1.2, as for DVC: `1e-4` is a number and `no` a text.

    Raises:
        Problem: there is no such file, or it is no YAML with sections.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Problem(f"{path}: is not here; run this in the folder of the project") from None
    except UnicodeDecodeError:
        raise Problem(f"{path}: is no UTF-8; save it as UTF-8") from None
    return deepcopy(sections_in(text, path))


@lru_cache(maxsize=1)  # a stage reads it again at its end, and mostly it is the same
def sections_in(text: str, path: Path) -> dict[str, object]:
    """Return what a params.yaml says, by section.

    Raises:
        Problem: it is no YAML with sections.
    """
    # here, since tools.colab runs in a Python that has no packages, and reads nothing this way
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        found = YAML(typ="safe").load(text)
    except MarkedYAMLError as error:
        at = error.problem_mark.line if error.problem_mark else 0
        what = " ".join((error.problem or "").split())
        at, hint = guilty(text.splitlines(), at)
        raise Problem(f"{path}, line {at + 1}: is no YAML: {what}; mend it{hint}") from None
    except YAMLError as error:
        what = " ".join(str(error).split())
        raise Problem(f"{path}: is no YAML: {what}; mend it") from None
    except (RecursionError, TypeError):  # nested too deep; a list for a key
        raise Problem(f"{path}: is no YAML with sections and keys; mend it") from None
    if larger_than(MOST, found):
        raise Problem(f"{path}: its aliases (& and *) make it too large; write out what is meant")
    if not isinstance(found, dict):
        raise Problem(f"{path}: {no_section(found)}")
    return {str(key): value for key, value in found.items()}


def larger_than(most: int, found: object) -> bool:
    """Return whether there are more values than `most`; one list may stand in many places."""
    todo, count = [found], 0
    while todo and count <= most:
        value = todo.pop()
        inner = list(value.values()) if isinstance(value, dict) else value
        if isinstance(inner, list):
            todo += inner
            count += len(inner)
    return count > most


def guilty(lines: list[str], at: int) -> tuple[int, str]:
    """Return the line that is most likely wrong, and why: the parser sees it a few lines later.

    >>> guilty(["a:", "  b： 1", "  # c", "  d: 2"], 3)[0]
    1
    """
    for number in range(at, max(-1, at - LOOK_BACK), -1):
        line = lines[number] if number < len(lines) else ""
        if not line.lstrip().startswith("#") and (hint := why(line)):
            return number, hint
    return at, ""


def unknown_sections(params: Params, known: Mapping[str, Section]) -> list[str]:
    """Return in words the sections that no stage reads."""
    faults = []
    for name in params:
        section, dot, key = name.partition(".")
        hint = did_you_mean(name, known, f"known sections: {', '.join(known)}")
        if dot and section in known:
            hint = f"write {key}: within {section}:, two spaces further in "
            hint += f"/ {section}: の下に、半角スペース 2 つ分下げて書いてください"
        faults.append(f"params.yaml, {shown(name)}: no such section; {hint}{full_width(name)}")
    return [fault for name, fault in zip(params, faults, strict=True) if name not in known]


def no_section(value: object) -> str:
    """Return what is wrong with something that should have keys."""
    if value is None:
        return "holds no keys; write them there, each two spaces further in"
    text = as_text(value)
    return f"{text!r} is no list of keys; write key: value{why(text)}"


def why(text: str) -> str:
    """Return what is most likely wrong with text that should be `key: value`; else ''."""
    if hint := full_width(text):
        return hint
    if "\t" in text:
        return "; it holds a tab, write spaces / タブではなく半角スペースで字下げしてください"
    if re.search(r":[^\s:/]", text):
        return "; write a space behind the colon / コロンのあとに半角スペースを入れてください"
    return ""


def full_width(text: str) -> str:
    """Return a hint at the signs of a Japanese keyboard that look like others; else ''.

    >>> full_width("tag：なす")
    "; it holds '：', which is full-width: write ':' / 全角の「：」を半角にしてください"
    """
    found = [char for char in dict.fromkeys(text) if char == "\u3000" or "！" <= char <= "～"]
    if not found:
        return ""
    one = found[0]
    half = " " if one == "\u3000" else chr(ord(one) - ord("！") + ord("!"))
    return (
        f"; it holds {one!r}, which is full-width: write {half!r}"
        f" / 全角の「{one}」を半角にしてください"
    )


def shown(key: str) -> str:
    """Return a key as it is, or in quotation marks where it is an odd one."""
    return key if re.fullmatch(r"[\w.-]+", key) else repr(key)


def unseen(text: str) -> bool:
    """Return whether a text holds a control sign, or breaks the line."""
    return any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in text)


def as_text(value: Any) -> str:
    """Return a value of YAML as the text that a program is given.

    >>> [as_text(value) for value in (True, 1e-4, 512, "no")]
    ['true', '0.0001', '512', 'no']
    """
    return str(value).lower() if isinstance(value, bool) else str(value)
