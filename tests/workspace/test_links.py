"""Making files from objects: each link type, what is refused, and the quick loop."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from git_dvc import fsutil, hashing
from git_dvc.errors import CorruptObjectError, LinkTypeError, MissingObjectError
from git_dvc.fsutil import Folder, Folders
from git_dvc.progress import NoProgress
from git_dvc.store import cache as stores
from git_dvc.store.cache import Cache
from git_dvc.store.state import NEVER, Entry, is_clean
from git_dvc.workspace import links
from git_dvc.workspace.links import COPY, HARDLINK, REFLINK, SYMLINK, Linker

TYPES = [COPY, HARDLINK, SYMLINK]


class Place:
    """A cache, a work tree and the directory for temporary files."""

    def __init__(self, top: Path) -> None:
        self.work = top / "work"
        self.tmp = top / "tmp"
        self.work.mkdir()
        self.tmp.mkdir()
        self.cache = Cache(str(top / "cache"), durable=False)

    def store(self, data: bytes | str, *, old: bool = True) -> str:
        raw = data.encode() if isinstance(data, str) else data
        value = self.cache.store_bytes(raw)
        self.cache.publish()
        if old:
            os.utime(self.cache.path(value), (1_000_000_000, 1_000_000_001))
        return value

    def place(
        self, value: str, types: Sequence[str], *, executable: bool = False, replace: bool = False
    ) -> Entry:
        with Folders(str(self.tmp)) as tmps, Folders(str(self.work)) as folders:
            tmp, folder = tmps.open("", create=False), folders.open("", create=False)
            assert tmp is not None
            assert folder is not None
            return Linker(types, self.cache, tmp).place(
                value, folder, "f", NoProgress(), executable=executable, replace=replace
            )

    @property
    def file(self) -> Path:
        return self.work / "f"

    def kind(self, value: str) -> str:
        """Return what ``f`` is to the object."""
        if self.file.is_symlink():
            assert os.readlink(self.file) == self.cache.path(value)
            return SYMLINK
        return HARDLINK if self.file.samefile(self.cache.path(value)) else COPY

    def nothing_left(self) -> bool:
        return not os.listdir(self.tmp) and set(os.listdir(self.work)) <= {"f"}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def mode_of(path: str | Path) -> int:
    return stat.S_IMODE(os.lstat(path).st_mode)


def damage(path: str, data: bytes) -> None:
    os.unlink(path)
    Path(path).write_bytes(data)
    os.chmod(path, 0o444)


# -- each type --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("data", [b"hello\n", b"x" * 2**20 + b"large"], ids=["small", "large"])
def test_each_type_is_what_it_says(place: Place, kind: str, replace: bool, data: bytes) -> None:
    if replace:
        place.file.write_text("old\n")
    value = place.store(data)
    entry = place.place(value, [kind], replace=replace)
    assert place.file.read_bytes() == data
    assert place.kind(value) == kind
    assert entry[:2] == (value, len(data))
    assert entry[2] != NEVER
    assert is_clean(entry, place.file.stat())
    assert mode_of(place.cache.path(value)) == 0o444
    assert place.nothing_left()
    if kind == COPY:
        assert mode_of(place.file) == 0o666 & ~fsutil.umask()


@pytest.mark.parametrize("kind", TYPES)
def test_an_empty_file_is_never_a_hard_link(place: Place, kind: str) -> None:
    value = place.store(b"")
    place.place(value, [kind])
    assert place.file.read_bytes() == b""
    assert place.kind(value) == (COPY if kind == HARDLINK else kind)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("data", ["hello\n", ""])
def test_an_executable_file_is_a_copy_and_its_object_stays_as_it_is(
    place: Place, kind: str, data: str
) -> None:
    value = place.store(data)
    entry = place.place(value, [kind], executable=True)
    assert place.kind(value) == COPY
    assert mode_of(place.file) == 0o666 & ~fsutil.umask() | 0o100
    assert entry[5] == place.file.stat().st_mode
    assert mode_of(place.cache.path(value)) == 0o444


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("there", ["file", "link"])
def test_a_name_that_is_taken_is_not_replaced_unasked(
    place: Place, kind: str, there: str, tmp_path: Path
) -> None:
    (tmp_path / "target").write_text("theirs\n")
    if there == "file":
        place.file.write_text("theirs\n")
    else:
        place.file.symlink_to(tmp_path / "target")
    value = place.store("ours\n")
    with pytest.raises(FileExistsError):
        place.place(value, [kind])
    assert place.file.read_text() == "theirs\n"
    assert place.nothing_left()


@pytest.mark.parametrize("kind", TYPES)
def test_a_link_that_is_replaced_is_not_written_through(
    place: Place, kind: str, tmp_path: Path
) -> None:
    (tmp_path / "target").write_text("theirs\n")
    place.file.symlink_to(tmp_path / "target")
    place.place(place.store("ours\n"), [kind], replace=True)
    assert place.file.read_text() == "ours\n"
    assert (tmp_path / "target").read_text() == "theirs\n"


# -- objects that cannot be used --------------------------------------------------------------


@pytest.mark.parametrize("kind", [*TYPES, REFLINK])
@pytest.mark.parametrize("damaged", [True, False], ids=["damaged", "missing"])
@pytest.mark.parametrize("size", [6, 2**20 + 6], ids=["small", "large"])
def test_without_a_good_object_what_is_there_stays(
    place: Place, kind: str, damaged: bool, size: int
) -> None:
    place.file.write_text("old\n")
    value = place.store(b"x" * size)
    path = place.cache.path(value)
    if damaged:
        damage(path, b"y" * size)
    else:
        os.unlink(path)
    with pytest.raises(CorruptObjectError if damaged else MissingObjectError):
        place.place(value, [kind, COPY], replace=True)
    assert place.file.read_text() == "old\n"
    assert place.nothing_left()
    assert not os.path.exists(path)
    corrupt = os.path.join(place.cache.root, "corrupt")
    assert len(os.listdir(corrupt) if damaged else []) == damaged


@pytest.mark.parametrize("kind", [*TYPES, REFLINK])
def test_a_link_in_the_cache_is_not_followed(place: Place, kind: str, tmp_path: Path) -> None:
    value = place.store("hello\n")
    path = place.cache.path(value)
    os.rename(path, tmp_path / "secret")
    os.symlink(tmp_path / "secret", path)
    with pytest.raises((CorruptObjectError, MissingObjectError, OSError)):
        place.place(value, [kind, COPY])
    assert not os.path.lexists(place.file)


def test_a_large_object_that_was_verified_is_not_hashed_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = place.store(b"x" * (stores.SMALL_BYTES + 1))
    place.cache.trusted(value)
    monkeypatch.setattr(hashing.Algorithm, "new", lambda self: pytest.fail("hashed again"))
    place.place(value, [COPY])
    assert place.file.stat().st_size == stores.SMALL_BYTES + 1


@pytest.mark.parametrize("code", [errno.EXDEV, errno.ENOSYS])
def test_a_large_copy_works_without_help_of_the_kernel(
    place: Place, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def copy_file_range(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    data = b"x" * (stores.SMALL_BYTES + 1)
    value = place.store(data)
    place.cache.trusted(value)
    monkeypatch.setattr(os, "copy_file_range", copy_file_range)
    place.place(value, [COPY])
    assert place.file.read_bytes() == data


# -- which type -------------------------------------------------------------------------------


def refuse(monkeypatch: pytest.MonkeyPatch, name: str, code: int) -> list[int]:
    calls: list[int] = []

    def refused(*_: object, **__: object) -> None:
        calls.append(code)
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, name, refused)
    return calls


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EPERM, errno.ENOTSUP])
def test_the_first_type_that_works_is_used(
    place: Place, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    refuse(monkeypatch, "link", code)
    value = place.store("hello\n")
    place.place(value, [HARDLINK, SYMLINK, COPY])
    assert place.kind(value) == SYMLINK


def test_no_type_that_is_allowed_works(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, "link", errno.EXDEV)
    value = place.store("hello\n")
    with pytest.raises(LinkTypeError, match=r"cache\.type = hardlink"):
        place.place(value, [HARDLINK])
    assert not place.file.exists()
    assert place.nothing_left()


def test_an_object_with_too_many_names_is_copied_this_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = refuse(monkeypatch, "link", errno.EMLINK)
    value = place.store("hello\n")
    with Folders(str(place.tmp)) as tmps, Folders(str(place.work)) as folders:
        tmp, folder = tmps.open("", create=False), folders.open("", create=False)
        assert tmp is not None
        assert folder is not None
        linker = Linker([HARDLINK], place.cache, tmp)
        linker.place(value, folder, "f", NoProgress())
        assert place.kind(value) == COPY
        monkeypatch.undo()
        linker.place(value, folder, "f", NoProgress(), replace=True)
    assert place.kind(value) == HARDLINK
    assert len(calls) == 1


@pytest.mark.parametrize("kind", [HARDLINK, COPY])
def test_a_failing_disk_is_reported_not_worked_around(
    place: Place, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    value = place.store("hello\n")
    refuse(monkeypatch, "link" if kind == HARDLINK else "write", errno.ENOSPC)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        place.place(value, [kind, COPY])
    monkeypatch.undo()
    assert not place.file.exists()
    assert place.nothing_left()


@pytest.mark.parametrize("kind", TYPES)
def test_an_output_on_another_file_system_is_built_beside_itself(
    place: Place, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    place.file.write_text("old\n")
    plain = os.replace
    calls: list[str] = []

    def replace(source: str, target: str, **options: int | None) -> None:
        calls.append(source)
        if not source.startswith(".git-dvc."):
            raise OSError(errno.EXDEV, "another file system")
        plain(source, target, **options)

    value = place.store("hello\n")
    monkeypatch.setattr(os, "replace", replace)
    place.place(value, [kind], replace=True)
    assert place.file.read_text() == "hello\n"
    assert place.kind(value) == kind
    assert len(calls) == 2
    assert place.nothing_left()


def test_supported_types_are_found_by_trying(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, work = tmp_path / "cache", tmp_path / "work"
    cache.mkdir()
    work.mkdir()
    found = links.supported(str(cache), str(work))
    assert {kind: found[kind] for kind in TYPES} == dict.fromkeys(TYPES, True)
    refuse(monkeypatch, "link", errno.EXDEV)
    assert links.supported(str(cache), str(work))[HARDLINK] is False
    assert not [*cache.iterdir(), *work.iterdir()]


# -- reflinks ---------------------------------------------------------------------------------


@pytest.fixture
def cow(tmp_path: Path) -> Iterator[Path]:
    """Return a directory where files can share blocks, on an image made for the test."""
    (tmp_path / "here").mkdir()
    if links.supported(str(tmp_path), str(tmp_path / "here"))[REFLINK]:
        yield tmp_path
        return
    makers = [["mkfs.btrfs", "-q", "-m", "single"], ["mkfs.xfs", "-q", "-m", "reflink=1"]]
    maker = next((maker for maker in makers if shutil.which(maker[0])), None)
    if maker is None or os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("reflinks need btrfs or xfs, or root and mkfs to make one")
    image, mounted = tmp_path / "image", tmp_path / "mounted"
    mounted.mkdir()
    with image.open("wb") as stream:
        stream.truncate(320 * 1024**2)
    for command in ([*maker, str(image)], ["mount", "-o", "loop", str(image), str(mounted)]):
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip(f"{command[0]} does not work here")
    try:
        yield mounted
    finally:
        subprocess.run(["umount", str(mounted)], check=True)


def test_a_reflink_has_its_own_inode_and_the_same_bytes(cow: Path) -> None:
    place = Place(cow)
    value = place.store(b"x" * 100_000)
    entry = place.place(value, [REFLINK])
    assert place.file.read_bytes() == b"x" * 100_000
    assert place.kind(value) == COPY
    assert is_clean(entry, place.file.stat())
    place.file.write_text("edited\n")
    place.cache.verify(value)


def test_where_blocks_cannot_be_shared_the_next_type_is_used(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def reflink(source: int, target: int) -> None:
        calls.append(source)
        raise OSError(errno.ENOTSUP, "no")

    monkeypatch.setattr(fsutil, "reflink", reflink)
    value = place.store("hello\n")
    place.place(value, [REFLINK, HARDLINK])
    assert place.kind(value) == HARDLINK
    assert len(calls) == 1
    assert place.nothing_left()


def test_a_clone_is_checked_made_and_settled_like_a_copy(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reflink(source: int, target: int) -> None:
        os.write(target, os.read(source, 1000))

    monkeypatch.setattr(fsutil, "reflink", reflink)
    value = place.store("hello\n")
    entry = place.place(value, [REFLINK], executable=True)
    assert place.file.read_text() == "hello\n"
    assert is_clean(entry, place.file.stat())
    assert mode_of(place.file) & 0o100
    assert place.nothing_left()


# -- the quick loop ---------------------------------------------------------------------------


class Quick:
    """``link_many`` over a directory ``data`` of the work tree."""

    def __init__(self, place: Place, count: int = 6) -> None:
        self.place = place
        self.wanted = {f"{n % 2}/{n}": place.store(f"{n}\n") for n in range(count)}
        for value in self.wanted.values():
            place.cache.trusted(value)
        place.cache.load_records(self.wanted.values())
        place.cache._known.update(place.cache._verified)

    def run(self, types: Sequence[str] = (HARDLINK,)) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        with Folders(str(self.place.work)) as folders:
            Linker(types, self.place.cache, Folder(str(self.place.tmp), None)).link_many(
                "data", sorted(self.wanted), self.wanted, folders, entries, NoProgress()
            )
        return entries


def test_the_quick_loop_makes_what_place_makes(place: Place) -> None:
    quick = Quick(place)
    entries = quick.run()
    assert set(entries) == set(quick.wanted)
    for inner, value in quick.wanted.items():
        path = place.work / "data" / inner
        assert path.samefile(place.cache.path(value))
        assert is_clean(entries[inner], path.stat())
        slow = place.place(value, [HARDLINK], replace=True)
        assert slow[:3] + slow[4:] == entries[inner][:3] + entries[inner][4:]


@pytest.mark.parametrize("types", [(COPY,), (SYMLINK, HARDLINK), (REFLINK, HARDLINK)])
def test_the_quick_loop_is_for_hard_links(place: Place, types: Sequence[str]) -> None:
    assert Quick(place).run(types) == {}
    assert not (place.work / "data").exists()


def test_the_quick_loop_leaves_out_what_needs_care(place: Place, tmp_path: Path) -> None:
    quick = Quick(place, 7)
    cache = place.cache
    (place.work / "data/0").mkdir(parents=True)
    (place.work / "data/0/0").write_text("theirs\n")  # taken
    os.unlink(cache.path(quick.wanted["0/2"]))  # missing
    damage(cache.path(quick.wanted["0/4"]), b"6\n")  # changed since it was verified
    cache._known[quick.wanted["0/6"]] = None  # never verified
    outside = tmp_path / "outside"
    outside.mkdir()
    (place.work / "data/1").symlink_to(outside)  # a trap
    assert quick.run() == {}
    assert (place.work / "data/0/0").read_text() == "theirs\n"
    assert os.listdir(outside) == []


def test_the_quick_loop_leaves_out_empty_and_new_objects(place: Place) -> None:
    quick = Quick(place, 2)
    quick.wanted["0/empty"] = place.store("")
    quick.wanted["0/new"] = place.store("just now\n", old=False)
    for value in quick.wanted.values():
        place.cache.trusted(value)
    place.cache._known.update(place.cache._verified)
    now = quick.run()
    assert "0/empty" not in now
    assert {"0/0", "1/1"} <= set(now)


@pytest.mark.parametrize("other_disk", [False, True])
def test_a_large_file_is_replaced_in_two_steps(
    place: Place, monkeypatch: pytest.MonkeyPatch, other_disk: bool
) -> None:
    monkeypatch.setattr(links, "LARGE_BYTES", 1)
    value = place.store("new content")
    place.file.write_text("old content")
    if other_disk:
        refuse(monkeypatch, "rename", errno.EXDEV)
    place.place(value, [COPY], replace=True)
    assert place.file.read_text() == "new content"
    assert place.nothing_left()
