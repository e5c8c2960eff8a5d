"""Where a path that the artist wrote leads, and which names from a file lead nowhere else."""

import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

from stages.library.common.errors import Problem

CACHE = "NASUMISO_CACHE"

LONGEST = 250
"""Bytes of a name; a file system takes 255, and an ending comes to it."""

TEMPORARY = (".dvc", "tmp", "exps")
"""In this folder of a repository DVC runs the queued experiments, each in a clone of its own."""


def repository(here: Path) -> Path:
    """Return the folder of the project, which for a queued experiment is its owner's.

    >>> repository(Path("/home/nasu/project/.dvc/tmp/exps/tmp1a2b"))
    PosixPath('/home/nasu/project')
    >>> repository(Path("/home/nasu/project"))
    PosixPath('/home/nasu/project')
    """
    parts = here.parts
    for index in range(len(parts)):
        if parts[index : index + 3] == TEMPORARY:
            return Path(*parts[:index])
    return here


def located(place: str) -> Path:
    """Return a path as an absolute one: what isn't here may be in the repository's own folder."""
    here = Path(place).expanduser().absolute()
    return here if here.exists() else repository(Path.cwd()) / Path(place).expanduser()


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder of what only saves time, and is no part of a project: NASUMISO_CACHE.

    >>> cache_folder({"NASUMISO_CACHE": "/scratch/nasumiso"})
    PosixPath('/scratch/nasumiso')

    Raises:
        Problem: this user has no home folder, and names none.
    """
    try:
        return Path(environ.get(CACHE) or "~/.cache/nasumiso").expanduser()
    except RuntimeError:
        raise Problem(
            f"{CACHE}: this user has no home folder, where base models and what taggers saw are "
            "kept; set it to a folder where you may write / ベースモデルと、タガーが"
            f"見た結果を保存するホームフォルダーがありません。{CACHE} に書き込めるフォルダーを"
            "指定してください"
        ) from None


def is_plain_name(name: str) -> bool:
    r"""Return whether a name that a file gives is the name of a file, and no path.

    What others pushed may hold any text: a name is asked here where it is read, before a path is
    made of it.

    >>> [is_plain_name(name) for name in ("img001", "なす　絵.png", "../x", "/etc/x", "..", "a\0")]
    [True, True, False, False, False, False]
    """
    if any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in name):
        return False
    return "/" not in name and name not in ("", ".", "..") and len(name.encode()) <= LONGEST


def refuse_names_out(names: Iterable[str], listed_by: str) -> None:
    """Refuse a list of the files of a folder that names one outside: DVC would write it there.

    The lists of folders that DVC keeps in a remote (`.dir`) are not verified, whatever `verify`
    says: dvc_data/hashfile/tree.py::Tree.load takes every relpath as it stands.

    Raises:
        Problem: one does.
    """
    for name in names:
        if {"", ".", ".."} & set(name.split("/")):
            raise Problem(
                f"{listed_by}: lists a file {name[:100]!r}, outside of its folder, where dvc pull "
                "would write it; somebody changed the remote: pull nothing from it, and push again "
                "from a machine you trust / フォルダーの外に書き込むように作り変えられています。"
                "ここからは pull せず、信頼できるパソコンから push し直してください"
            )
