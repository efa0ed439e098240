"""What the pre-commit check finds, by what the index says and what exists."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from git_dvc.hooks import entry
from git_dvc.ops import precommit
from git_dvc.ops.add import add
from git_dvc.ops.init import init
from git_dvc.ops.precommit import DEFAULT_MOST_BYTES, Findings
from git_dvc.progress import NoProgress
from git_dvc.project import Project
from git_dvc.store.state import By, Header
from tests.scene import md5, write_tree

Git = Callable[..., str]
NOTHING = Findings([], [], [], [], {}, {}, [])

NOWHERE = "outs:\n- md5: d8e8fca2dc0f896fd7cb4cb0031ba249\n  size: 5\n  hash: md5\n  path: lost\n"


def check(*roots: str, most_bytes: int = DEFAULT_MOST_BYTES) -> Findings:
    """Check the commit that ``git commit`` would make now."""
    projects = [Project.open(root) for root in roots or (".",)]
    try:
        repo = projects[0].repo
        assert repo is not None
        return precommit.check(repo, projects, most_bytes, NoProgress())
    finally:
        for project in projects:
            project.close()


def save(*targets: str) -> None:
    with Project.open() as project:
        add(project, targets)


@pytest.fixture
def data(project: Project, run_git: Git) -> None:
    """A committed file ``f`` and a committed directory ``d``."""
    write_tree(".", {"f": "one\n", "d/a": "a\n", "d/b/c": "c\n"})
    save("f", "d")
    run_git("commit", "-qm", "data", cwd=".")


def test_what_was_added_is_fine(project: Project) -> None:
    assert check() == NOTHING  # nothing but our own files
    write_tree(".", {"f": "one\n", "d/a": "a\n", "empty/.gitkeep": "", "code.py": "1\n"})
    save("f", "d")
    assert check() == NOTHING


@pytest.mark.usefixtures("data")
def test_nothing_staged_and_code_staged_are_fine(run_git: Git) -> None:
    assert check() == NOTHING
    write_tree(".", {"code.py": "1\n"})
    run_git("add", "code.py", cwd=".")
    assert check() == NOTHING


# -- data and pointers ------------------------------------------------------------------------


@pytest.mark.usefixtures("data")
def test_a_file_can_be_recorded_where_the_rest_of_its_directory_was_never_brought() -> None:
    with Project.open() as project:
        absent = Path(project.cache().path(md5(b"c\n")))
        project.state.save([], ["d"])
    shutil.rmtree("d")
    absent.unlink()
    write_tree(".", {"d/a": "new\n"})
    save("d/a")
    found = check()
    assert (found.unfetched, found.nowhere) == (["d/"], [])
    with Project.open() as project:
        Path(project.cache().path(md5(b"new\n"))).unlink()
    assert check().nowhere == ["d/"]


@pytest.mark.usefixtures("data")
def test_data_of_a_checkout_that_was_stopped_was_not_changed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_tree(".", {"d/a": "half"})
    with Project.open() as project:
        project.state.begin(Header("d", "", "md5", "d.dvc"), by=By("sync", "12345678"))
    found = check()
    assert found == NOTHING._replace(stopped=["d/"])
    assert entry._judge(found, "") == 0
    said = capsys.readouterr().err
    assert "data is there only in part" in said and "  d/\n" in said
    assert "git dvc checkout" in said and "git dvc add" not in said


@pytest.mark.usefixtures("data")
def test_data_that_changed_since_it_was_added(run_git: Git) -> None:
    write_tree(".", {"f": "two\n", "d/new": "new\n"})
    assert check() == NOTHING._replace(differs=["d/", "f"])
    save("f")
    assert check().differs == ["d/"]


@pytest.mark.usefixtures("data")
def test_data_that_was_deleted_by_hand(run_git: Git) -> None:
    shutil.rmtree("d")
    assert check().differs == ["d/"]


@pytest.mark.usefixtures("data")
def test_the_index_counts_and_not_the_work_tree(run_git: Git) -> None:
    write_tree(".", {"f": "two\n"})
    save("f")
    run_git("reset", "-q", cwd=".")
    # Added, but the pointer is not in the commit.
    assert check().differs == ["f"]
    run_git("add", "f.dvc", cwd=".")
    assert check() == NOTHING


def test_a_clone_without_data_did_not_change_it(
    project: Project, run_git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(".", {"f": "one\n", "d/a": "a\n"})
    save("f", "d")
    run_git("commit", "-qm", "data", cwd=".")
    run_git("clone", "-q", ".", tmp_path / "clone", cwd=".")
    monkeypatch.chdir(tmp_path / "clone")
    write_tree(".", {"code.py": "1\n"})
    run_git("add", "code.py", cwd=".")
    assert check() == NOTHING


# -- data that is not here --------------------------------------------------------------------


def test_a_pointer_to_data_that_exists_nowhere(project: Project, run_git: Git) -> None:
    write_tree(".", {"lost.dvc": NOWHERE})
    run_git("add", "lost.dvc", cwd=".")
    assert check() == NOTHING._replace(nowhere=["lost"])


def test_data_that_was_added_without_storing_it(project: Project, run_git: Git) -> None:
    write_tree(".", {"f": "one\n"})
    with Project.open() as opened:
        add(opened, ["f"], commit=False)
    run_git("add", "f.dvc", cwd=".")
    assert check().nowhere == ["f"]


@pytest.mark.parametrize("which", ["manifest", "file"])
def test_a_directory_of_which_a_part_is_missing(project: Project, which: str) -> None:
    write_tree(".", {"d/a": "a\n", "d/b": "b\n"})
    save("d")
    cache = Path(project.root, ".dvc/cache/files/md5")
    name = md5(b"a\n")
    found = cache.glob("*/*.dir") if which == "manifest" else [cache / name[:2] / name[2:]]
    for path in found:
        path.unlink()
    assert check() == NOTHING._replace(nowhere=["d/"])


@pytest.mark.usefixtures("data")
def test_data_that_the_history_knows_may_be_elsewhere(run_git: Git) -> None:
    write_tree(".", {"f": "two\n"})
    save("f")
    run_git("commit", "-qm", "two", cwd=".")
    shutil.rmtree(".dvc/cache")
    os.unlink("f")
    run_git("checkout", "-q", "HEAD~", "--", "f.dvc", cwd=".")
    found = check()
    assert (found.nowhere, found.unfetched) == ([], ["f"])


@pytest.mark.usefixtures("data")
def test_only_pointers_in_the_commit_must_have_their_data(run_git: Git) -> None:
    shutil.rmtree(".dvc/cache")
    write_tree(".", {"code.py": "1\n"})
    run_git("add", "code.py", cwd=".")
    assert check() == NOTHING


def test_outputs_in_a_lock_file_count(project: Project, run_git: Git) -> None:
    lock = (
        "schema: '2.0'\nstages:\n  make:\n    cmd: make\n    outs:\n    - path: {0}\n"
        "      hash: md5\n      md5: d8e8fca2dc0f896fd7cb4cb0031ba249\n      size: 5\n"
    )
    stages = "stages:\n  make:\n    cmd: make\n    outs:\n    - {0}\n"
    for place, name in ((".", "out"), ("deep", "result")):
        write_tree(place, {"dvc.yaml": stages.format(name), "dvc.lock": lock.format(name)})
    run_git("add", "dvc.yaml", "dvc.lock", "deep", cwd=".")
    assert check().nowhere == ["deep/result", "out"]


def test_imports_and_uncached_outputs_need_no_object(project: Project, run_git: Git) -> None:
    imported = (
        "md5: 1ae2cf6a4e7bc0bd6a1ad4f5be97d3d4\nfrozen: true\ndeps:\n"
        "- path: data\n  repo:\n    url: https://example.com/r\n"
        "    rev_lock: 0000000000000000000000000000000000000001\n"
        "outs:\n- md5: d8e8fca2dc0f896fd7cb4cb0031ba249\n  size: 5\n  hash: md5\n  path: data\n"
    )
    write_tree(".", {"data.dvc": imported, "report.dvc": NOWHERE + "  cache: false\n"})
    run_git("add", "data.dvc", "report.dvc", cwd=".")
    assert check().nowhere == []


def test_a_broken_pointer_is_named_and_the_others_are_checked(
    project: Project, run_git: Git
) -> None:
    write_tree(".", {"bad.dvc": "<<<<<<< HEAD\nouts: []\n=======\n", "lost.dvc": NOWHERE})
    run_git("add", "bad.dvc", "lost.dvc", cwd=".")
    found = check()
    assert [problem.message for problem in found.problems if "bad.dvc" in problem.message]
    assert found.nowhere == ["lost"]


# -- what Git itself would take ---------------------------------------------------------------


def test_files_too_large_for_git(project: Project, run_git: Git) -> None:
    write_tree(".", {"big.bin": b"x" * 1001, "deep/fits": b"x" * 1000})
    run_git("add", "big.bin", "deep", cwd=".")
    assert check(most_bytes=1000) == NOTHING._replace(large={"big.bin": 1001})
    assert check(most_bytes=0) == NOTHING
    assert check() == NOTHING


def test_a_large_file_that_git_has_already_does_not_stop_the_next_commit(
    project: Project, run_git: Git
) -> None:
    write_tree(".", {"big.bin": b"x" * 1001})
    run_git("add", "big.bin", cwd=".")
    run_git("commit", "-qm", "big", cwd=".")
    assert check(most_bytes=1000) == NOTHING
    run_git("rm", "-q", "--cached", "big.bin", cwd=".")
    assert check(most_bytes=1000) == NOTHING
    write_tree(".", {"big.bin": b"y" * 1002})
    run_git("add", "big.bin", cwd=".")
    assert check(most_bytes=1000).large == {"big.bin": 1002}


@pytest.mark.usefixtures("data")
def test_tracked_paths_that_enter_git(run_git: Git) -> None:
    run_git("add", "-f", "f", "d/b/c", cwd=".")
    assert check() == NOTHING._replace(tracked={"f": "f.dvc", "d/b/c": "d.dvc"})
    # Said once, even if it is large, too.
    assert check(most_bytes=1).large.keys().isdisjoint({"f", "d/b/c"})


@pytest.mark.usefixtures("data")
def test_taking_a_tracked_path_out_of_git_is_fine(run_git: Git) -> None:
    run_git("add", "-f", "f", cwd=".")
    run_git("commit", "-qm", "wrong", cwd=".")
    run_git("rm", "-q", "--cached", "f", cwd=".")
    assert check() == NOTHING


def test_links_and_submodules_are_no_large_files(project: Project, run_git: Git) -> None:
    Path("link").symlink_to("somewhere")
    run_git("add", "link", cwd=".")
    entry = f"160000,{'1' * 40},part"
    run_git("update-index", "--add", "--cacheinfo", entry, cwd=".")
    assert check(most_bytes=1).large.keys().isdisjoint({"link", "part"})


# -- projects and names -----------------------------------------------------------------------


def test_paths_are_those_of_the_repository_and_projects_do_not_mix(
    project: Project, run_git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    init("sub", subdir=True)
    write_tree(".", {"sub/f": "one\n", "sub/g": "g\n", "sub-not/x.dvc": NOWHERE})
    with Project.open("sub") as inner:
        monkeypatch.chdir("sub")
        add(inner, ["f", "g"])
        monkeypatch.chdir("..")
    run_git("add", "-f", "sub/f", "sub-not", cwd=".")
    write_tree(".", {"sub/g": "changed\n"})
    found = check(".", "sub")
    assert found.tracked == {"sub/f": "sub/f.dvc"}
    assert found.differs == ["sub/g"]
    assert found.nowhere == ["sub-not/lost"]


def test_odd_names(project: Project, run_git: Git) -> None:
    name = "ä 'b' [c]*.bin"
    write_tree(".", {name: "1\n", f"dir {name}/x": "x\n"})
    save(name, f"dir {name}")
    assert check() == NOTHING
    write_tree(".", {name: "2\n"})
    assert check().differs == [name]
    run_git("--literal-pathspecs", "add", "-f", "--", name, cwd=".")
    assert check().tracked == {name: f"{name}.dvc"}


def test_nothing_is_changed(project: Project, run_git: Git) -> None:
    write_tree(".", {"f": "one\n", "lost.dvc": NOWHERE})
    save("f")
    run_git("add", "lost.dvc", cwd=".")
    before = run_git("status", "--porcelain", cwd="."), run_git("write-tree", cwd=".")
    check()
    assert before == (run_git("status", "--porcelain", cwd="."), run_git("write-tree", cwd="."))
