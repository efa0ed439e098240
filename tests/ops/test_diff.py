"""What differs between two versions; that it is DVC's answer is checked in ``tests/interop``."""

from __future__ import annotations

import os
import shutil

import pytest

from git_dvc.errors import NotInGitError, UnknownRevisionError, UnknownTargetError
from git_dvc.ops.add import add
from git_dvc.ops.diff import diff
from git_dvc.project import Project
from tests.conftest import GitRunner
from tests.ops.conftest import Opener, write


@pytest.fixture
def versions(project: Project, run_git: GitRunner) -> Project:
    """Return a project with the tags v1 and v2, at v2."""
    write("f", "one\n")
    write("g", "same\n")
    for name in ("1", "2", "sub/3"):
        write(f"d/{name}", f"{name}\n")
    add(project, ["f", "g", "d"])
    run_git("add", "-A", cwd=project.root)
    run_git("commit", "-qm", "v1", cwd=project.root)
    run_git("tag", "v1", cwd=project.root)
    write("f", "two\n")
    os.unlink("d/1")
    os.rename("d/2", "d/two")
    write("d/new", "new\n")
    write("h", "h\n")
    add(project, ["f", "d", "h"])
    run_git("add", "-A", cwd=project.root)
    run_git("commit", "-qm", "v2", cwd=project.root)
    run_git("tag", "-a", "-m", "two", "v2", cwd=project.root)
    return project


def test_two_revisions(versions: Project, reopen: Opener) -> None:
    assert diff(reopen(), "v1", "v2").to_json() == {
        "added": [{"path": "d/new"}, {"path": "h"}],
        "deleted": [{"path": "d/1"}],
        "modified": [{"path": "d/"}, {"path": "f"}],
        "renamed": [{"path": {"old": "d/2", "new": "d/two"}}],
    }
    back = diff(reopen(), "v2", "v1").to_json(show_hash=True)
    assert {
        "path": "f",
        "hash": {
            "old": "c193497a1a06b2c72230e6146ff47080",
            "new": "5bbf5a52328e7439ae6e719dfe712200",
        },
    } in back["modified"]
    assert diff(reopen(), "v2", "main").to_json() == {}


def test_two_revisions_are_compared_without_the_workspace(
    versions: Project, reopen: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = diff(reopen(), "v1", "v2").to_json()
    shutil.rmtree("d")
    for name in ("f", "f.dvc", "h.dvc"):
        os.unlink(name)

    def examine(*_: object, **__: object) -> None:
        raise AssertionError("looked at the workspace")

    monkeypatch.setattr("git_dvc.ops.diff.examine", examine)
    assert diff(reopen(), "v1", "v2").to_json() == expected
    assert diff(reopen(), "v1", "v2", targets=["h", "d/sub"]).to_json()["added"] == [{"path": "h"}]


def test_a_revision_and_the_workspace(versions: Project, reopen: Opener) -> None:
    assert diff(reopen()).to_json() == {}
    write("g", "changed\n")
    assert diff(reopen()).to_json()["modified"] == [{"path": "g"}]
    value = "5bbf5a52328e7439ae6e719dfe712200"
    os.unlink(versions.cache().path(value))
    found = diff(reopen(), "v1").to_json(show_hash=True)
    assert found["not in cache"] == [{"path": "f", "hash": value}]
    assert "not in cache" not in diff(reopen(), "v1", hide_missing=True).to_json()
    assert "not in cache" not in diff(reopen(), "v1", "v2").to_json()
    found = diff(reopen(), "v1", targets=["d"]).to_json()
    assert found["modified"] == [{"path": "d/"}]


def test_without_its_listing_a_directory_is_just_another_one(
    versions: Project, reopen: Opener
) -> None:
    value = versions.tracked.outs["d"].out.hash
    assert value is not None
    os.unlink(versions.cache().path(value))
    assert diff(reopen(), "v1", "v2", targets=["d"]).to_json()["modified"] == [{"path": "d/"}]


def test_only_what_is_there_can_be_compared(
    versions: Project, reopen: Opener, run_git: GitRunner
) -> None:
    with pytest.raises(UnknownRevisionError, match="mian") as caught:
        diff(reopen(), "v1", "mian")
    assert "'main'" in caught.value.hint
    with pytest.raises(UnknownRevisionError):
        diff(reopen(), "--help")
    with pytest.raises(UnknownTargetError):
        diff(reopen(), "v1", "v2", targets=["nosuch"])
    # A target of one side is enough.
    assert diff(reopen(), "v1", "v2", targets=["h"]).to_json()["added"] == [{"path": "h"}]


def test_before_the_first_commit_nothing_differs(project: Project) -> None:
    assert diff(project).to_json() == {}


def test_revisions_need_git(versions: Project, reopen: Opener) -> None:
    write(".dvc/config", "[core]\n    no_scm = True\n")
    with pytest.raises(NotInGitError):
        diff(reopen())


def test_a_project_inside_is_not_ours(
    versions: Project, reopen: Opener, run_git: GitRunner
) -> None:
    shutil.copytree(".dvc", "inner/.dvc")
    shutil.copy("f.dvc", "inner/f.dvc")
    run_git("add", "-f", "inner/.dvc/config", "inner/f.dvc", cwd=versions.root)
    run_git("commit", "-qm", "inner", cwd=versions.root)
    assert diff(reopen(), "v2", "main").to_json() == {}
    assert diff(reopen(), "v1", "main").to_json() == diff(reopen(), "v1", "v2").to_json()
    assert diff(reopen()).to_json() == {}


LOCK = """\
schema: '2.0'
stages:
  train:
    cmd: train
    outs:
    - path: model
      hash: md5
      md5: {value}
      size: 4
"""


def test_outputs_of_stages_need_both_files(
    versions: Project, reopen: Opener, run_git: GitRunner
) -> None:
    def commit(name: str) -> None:
        run_git("add", "-A", cwd=versions.root)
        run_git("commit", "-qm", name, cwd=versions.root)
        run_git("tag", name, cwd=versions.root)

    write("s/dvc.yaml", "stages:\n  train:\n    cmd: train\n    outs: [model]\n")
    write("s/dvc.lock", LOCK.format(value="a" * 32))
    write("s/.gitignore", "/model\n")
    commit("v3")
    write("s/dvc.lock", LOCK.format(value="b" * 32))
    commit("v4")
    write("s/dvc.yaml", "stages:\n  train:\n    cmd: train\n    outs: [{model: {cache: false}}]\n")
    commit("v5")
    assert diff(reopen(), "v2", "v3").to_json()["added"] == [{"path": "s/model"}]
    assert diff(reopen(), "v3", "v4").to_json()["modified"] == [{"path": "s/model"}]
    assert diff(reopen(), "v4", "v5").to_json()["deleted"] == [{"path": "s/model"}]
    assert diff(reopen(), "v5", "v4", targets=["s/dvc.yaml:train"]).to_json()["added"]
    write("s/dvc.yaml", "stages: {}\n")
    assert diff(reopen(), "v4").to_json()["deleted"] == [{"path": "s/model"}]
    os.unlink("s/dvc.yaml")
    assert diff(reopen(), "v4").to_json()["deleted"] == [{"path": "s/model"}]
