"""A remote on a server: the layout, the checks and the order, over a ``Wire`` that moves bytes.

Objects are at ``files/md5/b1/946ac9...`` below the remote's address (formats.md section 6), those
of DVC 2 at ``b1/946ac9...``.

* *Hashed on the way.* A small object is read whole, hashed and written. A large one is hashed
  while it is streamed; if it is not right, the stream ends with an error before its last piece,
  and a wire gives nothing a name then. What arrives is hashed before it has a name in the cache.
* *Few questions.* What a remote lacks is found by listing or by looking at each key, whichever
  is fewer requests; how much it holds is judged from one of its 256 folders. A directory that was
  seen whole costs one look at its manifest: manifests come last and go first.
* *Again.* What may work the next time is tried again, after a pause that grows. A large object
  that stopped on its way goes on where it was, in this run or in the next one.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import chain
from typing import NamedTuple, TypeVar

from git_dvc import hashing
from git_dvc.errors import FormatError, MissingObjectError, RemoteError, plain_lines, quoted
from git_dvc.formats import runrecord
from git_dvc.hashing import Algorithm
from git_dvc.progress import NoProgress, Progress
from git_dvc.remote.base import Got, Memory, SizeOf, Stored
from git_dvc.remote.crew import Shared, Stop, aside, each
from git_dvc.remote.wire import AbsentError, Found, RefusedError, UnsteadyError, Wire, WireError
from git_dvc.store.cache import SMALL_BYTES, Cache
from git_dvc.store.state import State

TRIES = 7
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 15.0
LONGEST_WISH_S = 60.0
"""How long a server may make us wait before one try."""
SAY_AFTER = 3
"""The try from which on the user is told."""

PIECE_BYTES = 1024 * 1024
PAGE = 1000
"""How many files a listing brings with one request (S3, GCS; others bring more)."""
SHARDS = 256
_FEW = 4
"""So few objects are looked at without asking how many the remote holds."""
_MOST_PAGES = 10
"""Pages of a listing that are fetched one after another; more go by folders, many at a time."""
_PUBLISH_EVERY_S = 3.0
_PUBLISH_BYTES = 64 * 1024**2

T = TypeVar("T")


class _WrongContentError(Exception):
    """What the cache has is not what its name says."""


class _Large(NamedTuple):
    """An object that is whole, in a temporary file of the cache."""

    path: str
    size_bytes: int


_DAMAGED = object()
_MISSING = object()


class ObjectRemote:
    """Objects on a server; see ``Remote`` in ``base.py`` for its methods.

    Args:
        name: As in the config.
        wire: The client.
        memory: Directory of this clone's records about it.
        jobs: How many calls at a time; None to leave it to the wire.
    """

    def __init__(self, name: str, wire: Wire, memory: str, *, jobs: int | None = None) -> None:
        self.name = name
        self.where = wire.where
        self.memory = Memory(memory)
        self._wire = wire
        self._jobs = jobs or wire.jobs
        self._state = State(memory, memory)
        self._sizes: dict[str, int] = {}

    def close(self) -> None:
        """Hang up, and close the records."""
        self._state.close()
        self._wire.close()

    def reach(self) -> None:
        """Raise RemoteError unless the server answers and lets us in."""
        self._try(self._wire.reach)

    # -- trying -----------------------------------------------------------------------------

    def _try(
        self, call: Callable[[], T], stop: Stop | None = None, progress: Progress | None = None
    ) -> T:
        """Return what a call returns, trying again where that may help.

        Raises:
            AbsentError: There is no such file.
            RemoteError: It failed for good.
        """
        for attempt in range(1, TRIES + 1):
            try:
                return aside(call)
            except UnsteadyError as problem:
                self._pause(attempt, problem, stop, progress)
            except RefusedError as problem:
                raise self._failed(problem) from None
        raise AssertionError  # the last pause raises

    def _pause(
        self, attempt: int, problem: UnsteadyError, stop: Stop | None, progress: Progress | None
    ) -> None:
        """Wait before the next try; raise RemoteError if there shall be none."""
        if attempt >= TRIES:
            raise self._failed(problem) from None
        if attempt == SAY_AFTER and progress is not None:
            progress.note(f"{self.name}: {_one_line(problem)}; trying again")
        longest = min(FIRST_PAUSE_S * 2 ** (attempt - 1), LONGEST_PAUSE_S)
        # At random, or all who were turned away come back together.
        pause = random.uniform(longest / 2, longest)  # noqa: S311
        (stop or Stop()).pause(max(pause, min(problem.after_s, LONGEST_WISH_S)))

    def _failed(self, problem: WireError) -> RemoteError:
        hint = problem.hint if isinstance(problem, RefusedError) else ""
        if isinstance(problem, UnsteadyError):
            hint = f"tried {TRIES} times; run the command again, it goes on where it was"
        hint = hint.replace(" NAME ", f" {quoted(self.name)} ")
        return RemoteError(self.name, self.where, _one_line(problem), hint=hint)

    def _pieces(
        self,
        key: str,
        offset: int = 0,
        length: int | None = None,
        stop: Stop | None = None,
        progress: Progress | None = None,
    ) -> Iterator[bytes]:
        """Yield a file's bytes, going on where the connection broke; errors as ``_try``."""
        end = None if length is None else offset + length
        attempt = 0
        while end is None or offset < end:
            try:
                left = None if end is None else end - offset
                arriving = iter(self._wire.read(key, offset, left))
                while (piece := aside(partial(next, arriving, None))) is not None:
                    offset += len(piece)
                    attempt = 0
                    yield piece
                return
            except UnsteadyError as problem:
                attempt += 1
                self._pause(attempt, problem, stop, progress)
            except RefusedError as problem:
                raise self._failed(problem) from None

    # -- looking ----------------------------------------------------------------------------

    def wholes(self, algorithm: str, values: Iterable[str]) -> set[str]:
        """Return those of many directories that were seen whole and still have their manifest."""
        seen = {value: self._state.whole_at(algorithm, value) for value in values}
        asked = [value for value, size in seen.items() if size]

        def look(value: str, stop: Stop) -> Found | None:
            return self._look(_key(algorithm, value), stop)

        return {
            value
            for value, found in each(asked, look, self._jobs)
            if found is not None and seen[value] in ("-", str(found.size_bytes))
        }

    def remember_whole(self, algorithm: str, values: Iterable[str]) -> None:
        """Note that these directories were just seen whole."""
        by_size: dict[str, list[str]] = {}
        for value in values:
            by_size.setdefault(str(self._sizes.get(value, "-")), []).append(value)
        for size, some in by_size.items():
            self._state.remember_wholes(algorithm, some, size)

    def _look(self, key: str, stop: Stop | None = None) -> Found | None:
        try:
            return self._try(lambda: self._wire.look(key), stop)
        except AbsentError:
            return None

    def lacks(self, algorithm: str, values: Iterable[str], size_of: SizeOf) -> set[str]:
        """Return those of many hashes that have no object, or one of a wrong size."""
        missing = set(values)
        for found in self._found(algorithm, missing.copy()):
            value, size = found.value, found.size_bytes
            if value not in missing:
                continue
            wanted = size_of(value)
            if size is None or wanted is None or size == wanted:
                missing.discard(value)
                if size is not None and hashing.is_dir(value):
                    self._sizes[value] = size
        return missing

    def _found(self, algorithm: str, wanted: Collection[str]) -> Iterator[Stored]:
        """Yield at least what there is of the wanted objects, by as few requests as we can."""
        if not wanted:
            return
        if len(wanted) <= _FEW or not self._wire.can_list:
            yield from self._by_look(algorithm, wanted)
            return
        shard = min(wanted)[:2]
        most = len(wanted) * PAGE // SHARDS
        there = self._listing(algorithm, shard, most)
        if there is None:
            yield from self._by_look(algorithm, wanted)
            return
        yield from there
        pages, by_shard = _requests(algorithm, len(there))
        rest = [value for value in wanted if value[:2] != shard]
        if _is_serial(pages, by_shard, len(rest)):
            yield from self._listing(algorithm) or ()
        elif by_shard < len(rest):
            yield from self._by_shard(algorithm, skip=shard)
        else:
            yield from self._by_look(algorithm, rest)

    def _by_look(self, algorithm: str, wanted: Collection[str]) -> Iterator[Stored]:
        def look(value: str, stop: Stop) -> Found | None:
            return self._look(_key(algorithm, value), stop)

        for value, found in each(sorted(wanted), look, self._jobs):
            if found is not None:
                yield Stored(value, found.size_bytes, found.mtime_s)

    def _by_shard(self, algorithm: str, skip: str = "") -> Iterator[Stored]:
        names = [name for name in (f"{n:02x}" for n in range(SHARDS)) if name != skip]

        def work(shard: str, stop: Stop) -> list[Stored]:
            return self._listing(algorithm, shard, stop=stop) or []

        for _, there in each(names, work, self._jobs):
            yield from there

    def _listing(
        self, algorithm: str, shard: str = "", most: int | None = None, stop: Stop | None = None
    ) -> list[Stored] | None:
        """Return the objects of one folder, or of all; None if there are more than ``most``."""
        prefix = _prefix(algorithm) + (f"{shard}/" if shard else "")

        def once() -> list[Stored] | None:
            there: list[Stored] = []
            for found in self._wire.listing(prefix):
                value = _value(algorithm, found.key)
                if value:
                    there.append(Stored(value, found.size_bytes, found.mtime_s))
                if most is not None and len(there) >= max(most, PAGE):
                    return None
                if stop is not None and not len(there) % PAGE:
                    stop.check()
            return there

        return self._try(once, stop)

    def stored(self, algorithm: str) -> Iterator[Stored]:
        """Yield every object of one algorithm."""
        if not self._wire.can_list:
            raise RemoteError(
                self.name,
                self.where,
                "it cannot be listed, so nobody can say what it holds",
            )
        there = self._listing(algorithm, "00") or []
        pages, by_shard = _requests(algorithm, len(there))
        if not _prefix(algorithm):
            # DVC 2's objects lie beside all else, and mostly there are none: of a small remote
            # one listing tells, instead of one for each folder.
            beside = self._listing(hashing.MD5.name, "00") or []
            pages, _ = _requests(hashing.MD5.name, len(there) + len(beside))
        if _is_serial(pages, by_shard, SHARDS):
            yield from self._listing(algorithm) or ()
        else:
            yield from there
            yield from self._by_shard(algorithm, skip="00")

    # -- sending ----------------------------------------------------------------------------

    def put_all(
        self, source: Cache, values: Sequence[str], progress: Progress, jobs: int | None = None
    ) -> list[str]:
        """Send objects of a cache, several at a time; return those damaged there."""
        watch = Shared(progress)

        def work(value: str, stop: Stop) -> int:
            return self._put(source, value, watch, stop)

        bad: list[str] = []
        whole: list[str] = []
        for value, size in each(values, work, jobs or self._jobs):
            if size < 0:
                bad.append(value)
            elif hashing.is_dir(value):
                self._sizes[value] = size
                whole.append(value)  # it would not be sent before all its files
            watch.advance(1)
        self.remember_whole(source.algorithm.name, whole)
        return bad

    def _put(self, source: Cache, value: str, progress: Progress, stop: Stop) -> int:
        """Send one object and return its size; -1 if it is damaged or gone."""
        try:
            fd = source.open_object(value)
        except MissingObjectError:
            return -1  # taken away since we looked
        try:
            size = os.fstat(fd).st_size
            key = _key(source.algorithm.name, value)
            sending = _Sending(fd, size, value, source.algorithm, progress, stop)
            self._try(lambda: sending.write(self._wire, key), stop, progress)
        except _WrongContentError:
            return -1
        except AbsentError as problem:  # what the key is to be in is not there
            raise self._failed(problem) from None
        finally:
            os.close(fd)
        return size

    # -- fetching ---------------------------------------------------------------------------

    def get_all(
        self, target: Cache, values: Sequence[str], progress: Progress, jobs: int | None = None
    ) -> Got:
        """Fetch objects into a cache, several at a time.

        What came is kept also if the rest does not come, and a kill loses some seconds of it.
        """
        import time

        watch = Shared(progress)
        got = Got([], [])

        def work(value: str, stop: Stop) -> object:
            return self._get(target, value, watch, stop)

        published, unpublished = time.monotonic(), 0
        try:
            with closing(each(values, work, jobs or self._jobs)) as arrivals:
                for value, found in arrivals:
                    unpublished += self._take(target, value, found, got)
                    watch.advance(1)
                    now = time.monotonic()
                    if unpublished > _PUBLISH_BYTES or now - published > _PUBLISH_EVERY_S:
                        target.publish()
                        published, unpublished = time.monotonic(), 0
        finally:
            target.flush()
        return got

    def _take(self, target: Cache, value: str, found: object, got: Got) -> int:
        """Store what a thread brought and return its size, or note why it is not there."""
        if isinstance(found, bytes):
            if target.store_content(value, found):
                return len(found)
            found = self._get_again(target, value)
        if isinstance(found, _Large):
            target.take_temporary(found.path, value)
            return found.size_bytes
        if found is _MISSING:
            got.missing.append(value)
        elif found is _DAMAGED:
            got.damaged.append(value)
        return 0

    def _get(self, target: Cache, value: str, progress: Progress, stop: Stop) -> object:
        """Return a small object's bytes, which nobody has checked, or a large one."""
        key = _key(target.algorithm.name, value)
        try:
            if target.has_partial(value):
                return self._get_large(target, value, None, progress, stop)
            pieces = self._pieces(key, 0, None, stop, progress)
            head, size = [], 0
            for piece in pieces:
                head.append(piece)
                size += len(piece)
                if size > SMALL_BYTES:
                    all_pieces = chain(head, pieces)
                    return self._get_large(target, value, all_pieces, progress, stop)
        except AbsentError:
            return _MISSING
        progress.advance(0, size)
        return b"".join(head)

    def _get_again(self, target: Cache, value: str) -> object:
        """Fetch once more what arrived with a wrong hash: it may have happened on the way."""
        found = self._get(target, value, NoProgress(), Stop())
        if isinstance(found, bytes) and not target.store_content(value, found):
            return _DAMAGED
        return found

    def _get_large(
        self,
        target: Cache,
        value: str,
        pieces: Iterator[bytes] | None,
        progress: Progress,
        stop: Stop,
    ) -> object:
        """Fetch a large object, beginning with what an earlier run has got of it.

        Args:
            target: Where to.
            value: The hash.
            pieces: All of its bytes; None to ask for them.
            progress: Told of the bytes.
            stop: Tells when to end.
        """
        key = _key(target.algorithm.name, value)
        partial = target.partial(value)
        try:
            if partial.size_bytes and pieces is not None:
                partial.restart()
            for _ in range(2):
                start = partial.size_bytes
                progress.advance(0, start)
                for piece in pieces or self._pieces(key, start, None, stop, progress):
                    stop.check()
                    partial.append(piece)
                    progress.advance(0, len(piece))
                if partial.is_right:
                    size = partial.size_bytes
                    return _Large(partial.finish(), size)
                # Once more, all of it: something may have happened on the way.
                progress.advance(0, -partial.size_bytes)
                partial.restart()
                pieces = None
            partial.drop()
        except (AbsentError, OSError):  # a full disk needs the room
            partial.drop()
            raise
        except BaseException:
            partial.leave()
            raise
        return _DAMAGED

    def read(
        self, algorithm: str, value: str, offset: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        """Yield bytes of one object as they are there: nothing is checked."""
        try:
            yield from self._pieces(_key(algorithm, value), offset, length)
        except AbsentError:
            raise MissingObjectError(value) from None

    # -- the run cache ----------------------------------------------------------------------

    def run_records(self) -> Iterator[str]:
        """Yield the paths of all files below ``runs``."""
        if not self._wire.can_list:
            raise RemoteError(self.name, self.where, "it cannot be listed, so it has no run cache")
        prefix = f"{runrecord.FOLDER}/"
        for found in self._try(lambda: list(self._wire.listing(prefix))):
            yield found.key[len(prefix) :]

    def read_run_record(self, path: str) -> bytes:
        """Return a small file below ``runs``."""
        key = f"{runrecord.FOLDER}/{path}"
        try:
            return b"".join(self._pieces(key, 0, runrecord.MOST_BYTES))
        except AbsentError as problem:
            raise self._failed(problem) from None

    def write_run_record(self, path: str, data: bytes) -> None:
        """Make a small file below ``runs``."""
        key = f"{runrecord.FOLDER}/{path}"
        self._try(lambda: self._wire.write(key, [data], len(data)))

    # -- taking away ------------------------------------------------------------------------

    def delete(self, algorithm: str, values: Iterable[str], progress: Progress) -> int:
        """Take objects away, manifests first; return how many it was asked for."""
        self._state.forget_wholes(algorithm)

        def work(some: Sequence[str], stop: Stop) -> None:
            keys = [_key(algorithm, value) for value in some]
            self._try(lambda: self._wire.delete(*keys), stop)

        asked = sorted(set(values))
        at_once = self._wire.deletes
        for part in (
            [value for value in asked if hashing.is_dir(value)],
            [value for value in asked if not hashing.is_dir(value)],
        ):
            calls = [part[at : at + at_once] for at in range(0, len(part), at_once)]
            for some, _ in each(calls, work, self._jobs):
                progress.advance(len(some))
        return len(asked)


class _Sending:
    """One object of a cache on its way to a server; can be sent again from its beginning."""

    def __init__(
        self,
        fd: int,
        size_bytes: int,
        value: str,
        algorithm: Algorithm,
        progress: Progress,
        stop: Stop,
    ) -> None:
        self._fd = fd
        self._size = size_bytes
        self._digest = value.removesuffix(hashing.DIR_SUFFIX)
        self._algorithm = algorithm
        self._progress = progress
        self._stop = stop
        self._told = 0
        self._wrong = False

    def write(self, wire: Wire, key: str) -> None:
        """Try once to give a key this content.

        Raises:
            _WrongContentError: It does not have the hash; the key stays as it was.
        """
        self._progress.advance(0, -self._told)
        self._told = 0
        try:
            if self._size <= SMALL_BYTES:
                data = os.pread(self._fd, self._size + 1, 0)
                if self._algorithm.load()(data).hexdigest() != self._digest:
                    raise _WrongContentError
                wire.write(key, [data], self._size)
                self._tell(self._size)
            else:
                wire.write(key, self._pieces(), self._size)
        except BaseException:
            # A client may have made an exception of its own out of ours.
            if self._wrong:
                raise _WrongContentError from None
            self._stop.check()
            raise
        if self._wrong:
            raise AssertionError("a wire took a stream that failed")

    def _pieces(self) -> Iterator[bytes]:
        """Yield the content; the last piece comes only if the hash is right."""
        hasher = self._algorithm.new()
        at = 0
        while True:
            self._stop.check()
            piece = os.pread(self._fd, PIECE_BYTES, at)
            hasher.update(piece)
            at += len(piece)
            last = at == self._size
            if not piece or at > self._size or (last and hasher.hexdigest() != self._digest):
                self._wrong = True
                raise _WrongContentError
            yield piece
            self._tell(len(piece))
            if last:
                return

    def _tell(self, size_bytes: int) -> None:
        self._told += size_bytes
        self._progress.advance(0, size_bytes)


def _one_line(problem: WireError) -> str:
    return "; ".join(plain_lines(str(problem))) or type(problem).__name__


def _prefix(algorithm: str) -> str:
    folder = hashing.ALGORITHMS[algorithm].folder
    return f"{folder}/" if folder else ""


def _key(algorithm: str, value: str) -> str:
    return f"{_prefix(algorithm)}{value[:2]}/{value[2:]}"


def _value(algorithm: str, key: str) -> str:
    """Return the hash of the object that has this key; '' if no object has it."""
    rest = key.removeprefix(_prefix(algorithm))
    if len(rest) < 3 or rest[2] != "/":
        return ""
    try:
        value = hashing.parse(rest[:2] + rest[3:])
    except FormatError:
        return ""
    return value if _key(algorithm, value) == key else ""


def _requests(algorithm: str, in_one_shard: int) -> tuple[int, int]:
    """Return how many requests a listing of all takes, in one go and folder by folder."""
    by_shard = SHARDS * (1 + in_one_shard // PAGE)
    if not _prefix(algorithm):
        return 10**9, by_shard  # other things may be there, too
    return 1 + in_one_shard * SHARDS // PAGE, by_shard


def _is_serial(pages: int, by_shard: int, files: int) -> bool:
    """Return whether to list all in one go, when one page must be waited for after another."""
    if pages <= _MOST_PAGES:
        return pages <= files
    return pages < min(files, 5 * _MOST_PAGES) and by_shard > files // 20
