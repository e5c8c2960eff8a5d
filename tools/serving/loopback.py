"""A server for this computer's own browser, from the first page to Ctrl-C."""

import errno
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from stages.library.common.command import Stopped
from stages.library.common.errors import Problem
from tools.serving.guard import HOST, Address, Guard

BETWEEN_LOOKS = 0.02
"""Seconds after which it is looked again whether the server has started."""

TO_FINISH = 5
"""Seconds that answers may take which are on their way when the server ends."""

Build = Callable[[Address, Callable[[], object]], ASGIApp]
"""Makes an application of its address, and of what ends the server."""


def serve(build: Build, port: int, browser: bool) -> None:
    """Serve an application until it ends itself, or Ctrl-C does; `port` 0 is any that is free.

    Raises:
        Problem: something else is at that port.
        Stopped: a signal ended it.
    """
    ended = threading.Event()
    with listening(port) as at:
        address = Address(at.getsockname()[1])
        with answering(at, Guard(build(address, ended.set), address)):
            print(
                f"open {address.page} in your browser; Ctrl-C ends / "
                "上のアドレスをブラウザーで開いてください。Ctrl-C で終わります",
                flush=True,
            )
            if browser and has_window():
                webbrowser.open(address.ticket())
            wait_for(ended)


def has_window() -> bool:
    """Return whether a browser can be started that doesn't take over the terminal."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    return sys.platform == "darwin" or any(os.environ.get(name) for name in names)


@contextmanager
def listening(port: int) -> Iterator[socket.socket]:
    """Yield a socket that nobody reaches from outside this computer.

    Raises:
        Problem: something else is at that port.
    """
    try:
        at = socket.create_server((HOST, port))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise Problem(
            f"--port {port}: can't be used ({error.strerror}); leave it out, and a free one is "
            "taken / 使えないポートです。--port を省くと、空いているものを使います"
        ) from None
    with at:
        yield at


@contextmanager
def answering(at: socket.socket, app: ASGIApp) -> Iterator[None]:
    """Answer what comes, in a thread: signals are for the one that started it."""
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http="h11",
            loop="asyncio",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=TO_FINISH,
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [at]}, daemon=True)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            thread.join(BETWEEN_LOOKS)
        yield
    finally:
        server.should_exit = True
        thread.join()


def wait_for(ended: threading.Event) -> None:
    """Wait until the page is done, or Ctrl-C says so.

    Raises:
        Stopped: a signal ended it, as a closed terminal's.
    """
    try:
        ended.wait()
    except Stopped:
        raise
    except KeyboardInterrupt:
        print()  # behind the ^C
