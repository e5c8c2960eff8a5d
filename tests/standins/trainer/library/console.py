"""What the trainer says, formatted as sd-scripts' `library/utils.py::setup_logging` does."""

import logging
import os
import sys


def set_up(simple: bool) -> None:
    """Log through rich to stderr, which wraps at 80 columns in a pipe; without rich to stdout.

    `simple` is --console_log_simple.
    """
    logging.root.handlers.clear()
    logging.root.setLevel(logging.INFO)
    if simple:
        logging.root.addHandler(logging.StreamHandler(sys.stdout))
        return
    if os.environ.get("STANDIN_RICH") != "no":
        try:
            from rich.console import Console
            from rich.logging import RichHandler

            rich = RichHandler(console=Console(stderr=True))
            rich.setFormatter(logging.Formatter("%(message)s", "%Y-%m-%d %H:%M:%S"))
            logging.root.addHandler(rich)
            return
        except ImportError:
            pass
    logging.root.addHandler(logging.StreamHandler(sys.stdout))
    say("utils.py:85", "rich is not installed, using basic logging")


def say(place: str, message: str, level: int = logging.INFO) -> None:
    """Log a message as if it came from `place`, a file and line of v0.10.1.

    The place is shown at the end of the line, so that its length decides where a message wraps.
    """
    file, line = place.split(":")
    record = logging.LogRecord("standin", level, file, int(line), message, None, None)
    logging.root.handle(record)


def warn(place: str, message: str) -> None:
    """Log a warning; the training goes on."""
    say(place, message, logging.WARNING)


def fail(place: str, message: str) -> None:
    """Log an error, after which the trainer ends, though not always with a failure."""
    say(place, message, logging.ERROR)
