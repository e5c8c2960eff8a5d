"""Time the prepare stage against plain single-process Pillow doing the same steps."""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from benchmarks.drawings import make_drawings
from stages import prepare
from stages.library.dataset.manifest import read_manifest
from tests.support.params import arguments


def plain(source: Path, target: Path, size: int) -> None:
    """Prepare one drawing in the plainest way: upright, on white, centre crop, PNG."""
    with Image.open(source) as opened:
        image = ImageOps.exif_transpose(opened)
        if "A" in image.mode or "transparency" in image.info:
            layer = image.convert("RGBA")
            image = Image.new("RGB", layer.size, "white")
            image.paste(layer.convert("RGB"), mask=layer.getchannel("A"))
        image = image.convert("RGB")
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        box = (left, top, left + side, top + side)
        image.resize((size, size), Image.Resampling.LANCZOS, box).save(target, compress_level=6)


PLAIN = """
import sys
from pathlib import Path
from benchmarks.prepare import plain
source, target = Path(sys.argv[1]), Path(sys.argv[2])
target.mkdir()
for path in sorted(source.iterdir()):
    plain(path, target / f"{path.stem}.png", 512)
"""


def seconds(*command: str) -> float:
    """Run a command as a whole process and return how long it took."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="drawings")
    parser.add_argument("--runs", type=int, default=3, help="pairs of runs")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_drawings(folder / "drawings", given.count)
        ratios = []
        for run in range(given.runs):
            ours, theirs = folder / f"ours{run}", folder / f"plain{run}"
            values = {
                "output": ours / "prepared",
                "thumbnails": ours / "thumbnails",
                "manifest": ours / "manifest.csv",
                "written": ours / "prepared.json",
                "input": folder / "drawings",
                "size": 512,
                "fit": "crop",
            }
            words = arguments(prepare.build_parser(), values, folder)
            stage = seconds("-m", "stages.prepare", *words)
            baseline = seconds("-c", PLAIN, str(folder / "drawings"), str(theirs))
            ratios.append(baseline / stage)
            print(f"plain {baseline:.1f} s, stage {stage:.1f} s, ratio {ratios[-1]:.2f}")
        for row in read_manifest(ours / "manifest.csv"):
            one = np.asarray(Image.open(ours / "prepared" / row.image))
            other = np.asarray(Image.open(theirs / f"{Path(row.source).stem}.png"))
            assert np.array_equal(one, other), row.source
    print(f"{given.count} drawings, pixels identical, ratio {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
