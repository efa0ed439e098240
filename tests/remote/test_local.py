"""A folder as a remote: the write protocol, what is checked, what is remembered."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from git_dvc import fsutil, hashing, parallel
from git_dvc.errors import MissingObjectError, RemoteError, RemoteGoneError
from git_dvc.progress import NoProgress
from git_dvc.remote import transfer
from git_dvc.remote.base import Got, Memory
from git_dvc.remote.local import LocalRemote
from git_dvc.store.cache import SMALL_BYTES, Cache
from tests.scene import check_objects, md5

QUIET = NoProgress()


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(str(tmp_path / "cache"))


@pytest.fixture
def remote(tmp_path: Path) -> LocalRemote:
    return LocalRemote("store", str(tmp_path / "store"), str(tmp_path / "memory"))


def stored(cache: Cache, *contents: bytes) -> list[str]:
    found = [cache.store_bytes(data) for data in contents]
    cache.flush()
    return found


def send(cache: Cache, remote: LocalRemote, *values: str) -> transfer.Sent:
    return transfer.send(cache, remote, transfer.Plan(list(values), [], [], []), QUIET)


@pytest.mark.parametrize("size", [0, 1, SMALL_BYTES, SMALL_BYTES + 1, 3 * SMALL_BYTES + 7])
def test_an_object_goes_there_and_back(
    cache: Cache, remote: LocalRemote, tmp_path: Path, size: int
) -> None:
    data = os.urandom(size)
    (value,) = stored(cache, data)
    assert send(cache, remote, value) == transfer.Sent(1, size, [])
    assert check_objects(remote.where) == {value: data}
    assert (
        stat.S_IMODE(os.stat(f"{remote.where}/files/md5/{value[:2]}/{value[2:]}").st_mode) == 0o444
    )
    other = Cache(str(tmp_path / "other"))
    assert remote.get_all(other, [value], QUIET) == Got([], [])
    assert check_objects(other.root) == {value: data}
    assert b"".join(remote.read("md5", value)) == data
    assert b"".join(remote.read("md5", value, 3, 2)) == data[3:5]
    assert os.listdir(tmp_path / "store" / "tmp") == []


def test_the_layout_of_dvc_2(tmp_path: Path, remote: LocalRemote) -> None:
    old = Cache(str(tmp_path / "cache"), hashing.MD5_DOS2UNIX)
    value = old.store_bytes(b"a\r\nb\r\n")
    old.flush()
    assert value == md5(b"a\nb\n")
    assert remote.lacks("md5-dos2unix", [value], old.size) == {value}
    send(old, remote, value)
    assert (Path(remote.where) / value[:2] / value[2:]).read_bytes() == b"a\r\nb\r\n"
    assert remote.lacks("md5-dos2unix", [value], old.size) == set()
    assert remote.lacks("md5", [value], old.size) == {value}
    (found,) = remote.stored("md5-dos2unix")
    assert (found.value, found.size_bytes) == (value, 6) and found.mtime_s is not None
    assert remote.delete("md5-dos2unix", [value, "0" * 32], QUIET) == 1
    assert list(remote.stored("md5-dos2unix")) == []


@pytest.mark.parametrize("size", [5, SMALL_BYTES + 5])
def test_damaged_objects_are_neither_sent_nor_fetched(
    cache: Cache, remote: LocalRemote, tmp_path: Path, size: int
) -> None:
    (value,) = stored(cache, os.urandom(size))
    send(cache, remote, value)
    for root in (cache.root, remote.where):
        path = f"{root}/files/md5/{value[:2]}/{value[2:]}"
        os.chmod(path, 0o644)
        with open(path, "r+b") as stream:
            stream.write(b"#")
    other = Cache(str(tmp_path / "other"))
    assert remote.get_all(other, [value], QUIET) == Got([], [value])
    assert check_objects(other.root) == {}
    assert os.path.exists(path), "nothing is deleted on read"
    os.unlink(path)
    assert send(cache, remote, value).damaged == [value]
    assert check_objects(remote.where) == {}
    assert os.listdir(tmp_path / "store" / "tmp") == []


def test_what_is_missing_or_a_link_is_not_there(
    cache: Cache, remote: LocalRemote, tmp_path: Path
) -> None:
    """A link in a remote could lead to somebody's secrets (S11)."""
    (value,) = stored(cache, b"data")
    other = Cache(str(tmp_path / "other"))
    assert remote.get_all(other, ["0" * 32], QUIET) == Got(["0" * 32], [])
    with pytest.raises(MissingObjectError):
        list(remote.read("md5", "0" * 32))
    secret = tmp_path / "secret"
    secret.write_bytes(b"data")
    place = Path(remote.where) / "files" / "md5" / value[:2] / value[2:]
    place.parent.mkdir(parents=True)
    place.symlink_to(secret)
    assert remote.get_all(other, [value], QUIET) == Got([value], [])
    assert remote.lacks("md5", [value], cache.size) == {value}
    send(cache, remote, value)
    assert not place.is_symlink() and place.read_bytes() == b"data"


def test_an_object_of_a_wrong_size_is_replaced_and_kept_aside(
    cache: Cache, remote: LocalRemote
) -> None:
    (value,) = stored(cache, b"data")
    place = Path(remote.where) / "files" / "md5" / value[:2] / value[2:]
    place.parent.mkdir(parents=True)
    place.write_bytes(b"da")
    assert remote.lacks("md5", [value], cache.size) == {value}
    send(cache, remote, value)
    assert check_objects(remote.where) == {value: b"data"}
    (aside,) = (Path(remote.where) / "corrupt").iterdir()
    assert aside.read_bytes() == b"da"


def test_a_directory_seen_whole_is_asked_for_again_when_something_changed(
    cache: Cache, remote: LocalRemote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("git_dvc.store.cache.COARSE_GRAIN_NS", -(10**12))
    values = stored(cache, b"1", b"2")
    send(cache, remote, *values)
    folder = "a" * 32 + ".dir"
    assert not remote.wholes("md5", [folder])
    remote.remember_whole("md5", [folder])
    assert remote.wholes("md5", [folder]) == {folder}
    again = LocalRemote("store", remote.where, remote.memory.folder)
    assert again.wholes("md5", [folder]) == {folder}
    os.unlink(f"{remote.where}/files/md5/{values[0][:2]}/{values[0][2:]}")
    fresh = LocalRemote("store", remote.where, remote.memory.folder)
    assert not fresh.wholes("md5", [folder])


def test_a_full_disk_leaves_nothing_half(
    cache: Cache, remote: LocalRemote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = sorted(stored(cache, *(f"content {n}".encode() for n in range(5))))
    real, calls = fsutil.write_all, []

    def full(fd: int, data: bytes | memoryview) -> None:
        calls.append(fd)
        if len(calls) == 4:
            real(fd, memoryview(data)[:3])
            raise OSError(errno.ENOSPC, "No space left on device")
        real(fd, data)

    monkeypatch.setattr(fsutil, "write_all", full)
    with pytest.raises(RemoteError, match="no space left"):
        send(cache, remote, *values)
    assert check_objects(remote.where) == {}
    assert os.listdir(tmp_path / "store" / "tmp") == []
    monkeypatch.undo()
    send(cache, remote, *values)
    assert sorted(check_objects(remote.where)) == values


def test_many_files_go_by_several_processes(
    cache: Cache, remote: LocalRemote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "processes", lambda files: 3)
    values = stored(cache, *(f"content {n}".encode() for n in range(50)))
    assert send(cache, remote, *values).files == 50
    assert sorted(check_objects(remote.where)) == sorted(values)


def test_a_folder_that_had_data_is_not_made_anew(cache: Cache, remote: LocalRemote) -> None:
    remote.reach()
    assert not os.path.exists(remote.where), "looking makes nothing"
    send(cache, remote, *stored(cache, b"data"))
    remote.memory.add([("md5", md5(b"data"))])
    remote.reach()
    os.rename(remote.where, remote.where + ".away")
    with pytest.raises(RemoteGoneError):
        remote.reach()
    os.makedirs(remote.where)
    with pytest.raises(RemoteGoneError, match="had data before"):
        remote.reach()
    os.makedirs(remote.where + "/files/md5")  # what the hint says
    remote.reach()


def test_a_folder_that_may_not_be_read_is_not_taken_for_an_empty_one(
    remote: LocalRemote, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.makedirs(remote.where)
    remote.memory.add([("md5", md5(b"data"))])

    def refuse(path: str) -> list[str]:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(RemoteError, match="cannot be used: permission denied"):
        remote.reach()


def test_memory_survives_and_forgives(tmp_path: Path) -> None:
    one = Memory(str(tmp_path / "memory"))
    assert not one.was_used
    one.add([])
    assert not (tmp_path / "memory").exists()
    one.add([("md5", "0" * 32), ("md5", "1" * 32 + ".dir")])
    one.add([("md5", "0" * 32)])
    with open(tmp_path / "memory" / "seen", "a") as stream:
        stream.write("md5 22222")
    two = Memory(str(tmp_path / "memory"))
    assert two.seen == {("md5", "0" * 32), ("md5", "1" * 32 + ".dir")}
