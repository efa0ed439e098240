"""Starting a project, and where none can be started."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from git_dvc.errors import InitError
from git_dvc.ops.init import init
from git_dvc.project import Project

Git = Callable[..., str]


def test_a_project_in_a_repository(git_repo: Path, run_git: Git) -> None:
    done = init(".")
    assert done.root == str(git_repo) and done.repo is not None
    assert sorted(done.staged) == [".dvc/.gitignore", ".dvc/config", ".dvcignore"]
    assert Path(".dvc/config").read_bytes() == b""
    assert Path(".dvc/.gitignore").read_text() == "/config.local\n/tmp\n/cache\n"
    assert run_git("ls-files", cwd=git_repo).split() == sorted(done.staged)
    assert run_git("status", "--porcelain", "--ignored", cwd=git_repo).count("??") == 0
    with Project.open() as project:
        assert project.root == str(git_repo)


def test_a_directory_is_made_and_a_file_of_the_user_kept(git_repo: Path) -> None:
    Path(".dvcignore").write_text("*.tmp\n")
    init(".")
    assert Path(".dvcignore").read_text() == "*.tmp\n"
    done = init("deep/er", subdir=True)
    assert Path("deep/er/.dvc/config").exists() and done.root == str(git_repo / "deep/er")


def test_without_git(tmp_path: Path) -> None:
    init(str(tmp_path / "new"), no_scm=True)
    assert (tmp_path / "new/.dvc/config").read_text() == "[core]\n    no_scm = True\n"
    assert not (tmp_path / "new/.dvc/.gitignore").exists()


def test_starting_over_keeps_the_cache(git_repo: Path) -> None:
    init(".")
    Path(".dvc/config").write_text("[core]\n    remote = x\n")
    Path(".dvc/cache").mkdir()
    Path(".dvc/cache/object").touch()
    with pytest.raises(InitError, match="already"):
        init(".")
    init(".", force=True)
    assert Path(".dvc/config").read_text() == "" and Path(".dvc/cache/object").exists()


def test_where_no_project_can_be(git_repo: Path, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    Path("sub").mkdir()
    Path("file").touch()
    cases: list[tuple[str, dict[str, bool], str]] = [
        (str(tmp_path / "plain"), {}, "not in a Git work tree"),
        ("sub", {}, "not the top"),
        ("file", {}, "not a directory"),
        (".", {"no_scm": True, "subdir": True}, "exclude each other"),
    ]
    for path, options, words in cases:
        with pytest.raises(InitError, match=words):
            init(path, **options)
    Path(".gitignore").write_text(".dvc\n")
    with pytest.raises(InitError, match="Git ignores"):
        init(".")
    assert not Path(".dvc").exists() and not Path("sub/.dvc").exists()


@pytest.mark.parametrize("name", [".dvc", ".dvc/config", ".dvc/.gitignore"])
def test_nothing_is_written_through_a_link(git_repo: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "victim").write_text("theirs")
    (tmp_path / "folder").mkdir()
    if name != ".dvc":
        Path(".dvc").mkdir()
    os.symlink(tmp_path / ("folder" if name == ".dvc" else "victim"), name)
    from git_dvc.errors import GitDvcError

    with pytest.raises(GitDvcError):
        init(".")
    assert (tmp_path / "victim").read_text() == "theirs" and not list(
        (tmp_path / "folder").iterdir()
    )


def test_an_interrupted_start_can_be_repeated(git_repo: Path) -> None:
    Path(".dvc/tmp").mkdir(parents=True)
    init(".")
    assert Path(".dvc/config").exists()
