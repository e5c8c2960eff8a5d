"""The finished clones that the end-to-end tests start from."""

import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from stages.library.common.language import WISH
from stages.library.common.paths import CACHE
from tests.support.clones import Clone, fresh_clone
from tests.support.studio import TRAIN, Studio, commit, ready_studio

NUMBERS = count()

REST = "e2e or browser or kills or faults"

# a busy machine is no failure
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_configure(config: pytest.Config) -> None:
    """Leave the rest to a run of its own, unless tests are named or chosen."""
    named = config.args_source is not pytest.Config.ArgsSource.TESTPATHS
    chosen = any(word.startswith("-m") for word in config.invocation_params.args)
    if not named and not chosen and not config.option.markexpr:
        config.option.markexpr = f"not ({REST})"


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what was left out, and how many trials were lost, a line a fault."""
    for fault, (trials, losses) in sorted(counted(terminalreporter).items()):
        terminalreporter.write_line(f"{fault}: {trials} trials, {losses} lost")
    if config.option.markexpr == f"not ({REST})":
        terminalreporter.write_line(
            f'left out: what is marked {REST}; `pytest -m "{REST}"` runs that, '
            '`pytest -m ""` everything'
        )


def counted(terminalreporter: pytest.TerminalReporter) -> dict[str, tuple[int, int]]:
    """Return trials and losses by fault, which tests/faults records."""
    found: dict[str, tuple[int, int]] = {}
    for report in (
        each for kind in ("passed", "failed") for each in terminalreporter.stats.get(kind, [])
    ):
        of = dict(getattr(report, "user_properties", []))
        if report.when == "call" and "trials" in of:
            trials, losses = found.get(of["fault"], (0, 0))
            found[of["fault"]] = (trials + of["trials"], losses + of["losses"])
    return found


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_works() -> None:
    """A runner in the background ignores Ctrl-C, or a hangup; what the tests start must not."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def english() -> Iterator[None]:
    """Whoever runs the tests may have another locale than what they expect to read."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(WISH, "en")
        yield


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What models saw in one test, or for whom runs the tests, is not known in another."""
    monkeypatch.setenv(CACHE, str(tmp_path_factory.getbasetemp() / f"cache{next(NUMBERS)}"))


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


@pytest.fixture(scope="session")
def ready(first_run: tuple[Clone, str], tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """Return a clone that can train at once."""
    return ready_studio(first_run[0], tmp_path_factory.mktemp("ready"))


@pytest.fixture(scope="session")
def trained(ready: Studio, tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """Return a clone after its first training, which is committed as DVC asks."""
    studio = ready.copy(tmp_path_factory.mktemp("trained") / "clone")
    studio.run(*TRAIN, "-n", "first")
    commit(studio)
    return studio
