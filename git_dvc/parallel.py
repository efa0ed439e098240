"""Doing one long job on two or more processors.

For tens of thousands of small files threads are slower than one (Python's lock), but
processes are not: a fork shares all that is loaded, does its part, and sends back bytes.

The parts must be independent, and doing one twice must be harmless: whatever goes wrong in
a child (it is killed, memory runs out, a file cannot be read), its part is done again by
the parent, where errors are reported as always. A child keeps the project's lock, so that
it also ends before anybody else starts if the parent is killed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from git_dvc.progress import Progress

Part = TypeVar("Part")

MOST_PROCESSES = 8
WORTH_IT = 20_000
"""Fewer files than this are not worth a second process."""

_COUNTERS = 2
_WORD = 8
_may_fork = True


def stay_in_one_process() -> None:
    """Fork no more: a library runs threads of its own now, and a fork would have only their locks.

    Threads of Python that have ended, or that a fork can do without, are no reason.
    """
    global _may_fork
    _may_fork = False


def join(*blobs: bytes) -> bytes:
    """Return several results as one; see ``unjoin``."""
    return b"".join(len(blob).to_bytes(_WORD, "big") + blob for blob in blobs)


def unjoin(data: bytes) -> list[bytes]:
    """Return the results that ``join`` put together."""
    blobs = []
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + _WORD], "big")
        at += _WORD
        blobs.append(data[at : at + size])
        at += size
    return blobs


def names_to_bytes(names: Iterable[str]) -> bytes:
    """Return names of files as bytes."""
    return "".join(f"{name}\0" for name in names).encode("utf-8", "surrogateescape")


def names_from_bytes(data: bytes) -> list[str]:
    """Return what ``names_to_bytes`` was given."""
    return data.decode("utf-8", "surrogateescape").split("\0")[:-1]


def processes(files: int) -> int:
    """Return how many processes to use for a number of small files."""
    if sys.platform != "linux" or files < WORTH_IT:
        return 1
    return max(1, min(len(os.sched_getaffinity(0)), MOST_PROCESSES, files // (WORTH_IT // 2)))


def split(items: Sequence[Part], count: int) -> list[Sequence[Part]]:
    """Return ``count`` runs of neighbours, of about the same length."""
    step = -(-len(items) // count)
    return [items[start : start + step] for start in range(0, len(items), step)]


def run(
    parts: Sequence[Part], work: Callable[[Part, Progress], bytes], progress: Progress
) -> list[bytes]:
    """Do every part, the first one here and each other in a process of its own.

    Args:
        parts: What to do.
        work: Does one part and returns what came of it.
        progress: Told of the files and bytes of all parts.

    Returns:
        The results in the order of the parts.

    Raises:
        Exception: What ``work`` raises, from the first part that fails.
    """
    if len(parts) == 1 or not _may_fork:
        return [work(part, progress) for part in parts]
    import mmap

    counters = mmap.mmap(-1, _COUNTERS * _WORD * len(parts))
    children: list[tuple[int, int]] = []
    try:
        for number, part in enumerate(parts[1:], 1):
            inherited = [fd for _, fd in children]
            children.append(_start(part, work, _Slot(counters, number), inherited))
        results = [work(parts[0], _All(progress, counters, len(parts)))]
        for part in parts[1:]:
            done = _finish(*children[0])
            children.pop(0)
            results.append(work(part, progress) if done is None else done)
    except BaseException:
        for pid, fd in children:
            _close(fd)  # whoever still writes to it ends with that
            _wait(pid)
        raise
    return results


def _start(
    part: Part, work: Callable[[Part, Progress], bytes], slot: Progress, inherited: Iterable[int]
) -> tuple[int, int]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    code = 1
    try:
        for fd in (reading, *inherited):
            os.close(fd)  # else the child before this one would not see its reader go
        with os.fdopen(writing, "wb") as stream:
            stream.write(b"+" + work(part, slot) + b"+")
        code = 0
    except BaseException:
        code = 1  # the parent does this part again and reports what is wrong
    finally:
        # No cleaning up: what is open belongs to the parent.
        os._exit(code)


def _finish(pid: int, fd: int) -> bytes | None:
    chunks = []
    with os.fdopen(fd, "rb") as stream:
        while chunk := stream.read(1 << 20):
            chunks.append(chunk)
    code = _wait(pid)
    data = b"".join(chunks)
    whole = code == 0 and len(data) >= 2 and data[:1] == b"+" == data[-1:]
    return data[1:-1] if whole else None


def _close(fd: int) -> None:
    try:
        os.close(fd)
    except OSError:
        pass  # closed when its reading was interrupted


def _wait(pid: int) -> int:
    while True:
        try:
            return os.waitpid(pid, 0)[1]
        except InterruptedError:
            continue
        except ChildProcessError:
            return 1


class _Slot:
    """Counts a child's progress where its parent sees it."""

    def __init__(self, counters: object, number: int) -> None:
        self._view = memoryview(counters).cast("Q")  # type: ignore[arg-type]
        self._at = number * _COUNTERS

    def start(self, label: str, files: int | None = None, size_bytes: int | None = None) -> None:
        """Do nothing: the parent knows the totals."""

    def advance(self, files: int = 0, size_bytes: int = 0) -> None:
        """Add what was done."""
        self._view[self._at] += files
        self._view[self._at + 1] += size_bytes

    def finish(self) -> None:
        """Do nothing."""

    def note(self, message: str) -> None:
        """Do nothing."""


class _All:
    """The parent's progress together with that of its children."""

    def __init__(self, progress: Progress, counters: object, count: int) -> None:
        self._progress = progress
        self._view = memoryview(counters).cast("Q")  # type: ignore[arg-type]
        self._count = count
        self._told = [0, 0]
        self._calls = 0

    def start(self, label: str, files: int | None = None, size_bytes: int | None = None) -> None:
        """Pass on."""
        self._progress.start(label, files, size_bytes)

    def advance(self, files: int = 0, size_bytes: int = 0) -> None:
        """Add what was done here, and now and then what the children did."""
        self._calls += 1
        if self._calls % 64 == 0:
            sums = [
                sum(self._view[number * _COUNTERS + kind] for number in range(1, self._count))
                for kind in range(_COUNTERS)
            ]
            files += sums[0] - self._told[0]
            size_bytes += sums[1] - self._told[1]
            self._told = sums
        self._progress.advance(files, size_bytes)

    def finish(self) -> None:
        """Pass on."""
        self._progress.finish()

    def note(self, message: str) -> None:
        """Pass on."""
        self._progress.note(message)
