"""A page's server as a process of its own, as somebody starts it in a terminal."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.support.clones import PROJECT

SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A running server, and the address that it told."""

    process: "subprocess.Popen[str]"
    page: str
    before: str  # what it said before the address

    @property
    def origin(self) -> str:
        return self.page[: self.page.index("/", len("http://"))]

    def get(self, path: str = "") -> Any:
        """Return what the server answers."""
        answer = requests.get(self.page + path, timeout=SECONDS)
        return answer.json()

    def post(self, path: str, value: Any) -> requests.Response:
        """Send JSON as the page does."""
        headers = {"Origin": self.origin}
        return requests.post(self.page + path, json=value, headers=headers, timeout=SECONDS)

    def ended(self) -> tuple[int, str]:
        """Wait for its end, and return its exit code and what else it said."""
        said, _ = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, said


def environment() -> dict[str, str]:
    """Return an environment in which the project's tools are found, wherever they run."""
    return {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": "1"}


@contextmanager
def serving(
    folder: Path, module: str, *words: str, others: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Yield the server that `python -m MODULE` starts in a folder; it opens no browser."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, "--no-browser", *words],
        cwd=folder,
        env={**environment(), **(others or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = ""
    try:
        assert process.stdout
        for line in process.stdout:
            said += line
            if found := re.search(r"http://\S+/", line):
                yield Server(process, found[0], said)
                break
        else:
            raise AssertionError(said)
    finally:
        process.kill()
        process.communicate()
