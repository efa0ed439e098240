"""safetensors: which tensors were added, removed and changed, and by how much.

The format: eight bytes with the length of a JSON text, the text, the values of all tensors::

    {"__metadata__": {"format": "pt"},
     "layer.weight": {"dtype": "F32", "shape": [64, 3], "data_offsets": [0, 768]}}
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from git_dvc.compare.content import arrays, numbers
from git_dvc.compare.content.arrays import Stored
from git_dvc.compare.content.numbers import Dtype
from git_dvc.compare.content.report import Content, Fact, Options, Report, shown
from git_dvc.errors import FormatError

_LONGEST_HEAD = 32 * 1024**2
_MOST_TENSORS = 200_000
_TYPES = {
    "F64": Dtype("float64", 8, "f"), "F32": Dtype("float32", 4, "f"),
    "F16": Dtype("float16", 2, "f"), "BF16": Dtype("bfloat16", 2, "b"),
    "I64": Dtype("int64", 8, "i"), "I32": Dtype("int32", 4, "i"),
    "I16": Dtype("int16", 2, "i"), "I8": Dtype("int8", 1, "i"),
    "U64": Dtype("uint64", 8, "u"), "U32": Dtype("uint32", 4, "u"),
    "U16": Dtype("uint16", 2, "u"), "U8": Dtype("uint8", 1, "u"),
    "BOOL": Dtype("bool", 1, "?"), "C64": Dtype("complex64", 8, ""),
    "F8_E4M3": Dtype("float8_e4m3", 1, ""), "F8_E5M2": Dtype("float8_e5m2", 1, ""),
    "F8_E8M0": Dtype("float8_e8m0", 1, ""),
}  # fmt: skip


class Safetensors:
    """The handler for safetensors."""

    kind = "tensors"

    def claims(self, name: str, head: bytes) -> bool:
        """Return whether a file is called so, or begins as one."""
        if name.lower().endswith(".safetensors"):
            return True
        return len(head) > 9 and head[8:9] == b"{" and head[5:8] == b"\0\0\0" and b"dtype" in head

    def compare(self, old: Content | None, new: Content | None, options: Options) -> Report:
        """Return which tensors differ, and how.

        Raises:
            FormatError: It is no such file.
        """
        before, after = (None if one is None else _read(one) for one in (old, new))
        if before is None or after is None:
            there = before or after
            assert there is not None  # noqa: S101 - one of them is
            return arrays.one(there[0], self.kind, "tensor")
        facts = [
            Fact(f"metadata: {shown(key, 60)}", before[1].get(key), after[1].get(key))
            for key in {**before[1], **after[1]}
        ]
        return arrays.compare(before[0], after[0], options, self.kind, "tensor", facts)


def _read(content: Content) -> tuple[dict[str, Stored], dict[str, Any]]:
    with content.open() as file:
        start = file.read(8)
        if len(start) < 8:
            raise FormatError("not a safetensors file: it ends too early")
        (length,) = struct.unpack("<Q", start)
        if length > min(_LONGEST_HEAD, content.size_bytes - 8):
            raise FormatError("not a safetensors file: its head is too long")
        text = file.read(length)
    import json

    try:
        head = json.loads(text)
    except (ValueError, RecursionError):
        raise FormatError("not a safetensors file: its head is not JSON") from None
    if not isinstance(head, dict) or len(head) > _MOST_TENSORS:
        raise FormatError("not a safetensors file: its head cannot be understood")
    metadata = head.pop("__metadata__", {})
    found = {name: _tensor(content, name, about, 8 + length) for name, about in head.items()}
    return found, metadata if isinstance(metadata, dict) else {}


def _tensor(content: Content, name: str, about: Any, base: int) -> Stored:
    where = f"tensor '{name[:80]}'"
    try:
        kind, shape, (start, end) = about["dtype"], about["shape"], about["data_offsets"]
        sizes = (*shape, start, end)
    except (KeyError, TypeError, ValueError):
        raise FormatError(f"{where} cannot be understood") from None
    are_sizes = all(type(one) is int and 0 <= one < 2**62 for one in sizes)
    if not are_sizes or len(shape) > 64 or not isinstance(kind, str):
        raise FormatError(f"{where} cannot be understood")
    count = math.prod(shape)
    dtype = _TYPES.get(kind)
    if dtype is None:
        # A type that is younger than this: it can still be compared byte by byte.
        size = (end - start) // count if count else 1
        dtype = Dtype(kind.lower()[:20], max(size, 1), "")
    if not start <= end <= content.size_bytes - base or end - start != count * dtype.size:
        raise FormatError(f"{where} has other bytes than its shape says")
    return Stored(dtype, tuple(shape), False, partial(_opened, content, base + start))


@contextmanager
def _opened(content: Content, start: int) -> Iterator[numbers.Read]:
    with content.open() as file:
        file.seek(start)
        yield file.read
