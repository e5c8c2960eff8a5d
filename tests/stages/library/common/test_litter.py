"""Which files nobody put there; Git and DVC are told the same of each."""

import subprocess

import pathspec
import pytest

from stages.library.common.litter import is_backup, is_litter
from tests.support.clones import PROJECT

LITTER = [
    *("._img001.png", "._.DS_Store", ".DS_Store", ".localized", "Icon\r", ".AppleDouble"),
    *("__MACOSX", ".Spotlight-V100", ".Trashes", ".Trash-1000", ".fseventsd", ".TemporaryItems"),
    *("Thumbs.db", "thumbs.db", "ehthumbs.db", "desktop.ini", "Desktop.ini", "$RECYCLE.BIN"),
    *("System Volume Information", ".directory", ".thumbnails", ".nfs000000a1"),
    *("@eaDir", "#recycle", "@Recycle", ".@__thumb", ".nomedia", ".picasa.ini", ".dropbox"),
]
BACKUPS = [
    *("img001.txt~", ".img001.txt.swp", ".img001.txt.swo", ".img001.txt.un~", "4913"),
    *("img001.txt.bak", "img001.txt.orig", "img001.txt.tmp", "#img001.txt#", ".#img001.txt"),
    *(".img001.txt.kate-swp", ".goutputstream-AB12CD", ".~lock.img001.txt#"),
    "img001.txt.sb-0a1b2c3d-Xy12ab",
]
SOMEBODYS = [
    *("img001.png", "img001.txt", "img001_jp.txt", "Icons", "Icon1", "thumbs.png", "recycle"),
    *("notes.md", "~x.png", "#1.png", "a.background", ".hidden.png", "desktop.png"),
]


@pytest.fixture(scope="module")
def dvcs() -> pathspec.GitIgnoreSpec:
    lines = (PROJECT / ".dvcignore").read_text(encoding="utf-8").splitlines()
    return pathspec.GitIgnoreSpec.from_lines(lines)


@pytest.mark.parametrize("name", LITTER)
def test_what_a_system_leaves_is_litter_to_us_and_to_dvc(
    dvcs: pathspec.GitIgnoreSpec, name: str
) -> None:
    assert is_litter(name)
    assert not is_backup(name)
    for folder in ("data/raw", "data/tagged", "data/dataset/10_nasu", "training/lora"):
        assert dvcs.match_file(f"{folder}/{name}")


@pytest.mark.parametrize("name", BACKUPS)
def test_what_an_editor_leaves_is_ignored_by_dvc_but_beside_drawings(
    dvcs: pathspec.GitIgnoreSpec, name: str
) -> None:
    assert is_backup(name)
    assert not is_litter(name)
    for folder in ("data/prepared", "data/tagged", "data/dataset/10_nasu"):
        assert dvcs.match_file(f"{folder}/{name}")
    assert not dvcs.match_file(f"data/raw/{name}")


@pytest.mark.parametrize("name", SOMEBODYS)
def test_what_somebody_put_there_is_neither(dvcs: pathspec.GitIgnoreSpec, name: str) -> None:
    assert not is_litter(name)
    assert not is_backup(name)
    for folder in ("data/raw", "data/tagged", "data/dataset/10_nasu"):
        assert not dvcs.match_file(f"{folder}/{name}")


@pytest.mark.parametrize(
    "name",
    ["._img001.txt", "Icon\r", "Thumbs.db", "Desktop.ini", ".directory", "@eaDir/x", *BACKUPS[:3]],
)
def test_git_add_takes_none_of_it(name: str) -> None:
    words = ["git", "check-ignore", "-q", f"data/tagged/{name}"]
    assert subprocess.run(words, cwd=PROJECT, check=False).returncode == 0
