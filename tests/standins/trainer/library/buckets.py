"""Which pictures are trained together: those that are scaled to the same size."""

import argparse
import math
from dataclasses import dataclass, field

from library.console import say  # type: ignore[import-not-found,unused-ignore]
from PIL import Image
from tqdm import tqdm

Size = tuple[int, int]


@dataclass
class Buckets:
    """Pictures by the size they are scaled to, and how far their shape is from it."""

    pictures: dict[Size, list[str]] = field(default_factory=dict)
    errors: list[float] = field(default_factory=list)

    def batches(self, size: int) -> list[list[str]]:
        """Return an epoch's batches: no two sizes in one."""
        return [
            bucket[at : at + size]
            for bucket in self.pictures.values()
            for at in range(0, len(bucket), size)
        ]

    def info(self) -> dict[str, object]:
        """Return what `ss_bucket_info` says; keys of buckets are numbers, in JSON strings."""
        buckets = {
            number: {"resolution": size, "count": len(pictures)}
            for number, (size, pictures) in enumerate(self.pictures.items())
        }
        mean = sum(self.errors) / len(self.errors) if self.errors else 0
        return {"buckets": buckets, "mean_img_ar_error": mean}


def resolutions(resolution: Size, smallest: int, largest: int, step: int = 64) -> list[Size]:
    """Return the sizes of buckets (`model_util.py::make_bucket_resolutions`).

    >>> resolutions((128, 128), 64, 256)
    [(64, 192), (64, 256), (128, 128), (192, 64), (256, 64)]
    """
    area = resolution[0] * resolution[1]
    side = int(math.sqrt(area) // step) * step
    found = {(side, side)}
    for width in range(smallest, largest + 1, step):
        height = min(largest, int(area // width // step) * step)
        if height >= smallest:
            found |= {(width, height), (height, width)}
    return sorted(found)


def nearest(size: Size, sizes: list[Size]) -> tuple[Size, float]:
    """Return the bucket of a picture and the error of its shape (`select_bucket`)."""
    shape = size[0] / size[1]
    if size in sizes:
        return size, 0.0
    best = min(sizes, key=lambda each: abs(each[0] / each[1] - shape))
    return best, abs(best[0] / best[1] - shape)


def fill_buckets(args: argparse.Namespace, repeats: dict[str, int]) -> Buckets:
    """Sort the pictures into buckets, each as often as it is shown (`make_buckets`)."""
    say("train_util.py:992", "loading image sizes.")
    if args.enable_bucket:
        say("train_util.py:1015", "make buckets")
        sizes = resolutions(args.resolution, args.min_bucket_reso, args.max_bucket_reso)
    else:
        say("train_util.py:1017", "prepare dataset")
        sizes = [args.resolution]
    buckets, found = Buckets(), dict[Size, list[str]]()
    for picture, times in tqdm(repeats.items()):
        with Image.open(picture) as image:
            bucket, error = nearest(image.size, sizes)
        buckets.errors.append(error)
        found.setdefault(bucket, []).extend([picture] * times)
    buckets.pictures = dict(sorted(found.items()))
    if args.enable_bucket:
        say(
            "train_util.py:1061",
            "number of images (including repeats) / 各bucketの画像枚数（繰り返し回数を含む）",
        )
        for number, (size, pictures) in enumerate(buckets.pictures.items()):
            say(
                "train_util.py:1066",
                f"bucket {number}: resolution {size}, count: {len(pictures)}",
            )
        mean = buckets.info()["mean_img_ar_error"]
        say("train_util.py:1074", f"mean ar error (without repeats): {mean}")
    return buckets
