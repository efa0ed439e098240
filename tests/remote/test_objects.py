"""The remote over a wire when things go wrong, and how few requests it makes."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from git_dvc import fsutil
from git_dvc.errors import RemoteError
from git_dvc.progress import NoProgress
from git_dvc.remote import crew, objects
from git_dvc.remote.base import Got
from git_dvc.remote.objects import TRIES, ObjectRemote
from git_dvc.remote.wire import RefusedError, UnsteadyError
from git_dvc.store.cache import SMALL_BYTES, Cache
from tests.remote.contract.folder import FolderWire
from tests.scene import check_objects

QUIET = NoProgress()
LARGE = 5 * SMALL_BYTES + 17


class Notes(NoProgress):
    """Progress that keeps what the user is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.size_bytes = 0

    def advance(self, files: int = 0, size_bytes: int = 0) -> None:
        self.size_bytes += size_bytes

    def note(self, message: str) -> None:
        self.said.append(message)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "FIRST_PAUSE_S", 0.0005)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(str(tmp_path / "cache"))


@pytest.fixture
def other(tmp_path: Path) -> Cache:
    return Cache(str(tmp_path / "other"))


@pytest.fixture
def wire(tmp_path: Path) -> FolderWire:
    return FolderWire(tmp_path / "server")


@pytest.fixture
def remote(wire: FolderWire, tmp_path: Path) -> ObjectRemote:
    return ObjectRemote("store", wire, str(tmp_path / "memory"))


def stored(cache: Cache, *contents: bytes) -> list[str]:
    found = [cache.store_bytes(data) for data in contents]
    cache.flush()
    return found


def many(count: int) -> list[bytes]:
    return [f"content {number}".encode() for number in range(count)]


def key(value: str) -> str:
    return f"files/md5/{value[:2]}/{value[2:]}"


def failing(
    problem: Callable[[], Exception], *names: str, times: int = 1, at: int = 0
) -> Callable[[str, str, int], None]:
    """Return a fault that makes each call of these names fail some times for each key."""
    failed: dict[tuple[str, str], int] = {}

    def fault(name: str, key: str, here: int) -> None:
        if name in names and here >= at and failed.get((name, key), 0) < times:
            failed[name, key] = failed.get((name, key), 0) + 1
            raise problem()

    return fault


def in_tmp(cache: Cache) -> list[str]:
    return os.listdir(f"{cache.root}/tmp") if os.path.exists(f"{cache.root}/tmp") else []


def unsteady() -> Exception:
    return UnsteadyError("the server says 503 SlowDown")


# -- trying again -----------------------------------------------------------------------------


def test_what_may_work_the_next_time_is_tried_again(
    cache: Cache, other: Cache, remote: ObjectRemote, wire: FolderWire
) -> None:
    values = stored(cache, *many(20), os.urandom(LARGE))
    calls = ("reach", "look", "listing", "write", "writing", "read", "reading", "delete")
    wire.fault = failing(unsteady, *calls, times=2)
    notes = Notes()
    remote.reach()
    assert remote.lacks("md5", values, cache.size) == set(values)
    assert remote.put_all(cache, values, notes) == []
    sent = sum(cache.size(value) or 0 for value in values)
    assert notes.size_bytes == sent, "what was sent in vain is taken back"
    assert remote.get_all(other, values, notes) == Got([], [])
    assert notes.size_bytes == 2 * sent
    assert sorted(check_objects(other.root)) == sorted(values)
    assert len(list(remote.stored("md5"))) == 21
    assert remote.delete("md5", values, QUIET) == 21
    assert notes.said and "store: the server says 503 SlowDown; trying again" in notes.said[0]


def test_a_server_that_stays_down_ends_it(
    cache: Cache, remote: ObjectRemote, wire: FolderWire
) -> None:
    values = stored(cache, *many(3))
    wire.fault = failing(unsteady, "write", times=1000)
    with pytest.raises(RemoteError, match="503 SlowDown") as caught:
        remote.put_all(cache, values[:1], QUIET)
    assert wire.calls["write"] == TRIES
    assert "run the command again, it goes on where it was" in caught.value.hint
    with pytest.raises(RemoteError):
        remote.put_all(cache, values, QUIET)
    wire.fault = lambda name, key, at: None
    assert remote.put_all(cache, values, QUIET) == []


def test_a_refusal_ends_it_at_once_and_what_came_stays(
    cache: Cache, other: Cache, remote: ObjectRemote, wire: FolderWire
) -> None:
    values = stored(cache, *many(40))
    remote.put_all(cache, values, QUIET)
    calls = []
    lock = threading.Lock()

    def fault(name: str, key: str, at: int) -> None:
        if name == "read":
            with lock:
                calls.append(key)
                number = len(calls)
            if number == 20:
                raise RefusedError("the credentials have expired", "log in again")
            if number > 20:
                time.sleep(0.05)  # who was refused has time to tell the others

    wire.fault = fault
    with pytest.raises(RemoteError, match="have expired") as caught:
        remote.get_all(other, values, QUIET)
    assert caught.value.hint == "log in again"
    assert len(calls) < 20 + 2 * wire.jobs, "the others stop, too"
    assert len(check_objects(other.root)) >= 20 - 2 * wire.jobs
    wire.fault = lambda name, key, at: None
    lacking = sorted(other.lacks(values))
    assert remote.get_all(other, lacking, QUIET) == Got([], [])
    assert sorted(check_objects(other.root)) == sorted(values)


def test_the_server_says_how_long_to_wait(
    cache: Cache, remote: ObjectRemote, wire: FolderWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    (value,) = stored(cache, b"data")
    waited: list[float] = []
    monkeypatch.setattr(crew.Stop, "pause", lambda self, seconds: waited.append(seconds))
    wire.fault = failing(lambda: UnsteadyError("busy", after_s=30), "write", times=1)
    remote.put_all(cache, [value], QUIET)
    wire.fault = failing(lambda: UnsteadyError("busy", after_s=1e6), "write", times=1)
    remote.put_all(cache, [value], QUIET)
    assert waited == [30, objects.LONGEST_WISH_S]


# -- wrong and half content -------------------------------------------------------------------


@pytest.mark.parametrize("size", [500, LARGE])
def test_bytes_that_were_hurt_on_the_way_are_asked_for_again(
    cache: Cache, other: Cache, remote: ObjectRemote, wire: FolderWire, size: int
) -> None:
    (value,) = stored(cache, os.urandom(size))
    remote.put_all(cache, [value], QUIET)
    place = wire.top / key(value)
    right = place.read_bytes()
    place.write_bytes(right[:-1] + b"#")
    reads = 0

    def fault(name: str, key: str, at: int) -> None:
        nonlocal reads
        if name == "read":
            reads += 1
            if reads == 2:
                place.write_bytes(right)

    wire.fault = fault
    notes = Notes()
    assert remote.get_all(other, [value], notes) == Got([], [])
    assert check_objects(other.root) == {value: right}
    assert in_tmp(other) == []
    assert notes.size_bytes == size


@pytest.mark.parametrize("size", [500, LARGE])
def test_a_body_that_is_too_short_or_too_long_is_damaged(
    cache: Cache, other: Cache, remote: ObjectRemote, wire: FolderWire, size: int
) -> None:
    short, long = stored(cache, os.urandom(size), os.urandom(size))
    remote.put_all(cache, [short, long], QUIET)
    for value, more in ((short, b""), (long, b"..")):
        place = wire.top / key(value)
        place.write_bytes(place.read_bytes()[:-1] + more)
    got = remote.get_all(other, [short, long], QUIET)
    assert sorted(got.damaged) == sorted([short, long])
    assert check_objects(other.root) == {}
    assert in_tmp(other) == []


def test_a_damaged_large_object_gets_no_name(
    cache: Cache, remote: ObjectRemote, wire: FolderWire
) -> None:
    """Not even its last piece is sent; one that grew under its name is no better."""
    one, two = stored(cache, os.urandom(LARGE), os.urandom(LARGE))
    sent: list[int] = []
    wire.fault = lambda name, key, at: sent.append(at) if name == "writing" else None
    os.chmod(cache.path(one), 0o644)
    with open(cache.path(one), "r+b") as stream:
        stream.write(b"#####")
    assert remote.put_all(cache, [one], QUIET) == [one]
    assert max(sent) < LARGE - SMALL_BYTES
    os.chmod(cache.path(two), 0o644)
    with open(cache.path(two), "ab") as stream:
        stream.write(b"#")
    assert remote.put_all(cache, [two], QUIET) == [two]
    assert [path for path in wire.top.rglob("*") if path.is_file()] == []


# -- going on ---------------------------------------------------------------------------------


def test_a_large_object_goes_on_in_the_next_run(
    cache: Cache, other: Cache, remote: ObjectRemote, wire: FolderWire
) -> None:
    (value,) = stored(cache, os.urandom(LARGE))
    remote.put_all(cache, [value], QUIET)
    wire.fault = failing(unsteady, "reading", "read", times=1000, at=3 * SMALL_BYTES)
    with pytest.raises(RemoteError):
        remote.get_all(other, [value], QUIET)
    assert in_tmp(other) == [f"part.{value}"]
    assert check_objects(other.root) == {}
    read: list[int] = []
    wire.fault = lambda name, key, at: read.append(at) if name == "reading" else None
    notes = Notes()
    assert remote.get_all(other, [value], notes) == Got([], [])
    assert min(read) >= 3 * SMALL_BYTES, "what was there is not read again"
    assert notes.size_bytes == LARGE
    assert sorted(check_objects(other.root)) == [value]
    assert in_tmp(other) == []


def test_what_an_earlier_run_left_is_not_believed(
    cache: Cache, other: Cache, remote: ObjectRemote
) -> None:
    (value,) = stored(cache, os.urandom(LARGE))
    remote.put_all(cache, [value], QUIET)
    place = Path(other.root) / "tmp" / f"part.{value}"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"something else")
    assert remote.get_all(other, [value], QUIET) == Got([], [])
    place.write_bytes(os.urandom(LARGE + 5))
    os.unlink(other.path(value))
    assert remote.get_all(other, [value], QUIET) == Got([], [])
    assert sorted(check_objects(other.root)) == [value]
    place.symlink_to(cache.path(value))  # somebody's trap in a shared cache
    os.unlink(other.path(value))
    assert remote.get_all(other, [value], QUIET) == Got([], [])
    assert sorted(check_objects(cache.root)) == sorted(check_objects(other.root)) == [value]


def test_two_pullers_do_not_write_to_one_file(
    cache: Cache, other: Cache, remote: ObjectRemote, wire: FolderWire
) -> None:
    (value,) = stored(cache, os.urandom(LARGE))
    remote.put_all(cache, [value], QUIET)
    first = other.partial(value)
    second = Cache(other.root)
    try:
        first.append(b"half of it")
        assert remote.get_all(second, [value], QUIET) == Got([], [])
        assert in_tmp(other) == [f"part.{value}"]
    finally:
        first.leave()
    assert sorted(check_objects(other.root)) == [value]


def test_leftovers_of_large_objects_go_after_two_weeks(other: Cache) -> None:
    old, young = "0" * 32, "1" * 32
    for value in (old, young):
        left = other.partial(value)
        left.append(b"some")
        left.leave()
    os.utime(f"{other.root}/tmp/part.{old}", (1, 1))
    other.clean_leftovers()
    assert in_tmp(other) == [f"part.{young}"]


@pytest.mark.parametrize("size", [500, LARGE])
def test_a_full_disk_in_the_middle_of_a_pull(
    cache: Cache, other: Cache, remote: ObjectRemote, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    values = stored(cache, *(os.urandom(size) for _ in range(6)))
    remote.put_all(cache, values, QUIET)
    real, left, lock = fsutil.write_all, 4 * size, threading.Lock()

    def write_all(fd: int, data: bytes | memoryview) -> None:
        nonlocal left
        with lock:
            left -= len(data)
            if left < 0:
                raise OSError(errno.ENOSPC, "No space left on device")
        real(fd, data)

    monkeypatch.setattr(fsutil, "write_all", write_all)
    with pytest.raises(OSError, match="No space left"):
        remote.get_all(other, values, QUIET, jobs=1)
    assert len(check_objects(other.root)) == 4, "what came stays"
    assert in_tmp(other) == [], "the room is given back"
    monkeypatch.undo()
    remote.get_all(other, sorted(other.lacks(values)), QUIET)
    assert sorted(check_objects(other.root)) == sorted(values)


# -- requests ---------------------------------------------------------------------------------


def test_how_many_requests_a_push_and_a_pull_take(
    cache: Cache, other: Cache, remote: ObjectRemote, wire: FolderWire
) -> None:
    values = stored(cache, *many(200))
    remote.reach()
    remote.put_all(cache, sorted(remote.lacks("md5", values, cache.size)), QUIET)
    assert sum(wire.calls.values()) <= 1.05 * 200
    wire.calls.clear()
    remote.reach()
    remote.get_all(other, values, QUIET)
    assert sum(wire.calls.values()) <= 1.05 * 200
    wire.calls.clear()
    assert remote.lacks("md5", values, cache.size) == set()
    assert sum(wire.calls.values()) <= 2, "all is there: it is listed"


def test_a_few_objects_are_looked_for_on_a_large_remote(
    cache: Cache, remote: ObjectRemote, wire: FolderWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = stored(cache, *many(600))
    remote.put_all(cache, values[:500], QUIET)
    monkeypatch.setattr(objects, "PAGE", 2)  # so that 500 objects are as many as 250,000
    for asked, calls in ((values[495:505], {"look": 10, "listing": 1}), (values[499:501], {})):
        wire.calls.clear()
        assert remote.lacks("md5", asked, cache.size) == set(asked) - set(values[:500])
        assert wire.calls == (calls or {"look": len(asked)})


def test_much_is_looked_for_by_listing_folders(
    cache: Cache, remote: ObjectRemote, wire: FolderWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = stored(cache, *many(600))
    remote.put_all(cache, values[:500], QUIET)
    monkeypatch.setattr(objects, "_is_serial", lambda pages, by_shard, files: False)
    wire.calls.clear()
    assert remote.lacks("md5", values, cache.size) == set(values[500:])
    assert wire.calls == {"listing": objects.SHARDS}
    assert {found.value for found in remote.stored("md5")} == set(values[:500])


@pytest.mark.parametrize(
    ("files", "there", "way"),
    [
        (1_000, 0, "serial"),
        (1_000, 3_000, "serial"),
        (100_000, 1_000_000, "shards"),
        (20_000, 100_000, "shards"),
        (2_000, 40_000, "serial"),
        (100, 1_000_000, "looks"),
        (5, 1_000, "serial"),
        (5, 50_000, "looks"),
    ],
)
def test_which_way_is_taken(files: int, there: int, way: str) -> None:
    pages, by_shard = objects._requests("md5", there // objects.SHARDS)
    serial = objects._is_serial(pages, by_shard, files)
    assert way == ("serial" if serial else "shards" if by_shard < files else "looks")


def test_a_remote_of_dvc_2_is_never_listed_as_a_whole() -> None:
    pages, by_shard = objects._requests("md5-dos2unix", 1)
    assert not objects._is_serial(pages, by_shard, 10**6) and by_shard == objects.SHARDS


def test_a_small_remote_of_any_layout_is_listed_in_one_go(
    cache: Cache, remote: ObjectRemote, wire: FolderWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = stored(cache, *many(300))
    remote.put_all(cache, values, QUIET)
    for name, found in (("md5", set(values)), ("md5-dos2unix", set())):
        wire.calls.clear()
        assert {one.value for one in remote.stored(name)} == found
        assert wire.calls["listing"] <= 3
    monkeypatch.setattr(objects, "_is_serial", lambda pages, by_shard, files: False)
    wire.calls.clear()
    assert {one.value for one in remote.stored("md5-dos2unix")} == set()
    assert wire.calls["listing"] >= objects.SHARDS


def test_manifests_are_deleted_first(cache: Cache, remote: ObjectRemote, wire: FolderWire) -> None:
    files = stored(cache, *many(10))
    folders = [cache.store_bytes(f"[{n}]".encode(), ".dir") for n in range(5)]
    cache.flush()
    remote.put_all(cache, [*files, *folders], QUIET)
    order: list[str] = []
    wire.fault = lambda name, key, at: order.append(key) if name == "delete" else None
    remote.delete("md5", [*files, *folders], QUIET)
    assert all(name.endswith(".dir") for name in order[:5])
    assert len(order) == 15


# -- threads ----------------------------------------------------------------------------------


def test_few_results_wait_for_a_slow_taker() -> None:
    begun: list[int] = []

    def work(item: int, stop: crew.Stop) -> int:
        begun.append(item)
        return item

    for taken, (item, result) in enumerate(crew.each(range(200), work, 4), 1):
        assert item == result
        assert len(begun) <= taken + 13  # 4 in work, 8 waiting
    assert sorted(begun) == list(range(200))


def test_who_stops_taking_stops_the_threads() -> None:
    begun: list[int] = []

    def work(item: int, stop: crew.Stop) -> None:
        begun.append(item)
        stop.pause(0.001)

    before = set(threading.enumerate())
    for _ in crew.each(range(10_000), work, 4):
        break
    assert len(begun) < 100
    assert set(threading.enumerate()) <= before


def test_ctrl_c_ends_a_call_that_hangs(
    remote: ObjectRemote, wire: FolderWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Native clients wait without noticing signals, so they wait in another thread."""
    end = threading.Event()

    def hang(name: str, key: str, at: int) -> None:
        threading.Timer(0.1, os.kill, [os.getpid(), signal.SIGINT]).start()
        end.wait(60)

    wire.fault = hang
    begun = time.monotonic()
    for call in (remote.reach, lambda: list(remote.read("md5", "0" * 32))):
        with pytest.raises(KeyboardInterrupt):
            call()
    assert time.monotonic() - begun < 30
    end.set()
