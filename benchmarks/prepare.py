"""Time the prepare stage against plain single-process Pillow doing the same steps."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from benchmarks.drawings import make_drawings, make_illustrations, make_photos
from stages import prepare
from stages.library.dataset.manifest import read_manifest
from tests.support.params import arguments

KINDS = {
    "drawings": (make_drawings, 200),
    "photos": (make_photos, 16),
    "illustrations": (make_illustrations, 24),
}
"""What can be prepared: how it is made, and how many of it."""


def plain(source: Path, target: Path, size: int, **how: Any) -> None:
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
        image.resize((size, size), Image.Resampling.LANCZOS, box).save(target, **how)


PLAIN = """
import json
import sys
from pathlib import Path
from benchmarks.prepare import plain
source, target, how = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
target.mkdir()
for path in sorted(source.iterdir()):
    plain(path, target / f"{path.stem}.png", 512, **how)
"""


def seconds(*command: str) -> tuple[float, float]:
    """Run a command as a whole process; return how long it took, and the processor's time."""
    start, before = time.perf_counter(), os.times()
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    processor = after.children_user + after.children_system
    return (
        time.perf_counter() - start,
        processor - before.children_user - before.children_system,
    )


def words_for(drawings: Path, into: Path, fit: str) -> list[str]:
    """Return the command line of the stage."""
    values = {
        "output": into / "prepared",
        "thumbnails": into / "thumbnails",
        "manifest": into / "manifest.csv",
        "written": into / "prepared.json",
        "input": drawings,
        "drawings": "data/drawings.yaml",
        "size": 512,
        "fit": fit,
        "follow_links": False,
    }
    return ["-m", "stages.prepare", *arguments(prepare.build_parser(), values, into.parent)]


def compare_fits(drawings: Path, folder: Path, fit: str, runs: int) -> None:
    """Time the stage with a fit against the same with the centre square."""
    ratios = []
    for run in range(runs):
        times = {
            each: seconds(*words_for(drawings, folder / f"{each}{run}", each))
            for each in ("crop", fit)
        }
        pairs = zip(times[fit], times["crop"], strict=True)
        ratios.append([other / crop for other, crop in pairs])
        (wall, processor), (crop_wall, crop_processor) = times[fit], times["crop"]
        print(
            f"crop {crop_wall:.1f} s, {fit} {wall:.1f} s, ratio {ratios[-1][0]:.2f}; "
            f"of processor {crop_processor:.1f} s, {processor:.1f} s, ratio {ratios[-1][1]:.2f}"
        )
    wall, processor = map(statistics.median, zip(*ratios, strict=True))
    print(f"{len(list(drawings.iterdir()))} pictures, {wall:.2f}, of processor {processor:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=KINDS, default="drawings", help="what is prepared")
    parser.add_argument("--input", type=Path, help="folder of pictures of your own to prepare")
    parser.add_argument(
        "--fit", choices=("crop", "subject", "bucket"), default="crop", help="another: against crop"
    )
    parser.add_argument("--optimize", action="store_true", help="let plain Pillow save so")
    parser.add_argument("--runs", type=int, default=3, help="pairs of runs")
    given = parser.parse_args()
    how = {"optimize": True} if given.optimize else {"compress_level": 6}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        drawings = given.input or folder / "drawings"
        if not given.input:
            drawings.mkdir()
            make, count = KINDS[given.kind]
            make(drawings, count)
        if given.fit != "crop":
            compare_fits(drawings, folder, given.fit, given.runs)
            return
        ratios = []
        for run in range(given.runs):
            ours, theirs = folder / f"ours{run}", folder / f"plain{run}"
            stage = seconds(*words_for(drawings, ours, "crop"))
            baseline = seconds("-c", PLAIN, str(drawings), str(theirs), json.dumps(how))
            ratios.append([plainly / ours for ours, plainly in zip(stage, baseline, strict=True)])
            wall, processor = ratios[-1]
            print(
                f"plain {baseline[0]:.1f} s, stage {stage[0]:.1f} s, ratio {wall:.2f}; "
                f"of processor {baseline[1]:.1f} s, {stage[1]:.1f} s, ratio {processor:.2f}"
            )
        for row in read_manifest(ours / "manifest.csv"):
            one = np.asarray(Image.open(ours / "prepared" / row.image))
            other = np.asarray(Image.open(theirs / f"{Path(row.source).stem}.png"))
            assert np.array_equal(one, other), row.source
        count = len(list(theirs.iterdir()))
    wall, processor = map(statistics.median, zip(*ratios, strict=True))
    print(f"{count} pictures, pixels identical, ratio {wall:.2f}, of processor {processor:.2f}")


if __name__ == "__main__":
    main()
