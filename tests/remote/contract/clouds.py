"""Object stores on this machine: an S3 server, which also speaks what Google's clients speak."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

import pytest

from git_dvc.remote import kinds
from git_dvc.remote.wire import Wire

OPTIONS = {
    "access_key_id": "testing",
    "secret_access_key": "testing",
    "region": "us-east-1",
}


class Answer(NamedTuple):
    """What a server says instead of what it should.

    Attributes:
        status: The status line.
        body: What comes.
        promised: How many bytes it says will come; the connection breaks if these are more.
        after: Nothing comes before this is set.
    """

    status: str
    body: bytes = b""
    promised: int = 0
    after: threading.Event | None = None


Fault = Callable[[dict[str, Any]], "Answer | None"]
"""Is shown each request, one at a time and when it has been counted, and may answer it."""


def refusal(status: str, code: str) -> Answer:
    """Return an error as S3 words it."""
    return Answer(status, f"<Error><Code>{code}</Code><Message>Says S3.</Message></Error>".encode())


class S3Server:
    """A server on loopback that speaks S3.

    Attributes:
        url: Its address.
        requests: What it was asked, by method and first word of the query.
        fault: See ``Fault``.
    """

    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import WSGIRequestHandler, make_server

        class Quiet(WSGIRequestHandler):
            protocol_version = "HTTP/1.1"

            def log(self, *about: object) -> None:
                pass

        self._app = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, True, request_handler=Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.requests: Counter[str] = Counter()
        self.fault: Fault = lambda environ: None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        word = environ.get("QUERY_STRING", "").partition("&")[0].partition("=")[0]
        with self._lock:
            self.requests[f"{environ['REQUEST_METHOD']} {word}".strip()] += 1
            answer = self.fault(environ)
        if answer is not None:
            if answer.after is not None:
                answer.after.wait(60)
            length = int(environ.get("CONTENT_LENGTH") or 0)
            while length > 0 and (data := environ["wsgi.input"].read(min(length, 1 << 20))):
                length -= len(data)
            start(answer.status, [("Content-Length", str(max(len(answer.body), answer.promised)))])
            return _body(answer)
        found: Iterable[bytes] = self._app(environ, start)
        return found

    def make_bucket(self, name: str) -> None:
        urlopen(Request(f"{self.url}/{name}", method="PUT")).close()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _body(answer: Answer) -> Iterator[bytes]:
    yield answer.body
    if answer.promised > len(answer.body):
        raise ConnectionAbortedError


def _let_in(environ: dict[str, Any]) -> None:
    """Make a request of Google's client one that an S3 server answers."""
    environ["HTTP_AUTHORIZATION"] = (
        "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/s3/aws4_request, "
        "SignedHeaders=host, Signature=0"
    )


@contextmanager
def s3(top: Path) -> Iterator[Callable[[str], Wire]]:
    server = S3Server()
    server.make_bucket("bucket")
    options = {**OPTIONS, "endpointurl": server.url}
    try:
        yield lambda name: kinds.connect(f"s3://bucket/{name}", options)
    finally:
        server.close()


@contextmanager
def gs(top: Path) -> Iterator[Callable[[str], Wire]]:
    server = S3Server()
    server.make_bucket("bucket")
    server.fault = _let_in
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", server.url)
        try:
            yield lambda name: kinds.connect(f"gs://bucket/{name}", {})
        finally:
            server.close()
