"""Prepared pictures, and the record by which those made before are kept."""

import hashlib
import json
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import PIL
import pillow_heif
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.common.faults import as_problem, is_machines, named
from stages.library.common.json_files import read_json
from stages.library.common.outputs import sha256, take_along, write_atomically
from stages.library.common.paths import is_plain_name
from stages.library.dataset import colours, framing, hiding, images
from stages.library.dataset.drawings import Box, Wish
from stages.library.dataset.notes import Note

MAKERS = (images, colours, framing, hiding)
"""What decides on a picture's bytes."""


@dataclass(frozen=True)
class Folders:
    """Where pictures and their thumbnails are, under the same stems."""

    pictures: Path
    thumbnails: Path

    def make(self) -> None:
        for folder in (self.pictures, self.thumbnails):
            folder.mkdir(parents=True, exist_ok=True)

    def remove(self) -> None:
        for folder in (self.pictures, self.thumbnails):
            shutil.rmtree(folder)


@dataclass(frozen=True)
class Picture:
    """A prepared picture; recorded, so that it need not be made again."""

    stem: str  # of its files, such as img001
    sha256: str  # of the picture's bytes
    thumbnail: str  # SHA-256 of the thumbnail's bytes
    width: int  # of the drawing
    height: int
    hash: str  # perceptual, hex
    notes: list[Note]
    crop: Box  # what of the drawing it shows
    wish: str  # what was wished for it, as `wished` has it


def wished(wish: Wish) -> str:
    """Return in short what of a wish decides on a picture's bytes; '' if nothing does.

    >>> wished(Wish("a.png", crop=(0.1, 0, 0.5, 0.75)))
    '{"crop": [0.1, 0, 0.5, 0.75]}'
    """
    parts = {"crop": wish.crop, "hide": wish.hide}
    return json.dumps(given) if (given := {k: part for k, part in parts.items() if part}) else ""


def save_picture(rendered: images.Rendered, stem: str, into: Folders, wish: str = "") -> Picture:
    """Write a rendered picture and its thumbnail; return what is to be recorded of them."""
    picture = images.png_bytes(rendered.picture, rendered.alpha)
    thumbnail = images.webp_bytes(rendered.thumbnail)
    for path, data in (
        (into.pictures / f"{stem}.png", picture),
        (into.thumbnails / f"{stem}.webp", thumbnail),
    ):
        path.unlink(missing_ok=True)  # it may be the same file as one of the old output
        path.write_bytes(data)
    return Picture(
        stem=stem,
        sha256=hashlib.sha256(picture).hexdigest(),
        thumbnail=hashlib.sha256(thumbnail).hexdigest(),
        width=rendered.width,
        height=rendered.height,
        hash=f"{images.difference_hash(rendered.picture):0256x}",
        notes=rendered.notes,
        crop=rendered.crop,
        wish=wish,
    )


def keep_picture(known: Picture | None, kept: Folders, stem: str, into: Folders) -> Picture | None:
    """Take along a picture made before and its thumbnail, if both are still there unchanged.

    What is in `into` already, under its stem, stays there.
    """
    if known is None:
        return None
    try:
        with named(kept.pictures / f"{known.stem}.png") as path:
            picture = path.read_bytes()
        with named(kept.thumbnails / f"{known.stem}.webp") as path:
            thumbnail = path.read_bytes()
    except FileNotFoundError:
        return None
    found = (hashlib.sha256(picture).hexdigest(), hashlib.sha256(thumbnail).hexdigest())
    if found != (known.sha256, known.thumbnail):
        return None
    if (kept, known.stem) == (into, stem):
        return known
    take_along(kept.pictures / f"{known.stem}.png", into.pictures / f"{stem}.png")
    take_along(kept.thumbnails / f"{known.stem}.webp", into.thumbnails / f"{stem}.webp")
    return known


def recipe(size: int, fit: str, alpha: str = "white", detector: str = "") -> str:
    """Return a name for everything but drawing and wish that decides on a picture's bytes.

    `detector` tells which one finds the heads, if one does.
    """
    code = b"".join(Path(str(module.__file__)).read_bytes() for module in MAKERS)
    decoders = f"Pillow {PIL.__version__}, pillow-heif {pillow_heif.__version__}"
    more = ", alpha kept" if alpha == "keep" else ""
    more += f", heads by {detector}" if detector else ""
    return f"{fit} {size}{more}, {decoders}, code {hashlib.sha256(code).hexdigest()[:12]}"


def read_record(path: Path, made_by: str) -> dict[str, Picture]:
    """Return the pictures made before by the same recipe, by the drawing's SHA-256.

    Raises:
        Problem: the machine can't read the record.
    """
    try:
        record = read_json(path)
        if record["recipe"] == made_by:
            return {key: picture_of(values) for key, values in record["pictures"].items()}
    except Problem:  # the machine's fault, and no record's
        raise
    except (ValueError, KeyError, TypeError, AttributeError):
        pass  # no record, or not one: make every picture anew
    return {}


def retouched(folder: Path, record: Path) -> dict[Path, str]:
    """Return the pictures that no run has made, by hand then, each with its SHA-256.

    A damaged one is nobody's work: it is made again.
    """
    try:
        made = {values["sha256"] for values in read_json(record)["pictures"].values()}
    except Problem:  # the machine's fault, and no record's
        raise
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}  # no record, or not one: nobody knows
    found = {}
    for path in sorted(folder.glob("*.png")):
        with named(path):
            digest = sha256(path)
        if digest not in made and not path.name.startswith(".") and is_picture(path):
            found[path] = digest
    return found


def is_picture(path: Path) -> bool:
    """Return whether a file can be decoded to its end."""
    try:
        with Image.open(path) as image:
            image.load()
    except Exception as error:  # a damaged file makes decoders raise anything
        if is_machines(error):
            raise as_problem(path, error) from error
        return False
    return True


def picture_of(values: dict[str, Any]) -> Picture:
    """Return a picture from its values in the record.

    Raises:
        ValueError: they are none of a picture's.
    """
    notes = [Note(**note) for note in values["notes"]]
    if not (
        is_plain_name(values["stem"])
        and re.fullmatch("[0-9a-f]{256}", values["hash"])
        and all(isinstance(values[side], int) for side in ("width", "height"))
        and len(values["crop"]) == 4
        and all(isinstance(side, float) and 0 <= side <= 1 for side in values["crop"])
        and isinstance(values["wish"], str)
        and all(isinstance(text, str) for note in notes for text in note.values.values())
    ):
        raise ValueError("what stands there is of another kind")
    return Picture(**values | {"notes": notes, "crop": tuple(values["crop"])})


def write_record(path: Path, made_by: str, pictures: dict[str, Picture]) -> None:
    """Write what `read_record` reads."""
    write_atomically(path, record_of(made_by, pictures))


def record_of(made_by: str, pictures: dict[str, Picture]) -> bytes:
    """Return what `read_record` reads."""
    record = {key: asdict(picture) for key, picture in pictures.items()}
    text = json.dumps({"recipe": made_by, "pictures": record}, indent=1, ensure_ascii=False)
    return f"{text}\n".encode()
