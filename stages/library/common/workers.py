"""The seam between one machine and many: work on a list of pictures, results in order.

`run_over` is threads of this process. Work that other machines may do instead is handed to a
`RunOver`: `here`, or what does the same elsewhere.
"""

import mmap
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

from stages.library.common.cores import usable_cores
from stages.library.common.errors import Problem

Item = TypeVar("Item")
Result = TypeVar("Result")

THREAD = 16 * 2**20
"""Bytes that there must be for another thread's start: its stack, of which it uses little.

One that finds no memory at its start dies unheard, and `Thread.start` waits for it for ever.
"""


@dataclass(frozen=True)
class Place:
    """A process that works."""

    cores: int  # that it may use
    away: bool  # whether it is another one than that which asks for the work


Start = Callable[[Place], Callable[[Iterable[Item]], Iterator[Result]]]


class RunOver(Protocol):
    """Yields the results of items, in their order, wherever the work is done.

    `start` is called once in each process that works: it loads what the work needs (a model);
    away, after it has checked that this is the same as here. What it returns is called with items
    and yields their results: here with all of them, away with `chunk` of them, and again, by as
    many threads as there are cores, or by `at_once`. `gpus`: it is for a GPU, if there are any.

    Away, `start`, items and results are pickled.
    """

    def __call__(
        self,
        items: Iterable[Item],
        start: Start[Item, Result],
        *,
        chunk: int = 1,
        at_once: int = 0,
        gpus: bool = False,
    ) -> Iterator[Result]: ...


def here(
    items: Iterable[Item],
    start: Start[Item, Result],
    **away: int | bool,  # noqa: ARG001 - matters only there
) -> Iterator[Result]:
    """Yield the results of items, in their order, computed in this process."""
    return start(Place(usable_cores(), away=False))(items)


def run_over(
    items: Iterable[Item], work: Callable[[Item], Result], workers: int = 0
) -> Iterator[Result]:
    """Yield `work(item)` for every item, in order, computed by `workers` threads.

    0 workers: one a core, at most four, which keeps memory small on a larger machine.

    Threads, because Pillow and onnxruntime release the interpreter's lock; and because they die
    with the process, so that a killed run leaves no worker behind. Only a few results wait at any
    time: memory does not grow with the number of items.

    Raises:
        Problem: the machine starts no thread.
        OSError: there is too little memory for the threads.
    """
    workers = workers or min(usable_cores(), 4)
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                mmap.mmap(-1, THREAD).close()  # too little is told here, not unheard in a thread
                try:
                    waiting.append(pool.submit(work, item))
                except RuntimeError as error:
                    raise Problem(
                        f"this machine: {error}; close other programs and run the same command "
                        "again / ほかのソフトを閉じて、もう一度実行してください"
                    ) from error
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
