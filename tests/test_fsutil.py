"""The file system: whole files or none, and no directory reached through a link."""

from __future__ import annotations

import errno
import os
import stat
import time
from pathlib import Path

import pytest

from git_dvc import fsutil
from git_dvc.errors import GitDvcError
from git_dvc.fsutil import Folders, NotAFolderError
from tests.test_parallel import children


def write(path: Path, data: bytes, **options: bool) -> None:
    fsutil.atomic_write(str(path), data, str(path.parent / "tmp"), **options)


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_is_made_and_replaced_and_keeps_its_mode(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "x"
    write(path, b"one", durable=durable)
    assert path.read_bytes() == b"one"
    path.chmod(0o600)
    inode = path.stat().st_ino
    write(path, b"two", durable=durable)
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_ino != inode, "a reader of the old one keeps it whole"
    assert os.listdir(tmp_path / "tmp") == []


@pytest.mark.parametrize("name", ["write", "fsync", "replace"])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = tmp_path / "x"
    write(path, b"old")

    def fail(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, name, fail)
    with pytest.raises(OSError, match="no space"):
        write(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path / "tmp") == []


def test_a_temporary_directory_elsewhere_is_no_hindrance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = os.replace

    def replace(source: str, target: str) -> None:
        if os.path.dirname(source) != os.path.dirname(target):
            raise OSError(errno.EXDEV, "elsewhere")
        plain(source, target)

    monkeypatch.setattr(os, "replace", replace)
    write(tmp_path / "x", b"data")
    assert (tmp_path / "x").read_bytes() == b"data"
    assert sorted(os.listdir(tmp_path)) == ["tmp", "x"]
    assert os.listdir(tmp_path / "tmp") == []


@pytest.mark.parametrize("kind", ["link", "directory"])
def test_what_is_no_file_is_neither_read_nor_replaced(tmp_path: Path, kind: str) -> None:
    path, target = tmp_path / "x", tmp_path / "target"
    target.write_text("theirs")
    path.mkdir() if kind == "directory" else path.symlink_to(target)
    with pytest.raises(GitDvcError, match="left as it is"):
        write(path, b"new")
    with pytest.raises((GitDvcError, OSError)):
        fsutil.read_bytes(str(path))
    assert target.read_text() == "theirs"


def test_small_files_are_read_and_large_ones_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"12345")
    assert fsutil.read_bytes(str(tmp_path / "x"), most=5) == b"12345"
    with pytest.raises(GitDvcError, match="larger than 4 bytes"):
        fsutil.read_bytes(str(tmp_path / "x"), most=4)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(GitDvcError, match="not a regular file"):
        fsutil.read_bytes(str(tmp_path / "pipe"))


def test_names_and_absences(tmp_path: Path) -> None:
    assert len({fsutil.temporary_name() for _ in range(100)}) == 100
    assert fsutil.lstat(str(tmp_path / "x")) is None
    (tmp_path / "x").touch()
    assert fsutil.lstat(str(tmp_path / "x/y")) is None
    assert fsutil.remove_if_there(str(tmp_path / "x"))
    assert not fsutil.remove_if_there(str(tmp_path / "x"))
    old = os.umask(0o027)
    try:
        assert fsutil.umask() == 0o027
        assert fsutil.umask() == 0o027
    finally:
        os.umask(old)
    fsutil.sync_filesystem(str(tmp_path))
    fsutil.sync_folder(str(tmp_path))


# -- directories ------------------------------------------------------------------------------


def test_directories_are_opened_made_and_closed(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc") else 0
    with Folders(str(tmp_path)) as folders:
        assert folders.open("a/b", create=False) is None
        for relpath in ("a/b/c", "a/b", "a", "", "a/d", "ab"):
            folder = folders.open(relpath, create=True)
            assert folder is not None
            assert folder.path == os.path.join(tmp_path, relpath).rstrip("/")
            assert folders.open(relpath, create=False) is folder
            with open(os.open(folder.at("f"), os.O_CREAT | os.O_WRONLY, dir_fd=folder.fd), "w"):
                pass
    found = sorted(os.path.relpath(path, tmp_path) for path in tmp_path.rglob("f"))
    assert found == ["a/b/c/f", "a/b/f", "a/d/f", "a/f", "ab/f", "f"]
    if before:
        assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("trap", ["a", "a/b", "a/b/c"])
@pytest.mark.parametrize("kind", ["link", "file"])
@pytest.mark.parametrize("create", [True, False])
def test_no_component_may_be_a_link_or_a_file(
    tmp_path: Path, trap: str, kind: str, create: bool
) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / trap).parent.mkdir(parents=True)
    (outside / "b/c").mkdir(parents=True)
    (root / trap).symlink_to(outside) if kind == "link" else (root / trap).touch()
    with Folders(str(root)) as folders, pytest.raises(NotAFolderError) as caught:
        folders.open("a/b/c", create=create)
    assert caught.value.relpath == trap


# -- leftovers --------------------------------------------------------------------------------


def test_only_old_files_of_dead_processes_are_removed(tmp_path: Path) -> None:
    dead = 2**22 + 1  # above the largest process number that Linux gives
    assert not fsutil.process_lives(dead)
    assert fsutil.process_lives(os.getpid())
    assert not fsutil.process_lives(0)
    names = [f"{dead}.old", f"{dead}.young", f"{os.getpid()}.old", "other.old"]
    for name in names:
        (tmp_path / name).touch()
        if name.endswith("old"):
            os.utime(tmp_path / name, (time.time() - 25 * 3600,) * 2)
    fsutil.clean_leftovers(str(tmp_path))
    assert sorted(os.listdir(tmp_path)) == sorted(names[1:])
    fsutil.clean_leftovers(str(tmp_path), age_s=0)
    assert sorted(os.listdir(tmp_path)) == sorted(names[2:])
    fsutil.clean_leftovers(str(tmp_path / "nothing"))


def test_a_large_file_is_gone_at_once_and_nobody_waits_for_its_blocks(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"x" * 100_000)
    before = children()
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    fsutil.unlink_large(str(tmp_path / "data"))
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        assert stream.read() == b""  # ends, so no child holds the other end
    assert os.listdir(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        fsutil.unlink_large(str(tmp_path / "data"))
    assert children() <= before


def test_no_process_to_spare_is_no_hindrance_to_deleting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fork() -> int:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", fork)
    (tmp_path / "data").write_bytes(b"x")
    fsutil.unlink_large(str(tmp_path / "data"))
    assert os.listdir(tmp_path) == []
