"""What the model hub is sent and what it may answer, through its own library.

The library takes a commit and a digest out of the hub's answer and makes paths of them, unchecked:
an answer that holds `../../x` would write there. It also sends a token wherever HF_ENDPOINT points,
and writes however much comes. All its requests pass here, redirects among them.
"""

import re
import shutil
import warnings
from pathlib import Path
from typing import Any

import huggingface_hub
import huggingface_hub.constants
from huggingface_hub.utils.tqdm import tqdm

from stages.library.common.errors import Problem

COMMIT = re.compile("[0-9a-f]{40}")

ETAG = re.compile(r'(W/)?"?[0-9A-Za-z][0-9A-Za-z_.-]{0,127}"?')
"""A SHA-256 or Git's SHA-1 in hex, on the hub; a mirror may have others, but no path."""

SPARE = 1 << 30
"""Bytes of the disk that are left free."""

HERE = ("localhost", "127.0.0.1", "::1")
"""What is sent there leaves the machine by no wire."""


def hub_file(key: str, repository: str, name: str, revision: str | None, **more: Any) -> Path:
    """Return a file of a repository, downloaded if need be; `more` says how, and where to.

    Raises:
        Problem: there is no room for it, or the hub's answer is none; it begins with `key`.
        Exception: what the library raises.
    """
    guard_requests()
    # plain HTTP gives up after a minute without a byte, the hub's own protocol not in ten
    huggingface_hub.constants.HF_HUB_DISABLE_XET = True
    place = Path(more.get("local_dir", huggingface_hub.constants.HF_HUB_CACHE))
    bar = bounded_bar(key, place, room(place))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Not enough free disk space")  # the bar stops it
        path = huggingface_hub.hf_hub_download(
            repository, name, revision=revision, tqdm_class=bar, **more
        )
    return Path(path)


def guard_requests() -> None:
    """Have every request and every answer of the library looked at."""
    client = huggingface_hub.get_session()
    hooks = client.event_hooks
    if refuse_paths not in hooks["response"]:
        client.event_hooks = {
            "request": [*hooks["request"], keep_token],
            "response": [*hooks["response"], refuse_paths],
        }


def keep_token(request: Any) -> None:
    """Raise Problem if a token would be sent where anybody on the way can read it."""
    url = request.url
    if "authorization" in request.headers and url.scheme != "https" and url.host not in HERE:
        raise Problem(
            f"the hub's address {url.scheme}://{url.host} is not https, and HF_TOKEN would be read "
            "by anybody on the way; set HF_ENDPOINT to an https address, or unset HF_TOKEN "
            "(and HF_HUB_DISABLE_IMPLICIT_TOKEN=1 for one that is saved)"
        )


def refuse_paths(answer: Any) -> None:
    """Raise Problem if what would become a path is none of a hub's names for commit and file."""
    if answer.request.method != "HEAD":
        return
    for header, form in (("x-repo-commit", COMMIT), ("x-linked-etag", ETAG), ("etag", ETAG)):
        value = answer.headers.get(header)
        if value is not None and not form.fullmatch(value):
            raise Problem(
                f"the hub {answer.request.url.host} answers with the {header} {value[:80]!r}, "
                "which is none; nothing of it was kept; look at HF_ENDPOINT"
            )


def room(place: Path) -> int:
    """Return how many bytes may be written below a folder, which need not be there yet."""
    there = next(path for path in (place, *place.absolute().parents) if path.exists())
    return max(0, shutil.disk_usage(there).free - SPARE)


def bounded_bar(key: str, place: Path, most: int) -> type[tqdm]:
    """Return a progress bar that lets no more come than was announced, and than there is room.

    The library tells it of every piece before it writes that.
    """

    class Bar(tqdm):
        def __init__(self, *given: Any, total: float | None = None, **how: Any) -> None:
            if total is not None and total > most:
                raise Problem(
                    f"{key}: it has {total / 1e9:.1f} GB, but {place} only {most / 1e9:.1f} GB to "
                    "spare; make room there / ディスクの空きを増やしてください"
                )
            self.left = most if total is None else int(total)
            self.left -= int(how.get("initial", 0))
            super().__init__(*given, total=total, **how)  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> bool | None:
            self.left -= int(n or 0)
            if self.left < 0:
                raise Problem(
                    f"{key}: more comes than was announced, or than {place} has room for; nothing "
                    "of it was kept; look at HF_ENDPOINT, and at the disk's free space"
                )
            return super().update(n)

    return Bar
