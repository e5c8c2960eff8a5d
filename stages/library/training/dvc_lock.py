"""What a dvc.lock records of an output, and DVC's own name for a folder."""

import hashlib
import json
from pathlib import Path

import yaml

from stages.library.common.outputs import files_within


def dvc_md5(folder: Path) -> str:
    """Return DVC's name of a folder: the MD5 of the list of its files and their MD5s."""
    entries = []
    for path in files_within(folder):
        with path.open("rb") as file:
            md5 = hashlib.file_digest(file, "md5").hexdigest()
        entries.append({"md5": md5, "relpath": path.relative_to(folder).as_posix()})
    entries.sort(key=lambda entry: entry["relpath"])
    return hashlib.md5(json.dumps(entries).encode()).hexdigest() + ".dir"


def read_lock(path: Path) -> str:
    """Return the text of a dvc.lock; '' where there is none."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def locked_md5(lock: str, path: str) -> str:
    """Return the MD5 that the text of a dvc.lock records for an output; '' if it has none."""
    try:
        stages = (yaml.safe_load(lock) or {}).get("stages", {})
    except yaml.YAMLError:  # as after a merge with conflicts
        return ""
    outs = [out for stage in stages.values() for out in stage.get("outs", [])]
    return next((str(out.get("md5", "")) for out in outs if out.get("path") == path), "")
