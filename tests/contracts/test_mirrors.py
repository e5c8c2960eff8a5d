"""Every module has its test, under the same path, and every test a module."""

import pytest

from tests.support.clones import PROJECT

BESIDES = {
    "tests/stages/test_train_captions.py": "of stages/train.py, as test_train.py is",
    "tests/stages/test_train_validation.py": "of stages/train.py, as test_train.py is",
}
"""Tests that mirror no module, and why."""


ELSEWHERE = {
    "stages/library/params/": "lists of keys, held by test_dvc_yaml.py and test_params.py",
    "tools/corrections/": "one after another, as a person does it: all tried in its test_main.py",
    "tools/doctor/": "checks that only a whole project has; each is tried in its test_main.py",
    "tools/remote/send.py": "a process of its own, tried with a remote in tests/tools/remote",
}
"""Modules whose tests stand elsewhere, and where."""


def mirror(module: str) -> str:
    """Return where the test of a module stands.

    >>> mirror("tools/remote/__main__.py")
    'tests/tools/remote/test_main.py'
    """
    folder, _, name = module.rpartition("/")
    return f"tests/{folder}/test_{name.strip('_').replace('__.py', '.py')}"


MODULES = sorted(
    path.relative_to(PROJECT).as_posix()
    for top in ("stages", "tools")
    for path in (PROJECT / top).rglob("*.py")
    if path.name != "__init__.py"
)


@pytest.mark.parametrize(
    "module", [each for each in MODULES if not each.startswith(tuple(ELSEWHERE))]
)
def test_a_module_has_its_test(module: str) -> None:
    assert (PROJECT / mirror(module)).is_file()


def test_a_test_has_its_module() -> None:
    found = {
        path.relative_to(PROJECT).as_posix()
        for top in ("stages", "tools")
        for path in (PROJECT / "tests" / top).rglob("test_*.py")
    }
    assert found - set(map(mirror, MODULES)) == set(BESIDES)
