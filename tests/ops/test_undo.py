"""What was done, undo brings back: files, pointers, ``.gitignore``, the index; over real git."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from git_dvc.errors import (
    CannotKeepError,
    CannotUndoError,
    NothingToUndoError,
    UnknownOperationError,
)
from git_dvc.git.repo import Repository
from git_dvc.ops.add import add
from git_dvc.ops.checkout import checkout, follow
from git_dvc.ops.commit import commit
from git_dvc.ops.move import move
from git_dvc.ops.remove import remove
from git_dvc.ops.undo import Result, undo
from git_dvc.ops.unprotect import unprotect
from git_dvc.project import Project
from tests.ops.conftest import write
from tests.scene import check_objects, is_clean, read_tree

KINDS = ["copy", "hardlink", "symlink"]


def git(*args: str) -> str:
    done = subprocess.run(["git", *args], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"git {args}: {done.stdout}{done.stderr}"
    return done.stdout


class Scene(NamedTuple):
    """Everything that an undo has to bring back."""

    files: dict[str, bytes]
    staged: str
    status: str


def scene() -> Scene:
    own = (".git/", ".dvc/")
    files = {p: data for p, data in read_tree(".").items() if not p.startswith(own)}
    status = git("status", "--porcelain", "--untracked-files=all")
    return Scene(files, git("ls-files", "-s"), status)


def do(work: Callable[[Project], object]) -> object:
    """Run something as a command of its own."""
    with Project.open() as project:
        return work(project)


def take_back(name: str | None = None, *, redo: bool = False, force: bool = False) -> Result:
    with Project.open() as project:
        return undo(project, name, redo=redo, force=force)


def put(path: str, text: str) -> None:
    """Replace a file by one that was written a while ago."""
    if os.path.lexists(path):
        os.unlink(path)
    write(path, text)
    past = time.time_ns() - 3_000_000_001
    os.utime(path, ns=(past, past))


def set_type(kind: str) -> None:
    Path(".dvc/config.local").write_text(f"[cache]\n    type = {kind}\n")


@pytest.fixture
def versions(project: Project) -> None:
    """Commit v1 and v2 of a directory and a file; v2 is in place."""
    for number in ("1", "2"):
        put("data/same", "same")
        put("data/changed", number)
        put(f"data/only{number}", number)
        put("model", number)
        if number == "2":
            os.unlink("data/only1")
        do(lambda project: add(project, ["data", "model"]))
        git("commit", "-qm", number)
        git("tag", f"v{number}")


def switch(rev: str) -> None:
    git("-c", "core.hooksPath=/dev/null", "checkout", "-q", rev)


# -- each operation ---------------------------------------------------------------------------


def add_new() -> None:
    put("new/a", "a")
    do(lambda project: add(project, ["new"]))


def add_changed() -> None:
    do(lambda project: add(project, ["data", "model"]))


def add_one_inside() -> None:
    do(lambda project: add(project, ["data/changed"]))


def commit_all() -> None:
    do(lambda project: commit(project))


def remove_pointer() -> None:
    do(lambda project: remove(project, ["data.dvc", "model.dvc"]))


def move_deep() -> None:
    do(lambda project: move(project, "data", "deep/er/data"))


def move_beside() -> None:
    do(lambda project: move(project, "model", "model.bin"))


def force_checkout() -> None:
    do(lambda project: checkout(project, force=True))


def unprotect_all() -> None:
    do(lambda project: unprotect(project, ["data", "model"]))


def edit() -> None:
    """Change, add and delete files of the work tree."""
    put("data/changed", "by hand")
    put("data/mine", "mine")
    os.unlink("data/only2")
    put("model", "better")


OPERATIONS = [
    add_changed,
    add_one_inside,
    commit_all,
    remove_pointer,
    move_deep,
    move_beside,
    force_checkout,
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.__name__)
def test_undo_brings_everything_back_and_redo_does_it_again(
    versions: None, operation: Callable[[], None], kind: str
) -> None:
    set_type(kind)
    do(lambda project: checkout(project, relink=True))
    edit()
    before = scene()
    operation()
    after = scene()
    assert after != before
    result = take_back()
    assert result.complete, result.trouble(str)
    assert scene() == before
    check_objects(".dvc/cache")
    assert take_back(redo=True).complete
    assert scene() == after
    assert take_back().complete
    assert scene() == before


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_added_is_an_ordinary_file_again(versions: None, kind: str) -> None:
    set_type(kind)
    put("new/a", "a")
    put("new/b", "b")
    before = scene()
    do(lambda project: add(project, ["new"]))
    result = take_back()
    assert (result.removed, result.restored) == (["new.dvc"], [".gitignore"])
    assert scene() == before
    found = os.lstat("new/a")
    assert found.st_nlink == 1 and found.st_mode & 0o200 and not os.path.islink("new/a")
    check_objects(".dvc/cache")


def test_files_changed_since_the_last_version_can_be_edited_again(versions: None) -> None:
    set_type("hardlink")
    edit()
    do(lambda project: add(project, ["data", "model"]))
    take_back()
    for path in ("data/changed", "data/mine", "model"):
        assert os.lstat(path).st_nlink == 1 and os.lstat(path).st_mode & 0o200, path


def test_the_first_add_leaves_no_gitignore_behind(project: Project) -> None:
    write("d/a", "a")
    before = scene()
    add(project, ["d"])
    take_back()
    assert scene() == before and not os.path.exists(".gitignore")
    take_back(redo=True)
    assert is_clean(".")
    assert {".gitignore", "d.dvc"} <= set(git("ls-files").split())


@pytest.mark.parametrize("kind", KINDS)
def test_removed_data_is_back(versions: None, kind: str) -> None:
    set_type(kind)
    do(lambda project: checkout(project, relink=True))
    before = scene()
    do(lambda project: remove(project, ["data.dvc", "model.dvc"], outs=True))
    assert not os.path.exists("data") and not os.path.exists("model")
    assert take_back().complete
    assert scene() == before and is_clean(".")
    take_back(redo=True)
    assert not os.path.exists("data") and not os.path.exists("model.dvc")


def test_a_program_is_one_again(project: Project) -> None:
    write("tool", "#!")
    os.chmod("tool", 0o755)
    add(project, ["tool"])
    do(lambda project: remove(project, ["tool.dvc"], outs=True))
    take_back()
    assert os.stat("tool").st_mode & 0o100


def test_unprotected_files_are_links_again(versions: None) -> None:
    set_type("hardlink")
    do(lambda project: checkout(project, relink=True))
    unprotect_all()
    assert os.stat("model").st_nlink == 1
    take_back()
    assert os.stat("model").st_nlink > 1 and os.stat("data/same").st_nlink > 1
    take_back(redo=True)
    assert os.stat("model").st_nlink == 1


def test_empty_directories_that_a_move_made_go(versions: None) -> None:
    os.mkdir("mine")
    do(lambda project: move(project, "data", "mine/deep/data"))
    take_back()
    assert os.listdir("mine") == []


def test_a_stage_is_defined_again(project: Project) -> None:
    write("dvc.yaml", "stages:\n  s:\n    cmd: x\n    outs:\n    - out\n")
    write("dvc.lock", "schema: '2.0'\nstages:\n  s:\n    cmd: x\n    outs:\n    - path: out\n")
    write("out", "o")
    do(lambda project: commit(project))
    git("add", ".")
    before = scene()
    do(lambda project: remove(project, ["s"], outs=True))
    assert not os.path.exists("dvc.yaml") and not os.path.exists("out")
    take_back()
    assert scene() == before


# -- switches ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_undo_after_a_switch_brings_the_data_alone(versions: None, kind: str) -> None:
    set_type(kind)
    do(lambda project: checkout(project, relink=True))
    old = scene()
    switch("v1")
    do(follow)
    new = scene()
    result = take_back()
    assert result.complete and result.differs == ["data/", "model"]
    now = scene()
    assert {p: d for p, d in now.files.items() if not p.endswith(".dvc")} == {
        p: d for p, d in old.files.items() if not p.endswith(".dvc")
    }
    assert now.staged == new.staged
    do(follow)
    assert scene() == new, "what the hooks do puts it right"


def test_data_that_appeared_goes_and_data_that_went_appears(versions: None) -> None:
    git("rm", "-q", "--cached", "model.dvc")
    os.unlink("model.dvc")
    do(follow)
    assert not os.path.exists("model")
    take_back()
    assert Path("model").read_text() == "2"


def test_a_hook_with_nothing_to_do_writes_nothing(versions: None) -> None:
    log = Path(".git/dvc/operations")
    size = log.stat().st_size
    do(follow)
    do(checkout)
    do(lambda project: add(project, ["data"]))
    do(lambda project: commit(project))
    assert log.stat().st_size == size


def test_a_file_deleted_by_hand_is_gone_again(versions: None) -> None:
    os.unlink("data/changed")
    switch("v1")
    do(follow)
    assert Path("data/changed").read_text() == "1"
    take_back()
    assert not os.path.exists("data/changed")
    assert Path("data/only2").read_text() == "2"


# -- unsaved data -----------------------------------------------------------------------------


def test_what_force_discarded_comes_back(versions: None) -> None:
    edit()
    before = scene()
    force_checkout()
    assert Path("data/changed").read_text() == "2" and not os.path.exists("data/mine")
    result = take_back()
    assert sorted(result.brought_back) == ["data/changed", "data/mine", "model"]
    assert scene() == before


def test_what_came_back_is_protected_as_before(versions: None) -> None:
    edit()
    force_checkout()
    take_back()
    switch("v1")
    result = do(follow)
    kept = getattr(result, "kept")  # noqa: B009
    assert sorted(kept) == ["data/changed", "model"]
    assert Path("data/changed").read_text() == "by hand"
    assert Path("data/mine").read_text() == "mine"


@pytest.mark.parametrize("look", [False, True], ids=["at once", "after status"])
def test_what_was_added_and_taken_back_is_protected_as_before(versions: None, look: bool) -> None:
    edit()
    add_changed()
    take_back()
    if look:
        assert not is_clean(".")
    do(follow)
    assert Path("data/changed").read_text() == "by hand"
    switch("v1")
    do(follow)
    assert Path("data/changed").read_text() == "by hand"
    assert Path("model").read_text() == "better"


def test_a_large_file_is_kept_without_a_copy(
    versions: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("git_dvc.store.cache.SMALL_BYTES", 10)
    put("model", "a long text that nobody saved")
    inode = os.stat("model").st_ino
    force_checkout()
    kept = [p for p in Path(".dvc/cache/files/md5").rglob("*") if p.stat().st_ino == inode]
    assert len(kept) == 1
    take_back()
    assert Path("model").read_text() == "a long text that nobody saved"
    assert os.stat("model").st_nlink == 1 and os.stat("model").st_mode & 0o200


def test_unsaved_data_stays_when_something_is_taken_back(versions: None) -> None:
    switch("v1")
    do(follow)
    put("data/changed", "precious")
    result = take_back()
    assert result.kept == ["data/changed"]
    assert Path("data/changed").read_text() == "precious"
    assert Path("model").read_text() == "2", "everything else is done"
    assert result.trouble(str) is not None
    again = take_back(force=True)
    assert again.complete and again.operation.id == result.operation.id
    assert Path("data/changed").read_text() == "2"
    take_back(redo=True)
    assert Path("data/changed").read_text() == "precious", "it can be had back"


def test_with_no_days_nothing_is_kept(versions: None) -> None:
    git("config", "dvc.undoDays", "0")
    edit()
    force_checkout()
    contents = set(check_objects(".dvc/cache").values())
    assert b"by hand" not in contents
    with pytest.raises(NothingToUndoError, match="turned off"):
        take_back()


def test_what_cannot_be_kept_is_not_discarded(
    versions: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    edit()
    before = scene()
    with monkeypatch.context() as patched:
        patched.setattr("git_dvc.store.cache.Cache.store_file", full)
        with pytest.raises(CannotKeepError, match="no space left") as caught:
            force_checkout()
    assert "dvc.undoDays=0" in caught.value.hint
    assert read_tree("data")["changed"] == before.files["data/changed"]
    force_checkout()
    assert is_clean(".")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_nobody_may_read_stays(versions: None) -> None:
    edit()
    os.chmod("model", 0)
    result = do(lambda project: checkout(project, force=True))
    assert "model" in getattr(result, "blocked")  # noqa: B009


def test_what_an_import_overwrote_comes_back(versions: None, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("from elsewhere")
    put("plain", "never tracked")
    before = scene()
    do(lambda project: add(project, [str(tmp_path / "other")], out="plain", force=True))
    assert Path("plain").read_text() == "from elsewhere"
    assert take_back().complete
    assert scene() == before


def test_a_collection_of_garbage_knows_what_is_kept(versions: None) -> None:
    edit()
    force_checkout()
    with Project.open() as project:
        kept = project.oplog.kept_hashes()["md5"]
    objects = check_objects(".dvc/cache")
    assert {b"by hand", b"mine", b"better"} <= {objects[name] for name in kept}


# -- several ----------------------------------------------------------------------------------


def test_each_undo_goes_one_step_further(project: Project) -> None:
    scenes = [scene()]
    for name in ("a", "b", "c"):
        write(name, name)
        do(lambda project, name=name: add(project, [name]))  # type: ignore[misc]
        scenes.append(scene())
    for count in (3, 2, 1):
        take_back()
        left = {p for p in scene().files if p.endswith(".dvc")}
        assert left == {f"{n}.dvc" for n in "abc"[: count - 1]}
    with pytest.raises(NothingToUndoError, match="nothing to undo"):
        take_back()
    for count in (1, 2, 3):
        take_back(redo=True)
        assert scene().staged == scenes[count].staged
    with pytest.raises(NothingToUndoError, match="nothing to do again"):
        take_back(redo=True)


def test_one_from_the_middle_by_its_id(versions: None) -> None:
    write("a", "a")
    write("b", "b")
    do(lambda project: add(project, ["a"]))
    do(lambda project: add(project, ["b"]))
    with Project.open() as project:
        first, second = project.oplog.read()[-2:]
    take_back(first.id[:5])
    assert not os.path.exists("a.dvc") and os.path.exists("b.dvc")
    assert Path(".gitignore").read_text() == "/data\n/model\n/b\n"
    with pytest.raises(NothingToUndoError, match="taken back already"):
        take_back(first.id)
    take_back()
    assert not os.path.exists("b.dvc")
    with pytest.raises(UnknownOperationError):
        take_back("ffffffff")
    with pytest.raises(UnknownOperationError):
        take_back(second.id[:2])


def test_what_was_changed_since_is_left_alone(versions: None) -> None:
    edit()
    add_changed()
    text = Path("data.dvc").read_text()
    Path("data.dvc").write_text("# mine\n" + text)
    before = scene()
    with pytest.raises(CannotUndoError) as caught:
        take_back()
    assert caught.value.details == ["  data.dvc: changed since"]
    assert scene() == before
    assert take_back(force=True).complete
    assert Path("data.dvc").read_text() != text


def test_another_version_put_in_place_since_is_left_alone(versions: None) -> None:
    switch("v1")
    do(follow)
    with Project.open() as project:
        older = project.oplog.read()[-1].id
    put("model", "3")
    do(lambda project: add(project, ["model"]))
    before = scene()
    with pytest.raises(CannotUndoError, match="cannot be taken back"):
        take_back(older)
    assert scene() == before


def test_lines_of_others_in_gitignore_stay(project: Project) -> None:
    write("d/a", "a")
    add(project, ["d"])
    with open(".gitignore", "a") as stream:
        stream.write("/mine\n")
    take_back()
    assert Path(".gitignore").read_text() == "/mine\n"


def test_after_a_commit_the_former_pointer_is_staged(versions: None) -> None:
    edit()
    index = git("ls-files", "-s")
    add_changed()
    git("commit", "-qm", "3")
    take_back()
    assert git("ls-files", "-s") == index
    assert git("status", "--porcelain").splitlines() == ["M  data.dvc", "M  model.dvc"]


def test_what_was_staged_otherwise_since_stays_so(versions: None) -> None:
    edit()
    add_changed()
    blob = git("rev-parse", "v1:data.dvc").strip()
    git("update-index", "--cacheinfo", f"100644,{blob},data.dvc")
    result = take_back()
    assert result.left_staged == ["data.dvc"]
    assert blob in git("ls-files", "-s", "data.dvc")


def test_without_autostage_the_index_is_left(project: Project) -> None:
    Path(".dvc/config.local").write_text("[core]\n    autostage = false\n")
    write("d/a", "a")
    before = scene()
    do(lambda project: add(project, ["d"]))
    take_back()
    assert scene() == before


def test_data_that_the_cache_lost_is_named(versions: None) -> None:
    edit()
    force_checkout()
    shutil.rmtree(".dvc/cache/files")
    with pytest.raises(CannotUndoError) as caught:
        take_back()
    assert any("the cache lacks it" in line for line in caught.value.details)


def test_a_dry_run_changes_nothing(versions: None) -> None:
    edit()
    before = scene()
    force_checkout()
    after = scene()
    with Project.open() as project:
        result = undo(project, dry_run=True)
    assert sorted(result.brought_back) == ["data/changed", "data/mine", "model"]
    assert result.modified == ["data/", "model"]
    assert scene() == after
    take_back()
    assert scene() == before


def test_work_trees_have_logs_of_their_own(versions: None, tmp_path: Path) -> None:
    git("worktree", "add", "-q", str(tmp_path / "other"), "v1")
    os.chdir(tmp_path / "other")
    with pytest.raises(NothingToUndoError):
        take_back()
    do(checkout)
    assert Path("model").read_text() == "1"
    take_back()
    assert not os.path.exists("model")


def test_a_project_below_the_top(git_repo: Path) -> None:
    from git_dvc.ops.init import init

    os.mkdir("sub")
    os.chdir("sub")
    init(".", subdir=True)
    git("add", "-A")
    write("d/a", "a")
    before = scene()
    do(lambda project: add(project, ["d"]))
    assert "sub/d.dvc" in git("ls-files", "--full-name")
    take_back()
    assert scene() == before
    assert Repository.discover(".") is not None


def test_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from git_dvc.ops.init import init

    monkeypatch.chdir(tmp_path)
    init(".", no_scm=True)
    write("d/a", "a")
    do(lambda project: add(project, ["d"]))
    take_back()
    assert not os.path.exists("d.dvc") and Path("d/a").read_text() == "a"
