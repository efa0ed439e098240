"""What ``gc`` may delete of the damaged objects that were set aside in ``<cache>/corrupt``.

Each is there as ``<hash>.<seconds since the epoch>`` (``Cache.quarantine``). It is the last trace
of its data as long as something names the hash and the cache has no sound object of it; then it
stays. What is younger than the grace period stays, too, and whatever else somebody put there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from git_dvc import fsutil, hashing
from git_dvc.errors import FormatError
from git_dvc.ops.marks import UNMARKED, Listed
from git_dvc.remote.base import Stored
from git_dvc.store.cache import Cache


class Damaged(NamedTuple):
    """A damaged object that was set aside.

    Attributes:
        path: Where it is.
        value: The hash that it should have.
        size_bytes: Its size.
        since_s: When it came there, or later; in seconds since the epoch.
    """

    path: str
    value: str
    size_bytes: int
    since_s: float


class Aside:
    """The damaged objects of one cache, and what names them.

    Args:
        root: The cache.
        cutoff_s: What came there since then stays, in seconds since the epoch.
    """

    def __init__(self, root: str, cutoff_s: float) -> None:
        self._root = root
        self._found = [one for one in damaged(root) if one.since_s < cutoff_s]
        stored = [Stored(one.value, one.size_bytes, one.since_s) for one in self._found]
        self.listed: Sequence[Listed] = (
            [Listed(name, stored, cutoff_s) for name in hashing.ALGORITHMS] if stored else []
        )
        """To be marked as the objects of a store are; its name does not tell the algorithm."""

    def leftovers(self) -> list[Damaged]:
        """Return those that may go, after everything that is needed was marked."""
        return [one for one in self._found if not self._is_named(one) or self._is_healed(one)]

    def _is_named(self, one: Damaged) -> bool:
        marks = [
            (listed.manifests if hashing.is_dir(one.value) else listed.files).mark_of(one.value)
            for listed in self.listed
        ]
        return any(mark != UNMARKED for mark in marks)

    def _is_healed(self, one: Damaged) -> bool:
        caches = (Cache(self._root, algorithm) for algorithm in hashing.ALGORITHMS.values())
        return any(cache.has(one.value) for cache in caches)


def damaged(root: str) -> Iterator[Damaged]:
    """Yield the damaged objects that a cache set aside."""
    folder = os.path.join(root, "corrupt")
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        value, _, when = name.rpartition(".")
        path = os.path.join(folder, name)
        found = fsutil.lstat(path)
        if found is None or not stat.S_ISREG(found.st_mode) or not when.isdecimal():
            continue
        try:
            value = hashing.parse(value)
        except FormatError:
            continue  # not ours
        # A rename is seen in the ctime, but not on every file system.
        since_s = max(found.st_mtime, found.st_ctime, float(when[:12]))
        yield Damaged(path, value, found.st_size, since_s)


def delete(found: Iterable[Damaged]) -> tuple[int, int, dict[str, str]]:
    """Delete them; return how many, their size, and why, by path, others could not be deleted."""
    count = size_bytes = 0
    failed: dict[str, str] = {}
    for one in found:
        try:
            os.unlink(one.path)
        except FileNotFoundError:
            continue
        except OSError as problem:
            failed[one.path] = (problem.strerror or str(problem)).lower()
            continue
        count += 1
        size_bytes += one.size_bytes
    return count, size_bytes, failed
