"""The options of a checkout of sd-scripts, as its source says them.

Nothing of it is imported: that would take torch, its own Python and half a minute.
"""

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from stages.library.common.errors import Problem

PINNED = "ae72efb9"
"""The commit that the project is tried with: v0.10.1."""

BASE = ("output_dir", "train_data_dir", "learning_rate", "pretrained_model_name_or_path")
"""Options of every trainer, each from another function of its library: all are read, or not all
of it is understood."""


@dataclass(frozen=True)
class Option:
    """What the trainer's source says about one of its options.

    `type` is the name of what reads a value, '' or str for any text; a flag has no default.
    """

    flag: bool = False
    many: bool = False
    type: str = ""
    choices: tuple[str, ...] = ()
    default: str | float | None = None


@dataclass(frozen=True)
class Module:
    """A module's functions, and the dotted names that its imported names stand for."""

    functions: dict[str, ast.FunctionDef]
    imported: dict[str, str]


def read_module(source: str, package: str) -> Module:
    """Return what a module in `package` ('' for none) defines and imports.

    >>> read_module("import library.args as a, library.utils; from . import b", "library").imported
    {'a': 'library.args', 'library': 'library', 'b': 'library.b'}
    """
    tree = ast.parse(source)
    imported: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                top = each.name.partition(".")[0]
                imported[each.asname or top] = each.name if each.asname else top
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: 1 - node.level or None] if node.level else []
            for each in node.names:
                words = [*above, node.module or "", each.name]
                imported[each.asname or each.name] = ".".join(filter(None, words))
    functions = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef)}
    return Module(functions, imported)


def known_options(checkout: Path, script: str) -> dict[str, Option]:
    """Return the options of a script, through every function that it calls to add some.

    Raises:
        Problem: it is no trainer, or one that is written in a way unknown here.
    """
    found: dict[str, Option] = {}
    seen: set[str] = set()

    @cache
    def module(name: str) -> Module | None:
        path = checkout.joinpath(*name.split("."))
        for file, package in (
            (path.with_suffix(".py"), name.rpartition(".")[0]),
            (path / "__init__.py", name),
        ):
            if file.is_file():
                return read_module(file.read_text(encoding="utf-8"), package)
        return None

    def collect(name: str) -> None:
        """Add the options of a function, by its dotted name, wherever it is defined."""
        home, _, function = name.rpartition(".")
        if name in seen or not home or not (source := module(home)):
            return
        seen.add(name)
        if function in source.functions:
            for call in ast.walk(source.functions[function]):
                if isinstance(call, ast.Call):
                    follow(call, home, source)
        elif function in source.imported:
            collect(source.imported[function])

    def follow(call: ast.Call, home: str, source: Module) -> None:
        match call.func:
            case ast.Attribute(attr="add_argument"):
                found.update(dict.fromkeys(names_of(call), option_of(call)))
            case ast.Name(id=function) if function in source.functions:
                collect(f"{home}.{function}")
            case ast.Name() | ast.Attribute():
                first, dot, rest = ast.unparse(call.func).partition(".")
                if first in source.imported:
                    collect(source.imported[first] + dot + rest)

    collect(f"{script.removesuffix('.py')}.setup_parser")
    if not found.keys() & {*BASE, "network_module"}:
        raise Problem(f"params.yaml, lora.script: {script} has no options; it is no trainer")
    if missing := [name for name in BASE if name not in found]:
        raise Problem(
            f"{checkout}: this sd-scripts is newer than the project knows (its options can't be "
            f"read: no {missing[0]}); use the pinned commit {PINNED}: git checkout {PINNED}"
        )
    return found


def names_of(call: ast.Call) -> list[str]:
    """Return the names of the option that a call of add_argument adds: one, or aliases too."""
    words = [str(word.value) for word in call.args if isinstance(word, ast.Constant)]
    return [word[2:] for word in words if re.match(r"--\w", word)]


def option_of(call: ast.Call) -> Option:
    """Return what a call of add_argument says."""
    said = {word.arg: word.value for word in call.keywords}
    action, choices, default = (said.get(key) for key in ("action", "choices", "default"))
    values = choices.elts if isinstance(choices, ast.List | ast.Tuple) else []
    flag = isinstance(action, ast.Constant) and str(action.value).startswith("store_")
    return Option(
        flag=flag,
        many="nargs" in said,
        type=ast.unparse(said["type"]) if "type" in said else "",
        # None among them is no word that a command line could hold
        choices=tuple(
            str(each.value)
            for each in values
            if isinstance(each, ast.Constant) and each.value is not None
        ),
        default=value_of(default) if default and not flag else None,
    )


def value_of(node: ast.expr) -> str | float | None:
    """Return a default: the value of a literal; else as it is written.

    >>> value_of(ast.parse("-1e-4", mode="eval").body)
    -0.0001
    >>> value_of(ast.parse("DEFAULT_RATE", mode="eval").body)
    'DEFAULT_RATE'
    """
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)
    return value if isinstance(value, str | float | int | None) else str(value)
