"""Wires over HTTP: a folder that a web server shows; written to where the server allows it.

Any server will do that gives the file of ``<url>/files/md5/b1/946a...``; ranges are used where it
knows them. HTTP cannot list, so what is there is asked for one by one. Files are sent by ``POST``
as DVC does, or by ``PUT`` with ``method = put``, always with their length: a server that got less
knows that it was cut off.

Options: ``auth user password ask_password custom_auth_header`` (``webauth.py``), ``method``,
``ssl_verify``, ``connect_timeout``, ``read_timeout``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from git_dvc.errors import ConfigError
from git_dvc.remote.web import Web
from git_dvc.remote.webanswer import NobodyError, modified
from git_dvc.remote.wire import Found, RefusedError, UnsteadyError

_TIMEOUT_S = 60.0
_WITHOUT_HEAD = (400, 405, 501)


def connect(url: str, options: Mapping[str, str]) -> HttpWire:
    """Return a client; see ``kinds.connect``."""
    return HttpWire(url, options)


class HttpWire:
    """A client of one web server; see ``Wire`` for its methods."""

    can_list = False
    jobs = 8
    deletes = 1

    def __init__(self, url: str, options: Mapping[str, str]) -> None:
        self._web = Web(
            url,
            options,
            connect_s=float(options.get("connect_timeout") or _TIMEOUT_S) or _TIMEOUT_S,
            read_s=float(options.get("read_timeout") or _TIMEOUT_S) or _TIMEOUT_S,
        )
        self.where = self._web.where
        self._method = options.get("method", "post").upper()
        if self._method not in ("PUT", "POST"):
            raise ConfigError("method: expected put or post")

    def reach(self) -> None:
        """Ask for the folder itself; a server need not show it, but it must answer."""
        try:
            answer = self._web.ask("HEAD", self._web.url(""))
        except NobodyError as problem:
            raise problem.at_first() from None
        if answer.is_good:
            answer.done()
            return
        failure = answer.failure()
        if answer.status in (401, 407) or isinstance(failure, UnsteadyError):
            raise failure

    def look(self, key: str) -> Found:
        """Return size, time and ETag."""
        url = self._web.url(key)
        answer = self._web.ask("HEAD", url)
        # A signed address (its query) is for GET alone.
        if answer.status in _WITHOUT_HEAD or (answer.status == 403 and "?" in url):
            answer.done()
            answer = self._web.ask("GET", url, {"Range": "bytes=0-0"})
        headers = answer.headers
        if answer.status == 416:
            size = re.fullmatch(r"bytes \*/(\d{1,18})", headers.get("Content-Range", ""))
            found = "0" if size is None else size[1]
        elif answer.status == 206:
            size = re.fullmatch(r"bytes \d+-\d+/(\d{1,18})", headers.get("Content-Range", ""))
            found = "" if size is None else size[1]
        elif answer.status in (200, 204):
            found = headers.get("Content-Length", "")
        else:
            raise answer.failure()
        answer.done()
        return Found(
            key,
            int(found) if re.fullmatch(r"\d{1,18}", found) else None,
            modified(headers.get("Last-Modified", "")),
            headers.get("ETag", ""),
        )

    def listing(self, prefix: str) -> Iterator[Found]:
        """Refuse: there is no such thing in HTTP."""
        raise RefusedError("a web server cannot list its files")

    def read(self, key: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of a file."""
        return self._web.read(key, offset, length)

    def write(self, key: str, pieces: Iterable[bytes], size_bytes: int) -> None:
        """Send a file."""
        answer = self._web.upload(self._method, self._web.url(key), pieces, size_bytes)
        if answer.status in (405, 501):
            answer.done()
            other = "post" if self._method == "PUT" else "put"
            raise RefusedError(
                f"{answer.status}: the server takes no files by {self._method}",
                f"if it does by {other}: 'git dvc remote modify NAME method {other}'",
            )
        if not answer.is_good:
            raise answer.failure()
        answer.done()

    def delete(self, *keys: str) -> None:
        """Take files away."""
        self._web.delete(keys)

    def close(self) -> None:
        """Hang up."""
        self._web.close()
