"""A4: what one program imports, the other brings, updates and completes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.interop.harness import Pair, Tool, commit, git, remove, start, text, tree, write
from tests.remote.contract.clouds import OPTIONS, S3Server

SOURCE = "../source"


@pytest.fixture
def source(git_repo: Path, dvc: Tool) -> Path:
    """Make a project with two versions beside this one, and stand in an empty repository."""
    top = git_repo.parent / "source"
    top.mkdir()
    git("init", "-q", cwd=top)
    os.chdir(top)
    start(dvc)
    write("data/a", "1")
    write("data/sub/b c", "2")
    write("code/x.py", "pass")
    dvc("add", "-q", "data")
    commit("v1")
    git("tag", "v1")
    write("data/a", "11")
    dvc("add", "-q", "data")
    commit("v2")
    git("tag", "v2")
    os.chdir(git_repo)
    return top


def changed_checksum(tool: Tool) -> bool:
    return "changed checksum" in tool("status", "--json")


def test_imports_of_repositories(source: Path, pair: Pair) -> None:
    x, y = pair
    start(x)
    x("import", SOURCE, "data", "--rev", "v1")
    x("import", SOURCE, "data/sub/b c", "-o", "part")
    x("import", SOURCE, "code/x.py")
    commit("imports")
    assert y.is_clean() and not changed_checksum(y)
    assert git("status", "--short") == ""
    before = tree("data", "part", "x.py")
    remove("data", "part", "x.py", ".dvc/cache")
    y("pull")
    assert tree("data", "part", "x.py") == before
    assert before["data/a"] == "1" and before["part"] == "2"
    y("update", "data.dvc")
    assert text("data/a") == "1"
    y("update", "data.dvc", "--rev", "v2")
    assert text("data/a") == "11"
    assert "    rev: v2\n" in text("data.dvc")
    assert f"    rev_lock: {git('rev-parse', 'v2', cwd=source)}\n" in text("data.dvc")
    assert x.is_clean() and y.is_clean()

    # Both say the same of what is new, and neither sends data of others.
    git("commit", "-q", "--allow-empty", "-m", "v3", cwd=source)
    assert x.json("status") == y.json("status") != {}
    y("remote", "add", "-q", "-d", "store", "../store")
    y("push")
    assert not os.path.exists("../store/files/md5")


def test_imports_that_are_completed_later(source: Path, pair: Pair) -> None:
    x, y = pair
    start(x)
    write("../ext/f", "hello")
    x("import", SOURCE, "data", "--no-exec")
    x("import", SOURCE, "data", "-o", "locked", "--no-download", "--rev", "v1")
    x("import-url", "../ext/f", "--no-download")
    x("import-url", "../ext", "ext", "--no-exec")
    assert not any(os.path.exists(name) for name in ("data", "locked", "f", "ext"))
    names = ("data", "locked", "f", "ext")
    y("update", *(f"{name}.dvc" for name in names))
    assert text("data/a") == "11" and text("locked/a") == "1"
    assert text("f") == text("ext/f") == "hello"
    commit("complete")
    assert x.is_clean() and y.is_clean() and not changed_checksum(x)


def test_imports_from_addresses(git_repo: Path, pair: Pair) -> None:
    x, y = pair
    start(x)
    write("../ext/f", "hello")
    write("../ext/d/a", "1")
    write("../ext/d/é ü", "2")
    x("import-url", "../ext/f")
    x("import-url", "../ext/d", "in")
    commit("imports")
    assert y.is_clean() and not changed_checksum(y)
    x("update", "f.dvc", "in.dvc")
    assert git("status", "--short") == ""
    write("../ext/f", "hello again")
    write("../ext/d/b", "3")
    y("update", "f.dvc", "in.dvc")
    assert text("f") == "hello again" and tree("in").keys() == {"in/a", "in/b", "in/é ü"}
    assert x.is_clean() and not changed_checksum(x)
    for name in ("f", "in"):
        y("import-url", "-f", f"../ext/{name.replace('in', 'd')}", f"{name}2")
        same = text(f"{name}.dvc").replace(f"path: {name}\n", f"path: {name}2\n")
        assert sorted(text(f"{name}2.dvc").splitlines()[1:]) == sorted(same.splitlines()[1:])


def test_what_a_server_says_of_versions(
    git_repo: Path, gd: Tool, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """As dvc 3.67 with dvc-s3 wrote it, for the same data at the same address."""
    from git_dvc.remote import kinds

    server = S3Server()
    request.addfinalizer(server.close)
    server.make_bucket("bucket")
    wire = kinds.connect("s3://bucket", {**OPTIONS, "endpointurl": server.url})
    for name, data in {"d/a": b"1", "d/sub/b": b"2", "f.txt": b"hello\n"}.items():
        wire.write(name, [data], len(data))
    wire.close()
    start(gd)
    for option, name in (
        ("access_key_id", "AWS_ACCESS_KEY_ID"),
        ("secret_access_key", "AWS_SECRET_ACCESS_KEY"),
        ("region", "AWS_DEFAULT_REGION"),
    ):
        monkeypatch.setenv(name, OPTIONS[option])
    for path, out in (("f.txt", "s3f"), ("d", "s3d")):
        address = f"s3://bucket/{path}"
        gd("import-url", address, out, "--fs-config", f"endpointurl={server.url}")
    lines = text("s3f.dvc").splitlines()
    assert "- etag: b1946ac92492d2347c6235b4d2611184" in lines and "  path: s3f" in lines
    lines = text("s3d.dvc").splitlines()
    assert "- md5: b9c9c3e91f1370b77af1f7ee327cf198.dir" in lines
    assert "- md5: b5f318018530f1e739dbb25def02de19.dir" in lines
    assert tree("s3d") == {"s3d/a": "1", "s3d/sub/b": "2"}
    server.requests.clear()
    assert gd("update", "s3f", "s3d").splitlines() == ["s3d: nothing new", "s3f: nothing new"]
    assert sum(server.requests.values()) <= 3, "one look at the file, one list of the directory"
