"""Pictures that no model drew: the same for the same request, coloured by its LoRAs."""

import base64
import colorsys
import hashlib
import io
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from PIL.PngImagePlugin import PngInfo

from tests.standins.webui.networks import Effects

HUES = 6
"""LoRAs differ in their hue as red, yellow, green, cyan, blue and purple do."""


def picture(
    words: object,
    seed: int,
    size: tuple[int, int],
    effects: tuple[Effects, Effects],
    half: bool = False,
) -> Image.Image:
    """Return a picture: where things are comes from `words` and `seed`, the colours from LoRAs.

    Without a LoRA it is pale, in a hue of the words; a LoRA of strength 1 takes it most of
    the way to its own vivid hue. `effects` are those through the text encoder, and the U-Net.
    `half`: it was interrupted, so it is noisy and blurred.
    """
    colour = np.array(colorsys.hsv_to_rgb(number(words) % 360 / 360, 0.2, 0.8))
    for share, part in zip((0.3, 0.6), effects, strict=True):
        for weights, strength in part:
            vivid = np.array(colorsys.hsv_to_rgb(number(weights) % HUES / HUES, 0.9, 0.85))
            way = float(np.clip(share * strength, -1, 1))
            colour = (1 - abs(way)) * colour + abs(way) * (vivid if way > 0 else 1 - vivid)
    width, height = (side // 8 * 8 for side in size)
    chance = np.random.default_rng([number(words), seed % 2**32])
    light = smooth(chance.uniform(0.45, 1.15, (4, 4)), width, height)
    tint = smooth(chance.uniform(-0.1, 0.1, (3, 3)), width, height)
    shift = np.array([1, 0, -1]) * tint[..., None]
    used = [[each for each in part if each[1]] for part in effects]
    grain = np.random.default_rng([number([words, used]), seed % 2**32])
    noise = grain.normal(0, 0.3 if half else 0.01, (height, width, 1))
    values = np.clip((colour + shift) * light[..., None] + noise, 0, 1) * 255
    image = Image.fromarray(values.astype(np.uint8))
    return image.filter(ImageFilter.GaussianBlur(4)) if half else image


def smooth(values: NDArray[np.float64], width: int, height: int) -> NDArray[np.float32]:
    """Return values of a coarse grid, spread smoothly over a picture."""
    grid = Image.fromarray(values.astype(np.float32))
    return np.asarray(grid.resize((width, height), Image.Resampling.BICUBIC))


def number(what: object) -> int:
    """Return a large number that anything in `what` changes."""
    text = json.dumps(what, sort_keys=True, ensure_ascii=False)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def encoded(image: Image.Image, infotext: str, kind: str, quality: int) -> str:
    """Return a picture as the answer holds it, with its infotext, if any, where that belongs."""
    buffer = io.BytesIO()
    if kind == "png":
        chunks = PngInfo()
        if infotext:
            chunks.add_text("parameters", infotext)
        image.save(buffer, "PNG", pnginfo=chunks, compress_level=1)
    else:
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + infotext.encode("utf-16-be")
        image.save(buffer, "WEBP" if kind == "webp" else "JPEG", exif=exif, quality=quality)
    return base64.b64encode(buffer.getvalue()).decode()


def infotext(prompt: str, negative: str, values: dict[str, Any]) -> str:
    """Return the infotext; values that are None are left out.

    >>> infotext("eggplant", "", {"Steps": 20, "Lora hashes": "nasu: 0a1b", "Version": None})
    'eggplant\\nSteps: 20, Lora hashes: "nasu: 0a1b"'
    """
    words = [f"{key}: {quoted(value)}" for key, value in values.items() if value is not None]
    below = f"\nNegative prompt: {negative}" if negative else ""
    return f"{prompt}{below}\n{', '.join(words)}".strip()


def quoted(value: object) -> str:
    odd = any(sign in str(value) for sign in ",:\n")
    return json.dumps(value, ensure_ascii=False) if odd else str(value)
