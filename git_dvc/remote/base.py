"""The protocol of a remote: a place away from this machine that keeps objects by hash.

A remote is laid out like a cache (formats.md section 6): ``files/md5/b1/946ac9...`` for DVC 3's
objects, ``b1/946ac9...`` for DVC 2's. Its objects are asked for by the name of their hash
algorithm and their hash; where that is on the remote is the remote's own business.

What every remote keeps to:

* *Nothing wrong is stored.* What is sent is hashed on the way, and gets its name only if it
  hashes to it. What is fetched goes through ``Cache.store_object``, which does the same.
* *Members before manifests.* Who sees a directory's manifest on a remote may take it that its
  files are there; ``transfer.py`` sends in that order.
* *Nothing is deleted on read.* What looks damaged is reported.

A remote remembers what it was seen to have (``Memory``), and asks again where asking is cheap.
``local.py`` is a folder, ``objects.py`` everything that is reached by a ``Wire``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from git_dvc import fsutil, hashing
from git_dvc.errors import FormatError
from git_dvc.progress import Progress
from git_dvc.store.cache import Cache

SizeOf = Callable[[str], "int | None"]
"""Returns the size in bytes that the object of a hash should have, or None if unknown."""


class Stored(NamedTuple):
    """An object on a remote.

    Attributes:
        value: Its hash.
        size_bytes: Its size; None if unknown.
        mtime_s: When it was written, in seconds since the epoch; None if unknown.
    """

    value: str
    size_bytes: int | None
    mtime_s: float | None


class Got(NamedTuple):
    """What did not come.

    Attributes:
        missing: Hashes that the remote does not have.
        damaged: Hashes of which the remote has something else.
    """

    missing: list[str]
    damaged: list[str]


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

    def wholes(self, algorithm: str, values: Iterable[str]) -> set[str]:
        """Return those of many directories that were seen whole, and are as far as can be told.

        A folder tells whether anything was taken away since; a server, whether the manifest is
        still there, which is the first to go.
        """

    def remember_whole(self, algorithm: str, values: Iterable[str]) -> None:
        """Note that these directories were just seen whole."""

    def lacks(self, algorithm: str, values: Iterable[str], size_of: SizeOf) -> set[str]:
        """Return those of many hashes that have no object, or one of a wrong size."""

    def stored(self, algorithm: str) -> Iterator[Stored]:
        """Yield every object of one algorithm."""

    def put_all(
        self, source: Cache, values: Sequence[str], progress: Progress, jobs: int | None = None
    ) -> list[str]:
        """Send objects of a cache; when this returns, they have their names and are durable.

        Args:
            source: Where they are; tells the algorithm.
            values: Their hashes; in this order, as far as one goes after another.
            progress: Told of bytes, and of each object as a file.
            jobs: How many at a time, at most.

        Returns:
            Those that were not sent, because what the cache has is damaged or gone.

        Raises:
            RemoteError: The remote failed; what was sent before stays.
        """

    def get_all(
        self, target: Cache, values: Sequence[str], progress: Progress, jobs: int | None = None
    ) -> Got:
        """Fetch objects into a cache; arguments as for ``put_all``.

        Raises:
            RemoteError: The remote failed; what came before stays.
        """

    def read(
        self, algorithm: str, value: str, offset: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        """Yield bytes of one object as they are there: nothing is checked.

        Raises:
            MissingObjectError: There is none.
            RemoteError: The remote failed.
        """

    def delete(self, algorithm: str, values: Iterable[str], progress: Progress) -> int:
        """Take objects away and forget what was seen whole; return how many there were."""

    def run_records(self) -> Iterator[str]:
        """Yield the paths below ``runs`` of all that is there: the run cache.

        Raises:
            RemoteError: It cannot be listed.
        """

    def read_run_record(self, path: str) -> bytes:
        """Return a small file below ``runs`` as it is there: nothing is checked.

        Raises:
            RemoteError: There is none, or the remote failed.
        """

    def write_run_record(self, path: str, data: bytes) -> None:
        """Make a small file below ``runs``, whole or not at all."""

    def close(self) -> None:
        """Hang up, and close the records."""


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

    def forget(self, objects: Iterable[tuple[str, str]]) -> None:
        """Forget outputs that are about to be deleted there; failing leaves all as it is.

        Raises:
            OSError: They cannot be forgotten.
        """
        gone = self.seen.intersection(objects)
        if gone:
            self.seen.difference_update(gone)
            text = "".join(f"{name} {value}\n" for name, value in sorted(self.seen))
            fsutil.atomic_write(self._path, text.encode("ascii"), self.folder)
