"""A WebUI's infotext: what it says of how a picture was made, within the PNG and in its answer.

Prompt, negative prompt and, on the last line, settings as `Steps: 25, Sampler: DPM++ 2M, ...`; a
value that holds a comma, colon or line break is quoted as in JSON.
https://github.com/AUTOMATIC1111/stable-diffusion-webui/blob/v1.10.1/modules/infotext_utils.py
"""

import io
import json
import re

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from stages.library.common.errors import Problem

CHUNK = "parameters"
"""The PNG text chunk that holds it, where the WebUI's PNG Info looks."""

SETTING = re.compile(r'\s*([^:,"]+):\s*("(?:[^"\\]|\\.)*"|[^,]*)(?:,|$)')


def settings(infotext: str) -> dict[str, str]:
    """Return the settings of an infotext, as written; none if it has no such line.

    >>> settings('eggplant\\nSteps: 20, Size: 64x64, Lora hashes: "nasu: 0a1b2c"')
    {'Steps': '20', 'Size': '64x64', 'Lora hashes': 'nasu: 0a1b2c'}
    """
    line = infotext.rstrip().rpartition("\n")[2]
    if not line.startswith("Steps: "):
        return {}
    return {name.strip(): unquoted(value.strip()) for name, value in SETTING.findall(line)}


def in_common(infotexts: list[str]) -> dict[str, str]:
    """Return the settings that are the same in all pictures."""
    each = [settings(infotext) for infotext in infotexts]
    return {
        name: value
        for name, value in each[0].items()
        if all(other.get(name) == value for other in each)
    }


def unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        return value


def lora_hashes(settings: dict[str, str]) -> dict[str, str]:
    """Return the LoRAs that were applied: the first 12 digits of each one's hash, by its name.

    >>> lora_hashes({"Lora hashes": "nasu: 0a1b2c, line: 3d4e5f"})
    {'nasu': '0a1b2c', 'line': '3d4e5f'}
    """
    pairs = (part.rpartition(":") for part in settings.get("Lora hashes", "").split(","))
    return {name.strip(): digest.strip() for name, _, digest in pairs if name.strip()}


def read_infotext(png: bytes) -> str:
    """Return the infotext within a PNG; '' if it has none.

    Raises:
        Problem: it is no PNG.
    """
    try:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
            picture.load()
            return str(picture.info.get(CHUNK, ""))
    except Exception as error:  # a damaged file makes decoders raise anything
        raise Problem(f"is no PNG, or a damaged one ({error})") from None


def with_infotext(png: bytes, infotext: str) -> bytes:
    """Return a PNG of the same pixels that holds `infotext` and nothing else."""
    chunks = PngInfo()
    chunks.add_text(CHUNK, infotext)
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
        picture.convert("RGB").save(buffer, "PNG", pnginfo=chunks, icc_profile=None)
    return buffer.getvalue()
