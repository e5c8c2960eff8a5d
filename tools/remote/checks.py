"""What can be wrong with a DVC remote.

Everything goes through the objects that `dvc push` itself uses, so that what is checked is what
push meets.
"""

import importlib
import importlib.metadata
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from stages.library.common.drive import is_folder
from stages.library.common.errors import Problem
from tools.remote.advice import (
    FULL,
    INSTALL,
    KEY_FILE,
    KEY_TEXT,
    MAKE_FOLDER,
    OWN_CLIENT,
    PUSH,
    SET_CLOCK,
    SHARED_DRIVE,
    SIGN_IN_AGAIN,
    Advice,
    Failed,
    advice_on,
    in_short,
)
from tools.remote.config import COLAB, Remote, mount_of
from tools.remote.objects import survey

OLDEST_PYDRIVE2 = (1, 21, 3)
LITTLE_SPACE = 100 * 10**6
"""Bytes below which a push of LoRAs is sure to fail."""
WRONG_CLOCK = 300
"""Seconds of difference from which Google refuses a service account."""
ANSWER_WITHIN, SIGN_IN_WITHIN, LIST_WITHIN = 60, 300, 600
"""Seconds that a check may take; signing in takes a person and a browser."""
VARIABLE = "GDRIVE_CREDENTIALS_DATA"
"""An environment variable that takes the place of the file with a key or sign-in."""
HARMLESS = {"verify", "clock", "objects"}
"""Checks that may fail and yet let a push succeed."""


@dataclass(frozen=True)
class Finding:
    """What one check found; without advice all is well."""

    check: str
    text: str
    advice: Advice | None = None
    hostile: bool = False
    """Whether it is no trouble but harm: what lies there would write outside of the project."""

    @property
    def state(self) -> str:
        """`ok`, `warning` (the remote can be used nevertheless) or `FAILED`."""
        if self.advice is None:
            return "ok"
        return "warning" if self.check in HARMLESS and not self.hostile else "FAILED"

    @property
    def lasting(self) -> bool:
        """Whether another try to push would be in vain."""
        return self.state == "FAILED" and self.advice is not None and not self.advice.passing


def packages(_: Remote) -> str:
    """Some sets that pip finds consistent die at every push and pull."""
    importlib.import_module("pydrive2.fs")
    installed = importlib.metadata.version("PyDrive2")
    if tuple(int(number) for number in re.findall(r"\d+", installed)[:3]) < OLDEST_PYDRIVE2:
        raise Failed(f"PyDrive2 {installed} is too old", INSTALL)
    return f"PyDrive2 {installed}, dvc-gdrive {importlib.metadata.version('dvc-gdrive')}"


def credentials(remote: Remote) -> str:
    """DVC's own app, the default, is blocked by Google (treeverse/dvc#10516)."""
    given = os.environ.get(VARIABLE, "")
    if remote.kind == "robot":
        file = remote.config.get("gdrive_service_account_json_file_path") or ""
        if not given and not Path(file).is_file():
            raise Failed(f"the service account's key {file} is not there", KEY_FILE)
        key, source = read_json(given, Path(file), KEY_FILE), VARIABLE if given else file
        if key.get("type") != "service_account" or "client_email" not in key:
            raise Failed(f"{source} is no service account's key", KEY_TEXT if given else KEY_FILE)
        if remote.path.split("/")[0] in ("root", "appDataFolder"):
            raise Failed(f"{remote.url} lies in My Drive", SHARED_DRIVE)
        return str(key["client_email"])
    there = given or remote.saved.is_file()
    saved = read_json(given, remote.saved, SIGN_IN_AGAIN) if there else {}
    client = saved.get("client_id") or remote.config.get("gdrive_client_id")
    if client in (None, remote.dvc.fs.DEFAULT_GDRIVE_CLIENT_ID):
        raise Failed("no OAuth client of your own; Google blocks DVC's", OWN_CLIENT)
    return f"client {client}"


def read_json(given: str, file: Path, advice: Advice) -> dict[str, Any]:
    """Return what the variable or else the file holds.

    Raises:
        Failed: it is no JSON; `advice` is on the file.
    """
    try:
        read = json.loads(given or file.read_text(encoding="utf-8"))
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise Failed(f"{VARIABLE if given else file} is no JSON", KEY_TEXT if given else advice)
    return read


def sign_in(remote: Remote) -> str:
    """Ask Drive who this is; the first time, that opens a browser."""
    client = remote.dvc.fs.fs.client
    client.GetAbout()
    dates: list[str] = []
    request = client.auth.service.about().get()
    request.add_response_callback(lambda response: dates.append(response["date"]))
    remote.about = request.execute(http=client.http)
    remote.ahead = parsedate_to_datetime(dates[0]).timestamp() - time.time()
    return str(remote.about["user"]["emailAddress"])


def clock(remote: Remote) -> str:
    if abs(remote.ahead) > WRONG_CLOCK:
        side = "behind" if remote.ahead > 0 else "ahead"
        raise Failed(f"{abs(remote.ahead) / 60:.0f} minutes {side} of Google's", SET_CLOCK)
    return "as Google's"


def space(remote: Remote) -> str:
    top = remote.path.split("/")[0]
    if remote.kind == "folder":
        free = shutil.disk_usage(remote.path).free
    elif top != "root":
        item = remote.dvc.fs.fs.client.CreateFile({"id": top})
        item.FetchMetadata("driveId")
        if item.get("driveId"):
            return "that of the Shared Drive"
        if remote.kind == "robot":
            raise Failed(f"{remote.url} lies in somebody's My Drive", SHARED_DRIVE)
        return "that of the folder's owner"
    elif remote.about.get("quotaType") == "UNLIMITED":
        return "unlimited"
    else:
        free = int(remote.about["quotaBytesTotal"]) - int(remote.about["quotaBytesUsedAggregate"])
    if free < LITTLE_SPACE:
        raise Failed(f"{max(free, 0) / 10**6:.0f} MB free", FULL)
    return f"{free / 10**9:.1f} GB free"


def mounted(remote: Remote) -> str:
    """Without the mount, DVC would write to this computer's disk, and nobody would notice."""
    path = Path(remote.path)
    mount = mount_of(path)
    if COLAB in path.parents and not os.path.ismount(COLAB):  # for a dead one is_mount() raises
        mount = COLAB / "MyDrive"
    elif mount is None or is_folder(mount):
        return "yes" if mount else "nothing to mount"
    raise Failed(
        f"no Google Drive is mounted at {mount}",
        Advice(
            "Colab: from google.colab import drive; drive.mount('/content/drive'). Mac: start "
            "Google Drive for desktop, or correct the url: dvc remote modify --local {name} url …",
            "Colab では drive.mount を実行、Mac では Google ドライブのアプリを起動してください。"
            "場所の書き間違いなら url を直してください",
        ),
    )


def verify(remote: Remote) -> str:
    """Without it, DVC takes a corrupted object from a folder for the right one."""
    if not remote.config.get("verify"):
        raise Failed(
            "verify is off: a corrupted file would be taken for the right one",
            Advice(
                f"dvc remote modify --local {remote.name} verify true",
                "上のコマンドを実行してください(壊れたファイルに気づけるようになります)",
            ),
        )
    return "true"


def folder(remote: Remote) -> str:
    """DVC makes no folder in Drive; one it makes elsewhere may be a slip of the pen."""
    if remote.kind == "folder" and not is_folder(Path(remote.path)):
        raise Failed(f"there is no folder {remote.path}", MAKE_FOLDER)
    return f"{remote.path}, {len(list(remote.dvc.fs.ls(remote.path)))} entries"


def write_and_read(remote: Remote) -> str:
    fs, name = remote.dvc.fs, f".nasumiso-check-{uuid.uuid4().hex}"
    probe, content = fs.join(remote.path, name), os.urandom(4096)
    with tempfile.TemporaryDirectory() as scratch:
        there, back = Path(scratch, "there"), Path(scratch, "back")
        there.write_bytes(content)
        fs.put_file(str(there), probe)
        try:
            fs.get_file(probe, str(back))
        finally:
            undeleted = failure(fs.remove, probe)
        if back.read_bytes() != content:
            raise Failed(
                "a file came back with other bytes",
                Advice("don't use this remote", "このリモートは使わないでください"),
            )
    if undeleted:  # push and pull never delete
        return f"a file came back the same; {name} can't be deleted: {in_short(undeleted)}"
    return f"a file of {len(content)} bytes came back the same, and is deleted"


def objects(remote: Remote) -> str:
    """DVC takes files for there that a killed push never sent (treeverse/dvc#10977)."""
    found = survey(remote, [])
    if not found.complete:
        raise Failed(f"{found.counted}, as the outputs name them", PUSH)
    return found.counted


Check = Callable[[Remote], str]
DRIVE: dict[str, Check] = {
    "packages": packages,
    "credentials": credentials,
    "sign-in": sign_in,
    "clock": clock,
    "space": space,
    "folder": folder,
    "write, read": write_and_read,
    "objects": objects,
}
FOLDER: dict[str, Check] = {
    "mounted": mounted,
    "folder": folder,
    "verify": verify,
    "space": space,
    "write, read": write_and_read,
    "objects": objects,
}
CHECKS = {"oauth": DRIVE, "robot": DRIVE, "folder": FOLDER}
"""By the kind of a remote; others are not checked."""
BEFORE_PUSH = {"oauth": {"credentials"}, "folder": {"mounted", "folder"}}
"""Checks without which DVC would make the folder, or wait for a sign-in that Google blocks."""
GOES_ON = {"verify", "space", "clock"}
"""Checks whose failure tells nothing of those after them."""


def findings(remote: Remote, before_push: bool = False) -> Iterator[Finding]:
    """Check the remote, and yield what was found as it is found."""
    for check, work in CHECKS.get(remote.kind, {}).items():
        if before_push and check not in BEFORE_PUSH.get(remote.kind, ()):
            continue
        limit = LIST_WITHIN if check == "objects" else ANSWER_WITHIN
        limit = SIGN_IN_WITHIN if check == "sign-in" and sys.stdin.isatty() else limit
        try:
            with within(limit):
                text = work(remote)
        except Exception as error:
            advice = remote.filled(advice_on(error))
            yield Finding(check, in_short(error), advice, hostile=isinstance(error, Problem))
            if check not in GOES_ON:
                return
        else:
            yield Finding(check, text)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block after that time; neither PyDrive2 nor DVC has a limit."""

    def ring(_: int, __: FrameType | None) -> NoReturn:
        raise TimeoutError(f"timed out: no answer in {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def failure(work: Callable[[str], object], argument: str) -> Exception | None:
    """Return the exception that a call raises, if any."""
    try:
        work(argument)
    except Exception as error:
        return error
    return None
