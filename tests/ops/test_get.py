"""``get`` and ``list``: copies and listings of what another repository has."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from git_dvc.errors import DestinationError, NowhereError, RemoteError, UsageError
from git_dvc.ops import get as getting
from git_dvc.ops import listing as lists
from git_dvc.ops import push
from git_dvc.ops.parts import cache_home
from git_dvc.ops.source import Source
from git_dvc.project import Project
from git_dvc.remote.local import LocalRemote
from tests.scene import md5, read_tree, write_tree

DATA = {"a": b"a2 longer", "new": b"n2", "sub/b": b"b1"}


@pytest.fixture
def here(registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory that belongs to no repository, to stand in."""
    with Project.open() as project:
        push.push(project)
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.fixture(params=["cache", "remote"])
def source(request: pytest.FixtureRequest, here: Path, registry: Path) -> Iterator[Source]:
    """The registry, whose data is in its own cache, or on its remote only."""
    if request.param == "remote":
        shutil.rmtree(registry / ".dvc/cache")
    with Source.open(str(registry), "HEAD") as opened:
        yield opened


def test_directories_files_and_parts_are_copied(source: Source, here: Path) -> None:
    done = getting.get(source, "data")
    assert (done.out, done.files, done.size_bytes) == ("data", 3, 13)
    assert read_tree("data") == DATA
    getting.get(source, "data/a", "new/place")
    getting.get(source, "data/sub/")
    getting.get(source, "code")
    getting.get(source, "model", "data")  # into the directory
    assert read_tree("new") == {"place": DATA["a"]}
    assert read_tree("sub") == {"b": b"b1"}
    assert read_tree("code")["x.py"] == b"x"
    assert Path("data/model").read_bytes() == b"m1"
    assert os.access("code/x.py", os.X_OK)
    for name in ("data/a", "data/sub/b", "new/place"):
        assert os.stat(name).st_mode & 0o777 == 0o644  # the user's own, to be edited
        assert os.stat(name).st_nlink == 1
    # Nothing else is left, here or among what is kept for later.
    assert sorted(os.listdir()) == ["code", "data", "new", "sub"]
    assert not any(os.scandir(os.path.join(cache_home(), "get")))


def test_what_is_there_is_replaced_by_force_alone(source: Source, here: Path) -> None:
    write_tree(here, {"model": "mine", "data/a": "mine", "data/own": "own", "in/model/x": "x"})
    for path, out in (("model", None), ("data", None), ("data/sub", "model"), ("model", "in")):
        with pytest.raises(DestinationError, match="exists already"):
            getting.get(source, path, out)
    assert Path("model").read_text() == "mine"
    getting.get(source, "model", force=True)
    getting.get(source, "data", force=True)
    assert Path("model").read_text() == "m1"
    # In a directory only what comes is replaced.
    assert read_tree("data") == {**DATA, "own": b"own"}
    with pytest.raises(DestinationError, match="is a directory"):
        getting.get(source, "model", "in", force=True)
    with pytest.raises(DestinationError, match="describe data"):
        getting.get(source, "model", "model.dvc")
    assert sorted(os.listdir()) == ["data", "in", "model"]


def test_what_is_nowhere_leaves_nothing_behind(here: Path, registry: Path) -> None:
    for place in (registry / ".dvc/cache", here.parent / "store"):
        value = md5(b"n2")
        os.unlink(place / "files/md5" / value[:2] / value[2:])
    with Source.open(str(registry), "HEAD") as source:
        with pytest.raises(NowhereError, match="data/new"):
            getting.get(source, "data")
        assert getting.get(source, "data/sub").files == 1
    assert os.listdir() == ["sub"]


def test_a_copy_that_was_cut_off_goes_on(
    here: Path, registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(registry / ".dvc/cache")
    asked: list[str] = []
    real = LocalRemote._get

    def some(self: LocalRemote, target: object, value: str, progress: object) -> bool:
        asked.append(value)
        if len(asked) == 3:
            raise RemoteError("store", "there", "the line is dead")
        return real(self, target, value, progress)  # type: ignore[arg-type]

    def one_after_another(parts, work, progress):  # type: ignore[no-untyped-def]
        return [work([value], progress) for part in parts for value in part]

    monkeypatch.setattr(LocalRemote, "_get", some)
    monkeypatch.setattr("git_dvc.remote.local.parallel.run", one_after_another)
    with Source.open(str(registry), "HEAD") as source:
        with pytest.raises(RemoteError, match="dead"):
            getting.get(source, "data")
        assert os.listdir() == []
        assert getting.get(source, "data").files == 3
    assert read_tree("data") == DATA
    files = [value for value in asked if not value.endswith(".dir")]
    assert len(files) == 4, "what had come was fetched again"


def test_an_object_damaged_in_the_cache_comes_from_the_remote(here: Path, registry: Path) -> None:
    value = md5(b"n2")
    place = registry / ".dvc/cache/files/md5" / value[:2] / value[2:]
    place.chmod(0o644)
    place.write_bytes(b"xx")
    with Source.open(str(registry), "HEAD") as source:
        getting.get(source, "data")
    assert read_tree("data") == DATA
    assert place.read_bytes() == b"xx"


def test_where_data_is_stored_is_told(source: Source, registry: Path, here: Path) -> None:
    url = getting.show_url(source, "data/a")
    assert url == f"{here.parent}/store/files/md5/{md5(DATA['a'])[:2]}/{md5(DATA['a'])[2:]}"
    assert getting.show_url(source, "data").endswith(".dir")
    for path in ("code/x.py", "data/sub"):
        with pytest.raises(UsageError, match="not stored as an object"):
            getting.show_url(source, path)


def names(found: lists.Listing) -> list[str]:
    return [one.name for one in found.found]


def test_listings_go_as_deep_as_asked(source: Source) -> None:
    assert names(lists.listing(source, "data")) == ["a", "new", "sub"]
    assert names(lists.listing(source, "data", recursive=True)) == ["a", "new", "sub/b"]
    assert names(lists.listing(source, "data/a")) == ["a"]
    deep = names(lists.listing(source, recursive=True, depth=2))
    assert {"data/sub", "data/a", "inner/own", "model"} <= {*deep}
    assert not {"data", "data/sub/b"} & {*deep}
    assert names(lists.listing(source, recursive=True, depth=0)) == ["."]
    data = names(lists.listing(source, recursive=True, data_only=True))
    assert data == ["code/big", "data/a", "data/new", "data/sub/b", "inner/own", "model"]
    assert names(lists.listing(source, data_only=True)) == ["code", "data", "inner", "model"]
    tree = lists.tree(source, "data")
    assert [(one.name, one.level) for one in tree.found] == [
        ("data", 0),
        ("a", 1),
        ("new", 1),
        ("sub", 1),
        ("b", 2),
    ]


def test_a_directory_that_cannot_be_looked_into_hides_no_other(here: Path, registry: Path) -> None:
    shutil.rmtree(registry / ".dvc/cache")
    shutil.rmtree(here.parent / "store")
    (here.parent / "store/files/md5").mkdir(parents=True)
    (registry / "code/big.dvc").write_text("outs: no\n")
    with Source.open(str(registry)) as source:
        found = lists.listing(source, recursive=True)
    assert "model" in names(found)
    assert "data" in str(found.problems)
    assert "big.dvc" in str(found.problems)
