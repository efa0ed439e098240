"""A real WebDAV server on loopback for tests: WsgiDAV over a folder, with faults in front of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cheroot import wsgi
from wsgidav.wsgidav_app import WsgiDAVApp  # type: ignore[import-untyped]

Start = Callable[..., Any]
Fault = Callable[[Mapping[str, Any], Start], "list[bytes] | None"]
"""Answers in the server's place, or returns None to let it go on."""


class Dav:
    """The server.

    Attributes:
        url: ``http://`` of its top.
        top: The folder that it shows.
        requests: Method and path of each.
        faults: Used up one a request.
        always: Counts for each request.
    """

    def __init__(self, top: Path, users: Mapping[str, str] | None = None, scheme: str = "") -> None:
        self.top = top
        self.requests: list[str] = []
        self.faults: list[Fault] = []
        self.always: list[Fault] = []
        self._lock = threading.Lock()
        known: Any = True
        if users:
            known = {name: {"password": password} for name, password in users.items()}
        self._app = WsgiDAVApp(
            {
                "provider_mapping": {"/": str(top)},
                "simple_dc": {"user_mapping": {"*": known}},
                "http_authenticator": {
                    "accept_basic": scheme != "digest",
                    "accept_digest": scheme == "digest",
                    "default_to_digest": scheme == "digest",
                },
                "logging": {"enable": False},
                "verbose": 0,
            }
        )
        self.server = wsgi.Server(("127.0.0.1", 0), self._answer, numthreads=8)

    def _answer(self, environ: Mapping[str, Any], start: Start) -> Iterable[bytes]:
        with self._lock:
            self.requests.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
            faults = [*self.always, *self.faults[:1]]
            del self.faults[:1]
        for fault in faults:
            answer = fault(environ, start)
            if answer is not None:
                environ["wsgi.input"].read()
                return answer
        return self._app(environ, start)  # type: ignore[no-any-return]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.bind_addr[1]}"

    def clear(self) -> None:
        self.requests.clear()
        self.faults.clear()
        self.always.clear()


@contextmanager
def serving(top: Path, users: Mapping[str, str] | None = None, scheme: str = "") -> Iterator[Dav]:
    dav = Dav(top, users, scheme)
    dav.server.prepare()
    thread = threading.Thread(target=dav.server.serve, daemon=True)
    thread.start()
    try:
        yield dav
    finally:
        dav.server.stop()
        thread.join(10)


def answers(
    status: str, body: bytes = b"", headers: Mapping[str, str] | None = None, method: str = ""
) -> Fault:
    """Answer every request of a method so; of all methods if none is named."""

    def fault(environ: Mapping[str, Any], start: Start) -> list[bytes] | None:
        if method and environ["REQUEST_METHOD"] != method:
            return None
        start(status, [("Content-Length", str(len(body))), *(headers or {}).items()])
        return [body]

    return fault
