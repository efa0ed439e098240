"""Locks between processes, the same ones that DVC takes, so that both can work side by side.

The project lock is an exclusive ``flock`` on ``.dvc/tmp/lock``. The file holds ``" <pid>\\n"``
of the last owner and stays when the lock is free: the kernel gives the lock back when its
owner dies, so nothing is ever left to clean up. With ``core.hardlink_lock`` (for network file
systems without ``flock``) it is a claim by hard link instead, as the ``flufl.lock`` library
makes it: whoever links its own claim file to ``.dvc/tmp/lock`` has the lock.

``.dvc/tmp/rwlock`` notes which paths a running stage reads and writes; the project lock is free
meanwhile. It is only read here; ``pipeline/claims.py`` writes it.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

from git_dvc.errors import GitDvcError, LockTimeoutError, quoted

RUN_VARIABLE = "GIT_DVC_RUN"
"""Set for stages: the numbers of the runs that they are a part of, from the outermost one."""

NOTICE_AFTER_S = 3.0
"""How long the lock is waited for in silence."""

_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 0.25
_LIFETIME_S = 365 * 24 * 3600  # what DVC says of its claims; the mtime holds the end of it
_CLOCK_SLOP_S = 10
_MOST_BYTES = 16 * 1024**2
_OPEN_FLAGS: int = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_FLOCK_CONTENT = re.compile(r" (\d+)\n?")
_BUSY = (errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK)


class ProjectLock:
    """The lock that every command takes which changes the project; a context manager.

    Args:
        path: ``.dvc/tmp/lock``; its directory is made if needed.
        on_wait: Called once with a line for the user when the lock has been waited for
            for ``NOTICE_AFTER_S``.
        timeout_s: Give up after this long; wait forever when None.
        hardlink: Claim by hard link (``core.hardlink_lock``).
    """

    def __init__(
        self,
        path: str,
        *,
        on_wait: Callable[[str], None] | None = None,
        timeout_s: float | None = None,
        hardlink: bool = False,
    ) -> None:
        self._path = path
        self._on_wait = on_wait
        self._timeout_s = timeout_s
        self._claim: _Claim
        if hardlink:
            self._claim = _HardLink(path)
        elif os.name == "nt":
            self._claim = _FileLock(path)
        else:
            self._claim = _Flock(path)

    def __enter__(self) -> ProjectLock:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def acquire(self) -> None:
        """Wait for the lock and take it.

        Raises:
            LockTimeoutError: Somebody else had it all the time.
            GitDvcError: The file system cannot lock, or we may not write there.
        """
        folder = os.path.dirname(self._path)
        try:
            if not _is_plain_folder(folder):
                os.makedirs(folder, exist_ok=True)
            if not _is_plain_folder(folder):
                raise GitDvcError(f"not a directory, or a link to one: {quoted(folder)}")
            if self._claim.take():
                return
            self._wait()
        except OSError as error:
            raise _cannot_lock(self._path, error) from error

    def _wait(self) -> None:
        began = time.monotonic()
        pause_s = _FIRST_PAUSE_S
        told = False
        try:
            while True:
                waited_s = time.monotonic() - began
                if self._timeout_s is not None and waited_s >= self._timeout_s:
                    holder = self._claim.holder()
                    raise LockTimeoutError(self._path, holder, self._timeout_s)
                if not told and waited_s >= NOTICE_AFTER_S and self._on_wait:
                    told = True
                    self._on_wait(
                        f"waiting for {self._claim.holder()}, which has locked this project "
                        f"({quoted(self._path)})"
                    )
                time.sleep(pause_s)
                pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)
                if self._claim.take():
                    return
        except BaseException:
            self._claim.drop()
            raise

    def is_free(self) -> bool:
        """Return whether nobody has the lock just now; what cannot be told is taken for free."""
        try:
            if not os.path.lexists(self._path):
                return True
            return self._claim.take()
        except OSError:
            return True
        finally:
            self._claim.drop()

    def release(self) -> None:
        """Give the lock back; does nothing when it is not ours."""
        self._claim.drop()


class _Claim:
    """One way of owning the lock file."""

    def __init__(self, path: str) -> None:
        self.path = path

    def take(self) -> bool:
        """Try once; return whether the lock is ours now."""
        raise NotImplementedError

    def drop(self) -> None:
        """Give up the lock, and whatever trying to take it left behind."""
        raise NotImplementedError

    def holder(self) -> str:
        """Return who seems to have the lock, as words for a message."""
        found = _FLOCK_CONTENT.fullmatch(_text(self.path))
        return f"process {found.group(1)}" if found else "another process"


class _Flock(_Claim):
    """DVC's usual lock: ``flock`` on the file."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._fd = -1

    def take(self) -> bool:
        import fcntl

        while True:
            fd = self._open()
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self._is_still_the_file(fd):
                    break
                os.close(fd)  # somebody cleared .dvc/tmp meanwhile: this lock guards nothing
            except OSError as error:
                os.close(fd)
                if error.errno in _BUSY:
                    return False
                raise
        try:
            os.pwrite(fd, f" {os.getpid()}\n".encode(), 0)
            os.ftruncate(fd, len(f" {os.getpid()}\n"))
        except OSError:
            pass  # a full disk or a file of another user: the lock holds all the same
        self._fd = fd
        return True

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_RDWR | os.O_CREAT | _OPEN_FLAGS, 0o666)
        except PermissionError:
            # Made by another user of a shared repository: a local flock needs no write access.
            return os.open(self.path, os.O_RDONLY | _OPEN_FLAGS)

    def _is_still_the_file(self, fd: int) -> bool:
        try:
            return os.path.samestat(os.fstat(fd), os.lstat(self.path))
        except FileNotFoundError:
            return False

    def drop(self) -> None:
        if self._fd != -1:
            import fcntl

            fd, self._fd = self._fd, -1
            # A forked child may share the descriptor, so closing ours would not be enough.
            fcntl.flock(fd, fcntl.LOCK_UN)
            os.close(fd)


class _HardLink(_Claim):
    """DVC's lock under ``core.hardlink_lock``: a hard link to a claim file of our own.

    The claim's text is ``<lock file>|<host>|<pid>|<number>``, which flufl.lock can read, and
    its name is the MD5 of that text, as with DVC. So a claim whose process is gone is known
    to be stale; DVC's own claims do not name their process and go stale by their mtime only.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._text = ""
        self._claim_path = ""

    def take(self) -> bool:
        if not self._claim_path:
            self._make_claim()
        for _ in range(2):  # the second time if a stale lock has been removed
            try:
                os.link(self._claim_path, self.path, follow_symlinks=False)
                return True
            except FileExistsError:
                pass
            except FileNotFoundError:
                self._make_claim()
                continue
            except OSError:
                # On NFS the answer may get lost although the link was made.
                if os.lstat(self._claim_path).st_nlink != 2:
                    raise
                return True
            if not self._remove_if_stale():
                return False
        return False

    def _make_claim(self) -> None:
        import hashlib

        number = int.from_bytes(os.urandom(7), "big")
        self._text = f"{self.path}|{_host()}|{os.getpid()}|{number}"
        self._claim_path = self._claim_of(self._text, hashlib)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _OPEN_FLAGS
        fd = os.open(self._claim_path, flags, 0o666)
        try:
            os.write(fd, os.fsencode(self._text))
        finally:
            os.close(fd)
        end = time.time() + _LIFETIME_S
        os.utime(self._claim_path, (end, end))

    def _claim_of(self, text: str, hashlib: Any) -> str:
        digest = hashlib.md5(os.fsencode(text), usedforsecurity=False).hexdigest()
        return os.path.join(os.path.dirname(self.path), digest + ".lock")

    def _remove_if_stale(self) -> bool:
        text = _text(self.path)
        try:
            found = os.lstat(self.path)
        except FileNotFoundError:
            return True
        parts = text.rsplit("|", 3)
        if len(parts) == 4 and parts[1] == _host() and parts[2].isdigit():
            stale = not process_exists(int(parts[2]))
        elif _FLOCK_CONTENT.fullmatch(text) or not text:
            stale = found.st_nlink == 1 and self._nobody_flocks()
        else:
            stale = found.st_mtime + _CLOCK_SLOP_S < time.time()
        return stale and self._remove(text)

    def _nobody_flocks(self) -> bool:
        """Return whether the file is a left-over of the other kind of lock, now free."""
        if os.name == "nt":
            return True
        flock = _Flock(self.path)
        if not flock.take():
            return False
        flock.drop()
        return True

    def _remove(self, text: str) -> bool:
        """Remove the lock file if it still is the stale one; return whether that worked."""
        import hashlib

        aside = f"{self._claim_path}.stale"
        try:
            os.rename(self.path, aside)
        except FileNotFoundError:
            return True
        now = _text(aside)
        if now != text and not _FLOCK_CONTENT.fullmatch(now):
            # Somebody was quicker and this is a fresh lock: put it back.
            try:
                os.link(aside, self.path)
            except FileExistsError:
                pass
            os.unlink(aside)
            return False
        os.unlink(aside)
        try:
            os.unlink(self._claim_of(text, hashlib))
        except FileNotFoundError:
            pass
        return True

    def drop(self) -> None:
        if not self._claim_path:
            return
        claim, self._claim_path = self._claim_path, ""
        try:
            if os.path.samestat(os.lstat(claim), os.lstat(self.path)):
                os.unlink(self.path)
        except FileNotFoundError:
            pass
        try:
            os.unlink(claim)
        except FileNotFoundError:
            pass

    def holder(self) -> str:
        parts = _text(self.path).rsplit("|", 3)
        if len(parts) == 4 and parts[2].isdigit():
            where = "" if parts[1] == _host() else f" on {quoted(parts[1])}"
            return f"process {parts[2]}{where}"
        return "another process"


class _FileLock(_Claim):
    """Windows: the first byte of the file is locked, by filelock as by DVC's zc.lockfile."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._lock: Any = None

    def take(self) -> bool:
        import filelock

        lock = filelock.FileLock(self.path, timeout=0)
        try:
            lock.acquire()
        except filelock.Timeout:
            return False
        self._lock = lock
        return True

    def drop(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def rwlock_holders(dvc_tmp_dir: str, paths: Iterable[str]) -> list[tuple[str, int, str]]:
    """Return what other running processes have noted in ``.dvc/tmp/rwlock``.

    Args:
        dvc_tmp_dir: ``.dvc/tmp``.
        paths: Absolute paths we want to work on. A noted path counts if it is one of them,
            above one of them or below one.

    Returns:
        (path, pid, command) of each live entry, reading or writing. A file that is not
        there or not understood holds nobody back.
    """
    text = _text(os.path.join(dvc_tmp_dir, "rwlock"), _MOST_BYTES)
    if len(text) < 3:
        return []
    import json

    try:
        noted = json.loads(text)
    except (ValueError, RecursionError):
        return []
    wanted = [os.path.normpath(path) for path in paths]
    ours = {os.getpid(), *runs_around()}
    found = []
    for kind in ("write", "read"):
        by_path = noted.get(kind) if isinstance(noted, dict) else None
        for path, infos in by_path.items() if isinstance(by_path, dict) else ():
            if not any(overlap(os.path.normpath(path), other) for other in wanted):
                continue
            for info in infos if isinstance(infos, list) else [infos]:
                pid = info.get("pid") if isinstance(info, dict) else None
                if not isinstance(pid, int) or pid in ours or not process_exists(pid):
                    continue
                found.append((path, pid, str(info.get("cmd", ""))))
    return found


def runs_around() -> set[int]:
    """Return the runs of stages that this process is a part of, by their number in ``rwlock``.

    A stage may call ``git dvc`` on its own files.
    """
    tokens = os.environ.get(RUN_VARIABLE, "").split(":")
    return {int(number) for token in tokens if (number := token.partition(".")[0]).isdigit()}


def overlap(one: str, other: str) -> bool:
    """Return whether one path is the other one, or inside of it."""
    one, other = one.rstrip(os.sep) + os.sep, other.rstrip(os.sep) + os.sep
    return one.startswith(other) or other.startswith(one)


def process_exists(pid: int) -> bool:
    """Return whether a process with this number runs here; True when it cannot be known."""
    if os.name == "nt":  # os.kill would end it
        return True
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    except OverflowError:
        return False
    # One that has ended stays in the table of processes where nobody asks how, as in containers.
    return ") Z " not in _text(f"/proc/{pid}/stat")


def _host() -> str:
    if os.name == "nt":
        return os.environ.get("COMPUTERNAME", "")
    return os.uname().nodename  # what socket.gethostname() says, without the import


def _is_plain_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False


def _text(path: str, most: int = 4096) -> str:
    """Return the beginning of a small file; empty if it cannot be read."""
    try:
        fd = os.open(path, os.O_RDONLY | _OPEN_FLAGS | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return ""
    try:
        chunks = []
        while most > 0 and (chunk := os.read(fd, most)):
            chunks.append(chunk)
            most -= len(chunk)
        return os.fsdecode(b"".join(chunks))
    except OSError:
        return ""
    finally:
        os.close(fd)


def _cannot_lock(path: str, error: OSError) -> GitDvcError:
    words = os.strerror(error.errno) if error.errno else str(error)
    hint = ""
    if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP):
        hint = (
            "this file system cannot lock files: "
            "try 'git dvc config --local core.hardlink_lock true'"
        )
    elif error.errno == errno.ELOOP:
        hint = "it must not be a symbolic link"
    return GitDvcError(f"cannot lock {quoted(path)}: {words}", hint=hint)
