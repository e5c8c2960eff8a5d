"""Which pages are open in the browser: when the last one was closed, the server may go."""

import threading
from collections.abc import Callable

GRACE = 3.0
"""Seconds in which a page may come back, as after a reload."""


class Presence:
    """The pages that are open; `gone` is called when none is, and none comes back."""

    def __init__(self, gone: Callable[[], object], grace: float = GRACE) -> None:
        self.gone = gone
        self.grace = grace
        self.pages: set[str] = set()
        self.lock = threading.Lock()
        self.timer: threading.Timer | None = None

    def opened(self, page: str) -> None:
        with self.lock:
            self.pages.add(page)
            if self.timer:
                self.timer.cancel()

    def closed(self, page: str) -> None:
        """Note that a page was closed; one that nobody opened is none."""
        with self.lock:
            if page not in self.pages:
                return
            self.pages.remove(page)
            if not self.pages:
                self.timer = threading.Timer(self.grace, self.look)
                self.timer.daemon = True
                self.timer.start()

    def look(self) -> None:
        with self.lock:
            if not self.pages:
                self.gone()
