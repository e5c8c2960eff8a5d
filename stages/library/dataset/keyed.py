"""What the artist says of a drawing, found again when the drawing was renamed, or has changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from stages.library.dataset.manifest import same_name
from stages.library.dataset.subjects import known_as

KEY_LENGTH = 12
"""A drawing's key: so many hex digits of its SHA-256."""


class Entry(Protocol):
    """What was said of a drawing, which was called `source`."""

    @property
    def source(self) -> str: ...


@dataclass(frozen=True)
class Astray:
    """What is known of an entry whose key is no drawing's.

    `drawing` is the one of its name, whose content then has changed; empty if there is none.
    `newer` is the key of the entry that holds for it instead; empty if this one does.
    """

    drawing: str = ""
    newer: str = ""


def of_drawings(
    entries: Mapping[str, Entry], digests: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, Astray]]:
    """Return the key of each drawing's entry by the drawing's name, and the entries gone astray.

    `entries` are by key, in the order in which they were made, and `digests` (SHA-256) by name. An
    entry belongs to the drawing with its key; if there is none, to the drawing of its source name,
    though its subject's folder be shown more or less often; if there is none either, to no drawing.
    """
    by_key = {digest[:KEY_LENGTH]: name for name, digest in digests.items()}
    by_name = {same_name(name): name for name in digests}
    by_folder = {known_as(name): name for name in digests}
    found = {by_key[key]: key for key in entries if key in by_key}
    astray = {}
    for key, entry in reversed(list(entries.items())):  # what was said last of a drawing comes last
        if key in by_key:
            continue
        name = by_name.get(same_name(entry.source)) or by_folder.get(known_as(entry.source), "")
        astray[key] = Astray(name, found.get(name, ""))
        if name:
            found.setdefault(name, key)
    return found, dict(reversed(list(astray.items())))
