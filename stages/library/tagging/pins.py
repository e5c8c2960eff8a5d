"""A model of the hub is the one that params.yaml names to the byte, or the run stops."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.hub_requests import COMMIT
from stages.library.tagging.model_files import KEY, Files, snapshot


@dataclass(frozen=True)
class Pin:
    """What params.yaml says that a repository's files must be; '' where it says nothing."""

    revision: str
    model_sha256: str
    tag_list_sha256: str


class Unpinned(Problem):
    """A repository's files are not what params.yaml says; `found` is what they are."""

    def __init__(self, why: str, found: Pin) -> None:
        super().__init__(to_be_written(why, *astuple(found)))
        self.why, self.found = why, found


def to_be_written(why: str, revision: str, model_sha256: str, tag_list_sha256: str) -> str:
    """Return the message that tells what to write into params.yaml."""
    return "\n".join(
        [
            f"params.yaml, tagger: {why}",
            f"  revision: {revision}",
            f"  model_sha256: {model_sha256}",
            f"  tag_list_sha256: {tag_list_sha256}",
            "  write these three lines there, then run it again; nothing is downloaded twice",
            "  この 3 行を params.yaml の tagger に書き写し、もう一度実行してください。",
        ]
    )


def check_pinned(model: str, pin: Pin, files: Files, digests: Mapping[str, str]) -> None:
    """Raise Unpinned unless the files that were fetched are what `pin` says.

    The model and the list of its tags are pinned by their bytes, what else there is by the commit.

    A branch or a tag can be moved: another machine, or the same one tomorrow, would get other
    scores by the same params.yaml. So it is told what it means now, to be written down.
    """
    commit = snapshot(files.folder)
    found = Pin(commit.name if commit else "", digests[files.model], digests[files.tag_list])
    if found != pin:
        raise Unpinned(why_unpinned(model, astuple(pin), astuple(found)), found)


def why_unpinned(model: str, pinned: Sequence[str], found: Sequence[str]) -> str:
    """Return why a model can't be taken whose commit and digests are others than is written."""
    if not COMMIT.fullmatch(pinned[0]):
        return f"the revision {pinned[0]!r} can be moved to other files; now it is"
    if pinned[0] != found[0]:
        return f"{model} has no commit {pinned[0]}; its branch main is now at"
    if "" in pinned:
        return f"what {model} must be is not written down; it is"
    return (
        f"{model} is not what is written there: another model's digests stand there, or "
        "somebody exchanged its files, then don't use them; they are"
    )


def check_stored(folder: Path, digests: Mapping[str, str], key: str = KEY) -> None:
    """Remove files of the hub's cache that aren't what the hub said, and raise Problem.

    The cache has each file under the digest that the hub told: the SHA-256 of a large file, Git's
    SHA-1 of a small one. The library compares only sizes.
    """
    for name in digests:
        stored = (folder / name).resolve()
        told = stored.name
        if re.fullmatch("[0-9a-f]{64}", told):
            found = digests[name]
        elif re.fullmatch("[0-9a-f]{40}", told):
            found = git_blob(stored.read_bytes())
        else:  # a file system without links: the file lies there under its own name
            continue
        if found != told:
            (folder / name).unlink()
            stored.unlink()
            raise Problem(
                f"{key}: {name} in {folder} is not the file that the hub announced, its digest is "
                f"{found}, not {told}; it is removed, run it again"
            )


def git_blob(data: bytes) -> str:
    """Return the name that Git gives to a file of these bytes.

    >>> git_blob(b"")
    'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'
    """
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
