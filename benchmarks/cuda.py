"""Measure `provider: cuda`: pictures a second against a bare session, and what a batch changes.

Run it where onnxruntime-gpu is installed. The model has random weights and a real one's shape.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from benchmarks.models import SHAPES, write_model
from stages.library.common.errors import Problem
from stages.library.common.outputs import sha256
from stages.library.common.workers import run_over
from stages.library.tagging import models, sessions
from stages.library.tagging.looking import look_at_all, looks, pixels_of, scores_in
from stages.library.tagging.model_files import MODEL
from stages.library.tagging.providers import available

SIZES = (1, 4, 8, 16, 32, 64, 128)
SECONDS = 2.0

Batch = NDArray[np.float32]


def rate(work: Callable[[], object], pictures: int) -> float:
    """Return pictures a second of `work`, which looks at so many, after two times to warm up."""
    work()
    work()
    started, times = time.monotonic(), 0
    while time.monotonic() - started < SECONDS:
        work()
        times += 1
    return times * pictures / (time.monotonic() - started)


def bare(session: onnxruntime.InferenceSession, ready: Batch) -> dict[int, float]:
    """Return pictures a second of a bare session, which gets ready arrays, by size of batch."""
    rates = {}
    for size in SIZES:
        try:
            rates[size] = rate(lambda size=size: session.run(None, {"input": ready[:size]}), size)  # type: ignore[misc]
        except Exception as error:  # onnxruntime raises classes of its own
            print(f"bare, batches of {size}: {str(error)[:100]}")
            break
        print(f"bare, batches of {size}: {rates[size]:.1f} images/s", flush=True)
    return rates


def deviations(
    session: onnxruntime.InferenceSession, exact: onnxruntime.InferenceSession, ready: Batch
) -> None:
    """Print how far the scores of a picture depend on the batch, and from those of the CPU."""

    def scores(runs: onnxruntime.InferenceSession, size: int, pictures: Batch) -> Batch:
        parts = range(0, len(pictures), size)
        return np.concatenate(
            [runs.run(None, {"input": pictures[at : at + size]})[0] for at in parts]
        )

    some = ready[:64]
    alone, cpu = scores(session, 1, some), scores(exact, 1, some[:8])
    for size in (8, 16, 32, 64):
        many = scores(session, size, some)
        order = np.random.default_rng(size).permutation(len(some))
        mixed = np.empty_like(many)
        mixed[order] = scores(session, size, np.ascontiguousarray(some[order]))
        print(
            f"batches of {size}: from one at a time {np.abs(many - alone).max():.1e}, "
            f"from the CPU {np.abs(many[:8] - cpu).max():.1e}, "
            f"among other pictures {np.abs(many - mixed).max():.1e}",
            flush=True,
        )


def compare(folder: Path, pictures: list[Path], rounds: int) -> None:
    todo = {sha256(path): path for path in pictures}
    first = list(todo.items())[: max(SIZES)]
    decoded = run_over(first, partial(pixels_of, models.load_model(folder, "cpu").prepare))
    whole = [pixels for _, pixels in decoded if isinstance(pixels, np.ndarray)]
    ready = np.stack(whole).astype(np.float32)
    session = sessions.open_session(folder / MODEL, "cuda")
    rates = bare(session, ready)
    best = max(rates, key=lambda size: rates[size])
    deviations(session, sessions.open_session(folder / MODEL, "cpu"), ready)
    model = models.load_model(folder, "cuda")
    for turn in range(rounds):
        started = time.monotonic()
        seen = looks(model, os.cpu_count() or 1, todo.items(), scores_in)
        look_at_all(seen, len(todo), lambda _: None, "score")
        stage = len(todo) / (time.monotonic() - started)
        again = rate(lambda: session.run(None, {"input": ready[:best]}), best)
        print(
            f"round {turn + 1}: stage in batches of {model.batch} {stage:.1f} images/s, "
            f"bare at its best ({best}) {again:.1f}, ratio {stage / again:.3f}",
            flush=True,
        )


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=Path, help="folder of prepared pictures, 128 at least")
    parser.add_argument("--shape", choices=SHAPES, default="vit", help="of the random model")
    parser.add_argument("--tagger", type=Path, help="a WD14 folder to use instead")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args(argv)
    if not available("cuda"):
        raise Problem("CUDA isn't available here; install onnxruntime-gpu")
    print(f"onnxruntime {onnxruntime.__version__}")
    with tempfile.TemporaryDirectory() as name:
        tagger = given.tagger or write_model(Path(name), given.shape)
        compare(tagger, sorted(given.pictures.glob("*.png")), given.rounds)


if __name__ == "__main__":
    main()
