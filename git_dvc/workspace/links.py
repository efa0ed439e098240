"""Making files of the work tree from objects: reflink, hardlink, symlink or copy.

``cache.type`` lists what may be used, the first that works here wins (DVC's rule, formats.md
section 5). A file is built under a temporary name and renamed, so a kill never leaves half
of one. What each type gives:

========== =========================================== ==========================
reflink    own inode, shared blocks until written      writable
copy       own inode, own blocks                       writable
hardlink   the object itself under a second name       read-only, 0444
symlink    a link to the object's absolute path        read-only through it
========== =========================================== ==========================

An object is only linked if it was verified and has not changed since; a copied one is
hashed while it is copied, except large ones that are verified already (reading 4 GB for
their MD5 takes longer than copying them).
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Mapping, Sequence

from git_dvc import fsutil
from git_dvc.errors import CorruptObjectError, LinkTypeError, MissingObjectError
from git_dvc.fsutil import Folder, Folders, NotAFolderError
from git_dvc.progress import Progress
from git_dvc.store.cache import SMALL_BYTES, Cache
from git_dvc.store.state import CLOCK_GRAIN_NS, Entry, entry_of

REFLINK, HARDLINK, SYMLINK, COPY = "reflink", "hardlink", "symlink", "copy"
DEFAULT_TYPES = (REFLINK, COPY)


LARGE_BYTES = 64 * 1024**2


class Linker:
    """Makes files from the objects of a cache, with the first link type that works.

    Args:
        types: Link types in order of preference.
        cache: Where the objects are.
        tmp: An open directory for temporary files, best on the work tree's file system.
    """

    def __init__(self, types: Sequence[str], cache: Cache, tmp: Folder) -> None:
        self._wanted = tuple(types)
        self._types = list(types)
        self._cache = cache
        self._tmp = tmp
        self._tmp_elsewhere = False
        self._file_mode = 0o666 & ~fsutil.umask()

    def place(
        self,
        value: str,
        folder: Folder,
        name: str,
        progress: Progress,
        *,
        executable: bool = False,
        replace: bool = False,
    ) -> Entry:
        """Make ``name`` in ``folder`` from an object and return its entry.

        Args:
            value: The object's hash.
            folder: The directory.
            name: The file's name there; what has it is replaced only with ``replace``.
            progress: Told of bytes that are copied.
            executable: Give it ``u+x`` (never through a link: the object's mode is DVC's
                mark of a verified object).
            replace: Whether the name is taken by something that may go.

        Raises:
            MissingObjectError: The cache lacks the object; nothing was touched.
            CorruptObjectError: The object is damaged; nothing was touched.
            LinkTypeError: No allowed link type works here.
            PermissionError: This directory, or the object, is not for us.
            FileExistsError: The name is taken and ``replace`` is false.
        """
        denied: OSError | None = None
        number = 0
        while number < len(self._types):
            kind = self._types[number]
            if executable and kind in (HARDLINK, SYMLINK):
                kind = COPY
            try:
                return self._make(kind, value, folder, name, progress, executable, replace)
            except _OtherFileSystem:
                continue
            except OSError as problem:
                if problem.errno == errno.EMLINK and kind == HARDLINK:
                    return self._make(COPY, value, folder, name, progress, executable, replace)
                if kind == COPY or problem.errno not in fsutil.UNSUPPORTED:
                    raise
                if problem.errno == errno.EACCES:
                    # Rather this directory than the type: the next one may do here.
                    denied = problem
                    number += 1
                else:
                    self._types.remove(kind)
        if denied is not None:
            raise denied
        raise LinkTypeError(self._wanted, self._cache.root)

    def link_many(
        self,
        relpath: str,
        todo: Sequence[str],
        wanted: Mapping[str, str],
        folders: Folders,
        entries: dict[str, Entry],
        progress: Progress,
    ) -> None:
        """Make many hard links where no file is yet, and leave out what needs more care.

        The one loop that a full checkout spends its time in. It makes a link only if the
        object was verified before and still looks so, and nothing has the name; everything
        else, errors included, is left to ``place`` and its caller.

        Args:
            relpath: The output.
            todo: Paths inside it, sorted.
            wanted: Hash by path.
            folders: Opens its directories.
            entries: Given an entry for each link made.
            progress: Told of files and bytes.
        """
        if self._types[:1] != [HARDLINK] or not fsutil.HAS_DIR_FD:
            return
        objects = self._cache.objects + os.sep
        known = self._cache.records()
        racy = time.time_ns() - CLOCK_GRAIN_NS
        parent: str | None = None
        folder: Folder | None = None
        files = size = 0
        for inner in todo:
            place, _, name = f"{relpath}/{inner}".rpartition("/")
            value = wanted[inner]
            record = known.get(value)
            if record is None or not record[0] or record[1] > racy:
                continue
            try:
                if place != parent:
                    folder = folders.open(place, create=True)
                    parent = place
                path = f"{objects}{value[:2]}{os.sep}{value[2:]}"
                found = os.stat(path, follow_symlinks=False)
                if folder is None or record != (found.st_size, found.st_mtime_ns, found.st_ino):
                    continue
                os.link(path, name, dst_dir_fd=folder.fd)
            except (OSError, NotAFolderError):
                parent = None
                continue
            entries[inner] = (value, *record[:2], found.st_ctime_ns, record[2], found.st_mode)
            files += 1
            size += record[0]
            if files == 256:
                progress.advance(files, size)
                files = size = 0
        progress.advance(files, size)

    def _make(
        self,
        kind: str,
        value: str,
        folder: Folder,
        name: str,
        progress: Progress,
        executable: bool,
        replace: bool,
    ) -> Entry:
        if kind == COPY:
            return self._copy(value, folder, name, progress, executable, replace)
        before_ns = time.time_ns()
        found = self._cache.trusted(value)
        if kind == HARDLINK and found.st_size > 0:
            self._hardlink(value, folder, name, replace)
            progress.advance(0, found.st_size)
            # The second name shares everything that an entry records.
            return entry_of(value, found, before_ns)
        if kind == SYMLINK:
            self._symlink(value, folder, name, replace)
            progress.advance(0, found.st_size)
            return entry_of(value, found, before_ns)
        return self._clone(value, found, folder, name, progress, executable, replace)

    def _hardlink(self, value: str, folder: Folder, name: str, replace: bool) -> None:
        source = self._cache.path(value)
        if not replace:
            os.link(source, folder.at(name), dst_dir_fd=folder.fd)
            return
        home, temporary = self._temporary(folder)
        os.link(source, home.at(temporary), dst_dir_fd=home.fd)
        self._rename(home, temporary, folder, name)

    def _symlink(self, value: str, folder: Folder, name: str, replace: bool) -> None:
        source = os.path.abspath(self._cache.path(value))
        if not replace:
            os.symlink(source, folder.at(name), dir_fd=folder.fd)
            return
        home, temporary = self._temporary(folder)
        os.symlink(source, home.at(temporary), dir_fd=home.fd)
        self._rename(home, temporary, folder, name)

    def _clone(
        self,
        value: str,
        found: os.stat_result,
        folder: Folder,
        name: str,
        progress: Progress,
        executable: bool,
        replace: bool,
    ) -> Entry:
        """Make a reflink; also the empty file that stands for a hard link to an empty object."""
        source = os.open(self._cache.path(value), fsutil.READ_FLAGS | fsutil.O_NOFOLLOW)
        try:

            def fill(fd: int) -> None:
                if found.st_size:
                    fsutil.reflink(source, fd)

            return self._build(value, folder, name, fill, executable, replace)
        finally:
            os.close(source)
            progress.advance(0, found.st_size)

    def _copy(
        self,
        value: str,
        folder: Folder,
        name: str,
        progress: Progress,
        executable: bool,
        replace: bool,
    ) -> Entry:
        try:
            source = os.open(self._cache.path(value), fsutil.READ_FLAGS | fsutil.O_NOFOLLOW)
        except (FileNotFoundError, NotADirectoryError):
            raise MissingObjectError(value) from None
        try:
            found = os.fstat(source)
            if not stat.S_ISREG(found.st_mode):
                raise CorruptObjectError(value, self._cache.quarantine(value))
            data = b""
            if found.st_size <= SMALL_BYTES:
                data = self._read_checked(source, value)

            def fill(fd: int) -> None:
                if found.st_size <= SMALL_BYTES:
                    fsutil.write_all(fd, data)
                    progress.advance(0, len(data))
                else:
                    self._copy_large(source, fd, value, found, progress)

            return self._build(value, folder, name, fill, executable, replace)
        finally:
            os.close(source)

    def _build(
        self,
        value: str,
        folder: Folder,
        name: str,
        fill: Callable[[int], None],
        executable: bool,
        replace: bool,
    ) -> Entry:
        """Make a file under a temporary name, have it filled, and give it its own."""
        home, temporary = self._temporary(folder)
        fd = os.open(home.at(temporary), fsutil.CREATE_FLAGS, 0o666, dir_fd=home.fd)
        try:
            try:
                fill(fd)
                self._settle(fd, home, temporary, executable)
            finally:
                os.close(fd)
            return self._finish(value, home, temporary, folder, name, replace)
        except BaseException:
            _forget(home, temporary)
            raise

    def _read_checked(self, source: int, value: str) -> bytes:
        hasher = self._cache.algorithm.new()
        chunks = []
        while chunk := os.read(source, SMALL_BYTES + 1):
            hasher.update(chunk)
            chunks.append(chunk)
        if hasher.hexdigest() != value:
            raise CorruptObjectError(value, self._cache.quarantine(value))
        return b"".join(chunks)

    def _copy_large(
        self, source: int, target: int, value: str, found: os.stat_result, progress: Progress
    ) -> None:
        if self._cache.remembers(value, found):
            _copy_bytes(source, target, found.st_size, progress)
            return
        from git_dvc.store import copying

        hasher = self._cache.algorithm.new()
        copying.copy(source, target, hasher, progress, durable=False)
        if hasher.hexdigest() != value:
            raise CorruptObjectError(value, self._cache.quarantine(value))
        self._cache.remember(value, found)

    def _settle(self, fd: int, home: Folder, temporary: str, executable: bool) -> None:
        """Give a new file its mode, and an mtime that no later write can repeat."""
        if executable and hasattr(os, "fchmod"):
            os.fchmod(fd, self._file_mode | 0o100)
        past = time.time_ns() - 2 * CLOCK_GRAIN_NS
        past += not past % 1_000_000_000
        if os.utime in os.supports_fd:
            os.utime(fd, ns=(past, past))
        else:
            os.utime(os.path.join(home.path, temporary), ns=(past, past))

    def _finish(
        self,
        value: str,
        home: Folder,
        temporary: str,
        folder: Folder,
        name: str,
        replace: bool,
    ) -> Entry:
        if not replace and _exists(folder, name):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
        made = os.stat(home.at(temporary), dir_fd=home.fd, follow_symlinks=False)
        if replace and made.st_size >= LARGE_BYTES:
            self._swap(home, temporary, folder, name)
        else:
            self._rename(home, temporary, folder, name)
        found = os.stat(folder.at(name), dir_fd=folder.fd, follow_symlinks=False)
        return entry_of(value, found, time.time_ns())

    def _temporary(self, folder: Folder) -> tuple[Folder, str]:
        if self._tmp_elsewhere:
            return folder, f".git-dvc.{fsutil.temporary_name()}.tmp"
        return self._tmp, fsutil.temporary_name()

    def _swap(self, home: Folder, temporary: str, folder: Folder, name: str) -> None:
        """Replace a large file in two steps: the old one aside, then the new one in.

        A rename over a file makes ext4 write the new one out first (auto_da_alloc), which
        for gigabytes takes longer than the copy. A kill between the steps leaves the name
        free; what was there is saved, or was given up by the user.
        """
        aside = f"{temporary}.old"
        try:
            os.rename(folder.at(name), home.at(aside), src_dir_fd=folder.fd, dst_dir_fd=home.fd)
        except OSError as problem:
            if problem.errno != errno.EXDEV:
                _forget(home, temporary)
                raise
            self._rename(home, temporary, folder, name)  # which finds that out, too
            return
        try:
            self._rename(home, temporary, folder, name)
        except BaseException:
            os.rename(home.at(aside), folder.at(name), src_dir_fd=home.fd, dst_dir_fd=folder.fd)
            raise
        try:
            fsutil.unlink_large(home.at(aside), dir_fd=home.fd)
        except OSError:
            pass  # a leftover, which `clean_leftovers` finds

    def _rename(self, home: Folder, temporary: str, folder: Folder, name: str) -> None:
        try:
            os.replace(
                home.at(temporary), folder.at(name), src_dir_fd=home.fd, dst_dir_fd=folder.fd
            )
        except OSError as problem:
            _forget(home, temporary)
            if problem.errno == errno.EXDEV and not self._tmp_elsewhere:
                # The output is on a file system of its own: build beside it from now on.
                self._tmp_elsewhere = True
                raise _OtherFileSystem from None
            raise


class _OtherFileSystem(OSError):
    """The temporary file was on another file system than the output."""


def _exists(folder: Folder, name: str) -> bool:
    try:
        os.stat(folder.at(name), dir_fd=folder.fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _forget(home: Folder, temporary: str) -> None:
    try:
        os.unlink(home.at(temporary), dir_fd=home.fd)
    except OSError:
        pass


def _copy_bytes(source: int, target: int, size: int, progress: Progress) -> None:
    """Copy between open files inside the kernel where it can."""
    step = 64 * 1024**2
    if hasattr(os, "copy_file_range"):
        done = 0
        try:
            while done < size:
                count = os.copy_file_range(source, target, min(step, size - done))
                if not count:
                    break
                done += count
                progress.advance(0, count)
        except OSError as problem:
            if done or problem.errno not in fsutil.UNSUPPORTED:
                raise
        if done == size:
            return
    buffer = bytearray(1024 * 1024)
    while count := fsutil.read_into(source, buffer):
        fsutil.write_all(target, memoryview(buffer)[:count])
        progress.advance(0, count)


def supported(cache_root: str, work_root: str) -> dict[str, bool]:
    """Return which link types work between two directories, by trying each with a file."""
    answers = {}
    name = fsutil.temporary_name()
    source = os.path.join(cache_root, name)
    target = os.path.join(work_root, f"{name}.link")
    with open(source, "wb") as stream:
        stream.write(b"git-dvc\n")
    try:
        for kind in (REFLINK, HARDLINK, SYMLINK, COPY):
            try:
                _try(kind, source, target)
                answers[kind] = True
            except OSError:
                answers[kind] = False
            finally:
                fsutil.remove_if_there(target)
    finally:
        fsutil.remove_if_there(source)
    return answers


def _try(kind: str, source: str, target: str) -> None:
    if kind == HARDLINK:
        os.link(source, target)
        return
    if kind == SYMLINK:
        os.symlink(source, target)
        return
    with open(source, "rb") as reading, open(target, "xb") as writing:
        if kind == REFLINK:
            fsutil.reflink(reading.fileno(), writing.fileno())
        else:
            writing.write(reading.read())
