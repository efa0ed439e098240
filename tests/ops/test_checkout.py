"""Making the workspace match the pointers: what changes, what stays, and what is said."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from git_dvc.errors import FormatError, GitDvcError, MissingObjectError, UnknownTargetError
from git_dvc.ops import checkout as op
from git_dvc.ops.add import add
from git_dvc.ops.checkout import Result
from git_dvc.project import Project
from tests.scene import (
    Tree,
    check_objects,
    is_clean,
    leftovers,
    md5,
    objects,
    read_tree,
    write_tree,
)

Git = Callable[..., str]
TYPES = ["copy", "hardlink", "symlink"]

V1 = {"a.txt": "one\n", "same": "same\n", "gone/deep/x": "x\n", "empty": "", "d/e/f": "f\n"}
V2 = {"a.txt": "two\n", "same": "same\n", "new/y": "y\n", "empty": "", "d/e/f": "ff\n"}


@pytest.fixture(params=TYPES)
def link_type(request: pytest.FixtureRequest, project: Project) -> str:
    kind = str(request.param)
    use(project, kind)
    return kind


def use(project: Project, kind: str) -> None:
    """Set ``cache.type`` for the commands that follow."""
    Path(project.root, ".dvc", "config.local").write_text(f"[cache]\n    type = {kind}\n")


def save(tag: str, *targets: str) -> None:
    """Add, commit and tag."""
    from tests.conftest import run_git

    with Project.open() as project:
        add(project, targets)
    run_git("add", "-A", cwd=".")
    run_git("commit", "-qm", tag, cwd=".")
    run_git("tag", tag, cwd=".")


def switch(rev: str) -> Result:
    """What ``git checkout REV`` and the hook do."""
    from tests.conftest import run_git

    before = run_git("rev-parse", "HEAD", cwd=".")
    run_git("checkout", "-q", rev, cwd=".")
    return follow(before)


def follow(before: str | None = None) -> Result:
    with Project.open() as project:
        return op.follow(project, before=before)


def checkout(*targets: str, force: bool = False, relink: bool = False, recursive: bool = False,
             allow_missing: bool = False) -> Result:  # fmt: skip
    with Project.open() as project:
        return op.checkout(
            project,
            targets,
            force=force,
            relink=relink,
            recursive=recursive,
            allow_missing=allow_missing,
        )


def restore(rev: str) -> Result:
    """What ``git checkout REV`` and ``git dvc checkout`` do, without hooks."""
    from tests.conftest import run_git

    run_git("checkout", "-q", rev, cwd=".")
    return checkout()


WAYS = pytest.mark.parametrize("bring", [switch, restore], ids=["hook", "checkout"])


def as_bytes(files: dict[str, str]) -> Tree:
    return {name: text.encode() for name, text in files.items()}


def two_versions() -> None:
    write_tree("data", V1)
    save("v1", "data")
    for name in V1.keys() - V2.keys():
        os.unlink(f"data/{name}")
    os.removedirs("data/gone/deep")
    write_tree("data", V2)
    save("v2", "data")


# -- both ways --------------------------------------------------------------------------------


@WAYS
def test_versions_come_and_go_byte_for_byte(link_type: str, bring: Callable[[str], Result]) -> None:
    two_versions()
    for _ in range(2):
        result = bring("v1")
        assert result.complete and result.modified == ["data/"]
        assert (result.files_added, result.files_modified, result.files_deleted) == (1, 2, 1)
        assert read_tree("data") == as_bytes(V1)
        assert not os.path.exists("data/new"), "the directory that became empty went"
        assert is_clean(".")
        assert bring("v2").complete
        assert read_tree("data") == as_bytes(V2) and not os.path.exists("data/gone")
        assert is_clean(".")
    check_objects(".dvc/cache")
    assert leftovers(".") == []


def test_each_link_type_is_what_it_says(link_type: str, project: Project) -> None:
    two_versions()
    assert switch("v1").complete
    for name in V1:
        path = f"data/{name}"
        object_path = project.cache().path(md5(V1[name].encode()))
        same = os.path.samefile(path, object_path)
        linked = os.path.islink(path)
        mode = stat.S_IMODE(os.lstat(path).st_mode)
        if link_type == "symlink":
            assert linked and os.readlink(path) == object_path
        elif link_type == "hardlink" and V1[name]:
            assert same and not linked and mode == 0o444
        elif name != "same" or link_type == "copy":
            assert not same and not linked and mode == 0o644, name
        assert stat.S_IMODE(os.stat(object_path).st_mode) == 0o444


@WAYS
def test_nothing_to_do_changes_nothing(project: Project, bring: Callable[[str], Result]) -> None:
    two_versions()
    before = {n: os.lstat(f"data/{n}") for n in V2}
    result = bring("v2")
    assert result.complete and not result.changed
    assert {n: os.lstat(f"data/{n}") for n in V2} == before


@WAYS
def test_data_that_is_no_longer_tracked_goes_and_comes_back(
    link_type: str, git_repo: Path, run_git: Git, bring: Callable[[str], Result]
) -> None:
    write_tree(".", {"code.py": ""})
    run_git("add", "-A", cwd=git_repo)
    run_git("commit", "-qm", "none", cwd=git_repo)
    run_git("tag", "none", cwd=git_repo)
    write_tree(".", {"d/x": "x", "f": "f"})
    save("some", "d", "f")
    result = bring("none")
    assert sorted(result.deleted) == ["d/", "f"] and result.complete
    assert not os.path.exists("d") and not os.path.exists("f")
    result = bring("some")
    assert sorted(result.added) == ["d/", "f"]
    assert read_tree("d") == {"x": b"x"} and Path("f").read_text() == "f"
    assert is_clean(".")


FLIPS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "file to directory": ({"data": "file"}, {"data/a": "1", "data/b/c": "2"}),
    "file to deep directory": ({"data": "1"}, {"data/a/b/c/d": "1"}),
    "inside: file to directory": ({"data/x": "f", "data/k": ""}, {"data/x/y/z": "f", "data/k": ""}),
    "inside: swapped": ({"data/x": "1", "data/y/z": "2"}, {"data/y": "1", "data/x/z": "2"}),
    "to an empty directory": ({"data": "file"}, {}),
    "from full to empty": ({"data/a/b": "1"}, {}),
    "case": ({"data/A": "1", "data/b": "2"}, {"data/a": "1", "data/B": "2"}),
}


@WAYS
@pytest.mark.parametrize("name", FLIPS)
def test_files_become_directories_and_back(
    link_type: str, name: str, bring: Callable[[str], Result]
) -> None:
    import shutil

    old, new = FLIPS[name]
    for tag, files in (("v1", old), ("v2", new)):
        if os.path.isdir("data"):
            shutil.rmtree("data")
        elif os.path.lexists("data"):
            os.unlink("data")
        write_tree(".", files)
        if not files:
            os.mkdir("data")
        save(tag, "data")
    for tag, files in (("v1", old), ("v2", new), ("v1", old)):
        assert bring(tag).complete
        if "data" in files:
            assert Path("data").read_text() == files["data"]
        else:
            assert read_tree("data") == {n[5:]: t.encode() for n, t in files.items()}
            assert os.path.isdir("data")
        assert is_clean(".")
    assert leftovers(".") == []


@WAYS
def test_outputs_split_up_and_join(link_type: str, bring: Callable[[str], Result]) -> None:
    write_tree("data", {"a/x": "ax", "b/y": "by", "c": "c1"})
    save("whole", "data")
    from git_dvc.ops.remove import remove

    with Project.open() as project:
        remove(project, ["data.dvc"])
    write_tree("data", {"c": "c2"})
    save("parts", "data/a", "data/b", "data/c")
    for tag, c in (("whole", "c1"), ("parts", "c2"), ("whole", "c1"), ("parts", "c2")):
        assert bring(tag).complete
        found = {n: t for n, t in read_tree("data").items() if not n.endswith((".dvc", "ignore"))}
        assert found == {"a/x": b"ax", "b/y": b"by", "c": c.encode()}, tag
        assert is_clean(".")


NAMES = [
    "new\nline", "tab\t", "-rf", "*", "?[x]", "é", "e\u0301", "日本", "\U0001f600", " lead",
    "trail ",
    '"quoted"', "it's", "$(id)", "#h", "!n", "\x1b[31m", "~", "x" * 255, "a}, {b", "%0a", "con",
    "deep/" * 40 + "end", ".hidden", "..x", "&", "a:b:c"[1:], "\x7f",
]  # fmt: skip


@WAYS
def test_odd_names_survive(link_type: str, bring: Callable[[str], Result]) -> None:
    write_tree("data", {name: f"1{n}" for n, name in enumerate(NAMES)})
    save("v1", "data")
    write_tree("data", {name: f"2{n}" for n, name in enumerate(NAMES)})
    save("v2", "data")
    assert bring("v1").complete
    assert read_tree("data") == {name: f"1{n}".encode() for n, name in enumerate(NAMES)}
    assert is_clean(".")


@pytest.mark.parametrize("name", [n for n in NAMES if "/" not in n and "\n" not in n][:-1])
def test_odd_names_of_outputs_survive(project: Project, name: str) -> None:
    if len(name) > 240:
        name = name[:240]
    write_tree(".", {name: "1"})
    save("v1", f"./{name}")
    write_tree(".", {name: "2"})
    save("v2", f"./{name}")
    assert switch("v1").complete
    assert Path(name).read_text() == "1" and is_clean(".")


# -- what is not saved stays ------------------------------------------------------------------


@WAYS
def test_unsaved_edits_and_new_files_stay_and_are_named(
    link_type: str, bring: Callable[[str], Result]
) -> None:
    two_versions()
    write_tree("data", {"a.txt": "mine\n", "new/own": "own\n", "new/y": "my y\n", "gone": "file"})
    result = bring("v1")
    assert not result.complete
    expected = {"data/a.txt", "data/new/y"}
    assert expected <= set(result.kept) <= expected | {"data/new/own", "data/gone"}
    found = read_tree("data")
    assert found["a.txt"] == b"mine\n" and found["new/y"] == b"my y\n"
    assert found["new/own"] == b"own\n" and found["gone"] == b"file"
    assert found["d/e/f"] == b"f\n", "the rest is done"
    assert any(path.startswith("data/gone") for path in result.blocked), "a file is in the way"
    os.unlink("data/gone")
    again = checkout(force=True)
    assert again.complete and read_tree("data") == as_bytes(V1) and is_clean(".")


@WAYS
def test_an_edit_of_a_file_that_does_not_change_stays(
    project: Project, bring: Callable[[str], Result]
) -> None:
    two_versions()
    write_tree("data", {"same": "mine"})
    result = bring("v1")
    assert read_tree("data") == {**as_bytes(V1), "same": b"mine"}
    if bring is restore:
        assert result.kept == ["data/same"]


@WAYS
def test_a_changed_file_whose_content_is_cached_may_be_replaced(
    link_type: str, bring: Callable[[str], Result]
) -> None:
    two_versions()
    write_tree("data", {"a.txt": "one\n"})
    write_tree("data", {"d/e/f": "same\n"})
    assert bring("v1").complete
    assert read_tree("data") == as_bytes(V1)


@WAYS
def test_a_file_that_was_never_tracked_stays_even_if_its_content_is_cached(
    project: Project, bring: Callable[[str], Result]
) -> None:
    two_versions()
    write_tree("data", {"gone/deep/x": "same\n"})
    result = bring("v1")
    assert result.kept == ["data/gone/deep/x"]
    assert Path("data/gone/deep/x").read_text() == "same\n"


@WAYS
def test_force_is_not_what_hooks_do(project: Project, bring: Callable[[str], Result]) -> None:
    write_tree(".", {"f": "1"})
    save("v1", "f")
    write_tree(".", {"f": "2"})
    save("v2", "f")
    write_tree(".", {"f": "mine"})
    for _ in range(2):
        assert bring("v1").kept == ["f"]
        assert Path("f").read_text() == "mine"
    assert checkout("f", force=True).complete and Path("f").read_text() == "1"


def test_a_kept_file_is_no_longer_ours_when_its_pointer_is_gone(
    project: Project, run_git: Git
) -> None:
    write_tree(".", {"code": ""})
    run_git("add", "-A", cwd=".")
    run_git("commit", "-qm", "none", cwd=".")
    run_git("tag", "none", cwd=".")
    write_tree(".", {"f": "1"})
    save("v1", "f")
    write_tree(".", {"f": "mine"})
    assert switch("none").kept == ["f"]
    assert switch("none").complete, "it is named once, then it is the user's"
    assert Path("f").read_text() == "mine"
    assert switch("v1").kept == ["f"]


def test_data_that_moved_into_git_is_gits(project: Project, run_git: Git, git_repo: Path) -> None:
    write_tree(".", {"labels.csv": "l\n", "d/x": "x\n", "d/y": "y\n"})
    save("data", "labels.csv", "d")
    from git_dvc.ops.remove import remove

    with Project.open() as project:
        remove(project, ["labels.csv.dvc", "d.dvc"])
    run_git("add", "-A", cwd=git_repo)
    run_git("commit", "-qm", "git", cwd=git_repo)
    run_git("tag", "git", cwd=git_repo)
    assert run_git("ls-files", "d", "labels.csv", cwd=git_repo).split() == [
        "d/x",
        "d/y",
        "labels.csv",
    ]
    for bring in (switch, restore):
        assert bring("data").complete
        assert Path("labels.csv").read_text() == "l\n" and is_clean(".")
        assert bring("git").complete
        assert read_tree("d") == {"x": b"x\n", "y": b"y\n"}
        assert Path("labels.csv").read_text() == "l\n"
        assert run_git("status", "--porcelain", cwd=git_repo) == ""


# -- links where data belongs -----------------------------------------------------------------


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    place = tmp_path / "outside"
    write_tree(place, {"x": "theirs", "deep/x": "theirs", "a.txt": "theirs", "e/f": "theirs"})
    return place


@WAYS
@pytest.mark.parametrize("force", [False, True], ids=["", "force"])
@pytest.mark.parametrize("where", ["data", "data/gone", "data/gone/deep", "data/d", "data/d/e"])
def test_nothing_is_written_or_deleted_through_a_link(
    link_type: str, outside: Path, where: str, force: bool, bring: Callable[[str], Result]
) -> None:
    import shutil

    two_versions()
    before = read_tree(outside)
    if os.path.isdir(where):
        shutil.rmtree(where)
    os.makedirs(os.path.dirname(where) or ".", exist_ok=True)
    os.symlink(outside, where)
    result = bring("v1")
    if force:
        result = checkout(force=True)
    assert read_tree(outside) == before
    assert not result.complete and result.blocked
    assert os.path.islink(where), "it is the user's"
    os.unlink(where)
    assert checkout(force=True).complete
    assert read_tree("data") == as_bytes(V1) and read_tree(outside) == before


@WAYS
def test_a_link_above_an_output_is_not_followed(
    project: Project, outside: Path, run_git: Git, bring: Callable[[str], Result]
) -> None:
    import shutil

    write_tree("sub", {"x": "1"})
    save("v1", "sub/x")
    write_tree("sub", {"x": "2"})
    save("v2", "sub/x")
    shutil.move("sub", "elsewhere")
    before = read_tree(outside)
    os.symlink(outside, "sub")
    pointer = Path("elsewhere/x.dvc").read_text()
    run_git("rm", "-rq", "--cached", "sub", cwd=".")
    Path("p.dvc").write_text(pointer.replace("path: x", "path: sub/x"))
    run_git("add", "p.dvc", cwd=".")
    bring("HEAD")
    result = checkout(force=True)
    assert read_tree(outside) == before and not result.complete


@WAYS
def test_a_link_where_a_file_belongs_is_replaced_only_if_what_it_shows_is_saved(
    project: Project, outside: Path, bring: Callable[[str], Result]
) -> None:
    two_versions()
    os.unlink("data/a.txt")
    os.symlink(outside / "a.txt", "data/a.txt")
    result = bring("v1")
    assert "data/a.txt" in result.kept and os.path.islink("data/a.txt")
    assert checkout(force=True).complete
    assert not os.path.islink("data/a.txt") and read_tree("data") == as_bytes(V1)
    assert (outside / "a.txt").read_text() == "theirs"


@WAYS
def test_a_broken_link_where_a_file_belongs_stays(
    project: Project, bring: Callable[[str], Result]
) -> None:
    two_versions()
    os.unlink("data/a.txt")
    os.symlink("nowhere", "data/a.txt")
    result = bring("v1")
    assert not result.complete and os.readlink("data/a.txt") == "nowhere"
    assert Path("data/d/e/f").read_text() == "f\n"


@pytest.mark.parametrize("name", [".dvc/tmp", ".dvc/tmp/git-dvc"])
def test_our_own_directories_are_not_reached_through_links(
    project: Project, outside: Path, name: str
) -> None:
    import shutil

    two_versions()
    before = read_tree(outside)
    shutil.rmtree(name)
    os.symlink(outside, name)
    try:
        result = switch("v1")
        assert not result.complete
    except GitDvcError as problem:
        assert "\n" not in problem.message
    assert read_tree(outside) == before


def test_a_fifo_where_a_file_belongs_is_left_and_nothing_hangs(project: Project) -> None:
    two_versions()
    os.unlink("data/a.txt")
    os.mkfifo("data/a.txt")
    for bring in (switch, restore):
        assert not bring("v1").complete
        assert stat.S_ISFIFO(os.lstat("data/a.txt").st_mode)


# -- what the cache lacks ---------------------------------------------------------------------


def drop_object(project: Project, text: str) -> str:
    value = md5(text.encode())
    path = project.cache().path(value)
    os.chmod(path, 0o644)
    os.unlink(path)
    return value


@WAYS
def test_missing_objects_leave_what_is_there(
    project: Project, bring: Callable[[str], Result]
) -> None:
    two_versions()
    value = drop_object(project, "one\n")
    result = bring("v1")
    assert result.missing == {"data/a.txt": value}
    assert read_tree("data") == {**as_bytes(V1), "a.txt": b"two\n"}
    assert bring("v2").complete and read_tree("data") == as_bytes(V2)


@WAYS
def test_a_missing_manifest_leaves_the_directory(
    project: Project, bring: Callable[[str], Result]
) -> None:
    two_versions()
    for path in Path(".dvc/cache/files/md5").glob("*/*.dir"):
        if b'"new/y"' not in path.read_bytes():
            path.unlink()
    result = bring("v1")
    assert list(result.missing) == ["data/"]
    assert read_tree("data") == as_bytes(V2)
    assert bring("v2").complete and is_clean(".")


@WAYS
@pytest.mark.parametrize("mode", [0o644, 0o444])
@pytest.mark.parametrize("damage", ["onE\n", "on", ""])
def test_damaged_objects_are_set_aside_and_not_used(
    link_type: str, mode: int, damage: str, bring: Callable[[str], Result], project: Project
) -> None:
    two_versions()
    value = drop_object(project, "one\n")
    path = Path(project.cache().path(value))
    path.write_text(damage)
    path.chmod(mode)
    result = bring("v1")
    assert result.missing == {"data/a.txt": value}
    assert read_tree("data") == {**as_bytes(V1), "a.txt": b"two\n"}
    assert not path.exists()
    assert [p.read_text() for p in Path(".dvc/cache/corrupt").iterdir()] == [damage]


@WAYS
def test_a_damaged_manifest_is_set_aside(project: Project, bring: Callable[[str], Result]) -> None:
    two_versions()
    for path in Path(".dvc/cache/files/md5").glob("*/*.dir"):
        if b'"new/y"' not in path.read_bytes():
            path.chmod(0o644)
            path.write_bytes(path.read_bytes().replace(b"a.txt", b"b.txt"))
    result = bring("v1")
    assert list(result.missing) == ["data/"] and read_tree("data") == as_bytes(V2)


def test_allow_missing_says_nothing_of_it(project: Project) -> None:
    two_versions()
    drop_object(project, "one\n")
    os.unlink("data/a.txt")
    run = checkout(allow_missing=True)
    assert run.complete


@WAYS
def test_the_last_copy_is_not_dropped(project: Project, bring: Callable[[str], Result]) -> None:
    two_versions()
    drop_object(project, "two\n")
    result = bring("v1")
    assert result.kept == ["data/a.txt"]
    assert Path("data/a.txt").read_text() == "two\n"


# -- interrupted ------------------------------------------------------------------------------


def test_a_checkout_that_died_is_finished_by_going_back(
    project: Project, monkeypatch: pytest.MonkeyPatch, link_type: str
) -> None:
    two_versions()
    switch("v1")

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("git_dvc.store.state.State.save", die)
        with pytest.raises(KeyboardInterrupt):
            switch("v2")
    assert read_tree("data") == as_bytes(V2), "the files are there, the record is not"
    assert switch("v1").complete
    assert read_tree("data") == as_bytes(V1) and is_clean(".")


def test_an_add_that_died_is_seen_by_the_next_switch(
    project: Project, monkeypatch: pytest.MonkeyPatch, link_type: str
) -> None:
    write_tree("data", {"a": "1"})
    save("v1", "data")
    write_tree("data", {"a": "2", "b": "2"})

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("git_dvc.store.state.State.save", die)
        with pytest.raises(KeyboardInterrupt):
            save("dead", "data")
    from tests.conftest import run_git

    run_git("commit", "-qam", "v2", cwd=".")
    result = switch("v1")
    assert read_tree("data")["a"] == b"1"
    assert result.kept == ["data/b"] or "b" not in read_tree("data")


@pytest.mark.parametrize("kind", ["copy", "hardlink"])
def test_what_another_tool_recorded_meanwhile_is_noticed(project: Project, kind: str) -> None:
    """Real DVC adds a version that we never placed; going back must not think it is there."""
    use(project, kind)
    write_tree("data", {"a": "1", "b": "1"})
    save("v1", "data")
    import shutil

    state = Path(project.state_dir)
    shutil.copytree(state, "state-of-v1")
    write_tree("data", {"a": "2"})
    save("v2", "data")
    shutil.rmtree(state)
    shutil.move("state-of-v1", state)
    from tests.conftest import run_git

    run_git("checkout", "-q", "v1", cwd=".")
    with Project.open() as opened:
        result = op.follow(opened, before="v2")
    assert result.complete and read_tree("data") == {"a": b"1", "b": b"1"}


# -- targets ----------------------------------------------------------------------------------


def test_targets_are_brought_alone(project: Project, run_git: Git) -> None:
    for version in ("1", "2"):
        write_tree(".", {"d/a": version, "d/s/b": version, "d/s/c": version, "f": version})
        save(f"v{version}", "d", "f")
    run_git("checkout", "-q", "v1", cwd=".")
    checkout("d/s/b")
    assert read_tree("d") == {"a": b"2", "s/b": b"1", "s/c": b"2"}
    checkout("d/s")
    assert read_tree("d") == {"a": b"2", "s/b": b"1", "s/c": b"1"}
    checkout("f.dvc")
    assert Path("f").read_text() == "1" and Path("d/a").read_text() == "2"
    assert not is_clean(".")
    checkout("d")
    assert is_clean(".")
    with pytest.raises(UnknownTargetError, match="not tracked"):
        checkout("nosuch")


def test_a_part_leaves_the_record_incomplete(project: Project, run_git: Git) -> None:
    two_versions()
    run_git("checkout", "-q", "v1", cwd=".")
    checkout("data/a.txt")
    assert follow().complete and read_tree("data") == as_bytes(V1)


def test_a_directory_with_outputs_needs_recursive(project: Project) -> None:
    write_tree("sub", {"x": "1"})
    save("v1", "sub/x")
    os.unlink("sub/x")
    with pytest.raises(UnknownTargetError):
        checkout("sub")
    assert checkout("sub", recursive=True).added == ["sub/x"]


def test_an_executable_file_comes_back_executable(link_type: str) -> None:
    write_tree(".", {"tool": "#!/bin/sh\n"})
    os.chmod("tool", 0o755)
    save("v1", "tool")
    assert "isexec: true" in Path("tool.dvc").read_text()
    os.unlink("tool")
    checkout()
    assert os.stat("tool").st_mode & stat.S_IXUSR
    check_objects(".dvc/cache")
    for _, path in objects(".dvc/cache"):
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o444


@WAYS
def test_the_executable_bit_alone_is_a_version(
    project: Project, bring: Callable[[str], Result]
) -> None:
    write_tree(".", {"tool": "#!/bin/sh\n"})
    save("plain", "tool")
    os.chmod("tool", 0o755)
    save("exec", "tool")
    assert "isexec" in Path("tool.dvc").read_text()
    bring("plain")
    assert not os.stat("tool").st_mode & stat.S_IXUSR
    bring("exec")
    assert os.stat("tool").st_mode & stat.S_IXUSR
    assert is_clean(".") and not checkout().changed


# -- relinking --------------------------------------------------------------------------------


@pytest.mark.parametrize("new", TYPES)
def test_relink_changes_the_link_type_and_nothing_else(
    link_type: str, new: str, project: Project
) -> None:
    write_tree(".", {"d/a": "1", "d/empty": "", "d/edit": "1", "f": "2", "tool": "#!"})
    os.chmod("tool", 0o755)
    save("v1", "d", "f", "tool")
    write_tree("d", {"edit": "mine"})
    use(project, new)
    checkout(relink=True)
    for path, text in {"d/a": "1", "f": "2", "d/empty": ""}.items():
        thing = project.cache().path(md5(text.encode()))
        assert Path(path).read_text() == text
        assert os.path.islink(path) == (new == "symlink")
        if text:
            assert os.path.samefile(path, thing) == (new != "copy")
            assert bool(os.stat(path).st_mode & stat.S_IWUSR) == (new == "copy")
    assert Path("d/edit").read_text() == "mine"
    assert os.stat("tool").st_mode & stat.S_IXUSR and not os.path.islink("tool")
    assert checkout(relink=True).relinked == 0, "a second time there is nothing to do"
    check_objects(".dvc/cache")
    assert leftovers(".") == []


# -- broken pointer files ---------------------------------------------------------------------

HASH = "b" * 32
BROKEN = {
    "climbs": f"outs:\n- md5: {HASH}\n  hash: md5\n  path: ../../victim\n",
    "climbs by wdir": f"wdir: ../..\nouts:\n- md5: {HASH}\n  hash: md5\n  path: victim\n",
    "into .git": f"outs:\n- md5: {HASH}\n  hash: md5\n  path: .git/hooks/post-checkout\n",
    "into .GIT": f"outs:\n- md5: {HASH}\n  hash: md5\n  path: .GIT/config\n",
    "into git~1": f"outs:\n- md5: {HASH}\n  hash: md5\n  path: git~1/config\n",
    "into .dvc": f"outs:\n- md5: {HASH}\n  hash: md5\n  path: .dvc/config\n",
    "a hash that climbs": "outs:\n- md5: ../../../../victim\n  hash: md5\n  path: x\n",
    "a hash that climbs, as long": "outs:\n- md5: ../../../../../../../../../victim\n  path: x\n",
    "the project": f"outs:\n- md5: {HASH}.dir\n  hash: md5\n  path: .\n",
    "conflict": f"<<<<<<< ours\nouts:\n- md5: {HASH}\n=======\n>>>>>>> theirs\n",
    "a list": "- 1\n- 2\n",
    "binary": "\0\1\2",
    "aliases": "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(12)
    ),
    "deep": "[" * 5000,
    "object": "!!python/object/apply:os.system ['touch victim']\n",
    "escape": f"outs:\n- md5: {HASH}\n  hash: md5\n  path: \"\\e[31m/../../x\"\n",
    "nul": f"outs:\n- md5: {HASH}\n  hash: md5\n  path: \"a\\0b\"\n",
    "huge": "# " + "x" * (17 * 1024**2),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_pointer_is_one_line_and_stops_nothing_else(
    project: Project, run_git: Git, name: str, tmp_path: Path
) -> None:
    write_tree(".", {"good": "1", "other": "1"})
    save("v1", "good", "other")
    write_tree(".", {"good": "2"})
    save("v2", "good")
    write_tree(tmp_path, {"victim": "theirs"})
    Path("bad.dvc").write_text(BROKEN[name])
    run_git("add", "-f", "bad.dvc", cwd=".")
    run_git("commit", "-qm", "bad", cwd=".")
    run_git("checkout", "-q", "v1", "--", "good.dvc", cwd=".")
    git_before = read_tree(".git/hooks")
    result = follow()
    assert len(result.problems) == 1 and result.problems[0].where == "bad.dvc"
    assert "\n" not in str(result.problems[0].message) and len(result.problems[0].message) < 500
    assert Path("good").read_text() == "1", "the others are brought"
    os.unlink("other")
    result = checkout()
    assert Path("other").read_text() == "1" and len(result.problems) == 1
    with pytest.raises(FormatError):
        checkout("bad.dvc")
    from tests.scene import look

    assert len(look(".").problems) == 1
    write_tree(".", {"fresh": "f"})
    with Project.open() as opened:
        add(opened, ["fresh"])
    assert read_tree(".git/hooks") == git_before
    assert (tmp_path / "victim").read_text() == "theirs" and not Path("victim").exists()


def test_data_of_a_pointer_that_broke_stays(project: Project, run_git: Git) -> None:
    write_tree(".", {"f": "1"})
    save("v1", "f")
    Path("f.dvc").write_text("<<<<<<< ours\n")
    run_git("commit", "-qam", "broken", cwd=".")
    for result in (follow(), checkout()):
        assert not result.complete and not result.deleted
        assert Path("f").read_text() == "1"


@pytest.mark.parametrize("path", ["../x", ".git/hooks/post-checkout", "/etc/x", "a/../../x"])
def test_a_manifest_that_climbs_is_refused_whole(
    project: Project, run_git: Git, path: str, tmp_path: Path
) -> None:
    write_tree("data", {"ok": "1"})
    save("v1", "data")
    value = md5(b"1")
    listing = f'[{{"md5": "{value}", "relpath": "{path}"}}, {{"md5": "{value}", "relpath": "z"}}]'
    target = md5(listing.encode()) + ".dir"
    place = Path(project.cache().path(target))
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(listing)
    Path("data.dvc").write_text(f"outs:\n- md5: {target}\n  hash: md5\n  path: data\n")
    run_git("commit", "-qam", "evil", cwd=".")
    outside = read_tree(".git/hooks")
    results = [follow(), checkout(), checkout(force=True)]
    for result in results:
        assert not result.complete
        assert read_tree("data") == {"ok": b"1"}
    assert read_tree(".git/hooks") == outside and not (tmp_path / "x").exists()
    assert leftovers(".") == []


def test_a_pointer_that_is_a_link_is_refused(project: Project, tmp_path: Path) -> None:
    write_tree(tmp_path, {"p": f"outs:\n- md5: {HASH}\n  hash: md5\n  path: x\n"})
    os.symlink(tmp_path / "p", "x.dvc")
    from tests.conftest import run_git

    run_git("add", "x.dvc", cwd=".")
    assert not checkout().complete and not follow().complete


@pytest.mark.parametrize("bring", [follow, checkout], ids=["hook", "checkout"])
def test_ignored_pointers_track_nothing_in_either_way(
    project: Project, run_git: Git, bring: Callable[[], Result]
) -> None:
    write_tree("keep", {"x": "1"})
    save("v1", "keep/x")
    Path(".dvcignore").write_text("keep\n")
    run_git("commit", "-qam", "ignore", cwd=".")
    result = bring()
    assert result.complete and result.deleted == ["keep/x"]
    run_git("checkout", "-q", "v1", cwd=".")
    assert bring().complete and Path("keep/x").read_text() == "1"


def test_missing_records_are_no_harm(project: Project, run_git: Git) -> None:
    two_versions()
    import shutil

    shutil.rmtree(project.state_dir)
    assert switch("v1").complete and read_tree("data") == as_bytes(V1)
    shutil.rmtree(project.state_dir)
    write_tree("data", {"a.txt": "mine"})
    assert switch("v2").kept == ["data/a.txt"]


def test_the_manifest_error_of_a_missing_object_names_it() -> None:
    assert "b" * 32 in str(MissingObjectError("b" * 32))


# -- what the system does not allow ----------------------------------------------------------


@WAYS
@pytest.mark.parametrize("call", ["unlink", "replace", "open"])
def test_one_directory_that_may_not_be_written_stops_nothing_else(
    link_type: str,
    bring: Callable[[str], Result],
    call: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two_versions()
    real = getattr(os, call)

    def denied(name: object, *rest: object, **more: object) -> object:
        target = rest[0] if call == "replace" and rest else name
        if target == {"unlink": "y", "replace": "a.txt", "open": "d"}[call]:
            raise PermissionError(13, "Permission denied", target)
        return real(name, *rest, **more)

    with monkeypatch.context() as patched:
        patched.setattr(os, call, denied)
        result = bring("v1")
    blocked = {"unlink": "data/new/y", "replace": "data/a.txt", "open": "data/d/e/f"}[call]
    assert result.blocked.get(blocked) == "permission denied"
    found = read_tree("data")
    expected = as_bytes(V1)
    inner = blocked.removeprefix("data/")
    assert {n: t for n, t in found.items() if n != inner} == {
        n: t for n, t in expected.items() if n != inner
    }
    assert checkout().complete and read_tree("data") == expected and is_clean(".")


def test_a_denied_directory_does_not_end_a_link_type(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(project, "hardlink")
    two_versions()
    link = os.link

    def denied(source: str, name: str, **more: Any) -> None:
        if name == "x":
            raise PermissionError(13, "Permission denied")
        link(source, name, **more)

    monkeypatch.setattr(os, "link", denied)
    result = switch("v1")
    assert result.blocked == {"data/gone/deep/x": "permission denied"}
    assert os.path.samefile("data/a.txt", project.cache().path(md5(b"one\n")))
