"""Git as a command."""

import ast
import inspect
import sys

from stages.library.common import git


def test_it_returns_what_git_prints() -> None:
    assert git.git("--version").startswith("git version ")


def test_it_needs_nothing_that_pip_installs() -> None:
    """tools.colab imports it before there is a virtual environment."""
    nodes = ast.walk(ast.parse(inspect.getsource(git)))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    assert names
    assert names <= sys.stdlib_module_names
