"""A web server on loopback for tests: files in memory, and faults that are asked for.

``Site`` serves what is in ``files`` by path, with ranges, takes uploads, and writes down every
request. A fault is a function that gets the handler; it answers in the server's place, or returns
True to let the server go on. ``faults`` are used up one a request, ``always`` counts for each.
"""

from __future__ import annotations

import base64
import hashlib
import re
import ssl
import sys
import threading
import time
from collections.abc import Callable, Mapping
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import unquote

Fault = Callable[["Handler"], "bool | None"]


class Request(NamedTuple):
    """What came in; ``port`` is the client's, one a connection."""

    method: str
    path: str
    headers: Message
    port: int


class Server(ThreadingHTTPServer):
    """Says nothing of clients that hang up: tests make them do so."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(*_)


class Site:
    """The server; use it in a ``with``.

    Args:
        tls: To serve https.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.always: list[Fault] = []
        self.writable = True
        self.knows_ranges = True
        self._lock = threading.Lock()
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.site = self  # type: ignore[attr-defined]
        self.port = self._server.server_address[1]
        self.scheme = "http"
        if tls is not None:
            self.scheme = "https"
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"{self.scheme}://{self.host}/data"

    def __enter__(self) -> Site:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def come(self, request: Request) -> list[Fault]:
        """Write down a request, and return its faults."""
        with self._lock:
            self.requests.append(request)
            faults = [*self.always, *self.faults[:1]]
            del self.faults[:1]
            return faults

    def methods(self) -> list[str]:
        return [request.method for request in self.requests]

    def clear(self) -> None:
        """Forget requests and faults."""
        self.requests.clear()
        self.faults.clear()
        self.always.clear()
        self.writable = self.knows_ranges = True


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 64 * 1024  # or the system waits for an acknowledgement before each body
    site: Site

    def log_message(self, *_: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._do
        raise AttributeError(name)

    def _do(self) -> None:
        self.site = self.server.site  # type: ignore[attr-defined]
        self._taken, self.body = False, b""
        self.place = unquote(self.path.partition("?")[0])
        request = Request(self.command, self.path, self.headers, self.client_address[1])
        for fault in self.site.come(request):
            if not fault(self):
                return
        getattr(self, "on_" + self.command, self.on_other)()

    # -- what a good server does ---------------------------------------------------------

    def answer(
        self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        headers = dict(headers or {})
        self.read_body()
        self.send_response(status)
        if status != 304:
            headers.setdefault("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def read_body(self) -> bytes:
        left = int(self.headers.get("Content-Length") or 0)
        body = []
        if self.headers.get("Transfer-Encoding") == "chunked" and not self._taken:  # as DVC does
            while size := int(self.rfile.readline(), 16):
                body.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
        while not self._taken and left:
            piece = self.rfile.read(min(1024 * 1024, left))
            if not piece:
                self.close_connection = True
                break
            body.append(piece)
            left -= len(piece)
        self._taken = True
        return b"".join(body)

    def on_GET(self) -> None:
        data = self.site.files.get(self.place)
        if data is None:
            self.answer(404, b"<h1>Not Found</h1>")
            return
        headers = {
            "ETag": f'"{hashlib.md5(data).hexdigest()}"',
            "Last-Modified": "Sun, 22 Nov 2026 10:00:00 GMT",
        }
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if asked is None or not self.site.knows_ranges:
            self.answer(200, data, headers)
            return
        first = int(asked[1])
        if first >= len(data):
            self.answer(416, b"", {"Content-Range": f"bytes */{len(data)}"})
            return
        last = min(int(asked[2] or len(data)), len(data) - 1)
        headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
        self.answer(206, data[first : last + 1], headers)

    on_HEAD = on_GET

    def on_PUT(self) -> None:
        if not self.site.writable:
            self.answer(405)
            return
        body = self.body or self.read_body()
        if len(body) == int(self.headers.get("Content-Length") or len(body)):
            self.site.files[self.place] = body
            self.answer(201)

    on_POST = on_PUT

    def on_DELETE(self) -> None:
        self.answer(204 if self.site.files.pop(self.place, None) is not None else 404)

    def on_other(self) -> None:
        self.answer(501)


# -- faults -------------------------------------------------------------------------------


def status(code: int, headers: Mapping[str, str] | None = None, body: bytes = b"no") -> Fault:
    return lambda handler: handler.answer(code, body, headers)


def only(method: str, fault: Fault) -> Fault:
    """A fault of one method."""
    return lambda handler: True if handler.command != method else fault(handler)


def hang_up(handler: Handler) -> None:
    """Close without an answer."""
    handler.close_connection = True


def short_body(after: int) -> Fault:
    """Announce the whole file and close after some bytes."""

    def fault(handler: Handler) -> None:
        data = handler.site.files[handler.place]
        first = int((re.match(r"bytes=(\d+)", handler.headers.get("Range") or "") or "00")[1])
        handler.send_response(206 if first else 200)
        if first:
            handler.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        handler.send_header("Content-Length", str(len(data) - first))
        handler.end_headers()
        handler.wfile.write(data[first : first + after])
        handler.close_connection = True

    return fault


def wrong_body(handler: Handler) -> None:
    """Send as many bytes as there are, but others."""
    handler.answer(200, b"?" * len(handler.site.files[handler.place]))


def silence(until: threading.Event) -> Fault:
    """Say nothing until told to."""

    def fault(handler: Handler) -> None:
        until.wait(20)
        handler.close_connection = True

    return fault


def pause(seconds: float) -> Fault:
    """Take what comes, wait, and go on."""

    def fault(handler: Handler) -> bool:
        handler.body = handler.read_body()
        time.sleep(seconds)
        return True

    return fault


def redirect(where: str, code: int = 302) -> Fault:
    return status(code, {"Location": where})


def needs_basic(user: str, password: str) -> Fault:
    wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def fault(handler: Handler) -> bool:
        if handler.headers.get("Authorization") == wanted:
            return True
        handler.answer(401, b"who?", {"WWW-Authenticate": 'Basic realm="data", charset="UTF-8"'})
        return False

    return fault


def needs_header(name: str, value: str) -> Fault:
    def fault(handler: Handler) -> bool:
        if handler.headers.get(name) == value:
            return True
        handler.answer(401)
        return False

    return fault


class NeedsDigest:
    """Digest by RFC 7616, checked from the server's side; a nonce is good for ``most`` requests."""

    def __init__(self, user: str, password: str, algorithm: str = "MD5", most: int = 1000) -> None:
        self.user, self.password, self.algorithm, self.most = user, password, algorithm, most
        self.nonce, self.count = "n0", 0

    def __call__(self, handler: Handler) -> bool:
        said = handler.headers.get("Authorization") or ""
        if not said.startswith("Digest "):
            said = ""
        found = dict(re.findall(r'(\w+)="?([^",]*)"?', said.partition(" ")[2]))
        is_right = bool(found) and self.is_right(handler.command, handler.path, found)
        stale = False
        if is_right and (found["nonce"] != self.nonce or self.count >= self.most):
            self.nonce, self.count, stale = f"n{int(self.nonce[1:]) + 1}", 0, True
        if is_right and not stale:
            self.count += 1
            return True
        handler.answer(
            401,
            b"",
            {
                "WWW-Authenticate": f'Digest realm="the data", qop="auth,auth-int", '
                f'nonce="{self.nonce}", opaque="op\\"aque", algorithm={self.algorithm}'
                + (", stale=true" if stale else "")
            },
        )
        return False

    def is_right(self, method: str, path: str, found: Mapping[str, str]) -> bool:
        make = hashlib.sha256 if self.algorithm.startswith("SHA-256") else hashlib.md5

        def hashed(*parts: str) -> str:
            return make(":".join(parts).encode()).hexdigest()

        secret = hashed(self.user, "the data", self.password)
        if self.algorithm.endswith("-sess"):
            secret = hashed(secret, found["nonce"], found["cnonce"])
        right = hashed(
            secret, found["nonce"], found["nc"], found["cnonce"], "auth", hashed(method, path)
        )
        return found["response"] == right and found["uri"] == path
