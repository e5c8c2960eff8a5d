"""The files of the input folder, and why some of them can't be used."""

import stat
from dataclasses import dataclass, replace
from pathlib import Path

import PIL

from stages.library.common.outputs import sha256
from stages.library.dataset import images
from stages.library.dataset.manifest import shown


@dataclass(frozen=True)
class Source:
    """A file of the input folder; `reason` says why it can't be used, '' as far as is known."""

    path: Path
    sha256: str = ""
    pixels: int = 0
    reason: str = ""


def entry_reason(path: Path) -> str:
    """Return why a directory entry can't be a picture, judged without opening it; else ''."""
    try:
        status = path.stat()
    except OSError:
        return "is a broken link" if path.is_symlink() else "can't be read"
    if stat.S_ISDIR(status.st_mode):
        return "is a folder; only files directly in the input folder are read"
    if not stat.S_ISREG(status.st_mode):
        return "is no regular file"
    if path.name.startswith("._"):
        return "is a Mac's side file, not the picture itself"
    if path.suffix.lower() not in images.SUFFIXES:
        return f"is no picture file ({path.suffix or 'no file ending'})"
    return "" if status.st_size else "is empty (0 bytes)"


def error_reason(error: Exception) -> str:
    """Return in one line why a file could not be read."""
    if isinstance(error, PIL.UnidentifiedImageError):
        return "is no picture, or a damaged one"
    if isinstance(error, OSError) and error.strerror:
        return f"can't be read: {error.strerror}"
    if isinstance(error, MemoryError):
        return "needs more memory than there is; save a smaller copy"
    message = " ".join(str(error).split()) or repr(error)
    return message if isinstance(error, images.UnusableError) else f"is damaged: {message}"


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
            source = replace(source, reason=f"has the same bytes as {shown(name)}")
        marked.append(source)
    return marked
