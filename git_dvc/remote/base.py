"""The protocol of a remote: a place away from this machine that keeps objects by hash.

A remote is laid out like a cache (formats.md section 6): ``files/md5/b1/946ac9...`` for DVC 3's
objects, ``b1/946ac9...`` for DVC 2's. Its objects are asked for by the name of their hash
algorithm and their hash; where that is on the remote is the remote's own business.

What every remote keeps to:

* *Nothing wrong is stored.* What is sent is hashed on the way, and gets its name only if it
  hashes to it. What is fetched goes through ``Cache.store_object``, which does the same.
* *Members before manifests.* Who sees a directory's manifest on a remote may take it that its
  files are there; ``transfer.py`` sends in that order, ``publish`` in between.
* *Nothing is deleted on read.* What looks damaged is reported.

A remote remembers what it was seen to have (``Memory``), and asks again where asking is cheap.
``local.py`` is a folder; each other kind will be a module of its own that imports its client.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from git_dvc import hashing
from git_dvc.errors import FormatError
from git_dvc.progress import Progress
from git_dvc.store.cache import Cache

SizeOf = Callable[[str], "int | None"]
"""Returns the size in bytes that the object of a hash should have, or None if unknown."""


class Remote(Protocol):
    """A place with objects by hash.

    Attributes:
        name: As in the config.
        where: Its address as it may be shown: without passwords.
        memory: What it was seen to have.
    """

    name: str
    where: str
    memory: Memory

    def reach(self) -> None:
        """Make sure that it can be used now.

        Raises:
            RemoteError: It cannot; says why.
        """

    def is_whole(self, algorithm: str, value: str) -> bool:
        """Return whether a directory was seen whole, and nothing was taken away since."""

    def remember_whole(self, algorithm: str, values: Iterable[str]) -> None:
        """Note that these directories were just seen whole."""

    def lacks(self, algorithm: str, values: Iterable[str], size_of: SizeOf) -> set[str]:
        """Return those of many hashes that have no object, or one of a wrong size."""

    def all_hashes(self, algorithm: str) -> Iterator[str]:
        """Yield the hash of every object of one algorithm."""

    def put(self, source: Cache, value: str, progress: Progress) -> bool:
        """Send one object of a cache; it need not have its name before ``publish``.

        Returns:
            Whether it was sent; False if what the cache has is damaged.

        Raises:
            MissingObjectError: The cache does not have it.
            RemoteError: The remote failed.
        """

    def get(self, target: Cache, value: str, progress: Progress) -> bool:
        """Fetch one object into a cache.

        Returns:
            Whether it was stored; False if what the remote has is damaged.

        Raises:
            MissingObjectError: The remote does not have it.
            RemoteError: The remote failed.
        """

    def publish(self) -> None:
        """Give everything sent so far its name; durable when this returns."""

    def discard(self) -> None:
        """Drop what was sent and not published."""


class Memory:
    """What a remote was seen to have, by outputs: a file in Git's own directory of this clone.

    One line each, ``md5 <hash>``. It answers one question only: whether a remote that cannot be
    reached had something before. Losing the file costs nothing else.

    Args:
        folder: Where to keep it; made when there is something to keep.
        name: Of the file.
    """

    def __init__(self, folder: str, name: str = "seen") -> None:
        self.folder = folder
        self._path = os.path.join(folder, name)
        self._seen: set[tuple[str, str]] | None = None

    @property
    def was_used(self) -> bool:
        """Whether the remote had anything before."""
        return bool(self.seen)

    @property
    def seen(self) -> set[tuple[str, str]]:
        """Algorithm and hash of each output."""
        if self._seen is None:
            self._seen = set()
            try:
                with open(self._path, "rb") as stream:
                    lines = stream.read().decode("ascii", "replace").splitlines()
            except OSError:
                lines = []
            for line in lines:
                name, _, value = line.partition(" ")
                try:
                    self._seen.add((name, hashing.parse(value)))
                except FormatError:
                    continue  # cut off by a full disk
        return self._seen

    def add(self, objects: Iterable[tuple[str, str]]) -> None:
        """Remember outputs; failing is no error."""
        fresh = sorted(set(objects) - self.seen)
        if not fresh:
            return
        self.seen.update(fresh)
        try:
            os.makedirs(self.folder, exist_ok=True)
            with open(self._path, "ab") as stream:
                stream.write("".join(f"{name} {value}\n" for name, value in fresh).encode())
        except OSError:
            pass
