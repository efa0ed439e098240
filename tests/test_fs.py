"""A repository as a file system: for pandas and friends, with and without a workspace."""

from __future__ import annotations

import importlib.metadata
import io
import multiprocessing
import os
import pickle
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec  # type: ignore[import-untyped]
import pytest

from git_dvc.errors import CorruptObjectError, NowhereError, UnknownRevisionError
from git_dvc.formats import manifest
from git_dvc.fs import GitDvcFileSystem
from git_dvc.ops import add, push, reading, remote
from git_dvc.ops.init import init
from git_dvc.project import Project
from git_dvc.remote.local import LocalRemote
from tests.conftest import run_git
from tests.scene import check_objects, md5, write_tree

TABLE = "name,legs\ncat,4\nbird,2\n"
FIRST = {"data/a.csv": TABLE, "data/sub/b.bin": "0123456789", "big.bin": "big" * 5000}


@pytest.fixture
def repo(git_repo: Path, tmp_path: Path) -> Path:
    """A project with a version v1 on a remote, and other data in the work tree."""
    init(".")
    write_tree(git_repo, {**FIRST, "src/code.py": "code"})
    with Project.open() as project:
        add.add(project, ["data", "big.bin"])
        remote.add(project, "store", str(tmp_path / "store"), default=True)
        git("add", "-A")
        git("commit", "-qm", "1")
        git("tag", "v1")
        push.push(project)
    write_tree(git_repo, {"data/a.csv": "changed", "data/new": "n"})
    return git_repo


@pytest.fixture
def bare(repo: Path, tmp_path: Path) -> Path:
    """A bare clone; all data is on the remote only."""
    git("clone", "-q", "--bare", ".", tmp_path / "bare.git")
    shutil.rmtree(repo)
    os.chdir(tmp_path)
    return tmp_path / "bare.git"


def git(*words: str | Path) -> str:
    return str(run_git(*words, cwd=Path.cwd()))


@pytest.fixture
def v1(bare: Path) -> Iterator[GitDvcFileSystem]:
    found = GitDvcFileSystem(bare, rev="v1")
    yield found
    found.close()


def test_pandas_reads_a_table_at_a_tag_of_a_bare_clone(bare: Path) -> None:
    pandas = pytest.importorskip("pandas")
    fsspec.register_implementation("gitdvc", GitDvcFileSystem, clobber=True)
    options = {"repo": str(bare), "rev": "v1"}
    table = pandas.read_csv("gitdvc://data/a.csv", storage_options=options)
    assert table["legs"].sum() == 6
    assert list(table["name"]) == ["cat", "bird"]


def test_the_protocol_is_registered_where_git_dvc_is_installed() -> None:
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text()
    assert 'gitdvc = "git_dvc.fs:GitDvcFileSystem"' in text.partition('"fsspec.specs"]')[2]
    entry = importlib.metadata.EntryPoint("gitdvc", "git_dvc.fs:GitDvcFileSystem", "fsspec.specs")
    assert entry.load() is GitDvcFileSystem
    assert "gitdvc" in GitDvcFileSystem.protocol


def test_git_and_data_are_one_tree(v1: GitDvcFileSystem) -> None:
    top = {info["name"]: info for info in v1.ls("", detail=True)}
    assert {"data", "big.bin", "src", "data.dvc", "big.bin.dvc", ".gitignore"} <= set(top)
    assert (top["data"]["type"], top["data"]["isdvc"]) == ("directory", True)
    assert (top["src"]["type"], top["src"]["isdvc"]) == ("directory", False)
    assert top["big.bin"]["md5"] == md5(FIRST["big.bin"].encode())
    assert v1.find("data") == ["data/a.csv", "data/sub/b.bin"]
    assert v1.glob("**/*.csv") == ["data/a.csv"]
    assert [name for name, *_ in v1.walk("data")] == ["data", "data/sub"]
    assert v1.ls("gitdvc://data/", detail=False) == v1.ls("/data", detail=False)
    assert v1.ls("data/a.csv", detail=False) == ["data/a.csv"]
    only = v1.ls("", detail=False, dvc_only=True)
    assert sorted(only) == ["big.bin", "data"]
    assert (v1.isdvc("data/sub"), v1.isdvc("src/code.py"), v1.isdvc("no")) == (True, False, False)
    assert (v1.exists("data/sub"), v1.exists("data/no"), v1.isfile("big.bin")) == (
        True,
        False,
        True,
    )
    assert v1.info("big.bin")["size"] == 15000
    assert v1.size("data/a.csv") is None  # the remote alone knows
    assert v1.read_text("data/a.csv") == TABLE
    assert v1.size("data/a.csv") == len(TABLE)
    assert v1.ukey("data/a.csv") == md5(TABLE.encode())
    assert v1.checksum("src/code.py") == v1.checksum("/src/code.py") != v1.checksum("data/a.csv")


def test_what_is_read_is_fetched_once_and_checked(
    v1: GitDvcFileSystem, isolated_home: Path, tmp_path: Path
) -> None:
    assert v1.cat("data/sub/b.bin") == b"0123456789"
    assert v1.cat_file("data/sub/b.bin", 2, 5) == b"234"
    assert v1.cat_file("data/sub/b.bin", -3) == b"789"
    assert v1.cat_file("data/sub/b.bin", 2, -5) == b"234"
    assert v1.cat_ranges(["data/sub/b.bin"] * 2, [0, 9], [1, 20]) == [b"0", b"9"]
    assert v1.cat_file("src/code.py", 1, 3) == b"od"
    store = isolated_home / ".cache" / "git-dvc" / "objects"
    assert set(check_objects(store)) == {md5(b"0123456789")}
    shutil.rmtree(tmp_path / "store")
    assert v1.cat("data/sub/b.bin") == b"0123456789"
    with pytest.raises(NowhereError, match=r"data/a\.csv"):
        v1.open("data/a.csv")


def test_many_files_come_at_once(
    v1: GitDvcFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    get_all = LocalRemote.get_all

    def counted(self: LocalRemote, target: object, values: list[str], *rest: object) -> object:
        asked.append(len(values))
        return get_all(self, target, values, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(LocalRemote, "get_all", counted)
    v1.ls("data")
    asked.clear()
    v1.get("data", str(tmp_path / "out"), recursive=True)
    assert asked == [2]
    assert (tmp_path / "out" / "a.csv").read_text() == TABLE
    assert (tmp_path / "out" / "sub" / "b.bin").read_text() == "0123456789"
    assert v1.cat(["big.bin", "data/a.csv"])["data/a.csv"] == TABLE.encode()
    assert v1.cat(["nope", "data/a.csv"], on_error="omit") == {"data/a.csv": TABLE.encode()}


def test_many_files_of_a_directory_are_not_searched_for_one_by_one(
    v1: GitDvcFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[str] = []
    find = manifest.find

    def counted(data: bytes, relpath: str) -> str | None:
        searched.append(relpath)
        return find(data, relpath)

    monkeypatch.setattr(manifest, "find", counted)
    for _ in range(50):
        assert v1.cat("data/a.csv") == TABLE.encode()
    assert 1 <= len(searched) < 10


def test_a_large_file_is_streamed_by_parts(
    v1: GitDvcFileSystem, isolated_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "STREAM_BYTES", 10_000)
    monkeypatch.setattr(reading, "_FIRST_WINDOW", 1000)
    asked: list[tuple[int, int | None]] = []
    read = LocalRemote.read

    def counted(
        self: LocalRemote, algorithm: str, value: str, offset: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        asked.append((offset, length))
        return read(self, algorithm, value, offset, length)

    monkeypatch.setattr(LocalRemote, "read", counted)
    whole = FIRST["big.bin"].encode()
    assert v1.cat_file("big.bin", 6000, 6003) == whole[6000:6003]
    assert asked == [(6000, 3)]
    with v1.open("big.bin", "rb") as file:
        assert file.seek(0, io.SEEK_END) == 15000
        file.seek(14_990)
        assert file.read() == whole[14_990:]
        file.seek(0)
        assert file.read() == whole
        assert file.read() == b""
    with v1.open("big.bin") as text:
        assert text.readline() == whole
    assert not (isolated_home / ".cache" / "git-dvc" / "objects").exists()


def test_damage_on_the_remote_is_seen(
    v1: GitDvcFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("big.bin", "data/a.csv"):
        value = md5(FIRST[name].encode())
        path = tmp_path / "store" / "files" / "md5" / value[:2] / value[2:]
        path.chmod(0o644)
        path.write_bytes(b"x" * len(FIRST[name]))
    with pytest.raises(NowhereError):
        v1.cat("data/a.csv")
    monkeypatch.setattr(reading, "STREAM_BYTES", 10_000)
    with v1.open("big.bin", "rb") as file, pytest.raises(CorruptObjectError):
        file.read()


def test_a_work_tree_is_read_as_it_is_unless_a_revision_is_named(repo: Path) -> None:
    here = GitDvcFileSystem(repo)
    assert here.read_text("data/a.csv") == "changed"
    assert here.size("data/a.csv") == 7
    assert here.find("data") == ["data/a.csv", "data/new", "data/sub/b.bin"]
    assert GitDvcFileSystem(repo, "HEAD").read_text("data/a.csv") == TABLE
    os.unlink("data/sub/b.bin")
    assert here.read_text("data/sub/b.bin") == "0123456789"  # from the cache
    with Project.open() as project:
        add.add(project, ["data/a.csv"])
    assert here.info("data/a.csv")["md5"] == md5(TABLE.encode())
    here.invalidate_cache()
    assert here.info("data/a.csv")["md5"] == md5(b"changed")
    assert "GIT" not in here.cat("src/code.py").decode()


def test_one_s_own_project_keeps_what_it_fetches(repo: Path, isolated_home: Path) -> None:
    shutil.rmtree(repo / ".dvc" / "cache")
    shutil.rmtree(repo / "data")
    assert GitDvcFileSystem().read_text("data/a.csv") == TABLE
    assert md5(TABLE.encode()) in check_objects(repo / ".dvc" / "cache")
    assert not (isolated_home / ".cache" / "git-dvc" / "objects").exists()
    chosen = GitDvcFileSystem(repo, "v1", store=repo / "kept")
    shutil.rmtree(repo / ".dvc" / "cache")
    assert chosen.read_text("data/a.csv") == TABLE
    assert set(check_objects(repo / "kept")) == {md5(TABLE.encode())}


def test_nothing_can_be_written(v1: GitDvcFileSystem) -> None:
    for mode in ("wb", "ab", "r+b", "w"):
        with pytest.raises((OSError, NotImplementedError, ValueError)):
            v1.open("data/a.csv", mode)
    with pytest.raises(IsADirectoryError):
        v1.open("data")
    for path in ("nope", "data/nope", "../outside", "data/a.csv/x"):
        with pytest.raises(FileNotFoundError):
            v1.open(path)
        assert not v1.exists(path)
    with pytest.raises(UnknownRevisionError):
        GitDvcFileSystem(v1._repo, "v9").ls("")


def test_a_pickle_stays_at_its_commit(repo: Path) -> None:
    first = GitDvcFileSystem(repo, rev="main")
    assert first.read_text("data/a.csv") == TABLE
    with Project.open() as project:
        add.add(project, ["data"])
    git("commit", "-qam", "2")
    again = pickle.loads(pickle.dumps(first))
    assert again.read_text("data/a.csv") == TABLE
    assert again.commit == first.commit != GitDvcFileSystem(repo, rev="main").commit
    assert again.fsid == first.fsid


def _read(files: GitDvcFileSystem, path: str) -> bytes:
    return bytes(files.cat_file(path))


def test_workers_read_too(v1: GitDvcFileSystem) -> None:
    v1.ls("data")  # opened before the fork, as a data set would be
    paths = ["data/a.csv", "data/sub/b.bin", "big.bin", "src/code.py"] * 3
    expected = [(FIRST | {"src/code.py": "code"})[path].encode() for path in paths]
    with multiprocessing.get_context("fork").Pool(2) as workers:
        assert workers.starmap(_read, [(v1, path) for path in paths]) == expected
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(v1.cat_file, paths)) == expected
    v1._lock.acquire()  # as if another thread were reading just now
    child = os.fork()
    if child == 0:
        fine = v1.cat_file("big.bin") == FIRST["big.bin"].encode()
        os._exit(0 if fine else 1)
    v1._lock.release()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert v1.cat_file("data/a.csv") == TABLE.encode()
