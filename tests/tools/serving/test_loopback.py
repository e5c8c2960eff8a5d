"""A server that only this computer reaches, from the first page to Ctrl-C."""

import socket
import threading
import webbrowser
from typing import Any

import pytest
import requests
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from stages.library.common.command import Stopped
from stages.library.common.errors import Problem
from tools.serving.guard import Address
from tools.serving.loopback import answering, has_window, listening, serve, wait_for


def app(_: Address, end: Any) -> Starlette:
    """Return an application that ends with its first answer."""

    async def page(_: Request) -> Response:
        end()
        return PlainTextResponse("the page")

    return Starlette(routes=[Route("/", page)])


def test_the_browser_opens_the_page_and_the_page_can_end_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []

    def browse(address: str) -> None:
        threading.Thread(target=lambda: said.append(requests.get(address, timeout=30).text)).start()

    monkeypatch.setattr(webbrowser, "open", browse)
    monkeypatch.setenv("DISPLAY", ":0")
    serve(app, 0, browser=True)
    assert said == ["the page"]
    assert "in your browser; Ctrl-C ends" in capsys.readouterr().out


def test_without_a_window_no_browser_takes_over_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert not has_window()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert has_window()


def test_only_the_loopback_is_listened_on() -> None:
    with listening(0) as at:
        assert at.getsockname()[0] == "127.0.0.1"


def test_a_port_that_is_taken_is_one_line() -> None:
    with listening(0) as at:
        port = at.getsockname()[1]
        with pytest.raises(Problem, match=rf"^--port {port}: can't be used \(.+\); leave it out"):
            serve(app, port, browser=False)


def test_an_answer_on_its_way_is_finished_and_then_nobody_listens() -> None:
    begun, go_on = threading.Event(), threading.Event()

    async def slow(_: Request) -> Response:
        begun.set()
        await run_in_threadpool(go_on.wait, 30)
        return PlainTextResponse("whole")

    answers: list[str] = []
    with listening(0) as at:
        port = at.getsockname()[1]
        with answering(at, Starlette(routes=[Route("/", slow)])):
            asking = threading.Thread(
                target=lambda: answers.append(
                    requests.get(f"http://127.0.0.1:{port}/", timeout=30).text
                )
            )
            asking.start()
            assert begun.wait(30)
            threading.Timer(0.2, go_on.set).start()
    asking.join(30)
    assert answers == ["whole"]
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_ctrl_c_is_the_usual_end_and_a_signal_is_not() -> None:
    class Interrupted(threading.Event):
        def __init__(self, by: BaseException) -> None:
            super().__init__()
            self.by = by

        def wait(self, _: float | None = None) -> bool:
            raise self.by

    wait_for(Interrupted(KeyboardInterrupt()))
    with pytest.raises(Stopped):
        wait_for(Interrupted(Stopped(15)))
