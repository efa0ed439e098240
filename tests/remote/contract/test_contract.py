"""What every wire does, and every remote over it: one suite for all kinds of server."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from git_dvc import hashing
from git_dvc.errors import MissingObjectError, MissingOriginError, RemoteError
from git_dvc.progress import NoProgress
from git_dvc.remote import transfer
from git_dvc.remote.base import Got, Stored
from git_dvc.remote.objects import ObjectRemote
from git_dvc.remote.origin import WireOrigin
from git_dvc.remote.wire import AbsentError, Wire
from git_dvc.store.cache import SMALL_BYTES, Cache
from tests.remote.contract.kinds import KINDS, Connect
from tests.scene import check_objects, md5

QUIET = NoProgress()
NUMBER = count()


@pytest.fixture(scope="module", params=KINDS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Connect]:
    with KINDS[request.param](tmp_path_factory.mktemp(request.param)) as connect:
        yield connect


@pytest.fixture
def wire(server: Connect) -> Iterator[Wire]:
    wire = server(f"place{next(NUMBER)}")
    yield wire
    wire.close()


@pytest.fixture
def remote(wire: Wire, tmp_path: Path) -> ObjectRemote:
    return ObjectRemote("store", wire, str(tmp_path / "memory"))


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(str(tmp_path / "cache"))


def stored(cache: Cache, *contents: bytes) -> list[str]:
    found = [cache.store_bytes(data) for data in contents]
    cache.flush()
    return found


def content(wire: Wire, key: str) -> bytes:
    return b"".join(wire.read(key))


# -- wires ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 100_000, 13 * 1024**2 + 1])
def test_a_file_is_read_as_it_was_written(wire: Wire, size: int) -> None:
    data = os.urandom(size)
    pieces = [data[at : at + 1024**2] for at in range(0, size, 1024**2)]
    wire.write("files/md5/00/a file", iter(pieces), size)
    assert content(wire, "files/md5/00/a file") == data
    found = wire.look("files/md5/00/a file")
    assert (found.key, found.size_bytes) == ("files/md5/00/a file", size)
    middle = size // 3
    assert b"".join(wire.read("files/md5/00/a file", middle)) == data[middle:]
    assert b"".join(wire.read("files/md5/00/a file", middle, 17)) == data[middle : middle + 17]
    assert b"".join(wire.read("files/md5/00/a file", size)) == b"", "no error at the end"
    assert b"".join(wire.read("files/md5/00/a file", size + 5)) == b""
    assert b"".join(wire.read("files/md5/00/a file", 0, 0)) == b""


def test_writing_again_replaces(wire: Wire) -> None:
    wire.write("a/b", [b"one"], 3)
    wire.write("a/b", [b"other ", b"one"], 9)
    assert content(wire, "a/b") == b"other one"


def test_what_is_not_there(wire: Wire) -> None:
    for call in (wire.look, wire.read):
        for key in ("nothing", "no/such/place"):
            with pytest.raises(AbsentError):
                list(call(key))
    wire.delete("nothing")
    wire.delete("no/such/place")
    if wire.can_list:
        assert list(wire.listing("")) == []
        assert list(wire.listing("files/md5/")) == []


def test_deleting(wire: Wire) -> None:
    wire.write("a/b", [b"x"], 1)
    wire.write("a/c", [b"y"], 1)
    wire.delete("a/b")
    with pytest.raises(AbsentError):
        wire.look("a/b")
    assert content(wire, "a/c") == b"y"
    wire.delete("a/b", "a/c", "a/nothing")
    with pytest.raises(AbsentError):
        wire.look("a/c")


def test_data_at_an_address_is_found_by_asking(wire: Wire) -> None:
    """What 'import-url' needs: a file and a directory are told apart, names are kept."""
    contents = {"set/a": b"1", "set/sub/b c": b"22", "a file.csv": b"333"}
    for key, data in contents.items():
        wire.write(key, [data], len(data))
    tree = WireOrigin(wire, "a file.csv", "").find()
    assert (tree.is_dir, tree.size_bytes) == (False, 3)
    assert b"".join(WireOrigin(wire, "a file.csv", "").read("")) == b"333"
    if wire.can_list:
        found = WireOrigin(wire, "set", "")
        tree = found.find()
        assert [file.path for file in tree.files] == ["a", "sub/b c"]
        assert (tree.is_dir, tree.size_bytes) == (True, 3)
        assert b"".join(found.read("sub/b c")) == b"22"
        assert found.find(1).folders == ["sub"]
        assert WireOrigin(wire, "", "").find(1).folders == ["set"]
    with pytest.raises(MissingOriginError):
        WireOrigin(wire, "nothing", "").find()


def test_listing_tells_key_size_and_time(wire: Wire) -> None:
    if not wire.can_list:
        pytest.skip("this kind of server cannot list")
    keys = ["files/md5/00/a", "files/md5/00/b", "files/md5/01/c", "files/md5x/00/d", "e"]
    for size, key in enumerate(keys):
        wire.write(key, [b"." * size], size)
    every = {found.key: found.size_bytes for found in wire.listing("")}
    assert every == {key: size for size, key in enumerate(keys)}
    assert sorted(found.key for found in wire.listing("files/md5/")) == keys[:3]
    assert sorted(found.key for found in wire.listing("files/md5/00/")) == keys[:2]
    (found,) = wire.listing("files/md5/01/")
    assert found.mtime_s is None or found.mtime_s > 1_500_000_000


@pytest.mark.parametrize("size", [3_000_000, 13_000_000])
def test_a_stream_that_fails_leaves_no_file(wire: Wire, size: int) -> None:
    class BrokenError(Exception):
        pass

    def pieces() -> Iterator[bytes]:
        for _ in range(size // 1_000_000 - 1):
            yield b"x" * 1_000_000
        raise BrokenError

    wire.write("b", [b"old"], 3)
    for key in ("a/new", "b"):
        with pytest.raises(Exception):  # noqa: B017 - a client may make its own of ours
            wire.write(key, pieces(), size)
    with pytest.raises(AbsentError):
        wire.look("a/new")
    assert content(wire, "b") == b"old"
    if wire.can_list:
        assert [found.key for found in wire.listing("a/")] == []


def test_several_threads_use_one_wire(wire: Wire) -> None:
    problems: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(4):
                data = f"{number} {turn}".encode() * 1000
                wire.write(f"t/{number}/{turn}", [data], len(data))
                assert content(wire, f"t/{number}/{turn}") == data
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


# -- remotes ----------------------------------------------------------------------------------


def test_objects_go_there_and_back(
    cache: Cache, remote: ObjectRemote, wire: Wire, tmp_path: Path
) -> None:
    remote.reach()
    contents = [os.urandom(size) for size in (0, 1, SMALL_BYTES, SMALL_BYTES + 1, 9 * SMALL_BYTES)]
    values = stored(cache, *contents)
    assert remote.lacks("md5", values, cache.size) == set(values)
    sent = transfer.send(cache, remote, transfer.Plan(sorted(values), [], [], []), QUIET)
    assert sent == transfer.Sent(5, sum(map(len, contents)), [])
    assert remote.lacks("md5", values, cache.size) == set()
    for value, data in zip(values, contents, strict=True):
        assert content(wire, f"files/md5/{value[:2]}/{value[2:]}") == data
        assert b"".join(remote.read("md5", value, 1, 2)) == data[1:3]
    other = Cache(str(tmp_path / "other"))
    assert remote.get_all(other, values, QUIET) == Got([], [])
    assert check_objects(other.root) == dict(zip(values, contents, strict=True))
    assert os.listdir(other.root + "/tmp") == []
    remote.close()


def test_what_every_remote_tells(cache: Cache, remote: ObjectRemote, wire: Wire) -> None:
    values = stored(cache, *(f"content {n}".encode() for n in range(30)))
    assert remote.put_all(cache, values[:25], QUIET) == []
    assert remote.lacks("md5", values, cache.size) == set(values[25:])
    assert remote.lacks("md5", [values[0], values[29]], cache.size) == {values[29]}
    if wire.can_list:
        wire.write("files/md5/00/README", [b"hello"], 5)
        listed = {found.value: found for found in remote.stored("md5")}
        assert sorted(listed) == sorted(values[:25])
        assert listed[values[0]] == Stored(values[0], 9, listed[values[0]].mtime_s)
    else:
        with pytest.raises(RemoteError, match="cannot be listed"):
            list(remote.stored("md5"))
    assert remote.delete("md5", values[:5], QUIET) == 5
    assert remote.lacks("md5", values, cache.size) == {*values[:5], *values[25:]}
    with pytest.raises(MissingObjectError):
        list(remote.read("md5", values[0]))


def test_the_layout_of_dvc_2(tmp_path: Path, remote: ObjectRemote, wire: Wire) -> None:
    old = Cache(str(tmp_path / "cache"), hashing.MD5_DOS2UNIX)
    value = old.store_bytes(b"a\r\nb\r\n")
    old.flush()
    assert value == md5(b"a\nb\n")
    assert remote.put_all(old, [value], QUIET) == []
    assert content(wire, f"{value[:2]}/{value[2:]}") == b"a\r\nb\r\n"
    assert remote.lacks("md5-dos2unix", [value], old.size) == set()
    assert remote.lacks("md5", [value], old.size) == {value}
    if wire.can_list:
        assert [found.value for found in remote.stored("md5-dos2unix")] == [value]
        assert list(remote.stored("md5")) == []
    other = Cache(str(tmp_path / "other"), hashing.MD5_DOS2UNIX)
    assert remote.get_all(other, [value], QUIET) == Got([], [])
    assert other.has(value)


@pytest.mark.parametrize("size", [5, 3 * SMALL_BYTES + 5])
def test_damaged_objects_are_neither_sent_nor_fetched(
    cache: Cache, remote: ObjectRemote, wire: Wire, tmp_path: Path, size: int
) -> None:
    good, value = stored(cache, b"good", os.urandom(size))
    path = cache.path(value)
    os.chmod(path, 0o644)
    with open(path, "r+b") as stream:
        stream.write(b"#####")
    assert remote.put_all(cache, [good, value], QUIET) == [value]
    assert remote.lacks("md5", [good, value], cache.size) == {value}
    wrong = os.urandom(size)
    key = f"files/md5/{value[:2]}/{value[2:]}"
    wire.write(key, [wrong], size)
    other = Cache(str(tmp_path / "other"))
    assert remote.get_all(other, [value, "0" * 32, good], QUIET) == Got(["0" * 32], [value])
    assert check_objects(other.root) == {good: b"good"}
    assert os.listdir(other.root + "/tmp") == []
    assert content(wire, key) == wrong, "nothing is deleted on read"


def test_an_object_of_a_wrong_size_is_replaced(
    cache: Cache, remote: ObjectRemote, wire: Wire
) -> None:
    (value,) = stored(cache, b"data")
    key = f"files/md5/{value[:2]}/{value[2:]}"
    wire.write(key, [b"da"], 2)
    assert remote.lacks("md5", [value], cache.size) == {value}
    assert remote.put_all(cache, [value], QUIET) == []
    assert content(wire, key) == b"data"


def test_a_directory_seen_whole_costs_one_look(
    cache: Cache, remote: ObjectRemote, tmp_path: Path
) -> None:
    (member,) = stored(cache, b"data")
    folder = cache.store_bytes(
        f'[{{"md5": "{member}", "relpath": "a"}}]'.encode(), hashing.DIR_SUFFIX
    )
    cache.flush()
    assert remote.wholes("md5", [folder]) == set()
    transfer.send(cache, remote, transfer.Plan([member], [folder], [], []), QUIET)
    assert remote.wholes("md5", [folder, "0" * 32 + ".dir"]) == {folder}
    remote.delete("md5", [folder], QUIET)
    assert remote.wholes("md5", [folder]) == set()
