"""``init``: what it makes, what it refuses, and what it leaves alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from git_dvc.errors import GitDvcError, InitError
from git_dvc.formats.ignore import DEFAULT_TEXT
from git_dvc.git.repo import Repository
from git_dvc.hooks import install
from git_dvc.ops.add import add
from git_dvc.ops.init import GITIGNORE, NO_SCM_CONFIG, init
from git_dvc.project import Project
from tests.scene import leftovers, read_tree, run, write_tree

Git = Callable[..., str]


def repository() -> Repository:
    found = Repository.discover(".")
    assert found is not None
    return found


def nothing_was_made(*places: str) -> bool:
    return not any(Path(place, ".dvc", "config").exists() for place in (".", *places))


# -- what it makes ----------------------------------------------------------------------------


def test_a_new_project_is_staged_and_ready(git_repo: Path, run_git: Git) -> None:
    result = init(".")
    assert result.root == str(git_repo)
    assert result.staged == [".dvc/config", ".dvc/.gitignore", ".dvcignore", ".gitattributes"]
    assert run_git("diff", "--cached", "--name-only", cwd=".").splitlines() == [
        ".dvc/.gitignore",
        ".dvc/config",
        ".dvcignore",
        ".gitattributes",
    ]
    assert Path(".gitattributes").read_text() == (
        "*.dvc diff=dvc merge=dvc\ndvc.lock diff=dvc merge=dvc\n"
    )
    assert run_git("status", "--porcelain", "--untracked-files=all", cwd=".").count("??") == 0
    assert Path(".dvc/.gitignore").read_text() == GITIGNORE
    assert Path(".dvc/config").read_text() == ""
    assert Path(".dvcignore").read_text() == DEFAULT_TEXT
    assert Path(".dvc/tmp/btime").exists()
    assert not leftovers(".")
    with Project.open() as project:
        assert project.root == str(git_repo)


def test_a_directory_that_does_not_exist_is_made(git_repo: Path) -> None:
    result = init("a/b", subdir=True)
    assert result.root == str(git_repo / "a/b")
    assert (git_repo / "a/b/.dvc/config").exists()


def test_the_ignore_file_of_the_user_stays(git_repo: Path, run_git: Git) -> None:
    write_tree(".", {".dvcignore": "*.bak\n"})
    assert ".dvcignore" not in init(".").staged
    assert Path(".dvcignore").read_text() == "*.bak\n"
    assert ".dvcignore" not in run_git("diff", "--cached", "--name-only", cwd=".")


def test_a_link_to_the_directory_is_followed(git_repo: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(git_repo)
    assert init(str(tmp_path / "link")).root == str(git_repo)


def test_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = init("plain", no_scm=True)
    assert (result.repo, result.staged) == (None, [])
    assert Path("plain/.dvc/config").read_text() == NO_SCM_CONFIG
    assert not Path("plain/.dvc/.gitignore").exists()
    monkeypatch.chdir("plain")
    write_tree(".", {"f": "one\n"})
    with Project.open() as project:
        add(project, ["f"])
    assert Path("f.dvc").exists() and not Path(".gitignore").exists()


def test_without_git_in_a_repository(git_repo: Path, run_git: Git) -> None:
    assert init("sub", no_scm=True).repo is None
    assert run_git("diff", "--cached", "--name-only", cwd=".") == ""


def test_a_project_in_a_part_of_the_repository(git_repo: Path, run_git: Git) -> None:
    Path("part").mkdir()
    assert init("part", subdir=True).staged[0] == ".dvc/config"
    assert "part/.dvc/config" in run_git("diff", "--cached", "--name-only", cwd=".").splitlines()
    assert not Path(".dvc").exists()
    with Project.open("part") as project:
        assert project.prefix == "part"


def test_a_project_inside_a_project(git_repo: Path) -> None:
    init(".")
    init("inner", subdir=True)
    with Project.open() as outer, Project.open("inner") as inner:
        assert (outer.prefix, inner.prefix) == ("", "inner")


def test_subdir_is_allowed_at_the_top(git_repo: Path) -> None:
    assert init(".", subdir=True).root == str(git_repo)


def test_a_linked_work_tree_is_a_place_for_a_project(
    git_repo: Path, run_git: Git, tmp_path: Path
) -> None:
    run_git("commit", "-q", "--allow-empty", "-m", "first", cwd=".")
    run_git("worktree", "add", "-q", tmp_path / "linked", cwd=".")
    assert init(str(tmp_path / "linked")).staged
    assert "A  .dvc/config" in run_git("status", "--porcelain", cwd=tmp_path / "linked")


# -- what it refuses --------------------------------------------------------------------------


def test_not_in_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InitError, match="not in a Git work tree") as caught:
        init("new/place")
    assert "git init" in str(caught.value) and "--no-scm" in str(caught.value)
    assert not Path("new").exists()


def test_in_a_bare_repository(
    tmp_path: Path, run_git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_git("init", "-q", "--bare", "bare.git", cwd=tmp_path)
    monkeypatch.chdir(tmp_path / "bare.git")
    with pytest.raises(InitError, match="not in a Git work tree"):
        init(".")
    assert nothing_was_made()


def test_below_the_top(git_repo: Path) -> None:
    with pytest.raises(InitError, match="not the top of its Git repository") as caught:
        init("below")
    assert "--subdir" in str(caught.value)
    assert not Path("below").exists()


def test_no_scm_and_subdir(git_repo: Path) -> None:
    with pytest.raises(InitError, match="--no-scm and --subdir exclude each other"):
        init(".", no_scm=True, subdir=True)
    assert nothing_was_made()


def test_a_file_is_no_place(git_repo: Path) -> None:
    write_tree(".", {"file": "x"})
    with pytest.raises(InitError, match="not a directory: file"):
        init("file", subdir=True)
    with pytest.raises(InitError, match="not a directory"):
        init("file/below", subdir=True)
    assert Path("file").read_text() == "x"


@pytest.mark.parametrize("kind", ["file", "link"])
def test_something_else_in_the_place_of_our_directory(git_repo: Path, kind: str) -> None:
    if kind == "file":
        write_tree(".", {".dvc": "mine\n"})
    else:
        Path("elsewhere").mkdir()
        Path(".dvc").symlink_to("elsewhere")
    for force in (False, True):
        with pytest.raises(InitError, match="is not a directory"):
            init(".", force=force)
    assert kind == "link" or Path(".dvc").read_text() == "mine\n"
    assert kind == "file" or os.listdir("elsewhere") == []


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (".dvc", ".dvc"),
        ("/.dvc/", ".dvc"),
        ("*.dvc", ".dvc"),
        ("config", ".dvc/config"),
        (".gitignore", ".dvc/.gitignore"),
        (".dvcignore", ".dvcignore"),
    ],
)
def test_git_ignores_what_we_would_stage(git_repo: Path, line: str, name: str) -> None:
    write_tree(".", {".gitignore": line + "\n"})
    with pytest.raises(InitError, match="Git ignores") as caught:
        init(".")
    assert f"git check-ignore -v {name}'" in str(caught.value)
    assert not Path(".dvc").exists()


@pytest.mark.parametrize("line", ["*.local", "tmp/"])
def test_a_line_that_ignores_less_does_no_harm(git_repo: Path, run_git: Git, line: str) -> None:
    write_tree(".", {".gitignore": line + "\n"})
    init(".")
    assert ".dvc/config" in run_git("diff", "--cached", "--name-only", cwd=".")


# -- the second time --------------------------------------------------------------------------


def test_a_second_run_is_refused_and_changes_nothing(git_repo: Path) -> None:
    init(".")
    write_tree(".", {".dvc/config": "[cache]\n    type = copy\n"})
    before = read_tree(".dvc")
    with pytest.raises(InitError, match="there is a project in") as caught:
        init(".")
    assert "git dvc install" in str(caught.value) and "init -f" in str(caught.value)
    assert read_tree(".dvc") == before


def test_force_starts_the_configuration_over_and_keeps_the_data(
    git_repo: Path, run_git: Git
) -> None:
    init(".")
    write_tree(".", {"f": "one\n", ".dvcignore": "*.bak\n"})
    with Project.open() as project:
        add(project, ["f"])
    write_tree(".dvc", {"config": "[cache]\n    type = copy\n", "config.local": "[core]\n"})
    cache = read_tree(".dvc/cache")
    result = init(".", force=True)
    assert result.staged == [".dvc/config", ".dvc/.gitignore"]
    assert Path(".dvc/config").read_text() == ""
    assert not Path(".dvc/config.local").exists()
    assert read_tree(".dvc/cache") == cache and cache
    assert Path(".dvcignore").read_text() == "*.bak\n"
    assert (Path("f").read_text(), Path("f.dvc").exists()) == ("one\n", True)


def test_force_is_fine_the_first_time(git_repo: Path) -> None:
    assert init(".", force=True).staged


def test_what_a_stopped_run_left_is_completed(git_repo: Path) -> None:
    write_tree(".dvc", {".gitignore": GITIGNORE, "tmp/btime": ""})
    assert ".dvc/config" in init(".").staged
    assert Path(".dvc/config").exists()


# -- the command ------------------------------------------------------------------------------


def test_the_command_installs_the_hooks_unless_told_otherwise(
    git_repo: Path, tmp_path: Path
) -> None:
    from tests import launcher

    program = launcher.write(tmp_path / "bin")
    done = run(program, "init", "--no-hooks", cwd=".")
    assert done.returncode == 0, done.stderr
    assert f"Initialized git-dvc project in {git_repo}" in done.stdout + done.stderr
    assert set(install.state(repository()).values()) == {"absent"}
    done = run(program, "init", cwd=".")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is a project" in done.stderr
    done = run(program, "init", "-f", cwd=".")
    assert done.returncode == 0, done.stderr
    assert set(install.state(repository()).values()) == {"installed"}


def test_hooks_that_cannot_be_installed_are_a_warning(
    git_repo: Path, run_git: Git, tmp_path: Path
) -> None:
    from tests import launcher

    write_tree(".", {"file": ""})
    run_git("config", "core.hooksPath", "file/hooks", cwd=".")
    done = run(launcher.write(tmp_path / "bin"), "init", cwd=".")
    assert done.returncode == 0
    assert "the hooks were not installed" in done.stderr
    assert Path(".dvc/config").exists()


@pytest.mark.parametrize("name", [".dvc", ".dvc/config", ".dvc/.gitignore"])
def test_nothing_is_written_through_a_link_of_the_repository(
    git_repo: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "victim").write_text("theirs")
    (tmp_path / "folder").mkdir()
    if name != ".dvc":
        Path(".dvc").mkdir()
    os.symlink(tmp_path / ("folder" if name == ".dvc" else "victim"), name)
    with pytest.raises(GitDvcError):
        init(".")
    assert (tmp_path / "victim").read_text() == "theirs"
    assert not list((tmp_path / "folder").iterdir())
