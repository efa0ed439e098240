"""One report of what is not saved, not recorded and not committed."""

from __future__ import annotations

import os

import pytest

from git_dvc.errors import UnknownTargetError
from git_dvc.ops.add import add
from git_dvc.ops.status import CLEAN, DELETED, MODIFIED, NEW, Status, status
from git_dvc.project import Project
from git_dvc.store.cache import Cache
from tests.conftest import GitRunner
from tests.ops.conftest import Opener, write


@pytest.fixture
def committed(project: Project, run_git: GitRunner) -> Project:
    """Return a project with two files and a directory, committed."""
    write("f", "one\n")
    write("g", "same\n")
    for name in ("1", "2", "sub/3"):
        write(f"d/{name}", f"{name}\n")
    add(project, ["f", "g", "d"])
    run_git("add", "-A", cwd=project.root)
    run_git("commit", "-qm", "v1", cwd=project.root)
    return project


def kinds(report: Status) -> dict[str, str]:
    """Return how each output is."""
    return {state.item.relpath: state.kind for state in report.outs}


def test_all_is_well(committed: Project, reopen: Opener) -> None:
    report = status(reopen())
    assert report.is_clean
    assert kinds(report) == {"d": CLEAN, "f": CLEAN, "g": CLEAN}
    assert not (report.added or report.removed or report.changed)


def test_an_empty_project_tracks_nothing(project: Project) -> None:
    report = status(project)
    assert report.is_clean and not report.has_outputs


def test_data_against_pointers(committed: Project, reopen: Opener) -> None:
    write("f", "two\n")
    os.unlink("g")
    os.rename("d/1", "d/one")
    write("d/2", "changed\n")
    write("h.dvc", "outs:\n- path: h\n  hash: md5\n")
    write("h", "never recorded\n")
    report = status(reopen())
    assert not report.is_clean
    assert kinds(report) == {"d": MODIFIED, "f": MODIFIED, "g": DELETED, "h": NEW}
    difference = report.outs[0].difference
    assert difference is not None
    assert difference.renamed == [("1", "one")]
    assert difference.modified == ["2"]
    assert not (difference.added or difference.deleted)


def test_pointers_against_head(committed: Project, reopen: Opener) -> None:
    write("f", "two\n")
    write("new/1", "1\n")
    add(committed, ["f", "new"])
    os.unlink("g.dvc")
    report = status(reopen())
    assert report.is_clean, "what is not committed is recorded all the same"
    assert (report.added, report.changed, report.removed) == (["new/"], ["f"], ["g"])
    report = status(reopen(), ["new"])
    assert (report.added, report.changed, report.removed) == (["new/"], [], [])


def test_pointers_against_the_cache(committed: Project, reopen: Opener) -> None:
    out = committed.tracked.outs["d"].out.hash
    assert out is not None
    os.unlink(committed.cache().path("26ab0db90d72e28ad0ba1e22ee510510"))  # d/2
    os.unlink(committed.cache().path("5bbf5a52328e7439ae6e719dfe712200"))  # f
    absent = {state.item.relpath: state.absent for state in status(reopen()).outs}
    assert absent == {"d": ["2"], "f": [""], "g": []}
    os.unlink(committed.cache().path(out))
    report = status(reopen())
    assert not report.is_clean
    assert kinds(report)["d"] == CLEAN
    assert "" in report.outs[0].absent


def test_targets(committed: Project, reopen: Opener) -> None:
    write("d/2", "changed\n")
    write("f", "two\n")
    assert kinds(status(reopen(), ["d/2"])) == {"d": MODIFIED}
    assert kinds(status(reopen(), ["d/sub/3", "g.dvc"])) == {"d": CLEAN, "g": CLEAN}
    assert kinds(status(reopen(), ["."], recursive=True)).keys() == {"d", "f", "g"}
    with pytest.raises(UnknownTargetError, match="ff"):
        status(reopen(), ["ff"])


def test_one_broken_pointer_does_not_hide_the_rest(committed: Project, reopen: Opener) -> None:
    write("broken.dvc", "outs: [\n")
    write("f", "two\n")
    report = status(reopen())
    assert [problem.where for problem in report.problems] == ["broken.dvc"]
    assert not report.is_clean
    assert kinds(report)["f"] == MODIFIED
    assert status(reopen(), ["g"]).is_clean


def test_nothing_is_read_twice(
    committed: Project, reopen: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("d/2", "changed\n")
    os.utime("d/2", ns=(10**18, 10**18))
    assert not status(reopen()).is_clean
    write("f", "one\n")  # the same content in another file
    os.utime("f", ns=(10**18, 10**18))
    assert kinds(status(reopen())) == {"d": MODIFIED, "f": CLEAN, "g": CLEAN}
    read: list[str] = []
    real = Cache.hash_file

    def hash_file(self: Cache, folder: object, name: str, *rest: object) -> object:
        read.append(name)
        return real(self, folder, name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Cache, "hash_file", hash_file)
    assert kinds(status(reopen())) == {"d": MODIFIED, "f": CLEAN, "g": CLEAN}
    assert read in ([], ["2"])


def test_it_writes_no_file_of_the_project(committed: Project, reopen: Opener) -> None:
    write("f", "two\n")
    before = {
        os.path.join(folder, name): os.stat(os.path.join(folder, name)).st_mtime_ns
        for folder, _, names in os.walk(".")
        for name in names
        if not folder.startswith("./.git")
    }
    status(reopen())
    after = {path: os.stat(path).st_mtime_ns for path in before}
    assert after == before
