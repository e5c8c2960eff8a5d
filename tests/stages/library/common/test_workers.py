import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from stages.library.common import workers
from stages.library.common.cores import usable_cores
from stages.library.common.errors import Problem
from stages.library.common.workers import Place, here, run_over
from tests.support.clones import PROJECT

WAITING_SECONDS = 120


class Crowd:
    """Work that counts how many threads are at it at the same time, and waits for the expected."""

    def __init__(self, expected: int = 1) -> None:
        self.expected = expected
        self.changed = threading.Condition()
        self.now = self.most = self.done = 0

    def work(self, item: int) -> int:
        with self.changed:
            self.now += 1
            self.most = max(self.most, self.now)
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.most >= self.expected, WAITING_SECONDS)
        time.sleep(0.005)
        with self.changed:
            self.now -= 1
            self.done += 1
        return item * item


def test_results_come_in_the_order_of_the_items() -> None:
    def slower_at_first(item: int) -> int:
        time.sleep((20 - item) / 2000)
        return item

    assert list(run_over(range(20), slower_at_first, workers=4)) == list(range(20))


def test_no_items_give_no_results() -> None:
    assert list(run_over([], Crowd().work)) == []


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_no_more_threads_work_than_asked_for(workers: int) -> None:
    crowd = Crowd(workers)

    assert list(run_over(range(30), crowd.work, workers)) == [item * item for item in range(30)]
    assert crowd.most == workers


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 2), (4, 4), (64, 4)])
def test_by_default_one_thread_a_core_and_at_most_four(
    monkeypatch: pytest.MonkeyPatch, cores: int, threads: int
) -> None:
    monkeypatch.setattr(workers, "usable_cores", lambda: cores)
    crowd = Crowd(threads)
    list(run_over(range(30), crowd.work))

    assert crowd.most == threads


def test_items_are_taken_only_as_results_are_taken() -> None:
    taken = []

    def items() -> Iterator[int]:
        for item in range(1000):
            taken.append(item)
            yield item

    results = run_over(items(), lambda item: item, workers=2)
    for _ in range(10):
        next(results)

    assert len(taken) <= 10 + 2 * 2 + 1


def test_an_error_reaches_the_caller_and_stops_the_rest() -> None:
    crowd = Crowd()

    def work(item: int) -> int:
        if item == 3:
            raise Problem("three")
        return crowd.work(item)

    with pytest.raises(Problem, match="three"):
        list(run_over(range(1000), work, workers=2))
    assert crowd.done < 20


def test_a_caller_that_stops_early_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    results = run_over(range(100), Crowd().work, workers=2)
    next(results)
    results.close()  # type: ignore[attr-defined]

    assert threading.active_count() == before


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
@pytest.mark.parametrize("megabytes", [1, 5, 9, 13, 20])
def test_too_little_memory_for_threads_is_told_rather_than_waited_for(megabytes: int) -> None:
    script = (
        "import resource\n"
        "from stages.library.common.workers import run_over\n"
        "pages = int(open('/proc/self/statm').read().split()[0])\n"
        f"size = pages * resource.getpagesize() + {megabytes} * 2**20\n"
        "resource.setrlimit(resource.RLIMIT_AS, (size, size))\n"
        "list(run_over(range(9), abs, workers=2))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=PROJECT, stderr=subprocess.PIPE, text=True
    ) as process:
        _, said = process.communicate(timeout=WAITING_SECONDS)
    assert process.returncode == 1
    assert said.splitlines()[-1] == "OSError: [Errno 12] Cannot allocate memory"


def test_here_work_is_made_ready_once_and_takes_items_as_results_are_taken() -> None:
    started: list[Place] = []
    taken: list[int] = []

    def start(place: Place) -> Callable[[Iterable[int]], Iterator[int]]:
        started.append(place)
        return lambda items: (item + 1 for item in items)

    def items() -> Iterator[int]:
        for item in range(20):
            taken.append(item)
            yield item

    results = here(items(), start, chunk=5, at_once=1, gpus=True)
    assert [next(results), next(results)] == [1, 2]
    assert taken == [0, 1]
    assert list(results) == list(range(3, 21))
    assert started == [Place(usable_cores(), away=False)]


def test_here_nothing_is_worked_on_where_work_can_t_be_made_ready() -> None:
    def start(_: Place) -> Callable[[Iterable[int]], Iterator[int]]:
        raise Problem("no model")

    with pytest.raises(Problem, match="no model"):
        here(iter([1]), start)
