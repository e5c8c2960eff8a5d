"""Compare the score stage on a Ray cluster with the same on this machine; needs Ray.

The cluster is on this machine: a head that does no work and nodes of one core each, as many as
there are cores. The two take turns, whole processes each. Where others want the cores too, seconds
say little: the processor time of all processes, Ray's own included, is compared as well.

`--kill` checks instead that prepare and score write the same bytes on the cluster, while one of its
nodes is killed midway and another one comes. `--memory` measures what the process that asks for the
work holds at most, for a few items and for many.
"""

import argparse
import filecmp
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from benchmarks.drawings import make_drawings
from stages import prepare, score
from stages.library.common.arguments import Parser
from stages.library.common.cluster_address import WISH
from stages.library.common.paths import CACHE
from stages.library.tagging.kept import FILE
from tests.support.params import arguments as words_of

MEMORY = """
import resource, sys
from stages.library.common.cluster import run_over
def start(place):
    return lambda item: (item, b"scores" * 100)
for result in run_over(sys.argv[1], (str(n) * 8 for n in range(int(sys.argv[2]))), start):
    pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)
"""


@contextmanager
def cluster(cores: int) -> Iterator[Any]:
    """Yield a cluster of as many nodes of one core, and a head that does no work."""
    os.environ["RAY_AUTH_MODE"] = "disabled"  # `Cluster` takes no token
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 0, "include_dashboard": False}
    made: Any = Cluster(initialize_head=True, head_node_args=head)
    for _ in range(cores):
        made.add_node(num_cpus=1)
    try:
        yield made
    finally:
        made.shutdown()


def run(
    name: str, parser: Parser, values: dict[str, object], address: str
) -> subprocess.Popen[str]:
    """Start a stage, here (no address) or on a cluster; its outputs are in the folder `into`.

    What models saw is kept beside it, not where the user has it.
    """
    into = Path(str(values.pop("into")))
    words = [sys.executable, "-m", f"stages.{name}", *words_of(parser, values, into / name)]
    own = {WISH: address, CACHE: str(cache_of(into))}
    return subprocess.Popen(words, text=True, stdout=subprocess.PIPE, env=os.environ | own)


def cache_of(into: Path) -> Path:
    return into.with_name(f"{into.name}-cache")


def prepared(drawings: Path, into: Path, address: str) -> subprocess.Popen[str]:
    values = {
        "into": into,
        "input": drawings,
        "drawings": "data/drawings.yaml",
        "output": into / "prepared",
        "thumbnails": into / "thumbnails",
        "manifest": into / "manifest.csv",
        "written": into / "prepared.json",
        "size": 512,
        "fit": "crop",
        "follow_links": False,
    }
    return run("prepare", prepare.build_parser(), values, address)


def scored(pictures: Path, into: Path, tagger: str, address: str) -> subprocess.Popen[str]:
    values = {
        "into": into,
        "input": pictures,
        "output": into / "scores.npz",
        "written": into / "prepared.json",
        "model": tagger,
        "revision": "none",
        "model_sha256": "",
        "tag_list_sha256": "",
        "provider": "cpu",
    }
    return run("score", score.build_parser(), values, address)


def done(process: subprocess.Popen[str]) -> None:
    said, _ = process.communicate()
    if process.returncode:
        raise SystemExit(said)


class Meter(threading.Thread):
    """Notes the processor time of all processes below this one: Ray's own, too, and its workers.

    They are looked at again and again, since Ray's nodes forget what an ended worker has used.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.used: dict[psutil.Process, float] = {}
        self.ended = threading.Event()
        self.note()
        self.before = sum(self.used.values())

    def note(self) -> None:
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                self.used[process] = sum(process.cpu_times()[:2])

    def run(self) -> None:
        while not self.ended.wait(0.3):
            self.note()

    def seconds(self) -> float:
        """Return what was used since the beginning, and end."""
        self.ended.set()
        self.join()
        return sum(self.used.values()) - self.before


def compare_speed(work: Path, shape: str, count: int, rounds: int, cores: int) -> None:
    tagger = work / "tagger"
    subprocess.run([sys.executable, "-m", "benchmarks.models", shape, str(tagger)], check=True)
    make_drawings(work / "drawings", count, low=140, high=700)
    done(prepared(work / "drawings", work / "home", ""))
    ratios, shares = [], []
    for turn in range(rounds):
        took, used = {}, {}
        for where in ("here", "cluster")[:: 1 if turn % 2 == 0 else -1]:
            (work / where).mkdir(exist_ok=True)
            (work / where / "scores.npz").unlink(missing_ok=True)
            shutil.rmtree(cache_of(work / where), ignore_errors=True)
            with cluster(cores) if where == "cluster" else nullcontext() as made:
                started, meter = time.monotonic(), Meter()
                meter.start()
                address = made.address if made else ""
                done(scored(work / "home" / "prepared", work / where, str(tagger), address))
                took[where] = time.monotonic() - started
                used[where] = meter.seconds()
        ratios.append(took["cluster"] / took["here"])
        shares.append(used["cluster"] / used["here"])
        print(
            f"round {turn + 1}: here {took['here']:.1f} s, cluster {took['cluster']:.1f} s, "
            f"ratio {ratios[-1]:.3f}; processor {used['here']:.1f} s, {used['cluster']:.1f} s, "
            f"ratio {shares[-1]:.3f}; {os.getloadavg()[0]:.1f} processes want the cores",
            flush=True,
        )
        same = filecmp.cmp(work / "here/scores.npz", work / "cluster/scores.npz", shallow=False)
        assert same, "other scores"
    print(
        f"cluster / here: seconds {statistics.median(ratios):.3f}, processor time "
        f"{statistics.median(shares):.3f} (medians of {rounds})"
    )


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in (".png", ".webp", ".csv", ".json", ".npz")
    }


def check_kill(work: Path, count: int, cores: int) -> None:
    drawings = work / "drawings"
    make_drawings(drawings, count, low=140, high=700)
    (drawings / "broken.png").write_bytes(b"no picture")
    into = work / "here"
    done(prepared(drawings, into, ""))
    done(scored(into / "prepared", into, "builtin", ""))
    into = work / "cluster"
    with cluster(cores) as made:
        process = prepared(drawings, into, made.address)
        change_nodes(made, process, into / ".prepared.checkpoint", count // 3)
        done(process)
        process = scored(into / "prepared", into, "builtin", made.address)
        change_nodes(made, process, cache_of(into) / FILE, 0)
        done(process)
    here, there = (files_of(work / name) for name in ("here", "cluster"))
    assert here.keys() == there.keys()
    assert [name for name in here if here[name] != there[name]] == []
    print(f"{len(here)} files are the same, a node killed and one added in each stage")


def change_nodes(made: Any, process: subprocess.Popen[str], path: Path, count: int) -> None:
    """Kill a node and add one, as soon as there is a file, or so many in a folder."""
    while process.poll() is None:
        if (path.is_dir() and sum(1 for _ in path.iterdir()) > count) or path.is_file():
            made.remove_node(made.worker_nodes.copy().pop(), allow_graceful=False)
            made.add_node(num_cpus=1)
            return
        time.sleep(0.1)
    raise SystemExit(f"{path} was not seen")


def compare_memory(cores: int) -> None:
    with cluster(cores) as made:
        for count in (1_000, 20_000):
            words = [sys.executable, "-c", MEMORY, made.address, str(count)]
            said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
            print(f"{count} items: {float(said):.0f} MB at most", flush=True)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", default="short", help="of the random model")
    parser.add_argument("--count", type=int, default=600, help="pictures")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--memory", action="store_true")
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        if given.memory:
            compare_memory(given.cores)
        elif given.kill:
            check_kill(Path(name), given.count, given.cores)
        else:
            compare_speed(Path(name), given.shape, given.count, given.rounds, given.cores)


if __name__ == "__main__":
    main()
