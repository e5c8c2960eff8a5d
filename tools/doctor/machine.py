"""Python, its packages and Git."""

import importlib.metadata
import shutil
import sys
from pathlib import Path

from stages.library.common.git import git_or_none
from tools.doctor.faults import Examination, Fault

OLDEST_PYTHON = (3, 11)
INSTALL = (
    "pip install -r requirements.txt, in this project's own Python (. .venv/bin/activate)",
    "プロジェクトの Python で(. .venv/bin/activate)、上のコマンドを実行してください",
)


def python() -> Examination:
    version = ".".join(map(str, sys.version_info[:3]))
    said = f"{version}, {sys.prefix}"
    if sys.version_info[:2] >= OLDEST_PYTHON:
        return said, []
    older = Fault(
        f"Python {version} is too old: 3.11 or newer is needed",
        "install a newer one (docs/first-steps.md) and make .venv anew",
        "新しい Python を入れて(docs/first-steps.ja.md)、.venv を作り直してください",
    )
    return said, [older]


def packages() -> Examination:
    lines = Path("requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    wrong = [fault for line in wanted if (fault := package_fault(line))]
    said = f"{len(wanted)}, as requirements.txt has them"
    return said, [Fault(", ".join(wrong), *INSTALL)] if wrong else []


def package_fault(line: str) -> str:
    """Return what is wrong with an installed package, by a line of requirements.txt.

    >>> package_fault("numpy>=1")
    ''
    >>> package_fault("no-such-package>=1")
    'no-such-package is missing'
    """
    from packaging.requirements import Requirement  # comes with dvc

    wanted = Requirement(line)
    if wanted.marker and not wanted.marker.evaluate():  # for another Python than this
        return ""
    for name in (wanted.name, *(f"{wanted.name}-{extra}" for extra in wanted.extras)):
        try:
            installed = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return f"{name} is missing"
        if name == wanted.name and not wanted.specifier.contains(installed, prereleases=True):
            return f"{name} {installed} is not {wanted.specifier}"
    return ""


def identity() -> Examination:
    """DVC's experiments, and every commit, need a name."""
    if not shutil.which("git"):
        return "", [
            Fault("git is not installed", "see docs/first-steps.md", "docs/first-steps.ja.md")
        ]
    author = git_or_none("-c", "user.useConfigOnly=true", "var", "GIT_AUTHOR_IDENT") or ""
    name = author.rpartition(" <")[0]
    if name:
        return name, []
    nameless = Fault(
        "Git doesn't know your name",
        'git config --global user.name "…" && git config --global user.email you@example.com',
        "上のコマンドで、Git に名前とメールアドレスを登録してください",
    )
    return "", [nameless]
