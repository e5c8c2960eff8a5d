"""Work on the nodes of a Ray cluster: what `workers.here` does, on many machines.

Actors, rather than Ray Data: that hands results over by the block, prints on its own, keeps calling
a node that died until the cluster gives it up, and brings pyarrow and pandas for lists of paths.
"""

import heapq
import importlib
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from operator import length_hint
from pathlib import Path
from typing import Any, TypeVar

from tqdm import tqdm

from stages.library.common.cluster_address import WISH, joined
from stages.library.common.cluster_node import Post, code_digest
from stages.library.common.errors import Problem
from stages.library.common.workers import RunOver, Start, here

Item = TypeVar("Item")
Result = TypeVar("Result")

PROJECT = str(Path(__file__).parents[3])

CORES = 4
"""Most cores of one worker: as on one machine, so that it takes no more memory than there."""

AHEAD = 8
"""Results that may wait, in a place's turns, for one that is due before them."""

LOST = 3
"""As many workers die over the same items, or on one node before they are ready, by no chance."""

POLL_SECONDS = 1.0
PATIENCE_SECONDS = 30


class DiedError(Exception):
    """A worker is no more, or out of reach."""


@dataclass(order=True)
class Task:
    """Items to be worked on."""

    number: int
    items: list[Any] = field(compare=False)
    lost: int = field(default=0, compare=False)  # workers that died over it


@dataclass(eq=False)
class Worker:
    """A process on a node, as it is seen from here."""

    actor: Any
    node: str
    host: str
    threads: int
    tasks: int = 0  # that it has, one of them waiting


def chosen(environ: Mapping[str, str]) -> RunOver:
    """Return where pictures are worked on, as the environment says: here, or on a cluster."""
    address = environ.get(WISH, "").strip()
    return partial(run_over, address) if address else here


def run_over(
    address: str,
    items: Iterable[Item],
    start: Start[Item, Result],
    *,
    chunk: int = 1,
    at_once: int = 0,
    gpus: bool = False,
) -> Iterator[Result]:
    """Yield the results of items, in their order, computed on the nodes of a cluster (`RunOver`).

    What a worker or a node had in work when it died is given to another. Only a few results wait
    at any time: memory does not grow with the number of items.

    Raises:
        Problem: there is no such cluster, or a node lacks what the work needs.
        Problem: workers die over the same items again and again.
        Exception: what the work raises, after the results before it.
    """
    count = -(-length_hint(items) // chunk) or sys.maxsize  # of a generator it isn't known
    queue = (Task(number, part) for number, part in enumerate(chunks(items, chunk)))
    todo = list(islice(queue, 1))  # a heap
    if not todo:
        return
    with joined(address):
        crew = Crew(start, at_once, gpus)
        done: dict[int, tuple[list[Result], Exception | None]] = {}
        due = 0
        while todo or crew.tasks:
            crew.hire(count - due)
            while todo and todo[0].number < due + crew.room() and crew.give(todo[0]):
                heapq.heappop(todo)
                todo = todo or list(islice(queue, 1))
            for task, answer in crew.finished():
                done[task.number] = answer
            for task in crew.taken_back():
                heapq.heappush(todo, task)
            while due in done:
                results, error = done.pop(due)
                yield from results
                if error:
                    raise error
                due += 1


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield items in lists of `size`; the last may have fewer."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def posts(resources: Mapping[str, float], gpus: bool) -> tuple[int, int]:
    """Return how many workers a node has room for, and the cores of each.

    >>> posts({"CPU": 2}, gpus=False), posts({"CPU": 32}, gpus=False), posts({}, gpus=False)
    ((1, 2), (8, 4), (0, 0))
    >>> posts({"CPU": 32, "GPU": 2}, gpus=True), posts({"CPU": 32}, gpus=True)
    ((2, 4), (0, 0))
    """
    cpus = int(resources.get("CPU", 0))
    count = min(cpus, int(resources.get("GPU", 0))) if gpus else -(-cpus // CORES)
    return (count, min(CORES, cpus // count)) if count else (0, 0)


class Crew:
    """Workers on the nodes of a cluster, and what each has to do."""

    def __init__(self, start: object, at_once: int, gpus: bool) -> None:
        self.ray: Any = importlib.import_module("ray")
        pickle: Any = importlib.import_module("ray.cloudpickle")
        # a node that lacks the project shall say so, rather than fail to read the class
        pickle.register_pickle_by_value(sys.modules[Post.__module__])
        self.actor: Any = self.ray.remote(max_restarts=0, max_task_retries=0)(Post)
        self.start = self.ray.put(pickle.dumps(start))
        self.given = (str(Path.cwd()), PROJECT, code_digest(PROJECT))
        self.at_once, self.gpus = at_once or CORES, gpus
        self.starting: dict[Any, Worker] = {}
        self.ready: list[Worker] = []
        self.tasks: dict[Any, tuple[Worker, Task]] = {}
        self.lost: list[Task] = []
        self.died: Counter[str] = Counter()  # on a node, before they were ready
        self.began = self.looked = time.monotonic() - POLL_SECONDS
        self.told = False

    def hire(self, items: int) -> None:
        """Start workers on every node that has room, those that came lately too.

        `items`: how many are not done yet; there are no more workers than that.
        """
        now = time.monotonic()
        if now - self.looked < POLL_SECONDS:
            return
        self.looked = now
        nodes = [node for node in self.ray.nodes() if node["Alive"]]
        gpus = self.gpus and any(posts(node["Resources"], gpus=True)[0] for node in nodes)
        hired = Counter(worker.node for worker in (*self.starting.values(), *self.ready))
        wanted = items - sum(hired.values())
        for node in nodes:
            count, cores = posts(node["Resources"], gpus)
            for _ in range(min(wanted, count - hired[node["NodeID"]])):
                self.send(node, cores, gpus)
                wanted -= 1
        if not self.ready and not self.told and now - self.began > PATIENCE_SECONDS:
            self.told = True
            tell(f"{WISH}: no worker is ready yet; waiting for a node with free cores (ray status)")

    def send(self, node: dict[str, Any], cores: int, gpus: bool) -> None:
        """Start a worker on a node."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        threads = min(self.at_once, cores)
        actor = self.actor.options(
            num_cpus=cores,
            num_gpus=int(gpus),
            max_concurrency=threads,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False),
        ).remote()
        host = node["NodeManagerHostname"] or node["NodeManagerAddress"]
        ready = actor.begin.remote(*self.given, cores, self.start)
        self.starting[ready] = Worker(actor, node["NodeID"], host, threads)

    def room(self) -> int:
        """Return how many items may be on their way, from the one that is due."""
        return AHEAD * sum(worker.threads for worker in self.ready)

    def give(self, task: Task) -> bool:
        """Give a task to a worker, if one has a thread for it, or will soon."""
        free = [worker for worker in self.ready if worker.tasks <= worker.threads]
        if not free:
            return False
        worker = min(free, key=lambda worker: worker.tasks / worker.threads)
        worker.tasks += 1
        self.tasks[worker.actor.do.remote(task.items)] = worker, task
        return True

    def finished(self) -> Iterator[tuple[Task, Any]]:
        """Wait a little for tasks to be done, and yield them with what `Post.do` returned.

        Raises:
            Problem: a node lacks what the work needs, or workers die again and again.
            Exception: a bug there.
        """
        refs = [*self.starting, *self.tasks]
        if not refs:
            time.sleep(POLL_SECONDS)
            return
        self.ray.wait(refs, timeout=POLL_SECONDS)
        # all at once: what is lost with a node must not be given to its other workers
        done, _ = self.ray.wait(refs, num_returns=len(refs), timeout=0)
        for ref in done:
            if ref in self.starting:
                self.welcome(self.starting.pop(ref), ref)
                continue
            worker, task = self.tasks.pop(ref)
            try:
                result = self.answer(ref)
            except DiedError:
                self.lose(worker, task)
            else:
                worker.tasks -= 1
                yield task, result

    def answer(self, ref: Any) -> Any:
        """Return what a worker returned.

        Raises:
            DiedError: it died.
            Exception: a bug there.
        """
        errors = self.ray.exceptions
        try:
            return self.ray.get(ref)
        except errors.RayTaskError:
            raise  # a bug, with its traceback there
        except errors.RayError as error:  # of many kinds, for the process, its node, the network
            raise DiedError(" ".join(str(error).split())[:300]) from None

    def welcome(self, worker: Worker, ref: Any) -> None:
        """Take a worker that has begun into the crew."""
        try:
            wrong = self.answer(ref)
        except DiedError as error:
            self.died[worker.node] += 1
            if self.died[worker.node] >= LOST:
                raise Problem(
                    f"{worker.host}: workers die there before they are ready: {error}"
                ) from None
            return
        if wrong:
            raise Problem(f"{worker.host}: {wrong}")
        self.ready.append(worker)

    def lose(self, worker: Worker, task: Task) -> None:
        """Take back what a worker had when it died."""
        if worker in self.ready:
            self.ready.remove(worker)
            self.ray.kill(worker.actor)  # where it is only out of reach
            tell(f"{worker.host}: a worker died; what it had in work is given to others")
        task.lost += 1
        if task.lost >= LOST:
            raise Problem(
                f"{worker.host}: {LOST} workers died one after another with the same work, "
                f"{task.items!r:.200}; perhaps memory is short there: start Ray with a smaller "
                "--num-cpus"
            )
        self.lost.append(task)

    def taken_back(self) -> list[Task]:
        """Return the tasks of workers that died, to be given to others."""
        lost, self.lost = self.lost, []
        return lost


def tell(line: str) -> None:
    """Write a line to stderr, above the bar if there is one."""
    tqdm.write(line, file=sys.stderr)
