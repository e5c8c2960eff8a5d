"""DVC's insides are asked in one module, of the release that it was tried with."""

import ast
import sqlite3
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import pytest

from stages.library.common.dvc_internals import TRIED, as_problem
from stages.library.common.errors import Problem
from tests.support.clones import PROJECT

INSIDE = PROJECT / "stages" / "library" / "common" / "dvc_internals.py"
MODULES = sorted(path for room in ("stages", "tools") for path in (PROJECT / room).rglob("*.py"))


def test_the_dvc_that_is_installed_is_the_one_that_was_tried() -> None:
    installed = version("dvc")
    if not f"{installed}.".startswith(f"{TRIED}."):
        pytest.fail(
            f"DVC {installed} is installed, {TRIED} was tried: if all other tests pass, write it "
            "into dvc_internals.TRIED and requirements.txt",
            pytrace=False,
        )


def test_no_other_release_is_let_in() -> None:
    major, minor = TRIED.split(".")
    lines = (PROJECT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith("dvc[")]
    assert line == f"dvc[gdrive]>={TRIED},<{major}.{int(minor) + 1}"


def imported(path: Path) -> set[str]:
    """Return the modules that a module imports, anywhere in it."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def test_nothing_else_imports_dvc_s_insides() -> None:
    public = {"dvc.api"}
    theirs = {
        path.relative_to(PROJECT).as_posix(): names
        for path in MODULES
        if (names := {name for name in imported(path) if f"{name}.".startswith("dvc.")} - public)
    }
    assert set(theirs) == {INSIDE.relative_to(PROJECT).as_posix()}


def test_notes_of_dvc_s_for_which_there_is_no_room_are_a_problem(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "notes.db")) as notes:
        notes.execute("PRAGMA max_page_count = 1")
        with (
            pytest.raises(Problem, match=r"notes: database or disk is full; make room"),
            as_problem("", ""),
        ):
            notes.execute("CREATE TABLE state (value)")
