"""The cache: objects by hash, the local store of everything that was ever added.

Layout (DVC 3's): ``<root>/files/md5/b1/946ac92492d2347c6235b4d2611184``, the first two hex
digits as a directory; a directory's manifest has ``.dir`` at the end. Another algorithm has
another folder; DVC 2's objects lie directly below the root.

What never happens here: a name whose content does not hash to it. Objects are written under
a temporary name in ``<root>/tmp``, hashed from the bytes that are written, made read-only,
made durable and only then renamed; with hard links the user's own file becomes the object,
after it was hashed and found unchanged. DVC trusts an object of mode 0444 without reading
it, so that mode is given last. An object found damaged is moved to ``<root>/corrupt``, never
deleted.

How files of a work tree are made from objects is ``workspace/links.py``.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from git_dvc import fsutil, hashing
from git_dvc.errors import (
    ChangingFileError,
    CorruptObjectError,
    FormatError,
    MissingObjectError,
    NotRegularFileError,
)
from git_dvc.formats import manifest as manifests
from git_dvc.formats.manifest import Manifest
from git_dvc.fsutil import Folder
from git_dvc.hashing import Algorithm
from git_dvc.progress import NoProgress, Progress
from git_dvc.store.state import COARSE_GRAIN_NS, NEVER, Entry, ObjectStat, State, entry_of

if TYPE_CHECKING:
    from git_dvc.store.partial import Partial

SMALL_BYTES = 1024 * 1024
"""Files up to this size are read in one piece."""

READ_ONLY = 0o444
GROUP_FOLDER = 0o2775
"""Mode of directories under ``cache.shared = group`` (formats.md section 4)."""
HARDLINK, REFLINK, COPY, KEEP = "hardlink", "reflink", "copy", "keep"
_PARTIAL = "part."
"""How the names begin, in ``tmp``, of large objects that are being fetched."""
_KEEP_PARTIAL_S = 14 * 24 * 3600.0
BATCH_FILES = 5000
BATCH_BYTES = 1024**3
FEW_FILES = 64
_TRIES = 3
_CANNOT_LINK = (errno.EXDEV, errno.EMLINK, errno.EPERM, errno.ENOTSUP, errno.EACCES, errno.ENOSYS)


class Cache:
    """One store of objects on this disk, for one hash algorithm.

    Args:
        root: The cache directory (``cache.dir``).
        algorithm: Names its objects.
        state: Remembers which objects were verified; None to remember nothing.
        shared: ``cache.shared = group``: directories belong to the group.
        durable: Wait for the disk before an object gets its name.
    """

    def __init__(
        self,
        root: str,
        algorithm: Algorithm = hashing.MD5,
        state: State | None = None,
        *,
        shared: bool = False,
        durable: bool = True,
    ) -> None:
        self.root = root
        self.algorithm = algorithm
        self.objects = os.path.join(root, *algorithm.folder.split("/")).rstrip(os.sep)
        self._state = state
        self._shared = shared
        self._durable = durable
        self._tmp = os.path.join(root, "tmp")
        self._shards: set[str] = set()
        self._listed: dict[str, set[str]] | None = None
        self._load_hasher: hashing.NewHasher | None = None
        self._known: dict[str, ObjectStat | None] = {}
        self._verified: dict[str, ObjectStat] = {}
        self._presumed: set[str] = set()
        self._pending: dict[str, str] = {}
        self._pending_bytes = 0
        self._linked = 0
        self._no_clones = False
        self._sync_each = False
        self._buffer = bytearray()

    # -- looking ----------------------------------------------------------------------------

    def path(self, value: str) -> str:
        """Return where the object of this hash is, or would be."""
        return f"{self.objects}{os.sep}{value[:2]}{os.sep}{value[2:]}"

    def size(self, value: str) -> int | None:
        """Return the size of an object in bytes, or None if the cache lacks it."""
        if value in self._pending:
            return os.stat(self._pending[value]).st_size
        found = fsutil.lstat(self.path(value))
        return found.st_size if found is not None and stat.S_ISREG(found.st_mode) else None

    def has(self, value: str) -> bool:
        """Return whether there is an object of this name; its content is not looked at."""
        return self.size(value) is not None

    def lacks(self, values: Iterable[str]) -> set[str]:
        """Return those of many hashes that have no object, listing each shard once."""
        by_shard: dict[str, set[str]] = {}
        for value in values:
            by_shard.setdefault(value[:2], set()).add(value)
        missing: set[str] = set()
        for shard, wanted in by_shard.items():
            if len(wanted) < 8:
                missing.update(value for value in wanted if not self.has(value))
                continue
            try:
                there = {shard + name for name in os.listdir(os.path.join(self.objects, shard))}
            except OSError:
                there = set()
            missing |= wanted - there - self._pending.keys()
        return missing

    def lacks_of(self, value: str, listing: Callable[[], Manifest]) -> set[str]:
        """Return the hashes of a directory's files that have no object.

        Objects come and go by changing the directory that they are in, so as long as none
        of these changed, what was whole still is, and nothing needs to be listed.

        Args:
            value: The directory's hash.
            listing: Returns its manifest, if that is needed.
        """
        if self._state is None:
            return self.lacks(listing().values())
        seen = self.looks()
        if seen and self._state.whole_at(self.algorithm.name, value) == seen:
            return set()
        missing = self.lacks(listing().values())
        if not missing and seen:
            self._state.remember_whole(self.algorithm.name, value, seen)
        return missing

    def looks(self) -> str:
        """Return a fingerprint of all shards, '' if one changed within the clock's grain."""
        parts = [self.objects]
        horizon = time.time_ns() - COARSE_GRAIN_NS
        for number in range(256):
            try:
                found = os.stat(f"{self.objects}{os.sep}{number:02x}")
            except OSError:
                parts.append("-")
                continue
            if found.st_mtime_ns > horizon:
                return ""
            parts.append(f"{found.st_mtime_ns}.{found.st_ino}")
        return hashing.of_bytes("/".join(parts).encode())

    def all_hashes(self) -> Iterator[str]:
        """Yield the hash of every object, shard by shard."""
        for shard in sorted(_listing(self.objects)):
            if len(shard) != 2:
                continue
            for name in sorted(_listing(os.path.join(self.objects, shard))):
                try:
                    yield hashing.parse(shard + name)
                except FormatError:
                    continue

    def read_manifest_bytes(self, value: str) -> bytes:
        """Return a directory's manifest as stored, always checked against its hash.

        Raises:
            MissingObjectError: The cache lacks it.
            CorruptObjectError: It is damaged (and was set aside).
        """
        try:
            data = fsutil.read_bytes(self.path(value), manifests.MOST_BYTES)
        except OSError as problem:
            if problem.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                raise MissingObjectError(value) from None
            raise
        if hashing.of_bytes(data, self.algorithm) + hashing.DIR_SUFFIX != value:
            raise CorruptObjectError(value, self.quarantine(value))
        return data

    def read_manifest(self, value: str) -> Manifest:
        """Return a directory's files and their hashes; errors as ``read_manifest_bytes``."""
        try:
            return manifests.parse(self.read_manifest_bytes(value))
        except FormatError as problem:
            raise problem.at(self.path(value)) from None

    # -- trusting ---------------------------------------------------------------------------

    def load_records(self, values: Iterable[str]) -> None:
        """Fetch what is remembered of many objects in one go."""
        unknown = [value for value in values if value not in self._known]
        found: dict[str, ObjectStat] = {}
        if self._state is not None and unknown:
            # Manifests are hashed whenever they are read, so nothing is remembered of them.
            files = [value for value in unknown if not hashing.is_dir(value)]
            found = self._state.object_stats(self.algorithm.name, files)
        for value in unknown:
            self._known[value] = found.get(value)

    def know(self, entries: Iterable[Entry]) -> None:
        """Take what is recorded of files for objects, too.

        Under hard links a file and its object are one: an object that has the inode, size
        and mtime of a recorded file has its content, without asking the database.
        """
        for value, size, mtime_ns, _, inode, _ in entries:
            if mtime_ns != NEVER and value not in self._known:
                self._known[value] = (size, mtime_ns, inode)
                self._presumed.add(value)

    def records(self) -> dict[str, ObjectStat | None]:
        """Return what is remembered of the objects asked for by ``load_records``."""
        return self._known

    def trusted(self, value: str) -> os.stat_result:
        """Return the stat of an object that surely has the content of its name.

        An object that looks as it did when it was verified is trusted; any other is read.

        Raises:
            MissingObjectError: The cache lacks it.
            CorruptObjectError: It is damaged (and was set aside).
        """
        path = self.path(value)
        try:
            found = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            raise MissingObjectError(value) from None
        if not stat.S_ISREG(found.st_mode):
            raise CorruptObjectError(value, self.quarantine(value))
        if self.remembers(value, found):
            return found
        self.verify(value)
        return os.lstat(path)

    def remembers(self, value: str, found: os.stat_result) -> bool:
        """Return whether an object was verified before and has not changed since."""
        if value not in self._known:
            self.load_records([value])
        now = (found.st_size, found.st_mtime_ns, found.st_ino)
        if self._verified.get(value, self._known[value]) == now:
            return True
        if value not in self._presumed:
            return False
        # What was presumed from a file of the work tree was wrong: ask the database.
        self._presumed.discard(value)
        del self._known[value]
        return self.remembers(value, found)

    def verify(self, value: str, progress: Progress | None = None) -> None:
        """Read an object and compare it with its name; errors as ``trusted``."""
        path = self.path(value)
        try:
            fd = os.open(path, fsutil.READ_FLAGS | fsutil.O_NOFOLLOW)
        except FileNotFoundError:
            raise MissingObjectError(value) from None
        try:
            found = os.fstat(fd)
            actual = self._hash_fd(fd, progress or NoProgress())
            if hashing.is_dir(value):
                actual += hashing.DIR_SUFFIX
            if actual != value:
                raise CorruptObjectError(value, self.quarantine(value))
            if stat.S_IMODE(found.st_mode) & 0o222 and hasattr(os, "fchmod"):
                try:
                    os.fchmod(fd, READ_ONLY)
                except PermissionError:
                    pass  # somebody else's object in a shared cache
        finally:
            os.close(fd)
        self.remember(value, found)

    def remember(self, value: str, found: os.stat_result) -> None:
        """Note that an object was verified just now; stored by ``flush``."""
        if not hashing.is_dir(value):
            self._verified[value] = (found.st_size, found.st_mtime_ns, found.st_ino)

    def new_records(self) -> dict[str, Entry]:
        """Return what was learned about objects and not stored yet, as entries by hash."""
        return {
            value: (value, size, mtime_ns, 0, inode, 0)
            for value, (size, mtime_ns, inode) in self._verified.items()
        }

    def take_records(self, entries: dict[str, Entry]) -> None:
        """Take over what another process learned; see ``new_records``."""
        for value, (_, size, mtime_ns, _, inode, _) in entries.items():
            self._verified[value] = (size, mtime_ns, inode)

    def quarantine(self, value: str) -> str:
        """Move a damaged object out of the way and return where it went.

        A cache that cannot be written keeps it; the object is not used all the same.
        """
        folder = os.path.join(self.root, "corrupt")
        target = os.path.join(folder, f"{value}.{int(time.time())}")
        try:
            os.makedirs(folder, exist_ok=True)
            os.rename(self.path(value), target)
        except OSError:
            return self.path(value)
        return target

    # -- writing ----------------------------------------------------------------------------

    def store_bytes(self, data: bytes, suffix: str = "") -> str:
        """Store bytes and return their hash; manifests pass ``.dir`` as the suffix."""
        value = self._hasher(data).hexdigest() + suffix
        self._store_small(value, data)
        return value

    def _store_small(self, value: str, data: bytes) -> None:
        """Store bytes under the hash that they were found to have."""
        if self._is_there(value, len(data)):
            return
        temporary = self._temporary()
        fd = os.open(temporary, fsutil.CREATE_FLAGS, 0o666)
        try:
            self._fill(fd, data, temporary)
        finally:
            os.close(fd)
        self._queue(value, temporary, len(data))

    def store_file(
        self, folder: Folder, name: str, *, how: str = COPY, progress: Progress | None = None
    ) -> tuple[Entry, bool]:
        """Store a file of the work tree; return its entry, and whether it is the object now.

        Args:
            folder: The directory it is in.
            name: Its name there. A symbolic link is read through.
            how: HARDLINK lets the file itself become the object where that is possible,
                REFLINK shares its blocks, COPY copies its bytes while they are hashed. KEEP is
                for a file that is about to go: whatever is quickest.
            progress: Told of the bytes.

        Raises:
            ChangingFileError: It is being written to.
            NotRegularFileError: It is a directory, a fifo, a socket or a device.
        """
        watch = progress or NoProgress()
        path = os.path.join(folder.path, name)
        is_link = False
        for _ in range(_TRIES):
            try:
                # A link itself must not become the object.
                may_link = how in (HARDLINK, KEEP)
                flags = fsutil.READ_FLAGS | (fsutil.O_NOFOLLOW if may_link else 0)
                fd = os.open(folder.at(name), flags, dir_fd=folder.fd)
            except OSError as problem:
                if problem.errno != errno.ELOOP:
                    raise
                is_link = True
                fd = os.open(folder.at(name), fsutil.READ_FLAGS, dir_fd=folder.fd)
            try:
                before_ns = time.time_ns()
                before = os.fstat(fd)
                if not stat.S_ISREG(before.st_mode):
                    raise NotRegularFileError(path)
                linkable = (
                    (how == HARDLINK or (how == KEEP and before.st_size > SMALL_BYTES))
                    and not is_link
                    and before.st_nlink == 1
                    and before.st_size > 0
                    and (not hasattr(os, "geteuid") or before.st_uid == os.geteuid())
                )
                linked = False
                value = ""
                if how == KEEP and linkable and not self._no_clones:
                    value = self._clone_in(fd, before.st_size, watch)
                    after = os.fstat(fd)
                if value:
                    pass
                elif linkable:
                    value, after, linked = self._link_in(fd, folder, name, before, before_ns, watch)
                else:
                    value = self._copy_in(fd, before, watch, clone=how == REFLINK)
                    after = os.fstat(fd)
                if value and _same(before, after):
                    return entry_of(value, after, before_ns), linked
            finally:
                os.close(fd)
        raise ChangingFileError(path)

    def prepare(self, how: str, files: int) -> None:
        """Get ready to store a number of files.

        With hard links the user's own blocks become the object, so they must be on the disk
        before it gets its name: many files in one call, few each for itself.
        """
        self._sync_each = self._durable and how == HARDLINK and files <= FEW_FILES
        # Among many files, looking each up costs more than listing what is there.
        self._listed = {} if files > BATCH_FILES else None
        if self._durable and how == HARDLINK and files > FEW_FILES:
            self._make_folder(self.root)
            fsutil.sync_filesystem(self.root)

    def hash_file(self, folder: Folder, name: str, progress: Progress | None = None) -> Entry:
        """Return the entry of a file without storing it; errors as ``store_file``."""
        watch = progress or NoProgress()
        path = os.path.join(folder.path, name)
        for _ in range(_TRIES):
            fd = os.open(folder.at(name), fsutil.READ_FLAGS, dir_fd=folder.fd)
            try:
                before_ns = time.time_ns()
                before = os.fstat(fd)
                if not stat.S_ISREG(before.st_mode):
                    raise NotRegularFileError(path)
                value = self._hash_fd(fd, watch, before.st_size)
                after = os.fstat(fd)
                if _same(before, after):
                    return entry_of(value, after, before_ns)
            finally:
                os.close(fd)
        raise ChangingFileError(path)

    def _hash_fd(self, fd: int, progress: Progress, size: int = SMALL_BYTES + 1) -> str:
        if size <= SMALL_BYTES:
            return self._hasher(self._read_small(fd, size, progress)).hexdigest()
        hasher = self._hasher()
        if not self._buffer:
            self._buffer = bytearray(hashing.BUFFER_BYTES)
        view = memoryview(self._buffer)
        while count := fsutil.read_into(fd, self._buffer):
            hasher.update(view[:count])
            progress.advance(0, count)
        return hasher.hexdigest()

    def _link_in(
        self,
        fd: int,
        folder: Folder,
        name: str,
        before: os.stat_result,
        before_ns: int,
        progress: Progress,
    ) -> tuple[str, os.stat_result, bool]:
        """Make the user's file the object.

        Returns:
            The hash, '' if the file changed meanwhile; its stat; whether it is the object.
        """
        value = self._hash_fd(fd, progress, before.st_size)
        if self._is_there(value, before.st_size):
            return value, os.fstat(fd), False
        final = self._final(value)
        mode = stat.S_IMODE(before.st_mode)
        try:
            # Read-only first: were we killed after the link, a later edit of the user's
            # file would change the object under its name.
            os.fchmod(fd, READ_ONLY)
            if self._sync_each:
                os.fsync(fd)
            os.link(folder.at(name), final, src_dir_fd=folder.fd, follow_symlinks=False)
        except FileExistsError:
            # Somebody was quicker; is what they put there right?
            self._listed = None
            os.fchmod(fd, mode)
            good = self._is_there(value, before.st_size)
            return value if good else "", os.fstat(fd), False
        except OSError as problem:
            os.fchmod(fd, mode)
            if problem.errno in _CANNOT_LINK:
                os.lseek(fd, 0, os.SEEK_SET)
                return self._copy_in(fd, before, progress), os.fstat(fd), False
            raise
        after = os.fstat(fd)
        # A second name proves that what was linked by name is the file that was read.
        if after.st_nlink != before.st_nlink + 1 or not _same(before, after):
            os.unlink(final)
            os.fchmod(fd, mode)
            return "", after, False
        if entry_of(value, after, before_ns)[2] != NEVER:
            # A write in the very tick of the mtime would not be seen: read it next time.
            self.remember(value, after)
        self._linked += 1
        return value, after, True

    def _copy_in(
        self, fd: int, before: os.stat_result, progress: Progress, *, clone: bool = False
    ) -> str:
        size = before.st_size
        if clone and size and not self._no_clones:
            value = self._clone_in(fd, size, progress)
            if value:
                return value
        if size <= SMALL_BYTES:
            return self.store_bytes(self._read_small(fd, size, progress))
        from git_dvc.store import copying

        temporary = self._temporary()
        target = os.open(temporary, fsutil.CREATE_FLAGS, 0o666)
        try:
            try:
                hasher = self.algorithm.new()
                copied = copying.copy(fd, target, hasher, progress, durable=self._durable)
                self._protect(target, temporary)
            finally:
                os.close(target)
            value = hasher.hexdigest()
            if self._is_there(value, copied):
                os.unlink(temporary)
                return value
        except BaseException:
            fsutil.remove_if_there(temporary)
            raise
        self._queue(value, temporary, copied)
        return value

    def _clone_in(self, fd: int, size: int, progress: Progress) -> str:
        """Store a file by sharing its blocks; return '' where that is not possible."""
        temporary = self._temporary()
        target = os.open(temporary, os.O_RDWR | fsutil.CREATE_FLAGS & ~os.O_WRONLY, 0o666)
        try:
            try:
                fsutil.reflink(fd, target)
                # What is hashed is the clone: it cannot change any more.
                value = self._hash_fd(target, progress, size)
                self._protect(target, temporary)
            finally:
                os.close(target)
        except OSError as problem:
            fsutil.remove_if_there(temporary)
            if problem.errno in fsutil.UNSUPPORTED:
                self._no_clones = True
                return ""
            raise
        self.take_temporary(temporary, value)
        return value

    def open_object(self, value: str) -> int:
        """Return a descriptor to read an object from; what it holds is not checked.

        Raises:
            MissingObjectError: There is none, or something that is no file.
        """
        try:
            fd = os.open(self.path(value), fsutil.READ_FLAGS | fsutil.O_NOFOLLOW)
        except OSError as problem:
            if problem.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                raise MissingObjectError(value) from None
            raise
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise MissingObjectError(value)
        return fd

    def store_object(self, value: str, fd: int, progress: Progress | None = None) -> bool:
        """Store what an open file holds, if it is the object of this name.

        For objects from another store, which is not believed: the bytes that are written are
        hashed, and if the hash is not ``value`` nothing is kept. Named by ``publish``.

        Args:
            value: The hash.
            fd: A file, at its beginning.
            progress: Told of the bytes.

        Returns:
            Whether the content is right.
        """
        watch = progress or NoProgress()
        digest = value.removesuffix(hashing.DIR_SUFFIX)
        size = os.fstat(fd).st_size
        if size <= SMALL_BYTES:
            return self.store_content(value, self._read_small(fd, size, watch))
        return self._store_large(value, digest, fd, watch)

    def store_content(self, value: str, data: bytes) -> bool:
        """Store bytes if they are the object of this name, and return whether they are."""
        if self._hasher(data).hexdigest() != value.removesuffix(hashing.DIR_SUFFIX):
            return False
        self._store_small(value, data)
        return True

    def partial(self, value: str) -> Partial:
        """Return a file to write a large object to, with what an earlier run has got of it.

        Once it is right, ``take_temporary`` gives it its name.
        """
        from git_dvc.store.partial import Partial

        self._make_folder(self._tmp)
        path = self._partial_path(value)
        return Partial(path, value, self.algorithm, durable=self._durable)

    def has_partial(self, value: str) -> bool:
        """Return whether an earlier run has got some of an object."""
        return os.path.exists(self._partial_path(value))

    def _partial_path(self, value: str) -> str:
        return f"{self._tmp}{os.sep}{_PARTIAL}{value}"

    def _store_large(self, value: str, digest: str, fd: int, progress: Progress) -> bool:
        from git_dvc.store import copying

        temporary = self._temporary()
        target = os.open(temporary, fsutil.CREATE_FLAGS, 0o666)
        try:
            try:
                hasher = self.algorithm.new()
                copied = copying.copy(fd, target, hasher, progress, durable=self._durable)
                self._protect(target, temporary)
            finally:
                os.close(target)
            right = hasher.hexdigest() == digest
            if not right or self._is_there(value, copied):
                os.unlink(temporary)
                return right
        except BaseException:
            fsutil.remove_if_there(temporary)
            raise
        self._queue(value, temporary, copied)
        return True

    def take_temporary(self, temporary: str, value: str) -> None:
        """Give a finished file in ``<root>/tmp``, whose hash is ``value``, its name."""
        size = os.stat(temporary).st_size
        if self._is_there(value, size):
            os.unlink(temporary)
        else:
            self._queue(value, temporary, size)

    def _is_there(self, value: str, size: int) -> bool:
        """Return whether the object exists and is right; a damaged one is set aside."""
        if value in self._pending:
            return True
        if self._listed is not None:
            names = self._listed.get(value[:2])
            if names is None:
                shard = os.path.join(self.objects, value[:2])
                names = self._listed[value[:2]] = set(_listing(shard))
            if value[2:] not in names:
                return False
        found = fsutil.lstat(self.path(value))
        if found is None:
            return False
        if found.st_size == size and stat.S_ISREG(found.st_mode):
            if self.remembers(value, found):
                return True
            try:
                self.verify(value)
            except (CorruptObjectError, MissingObjectError):
                return False
            return True
        self.quarantine(value)
        return False

    def new_temporary(self) -> str:
        """Return a path to write an object to whose hash is not known yet.

        When it is whole, ``protect`` it and give it to ``take_temporary``.
        """
        return self._temporary()

    def protect(self, fd: int, path: str) -> None:
        """Make a finished object read-only."""
        self._protect(fd, path)

    def _temporary(self) -> str:
        self._make_folder(self._tmp)
        return os.path.join(self._tmp, fsutil.temporary_name())

    def _fill(self, fd: int, data: bytes, path: str) -> None:
        try:
            fsutil.write_all(fd, data)
            self._protect(fd, path)
        except BaseException:
            fsutil.remove_if_there(path)
            raise

    @staticmethod
    def _protect(fd: int, path: str) -> None:
        if hasattr(os, "fchmod"):
            os.fchmod(fd, READ_ONLY)
        else:
            os.chmod(path, READ_ONLY)

    def _queue(self, value: str, temporary: str, size: int) -> None:
        self._pending[value] = temporary
        self._pending_bytes += size
        if len(self._pending) >= BATCH_FILES or self._pending_bytes >= BATCH_BYTES:
            self.publish()

    def publish(self) -> None:
        """Give the objects written so far their names, once the disk has their content."""
        if not self._pending and not self._linked:
            return
        few = len(self._pending) + self._linked <= FEW_FILES
        if self._durable and not few and self._pending:
            fsutil.sync_filesystem(self.root)
        elif self._durable:
            for temporary in self._pending.values():
                fd = os.open(temporary, os.O_RDONLY | fsutil.O_CLOEXEC)
                try:
                    os.fsync(fd)
                finally:
                    os.close(fd)
        shards = set()
        for value, temporary in list(self._pending.items()):
            final = self._final(value)
            os.replace(temporary, final)
            shards.add(os.path.dirname(final))
            del self._pending[value]
            if self._state is not None:
                self.remember(value, os.lstat(final))
        if self._durable and not few:
            fsutil.sync_filesystem(self.root)
        elif self._durable:
            for shard in shards:
                fsutil.sync_folder(shard)
        self._pending_bytes = 0
        self._linked = 0

    def flush(self) -> None:
        """Publish what is written and store what was learned about objects.

        Pointers are written after this, never before.
        """
        try:
            self.publish()
        except BaseException:
            self.discard()
            raise
        if self._state is not None and self._verified:
            self._state.remember_objects(self.algorithm.name, self._verified)
            self._known.update(self._verified)
            self._verified = {}

    def discard(self) -> None:
        """Drop what was written and not published."""
        for temporary in self._pending.values():
            try:
                fsutil.remove_if_there(temporary)
            except OSError:
                pass  # found again, and removed, by its age
        self._pending.clear()
        self._pending_bytes = 0

    def clean_leftovers(self) -> None:
        """Remove what processes that were killed left behind, after a day.

        A large object that was being fetched is kept for longer: the next run goes on with it.
        """
        fsutil.clean_leftovers(self._tmp)
        horizon = time.time() - _KEEP_PARTIAL_S
        for name in _listing(self._tmp):
            path = os.path.join(self._tmp, name)
            found = fsutil.lstat(path) if name.startswith(_PARTIAL) else None
            if found is not None and found.st_mtime < horizon:
                try:
                    os.unlink(path)
                except OSError:
                    pass

    def _final(self, value: str) -> str:
        """Return the path for an object that is about to be made; its directory exists."""
        shard = value[:2]
        if shard not in self._shards:
            self._make_folder(os.path.join(self.objects, shard))
            self._shards.add(shard)
        if self._listed is not None and shard in self._listed:
            self._listed[shard].add(value[2:])
        return self.path(value)

    def _hasher(self, data: bytes = b"") -> hashing.Hasher:
        if self._load_hasher is None:
            self._load_hasher = self.algorithm.load()
        return self._load_hasher(data)

    @staticmethod
    def _read_small(fd: int, size: int, progress: Progress) -> bytes:
        """Return the content of a file of some known size; it may have grown meanwhile."""
        data = os.read(fd, size + 1)
        if len(data) != size:
            chunks = [data]
            while chunk := os.read(fd, SMALL_BYTES):
                chunks.append(chunk)
            data = b"".join(chunks)
        progress.advance(0, len(data))
        return data

    def _make_folder(self, path: str) -> None:
        if os.path.isdir(path):
            return
        parent = os.path.dirname(path)
        if parent != path:
            self._make_folder(parent)
        try:
            os.mkdir(path)
        except FileExistsError:
            return
        if self._shared and path.startswith(self.root):
            os.chmod(path, GROUP_FOLDER)


def _same(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)


def _listing(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
