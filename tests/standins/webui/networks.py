"""The WebUI's LoRAs: the names by which a prompt finds each, and what it doesn't notice.

As in extensions-builtin/Lora/networks.py of v1.10.1, and as the real server was seen to do: a file
is found by its stem and, unless two share it, by its `ss_output_name`; a name that isn't found
makes it look at the folder again. What it has read of a file it reads again only if the file of
that stem is newer, when it is listed; and the weights stay within the model for as long as a prompt
has the same tags as the one before.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stages.library.training.headers import is_whole

KINDS = (".pt", ".ckpt", ".safetensors")
TAG = re.compile(r"<(\w+):([^>]+)>")
FIRST_KEYS = ["ss_sd_model_name", "ss_resolution", "ss_clip_skip", "ss_num_train_images"]
FIRST_KEYS += ["ss_tag_frequency"]

Effects = list[tuple[str, float]]
"""Digest of the weights, and their strength."""


@dataclass
class OnDisk:
    """A LoRA as it was when it was listed."""

    name: str
    path: Path
    metadata: dict[str, Any]
    alias: str
    hash: str  # '' until it is needed, where its metadata has none


@dataclass(frozen=True)
class Loaded:
    """A LoRA of the prompt."""

    name: str  # as the prompt has it
    hash: str  # what the infotext tells of it
    weights: str  # digest of what was read
    modified: float
    encoder: float  # strengths
    unet: float


@dataclass
class Networks:
    """The LoRAs of a folder, as the WebUI knows them at the moment."""

    folder: Path
    hashing: bool = True
    """Whether it may hash a file whose metadata has no hash."""
    by_name: dict[str, OnDisk] = field(default_factory=dict)
    by_alias: dict[str, OnDisk] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)
    loaded: list[Loaded] = field(default_factory=list)
    seen: dict[tuple[str, str], tuple[float, Any]] = field(default_factory=dict)
    """What it has read of files, by its kind and their stem, and when they were changed."""
    within: dict[str, tuple[object, Effects]] = field(default_factory=dict)
    """What the parts of the model, and the text that was encoded last, hold, and for which key."""

    def refresh(self) -> None:
        """List the folder anew."""
        self.by_name.clear()
        self.by_alias.clear()
        self.forbidden = {"none"}
        self.folder.mkdir(parents=True, exist_ok=True)
        self.add()

    def add(self, names: Iterable[str] = ()) -> None:
        """Add the folder's files to the list; only those of `names`, if there are any."""
        files = [path for path in self.folder.rglob("*") if path.suffix.lower() in KINDS]
        for path in sorted(files, key=lambda path: (natural(path.parent), natural(path))):
            if names and path.stem not in names:
                continue
            entry = self.on_disk(path)
            self.by_name[entry.name] = entry
            if entry.alias in self.by_alias:
                self.forbidden.add(entry.alias.lower())
            self.by_alias |= {entry.name: entry, entry.alias: entry}

    def on_disk(self, path: Path) -> OnDisk:
        metadata = self.read_once("metadata", path) if is_safetensors(path) else {}
        cached = self.seen.get(("hash", path.stem), (0.0, ""))
        known = cached[1] if path.stat().st_mtime <= cached[0] else ""
        alias, told = metadata.get("ss_output_name"), metadata.get("sshs_model_hash")
        return OnDisk(path.stem, path, metadata, str(alias or path.stem), str(told or known))

    def read_once(self, kind: str, path: Path) -> Any:
        modified, key = path.stat().st_mtime, (kind, path.stem)
        if key not in self.seen or modified > self.seen[key][0]:
            self.seen[key] = (modified, digest(path) if kind == "hash" else read_metadata(path))
        return self.seen[key][1]

    def find(self, name: str) -> OnDisk | None:
        void = name.lower() in self.forbidden
        return self.by_name.get(name) if void else self.by_alias.get(name)

    def load(self, tags: list[list[str]]) -> None:
        """Load the LoRAs of a prompt's tags, without those that aren't there or are broken."""
        try:
            wanted = [strengths(tag) for tag in tags]
        except (ValueError, IndexError):  # one bad number, and none of them is loaded
            wanted = []
        if missing := [name for name, *_ in wanted if self.find(name) is None]:
            self.add(missing)
        if any(self.find(name) is None for name, *_ in wanted):
            self.refresh()
        before = {lora.name: lora for lora in self.loaded}
        found = [self.read(name, before.get(name), *both) for name, *both in wanted]
        self.loaded = [lora for lora in found if lora]

    def read(self, name: str, before: Loaded | None, encoder: float, unet: float) -> Loaded | None:
        """Return a LoRA, as the last prompt had it unless its file is newer; None if it can't."""
        entry = self.find(name)
        try:
            if entry is None:
                return None
            modified = entry.path.stat().st_mtime
            if before and modified <= before.modified:
                weights, modified = before.weights, before.modified
            elif is_safetensors(entry.path) and not is_whole(entry.path):
                return None
            else:
                weights = digest(entry.path)
            if self.hashing and not entry.hash:
                entry.hash = self.read_once("hash", entry.path)
        except OSError:
            return None
        return Loaded(name, entry.hash, weights, modified, encoder, unet)

    def effects(self, checkpoint: str, text: object) -> tuple[Effects, Effects]:
        """Return what acts on the next picture through the text encoder, and the U-Net.

        Weights are put in only when the tags differ from the last ones, and a text is encoded
        only when it or its tags do: a file that was replaced goes unnoticed until then.
        """
        tags = [checkpoint, [(lora.name, lora.encoder, lora.unet) for lora in self.loaded]]
        if self.within.get("text", ("",))[0] != [text, checkpoint]:
            self.keep("encoder", tags, [(lora.weights, lora.encoder) for lora in self.loaded])
            self.within["text"] = ([text, checkpoint], self.within["encoder"][1])
        self.keep("unet", tags, [(lora.weights, lora.unet) for lora in self.loaded])
        return self.within["text"][1], self.within["unet"][1]

    def keep(self, part: str, tags: object, effects: Effects) -> None:
        if part not in self.within or self.within[part][0] != tags:
            self.within[part] = (tags, effects)


def strengths(tag: list[str]) -> tuple[str, float, float]:
    """Return name and strengths of a tag's parts, for text encoder and U-Net.

    >>> strengths(["nasu", "0.8"]), strengths(["nasu", "0.8", "unet=0.5"])
    (('nasu', 0.8, 0.8), ('nasu', 0.8, 0.5))
    """
    named = dict(part.split("=", 2) for part in tag if part.count("=") == 1)
    placed = [part for part in tag if part.count("=") != 1]
    encoder = float(named.get("te", placed[1] if len(placed) > 1 else 1.0))
    unet = float(named.get("unet", placed[2] if len(placed) > 2 else encoder))
    return placed[0], encoder, unet


def is_safetensors(path: Path) -> bool:
    return path.suffix.lower() == ".safetensors"


def read_metadata(path: Path) -> dict[str, Any]:
    """Return what a header says, even of a file that ends too early; nothing of a broken one."""
    try:
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        metadata = {k: parsed(v) for k, v in (header.get("__metadata__") or {}).items()}
    except (OSError, ValueError, AttributeError, OverflowError, MemoryError):
        return {}
    first = [key for key in FIRST_KEYS if key in metadata]
    return {key: metadata[key] for key in dict.fromkeys([*first, *metadata])}


def parsed(value: Any) -> Any:
    """Read a value of the metadata that looks like a JSON object."""
    try:
        return json.loads(value) if str(value).startswith("{") else value
    except ValueError:
        return value


def digest(path: Path) -> str:
    """Return the SHA-256 of a safetensors file without its header, of another one as it is."""
    data = path.read_bytes()
    if is_safetensors(path):
        data = data[8 + int.from_bytes(data[:8], "little") :]
    return hashlib.sha256(data).hexdigest()


def natural(path: Path) -> list[tuple[int, str]]:
    """Return a key that puts img2 before img10."""
    parts = re.split(r"(\d+)", str(path).lower())
    return [(int(part), "") if at % 2 else (0, part) for at, part in enumerate(parts)]


def without_tags(prompt: str) -> tuple[str, list[list[str]]]:
    """Return the prompt that is drawn, and the parts of its LoRA tags.

    >>> without_tags("nasu, <lora:nasu:0.8> smile")
    ('nasu,  smile', [['nasu', '0.8']])
    """
    tags = [args.split(":") for kind, args in TAG.findall(prompt) if kind in ("lora", "lyco")]
    return TAG.sub("", prompt), tags
