"""The cache: right names only, whatever the disk, other users and other processes do."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from git_dvc import hashing
from git_dvc.errors import (
    ChangingFileError,
    CorruptObjectError,
    FormatError,
    MissingObjectError,
    NotRegularFileError,
)
from git_dvc.formats import manifest as manifests
from git_dvc.fsutil import Folder, Folders
from git_dvc.store import cache as caches
from git_dvc.store.cache import COPY, HARDLINK, REFLINK, Cache
from git_dvc.store.state import NEVER, Entry, State
from tests.scene import check_objects, md5

Store = Callable[..., tuple[Entry, bool]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State(str(tmp_path / "state"), str(tmp_path / "state"))
    yield made
    made.close()


@pytest.fixture
def cache(root: Path, state: State) -> Cache:
    return Cache(str(root), state=state)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    (tmp_path / "work").mkdir()
    with Folders(str(tmp_path / "work")) as folders:
        found = folders.open("", create=False)
        assert found is not None
        yield found


def write(folder: Folder, name: str, data: bytes = b"content", age_s: float = 10) -> Path:
    path = Path(folder.path) / name
    path.write_bytes(data)
    past = time.time_ns() - int(age_s * 1e9) - 1
    os.utime(path, ns=(past, past))
    return path


def object_path(cache: Cache, data: bytes) -> Path:
    return Path(cache.path(md5(data)))


BIG = os.urandom(caches.SMALL_BYTES + 12345)


# -- storing --------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [COPY, REFLINK, HARDLINK])
@pytest.mark.parametrize(
    "data", [b"", b"x", b"crlf\r\n" * 9, BIG], ids=["empty", "x", "crlf", "big"]
)
def test_a_file_is_stored_under_its_hash(
    cache: Cache, folder: Folder, how: str, data: bytes
) -> None:
    path = write(folder, "f", data)
    entry, linked = cache.store_file(folder, "f", how=how)
    cache.flush()
    assert entry[:2] == (md5(data), len(data)) and entry[2] == path.stat().st_mtime_ns
    assert entry[4] == path.stat().st_ino
    found = object_path(cache, data)
    assert found.read_bytes() == path.read_bytes() == data
    assert stat.S_IMODE(found.stat().st_mode) == 0o444
    assert linked == (how == HARDLINK and data != b"")
    assert os.path.samefile(found, path) == linked
    assert stat.S_IMODE(path.stat().st_mode) == (0o444 if linked else 0o644)
    assert os.listdir(Path(cache.root) / "tmp") == [] if not linked else True


def test_nothing_has_a_name_before_it_is_published(cache: Cache, folder: Folder) -> None:
    write(folder, "f")
    cache.store_file(folder, "f")
    assert not object_path(cache, b"content").exists()
    assert cache.has(md5(b"content")) and cache.lacks([md5(b"content")]) == set()
    cache.discard()
    assert not cache.has(md5(b"content")) and os.listdir(Path(cache.root) / "tmp") == []


def test_equal_files_are_one_object(cache: Cache, folder: Folder) -> None:
    for name in "abc":
        write(folder, name)
    linked = [cache.store_file(folder, name, how=HARDLINK)[1] for name in "abc"]
    cache.flush()
    assert linked == [True, False, False]
    assert len(check_objects(cache.root)) == 1


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EMLINK, errno.EPERM, errno.ENOTSUP])
def test_where_no_hard_link_can_be_made_the_file_is_copied(
    cache: Cache, folder: Folder, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    path = write(folder, "f")

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", refuse)
    assert not cache.store_file(folder, "f", how=HARDLINK)[1]
    cache.flush()
    assert object_path(cache, b"content").read_bytes() == b"content"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644, "the user's file has its mode back"


def test_a_failing_disk_leaves_the_file_as_it_was(
    cache: Cache, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(folder, "f")

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(errno.EIO, "bad disk")

    monkeypatch.setattr(os, "link", fail)
    with pytest.raises(OSError, match="bad disk"):
        cache.store_file(folder, "f", how=HARDLINK)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644 and check_objects(cache.root) == {}


def test_a_file_that_has_other_names_is_copied(cache: Cache, folder: Folder) -> None:
    path = write(folder, "f")
    os.link(path, path.parent / "other")
    assert not cache.store_file(folder, "f", how=HARDLINK)[1]
    cache.flush()
    assert not os.path.samefile(path, object_path(cache, b"content"))
    assert path.stat().st_mode & stat.S_IWUSR


def test_a_file_of_another_owner_is_copied(
    cache: Cache, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(folder, "f")
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    assert not cache.store_file(folder, "f", how=HARDLINK)[1]
    cache.flush()
    assert not os.path.samefile(path, object_path(cache, b"content"))


@pytest.mark.parametrize("how", [COPY, HARDLINK])
def test_a_link_is_read_through_and_stays(cache: Cache, folder: Folder, how: str) -> None:
    target = write(folder, "real")
    os.symlink("real", Path(folder.path) / "f")
    entry, linked = cache.store_file(folder, "f", how=how)
    cache.flush()
    assert entry[0] == md5(b"content") and not linked
    assert check_objects(cache.root).keys() == {md5(b"content")}
    assert os.path.islink(Path(folder.path) / "f") and target.stat().st_mode & stat.S_IWUSR


@pytest.mark.parametrize("how", [COPY, HARDLINK])
@pytest.mark.parametrize("size", [10, caches.SMALL_BYTES * 3])
def test_a_file_that_changes_while_it_is_read_is_refused(
    cache: Cache, folder: Folder, monkeypatch: pytest.MonkeyPatch, how: str, size: int
) -> None:
    path = write(folder, "f", b"0" * size)
    same = caches._same
    tries = []

    def touched(before: os.stat_result, after: os.stat_result) -> bool:
        tries.append(1)
        with path.open("r+b") as stream:
            stream.write(b"%d" % len(tries))
        return same(before, os.stat(path))

    path.chmod(0o644)
    monkeypatch.setattr(caches, "_same", touched)
    with pytest.raises(ChangingFileError):
        cache.store_file(folder, "f", how=how)
    cache.flush()
    check_objects(cache.root)
    assert path.stat().st_nlink == 1 and path.stat().st_mode & stat.S_IWUSR


def test_a_file_that_rests_again_is_stored(
    cache: Cache, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "f")
    answers = iter([False, True])
    monkeypatch.setattr(caches, "_same", lambda *_: next(answers))
    assert cache.store_file(folder, "f")[0][0] == md5(b"content")


def test_a_fifo_or_a_directory_is_refused_and_nothing_hangs(cache: Cache, folder: Folder) -> None:
    os.mkfifo(Path(folder.path) / "fifo")
    (Path(folder.path) / "dir").mkdir()
    for name in ("fifo", "dir"):
        with pytest.raises(NotRegularFileError):
            cache.store_file(folder, name)
        with pytest.raises(NotRegularFileError):
            cache.hash_file(folder, name)


def test_a_file_written_just_now_is_stored_and_not_trusted(cache: Cache, folder: Folder) -> None:
    write(folder, "f", age_s=0)
    assert cache.store_file(folder, "f")[0][2] == NEVER


# -- objects that are there already -----------------------------------------------------------


@pytest.mark.parametrize("how", [COPY, HARDLINK])
@pytest.mark.parametrize("damage", [b"", b"kontent", b"cont", b"content and more"])
@pytest.mark.parametrize("mode", [0o444, 0o644])
def test_a_damaged_object_is_set_aside_and_made_anew(
    cache: Cache, folder: Folder, how: str, damage: bytes, mode: int
) -> None:
    write(folder, "f")
    place = object_path(cache, b"content")
    place.parent.mkdir(parents=True)
    place.write_bytes(damage)
    place.chmod(mode)
    cache.store_file(folder, "f", how=how)
    cache.flush()
    assert check_objects(cache.root) == {md5(b"content"): b"content"}
    assert [path.read_bytes() for path in (Path(cache.root) / "corrupt").iterdir()] == [damage]


def test_a_directory_or_link_in_an_objects_place_is_set_aside(
    cache: Cache, folder: Folder, tmp_path: Path
) -> None:
    write(folder, "f")
    place = object_path(cache, b"content")
    (tmp_path / "victim").write_bytes(b"content")
    for kind in ("directory", "link"):
        place.parent.mkdir(parents=True, exist_ok=True)
        if kind == "directory":
            place.mkdir()
        else:
            place.unlink()
            place.symlink_to(tmp_path / "victim")
        with pytest.raises(CorruptObjectError):
            cache.trusted(md5(b"content"))
        cache.store_file(folder, "f")
        cache.flush()
        assert check_objects(cache.root) == {md5(b"content"): b"content"}
    assert (tmp_path / "victim").read_bytes() == b"content"


def test_a_good_object_of_mode_0644_is_checked_and_protected(cache: Cache) -> None:
    place = object_path(cache, b"content")
    place.parent.mkdir(parents=True)
    place.write_bytes(b"content")
    cache.trusted(md5(b"content"))
    assert stat.S_IMODE(place.stat().st_mode) == 0o444


def test_a_damaged_object_in_a_cache_that_cannot_be_written_is_not_used(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = object_path(cache, b"content")
    place.parent.mkdir(parents=True)
    place.write_bytes(b"damage!")

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, "read-only")

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(CorruptObjectError):
        cache.trusted(md5(b"content"))
    assert place.read_bytes() == b"damage!"


def test_what_was_verified_is_not_read_again_until_it_changes(
    cache: Cache, folder: Folder, root: Path, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "f")
    cache.store_file(folder, "f")
    cache.flush()
    value = md5(b"content")
    reads: list[str] = []
    verify = Cache.verify

    def counted(self: Cache, value: str, *rest: Any) -> None:
        reads.append(value)
        verify(self, value, *rest)

    monkeypatch.setattr(Cache, "verify", counted)
    fresh = Cache(str(root), state=state)
    fresh.trusted(value)
    assert reads == []
    place = object_path(cache, b"content")
    place.chmod(0o644)
    place.write_bytes(b"kontent")
    with pytest.raises(CorruptObjectError):
        Cache(str(root), state=state).trusted(value)
    assert reads == [value]


def test_missing_objects_are_named(cache: Cache) -> None:
    value = md5(b"nothing")
    assert cache.size(value) is None and not cache.has(value)
    for look in (cache.trusted, cache.verify, cache.read_manifest_bytes, cache.read_manifest):
        with pytest.raises(MissingObjectError):
            look(value)


@pytest.mark.parametrize("count", [3, 40, 600])
def test_lacks_agrees_with_asking_one_by_one(cache: Cache, count: int) -> None:
    values = [md5(str(n).encode()) for n in range(count)]
    for value in values[::3]:
        place = Path(cache.path(value))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    assert cache.lacks(values) == {value for value in values if not cache.has(value)}
    assert set(cache.all_hashes()) == set(values[::3])


def test_all_hashes_passes_over_what_is_no_object(cache: Cache) -> None:
    value = cache.store_bytes(b"x")
    cache.flush()
    top = Path(cache.objects)
    (top / "zz").mkdir()
    (top / "zz" / "not-a-hash").touch()
    (top / "ab").mkdir(exist_ok=True)
    (top / "ab" / "short").touch()
    (top / "readme").touch()
    assert list(cache.all_hashes()) == [value]


# -- manifests --------------------------------------------------------------------------------


def test_a_manifest_is_checked_against_its_name(cache: Cache) -> None:
    files = {"a": md5(b"a"), "b/c": md5(b"b")}
    value = cache.store_bytes(manifests.dump(files), hashing.DIR_SUFFIX)
    cache.flush()
    assert cache.read_manifest(value) == files
    place = Path(cache.path(value))
    place.chmod(0o644)
    place.write_bytes(place.read_bytes().replace(b'"a"', b'"x"'))
    with pytest.raises(CorruptObjectError):
        cache.read_manifest(value)
    with pytest.raises(MissingObjectError):
        cache.read_manifest(value)


def test_a_hostile_manifest_with_the_right_hash_is_refused(cache: Cache) -> None:
    data = b'[{"md5": "' + b"a" * 32 + b'", "relpath": "../../x"}]'
    value = cache.store_bytes(data, hashing.DIR_SUFFIX)
    cache.flush()
    with pytest.raises(FormatError):
        cache.read_manifest(value)


# -- other algorithms and layouts ---------------------------------------------------------------


def test_dvc_2s_objects_lie_at_the_top(root: Path, folder: Folder) -> None:
    cache = Cache(str(root), hashing.MD5_DOS2UNIX)
    write(folder, "f", b"a\r\n")
    entry, _ = cache.store_file(folder, "f")
    cache.flush()
    assert entry[0] == md5(b"a\n")
    assert (root / entry[0][:2] / entry[0][2:]).read_bytes() == b"a\r\n"
    Cache(str(root), hashing.MD5_DOS2UNIX).trusted(entry[0])


def test_xxh128_has_a_folder_of_its_own(root: Path) -> None:
    cache = Cache(str(root), hashing.XXH128)
    value = cache.store_bytes(b"")
    cache.flush()
    assert (root / "files" / "xxh128" / value[:2] / value[2:]).exists()


# -- sharing ------------------------------------------------------------------------------------


def test_a_shared_cache_belongs_to_the_group(root: Path, folder: Folder) -> None:
    old = os.umask(0o077)
    try:
        cache = Cache(str(root), shared=True)
        write(folder, "f")
        write(folder, "g", b"linked")
        cache.store_file(folder, "f")
        cache.store_file(folder, "g", how=HARDLINK)
        cache.store_file(folder, "f")
        cache.flush()
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(old)
    for place, folders, names in os.walk(root / "files"):
        for name in folders:
            assert stat.S_IMODE(os.stat(os.path.join(place, name)).st_mode) == 0o2775
        for name in names:
            assert stat.S_IMODE(os.stat(os.path.join(place, name)).st_mode) == 0o444
    assert stat.S_IMODE(root.stat().st_mode) == 0o2775


def test_two_caches_that_publish_the_same_object_agree(root: Path, folder: Folder) -> None:
    write(folder, "f")
    one, two = Cache(str(root)), Cache(str(root))
    one.store_file(folder, "f")
    two.store_file(folder, "f")
    one.flush()
    two.flush()
    assert check_objects(root) == {md5(b"content"): b"content"}
    assert os.listdir(root / "tmp") == []


def test_an_object_that_appears_before_the_link_is_taken(
    root: Path, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "f")
    path = write(folder, "g")
    link = os.link

    def late(*args: Any, **kwargs: Any) -> None:
        monkeypatch.setattr(os, "link", link)
        other = Cache(str(root))
        other.store_file(folder, "f", how=HARDLINK)
        other.flush()
        link(*args, **kwargs)

    monkeypatch.setattr(os, "link", late)
    cache = Cache(str(root))
    entry, linked = cache.store_file(folder, "g", how=HARDLINK)
    cache.flush()
    assert entry[0] == md5(b"content") and not linked
    assert check_objects(root) == {md5(b"content"): b"content"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


# -- leftovers ----------------------------------------------------------------------------------


def test_leftovers_of_the_dead_go_after_a_day(cache: Cache) -> None:
    tmp = Path(cache.root) / "tmp"
    tmp.mkdir(parents=True)
    dead = 2**22 + 1
    names = {f"{dead}.a.1": 2 * 86400, f"{dead}.b.1": 60, f"{os.getpid()}.c.1": 2 * 86400,
             "notes": 2 * 86400}  # fmt: skip
    for name, age in names.items():
        (tmp / name).touch()
        os.utime(tmp / name, (time.time() - age,) * 2)
    cache.clean_leftovers()
    assert sorted(os.listdir(tmp)) == sorted(set(names) - {f"{dead}.a.1"})
