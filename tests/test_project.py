"""An opened project: where its parts are, and which files say what is tracked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from git_dvc.errors import (
    ConfigError,
    FormatError,
    LinkedProjectError,
    NotAProjectError,
    OutsideProjectError,
)
from git_dvc.ops.init import init
from git_dvc.project import Project
from tests.conftest import run_git
from tests.scene import write_tree


@pytest.fixture(autouse=True)
def root(git_repo: Path) -> Path:
    init(".")
    return git_repo


def config(text: str, name: str = "config") -> None:
    Path(".dvc", name).write_text(text)


def test_it_is_found_from_below_and_not_from_outside(root: Path, tmp_path: Path) -> None:
    (root / "a/b").mkdir(parents=True)
    assert Project.open(str(root / "a/b")).root == str(root)
    with pytest.raises(NotAProjectError):
        Project.open(str(tmp_path))


def test_a_project_directory_that_is_a_link_is_refused(root: Path, tmp_path: Path) -> None:
    (root / ".dvc").rename(tmp_path / "elsewhere")
    (root / ".dvc").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LinkedProjectError, match="symbolic link"):
        Project.open(str(root))


def test_layers_of_config_win_one_over_the_other(isolated_home: Path) -> None:
    write_tree(isolated_home, {
        "dvc-system/config": "[core]\n    remote = system\n[cache]\n    type = copy\n",
        "dvc-global/config": "[core]\n    remote = global\n    autostage = false\n",
    })  # fmt: skip
    assert Project.open().config.get("core", "remote") == "global"
    config("[core]\n    remote = project\n")
    assert Project.open().config.get("core", "remote") == "project"
    config("[core]\n    remote = local\n", "config.local")
    with Project.open() as project:
        found = project.config.find(("core",), "remote")
        assert found is not None
        assert (found[0], found[1].level) == ("local", "local")
        assert project.link_types == ("copy",)
        assert not project.autostage


def test_without_config_there_are_defaults(root: Path) -> None:
    with Project.open() as project:
        assert project.config.get("core", "remote") is None
        assert project.link_types == ("reflink", "copy")
        assert project.autostage
        assert project.cache_root == str(root / ".dvc/cache")
        assert project.state_dir == str(root / ".git/dvc")


def test_a_config_with_conflict_markers_is_an_error() -> None:
    config("<<<<<<< HEAD\n")
    with pytest.raises(ConfigError):
        Project.open()


@pytest.mark.parametrize(
    ("value", "expected"),
    [("../own", "own"), ("sub/cache", ".dvc/sub/cache"), ("../../outside", "../outside")],
)
def test_a_relative_cache_starts_at_its_config(root: Path, value: str, expected: str) -> None:
    config(f"[cache]\n    dir = {value}\n")
    assert Project.open().cache_root == os.path.normpath(root / expected)


def test_a_cache_at_home(isolated_home: Path) -> None:
    config("[cache]\n    dir = ~/cache\n")
    assert Project.open().cache_root == str(isolated_home / "cache")


@pytest.mark.parametrize("value", ["", "../own"])
def test_linked_work_trees_share_the_cache_and_the_local_config(
    root: Path, tmp_path: Path, value: str
) -> None:
    if value:
        config(f"[cache]\n    dir = {value}\n")
    config("[cache]\n    type = hardlink\n", "config.local")
    run_git("add", "-f", ".dvc/config", cwd=root)
    run_git("commit", "-qm", "one", cwd=root)
    run_git("worktree", "add", "-q", str(tmp_path / "linked"), cwd=root)
    main, linked = Project.open(str(root)), Project.open(str(tmp_path / "linked"))
    assert linked.root == str(tmp_path / "linked")
    assert linked.main_root == str(root)
    assert linked.cache_root == main.cache_root
    assert linked.link_types == ("hardlink",)
    assert linked.state_dir != main.state_dir


def test_paths_from_the_user(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "a").mkdir()
    os.symlink("a", root / "link")
    os.symlink(tmp_path, root / "out")
    project = Project.open()
    assert project.relpath(".") == ""
    assert project.relpath(str(root / "a/x")) == "a/x"
    assert project.relpath("link/x") == "a/x", "links on the way are resolved"
    assert project.relpath("link") == "link", "the path itself is not"
    for outside in ("..", "../x", "out/x", "/"):
        with pytest.raises(OutsideProjectError):
            project.relpath(outside)
    monkeypatch.chdir("a")
    assert project.relpath("x") == "a/x"
    assert project.relpath("..") == ""
    assert [project.shown(path) for path in ("a/x", "b/", "")] == ["x", "../b/", ".."]


def test_which_files_say_what_is_tracked(root: Path) -> None:
    write_tree(root, {
        "x.dvc": "", "a/dvc.lock": "", "a/.dvcignore": "", "a/dvc.yaml": "", "ignored/y.dvc": "",
        ".gitignore": "/ignored\n", "nested/.dvc/config": "", "nested/z.dvc": "",
        ".dvc/tmp/w.dvc": "", "out.dvc": "", "out/inner.txt": "",
    })  # fmt: skip
    run_git("add", "x.dvc", cwd=root)
    with Project.open() as project:
        listing = project.listing()
        assert listing.sources == ["a/dvc.lock", "out.dvc", "x.dvc"]
        assert listing.ignores == [".dvcignore", "a/.dvcignore"]
        assert project.listing(untracked=False).sources == ["x.dvc"]
        assert set(project.known_sources(["more.dvc"])) == {"more.dvc", "x.dvc"}


def test_ignored_pointers_track_nothing(root: Path) -> None:
    write_tree(root, {"x.dvc": "", "old/y.dvc": "", ".dvcignore": "old/\n"})
    with Project.open() as project:
        assert project.tracked_sources() == ["x.dvc"]
        write_tree(root, {".dvcignore": ""})
        assert project.tracked_sources() == ["x.dvc"], "read once"
        project.forget_tracked()
        assert project.tracked_sources() == ["old/y.dvc", "x.dvc"]


def test_without_git_the_project_is_walked(root: Path) -> None:
    config("[core]\n    no_scm = true\n")
    write_tree(root, {
        "x.dvc": "", "a/dvc.lock": "", "a/.dvcignore": "", "nested/.dvc/config": "",
        "nested/z.dvc": "", "data.dvc": "", "data/inside.dvc": "", ".git/y.dvc": "",
    })  # fmt: skip
    with Project.open() as project:
        assert project.repo is None
        assert project.state_dir == str(root / ".dvc/tmp/git-dvc")
        assert project.listing().sources == ["a/dvc.lock", "data.dvc", "x.dvc"]
        assert project.listing().ignores == [".dvcignore", "a/.dvcignore"]


def test_a_project_below_the_top(root: Path) -> None:
    (root / "sub [1]").mkdir()
    init("sub [1]", subdir=True)
    write_tree(root, {"sub [1]/x.dvc": "", "sub 1/y.dvc": "", "top.dvc": ""})
    with Project.open("sub [1]") as project:
        assert (project.root, project.prefix) == (str(root / "sub [1]"), "sub [1]")
        assert project.listing().sources == ["x.dvc"]
        assert project.git_path("x.dvc") == "sub [1]/x.dvc"
        assert project.own_path("sub [1]/x.dvc") == "x.dvc"


@pytest.mark.parametrize("kind", ["link", "directory"])
def test_only_files_are_read(root: Path, kind: str) -> None:
    if kind == "link":
        (root / "x.dvc").symlink_to("/etc/hostname")
    else:
        (root / "x.dvc").mkdir()
    project = Project.open()
    assert project.read("nothing.dvc") is None
    assert project.read("nothing/x.dvc") is None
    with pytest.raises(FormatError) as caught:
        project.read("x.dvc")
    assert caught.value.where == "x.dvc"
