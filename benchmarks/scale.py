"""Measure every stage at 1,000, 10,000 and more small drawings: time, memory, how both grow."""

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import yaml

from benchmarks.drawings import make_small
from stages.library.common.outputs import sha256
from stages.library.tagging.scores import FLOOR, GENERAL, SCALE, Found, Scores, write_scores
from tests.support.clones import Clone, fresh_clone

RETUNED = ("caption", "edit", "common-tag", "jp-tags", "organize", "report")
"""The stages that another threshold makes run again."""


@dataclass(frozen=True)
class Took:
    """What a process took: seconds of the clock and of the processor, most memory in MB."""

    clock: float
    processor: float
    memory: float


def measured(clone: Clone, command: str) -> Took:
    """Run a command in the clone."""
    start = time.perf_counter()
    process = subprocess.Popen(
        ["sh", "-c", f"exec {command}"],
        cwd=clone.root,
        env=clone.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"failed: {command}")
    clock, processor = time.perf_counter() - start, usage.ru_utime + usage.ru_stime
    return Took(clock, processor, usage.ru_maxrss / 1024)


def commands(clone: Clone) -> dict[str, str]:
    """Return the commands of the stages in dvc.yaml, which stand there in the order they run in."""
    stages = yaml.safe_load((clone.root / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    return {name: stage["cmd"] for name, stage in stages.items()}


def clone_with(folder: Path, count: int) -> Clone:
    """Return a clone with so many small drawings, to be prepared as large as they are."""
    clone = fresh_clone(folder)
    make_small(clone.root / "data" / "raw", count)
    clone.set_param("input: data/sample", "input: data/raw")
    clone.set_param("  size: 512", "  size: 128")
    return clone


def make_scores(clone: Clone, taggers: int) -> None:
    """Write scores as of WD14, 60 tags a picture, in place of what the score stage writes.

    Several taggers have 10,000 tags each, half of them of a name that the one before has, too.
    """
    count = 8000 if taggers == 1 else 10_000
    pictures = sorted((clone.root / "data" / "prepared").iterdir())
    names, digests = [path.stem for path in pictures], [sha256(path) for path in pictures]
    models = []
    for number in range(taggers):
        random = np.random.default_rng(number)
        found: list[Found] = []
        for _ in pictures:
            tags = np.unique(np.append(random.integers(0, 250, 45), random.integers(0, count, 15)))
            values = FLOOR + (SCALE - FLOOR) * random.beta(0.7, 2, len(tags))
            found.append((tags.astype(np.int32), values.astype(np.uint16)))
        named = [f"tag_{number * (each % 2)}_{each}" for each in range(count)]
        models.append(Scores(f"made {number}", named, [GENERAL] * count, names, digests, found))
    write_scores(clone.root / "data" / "scores.npz", *models)


def own_times(clone: Clone, count: int, made: int) -> Iterator[tuple[str, Took]]:
    """Yield what the stages take without DVC: all, one drawing more, another threshold.

    If scores are `made`, of so many taggers, that of score is left out; of several they are then
    put together in another way, too.
    """
    stages = commands(clone)

    def run(names: Iterable[str], what: str) -> Iterator[tuple[str, Took]]:
        for name in names:
            if name == "score" and made:
                make_scores(clone, made)
            else:
                yield f"{name}, {what}", measured(clone, stages[name])

    yield from run(stages, "first")
    make_small(clone.root / "data" / "raw", 1, first=count)
    yield from run(stages, "one more")
    clone.set_param("  threshold: 0.35", "  threshold: 0.4")
    yield from run(RETUNED, "retuned")
    if made > 1:
        clone.set_param("  combine: max", "  combine: mean")
        yield from run(RETUNED, "combined")


def with_dvc(clone: Clone, count: int) -> Iterator[tuple[str, Took]]:
    """Yield what `dvc repro` takes with everything that the stages do, after some changes."""
    yield "dvc repro, first", measured(clone, "dvc repro")
    yield "dvc repro, nothing", measured(clone, "dvc repro")
    make_small(clone.root / "data" / "raw", 1, first=count + 1)
    yield "dvc repro, one more", measured(clone, "dvc repro")
    clone.set_param("  threshold: 0.4", "  threshold: 0.45")
    yield "dvc repro, retuned", measured(clone, "dvc repro")


def exponent(few: float, many: float, times: float) -> float:
    """Return the power of the number of drawings by which something grows.

    >>> exponent(2.0, 20.0, 10)
    1.0
    """
    return math.log(many / few) / math.log(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 10_000], help="drawings")
    parser.add_argument("--dvc", action="store_true", help="measure dvc repro too")
    parser.add_argument(
        "--made-scores",
        type=int,
        nargs="?",
        const=1,
        default=0,
        metavar="TAGGERS",
        help="let no tagger look, but make up the scores of one, or of so many",
    )
    given = parser.parse_args()
    before: dict[str, Took] = {}
    for place, count in enumerate(given.counts):
        print(f"{count} drawings: seconds, of processor, MB; growth of the processor's time")
        took: dict[str, Took] = {}
        with tempfile.TemporaryDirectory() as name:
            clone = clone_with(Path(name), count)
            runs = own_times(clone, count, given.made_scores)
            for what, each in chain(runs, with_dvc(clone, count) if given.dvc else ()):
                took[what] = each
                line = f"{what:24} {each.clock:8.1f} {each.processor:8.1f} {each.memory:7.0f}"
                if before:
                    times = count / given.counts[place - 1]
                    line += f" {exponent(before[what].processor, each.processor, times):6.2f}"
                print(line, flush=True)
        before = took


if __name__ == "__main__":
    main()
