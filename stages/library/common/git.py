"""Git, asked as a command; only the standard library is imported, as tools.colab needs it."""

import subprocess

from stages.library.common.errors import Problem


def git(*words: str) -> str:
    """Return what a git command prints, '' if that is nothing.

    Raises:
        Problem: it fails.
    """
    answer = _answer(words)
    if answer.returncode:
        said = [line for line in answer.stderr.splitlines() if line.strip()]
        reason = said[-1] if said else f"exit code {answer.returncode}"
        raise Problem(f"git {' '.join(words[:2])}: {reason}")
    return answer.stdout.strip()


def git_or_none(*words: str) -> str | None:
    """Return what a git command prints; None if it fails, as when there is no such commit."""
    answer = _answer(words)
    return None if answer.returncode else answer.stdout.strip()


def _answer(words: tuple[str, ...]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["git", *words],
        capture_output=True,
        encoding="utf-8",
        errors="replace",  # a message may be in anything
        check=False,
    )
