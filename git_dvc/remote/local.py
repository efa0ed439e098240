"""A remote in a folder: a second disk, a network drive, a shared directory.

It has the layout and the write protocol of a cache (``store/cache.py``): a temporary name in
``<root>/tmp``, hashed while it is written, read-only, durable, renamed. So two who push at once
cannot hurt each other, and a push that was killed leaves whole objects and files in ``tmp``.

The folder is made if it is missing, as DVC does. But a drive that is not mounted looks like a
missing folder, too, or like an empty one; so where this clone has seen data before and now
finds none at all, it refuses instead of starting a second store on the wrong disk.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence

from git_dvc import fsutil, hashing, parallel
from git_dvc.errors import MissingObjectError, RemoteError, RemoteGoneError, quoted
from git_dvc.formats import runrecord
from git_dvc.progress import Progress
from git_dvc.remote.base import Got, Memory, SizeOf, Stored
from git_dvc.store.cache import Cache
from git_dvc.store.state import State, pack, unpack

_PIECE_BYTES = 1024 * 1024


class LocalRemote:
    """A folder with objects; see ``Remote`` in ``base.py`` for its methods.

    Args:
        name: As in the config.
        root: The folder.
        memory: Directory of this clone's records about it.
        shared: Directories belong to the group (``remote.<name>.shared = group``).
        durable: Wait for the disk before an object gets its name.
    """

    def __init__(
        self, name: str, root: str, memory: str, *, shared: bool = False, durable: bool = True
    ) -> None:
        self.name = name
        self.where = root
        self.memory = Memory(memory)
        self._shared = shared
        self._durable = durable
        self._state = State(memory, memory)
        self._stores: dict[str, Cache] = {}
        self._looks: dict[str, str] = {}

    def close(self) -> None:
        """Close the records."""
        self._state.close()

    def _store(self, algorithm: str) -> Cache:
        if algorithm not in self._stores:
            # Without a state: what others did to a shared folder is never taken from a record.
            self._stores[algorithm] = Cache(
                self.where,
                hashing.ALGORITHMS[algorithm],
                shared=self._shared,
                durable=self._durable,
            )
        return self._stores[algorithm]

    def reach(self) -> None:
        """Raise RemoteError unless the folder can be used; nothing is made yet."""
        try:
            found = os.stat(self.where)
        except (FileNotFoundError, NotADirectoryError):
            found = None
        except OSError as problem:
            raise self._failed(problem) from None
        if found is not None and not stat.S_ISDIR(found.st_mode):
            raise RemoteError(self.name, self.where, "not a directory")
        if self.memory.was_used and not self._has_data():
            raise RemoteGoneError(self.name, self.where)

    def _has_data(self) -> bool:
        """Return whether the folder looks like a store, of DVC 3 or of DVC 2."""
        if os.path.isdir(os.path.join(self.where, *hashing.MD5.folder.split("/"))):
            return True
        try:
            return any(len(name) == 2 for name in os.listdir(self.where))
        except PermissionError as problem:
            raise self._failed(problem) from None
        except OSError:
            return False

    def _failed(self, problem: OSError) -> RemoteError:
        return RemoteError(self.name, self.where, (problem.strerror or str(problem)).lower())

    # -- looking ----------------------------------------------------------------------------

    def _look(self, algorithm: str) -> str:
        """Return a fingerprint of the shards, taken once until something is published."""
        if algorithm not in self._looks:
            self._looks[algorithm] = self._store(algorithm).looks()
        return self._looks[algorithm]

    def wholes(self, algorithm: str, values: Iterable[str]) -> set[str]:
        """Return those directories that were seen whole; no shard has changed since."""
        seen = {value: self._state.whole_at(algorithm, value) for value in values}
        return {value for value, look in seen.items() if look and look == self._look(algorithm)}

    def remember_whole(self, algorithm: str, values: Iterable[str]) -> None:
        """Note that these directories were just seen whole."""
        look = self._look(algorithm)
        if look:
            self._state.remember_wholes(algorithm, values, look)

    def lacks(self, algorithm: str, values: Iterable[str], size_of: SizeOf) -> set[str]:
        """Return those of many hashes that have no object, or one of a wrong size."""
        store = self._store(algorithm)
        wanted = set(values)
        missing = store.lacks(wanted)
        for value in wanted - missing:
            size = size_of(value)
            if size is not None and store.size(value) != size:
                missing.add(value)
        return missing

    def stored(self, algorithm: str) -> Iterator[Stored]:
        """Yield every object of one algorithm."""
        store = self._store(algorithm)
        for value in store.all_hashes():
            found = fsutil.lstat(store.path(value))
            if found is not None and stat.S_ISREG(found.st_mode):
                yield Stored(value, found.st_size, found.st_mtime)

    # -- moving -----------------------------------------------------------------------------

    def put_all(
        self, source: Cache, values: Sequence[str], progress: Progress, jobs: int | None = None
    ) -> list[str]:
        """Send objects of a cache, many on several processors; return those damaged there."""

        def work(part: Sequence[str], watch: Progress) -> bytes:
            bad = []
            try:
                for value in part:
                    if not self._put(source, value, watch):
                        bad.append(value)
                    watch.advance(1)
                self._publish()
            except BaseException:
                self._discard()  # here, as each process has its own
                raise
            return parallel.names_to_bytes(bad)

        self._looks.clear()
        bad: list[str] = []
        for data in parallel.run(_parts(values, jobs), work, progress):
            bad += parallel.names_from_bytes(data)
        return bad

    def get_all(
        self, target: Cache, values: Sequence[str], progress: Progress, jobs: int | None = None
    ) -> Got:
        """Fetch objects into a cache, many on several processors."""
        if not os.path.isdir(self.where):
            progress.note(f"{self.name}: there is no folder {quoted(self.where)}")

        def work(part: Sequence[str], watch: Progress) -> bytes:
            got = Got([], [])
            try:
                for value in part:
                    try:
                        if not self._get(target, value, watch):
                            got.damaged.append(value)
                    except MissingObjectError:
                        got.missing.append(value)
                    watch.advance(1)
                target.publish()
            except BaseException:
                target.discard()
                raise
            return parallel.join(*map(parallel.names_to_bytes, got), pack(target.new_records()))

        all_got = Got([], [])
        for data in parallel.run(_parts(values, jobs), work, progress):
            missing, damaged, records = parallel.unjoin(data)
            all_got.missing.extend(parallel.names_from_bytes(missing))
            all_got.damaged.extend(parallel.names_from_bytes(damaged))
            target.take_records(unpack(records))
        target.flush()
        return all_got

    def read(
        self, algorithm: str, value: str, offset: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        """Yield bytes of one object as they are there: nothing is checked."""
        try:
            fd = self._store(algorithm).open_object(value)
        except OSError as problem:
            raise self._failed(problem) from problem
        try:
            left = sys.maxsize if length is None else length
            while left > 0:
                piece = os.pread(fd, min(_PIECE_BYTES, left), offset)
                if not piece:
                    return
                yield piece
                offset += len(piece)
                left -= len(piece)
        except OSError as problem:
            raise self._failed(problem) from problem
        finally:
            os.close(fd)

    def delete(self, algorithm: str, values: Iterable[str], progress: Progress) -> int:
        """Take objects away and forget what was seen whole; return how many there were."""
        self._looks.clear()
        store = self._store(algorithm)
        count = 0
        for value in values:
            try:
                os.unlink(store.path(value))
                count += 1
            except FileNotFoundError:
                pass
            except OSError as problem:
                raise self._failed(problem) from problem
            progress.advance(1)
        return count

    # -- the run cache ----------------------------------------------------------------------

    def run_records(self) -> Iterator[str]:
        """Yield the paths of all files below ``runs``."""
        top = os.path.join(self.where, runrecord.FOLDER)
        for folder, folders, names in os.walk(top):
            folders.sort()
            for name in sorted(names):
                yield os.path.relpath(os.path.join(folder, name), top).replace(os.sep, "/")

    def read_run_record(self, path: str) -> bytes:
        """Return a small file below ``runs``."""
        try:
            return fsutil.read_bytes(self._run_path(path), runrecord.MOST_BYTES)
        except OSError as problem:
            raise self._failed(problem) from problem

    def write_run_record(self, path: str, data: bytes) -> None:
        """Make a small file below ``runs``."""
        place = self._run_path(path)
        try:
            os.makedirs(os.path.dirname(place), exist_ok=True)
            tmp = os.path.join(self.where, "tmp")
            fsutil.atomic_write(place, data, tmp, durable=self._durable)
        except OSError as problem:
            raise self._failed(problem) from problem

    def _run_path(self, path: str) -> str:
        return os.path.join(self.where, runrecord.FOLDER, *path.split("/"))

    def _put(self, source: Cache, value: str, progress: Progress) -> bool:
        try:
            fd = source.open_object(value)
        except MissingObjectError:
            return False  # taken away since we looked
        try:
            return self._store(source.algorithm.name).store_object(value, fd, progress)
        except OSError as problem:
            raise self._failed(problem) from problem
        finally:
            os.close(fd)

    def _get(self, target: Cache, value: str, progress: Progress) -> bool:
        try:
            fd = self._store(target.algorithm.name).open_object(value)
        except OSError as problem:
            raise self._failed(problem) from problem
        try:
            return target.store_object(value, fd, progress)
        finally:
            os.close(fd)

    def _publish(self) -> None:
        try:
            for store in self._stores.values():
                store.publish()
                store.clean_leftovers()
        except OSError as problem:
            raise self._failed(problem) from problem

    def _discard(self) -> None:
        for store in self._stores.values():
            store.discard()


def _parts(values: Sequence[str], jobs: int | None) -> list[Sequence[str]]:
    if not values:
        return []
    count = min(jobs, len(values)) if jobs else parallel.processes(len(values))
    return parallel.split(values, count)
