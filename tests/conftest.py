"""The finished clone that the end-to-end tests start from."""

import signal
from pathlib import Path

import pytest

from tests.clones import Clone, fresh_clone


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_works() -> None:
    """A runner started in the background ignores Ctrl-C; what the tests start must not."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Clone, str]:
    """Return a fresh clone after its first `dvc repro`, and what that printed.

    Tests that change anything work on `clone`, a copy of it.
    """
    clone = fresh_clone(tmp_path_factory.mktemp("first-run"))
    return clone, clone.run("dvc", "repro")


@pytest.fixture
def clone(first_run: tuple[Clone, str], tmp_path: Path) -> Clone:
    """Return a copy of the finished clone, to change."""
    return first_run[0].copy(tmp_path / "clone")
