"""An SSH server in this process that does on purpose what a healthy one does not."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import asyncssh

Trouble = Callable[[str], None]
"""Is told of each operation (``open``, ``write``, ``rename``, ...), and may raise or wait."""

UNSUPPORTED: Exception = asyncssh.SFTPError(asyncssh.FX_OP_UNSUPPORTED, "no such thing")


class _Files(asyncssh.SFTPServer):
    """Files of this machine, with trouble."""

    trouble: Trouble = staticmethod(lambda name: None)
    free_blocks = 1000

    def _do(self, name: str) -> None:
        type(self).trouble(name)

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        self._do("write")
        return int(super().write(file_obj, offset, data))  # type: ignore[arg-type]

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        self._do("read")
        return bytes(super().read(file_obj, offset, size))  # type: ignore[arg-type]

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        self._do("posix_rename")
        super().posix_rename(oldpath, newpath)

    def statvfs(self, path: bytes) -> asyncssh.SFTPVFSAttrs:
        return asyncssh.SFTPVFSAttrs(
            bsize=4096, frsize=4096, blocks=1000, bfree=self.free_blocks, bavail=self.free_blocks,
            files=10, ffree=10, favail=10,
        )  # fmt: skip


class _Door(asyncssh.SSHServer):
    password = ""
    kind = "password"

    def begin_auth(self, username: str) -> bool:
        return bool(self.password)

    def password_auth_supported(self) -> bool:
        return self.kind == "password"

    def validate_password(self, username: str, password: str) -> bool:
        return password == self.password

    def kbdint_auth_supported(self) -> bool:
        return self.kind == "code"

    def get_kbdint_challenge(
        self, username: str, lang: str, submethods: str
    ) -> tuple[str, str, str, list[tuple[str, bool]]]:
        return "", "two steps", "en", [("Password:", False), ("Code:", False)]

    def validate_kbdint_response(self, username: str, responses: Sequence[str]) -> bool:
        return [*responses] == [self.password, "123456"]


class OddServer:
    """The server, and what it shall do.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        files: Class attributes ``trouble`` and ``free_blocks`` can be set.
        door: Class attributes ``password`` and ``kind`` can be set.
    """

    def __init__(self, folder: Path) -> None:
        self.files = type("Files", (_Files,), {})
        self.door = type("Door", (_Door,), {})
        key = asyncssh.generate_private_key("ssh-ed25519")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

        async def start() -> asyncssh.SSHAcceptor:
            return await asyncssh.create_server(
                lambda: self.door(), "127.0.0.1", 0, server_host_keys=[key],
                sftp_factory=lambda channel: self.files(channel),
            )  # fmt: skip

        self._server = asyncio.run_coroutine_threadsafe(start(), self._loop).result(20)
        self.port = self._server.get_port()
        self.host_key = f"[127.0.0.1]:{self.port} {key.export_public_key().decode()}"

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)


@contextmanager
def running(folder: Path) -> Iterator[OddServer]:
    """Run a server for a while."""
    server = OddServer(folder)
    try:
        yield server
    finally:
        server.stop()


class Cutter:
    """A way to a server that is cut after some bytes; each connection can have its own limit.

    Attributes:
        port: Where to connect instead.
        limits: Bytes that may go through, up and down together, one number a connection; when
            there is none left, connections are not cut.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self.limits: list[int] = []
        self.cut = 0
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda loop, context: None)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        start = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(start, self._loop).result(20)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        left = [self.limits.pop(0) if self.limits else 1 << 60]

        async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                was_open = left[0] >= 0
                left[0] -= len(data)
                if left[0] < 0:
                    self.cut += was_open  # once, though both ways end
                    break
                target.write(data)
                await target.drain()
            for one in (writer, back):
                one.transport.abort()

        await asyncio.gather(pump(reader, back), pump(there, writer), return_exceptions=True)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
