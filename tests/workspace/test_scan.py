"""Looking at an output: what is known, what must be read, and what cannot be tracked."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from git_dvc import parallel
from git_dvc.errors import ChangingFileError
from git_dvc.formats.ignore import Ignore
from git_dvc.progress import NoProgress
from git_dvc.store.cache import Cache
from git_dvc.store.state import NEVER, Entry
from git_dvc.workspace.scan import (
    DIRECTORY,
    FILE,
    MISSING,
    OTHER,
    Scan,
    hash_dirty,
    scan,
)
from tests.scene import md5, write_tree

FILES = {"a": "1\n", "d/b": "2\n", "d/e/c": "3\n", "empty": ""}
PARALLEL = [False, True]


@pytest.fixture(params=PARALLEL, ids=["one process", "parallel"])
def root(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Return a directory with old files below ``data``; walked by one process or by several."""
    if request.param:
        monkeypatch.setattr(parallel, "processes", lambda files: 3)
    write_tree(tmp_path / "data", FILES)
    age(tmp_path)
    yield tmp_path


def age(top: Path) -> None:
    """Make files old enough for their times to be trusted."""
    for folder, _, names in os.walk(top):
        for name in names:
            os.utime(os.path.join(folder, name), (1_000_000_000, 1_000_000_000))


def look(root: Path, known: dict[str, Entry] | None = None, rules: str = "") -> Scan:
    ignore = Ignore([("", rules)]) if rules else None
    return scan(str(root), "data", known or {}, ignore)


def read(root: Path, known: dict[str, Entry] | None = None) -> Scan:
    """Scan, and hash what is dirty."""
    found = look(root, known)
    hash_dirty(str(root), "data", found, Cache(str(root / "cache")), NoProgress())
    return found


def reasons(found: Scan) -> dict[str, str]:
    return dict(found.problems)


# -- clean and dirty --------------------------------------------------------------------------


def test_everything_is_dirty_at_first(root: Path) -> None:
    found = look(root)
    assert found.kind == DIRECTORY
    assert sorted(found.dirty) == sorted(FILES)
    assert set(found.manifest().values()) == {""}
    assert found.size_bytes() == 6
    assert not found.problems


def test_hashed_files_are_clean_the_next_time_and_are_not_read(root: Path) -> None:
    first = read(root)
    assert first.manifest() == {path: md5(text.encode()) for path, text in FILES.items()}
    assert (first.hashed, first.dirty) == (4, [])
    second = look(root, first.entries)
    assert second.dirty == []
    assert second.entries == first.entries
    assert not os.path.exists(root / "cache"), "hashing stores nothing"


@pytest.mark.parametrize("what", ["size", "mtime", "ctime", "inode"])
def test_any_sign_of_a_change_makes_a_file_dirty(root: Path, what: str) -> None:
    known = read(root).entries
    path = root / "data/d/b"
    found = path.stat()
    if what == "size":
        path.write_text("22\n")
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    elif what == "mtime":
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 1))
    elif what == "ctime":
        path.chmod(0o600)
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    else:
        new = root / "new"
        new.write_text("2\n")
        os.utime(new, ns=(found.st_atime_ns, found.st_mtime_ns))
        new.rename(path)
        known["d/b"] = (*known["d/b"][:3], path.stat().st_ctime_ns, *known["d/b"][4:])
    again = look(root, known)
    assert again.dirty == ["d/b"]
    assert again.entries["d/b"][0] == ""
    assert again.entries["a"] == known["a"]


def test_the_ctime_of_a_hard_link_says_nothing(root: Path) -> None:
    os.link(root / "data/a", root / "other")
    known = read(root).entries
    os.link(root / "data/a", root / "another")
    assert look(root, known).dirty == []
    (root / "other").unlink()
    (root / "another").unlink()
    assert look(root, known).dirty == ["a"], "with one name the ctime counts"


def test_a_file_written_while_it_was_hashed_is_never_clean(root: Path) -> None:
    (root / "data/a").write_text("just now\n")
    known = read(root).entries
    assert known["a"][2] == NEVER
    assert look(root, known).dirty == ["a"]


def test_files_that_are_gone_are_left_out(root: Path) -> None:
    known = read(root).entries
    (root / "data/a").unlink()
    assert sorted(look(root, known).entries) == ["d/b", "d/e/c", "empty"]


# -- kinds ------------------------------------------------------------------------------------


def test_an_output_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("1\n")
    age(tmp_path)
    found = read(tmp_path)
    assert found.kind == FILE
    assert found.manifest() == {"": md5(b"1\n")}
    assert look(tmp_path, found.entries).dirty == []


@pytest.mark.parametrize("relpath", ["nothing", "data/a/b"])
def test_nothing_there(root: Path, relpath: str) -> None:
    assert scan(str(root), relpath, {}).kind == MISSING


def test_an_output_that_is_a_link_is_read_through(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("1\n")
    (tmp_path / "data").symlink_to("target")
    age(tmp_path)
    found = read(tmp_path)
    assert found.kind == FILE
    assert found.manifest() == {"": md5(b"1\n")}


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("folder", "symbolic link to a directory"),
        ("nowhere", "broken symbolic link"),
        ("loop", "broken symbolic link"),
        ("fifo", "fifo"),
        ("socket", "socket"),
        ("link to a fifo", "fifo"),
    ],
)
@pytest.mark.parametrize("inside", [True, False], ids=["inside", "the output"])
def test_what_is_neither_file_nor_directory_is_a_problem(
    root: Path, kind: str, reason: str, inside: bool
) -> None:
    path = root / ("data/d/odd" if inside else "odd")
    if kind == "folder":
        path.symlink_to(root / "data")
    elif kind == "nowhere":
        path.symlink_to("nowhere")
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            here = os.getcwd()
            os.chdir(path.parent)  # the name of a socket must be short
            made.bind(path.name)
            os.chdir(here)
    else:
        os.mkfifo(root / "target")
        path.symlink_to(root / "target")
    if inside:
        found = look(root)
        assert reasons(found) == {"d/odd": reason}
        assert sorted(found.entries) == sorted(FILES)
        assert reasons(look(root, rules="*.none\n")) == {"d/odd": reason}
    else:
        found = scan(str(root), "odd", {})
        assert found.kind == OTHER
        assert reasons(found) == {"": reason}


def test_a_link_to_a_file_inside_is_read_through(root: Path) -> None:
    (root / "target").write_text("linked\n")
    os.utime(root / "target", (1_000_000_000, 1_000_000_000))
    (root / "data/d/link").symlink_to(root / "target")
    found = read(root)
    assert found.manifest()["d/link"] == md5(b"linked\n")
    assert look(root, found.entries).dirty == []
    (root / "target").write_text("changed\n")
    assert look(root, found.entries).dirty == ["d/link"]


def test_a_directory_that_cannot_be_listed_is_a_problem(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = os.scandir

    def scandir(path: str) -> object:
        if path.endswith("/d/e"):
            raise PermissionError(13, "Permission denied")
        return plain(path)

    monkeypatch.setattr(os, "scandir", scandir)
    for rules in ("", "*.none\n"):
        found = look(root, rules=rules)
        assert reasons(found) == {"d/e": "permission denied"}
        assert sorted(found.entries) == ["a", "d/b", "empty"]


def test_a_file_that_cannot_be_read_is_a_problem_and_the_others_are_hashed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = os.open

    def refuse(path: str, flags: int, *args: int, **options: int | None) -> int:
        if path == "b":
            raise PermissionError(13, "Permission denied")
        return plain(path, flags, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refuse)
    found = read(root)
    assert reasons(found) == {"d/b": "permission denied"}
    assert sorted(found.manifest()) == ["a", "d/e/c", "empty"]


def test_files_that_change_vanish_or_hide_behind_links_while_they_are_hashed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = look(root)
    (root / "data/a").unlink()
    (root / "data/d/e/c").unlink()
    (root / "data/d/e").rmdir()
    (root / "data/d/e").symlink_to(root / "data")

    def hash_file(self: Cache, folder: object, name: str, progress: object) -> Entry:
        if name == "b":
            raise ChangingFileError("data/d/b")
        return plain(self, folder, name, progress)  # type: ignore[arg-type]

    plain = Cache.hash_file
    monkeypatch.setattr(Cache, "hash_file", hash_file)
    hash_dirty(str(root), "data", found, Cache(str(root / "cache")), NoProgress())
    assert set(found.entries) == {"empty"}
    assert reasons(found) == {
        "d/b": "file is changing while it is read: data/d/b",
        "d/e/c": "reached through a symbolic link",
    }
    assert found.dirty == []


def test_only_what_is_asked_for_is_hashed(root: Path) -> None:
    found = look(root)
    cache = Cache(str(root / "cache"))
    hash_dirty(
        str(root), "data", found, cache, NoProgress(), only=lambda path: path.startswith("d/")
    )
    assert found.hashed == 2
    assert sorted(found.dirty) == ["a", "empty"]
    assert found.entries["d/b"][0] == md5(b"2\n")
    assert found.entries["a"][0] == ""


# -- what does not belong to it ---------------------------------------------------------------


def test_the_directories_of_tools_and_other_projects_are_no_data(root: Path) -> None:
    write_tree(
        root / "data",
        {
            "d/.git/config": "x",
            ".hg/x": "x",
            "other/.dvc/config": "x",
            "other/file": "x",
            "d/deep/.git/x": "x",
        },
    )
    for rules in ("", "*.none\n"):
        assert sorted(look(root, rules=rules).entries) == sorted(FILES)


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        ("c\n", ["a", "d/b", "empty"]),
        ("d/\n", ["a", "empty"]),
        ("data/d/*\n!data/d/b\n", ["a", "d/b", "empty"]),
        ("/a\n", sorted(FILES)),
        ("/data/a\n", ["d/b", "d/e/c", "empty"]),
        ("# a\n\n", sorted(FILES)),
    ],
)
def test_ignored_files_are_left_out(root: Path, rules: str, left: list[str]) -> None:
    found = look(root, rules=rules)
    assert sorted(found.entries) == left
    assert not found.problems


def test_ignored_oddities_are_no_problems(root: Path) -> None:
    os.mkfifo(root / "data/d/pipe")
    (root / "data/d/broken").symlink_to("nowhere")
    assert not look(root, rules="pipe\nbroken\n").problems


# -- in several processes ---------------------------------------------------------------------


def test_several_processes_see_what_one_sees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"{number % 7}/{number % 3}/ü {number}": str(number) for number in range(60)}
    write_tree(tmp_path / "data", {**files, "top": "x"})
    age(tmp_path)
    os.mkfifo(tmp_path / "data/3/pipe")
    (tmp_path / "data/4/link").symlink_to("nowhere")
    (tmp_path / "data/5/bad").write_text("x")
    os.rename(tmp_path / "data/5/bad", os.fsencode(tmp_path) + b"/data/5/\xff")
    known = read(tmp_path).entries
    (tmp_path / "data/1/1/ü 1").write_text("new")
    (tmp_path / "data/2/new").write_text("new")
    (tmp_path / "data/0/0/ü 0").unlink()
    plain = look(tmp_path, known)

    monkeypatch.setattr(parallel, "WORTH_IT", 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2})
    assert parallel.processes(len(known)) == 3
    forks: list[int] = []
    plain_fork = os.fork

    def fork() -> int:
        forks.append(1)
        return plain_fork()

    monkeypatch.setattr(os, "fork", fork)
    several = look(tmp_path, known)
    assert len(forks) == 2
    assert several.entries == plain.entries
    assert sorted(several.dirty) == sorted(plain.dirty)
    assert sorted(several.problems) == sorted(plain.problems)
    assert len(plain.dirty) == 3
    assert len(plain.problems) == 2


def test_a_directory_without_folders_needs_no_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path / "data", {"a": "1", "b": "2"})
    monkeypatch.setattr(parallel, "processes", lambda files: 3)
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("not worth a process"))
    assert sorted(look(tmp_path).entries) == ["a", "b"]
