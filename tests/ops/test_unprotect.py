from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from git_dvc import hashing
from git_dvc.errors import CannotTrackError, MissingTargetError, UnknownTargetError
from git_dvc.ops.add import add
from git_dvc.ops.status import status
from git_dvc.ops.unprotect import unprotect
from git_dvc.project import Project
from tests.ops.conftest import Dvc, Opener, write


def linked(reopen: Opener, kind: str) -> Project:
    write(".dvc/config", f"[cache]\n    type = {kind}\n")
    return reopen()


def is_free(path: str) -> bool:
    found = os.lstat(path)
    is_file = stat.S_ISREG(found.st_mode)
    return is_file and found.st_nlink == 1 and stat.S_IMODE(found.st_mode) == 0o644


@pytest.fixture(autouse=True)
def plain_umask() -> object:
    old = os.umask(0o022)
    yield
    os.umask(old)


@pytest.mark.parametrize("kind", ["hardlink", "symlink"])
def test_links_become_copies_that_can_be_edited(
    project: Project, reopen: Opener, kind: str
) -> None:
    project = linked(reopen, kind)
    write("d/a", "a")
    write("d/s/b", "b" * 2_000_000)
    add(project, ["d"])
    assert not is_free("d/a")
    assert unprotect(project, ["d"]) == 2
    assert is_free("d/a")
    assert is_free("d/s/b")
    Path("d/a").write_text("edited")
    value = hashing.of_bytes(b"a")
    assert Path(project.cache().path(value)).read_text() == "a"
    assert os.stat(project.cache().path(value)).st_mode & 0o777 == 0o444


def test_what_is_known_of_the_files_stays_known(project: Project, reopen: Opener) -> None:
    project = linked(reopen, "hardlink")
    write("d/a", "a")
    past = 10**18 + 1  # a file of this very moment would be racy, and its mtime not kept
    os.utime("d/a", ns=(past, past))
    add(project, ["d"])
    unprotect(project, ["d"])
    record = project.state.placed("d")
    assert record is not None
    assert record.entries["a"][4] == os.lstat("d/a").st_ino
    assert record.entries["a"][2] == os.lstat("d/a").st_mtime_ns
    assert record.hash
    assert status(reopen()).is_clean


def test_one_file_of_a_directory(project: Project, reopen: Opener) -> None:
    project = linked(reopen, "hardlink")
    write("d/a", "a")
    write("d/b", "b")
    add(project, ["d"])
    assert unprotect(project, ["d/a"]) == 1
    assert is_free("d/a")
    assert not is_free("d/b")


def test_copies_stay_as_they_are(project: Project) -> None:
    write("f", "f")
    add(project, ["f"])
    before = os.stat("f")
    assert unprotect(project, ["f.dvc"]) == 0
    assert os.stat("f").st_ino == before.st_ino


def test_a_read_only_copy_becomes_writable(project: Project) -> None:
    write("f", "f")
    add(project, ["f"])
    os.chmod("f", 0o444)
    assert unprotect(project, ["f"]) == 0
    assert is_free("f")


def test_an_edit_through_the_link_is_kept_and_seen(project: Project, reopen: Opener) -> None:
    project = linked(reopen, "hardlink")
    write("f", "before")
    add(project, ["f"])
    os.chmod("f", 0o644)
    Path("f").write_text("edited in place")
    unprotect(project, ["f"])
    assert Path("f").read_text() == "edited in place"
    record = project.state.placed("f")
    assert record is not None
    assert record.entries[""][0] == hashing.of_bytes(b"edited in place")
    assert record.hash == ""


def test_a_missing_target_changes_nothing(project: Project, reopen: Opener) -> None:
    project = linked(reopen, "hardlink")
    write("d/a", "a")
    add(project, ["d"])
    with pytest.raises(MissingTargetError):
        unprotect(project, ["d/a", "d/nosuch"])
    assert not is_free("d/a")
    with pytest.raises(UnknownTargetError):
        unprotect(project, ["nosuch"])


def test_what_is_not_a_file_is_named(project: Project, reopen: Opener) -> None:
    project = linked(reopen, "hardlink")
    write("d/a", "a")
    add(project, ["d"])
    os.mkfifo("d/pipe")
    with pytest.raises(CannotTrackError, match="pipe"):
        unprotect(project, ["d"])
    assert is_free("d/a")


@pytest.mark.interop
@pytest.mark.parametrize("kind", ["hardlink", "symlink"])
def test_dvc_finds_nothing_changed(project: Project, reopen: Opener, dvc: Dvc, kind: str) -> None:
    project = linked(reopen, kind)
    write("d/a", "a")
    write("f", "f")
    add(project, ["d", "f"])
    unprotect(project, ["d", "f"])
    assert dvc("status", "--json") == "{}"
