"""The store: what gets a final name, with which content and mode, and what never does."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_dvc import hashing
from git_dvc.errors import (
    ChangingFileError,
    CorruptObjectError,
    FormatError,
    MissingObjectError,
    NotRegularFileError,
)
from git_dvc.formats import manifest as manifests
from git_dvc.fsutil import Folders
from git_dvc.progress import NoProgress
from git_dvc.store import cache as stores
from git_dvc.store.cache import COPY, HARDLINK, REFLINK, SMALL_BYTES, Cache
from git_dvc.store.state import Entry, State
from tests.scene import md5

HOWS = [COPY, HARDLINK, REFLINK]
LARGE = b"0123456789abcde\n" * (SMALL_BYTES // 16) + b"and more"


class Place(NamedTuple):
    """A cache beside a directory of files."""

    cache: Cache
    work: Path

    def write(self, name: str, data: bytes | str, mode: int = 0o644) -> Path:
        path = self.work / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        path.chmod(mode)
        return path

    def store(self, name: str, how: str = COPY) -> tuple[Entry, bool]:
        with Folders(str(self.work)) as folders:
            folder = folders.open("", create=False)
            assert folder is not None
            return self.cache.store_file(folder, name, how=how)

    def add(self, name: str, data: bytes | str, how: str = COPY) -> str:
        self.write(name, data)
        entry, _ = self.store(name, how)
        self.cache.flush()
        return entry[0]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    work = tmp_path / "work"
    work.mkdir()
    return Place(Cache(str(tmp_path / "cache"), durable=False), work)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = State(str(tmp_path / "state"), str(tmp_path / "state"))
    yield opened
    opened.close()


def mode_of(path: str | Path) -> int:
    return stat.S_IMODE(os.lstat(path).st_mode)


def files_in(folder: str | Path) -> list[str]:
    return [os.path.join(top, name) for top, _, names in os.walk(folder) for name in names]


def damage(path: str, data: bytes = b"rotten") -> None:
    """Put other bytes under an object's name, read-only like a good one."""
    os.unlink(path)
    Path(path).write_bytes(data)
    os.chmod(path, 0o444)


# -- what an object is ------------------------------------------------------------------------


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("data", [b"hello\n", b"", LARGE], ids=["small", "empty", "large"])
def test_an_object_is_read_only_and_lies_under_its_hash(
    place: Place, how: str, data: bytes
) -> None:
    place.write("a", data)
    entry, linked = place.store("a", how)
    place.cache.flush()
    path = Path(place.cache.root, "files", "md5", md5(data)[:2], md5(data)[2:])
    assert path.read_bytes() == data
    assert place.cache.path(md5(data)) == str(path)
    assert mode_of(path) == 0o444
    assert entry[:2] == (md5(data), len(data))
    assert linked == (how == HARDLINK and bool(data))
    assert files_in(place.cache.root) == [str(path)]
    assert (place.work / "a").read_bytes() == data


def test_with_hard_links_the_file_itself_becomes_the_object(place: Place) -> None:
    value = place.add("a", "hello\n", HARDLINK)
    assert (place.work / "a").samefile(place.cache.path(value))
    assert mode_of(place.work / "a") == 0o444


def test_a_linked_object_is_remembered_only_if_a_later_write_would_show(place: Place) -> None:
    fresh = place.write("fresh", "written in this very moment")
    old = place.write("old", "written long ago")
    os.utime(old, ns=(10**18 + 1, 10**18 + 1))
    soon = time.time_ns() + 10**9 + 1
    os.utime(fresh, ns=(soon, soon))
    for name in ("fresh", "old"):
        entry, linked = place.store(name, HARDLINK)
        assert linked
        found = os.lstat(place.cache.path(entry[0]))
        assert place.cache.remembers(entry[0], found) == (name == "old")


def test_a_copied_file_keeps_its_mode_and_stays_its_own(place: Place) -> None:
    value = place.add("a", "hello\n")
    assert mode_of(place.work / "a") == 0o644
    assert not (place.work / "a").samefile(place.cache.path(value))


def test_a_copy_gets_its_name_only_when_it_is_published(place: Place) -> None:
    place.write("a", "hello\n")
    entry, _ = place.store("a")
    assert not os.path.exists(place.cache.path(entry[0]))
    assert place.cache.has(entry[0])
    assert place.cache.size(entry[0]) == 6
    place.cache.publish()
    assert os.path.exists(place.cache.path(entry[0]))


def test_equal_files_are_one_object(place: Place) -> None:
    for name in ("a", "b"):
        place.write(name, "same\n")
        place.store(name)
    place.write("c", "same\n")
    assert place.store("c", HARDLINK)[1] is False
    place.cache.publish()
    before = os.lstat(place.cache.path(md5(b"same\n")))
    place.store("a")
    place.cache.publish()
    assert os.lstat(place.cache.path(md5(b"same\n"))).st_ino == before.st_ino
    assert len(files_in(place.cache.root)) == 1


def test_manifests_have_dir_at_the_end(place: Place) -> None:
    listing = {"a": md5(b"a"), "d/b": md5(b"b")}
    data = manifests.dump(listing)
    value = place.cache.store_bytes(data, ".dir")
    place.cache.flush()
    assert value == md5(data) + ".dir"
    assert mode_of(place.cache.path(value)) == 0o444
    assert place.cache.read_manifest(value) == listing


def test_a_missing_or_damaged_manifest_is_never_used(place: Place) -> None:
    value = place.cache.store_bytes(manifests.dump({"a": md5(b"a")}), ".dir")
    place.cache.flush()
    damage(place.cache.path(value), manifests.dump({"a": md5(b"b")}))
    with pytest.raises(CorruptObjectError):
        place.cache.read_manifest(value)
    assert len(files_in(os.path.join(place.cache.root, "corrupt"))) == 1
    with pytest.raises(MissingObjectError):
        place.cache.read_manifest(value)


def test_a_link_in_the_place_of_a_manifest_is_not_followed(place: Place, tmp_path: Path) -> None:
    value = place.cache.store_bytes(manifests.dump({"a": md5(b"a")}), ".dir")
    place.cache.flush()
    path = place.cache.path(value)
    os.rename(path, tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", path)
    with pytest.raises(MissingObjectError):
        place.cache.read_manifest(value)


def test_objects_are_listed_and_other_files_are_not(place: Place) -> None:
    values = {place.add(name, name) for name in "abc"}
    Path(place.cache.objects, "ab").mkdir(exist_ok=True)
    Path(place.cache.objects, "ab", "note.txt").write_text("x")
    Path(place.cache.objects, "README").write_text("x")
    assert set(place.cache.all_hashes()) == values


# -- damage -----------------------------------------------------------------------------------


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("bad", [b"hellO\n", b"hel", b""], ids=["flipped", "cut", "empty"])
def test_a_damaged_object_is_set_aside_and_replaced(
    place: Place, how: str, bad: bytes, tmp_path: Path
) -> None:
    value = place.add("a", "hello\n")
    damage(place.cache.path(value), bad)
    fresh = Place(Cache(place.cache.root, durable=False), place.work)
    fresh.store("a", how)
    fresh.cache.publish()
    assert Path(place.cache.path(value)).read_bytes() == b"hello\n"
    (aside,) = files_in(os.path.join(place.cache.root, "corrupt"))
    assert Path(aside).read_bytes() == bad
    assert os.path.basename(aside).startswith(value)


@pytest.mark.parametrize("kind", ["directory", "link", "fifo"])
def test_what_is_no_file_is_no_object(place: Place, kind: str, tmp_path: Path) -> None:
    value = place.add("a", "hello\n")
    path = place.cache.path(value)
    os.rename(path, tmp_path / "elsewhere")
    if kind == "directory":
        os.mkdir(path)
    elif kind == "link":
        os.symlink(tmp_path / "elsewhere", path)
    else:
        os.mkfifo(path)
    assert not place.cache.has(value)
    with pytest.raises(CorruptObjectError):
        place.cache.trusted(value)
    place.store("a")
    place.cache.publish()
    assert Path(path).read_bytes() == b"hello\n"


def test_an_object_without_a_record_is_read_before_it_is_trusted(place: Place) -> None:
    value = place.add("a", "hello\n")
    damage(place.cache.path(value), b"hellO\n")
    with pytest.raises(CorruptObjectError, match="damaged object"):
        Cache(place.cache.root).trusted(value)
    with pytest.raises(MissingObjectError):
        Cache(place.cache.root).trusted(value)


def test_a_read_only_mode_is_given_after_the_content_was_checked(place: Place) -> None:
    value = place.add("a", "hello\n")
    os.chmod(place.cache.path(value), 0o644)
    place.cache.verify(value)
    assert mode_of(place.cache.path(value)) == 0o444


def test_a_damaged_object_does_not_get_the_mode_of_a_good_one(place: Place) -> None:
    value = place.add("a", "hello\n")
    damage(place.cache.path(value))
    os.chmod(place.cache.path(value), 0o644)
    with pytest.raises(CorruptObjectError):
        place.cache.verify(value)
    (aside,) = files_in(os.path.join(place.cache.root, "corrupt"))
    assert mode_of(aside) == 0o644


def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows with each file that a cache reads to hash it."""
    seen: list[int] = []
    plain = Cache._hash_fd

    def hash_fd(self: Cache, fd: int, *args: object) -> str:
        seen.append(fd)
        return plain(self, fd, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Cache, "_hash_fd", hash_fd)
    return seen


def test_what_was_verified_is_not_read_again_by_the_next_process(
    place: Place, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Place(Cache(place.cache.root, state=state), place.work)
    value = first.add("a", "hello\n")
    seen = reads(monkeypatch)
    second = Cache(place.cache.root, state=state)
    second.load_records([value])
    assert second.records()[value] is not None
    assert second.trusted(value).st_size == 6
    assert not seen
    assert Cache(place.cache.root).trusted(value).st_size == 6
    assert len(seen) == 1


def test_an_object_that_changed_since_it_was_verified_is_read_again(
    place: Place, state: State
) -> None:
    first = Place(Cache(place.cache.root, state=state), place.work)
    value = first.add("a", "hello\n")
    damage(place.cache.path(value), b"hellO\n")
    with pytest.raises(CorruptObjectError):
        Cache(place.cache.root, state=state).trusted(value)


def test_a_recorded_file_vouches_for_its_object_only_while_they_are_one(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = place.add("a", "hello\n", HARDLINK)
    found = os.lstat(place.cache.path(value))
    entry = (value, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, 0)
    seen = reads(monkeypatch)
    knowing = Cache(place.cache.root)
    knowing.know([entry])
    knowing.trusted(value)
    assert not seen
    damage(place.cache.path(value), b"hellO\n")
    knowing = Cache(place.cache.root)
    knowing.know([entry])
    with pytest.raises(CorruptObjectError):
        knowing.trusted(value)


def test_records_travel_between_processes_of_one_command(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = place.add("a", "hello\n")
    place.cache.verify(value)
    other = Cache(place.cache.root)
    other.take_records(place.cache.new_records())
    seen = reads(monkeypatch)
    other.trusted(value)
    assert not seen


def test_a_cache_that_cannot_be_written_keeps_what_is_damaged(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = place.add("a", "hello\n")

    def rename(*_: object) -> None:
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(os, "rename", rename)
    assert place.cache.quarantine(value) == place.cache.path(value)
    assert os.path.exists(place.cache.path(value))


# -- shared caches ----------------------------------------------------------------------------


def test_a_shared_cache_belongs_to_the_group(place: Place) -> None:
    shared = Place(Cache(place.cache.root, shared=True, durable=False), place.work)
    old = os.umask(0o077)
    try:
        value = shared.add("a", "hello\n")
    finally:
        os.umask(old)
    folder = os.path.dirname(place.cache.path(value))
    for path in (folder, os.path.dirname(folder), place.cache.root, f"{place.cache.root}/tmp"):
        assert mode_of(path) == 0o2775, path
    assert mode_of(place.cache.path(value)) == 0o444
    assert mode_of(os.path.dirname(place.cache.root)) != 0o2775


# -- files that cannot become the object ------------------------------------------------------


def refuse_links(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def link(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", link)


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EMLINK, errno.EPERM])
@pytest.mark.parametrize("data", [b"hello\n", LARGE], ids=["small", "large"])
def test_where_no_hard_link_can_be_made_the_file_is_copied(
    place: Place, monkeypatch: pytest.MonkeyPatch, code: int, data: bytes
) -> None:
    refuse_links(monkeypatch, code)
    path = place.write("a", data, 0o640)
    entry, linked = place.store("a", HARDLINK)
    place.cache.publish()
    assert not linked
    assert Path(place.cache.path(entry[0])).read_bytes() == data
    assert (path.read_bytes(), mode_of(path)) == (data, 0o640)


def test_a_failing_disk_is_no_reason_to_copy(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_links(monkeypatch, errno.EIO)
    path = place.write("a", "hello\n", 0o640)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        place.store("a", HARDLINK)
    assert mode_of(path) == 0o640
    assert not files_in(place.cache.root)


def test_a_file_with_another_name_elsewhere_is_copied(place: Place, tmp_path: Path) -> None:
    path = place.write("a", "hello\n")
    os.link(path, tmp_path / "other name")
    entry, linked = place.store("a", HARDLINK)
    place.cache.publish()
    assert not linked
    assert not path.samefile(place.cache.path(entry[0]))
    assert mode_of(path) == 0o644


def test_a_file_of_somebody_else_is_copied(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    path = place.write("a", "hello\n")
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    entry, linked = place.store("a", HARDLINK)
    place.cache.publish()
    assert not linked
    assert not path.samefile(place.cache.path(entry[0]))


def test_a_file_behind_a_link_is_copied_and_the_link_stays(place: Place, tmp_path: Path) -> None:
    (tmp_path / "target").write_text("hello\n")
    os.symlink(tmp_path / "target", place.work / "a")
    entry, linked = place.store("a", COPY)
    place.cache.publish()
    assert not linked
    assert Path(place.cache.path(entry[0])).read_text() == "hello\n"
    assert (place.work / "a").is_symlink()


@pytest.mark.parametrize("good", [True, False])
def test_an_object_that_appears_meanwhile_is_checked(
    place: Place, monkeypatch: pytest.MonkeyPatch, good: bool
) -> None:
    path = place.write("a", "hello\n")
    final = place.cache.path(md5(b"hello\n"))
    plain = os.link

    def link(*args: object, **options: object) -> None:
        if not os.path.exists(final) and not os.path.exists(f"{place.cache.root}/corrupt"):
            Path(final).write_text("hello\n" if good else "hellO\n")
        plain(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "link", link)
    _, linked = place.store("a", HARDLINK)
    assert Path(final).read_text() == "hello\n"
    assert linked != good
    assert mode_of(path) == (0o644 if good else 0o444)


# -- files that change or are none ------------------------------------------------------------


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("data", [b"hello\n", LARGE], ids=["small", "large"])
def test_a_file_that_keeps_changing_is_refused_and_no_object_is_made(
    place: Place, monkeypatch: pytest.MonkeyPatch, how: str, data: bytes
) -> None:
    path = place.write("a", data)
    plain = os.fstat
    touched: list[int] = []

    def fstat(fd: int) -> os.stat_result:
        # Every look at the file finds another mtime, as if somebody wrote between them.
        found = plain(fd)
        if os.path.samestat(found, path.lstat()):
            touched.append(fd)
            os.utime(path, ns=(0, len(touched) * 1_000_000_000))
        return found

    monkeypatch.setattr(os, "fstat", fstat)
    with pytest.raises(ChangingFileError, match="changing while it is read"):
        place.store("a", how)
    place.cache.discard()
    assert not files_in(place.cache.objects)
    assert not files_in(place.cache.root)
    assert path.read_bytes() == data
    assert mode_of(path) == 0o644


def test_a_file_that_changes_once_is_read_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write("a", "old\n")
    plain = Cache._hash_fd
    calls: list[str] = []

    def hash_fd(self: Cache, fd: int, *args: object) -> str:
        value = plain(self, fd, *args)  # type: ignore[arg-type]
        if not calls:
            place.write("a", "newer\n")
        calls.append(value)
        return value

    monkeypatch.setattr(Cache, "_hash_fd", hash_fd)
    entry, _ = place.store("a", HARDLINK)
    assert entry[0] == md5(b"newer\n")
    assert calls == [md5(b"old\n"), md5(b"newer\n")]
    assert list(place.cache.all_hashes()) == [md5(b"newer\n")]


def hash_file(place: Place, name: str) -> Entry:
    with Folders(str(place.work)) as folders:
        folder = folders.open("", create=False)
        assert folder is not None
        return place.cache.hash_file(folder, name)


@pytest.mark.parametrize("kind", ["fifo", "directory"])
def test_only_files_are_read_and_nothing_hangs(place: Place, kind: str) -> None:
    (os.mkfifo if kind == "fifo" else os.mkdir)(place.work / "a")
    for work in (hash_file, Place.store):
        with pytest.raises(NotRegularFileError, match="not a regular file"):
            work(place, "a")
    assert not files_in(place.cache.root)


def test_hashing_stores_nothing(place: Place) -> None:
    path = place.write("a", "hello\n")
    os.utime(path, (1, 1))
    found = path.stat()
    assert hash_file(place, "a") == (
        md5(b"hello\n"),
        6,
        found.st_mtime_ns,
        found.st_ctime_ns,
        found.st_ino,
        found.st_mode,
    )
    assert not os.path.exists(place.cache.root)


def test_hashing_a_file_that_keeps_changing_is_refused(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write("a", "hello\n")
    monkeypatch.setattr(stores, "_same", lambda before, after: False)
    with pytest.raises(ChangingFileError):
        hash_file(place, "a")


# -- what the cache lacks ---------------------------------------------------------------------


@pytest.mark.parametrize("count", [3, 40])
def test_lacking_objects_are_found_one_by_one_and_by_listing(place: Place, count: int) -> None:
    there = [f"ab{number:030x}" for number in range(count)]
    absent = [f"ab{number:030x}" for number in range(count, 2 * count)]
    Path(place.cache.objects, "ab").mkdir(parents=True)
    for value in there:
        Path(place.cache.path(value)).touch()
    pending = place.cache.store_bytes(b"not published yet")
    assert place.cache.lacks([*there, *absent, pending]) == set(absent)
    nowhere = [f"cd{number:030x}" for number in range(count)]
    assert place.cache.lacks(nowhere) == set(nowhere)


def test_a_whole_directory_is_not_listed_again_until_a_shard_changes(
    place: Place, state: State
) -> None:
    cache = Cache(place.cache.root, state=state, durable=False)
    value = cache.store_bytes(b"hello\n")
    cache.flush()
    shard = os.path.dirname(cache.path(value))
    old = time.time_ns() - 3600 * 10**9
    os.utime(shard, ns=(old, old))
    calls: list[int] = []

    def listing() -> dict[str, str]:
        calls.append(1)
        return {"a": value}

    folder = md5(b"listing") + ".dir"
    for expected in (1, 1):
        assert cache.lacks_of(folder, listing) == set()
        assert len(calls) == expected
    os.unlink(cache.path(value))
    assert cache.lacks_of(folder, listing) == {value}
    os.utime(shard, ns=(old, old + 1))
    assert cache.lacks_of(folder, listing) == {value}
    assert len(calls) == 3


def test_a_shard_that_changed_just_now_proves_nothing(place: Place, state: State) -> None:
    cache = Cache(place.cache.root, state=state, durable=False)
    value = cache.store_bytes(b"hello\n")
    cache.flush()
    calls: list[int] = []

    def listing() -> dict[str, str]:
        calls.append(1)
        return {"a": value}

    for count in (1, 2):
        assert cache.lacks_of(md5(b"listing") + ".dir", listing) == set()
        assert len(calls) == count


def test_without_a_state_every_question_lists(place: Place) -> None:
    value = place.cache.store_bytes(b"hello\n")
    absent = md5(b"absent")
    assert place.cache.lacks_of("x", lambda: {"a": value, "b": absent}) == {absent}


# -- many, large, and left over ---------------------------------------------------------------


@pytest.mark.parametrize("durable", [True, False])
@pytest.mark.parametrize("how", [COPY, HARDLINK])
def test_many_files_are_published_in_batches(
    place: Place, monkeypatch: pytest.MonkeyPatch, durable: bool, how: str
) -> None:
    monkeypatch.setattr(stores, "BATCH_FILES", 20)
    many = Place(Cache(place.cache.root, durable=durable), place.work)
    count = stores.FEW_FILES + 10
    many.cache.prepare(how, count)
    for number in range(count):
        many.write(str(number), f"{number % 70}\n")
        many.store(str(number), how)
    if how == COPY:
        assert list(many.cache.all_hashes()), "nothing was published on the way"
    many.cache.flush()
    wanted = {md5(f"{number}\n".encode()) for number in range(70)}
    assert set(many.cache.all_hashes()) == wanted
    assert all(mode_of(many.cache.path(value)) == 0o444 for value in wanted)
    assert not os.path.isdir(f"{place.cache.root}/tmp") or not files_in(f"{place.cache.root}/tmp")


@pytest.mark.parametrize("how", [COPY, HARDLINK])
def test_among_many_files_a_damaged_object_is_still_seen(
    place: Place, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    value = place.add("a", "hello\n")
    damage(place.cache.path(value))
    monkeypatch.setattr(stores, "BATCH_FILES", 0)
    cache = Cache(place.cache.root, durable=False)
    cache.prepare(how, 1)
    Place(cache, place.work).store("a", how)
    cache.publish()
    assert Path(cache.path(value)).read_bytes() == b"hello\n"


def test_by_bytes_too_a_batch_is_published(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "BATCH_BYTES", 10)
    place.cache.store_bytes(b"12345")
    assert not list(place.cache.all_hashes())
    place.cache.store_bytes(b"1234567890")
    assert len(list(place.cache.all_hashes())) == 2


def test_what_is_discarded_leaves_nothing(place: Place) -> None:
    values = []
    for name, data in (("a", b"hello\n"), ("b", LARGE), ("c", b"")):
        place.write(name, data)
        values.append(place.store(name)[0][0])
    place.cache.discard()
    place.cache.publish()
    assert not files_in(place.cache.root)
    assert place.cache.lacks(values) == set(values)


@pytest.mark.parametrize("data", [b"hello\n", LARGE], ids=["small", "large"])
def test_a_full_disk_leaves_nothing_in_the_cache(
    place: Place, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    place.write("a", data)

    def write(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(OSError, match="no space"):
        place.store("a")
    assert not files_in(place.cache.root)
    monkeypatch.undo()
    assert place.store("a")[0][0] == md5(data)


def test_leftovers_of_the_dead_go_after_a_day(place: Place) -> None:
    place.cache.store_bytes(b"hello\n")
    tmp = Path(place.cache.root, "tmp")
    (mine,) = os.listdir(tmp)
    dead = 2**22 + 1  # above the largest process number that Linux gives
    names = {"old": f"{dead}.1.1", "young": f"{dead}.1.2", "mine": mine, "foreign": "note.txt"}
    for name in names.values():
        (tmp / name).touch()
    day_ago = time.time() - 25 * 3600
    for name in (names["old"], mine, names["foreign"]):
        os.utime(tmp / name, (day_ago, day_ago))
    place.cache.clean_leftovers()
    assert set(os.listdir(tmp)) == {names["young"], mine, "note.txt"}


def test_progress_is_told_every_byte(place: Place) -> None:
    class Counting(NoProgress):
        size = 0

        def advance(self, files: int = 0, size_bytes: int = 0) -> None:
            self.size += size_bytes

    with Folders(str(place.work)) as folders:
        folder = folders.open("", create=False)
        assert folder is not None
        for data in (b"hello\n", LARGE):
            for how in HOWS:
                name = f"{how} {len(data)}"  # a link to the cache cannot be written to
                place.write(name, data + how.encode())
                watch = Counting()
                place.cache.store_file(folder, name, how=how, progress=watch)
                assert watch.size == len(data) + len(how)


# -- other algorithms -------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"hello\n", LARGE], ids=["small", "large"])
@pytest.mark.parametrize("how", HOWS)
def test_xxh128_has_a_folder_of_its_own(place: Place, data: bytes, how: str) -> None:
    from xxhash import xxh3_128_hexdigest

    fast = Place(Cache(place.cache.root, hashing.XXH128, durable=False), place.work)
    value = fast.add("a", data, how)
    assert value == xxh3_128_hexdigest(data)
    path = Path(place.cache.root, "files", "xxh128", value[:2], value[2:])
    assert path.read_bytes() == data
    Cache(place.cache.root, hashing.XXH128).trusted(value)


def test_algorithms_do_not_share_records(place: Place, state: State) -> None:
    value = place.add("a", "hello\n")
    place.cache.verify(value)
    old = Cache(place.cache.root, hashing.MD5_DOS2UNIX, state)
    old.load_records([value])
    assert old.records() == {value: None}


def dos2unix(data: bytes) -> str:
    """DVC 2's hash, written down plainly from formats.md 16.1."""
    hasher = hashing.MD5.new()
    for start in range(0, len(data), 1024 * 1024):
        chunk = data[start : start + 1024 * 1024]
        head = chunk[:512]
        odd = sum(1 for byte in head if not (32 <= byte < 127 or byte in b"\n\r\t\f\b"))
        if 0 not in head and odd <= 0.3 * len(head):
            chunk = chunk.replace(b"\r\n", b"\n")
        hasher.update(chunk)
    return hasher.hexdigest()


@given(
    st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b"a", b"\x80\xff", b"\0", b"text"])).map(
        b"".join
    ),
    st.integers(0, 3),
)
def test_dvc_2_hashes_text_without_its_carriage_returns(data: bytes, cut: int) -> None:
    assert hashing.of_bytes(data, hashing.MD5_DOS2UNIX) == dos2unix(data)
    hasher = hashing.MD5_DOS2UNIX.new()
    hasher.update(data[:cut])
    hasher.update(data[cut:])
    assert hasher.hexdigest() == dos2unix(data)


MIB = 1024 * 1024
CHUNKS = {
    "split by a chunk's border": b"x" * (MIB - 1) + b"\r\n" + b"tail\r\n",
    "text, then binary": b"t\r\n".ljust(MIB, b"x") + b"\0\r\n" * 9,
    "binary, then text": b"\0\r\n".ljust(MIB, b"x") + b"t\r\n" * 9,
    "binary after the first 512 bytes": b"x" * 512 + b"\0\r\n",
    "exactly a chunk": b"x" * (MIB - 2) + b"\r\n",
}


@pytest.mark.parametrize("name", CHUNKS)
def test_dvc_2_looks_at_each_chunk_anew(place: Place, name: str) -> None:
    data = CHUNKS[name]
    old = Place(Cache(place.cache.root, hashing.MD5_DOS2UNIX, durable=False), place.work)
    value = old.add("a", data)
    assert value == dos2unix(data)
    path = Path(place.cache.root, value[:2], value[2:])
    assert path.read_bytes() == data
    assert hash_file(old, "a")[0] == value
    Cache(place.cache.root, hashing.MD5_DOS2UNIX).verify(value)


def test_the_old_layout_lists_only_objects(place: Place) -> None:
    place.add("new", "new\n")
    old = Place(Cache(place.cache.root, hashing.MD5_DOS2UNIX, durable=False), place.work)
    value = old.add("a", "hello\r\n")
    assert list(old.cache.all_hashes()) == [value]


def test_a_hostile_manifest_that_has_its_hash_is_refused(place: Place) -> None:
    cache = place.cache
    data = b'[{"md5": "' + b"a" * 32 + b'", "relpath": "../../x"}]'
    value = cache.store_bytes(data, hashing.DIR_SUFFIX)
    cache.flush()
    with pytest.raises(FormatError):
        cache.read_manifest(value)
