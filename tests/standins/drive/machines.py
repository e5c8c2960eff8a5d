"""Computers with a small DVC repository on them, whose remote is an emulated Drive or a folder."""

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.standins.drive.keys import CLIENT_ID, CLIENT_SECRET, saved_sign_in
from tests.support.clones import PROJECT

DRIVE = "gdrive://root/NasuTomo/dvc"


@dataclass(frozen=True)
class Machine:
    """A repository, and the environment of somebody who has used neither DVC nor Drive before."""

    root: Path
    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Return an environment that reads and writes nobody's own settings or caches."""
        python = str(Path(sys.executable).parent)
        return {
            "PATH": os.pathsep.join([python, os.environ["PATH"]]),
            "PYTHONPATH": str(PROJECT),
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "DVC_SITE_CACHE_DIR": str(self.home / "dvc"),
            "DVC_NO_ANALYTICS": "1",
            "LANG": "C.UTF-8",
            **self.variables,
        }

    def start(self, *command: str) -> "subprocess.Popen[str]":
        """Start a command; nobody sits at its keyboard."""
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *command: str, code: int = 0) -> str:
        """Run a command, which must end with that exit code, and return what it printed."""
        with self.start(*command) as process:
            try:
                output, _ = process.communicate(timeout=120)
            finally:
                process.kill()
        assert process.returncode == code, output
        return output

    def remote(self, *words: str, code: int = 0) -> str:
        """Run tools.remote."""
        return self.run(sys.executable, "-m", "tools.remote", *words, code=code)

    def configure(self, url: str, **settings: str) -> None:
        """Make the url the default remote, with these settings."""
        lines = ["[core]", "no_scm = true", "remote = gdrive", "['remote \"gdrive\"']"]
        lines += [f"{key} = {value}" for key, value in {"url": url, **settings}.items()]
        (self.root / ".dvc" / "config").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def configure_drive(self) -> None:
        """Use My Drive, with an own OAuth client and a sign-in that was saved before."""
        self.configure(DRIVE, gdrive_client_id=CLIENT_ID, gdrive_client_secret=CLIENT_SECRET)
        saved = self.home / "cache" / "pydrive2fs" / CLIENT_ID / "default.json"
        saved.parent.mkdir(parents=True, exist_ok=True)
        saved.write_text(saved_sign_in(), encoding="utf-8")

    def second(self, folder: Path) -> "Machine":
        """Return another computer with what Git would carry there: no data, no cache."""
        other = Machine(folder / "clone", folder / "home", self.variables)
        (other.root / ".dvc").mkdir(parents=True)
        for name in (".dvc/config", "data.dvc"):
            shutil.copyfile(self.root / name, other.root / name)
        if self.home.is_dir():
            shutil.copytree(self.home / "cache", other.home / "cache")
        return other

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of every file in data/."""
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (self.root / "data").iterdir()
        }

    def objects(self) -> dict[str, bytes]:
        """Return the cache's objects by the path that they have in a remote."""
        cache = self.root / ".dvc" / "cache"
        return {
            path.relative_to(cache).as_posix(): path.read_bytes()
            for path in (cache / "files").rglob("*")
            if path.is_file()
        }


def machine_with(folder: Path, files: dict[str, bytes]) -> Machine:
    """Return a machine whose repository tracks these files, as data/."""
    machine = Machine(folder / "repository", folder / "home")
    (machine.home / "cache").mkdir(parents=True)
    (machine.root / "data").mkdir(parents=True)
    for name, content in files.items():
        (machine.root / "data" / name).write_bytes(content)
    machine.run("dvc", "init", "--quiet", "--no-scm")
    machine.run("dvc", "add", "--quiet", "data")
    return machine
