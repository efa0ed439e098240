"""WebHDFS over a folder: the part of Hadoop's REST interface that its clients use.

As a real name node it sends those who read or write on to a data node (itself, here), and answers
a rename that it did not do with ``{"boolean": false}``.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_PREFIX = "/webhdfs/v1"


class HdfsServer(ThreadingHTTPServer):
    """The server.

    Attributes:
        users: The ``user.name`` of each request.
        renames: Whether renaming works.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, top: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.top = top
        self.users: list[str] = []
        self.renames = True
        self.port: int = self.server_address[1]


class _Handler(BaseHTTPRequestHandler):
    server: HdfsServer
    protocol_version = "HTTP/1.1"
    wbufsize = 64 * 1024  # or the system waits for an acknowledgement before each body

    def log_message(self, format: str, *args: object) -> None:
        return

    def _answer(self, body: Any = b"", code: int = 200, **headers: str) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _do(self) -> None:
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self._local(unquote(parts.path.removeprefix(_PREFIX)))
        self.server.users.append(asked.get("user.name", ""))
        try:
            self._operate(asked, path, data)
        except (FileNotFoundError, NotADirectoryError):
            self._refuse("FileNotFoundException", 404)
        except PermissionError:
            self._refuse("AccessControlException", 403)

    do_GET = do_PUT = do_POST = do_DELETE = _do

    def _refuse(self, name: str, code: int) -> None:
        self._answer({"RemoteException": {"exception": name, "message": "said no"}}, code)

    def _local(self, path: str) -> Path:
        return self.server.top / path.lstrip("/")

    def _operate(self, asked: dict[str, str], path: Path, data: bytes) -> None:
        what = asked["op"]
        if what in ("OPEN", "CREATE", "APPEND") and "datanode" not in asked:
            place = f"http://127.0.0.1:{self.server.port}{self.path}&datanode=1"
            self._answer(b"", 307, Location=place)
        elif what == "OPEN":
            start = int(asked.get("offset", 0))
            self._answer(path.read_bytes()[start : start + int(asked["length"])])
        elif what == "CREATE":
            path.write_bytes(data)
            self._answer(code=201)
        elif what == "APPEND":
            with path.open("ab") as stream:
                stream.write(data)
            self._answer()
        elif what == "GETFILESTATUS":
            self._answer({"FileStatus": self._status(path)})
        elif what == "LISTSTATUS":
            found = [{**self._status(one), "pathSuffix": one.name} for one in path.iterdir()]
            self._answer({"FileStatuses": {"FileStatus": found}})
        elif what == "MKDIRS":
            path.mkdir(parents=True, exist_ok=True)
            self._answer({"boolean": True})
        elif what == "RENAME":
            target = self._local(asked["destination"])
            done = self.server.renames and target.parent.is_dir() and not target.exists()
            if done:
                path.rename(target)
            self._answer({"boolean": done})
        elif what == "DELETE":
            there = path.exists()
            path.unlink(missing_ok=True)
            self._answer({"boolean": there})

    def _status(self, path: Path) -> dict[str, object]:
        found = path.lstat()
        kind = "SYMLINK" if path.is_symlink() else "DIRECTORY" if path.is_dir() else "FILE"
        return {
            "type": kind,
            "length": 0 if kind == "DIRECTORY" else found.st_size,
            "modificationTime": int(found.st_mtime * 1000),
            "pathSuffix": "",
        }


@contextmanager
def serving(top: Path) -> Iterator[HdfsServer]:
    """Run a server for a while."""
    server = HdfsServer(top)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
