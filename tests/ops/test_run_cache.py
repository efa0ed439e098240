"""The run cache is shared: records of which run of a stage made what, with their data."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from git_dvc.errors import FormatError
from git_dvc.formats import runrecord
from git_dvc.ops.pull import pull
from git_dvc.ops.push import push
from git_dvc.ops.wanted import Asked
from git_dvc.project import Project
from git_dvc.remote import kinds
from git_dvc.store.cache import Cache
from tests import scene
from tests.remote.contract.folder import FolderWire
from tests.scene import md5, write_tree

# Written by DVC 3.67.
PATH = (
    "22/223438c214354b78dc9a24b0e52f379a6fcc71c4a63254a18f12712943490e55/"
    "91e0c34bf1e5b3fbb047f7673d1b7c60510b268526c846755e60de51a64eba7b"
)
RECORD = """\
cmd: cp in out
deps:
- path: in
  hash: md5
  md5: b026324c6904b2a9cb4b88d6d61c81d1
  size: 2
outs:
- path: out
  hash: md5
  md5: b026324c6904b2a9cb4b88d6d61c81d1
  size: 2
"""
EVERYTHING = Asked(run_cache=True)


def test_a_record_proves_its_name() -> None:
    stage = runrecord.parse(PATH, RECORD.encode())
    assert stage.cmd == "cp in out" and stage.outs[0].hash == md5(b"1\n")
    for data in (RECORD.replace("cp in out", "rm -rf /"), RECORD.replace("path: out", "path: o")):
        with pytest.raises(FormatError, match="not what its name says"):
            runrecord.parse(PATH, data.encode())
    with pytest.raises(FormatError):
        runrecord.parse(PATH, b"[]")
    for path in ("../x", PATH[3:], PATH.upper(), f"33{PATH[2:]}"):
        assert not runrecord.is_path(path)


@pytest.fixture(params=["folder", "wire"])
def here(request: pytest.FixtureRequest, git_repo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with a record in its run cache, and what the record names."""
    store = git_repo.parent / "store"
    store.mkdir()
    assert scene.git_dvc("init", "-q", "--no-hooks", cwd=git_repo).returncode == 0
    url = os.fspath(store)
    if request.param == "wire":
        url = "test://store"
        monkeypatch.setattr(kinds, "connect", lambda url, options, name="": FolderWire(store))
    config = git_repo / ".dvc" / "config"
    config.write_text(f"[core]\n    remote = s\n['remote \"s\"']\n    url = {url}\n")
    write_tree(git_repo / ".dvc" / "cache", {f"runs/{PATH}": RECORD})
    cache = Cache(str(git_repo / ".dvc" / "cache"))
    cache.store_bytes(b"1\n")
    cache.flush()
    return git_repo


def test_records_go_and_come_with_their_data(here: Path) -> None:
    store = here.parent / "store"
    cache = here / ".dvc" / "cache"
    with Project.open(str(here)) as project:
        assert push(project) == [] and not (store / "runs").exists()
        [moved] = push(project, EVERYTHING)
        assert (moved.remote, moved.files, moved.errors) == ("s", 2, [])
        assert (store / "runs" / PATH).read_text() == RECORD
        assert set(scene.check_objects(store)) == {md5(b"1\n")}
        [moved] = push(project, EVERYTHING)
        assert moved.files == 0
    shutil.rmtree(cache)
    with Project.open(str(here)) as project:
        [moved] = pull(project, EVERYTHING).moved
        assert (moved.files, moved.errors) == (2, [])
        assert (cache / "runs" / PATH).read_text() == RECORD
        assert set(scene.check_objects(cache)) == {md5(b"1\n")}


def test_records_that_lie_or_lead_nowhere(here: Path) -> None:
    store = here.parent / "store"
    cache = here / ".dvc" / "cache"
    write_tree(store, {f"runs/{PATH}": RECORD.replace("cp", "rm"), "runs/00/x/y": "?"})
    with Project.open(str(here)) as project:
        shutil.rmtree(cache / "runs")
        [moved] = pull(project, EVERYTHING).moved
        assert "not what its name says" in str(moved.errors[0]) and moved.files == 0
        assert not (cache / "runs").exists()
        write_tree(store, {f"runs/{PATH}": RECORD})
        shutil.rmtree(cache)
        [moved] = pull(project, EVERYTHING).moved
        assert moved.files == 0 and moved.errors == [] and not (cache / "runs").exists()
    said = scene.git_dvc("pull", "--run-cache", cwd=here)
    assert said.returncode == 0, said.stderr


def test_a_server_that_cannot_be_listed(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FolderWire, "can_list", False)
    said = scene.git_dvc("push", "--run-cache", cwd=here)
    if "test://" in (here / ".dvc" / "config").read_text():
        assert said.returncode == 1 and "it cannot be listed, so it has no run cache" in said.stderr
