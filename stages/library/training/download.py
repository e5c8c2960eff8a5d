"""The download of a base model: it goes on where it stopped, and never fills the disk."""

import os
import re
import shutil
import time
import urllib.parse
from pathlib import Path

import requests

from stages.library.common.disk import keep
from stages.library.common.errors import Problem
from stages.library.common.outputs import beside
from stages.library.training.base_model import KEY, BaseModel

PIECE = 1 << 16
"""Bytes that are read at a time: of a connection that breaks off, less than so many are lost."""

PATIENCE = 30
"""Seconds without a byte."""

PAUSES = (1, 2, 4, 8)
"""Seconds before each further try."""

SPARE = 1 << 30
"""Bytes of the disk that are left free."""

TOKENS = {"civitai.com": "CIVITAI_TOKEN"}
"""Environment variables that hold the API key for a host."""


def fetch_url(model: BaseModel, path: Path) -> None:
    """Download a URL; a broken connection, or a killed run, goes on where it stopped.

    Raises:
        Problem: it can't be had now, or there is no room for it.
    """
    partial, token = beside(path, "partial"), token_for(model.place, dict(os.environ))
    reason, remedy = "cut off", "run it again, what has come is kept"
    for pause in (0, *PAUSES):
        time.sleep(pause)
        try:
            if fetch_rest(model.place, partial, token):
                keep(partial)
                partial.replace(path)
                return
        except requests.RequestException as error:
            reason = plainly(error)
            code = error.response.status_code if error.response is not None else 0
            if code in (401, 403):
                remedy = "set CIVITAI_TOKEN to your API key"
            if 400 <= code < 500 and code not in (408, 429):
                break
    place = model.place.split("?")[0]
    raise Problem(f"{KEY}: {place} can't be downloaded: {reason}; {remedy}")


def token_for(url: str, environment: dict[str, str]) -> str:
    """Return the API key for the host of a URL; '' where none is set.

    >>> token_for("https://civitai.com/api/download/models/1", {"CIVITAI_TOKEN": "key"})
    'key'
    >>> token_for("https://example.com/civitai.com", {"CIVITAI_TOKEN": "key"})
    ''
    """
    parts = urllib.parse.urlsplit(url)
    named = TOKENS.get(parts.hostname or "", "") if parts.scheme == "https" else ""
    return environment.get(named, "")


class Bearer(requests.auth.AuthBase):
    """A token for the host that is asked; requests takes it away where that leads elsewhere."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def fetch_rest(url: str, partial: Path, token: str = "") -> bool:
    """Append to `partial` what it lacks of `url`; return whether it is complete now.

    Raises:
        requests.RequestException: it can't be had, or the connection broke off.
        Problem: there is no room for it.
    """
    partial.parent.mkdir(parents=True, exist_ok=True)
    start = partial.stat().st_size if partial.is_file() else 0
    # as it is: a packed answer has another length, and none of its middle
    headers = {"User-Agent": "nasumiso-creator", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    auth = Bearer(token) if token else None
    with requests.get(url, headers=headers, auth=auth, stream=True, timeout=PATIENCE) as answer:
        total = total_of(answer)
        if answer.status_code == 416 and start:  # all of it is here, or another file is there now
            if total == start:
                return True
            partial.unlink()
            return False
        answer.raise_for_status()
        if answer.status_code != 206:
            partial.unlink(missing_ok=True)  # from its beginning
        return append(answer, partial, total)


def append(answer: requests.Response, partial: Path, total: int | None) -> bool:
    """Append an answer to a file; return whether this has `total` bytes, if that is known.

    Raises:
        requests.RequestException: the connection broke off.
        Problem: there is no room for it.
    """
    room = shutil.disk_usage(partial.parent).free - SPARE
    with partial.open("ab") as file:
        limit = file.tell() + max(0, room)
        if total is None or total <= limit:
            for piece in answer.iter_content(PIECE):
                if file.tell() + len(piece) > limit:
                    break
                file.write(piece)
            else:
                return total is None or file.tell() >= total
    if total is None:
        partial.unlink()  # nobody knows how much more would come
    size = "more" if total is None else f"{total / 1e9:.1f} GB"
    spare = f"{max(0, room) / 1e9:.1f} GB"
    raise Problem(
        f"{KEY}: it has {size}, but {partial.parent} only {spare} to spare; make room there "
        "/ ディスクの空きを増やしてください"
    )


def total_of(answer: requests.Response) -> int | None:
    """Return how many bytes the whole file has, as far as an answer tells."""
    part = answer.status_code in (206, 416)
    told = answer.headers.get("Content-Range" if part else "Content-Length", "")
    found = re.search(r"[0-9]{1,15}$", told)
    return int(found[0]) if found else None


def plainly(error: requests.RequestException) -> str:
    """Return what went wrong, without the address, which may hold a key."""
    if error.response is not None:
        return f"{error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return f"no answer for {PATIENCE} seconds"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not valid"
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return "no connection, or one that broke off"
    return type(error).__name__
