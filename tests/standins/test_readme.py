"""README.md lists what the stand-ins do, no more and no less."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.training import TRAINER

HERE = Path(__file__).parent
TEXT = (HERE / "README.md").read_text(encoding="utf-8")
SPOKEN = {"say": "info", "warn": "warning", "fail": "error"}


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading, without its head."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def whole(message: ast.expr) -> str:
    """Return what a log's message says, with … for every value."""
    match message:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(map(whole, parts))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return whole(left) + whole(right)
    return "…"


def english(message: ast.expr) -> str:
    """Return what it says before its Japanese."""
    return whole(message).partition(" / ")[0]


@cache
def calls(path: Path) -> list[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def said_by_the_stand_in() -> Iterator[tuple[str, str, str]]:
    """Yield what the stand-in can log: level, English text, place in sd-scripts."""
    for path in TRAINER.rglob("*.py"):
        for call in calls(path):
            match call:
                case ast.Call(
                    func=ast.Name(id=("say" | "warn" | "fail") as how),
                    args=[ast.Constant(value=str(place)), message],
                ):
                    yield SPOKEN[how], english(message), place


def test_every_behaviour_has_a_test_and_every_test_a_behaviour() -> None:
    tree = ast.parse((HERE / "test_trainer.py").read_text(encoding="utf-8"))
    tests = [f.name for f in tree.body if isinstance(f, ast.FunctionDef) and "test_" in f.name]
    listed = [row[-1].strip("`") for row in rows("The trainer: behaviour")]
    assert sorted(listed) == sorted(tests)


def test_every_line_it_logs_is_listed() -> None:
    listed = [tuple(cell.strip("`") for cell in row) for row in rows("The trainer: its log")]
    assert sorted(listed) == sorted(said_by_the_stand_in())


def test_every_order_is_explained_and_obeyed() -> None:
    order = re.compile(r"STANDIN_[A-Z_]+")
    explained = set(order.findall((TRAINER / "__init__.py").read_text(encoding="utf-8")))
    sources = [path for path in TRAINER.rglob("*.py") if path != TRAINER / "__init__.py"]
    obeyed = set(order.findall("".join(path.read_text(encoding="utf-8") for path in sources)))
    assert explained == obeyed


def test_the_examples_in_the_stand_in_hold() -> None:
    examples = [p for p in TRAINER.rglob("*.py") if ">>>" in p.read_text(encoding="utf-8")]
    assert len(examples) >= 3
    subprocess.run([sys.executable, "-m", "doctest", *examples], cwd=TRAINER, check=True)


CHECKOUT = Path(os.environ.get("SD_SCRIPTS", "nowhere"))


def source(name: str) -> Path:
    return next(CHECKOUT / d / name for d in ("", "library") if (CHECKOUT / d / name).is_file())


@pytest.mark.skipif(not CHECKOUT.is_dir(), reason="SD_SCRIPTS names no checkout of the real one")
@pytest.mark.filterwarnings("ignore:.*invalid escape sequence")  # in its own strings
def test_the_places_are_those_of_the_real_one() -> None:
    for level, text, place in said_by_the_stand_in():
        name, line = place.split(":")
        found = [
            (call.func.attr, english(call.args[0]))
            for call in calls(source(name))
            if isinstance(call.func, ast.Attribute)
            and call.func.attr in SPOKEN.values()
            and call.lineno == int(line)
            and call.args
        ]
        if text != "rich is not installed, using basic logging":  # a variable there
            assert found == [(level, text)], place
    for _, places, _ in rows("The trainer: behaviour"):
        for name, function in re.findall(r"`(\w+\.py)::(\w+)", places):
            assert re.search(rf"(def|class) {function}\b", source(name).read_text(encoding="utf-8"))
