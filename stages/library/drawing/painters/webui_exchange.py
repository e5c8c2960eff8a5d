"""One question to a WebUI and its answer: so many bytes, in so many seconds, and no more.

`requests` bounds the seconds between two bytes, not all of them: who sends a byte a second holds it
for days. Nothing is followed, unpacked, or taken from the environment here.
"""

import io
import json
import math
import socket
import ssl
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, NoReturn

from requests.utils import DEFAULT_CA_BUNDLE_PATH

CONNECT = 5.0
"""Seconds until a machine must have taken the connection."""

PIECE = 1 << 16
"""Bytes that are read at a time."""

FAILURES = (OSError, HTTPException, UnicodeError)
"""What an exchange raises if there is no answer, or half of one: the last for a host's name."""


class TooLongError(Exception):
    """An answer has more bytes than it may."""


@dataclass(frozen=True)
class Limits:
    """What an answer may take."""

    wait: float  # seconds until its head is there
    body: float  # seconds for the rest
    most: int  # bytes


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    reason: str
    place: str  # where it sends on to; '' if it doesn't
    body: bytes


class Line(io.RawIOBase):
    """A connection that is read until `deadline`, however few bytes come at a time."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self.connection = connection
        self.deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # any writable buffer
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self.connection.settimeout(left)
        return self.connection.recv_into(buffer)


def exchange(url: str, headers: Mapping[str, str], body: bytes | None, limits: Limits) -> Answer:
    """Ask, or with a `body` order, and return the answer, whatever it is.

    Raises:
        OSError, HTTPException, UnicodeError: there is no answer in time, or half of one.
        TooLongError: it has too many bytes.
    """
    parts = urllib.parse.urlsplit(url)
    target = urllib.parse.quote(parts.path, safe="/%") + (f"?{parts.query}" if parts.query else "")
    method = "GET" if body is None else "POST"
    connection = connection_to(parts.scheme, parts.hostname or "", parts.port)
    try:
        connection.connect()
        connection.request(method, target, body, {**headers, "Connection": "close"})
        line = Line(connection.sock, time.monotonic() + limits.wait)
        answer = HTTPResponse(connection.sock, method=method)
        answer.fp = io.BufferedReader(line)
        answer.begin()
        line.deadline = time.monotonic() + limits.body
        data = read_body(answer, limits.most)
        return Answer(answer.status, answer.reason, answer.headers.get("Location", ""), data)
    finally:
        connection.close()


def connection_to(scheme: str, host: str, port: int | None) -> HTTPConnection:
    if scheme != "https":
        return HTTPConnection(host, port, timeout=CONNECT)
    context = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
    return HTTPSConnection(host, port, timeout=CONNECT, context=context)


def read_body(answer: HTTPResponse, most: int) -> bytes:
    """Return the body of an answer.

    Raises:
        HTTPException: it ends too early.
        TooLongError: it has more than `most` bytes, as it says or as they come.
    """
    if (answer.length or 0) > most:
        raise TooLongError
    data = bytearray()
    while piece := answer.read1(PIECE):
        data += piece
        if len(data) > most:
            raise TooLongError
    if answer.length:
        raise HTTPException("cut off")
    return bytes(data)


def read_json(text: bytes | str) -> Any:
    """Return what a text of JSON holds.

    Raises:
        ValueError: it is none; nor are NaN, a number without end, and lists within lists within ...
    """
    try:
        return json.loads(text, parse_constant=no_number, parse_float=finite)
    except RecursionError:
        raise ValueError("too deep") from None


def no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else no_number(text)
