"""The base model: a file, a URL or a file of a hub repository; fetched once, checked, kept."""

import json
import os
import re
import shutil
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import huggingface_hub
import huggingface_hub.constants
import huggingface_hub.errors

from stages.library.common.drive import Drive
from stages.library.common.errors import Problem
from stages.library.common.outputs import beside, copy_atomically, locked, sha256, write_atomically
from stages.library.common.paths import located

KEY = "params.yaml, lora.base_model"
HUB = re.compile(
    r"(?P<repo>[\w.-]+/[\w.-]+)/(?P<file>[^@]+\.(?:safetensors|ckpt))(?:@(?P<rev>.+))?"
)
PIECE = 1 << 20
PATIENCE = 30  # seconds without a byte
TRIES = 5


@dataclass(frozen=True)
class BaseModel:
    """What params.yaml says: where the model is, and the SHA-256 it must have ('': any)."""

    place: str
    sha256: str

    @property
    def name(self) -> str:
        """The file's name."""
        hub = HUB.fullmatch(self.place)
        place = hub["file"] if hub and not self.is_url else self.place.split("?")[0]
        return place.rpartition("/")[2]

    @property
    def is_url(self) -> bool:
        """Whether it is fetched from an address as it stands."""
        return self.place.startswith(("https://", "http://"))


def check(model: BaseModel) -> None:
    """Raise Problem if the model can't be had as it is written."""
    if model.sha256 and not re.fullmatch(r"[0-9a-f]{64}", model.sha256):
        raise Problem(f"{KEY}_sha256: is no SHA-256; write its 64 digits 0-9 a-f")
    path = located(model.place)
    if path.is_file():
        return
    if not model.is_url and not HUB.fullmatch(model.place):
        raise Problem(
            f"{KEY}: {model.place!r} is no file here, no URL and no OWNER/REPOSITORY/FILE"
            ".safetensors of the hub"
        )
    if not model.sha256:
        raise Problem(
            f"{KEY}_sha256: is missing; a model that is downloaded is checked against it (the "
            "model's page shows it)"
        )


def model_file(model: BaseModel, here: Path, drive: Drive | None) -> Path:
    """Return the model as a file on this machine: it is fetched if need be, and kept.

    `here` is a folder on this machine; the Drive outlives it.

    Raises:
        Problem: the model isn't what its SHA-256 says.
        Problem: it can't be downloaded now.
    """
    path = located(model.place)
    if path.is_file():
        return checked(path, model)
    # the digest within the path keeps apart two models of one name
    path = here / model.sha256[:12] / model.name
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
    # plain HTTP goes on where a killed run stopped, and gives up when nothing comes
    huggingface_hub.constants.HF_HUB_DISABLE_XET = True
    try:
        file = huggingface_hub.hf_hub_download(
            hub["repo"], hub["file"], revision=hub["rev"], local_dir=folder
        )
    except (huggingface_hub.errors.HfHubHTTPError, OSError, RuntimeError) as error:
        reason = next((line for line in str(error).splitlines() if line.strip()), repr(error))
        raise Problem(
            f"{KEY}: {model.place} can't be downloaded: {reason.strip()}; run it again, what "
            "has come is kept"
        ) from None
    Path(file).replace(path)
    shutil.rmtree(folder, ignore_errors=True)


def fetch_url(model: BaseModel, path: Path) -> None:
    """Download a URL; a broken connection, or a killed run, goes on where it stopped."""
    partial = beside(path, "partial")
    problem: Exception | None = None
    for attempt in range(TRIES):
        time.sleep(min(attempt, 1) * 2 ** (attempt - 1))
        try:
            if fetch_rest(model.place, partial):
                partial.replace(path)
                return
        except urllib.error.HTTPError as error:
            error.close()
            problem = error
            if error.code < 500 and error.code not in (408, 429):
                break
        except (OSError, ValueError) as error:
            problem = error
    wants = isinstance(problem, urllib.error.HTTPError) and problem.code in (401, 403)
    remedy = "set CIVITAI_TOKEN to your API key" if wants else "run it again, what has come is kept"
    raise Problem(
        f"{KEY}: {model.place.split('?')[0]} can't be downloaded: {problem or 'cut off'}; {remedy}"
    )


def fetch_rest(url: str, partial: Path) -> bool:
    """Append to `partial` what it lacks of `url`; return whether it is complete now."""
    partial.parent.mkdir(parents=True, exist_ok=True)
    start = partial.stat().st_size if partial.is_file() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "nasumiso-creator"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    token = os.environ.get("CIVITAI_TOKEN")
    if token and urllib.parse.urlsplit(url).hostname == "civitai.com":
        # unredirected: the storage that the address leads to must not see it
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    try:
        answer = urllib.request.urlopen(request, timeout=PATIENCE)
    except urllib.error.HTTPError as error:
        if error.code == 416 and start:  # all of it is here, or another file is there now
            error.close()
            total = error.headers.get("Content-Range", "").rpartition("/")[2]
            if total == str(start):
                return True
            partial.unlink()
            return False
        raise
    with answer, partial.open("ab" if answer.status == 206 else "wb") as file:
        while piece := answer.read(PIECE):
            file.write(piece)
        size = file.tell()
    if answer.status == 206:
        total = answer.headers.get("Content-Range", "").rpartition("/")[2]
    else:
        total = answer.headers.get("Content-Length", "")
    return not total.isdigit() or size >= int(total)
