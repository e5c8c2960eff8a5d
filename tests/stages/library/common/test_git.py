"""An answer of nothing is no failure, and a failure is never taken for an answer."""

import ast
import inspect
import sys
from pathlib import Path

import pytest

from stages.library.common import errors
from stages.library.common import git as module
from stages.library.common.errors import Problem
from stages.library.common.git import git, git_or_none


def test_an_empty_answer_is_told_from_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    assert git("status", "--porcelain") == ""
    assert git_or_none("status", "--porcelain") == ""
    assert git_or_none("rev-parse", "HEAD") is None, "there is no commit yet"
    Path("new.txt").touch()
    assert git("status", "--porcelain") == "?? new.txt"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("log", "-1", "--format=%h"), r"^git log -1: fatal: not a git repository"),
        (("config", "user.nobody"), r"^git config user.nobody: exit code 1$"),
    ],
)
def test_a_failure_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(Problem, match=message) as error:
        git(*words)
    assert "\n" not in str(error.value)


def test_it_needs_nothing_that_pip_installs() -> None:
    """tools.colab imports it before there is a virtual environment."""
    names = set()
    for each in (module, errors):
        for node in ast.walk(ast.parse(inspect.getsource(each))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module or "")
    assert "subprocess" in names
    assert names - set(sys.stdlib_module_names) == {"stages.library.common.errors"}


def test_what_others_wrote_in_another_encoding_is_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    Path("a.txt").write_bytes("なす".encode("cp932"))
    git("add", "a.txt")
    assert "\ufffd" in git("show", ":a.txt")
