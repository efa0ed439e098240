"""Marking what must stay in a store: its objects as sorted numbers, and a reason for each.

A store may have millions of objects, and a history names each of them many times over. So an
object is the first 64 bits of its hash in an array, found by bisection, with one byte for why
it stays; memory grows with what the store holds (26 bytes an object), not with what names it.
Two objects that begin alike are kept or deleted together, which only ever keeps more.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator

from git_dvc import hashing
from git_dvc.remote.base import Stored

UNMARKED, YOUNG = 0, 255
"""Marks of objects that nothing names; the second if they are too young to go."""

_FULL = 64


def number_of(value: str) -> int:
    """Return the first half of a hash as a number."""
    return int(value[:16], 16)


class Inventory:
    """The objects of one kind (files, or manifests) in one store, as they were listed.

    Args:
        found: The objects.
        cutoff_s: What was written since is young, in seconds since the epoch.
        timeless: Whether an object of which the server does not say when is young.
    """

    def __init__(self, found: Iterable[Stored], cutoff_s: float, *, timeless: bool = True) -> None:
        self._first = array("Q")
        self._second = array("Q")
        self._sizes = array("Q")
        self._marks = bytearray()
        in_order = True
        last = -1
        for value, size_bytes, mtime_s in found:
            first = number_of(value)
            in_order = in_order and last <= first
            last = first
            self._first.append(first)
            self._second.append(int(value[16:32], 16))
            self._sizes.append(size_bytes or 0)
            young = timeless if mtime_s is None else mtime_s >= cutoff_s
            self._marks.append(YOUNG if young else UNMARKED)
        if not in_order:
            self._sort()
        self._last: set[int] = set()
        self._claimed = bytearray()

    def _sort(self) -> None:
        order = array("Q", sorted(range(len(self._first)), key=self._first.__getitem__))
        self._first = array("Q", (self._first[at] for at in order))
        self._second = array("Q", (self._second[at] for at in order))
        self._sizes = array("Q", (self._sizes[at] for at in order))
        self._marks = bytearray(self._marks[at] for at in order)

    def __len__(self) -> int:
        return len(self._first)

    def _places(self, number: int) -> Iterator[int]:
        at = bisect_left(self._first, number)
        while at < len(self._first) and self._first[at] == number:
            yield at
            at += 1

    def mark(self, numbers: Collection[int], reason: int) -> None:
        """Mark objects, those that nothing else marked before.

        Args:
            numbers: See ``number_of``; what is not in the store does not matter.
            reason: Why, from 1 to 254.
        """
        # One version of a directory after the other names almost the same files.
        fresh = set(numbers)
        if len(fresh) > _FULL:
            fresh, self._last = fresh - self._last, fresh
        first, marks, length = self._first, self._marks, len(self._first)
        for number in fresh:
            at = bisect_left(first, number)
            while at < length and first[at] == number:
                if marks[at] in (UNMARKED, YOUNG):
                    marks[at] = reason
                at += 1

    def unmark(self, wanted: set[int]) -> None:
        """Let objects go after all."""
        for number in wanted:
            for at in self._places(number):
                self._marks[at] = UNMARKED

    def mark_of(self, value: str) -> int | None:
        """Return an object's mark, None if the store lacks it."""
        second = int(value[16:32], 16)
        for at in self._places(number_of(value)):
            if self._second[at] == second:
                return self._marks[at]
        return None

    def claim(self, numbers: Collection[int]) -> tuple[int, int]:
        """Return number and bytes of those objects that are to go and were not claimed before."""
        fresh = set(numbers)
        if len(fresh) > _FULL:
            fresh, self._last = fresh - self._last, fresh
        if not self._claimed:
            self._claimed = bytearray(len(self._first))
        count = size_bytes = 0
        for number in fresh:
            for at in self._places(number):
                if self._marks[at] == UNMARKED and not self._claimed[at]:
                    self._claimed[at] = 1
                    count += 1
                    size_bytes += self._sizes[at]
        return count, size_bytes

    def claimed(self) -> tuple[int, int]:
        """Return number and bytes of all that was claimed."""
        size_bytes = sum(size for size, one in zip(self._sizes, self._claimed, strict=False) if one)
        return sum(self._claimed), size_bytes

    def total(self, mark: int) -> tuple[int, int]:
        """Return number and bytes of the objects with a mark."""
        pairs = zip(self._sizes, self._marks, strict=True)
        size_bytes = sum(size for size, found in pairs if found == mark)
        return self._marks.count(mark), size_bytes

    def values(self, *marks: int) -> Iterator[str]:
        """Yield the hashes of the objects with one of some marks, without any suffix."""
        wanted = frozenset(marks)
        for at, mark in enumerate(self._marks):
            if mark in wanted:
                yield f"{self._first[at]:016x}{self._second[at]:016x}"

    def marked(self) -> Iterator[str]:
        """Yield the hashes of the objects that something names, without any suffix."""
        return self.values(*range(1, YOUNG))


class Listed:
    """All objects of one hash algorithm in one store.

    Attributes:
        algorithm: The name of the algorithm.
        files: Its files.
        manifests: Its lists of files.
    """

    def __init__(
        self, algorithm: str, found: Iterable[Stored], cutoff_s: float, *, timeless: bool = True
    ) -> None:
        self.algorithm = algorithm
        manifests: list[Stored] = []
        files = _without_manifests(found, manifests)
        self.files = Inventory(files, cutoff_s, timeless=timeless)
        self.manifests = Inventory(manifests, cutoff_s, timeless=timeless)

    def values(self, mark: int) -> Iterator[str]:
        """Yield the hashes of the objects with a mark, manifests first."""
        yield from (value + hashing.DIR_SUFFIX for value in self.manifests.values(mark))
        yield from self.files.values(mark)

    def total(self, mark: int) -> tuple[int, int]:
        """Return number and bytes of the objects with a mark."""
        one, other = self.manifests.total(mark), self.files.total(mark)
        return one[0] + other[0], one[1] + other[1]


def _without_manifests(found: Iterable[Stored], manifests: list[Stored]) -> Iterator[Stored]:
    for stored in found:
        if hashing.is_dir(stored.value):
            manifests.append(stored)
        else:
            yield stored
