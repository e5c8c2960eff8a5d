"""When the last page was closed and none comes back, the server may go."""

import threading

from tools.serving.presence import Presence

SOON = 0.05
SECONDS = 30


def test_the_last_page_ends_it() -> None:
    gone = threading.Event()
    presence = Presence(gone.set, SOON)
    presence.opened("a")
    presence.opened("b")
    presence.closed("a")
    assert not gone.wait(4 * SOON)
    presence.closed("b")
    assert gone.wait(SECONDS)


def test_a_page_that_comes_back_keeps_it() -> None:
    gone = threading.Event()
    presence = Presence(gone.set, SOON)
    presence.opened("a")
    presence.closed("a")
    presence.opened("a again")
    assert not gone.wait(4 * SOON)


def test_a_page_that_nobody_opened_is_none() -> None:
    gone = threading.Event()
    presence = Presence(gone.set, SOON)
    presence.closed("nobody's")
    assert not gone.wait(4 * SOON)


def test_a_page_that_was_closed_twice_does_not_count_for_another() -> None:
    gone = threading.Event()
    presence = Presence(gone.set, SOON)
    presence.opened("a")
    presence.opened("b")
    presence.closed("a")
    presence.closed("a")
    assert not gone.wait(4 * SOON)
