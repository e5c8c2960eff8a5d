"""Work on a Ray cluster of several nodes, all on this machine: `ray.cluster_utils.Cluster`."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from stages.library.common import cluster
from stages.library.common.cluster import chosen, run_over
from stages.library.common.cluster_address import WISH
from stages.library.common.errors import Problem
from stages.library.common.workers import Item, Place, Result, Start, here
from tests.support.clones import PROJECT
from tests.support.nodes import two_nodes

kills = pytest.mark.kills
ray = pytest.importorskip("ray")


@pytest.fixture(scope="module")
def nodes() -> Iterator[Any]:
    with two_nodes() as made:
        yield made


Work = Callable[[Iterable[Item]], Iterator[Result]]


def adding(number: int) -> Start[int, int]:
    return lambda _: partial(map, lambda item: item + number)


def test_without_a_wish_pictures_are_worked_on_here() -> None:
    assert chosen({}) is here
    assert chosen({WISH: " "}) is here
    assert list(chosen({WISH: "nowhere:1"})([], adding(1))) == []


@kills
def test_results_come_in_the_order_of_the_items(nodes: Any) -> None:
    def start(place: Place) -> Work[int, tuple[int, Place, int]]:
        def work(item: int) -> tuple[int, Place, int]:
            time.sleep((item % 3) / 50)
            return item, place, os.getpid()

        return partial(map, work)

    results = list(run_over(nodes.address, range(40), start))
    assert [item for item, _, _ in results] == list(range(40))
    assert {place for _, place, _ in results} == {Place(1, away=True)}
    processes = {process for _, _, process in results}
    assert len(processes) == 2
    assert os.getpid() not in processes


@kills
def test_what_comes_before_a_problem_is_kept_in_chunks_too(nodes: Any) -> None:
    def start(_: Place) -> Work[int, int]:
        def work(item: int) -> int:
            if item == 17:
                raise Problem("seventeen")
            return item

        return partial(map, work)

    kept: list[int] = []
    results = run_over(nodes.address, iter(range(30)), start, chunk=5)
    with pytest.raises(Problem, match="seventeen"):
        kept.extend(result for result in results)
    assert kept == list(range(17))


@kills
def test_a_problem_is_the_same_line_as_at_home_and_a_bug_keeps_its_traceback(nodes: Any) -> None:
    def start(_: Place) -> Work[object, object]:
        def work(item: object) -> object:
            if item == "problem":
                raise Problem("a.png: is no picture; run the prepare stage again")
            if item == "full":
                raise OSError(28, "No space left on device", "b.png")
            return 1 / 0

        return partial(map, work)

    with pytest.raises(Problem, match=r"^a\.png: is no picture; run the prepare stage again$"):
        list(run_over(nodes.address, ["problem"], start))
    with pytest.raises(OSError, match=r"No space left on device: 'b\.png'") as caught:
        list(run_over(nodes.address, ["full"], start))
    assert type(caught.value) is OSError
    with pytest.raises(ZeroDivisionError, match="in work"):
        list(run_over(nodes.address, ["bug"], start))


@kills
def test_a_node_that_lacks_something_is_named(nodes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: Place) -> Work[int, int]:
        raise Problem("holds another tagger")

    host = socket.gethostname()
    with pytest.raises(Problem, match=f"^{host}: holds another tagger$"):
        list(run_over(nodes.address, [1], start))
    monkeypatch.setattr(cluster, "code_digest", lambda _: "another")
    with pytest.raises(Problem, match=f"^{host}: {PROJECT}: holds another version of the project"):
        list(run_over(nodes.address, [1], adding(1)))


@kills
def test_what_a_worker_had_when_it_died_is_done_by_others(
    nodes: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    died = tmp_path / "died"

    def start(_: Place) -> Work[int, int]:
        def work(item: int) -> int:
            if item == 7 and not died.exists():
                died.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return item

        return partial(map, work)

    assert list(run_over(nodes.address, range(30), start)) == list(range(30))
    assert "a worker died; what it had in work is given to others" in capsys.readouterr().err


@kills
def test_an_item_over_which_workers_die_stops_the_run(nodes: Any) -> None:
    def start(_: Place) -> Work[str, None]:
        return partial(map, lambda _: os.kill(os.getpid(), signal.SIGKILL))

    with pytest.raises(Problem, match=r"3 workers died .* with the same work, \['huge\.png'"):
        list(run_over(nodes.address, ["huge.png"], start))


@kills
def test_a_node_that_dies_costs_nothing_and_one_that_comes_takes_part(nodes: Any) -> None:
    def start(_: Place) -> Work[int, tuple[int, int]]:
        def work(item: int) -> tuple[int, int]:
            time.sleep(0.1)
            return item, os.getppid()

        return partial(map, work)

    results = run_over(nodes.address, range(10_000), start)
    seen = [next(results) for _ in range(10)]
    before = {node for _, node in seen}
    nodes.remove_node(nodes.worker_nodes.copy().pop(), allow_graceful=False)
    nodes.add_node(num_cpus=1)
    for result in results:
        seen.append(result)
        if result[1] not in before:
            break
    results.close()  # type: ignore[attr-defined]
    assert [item for item, _ in seen] == list(range(len(seen)))
    assert len(seen) < 10_000


@kills
def test_work_for_a_gpu_goes_where_there_is_one(nodes: Any) -> None:
    """Ray believes what a node says that it has."""

    def start(place: Place) -> Work[int, tuple[int, str]]:
        return partial(map, lambda _: (place.cores, os.environ.get("CUDA_VISIBLE_DEVICES", "")))

    node = nodes.add_node(num_cpus=3, num_gpus=1)
    with_gpu = list(run_over(nodes.address, range(20), start, gpus=True))
    nodes.remove_node(node)
    assert set(with_gpu) == {(3, "0")}
    without = list(run_over(nodes.address, range(20), start, gpus=True))
    assert {cores for cores, _ in without} == {1}


@kills
def test_a_caller_that_stops_early_leaves_no_worker_behind(nodes: Any, tmp_path: Path) -> None:
    def start(_: Place) -> Work[int, int]:
        def work(item: int) -> int:
            (tmp_path / f"{os.getpid()}").touch()
            time.sleep(0.1)
            return item

        return partial(map, work)

    results = run_over(nodes.address, range(1000), start)
    assert [next(results) for _ in range(5)] == list(range(5))
    results.close()  # type: ignore[attr-defined]
    assert not ray.is_initialized()
    wait_for(lambda: not any(is_alive(int(path.name)) for path in tmp_path.iterdir()))


def is_alive(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    pytest.fail("it did not come about")
