"""A model hub on this machine: enough of huggingface.co for one repository, with faults to order.

As there, the address of a large file answers with a redirect to another host, and with the file's
digest and size; that of a small one with the file; and what is wrong is told by a status and the
header X-Error-Code.
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

REPOSITORY = "nasu/wd-tiny-tagger"
REVISION = "v2.0"
COMMIT = "0123456789abcdef0123456789abcdef01234567"

PATH = "../../../../escaped"
"""From the cache's folders of commits and of files to the one that the cache is in."""

ERRORS = {
    "no repository": (401, "RepoNotFound"),
    "no repository, 404": (404, "RepoNotFound"),
    "no revision": (404, "RevisionNotFound"),
    "no model.onnx": (404, "EntryNotFound"),
    "no selected_tags.csv": (404, "EntryNotFound"),
    "gated": (403, "GatedRepo"),
    "forbidden": (403, ""),
    "broken": (500, ""),
    "too many": (429, ""),
}
"""Faults that are an answer: status and X-Error-Code."""


@dataclass
class Hub:
    """The repository's files, what is wrong with the hub at the moment, and what it was asked.

    Faults besides `ERRORS`: `token` (accepts only the token `secret`), `portal` (every address
    answers with a page of HTML, as in a hotel), `page` (the model is a page of HTML, all else in
    order), `stalled` (no answer), `stalled file` (the file begins and never goes on), `cut` (every
    download ends in the middle), `no listing` (files, but not their names), `cut once` (the first
    one does), `more` (the model never ends), and `path: HEADER` (what a file is called by in that
    header is a path), `path later: HEADER` (only from the second answer on).
    """

    files: dict[str, bytes]
    fault: str = ""
    asked: list[str] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    address: str = ""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        hub, path = self.hub, self.path
        hub.asked.append(f"{self.command} {path} {self.headers.get('Range', '')}".strip())
        if hub.fault == "stalled":
            hub.closing.wait()
            self.close_connection = True
        elif hub.fault == "portal":
            self.answer(200, b"<html>Welcome to our hotel</html>")
        elif path.startswith("/storage/"):
            self.storage(path.removeprefix("/storage/"))
        elif hub.fault == "token" and self.headers.get("Authorization") != "Bearer secret":
            message = "Invalid credentials in Authorization header"
            self.answer(401, b"", {"X-Error-Message": message})
        elif path.startswith("/api/"):
            self.listing(path)
        else:
            self.resolve(path)

    def listing(self, path: str) -> None:
        if self.hub.fault == "no listing":
            return self.answer(500, b"")
        if not path.startswith(f"/api/models/{REPOSITORY}/revision/"):
            return self.answer(401, b"", {"X-Error-Code": "RepoNotFound"})
        files = [{"rfilename": name} for name in self.hub.files]
        told = {"id": REPOSITORY, "sha": COMMIT, "siblings": files}
        return self.answer(200, json.dumps(told).encode())

    def resolve(self, path: str) -> None:
        revision, _, name = path.removeprefix(f"/{REPOSITORY}/resolve/").partition("/")
        fault = self.hub.fault
        if not path.startswith(f"/{REPOSITORY}/"):
            fault = "no repository"
        elif revision not in (REVISION, COMMIT, "main"):
            fault = "no revision"
        elif name not in self.hub.files:
            return self.answer(404, b"", {"X-Error-Code": "EntryNotFound"})
        if fault in ERRORS and (not fault.startswith("no ") or "." not in fault or name in fault):
            status, code = ERRORS[fault]
            return self.answer(status, b"", {"X-Error-Code": code} if code else {})
        data = self.hub.files[name]
        headers = {"X-Repo-Commit": COMMIT}
        if name.endswith((".csv", ".json")):
            etag = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            return self.answer(200, data, headers | {"ETag": f'"{etag}"'})
        headers |= {
            "X-Linked-Etag": f'"{hashlib.sha256(data).hexdigest()}"',
            "X-Linked-Size": str(len(data)),
            "X-Xet-Hash": hashlib.sha256(data).hexdigest(),
            "X-Xet-Refresh-Route": f"{self.hub.address}/api/models/{REPOSITORY}/xet-read-token/x",
            "Location": self.hub.address.replace("127.0.0.1", "localhost") + f"/storage/{name}",
        }
        return self.answer(302, b"", headers)

    def storage(self, name: str) -> None:
        hub, data = self.hub, self.hub.files[name]
        if hub.fault == "page":
            data = b"<html>Sorry</html>".ljust(len(data))
        if hub.fault == "more":
            self.without_end()
            return
        wanted = self.headers.get("Range", "")
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        part = data[start:]
        if hub.fault in ("cut", "cut once", "stalled file"):
            stalled = hub.fault == "stalled file"
            hub.fault = "" if hub.fault == "cut once" else hub.fault
            self.wfile.write(part[: 0 if start else len(part) // 2])
            self.wfile.flush()
            if stalled:
                hub.closing.wait()
            self.close_connection = True
        else:
            self.wfile.write(part)

    def without_end(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        with suppress(OSError):  # nobody listens any more
            while not self.hub.closing.is_set():
                self.wfile.write(b"100000\r\n" + bytes(0x100000) + b"\r\n")

    def answer(self, status: int, data: bytes, headers: dict[str, str] | None = None) -> None:
        kind, _, header = self.hub.fault.partition(": ")
        led = kind == "path" or (kind == "path later" and len(self.hub.asked) > 1)
        self.send_response(status)
        for key, value in ((headers or {}) | ({header: PATH} if led else {})).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)


@contextmanager
def serving(tagger: Path, fault: str = "") -> Iterator[Hub]:
    """Serve the files of a tagger's folder as `REPOSITORY` until the block ends."""
    files = {path: path.relative_to(tagger).as_posix() for path in tagger.rglob("*")}
    hub = Hub({name: path.read_bytes() for path, name in files.items() if path.is_file()}, fault)
    handler = type("HandlerOfHub", (Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        hub.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
