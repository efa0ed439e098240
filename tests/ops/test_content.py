"""What changed inside files: from Git's objects, the cache, remotes and the work tree."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from git_dvc.compare.content.report import Options
from git_dvc.errors import InNeitherError, NotInGitError, UnknownRevisionError
from git_dvc.ops import content
from git_dvc.ops.add import add
from git_dvc.ops.content import Asked, Found, compare, to_json
from git_dvc.ops.diff import split
from git_dvc.project import Project
from tests.conftest import GitRunner
from tests.ops.conftest import Opener, write
from tests.scene import md5


@pytest.fixture
def versions(project: Project, run_git: GitRunner) -> Project:
    """Return a project with the tags v1 and v2, at v2; 'notes/' and 'm.json' are Git's own."""
    write("labels.csv", "id,kind\n1,cat\n2,dog\n")
    write("d/same.txt", "same\n")
    write("d/old.txt", "one\n")
    write("d/moved.txt", "moved\n")
    write("d/sub/x.json", '{"a": 1}')
    write("m.json", '{"acc": 0.5}')
    write("notes/n.txt", "one\n")
    write("notes/data.csv", "id\n1\n")
    add(project, ["labels.csv", "d", "notes/data.csv"])
    commit(project, run_git, "v1")
    write("labels.csv", "id,kind\n1,cat\n2,bird\n")
    os.unlink("d/old.txt")
    os.rename("d/moved.txt", "d/new_name.txt")
    write("d/sub/x.json", '{"a": 2}')
    write("d/fresh.txt", "new\n")
    write("m.json", '{"acc": 0.6}')
    write("notes/n.txt", "two\n")
    write("notes/data.csv", "id\n1\n2\n")
    add(project, ["labels.csv", "d", "notes/data.csv"])
    commit(project, run_git, "v2")
    return project


def commit(project: Project, run_git: GitRunner, name: str) -> None:
    run_git("add", "-A", cwd=project.root)
    run_git("commit", "-qm", name, cwd=project.root)
    run_git("tag", name, cwd=project.root)


def short(found: Found) -> dict[str, tuple[str, str]]:
    return {
        one.path: (one.status, one.problem or (one.report.summary if one.report else ""))
        for one in found.files
    }


def test_all_data_between_two_revisions(versions: Project, reopen: Opener) -> None:
    found = compare(reopen(), Asked("v1", "v2"))
    assert short(found) == {
        "d/fresh.txt": ("added", "1 line"),
        "d/new_name.txt": ("renamed", ""),
        "d/old.txt": ("deleted", "1 line"),
        "d/sub/x.json": ("modified", "1 key changed"),
        "labels.csv": ("modified", "1 row changed"),
        "notes/data.csv": ("modified", "1 row added"),
    }
    assert found.is_whole
    data = to_json(found)["files"]
    assert data[1]["old_path"] == "d/moved.txt"
    assert data[4]["old"] == {"size": 20, "hash": md5(b"id,kind\n1,cat\n2,dog\n")}
    assert data[4]["content"]["changed_rows"][0]["cells"]["kind"] == {"old": "dog", "new": "bird"}


def test_files_that_are_named_may_be_git_s(versions: Project, reopen: Opener) -> None:
    def of(*targets: str) -> dict[str, tuple[str, str]]:
        return short(compare(reopen(), Asked("v1", "v2", targets)))

    assert of("m.json") == {"m.json": ("modified", "1 key changed")}
    assert of("labels.csv.dvc") == {"labels.csv": ("modified", "1 row changed")}
    assert of("d/sub") == {"d/sub/x.json": ("modified", "1 key changed")}
    assert of("d/same.txt") == {}
    # A directory with both: neither pointer files nor .gitignore are what is meant.
    assert of("notes/") == {
        "notes/data.csv": ("modified", "1 row added"),
        "notes/n.txt": ("modified", "1 line added, 1 removed"),
    }
    with pytest.raises(InNeitherError, match="is neither in v1 nor in v2") as raised:
        of("m.jsn")
    assert "did you mean 'm.json'" in raised.value.hint


def test_a_file_that_became_data(versions: Project, reopen: Opener, run_git: GitRunner) -> None:
    run_git("rm", "-q", "--cached", "m.json", cwd=versions.root)
    add(reopen(), ["m.json"])
    commit(versions, run_git, "v3")
    write("m.json", '{"acc": 1, "new": 2}')
    expected = {"m.json": ("modified", "1 key changed")}
    assert short(compare(reopen(), Asked("v1", "v3", ["m.json"]))) == expected
    assert short(compare(reopen(), Asked("v3", "v1", ["m.json"]))) == expected
    now = {"m.json": ("modified", "1 key added, 1 changed")}
    assert short(compare(reopen(), Asked("v1", None, ["m.json"]))) == now
    os.unlink("labels.csv.dvc")
    gone = compare(reopen(), Asked("v1", None, ["labels.csv.dvc"]))
    assert short(gone) == {"labels.csv": ("deleted", "2 rows, 2 columns")}


def test_a_revision_and_the_workspace(versions: Project, reopen: Opener) -> None:
    write("labels.csv", "id,kind\n1,cat\n2,bird\n3,cow\n")
    write("m.json", '{"acc": 0.7}')
    write("untracked.txt", "new\n")
    os.unlink("d/fresh.txt")
    assert short(compare(reopen(), Asked())) == {
        "labels.csv": ("modified", "1 row added"),
        "d/fresh.txt": ("deleted", "1 line"),
    }
    found = compare(reopen(), Asked("v1", None, ["m.json", "untracked.txt", "labels.csv"]))
    assert short(found) == {
        "labels.csv": ("modified", "1 row added, 1 changed"),
        "m.json": ("modified", "1 key changed"),
        "untracked.txt": ("added", "1 line"),
    }
    assert short(compare(reopen(), Asked("v1", "v1", ["m.json"]))) == {}


def test_what_the_cache_lacks_is_named_and_fetched_on_request(
    versions: Project, reopen: Opener, tmp_path: Path
) -> None:
    from git_dvc.ops import remote
    from git_dvc.ops.push import push
    from git_dvc.ops.wanted import Asked as Wanted
    from git_dvc.ops.wanted import Scope

    with reopen() as project:
        remote.add(project, "store", str(tmp_path / "store"), default=True)
    push(reopen(), Wanted(scope=Scope(tags=True)))
    shutil.rmtree(versions.cache_root)
    found = compare(reopen(), Asked("v1", "v2"))
    assert not found.is_whole
    assert found.missing == {"d": ["v1", "v2"]}
    lacking = "the version of v1 is not in the cache; the version of v2 is not in the cache"
    assert short(found) == dict.fromkeys(("labels.csv", "notes/data.csv"), ("modified", lacking))
    assert to_json(found)["not in cache"] == ["d/"]
    assert not os.path.exists(versions.cache_root)
    found = compare(reopen(), Asked("v1", "v2", ["labels.csv", "d/sub"], fetch=True))
    assert short(found) == {
        "d/sub/x.json": ("modified", "1 key changed"),
        "labels.csv": ("modified", "1 row changed"),
    }
    # Only what was compared came: two manifests, two versions of two files.
    objects = [name for _, _, names in os.walk(versions.cache_root) for name in names]
    assert len([name for name in objects if len(name) >= 30]) == 6
    shutil.rmtree(tmp_path / "store")
    shutil.rmtree(versions.cache_root)
    found = compare(reopen(), Asked("v1", "v2", ["labels.csv"], fetch=True))
    assert not found.is_whole
    assert "cannot be fetched" in found.files[0].problem or "no remote" in found.files[0].problem


def test_what_was_only_renamed_needs_no_data(versions: Project, reopen: Opener) -> None:
    cache = reopen().cache()
    os.unlink(cache.path(md5(b"moved\n")))
    found = compare(reopen(), Asked("v1", "v2", ["d/moved.txt", "d/new_name.txt"]))
    assert short(found) == {"d/new_name.txt": ("renamed", "")}
    assert found.is_whole and not found.lacks


def test_only_so_many_files_are_looked_into(versions: Project, reopen: Opener) -> None:
    found = compare(reopen(), Asked("v1", "v2", most_files=2))
    assert len(found.files) == 2 and found.more == 4


def test_in_a_project_below_the_top_of_the_repository(
    git_repo: Path, run_git: GitRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    from git_dvc.ops.init import init

    (git_repo / "sub").mkdir()
    monkeypatch.chdir(git_repo / "sub")
    init(".", subdir=True)
    for name in ("v1", "v2"):
        write("x.json", f'"{name}"')
        write("m.json", f'"{name}"')
        with Project.open() as project:
            add(project, ["x.json"])
        run_git("add", "-A", cwd=git_repo)
        run_git("commit", "-qm", name, cwd=git_repo)
        run_git("tag", name, cwd=git_repo)
    with Project.open() as project:
        assert list(short(compare(project, Asked("v1", "v2", ["."])))) == ["m.json", "x.json"]
        assert list(short(compare(project, Asked("v1", "v2", ["m.json"])))) == ["m.json"]


def test_a_link_out_of_the_project_is_not_followed(
    versions: Project, reopen: Opener, tmp_path: Path, run_git: GitRunner
) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    os.symlink(tmp_path / "secret.txt", "link.txt")
    found = compare(reopen(), Asked("HEAD", None, ["link.txt"]))
    assert short(found) == {"link.txt": ("added", "a link that leads out of the project")}
    os.mkfifo("pipe.txt")
    found = compare(reopen(), Asked("HEAD", None, ["pipe.txt"]))
    assert short(found) == {"pipe.txt": ("added", "not a regular file")}


def test_data_that_is_linked_to_the_cache_is_read(project: Project, run_git: GitRunner) -> None:
    from git_dvc.ops.checkout import checkout

    write("a.json", "1")
    add(project, ["a.json"])
    commit(project, run_git, "v1")
    write("a.json", "2")
    add(project, ["a.json"])
    os.unlink("a.json")
    Path(project.root, ".dvc", "config").write_text("[cache]\n    type = symlink\n")
    with Project.open() as again:
        checkout(again)
        assert os.path.islink("a.json")
        assert short(compare(again, Asked())) == {"a.json": ("modified", "1 key changed")}


def test_revisions_come_first_then_paths(versions: Project, reopen: Opener) -> None:
    project = reopen()
    assert split(project, []) == ([], [])
    assert split(project, ["v1"]) == (["v1"], [])
    assert split(project, ["v1..v2"]) == (["v1", "v2"], [])
    assert split(project, ["v1..", "d"]) == (["v1", "HEAD"], ["d"])
    assert split(project, ["v1", "m.json"]) == (["v1"], ["m.json"])
    assert split(project, ["labels.csv", "d/sub"]) == ([], ["labels.csv", "d/sub"])
    shutil.rmtree("d")
    os.unlink("d.dvc")
    assert split(reopen(), ["v1", "d/sub/x.json"]) == (["v1"], ["d/sub/x.json"])
    with pytest.raises(UnknownRevisionError):
        split(reopen(), ["v1", "nosuch"])
    write("v1", "a file that is called like a tag")
    assert split(project, ["v1"]) == (["v1"], [])
    assert split(project, ["./v1"]) == ([], ["./v1"])


def test_without_git_there_are_no_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from git_dvc.ops.init import init

    monkeypatch.chdir(tmp_path)
    init(".", no_scm=True)
    with Project.open() as project, pytest.raises(NotInGitError):
        split(project, ["v1"])


def test_a_page_gets_only_so_many_bytes_of_images(
    project: Project, run_git: GitRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.gif", "b.gif"):
        Path(name).write_bytes(b"GIF89a\1\0\1\0")
    add(project, ["a.gif", "b.gif"])
    run_git("commit", "-qm", "v1", cwd=project.root)
    for name in ("a.gif", "b.gif"):
        os.unlink(name)
        Path(name).write_bytes(b"GIF89a\2\0\1\0")
    monkeypatch.setattr(content, "MOST_PICTURE_BYTES", 15)
    with Project.open() as again:
        found = compare(again, Asked(options=Options(pictures=True)))
    blocks = [len(one.report.blocks) for one in found.files if one.report is not None]
    assert blocks == [1, 0]
    last = found.files[1].report
    assert last is not None and "name fewer files" in last.notes[-1]
