"""Any file: its size, and where its bytes begin to differ."""

from __future__ import annotations

from typing import BinaryIO

from git_dvc.compare.content.report import Content, Fact, Options, Report, counted

_BLOCK_BYTES = 1024 * 1024


class Binary:
    """The handler for what no other one can read."""

    kind = "binary"

    def claims(self, name: str, head: bytes) -> bool:
        """Return True."""
        return True

    def compare(self, old: Content | None, new: Content | None, options: Options) -> Report:
        """Return where two files differ."""
        facts = [
            Fact("size", *(None if one is None else counted(one.size_bytes, "byte")
                           for one in (old, new)))
        ]  # fmt: skip
        if old is None or new is None:
            return Report(self.kind, "")
        with old.open() as before, new.open() as after:
            first, same = first_difference(before, after)
        data = {"first_difference": first, "same_bytes": same}
        if first is None:
            return Report(self.kind, "the same bytes", facts, data=data)
        summary = f"the first {counted(first, 'byte')} are the same" if first else "differs at once"
        if old.size_bytes == new.size_bytes:
            differing = old.size_bytes - same
            summary = f"{counted(differing, 'byte')} changed, the first at {first:,}"
            if differing == 1:
                summary = f"1 byte changed, at {first:,}"
        return Report(self.kind, summary, facts, data=data)


def first_difference(old: BinaryIO, new: BinaryIO) -> tuple[int | None, int]:
    """Return where two streams begin to differ, from 0, and how many bytes are the same.

    The bytes are compared place by place. None: they do not differ.
    """
    first = None
    at = same = 0
    while True:
        before, after = old.read(_BLOCK_BYTES), new.read(_BLOCK_BYTES)
        if not before and not after:
            return first, same
        if before == after:
            same += len(before)
        else:
            equal = equal_places(before, after)
            if first is None:
                first = at + common_start(before, after)
            same += equal
        at += max(len(before), len(after))


def common_start(old: bytes, new: bytes) -> int:
    """Return how many bytes are the same at the beginning."""
    low, high = 0, min(len(old), len(new))
    if old[:high] == new[:high]:
        return high
    while high - low > 1:  # old[:low] is the same, old[:high] is not
        middle = (low + high) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle
    return low


def equal_places(old: bytes, new: bytes) -> int:
    """Return at how many places two pieces have the same byte."""
    length = min(len(old), len(new))
    different = int.from_bytes(old[:length], "big") ^ int.from_bytes(new[:length], "big")
    return different.to_bytes(length, "big").count(0) if length else 0
