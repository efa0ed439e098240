"""A large object on its way into a cache, which a later run can go on with.

It is ``<cache>/tmp/part.<hash>`` until it is whole. What is there is never believed: whoever
goes on with it hashes it first. It is locked, so that two processes do not write to it; the
second one, and a system without such locks, makes a file of its own.
"""

from __future__ import annotations

import os
import stat

from git_dvc import fsutil, hashing
from git_dvc.hashing import Algorithm


class Partial:
    """An open file that an object is written to.

    Args:
        path: Where; its directory is there.
        value: The object's hash.
        algorithm: Hashes it.
        durable: Wait for the disk when it is whole.

    Attributes:
        size_bytes: What is there, and was hashed.
    """

    def __init__(self, path: str, value: str, algorithm: Algorithm, *, durable: bool) -> None:
        self._folder = os.path.dirname(path)
        self._digest = value.removesuffix(hashing.DIR_SUFFIX)
        self._algorithm = algorithm
        self._durable = durable
        self._path = path
        self._can_wait = True
        self._fd = _open_alone(self._path)
        if self._fd < 0:
            self._can_wait = False
            self._path = os.path.join(self._folder, fsutil.temporary_name())
            self._fd = os.open(self._path, os.O_RDWR | fsutil.CREATE_FLAGS & ~os.O_WRONLY, 0o666)
        self._hasher = algorithm.new()
        self.size_bytes = 0
        buffer = bytearray(hashing.BUFFER_BYTES)
        while count := fsutil.read_into(self._fd, buffer):
            self._hasher.update(memoryview(buffer)[:count])
            self.size_bytes += count

    def append(self, data: bytes) -> None:
        """Write more of it."""
        fsutil.write_all(self._fd, data)
        self._hasher.update(data)
        self.size_bytes += len(data)

    def restart(self) -> None:
        """Begin anew."""
        os.ftruncate(self._fd, 0)
        os.lseek(self._fd, 0, os.SEEK_SET)
        self._hasher = self._algorithm.new()
        self.size_bytes = 0

    @property
    def is_right(self) -> bool:
        """Whether it is the whole object."""
        return self._hasher.hexdigest() == self._digest

    def finish(self) -> str:
        """Make it read-only and return its path, under a name that nobody else uses."""
        if hasattr(os, "fchmod"):
            os.fchmod(self._fd, 0o444)
        if self._durable:
            os.fsync(self._fd)
        final = os.path.join(self._folder, fsutil.temporary_name())
        os.rename(self._path, final)
        os.close(self._fd)
        return final

    def leave(self) -> None:
        """Let it wait for the next run."""
        if not self._can_wait:
            self.drop()
            return
        os.close(self._fd)

    def drop(self) -> None:
        """Remove it."""
        try:
            fsutil.remove_if_there(self._path)
        finally:
            os.close(self._fd)


def _open_alone(path: str) -> int:
    """Return a descriptor of a file that no other process has; -1 if that cannot be had."""
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
    except ImportError:
        return -1
    flags = os.O_RDWR | os.O_CREAT | fsutil.O_NOFOLLOW | fsutil.O_CLOEXEC | fsutil.O_NONBLOCK
    try:
        fd = os.open(path, flags, 0o666)
    except OSError:
        return -1  # a link, a directory, somebody else's file
    try:
        flock(fd, LOCK_EX | LOCK_NB)
        ours, there = os.fstat(fd), fsutil.lstat(path)
        # A second name could be anything; one that is gone was finished just now.
        alone = stat.S_ISREG(ours.st_mode) and ours.st_nlink == 1 and ours.st_uid == os.getuid()
        if alone and there is not None and there.st_ino == ours.st_ino:
            return fd
    except OSError:
        pass
    os.close(fd)
    return -1
