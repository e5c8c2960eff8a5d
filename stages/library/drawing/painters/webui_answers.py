"""What a WebUI's pictures tell, and what it silently did otherwise than asked."""

import base64
import binascii
import io
import re
import struct
from typing import Any

from PIL import Image

from stages.library.common.errors import Problem
from stages.library.drawing.orders import Order
from stages.library.drawing.painters.infotext import lora_hashes, settings
from stages.library.drawing.painters.webui_errors import UnreachableError
from stages.library.drawing.painters.webui_exchange import read_json

KINDS = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG", b"RIFF": "WEBP"}
"""The formats that a WebUI can be set to, by how their files begin."""

MOST_SETTINGS = 10_000
"""Characters that an infotext may have beside the prompts."""

IHDR = slice(16, 24)
"""Where a PNG tells its width and height: in its first chunk, big-endian."""


def picture_of(answer: Any, order: Order) -> tuple[bytes, str]:
    """Return the PNG and the infotext of an answer to txt2img.

    Raises:
        Problem: it holds no usable picture, or one that is not as ordered.
    """
    try:
        infotext = str(read_json(answer["info"])["infotexts"][0])
        infotext.encode()  # half a surrogate pair is in no file
        data = base64.b64decode(answer["images"][0], validate=True)
    except (KeyError, IndexError, TypeError, ValueError, binascii.Error):
        raise Problem("answered without a picture and its infotext") from None
    check_header(data, (order.width, order.height))
    if len(infotext) > len(order.prompt) + len(order.negative_prompt) + MOST_SETTINGS:
        raise Problem("sent an infotext that is far too long; turn off what adds to it")
    if wrong := differences(order, settings(infotext)):
        raise Problem(wrong)
    negative = f"\nNegative prompt: {text}" if (text := order.negative_prompt.strip()) else ""
    if not infotext.startswith(f"{full_prompt(order)}{negative}\nSteps: "):
        prompts = " ".join(infotext.rpartition("\nSteps: ")[0].split())
        raise Problem(f"drew another prompt: {prompts!r}; an extension changes prompts")
    if is_plain(data):
        raise Problem(
            "drew one plain colour: the model gave no numbers (NaN); start the WebUI with "
            "--no-half-vae, or with --no-half"
        )
    return data, infotext


def check_header(data: bytes, ordered: tuple[int, int]) -> None:
    """Raise Problem unless a picture is a PNG of the size that was ordered, as its first bytes say.

    Until then nothing of it is unpacked.
    """
    kind = next((name for start, name in KINDS.items() if data.startswith(start)), "")
    if kind in ("JPEG", "WEBP"):
        raise Problem(
            f"sends {kind}, which loses detail; in the WebUI set Settings > Saving images/grids > "
            "File format for images to png"
        )
    if not kind or len(data) < IHDR.stop:
        raise UnreachableError("sent a damaged picture")
    size = struct.unpack(">II", data[IHDR])
    if size != ordered:
        raise Problem(f"sent a picture of {size[0]}x{size[1]} pixels; turn off what resizes it")


def is_plain(png: bytes) -> bool:
    """Return whether a picture has one colour only.

    Raises:
        UnreachableError: it is damaged.
    """
    try:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
            return bool(picture.convert("RGB").getcolors(1))
    except Exception:  # a damaged file makes decoders raise anything
        raise UnreachableError("sent a damaged picture") from None


def full_prompt(order: Order) -> str:
    """Return the prompt with the LoRA in it, as a WebUI reads it."""
    lora = f" <lora:{order.lora}:{order.weight:g}>" if order.lora else ""
    return f"{order.prompt.strip()}{lora}".strip()


def differences(order: Order, done: dict[str, str]) -> str:
    """Return in what a picture's settings are not as ordered, as one line; '' if they are.

    >>> blank = Order("a", "", "Euler", "Karras", 20, 7.0, 64, 64, 1, 1, "loaded", "", "", 0)
    >>> done = settings("a\\nSteps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, "
    ... "Seed: 1, Size: 64x64")
    >>> differences(blank, done)
    'drew otherwise than asked: Sampler DPM++ 2M, not Euler'
    """
    if not done:
        return "sent no infotext with the picture, so that nobody can tell how it was drawn"
    if wrong := wrong_loras(order, lora_hashes(done)):
        return wrong
    asked: dict[str, str | float] = {
        "Steps": order.steps,
        "Sampler": order.sampler,
        "Schedule type": order.scheduler,
        "CFG scale": order.cfg_scale,
        "Seed": order.seed,
        "Size": f"{order.width}x{order.height}",
        "Clip skip": order.clip_skip,
    }
    done = {"Clip skip": "1"} | done  # 1 is not written
    if order.scheduler == "Automatic":  # what that means is the sampler's own choice
        del asked["Schedule type"]
    each = [
        f"{name} {done.get(name, 'unknown')}, not {value}"
        for name, value in asked.items()
        if not as_asked(done.get(name, ""), value)
    ]
    model = done.get("Model hash", "unknown")
    if is_sha256(order.checkpoint) and not order.checkpoint.startswith(model):
        each.append(
            f"model {done.get('Model', 'unknown')} [{model}], not [{order.checkpoint[:10]}]"
        )
    return f"drew otherwise than asked: {'; '.join(each)}" if each else ""


def wrong_loras(order: Order, used: dict[str, str]) -> str:
    """Return what is wrong with the LoRAs that were used, by name and hash; '' if nothing."""
    if order.lora and order.lora not in used:
        return f"drew without the LoRA {order.lora}; what the WebUI prints tells why"
    if order.lora and used[order.lora] != order.lora_hash:
        return (
            f"drew with another LoRA called {order.lora} ({used[order.lora]}, not "
            f"{order.lora_hash}); is it twice in models/Lora?"
        )
    if others := sorted(set(used) - {order.lora}):
        return (
            f"adds the LoRA {others[0]} to every prompt; in the WebUI set Settings > Extra "
            "Networks > Add network to prompt to None"
        )
    return ""


def as_asked(text: str, value: str | float) -> bool:
    """Return whether a setting is as asked; 7.0 and 7 are the same."""
    if isinstance(value, str):
        return text == value
    try:
        return float(text) == value
    except ValueError:
        return False


def is_sha256(text: str) -> bool:
    return re.fullmatch("[0-9a-f]{64}", text) is not None
