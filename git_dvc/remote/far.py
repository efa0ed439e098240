"""A wire whose client runs in a process of its own, for processes that cannot run it themselves.

A native client has threads, which do not survive a fork: in a child (a worker of a PyTorch
DataLoader, of multiprocessing) its calls would wait for ever. There, a fresh Python runs the client
and is asked through pipes. It can read only; it ends when its pipe does, so with its parent.

Each request is a line of JSON. The answer is frames, a letter and the length in four bytes before
the content: ``D`` a piece of data, ``F`` what is known of a file, ``E`` what went wrong, ``.`` the
end.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from threading import Lock
from typing import Any, BinaryIO

from git_dvc.remote.wire import AbsentError, Found, RefusedError, UnsteadyError, Wire, WireError

JOBS = 4
EAGER_BYTES = 8 * 1024**2
"""Shorter parts are read at once, so that who wants no more of them need not hang up."""

_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from git_dvc.remote import far; far.serve()"
)
_ERRORS: dict[str, type[WireError]] = {
    "absent": AbsentError,
    "refused": RefusedError,
    "unsteady": UnsteadyError,
}


class FarWire:
    """The client of a server, in other processes; see ``Wire`` for its methods.

    Args:
        url: The address.
        options: The remote's options.
        where: The address as it may be shown.
    """

    can_list = True
    jobs = JOBS
    deletes = 1

    def __init__(self, url: str, options: Mapping[str, str], where: str) -> None:
        self.where = where
        self._remote = {"url": url, "options": dict(options)}
        self._free: list[_Helper] = []
        self._lock = Lock()

    def reach(self) -> None:
        """Make sure that the server answers."""
        list(self._ask({"do": "reach"}))

    def look(self, key: str) -> Found:
        """Return what is known of one file."""
        return next(iter(self._founds({"do": "look", "key": key})))

    def listing(self, prefix: str) -> Iterator[Found]:
        """Yield all files whose key begins with ``prefix``."""
        return iter(self._founds({"do": "listing", "key": prefix}))

    def read(self, key: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of a file."""
        asked = {"do": "read", "key": key, "offset": offset, "length": length}
        pieces = (data for _, data in self._ask(asked))
        if length is not None and length <= EAGER_BYTES:
            yield from list(pieces)
        else:
            yield from pieces

    def write(self, key: str, pieces: Iterable[bytes], size_bytes: int) -> None:
        """Refuse: nothing is written from here."""
        raise RefusedError("a forked process can only read")

    def delete(self, *keys: str) -> None:
        """Refuse: nothing is deleted from here."""
        raise RefusedError("a forked process can only read")

    def close(self) -> None:
        """End the processes."""
        with self._lock:
            free, self._free = self._free, []
        for helper in free:
            helper.end()

    def _founds(self, request: dict[str, Any]) -> list[Found]:
        import json

        return [Found(*json.loads(data)) for _, data in self._ask(request)]

    def _ask(self, request: dict[str, Any]) -> Iterator[tuple[bytes, bytes]]:
        """Yield the frames of an answer; one process does one request at a time."""
        with self._lock:
            helper = self._free.pop() if self._free else None
        helper = helper or _Helper(self._remote)
        is_done = False
        try:
            yield from helper.ask(request)
            is_done = True
        except WireError:
            is_done = helper.is_idle
            raise
        finally:
            if is_done:
                with self._lock:
                    self._free.append(helper)
            else:
                helper.end()


class _Helper:
    """One process, and the pipes to it."""

    def __init__(self, remote: dict[str, Any]) -> None:
        import json
        import subprocess

        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdin is not None  # noqa: S101 - both are pipes
        assert self._process.stdout is not None  # noqa: S101
        self._to, self._from = self._process.stdin, self._process.stdout
        self.is_idle = True
        self._send(remote)  # may hold passwords: not for the command line

    def _send(self, value: dict[str, Any]) -> None:
        import json

        try:
            self._to.write(json.dumps(value).encode() + b"\n")
            self._to.flush()
        except OSError:
            raise UnsteadyError("the process that asks the server has ended") from None

    def ask(self, request: dict[str, Any]) -> Iterator[tuple[bytes, bytes]]:
        """Send a request and yield the frames of its answer.

        Raises:
            WireError: What the client raised.
        """
        import json

        self.is_idle = False
        self._send(request)
        while True:
            kind, data = self._frame()
            if kind in b".E":
                self.is_idle = True
                if kind == b"E":
                    raise _error(json.loads(data))
                return
            yield kind, data

    def _frame(self) -> tuple[bytes, bytes]:
        head = self._from.read(5)
        size = int.from_bytes(head[1:], "big")
        data = self._from.read(size) if len(head) == 5 else b""
        if len(head) < 5 or len(data) < size:
            raise UnsteadyError("the process that asks the server has ended")
        return head[:1], data

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        for stream in (self._to, self._from):
            with suppress(OSError):
                stream.close()
        self._process.wait()


def _error(about: dict[str, Any]) -> WireError:
    kind = _ERRORS[about["kind"]]
    if kind is RefusedError:
        return RefusedError(about["why"], about["hint"])
    if kind is UnsteadyError:
        return UnsteadyError(about["why"], about["after_s"])
    return kind(about["why"])


def serve() -> None:
    """Answer requests on standard input until it ends."""
    import json

    from git_dvc.errors import GitDvcError
    from git_dvc.remote import kinds

    asked, out = os.fdopen(0, "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no frame
    remote = json.loads(asked.readline())
    wire: Wire | None = None
    for line in asked:
        try:
            wire = wire or kinds.connect(remote["url"], remote["options"])
            _answer(wire, json.loads(line), out)
            _put(out, b".")
        except WireError as problem:
            kind = next(
                (name for name, of in _ERRORS.items() if isinstance(problem, of)), "refused"
            )
            about = {
                "kind": kind,
                "why": str(problem),
                "hint": getattr(problem, "hint", ""),
                "after_s": getattr(problem, "after_s", 0),
            }
            _put(out, b"E", json.dumps(about).encode())
        except GitDvcError as problem:
            why = str(problem).removeprefix("error: ")
            _put(out, b"E", json.dumps({"kind": "refused", "why": why, "hint": ""}).encode())
        out.flush()


def _answer(wire: Wire, request: dict[str, Any], out: BinaryIO) -> None:
    import json

    do = request["do"]
    if do == "reach":
        wire.reach()
    elif do == "look":
        _put(out, b"F", json.dumps(wire.look(request["key"])).encode())
    elif do == "listing":
        for found in wire.listing(request["key"]):
            _put(out, b"F", json.dumps(found).encode())
    else:
        for piece in wire.read(request["key"], request["offset"], request["length"]):
            _put(out, b"D", bytes(piece))


def _put(out: BinaryIO, kind: bytes, data: bytes = b"") -> None:
    out.write(kind + len(data).to_bytes(4, "big") + data)
