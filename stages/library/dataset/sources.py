"""The files of the input folder, and why some of them can't be used."""

import errno
import hashlib
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import PIL

from stages.library.common.faults import is_machines, named
from stages.library.common.outputs import sha256
from stages.library.common.unchanged import changed
from stages.library.dataset import images
from stages.library.dataset.endings import ending, ending_reason
from stages.library.dataset.manifest import same_name
from stages.library.dataset.notes import Note, note

NOWHERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
"""What the system says of a link that leads to nothing."""

COPIED = re.compile(
    r"(^(copy of|コピー ?[~〜～]) ?)"
    r"|(([ _-]+copy|[ _-]*(の ?)?コピー|副本|[ _-]+kopie|[ _-]+copie)( ?\(?\d+\)?)?$)"
    r"|(( ?[(（]\d{1,3}[)）])$)",
    flags=re.IGNORECASE,
)
"""What Finder, Explorer, browsers and clouds put before or behind a name."""

NUMBERED = re.compile(r" \d{1,3}")
"""What Finder and iCloud put behind a name that is there already."""


@dataclass(frozen=True)
class Source:
    """A file of the input folder; `reason` says why it can't be used, as far as is known."""

    path: Path
    sha256: str = ""
    pixels: int = 0
    reason: Note | None = None
    folder: str = ""  # of its subject, within the input folder

    @property
    def name(self) -> str:
        """What the drawing is called, in the manifest and elsewhere."""
        return f"{self.folder}/{self.path.name}" if self.folder else self.path.name


def entry_reason(path: Path) -> Note | None:
    """Return why a directory entry can't be a picture, judged without opening it."""
    try:
        status = path.stat()
    except OSError as error:
        if path.is_symlink() and error.errno in NOWHERE:
            return note("broken_link")
        raise
    if stat.S_ISDIR(status.st_mode):
        return note("folder")
    if not stat.S_ISREG(status.st_mode):
        return note("not_regular")
    if reason := ending_reason(path.name):
        return reason
    if (size := status.st_size) > images.MAX_BYTES:
        megabytes, most = size // 1_000_000, images.MAX_BYTES // 1_000_000
        return note("too_many_bytes", megabytes=megabytes, most=most)
    if size:
        return None
    return note("empty") if ending(path.name) else note("no_ending")


def error_reason(error: Exception) -> Note:
    """Return what is wrong with a file, by what a decoder said."""
    if isinstance(error, images.UnusableError):
        return error.reason
    if isinstance(error, PIL.UnidentifiedImageError):
        return note("no_picture")
    return note("damaged", why=" ".join(str(error).split()) or repr(error))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Name the file that the machine can't read within the block, or that is gone by now."""
    try:
        with named(path):
            yield
    except FileNotFoundError:
        raise changed([path]) from None


def look_at(path: Path) -> Source:
    """Read a file's digest and header.

    Raises:
        Problem: the machine can't.
    """
    with reading(path):
        if reason := entry_reason(path):
            return Source(path, reason=reason)
        source = Source(path, sha256(path))
        try:
            with images.open_picture(path) as image:
                return replace(source, pixels=image.width * image.height)
        except Exception as error:  # a damaged file makes decoders raise anything
            if is_machines(error):
                raise
            if not isinstance(error, images.UnusableError | PIL.UnidentifiedImageError):
                images.check_memory(images.MAX_PIXELS_WEBP)  # which takes its memory at once
            if isinstance(error, PIL.UnidentifiedImageError) and not ending(path.name):
                return replace(source, reason=note("no_ending"))
            return replace(source, reason=error_reason(error))


def read_again(source: Source) -> bytes:
    """Return the bytes of a file, which are those that were looked at.

    Raises:
        Problem: they are others, or the machine can't read them.
    """
    with reading(source.path):
        data = source.path.read_bytes()
    if hashlib.sha256(data).hexdigest() != source.sha256:
        raise changed([source.path])
    return data


def without_copies(sources: list[Source]) -> list[Source]:
    """Return the sources with all but one of byte-identical files marked unusable.

    That one has the plainest name, and of equally plain ones the first.
    """
    alike: dict[str, list[str]] = {}
    for source in sources:
        alike.setdefault(source.sha256, []).append(source.name)
    kept = {digest: plainest(names) for digest, names in alike.items()}
    marked = []
    for source in sources:
        name = kept[source.sha256]
        if not source.reason and name != source.name:
            source = replace(source, reason=note("same_bytes", name=name))
        marked.append(source)
    return marked


def plainest(names: list[str]) -> str:
    """Return the name that no system has made of another when it copied it.

    >>> plainest(["表紙 のコピー.png", "表紙.png"]), plainest(["b copy.png", "c copy.png"])
    ('表紙.png', 'b copy.png')
    """
    stems = {stem(name) for name in names}

    def copied(name: str) -> tuple[bool, bool]:
        begun = any(
            stem(name).startswith(f"{other} ") and NUMBERED.fullmatch(stem(name)[len(other) :])
            for other in stems
        )
        return bool(begun or COPIED.search(stem(name).rpartition("/")[2])), not ending(name)

    return min(names, key=copied)  # of equals the first


def stem(name: str) -> str:
    """Return a name without its ending, composed as it is compared."""
    return same_name(name[: len(name) - len(Path(name).suffix)] if ending(name) else name)
