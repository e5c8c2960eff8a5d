"""What `pytest` alone leaves out, and that it can't be run by mistake."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import REST, pytest_configure
from tests.support.clones import PROJECT

ALONE = pytest.Config.ArgsSource.TESTPATHS
NAMED = pytest.Config.ArgsSource.ARGS


@pytest.mark.parametrize("mark", ["e2e", "browser", "faults"])
def test_a_folder_of_slow_tests_is_marked(mark: str) -> None:
    files = sorted((PROJECT / "tests" / mark).glob("test_*.py"))
    assert files
    for path in files:
        assert f"\npytestmark = pytest.mark.{mark}\n" in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize(
    ("source", "words", "given", "used"),
    [
        (ALONE, (), "", f"not ({REST})"),
        (ALONE, ("-q", "--maxfail=1"), "", f"not ({REST})"),
        (ALONE, ("-m", ""), "", ""),
        (ALONE, ("-m", REST), REST, REST),
        (NAMED, ("tests/e2e/test_pipeline.py",), "", ""),
    ],
)
def test_only_who_names_and_chooses_nothing_is_spared(
    source: object, words: tuple[str, ...], given: str, used: str
) -> None:
    config: Any = SimpleNamespace(
        args_source=source,
        invocation_params=SimpleNamespace(args=words),
        option=SimpleNamespace(markexpr=given),
    )
    pytest_configure(config)
    assert config.option.markexpr == used


def test_every_mark_of_the_rest_is_registered(pytestconfig: pytest.Config) -> None:
    registered = [line.partition(":")[0] for line in pytestconfig.getini("markers")]
    assert set(REST.split(" or ")) <= set(registered)
