"""The files of the input folder, and why some of them can't be used."""

import stat
from dataclasses import dataclass, replace
from pathlib import Path

import PIL

from stages.library.common.outputs import sha256
from stages.library.dataset import images
from stages.library.dataset.notes import Note, note


@dataclass(frozen=True)
class Source:
    """A file of the input folder; `reason` says why it can't be used, as far as is known."""

    path: Path
    sha256: str = ""
    pixels: int = 0
    reason: Note | None = None


def entry_reason(path: Path) -> Note | None:
    """Return why a directory entry can't be a picture, judged without opening it."""
    try:
        status = path.stat()
    except OSError as error:
        return note("broken_link") if path.is_symlink() else error_reason(error)
    if stat.S_ISDIR(status.st_mode):
        return note("folder")
    if not stat.S_ISREG(status.st_mode):
        return note("not_regular")
    if path.name.startswith("._"):
        return note("mac_side_file")
    if path.suffix.lower() not in images.SUFFIXES:
        return note("other_ending", ending=path.suffix) if path.suffix else note("no_ending")
    return None if status.st_size else note("empty")


def error_reason(error: Exception) -> Note:
    """Return why a file could not be read."""
    if isinstance(error, images.UnusableError):
        return error.reason
    if isinstance(error, PIL.UnidentifiedImageError):
        return note("no_picture")
    if isinstance(error, PermissionError):
        return note("no_permission")
    if isinstance(error, OSError) and error.strerror:
        return note("unreadable", why=error.strerror)
    if isinstance(error, MemoryError):
        return note("no_memory")
    return note("damaged", why=" ".join(str(error).split()) or repr(error))


def look_at(path: Path) -> Source:
    """Read a file's digest and header."""
    source = Source(path, reason=entry_reason(path))
    if source.reason:
        return source
    try:
        source = replace(source, sha256=sha256(path))
        with images.open_picture(path) as image:
            return replace(source, pixels=image.width * image.height)
    except Exception as error:  # a damaged file makes decoders raise anything
        return replace(source, reason=error_reason(error))


def without_copies(sources: list[Source]) -> list[Source]:
    """Return the sources with all but the first of byte-identical files marked unusable."""
    first: dict[str, str] = {}
    marked = []
    for source in sources:
        name = first.setdefault(source.sha256, source.path.name)
        if not source.reason and name != source.path.name:
            source = replace(source, reason=note("same_bytes", name=name))
        marked.append(source)
    return marked
