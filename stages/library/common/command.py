"""The one place where a stage starts, and where an error becomes a line and an exit code."""

import errno
import io
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from types import FrameType

from stages.library.common.arguments import Parser
from stages.library.common.disk import NO_ROOM, no_room
from stages.library.common.errors import Problem, without_secrets
from stages.library.common.foreign import printable, shown

ENDS = (signal.SIGTERM, signal.SIGHUP)
"""What ends a program: a machine that is shut down or a closed terminal sends it."""

A_MOMENT = 0.01
"""Seconds after which an interruption that got lost comes again, and again until it is heard.

An alarm right before a call that waits would wake nobody.
"""

MISTAKES = {None, errno.EBADF, errno.EFAULT, errno.EINVAL}
"""Errors that no machine is to blame for; those that libraries raise themselves have no number."""

NO_MEMORY = (
    "not enough memory; close other programs, then run the same command again / "
    "メモリーが足りません。ほかのソフトを閉じて、同じコマンドをもう一度実行してください"
)

LOCKED = (
    "; if it or its folder is locked, unlock it (chmod u+w, on a Mac also: Get Info > Locked), "
    "then run the same command again / ロックを解除して、もう一度実行してください"
)


class Stopped(KeyboardInterrupt):
    """A signal that ends the program, raised so that what it began is tidied up."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Have the signals of ENDS raise `Stopped`, once; one that is ignored, as by nohup, stays so.

    DVC passes its stage no signal: a terminal sends SIGINT and SIGHUP to both.
    """
    here = threading.current_thread() is threading.main_thread()
    own = [each for each in ENDS if here and signal.getsignal(each) is signal.SIG_DFL]

    def stop(number: int, _: FrameType | None) -> None:
        for each in own:  # what is tidied up is not interrupted
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)

    for each in own:
        signal.signal(each, stop)
    try:
        with raised_again() if here else nullcontext():
            yield
    finally:
        for each in own:
            signal.signal(each, signal.SIG_DFL)


@contextmanager
def raised_again() -> Iterator[None]:
    """Raise an interruption a moment later where Python could only print it and go on.

    That is so in a weakref's callback, in `__del__` and in a library's callback
    (docs.python.org/3/library/sys.html#sys.unraisablehook).
    """
    swallowed: list[KeyboardInterrupt] = []
    printed = sys.unraisablehook

    def swallow(what: "sys.UnraisableHookArgs") -> None:
        if isinstance(what.exc_value, KeyboardInterrupt):
            swallowed.append(what.exc_value)
            signal.setitimer(signal.ITIMER_REAL, A_MOMENT, A_MOMENT)
        else:
            printed(what)

    def ring(_number: int, _: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        if swallowed:
            raise swallowed.pop().with_traceback(None)

    rang = signal.signal(signal.SIGALRM, ring)
    sys.unraisablehook = swallow
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = printed
        signal.signal(signal.SIGALRM, rang)
        if swallowed:  # in the last moment
            raise swallowed.pop().with_traceback(None)


def run(parser: Parser, work: Callable[..., None], argv: list[str] | None) -> int:
    """Call `work` with the flags as keyword arguments and return the exit code.

    A `Problem`, and what the machine refuses (memory, and most of OSError), becomes one line on
    stderr, and exit code 1; anything else is a bug, and keeps its traceback.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that can't show Japanese
            stream.reconfigure(errors="backslashreplace")
    name = parser.prog.removeprefix("python -m ").rpartition(".")[2]
    try:
        with stopped_by_signals():
            values = parser.parse(argv)
            work(**values)
            parser.look_again(argv, values)
    except MemoryError:
        return _fail(name, NO_MEMORY)
    except OSError as error:
        if isinstance(error, TimeoutError | ConnectionError) or error.errno not in MISTAKES:
            return _fail(name, refusal(error))
        raise
    except Problem as error:
        return _fail(name, str(error))
    except Stopped as signalled:
        with suppress(OSError):  # the terminal may be gone
            _fail(name, f"stopped by {signalled}; run the same command again to go on")
        return 128 + signalled.number
    except KeyboardInterrupt:
        return _fail(name, "stopped by Ctrl-C; run the same command again to go on", code=130)
    return 0


def refusal(error: OSError) -> str:
    """Return in a line what the machine refused."""
    if error.errno in NO_ROOM:
        return no_room(error)
    if error.errno == errno.ENOMEM:
        return NO_MEMORY
    place = f"{shown(error.filename)}: " if error.filename else ""
    locked = LOCKED if error.errno in (errno.EACCES, errno.EPERM) else ""
    return f"{place}{error.strerror or error}{locked}"


def _fail(name: str, message: str, code: int = 1) -> int:
    lines = without_secrets(message).split("\n")
    fit = "\n".join(printable(line, sys.maxsize) for line in lines)
    print(f"{name}: error: {fit}", file=sys.stderr)
    return code
