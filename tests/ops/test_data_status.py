"""HEAD, pointer files and workspace, path by path.

That the answers are DVC's is checked in ``tests/interop/test_reports.py``.
"""

from __future__ import annotations

import os
import shutil

import pytest

from git_dvc.errors import UnknownTargetError
from git_dvc.ops import checkout
from git_dvc.ops.add import add
from git_dvc.ops.data_status import data_status
from git_dvc.project import Project
from tests.conftest import GitRunner
from tests.ops.conftest import Opener, write


@pytest.fixture
def committed(project: Project, run_git: GitRunner) -> Project:
    """Return a project with a file and a directory, committed."""
    write("f", "one\n")
    for name in ("1", "2", "sub/3"):
        write(f"d/{name}", f"{name}\n")
    add(project, ["f", "d"])
    run_git("add", "-A", cwd=project.root)
    run_git("commit", "-qm", "v1", cwd=project.root)
    return project


def test_nothing_to_say_is_an_empty_report(committed: Project) -> None:
    assert data_status(committed).to_json() == {}
    assert data_status(committed, granular=True, untracked=True).to_json() == {}


def test_each_change_is_in_its_section(committed: Project, reopen: Opener) -> None:
    write("g", "new\n")
    os.unlink("d/1")
    add(committed, ["g", "d"])
    os.rename("d/2", "d/two")
    write("d/sub/3", "changed\n")
    write("loose", "loose\n")
    found = data_status(reopen(), granular=True, untracked=True).to_json()
    assert found == {
        "committed": {"modified": ["d/"], "added": ["g"], "deleted": ["d/1"]},
        "uncommitted": {
            "modified": ["d/", "d/sub/3"],
            "renamed": [{"old": "d/2", "new": "d/two"}],
        },
        "untracked": ["loose"],
    }
    found = data_status(reopen(), unchanged=True).to_json()
    assert found == {
        "committed": {"modified": ["d/"], "added": ["g"]},
        "uncommitted": {"modified": ["d/"]},
        "unchanged": ["f"],
    }


def test_a_path_inside_a_directory_is_looked_at_without_granular(
    committed: Project, reopen: Opener
) -> None:
    write("d/sub/3", "changed\n")
    write("d/1", "changed\n")
    assert data_status(reopen(), ["d/sub"]).to_json() == {"uncommitted": {"modified": ["d/sub/3"]}}
    assert data_status(reopen(), ["f.dvc"], unchanged=True).to_json() == {"unchanged": ["f"]}


def test_a_target_that_only_head_has_was_deleted(committed: Project, reopen: Opener) -> None:
    os.unlink("f.dvc")
    assert data_status(reopen(), ["f"]).to_json() == {"committed": {"deleted": ["f"]}}
    with pytest.raises(UnknownTargetError):
        data_status(reopen(), ["nosuch"])


def test_without_the_listing_the_files_are_unknown(committed: Project, reopen: Opener) -> None:
    value = committed.tracked.outs["d"].out.hash
    assert value is not None
    os.unlink(committed.cache().path(value))
    found = data_status(reopen(), granular=True).to_json()
    assert found == {
        "not_in_cache": ["d/"],
        "uncommitted": {"unknown": ["d/1", "d/2", "d/sub/", "d/sub/3"]},
    }


def test_everything_is_new_before_the_first_commit(project: Project, reopen: Opener) -> None:
    write("f", "one\n")
    add(project, ["f"])
    assert data_status(reopen()).to_json() == {"committed": {"added": ["f"]}}


def test_a_project_inside_is_not_ours(
    committed: Project, reopen: Opener, run_git: GitRunner
) -> None:
    shutil.copytree(".dvc", "inner/.dvc")
    shutil.copy("f.dvc", "inner/f.dvc")
    run_git("add", "-f", "inner/.dvc/config", "inner/f.dvc", cwd=committed.root)
    run_git("commit", "-qm", "inner", cwd=committed.root)
    assert data_status(reopen()).to_json() == {}


def test_data_of_dvc_2_gives_way_to_that_of_dvc_3_and_back(
    committed: Project, reopen: Opener, run_git: GitRunner
) -> None:
    """What is saved under the name of one algorithm is not unsaved under the other's."""
    old = committed.cache("md5-dos2unix")
    value = old.store_bytes(b"old\r\n")
    old.flush()
    new_pointer = write("f.dvc", f"outs:\n- md5: {value}\n  size: 5\n  path: f\n")
    checkout.checkout(reopen(), force=True)
    with open(new_pointer, encoding="utf-8") as file:
        assert value in file.read()
    run_git("commit", "-qam", "as DVC 2 had it", cwd=committed.root)
    for rev, content in (("HEAD~1", b"one\n"), ("main", b"old\r\n")):
        run_git("checkout", "-q", rev, cwd=committed.root)
        assert checkout.checkout(reopen()).complete
        with open("f", "rb") as data:
            assert data.read() == content
    write("f", "mine\n")
    run_git("checkout", "-q", "HEAD~1", cwd=committed.root)
    assert checkout.checkout(reopen()).kept == ["f"]
