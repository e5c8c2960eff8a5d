"""Who may ask the server: real requests over the loopback, with whatever headers."""

import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tools.serving.guard import LARGEST, METHODS, Address, Guard
from tools.serving.loopback import answering, listening


class Served:
    """A guarded application, and what reached it."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.reached: list[str] = []

    def app(self) -> Starlette:
        async def page(request: Request) -> Response:
            self.reached.append(f"{request.method} {request.url.path}")
            await request.body()
            return JSONResponse({})

        return Starlette(routes=[Route("/{path:path}", page, methods=list(METHODS))])

    def ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        """Send exactly these headers and no others."""
        connection = http.client.HTTPConnection("127.0.0.1", self.address.port, timeout=30)
        with closing(connection):
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders(body or None)
            with connection.getresponse() as answer:
                told = {name.lower(): value for name, value in answer.getheaders()}
                return answer.status, told, answer.read()

    def get(self, path: str = "", **headers: str) -> int:
        status, _, _ = self.ask("GET", self.path(path), {"Host": self.address.host, **headers})
        return status

    def path(self, path: str = "") -> str:
        return f"/{self.address.token}/{path}"

    def post(self, body: bytes = b"{}", path: str = "vote", **changed: str | None) -> int:
        """Post as the page does, but for what is changed; None leaves a header out."""
        headers: dict[str, Any] = {
            "Host": self.address.host,
            "Origin": self.address.origin,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **{name.replace("_", "-"): value for name, value in changed.items()},
        }
        kept = {name: value for name, value in headers.items() if value is not None}
        status, _, _ = self.ask("POST", self.path(path), kept, body)
        return status


@pytest.fixture
def served() -> Iterator[Served]:
    with listening(0) as at:
        found = Served(Address(at.getsockname()[1]))
        with answering(at, Guard(found.app(), found.address)):
            yield found


def test_the_page_reaches_its_application_without_the_token(served: Served) -> None:
    assert served.get() == 200
    assert served.get("question", Origin=served.address.origin) == 200
    assert served.post() == 200
    assert served.reached == ["GET /", "GET /question", "POST /vote"]


@pytest.mark.parametrize(
    "path", ["/", "/vote", "/x/", "/..", "//", "/%2e%2e/", "/%ff%fe/", "/?token=x"]
)
def test_without_the_token_nothing_is_reached(served: Served, path: str) -> None:
    status, headers, said = served.ask("GET", path, {"Host": served.address.host})
    assert status == 403
    assert "Open the one that the terminal shows" in said.decode()
    assert "default-src 'none'" in headers["content-security-policy"]
    assert served.reached == []


def test_a_part_of_the_token_is_none(served: Served) -> None:
    token = served.address.token
    for path in (f"/{token}", f"/{token[:-1]}/", f"/{token}x/", f"/{token.upper()}/"):
        assert served.ask("GET", path, {"Host": served.address.host})[0] == 403, path
    assert served.reached == []


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {Address(1).token for _ in range(50)}
    assert len(tokens) == 50
    assert min(map(len, tokens)) >= 32


@pytest.mark.parametrize("host", ["evil.example", "localhost", "127.0.0.1", "evil.example:{port}"])
def test_a_name_that_leads_here_is_refused(served: Served, host: str) -> None:
    """DNS rebinding: the browser believes to talk to evil.example."""
    assert served.get(Host=host.format(port=served.address.port)) == 421
    assert served.post(Host=host.format(port=served.address.port)) == 421
    assert served.ask("GET", served.path(), {})[0] in (400, 421)
    assert served.reached == []


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", ""])
def test_another_page_is_refused(served: Served, origin: str) -> None:
    assert served.get(Origin=origin) == 403
    assert served.post(Origin=origin) == 403
    assert served.reached == []


def test_what_changes_something_says_where_it_is_from_and_is_json(served: Served) -> None:
    assert served.post(Origin=None) == 403
    assert served.post(Content_Type="text/plain") == 415
    assert served.post(Content_Type=None) == 415
    assert served.post(b"x" * (LARGEST + 1)) == 413
    assert served.reached == []
    assert served.post(b"x" * LARGEST) == 200


def test_a_body_of_unknown_length_is_refused(served: Served) -> None:
    assert served.post(b"0\r\n\r\n", Content_Length=None, Transfer_Encoding="chunked") == 411
    assert served.reached == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
def test_other_methods_are_refused(served: Served, method: str) -> None:
    status, headers, _ = served.ask(method, served.path(), {"Host": served.address.host})
    assert status == 405
    assert headers["allow"] == "GET, HEAD, POST"
    assert served.reached == []


def test_a_ticket_leads_to_the_page_once(served: Served) -> None:
    """Who reads it in the list of processes comes too late."""
    ticket = served.address.ticket().removeprefix(served.address.origin)
    status, headers, _ = served.ask("GET", ticket, {"Host": served.address.host})
    assert (status, headers["location"]) == (303, f"/{served.address.token}/")
    status, headers, _ = served.ask("GET", ticket, {"Host": served.address.host})
    assert status == 403
    assert served.address.token not in json.dumps(headers)


def test_no_answer_is_kept_framed_or_told_of(served: Served) -> None:
    _, headers, _ = served.ask("GET", served.path(), {"Host": served.address.host})
    wanted = {
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "cross-origin-resource-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
    }
    assert headers.items() >= wanted.items()
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert {"access-control-allow-origin", "set-cookie", "server"} & headers.keys() == set()
