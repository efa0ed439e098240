"""Copying while hashing: every byte once, in order, and no failure unseen."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from git_dvc import fsutil, hashing
from git_dvc.progress import NoProgress
from git_dvc.store import copying
from tests.scene import md5


class Counting(NoProgress):
    """Adds up the bytes it is told of."""

    def __init__(self) -> None:
        self.size = 0

    def advance(self, files: int = 0, size_bytes: int = 0) -> None:
        self.size += size_bytes


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Many chunks in small files; and no thread is left behind."""
    monkeypatch.setattr(copying, "CHUNK_BYTES", 1000)
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def copy(source: Path, target: Path, *, durable: bool = False) -> tuple[int, str, int]:
    watch = Counting()
    hasher = hashing.MD5.new()
    with source.open("rb") as reading, target.open("wb") as writing:
        count = copying.copy(reading.fileno(), writing.fileno(), hasher, watch, durable=durable)
    return count, hasher.hexdigest(), watch.size


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 4000, 54_321])
def test_the_copy_the_hash_and_the_count_are_of_the_same_bytes(tmp_path: Path, size: int) -> None:
    data = bytes(number * 7 % 251 for number in range(size))
    (tmp_path / "source").write_bytes(data)
    assert copy(tmp_path / "source", tmp_path / "target") == (size, md5(data), size)
    assert (tmp_path / "target").read_bytes() == data


def test_short_writes_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: plain(fd, bytes(data[:7])))
    data = os.urandom(5000)
    (tmp_path / "source").write_bytes(data)
    copy(tmp_path / "source", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == data


@pytest.mark.parametrize("number", [1, 3, 50])
def test_a_write_that_fails_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    plain = fsutil.write_all
    calls: list[int] = []

    def write_all(fd: int, data: memoryview) -> None:
        calls.append(fd)
        if len(calls) >= number:
            raise OSError(errno.ENOSPC, "no space")
        plain(fd, data)

    monkeypatch.setattr(fsutil, "write_all", write_all)
    (tmp_path / "source").write_bytes(bytes(50_000))
    with pytest.raises(OSError, match="no space"):
        copy(tmp_path / "source", tmp_path / "target")
    assert len(calls) == number, "written on after a failure"


def test_a_read_that_fails_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = fsutil.read_into
    calls: list[int] = []

    def read_into(fd: int, buffer: bytearray) -> int:
        calls.append(fd)
        if len(calls) == 3:
            raise OSError(errno.EIO, "bad disk")
        return plain(fd, buffer)

    monkeypatch.setattr(fsutil, "read_into", read_into)
    (tmp_path / "source").write_bytes(bytes(50_000))
    with pytest.raises(OSError, match="bad disk"):
        copy(tmp_path / "source", tmp_path / "target")


def test_a_failing_progress_stops_the_copy(tmp_path: Path) -> None:
    class Stop(NoProgress):
        def advance(self, files: int = 0, size_bytes: int = 0) -> None:
            raise KeyboardInterrupt

    (tmp_path / "source").write_bytes(bytes(50_000))
    with (
        (tmp_path / "source").open("rb") as reading,
        (tmp_path / "target").open("wb") as writing,
        pytest.raises(KeyboardInterrupt),
    ):
        copying.copy(reading.fileno(), writing.fileno(), hashing.MD5.new(), Stop(), durable=False)


@pytest.mark.parametrize("durable", [True, False])
def test_the_disk_is_kept_busy_if_the_copy_must_be_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durable: bool
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    monkeypatch.setattr(copying, "SYNC_EVERY_BYTES", 2500)
    (tmp_path / "source").write_bytes(bytes(10_000))
    copy(tmp_path / "source", tmp_path / "target", durable=durable)
    assert len(synced) == (3 if durable else 0)
