"""Origins: data outside of any project, a file or a directory, read by path.

What ``get-url``, ``list-url`` and ``import-url`` take is the address of data itself, not of a
remote with objects: ``/data/set``, ``https://host/table.csv``, ``s3://bucket/images``. Whether it
is a file or a directory is found out by asking. Nothing is ever written there.

How an origin says which content it has (``Tree.checksum``) goes into the pointer file of an import,
under the names that DVC gives it: a server's ``etag`` for S3 and the like, ``checksum`` for HTTP.
A directory of them has the MD5 of the list of its files' etags.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol, TypeVar

from git_dvc import fsutil, hashing, relpaths
from git_dvc.errors import MissingOriginError, OriginError, plain_lines
from git_dvc.remote.crew import Stop
from git_dvc.remote.wire import (
    AbsentError,
    Found,
    RefusedError,
    UnsteadyError,
    Wire,
    WireError,
)

PIECE_BYTES = 1024 * 1024
TRIES = 5
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 60.0
_WEB = ("http", "https", "webdav", "webdavs")
ETAG, CHECKSUM = "etag", "checksum"

T = TypeVar("T")


class File(NamedTuple):
    """A file of an origin.

    Attributes:
        path: Inside the directory; '' if the origin is this file.
        size_bytes: None if unknown.
        etag: What the server calls this content; '' if it does not say.
    """

    path: str
    size_bytes: int | None
    etag: str = ""


class Tree(NamedTuple):
    """What is at an origin.

    Attributes:
        is_dir: Whether it is a directory.
        files: Its files, sorted by path.
        folders: Directories in it that were not looked into, sorted.
        etag_key: What a pointer file calls an etag: ``etag`` or ``checksum``.
    """

    is_dir: bool
    files: list[File]
    folders: list[str]
    etag_key: str = ETAG

    @property
    def size_bytes(self) -> int | None:
        """The size of all files together; None if one is unknown."""
        sizes = [file.size_bytes for file in self.files]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    def checksum(self) -> dict[str, object]:
        """Return what a pointer file records of a server's content; {} if it does not tell."""
        if not all(file.etag for file in self.files):
            return {}
        if not self.is_dir:
            return {self.etag_key: self.files[0].etag}
        import json

        listed = [{self.etag_key: file.etag, "relpath": file.path} for file in self.files]
        value = hashing.of_bytes(json.dumps(listed, sort_keys=True).encode())
        return {"md5": value + hashing.DIR_SUFFIX}


class Origin(Protocol):
    """Data at an address.

    Attributes:
        where: The address as it may be shown.
        is_local: Whether it is on this machine's own file systems.
        jobs: How many files at a time suit it.
    """

    where: str
    is_local: bool
    jobs: int

    def find(self, depth: int | None = None) -> Tree:
        """Return what is there.

        Args:
            depth: How many levels of directories to look into; None for all of them.

        Raises:
            MissingOriginError: Nothing is there.
            OriginError: It cannot be read.
        """

    def read(self, path: str, stop: Stop | None = None) -> Iterator[bytes]:
        """Yield the bytes of one file; errors as ``find``.

        Args:
            path: As in ``find``.
            stop: Tells when to end.
        """

    def close(self) -> None:
        """Hang up."""


# -- this machine --------------------------------------------------------------------------


class LocalOrigin:
    """A file or directory of this machine; see ``Origin`` for its methods.

    Args:
        path: Where it is.
        where: As it is shown.
    """

    is_local = True
    jobs = 1

    def __init__(self, path: str, where: str = "") -> None:
        self.path = path
        self.where = where or path

    def find(self, depth: int | None = None) -> Tree:
        """Return what is there; links to files count as files."""
        try:
            found = os.stat(self.path)
        except (FileNotFoundError, NotADirectoryError):
            raise MissingOriginError(self.where) from None
        except OSError as problem:
            raise self._failed(problem, "") from None
        if stat.S_ISREG(found.st_mode):
            return Tree(False, [File("", found.st_size)], [])
        if not stat.S_ISDIR(found.st_mode):
            raise OriginError(self.where, "neither a file nor a directory")
        files: list[File] = []
        folders: list[str] = []
        pending = [("", 1)]
        while pending:
            folder, level = pending.pop()
            try:
                with os.scandir(os.path.join(self.path, folder)) as entries:
                    for entry in entries:
                        path = relpaths.join(folder, entry.name)
                        if entry.is_dir(follow_symlinks=False):
                            if depth is None or level < depth:
                                pending.append((path, level + 1))
                            else:
                                folders.append(path)
                        else:
                            files.append(File(path, self._size(path, entry)))
            except OSError as problem:
                raise self._failed(problem, folder) from None
        return Tree(True, sorted(files), sorted(folders))

    def _size(self, path: str, entry: os.DirEntry[str]) -> int:
        found = entry.stat()
        if not stat.S_ISREG(found.st_mode):
            link = "a link to a directory" if stat.S_ISDIR(found.st_mode) else "not a file"
            raise OriginError(os.path.join(self.where, path), link)
        return found.st_size

    def read(self, path: str, stop: Stop | None = None) -> Iterator[bytes]:
        """Yield the bytes of one file."""
        place = os.path.join(self.path, path) if path else self.path
        try:
            fd = os.open(place, fsutil.READ_FLAGS)
        except OSError as problem:
            raise self._failed(problem, path) from None
        try:
            while piece := os.read(fd, PIECE_BYTES):
                if stop is not None:
                    stop.check()
                yield piece
        except OSError as problem:
            raise self._failed(problem, path) from None
        finally:
            os.close(fd)

    def _failed(self, problem: OSError, path: str) -> OriginError:
        place = os.path.join(self.where, path) if path else self.where
        return OriginError(place, (problem.strerror or str(problem)).lower())

    def close(self) -> None:
        """Do nothing."""


# -- servers -------------------------------------------------------------------------------


class WireOrigin:
    """A file or directory of a server; see ``Origin`` for its methods.

    What may work the next time is tried again, and a file goes on where it broke off.

    Args:
        wire: A client for the directory that it is in.
        name: Its name there; '' for that directory itself.
        where: As it is shown.
        etag_key: ``etag`` or ``checksum``.
    """

    is_local = False

    def __init__(self, wire: Wire, name: str, where: str, etag_key: str = ETAG) -> None:
        self.where = where
        self.jobs = wire.jobs
        self._wire = wire
        self._name = name
        self._etag_key = etag_key
        self._known: dict[str, File] = {}

    def find(self, depth: int | None = None) -> Tree:
        """Return what is there."""
        if self._name:
            try:
                file = _file(self._try(lambda: self._wire.look(self._name)), "")
            except AbsentError as problem:
                if not self._wire.can_list:
                    raise MissingOriginError(self.where, str(problem)) from None
            else:
                self._known = {"": file}
                return Tree(False, [file], [], self._etag_key)
        elif not self._wire.can_list:
            raise OriginError(self.where, "this server has no list of its files")
        return self._find_dir(depth)

    def _find_dir(self, depth: int | None) -> Tree:
        prefix = f"{self._name}/" if self._name else ""

        def listed() -> list[Found]:
            # An empty object whose name ends in a slash stands for the directory itself.
            return [found for found in self._wire.listing(prefix) if not found.key.endswith("/")]

        try:
            there = self._try(listed)
        except AbsentError as problem:
            raise MissingOriginError(self.where, str(problem)) from None
        if not there:
            raise MissingOriginError(self.where)
        files = sorted(_file(found, found.key[len(prefix) :]) for found in there)
        self._known = {file.path: file for file in files}
        folders: set[str] = set()
        if depth is not None:
            deep = [file for file in files if file.path.count("/") >= depth]
            folders = {"/".join(file.path.split("/")[:depth]) for file in deep}
            files = [file for file in files if file.path.count("/") < depth]
        return Tree(True, files, sorted(folders), self._etag_key)

    def read(self, path: str, stop: Stop | None = None) -> Iterator[bytes]:
        """Yield the bytes of one file."""
        key = relpaths.join(self._name, path) if path else self._name
        known = self._known.get(path)
        offset = 0
        attempt = 0
        while True:
            try:
                for piece in self._wire.read(key, offset):
                    if stop is not None:
                        stop.check()
                    offset += len(piece)
                    attempt = 0
                    yield piece
                size = known.size_bytes if known is not None else None
                if size is not None and offset < size:
                    raise UnsteadyError("it ended too early")
                return
            except UnsteadyError as problem:
                attempt += 1
                self._pause(attempt, problem, stop)
                if offset and known is not None and known.etag:
                    now = self._try(lambda: self._wire.look(key))
                    if now.etag != known.etag:
                        raise OriginError(self.where, "it changed while it was read") from None
            except AbsentError as problem:
                raise MissingOriginError(self.where, str(problem)) from None
            except RefusedError as problem:
                raise self._failed(problem) from None

    def _try(self, call: Callable[[], T]) -> T:
        """Return what a call returns, trying again where that may help."""
        attempt = 0
        while True:
            try:
                return call()
            except UnsteadyError as problem:
                attempt += 1
                self._pause(attempt, problem, None)
            except RefusedError as problem:
                raise self._failed(problem) from None

    def _pause(self, attempt: int, problem: UnsteadyError, stop: Stop | None) -> None:
        if attempt >= TRIES:
            raise self._failed(problem) from None
        pause = max(FIRST_PAUSE_S * 2 ** (attempt - 1), problem.after_s)
        (stop or Stop()).pause(min(pause, LONGEST_PAUSE_S))

    def _failed(self, problem: WireError) -> OriginError:
        hint = getattr(problem, "hint", "")
        return OriginError(self.where, "; ".join(plain_lines(str(problem))), hint=hint)

    def close(self) -> None:
        """Hang up."""
        self._wire.close()


def _file(found: Found, path: str) -> File:
    return File(path, found.size_bytes, found.etag)


def split_url(url: str) -> tuple[str, str]:
    """Return the address of the directory that an address is in, and its name there.

    The name of a server's or bucket's root is ''.
    """
    scheme, _, rest = url.partition("://")
    query, escaped = "", scheme.lower() in _WEB
    if escaped:  # the query is part of every file's address
        rest, mark, query = rest.partition("#")[0].partition("?")
        query = mark + query
    host, slash, path = rest.partition("/")
    path = path.rstrip("/")
    if not path:
        return f"{scheme}://{host}{slash}{query}", ""
    folder, _, name = path.rpartition("/")
    if escaped:
        from urllib.parse import unquote

        name = unquote(name)
    return f"{scheme}://{host}/{folder}".rstrip("/") + query, name


def connect(url: str, options: Mapping[str, str], where: str) -> WireOrigin:
    """Return the origin at an address with a scheme; nobody is asked anything yet.

    Args:
        url: The address.
        options: As those of a remote with this scheme.
        where: The address as it may be shown.

    Raises:
        MissingClientError: The library for this scheme is not installed.
        ConfigError: An option cannot be used.
    """
    from git_dvc.remote import kinds

    base, name = split_url(url)
    key = CHECKSUM if url.lower().startswith(("http://", "https://")) else ETAG
    return WireOrigin(kinds.connect(base, options, where), name, where, key)
