"""The DVC remote that was chosen, by DVC's own settings and objects."""

import importlib
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from stages.library.common.dvc_internals import opened_remote
from stages.library.common.errors import Problem
from tools.remote.advice import Advice

DRIVE_FOLDERS = {
    "MyDrive",
    "My Drive",
    "マイドライブ",
    "Shareddrives",
    "Shared drives",
    "共有ドライブ",
}
"""What Colab and Google Drive for desktop call the topmost folders of a mounted Drive."""
COLAB = Path("/content/drive")


@dataclass
class Remote:
    """A DVC remote, and what its checks have learnt."""

    name: str
    dvc: Any
    repo: Any
    about: dict[str, Any] = field(default_factory=dict)
    ahead: float = 0
    """Seconds by which Google's clock is ahead of this computer's."""

    @property
    def config(self) -> dict[str, Any]:
        return dict(self.dvc.config)

    @property
    def path(self) -> str:
        return str(self.dvc.path)

    @property
    def url(self) -> str:
        return str(self.dvc.fs.unstrip_protocol(self.path))

    @property
    def kind(self) -> str:
        """`oauth`, `robot` (a service account), `folder`, or DVC's word for another protocol."""
        protocol = str(self.dvc.fs.protocol)
        if protocol == "gdrive":
            return "robot" if self.config.get("gdrive_use_service_account") else "oauth"
        return "folder" if protocol == "local" else protocol

    @property
    def saved(self) -> Path:
        """Where PyDrive2 keeps the sign-in of a person."""
        if given := self.config.get("gdrive_user_credentials_file"):
            return Path(str(given))
        if self.kind != "oauth":
            return Path()
        appdirs = importlib.import_module("appdirs")
        caches: str = appdirs.user_cache_dir("pydrive2fs", appauthor=False)
        client = self.config.get("gdrive_client_id") or self.dvc.fs.DEFAULT_GDRIVE_CLIENT_ID
        return Path(caches) / str(client) / f"{self.config.get('profile') or 'default'}.json"

    def filled(self, advice: Advice) -> Advice:
        """Return the advice with the names that its placeholders stand for."""
        english = advice.english.replace("{name}", self.name).replace("{saved}", str(self.saved))
        return replace(advice, english=english)


@contextmanager
def opened(name: str) -> Iterator[Remote]:
    """Yield the remote of that name, or the default one.

    Raises:
        Problem: there is no such remote, or DVC can't read its settings, or lacks a package.
    """
    try:
        with opened_remote(name) as (chosen, remote, repo):
            yield Remote(chosen, remote, repo)
    except ImportError as error:  # dvc-gdrive, or what it needs
        remedy = (
            "pip install -r requirements.txt / 上のコマンドでパッケージを入れてください"
            if "gdrive" in str(error)
            else "install it, or use Google Drive in one of the three ways of docs/drive.md "
            "/ そのパッケージを入れるか、docs/drive.ja.md のどれかの方法を使ってください"
        )
        raise Problem(f"{error}; {remedy}") from None


def described(remote: Remote) -> str:
    """Return in words what kind of remote it is."""
    if remote.kind == "folder":
        mount = mount_of(Path(remote.path))
        return f"a folder of Google Drive, mounted at {mount}" if mount else "a folder"
    return {
        "oauth": "Google Drive, signed in by a person (OAuth client)",
        "robot": "Google Drive, signed in by a service account",
    }.get(remote.kind, f"{remote.kind}, none of the three ways of docs/drive.md")


def mount_of(path: Path) -> Path | None:
    """Return the topmost folder of the mounted Google Drive that a path lies in, if in any.

    >>> mount_of(Path("/content/drive/MyDrive/NasuTomo/dvc")).as_posix()
    '/content/drive/MyDrive'
    """
    for parent in [*path.parents][::-1]:
        if unicodedata.normalize("NFC", parent.name) in DRIVE_FOLDERS:  # a Mac decomposes names
            return parent
    return None
