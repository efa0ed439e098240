"""Remotes in folders: what one program pushes, the other pulls, and both say the same of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from git_dvc.formats import manifest
from tests.faults.seam import Faults, in_a_fork
from tests.interop.harness import (
    Pair,
    Tool,
    commit,
    digest,
    git,
    object_path,
    objects,
    remove,
    start,
    text,
    tree,
    write,
)
from tests.interop.test_dvc2_projects import old_project
from tests.scene import git_dvc

STORE = "../store"


def share(x: Tool) -> None:
    """Start a project with data in two commits and a remote in a folder."""
    start(x)
    # Absolute: 'dvc push -A' sends data of old commits astray if it is not.
    x("remote", "add", "-q", "-d", "store", os.path.abspath(STORE))
    write("d/1", "one")
    write("d/sub/2", "two")
    write("f", "old")
    x("add", "-q", "d", "f")
    commit("old")
    write("d/1", "ONE")
    write("f", "new")
    x("add", "-q", "d", "f")
    commit("new")


def clone(monkeypatch: pytest.MonkeyPatch, name: str = "clone") -> None:
    """Clone the project here and go there; the remote is beside both."""
    here = os.getcwd()
    os.chdir("..")
    git("clone", "-q", here, name)
    monkeypatch.chdir(name)


def test_what_one_pushes_the_other_pulls(
    git_repo: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = pair
    share(x)
    assert x.json("status", "-c") == y.json("status", "-c")
    assert y.json("status", "-c") == {"d": "new", "d/1": "new", "d/sub/2": "new", "f": "new"}
    x("push")
    assert {data for data in objects(STORE).values() if data[:1] != b"["} == {
        b"ONE",
        b"two",
        b"new",
    }
    for tool in (x, y):
        assert tool.json("status", "-c") == {}
        assert tool.json("status", "-c", "-A").keys() == {"d", "d/1", "f"}
    before = objects(STORE)
    y("push")
    assert objects(STORE) == before
    y("push", "-A")
    everything = objects(STORE)
    assert everything == objects()
    x("push", "-A")
    assert objects(STORE) == everything

    clone(monkeypatch)
    gone = dict.fromkeys(("d/1", "d/sub/2", "f"), "deleted")
    for tool in (x, y):
        report = tool.json("status", "-c")
        assert (report.pop("d", "deleted"), report) == ("deleted", gone)  # DVC fetches the list
    remove(".dvc/cache")
    y("pull", "d/1")
    assert tree("d") == {"d/1": "ONE"}
    x("pull", "d")
    assert tree("d") == {"d/1": "ONE", "d/sub/2": "two"}
    y("fetch", "-A")
    assert objects() == everything
    os.rename(STORE, "../away")
    git("checkout", "-q", "HEAD~1")
    y("checkout", "-f")
    assert tree("d", "f") == {"d/1": "one", "d/sub/2": "two", "f": "old"}
    assert x.is_clean()


def test_flags_send_data_elsewhere_or_nowhere(
    git_repo: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = pair
    share(x)
    x("remote", "add", "-q", "other", "../other")
    for name, flag in {"n": "remote: other", "k": "push: false", "u": "cache: false"}.items():
        write(name, name)
        x("add", "-q", name)
        write(f"{name}.dvc", text(f"{name}.dvc") + f"  {flag}\n")
    commit("flags")
    for tool in (x, y):
        report = tool.json("status", "-c")
        # DVC sends it all the same.
        assert report.pop("n", "new" if tool.name == "dvc" else "") == "new"
        assert report == {"d": "new", "d/1": "new", "d/sub/2": "new", "f": "new"}
    x("push")
    for store in (STORE, "../other"):
        found = {name.replace("/", "")[8:] for name in objects(store)}
        assert (digest("n") in found) == (store == "../other")
        assert not found & {digest("k"), digest("u")}
    assert y.json("status", "-c") == x.json("status", "-c") == {}
    assert y.json("status", "-r", "other") == x.json("status", "-r", "other") != {}
    for flags in ([], ["--granular"], ["-r", "store"]):
        report = y.json("data", "status", "--not-in-remote", *flags)
        assert report == x.json("data", "status", "--not-in-remote", *flags)
        assert "not_in_remote" not in report
    clone(monkeypatch)
    y.fails("pull")
    assert tree("d", "f", "n") == {"d/1": "ONE", "d/sub/2": "two", "f": "new", "n": "n"}
    assert not os.path.exists("k")


def test_both_read_the_same_remotes(git_repo: Path, pair: Pair) -> None:
    x, y = pair
    start(x)
    os.mkdir("sub")
    x("remote", "add", "-q", "-d", "near", "../../near", cwd="sub")
    x("remote", "add", "-q", "cloud", "s3://bucket/path")
    x("remote", "modify", "cloud", "region", "eu-central-1")
    x("remote", "rename", "-q", "cloud", "sky")
    x("remote", "modify", "-q", "--local", "sky", "access_key_id", "key")
    x("remote", "add", "-q", "gone", "/nowhere")
    x("remote", "remove", "-q", "gone")
    assert "url = ../../near" in text(".dvc/config") and "key" not in text(".dvc/config")
    for option in (
        "core.remote",
        "remote.sky.url",
        "remote.sky.region",
        "remote.sky.access_key_id",
    ):
        assert y("config", option) == x("config", option) != ""
    listed = y("remote", "list").split()
    assert listed == x("remote", "list").split() and {"near", "sky", "(default)"} < {*listed}
    assert y("remote", "default") == x("remote", "default") == "near"
    y("remote", "default", "-q", "sky")
    assert x("remote", "default") == "sky"
    y("remote", "default", "-q", "--unset")
    assert "[core]" not in text(".dvc/config") or "remote =" not in text(".dvc/config")
    write(".dvc/config", '[CORE]\nRemote = Odd\n[remote "Odd"]\nURL = ../../odd\n')
    if y.name == "gd":
        write("f", "f")
        y("add", "-q", "f")
        y("push")
        assert len(objects("../odd")) == 1 and y("remote", "default") == "odd"
    write(".dvc/config", '[cache]\ntype = "hardlink,symlink"\n[\'remote "q"\']\nurl = "/a b"\n')
    assert y("config", "remote.q.url") == x("config", "remote.q.url")
    assert y("config", "cache.type") == x("config", "cache.type") == "hardlink,symlink"


def test_the_original_completes_a_push_that_was_killed(git_repo: Path, dvc: Tool, gd: Tool) -> None:
    share(dvc)

    def dies_at(number: int) -> None:
        with Faults(number, None):
            git_dvc("push", "-q", "-A", cwd=".")

    for number in (10, 25, 40, 50):
        shutil.rmtree(STORE, ignore_errors=True)
        assert in_a_fork(lambda: dies_at(number))[0] == 77  # noqa: B023 - called at once
        found = objects(STORE)
        values = {name.replace("/", "")[8:] for name in found}
        for name, data in found.items():
            if name.endswith(".dir"):
                assert set(manifest.parse(data).values()) <= values
    dvc("push", "-A")
    found = objects(STORE)
    assert {name: found[name] for name in found if not name.startswith("tmp/")} == objects()
    assert gd.json("status", "-c", "-A") == {}


def test_the_run_cache_is_shared(
    git_repo: Path, pair: Pair, dvc: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = pair
    start(x)
    x("remote", "add", "-q", "-d", "store", STORE)
    write("in", "in")
    dvc("stage", "add", "-q", "-n", "make", "-d", "in", "-o", "out", "cp in out")
    dvc("repro", "-q")
    commit("made")
    x("push", "--run-cache")
    runs = tree(f"{STORE}/runs")
    assert len(runs) == 1 and list(runs.values()) == list(tree(".dvc/cache/runs").values())
    clone(monkeypatch)
    y("pull", "--run-cache")
    assert list(tree(".dvc/cache/runs").values()) == list(runs.values())
    remove("out", "dvc.lock")
    assert "is cached - skipping run" in dvc("repro")
    assert text("out") == "in"


def test_data_of_dvc_2(git_repo: Path, dvc: Tool, gd: Tool) -> None:
    start(gd)
    data = old_project()
    gd("remote", "add", "-q", "-d", "store", STORE)
    commit("as DVC 2 left it")
    gd("push")
    assert objects(STORE) == objects() and not os.path.exists(object_path("", STORE))
    assert dvc.json("status", "-c") == gd.json("status", "-c") == {}
    assert dvc("push") == "Everything is up to date."
    remove(*(name for name in data if "/" not in name), "d", ".dvc/cache")
    gd("pull")
    assert tree(*(name for name in data if "/" not in name), "d") == data
    assert dvc.json("data", "status") == {}
