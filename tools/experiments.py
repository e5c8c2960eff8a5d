"""DVC's experiments as Git keeps them: refs/exps/<commit they are based on>/<name>.

What origin or the Drive has of them is noted in refs/published; those whose LoRAs were pushed from
here, in refs/pushed.
"""

import re
import shutil
import subprocess
from pathlib import Path

REF = re.compile(r"refs/\w+/([0-9a-f]{2})/([0-9a-f]{38})/(.+)")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

Experiments = dict[str, tuple[str, str]]
"""Base commit and message by name; two are the same if both are."""


def git(*words: str) -> str:
    """Return what a git command prints; '' if it fails."""
    answer = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else ""


def baseline() -> str:
    """Return the commit that an experiment started now is based on."""
    return git("rev-parse", "HEAD")


def refs_in(place: str) -> list[list[str]]:
    """Return ref, commit and subject of experiments; none of DVC's own refs."""
    listed = git("for-each-ref", "--format=%(refname) %(objectname) %(contents:subject)", place)
    rows = [line.split(" ", 2) for line in listed.splitlines()]
    return [row for row in rows if REF.fullmatch(row[0])]


def experiments(place: str) -> Experiments:
    """Return the experiments in refs/exps or refs/published."""
    found = {}
    for ref, _, subject in refs_in(place):
        if match := REF.fullmatch(ref):
            found[match[3]] = (match[1] + match[2], subject)
    return found


def missing_in(kind: str) -> list[str]:
    """Return the refs of the experiments here that refs/published or refs/pushed lacks."""
    there = [(ref.replace(kind, "exps", 1), commit) for ref, commit, _ in refs_in(f"refs/{kind}")]
    return [ref for ref, commit, _ in refs_in("refs/exps") if (ref, commit) not in there]


def note_as(kind: str, refs: list[str]) -> None:
    """Note that experiments are published or pushed."""
    for ref in refs:
        git("update-ref", ref.replace("exps", kind, 1), ref)


def fetch_published(drive: Path) -> None:
    """Learn which experiments origin has, and which are bundles on the Drive."""
    refs = "+refs/exps/*:refs/published/*"
    git("fetch", "--quiet", "origin", refs)
    for bundle in sorted(drive.glob("experiments/*.bundle")):
        git("fetch", "--quiet", str(bundle), refs)


def free_name(name: str, wanted: tuple[str, str], taken: Experiments) -> str:
    """Return a name that is free, or that the very same experiment has.

    >>> free_name("lora", ("abc", "b=2"), {"lora": ("abc", "a=1"), "lora-2": ("abc", "b=2")})
    'lora-2'

    Raises:
        ValueError: an experiment can't be called so.
    """
    if not NAME.fullmatch(name):
        raise ValueError(
            f"experiment: {name!r} is no name; write letters A-Z a-z, digits, - and _ "
            "/ 半角英数字で書いてください"
        )
    number, candidate = 1, name
    while taken.get(candidate, wanted) != wanted:
        number += 1
        candidate = f"{name}-{number}"
    return candidate


def copy_into(folder: Path, file: Path) -> None:
    """Copy a file into a folder, whole or not at all."""
    folder.mkdir(exist_ok=True)
    partial = folder / f".{file.name}.partial"
    shutil.copyfile(file, partial)
    partial.replace(folder / file.name)
