"""Time the stages of a retune that wait for the disk, and the same without waiting, in turns."""

import argparse
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dvc.utils.serialize import parse_yaml

from benchmarks.drawings import make_drawings
from tests.support.clones import Clone, fresh_clone

RETUNE = ("caption", "edit", "common-tag", "jp-tags", "organize", "report")

CARELESS = """
import os, runpy, sys
os.fsync = lambda _: None
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def seconds(clone: Clone, words: list[str]) -> float:
    """Run a command in the clone, with nothing else on its way to the disk."""
    os.sync()
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, *words],
        cwd=clone.root,
        env=clone.environment(),
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="drawings")
    parser.add_argument("--rounds", type=int, default=3, help="retunes of either kind")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        clone = fresh_clone(Path(name))
        make_drawings(clone.root / "data" / "raw", given.count, low=500, high=900)
        clone.set_param("input: data/sample", "input: data/raw")
        clone.run("dvc", "repro")
        text = (clone.root / "dvc.yaml").read_text(encoding="utf-8")
        stages = parse_yaml(text, "dvc.yaml")["stages"]
        took: dict[str, list[dict[str, float]]] = {"waiting": [], "careless": []}
        for number in range(given.rounds):
            old, new = (0.35, 0.4) if number % 2 == 0 else (0.4, 0.35)
            clone.set_param(f"  threshold: {old}", f"  threshold: {new}")
            for kind in took:
                words = {stage: shlex.split(stages[stage]["cmd"])[1:] for stage in RETUNE}
                times = {
                    stage: seconds(
                        clone, each if kind == "waiting" else ["-c", CARELESS, *each[1:]]
                    )
                    for stage, each in words.items()
                }
                took[kind].append(times)
                shown = ", ".join(f"{stage} {value:.2f}" for stage, value in times.items())
                print(f"{kind:8} {sum(times.values()):5.2f} s: {shown}", flush=True)
        for kind, rounds in took.items():
            print(
                f"{kind}: median {statistics.median(sum(each.values()) for each in rounds):.2f} s"
            )


if __name__ == "__main__":
    main()
