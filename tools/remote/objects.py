"""What lies in a remote, compared with what the outputs name: no word of DVC's is believed."""

from dataclasses import dataclass, field
from pathlib import Path

from stages.library.common.dvc_internals import files_of, outputs, sizes
from tools.remote.config import Remote

NOTHING = "d41d8cd98f00b204e9800998ecf8427e"
"""The MD5 of no bytes: the only object that may be empty."""
NAMED = 5
"""Paths that a message names."""


@dataclass
class Survey:
    """The objects that the outputs name, by id, and where they are; each with its path."""

    wanted: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    """Not in the remote, or with another size there, but in the cache."""
    nowhere: dict[str, str] = field(default_factory=dict)
    """Neither in the remote nor in the cache, or empty there though they should not be."""
    wrong: set[str] = field(default_factory=set)
    """Of those waiting: in the remote, with another size or none."""

    @property
    def complete(self) -> bool:
        return not (self.waiting or self.nowhere)

    @property
    def sendable(self) -> list[str]:
        """The ids of what waits; no list of a folder while a file is nowhere, as DVC does it."""
        return [oid for oid in self.waiting if not (self.nowhere and oid.endswith(".dir"))]

    @property
    def counted(self) -> str:
        lacking = len(self.waiting) + len(self.nowhere)
        return f"{len(self.wanted) - lacking} of {len(self.wanted)} objects there"


def survey(remote: Remote, words: list[str]) -> Survey:
    """Compare what a remote lists with what `dvc push WORDS` should have brought there.

    Raises:
        Exception: whatever DVC and the remote's own library raise.
    """
    named = list(outputs(remote.repo, words, remote.name))
    cache, store = remote.repo.cache.local, remote.dvc.odb
    listed = sizes(store)
    there = {oid: size for oid, size in listed.items() if size or oid == NOTHING}
    found = Survey()
    for output in named:
        files = files_of(output, [cache, *([store] if output.oid in there else [])])
        if files is None:
            found.nowhere[output.oid] = output.path
        found.wanted |= {output.oid: output.path} | (files or {})
    for oid, path in found.wanted.items():
        here = size_of(Path(cache.oid_to_path(oid)))
        kept = here > 0 or (here == 0 and oid == NOTHING)
        if oid in found.nowhere or (oid in there and (there[oid] == here or not kept)):
            continue
        (found.waiting if kept else found.nowhere)[oid] = path
    found.wrong = set(found.waiting) & set(listed)
    return found


def size_of(path: Path) -> int:
    """Return a file's size in bytes; -1 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1


def some(paths: dict[str, str]) -> str:
    """Return the first of the paths, and how many there are beside.

    >>> some({"1": "b", "2": "a"})
    'a, b'
    """
    first = sorted(paths.values())[:NAMED]
    more = len(paths) - len(first)
    return ", ".join(first) + (f" and {more} more" if more else "")
