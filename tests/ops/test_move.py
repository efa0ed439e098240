from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from git_dvc.errors import CannotMoveError, UnknownTargetError
from git_dvc.ops.add import add
from git_dvc.ops.move import move
from git_dvc.ops.status import status
from git_dvc.project import Project
from tests.ops.conftest import Dvc, Opener, write


def porcelain() -> list[str]:
    out = subprocess.run(["git", "status", "--porcelain", "-uall"], capture_output=True, text=True)
    return sorted(out.stdout.splitlines())


def commit_all() -> None:
    subprocess.run(["git", "add", "."], check=True)
    subprocess.run(["git", "commit", "-qm", "x"], check=True)


def test_a_file_goes_with_its_pointer_and_ignore_line(project: Project, reopen: Opener) -> None:
    write("f", "data")
    add(project, ["f"])
    commit_all()
    before = Path("f.dvc").read_text()
    result = move(project, "f", "sub/g")
    assert (result.pointer, result.has_data) == ("sub/g.dvc", True)
    assert Path("sub/g").read_text() == "data"
    assert Path("sub/g.dvc").read_text() == before.replace("path: f", "path: g")
    assert Path("sub/.gitignore").read_text() == "/g\n"
    assert not os.path.exists("f")
    assert not os.path.exists("f.dvc")
    assert not os.path.exists(".gitignore")
    assert not [line for line in porcelain() if line.startswith("??")]
    assert status(reopen()).is_clean


def test_nothing_is_hashed_again(project: Project, reopen: Opener) -> None:
    write("f", "data")
    write("d/a", "a")
    add(project, ["f", "d"])
    for path in ("f", "d/a"):
        os.utime(path, (1_000_000_000.5, 1_000_000_000.5))
    add(reopen(), ["f", "d"])
    project = reopen()
    move(project, "f", "g")
    move(project, "d", "e")
    for name, inner in (("g", ""), ("e", "a")):
        record = project.state.placed(name)
        assert record is not None
        found = os.lstat(os.path.join(name, inner) if inner else name)
        assert record.entries[inner][3] == found.st_ctime_ns
        assert record.entries[inner][2] == found.st_mtime_ns
        assert record.pointer == f"{name}.dvc"
    assert set(project.state.headers()) == {"g", "e"}


def test_into_a_directory_that_is_there(project: Project) -> None:
    write("f", "f")
    os.mkdir("sub")
    add(project, ["f"])
    assert move(project, "f.dvc", "sub").destination == "sub/f"
    assert move(project, "sub/f", "./").destination == "f"


def test_a_directory_moves(project: Project, reopen: Opener) -> None:
    write("d/s/a", "a")
    add(project, ["d"])
    commit_all()
    move(project, "d", "newd")
    assert Path("newd/s/a").read_text() == "a"
    assert Path(".gitignore").read_text() == "/newd\n"
    assert status(reopen()).is_clean


def test_nothing_is_overwritten(project: Project) -> None:
    write("f", "f")
    write("mine", "mine")
    write("g", "g")
    write("d/a", "a")
    add(project, ["f", "g", "d"])
    for target in ("mine", "g"):
        with pytest.raises(CannotMoveError, match="already"):
            move(project, "f", target)
    os.unlink("g")
    with pytest.raises(CannotMoveError, match="already"):
        move(project, "f", "g")
    with pytest.raises(CannotMoveError, match="inside"):
        move(project, "f", "d/f")
    with pytest.raises(CannotMoveError, match="itself"):
        move(project, "d", "d/e/f")
    with pytest.raises(CannotMoveError, match="where it is"):
        move(project, "f", "f")
    assert Path("mine").read_text() == "mine"
    assert Path("f").read_text() == "f"


def test_what_cannot_be_moved(project: Project) -> None:
    write("d/a", "a")
    add(project, ["d"])
    with pytest.raises(CannotMoveError, match="tracked as a whole"):
        move(project, "d/a", "b")
    with pytest.raises(UnknownTargetError):
        move(project, "nosuch", "b")
    with pytest.raises(CannotMoveError, match="project itself"):
        move(project, "d", "x.dvc")


def test_missing_data_moves_the_pointer_only(project: Project) -> None:
    write("f", "f")
    add(project, ["f"])
    os.unlink("f")
    result = move(project, "f", "g")
    assert not result.has_data
    assert os.path.exists("g.dvc")
    assert not os.path.exists("f.dvc")


def test_a_pointer_with_another_name_stays(project: Project, reopen: Opener) -> None:
    write("s/f", "f")
    add(project, ["s/f"])
    text = Path("s/f.dvc").read_text().replace("path: f", "path: f  # here")
    os.unlink("s/f.dvc")
    write("all.dvc", text + "wdir: s\n")
    project = reopen()
    assert move(project, "s/f", "t/g").pointer == "all.dvc"
    assert Path("all.dvc").read_text() == text.replace("path: f ", "path: ../t/g ") + "wdir: s\n"
    assert status(reopen()).is_clean


def test_comments_of_a_pointer_stay(project: Project) -> None:
    write("f", "f")
    add(project, ["f"])
    Path("f.dvc").write_text("# why\n" + Path("f.dvc").read_text() + "meta:\n  a: 1\n")
    move(project, "f", "g")
    text = Path("g.dvc").read_text()
    assert text.startswith("# why\n")
    assert text.endswith("meta:\n  a: 1\n")


@pytest.mark.parametrize(
    "call", ["ops.move.rename", "ops.move.move_record", "fsutil.remove_if_there"]
)
def test_a_move_that_was_stopped_is_finished_by_the_same_command(
    project: Project, reopen: Opener, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    write("f", "data")
    add(project, ["f"])

    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(f"git_dvc.{call}", die)
        with pytest.raises(Killed):
            move(project, "f", "g")
    move(reopen(), "f", "g")
    assert Path("g").read_text() == "data"
    assert not os.path.exists("f.dvc")
    assert Path(".gitignore").read_text() == "/g\n"
    assert status(reopen()).is_clean


@pytest.mark.interop
def test_dvc_finds_nothing_changed(project: Project, dvc: Dvc, reopen: Opener) -> None:
    write("src", "source")
    dvc("import-url", "src", "imported")
    write("f", "f")
    write("d/a", "a")
    add(reopen(), ["f", "d"])
    project = reopen()
    move(project, "f", "sub/g")
    move(project, "d", "newd")
    move(project, "imported", "sub/imported")
    assert dvc("status", "--json") == "{}"
    assert dvc("status", "sub/imported.dvc", "--json") == "{}"
