"""The one place where a stage starts, and where an error becomes a line and an exit code."""

import io
import sys
from collections.abc import Callable

from stages.library.common.arguments import Parser
from stages.library.common.errors import Problem


def run(parser: Parser, work: Callable[..., None], argv: list[str] | None) -> int:
    """Call `work` with the flags as keyword arguments and return the exit code.

    A `Problem`, and what the machine refuses (OSError), becomes one line on stderr, and exit code
    1; anything else is a bug, and keeps its traceback.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that can't show Japanese
            stream.reconfigure(errors="backslashreplace")
    name = parser.prog.removeprefix("python -m ").rpartition(".")[2]
    try:
        work(**parser.parse(argv))
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _fail(name, f"{place}{error.strerror or error}")
    except Problem as error:
        return _fail(name, str(error))
    except KeyboardInterrupt:
        return _fail(name, "stopped by Ctrl-C; run the same command again to go on", code=130)
    return 0


def _fail(name: str, message: str, code: int = 1) -> int:
    print(f"{name}: error: {message}", file=sys.stderr)
    return code
