"""Wires over WebDAV: a web server that lists, renames and takes files (Nextcloud, Apache, ...).

A file is sent under a temporary key and then renamed, so that nobody sees half of one whatever
the server does with an upload that broke. Folders are made when they turn out to be missing.
Lists are taken folder by folder, several at a time: many servers refuse to list a whole tree,
and some answer with its first level as if that were all.

Options: ``user password ask_password custom_auth_header token bearer_token_command``
(``webauth.py``), ``cert_path``, ``key_path``, ``ssl_verify``, ``timeout``.
"""

from __future__ import annotations

import secrets as randomness
from _thread import allocate_lock
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from time import time

from git_dvc.remote import multistatus
from git_dvc.remote.multistatus import Resource
from git_dvc.remote.web import Web, parent
from git_dvc.remote.webanswer import NobodyError
from git_dvc.remote.wire import (
    TEMPORARY,
    AbsentError,
    Found,
    RefusedError,
    UnsteadyError,
    WireError,
)

_TIMEOUT_S = 30.0
_LISTERS = 4
_MOST_DEPTH = 16
_LEFT_OVER_S = 7 * 24 * 3600.0
_NO_PARENT = (404, 409)
_PERHAPS_NO_PARENT = (*_NO_PARENT, 403, 500)
"""What servers answer when a file is to go where there is no folder; Apache says 500."""
_PERHAPS_THERE = (403, 500)
"""What they answer to the slower of two that make one folder: Apache 403, wsgidav 500."""


def connect(url: str, options: Mapping[str, str]) -> WebdavWire:
    """Return a client; see ``kinds.connect``."""
    return WebdavWire(url, options)


class WebdavWire:
    """A client of one WebDAV server; see ``Wire`` for its methods."""

    can_list = True
    jobs = 8
    deletes = 1

    def __init__(self, url: str, options: Mapping[str, str]) -> None:
        timeout_s = float(options.get("timeout") or 0)
        if timeout_s <= 0:
            timeout_s = _TIMEOUT_S
        # webdav:// is http://, webdavs:// is https://
        self._web = Web(
            "http" + url[len("webdav") :], options, connect_s=timeout_s, read_s=timeout_s
        )
        self.where = "webdav" + self._web.where[len("http") :]
        self._folders: set[str] = set()
        self._was_cleaned = False
        self._lock = allocate_lock()

    def reach(self) -> None:
        """Ask for the folder itself, which need not be there yet."""
        try:
            for _ in self._find(""):
                pass
        except AbsentError:
            pass
        except NobodyError as problem:
            raise problem.at_first() from None

    def close(self) -> None:
        """Hang up."""
        self._web.close()

    # -- looking --------------------------------------------------------------------------

    def look(self, key: str) -> Found:
        """Return size, time and ETag."""
        found = list(self._find(key))
        if not found:
            raise UnsteadyError("the server says nothing of the file that it was asked for")
        if found[0].is_folder:
            raise AbsentError("a folder")
        return Found(key, found[0].size_bytes, found[0].mtime_s, found[0].etag)

    def listing(self, prefix: str) -> Iterator[Found]:
        """Yield all files below a folder, several folders at a time."""
        with ThreadPoolExecutor(_LISTERS, "list") as pool:
            waiting: list[Future[list[Resource]]] = [pool.submit(self._children, prefix)]
            try:
                while waiting:
                    folder = waiting.pop(0)
                    for child in folder.result():
                        if not child.is_folder:
                            yield Found(child.path, child.size_bytes, child.mtime_s, child.etag)
                        elif child.path.count("/") < _MOST_DEPTH + prefix.count("/"):
                            waiting.append(pool.submit(self._children, child.path + "/"))
            finally:
                for folder in waiting:
                    folder.cancel()

    def _children(self, folder: str) -> list[Resource]:
        """Return what is directly in a folder, with keys as paths."""
        try:
            found = list(self._find(folder, "1"))
        except AbsentError:
            return []
        with self._lock:
            self._folders.add(self._web.url(folder))
        top = self._web.path(folder)
        if all(one.path != top.rstrip("/") for one in found):
            # A proxy has changed the path; the folder itself is among what it answers.
            top = min((one.path for one in found if one.is_folder), key=len, default="") + "/"
        names = ((one, one.path[len(top) :]) for one in found if one.path.startswith(top))
        return [
            one._replace(path=folder + name)
            for one, name in names
            if name and "/" not in name and name not in (".", "..")
        ]

    def _find(self, key: str, depth: str = "0") -> Iterator[Resource]:
        return self._ask(self._web.url(key), depth)

    def _ask(self, url: str, depth: str) -> Iterator[Resource]:
        answer = self._web.ask(
            "PROPFIND",
            url,
            {"Depth": depth, "Content-Type": "application/xml"},
            multistatus.WHAT_TO_ASK,
        )
        if answer.status != 207:
            if answer.is_good or answer.status in (405, 501):
                answer.done()
                raise RefusedError("the server does not speak WebDAV at this address")
            raise answer.failure()
        yield from multistatus.read(answer.pieces())

    # -- moving ---------------------------------------------------------------------------

    def read(self, key: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of a file."""
        return self._web.read(key, offset, length)

    def write(self, key: str, pieces: Iterable[bytes], size_bytes: int) -> None:
        """Send a file under a temporary key and give it its name."""
        self._prepare()
        temporary = TEMPORARY + randomness.token_hex(16)
        try:
            answer = self._web.upload("PUT", self._web.url(temporary), pieces, size_bytes)
            if answer.status in _PERHAPS_NO_PARENT:
                self._forget(self._web.url(TEMPORARY))
            if answer.status in _NO_PARENT:
                answer.done()
                raise UnsteadyError("the folder for uploads was taken away")
            if not answer.is_good:
                raise answer.failure()
            answer.done()
            self._rename(temporary, key, size_bytes)
        except Exception:
            self._discard(temporary)
            raise

    def _prepare(self) -> None:
        """Make the folder for uploads; the first time, take away what was left there long ago."""
        self._make(self._web.url(TEMPORARY))
        with self._lock:
            was_cleaned, self._was_cleaned = self._was_cleaned, True
        if was_cleaned:
            return
        try:
            for found in self._children(TEMPORARY):
                if not found.is_folder and time() - (found.mtime_s or time()) > _LEFT_OVER_S:
                    self._discard(found.path)
        except WireError:
            pass  # it will be tried the next time

    def _rename(self, temporary: str, key: str, size_bytes: int) -> None:
        target = self._web.url(key)
        source = self._web.url(temporary)
        headers = {"Destination": target, "Overwrite": "T"}
        self._make(parent(target))
        answer = self._web.ask("MOVE", source, headers, None, size_bytes)
        if answer.status in _PERHAPS_NO_PARENT:
            answer.done()
            self._forget(parent(target))
            self._make(parent(target))
            answer = self._web.ask("MOVE", source, headers, None, size_bytes)
        if answer.status == 207 or answer.status in _NO_PARENT:
            answer.done()
            raise UnsteadyError("the server could not rename the file that was just sent")
        if not answer.is_good:
            raise answer.failure()
        answer.done()

    def _make(self, url: str) -> None:
        """Make a folder, and those above it as needed, unless it is known to be there."""
        if url in self._folders:
            return
        answer = self._web.ask("MKCOL", url)
        above = parent(url)
        if answer.status in _NO_PARENT and above != url:
            answer.done()
            self._forget(above)
            self._make(above)
            answer = self._web.ask("MKCOL", url)
        answer.done()
        # 405: it is there already. Where two make it at once, one of them is told so in some way.
        is_there = answer.is_good or answer.status == 405
        if not is_there and not (answer.status in _PERHAPS_THERE and self._is_folder(url)):
            failure = answer.failure()
            if isinstance(failure, AbsentError):
                raise RefusedError(f"the server cannot make the folder: {failure}")
            raise failure
        with self._lock:
            self._folders.add(url)

    def _is_folder(self, url: str) -> bool:
        try:
            return any(found.is_folder for found in self._ask(url, "0"))
        except AbsentError:
            return False

    def _forget(self, url: str) -> None:
        """Believe no more that a folder is there: somebody may have taken it away."""
        with self._lock:
            self._folders.discard(url)

    def _discard(self, temporary: str) -> None:
        try:
            self._web.ask("DELETE", self._web.url(temporary)).done()
        except WireError:
            pass  # the server is gone; it is one file in tmp/

    def delete(self, *keys: str) -> None:
        """Take files away."""
        self._web.delete(keys)
