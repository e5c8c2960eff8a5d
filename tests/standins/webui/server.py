"""AUTOMATIC1111's WebUI 1.10.1 on this machine: its API for one picture, with faults to order.

Paths, statuses and bodies are those of the real server, FastAPI's and pydantic's included; there
is no model behind it. It also runs as a process of its own, for tests that kill it:
`python -m tests.standins.webui.server FOLDER --port N`.
"""

import argparse
import base64
import contextlib
import gzip
import inspect
import json
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.standins.webui import hostile
from tests.standins.webui.fields import Refused, failed, read_body
from tests.standins.webui.machine import StandIn

__all__ = ["StandIn", "webui"]

API = "/sdapi/v1/"
NAMES = str.maketrans("-_", "_-")
OPEN = ("loras", "refresh_loras")
"""Routes of an extension, which are there without --api, and for everybody."""

HTML = "text/html; charset=utf-8"
PAGE = b"<!doctype html><html><head><title>Stable Diffusion</title></head></html>"
PAGES = {
    "502": (502, HTML, b"<html><h1>502 Bad Gateway</h1></html>"),
    "html": (200, HTML, b"<html>Welcome to another program</html>"),
    "not json": (200, "application/json", b"It works!"),
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    stand_in: StandIn

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        here, path = self.stand_in, self.path.partition("?")[0]
        fault = "reset" if here.closing.is_set() else here.spoils(path)
        if fault == "reset":
            here.asked.append((self.command, path, None))
            return self.reset()
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body: Any = data or None
        with contextlib.suppress(ValueError):
            body = json.loads(data)
        here.asked.append((self.command, path, body))
        if fault == "slow":
            here.closing.wait()
            return self.reset()
        if fault in hostile.ANSWERS:
            return self.misbehave(*hostile.ANSWERS[fault])
        if fault == "redirect":
            there = here.url.replace("127.0.0.1", "localhost")
            return self.answer(302, b"", {"Location": f"{there}/elsewhere"})
        if fault in PAGES:
            status, kind, page = PAGES[fault]
            return self.answer(status, page, {"Content-Type": kind})
        if path == "/" and self.command == "GET" and here.page:
            return self.answer(200, PAGE, {"Content-Type": HTML})
        return self.respond(path, data, fault)

    def do_POST(self) -> None:
        self.do_GET()

    def respond(self, path: str, data: bytes, fault: str) -> None:
        """Answer in JSON; an exception of any kind is an answer, too."""
        status, headers = 200, {"Content-Type": "application/json"}
        try:
            answer = self.routed(path, data, fault)
        except Refused as refused:
            status, answer = refused.status, refused.body
        except Exception as error:
            whole = failed(type(error).__name__, str(error))
            status, answer = whole.status, whole.body
        if status == 405:
            headers["Allow"] = "POST" if self.command == "GET" else "GET"
        text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
        return self.answer(status, text.encode(), headers, cut=fault == "cut answer")

    def routed(self, path: str, data: bytes, fault: str) -> object:
        here, name = self.stand_in, path.removeprefix(API).translate(NAMES)
        if path == "/internal/ping" and self.command == "GET" and here.page:
            return {}
        methods = {
            verb: getattr(here, f"{verb.lower()}_{name}", None)
            for verb in ("GET", "POST")
            if path.startswith(API) and (here.api or name in OPEN)
        }
        if not any(methods.values()):
            raise Refused(404, {"detail": "Not Found"})
        method = methods.get(self.command)
        if method is None:
            raise Refused(405, {"detail": "Method Not Allowed"})
        if here.login and name not in OPEN:
            self.check_login(here.login)
        if "body" not in inspect.signature(method).parameters:
            return method()
        body = read_body(data, self.headers.get("Content-Type") or "")
        return method(body, fault) if name == "txt2img" else method(body)

    def check_login(self, login: tuple[str, str]) -> None:
        scheme, _, given = (self.headers.get("Authorization") or "").partition(" ")
        detail = "Not authenticated"
        if scheme.lower() == "basic":
            detail = "Invalid authentication credentials"
            with contextlib.suppress(ValueError):
                user, colon, password = base64.b64decode(given).decode("ascii").partition(":")
                if (user, password) == login:
                    return
                detail = "Incorrect username or password" if colon else detail
        raise failed("HTTPException", detail=detail, status=401)

    def misbehave(self, pieces: Callable[[], Iterator[bytes]], slowly: bool) -> None:
        """Send what no WebUI sends, until nobody takes it any more."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            for piece in pieces():
                self.wfile.write(piece)
                self.stand_in.sent += len(piece)
                if self.stand_in.closing.wait(hostile.PAUSE if slowly else 0):
                    break

    def reset(self) -> None:
        """End the connection as a broken line or a program that dies does."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()

    def answer(self, status: int, data: bytes, headers: dict[str, str], cut: bool = False) -> None:
        if len(data) >= 1000 and "gzip" in (self.headers.get("Accept-Encoding") or ""):
            data, headers = gzip.compress(data, 1), headers | {"Content-Encoding": "gzip"}
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if cut else data)
        self.close_connection |= cut


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """Clients that are killed in the middle are a part of the tests."""


@contextmanager
def webui(folder: Path, **settings: Any) -> Iterator[StandIn]:
    """Serve until the block ends; `settings` are fields of `StandIn`."""
    stand_in = StandIn(folder, **settings)
    handler = type("HandlerOfWebUI", (Handler,), {"stand_in": stand_in})
    with Server(("127.0.0.1", stand_in.port), handler) as server:
        stand_in.port = server.server_port
        stand_in.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield stand_in
        finally:
            stand_in.closing.set()
            server.shutdown()
            thread.join()


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0)
    with webui(**vars(parser.parse_args(argv))) as stand_in:
        print(stand_in.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
