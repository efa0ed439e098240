"""What two large files have in common at their ends, so that only what is between is looked at.

Most of what changes in a large file is a few lines in it, or lines behind it. The bytes at both
ends that are the same are found without taking them apart, at the speed of reading.
"""

from __future__ import annotations

from typing import BinaryIO, NamedTuple

from git_dvc.compare.content.binary import common_start

_BLOCK_BYTES = 1024 * 1024


class Middle(NamedTuple):
    """The bytes from ``start`` to the ends, which are places in either file.

    Attributes:
        start: Where the lines begin to differ.
        old_end: Where the lines of the old one are the same again.
        new_end: Where those of the new one are.
        lines_before: Line ends before ``start``.
        lines_after: Line ends from the ends on.
        blank: Whether there may be an empty line in what is the same.
    """

    start: int
    old_end: int
    new_end: int
    lines_before: int
    lines_after: int
    blank: bool


class _Same(NamedTuple):
    """Whole lines that are the same."""

    size: int = 0
    lines: int = 0
    blank: bool = False


def middle(
    old: BinaryIO, old_size: int, new: BinaryIO, new_size: int, *, stop: bytes = b""
) -> Middle:
    """Return which lines of two files differ, from the first to the last such line.

    Args:
        old: One file.
        old_size: Its size in bytes.
        new: The other.
        new_size: Its size.
        stop: A byte that ends what is taken for the same, as '"' in a table: behind it, line ends
            may be a part of a cell.
    """
    start = _from_start(old, new, stop)
    end = _from_end(old, old_size, new, new_size, min(old_size, new_size) - start.size, stop)
    return Middle(
        start.size,
        old_size - end.size,
        new_size - end.size,
        start.lines,
        end.lines,
        start.blank or end.blank,
    )


def _from_start(old: BinaryIO, new: BinaryIO, stop: bytes) -> _Same:
    old.seek(0)
    new.seek(0)
    done = lines = 0
    blank = False
    best = _Same()
    while True:
        before, after = old.read(_BLOCK_BYTES), new.read(_BLOCK_BYTES)
        same = common_start(before, after)
        stopped = before.find(stop, 0, same) if stop else -1
        if stopped >= 0:
            same = stopped
        piece = before[:same]
        blank = blank or _has_blank(piece)
        upto = piece.rfind(b"\n") + 1
        if upto:
            best = _Same(done + upto, lines + piece.count(b"\n"), blank)
        done += same
        lines += piece.count(b"\n")
        if same < _BLOCK_BYTES:
            return best


def _from_end(
    old: BinaryIO, old_size: int, new: BinaryIO, new_size: int, most: int, stop: bytes
) -> _Same:
    done = lines = 0
    blank = False
    best = _Same()
    while done < most:
        length = min(_BLOCK_BYTES, most - done)
        old.seek(old_size - done - length)
        new.seek(new_size - done - length)
        before, after = old.read(length), new.read(length)
        same = common_start(before[::-1], after[::-1])
        stopped = before.rfind(stop, length - same) if stop else -1
        if stopped >= 0:
            same = length - stopped - 1
        piece = before[length - same :]
        first = piece.find(b"\n")  # what follows on it begins with a whole line
        kept = piece[first + 1 :]
        blank = blank or _has_blank(piece if same == length else kept)
        if first >= 0:
            best = _Same(done + len(kept), lines + kept.count(b"\n"), blank)
        done += same
        lines += piece.count(b"\n")
        if same < length:
            break
    return best


def _has_blank(piece: bytes) -> bool:
    # What is before its first byte may be a line end.
    return b"\n\n" in piece or b"\n\r\n" in piece or piece[:1] in (b"\n", b"\r")
