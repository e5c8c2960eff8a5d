"""Resizing, padding and so on in numpy alone, from the formulas: to hold pictures against.

A filter is a kernel, widened to shrink, along the rows, then the columns, rounded to bytes after
either; newer Pillows take the columns first where that is less work.
https://pillow.readthedocs.io/en/stable/handbook/concepts.html#filters
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Kernel = tuple[Callable[[Floats], Floats], int]
"""A kernel of the distance, and how far it reaches."""


def triangle(x: Floats) -> Floats:
    return np.clip(1 - x, 0, None)


def cubic(x: Floats) -> Floats:
    """Keys' cubic with a = -0.5."""
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def lanczos(x: Floats) -> Floats:
    return np.where(x < 3, np.sinc(x) * np.sinc(x / 3), 0)


BILINEAR: Kernel = (triangle, 1)
BICUBIC: Kernel = (cubic, 2)
LANCZOS: Kernel = (lanczos, 3)


def resized_rows(pixels: Floats, size: int, kernel: Kernel, rounded: bool) -> Floats:
    """Return pixels of (height, width, 3) with so many rows."""
    scale = len(pixels) / size
    positions = np.arange(len(pixels)) + 0.5
    centres = (np.arange(size) + 0.5) * scale
    weights = kernel[0](np.abs(positions[np.newaxis] - centres[:, np.newaxis]) / max(scale, 1))
    weights /= weights.sum(axis=1, keepdims=True)
    resized: Floats = np.tensordot(weights, pixels, 1)
    return np.clip(np.rint(resized), 0, 255) if rounded else resized


def resized(
    pixels: Floats,
    height: int,
    width: int,
    kernel: Kernel,
    *,
    rounded: bool = True,
    turned: bool = False,
) -> Floats:
    """Return pixels of (height, width, 3) in another size; `turned`: the columns first."""
    if turned:
        other = resized(pixels.swapaxes(0, 1), width, height, kernel, rounded=rounded)
        return other.swapaxes(0, 1)
    if pixels.shape[1] != width:
        pixels = resized_rows(pixels.swapaxes(0, 1), width, kernel, rounded).swapaxes(0, 1)
    return pixels if len(pixels) == height else resized_rows(pixels, height, kernel, rounded)


def on_white(rgba: NDArray[np.uint8]) -> Floats:
    """Return the colours of pixels with alpha, over white."""
    colour, alpha = rgba[..., :3].astype(float), rgba[..., 3:].astype(float) / 255
    return np.rint(colour * alpha + 255 * (1 - alpha))


def in_middle(pixels: Floats, height: int, width: int, ground: tuple[float, ...]) -> Floats:
    """Return pixels in the middle of a ground; an odd pixel goes below and to the right."""
    canvas = np.empty((height, width, 3))
    canvas[:] = ground
    top, left = (height - len(pixels)) // 2, (width - pixels.shape[1]) // 2
    canvas[top : top + len(pixels), left : left + pixels.shape[1]] = pixels
    return canvas


def first(pixels: Floats, mean: tuple[float, ...], deviation: tuple[float, ...]) -> Floats:
    """Return bytes as numbers from 0 to 1 less a mean, in deviations; the colours come first."""
    return ((pixels / 255 - mean) / deviation).transpose(2, 0, 1)


def drawing(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    """Return smooth shapes, hard edges, noise and half-transparent parts, in RGBA."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [127 + 120 * np.sin(x / (5 + 3 * k) + y / (4 + 2 * k) + seed) for k in range(3)]
    rgba = np.stack([*waves, np.full((height, width), 255.0)], axis=-1)
    rgba[height // 3 : height // 2, width // 4 : width // 2, :3] = random.uniform(0, 255, 3)
    rgba[: height // 4] = random.uniform(0, 255, rgba[: height // 4].shape)
    return rgba.astype(np.uint8)
