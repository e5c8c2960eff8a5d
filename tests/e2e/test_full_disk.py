"""Every stage of the pipeline, its output on a disk that is full, or fills up meanwhile."""

import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dvc.utils.serialize import parse_yaml

from tests.support.clones import Clone
from tests.support.mounts import fill, store

pytestmark = pytest.mark.e2e

PAGE = 4096
"""Bytes in which tmpfs gives out room."""

WRITES = {
    "check": ["--output"],
    "prepare": ["--output", "--thumbnails", "--manifest", "--written"],
    "score": ["--output"],
    "caption": ["--output"],
    "edit": ["--output"],
    "common-tag": ["--output", "--written"],
    "jp-tags": ["--output"],
    "organize": ["--output", "--written", "--held-out", "--held-out-written"],
    "report": ["--output"],
}


@pytest.fixture(scope="module")
def finished(
    first_run: tuple[Clone, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Clone, Path]]:
    """Return a finished clone, and another disk."""
    with store(tmp_path_factory.mktemp("full") / "disk", "1m") as small:
        yield first_run[0], small


def command(clone: Clone, stage: str, place: Path) -> list[str]:
    """Return the words of a stage's command, with all that it writes in another place."""
    stages = parse_yaml((clone.root / "dvc.yaml").read_text(encoding="utf-8"), "dvc.yaml")["stages"]
    words: list[str] = [sys.executable, *shlex.split(stages[stage]["cmd"])[1:]]
    for flag in WRITES[stage]:
        at = words.index(flag) + 1
        words[at] = str(place / words[at])
    return words


@pytest.mark.parametrize("pages", [0, 1, 2, 10])
@pytest.mark.parametrize("stage", WRITES)
def test_full_disk_is_named_and_nothing_is_left_on_it(
    finished: tuple[Clone, Path], stage: str, pages: int
) -> None:
    """The disk that it reads from, the project's, has room enough."""
    clone, small = finished
    words = command(clone, stage, small)
    with fill(small, but=pages * PAGE), clone.start(*words) as process:
        said, _ = process.communicate()
    left = [path for path in small.rglob("*") if path.is_file() and path.suffix != ".lock"]
    shutil.rmtree(small / "data", ignore_errors=True)
    if process.returncode == 0:
        assert pages > 0
        return
    name = stage.replace("-", "_")
    assert said.splitlines()[-1].startswith(f"{name}: error: {small}: the disk is full, ")
    assert "ディスクがいっぱいです" in said
    assert "Traceback" not in said
    # what was made is kept for the next run
    assert [path for path in left if ".checkpoint" not in path.as_posix()] == []
