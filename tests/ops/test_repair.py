from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from git_dvc import hashing
from git_dvc.ops import remote as remote_ops
from git_dvc.ops import remote_fsck
from git_dvc.ops.add import add
from git_dvc.ops.fsck import DAMAGED, MISSING, Result, fsck
from git_dvc.ops.push import push
from git_dvc.ops.wanted import Asked, Scope
from git_dvc.project import Project
from tests import scene
from tests.ops.conftest import write

EVERYWHERE = Scope(branches=True, tags=True)


def md5(text: str) -> str:
    return hashing.of_bytes(text.encode())


def git(*args: str) -> None:
    subprocess.run(["git", *args], check=True, capture_output=True)


def spoil(value: str, store: str | Path = ".dvc/cache", *, text: str | None = "rotten") -> None:
    """Damage an object, keeping its size, or delete it."""
    path = Path(store, "files/md5", value[:2], value[2:])
    size = path.stat().st_size
    path.unlink()
    if text is not None:
        path.write_bytes((text * size).encode()[:size])
        path.chmod(0o444)


def repair() -> Result:
    with Project.open() as project:
        return fsck(project, repair=True)


@pytest.fixture
def listing(project: Project) -> str:
    """Track a directory and a file, commit them, and return the hash of the list of files."""
    write("d/a", "content of a")
    write("d/sub/b", "content of b")
    write("f", "content of f")
    add(project, ["d", "f"])
    git("add", "-A")
    git("commit", "-qm", "one")
    value = project.tracked.outs["d"].out.hash
    assert value is not None
    return value


@pytest.fixture
def store(listing: str, project: Project, tmp_path: Path) -> Path:
    """Push all of it to the default remote."""
    for name in ("backup", "store"):
        remote_ops.add(project, name, str(tmp_path / name), default=name == "store")
    with Project.open() as opened:
        push(opened)
    return tmp_path / "store"


def check(share: float = 1.0, *targets: str, heal: bool = False) -> remote_fsck.RemoteResult:
    with Project.open() as project:
        request = Asked(targets, EVERYWHERE)
        (found,) = remote_fsck.check(project, request, share=share, repair=heal)
        return found


def test_the_cache_is_healed_from_files_of_the_work_tree(listing: str) -> None:
    before = scene.check_objects(".dvc/cache")
    spoil(md5("content of a"))
    spoil(md5("content of b"), text=None)
    spoil(md5("content of f"))
    spoil(listing, text=None)
    result = repair()
    assert result.is_good
    assert {value: source for (_, value), source in result.healed.items()} == {
        md5("content of a"): "d/a",
        md5("content of b"): "d/sub/b",
        md5("content of f"): "f",
        listing: "d",
    }
    assert result.needs == []
    assert scene.check_objects(".dvc/cache") == before
    # Without our records, the list is made from the files.
    spoil(listing)
    shutil.rmtree(".git/dvc")
    assert repair().is_good
    assert scene.check_objects(".dvc/cache") == before
    assert repair().healed == {}


def test_a_file_that_was_changed_heals_nothing(listing: str) -> None:
    write("f", "another text")
    write("d/a", "content of A")
    spoil(md5("content of f"))
    spoil(md5("content of a"))
    result = repair()
    assert not result.is_good
    assert result.bad == {("md5", md5("content of f")), ("md5", md5("content of a"))}
    assert [(need.path, need.state) for need in result.needs] == [("d/a", DAMAGED), ("f", DAMAGED)]
    assert md5("another text") not in scene.check_objects(".dvc/cache")


def test_the_cache_is_healed_from_a_linked_work_tree(listing: str, tmp_path: Path) -> None:
    git("worktree", "add", "-q", "-b", "other", str(tmp_path / "linked"))
    shutil.copytree("d", tmp_path / "linked/d")
    shutil.rmtree("d")
    spoil(md5("content of a"))
    spoil(listing)
    result = repair()
    assert result.is_good
    assert result.healed["md5", md5("content of a")].endswith("linked/d/a")


def test_the_cache_is_healed_from_any_remote(store: Path, tmp_path: Path) -> None:
    with Project.open() as project:
        push(project, Asked(remote="backup"))
    before = scene.check_objects(".dvc/cache")
    for value in before:
        spoil(value, text=None)
    shutil.rmtree("d")
    os.unlink("f")
    spoil(md5("content of a"), store)
    spoil(md5("content of b"), store, text=None)
    result = repair()
    assert result.is_good, result.bad
    assert scene.check_objects(".dvc/cache") == before
    assert result.healed["md5", md5("content of f")] == "remote 'store'"
    assert result.healed["md5", md5("content of a")] == "remote 'backup'"
    # A remote that is away does not keep the others from being asked.
    spoil(md5("content of a"))
    store.rename(tmp_path / "away")
    result = repair()
    assert result.is_good and len(result.trouble) == 1


def test_a_remote_is_read_and_hashed(store: Path, listing: str) -> None:
    found = check()
    assert found.is_good and (found.checked, found.skipped) == (4, 0)
    spoil(md5("content of a"), store)
    spoil(md5("content of f"), store, text=None)
    found = check()
    assert found.damaged == {("md5", md5("content of a"))}
    assert found.missing == {("md5", md5("content of f"))}
    (a, f) = found.needs
    assert (a.path, a.state, f.path, f.state) == ("d/a", DAMAGED, "f", MISSING)
    assert a.revs[0] == "work tree"
    assert check(1.0, "d/sub").is_good
    # What is not there is found whatever the sample.
    some = check(0.000001)
    assert some.missing == found.missing and some.skipped == 2
    spoil(listing, store)
    assert [need.path for need in check(0.000001).needs] == ["d/", "f"]


def test_a_remote_is_healed_from_the_cache(store: Path, listing: str) -> None:
    before = scene.check_objects(store)
    spoil(md5("content of a"), store)
    spoil(md5("content of f"), store, text=None)
    spoil(listing, store)
    # What the cache lacks comes from the work tree first.
    spoil(md5("content of f"), text=None)
    found = check(heal=True)
    assert found.is_good and len(found.sent) == 3
    assert scene.check_objects(store) == before
    assert check().is_good


def test_a_list_goes_to_the_remote_only_if_its_files_are_there(store: Path, listing: str) -> None:
    spoil(md5("content of a"), store)
    spoil(md5("content of a"))
    spoil(listing, store, text=None)
    write("d/a", "content of A")
    found = check(heal=True)
    assert found.sent == set()
    assert listing[2:] not in os.listdir(store / "files/md5" / listing[:2])
    write("d/a", "content of a")
    spoil(listing, text=None)
    assert check(heal=True).is_good
    assert listing in scene.check_objects(store)
