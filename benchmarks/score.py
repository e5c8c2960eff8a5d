"""Compare the score stage with a bare onnxruntime session, whole process against whole process.

The bare process gets its pictures as ready arrays and gives its session onnxruntime's own default
threads; the stage reads and prepares the pictures, and writes the scores. They take turns.

On a machine that does other work besides, `--blocks` is fairer: in one process the two take turns
every eight pictures, which leaves out only what it takes to start.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from benchmarks.models import SHAPES, SIZE
from stages.library.common.errors import Problem
from stages.library.common.outputs import sha256
from stages.library.common.paths import CACHE
from stages.library.tagging.looking import look_at_all, looks, scores_in
from stages.library.tagging.models import load_model
from stages.library.tagging.taggers.wd14 import model_input
from stages.score import build_parser
from tests.support.params import arguments as words_of

BLOCK = 8
BARE = """
import sys
import numpy as np
import onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
for picture in np.load(sys.argv[2], mmap_mode="r"):
    session.run(None, {"input": np.ascontiguousarray(picture[np.newaxis])})
"""


@dataclass(frozen=True)
class Run:
    seconds: float
    megabytes: float  # most memory ever held


def timed(command: list[str]) -> Run:
    """Run a command and measure it, with everything that it takes to start."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Problem(f"{command} failed")
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(time.monotonic() - started, usage.ru_maxrss * unit / 1e6)


def stage(tagger: Path, pictures: list[Path], work: Path) -> Run:
    """Measure the score stage on a folder with these pictures, none of which it has seen."""
    folder, output, cache = work / "pictures", work / "scores.npz", work / "cache"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(cache, ignore_errors=True)
    os.environ[CACHE] = str(cache)
    output.unlink(missing_ok=True)
    folder.mkdir()
    for number, path in enumerate(pictures):
        shutil.copyfile(path, folder / f"img{number:04}.png")
    values = {
        "input": folder,
        "output": output,
        "written": work / "none.json",
        "model": tagger,
        "revision": "",
        "model_sha256": "",
        "tag_list_sha256": "",
        "provider": "cpu",
    }
    return timed([sys.executable, "-m", "stages.score", *words_of(build_parser(), values, work)])


def bare(tagger: Path, arrays: Path) -> Run:
    """Measure a bare session."""
    return timed([sys.executable, "-c", BARE, str(tagger / "model.onnx"), str(arrays)])


def write_arrays(pictures: list[Path], into: Path) -> Path:
    arrays = [model_input(Image.open(path), SIZE) for path in pictures]
    np.save(into, np.stack(arrays).astype(np.float32))
    return into


def ready(path: Path) -> NDArray[np.float32]:
    """Return a picture as a bare session takes it, shape (1, size, size, 3)."""
    with Image.open(path) as picture:
        return model_input(picture, SIZE)[np.newaxis].astype(np.float32)


def compare_speed(tagger: Path, pictures: list[Path], rounds: int, work: Path) -> None:
    arrays = write_arrays(pictures, work / "arrays.npy")
    ratios = []
    for turn in range(rounds):
        took = {}
        for name in ("bare", "stage")[:: 1 if turn % 2 == 0 else -1]:
            took[name] = bare(tagger, arrays) if name == "bare" else stage(tagger, pictures, work)
        ratios.append(took["bare"].seconds / took["stage"].seconds)
        print(
            f"round {turn + 1}: "
            + ", ".join(
                f"{name} {len(pictures) / run.seconds:.2f} images/s"
                for name, run in sorted(took.items())
            )
            + f", ratio {ratios[-1]:.3f}",
            flush=True,
        )
    print(f"stage / bare: {statistics.median(ratios):.3f} (median of {rounds})")


def compare_blocks(folder: Path, pictures: list[Path], rounds: int) -> None:
    session = onnxruntime.InferenceSession(
        folder / "model.onnx", providers=["CPUExecutionProvider"]
    )
    model = load_model(folder, "cpu")
    arrays = {path: ready(path) for path in pictures}
    digests = {path: sha256(path) for path in pictures}

    def bare(block: list[Path]) -> None:
        for path in block:
            session.run(None, {"input": arrays[path]})

    def stage(block: list[Path]) -> None:
        todo = [(digests[path], path) for path in block]
        seen = looks(model, os.cpu_count() or 1, todo, scores_in)
        look_at_all(seen, len(todo), lambda _: None, "score")

    took = {bare: 0.0, stage: 0.0}
    ratios = []
    for turn in range(rounds * len(pictures) // BLOCK):
        start = turn * BLOCK % len(pictures)
        seconds = {}
        for run in (bare, stage)[:: 1 if turn % 2 == 0 else -1]:
            started = time.monotonic()
            run(pictures[start : start + BLOCK])
            seconds[run] = time.monotonic() - started
            took[run] += seconds[run]
        ratios.append(seconds[bare] / seconds[stage])
    print(
        f"stage / bare: {took[bare] / took[stage]:.3f} in all, "
        f"{statistics.median(ratios):.3f} median of {len(ratios)} blocks"
    )


def compare_memory(tagger: Path, pictures: list[Path], work: Path) -> None:
    few = stage(tagger, pictures[:20], work).megabytes
    many = stage(tagger, pictures, work).megabytes
    print(f"most memory: {few:.0f} MB with 20 pictures, {many:.0f} MB with {len(pictures)}")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=Path, help="folder of prepared pictures")
    parser.add_argument("--shape", choices=SHAPES, default="vit", help="of the random model")
    parser.add_argument("--tagger", type=Path, help="a WD14 folder to use instead")
    parser.add_argument("--count", type=int, default=40, help="pictures to time")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", action="store_true", help="measure memory instead, on all")
    parser.add_argument("--blocks", action="store_true", help="take turns within one process")
    given = parser.parse_args(argv)
    pictures = sorted(given.pictures.glob("*.png"))
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        tagger = given.tagger or work / "tagger"
        if not given.tagger:  # by a process of its own: a child's peak counts its parent's memory
            subprocess.run(
                [sys.executable, "-m", "benchmarks.models", given.shape, str(tagger)], check=True
            )
        if given.memory:
            compare_memory(tagger, pictures, work)
        elif given.blocks:
            compare_blocks(tagger, pictures[: given.count], given.rounds)
        else:
            compare_speed(tagger, pictures[: given.count], given.rounds, work)


if __name__ == "__main__":
    main()
