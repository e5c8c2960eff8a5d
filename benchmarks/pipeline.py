"""Time `dvc repro` on a thousand drawings after the changes that artists make."""

import argparse
import shutil
import tempfile
import time
from pathlib import Path

from PIL import Image

from benchmarks.drawings import make_drawings
from benchmarks.scale import measured
from tests.support.clones import Clone, fresh_clone, stages_run


def timed(clone: Clone, *command: str) -> tuple[float, str]:
    """Run a command in the clone; return seconds and what it printed."""
    start = time.perf_counter()
    output = clone.run(*command)
    return time.perf_counter() - start, output


def own_times(clone: Clone, output: str) -> dict[str, tuple[float, float]]:
    """Run the stage commands that DVC printed; return seconds and peak MB by stage."""
    times = {}
    commands = [line.removeprefix("> ") for line in output.splitlines() if line.startswith("> ")]
    for stage, command in zip(stages_run(output), commands, strict=True):
        took = measured(clone, command)
        times[stage] = (took.clock, took.memory)
    return times


def show(title: str, whole: float, times: dict[str, tuple[float, float]]) -> None:
    """Print what DVC's run took, and the stages alone."""
    own = sum(seconds for seconds, _ in times.values())
    print(f"{title}: dvc repro {whole:.1f} s, the stages alone {own:.1f} s", flush=True)
    for stage, (seconds, megabytes) in times.items():
        print(f"  {stage:10} {seconds:6.1f} s {megabytes:6.0f} MB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="drawings")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        clone = fresh_clone(Path(name))
        drawings = clone.root / "data" / "raw"
        make_drawings(drawings, arguments.count, low=500, high=900)
        clone.set_param("input: data/sample", "input: data/raw")
        whole, output = timed(clone, "dvc", "repro")
        for name in ("prepared", "thumbnails", "scores.npz"):  # so that the stages start anew
            shutil.move(clone.root / "data" / name, clone.root.parent / name)
        show("first run", whole, own_times(clone, output))
        nothing, _ = timed(clone, "dvc", "repro")
        status, _ = timed(clone, "dvc", "status")
        print(f"nothing to do: dvc repro {nothing:.1f} s; dvc status alone {status:.1f} s")
        clone.set_param("  threshold: 0.35", "  threshold: 0.4")
        whole, output = timed(clone, "dvc", "repro")
        show("another threshold", whole, own_times(clone, output))
        Image.radial_gradient("L").resize((700, 600)).save(drawings / "drawing0000 new.png")
        whole, output = timed(clone, "dvc", "repro")
        show("one drawing more", whole, own_times(clone, output))


if __name__ == "__main__":
    main()
