"""DVC's cache: whether what the outputs name is there with the bytes that its name says."""

import hashlib
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tools.doctor.faults import Examination, Fault, put_away
from tools.doctor.records import dvc_records

MOST = 4 * 10**9
"""Bytes that are read; the smallest files first, so that every text and picture is among them."""
NOTHING = "d41d8cd98f00b204e9800998ecf8427e"
REMEDY = (
    "--mend takes it away; then dvc pull brings it again, or dvc repro makes it again (your own "
    "drawings: dvc add data/raw)",
    "--mend で取り除いてから、dvc pull か dvc repro を実行してください(自分の絵は "
    "dvc add data/raw)",
)


UNKNOWN = "of no output of this commit"


class Object(NamedTuple):
    """A file of the cache."""

    size: int
    oid: str
    name: str  # of the file in the project, or UNKNOWN


def objects() -> Examination:
    """Look for empty and wrong objects, as a power cut leaves them.

    DVC doesn't wait for the disk, and takes what is write-protected for right
    (dvc_data/hashfile/db/local.py::check).
    """
    if dvc_records()[1]:
        return "not read, as DVC can't read what it should hold: see above", []
    here = kept_objects()
    known = {path: each for path, each in here.items() if each.name != UNKNOWN}
    empty = [path for path, each in here.items() if is_empty(each)]
    wrong = []
    hashed = read = 0
    for path, (size, oid, _) in sorted(known.items(), key=lambda each: each[1]):
        if path in empty or read + size > MOST:
            continue
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "md5").hexdigest()
        hashed, read = hashed + 1, read + size
        if digest != oid.removesuffix(".dir"):
            wrong.append(path)
    said = (
        f"{len(known)} of this commit in the cache, {hashed} of them read ({read / 10**6:.0f} MB)"
    )
    faults = [
        fault(why, sorted(paths), here)
        for why, paths in (("empty", empty), ("not what its name says", wrong))
        if paths
    ]
    return said, faults


def fault(why: str, paths: list[Path], here: dict[Path, Object]) -> Fault:
    """Return what is to be said of objects with the same fault: after a power cut they are many."""
    first = next((path for path in paths if here[path].name != UNKNOWN), paths[0])
    more = f", and {len(paths) - 1} more" if len(paths) > 1 else ""
    return Fault(
        f"{first}: {why} ({here[first].name}){more}", *REMEDY, partial(put_all_away, paths)
    )


def put_all_away(paths: list[Path]) -> str:
    """Move damaged files out of the way, and return what became of the first."""
    said = [put_away(path) for path in paths]
    return said[0] + (f", and {len(said) - 1} more" if len(said) > 1 else "")


def is_empty(each: Object) -> bool:
    return each.size == 0 and each.oid != NOTHING


def kept_objects() -> dict[Path, Object]:
    """Return the objects of the outputs that are in the cache, and all that are empty.

    A list of files that is itself empty doesn't tell which files of the cache are of its output.

    Raises:
        Problem: DVC can't read the project.
    """
    from stages.library.common.dvc_internals import files_of, opened_project, outputs, sizes

    found: dict[Path, Object] = {}
    with opened_project() as repo:
        cache = repo.cache.local
        listed = sizes(cache)
        names = {oid: UNKNOWN for oid, size in listed.items() if not size}
        for output in outputs(repo, [], ""):
            names |= {output.oid: output.path} | (files_of(output, [cache]) or {})
        for oid, name in names.items():
            if oid in listed:
                path = Path(cache.oid_to_path(oid))
                found[within_project(path)] = Object(listed[oid], oid, name)
    return {path: each for path, each in found.items() if each.name != UNKNOWN or is_empty(each)}


def within_project(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
