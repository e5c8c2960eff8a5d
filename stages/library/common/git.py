"""Git, asked as a command; only the standard library is imported, as tools.colab needs it."""

import subprocess


def git(*words: str) -> str:
    """Return what a git command prints; '' if it fails."""
    answer = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else ""
