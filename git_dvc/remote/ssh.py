"""SSH and SFTP: ``ssh://user@host:port/path``, with asyncssh (``pip install 'git-dvc[ssh]'``).

All of one remote goes over one connection with a few SFTP channels, on which many requests are
under way at a time: what a call costs is waiting for the server, not the network's width. The
connection lives in a thread of its own with an event loop; the calls of a ``Wire`` come from any
other thread and wait for it.

A file is written as ``tmp/<random>`` and made durable, then renamed over its name in one step
(posix-rename, which OpenSSH has; without it a file that is in the way is taken away first).

Getting in is ``ssh_login.py``.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import socket
import stat
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from importlib import import_module
from itertools import chain
from queue import SimpleQueue
from time import time
from typing import Any, NamedTuple, TypeVar, cast

import asyncssh

from git_dvc.errors import ConfigError, quoted
from git_dvc.formats.sshurl import parse
from git_dvc.remote import secrets
from git_dvc.remote.ssh_login import Ask, Login
from git_dvc.remote.wire import (
    TEMPORARY,
    AbsentError,
    Found,
    RefusedError,
    UnsteadyError,
    WireError,
)

_T = TypeVar("_T")

_JOBS = 16
_CHANNELS = 4
_CALLS_PER_CHANNEL = 3
_TIMEOUT_S = 60.0
_CONNECT_TIMEOUT_S = 30.0
_SYNC_PATIENCE = 10
"""How much longer than for anything else we wait until a server's disk has what we sent."""
_SURE_BYTES = 32 * 1024
"""What every server takes and gives in one answer."""
_PIECE_BYTES = 256 * 1024
_WINDOW = 8
_SMALL_BYTES = 1024 * 1024
_SYNC_EVERY_BYTES = 256 * 1024 * 1024
_DEEPEST = 64
_FOLDERS_AT_ONCE = 8
_CLEANUP_S = 5.0
_LEFT_OVER_S = 24 * 3600.0
_LEFT_OVER = re.compile(r"[0-9a-f]{24}")


def connect(url: str, options: Mapping[str, str]) -> SshWire:
    """Return a client for a server; see ``kinds.connect``."""
    address = parse(url, options)
    timeout_s = _number(options, "timeout", _TIMEOUT_S)
    if options.get("gss_auth", "").lower() == "true":
        _need_gssapi()
    login = Login(address, options, _number(options, "timeout", _CONNECT_TIMEOUT_S))
    most = min(_CHANNELS, int(_number(options, "max_sessions", _CHANNELS)))
    return SshWire(login, options, most, timeout_s)


def _need_gssapi() -> None:
    try:
        import_module("gssapi")
    except ImportError:
        error = ConfigError("gss_auth needs the Python package 'gssapi'")
        error.hint = "install it: pip install 'asyncssh[gssapi]'"
        raise error from None


def _number(options: Mapping[str, str], name: str, default: float) -> float:
    text = options.get(name)
    if text is None:
        return default
    if not text.strip().isdecimal() or int(text) < 1:
        raise ConfigError(f"{name}: expected a whole number from 1, found {quoted(text[:50])!r}")
    return float(int(text))


class _Question(NamedTuple):
    """What the user is to be asked, by the thread that waits for the connection."""

    words: str
    answer: asyncio.Future[str | None]


class _Channel:
    """One SFTP channel; a server works on the requests of one after another."""

    def __init__(self, client: asyncssh.SFTPClient) -> None:
        self.client = client
        self.calls = 0


class _Session:
    """A connection, the connections it goes through, and its channels."""

    def __init__(
        self, connections: list[asyncssh.SSHClientConnection], most: int, timeout_s: float
    ) -> None:
        self._connections = connections
        self._most = most
        self._timeout_s = timeout_s
        self._channels: list[_Channel] = []
        self._opening = asyncio.Lock()
        self._waiting = 0
        self._syncing = 0
        self._heard = 0.0
        self._watch: asyncio.Task[None] | None = None
        self.trouble = ""
        self.can_sync = True
        self.is_open = True
        self.piece_bytes = _SURE_BYTES

    async def channel(self) -> _Channel:
        """Return the channel with the least to do; a new one if all are busy."""
        best = self._least()
        if best is None or (best.calls >= _CALLS_PER_CHANNEL and len(self._channels) < self._most):
            async with self._opening:
                best = self._least()
                if best is None or (
                    best.calls >= _CALLS_PER_CHANNEL and len(self._channels) < self._most
                ):
                    try:
                        client = await self.heard(
                            self._connections[-1].start_sftp_client(path_errors="surrogateescape")
                        )
                        limits = client.limits
                        known = min(limits.max_read_len, limits.max_write_len)
                        self.piece_bytes = min(_PIECE_BYTES, known) or _SURE_BYTES
                        best = _Channel(client)
                        self._channels.append(best)
                    except asyncssh.ChannelOpenError as problem:
                        if best is None:
                            raise RefusedError(
                                f"the server has no SFTP for us: {problem.reason}"
                            ) from None
                        self._most = len(self._channels)  # sshd's MaxSessions
        return best

    def _least(self) -> _Channel | None:
        return min(self._channels, key=lambda one: one.calls, default=None)

    async def heard(self, answer: Awaitable[_T]) -> _T:
        """Return a server's answer; while any is awaited, one must come now and then."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            self._heard = loop.time()
        if self._watch is None:
            self._watch = loop.create_task(self._look_after())
        self._waiting += 1
        try:
            return await answer
        finally:
            self._waiting -= 1
            self.hear()

    def hear(self) -> None:
        """Note that the server said something."""
        self._heard = asyncio.get_running_loop().time()

    async def _look_after(self) -> None:
        loop = asyncio.get_running_loop()
        while self.is_open:
            await asyncio.sleep(self._timeout_s / 4)
            most = self._timeout_s * (_SYNC_PATIENCE if self._syncing else 1)
            if self._waiting and loop.time() - self._heard > most:
                self.close(f"the server did not answer for {most:.0f} seconds")

    async def sync(self, file: asyncssh.SFTPClientFile) -> None:
        """Wait until a server's disk has a file, if the server can say so."""
        if not self.can_sync:
            return
        self._syncing += 1
        try:
            await self.heard(file.fsync())
        except asyncssh.SFTPOpUnsupported:
            self.can_sync = False
        finally:
            self._syncing -= 1

    def close(self, why: str = "") -> None:
        """Hang up; whatever waits for an answer fails."""
        if self.is_open:
            self.is_open = False
            self.trouble = why
            if self._watch is not None:
                self._watch.cancel()
            for connection in reversed(self._connections):
                connection.abort()

    async def end(self) -> None:
        """Take leave of the server."""
        if self.is_open:
            self.is_open = False
            if self._watch is not None:
                self._watch.cancel()
            for channel in self._channels:
                channel.client.exit()
            for connection in reversed(self._connections):
                connection.close()
                await connection.wait_closed()


class _At(NamedTuple):
    """Where a call runs: on a channel of a session."""

    session: _Session
    channel: _Channel

    @property
    def client(self) -> asyncssh.SFTPClient:
        return self.channel.client


class _Opened(NamedTuple):
    """A file that is open on the server."""

    at: _At
    file: asyncssh.SFTPClientFile


_Work = Callable[..., Coroutine[Any, Any, _T]]


class SshWire:
    """Files on a server, over SFTP; see ``Wire`` for its methods.

    Args:
        login: How to get in.
        options: The remote's options.
        most: How many channels, at most.
        timeout_s: How long the server may be silent while we wait for it.
    """

    can_list = True
    jobs = _JOBS
    deletes = 1

    def __init__(
        self, login: Login, options: Mapping[str, str], most: int, timeout_s: float
    ) -> None:
        self.where = f"ssh://{login.address.server}{login.address.path}"
        self._login = login
        self._options = options
        self._most = most
        self._timeout_s = timeout_s
        self._root = login.address.path
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._connecting: asyncio.Lock | None = None
        self._session: _Session | None = None
        self._made: set[str] = set()
        self._is_clean = False
        self._was_in = False

    # -- between the threads --------------------------------------------------------------

    def _running(self) -> asyncio.AbstractEventLoop:
        """Return the loop; started when it is first needed."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                # What matters reaches whoever waits for it; asyncio would print the rest.
                self._loop.set_exception_handler(lambda loop, context: None)
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="git-dvc-ssh", daemon=True
                )
                self._thread.start()
            return self._loop

    def _submit(
        self, work: _Work[_T], *args: object, inbox: SimpleQueue[_Question | None] | None = None
    ) -> Future[_T]:
        return asyncio.run_coroutine_threadsafe(self._told(work, args, inbox), self._running())

    def _run(self, work: _Work[_T], *args: object) -> _T:
        """Do something in the loop and wait for it, answering what the server asks the user."""
        if self._session is None:
            self._take_passwords()
        inbox: SimpleQueue[_Question | None] = SimpleQueue()
        future = self._submit(work, *args, inbox=inbox)
        future.add_done_callback(lambda _: inbox.put(None))
        try:
            while (question := inbox.get()) is not None:
                typed = secrets.ask(question.words)
                self._running().call_soon_threadsafe(_answer, question.answer, typed)
            return _result(future)
        except BaseException:
            future.cancel()
            raise

    def _take_passwords(self) -> None:
        """Ask for what the config says is to be asked for."""
        server = f"{self._login.address.server}"
        if self._login.password is None:
            self._login.password = secrets.password(self._options, f"host '{server}'")
        if self._login.passphrase is None:
            what = f"key '{self._login.keyfile}'" if self._login.keyfile else f"keys for '{server}'"
            self._login.passphrase = secrets.password(self._options, what, "passphrase")

    async def _told(
        self,
        work: _Work[_T],
        args: tuple[object, ...],
        inbox: SimpleQueue[_Question | None] | None,
    ) -> _T:
        """Do something on a channel; what goes wrong is said in a wire's words."""
        session: _Session | None = None
        at: _At | None = None
        try:
            if args and isinstance(args[0], _Opened):
                at = args[0].at
                session = at.session
            else:
                session = await self._connected(inbox)
                at = _At(session, await session.channel())
            at.channel.calls += 1
            try:
                return await work(at, *args)
            finally:
                at.channel.calls -= 1
        except WireError:
            raise
        except (asyncssh.Error, OSError, EOFError, asyncio.TimeoutError) as problem:
            error = _in_words(problem)
            if not self._was_in and _is_unreachable(problem):
                # Who was never there is not waited for: a wrong name, no VPN, a server that is off.
                hint = "is the server up, and can it be reached from here?"
                raise RefusedError(str(error), hint) from None
            if isinstance(error, UnsteadyError) and session is not None:
                self._drop(session)
                if session.trouble:
                    error = UnsteadyError(session.trouble)
            raise error from None

    async def _connected(self, inbox: SimpleQueue[_Question | None] | None) -> _Session:
        if self._connecting is None:
            self._connecting = asyncio.Lock()
        async with self._connecting:
            if self._session is None or not self._session.is_open:
                ask = _asking(inbox)
                connections = await self._login.connect(ask)
                self._session = _Session(connections, self._most, self._timeout_s)
                self._was_in = True
            return self._session

    def _drop(self, session: _Session) -> None:
        session.close(session.trouble)
        if self._session is session:
            self._session = None

    # -- the wire -------------------------------------------------------------------------

    def reach(self) -> None:
        """Make sure that the server answers and lets us in."""
        self._run(self._reach)

    def look(self, key: str) -> Found:
        """Return what is known of one file."""
        return self._run(self._look, key)

    def listing(self, prefix: str) -> Iterator[Found]:
        """Yield all files whose key begins with ``prefix``; links are not followed."""
        todo = [prefix]
        waiting: deque[Future[tuple[list[Found], list[str]]]] = deque()
        first = True
        try:
            while todo or waiting:
                while todo and len(waiting) < _FOLDERS_AT_ONCE:
                    folder = todo.pop()
                    if first:
                        found, folders = self._run(self._scan, folder)
                        first = False
                        yield from found
                        todo += folders
                    else:
                        waiting.append(self._submit(self._scan, folder))
                if waiting:
                    found, folders = _result(waiting.popleft())
                    yield from found
                    todo += folders
        finally:
            for future in waiting:
                future.cancel()

    def read(self, key: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of a file from an offset on."""
        if length is not None and length <= 0:
            return
        most = _SURE_BYTES if length is None else min(length, _SURE_BYTES)
        opened, piece = self._run(self._open, key, offset, most)
        if piece:
            yield piece
        if opened is None:
            return
        end = None if length is None else offset + length
        at = offset + len(piece)
        waiting: deque[tuple[int, Future[bytes]]] = deque()
        try:
            while True:
                while len(waiting) < _WINDOW and (end is None or at < end):
                    size = opened.at.session.piece_bytes
                    size = size if end is None else min(size, end - at)
                    waiting.append((size, self._submit(self._read, opened, at, size)))
                    at += size
                if not waiting:
                    return
                size, future = waiting.popleft()
                piece = _result(future)
                if piece:
                    yield piece
                if len(piece) < size:
                    return
        finally:
            for _, future in waiting:
                future.cancel()
            self._submit(self._close, opened)

    def write(self, key: str, pieces: Iterable[bytes], size_bytes: int) -> None:
        """Give a key this content, under a temporary name first."""
        stream = iter(pieces)
        head: list[bytes] = []
        size = 0
        for piece in stream:
            head.append(piece)
            size += len(piece)
            if size >= _SMALL_BYTES:
                break
        else:
            self._run(self._put, key, b"".join(head))
            return
        opened, temporary = self._run(self._create)
        try:
            self._stream(opened, chain(head, stream))
            self._run(self._publish, opened, temporary, key)
        except BaseException:
            self._abandon(opened, temporary)
            raise

    def _stream(self, opened: _Opened, pieces: Iterable[bytes]) -> None:
        waiting: deque[Future[None]] = deque()
        at = synced = 0
        try:
            step = opened.at.session.piece_bytes
            for piece in pieces:
                for start in range(0, len(piece), step):
                    part = piece[start : start + step]
                    if len(waiting) >= _WINDOW:
                        _result(waiting.popleft())
                    waiting.append(self._submit(self._write, opened, at, part))
                    at += len(part)
                if at - synced >= _SYNC_EVERY_BYTES:
                    # Little by little: a disk that has much to catch up looks like a dead server.
                    while waiting:
                        _result(waiting.popleft())
                    self._run(self._sync, opened)
                    synced = at
            while waiting:
                _result(waiting.popleft())
        finally:
            for future in waiting:
                future.cancel()

    def _abandon(self, opened: _Opened, temporary: str) -> None:
        """Take away what was half written, if the server is still there."""
        if opened.at.session.is_open:
            try:
                self._submit(self._throw_away, opened, temporary).result(_CLEANUP_S)
            except (Exception, CancelledError):
                return

    def delete(self, *keys: str) -> None:
        """Take files away; that there is none is no error."""
        for key in keys:
            self._run(self._delete, key)

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None:
            return
        session, self._session = self._session, None
        self._connecting = None
        if session is not None:
            try:
                asyncio.run_coroutine_threadsafe(session.end(), loop).result(_CLEANUP_S)
            except (Exception, CancelledError):
                loop.call_soon_threadsafe(session.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_CLEANUP_S)
        if not thread.is_alive():
            loop.close()

    # -- in the loop ----------------------------------------------------------------------

    def _path(self, key: str) -> str:
        key = key.rstrip("/")
        if not self._root.strip("/"):
            return self._root + key or "."
        return f"{self._root}/{key}" if key else self._root

    async def _reach(self, at: _At) -> None:
        try:
            found = await at.session.heard(at.client.stat(self._path("")))
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            return
        if not _is(found, stat.S_ISDIR):
            raise RefusedError(f"not a directory: {quoted(self._path(''))}")

    async def _look(self, at: _At, key: str) -> Found:
        found = await at.session.heard(at.client.stat(self._path(key)))
        if not _is(found, stat.S_ISREG):
            raise AbsentError(f"not a file: {quoted(self._path(key))}")
        return Found(key, found.size, _mtime(found))

    async def _scan(self, at: _At, prefix: str) -> tuple[list[Found], list[str]]:
        """Return files and folders of one folder."""
        return await at.session.heard(self._entries(at, prefix))

    async def _entries(self, at: _At, prefix: str) -> tuple[list[Found], list[str]]:
        files: list[Found] = []
        folders: list[str] = []
        try:
            async for entry in at.client.scandir(self._path(prefix)):
                at.session.hear()
                name = entry.filename
                if not isinstance(name, str) or name in ("", ".", "..") or "/" in name:
                    continue
                key, attrs = prefix + name, entry.attrs
                if attrs.permissions is None:
                    attrs = await at.session.heard(at.client.lstat(self._path(key)))
                if _is(attrs, stat.S_ISREG):
                    files.append(Found(key, attrs.size, _mtime(attrs)))
                elif _is(attrs, stat.S_ISDIR) and key.count("/") < _DEEPEST:
                    folders.append(f"{key}/")
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            pass
        return files, folders

    async def _open(
        self, at: _At, key: str, offset: int, most: int
    ) -> tuple[_Opened | None, bytes]:
        """Open a file and read its first bytes; it stays open if there may be more."""
        path = self._path(key)
        file = await at.session.heard(at.client.open(path, "rb", block_size=0))
        keep = False
        try:
            # Of so few bytes a server gives all there are.
            piece = await self._some(at, file, offset, most)
            keep = len(piece) == most
        except asyncssh.SFTPFailure as problem:
            raise RefusedError(f"cannot be read: {quoted(path)}: {problem.reason}") from None
        finally:
            if not keep:
                await at.session.heard(file.close())
        return _Opened(at, file) if keep else None, piece

    async def _read(self, at: _At, opened: _Opened, offset: int, size: int) -> bytes:
        data = await self._some(at, opened.file, offset, size)
        while 0 < len(data) < size:
            more = await self._some(at, opened.file, offset + len(data), size - len(data))
            if not more:
                break
            data += more
        return data

    async def _some(self, at: _At, file: asyncssh.SFTPClientFile, offset: int, size: int) -> bytes:
        # Typed as text, which it is only for files opened as text.
        return cast("bytes", await at.session.heard(file.read(size, offset)))

    async def _close(self, at: _At, opened: _Opened) -> None:
        if at.session.is_open:
            await at.session.heard(opened.file.close())

    async def _put(self, at: _At, key: str, data: bytes) -> None:
        opened, temporary = await self._create(at)
        try:
            await self._write(at, opened, 0, data)
            await self._publish(at, opened, temporary, key)
        except BaseException:
            await self._throw_away(at, opened, temporary)
            raise

    async def _clean(self, at: _At) -> None:
        """Take away, once, what uploads that were killed left behind long ago."""
        if self._is_clean:
            return
        self._is_clean = True
        old = time() - _LEFT_OVER_S
        try:
            for found in (await self._scan(at, TEMPORARY))[0]:
                name = found.key.removeprefix(TEMPORARY)
                if _LEFT_OVER.fullmatch(name) and found.mtime_s and found.mtime_s < old:
                    await at.session.heard(at.client.remove(self._path(found.key)))
        except asyncssh.SFTPError:
            return  # it is another's, or gone

    async def _create(self, at: _At) -> tuple[_Opened, str]:
        await self._clean(at)
        temporary = self._path(TEMPORARY + os.urandom(12).hex())
        try:
            await self._make_folder(at, os.path.dirname(temporary))
            try:
                file = await at.session.heard(at.client.open(temporary, "xb", block_size=0))
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
                self._made.clear()  # somebody tidied up
                await self._make_folder(at, os.path.dirname(temporary))
                file = await at.session.heard(at.client.open(temporary, "xb", block_size=0))
        except asyncssh.SFTPError as problem:
            raise await self._why(at, problem, temporary) from None
        return _Opened(at, file), temporary

    async def _write(self, at: _At, opened: _Opened, offset: int, data: bytes) -> None:
        step = at.session.piece_bytes
        for start in range(0, len(data), step):
            part = data[start : start + step]
            try:
                await at.session.heard(opened.file.write(part, offset + start))
            except asyncssh.SFTPError as problem:
                raise await self._why(at, problem, self._path("")) from None

    async def _sync(self, at: _At, opened: _Opened) -> None:
        try:
            await at.session.sync(opened.file)
        except asyncssh.SFTPError as problem:
            raise await self._why(at, problem, self._path("")) from None

    async def _publish(self, at: _At, opened: _Opened, temporary: str, key: str) -> None:
        await self._sync(at, opened)
        path = self._path(key)
        try:
            await at.session.heard(opened.file.close())
            await self._make_folder(at, os.path.dirname(path))
            try:
                await self._rename(at, temporary, path)
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
                self._made.clear()
                await self._make_folder(at, os.path.dirname(path))
                await self._rename(at, temporary, path)
        except asyncssh.SFTPError as problem:
            raise await self._why(at, problem, path) from None

    async def _rename(self, at: _At, temporary: str, path: str) -> None:
        try:
            await at.session.heard(at.client.posix_rename(temporary, path))
            return
        except asyncssh.SFTPOpUnsupported:
            pass
        try:
            await at.session.heard(at.client.rename(temporary, path))
        except (asyncssh.SFTPFailure, asyncssh.SFTPFileAlreadyExists):
            await at.session.heard(at.client.remove(path))
            await at.session.heard(at.client.rename(temporary, path))

    async def _throw_away(self, at: _At, opened: _Opened, temporary: str) -> None:
        if not at.session.is_open:
            return
        try:
            await at.session.heard(opened.file.close())
            await at.session.heard(at.client.remove(temporary))
        except (asyncssh.Error, OSError):
            return  # nobody takes it for anything: it has no name of an object

    async def _make_folder(self, at: _At, path: str, *, again: bool = True) -> None:
        """Make a folder and those it is in."""
        if path in self._made or not path.strip("/"):
            return
        try:
            await at.session.heard(at.client.mkdir(path))
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            parent = os.path.dirname(path)
            if not again or not parent.strip("/"):
                raise
            # It may be there by now: other calls make the same folders.
            await self._make_folder(at, parent)
            await self._make_folder(at, path, again=False)
        except asyncssh.SFTPError:
            # OpenSSH says no more than "failure" if it exists.
            try:
                found = await at.session.heard(at.client.stat(path))
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
                found = None
            if found is None or not _is(found, stat.S_ISDIR):
                raise
        self._made.add(path)

    async def _why(self, at: _At, problem: asyncssh.SFTPError, path: str) -> BaseException:
        """Return what is to be raised because something could not be written."""
        if isinstance(problem, asyncssh.SFTPFailure):
            try:
                found = await at.session.heard(at.client.statvfs(self._path("")))
            except asyncssh.Error:
                found = None
            if found is not None and (not found.bavail or (found.files and not found.favail)):
                return _disk_is_full()
            why = problem.reason
            return RefusedError(f"the server could not write {quoted(path)}: {why}")
        if isinstance(problem, (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)):
            self._made.clear()
            return UnsteadyError("folders were taken away while we wrote into them")
        return problem

    async def _delete(self, at: _At, key: str) -> None:
        try:
            await at.session.heard(at.client.remove(self._path(key)))
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            return


def _asking(inbox: SimpleQueue[_Question | None] | None) -> Ask:
    """Return how to have a question answered by the thread that waits for the connection."""

    async def ask(words: str) -> str | None:
        if inbox is None:
            return None
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        inbox.put(_Question(words, answer))
        return await answer

    return ask


def _answer(answer: asyncio.Future[str | None], typed: str | None) -> None:
    if not answer.done():
        answer.set_result(typed)


def _result(future: Future[_T]) -> _T:
    try:
        return future.result()
    except CancelledError:
        raise UnsteadyError("the connection was closed") from None


def _is(found: asyncssh.SFTPAttrs, kind: Callable[[int], bool]) -> bool:
    return found.permissions is not None and kind(found.permissions)


def _mtime(found: asyncssh.SFTPAttrs) -> float | None:
    return None if found.mtime is None else float(found.mtime)


def _is_unreachable(problem: BaseException) -> bool:
    kinds = (socket.gaierror, ConnectionRefusedError, asyncio.TimeoutError, TimeoutError)
    nowhere = (errno.EHOSTUNREACH, errno.ENETUNREACH)
    return isinstance(problem, kinds) or getattr(problem, "errno", None) in nowhere


def _disk_is_full() -> RefusedError:
    return RefusedError(
        "the server's disk is full", "free some space there and run the same command again"
    )


def _in_words(problem: BaseException) -> WireError:
    """Return what went wrong in a wire's words."""
    if isinstance(problem, (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)):
        return AbsentError("no such file")
    if isinstance(problem, (asyncssh.SFTPPermissionDenied, asyncssh.SFTPWriteProtect)):
        return RefusedError("permission denied")
    if isinstance(problem, (asyncssh.SFTPNoSpaceOnFilesystem, asyncssh.SFTPQuotaExceeded)):
        return _disk_is_full()
    if isinstance(problem, (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection)):
        return UnsteadyError("the connection broke")
    if isinstance(problem, asyncssh.SFTPError):
        return RefusedError(f"the server says: {problem.reason}")
    if isinstance(problem, asyncssh.IllegalUserName):
        return RefusedError(problem.reason)
    if isinstance(problem, asyncssh.Error):
        return UnsteadyError(f"the connection broke: {problem.reason}")
    if isinstance(problem, socket.gaierror) and problem.errno == socket.EAI_AGAIN:
        return UnsteadyError("no answer from the name server")
    if isinstance(problem, socket.gaierror):
        return RefusedError("no such host; is its name spelled as it should be?")
    if isinstance(problem, (asyncio.TimeoutError, TimeoutError)):
        return UnsteadyError("the server did not answer in time")
    if isinstance(problem, OSError) and problem.errno:
        return UnsteadyError(os.strerror(problem.errno).lower())
    return UnsteadyError("the connection broke")
