"""Write requirements.lock and tests/requirements.lock, the exact set of packages, with hashes.

It holds for macOS and Linux and every Python from 3.11 on. Needs uv (`pip install uv`).
"""

import re
import subprocess
import sys
from pathlib import Path

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.errors import Problem
from stages.library.common.outputs import write_atomically

ROOT = Path(__file__).parents[2]
COMPILE = (
    "uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header "
    "--no-annotate"
)
HEAD = "# The exact set that the checks ran; `python -m tools.makers.lock` writes it.\n"


def packages(lock: str) -> list[str]:
    """Return the entries of a lock: a package in one version, its marker and its hashes.

    >>> packages("a==1 --hash=x\\nb==2 \\\\\\n    --hash=y\\n")
    ['a==1 --hash=x\\n', 'b==2 \\\\\\n    --hash=y\\n']
    """
    return re.findall(r"^[^ #]+==.*\n(?: .*\n)*", lock, flags=re.MULTILINE)


def parted(requirements: Path) -> tuple[str, str]:
    """Return of a requirements.txt the line for a Python too old, and those of packages."""
    lines = requirements.read_text(encoding="utf-8").splitlines(keepends=True)
    named = [line for line in lines if re.match(r"\w", line)]
    too_old = [line for line in named if " @ " in line]
    return "".join(too_old), "".join(line for line in named if line not in too_old)


def compiled(requirements: str, *more: str) -> list[str]:
    """Return the newest set of packages that satisfies the requirements.

    Raises:
        Problem: there is no uv, or no such set.
    """
    words = [*COMPILE.split(), *more, "-"]
    try:
        answer = subprocess.run(words, input=requirements, capture_output=True, text=True)
    except FileNotFoundError:
        raise Problem("uv: is not installed; type pip install uv") from None
    if answer.returncode != 0:
        raise Problem(f"requirements.txt: {' '.join(answer.stderr.split())}")
    return packages(answer.stdout)


def make_locks() -> None:
    """Write both locks, that of the tests with what it has besides the other's."""
    too_old, requirements = parted(ROOT / "requirements.txt")
    ours, lock = compiled(requirements), ROOT / "requirements.lock"
    write_atomically(lock, (HEAD + too_old + "".join(ours)).encode())
    requirements += parted(ROOT / "tests" / "requirements.txt")[1]
    besides = [each for each in compiled(requirements, "-c", str(lock)) if each not in ours]
    tests = f"{HEAD}-r ../requirements.lock\n{''.join(besides)}"
    write_atomically(ROOT / "tests" / "requirements.lock", tests.encode())
    print(f"{len(ours)} packages in requirements.lock, {len(besides)} in tests/requirements.lock")


def build_parser() -> Parser:
    return Parser("tools.makers.lock", __doc__)


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), make_locks, argv)


if __name__ == "__main__":
    sys.exit(main())
