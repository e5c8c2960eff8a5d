"""Links that lead out of the folder they are in: what they lead to is nobody's gift to a stage.

A folder of drawings, or of captions in Git, may come from somebody else, and a link in it may lead
to any file of the person who runs the pipeline. What a stage reads it shows, and `dvc push` sends.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.foreign import shown


def links_out(paths: Iterable[Path]) -> set[Path]:
    """Return the paths that are links out of their folder, but for those that DVC has made.

    DVC may link its files into its cache (cache.type), which may be anywhere: DVC itself is asked
    where, once, and only if there is a link that looks like one of its own.
    """
    out = {path: Path(os.path.realpath(path)) for path in paths if leads_out(path)}
    objects = {path for path, target in out.items() if is_object(target)}
    cache = dvc_cache() if objects else None
    return {
        path
        for path, target in out.items()
        if not (cache and path in objects and target.is_relative_to(cache))
    }


def leads_out(path: Path) -> bool:
    """Return whether a path is a link to something that is not within the link's folder."""
    return path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(
        os.path.realpath(path.parent)
    )


def is_object(path: Path) -> bool:
    """Return whether a path is called as DVC calls a file in its cache, by its MD5.

    >>> is_object(Path("/home/nasu/.dvc/cache/files/md5/d7/51713988987e9331980363e24189ce"))
    True
    """
    return bool(re.fullmatch(r"[0-9a-f]{2}/[0-9a-f]{30}", "/".join(path.parts[-2:])))


def dvc_cache() -> Path | None:
    """Return the folder of DVC's cache, as DVC tells it; None where this is no project of DVC's."""
    words = [sys.executable, "-m", "dvc", "cache", "dir"]
    answer = subprocess.run(words, capture_output=True, text=True, check=False)
    return Path(os.path.realpath(answer.stdout.strip())) if not answer.returncode else None


def refuse_links_out(paths: Iterable[Path]) -> None:
    """Raise Problem, naming the first, if one of the paths is a link out of its folder."""
    if out := links_out(paths):
        raise Problem(
            f"{shown(min(out))}: is a link that leads out of its folder; put the file itself there "
            "/ フォルダーの外へのリンクです。ファイルそのものを入れてください"
        )
