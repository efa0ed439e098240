from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from git_dvc import hashing
from git_dvc.errors import (
    CannotRemoveError,
    FormatError,
    MissingTargetError,
    UnknownTargetError,
    UnsavedDataError,
)
from git_dvc.ops.add import add
from git_dvc.ops.checkout import checkout
from git_dvc.ops.remove import remove
from git_dvc.ops.undo import undo
from git_dvc.project import Project
from tests.ops.conftest import Dvc, Opener, write


def commit_all() -> None:
    subprocess.run(["git", "add", "."], check=True)
    subprocess.run(["git", "commit", "-qm", "x"], check=True)


def porcelain() -> list[str]:
    out = subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True)
    return sorted(out.stdout.splitlines())


def test_the_data_stays_and_git_sees_it_again(project: Project) -> None:
    write("d/a", "a")
    write("other", "o")
    add(project, ["d", "other"])
    commit_all()
    result = remove(project, ["d.dvc"])
    assert result.removed == ["d.dvc"]
    assert Path("d/a").read_text() == "a"
    assert porcelain() == ["?? d/", "D  d.dvc", "M  .gitignore"]
    assert Path(".gitignore").read_text() == "/other\n"
    assert "d" not in project.state.headers()


def test_data_that_was_kept_survives_a_checkout(project: Project, reopen: Opener) -> None:
    write("d/a", "a")
    add(project, ["d"])
    remove(project, ["d.dvc"])
    checkout(reopen())
    assert Path("d/a").read_text() == "a"


@pytest.mark.parametrize("outs", [False, True])
def test_directories_that_had_nothing_else_go(project: Project, reopen: Opener, outs: bool) -> None:
    write("a/b/f", "f")
    write("a/other/g", "g")
    add(project, ["a/b/f", "a/other/g"])
    if not outs:
        os.unlink("a/b/f")  # as in a clone that has not pulled it
    remove(reopen(), ["a/b/f.dvc"], outs=outs)
    assert os.listdir("a") == ["other"]
    undo(reopen())
    assert os.path.exists("a/b/f") == outs
    assert os.path.exists("a/b/f.dvc")


def test_an_ignore_file_with_nothing_left_goes(project: Project) -> None:
    write("f", "f")
    add(project, ["f"])
    commit_all()
    remove(project, ["f.dvc"])
    assert not os.path.exists(".gitignore")
    assert "D  .gitignore" in porcelain()


def test_escaped_ignore_lines_go_in_either_spelling(project: Project) -> None:
    for name in ("x[1].txt", "#h", "!n", "sp ace"):
        write(name, name)
    add(project, ["x[1].txt", "#h", "!n", "sp ace"])
    remove(project, ["x[1].txt.dvc", "#h.dvc", "!n.dvc", "sp ace.dvc"])
    assert not os.path.exists(".gitignore")


def test_links_become_files_of_their_own(project: Project, reopen: Opener) -> None:
    write(".dvc/config", "[cache]\n    type = hardlink\n")
    project = reopen()
    write("f", "f")
    add(project, ["f"])
    assert os.stat("f").st_nlink == 2
    remove(project, ["f.dvc"])
    assert os.stat("f").st_nlink == 1
    assert os.stat("f").st_mode & 0o200


@pytest.mark.parametrize("flag", ["outs", "purge"])
def test_data_that_is_saved_goes_on_request(project: Project, flag: str) -> None:
    write("d/s/a", "a")
    write("f", "f")
    add(project, ["d", "f"])
    result = remove(project, ["d.dvc", "f.dvc"], outs=flag == "outs", purge=flag == "purge")
    assert result.deleted == 2
    assert not os.path.exists("d")
    assert not os.path.exists("f")
    assert project.cache().has(hashing.of_bytes(b"f"))


def test_unsaved_data_is_named_and_nothing_changes(project: Project) -> None:
    write("d/a", "a")
    write("f", "f")
    add(project, ["d", "f"])
    write("d/new", "new")
    with pytest.raises(UnsavedDataError) as caught:
        remove(project, ["f.dvc", "d.dvc"], outs=True)
    assert caught.value.details[0] == "  d/new"
    assert os.path.exists("f")
    assert os.path.exists("f.dvc")
    assert os.path.exists("d/a")


def test_data_whose_object_is_damaged_counts_as_unsaved(project: Project, reopen: Opener) -> None:
    write("f", "good")
    add(project, ["f"])
    path = project.cache().path(hashing.of_bytes(b"good"))
    os.chmod(path, 0o644)
    Path(path).write_text("bad!!")
    with pytest.raises(UnsavedDataError):
        remove(reopen(), ["f.dvc"], outs=True)
    assert Path("f").read_text() == "good"


def test_data_is_not_a_target_but_the_message_names_the_pointer(project: Project) -> None:
    write("d/a", "a")
    add(project, ["d"])
    with pytest.raises(CannotRemoveError) as caught:
        remove(project, ["d"])
    assert "git dvc remove d.dvc" in caught.value.hint
    with pytest.raises(CannotRemoveError, match="inside"):
        remove(project, ["d/a"])


def test_what_is_not_there_or_not_tracked(project: Project) -> None:
    write("f", "f")
    add(project, ["f"])
    with pytest.raises(MissingTargetError):
        remove(project, ["f.dvc", "g.dvc"])
    with pytest.raises(UnknownTargetError):
        remove(project, ["f.dvc", "g"])
    write("broken.dvc", "outs: 3\n")
    with pytest.raises(FormatError, match="broken"):
        remove(project, ["f.dvc", "broken.dvc"])
    assert os.path.exists("f.dvc")


STAGES = """\
stages:
  # the first
  one:
    cmd: echo > a
    outs: [a]
  two:
    cmd: echo > b
    outs:
    - b
  many:
    foreach: [x, y]
    do:
      cmd: echo ${item}
"""


def test_a_stage_goes_from_both_files(project: Project) -> None:
    write("dvc.yaml", STAGES)
    write(".gitignore", "/a\n/b\n")
    remove(project, ["two"])
    assert "two" not in Path("dvc.yaml").read_text()
    assert "# the first" in Path("dvc.yaml").read_text()
    assert Path(".gitignore").read_text() == "/a\n"
    with pytest.raises(CannotRemoveError, match="template"):
        remove(project, ["many"])
    with pytest.raises(UnknownTargetError, match="onne"):
        remove(project, ["onne"])
    remove(project, ["dvc.yaml:one"])
    assert not os.path.exists(".gitignore")


@pytest.mark.interop
def test_stages_that_dvc_ran(project: Project, dvc: Dvc) -> None:
    dvc("stage", "add", "-n", "make", "-o", "made", "--run", "echo hi > made")
    dvc("stage", "add", "-n", "more", "-o", "next", "--run", "echo ho > next")
    remove(project, ["make"], outs=True)
    assert not os.path.exists("made")
    assert Path("next").read_text() == "ho\n"
    assert dvc("status", "--json") == "{}"
    remove(project, ["more"])
    assert not os.path.exists("dvc.yaml")
    assert not os.path.exists("dvc.lock")
    assert not os.path.exists(".gitignore")
    assert Path("next").read_text() == "ho\n"
