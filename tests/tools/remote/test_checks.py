"""The checks' limit of time; tests/e2e/test_remote.py has the checks, against a Drive."""

import signal
import time

import pytest

from tools.remote.checks import failure, within


def test_what_gives_no_answer_is_stopped() -> None:
    with pytest.raises(TimeoutError, match="no answer in 0 s"), within(0.01):
        time.sleep(60)


def test_what_answers_is_left_alone() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with within(60):
        answer = "there"
    assert answer == "there"
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getsignal(signal.SIGALRM) == before


def test_a_failure_is_what_was_raised() -> None:
    assert failure(int, "1") is None
    assert isinstance(failure(int, "one"), ValueError)
