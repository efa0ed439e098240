"""NumPy's files: ``.npy``, one array, and ``.npz``, a ZIP archive of such.

The format is NumPy's own (numpy/lib/format.py): a mark, a version, and a Python literal that has
``descr``, ``fortran_order`` and ``shape``, then the values. It is read here without NumPy, so
that nothing in a file is ever unpickled, and within limits: an archive may promise more than any
memory holds.
"""

from __future__ import annotations

import ast
import math
import re
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO

from git_dvc.compare.content import arrays, numbers
from git_dvc.compare.content.arrays import Stored
from git_dvc.compare.content.numbers import Dtype
from git_dvc.compare.content.report import Content, Options, Report
from git_dvc.errors import FormatError

MARK = b"\x93NUMPY"
_LONGEST_HEAD = 64 * 1024
_MOST_MEMBERS = 10_000
_MOST_DIRECTORY = 8 * 1024**2
MOST_UNPACKED = 4 * 1024**3
"""Bytes of all arrays of an archive, once unpacked; what promises more is not looked into."""
# What 'zipfile' says of damage, beside errors of what unpacks.
_BROKEN = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
    EOFError,
    OSError,
    struct.error,
)
_DESCR = re.compile(r"([<>|=])([a-zA-Z?])(\d+)")
_KINDS = {"f": "float", "i": "int", "u": "uint", "c": "complex", "b": "bool"}


class Npy:
    """The handler for ``.npy``."""

    kind = "array"

    def claims(self, name: str, head: bytes) -> bool:
        """Return whether a file begins as one."""
        return head.startswith(MARK)

    def compare(self, old: Content | None, new: Content | None, options: Options) -> Report:
        """Return how type, shape and values differ.

        Raises:
            FormatError: It is no such file.
        """
        before, after = (None if one is None else {"": _single(one)} for one in (old, new))
        if before is None or after is None:
            return arrays.one(before or after or {}, self.kind, "array")
        return arrays.compare(before, after, options, self.kind, "array")


class Npz:
    """The handler for ``.npz``."""

    kind = "arrays"

    def claims(self, name: str, head: bytes) -> bool:
        """Return whether a file is called so, and is a ZIP archive."""
        return name.lower().endswith(".npz") and head.startswith(b"PK")

    def compare(self, old: Content | None, new: Content | None, options: Options) -> Report:
        """Return which arrays differ, and how; errors as for ``Npy``."""
        try:
            before, after = (None if one is None else _members(one) for one in (old, new))
            if before is None or after is None:
                return arrays.one(before or after or {}, self.kind, "array")
            return arrays.compare(before, after, options, self.kind, "array")
        except _BROKEN as problem:
            raise FormatError(f"not a valid archive: {problem}") from None
        except Exception as problem:
            if type(problem).__module__ in ("zlib", "lzma", "_lzma"):
                raise FormatError(f"not a valid archive: {problem}") from None
            raise


def _single(content: Content) -> Stored:
    with content.open() as file:
        dtype, shape, by_column = head(file)
        start = file.tell()
    size = math.prod(shape) * dtype.size
    if content.size_bytes - start < size:
        raise FormatError("the values end too early")
    return Stored(dtype, shape, by_column, partial(_opened, content, start))


@contextmanager
def _opened(content: Content, start: int) -> Iterator[numbers.Read]:
    with content.open() as file:
        file.seek(start)
        yield file.read


def _members(content: Content) -> dict[str, Stored]:
    _check_directory(content)
    found = {}
    left = MOST_UNPACKED
    with content.open() as file, zipfile.ZipFile(file) as archive:
        listed = archive.infolist()
        if len(listed) > _MOST_MEMBERS:
            raise FormatError(f"more than {_MOST_MEMBERS:,} arrays")
        for info in listed:
            if not info.filename.endswith(".npy"):
                continue
            with archive.open(info) as member:
                dtype, shape, by_column = head(member)
            left -= math.prod(shape) * dtype.size
            if left < 0:
                raise FormatError(f"more than {MOST_UNPACKED // 1024**3} GiB once unpacked")
            name = info.filename.removesuffix(".npy")
            found[name] = Stored(
                dtype, shape, by_column, partial(_unpacked, content, info.filename)
            )
    return found


@contextmanager
def _unpacked(content: Content, name: str) -> Iterator[numbers.Read]:
    with (
        content.open() as file,
        zipfile.ZipFile(file) as archive,
        archive.open(name) as member,
    ):
        head(member)
        yield partial(_whole, member)


def _whole(file: Any, size: int) -> bytes:
    """Return so many bytes; one read of an archive may give fewer."""
    pieces = []
    while size > 0:
        piece = file.read(size)
        if not piece:
            break
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _check_directory(content: Content) -> None:
    """Refuse an archive whose list of members alone would fill the memory."""
    with content.open() as file:
        size = content.size_bytes
        file.seek(max(0, size - 66_000))
        end = file.read(66_000)
    at = end.rfind(b"PK\x05\x06")
    if at < 0 or len(end) < at + 20:
        raise FormatError("not a valid archive: it has no list of members")
    (length,) = struct.unpack_from("<I", end, at + 12)
    longer = end.rfind(b"PK\x06\x06", 0, at)
    if length == 0xFFFFFFFF and longer >= 0 and len(end) >= longer + 48:
        (length,) = struct.unpack_from("<Q", end, longer + 40)
    if length > _MOST_DIRECTORY:
        raise FormatError(f"its list of members is larger than {_MOST_DIRECTORY // 1024**2} MiB")


def head(file: BinaryIO | Any) -> tuple[Dtype, tuple[int, ...], bool]:
    """Read the beginning of an array; what follows are its values.

    Returns:
        The type of a value, the shape, and whether the order is Fortran's.

    Raises:
        FormatError: It is none.
    """
    start = _whole(file, 8)
    if len(start) < 8 or not start.startswith(MARK):
        raise FormatError("not a NumPy array")
    wide = start[6] >= 2
    length = _whole(file, 4 if wide else 2)
    if len(length) < (4 if wide else 2):
        raise FormatError("not a NumPy array: its head ends too early")
    (size,) = struct.unpack("<I" if wide else "<H", length)
    if size > _LONGEST_HEAD:
        raise FormatError("not a NumPy array: its head is too long")
    text = _whole(file, size)
    try:
        found = ast.literal_eval(text.decode("utf-8" if start[6] >= 3 else "latin-1").strip())
        descr, by_column, shape = found["descr"], found["fortran_order"], found["shape"]
    except (ValueError, SyntaxError, KeyError, TypeError, MemoryError, RecursionError):
        raise FormatError("not a NumPy array: its head cannot be understood") from None
    if not (
        isinstance(shape, tuple)
        and len(shape) <= 64
        and all(type(size) is int and 0 <= size < 2**62 for size in shape)
    ):
        raise FormatError("not a NumPy array: its shape cannot be understood")
    return _dtype(descr), shape, bool(by_column)


def _dtype(descr: object) -> Dtype:
    if isinstance(descr, list):
        fields = [one for one in descr if isinstance(one, tuple) and len(one) in (2, 3)]
        size = 0
        for one in fields:
            times = one[2] if len(one) == 3 else ()
            if not (isinstance(times, tuple) and all(type(n) is int and n >= 0 for n in times)):
                raise FormatError("not a NumPy array: its type cannot be understood")
            size += _dtype(one[1]).size * math.prod(times)
        if len(fields) != len(descr) or not 0 < size < 2**31:
            raise FormatError("not a NumPy array: its type cannot be understood")
        names = ", ".join(str(one[0])[:40] for one in fields[:8])
        return Dtype(f"record ({names})", size, "")
    match = _DESCR.fullmatch(descr) if isinstance(descr, str) else None
    if match is None:
        if isinstance(descr, str) and descr.lstrip("|").startswith("O"):
            raise FormatError("it holds Python objects, which are never loaded")
        match = re.fullmatch(r"([<>|=])([mM])(\d+)\[\w+\]", str(descr)[:40])
        if match is None:
            raise FormatError("not a NumPy array: its type cannot be understood")
    order, letter, digits = match[1], match[2], match[3]
    size = int(digits[:9])
    if letter == "O":
        raise FormatError("it holds Python objects, which are never loaded")
    if letter == "U":
        size *= 4
    if not 0 < size < 2**31:
        raise FormatError("not a NumPy array: its type cannot be understood")
    name = f"{_KINDS[letter]}{8 * size}" if letter in _KINDS else str(descr).lstrip("<>|=")
    if letter == "b":
        name = "bool"
    kind = {"b": "?"}.get(letter, letter)
    if not numbers.supported(kind, size):
        kind = ""
    return Dtype(name, size, kind, order == ">")
