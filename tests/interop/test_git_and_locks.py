"""Hooks, locks, staging, and projects without Git or below its top."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.interop.harness import (
    Pair,
    Tool,
    commit,
    git,
    python_of,
    start,
    text,
    tree,
    write,
)
from tests.launcher import TOP


def two_versions(tool: Tool) -> None:
    """Commit data as v1, changed data as v2, and stay there."""
    write("f", "one\n")
    write("d/1", "1\n")
    write("d/2", "2\n")
    tool("add", "f", "d")
    commit("v1")
    git("tag", "v1")
    write("f", "two\n")
    write("d/3", "3\n")
    os.unlink("d/2")
    tool("add", "f", "d")
    commit("v2")
    git("tag", "v2")


V1 = {"f": "one\n", "d/1": "1\n", "d/2": "2\n"}
V2 = {"f": "two\n", "d/1": "1\n", "d/3": "3\n"}


def test_hooks_and_those_of_dvc(git_repo: Path, dvc: Tool, gd: Tool, isolated_home: Path) -> None:
    start(dvc)
    dvc("install")
    hooks = Path(".git/hooks")
    their_hooks = {path.name: path.read_text() for path in hooks.iterdir() if path.suffix == ""}
    assert {"post-checkout", "pre-commit", "pre-push"} <= their_hooks.keys()

    # Theirs in place, and git-dvc does the rest of the work.
    two_versions(gd)
    git("checkout", "-q", "v1")
    assert tree("f", "d") == V1
    assert gd.is_clean()

    # Ours beside theirs: ours does the work, and theirs does not start.
    gd("install")
    calls = isolated_home / "calls"
    program = isolated_home / "bin" / "dvc"
    real = program.resolve()
    program.unlink()
    program.write_text(f'#!/bin/sh\necho "$@" >>"{calls}"\nexec "{real}" "$@"\n')
    program.chmod(0o755)
    git("checkout", "-q", "v2")
    assert tree("f", "d") == V2
    # A single file, too, which DVC's hook leaves alone.
    git("checkout", "v1", "--", "f.dvc")
    assert text("f") == "one\n"
    git("checkout", "v2", "--", "f.dvc")
    write("f", "three\n")
    gd("add", "f")
    git("commit", "-q", "-m", "v3")
    assert not calls.exists(), calls.read_text()
    assert dvc.is_clean() and gd.is_clean()

    # DVC does not write over hooks that are there, and ours work on.
    calls.unlink(missing_ok=True)
    dvc.fails("install")
    git("checkout", "-q", "v1")
    assert tree("f", "d") == V1

    # Work that is not saved stops neither Git nor the rest, and stays.
    write("f", "mine\n")
    done = subprocess.run(["git", "checkout", "-q", "v2"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "f" in done.stderr
    assert tree("f", "d") == {**V2, "f": "mine\n"}
    assert gd.json("status") == dvc.json("status")
    gd("checkout", "-f")

    gd("uninstall")
    now = {path.name: path.read_text() for path in hooks.iterdir() if path.suffix == ""}
    assert now == their_hooks
    git("checkout", "-q", "v1")
    assert "post-checkout" in calls.read_text()
    assert tree("f", "d") == V1


# -- locks ----------------------------------------------------------------------------------

HOLD = """
import sys
{opening}
with lock:
    print("held", flush=True)
    sys.stdin.read()
"""
OPENING = {
    "gd": "from git_dvc.project import Project\nlock = Project.open().lock()",
    "dvc": "from dvc.repo import Repo\nlock = Repo().lock",
}


@contextmanager
def held(tool: Tool, python: str) -> Iterator[subprocess.Popen[str]]:
    """Let a program hold the project's lock; closing its stdin ends that."""
    code = HOLD.format(opening=OPENING[tool.name])
    env = {**os.environ, "PYTHONPATH": str(TOP)} if tool.name == "gd" else None
    with subprocess.Popen(
        [python, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.stdin.close()


def test_each_waits_for_the_other(git_repo: Path, dvc: Tool, gd: Tool) -> None:
    start(dvc)
    write("f", "one\n")
    dvc("add", "f")
    commit("v1")
    write("f", "two\n")
    with held(gd, sys.executable):
        assert "lock" in dvc.fails("add", "f").err
        # Looking needs no lock with us, not even while DVC would wait for it.
        assert gd.json("status") == {"f.dvc": [{"changed outs": {"f": "modified"}}]}
        assert "modified" in gd("data", "status", "--json")
        assert "modified" in gd("diff", "--json")
    dvc("add", "f")

    python = python_of(dvc.path)
    if python is None:
        pytest.skip("this dvc is not a script of a Python whose modules can be imported")
    write("f", "three\n")
    with held(dvc, python) as holder:
        assert holder.stdin is not None
        assert gd.json("status") != {}
        waiting = subprocess.Popen(
            [gd.path, "add", "f"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert waiting.stderr is not None
        line = waiting.stderr.readline()  # comes after three seconds
        assert "waiting for" in line
        assert waiting.poll() is None
        before = text("f.dvc")
        holder.stdin.close()
        _, said = waiting.communicate(timeout=60)
        assert waiting.returncode == 0, said
        assert text("f.dvc") != before
    assert dvc.is_clean()


def test_outputs_of_a_running_stage_are_left_alone(git_repo: Path, dvc: Tool, gd: Tool) -> None:
    start(dvc)
    write("f", "one\n")
    dvc("add", "f")
    write(
        "dvc.yaml",
        "stages:\n  slow:\n    cmd: cp f made && touch started && while [ ! -e go ]; do"
        " sleep 0.05; done\n    deps: [f]\n    outs: [made]\n",
    )
    write("go", "")
    dvc("repro")
    os.unlink("go")
    os.unlink("started")
    commit("made once")
    assert gd.is_clean()
    write("f", "two\n")
    write("other", "other\n")
    dvc("add", "f")
    with _running(dvc):
        said = gd.fails("checkout", "-f", "made").err
        assert "made" in said and "in use" in said
        assert "f" in gd.fails("add", "f").err
        gd("status")
        gd("add", "other")
    assert text("made") == "two\n"
    assert gd.is_clean()
    assert dvc.json("data", "status").keys() <= {"committed"}
    write("f", "three\n")
    gd("add", "f")
    with _running(gd):
        for words in (["status"], ["add", "f"], ["repro"]):
            assert "is busy, it is being blocked by:" in dvc.fails(*words).err
        write("other", "another\n")
        dvc("add", "other")
    assert text("made") == "three\n"
    assert dvc.is_clean()


@contextmanager
def _running(tool: Tool) -> Iterator[None]:
    """Have ``repro`` run the stage until the block is left; it must succeed then."""
    running = subprocess.Popen(
        [tool.path, "repro"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not os.path.exists("started"):
            assert time.monotonic() < deadline and running.poll() is None
            time.sleep(0.05)
        yield
    finally:
        write("go", "")
        said, _ = running.communicate(timeout=60)
    assert running.returncode == 0, said
    os.unlink("go")
    os.unlink("started")


# -- other places ---------------------------------------------------------------------------


def test_staging(git_repo: Path, pair: Pair) -> None:
    x, y = pair
    start(x)
    commit("start")
    x("config", "core.autostage", "true")
    for tool, name in ((x, "one"), (y, "two")):
        write(name, f"{name}\n")
        tool("add", name)
        staged = set(git("diff", "--cached", "--name-only").splitlines())
        assert staged - {".dvc/config"} == {".gitignore", f"{name}.dvc"}
        git("commit", "-q", "-m", name)
    # Told not to, neither stages.
    y("config", "core.autostage", "false")
    write("three", "three\n")
    y("add", "three")
    assert git("diff", "--cached", "--name-only") == ""
    assert "three.dvc" in git("status", "--porcelain")
    assert x.is_clean()


def test_a_project_without_git(tmp_path: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = pair
    monkeypatch.chdir(tmp_path)
    start(x, "--no-scm")
    assert "no_scm = True" in text(".dvc/config")
    write("f", "one\n")
    write("sub/d/1", "1\n")
    x("add", "f", "sub/d")
    assert not os.path.exists(".gitignore")
    assert y.is_clean()
    os.unlink("f")
    write("sub/d/2", "2\n")
    assert y.json("status") == x.json("status") != {}
    assert y.json("data", "status") == x.json("data", "status")
    y("checkout", "f")
    y("add", "sub/d")
    assert x.is_clean()
    x("remove", "f.dvc")
    assert y.is_clean()
    assert text("f") == "one\n"


def test_a_project_below_the_top(
    git_repo: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = pair
    outer = git_repo
    inner = git_repo / "some" / "project"
    inner.mkdir(parents=True)
    monkeypatch.chdir(outer)
    start(y)
    write("outer.bin", "outer\n")
    y("add", "outer.bin")
    commit("outer")
    monkeypatch.chdir(inner)
    start(x, "--subdir")
    two_versions(x)
    assert y.is_clean()
    git("checkout", "-q", "v1")
    y("checkout")
    assert tree("f", "d") == V1
    assert x.is_clean()
    for words in (["diff", "v1", "v2"], ["diff", "--show-hash", "v2"]):
        assert x.json(*words) == y.json(*words) != {}
    write("d/sub/4", "4\n")
    os.makedirs("deeper")
    monkeypatch.chdir(inner / "deeper")
    write("g", "g\n")
    y("add", "g")
    y("add", "../d")
    monkeypatch.chdir(inner)
    assert x.is_clean()
    assert text("deeper/.gitignore") == "/g\n"
    # The project around it does not see it (DVC's diff says that HEAD's data is gone).
    monkeypatch.chdir(outer)
    assert x.is_clean() and y.is_clean()
    gd = x if x.name == "gd" else y
    assert gd.json("diff") == gd.json("data", "status") == {}
    assert gd.json("diff", "v1", "v2") == {}
