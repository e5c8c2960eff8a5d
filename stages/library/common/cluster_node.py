"""A process on a node of a cluster, which works for the one that asked."""

import hashlib
import os
import pickle
import sys
from pathlib import Path
from typing import Any


def code_digest(project: str) -> str:
    """Return the SHA-256 of a project's stages."""
    digest, top = hashlib.sha256(), Path(project, "stages")
    for path in sorted(top.rglob("*.py")):
        digest.update(path.relative_to(top).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


class Post:
    """An actor's class: makes the work ready, and does it."""

    def begin(self, folder: str, project: str, code: str, cores: int, start: bytes) -> str:
        """Make the work ready, in `folder`; return what is wrong here, '' if nothing."""
        try:
            os.chdir(folder)
        except OSError as error:
            return f"{folder}: {error.strerror}; share the project's folder, at the same path"
        if code_digest(project) != code:
            return f"{project}: holds another version of the project; share one, at the same path"
        sys.path.insert(0, project)
        # not above: this class is sent here whole, lest a node without the project can't read it
        from stages.library.common.errors import Problem
        from stages.library.common.workers import Place

        self.told = (Problem, OSError)
        try:
            self.work = pickle.loads(start)(Place(cores, away=True))
        except ImportError as error:
            return f"{error}; type pip install -r requirements.lock there"
        except Problem as error:
            return str(error)
        except OSError as error:
            return f"{error.filename}: {error.strerror}" if error.filename else str(error)
        return ""

    def do(self, items: list[Any]) -> tuple[list[Any], Exception | None]:
        """Return the results of items, up to one whose work says what is wrong, and that."""
        results: list[Any] = []
        try:
            results.extend(self.work(items))
        except self.told as error:
            return results, error
        return results, None
