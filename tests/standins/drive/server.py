"""Google Drive on this machine: enough of its API v2 for dvc-gdrive, with faults to order.

dvc-gdrive, unmodified and in a process of its own, reaches it through a CONNECT proxy that ends
the TLS connection itself, with a certificate of a CA that only the tests trust: `environment`
holds the variables for that. Nothing leaves the machine: other hosts are refused and noted.
"""

import base64
import contextlib
import email.utils
import json
import os
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.standins.drive.keys import CLIENT_ID, CLIENT_SECRET, HOSTS, REFRESH_TOKEN, ROBOT, Keys
from tests.standins.drive.store import FOLDER, Item, Store

USER = "nasu@example.com"
CODE = "code-from-the-browser"
PAGE = 20
"""Items on a page of files.list; Drive, too, may give fewer than asked for."""

ERRORS = {
    "500": (500, "internalError"),
    "503": (503, "backendError"),
    "rate limit": (403, "userRateLimitExceeded"),
    "quota": (403, "storageQuotaExceeded"),
    "forbidden": (403, "insufficientFilePermissions"),
    "not enabled": (403, "accessNotConfigured"),
    "too many": (429, "rateLimitExceeded"),
}
"""Faults that are an answer of the API: status and reason."""


@dataclass
class Fault:
    """What goes wrong with the next `times` requests of an operation, after `skip` good ones.

    Kinds besides `ERRORS`: `page` (502 with a page of HTML, as proxies of Google send it),
    `reset` (the connection is reset before the request was read), `reset after` (it is done, but
    the connection is reset in place of the answer), `closed` (closed in place of the answer),
    `stalled` (no answer), `corrupt` (the answer's last byte is wrong).
    """

    operation: str
    kind: str
    times: int = 1
    skip: int = 0


@dataclass
class Drive:
    """The Drive, what is wrong with it at the moment, and what it was asked."""

    keys: Keys
    store: Store = field(default_factory=Store)
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Addresses that somebody wanted and that are none of Google Drive's."""
    sign_in: str = ""
    """What the token endpoint answers in place of a token, such as `invalid_grant`."""
    quota: tuple[int, int] = (15 * 10**9, 2 * 10**9)
    """Bytes in all and in use."""
    clock: float = 0
    """Seconds by which Google's clock is ahead."""
    uploads: dict[str, "Upload"] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    closing: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def environment(self) -> dict[str, str]:
        """Return the variables with which dvc-gdrive reaches this Drive and no other."""
        proxy = f"http://127.0.0.1:{self.port}"
        return {"https_proxy": proxy, "http_proxy": proxy, "no_proxy": ""} | {
            "HTTPLIB2_CA_CERTS": str(self.keys.authority)
        }

    def folder(self, path: str, top: str = "") -> str:
        """Return the id of a folder, of My Drive unless told, made if it is not there."""
        return self.store.add_path(path, top or self.store.root("user"))

    def fault(self, operation: str) -> str:
        """Return the fault of this request, or ''."""
        with self.lock:
            self.asked.append(operation)
            for fault in self.faults:
                if fault.operation == operation and fault.times > 0:
                    if fault.skip > 0:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    return fault.kind
        return ""


@dataclass
class Upload:
    """A resumable upload that has begun."""

    title: str
    parent: str
    mime: str
    data: bytearray = field(default_factory=bytearray)


class Refused(Exception):
    """The API says no: status and reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status, self.reason = status, reason


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    drive: Drive
    tls: ssl.SSLContext

    def log_message(self, *_: object) -> None:
        pass

    def date_time_string(self, timestamp: float | None = None) -> str:
        now = time.time() + self.drive.clock if timestamp is None else timestamp
        return email.utils.formatdate(now, usegmt=True)

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
            self.connection.close()

    def do_CONNECT(self) -> None:
        """Answer as a proxy that reached the host, and go on as that host."""
        if self.path.removesuffix(":443") not in HOSTS:
            self.drive.refused.append(self.path)
            self.send_error(403)
            return
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            self.connection = self.tls.wrap_socket(self.connection, server_side=True)
        except (OSError, ssl.SSLError):
            self.close_connection = True
            return
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.close_connection = False

    def do_GET(self) -> None:
        if not isinstance(self.connection, ssl.SSLSocket):
            self.drive.refused.append(self.path)
            self.send_error(403)
            return
        url = urlsplit(self.path)
        self.given = dict(parse_qsl(url.query, keep_blank_values=True))
        request = f"{self.command} {url.path}"
        matches = {name: re.fullmatch(pattern, request) for name, pattern in OPERATIONS.items()}
        operation, match = next(((n, m) for n, m in matches.items() if m), ("", None))
        if match is None:
            self.drive.refused.append(f"{self.command} {self.path}")
            self.send_error(404)
            return
        if operation == "get" and self.given.get("alt") == "media":
            operation = "download"
        self.perform(operation, match.groups())

    def do_POST(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        self.do_GET()

    def perform(self, operation: str, groups: tuple[str, ...]) -> None:
        """Do what was asked, or what the fault of the moment makes of it."""
        fault = self.drive.fault(operation)
        if fault == "reset":
            return self.reset()
        if fault == "stalled":
            self.drive.closing.wait()
            self.close_connection = True
            return None
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if fault == "page":
            return self.answer(502, b"<html>Bad Gateway</html>", {"Content-Type": "text/html"})
        try:
            if fault in ERRORS:
                raise Refused(*ERRORS[fault])
            account = "" if operation == "token" else self.account()
            with self.drive.lock:
                status, answer, headers = getattr(self, operation)(account, body, *groups)
        except Refused as refused:
            error = {"domain": "global", "reason": refused.reason, "message": refused.reason}
            status, headers = refused.status, {}
            answer = {"error": {"code": status, "errors": [error], "message": refused.reason}}
        if fault == "reset after":
            return self.reset()
        if fault == "closed":
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.unwrap()
            return None
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        if fault == "corrupt":
            data = data[:-1] + bytes([data[-1] ^ 1])
        return self.answer(status, data, {"Content-Type": "application/json"} | headers)

    def reset(self) -> None:
        """End the connection as a broken line or a busy router does."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def answer(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in ({"Content-Length": str(len(data))} | headers).items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def account(self) -> str:
        """Return whose access token this is: `user` or `robot`."""
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer token-of-")
        if token not in ("user", "robot"):
            raise Refused(401, "authError")
        return token

    def item(self, account: str, id: str) -> Item:
        """Return an item that the account may see."""
        store = self.drive.store
        item = store.items.get(store.root(account) if id == "root" else id)
        if item is None or (item.drive and account not in store.members):
            raise Refused(404, "notFound")
        return item

    def token(self, _: str, body: bytes) -> "Answer":
        asked, drive = dict(parse_qsl(body.decode())), self.drive
        grant, account = asked.get("grant_type"), "user"
        token: dict[str, object] = {"expires_in": 3600, "token_type": "Bearer"}
        if drive.sign_in:
            return 400, {"error": drive.sign_in, "error_description": "so the test wants it"}, {}
        if grant == "urn:ietf:params:oauth:grant-type:jwt-bearer":
            account = "robot"
            if error := self.wrong_in(asked["assertion"]):
                return 400, {"error": "invalid_grant", "error_description": error}, {}
        elif (asked.get("client_id"), asked.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return 401, {"error": "invalid_client"}, {}
        elif grant == "authorization_code" and asked.get("code") == CODE:
            token["refresh_token"] = REFRESH_TOKEN
        elif grant != "refresh_token" or asked.get("refresh_token") != REFRESH_TOKEN:
            return 400, {"error": "invalid_grant", "error_description": "Token expired"}, {}
        return 200, token | {"access_token": f"token-of-{account}"}, {}

    def wrong_in(self, assertion: str) -> str:
        """Return what is wrong with a service account's signed request for a token, or ''."""
        signed, _, signature = assertion.rpartition(".")
        try:
            self.drive.keys.robot_key.verify(
                unpadded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature:
            return "Invalid JWT Signature."
        claims = json.loads(unpadded(signed.split(".")[1]))
        now = time.time() + self.drive.clock
        if not claims["iat"] - 300 <= now <= claims["exp"]:
            return (
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a "
                "reasonable timeframe. Check your iat and exp values in the JWT claim."
            )
        return "" if claims["iss"] == ROBOT else "Invalid JWT: unknown issuer"

    def about(self, account: str, _: bytes) -> "Answer":
        total, used = self.drive.quota if account == "user" else (0, 0)
        user = {"emailAddress": USER if account == "user" else ROBOT}
        quota = {"quotaBytesTotal": str(total), "quotaBytesUsedAggregate": str(used)}
        return 200, {"user": user, "quotaType": "LIMITED", **quota}, {}

    def list(self, account: str, _: bytes) -> "Answer":
        given, store = self.given, self.drive.store
        shared = given.get("corpora") == "drive"
        if shared:
            self.item(account, given["driveId"])
        try:
            items = store.found(given["q"], store.root(account))
        except ValueError:
            raise Refused(400, "invalid") from None
        items = [item for item in items if bool(item.drive) == shared]
        start = int(given.get("pageToken") or 0)
        answer: dict[str, object] = {
            "items": [item.resource() for item in items[start : start + PAGE]]
        }
        more = {"nextPageToken": str(start + PAGE)} if start + PAGE < len(items) else {}
        return 200, answer | more, {}

    def get(self, account: str, _: bytes, id: str) -> "Answer":
        fields = [name for name in self.given.get("fields", "*").split(",") if name != "*"]
        shown = self.item(account, id).resource()
        return 200, {k: v for k, v in shown.items() if not fields or k in fields}, {}

    def download(self, account: str, _: bytes, id: str) -> "Answer":
        data = self.item(account, id).content
        first, last = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"]).groups()  # type: ignore[union-attr]
        part, size = data[int(first) : int(last) + 1], len(data)
        kind = {"Content-Type": "application/octet-stream"}
        if int(first) >= size:
            return 416, b"", kind | {"Content-Range": f"bytes */{size}"}
        place = f"bytes {first}-{int(first) + len(part) - 1}/{size}"
        return 206, part, kind | {"Content-Range": place}

    def create(self, account: str, body: bytes) -> "Answer":
        asked = json.loads(body)
        if asked.get("mimeType") != FOLDER:
            raise Refused(400, "invalid")
        parent = self.item(account, asked["parents"][0]["id"])
        return 200, self.drive.store.add(asked["title"], parent.id).resource(), {}

    def start(self, account: str, body: bytes) -> "Answer":
        asked = json.loads(body)
        parent = self.item(account, asked["parents"][0]["id"])
        if self.given["uploadType"] != "resumable":
            raise Refused(400, "invalid")
        if account == "robot" and not parent.drive:
            raise Refused(403, "storageQuotaExceeded")  # a service account has no space of its own
        key = str(len(self.drive.uploads))
        self.drive.uploads[key] = Upload(
            asked["title"], parent.id, self.headers["X-Upload-Content-Type"]
        )
        place = f"https://{HOSTS[1]}/upload/drive/v2/files?uploadType=resumable&upload_id={key}"
        return 200, b"", {"Location": place}

    def upload(self, _: str, body: bytes) -> "Answer":
        going = self.drive.uploads[self.given["upload_id"]]
        place = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", self.headers.get("Content-Range") or "")
        first, last, size = (int(n) for n in place.groups()) if place else (0, -1, 0)
        if first != len(going.data) or last + 1 - first != len(body):
            raise Refused(400, "badRequest")
        going.data += body
        if last + 1 < size:
            if len(body) % 2**18:
                raise Refused(400, "badRequest")
            return 308, b"", {"Range": f"bytes=0-{last}"}
        item = self.drive.store.add(going.title, going.parent, going.mime, bytes(going.data))
        return 200, item.resource(), {}

    def trash(self, account: str, _: bytes, id: str) -> "Answer":
        item = self.item(account, id)
        item.trashed = True
        return 200, item.resource(), {}

    def delete(self, account: str, _: bytes, id: str) -> "Answer":
        del self.drive.store.items[self.item(account, id).id]
        return 204, b"", {}


Answer = tuple[int, bytes | dict[str, object], dict[str, str]]

OPERATIONS = {
    "token": r"POST /token",
    "about": r"GET /drive/v2/about",
    "list": r"GET /drive/v2/files",
    "create": r"POST /drive/v2/files",
    "get": r"GET /drive/v2/files/([\w-]+)",
    "delete": r"DELETE /drive/v2/files/([\w-]+)",
    "trash": r"POST /drive/v2/files/([\w-]+)/trash",
    "start": r"POST /upload/drive/v2/files",
    "upload": r"PUT /upload/drive/v2/files",
}
"""Methods, and the requests they answer; a GET of a file with alt=media is a `download`."""


def unpadded(text: str) -> bytes:
    """Read base64 as JWTs write it.

    >>> unpadded("bmFzdQ")
    b'nasu'
    """
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """Clients that are killed in the middle are a part of the tests."""


@contextmanager
def serving(keys: Keys) -> Iterator[Drive]:
    """Serve an empty Drive until the block ends."""
    drive = Drive(keys)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(keys.server)
    handler = type("HandlerOfDrive", (Handler,), {"drive": drive, "tls": tls})
    with Server(("127.0.0.1", 0), handler) as server:
        drive.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield drive
        finally:
            drive.closing.set()
            server.shutdown()
            thread.join()
