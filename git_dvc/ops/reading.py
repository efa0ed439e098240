"""Opening files of a source: in place where they are on this disk, else from a remote, lazily.

Where the bytes of a file come from, the first that has it:

1. the work tree, if that is what is read (no revision was asked for);
2. the source's own cache: the object is opened in place;
3. the *store*, a cache of ours: the object is opened in place;
4. a remote: a small file, or one whose size is not recorded, is fetched into the store, which
   checks its hash; a large one is streamed, only the parts that are read (``_RemoteFile``).

A streamed file is checked when it was read from its beginning to its end, at its end; parts
that are read out of order are not checked.

The store is the project's own cache for the project that one stands in, else a directory of the
user's, ``git-dvc/objects`` in ``$XDG_CACHE_HOME``; what is in there can be deleted at any time.
"""

from __future__ import annotations

import errno
import io
import os
import posixpath
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from git_dvc import fsutil, hashing
from git_dvc.errors import CorruptObjectError, MissingObjectError, NowhereError, UnknownPathError
from git_dvc.ops.catalogue import Entry
from git_dvc.ops.parts import cache_home
from git_dvc.ops.source import RemoteChoice, Source
from git_dvc.progress import Progress
from git_dvc.project import Project
from git_dvc.store.cache import Cache

STREAM_BYTES = 32 * 1024**2
"""Files from this size on are streamed."""
_FIRST_WINDOW = 1024**2
_LAST_WINDOW = 256 * 1024**2
_BUFFER_BYTES = 1024**2


class Reading:
    """An opened source, and where files that come from remotes are kept. ``close`` it.

    Args:
        repo: A directory or Git URL; None for the project that one stands in.
        rev: A revision; None for the work tree of a directory, else for HEAD.
        remote: Name of the remote to use instead of the default one.
        config: A config file, or sections with options, that count more than the source's.
        remote_config: Options for the remote.
        store: A directory to keep fetched files in, laid out as a cache.
        own: ``repo`` is the project that one stood in: its cache is the store.
        progress: Told of what takes time.

    Attributes:
        source: The source.
        is_own: Whether it is the project that one stands in, or stood in.
    """

    def __init__(
        self,
        repo: str | os.PathLike[str] | None = None,
        rev: str | None = None,
        *,
        remote: RemoteChoice = None,
        config: str | Mapping[str, Any] | None = None,
        remote_config: Mapping[str, str] | None = None,
        store: str | os.PathLike[str] | None = None,
        own: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self.is_own = own or repo is None
        url = os.getcwd() if repo is None else os.fspath(repo)
        self.source = Source.open(
            url,
            rev,
            config=config,
            remote=remote,
            remote_config=remote_config,
            progress=progress,
        )
        self._progress = progress
        self._store = os.fspath(store) if store is not None else None
        self._project: Project | None = None
        self._stores: dict[str, Cache] = {}

    def close(self) -> None:
        """Close the source; files that were opened stay open."""
        self.source.close()
        if self._project is not None:
            self._project.close()

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def entry(self, path: str) -> Entry:
        """Return what a path is.

        Raises:
            FileNotFoundError: Nothing is there.
        """
        if _leads_out(path):
            raise _not_there(path, "leads out of the repository")
        try:
            return self.source.entry(path)
        except UnknownPathError as problem:
            raise _not_there(path, str(problem)) from problem

    def exists(self, path: str) -> bool:
        """Return whether something is at a path."""
        return not _leads_out(path) and self.source.exists(path)

    def relpath(self, path: str) -> str:
        """Return a path as a user gives it, relative to the top of the source.

        In the work tree that one stands in, it starts in the current directory, as for every
        other program; if nothing is there, and everywhere else, at the top.
        """
        base = self.here()
        if base and not path.startswith("/"):
            beside = posixpath.normpath(posixpath.join(base, path))
            if self.exists(beside):
                return beside
        return path

    def here(self) -> str:
        """Return the current directory, relative to the top of a work tree; '' elsewhere."""
        if not (self.is_own and self.source.is_work_tree and self.source.root):
            return ""
        found = os.path.relpath(os.getcwd(), self.source.root).replace(os.sep, "/")
        return "" if found == "." or found.startswith("..") else found

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading.

        Raises:
            FileNotFoundError: Nothing is there.
            IsADirectoryError: It is a directory.
            NowhereError: It is data that nothing has.
            RemoteError: The remote failed.
        """
        return self.opened(self.entry(path))

    def opened(self, entry: Entry) -> BinaryIO:
        """Open a file of the source; errors as ``open``."""
        self._refuse_folder(entry)
        place = self.place(entry)
        if place is None and entry.hash is None:
            return io.BytesIO(b"".join(self.source.content(entry)))
        if place is None and self._is_large(entry):
            return io.BufferedReader(_RemoteFile(self.source, entry), _BUFFER_BYTES)
        return open(place or self._fetched(entry), "rb")

    def read(self, entry: Entry, start: int = 0, length: int | None = None) -> bytes:
        """Return a part of a file; errors as ``open``."""
        if length is not None and length <= 0:
            return b""
        if self.place(entry) is None and entry.hash is not None and self._is_large(entry):
            return b"".join(self.source.stream(entry, start, length))
        with self.opened(entry) as file:
            file.seek(start)
            return file.read() if length is None else file.read(length)

    def place(self, entry: Entry) -> str | None:
        """Return where a file is on this disk, or None."""
        if entry.in_git and self.source.is_work_tree:
            found = self._in_work_tree(entry)
            if found is not None:
                return found
        if entry.hash is None:
            return None
        own = self.source.cached(entry)
        if own is not None:
            return own
        store = self.store(entry.hash_name)
        return store.path(entry.hash) if store.has(entry.hash) else None

    @property
    def knows_sizes(self) -> bool:
        """Whether the sizes of Git's files are to be had without downloading them."""
        return bool(self.source.root)

    def size(self, entry: Entry) -> int | None:
        """Return the size of a file in bytes, or None if only its remote knows it."""
        if entry.is_dir:
            return entry.size_bytes
        place = self.place(entry)
        if place is not None:
            return os.stat(place).st_size
        return entry.size_bytes

    def _in_work_tree(self, entry: Entry) -> str | None:
        """Return where a file is in the work tree, links followed, but never out of it."""
        full = os.path.join(self.source.root, *entry.path.split("/"))
        found = fsutil.lstat(full)
        real = os.path.realpath(full)
        inside = os.path.relpath(real, self.source.root).replace(os.sep, "/").split("/")
        if found is None or inside[0] == ".." or ".dvc" in inside or ".git" in inside:
            return None
        status = fsutil.lstat(real)
        return real if status is not None and stat.S_ISREG(status.st_mode) else None

    @staticmethod
    def _refuse_folder(entry: Entry) -> None:
        if entry.is_dir:
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), entry.path)

    @staticmethod
    def _is_large(entry: Entry) -> bool:
        return entry.size_bytes is not None and entry.size_bytes >= STREAM_BYTES

    def _fetched(self, entry: Entry) -> str:
        """Fetch a file into the store and return where it is; its hash is right."""
        assert entry.hash is not None  # noqa: S101 - the caller's part
        self._fetch([entry])
        return self.store(entry.hash_name).path(entry.hash)

    def fetch(self, entries: Sequence[Entry]) -> list[Entry]:
        """Bring tracked data into the store: files, and manifests of directories.

        Returns:
            What is nowhere, or damaged everywhere.

        Raises:
            RemoteError: A remote failed; what came before stays.
        """
        return self.source.fetch(entries, self.store, self._progress)

    def _fetch(self, entries: Sequence[Entry]) -> None:
        missing = self.fetch(entries)
        if missing:
            part = self.source.parts[missing[0].project]
            paths = [entry.path for entry in missing]
            raise NowhereError(paths, self.source.where, part.has_remote(missing[0].out))

    def get_ready(self, entries: Iterable[Entry]) -> None:
        """Fetch those of many files that will have to be, all at once; errors as ``open``."""
        files = [entry for entry in entries if entry.hash is not None and not entry.is_dir]
        lacking = [entry for entry in files if self.place(entry) is None]
        self._fetch([entry for entry in lacking if not self._is_large(entry)])

    def store(self, name: str) -> Cache:
        """Return the cache that fetched data goes to, of one hash algorithm."""
        if name not in self._stores:
            self._stores[name] = self._made_store(name)
        return self._stores[name]

    def _made_store(self, name: str) -> Cache:
        if self._store is None and self.is_own and self.source.root and self.source.is_project:
            try:
                self._project = self._project or Project.open(self.source.root)
                return self._project.cache(name)
            except OSError:
                pass
        root = self._store or os.path.join(cache_home(), "objects")
        return Cache(root, hashing.ALGORITHMS[name])


class _RemoteFile(io.RawIOBase):
    """A large file on a remote, of which only what is read comes here.

    Reading on is one request, which grows the longer it goes on; a jump begins a new one.
    """

    def __init__(self, source: Source, entry: Entry) -> None:
        super().__init__()
        assert entry.size_bytes is not None and entry.hash is not None  # noqa: S101 - the caller's
        self._source = source
        self._entry = entry
        self._size = entry.size_bytes
        self._hash = entry.hash
        self._at = 0
        self._window = _FIRST_WINDOW
        self._stream: Iterator[bytes] | None = None
        self._streamed = 0
        self._end = 0
        self._left = memoryview(b"")
        self._hasher = hashing.ALGORITHMS[entry.hash_name].new()
        self._hashed = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return where the next byte is read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go elsewhere; nothing is asked for yet."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("negative seek position")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read at least one byte, but at the end.

        Raises:
            CorruptObjectError: All of it was read, and it is not what its name says.
            RemoteError: The remote failed.
        """
        if self._at >= self._size or not len(buffer):
            return 0
        piece = self._next(len(buffer))
        buffer[: len(piece)] = piece
        if self._hashed == self._at:
            self._hasher.update(piece)
            self._hashed += len(piece)
            if self._hashed == self._size and self._hasher.hexdigest() != self._hash:
                raise CorruptObjectError(self._hash, self._source.location(self._entry))
        self._at += len(piece)
        return len(piece)

    def _next(self, most: int) -> memoryview:
        """Return the next bytes, from the running request if they follow on it."""
        if self._at != self._streamed or (not self._left and self._at >= self._end):
            grows = self._at == self._streamed and self._stream is not None
            self._window = min(self._window * 4, _LAST_WINDOW) if grows else _FIRST_WINDOW
            self._hang_up()
            self._end = min(self._size, self._at + max(most, self._window))
            self._stream = self._source.stream(self._entry, self._at, self._end - self._at)
            self._left, self._streamed = memoryview(b""), self._at
        while not self._left:
            assert self._stream is not None  # noqa: S101 - begun above
            piece = next(self._stream, None)
            if piece is None:
                raise MissingObjectError(self._hash)  # shorter than its pointer file says
            self._left = memoryview(piece)
        found, self._left = self._left[:most], self._left[most:]
        self._streamed += len(found)
        return found

    def _hang_up(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()  # type: ignore[attr-defined]  # a generator

    def close(self) -> None:
        """Hang up."""
        self._hang_up()
        super().close()


def _leads_out(path: str) -> bool:
    parts = posixpath.normpath(path or ".").split("/")
    return parts[0] == ".."


def _not_there(path: str, why: str) -> FileNotFoundError:
    """Return Python's error for a missing file, with the text of ours."""
    why = why.partition("\n")[0].removeprefix("error: ")
    return FileNotFoundError(errno.ENOENT, why, path)
