"""The simplest wire: files in a folder. It counts its calls, and tests make them fail."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from git_dvc.remote.wire import TEMPORARY, AbsentError, Found

Fault = Callable[[str, str, int], None]
"""Is told of each call (its name, the key, how many bytes have gone), and may raise."""


class FolderWire:
    """A wire to a folder.

    Attributes:
        calls: How often each method was called.
        fault: See ``Fault``.
    """

    can_list = True
    jobs = 4
    deletes = 2
    piece_bytes = 64 * 1024

    def __init__(self, top: Path) -> None:
        self.top = top
        self.where = f"folder://{top}"
        self.calls: Counter[str] = Counter()
        self.fault: Fault = lambda name, key, at: None
        self._lock = threading.Lock()
        self._number = 0

    def _called(self, name: str, key: str) -> None:
        with self._lock:
            self.calls[name] += 1
        self.fault(name, key, 0)

    def reach(self) -> None:
        self._called("reach", "")

    def look(self, key: str) -> Found:
        self._called("look", key)
        if (self.top / key).is_dir():
            raise AbsentError(key)
        try:
            return self._found(key)
        except (FileNotFoundError, NotADirectoryError):
            raise AbsentError(key) from None

    def _found(self, key: str) -> Found:
        found = os.stat(self.top / key)
        return Found(key, found.st_size, found.st_mtime)

    def listing(self, prefix: str) -> Iterator[Found]:
        self._called("listing", prefix)
        for folder, _, names in sorted(os.walk(self.top / prefix)):
            for name in sorted(names):
                yield self._found((Path(folder) / name).relative_to(self.top).as_posix())

    def read(self, key: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        self._called("read", key)
        try:
            stream = (self.top / key).open("rb")
        except (FileNotFoundError, NotADirectoryError):
            raise AbsentError(key) from None
        with stream:
            stream.seek(offset)
            left = os.fstat(stream.fileno()).st_size if length is None else length
            while piece := stream.read(min(self.piece_bytes, left)):
                self.fault("reading", key, offset)
                yield piece
                offset += len(piece)
                left -= len(piece)

    def write(self, key: str, pieces: Iterable[bytes], size_bytes: int) -> None:
        self._called("write", key)
        with self._lock:
            self._number += 1
            temporary = self.top / TEMPORARY / str(self._number)
        temporary.parent.mkdir(parents=True, exist_ok=True)
        at = 0
        try:
            with open(temporary, "wb") as stream:
                for piece in pieces:
                    self.fault("writing", key, at)
                    stream.write(piece)
                    at += len(piece)
            assert at == size_bytes
            (self.top / key).parent.mkdir(parents=True, exist_ok=True)
            temporary.replace(self.top / key)
        finally:
            temporary.unlink(missing_ok=True)

    def delete(self, *keys: str) -> None:
        for key in keys:
            self._called("delete", key)
            (self.top / key).unlink(missing_ok=True)

    def close(self) -> None:
        self._called("close", "")
