"""DVC's cache: whether what the outputs name is there with the bytes that its name says."""

import hashlib
from functools import partial
from pathlib import Path

from tools.doctor.faults import Examination, Fault, put_away
from tools.doctor.records import dvc_records

MOST = 4 * 10**9
"""Bytes that are read; the smallest files first, so that every text and picture is among them."""
NOTHING = "d41d8cd98f00b204e9800998ecf8427e"
REMEDY = (
    "--mend takes it away; then dvc pull brings it again, or dvc repro makes it again (your own "
    "drawings: dvc add data/raw)",
    "--mend で取りのぞいてから、dvc pull か dvc repro を実行してください(自分の絵は "
    "dvc add data/raw)",
)


def objects() -> Examination:
    """Look for empty and wrong objects, as a power cut leaves them.

    DVC takes what is write-protected for right (dvc_data/hashfile/db/local.py::check).
    """
    if dvc_records()[1]:
        return "not read, as DVC can't read what it should hold: see above", []
    here = kept_objects()
    total = len(here)
    bad = {
        path: f"empty ({name})" for path, (size, oid, name) in here.items() if is_empty(size, oid)
    }
    hashed = read = 0
    for path, (size, oid, name) in sorted(here.items(), key=lambda each: each[1]):
        if path in bad or read + size > MOST:
            continue
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "md5").hexdigest()
        hashed, read = hashed + 1, read + size
        if digest != oid.removesuffix(".dir"):
            bad[path] = f"not what its name says ({name})"
    said = f"{total} of this commit in the cache, {hashed} of them read ({read / 10**6:.0f} MB)"
    faults = [
        Fault(f"{path}: {why}", *REMEDY, partial(put_away, path))
        for path, why in sorted(bad.items())
    ]
    return said, faults


def is_empty(size: int, oid: str) -> bool:
    return size == 0 and oid != NOTHING


def kept_objects() -> dict[Path, tuple[int, str, str]]:
    """Return size, id and path in the project of each object of the outputs, by its file.

    Raises:
        Problem: DVC can't read the project.
    """
    from stages.library.common.dvc_internals import files_of, opened_project, outputs

    found: dict[Path, tuple[int, str, str]] = {}
    with opened_project() as repo:
        cache = repo.cache.local
        for output in outputs(repo, [], ""):
            named = {output.oid: output.path} | (files_of(output, [cache]) or {})
            for oid, name in named.items():
                path = Path(cache.oid_to_path(oid))
                if path.is_file():
                    found[within_project(path)] = (path.stat().st_size, oid, name)
    return found


def within_project(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
