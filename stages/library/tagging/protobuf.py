"""Protobuf, as far as it takes to walk through an ONNX file without copying it, and to add to one.

https://protobuf.dev/programming-guides/encoding/
"""

import mmap
from collections.abc import Iterator

Buffer = bytes | mmap.mmap

VARINT, LENGTH = 0, 2
"""Kinds of fields: a number; what begins with its length, such as a text or a message."""


def messages(data: Buffer, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield number, start and end of the fields with a length in a protobuf message.

    Raises:
        IndexError, ValueError: it is none.
    """
    for number, kind, at, to in fields(data, start, end):
        if kind == LENGTH:
            yield number, at, to


def fields(data: Buffer, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, kind, start and end of all fields in a protobuf message.

    Raises:
        IndexError, ValueError: it is none.
    """
    at = start
    while at < end:
        key, at = varint(data, at)
        kind, begin = key & 7, at
        if kind == VARINT:
            _, at = varint(data, at)
        elif kind == 1:
            at += 8
        elif kind == 5:
            at += 4
        elif kind == LENGTH:
            length, begin = varint(data, at)
            at = begin + length
            if at > end:
                raise ValueError("a field ends behind its message")
        elif kind > 5:
            raise ValueError("no such kind of field")
        # 3 and 4 begin and end a group: its fields are seen as the message's own
        yield key >> 3, kind, begin, at


def varint(data: Buffer, at: int) -> tuple[int, int]:
    """Return a protobuf number, and where what follows it begins.

    Raises:
        IndexError, ValueError: there is none.
    """
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        value |= (byte & 127) << shift
        at += 1
        if byte < 128:
            return value, at
    raise ValueError("no number")


def packed(number: int, content: bytes) -> bytes:
    """Return a field with a length: a text, or a message.

    >>> packed(7, b"g" * 130)[:4]
    b':\\x82\\x01g'
    """
    return as_varint(number << 3 | LENGTH) + as_varint(len(content)) + content


def as_varint(value: int) -> bytes:
    """Return a number of 0 or more as protobuf has it.

    >>> varint(as_varint(300), 0)
    (300, 2)
    """
    data = bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    return bytes([*data, value])
