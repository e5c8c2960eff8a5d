"""A link that leads out of its folder is told from one within, and from DVC's own."""

import subprocess
import sys
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.common.links import links_out, refuse_links_out

OBJECT = "files/md5/d7/51713988987e9331980363e24189ce"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder within a project of DVC's, whose cache is elsewhere."""
    project = tmp_path / "project"
    (project / "raw" / "within").mkdir(parents=True)
    monkeypatch.chdir(project)
    for words in ("init --no-scm --quiet", "config cache.dir ../cache"):
        subprocess.run([sys.executable, "-m", "dvc", *words.split()], check=True)
    for place in (tmp_path / "cache", tmp_path / "not the cache", project):
        (place / OBJECT).parent.mkdir(parents=True)
        (place / OBJECT).write_text("x")
    return project / "raw"


LINKS = {
    "up": ("../other", True),
    "absolute": ("/etc/passwd", True),
    "to nothing": ("../nowhere", True),
    "by way of a link": ("within/out", True),
    "like an object": ("../../not the cache/" + OBJECT, True),
    "in the cache, no object": ("../../cache/files", True),
    "an object": ("../../cache/" + OBJECT, False),
    "beside": ("a.png", False),
    "below": ("within/b.png", False),
    "to nothing beside": ("nowhere", False),
    "out and in again": ("../raw/a.png", False),
    "loop": ("loop", False),
}


def test_links_out_but_for_those_of_dvc(folder: Path) -> None:
    for name in ("a.png", "within/b.png", "../other"):
        (folder / name).write_text("x")
    (folder / "within" / "out").symlink_to("../../other")
    for name, (target, _) in LINKS.items():
        (folder / name).symlink_to(target)
    found = links_out(folder.iterdir())
    assert {path.name for path in found} == {name for name, (_, out) in LINKS.items() if out}
    with pytest.raises(Problem, match=f"^{folder}/absolute: is a link that leads out of its folde"):
        refuse_links_out(folder.iterdir())


def test_a_folder_that_is_a_link_itself_is_no_link_out(tmp_path: Path, folder: Path) -> None:
    (folder / "a.png").write_text("x")
    (folder / "b.png").symlink_to("a.png")
    (tmp_path / "elsewhere").symlink_to(folder)
    assert links_out((tmp_path / "elsewhere").iterdir()) == set()


def test_where_dvc_is_not_no_link_is_its(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / OBJECT).parent.mkdir(parents=True)
    (tmp_path / OBJECT).write_text("x")
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.png").symlink_to(tmp_path / OBJECT)
    assert links_out((tmp_path / "raw").iterdir()) == {tmp_path / "raw" / "a.png"}
