"""Who may ask the server: the browser of whoever started it, and only pages of its own.

Any program of this computer can connect to the loopback, and any website can have the browser do
so. What only the terminal and the browser know is the token in the path: unlike a cookie, which a
browser sends to every port of 127.0.0.1, it goes nowhere else. The Host header keeps out a
website whose name leads to 127.0.0.1 (DNS rebinding), Origin a website that sends requests.
"""

import hmac
import re
import secrets
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = "127.0.0.1"
METHODS = ("GET", "HEAD", "POST")

LARGEST = 4096
"""Bytes of a request: a vote has some fifty."""

ASIDE = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Headers of every answer: nothing is kept, shown within another page, or told to one."""

NOTHING_ELSE = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""The policy of an answer that has none of its own."""

LOST = (
    "This is not the address of the page. Open the one that the terminal shows.\n"
    "ページのアドレスが違います。ターミナルに表示されたアドレスを開いてください。\n"
)


@dataclass
class Address:
    """Where the page is, and the secrets that open it."""

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    tickets: set[str] = field(default_factory=set)

    @property
    def host(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def origin(self) -> str:
        return f"http://{self.host}"

    @property
    def page(self) -> str:
        """The address for whoever reads the terminal."""
        return f"{self.origin}/{self.token}/"

    def ticket(self) -> str:
        """Return an address that leads to the page once.

        A browser is started with its address in the command, which every user of the computer may
        read: who reads it there comes too late.
        """
        ticket = secrets.token_urlsafe(24)
        self.tickets.add(ticket)
        return f"{self.origin}/{ticket}"


class Guard:
    """An application behind the guard: it sees paths without the token."""

    def __init__(self, app: ASGIApp, address: Address) -> None:
        self.app = app
        self.address = address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":  # there are no others
            raise RuntimeError(f"{scope['type']} is not served")
        answer = self.answer(scope)
        if answer is None:
            scope = {**scope, "path": self.within(scope), "root_path": ""}
        await (answer or self.app)(scope, receive, sealed(send))

    def within(self, scope: Scope) -> str:
        """Return the path without the token; '' for one that doesn't begin with it."""
        token, slash, rest = str(scope["path"]).removeprefix("/").partition("/")
        known = hmac.compare_digest(token.encode(), self.address.token.encode())
        return f"/{rest}" if known and slash else ""

    def answer(self, scope: Scope) -> Response | None:
        """Return the answer to a request that is not let through; None for one that is."""
        headers, method = Headers(scope=scope), scope["method"]
        if headers.getlist("host") != [self.address.host]:
            return PlainTextResponse("No such host.\n", 421)
        if headers.getlist("origin") not in ([], [self.address.origin]):
            return PlainTextResponse("Not from another page.\n", 403)
        if method not in METHODS:
            return PlainTextResponse("No such method.\n", 405, {"allow": ", ".join(METHODS)})
        if method == "POST":
            return self.answer_to_post(scope, headers)
        if self.is_ticket(str(scope["path"])):
            return RedirectResponse(f"/{self.address.token}/", 303)
        return None if self.within(scope) else PlainTextResponse(LOST, 403)

    def answer_to_post(self, scope: Scope, headers: Headers) -> Response | None:
        """Return the answer to what would change something, and is not let through."""
        if not self.within(scope):
            return PlainTextResponse(LOST, 403)
        if not headers.getlist("origin"):  # every browser names it
            return PlainTextResponse("Only from the page.\n", 403)
        if headers.get("content-type") != "application/json":
            return PlainTextResponse("Only JSON.\n", 415)
        length = headers.get("content-length", "")
        if "transfer-encoding" in headers or not re.fullmatch("[0-9]{1,9}", length):
            return PlainTextResponse("How long is it?\n", 411)
        return PlainTextResponse("Too large.\n", 413) if int(length) > LARGEST else None

    def is_ticket(self, path: str) -> bool:
        """Return whether a path is a ticket, which then is used."""
        ticket = path.removeprefix("/")
        known = ticket in self.address.tickets
        self.address.tickets.discard(ticket)
        return known


def sealed(send: Send) -> Send:
    """Return what sends an answer with the headers of every answer."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in ASIDE.items():
                headers[name] = value
            headers.setdefault("content-security-policy", NOTHING_ELSE)
        await send(message)

    return send_with_headers
