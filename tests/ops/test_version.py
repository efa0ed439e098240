from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from git_dvc.git.repo import Repository
from git_dvc.ops import init, version
from git_dvc.workspace import links
from tests.conftest import GitRunner


def hook_states(repo: Repository) -> dict[str, str]:
    return {"post-checkout": "absent"}


def here() -> version.Here:
    found = version.report(hook_states).here
    assert found is not None
    return found


def test_a_linked_work_tree_names_the_main_one_and_its_cache(
    git_repo: Path, tmp_path: Path, run_git: GitRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    init.init()
    run_git("commit", "-qm", "init", cwd=git_repo)
    run_git("worktree", "add", "-q", tmp_path / "linked", cwd=git_repo)
    monkeypatch.chdir(tmp_path / "linked")
    assert here().kind == f"linked work tree of {git_repo}"
    assert here().cache.path == str(git_repo / ".dvc" / "cache")


def test_a_project_in_a_part_of_the_repository(
    git_repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    init.init("part", subdir=True)
    monkeypatch.chdir(git_repo / "part")
    assert here().kind == "Git repository, in part"
    assert here().hooks == {"post-checkout": "absent"}


def test_a_project_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    init.init(str(tmp_path / "p"), no_scm=True)
    monkeypatch.chdir(tmp_path / "p")
    assert here().kind == "without Git"
    assert here().hooks == {}


def test_links_are_really_tried_and_nothing_stays_behind(git_repo: Path) -> None:
    init.init()
    before = sorted(os.walk(git_repo / ".dvc"))
    assert here().links["copy"] and here().links["hardlink"]
    assert sorted(os.walk(git_repo / ".dvc")) == before


def test_where_links_cannot_be_tried_none_are_claimed(
    git_repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    init.init()

    def refuse(*_: object) -> dict[str, bool]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(links, "supported", refuse)
    assert here().links == {}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_the_file_system_is_that_of_the_closest_mount() -> None:
    assert version._file_system("/proc/self/no/such").startswith("proc on ")


def test_outside_of_a_project_there_are_only_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = version.report(hook_states)
    assert found.here is None
    assert found.git[0].isdigit() and found.python.startswith("3.")
