"""``git dvc sync``: by hand what the hooks do, over all projects of a work tree."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import launcher
from tests.conftest import run_git
from tests.scene import run, write_tree


@pytest.fixture
def git_dvc(tmp_path: Path) -> Path:
    return launcher.write(tmp_path / "bin")


@pytest.fixture
def repo(git_repo: Path, git_dvc: Path) -> Path:
    """Two projects with two versions each, and hooks that are switched off."""
    for folder in ("", "sub"):
        (git_repo / folder).mkdir(exist_ok=True)
        options = ["--subdir"] if folder else []
        assert run(git_dvc, "init", "-q", *options, cwd=git_repo / folder).returncode == 0
    for version in ("1", "2"):
        write_tree(git_repo, {"f": version, "sub/d/a": version})
        assert run(git_dvc, "add", "-q", "f", cwd=git_repo).returncode == 0
        assert run(git_dvc, "add", "-q", "d", cwd=git_repo / "sub").returncode == 0
        run_git("commit", "-qm", version, cwd=git_repo)
        run_git("tag", f"v{version}", cwd=git_repo)
    assert (
        run("git", "checkout", "-q", "v1", cwd=git_repo, env={"GIT_DVC_SKIP": "1"}).returncode == 0
    )
    return git_repo


def data(repo: Path) -> tuple[str, str]:
    return (repo / "f").read_text(), (repo / "sub/d/a").read_text()


def test_it_brings_all_projects_from_anywhere_and_then_has_nothing_to_do(
    repo: Path, git_dvc: Path
) -> None:
    assert data(repo) == ("2", "2")
    planned = run(git_dvc, "sync", "-n", cwd=repo / "sub")
    assert (planned.returncode, planned.stdout) == (0, "M\td/\nM\t../f\n")
    assert data(repo) == ("2", "2")
    done = run(git_dvc, "sync", cwd=repo / "sub")
    assert (done.returncode, done.stdout, done.stderr) == (0, "M\td/\nM\t../f\n", "")
    assert data(repo) == ("1", "1")
    again = run(git_dvc, "sync", cwd=repo)
    assert (again.returncode, again.stdout) == (0, "Data is as the pointer files say.\n")
    assert run(git_dvc, "sync", "-n", "-q", cwd=repo).stdout == ""


def test_status_does_not_make_it_forget_what_is_in_place(repo: Path, git_dvc: Path) -> None:
    for folder in (repo, repo / "sub"):
        assert "modified: " in run(git_dvc, "status", cwd=folder).stdout
    done = run(git_dvc, "sync", cwd=repo)
    assert (done.returncode, done.stdout, done.stderr) == (0, "M\tsub/d/\nM\tf\n", "")
    assert data(repo) == ("1", "1")


def test_a_commit_without_the_pointer_files_does_not_either(repo: Path, git_dvc: Path) -> None:
    assert run(git_dvc, "sync", "-q", cwd=repo).returncode == 0
    # The hook looks at what is staged, and that is another version than what is there.
    run_git("read-tree", "v2", cwd=repo)
    assert run(git_dvc, "hook", "pre-commit", cwd=repo).returncode == 0
    run("git", "checkout", "-q", "-f", "v2", cwd=repo, env={"GIT_DVC_SKIP": "1"})
    assert run(git_dvc, "sync", "-q", cwd=repo).returncode == 0
    assert data(repo) == ("2", "2")


def test_it_finishes_what_a_hook_noted(repo: Path, git_dvc: Path) -> None:
    pending = repo / ".git/dvc/pending"
    pending.touch()
    done = run(git_dvc, "sync", "--json", cwd=repo)
    assert json.loads(done.stdout) == {"added": [], "deleted": [], "modified": ["f", "sub/d/"]}
    assert not pending.exists()
    empty = run(git_dvc, "sync", "--json", cwd=repo)
    assert json.loads(empty.stdout) == {"added": [], "deleted": [], "modified": []}


def test_unsaved_data_stays_and_is_named_from_here(repo: Path, git_dvc: Path) -> None:
    write_tree(repo, {"f": "mine"})
    done = run(git_dvc, "sync", cwd=repo / "sub")
    assert done.returncode == 1
    assert "../f" in done.stderr and "Traceback" not in done.stderr
    assert data(repo) == ("mine", "1")


def test_a_project_that_cannot_be_opened_does_not_stop_the_other(repo: Path, git_dvc: Path) -> None:
    write_tree(repo, {"sub/.dvc/config": "<<<<<<< HEAD\n"})
    done = run(git_dvc, "sync", cwd=repo)
    assert done.returncode == 1 and "sub/.dvc/config" in done.stderr
    assert data(repo) == ("1", "2")


def test_data_that_no_pointer_names_any_more_goes(repo: Path, git_dvc: Path) -> None:
    run(git_dvc, "sync", "-q", cwd=repo)
    (repo / "f.dvc").unlink()
    assert run(git_dvc, "sync", "-n", cwd=repo).stdout == "D\tf\n"
    assert run(git_dvc, "sync", cwd=repo).stdout == "D\tf\n"
    assert not (repo / "f").exists()


def test_outside_of_a_repository(tmp_path: Path, git_dvc: Path) -> None:
    done = run(git_dvc, "sync", cwd=tmp_path)
    assert done.returncode == 128 and "Traceback" not in done.stderr
