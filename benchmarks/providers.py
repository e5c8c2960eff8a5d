"""Compare the providers of onnxruntime: speed, and how far their scores are from the CPU's.

Run it where the package of the provider is installed, for instance onnxruntime-openvino.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from benchmarks.models import SHAPES, write_model
from stages.library.common.workers import run_over
from stages.library.tagging.contract import Pixels
from stages.library.tagging.models import AT_ONCE, Model, load_model, probabilities
from stages.library.tagging.providers import available
from stages.library.tagging.sessions import PROVIDERS

THRESHOLD = 0.35
Scores = NDArray[np.float32]


def timed(model: Model, pictures: list[Pixels]) -> tuple[float, Scores]:
    """Return pictures a second and their scores, two at a time as in the score stage."""
    started = time.monotonic()
    batches = [pictures[at : at + model.batch] for at in range(0, len(pictures), model.batch)]
    scores = list(run_over(batches, lambda batch: probabilities(model, batch), AT_ONCE))
    return len(pictures) / (time.monotonic() - started), np.concatenate(scores)


def report(name: str, speeds: list[float], cpu: list[float], scores: Scores, exact: Scores) -> str:
    """Return a line of the table."""
    flips = ((scores >= THRESHOLD) != (exact >= THRESHOLD)).sum(axis=1)
    ratio = statistics.median(one / other for one, other in zip(speeds, cpu, strict=True))
    return (
        f"{name}: {statistics.median(speeds):.2f} images/s, {ratio:.2f} x the CPU, largest "
        f"difference {np.abs(scores - exact).max():.2g}, {flips.mean():.2f} of "
        f"{(exact >= THRESHOLD).sum(axis=1).mean():.1f} tags a picture change at {THRESHOLD} "
        f"(at most {flips.max()})"
    )


def compare(tagger: Path, pictures: list[Path], providers: list[str], rounds: int) -> None:
    models = {name: load_model(tagger, name) for name in providers}
    ready = [models["cpu"].prepare(Image.open(path)) for path in pictures]
    for model in models.values():
        timed(model, ready[:2])  # the first look compiles
    speeds: dict[str, list[float]] = {name: [] for name in providers}
    scores = {}
    for turn in range(rounds):
        for name in providers[:: 1 if turn % 2 == 0 else -1]:
            speed, scores[name] = timed(models[name], ready)
            speeds[name].append(speed)
    for name in providers:
        print(report(name, speeds[name], speeds["cpu"], scores[name], scores["cpu"]))
    noise = np.random.default_rng(0).integers(0, 256, ready[0].shape, np.uint8)
    for name in providers[1:]:
        difference = probabilities(models[name], [noise]) - probabilities(models["cpu"], [noise])
        print(f"{name}: on noise, which `auto` looks at, {np.abs(difference).max():.2g}")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=Path, help="folder of prepared pictures")
    parser.add_argument("--shape", choices=SHAPES, default="vit", help="of the random model")
    parser.add_argument("--tagger", type=Path, help="a WD14 folder to use instead")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args(argv)
    providers = ["cpu", *(name for name in PROVIDERS if name != "cpu" and available(name))]
    pictures = sorted(given.pictures.glob("*.png"))[: given.count]
    print(f"onnxruntime {onnxruntime.__version__}, {len(pictures)} pictures")
    with tempfile.TemporaryDirectory() as name:
        tagger = given.tagger or write_model(Path(name), given.shape)
        compare(tagger, pictures, providers, given.rounds)


if __name__ == "__main__":
    main()
