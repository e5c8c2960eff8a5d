"""Base models on this machine and on the Drive: fetched once, checked, kept."""

import json
import shutil
import sys
from pathlib import Path

from stages.library.common import disk
from stages.library.common.drive import Drive
from stages.library.common.errors import Problem
from stages.library.common.hub_requests import hub_file
from stages.library.common.hub_troubles import check_settings, trouble
from stages.library.common.outputs import beside, copy_atomically, locked, sha256, write_atomically
from stages.library.common.paths import located
from stages.library.training.base_model import HUB, KEY, BaseModel
from stages.library.training.download import fetch_url


def place_of(model: BaseModel, here: Path) -> Path:
    """Return where the model is on this machine, or will be once it is fetched into `here`."""
    path = located(model.place)
    # the digest within the path keeps apart two models of one name
    return path if path.is_file() else here / model.sha256[:12] / model.name


def model_file(model: BaseModel, here: Path, drive: Drive | None) -> Path:
    """Return the model as a file on this machine: it is fetched if need be, and kept.

    `here` is a folder on this machine; the Drive outlives it.

    Raises:
        Problem: the model isn't what its SHA-256 says.
        Problem: it can't be downloaded now.
    """
    path = place_of(model, here)
    if path == located(model.place):
        return checked(path, model)
    within = Path("models", model.sha256[:12], model.name)
    with locked(path):
        if path.is_file():
            return checked(path, model)
        if not (drive and take(drive.folder / within, path)):
            print(f"train: downloading the base model {model.place}", flush=True)
            (fetch_url if model.is_url else fetch_hub)(model, path)
        checked(path, model)
    if drive and drive.there:
        keep(path, drive.folder / within, drive.folder)
    return path


def take(kept: Path, path: Path) -> bool:
    """Copy the model from the Drive; return False if it isn't there, or not any more."""
    try:
        if not kept.is_file():
            return False
        print(f"train: taking the base model {path.name} from {kept.parent}")
        copy_atomically(kept, path)
    except OSError as error:
        print(f"train: warning: the base model can't be taken: {error}", file=sys.stderr)
        return False
    return True


def keep(path: Path, kept: Path, drive: Path) -> None:
    """Copy the model to the Drive, if there is room; else only say so."""
    try:
        if not kept.is_file():
            copy_atomically(path, kept, drive)
    except OSError as error:
        print(f"train: warning: the base model isn't kept on the Drive: {error}", file=sys.stderr)


def checked(path: Path, model: BaseModel) -> Path:
    """Return `path` if the file has the model's SHA-256; what was downloaded wrong is removed.

    Raises:
        Problem: it hasn't.
    """
    found = known_sha256(path)
    if model.sha256 and found != model.sha256:
        ours = path.parent.name == model.sha256[:12]
        if ours:
            path.unlink()
        raise Problem(
            f"{KEY}: {path.name} has the SHA-256 {found}, not {model.sha256}: "
            + (
                "what was downloaded is removed; run it again, or correct base_model_sha256"
                if ours
                else "it is another model; correct base_model or base_model_sha256"
            )
        )
    return path


def known_sha256(path: Path) -> str:
    """Return a file's SHA-256; it is computed once, until the file's size or time changes."""
    size, time_ns = path.stat().st_size, path.stat().st_mtime_ns
    note = beside(path, "sha256.checkpoint")
    try:
        known = json.loads(note.read_text())
        if (known["size"], known["mtime_ns"]) == (size, time_ns):
            return str(known["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    found = sha256(path)
    try:
        text = json.dumps({"size": size, "mtime_ns": time_ns, "sha256": found})
        write_atomically(note, text.encode())
    except OSError:
        pass  # a folder that is only readable
    return found


def fetch_hub(model: BaseModel, path: Path) -> None:
    """Download a file of a hub repository; the hub's own library goes on where it stopped."""
    hub = HUB.fullmatch(model.place)
    assert hub
    folder = beside(path, "partial")
    check_settings()
    try:
        file = hub_file(KEY, hub["repo"], hub["file"], hub["rev"], local_dir=folder)
    except Problem:
        raise
    except Exception as error:  # classes of several libraries below, without a common base
        if known := trouble(error):
            raise Problem(f"{KEY}: {model.place} can't be downloaded: {known}") from None
        reason = next((line for line in str(error).splitlines() if line.strip()), repr(error))
        raise Problem(
            f"{KEY}: {model.place} can't be downloaded: {reason.strip()}; run it again, what "
            "has come is kept"
        ) from None
    disk.keep(file)
    file.replace(path)
    shutil.rmtree(folder, ignore_errors=True)
