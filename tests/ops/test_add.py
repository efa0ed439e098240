"""Tracking data: what is recorded, what is refused before anything is written."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from git_dvc.errors import (
    CannotAddError,
    CannotTrackError,
    GitDvcError,
    MissingTargetError,
    OutsideProjectError,
)
from git_dvc.ops.add import Result, add
from git_dvc.project import Project
from tests.scene import check_objects, is_clean, leftovers, md5, read_tree, write_tree

Git = Callable[..., str]
LINKS = pytest.mark.parametrize("kind", ["copy", "hardlink", "symlink"])


def use(project: Project, kind: str) -> None:
    Path(project.root, ".dvc", "config.local").write_text(f"[cache]\n    type = {kind}\n")


def run(*targets: str, **options: object) -> Result:
    with Project.open() as project:
        return add(project, targets, **options)  # type: ignore[arg-type]


def staged(run_git: Git) -> set[str]:
    return set(run_git("diff", "--cached", "--name-only", "-z", cwd=".").strip("\0").split("\0"))


def pointer(name: str) -> str:
    return Path(name).read_text()


def test_a_file_and_a_directory(project: Project, run_git: Git) -> None:
    write_tree(".", {"f": "hello\n", "d/a": "1", "d/b/c": "2"})
    result = run("f", "d")
    assert result.pointers == ["f.dvc", "d.dvc"] and result.staged
    assert (result.files, result.size_bytes) == (3, 8)
    assert pointer("f.dvc") == (
        "outs:\n- md5: b1946ac92492d2347c6235b4d2611184\n  size: 6\n  hash: md5\n  path: f\n"
    )
    assert "nfiles: 2" in pointer("d.dvc") and Path(".gitignore").read_text() == "/f\n/d\n"
    assert {"f.dvc", "d.dvc", ".gitignore"} <= staged(run_git)
    assert is_clean(".") and leftovers(".") == []


def test_a_second_time_changes_nothing(project: Project, run_git: Git) -> None:
    write_tree(".", {"d/a": "1"})
    os.utime("d/a", (1e9 + 0.5, 1e9 + 0.5))  # a file written just now would be read again
    run("d")
    run_git("commit", "-qam", "one", cwd=".")
    before = os.stat("d.dvc")
    assert run("d").files == 0
    assert os.stat("d.dvc").st_mtime_ns == before.st_mtime_ns
    assert run_git("status", "--porcelain", cwd=".") == ""


@LINKS
def test_each_link_type_makes_the_files_what_it_says(project: Project, kind: str) -> None:
    use(project, kind)
    write_tree(".", {"d/a": "1", "d/same": "1", "d/empty": "", "f": "2", "g": "2"})
    run("d", "f", "g")
    for name in ("d/a", "d/same", "f", "g"):
        place = project.cache().path(md5(Path(name).read_bytes()))
        assert os.path.islink(name) == (kind == "symlink"), name
        assert os.path.samefile(name, place) == (kind != "copy"), name
    assert bool(os.stat("f").st_mode & stat.S_IWUSR) == (kind == "copy")
    assert is_clean(".")
    check_objects(".dvc/cache")


@pytest.mark.parametrize("kind", ["symlink", "hardlink"])
def test_no_relink_leaves_the_files(project: Project, kind: str) -> None:
    use(project, kind)
    write_tree(".", {"f": "1", "g": "1"})
    run("f", "g", relink=False)
    assert not os.path.islink("f") and not os.path.samefile("g", "f") and is_clean(".")


def test_no_commit_records_and_stores_nothing(project: Project) -> None:
    write_tree(".", {"d/a": "1", "f": "2"})
    run("d", "f", commit=False)
    assert Path("d.dvc").exists() and check_objects(".dvc/cache") == {}
    run("d", "f")
    assert is_clean(".")


def test_a_path_inside_a_tracked_directory(project: Project) -> None:
    write_tree("d", {"a": "1", "s/b": "1", "s/c": "1"})
    run("d")
    write_tree("d", {"a": "2", "s/b": "2", "s/new": "2"})
    os.unlink("d/s/c")
    run("d/s")
    with Project.open() as opened:
        out = opened.tracked.outs["d"].out
        assert out.hash is not None
        listing = opened.cache().read_manifest(out.hash)
    assert listing == {"a": md5(b"1"), "s/b": md5(b"2"), "s/new": md5(b"2")}
    assert (out.nfiles, out.size) == (3, 3) and not is_clean(".")
    run("d/a")
    assert is_clean(".")
    os.unlink("d/a")
    run("d/a")
    assert is_clean(".") and "nfiles: 2" in pointer("d.dvc")
    with pytest.raises(MissingTargetError):
        run("d/nosuch")


def test_a_part_of_a_directory_whose_rest_is_not_what_the_listing_says(project: Project) -> None:
    """The record must not claim that the rest is in place."""
    write_tree("d", {"a": "1", "b": "1"})
    run("d")
    write_tree("d", {"a": "2"})
    run("d")
    from git_dvc.ops.checkout import checkout

    old = pointer("d.dvc")
    place = Path(project.cache().path(md5(b"2")))
    place.unlink()
    write_tree("d", {"a": "1"})
    with Project.open() as opened:
        assert not checkout(opened).complete
    write_tree("d", {"b": "3"})
    run("d/b")
    assert pointer("d.dvc") != old and not is_clean(".")


def test_an_unreadable_file_is_not_left_out_of_a_listing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from git_dvc.store.cache import Cache

    write_tree("d", {"s/a": "1", "s/b": "1"})
    run("d")
    before = pointer("d.dvc")
    write_tree("d", {"s/b": "2"})

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Cache, "hash_file", refuse)
    for target in ("d/s", "d"):
        with pytest.raises(CannotTrackError):
            run(target, commit=False)
    assert pointer("d.dvc") == before


REFUSED = {
    "nothing there": ("nosuch", {}),
    "a pointer": ("x.dvc", {"x.dvc": ""}),
    "dvc.yaml": ("dvc.yaml", {"dvc.yaml": ""}),
    "the project": (".", {}),
    "our directory": (".dvc/config", {}),
    "Git's directory": (".git/config", {}),
    "outside": ("../x", {"../x": ""}),
    "a backslash": ("a\\b", {"a\\b": ""}),
    "tracked by Git": ("code.py", {}),
    "ignored by .dvcignore": ("x.tmp", {"x.tmp": "", ".dvcignore": "*.tmp\n"}),
    "pointer ignored by Git": ("build/x", {"build/x": "", ".gitignore": "build/\n"}),
    "not UTF-8": (os.fsdecode(b"caf\xe9"), {os.fsdecode(b"caf\xe9"): ""}),
    "holds tracked data": ("sub", {}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_before_anything_is_written(project: Project, run_git: Git, name: str) -> None:
    target, files = REFUSED[name]
    write_tree(".", {"code.py": "", "sub/x": "1", "good": "g"})
    run("sub/x")
    run_git("add", "code.py", cwd=".")
    run_git("commit", "-qam", "one", cwd=".")
    write_tree(".", files)
    before = {n: t for n, t in read_tree(".").items() if not n.startswith((".git/", ".dvc/tmp"))}
    with pytest.raises(GitDvcError) as caught:
        run("good", target)
    assert "\n" not in caught.value.message and caught.value.message.isprintable()
    after = {n: t for n, t in read_tree(".").items() if not n.startswith((".git/", ".dvc/tmp"))}
    assert after == before, "not even the good target was added"


CANNOT = {
    "a fifo": lambda: os.mkfifo("d/x"),
    "a broken link": lambda: os.symlink("nowhere", "d/x"),
    "a link to a directory": lambda: os.symlink("/", "d/x"),
    "a name that is not UTF-8": lambda: Path(os.fsdecode(b"d/\xff")).touch(),
    "a backslash": lambda: Path("d/a\\b").touch(),
    "git~1": lambda: Path("d/git~1").touch(),
    "a hidden .git": lambda: Path("d/.g\u200cit").touch(),
    "an ignore file": lambda: Path("d/.dvcignore").touch(),
}


@pytest.mark.parametrize("name", CANNOT)
def test_what_cannot_be_versioned_is_named_and_stops_the_add(project: Project, name: str) -> None:
    write_tree("d", {"a": "1"})
    CANNOT[name]()
    with pytest.raises(CannotTrackError) as caught:
        run("d")
    assert all(line.isprintable() for line in caught.value.details)
    assert not Path("d.dvc").exists() and check_objects(".dvc/cache") == {}
    assert not Path(".gitignore").exists()


def test_a_target_behind_a_link_is_tracked_where_it_is(project: Project) -> None:
    write_tree("real", {"x": "1"})
    os.symlink("real", "link")
    assert run("link/x").pointers == ["real/x.dvc"] and is_clean(".")


def test_targets_that_hold_each_other_are_refused(project: Project) -> None:
    write_tree("d", {"s/a": "1"})
    with pytest.raises(CannotAddError, match="lies inside"):
        run("d", "d/s")
    with pytest.raises(OutsideProjectError):
        run("/")


def test_a_failure_in_the_third_leaves_the_first_two_whole(project: Project, run_git: Git) -> None:
    write_tree(".", {"a": "1", "b/x": "2", "c/x": "3"})
    os.mkfifo("c/fifo")
    with pytest.raises(CannotTrackError):
        run("a", "b", "c")
    assert {"a.dvc", "b.dvc"} <= staged(run_git) and not Path("c.dvc").exists()
    assert Path(".gitignore").read_text() == "/a\n/b\n"
    assert is_clean(".")


def test_glob(project: Project) -> None:
    write_tree(".", {"x1.csv": "1", "x2.csv": "2", "y": "", "s/t/z.csv": "3"})
    assert run("**/*.csv", glob=True).pointers == ["s/t/z.csv.dvc", "x1.csv.dvc", "x2.csv.dvc"]
    with pytest.raises(MissingTargetError):
        run("*.nothing", glob=True)
    write_tree(".", {"[x]": "1"})
    assert run("[x]").pointers == ["[x].dvc"]


def test_a_copy_from_outside(project: Project, tmp_path: Path) -> None:
    write_tree(tmp_path / "src", {"a": "1", "s/b": "2"})
    run(str(tmp_path / "src"), out="d")
    assert read_tree("d") == {"a": b"1", "s/b": b"2"} and is_clean(".")
    with pytest.raises(CannotAddError, match="already"):
        run(str(tmp_path / "src" / "a"), out="d")
    run(str(tmp_path / "src" / "a"), out="new/")
    assert Path("new/a").read_text() == "1" and Path("new/a.dvc").exists()
    write_tree(tmp_path / "src", {"a": "2"})
    run(str(tmp_path / "src" / "a"), out="new/a", force=True)
    assert Path("new/a").read_text() == "2" and leftovers(".") == []


def test_a_copy_of_what_the_project_lies_in_is_refused(project: Project, tmp_path: Path) -> None:
    with pytest.raises(CannotAddError):
        run(str(tmp_path), out="d")
    with pytest.raises(CannotAddError):
        run(".", out="d")
    assert not Path("d").exists() and leftovers(".") == []


def test_comments_and_order_of_a_pointer_stay(project: Project) -> None:
    write_tree(".", {"f": "1"})
    run("f")
    text = pointer("f.dvc")
    Path("f.dvc").write_text("# mine\n" + text + "  desc: 'what it is'\nmeta: {a: 1}\n")
    write_tree(".", {"f": "2"})
    run("f")
    assert pointer("f.dvc") == (
        f"# mine\nouts:\n- md5: {md5(b'2')}\n  size: 1\n  hash: md5\n  path: f\n"
        "  desc: 'what it is'\nmeta: {a: 1}\n"
    )


def test_a_broken_pointer_of_the_target_is_left(project: Project) -> None:
    write_tree(".", {"f": "1", "g": "1"})
    Path("f.dvc").write_text("<<<<<<< ours\n")
    with pytest.raises(GitDvcError):
        run("f")
    assert pointer("f.dvc") == "<<<<<<< ours\n"
    run("g")


@pytest.mark.parametrize("name", [".gitignore", "f.dvc"])
def test_nothing_is_written_through_a_link_to_elsewhere(
    project: Project, tmp_path: Path, name: str
) -> None:
    write_tree(tmp_path, {"victim": "theirs"})
    write_tree(".", {"f": "1"})
    os.symlink(tmp_path / "victim", name)
    with pytest.raises(GitDvcError) as caught:
        run("f")
    assert "\n" not in caught.value.message
    assert (tmp_path / "victim").read_text() == "theirs" and os.path.islink(name)


def test_autostage_can_be_turned_off(project: Project, run_git: Git) -> None:
    Path(".dvc/config.local").write_text("[core]\n    autostage = false\n")
    write_tree(".", {"f": "1"})
    assert not run("f").staged
    assert "f.dvc" not in staged(run_git)


def test_a_cache_outside_that_a_commit_chose_is_asked_for_first(
    project: Project, tmp_path: Path, run_git: Git
) -> None:
    elsewhere = tmp_path / "elsewhere"
    Path(".dvc/config").write_text(f"[cache]\n    dir = {elsewhere}\n")
    write_tree(".", {"f": "1"})
    with pytest.raises(CannotAddError, match="outside of the project"):
        run("f")
    assert not elsewhere.exists() and not Path("f.dvc").exists()
    run_git("config", "--add", "dvc.safeCacheDir", str(elsewhere), cwd=".")
    run("f")
    assert check_objects(elsewhere).keys() == {md5(b"1")}


def test_an_executable_keeps_its_bit_and_its_own_inode(project: Project) -> None:
    use(project, "hardlink")
    write_tree(".", {"tool": "#!"})
    os.chmod("tool", 0o755)
    run("tool")
    assert "isexec: true" in pointer("tool.dvc")
    assert stat.S_IMODE(os.stat("tool").st_mode) == 0o755
    os.chmod("tool", 0o644)
    run("tool")
    assert "isexec" not in pointer("tool.dvc")


def test_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from git_dvc.ops.init import init

    monkeypatch.chdir(tmp_path)
    init(".", no_scm=True)
    write_tree(".", {"d/a": "1"})
    assert not run("d").staged
    assert is_clean(".") and not Path(".gitignore").exists()


def test_a_missing_object_is_stored_again(project: Project) -> None:
    write_tree("d", {"a": "1", "b": "2"})
    run("d")
    Path(project.cache().path(md5(b"1"))).unlink()
    assert not is_clean(".")
    run("d")
    assert is_clean(".") and md5(b"1") in check_objects(".dvc/cache")


@LINKS
def test_a_cache_that_cannot_be_written_is_not_the_fault_of_the_data(
    project: Project, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(project, kind)
    write_tree("d", {"a": "1"})
    mkdir = os.mkdir

    def denied(path: str, *rest: int, **more: int) -> None:
        if "cache" in str(path):
            raise PermissionError(13, "Permission denied", path)
        mkdir(path, *rest, **more)

    monkeypatch.setattr(os, "mkdir", denied)
    with pytest.raises(PermissionError) as caught:
        run("d")
    assert ".dvc/cache" in str(caught.value.filename)
    assert os.stat("d/a").st_mode & stat.S_IWUSR and not Path("d.dvc").exists()
