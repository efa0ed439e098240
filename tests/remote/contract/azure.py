"""As much of Azure's blob service as a client needs, for tests: files by name, in memory.

No server for it can be installed from PyPI. It checks no signature; what it answers is what
Azure's documentation says (Put Blob, Put Block, Put Block List, Get Blob, List Blobs, Blob Batch).
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from git_dvc.remote import kinds
from git_dvc.remote.wire import Wire

ACCOUNT = "account"
PAGE = 7
_TIME = "Sun, 22 Nov 2026 10:00:00 GMT"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 64 * 1024  # or the system waits for an acknowledgement before each body
    blobs: dict[str, bytes]
    blocks: dict[tuple[str, str], bytes]

    def log_message(self, *about: object) -> None:
        pass

    def _asked(self) -> tuple[str, dict[str, str], bytes]:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        name = unquote(url.path).removeprefix(f"/{ACCOUNT}/container").lstrip("/")
        return name, query, self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _say(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for header, value in headers.items():
            self.send_header(header.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_PUT(self) -> None:
        name, query, data = self._asked()
        if query.get("comp") == "block":
            self.blocks[name, query["blockid"]] = data
        elif query.get("comp") == "blocklist":
            wanted = [item.text or "" for item in ElementTree.fromstring(data)]
            self.blobs[name] = b"".join(self.blocks[name, block] for block in wanted)
        else:
            self.blobs[name] = data
        self._say(201, ETag='"1"', Last_Modified=_TIME)

    def do_GET(self) -> None:
        name, query, _ = self._asked()
        if query.get("comp") == "list":
            self._list(query)
            return
        data = self.blobs.get(name)
        if data is None:
            self._say(404, b"<Error><Code>BlobNotFound</Code></Error>")
            return
        asked = self.headers.get("x-ms-range") or self.headers.get("Range")
        about = {"ETag": '"1"', "Last_Modified": _TIME, "x_ms_blob_type": "BlockBlob"}
        if asked is None:
            self._say(200, data, **about)
            return
        first, _, last = asked.removeprefix("bytes=").partition("-")
        start = int(first)
        if start >= len(data):
            self._say(416, b"<Error><Code>InvalidRange</Code></Error>")
            return
        part = data[start : int(last) + 1 if last else len(data)]
        end = start + len(part) - 1
        self._say(206, part, Content_Range=f"bytes {start}-{end}/{len(data)}", **about)

    do_HEAD = do_GET

    def _list(self, query: dict[str, str]) -> None:
        prefix, after = query.get("prefix", ""), query.get("marker", "")
        names = [name for name in sorted(self.blobs) if name.startswith(prefix) and name > after]
        page, rest = names[:PAGE], names[PAGE:]
        blobs = "".join(
            f"<Blob><Name>{escape(name)}</Name><Properties><Last-Modified>{_TIME}</Last-Modified>"
            f"<Content-Length>{len(self.blobs[name])}</Content-Length>"
            "<Content-Type>application/octet-stream</Content-Type><Etag>1</Etag></Properties></Blob>"
            for name in page
        )
        more = f"<NextMarker>{escape(page[-1])}</NextMarker>" if rest else "<NextMarker/>"
        self._say(
            200,
            '<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="container">'
            f"<Prefix>{escape(prefix)}</Prefix><Blobs>{blobs}</Blobs>{more}"
            "</EnumerationResults>".encode(),
        )

    def do_POST(self) -> None:
        """Delete Blob, several in a batch."""
        _, _, data = self._asked()
        answers = []
        for number, path in enumerate(re.findall(rb"DELETE (\S+) HTTP", data)):
            name = unquote(path.decode()).removeprefix(f"/{ACCOUNT}/container/")
            there = self.blobs.pop(name, None) is not None
            status = "202 Accepted" if there else "404 The specified blob does not exist."
            code = "" if there else "x-ms-error-code: BlobNotFound\r\n"
            answers.append(
                f"--b\r\nContent-Type: application/http\r\nContent-ID: {number}\r\n\r\n"
                f"HTTP/1.1 {status}\r\n{code}x-ms-version: 2023-11-03\r\n\r\n"
            )
        body = "".join([*answers, "--b--\r\n"]).encode()
        self._say(202, body, Content_Type="multipart/mixed; boundary=b")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


@contextmanager
def azure(top: Path) -> Iterator[Callable[[str], Wire]]:
    handler = type("Handler", (_Handler,), {"blobs": {}, "blocks": {}})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    key = base64.b64encode(b"key").decode()
    text = (
        f"AccountName={ACCOUNT};AccountKey={key};"
        f"BlobEndpoint=http://127.0.0.1:{server.server_port}/{ACCOUNT}"
    )
    try:
        yield lambda name: kinds.connect(f"azure://container/{name}", {"connection_string": text})
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
