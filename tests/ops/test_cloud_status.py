"""``status -c`` and ``data status --not-in-remote``: cache and remotes, path by path."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests import scene
from tests.conftest import run_git
from tests.scene import md5, write_tree


class Here:
    """A project with two remotes, in folders."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.store = top.parent / "store"

    def run(self, *args: str, code: int = 0, cwd: str = "") -> str:
        done = scene.git_dvc(*args, cwd=self.top / cwd)
        assert done.returncode == code, (args, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def json(self, *args: str, cwd: str = "") -> Any:
        return json.loads(self.run(*args, "--json", cwd=cwd))

    def forget(self, text: str, *, top: Path | None = None) -> None:
        value = md5(text.encode())
        os.unlink((top or self.top / ".dvc/cache") / "files/md5" / value[:2] / value[2:])


@pytest.fixture
def here(git_repo: Path) -> Here:
    made = Here(git_repo)
    made.run("init", "-q", "--no-hooks")
    made.run("remote", "add", "-d", "store", "../store")
    made.run("remote", "add", "other", "../other")
    write_tree(git_repo, {"d/1": "1", "d/2": "2", "sub/f": "f", "n": "n", "k": "k"})
    made.run("add", "-q", "d", "sub/f", "n", "k")
    for name, flag in {"n": "remote: other", "k": "push: false"}.items():
        path = git_repo / f"{name}.dvc"
        path.write_text(path.read_text() + f"  {flag}\n")
    run_git("add", "-A", cwd=git_repo)
    run_git("commit", "-qm", "data", cwd=git_repo)
    return made


NEW = {"d": "new", "d/1": "new", "d/2": "new", "sub/f": "new"}


def test_each_output_is_compared_with_its_own_remote(here: Here) -> None:
    assert here.json("status", "-c") == {**NEW, "n": "new"}
    assert here.json("status", "-r", "store") == NEW
    assert here.json("status", "-r", "other") == {**NEW, "n": "new"}
    assert here.json("status", "-c", "d/1") == {"d/1": "new"}
    assert here.json("status", "-c", "d.dvc", "sub", "-R") == NEW
    here.run("status", "-c", "-q", code=1)
    assert "status" not in here.run("push", "d")
    assert here.run("status", "-c") == (
        "Not on the remote 'other':\n  (use \"git dvc push\" to send it)\n        n\n\n"
        "Not on the remote 'store':\n  (use \"git dvc push\" to send it)\n        sub/f\n"
    )
    here.run("push")
    assert here.json("status", "-c") == {}
    assert here.run("status", "-c") == "cache and remotes 'other' and 'store' are in sync\n"
    here.run("status", "-c", "-q")


def test_what_only_the_remote_has(here: Here) -> None:
    here.run("push")
    shutil.rmtree(here.top / ".dvc/cache")
    gone = dict.fromkeys((*NEW, "n"), "deleted")
    assert here.json("status", "-c") == gone
    assert here.json("status", "-c", cwd="sub") == {
        os.path.relpath(name, "sub"): "deleted" for name in gone
    }
    assert not (here.top / ".dvc/cache").exists(), "nothing is fetched"
    here.forget("2", top=here.store)
    found = here.json("status", "-c")
    assert found == {**gone, "d/2": "missing"}
    said = here.run("status", "-c", "d")
    assert "Only on the remote 'store':\n  (use \"git dvc fetch\"" in said
    assert "Neither in the cache nor on the remote 'store':\n        d/2\n" in said


def test_other_revisions(here: Here) -> None:
    here.run("push")
    commit = run_git("rev-parse", "--short=7", "HEAD", cwd=here.top)
    run_git("tag", "v1", cwd=here.top)
    here.forget("f", top=here.store)
    write_tree(here.top, {"sub/f": "newer", "d/3": "3"})
    here.run("add", "-q", "sub/f", "d")
    run_git("commit", "-qam", "newer", cwd=here.top)
    assert here.json("status", "-c") == {"d": "new", "d/3": "new", "sub/f": "new"}
    here.run("push")
    assert here.json("status", "-c") == {}
    for scope in ("-T", "-A"):
        assert here.json("status", "-c", scope) == {"sub/f": "new"}
    assert f"        sub/f (in {commit})\n" in here.run("status", "-c", "-T")
    here.forget("f")
    assert here.json("status", "-c", "-T") == {"sub/f": "missing"}
    assert here.json("status", "-c", "-a") == {}


def test_a_command_line_that_means_nothing(here: Here) -> None:
    assert "for --cloud" in here.run("status", "-a", code=129)
    assert "for --not-in-remote" in here.run("data", "status", "-r", "store", code=129)
    assert "not tracked" in here.run("status", "-c", "nothing", code=1)
    here.run("remote", "remove", "store")
    assert "there is no default one" in here.run("status", "-c", code=128)
    assert "no such remote" in here.run("status", "-r", "nowhere", code=128)


def test_what_was_not_pushed_yet(here: Here) -> None:
    unsent = ["d/", "n", "sub/f"]
    assert here.json("data", "status", "--not-in-remote") == {"not_in_remote": unsent}
    found = here.json("data", "status", "--not-in-remote", "--granular")
    assert found == {"not_in_remote": ["d/", "d/1", "d/2", "n", "sub/f"]}
    said = here.run("data", "status", "--not-in-remote", "d", "-r", "store")
    assert said == 'Not on the remote:\n  (use "git dvc push <path>..." to send it)\n        d/\n'
    here.run("push", "d")
    assert here.json("data", "status", "--not-in-remote")["not_in_remote"] == ["n", "sub/f"]
    assert here.json("data", "status") == {}


def test_what_was_pushed_for_all_we_know(here: Here) -> None:
    args = ("data", "status", "--not-in-remote", "--no-remote-refresh")
    assert here.json(*args)["not_in_remote"] == ["d/", "n", "sub/f"]
    here.run("push")
    assert here.json(*args) == {}
    shutil.rmtree(here.store)
    assert here.json(*args) == {}, "the remote is not asked"
    clone = Here(here.top.parent / "clone")
    shutil.move(here.top, clone.top)
    shutil.rmtree(clone.top / ".git/dvc/remotes")
    assert len(clone.json(*args)["not_in_remote"]) == 3
    clone.run("push")
    shutil.rmtree(clone.top / ".git/dvc/remotes")
    clone.run("status", "-c")
    assert clone.json(*args) == {}, "what was seen is remembered"
