"""The file system, thinly: atomic writes, guarded directories, durable batches.

Everything that git-dvc changes on disk goes through here, so that the rules of the threat
model stand in one place: files get their name only when they are whole, and a path is
walked component by component without following links (S4), because a string that was
checked and then opened is a race.

A ``Folder`` is an open directory. On POSIX it is a descriptor and names are used relative to
it; on Windows, where Python has no ``dir_fd``, it is a path whose components were looked at.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Callable

from git_dvc.errors import GitDvcError, quoted

HAS_DIR_FD = os.open in os.supports_dir_fd and os.rename in os.supports_dir_fd
O_BINARY: int = getattr(os, "O_BINARY", 0)
O_NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
O_CLOEXEC: int = getattr(os, "O_CLOEXEC", 0)
O_NONBLOCK: int = getattr(os, "O_NONBLOCK", 0)
O_DIRECTORY: int = getattr(os, "O_DIRECTORY", 0)

READ_FLAGS = os.O_RDONLY | O_BINARY | O_CLOEXEC | O_NONBLOCK
CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | O_BINARY | O_CLOEXEC | O_NOFOLLOW

LEFTOVER_AGE_S = 24 * 3600.0
"""Temporary files older than this belong to a process that died."""

UNSUPPORTED = frozenset(
    (
        errno.EXDEV,
        errno.ENOTSUP,
        errno.EOPNOTSUPP,
        errno.ENOSYS,
        errno.EINVAL,
        errno.EPERM,
        errno.ENOTTY,
        errno.EACCES,
    )
)
"""How a file system says that it cannot make a link of some type here."""

_FICLONE = 0x40049409
_COPYFILE_CLONE_DATA = 1 << 25

_counter = 0


def temporary_name() -> str:
    """Return a name that no other process and no earlier call uses."""
    global _counter
    _counter += 1
    return f"{os.getpid()}.{time.time_ns():x}.{_counter}"


def umask() -> int:
    """Return the process's umask (reading it means setting it for a moment)."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def lstat(path: str) -> os.stat_result | None:
    """Return ``os.lstat`` or None where nothing is."""
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def read_bytes(path: str, most: int = 16 * 1024**2, *, follow: bool = False) -> bytes:
    """Return the content of one of our own small files; links are not followed (S7).

    Args:
        path: The file.
        most: Largest size in bytes.
        follow: Read through a link all the same: the file is the user's and not Git's.

    Raises:
        OSError: As ``open``; ``ELOOP`` for a link.
        GitDvcError: Not a regular file, or larger than ``most`` bytes.
    """
    fd = os.open(path, READ_FLAGS if follow else READ_FLAGS | O_NOFOLLOW)
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise GitDvcError(f"not a regular file: {quoted(path)}")
        if found.st_size > most:
            raise GitDvcError(f"file is larger than {most} bytes: {quoted(path)}")
        chunks = []
        while chunk := os.read(fd, max(found.st_size + 1, 65536)):
            chunks.append(chunk)
        return b"".join(chunks)
    finally:
        os.close(fd)


def write_all(fd: int, data: bytes | memoryview) -> None:
    """Write every byte, however the kernel splits it."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def atomic_write(path: str, data: bytes, tmp_dir: str, *, durable: bool = True) -> None:
    """Replace or create a file so that any reader sees the old or the new one, whole.

    The mode of a file that is replaced is kept. A link at ``path`` is refused.

    Args:
        path: The file.
        data: Its new content.
        tmp_dir: Where the temporary file is made; made if missing. A file system of its own
            is worked around by a temporary name beside ``path``.
        durable: Wait until the disk has it (fsync), the directory's entry too.
    """
    old = lstat(path)
    if old is not None and not stat.S_ISREG(old.st_mode):
        raise GitDvcError(f"not a regular file, left as it is: {quoted(path)}")
    os.makedirs(tmp_dir, exist_ok=True)
    temporary = os.path.join(tmp_dir, temporary_name())
    for attempt in (temporary, f"{path}.{temporary_name()}.tmp"):
        fd = os.open(attempt, CREATE_FLAGS, 0o666)
        try:
            try:
                write_all(fd, data)
                if old is not None and hasattr(os, "fchmod"):
                    os.fchmod(fd, stat.S_IMODE(old.st_mode))
                if durable:
                    os.fsync(fd)
            finally:
                os.close(fd)
            os.replace(attempt, path)
        except OSError as problem:
            remove_if_there(attempt)
            if problem.errno == errno.EXDEV and attempt is temporary:
                continue
            raise
        break
    if durable:
        sync_folder(os.path.dirname(path) or ".")


def remove_if_there(path: str) -> bool:
    """Remove a file; return whether it was there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


def unlink_large(path: str, *, dir_fd: int | None = None) -> None:
    """Delete a large file without waiting until its blocks are free.

    ext4 needs a second for 4 GB. The name is gone on return; a child that has the file open,
    and nothing else, frees it. The system frees it all the same if that child is killed.

    Raises:
        OSError: The file cannot be deleted.
    """
    alone = "threading" not in sys.modules or sys.modules["threading"].active_count() == 1
    if sys.platform != "linux" or not alone:
        os.unlink(path, dir_fd=dir_fd)
        return
    try:
        fd = os.open(path, READ_FLAGS | O_NOFOLLOW, dir_fd=dir_fd)
    except OSError:
        fd = -1  # one that may not be read is deleted all the same
    told = -1
    try:
        os.unlink(path, dir_fd=dir_fd)
        if fd >= 0:
            told = _hold_open(fd)
    finally:
        for ours in (fd, told):  # in this order: the child is to be the last that has it
            if ours >= 0:
                os.close(ours)


def _hold_open(fd: int) -> int:
    """Let a process that nobody waits for keep a file open until the returned fd is closed."""
    waiting, told = os.pipe()
    try:
        child = os.fork()
    except OSError:
        os.close(waiting)
        return told
    if child:
        os.close(waiting)
        os.waitpid(child, 0)
        return told
    try:
        if os.fork() == 0:
            os.chdir("/")
            # Nobody may wait for what this process inherited: a pipe's end, a lock.
            keep = sorted((fd, waiting))
            for low, high in zip([-1, *keep], [*keep, os.sysconf("SC_OPEN_MAX")], strict=True):
                os.closerange(low + 1, high)
            os.read(waiting, 1)
    finally:
        os._exit(0)


def sync_folder(path: str) -> None:
    """Make the names in a directory durable (a no-op where directories cannot be synced)."""
    if not HAS_DIR_FD:
        return
    fd = os.open(path, os.O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    try:
        os.fsync(fd)
    except OSError as problem:
        if problem.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(fd)


def sync_filesystem(path: str) -> None:
    """Make everything written below ``path``'s file system durable, in one call.

    For batches: one ``syncfs`` costs less than an fsync for each of a thousand files.
    """
    if sys.platform == "linux":
        import ctypes

        fd = os.open(path, os.O_RDONLY | O_CLOEXEC)
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.syncfs(fd) != 0:
                code = ctypes.get_errno()
                raise OSError(code, os.strerror(code), path)
        finally:
            os.close(fd)
    elif hasattr(os, "sync"):
        os.sync()


class Folder:
    """An open directory inside a root that untrusted paths may not leave."""

    __slots__ = ("fd", "path")

    def __init__(self, path: str, fd: int | None) -> None:
        self.path = path
        self.fd = fd

    def at(self, name: str) -> str:
        """Return ``name`` as the functions of ``os`` want it beside ``dir_fd=self.fd``."""
        return name if self.fd is not None else os.path.join(self.path, name)

    def close(self) -> None:
        """Close the descriptor."""
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None


class NotAFolderError(Exception):
    """Where a path needs a directory there is a file or a link."""

    def __init__(self, relpath: str) -> None:
        super().__init__(relpath)
        self.relpath = relpath


class Folders:
    """Opens the directories of untrusted paths below a root, never through a link.

    Directories are asked for in sorted order, so the chain from the root to the last one is
    all that stays open: a handful of descriptors whatever the size of the tree.
    """

    def __init__(self, root: str) -> None:
        fd = os.open(root, os.O_RDONLY | O_DIRECTORY | O_CLOEXEC) if HAS_DIR_FD else None
        self._chain: list[tuple[str, Folder]] = [("", Folder(root, fd))]

    def __enter__(self) -> Folders:
        return self

    def __exit__(self, *about: object) -> None:
        for _, folder in self._chain:
            folder.close()
        self._chain.clear()

    def open(self, relpath: str, *, create: bool) -> Folder | None:
        """Return the directory ``relpath`` ('' is the root), or None if it is not there.

        The result is valid until the next call.

        Raises:
            NotAFolderError: A component is a file or a link.
        """
        chain = self._chain
        if chain[-1][0] == relpath:
            return chain[-1][1]
        while chain[-1][0] and not relpath.startswith(chain[-1][0] + "/"):
            chain.pop()[1].close()
        done = chain[-1][0]
        rest = relpath[len(done) + 1 :] if done else relpath
        names = rest.split("/") if rest else []
        for name in names:
            here = chain[-1][1]
            done = f"{done}/{name}" if done else name
            opened = _open_folder(here, name, done, create)
            if opened is None:
                return None
            chain.append((done, opened))
        return chain[-1][1]

    def prune(self, relpath: str, may_go: Callable[[str], bool] = lambda _: True) -> None:
        """Remove a directory that has nothing in it, then the one around it, and so on.

        The top stays, and so does one where the user stands.

        Args:
            relpath: The innermost.
            may_go: Whether a directory may be removed.
        """
        while relpath and may_go(relpath) and self._remove_empty(relpath):
            relpath = relpath.rpartition("/")[0]

    def _remove_empty(self, relpath: str) -> bool:
        """Remove a directory; return whether it is gone by this."""
        parent, _, name = relpath.rpartition("/")
        try:
            folder = self.open(parent, create=False)
            if folder is None or _is_where_the_user_is(folder, name):
                return False
            os.rmdir(folder.at(name), dir_fd=folder.fd)
        except (OSError, NotAFolderError):
            return False
        return True


def _is_where_the_user_is(folder: Folder, name: str) -> bool:
    """Return whether a command was given in this directory; hooks run above, and Git tells them."""
    found = os.stat(folder.at(name), dir_fd=folder.fd, follow_symlinks=False)
    for place in {".", os.environ.get("GIT_PREFIX") or "."}:
        try:
            if os.path.samestat(found, os.stat(place)):
                return True
        except OSError:
            continue
    return False


def _open_folder(here: Folder, name: str, relpath: str, create: bool) -> Folder | None:
    path = os.path.join(here.path, name)
    flags = os.O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    for attempt in range(2):
        try:
            if here.fd is not None:
                return Folder(path, os.open(name, flags, dir_fd=here.fd))
            found = os.lstat(path)
            if not stat.S_ISDIR(found.st_mode):
                raise NotAFolderError(relpath)
            return Folder(path, None)
        except FileNotFoundError:
            if not create or attempt:
                return None
        except OSError as problem:
            if problem.errno in (errno.ENOTDIR, errno.ELOOP):
                raise NotAFolderError(relpath) from None
            raise
        try:
            os.mkdir(here.at(name), dir_fd=here.fd)
        except FileExistsError:
            pass
    return None


def clean_leftovers(folder: str, *, age_s: float = LEFTOVER_AGE_S) -> None:
    """Remove temporary files that a killed process left in ``folder``, once they are old."""
    horizon = time.time() - age_s
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                pid = entry.name.partition(".")[0]
                if not pid.isdigit() or process_lives(int(pid)):
                    continue
                if entry.stat(follow_symlinks=False).st_mtime < horizon or age_s == 0:
                    remove_if_there(entry.path)
    except OSError:
        pass  # cleaning is a courtesy: it must not stop the work it precedes


def process_lives(pid: int) -> bool:
    """Return whether a process with this number exists on this machine."""
    if pid <= 0:
        return False
    if os.name == "nt":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def read_into(fd: int, buffer: bytearray) -> int:
    """Fill ``buffer`` from the descriptor and return the number of bytes; 0 is the end."""
    if hasattr(os, "readv"):
        return os.readv(fd, [buffer])
    data = os.read(fd, len(buffer))
    buffer[: len(data)] = data
    return len(data)


def reflink(source: int, target: int) -> None:
    """Make an empty open file share the blocks of another one.

    Raises:
        OSError: ENOTSUP, EXDEV, ... where the file system cannot.
    """
    if sys.platform == "linux":
        import fcntl

        fcntl.ioctl(target, _FICLONE, source)
        return
    if sys.platform == "darwin":
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        if libc.fcopyfile(source, target, None, _COPYFILE_CLONE_DATA) == 0:
            return
        code = ctypes.get_errno()
        raise OSError(code or errno.ENOTSUP, os.strerror(code or errno.ENOTSUP))
    raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
