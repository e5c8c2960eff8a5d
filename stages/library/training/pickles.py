"""Archives of pickles, as torch writes them, of which a stranger may have changed some.

A pickle runs whatever it names. So only names that the states of optimizers hold are let through;
and what was looked at here is written into a new archive, since two programs need not find the same
in one: of a file that begins as a pickle and ends as a zip, torch reads the pickle.
"""

import pickletools
import re
import struct
import zipfile
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.foreign import printable
from stages.library.common.outputs import beside

RECORD = re.compile(
    r"[\w.-]{1,64}/(data\.pkl|data/\d{1,6}|version|byteorder|\.format_version|\.storage_alignment"
    r"|\.data/serialization_id)"
)
"""A file of such an archive: the pickle, the numbers of its tensors, and what tells how to read
them. One called constants.pkl would make a program of it."""

NAMES = re.compile(
    r"collections OrderedDict|_codecs encode|numpy (ndarray|dtype)"
    r"|numpy\._?core\.multiarray _reconstruct|torch Size"
    r"|torch\._utils _rebuild_(tensor_v2|parameter)"
    r"|torch (Double|Float|Half|BFloat16|Long|Int|Short|Char|Byte|Bool)Storage"
    r"|torch (u?int(8|16|32|64)|float(16|32|64)|bfloat16|bool)"
)
"""What a pickle may name, as for torch's own reader with weights_only, and accelerate's (its
utils/other.py, TORCH_SAFE_GLOBALS): none of them runs anything."""

OPCODES = (
    "PROTO STOP MARK NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT BINUNICODE "
    "SHORT_BINSTRING EMPTY_DICT EMPTY_LIST EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 APPEND APPENDS "
    "SETITEM SETITEMS BINPUT LONG_BINPUT BINGET LONG_BINGET BINPERSID GLOBAL REDUCE BUILD"
)
"""Those that torch writes. A name stands in GLOBAL alone, as it is: none is put together."""

FLAGS = 0x808
"""Of an entry, what torch sets: its length stands behind it, its name is UTF-8."""

MOST = 16 << 20
"""Bytes of a pickle without the numbers of its tensors: some 100 KB."""


def rewrite(path: Path) -> None:
    """Write an archive anew, of what it holds, once that is known to be harmless.

    Raises:
        Problem: it is none of torch's, or its pickle may run something.
    """
    partial = beside(path, "partial")
    try:
        with zipfile.ZipFile(path) as archive, zipfile.ZipFile(partial, "w") as anew:
            entries = archive.infolist()
            check_entries(entries, path.stat().st_size)
            for entry in entries:
                data = archive.read(entry)
                if entry.filename.endswith(".pkl"):
                    check_pickle(data)
                anew.writestr(zipfile.ZipInfo(entry.filename), data)
        partial.replace(path)
    except Problem as error:
        raise Problem(f"{path.name} {printable(str(error))}") from None
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError) as error:
        raise Problem(f"{path.name} is no archive of torch's ({printable(str(error))})") from None
    finally:
        partial.unlink(missing_ok=True)


def check_entries(entries: list[zipfile.ZipInfo], size: int) -> None:
    """Raise Problem unless an archive holds what torch's do: each once, nothing packed."""
    names = [entry.filename for entry in entries]
    if len({name.partition("/")[0] for name in names}) != 1 or len(set(names)) != len(names):
        raise Problem("is no archive of one thing")
    for entry in entries:
        if not RECORD.fullmatch(entry.filename):
            raise Problem(f"holds {entry.filename}")
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & ~FLAGS:
            raise Problem(f"packs {entry.filename}")
        if entry.file_size > (MOST if entry.filename.endswith(".pkl") else size):
            raise Problem(f"holds too long a {entry.filename}")
        if not 0 <= entry.header_offset < size:
            raise Problem(f"holds {entry.filename} outside of itself")
    if sum(entry.file_size for entry in entries) > size:
        raise Problem("holds more than itself")
    if not any(name.endswith("/data.pkl") for name in names):
        raise Problem("holds no pickle")


def check_pickle(data: bytes) -> None:
    """Raise Problem if a pickle, were it read, might run something."""
    allowed = OPCODES.split()
    try:
        for opcode, argument, _ in pickletools.genops(data):
            if opcode.name not in allowed:
                raise Problem(f"holds {opcode.name}, which torch writes into no state")
            if opcode.name == "GLOBAL" and not NAMES.fullmatch(str(argument)):
                raise Problem(f"names {argument}, which no state of an optimizer holds")
    except (ValueError, struct.error) as error:
        if isinstance(error, Problem):
            raise
        raise Problem("holds no whole pickle") from None
