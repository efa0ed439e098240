"""``add --to-remote`` and ``add -o URL``: data from elsewhere, kept there or copied here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import scene
from tests.conftest import run_git
from tests.remote.webserver import Site
from tests.scene import check_objects, hashes_of, is_clean, read_tree, write_tree


@pytest.fixture
def here(git_repo: Path) -> Path:
    run(git_repo, "init", "-q", "--no-hooks")
    run(git_repo, "remote", "add", "-d", "store", "../store")
    run_git("commit", "-qm", "start", cwd=git_repo)
    write_tree(git_repo.parent, {"far/a": "1", "far/sub/b": "22", "file": "333"})
    return git_repo


def run(top: Path, *args: str, code: int = 0) -> str:
    done = scene.git_dvc(*args, cwd=top)
    assert done.returncode == code, (args, done.stdout, done.stderr)
    return done.stdout + done.stderr


def test_the_data_is_on_the_remote_alone(here: Path) -> None:
    store = here.parent / "store"
    said = run(here, "add", "--to-remote", "../far")
    assert said.startswith("sent 2 files (3 bytes) to 'store'") and "far.dvc" in said
    assert not (here / "far").exists() and not (here / ".dvc" / "cache").exists()
    assert {v for v in check_objects(store) if v[-4:] != ".dir"} == hashes_of("1", "22")
    staged = run_git("diff", "--cached", "--name-only", cwd=here).split()
    assert staged == [".gitignore", "far.dvc"]
    run(here, "pull")
    assert read_tree(here / "far") == {"a": b"1", "sub/b": b"22"} and is_clean(here)
    run(here, "add", "--to-remote", "../far", "-o", "far", code=1)
    write_tree(here.parent, {"far/a": "new"})
    run(here, "add", "-f", "--to-remote", "../far")
    assert read_tree(here / "far")["a"] == b"1", "what is here stays"
    run(here, "pull")
    assert read_tree(here / "far")["a"] == b"new"


def test_places_and_remotes(here: Path) -> None:
    run(here, "remote", "add", "other", "../other")
    run(here, "add", "--to-remote", "../file", "-o", "x/y.txt", "-r", "other", "--remote-jobs", "2")
    assert check_objects(here.parent / "other").keys() == hashes_of("333")
    assert (here / "x" / "y.txt.dvc").exists() and os.listdir(here / "x") != ["y.txt"]
    write_tree(here, {"local": "local", "taken": "mine"})
    run(here, "add", "--to-remote", "local")
    assert check_objects(here.parent / "store").keys() == hashes_of("local")
    assert "at taken already" in run(here, "add", "--to-remote", "../file", "-o", "taken", code=1)
    run(here, "add", "-f", "--to-remote", "../file", "-o", "taken")
    assert (here / "taken").read_text() == "mine"
    run(here, "undo")
    assert not (here / "taken.dvc").exists()


def test_a_command_line_that_means_nothing(here: Path) -> None:
    for args in (["--to-remote", "a", "b"], ["--to-remote", "--no-commit", "a"], ["-r", "x", "a"]):
        assert "--to-remote" in run(here, "add", *args, code=129)
    assert run(here, "add", "--to-remote", "../nothing", code=1)
    run(here, "add", "--to-remote", "../file", "-r", "nowhere", code=128)
    assert run_git("status", "--porcelain", cwd=here) == ""


def test_from_a_server(here: Path) -> None:
    with Site() as site:
        site.files["/data/set.csv"] = b"a,b\n"
        run(here, "add", f"{site.url}/set.csv", "-o", "mine.csv")
        run(here, "add", "--to-remote", f"{site.url}/set.csv")
    assert (here / "mine.csv").read_bytes() == b"a,b\n"
    assert not (here / "set.csv").exists() and "deps" not in (here / "set.csv.dvc").read_text()
    run(here, "pull")
    assert (here / "set.csv").read_bytes() == b"a,b\n"
