"""Where a path that the artist wrote leads, in a queued experiment too."""

from pathlib import Path

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
