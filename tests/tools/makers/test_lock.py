"""The locks hold what the requirements ask for, and nothing names where it came from."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.clones import PROJECT
from tools.makers.lock import packages, parted

LOCKS = ("requirements.lock", "tests/requirements.lock")
OLD = """
import sys
from pip._vendor.packaging import markers
here = markers.default_environment()
old = {**here, "python_version": "3.9", "python_full_version": "3.9.6"}
markers.default_environment = lambda: old
from pip._internal.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
"""pip of a Python 3.9, as macOS brings it."""


def locked(name: str) -> list[Requirement]:
    """Return the packages of a lock, each in one version."""
    text = (PROJECT / name).read_text(encoding="utf-8")
    return [Requirement(entry.partition("\\")[0]) for entry in packages(text)]


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("platform", ["darwin", "linux"])
@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_satisfies_its_requirements(lock: str, platform: str, python: str) -> None:
    here = {
        "sys_platform": platform,
        "platform_machine": "arm64" if platform == "darwin" else "x86_64",
        "python_version": python,
        "python_full_version": f"{python}.0",
    }
    exact = {
        canonicalize_name(package.name): str(package.specifier).removeprefix("==")
        for name in LOCKS[: LOCKS.index(lock) + 1]
        for package in locked(name)
        if package.marker is None or package.marker.evaluate(here)
    }
    _, asked = parted((PROJECT / lock).with_suffix(".txt"))
    for line in asked.splitlines():
        requirement = Requirement(line)
        version = exact[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version, prereleases=True), line


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_has_hashes_and_none_an_address(lock: str) -> None:
    text = (PROJECT / lock).read_text(encoding="utf-8")
    too_old, _ = parted(PROJECT / "requirements.txt")
    assert "://" not in text.replace(too_old, "")
    entries = packages(text)
    assert len(entries) > 50
    for entry in entries:
        name, *hashes = entry.replace("\\\n", "").split("--hash=sha256:")
        assert "==" in name
        assert hashes
        assert all(re.fullmatch("[0-9a-f]{64}", digest.strip()) for digest in hashes)
    rest = text
    for entry in entries:
        rest = rest.replace(entry, "", 1)
    others = [line for line in rest.splitlines() if not line.startswith("#")]
    assert others in ([too_old.strip()], ["-r ../requirements.lock"])


@pytest.mark.parametrize("name", ["requirements.txt", "tests/requirements.txt", *LOCKS])
def test_a_python_that_is_too_old_is_told_so_before_anything_is_fetched(
    name: str, tmp_path: Path
) -> None:
    pytest.importorskip("pip")
    words = ("install", "--no-index", "--dry-run", "-r", str(PROJECT / name))
    answer = subprocess.run(
        [sys.executable, "-I", "-c", OLD, *words], capture_output=True, text=True, cwd=tmp_path
    )
    assert answer.returncode == 1
    (error,) = (line for line in answer.stderr.splitlines() if line.startswith("ERROR"))
    assert "Python-3.11-or-newer-is-needed/see-docs/first-steps" in error
    assert len(answer.stdout + answer.stderr) < 1000
