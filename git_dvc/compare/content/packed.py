"""Compressed files: ``labels.csv.gz`` is compared as ``labels.csv`` would be.

Both versions are unpacked into temporary files, which are gone when the report is there. A small
file can unpack to any size, so there is a limit; beyond it the packed bytes are compared.
"""

from __future__ import annotations

import os
import posixpath
import tempfile
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

from git_dvc.compare.content.report import Content, Options, Report
from git_dvc.errors import FormatError

MOST_BYTES = 1024**3
_CHUNK_BYTES = 1024**2
_MARKS = {".gz": b"\x1f\x8b", ".bz2": b"BZh"}

Compare = Callable[[Content | None, Content | None, Options], Report]


class Unpacked(NamedTuple):
    """What was in a compressed file: a temporary file, and a name without the last suffix."""

    name: str
    path: str

    @property
    def size_bytes(self) -> int:
        """The size of what was in it."""
        return os.path.getsize(self.path)

    def open(self) -> BinaryIO:
        """Open it for reading."""
        return open(self.path, "rb")


class Packed:
    """The handler for compressed files.

    Args:
        compare: Compares what was in them.
    """

    kind = "compressed"

    def __init__(self, compare: Compare) -> None:
        self._compare = compare

    def claims(self, name: str, head: bytes) -> bool:
        """Return whether a file is compressed, and is called so."""
        stem, suffix = posixpath.splitext(name.lower())
        mark = _MARKS.get(suffix)
        return mark is not None and head.startswith(mark) and not stem.endswith(tuple(_MARKS))

    def compare(self, old: Content | None, new: Content | None, options: Options) -> Report:
        """Return what differs inside.

        Raises:
            FormatError: It cannot be unpacked.
        """
        with tempfile.TemporaryDirectory(prefix="git-dvc-") as folder:
            before, after = (
                None if one is None else _unpack(one, os.path.join(folder, name))
                for one, name in ((old, "old"), (new, "new"))
            )
            if before is not None and after is not None and _are_equal(before, after):
                return Report(self.kind, "the same content, compressed differently")
            return self._compare(before, after, options)


def _unpack(content: Content, path: str) -> Unpacked:
    import zlib

    stem, suffix = posixpath.splitext(content.name)
    size_bytes = 0
    try:
        with content.open() as packed, open(path, "wb") as target:
            source = _opened(packed, suffix.lower())
            while chunk := source.read(_CHUNK_BYTES):
                size_bytes += len(chunk)
                if size_bytes > MOST_BYTES:
                    raise FormatError(f"unpacks to more than {MOST_BYTES // 1024**2:,} MiB")
                target.write(chunk)
    except (OSError, EOFError, ValueError, ImportError, zlib.error) as problem:
        why = getattr(problem, "strerror", None) or str(problem)
        raise FormatError(f"cannot be unpacked: {why}") from None
    return Unpacked(stem, path)


def _opened(packed: BinaryIO, suffix: str) -> BinaryIO:
    if suffix == ".gz":
        import gzip

        return gzip.GzipFile(fileobj=packed, mode="rb")  # type: ignore[return-value]
    import bz2

    return bz2.BZ2File(packed, "rb")  # type: ignore[return-value]


def _are_equal(old: Unpacked, new: Unpacked) -> bool:
    if old.size_bytes != new.size_bytes:
        return False
    with old.open() as before, new.open() as after:
        while chunk := before.read(_CHUNK_BYTES):
            if chunk != after.read(_CHUNK_BYTES):
                return False
    return True
