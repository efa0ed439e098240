"""Arrays of numbers: how many differ, and by how much.

NumPy does it where it is installed. Without it the standard library does the same, more slowly,
and stops after so many numbers that a person would not wait longer.
"""

from __future__ import annotations

import math
import struct
import sys
from array import array
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

_BLOCK_BYTES = 1024 * 1024
MOST_SLOW = 20_000_000
"""Numbers that are compared without NumPy; in blocks that are the same none is looked at."""

Read = Callable[[int], bytes]
"""Returns that many bytes, or fewer at the end."""


class Dtype(NamedTuple):
    """The type of a number in an array.

    Attributes:
        name: As NumPy calls it: ``float32``.
        size: In bytes.
        kind: ``f`` float, ``b`` bfloat16, ``i`` signed, ``u`` unsigned, ``?`` truth value, or
            '' for what can only be compared byte by byte.
        is_big: Whether the most significant byte comes first.
    """

    name: str
    size: int
    kind: str
    is_big: bool = False


class Changes(NamedTuple):
    """How many numbers differ.

    Attributes:
        changed: How many.
        compared: Of how many; less than there are if it would have taken too long.
        most: The largest difference; None if that means nothing for this type.
        mean: The mean difference, over all that were compared.
    """

    changed: int
    compared: int
    most: float | None
    mean: float | None


class _Sum:
    def __init__(self) -> None:
        self.changed = 0
        self.most = 0.0
        self.total = 0.0

    def add(self, differences: Sequence[float]) -> None:
        self.changed += len(differences)
        if differences:
            self.most = max(self.most, *differences)
            self.total += sum(differences)


def compare(old: Read, new: Read, count: int, old_type: Dtype, new_type: Dtype) -> Changes:
    """Return how two arrays of ``count`` numbers differ.

    Args:
        old: Reads the bytes of one.
        new: Reads those of the other.
        count: How many numbers each has.
        old_type: What they are in the old one.
        new_type: What they are in the new one.
    """
    done = slow = 0
    same_type = old_type == new_type
    is_number = bool(old_type.kind and new_type.kind)
    numpy: Any = None
    asked = False
    found = _Sum()
    step = max(1, _BLOCK_BYTES // max(old_type.size, new_type.size, 1))
    while done < count:
        some = min(step, count - done)
        before, after = old(some * old_type.size), new(some * new_type.size)
        if len(before) < some * old_type.size or len(after) < some * new_type.size:
            raise EOFError
        done += some
        if same_type and before == after:
            continue
        if not is_number:
            size = old_type.size
            found.changed += (
                sum(
                    before[at : at + size] != after[at : at + size]
                    for at in range(0, len(before), size)
                )
                if same_type
                else some
            )
            continue
        if not asked:  # it takes a while to load
            numpy, asked = _numpy(), True
        if numpy is not None:
            _with_numpy(numpy, before, after, old_type, new_type, found)
            continue
        slow += some
        found.add(_differing(_numbers(before, old_type), _numbers(after, new_type)))
        if slow >= MOST_SLOW:
            break
    if not is_number:
        return Changes(found.changed, done, None, None)
    mean = found.total / done if done else 0.0
    return Changes(found.changed, done, found.most, mean)


def _differing(old: Sequence[float], new: Sequence[float]) -> list[float]:
    """Return how far apart the numbers are that differ; what is no number is like itself."""
    return [
        math.inf if math.isnan(gap := abs(a - b)) else gap
        for a, b in zip(old, new, strict=True)
        if a != b and (a == a or b == b)
    ]


# -- with NumPy ---------------------------------------------------------------------------


def _numpy() -> Any:
    try:
        import numpy
    except ImportError:
        return None
    return numpy


def _with_numpy(
    numpy: Any, before: bytes, after: bytes, old_type: Dtype, new_type: Dtype, found: _Sum
) -> None:
    with numpy.errstate(all="ignore"):
        a, b = (_array(numpy, data, kind) for data, kind in ((before, old_type), (after, new_type)))
        differ = (a != b) & ~(numpy.isnan(a) & numpy.isnan(b))
        changed = int(differ.sum())
        if changed:
            gaps = numpy.abs(a[differ] - b[differ])
            gaps[numpy.isnan(gaps)] = numpy.inf
            found.changed += changed
            found.most = max(found.most, float(gaps.max()))
            found.total += float(gaps.sum())


def _array(numpy: Any, data: bytes, kind: Dtype) -> Any:
    order = ">" if kind.is_big else "<"
    if kind.kind == "b":
        wide = numpy.frombuffer(data, f"{order}u2").astype("u4") << 16
        return wide.view("f4").astype("f8")
    code = {"?": "u", "f": "f", "i": "i", "u": "u"}[kind.kind]
    found = numpy.frombuffer(data, f"{order}{code}{kind.size}")
    # Differences of 64-bit integers do not fit into floats exactly, but nearly.
    return found.astype("f8") if kind.size < 8 or kind.kind == "f" else found.astype("longdouble")


# -- without ------------------------------------------------------------------------------

_CODES = {
    ("f", 2): "e", ("f", 4): "f", ("f", 8): "d", ("?", 1): "B",
    ("i", 1): "b", ("i", 2): "h", ("i", 4): "i", ("i", 8): "q",
    ("u", 1): "B", ("u", 2): "H", ("u", 4): "I", ("u", 8): "Q",
}  # fmt: skip


def _numbers(data: bytes, kind: Dtype) -> Sequence[float]:
    if kind.kind == "b":
        halves = _numbers(data, Dtype("uint16", 2, "u", kind.is_big))
        wide = array("I", [int(half) << 16 for half in halves])
        return array("f", wide.tobytes())
    code = _CODES[kind.kind, kind.size]
    if code == "e":
        return struct.unpack(f"{'>' if kind.is_big else '<'}{len(data) // 2}e", data)
    found: array[Any] = array(code)
    found.frombytes(data)
    if kind.size > 1 and kind.is_big != (sys.byteorder == "big"):
        found.byteswap()
    return found


def supported(kind: str, size: int) -> bool:
    """Return whether numbers of a kind and size can be subtracted."""
    return (kind, size) in _CODES or (kind, size) == ("b", 2)
