"""Checkout, links to the cache, shared and damaged caches."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.interop.harness import (
    Pair,
    Tool,
    commit,
    digest,
    git,
    mode,
    object_path,
    objects,
    remove,
    start,
    text,
    tree,
    write,
)


def lines(said: str) -> list[str]:
    """Return the lines for outputs: letter and path, with a tab or spaces between them."""
    found = [line.split(maxsplit=1) for line in said.splitlines() if line[:2].strip() in "MAD"]
    return sorted(" ".join(words) for words in found if len(words) == 2)


def test_switching_versions(git_repo: Path, pair: Pair) -> None:
    x, y = pair
    start(x)
    write("d/same", "same\n")
    write("d/changed", "one\n")
    write("d/sub/dropped", "dropped\n")
    write("f", "one\n")
    write("same.txt", "same\n")
    write("becomes", "a file\n")
    x("add", "d", "f", "same.txt", "becomes")
    commit("v1")
    git("tag", "v1")
    first = tree("d", "f", "same.txt", "becomes")
    write("d/changed", "two\n")
    os.unlink("d/sub/dropped")
    write("d/added", "added\n")
    write("f", "two\n")
    remove("becomes")
    write("becomes/1", "a directory\n")
    write("new.bin", "new\n")
    write("newdir/1", "1\n")
    x("add", "d", "f", "becomes", "new.bin", "newdir")
    commit("v2")
    git("tag", "v2")
    second = tree("d", "f", "same.txt", "becomes", "new.bin", "newdir")

    git("checkout", "-q", "v1")
    said = x("checkout")
    assert lines(said) == ["D new.bin", "D newdir/", "M becomes", "M d/", "M f"]
    assert tree("d", "f", "same.txt", "becomes") == first
    assert not os.path.lexists("new.bin") and not os.path.lexists("newdir")
    assert y.is_clean()
    assert y("checkout") == ""

    git("checkout", "-q", "v2")
    said = y("checkout")
    assert lines(said) == ["A new.bin", "A newdir/", "M becomes/", "M d/", "M f"]
    assert tree("d", "f", "same.txt", "becomes", "new.bin", "newdir") == second
    assert x.is_clean()
    assert x("checkout") == ""

    # One file at another version, one file of a directory, and the counts.
    git("checkout", "-q", "v1", "--", "f.dvc")
    assert lines(x("checkout", "f.dvc")) == ["M f"]
    assert text("f") == "one\n"
    assert y.is_clean()
    remove("d/added", "d/same", "newdir")
    y("checkout", "d/added")
    assert os.path.exists("d/added") and not os.path.exists("d/same")
    assert "2 files added" in x("checkout", "--summary")
    assert y.is_clean()
    git("checkout", "-q", "v2", "--", "f.dvc")
    assert "1 file modified" in y("checkout", "--summary")
    assert x("checkout", "--summary") == "No changes."
    assert x.is_clean()


def test_unsaved_data_stays(git_repo: Path, dvc: Tool, gd: Tool) -> None:
    start(dvc)
    write(".dvcignore", "*.log\n")
    write("f", "one\n")
    write("d/1", "1\n")
    write("old", "old\n")
    write("kept", "kept\n")
    dvc("add", "f", "d", "old", "kept")
    commit("v1")
    git("rm", "-q", "old.dvc", "kept.dvc")
    write("f", "two\n")
    dvc("add", "f")
    commit("v2")
    git("checkout", "-q", "HEAD~1")
    gd("checkout")

    # Content that is in the cache is replaced without a question, as in DVC.
    write("f", "two\n")
    assert lines(gd("checkout")) == ["M f"]
    assert text("f") == "one\n"

    # Anything else stays, the rest goes on, and the exit code tells.
    write("f", "mine\n")
    write("d/extra", "extra\n")
    write("d/x.log", "log\n")
    os.unlink("d/1")
    assert "unsaved" in dvc.fails("checkout").err
    said = gd.fails("checkout").err
    assert "f" in said and "d/extra" in said and "x.log" not in said
    assert (text("f"), text("d/extra"), text("d/1")) == ("mine\n", "extra\n", "1\n")
    assert gd.json("status") == dvc.json("status") == {
        "f.dvc": [{"changed outs": {"f": "modified"}}],
        "d.dvc": [{"changed outs": {"d": "modified"}}],
    }  # fmt: skip
    gd("checkout", "-f")
    assert tree("f", "d") == {"f": "one\n", "d/1": "1\n", "d/x.log": "log\n"}
    assert dvc.is_clean()

    # An output that the new version does not have goes only if it is as it was.
    write("kept", "changed\n")
    git("checkout", "-q", "main")
    done = gd.run("checkout")
    assert lines(done.out) == ["D old", "M f"]
    assert not os.path.exists("old")
    assert text("kept") == "changed\n"
    assert dvc.is_clean()

    # A foreign file where an output is to be.
    git("checkout", "-q", "HEAD~1")
    write("old", "somebody's\n")
    assert "old" in gd.fails("checkout").err
    assert text("old") == "somebody's\n"


def is_writable_copy(path: str, content: str) -> bool:
    """Return whether a file can be edited without harm to the cache."""
    found = os.lstat(path)
    return found.st_nlink == 1 and bool(mode(path) & 0o200) and text(path) == content


@pytest.mark.parametrize("kinds", ["hardlink", "symlink", "reflink,hardlink,copy"])
def test_links(git_repo: Path, pair: Pair, kinds: str) -> None:
    x, y = pair
    start(x)
    content = {"f": "file\n", "d/1": "1\n", "d/sub/2": "2\n", "d/empty": ""}
    for path, body in content.items():
        write(path, body)
    x("add", "f", "d")
    commit("copies")
    x("config", "cache.type", kinds)
    x("checkout", "--relink")
    for path, body in content.items():
        stored = object_path(digest(body))
        assert text(path) == body
        if kinds == "symlink":
            assert os.path.islink(path) and os.path.samefile(path, stored)
            assert os.path.isabs(os.readlink(path))
        elif not body:
            assert os.lstat(path).st_nlink == 1
        elif kinds == "hardlink" or os.path.samefile(path, stored):
            assert os.path.samefile(path, stored)
            assert mode(path) == 0o444
    assert y.is_clean()
    assert y("checkout") == ""

    # A new file becomes such a link in 'add', and the other one can take it off.
    write("g", "added\n")
    y("add", "g")
    if kinds != "symlink":
        assert os.path.samefile("g", object_path(digest("added\n"))) or kinds[0] == "r"
    else:
        assert os.path.islink("g")
    assert x.is_clean()
    y("unprotect", "f", "d", "g")
    for path, body in {**content, "g": "added\n"}.items():
        assert is_writable_copy(path, body)
    assert x.is_clean()
    with open("f", "a") as file:
        file.write("more\n")
    stored = object_path(digest("file\n"))
    assert text(stored) == "file\n" and mode(stored) == 0o444

    # And links come back over copies.
    y("checkout", "-f", "f")
    x("checkout", "--relink")
    assert text("f") == "file\n"
    assert y.is_clean()


def test_damaged_and_missing_objects(
    git_repo: Path, dvc: Tool, gd: Tool, isolated_home: Path
) -> None:
    start(dvc)
    write("f", "file\n")
    write("g", "good\n")
    for name in ("1", "2", "sub/3"):
        write(f"d/{name}", f"{name}\n")
    write("lost/1", "lost 1\n")
    dvc("add", "f", "g", "d", "lost")
    commit("v1")

    # An object that was written to: not checked out by either.
    damaged = object_path(digest("file\n"))
    os.chmod(damaged, 0o644)
    Path(damaged).write_text("damaged\n")
    remove("f")
    said = gd.fails("checkout", "f.dvc").err
    assert "f" in said
    assert not os.path.exists("f")
    assert not os.path.exists(damaged), "set aside, so that DVC does not use it"
    assert dvc.json("status")["f.dvc"] == [{"changed outs": {"f": "not in cache"}}]
    assert gd.json("status")["f.dvc"] == [{"changed outs": {"f": "not in cache"}}]

    # One object of a directory is missing, and one listing.
    remove(object_path(digest("2\n")))
    listing = next(line.split()[2] for line in text("lost.dvc").splitlines() if ".dir" in line)
    remove(object_path(listing))
    remove("d/1", "d/2", "g")
    site = isolated_home / "dvc-site-cache"
    for words in (["status"], ["data", "status"], ["data", "status", "--granular"]):
        remove(str(site))
        assert dvc.json(*words) == gd.json(*words)
    said = gd.fails("checkout").err
    for name in ("d/2", "f"):
        assert name in said
    # DVC deletes all of d here (B1); we restore what there is and keep the rest. What is in
    # place in 'lost' has the hash of the listing that is gone, so nothing is to be done.
    assert "lost" not in said
    assert tree("d", "g", "lost") == {
        "d/1": "1\n", "d/sub/3": "sub/3\n", "g": "good\n", "lost/1": "lost 1\n"
    }  # fmt: skip
    gd("checkout", "--allow-missing")
    assert dvc.fails("checkout").code == 255
    gd.fails("checkout")
    dvc("checkout", "--allow-missing")

    # Adding the same data again mends the cache.
    write("d/1", "1\n")
    write("d/2", "2\n")
    write("d/sub/3", "sub/3\n")
    write("lost/1", "lost 1\n")
    write("f", "file\n")
    gd("add", "d", "lost", "f", "g")
    assert git("status", "--porcelain") == ""
    assert dvc.is_clean()


def test_two_clones_share_a_cache(git_repo: Path, pair: Pair, tmp_path: Path) -> None:
    x, y = pair
    start(x)
    shared = str(tmp_path / "shared")
    x("cache", "dir", shared)
    x("config", "cache.type", "hardlink")
    write("f", "file\n")
    write("d/1", "1\n")
    x("add", "f", "d")
    commit("data")
    clone = tmp_path / "clone"
    git("clone", "-q", str(git_repo), str(clone))
    said = y("checkout", cwd=clone)
    assert lines(said) == ["A d/", "A f"]
    assert y.is_clean(clone)
    for path in ("f", "d/1"):
        assert os.path.samefile(clone / path, path)
    assert not (clone / ".dvc" / "cache").exists()
    write(str(clone / "f"), "changed\n")
    y("add", "f", cwd=clone)
    git("commit", "-aqm", "changed", cwd=clone)
    git("pull", "-q", str(clone), "HEAD")
    x("checkout")
    assert text("f") == "changed\n"
    assert x.is_clean()
    assert len(objects(shared)) == 4


def test_where_dvc_would_lose_data(git_repo: Path, dvc: Tool, gd: Tool, tmp_path: Path) -> None:
    """Checklist B1, on a project that DVC made."""
    start(dvc)
    write("f", "file\n")
    for name in ("1", "2"):
        write(f"d/{name}", f"{name}\n")
    dvc("add", "f", "d")
    commit("v1")

    # A link type that does not work here: DVC deletes the files and then complains.
    before = tree("f", "d")
    write(".dvc/config.local", "[cache]\n    type = reflink\n")
    gd.run("checkout", "--relink")  # succeeds where the file system can do it
    assert tree("f", "d") == before
    remove(".dvc/config.local")

    # One file of a directory: DVC's 'commit' lists others, too, and stores only this one.
    write("d/1", "1 changed\n")
    write("d/2", "2 changed\n")
    write("d/3", "3 new\n")
    gd("commit", "-f", "d/1")
    for tool in (gd, dvc):
        found = tool.json("data", "status", "--granular")
        assert "not_in_cache" not in found
    gd("add", "d")
    assert dvc.is_clean()
    commit("v2")

    # A name that JSON cannot hold, and things that are not files.
    before_all = objects(), text("d.dvc")
    odd = os.fsencode("d/") + b"\xff\xfe"
    Path(os.fsdecode(odd)).write_text("odd\n")
    assert gd.fails("add", "d").err.startswith("error: ")
    os.unlink(odd)
    os.mkfifo("d/pipe")
    assert "d/pipe" in gd.fails("add", "d").err
    os.unlink("d/pipe")
    assert (objects(), text("d.dvc")) == before_all

    # A linked work tree: DVC gives it an empty cache of its own.
    linked = str(tmp_path / "linked")
    git("worktree", "add", "-q", linked, "HEAD~1")
    gd("checkout", cwd=linked)
    assert text(f"{linked}/d/1") == "1\n"
    assert not os.path.exists(f"{linked}/.dvc/cache")
    assert gd.is_clean(linked)
    assert gd.is_clean()
