"""What a broken or hostile server sends in a WebUI's place: bytes on the line, and pictures."""

import base64
import gzip
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from itertools import repeat
from typing import Any

PAUSE = 0.02
"""Seconds between two pieces of what drips."""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ESCAPES = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e"
"""They clear a terminal, name its window, colour it, and turn its text round."""


def plain(body: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


def endless() -> Iterator[bytes]:
    yield HEAD + b"\r\n["
    yield from repeat(b" " * 65536)


def endless_chunks() -> Iterator[bytes]:
    yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    yield from repeat(b"10000\r\n" + b" " * 65536 + b"\r\n")


def dripping(start: bytes) -> Iterator[bytes]:
    yield start
    yield from repeat(b" ")


def continued() -> Iterator[bytes]:
    yield from repeat(b"HTTP/1.1 100 Continue\r\n\r\n")


@cache
def packed() -> bytes:
    return gzip.compress(b"[" + b" " * 50_000_000, 9)


def gzip_bomb() -> Iterator[bytes]:
    body = packed()
    yield HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def failing() -> Iterator[bytes]:
    body = json.dumps({"error": ESCAPES, "errors": ESCAPES, "detail": ESCAPES}).encode()
    yield b"HTTP/1.1 500 %s\r\nContent-Length: %d\r\n\r\n" % (ESCAPES.encode(), len(body)) + body


ANSWERS: dict[str, tuple[Callable[[], Iterator[bytes]], bool]] = {
    "endless": (endless, False),
    "endless chunks": (endless_chunks, False),
    "says it is long": (lambda: iter([HEAD + b"Content-Length: 999999999999\r\n\r\n["]), False),
    "gzip bomb": (gzip_bomb, False),
    "drips": (lambda: dripping(HEAD + b"Content-Length: 1000000\r\n\r\n["), True),
    "drips a chunk": (
        lambda: dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffff\r\n["),
        True,
    ),
    "drips its head": (lambda: dripping(b"HTTP/1.1 200 OK\r\nX: "), True),
    "drips its status": (lambda: dripping(b"HTTP/1.1 200 "), True),
    "goes on for ever": (continued, True),
    "deep": (lambda: iter([plain(b"[" * 200_000 + b"]" * 200_000)]), False),
    "NaN": (lambda: iter([plain(b'{"sd_model_checkpoint": NaN}')]), False),
    "infinite": (lambda: iter([plain(b'{"CLIP_stop_at_last_layers": 1e999}')]), False),
    "a long number": (lambda: iter([plain(b"1" * 100_000)]), False),
    "no http": (lambda: iter([b"\0" * 1000 + b"\r\n\r\n"]), False),
    "many heads": (lambda: iter([HEAD + b"X: y\r\n" * 10_000 + b"\r\n[]"]), False),
    "escapes": (failing, False),
    "another kind": (lambda: iter([plain(b'[["a"], 7, "It works!"]')]), False),
}
"""Answers to any request, and whether their pieces come one by one."""


def with_header(png: bytes, width: int, height: int) -> bytes:
    """Return a PNG that says it is of another size, its checksum right."""
    head = b"IHDR" + struct.pack(">II", width, height) + png[24:29]
    return png[:12] + head + struct.pack(">I", zlib.crc32(head)) + png[33:]


def with_text_bomb(png: bytes) -> bytes:
    """Return a PNG with a text that unpacks to 300 MB."""
    chunk = b"zTXtbomb\0\0" + zlib.compress(b" " * 300_000_000, 9)
    sum_ = struct.pack(">I", zlib.crc32(chunk))
    return png[:33] + struct.pack(">I", len(chunk) - 4) + chunk + sum_ + png[33:]


def as_bitmap(png: bytes) -> bytes:
    return b"BM" + png


def again_and_again(png: bytes) -> bytes:
    return png * 20


PICTURES: dict[str, Callable[[bytes], bytes]] = {
    "huge picture": lambda png: with_header(png, 60_000, 60_000),
    "empty picture": lambda png: with_header(png, 0, 0),
    "text bomb": with_text_bomb,
    "bitmap": as_bitmap,
    "header alone": lambda png: png[:33],
    "no header": lambda png: png[:12],
    "picture upon picture": again_and_again,
}
"""What is sent in place of a picture."""

INFOTEXTS: dict[str, Callable[[str], str]] = {
    "escapes in the infotext": lambda text: text.replace("Seed: ", f"Seed: {ESCAPES}"),
    "half a pair": lambda text: f"{text}, Model: \ud83c",
    "long infotext": lambda text: text + ", a" * 1_000_000,
}
"""What is sent in place of an infotext."""


def spoiled(answer: dict[str, Any], fault: str) -> dict[str, Any]:
    """Return the answer to txt2img with what a fault makes of its picture or infotext."""
    if fault in PICTURES:
        png = base64.b64decode(answer["images"][0])
        return answer | {"images": [base64.b64encode(PICTURES[fault](png)).decode()]}
    if fault in INFOTEXTS:
        info = json.loads(answer["info"])
        info["infotexts"] = [INFOTEXTS[fault](text) for text in info["infotexts"]]
        return answer | {"info": json.dumps(info)}
    return answer
