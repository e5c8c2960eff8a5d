"""data/manifest.csv: what became of every file in the input folder."""

import csv
import io
import unicodedata
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.foreign import shown as shown
from stages.library.common.outputs import write_atomically
from stages.library.common.paths import is_plain_name

USED = "used"
SKIPPED = "skipped"


@dataclass(frozen=True)
class Row:
    """One file of the input folder.

    `image` is the prepared picture's name, empty where the file was skipped; `width` and `height`
    are the upright drawing's own, in pixels, 0 where unknown; `reason` says why a file was
    skipped, or what is worth knowing about one that was used, in the codes of `notes`.
    """

    image: str
    source: str
    sha256: str
    width: int
    height: int
    status: str
    reason: str


COLUMNS = [field.name for field in fields(Row)]


def write_manifest(path: Path, rows: list[Row]) -> None:
    """Write the rows in the order given."""
    buffer = io.StringIO(newline="")
    plain = csv.writer(buffer, lineterminator="\n")
    quoted = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL)
    plain.writerow(COLUMNS)
    for row in rows:  # before Python 3.13 the plain one writes a \r that can't be read again
        (quoted if "\r" in row.source + row.reason else plain).writerow(astuple(row))
    write_atomically(path, buffer.getvalue().encode("utf-8", errors="backslashreplace"))


def read_manifest(path: Path) -> list[Row]:
    """Return the rows of a manifest.

    Raises:
        Problem: there is no manifest, or it is not one.
    """
    if not path.is_file():
        raise Problem(f"{path}: no such file; run the prepare stage first")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return read_rows(file)
    except (KeyError, TypeError, ValueError, csv.Error):
        raise Problem(f"{path}: is no manifest; run the prepare stage again") from None


def read_rows(file: Iterable[str]) -> list[Row]:
    """Return the rows of an open manifest.

    Raises:
        Problem: it is none.
    """
    reader = csv.DictReader(file)
    if missing := set(COLUMNS).difference(reader.fieldnames or ()):
        raise Problem(f"no manifest: it has no column {min(missing)}")
    return [row_of(cells) for cells in reader]


def row_of(cells: dict[str, str]) -> Row:
    """Return the row of one csv line.

    Raises:
        ValueError: it is none.
    """
    image = cells["image"]
    if image and not is_plain_name(image):
        raise ValueError(f"{image!r} is no file's name")
    return Row(
        image,
        cells["source"],
        cells["sha256"],
        int(cells["width"]),
        int(cells["height"]),
        cells["status"],
        cells["reason"],
    )


def used(rows: list[Row]) -> dict[str, Row]:
    """Return the rows of the used pictures by the picture's stem, such as `img001`."""
    return {Path(row.image).stem: row for row in rows if row.status == USED}


def same_name(name: str) -> str:
    """Return the form in which file names are compared: a Mac's decomposed か゛ equals が."""
    return unicodedata.normalize("NFC", name)


def on_a_mac(name: str) -> str:
    """Return the form in which a Mac's and Windows' disks compare: of two alike they hold one.

    >>> on_a_mac("A.png") == on_a_mac("a.PNG")
    True
    """
    return same_name(name).lower()
