"""``git dvc get``: copy a file or directory of another repository, checked on the way.

The copy is built under a temporary name beside its place and renamed when it is whole, so there
is all of it or nothing. What comes from a remote is kept in the user's cache directory until
then: the same command, run again after a kill or a broken connection, goes on from there.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from git_dvc import fsutil, hashing, relpaths
from git_dvc.errors import (
    CorruptObjectError,
    DestinationError,
    MissingObjectError,
    UsageError,
    quoted,
)
from git_dvc.fsutil import Folders, NotAFolderError
from git_dvc.locking import ProjectLock
from git_dvc.ops.catalogue import Entry
from git_dvc.ops.parts import cache_home
from git_dvc.ops.source import Source
from git_dvc.progress import NoProgress, Progress
from git_dvc.store.cache import Cache
from git_dvc.workspace.links import COPY, REFLINK, Linker

_TYPES = (REFLINK, COPY)
"""A copy is the user's own: it shares nothing that an edit could change."""
_KEEP_S = 14 * 24 * 3600.0


class Result(NamedTuple):
    """What was copied.

    Attributes:
        out: Where to, as the user named it.
        files: Number of files.
        size_bytes: Their size.
        left_out: Links that lead nowhere, or out of the repository.
    """

    out: str
    files: int
    size_bytes: int
    left_out: tuple[str, ...]


def destination(source: Source, path: str, out: str | None, *, force: bool = False) -> str:
    """Return where a copy goes: DVC's rules, which are those of ``cp``.

    Args:
        source: Where it comes from.
        path: What is to be copied.
        out: What the user named; a directory that exists gets the copy inside.
        force: Whether something there may be replaced.

    Raises:
        DestinationError: There is something, or it is a name for pointer files.
    """
    name = os.path.basename(os.path.normpath(path)) if path.strip("./") else ""
    if not name:
        from git_dvc.ops.clone import directory_of  # it brings half of the program along

        name = directory_of(source.url) or "data"
    place = out or name
    if out and os.path.isdir(out):
        place = os.path.join(out, name)
    base = os.path.basename(os.path.normpath(place))
    if base.endswith(".dvc") or base in ("dvc.yaml", "dvc.lock"):
        raise DestinationError(
            f"{quoted(place)} is a name for files that describe data",
            hint=f"to get the data, leave '.dvc' away: {quoted(path.removesuffix('.dvc'))}",
        )
    if os.path.lexists(place) and not force:
        raise DestinationError(
            f"{quoted(place)} exists already; nothing was changed",
            hint="replace it with --force, or name another place with -o",
        )
    return place


def get(
    source: Source,
    path: str,
    out: str | None = None,
    *,
    force: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Result:
    """Copy a file or directory.

    Args:
        source: Where it comes from.
        path: What.
        out: Where to; None for its own name in the current directory.
        force: Replace files that are in the way; others in a directory stay.
        jobs: How many downloads at a time, at most.
        progress: Told of files and bytes.

    Raises:
        DestinationError: Something is in the way; nothing was changed.
        UnknownPathError: The source has no such thing.
        NowhereError: Some of the data is nowhere; nothing was changed.
        RemoteError: A remote failed; nothing was changed.
    """
    watch = progress or NoProgress()
    place = destination(source, path, out, force=force)
    here = source.entry(path)
    found = source.to_copy(path)
    lost = source.lost_links(found)
    start = len(here.path) + 1 if here.path else 0
    files = {
        entry.path[start:] if here.is_dir else "": entry
        for entry in found
        if entry.path not in lost
    }
    if here.is_dir:
        relpaths.check_all(files, field="path")
    full = os.path.abspath(place)
    parent = os.path.dirname(full)
    os.makedirs(parent, exist_ok=True)
    mark = hashing.of_bytes("\n".join((source.where, source.commit, here.path, full)).encode())[:16]
    with _kept(mark, watch) as objects:
        copy = _Copy(source, objects, watch)
        copy.collect(list(files.values()), jobs)
        temporary = os.path.join(parent, f".git-dvc.{mark}.tmp")
        _clear(temporary)
        os.mkdir(temporary, 0o777)
        try:
            size = copy.build(files, temporary, is_dir=here.is_dir)
            _settle(os.path.join(temporary, "it"), full, force=force)
        finally:
            _clear(temporary)
    return Result(place, len(files), size, tuple(sorted(lost)))


@contextmanager
def _kept(mark: str, progress: Progress) -> Iterator[str]:
    """Give a directory that stays if the work does not come to its end, under a lock."""
    base = os.path.join(cache_home(), "get")
    folder = os.path.join(base, mark)
    with ProjectLock(os.path.join(base, f"{mark}.lock"), on_wait=progress.note):
        _forget_old(base)
        yield folder
        _clear(folder)
        fsutil.remove_if_there(os.path.join(base, f"{mark}.lock"))


def _forget_old(base: str) -> None:
    """Remove what nobody came back for."""
    import time

    horizon = time.time() - _KEEP_S
    for name in os.listdir(base):
        path = os.path.join(base, name)
        found = fsutil.lstat(path)
        if found is not None and found.st_mtime < horizon and stat.S_ISDIR(found.st_mode):
            _clear(path)


def _clear(path: str) -> None:
    if os.path.lexists(path):
        shutil.rmtree(path, ignore_errors=True)


class _Copy:
    """One copy in the making.

    Args:
        source: Where it comes from.
        objects: Directory for what comes from remotes.
        progress: Told of files and bytes.
    """

    def __init__(self, source: Source, objects: str, progress: Progress) -> None:
        self._source = source
        self._objects = objects
        self._progress = progress
        self._stores: dict[str, Cache] = {}
        self._uses: Counter[str] = Counter()

    def _store(self, name: str) -> Cache:
        if name not in self._stores:
            self._stores[name] = Cache(self._objects, hashing.ALGORITHMS[name], durable=False)
        return self._stores[name]

    def collect(self, files: Sequence[Entry], jobs: int | None) -> None:
        """Bring what is not on this disk.

        Raises:
            NowhereError: Some of it is nowhere.
        """
        self._source.get_ready(entry for entry in files if entry.hash is None)
        away = [entry for entry in files if entry.hash and not self._source.cached(entry)]
        if not away:
            return
        self._bring(away, jobs)
        self._uses.update(entry.hash for entry in away if entry.hash)

    def _bring(self, entries: Sequence[Entry], jobs: int | None = None) -> None:
        self._progress.start(f"Fetching from {self._source.where}", len(entries))
        try:
            missing = self._source.fetch(entries, self._store, self._progress, jobs)
        finally:
            self._progress.finish()
        if missing:
            raise self._source.nowhere(missing)

    def build(self, files: dict[str, Entry], folder: str, *, is_dir: bool) -> int:
        """Write all files below ``folder``, as ``it``; return their size in bytes."""
        size = 0
        self._progress.start("Copying", len(files))
        if is_dir:
            os.mkdir(os.path.join(folder, "it"))
        try:
            with Folders(folder) as folders:
                for name in sorted(files):
                    whole = f"it/{name}" if name else "it"
                    parent, _, base = whole.rpartition("/")
                    place = folders.open(parent, create=True)
                    assert place is not None  # noqa: S101 - it was just made
                    size += self._write(files[name], place, base)
                    self._progress.advance(1)
        except NotAFolderError as problem:
            raise DestinationError(f"{quoted(problem.relpath)}: not a directory") from None
        finally:
            self._progress.finish()
        return size

    def _write(self, entry: Entry, folder: fsutil.Folder, name: str) -> int:
        recorded = entry.out is not None and not entry.out.is_dir and entry.out.out.isexec
        is_exec = entry.is_exec or recorded
        if entry.hash is None:
            return self._write_plain(entry, folder, name, is_exec=is_exec)
        if self._source.cached(entry):
            try:
                return self._link(self._source.cache_of(entry), entry, folder, name, is_exec)
            except (CorruptObjectError, MissingObjectError):
                self._bring([entry])
        value = entry.hash
        store = self._store(entry.hash_name)
        self._uses[value] -= 1
        if self._uses[value] <= 0 and self._move(store, value, folder, name, is_exec=is_exec):
            return os.stat(folder.at(name), dir_fd=folder.fd).st_size
        return self._link(store, entry, folder, name, is_exec)

    def _link(
        self, cache: Cache, entry: Entry, folder: fsutil.Folder, name: str, is_exec: bool
    ) -> int:
        assert entry.hash is not None  # noqa: S101 - the caller looked
        linker = Linker(_TYPES, cache, folder)
        made = linker.place(entry.hash, folder, name, self._progress, executable=is_exec)
        return made[1]

    def _move(
        self, store: Cache, value: str, folder: fsutil.Folder, name: str, *, is_exec: bool
    ) -> bool:
        """Make a file of an object of ours that nothing else needs; it was checked when it came."""
        try:
            os.rename(store.path(value), folder.at(name), dst_dir_fd=folder.fd)
        except OSError as problem:
            if problem.errno == errno.EXDEV:
                return False
            raise
        os.chmod(folder.at(name), _mode(is_exec=is_exec), dir_fd=folder.fd)
        return True

    def _write_plain(self, entry: Entry, folder: fsutil.Folder, name: str, *, is_exec: bool) -> int:
        size = 0
        fd = os.open(folder.at(name), fsutil.CREATE_FLAGS, _mode(is_exec=is_exec), dir_fd=folder.fd)
        try:
            for piece in self._source.content(entry, self._progress):
                fsutil.write_all(fd, piece)
                size += len(piece)
        finally:
            os.close(fd)
        return size


def _mode(*, is_exec: bool) -> int:
    return (0o777 if is_exec else 0o666) & ~fsutil.umask()


def _settle(made: str, place: str, *, force: bool) -> None:
    """Give what was made its name; a directory that is there gets the files, one by one.

    Raises:
        DestinationError: Something is in the way that may not go.
    """
    if not os.path.lexists(place):
        os.rename(made, place)
        return
    if not force:
        raise DestinationError(
            f"{quoted(place)} exists already; nothing was changed",
            hint="replace it with --force, or name another place with -o",
        )
    if os.path.isdir(made) != (os.path.isdir(place) and not os.path.islink(place)):
        if os.path.isdir(made):
            os.unlink(place)
            os.rename(made, place)
            return
        raise DestinationError(
            f"{quoted(place)} is a directory; nothing was changed",
            hint="remove it, or name another place with -o",
        )
    if not os.path.isdir(made):
        os.replace(made, place)
        return
    for name in sorted(os.listdir(made)):
        _settle(os.path.join(made, name), os.path.join(place, name), force=True)


def show_url(source: Source, path: str) -> str:
    """Return where tracked data is stored.

    Raises:
        UsageError: It is not tracked data.
    """
    entry = source.entry(path)
    if entry.hash is None:
        why = "a part of a tracked directory" if entry.is_out else "not tracked data"
        raise UsageError(f"{quoted(entry.path or '.')} is {why}, so it is not stored as an object")
    return source.location(entry)
