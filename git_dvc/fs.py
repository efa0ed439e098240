"""A repository at a revision as a file system, for everything that speaks fsspec.

::

    fs = GitDvcFileSystem("https://host/registry.git", rev="v1.0")
    fs.ls("data")
    pandas.read_csv(fs.open("data/train.csv"))
    pandas.read_csv("gitdvc://data/train.csv", storage_options={"repo": "../registry"})

Paths start at the top of the repository, with or without ``/``. It can only be read. What Git
has and what pointer files name are one tree, as in ``git dvc list``; the revision is looked up
once, when the first file is asked for, and stays. What is read where, what is kept and what is
checked is in ``ops/reading.py``.

A file system can be pickled, and used by several threads and, after a fork, by several
processes, such as the workers of a PyTorch DataLoader: each process opens the repository anew, at
the same commit.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Mapping
from typing import IO, Any

from fsspec.spec import AbstractFileSystem  # type: ignore[import-untyped]
from fsspec.utils import tokenize  # type: ignore[import-untyped]

from git_dvc.errors import GitDvcError
from git_dvc.ops.catalogue import Entry
from git_dvc.ops.reading import Reading


class GitDvcFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """The files of a repository at a revision, read lazily.

    Args:
        repo: A directory, a bare clone or a Git URL; by default the project around the current
            directory.
        rev: A branch, tag or commit. Without it, a directory is read as its work tree is, all
            else at its HEAD.
        remote: Name of the remote to take data from instead of the default one.
        config: Config for the repository: a mapping of sections, or the path of a file.
        remote_config: Options for the remote.
        store: Where files that come from a remote are kept. By default the cache of the project
            if ``repo`` is left out, else a directory of the user's.
        fo: The same as ``repo``: what fsspec calls it in chained URLs.

    Raises:
        GitDvcError: When the first file is asked for: there is no such repository or revision.
    """

    protocol = ("gitdvc", "git-dvc")
    root_marker = ""
    cachable = False  # another one may have to see another state of the work tree

    def __init__(
        self,
        repo: str | os.PathLike[str] | None = None,
        rev: str | None = None,
        *,
        remote: str | None = None,
        config: str | Mapping[str, Any] | None = None,
        remote_config: Mapping[str, Any] | None = None,
        store: str | os.PathLike[str] | None = None,
        fo: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        chosen = repo if repo is not None else fo
        self._own = chosen is None
        self._repo = os.getcwd() if chosen is None else _absolute(os.fspath(chosen))
        self._rev = rev
        self._options: dict[str, Any] = {
            "remote": remote,
            "config": config,
            "remote_config": remote_config,
            "store": os.path.abspath(store) if store is not None else None,
        }
        self._mutex = threading.RLock()
        self._reading: Reading | None = None
        self._process = os.getpid()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what it reads, not what is open: the same commit is read elsewhere."""
        rev = self._rev
        if self._reading is not None and rev is not None:
            rev = self._reading.source.commit or rev
        return _again, (self._repo, rev, self._own, self._options)

    @property
    def _lock(self) -> threading.RLock:
        if self._process != os.getpid():
            # After a fork: what is open is the parent's, and a thread of it may hold its lock.
            self._mutex, self._reading, self._process = threading.RLock(), None, os.getpid()
        return self._mutex

    @property
    def _files(self) -> Reading:
        with self._lock:
            if self._reading is None:
                self._reading = Reading(self._repo, self._rev, own=self._own, **self._options)
                if self._rev is not None and self._reading.source.commit:
                    self._rev = self._reading.source.commit
            return self._reading

    @property
    def commit(self) -> str:
        """The commit that is read; of a work tree the one that is checked out. '' without Git."""
        return self._files.source.commit

    @property
    def fsid(self) -> str:
        """What is the same for file systems with the same files."""
        return f"gitdvc_{self._files.source.where}@{self.commit}"

    def close(self) -> None:
        """Close the repository; it is opened anew if it is used again."""
        with self._lock:
            reading, self._reading = self._reading, None
            if reading is not None:
                reading.close()

    def invalidate_cache(self, path: str | None = None) -> None:
        """Forget what was read of a work tree, so that its present state is seen."""
        if self._rev is None:
            self.close()
        super().invalidate_cache(path)

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        stripped = super()._strip_protocol(path)
        if isinstance(stripped, str):
            return stripped.lstrip("/")
        return [one.lstrip("/") for one in stripped]

    def _entry(self, path: str) -> Entry:
        with self._lock:
            return self._files.entry(self._strip_protocol(path))

    def _info(self, entry: Entry) -> dict[str, Any]:
        found: dict[str, Any] = {
            "name": entry.path,
            "type": "directory" if entry.is_dir else "file",
            "size": 0 if entry.is_dir else self._files.size(entry),
            "isdvc": entry.is_out,
            "isout": entry.is_out,
            "isexec": entry.is_exec,
        }
        if entry.hash is not None:
            found[entry.hash_name] = entry.hash
        return found

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        """Return what a path is: ``name``, ``type``, ``size``, ``isdvc``, ``isexec``, ``md5``.

        The size is None for a file inside of a tracked directory that is on a remote only.
        """
        with self._lock:
            return self._info(self._entry(path))

    def ls(
        self, path: str, detail: bool = True, *, dvc_only: bool = False, **options: Any
    ) -> list[Any]:
        """List a directory.

        Args:
            path: The directory; a file is listed alone.
            detail: Return what ``info`` does, not names alone.
            dvc_only: Tracked data only, and the directories that lead to it.
            **options: Of fsspec; none of them means anything here.
        """
        with self._lock:
            here = self._entry(path)
            sizes = detail and self._files.knows_sizes
            below = self._files.source.children(here.path, sizes=sizes)
            found = [
                entry
                for entry in below
                if not dvc_only or entry.is_out or (entry.is_dir and not entry.in_git)
            ]
            return [self._info(entry) if detail else entry.path for entry in found]

    def isdvc(self, path: str, **options: Any) -> bool:
        """Return whether a path is tracked data, or inside of it."""
        try:
            return self._entry(path).is_out
        except FileNotFoundError:
            return False

    def exists(self, path: str, **options: Any) -> bool:
        """Return whether there is something at a path."""
        with self._lock:
            return self._files.exists(self._strip_protocol(path))

    def checksum(self, path: str) -> int:
        """Return a number that changes with the content of a file."""
        return int(tokenize(self.ukey(path)), 16)

    def ukey(self, path: str) -> str:
        """Return a text that changes with the content of a file."""
        entry = self._entry(path)
        return entry.hash or f"{self.commit}:{entry.path}"

    def _open(self, path: str, mode: str = "rb", **options: Any) -> IO[bytes]:
        if mode != "rb":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
        with self._lock:
            return self._files.opened(self._entry(path))

    def cat_file(
        self, path: str, start: int | None = None, end: int | None = None, **options: Any
    ) -> bytes:
        """Return a file, or the part from ``start`` to ``end`` (negative: from its end).

        Of a large file on a remote, only the part comes here, and is not checked.
        """
        entry = self._entry(path)
        if start is None and end is None:
            with self._lock:
                file = self._files.opened(entry)
            with file:
                return file.read()
        first, last = start or 0, end
        if first < 0 or (last is not None and last < 0):
            with self.open(path, "rb") as whole:
                size = whole.seek(0, os.SEEK_END)
            first = max(0, size + first) if first < 0 else first
            last = size + last if last is not None and last < 0 else last
        with self._lock:
            return self._files.read(entry, first, None if last is None else last - first)

    def cat(
        self,
        path: str | list[str],
        recursive: bool = False,
        on_error: str = "raise",
        **options: Any,
    ) -> Any:
        """Return the content of files; many that are on a remote come all at once."""
        if not options:
            self._get_ready(path, recursive)
        return super().cat(path, recursive=recursive, on_error=on_error, **options)

    def get(
        self,
        rpath: str | list[str],
        lpath: str | list[str],
        recursive: bool = False,
        **options: Any,
    ) -> Any:
        """Copy files to this disk; many that are on a remote come all at once."""
        self._get_ready(rpath, recursive)
        return super().get(rpath, lpath, recursive=recursive, **options)

    def _get_ready(self, path: str | list[str], recursive: bool) -> None:
        """Fetch many files at once; what goes wrong is said when they are read, one by one."""
        with self._lock:
            try:
                paths = self.expand_path(path, recursive=recursive)
                if len(paths) > 1:
                    self._files.get_ready(self._entry(one) for one in paths)
            except (OSError, GitDvcError):
                pass


def _again(repo: str, rev: str | None, own: bool, options: dict[str, Any]) -> GitDvcFileSystem:
    """Return a file system that was pickled."""
    found = GitDvcFileSystem(repo, rev, **options)
    found._own = own
    return found


def _absolute(url: str) -> str:
    """Return a directory with its full path, so that it is the same after a change of place."""
    return os.path.abspath(url) if os.path.isdir(url) else url
