"""Hash algorithms: which exist, what they are called, where their objects live.

The algorithm is a parameter of the store. ``md5`` is DVC 3's; ``md5-dos2unix`` is what
DVC 2 recorded (read, and written only for entries that stay unchanged); ``xxh128`` is the
fast one that DVC cannot express, for stores that only git-dvc reads.

A hash is text that came from a repository until it is checked: ``parse`` is the one door
(S9 of the threat model), and only what passed it becomes a path in a cache.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from git_dvc.errors import FormatError

BUFFER_BYTES = 256 * 1024
"""Read size; larger buffers leave the processor's cache and are slower (measured)."""

DIR_SUFFIX = ".dir"

_HEX32 = re.compile(r"[0-9a-f]{32}(?:\.dir)?")


class Hasher(Protocol):
    """What ``hashlib`` and ``xxhash`` objects have in common."""

    def update(self, data: Any, /) -> None:
        """Add bytes."""

    def hexdigest(self) -> str:
        """Return the hash of all bytes added, in lower-case hex."""


NewHasher = Callable[..., Hasher]
"""Makes a hasher, empty or over the bytes it is given."""


class Algorithm(NamedTuple):
    """One hash algorithm.

    Attributes:
        name: As recorded in ``hash:`` of a pointer file.
        folder: Path of its objects below a cache or remote, with ``/``; empty for the
            old layout of DVC 2, which has the objects at the top.
        load: Imports what makes hashers, and returns it. Loops over many files call it once.
    """

    name: str
    folder: str
    load: Callable[[], NewHasher]

    def new(self) -> Hasher:
        """Return an empty hasher."""
        return self.load()()


def _md5() -> NewHasher:
    from functools import partial
    from hashlib import md5

    return partial(md5, usedforsecurity=False)


def _xxh128() -> NewHasher:
    from xxhash import xxh3_128

    return xxh3_128


_TEXT_BYTES = bytes(range(32, 127)) + b"\n\r\t\f\b"
DOS2UNIX_CHUNK_BYTES = 1024 * 1024


def _looks_like_text(block: bytes) -> bool:
    if not block:
        return True
    if b"\0" in block:
        return False
    return len(block.translate(None, _TEXT_BYTES)) / len(block) <= 0.30


class Dos2UnixMd5:
    """DVC 2's hash: MD5 over content whose CRLF became LF where it looks like text.

    Works by chunks of 1 MiB as DVC did, with the text test on the first 512 bytes of
    each, so a CRLF that a chunk border splits stays as it is.
    """

    def __init__(self, data: bytes = b"") -> None:
        self._md5 = _md5()()
        self._pending = bytearray()
        if data:
            self.update(data)

    def update(self, data: Any, /) -> None:
        """Add bytes."""
        self._pending += data
        while len(self._pending) >= DOS2UNIX_CHUNK_BYTES:
            chunk = bytes(self._pending[:DOS2UNIX_CHUNK_BYTES])
            del self._pending[:DOS2UNIX_CHUNK_BYTES]
            self._add(self._md5, chunk)

    @staticmethod
    def _add(md5: Hasher, chunk: bytes) -> None:
        md5.update(chunk.replace(b"\r\n", b"\n") if _looks_like_text(chunk[:512]) else chunk)

    def hexdigest(self) -> str:
        """Return the hash of all bytes added, in lower-case hex."""
        if self._pending:
            chunk, self._pending = bytes(self._pending), bytearray()
            self._add(self._md5, chunk)
        return self._md5.hexdigest()


MD5 = Algorithm("md5", "files/md5", _md5)
MD5_DOS2UNIX = Algorithm("md5-dos2unix", "", lambda: Dos2UnixMd5)
XXH128 = Algorithm("xxh128", "files/xxh128", _xxh128)

ALGORITHMS = {algorithm.name: algorithm for algorithm in (MD5, MD5_DOS2UNIX, XXH128)}


def parse(text: object, *, field: str = "md5") -> str:
    """Return ``text`` as a hash that may become a cache path, or raise.

    Integers are accepted as YAML may read them, upper case is lowered (both as DVC).

    Raises:
        FormatError: Not 32 hex digits with an optional ``.dir``.
    """
    value = ""
    if isinstance(text, str):
        value = text.lower()
    elif isinstance(text, int):  # Python itself refuses to write out a huge one
        value = str(text) if 0 <= text < 10**32 else "a number"
    if not _HEX32.fullmatch(value):
        raise FormatError(f"{field}: not a hash: {(value or str(text))[:60]!r}")
    return value


def is_dir(value: str) -> bool:
    """Return whether a hash names a directory's manifest."""
    return value.endswith(DIR_SUFFIX)


def of_bytes(data: bytes, algorithm: Algorithm = MD5) -> str:
    """Return the hash of ``data`` in hex."""
    hasher = algorithm.new()
    hasher.update(data)
    return hasher.hexdigest()
