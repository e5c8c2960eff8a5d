"""A web server that has one file, and faults."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DATA = bytes(range(256)) * 1000


@dataclass
class Web:
    """A web server with one file; `faults` are taken one by one."""

    address: str = ""
    faults: list[str] = field(default_factory=list)
    leads_to: str = ""  # the file is at another address
    asked: list[str] = field(default_factory=list)  # the ranges
    tokens: list[str] = field(default_factory=list)  # what was sent as Authorization


@contextmanager
def web(*faults: str) -> Iterator[Web]:
    served = Web(faults=list(faults))

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            served.asked.append(wanted)
            served.tokens.append(self.headers.get("Authorization", ""))
            if served.leads_to:
                self.send_response(302)
                self.send_header("Location", served.leads_to)
                return self.end_headers()
            fault = served.faults.pop(0) if served.faults else ""
            if fault.isdigit():
                return self.send_error(int(fault))
            start = int(wanted[6:-1]) if wanted and fault != "no ranges" else 0
            if start >= len(DATA):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(DATA)}")
                return self.end_headers()
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(DATA) - 1}/{len(DATA)}")
            if fault == "huge":
                self.send_header("Content-Length", str(10**15))
            elif fault != "endless":
                self.send_header("Content-Length", str(len(DATA) - start))
            self.end_headers()
            data = b"x" * len(DATA) if fault == "other" else DATA
            self.wfile.write(data[start : start + 100_000 if fault == "cut" else None])
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.address = f"http://127.0.0.1:{server.server_port}/model.safetensors?token=secret"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
