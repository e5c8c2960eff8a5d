"""Fresh clones of the project, and dvc run in them as a user would."""

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]
WAITING_SECONDS = 900


@dataclass(frozen=True)
class Clone:
    """A clone, and the environment of a user who has never used DVC or Git before."""

    root: Path
    home: Path

    def environment(self) -> dict[str, str]:
        """Return an environment that reads and writes nobody's own settings or caches."""
        python = str(Path(sys.executable).parent)
        return {
            "PATH": os.pathsep.join([python, os.environ["PATH"]]),
            "HOME": str(self.home),
            "DVC_SITE_CACHE_DIR": str(self.home / "dvc"),
            "DVC_NO_ANALYTICS": "1",
            "LANG": "C.UTF-8",
            **{
                f"GIT_{role}_{key}": value
                for role in ("AUTHOR", "COMMITTER")
                for key, value in (("NAME", "Nasu"), ("EMAIL", "nasu@example.com"))
            },
        }

    def start(self, *command: str, log: Path | None = None) -> "subprocess.Popen[str]":
        """Start a command in a process group of its own, its output in `log` or a pipe."""
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=self.environment(),
            stdout=os.open(log, os.O_WRONLY | os.O_CREAT) if log else subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *command: str, ok: bool = True) -> str:
        """Run a command and return what it printed; it must succeed, or fail, as `ok` says."""
        with self.start(*command) as process:
            output, _ = process.communicate(timeout=WAITING_SECONDS)
        assert (process.returncode == 0) == ok, output
        return output

    def copy(self, to: Path) -> "Clone":
        """Return a copy of the clone as it stands, its cache included."""
        shutil.copytree(self.root, to, symlinks=True)
        return Clone(to, self.home)

    def set_param(self, old: str, new: str) -> None:
        """Replace one line's text in params.yaml."""
        params = self.root / "params.yaml"
        text = params.read_text(encoding="utf-8")
        assert text.count(old) == 1, old
        params.write_text(text.replace(old, new), encoding="utf-8")

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of every file below data/, and of dvc.lock."""
        files = [path for path in (self.root / "data").rglob("*") if path.is_file()]
        return {
            path.relative_to(self.root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in [*files, self.root / "dvc.lock"]
            if path.suffix != ".lock" or path.name == "dvc.lock"
        }


def fresh_clone(folder: Path) -> Clone:
    """Return a Git clone of the project as it stands, uncommitted work included."""
    origin, root, home = folder / "origin", folder / "clone", folder / "home"
    home.mkdir(parents=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (PROJECT / name).is_file():
            (origin / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(PROJECT / name, origin / name)
    clone = Clone(root, home)
    for command in (
        ["git", "init", "-q", "-b", "main", str(origin)],
        ["git", "-C", str(origin), "add", "-A", "-f"],  # what is there belongs there
        ["git", "-C", str(origin), "commit", "-q", "-m", "As it stands"],
        ["git", "clone", "-q", str(origin), str(root)],
    ):
        subprocess.run(command, check=True, env=clone.environment())
    return clone


def stages_run(output: str) -> list[str]:
    """Return the names of the stages that `dvc repro` ran, in order."""
    marker = "Running stage '"
    return [
        line.removeprefix(marker).split("'")[0]
        for line in output.splitlines()
        if line.startswith(marker)
    ]
