"""Pointer files, ``.gitignore`` lines and cache objects: the same bytes from both programs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

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

HELLO = "b1946ac92492d2347c6235b4d2611184"
NEWLINE = "\n"
ODD_NAMES = ["x[1].txt", "#h", "sp ace.txt", "!n", "star*.txt", "it's.txt", "no", "1e3", "ü.txt"]


def fill() -> list[str]:
    """Make one of every kind of data here and return the targets."""
    write("f", "hello\n")
    write("tool", "#!/bin/sh\n")
    os.chmod("tool", 0o755)
    write("z", "")
    os.mkdir("e")
    write("crlf.txt", "one\r\ntwo\r\n")
    for name in ("a-b", "a.b", "a/b", "A", "a", "B/c", "empty", "Übung ä.txt", "sp ace", 'q"q'):
        if name != "a":
            write(f"dir/{name}", f"{name}\n")
    write("dir/empty", "")
    write("dir/tool", "#!/bin/sh\n")
    os.chmod("dir/tool", 0o755)
    write(".gitignore", "*.dat\nlast line without an end")
    write("data.dat", "data\n")
    write(".dvcignore", "# comment\n*.tmp\n/pack/ign/d2/\n!keep.tmp\n")
    for name in ("1", "x.tmp", "keep.tmp", "d2/1", "d3/d2/1", "d3/skip.me", "d3/keep.me"):
        write(f"pack/ign/{name}", f"{name}\n")
    write("pack/.dvcignore", "*.me\n!keep.me\n")
    write("sub/deep/g", "g\n")
    for name in ODD_NAMES:
        write(name, f"{name}\n")
    return [
        "f", "tool", "z", "e", "crlf.txt", "dir", "data.dat", "pack/ign", "sub/deep/g", *ODD_NAMES
    ]  # fmt: skip


def test_both_write_the_same_bytes(
    git_repo: Path, dvc: Tool, gd: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for tool in (dvc, gd):
        place = git_repo / tool.name
        place.mkdir()
        monkeypatch.chdir(place)
        git("init", "-q")
        start(tool)
        targets = fill()
        tool("add", *targets)
        made = objects()
        assert {mode(f".dvc/cache/{path}") for path in made} == {0o444}
        git("add", "-A")
        files = {path: text(path) for path in git("ls-files", "-z").split("\0") if path}
        found.append((files, made))
        ignored = git("check-ignore", *targets).splitlines()
        assert len(ignored) == len(targets)
        # Unchanged data: nothing is written anew.
        before = {path: os.stat(path).st_mtime_ns for path in files}
        tool("add", "f", "dir")
        assert tree(*files) == files
        if tool is gd:
            assert {path: os.stat(path).st_mtime_ns for path in files} == before
    (dvc_files, dvc_objects), (gd_files, gd_objects) = found
    # Besides the lines that have Git show data, the comment in the template of .dvcignore is
    # the only text that is our own.
    assert ".gitattributes" not in dvc_files
    del gd_files[".gitattributes"]
    assert gd_files == dvc_files
    assert gd_objects == dvc_objects

    assert f"md5: {HELLO}\n" in gd_files["f.dvc"]
    assert object_path(HELLO)[len(".dvc/cache/") :] in gd_objects
    assert "isexec: true" in gd_files["tool.dvc"]
    assert "d751713988987e9331980363e24189ce.dir\n  size: 0\n  nfiles: 0" in gd_files["e.dvc"]
    assert "d41d8cd98f00b204e9800998ecf8427e\n  size: 0" in gd_files["z.dvc"]
    assert digest("one\r\ntwo\r\n") in gd_files["crlf.txt.dvc"]
    assert "data.dat" not in gd_files[".gitignore"]


def test_what_one_does_is_clean_for_the_other(git_repo: Path, pair: Pair) -> None:
    x, y = pair
    start(x)
    targets = fill()
    x("add", *targets)
    commit("all of it")
    assert y.is_clean()
    assert git("status", "--porcelain") == ""

    # The bit of a program comes back, and only that.
    remove("tool", "f", "dir/a.b")
    y("checkout", "tool", "f.dvc", "dir")
    assert mode("tool") & 0o100
    assert not mode("f") & 0o100
    assert text("dir/a.b") == "a.b\n"

    # Changed: by 'add' and by 'commit'; old and new content stay in the cache.
    write("f", "second\n")
    write("dir/new/1", "new\n")
    y("add", "f", "dir")
    assert x.is_clean()
    write("f", "third\n")
    os.unlink("dir/A")
    y("commit", "-f", "f.dvc", "dir")
    assert x.is_clean()
    for content in ("hello\n", "second\n", "third\n", "new\n", "A\n"):
        assert os.path.isfile(object_path(digest(content)))

    # Stored later, by the other one.
    write("g", "later\n")
    x("add", "--no-commit", "g")
    assert y.json("status") == {"g.dvc": [{"changed outs": {"g": "not in cache"}}]}
    y("commit", "g.dvc")
    assert x.is_clean()

    # A file of a tracked directory alone: the same listing as all of it.
    write("dir/inside", "inside\n")
    y("add", "dir/inside")
    assert x.is_clean()
    alone = text("dir.dvc")
    x("add", "dir")
    assert listing_of(alone) == listing_of(text("dir.dvc"))

    commit("changes")
    y("remove", "f.dvc")
    assert text("f") == "third\n"
    y("remove", "--outs", "z.dvc")
    assert not os.path.exists("z")
    os.mkdir("moved")
    y("move", "crlf.txt", "moved/g")
    y("move", "dir", "newdir")
    y("remove", "sub/deep/g.dvc")
    assert not os.path.exists("sub/deep/.gitignore")
    assert x.is_clean()
    assert sorted(text("moved/.gitignore").split()) == ["/g"]
    lines = text(".gitignore").splitlines()
    assert "/newdir" in lines
    assert not {"/f", "/z", "/crlf.txt", "/dir"} & set(lines)
    assert tree("newdir")["newdir/inside"] == "inside\n"
    if y.name == "gd":
        # DVC leaves lines with escapes behind (B3).
        y("remove", *(f"{name}.dvc" for name in ODD_NAMES))
        assert x.is_clean()
        assert "[" not in text(".gitignore") and "#" not in text(".gitignore")
        shown = git("status", "--porcelain", "-z", "--untracked-files").split("\0")
        assert {f"?? {name}" for name in ODD_NAMES} <= set(shown)


def listing_of(pointer: str) -> str:
    """Return the hash that a pointer file names."""
    value = yaml.safe_load(pointer)["outs"][0]["md5"]
    assert isinstance(value, str)
    return value


ANNOTATED = """\
# what this is
outs:
  # the data
  - desc: 'our data'   # why
    type: dataset
    labels: [a, b,   c]
    md5: {md5}
    size: {size}
    hash: md5
    path: data
    meta: {{owner: "me", n: 1}}
    push: false
    persist: true
    remote: store
meta:
    list: [1, 2]
    text: |
      two
      lines
desc: all of it
# the end
"""


TWO_OUTS = f"""\
outs:
- {{md5: {digest("one" + NEWLINE)}, size: 4, hash: md5, path: out1}}
- md5: {digest("two" + NEWLINE)}
  size: 4
  hash: md5
  path: sub/out2
"""
OTHER_WDIR = f"""\
outs:
- md5: {digest("up" + NEWLINE)}
  size: 3
  hash: md5
  path: up.txt
wdir: ..
"""


def test_hand_made_pointers_keep_what_is_theirs(
    git_repo: Path, dvc: Tool, gd: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = {"md5": digest("old\n"), "size": 4}
    new = {"md5": digest("changed\n"), "size": 8}
    results = []
    for tool in (dvc, gd):
        place = git_repo / tool.name
        place.mkdir()
        monkeypatch.chdir(place)
        git("init", "-q")
        start(tool)
        write("data", "old\n")
        write("out1", "one\n")
        write("sub/out2", "two\n")
        write("up.txt", "up\n")
        tool("add", "data", "out1", "sub/out2", "up.txt")
        remove("out1.dvc", "sub/out2.dvc", "up.txt.dvc", "data.dvc")
        write("data.dvc", ANNOTATED.format(**old))
        write("both.dvc", TWO_OUTS)
        write("place/up.dvc", OTHER_WDIR)
        write(".dvc/config", "['remote \"store\"']\n    url = /nowhere\n")
        assert tool.is_clean()

        write("data", "changed\n")
        write("out1", "one changed\n")
        os.unlink("up.txt")
        status = tool.json("status")
        # DVC breaks off if an output whose directory is unchanged is named, too (B2).
        tool("checkout", "place/up.dvc", *(["sub/out2"] if tool is gd else []))
        tool("add", "data")
        write("sub/out2", "two changed\n")
        tool("add", "sub/out2")
        rest = tool.json("status")
        tool("commit", "-f", "both.dvc")
        write("up.txt", "up changed\n")
        tool("add", "up.txt")
        results.append(
            (
                status,
                rest,
                {path: yaml.safe_load(text(path)) for path in pointers()},
                tree("up.txt"),
            )
        )
        assert tool.is_clean()
    assert results[0] == results[1]
    # Here, in the directory of gd: nothing moved but the two values.
    assert text("data.dvc") == ANNOTATED.format(**new)
    assert dvc.is_clean()

    # DVC refuses the whole project for an unknown key; we name the file and go on (B2).
    write("bad.dvc", f"outs:\n- md5: {HELLO}\n  path: bad\n  colour: red\n")
    dvc.fails("status")
    write("data", "changed again\n")
    found = gd.run("status")
    assert "bad.dvc" in found.out + found.err
    assert "colour" in found.out + found.err
    assert gd.json("status")["data.dvc"] == [{"changed outs": {"data": "modified"}}]
    gd("add", "data")
    write("bad", "hello\n")
    assert "colour" in gd.fails("add", "bad").err
    assert text("bad.dvc").endswith("colour: red\n")
    remove("bad.dvc", "bad")
    assert dvc.is_clean()


def pointers() -> list[str]:
    """Return the pointer files here."""
    return sorted(str(path) for path in Path().rglob("*.dvc") if path.is_file())


def test_what_cannot_be_added_changes_nothing(git_repo: Path, dvc: Tool, gd: Tool) -> None:
    start(gd)
    write("code.py", "print()\n")
    commit("code")
    write("f", "f\n")
    write("tracked", "tracked\n")
    gd("add", "tracked")
    commit("tracked")
    write("other", "other\n")
    write("d/1", "1\n")
    os.symlink("..", "d/around")
    os.symlink("nowhere", "broken")
    write("hidden.tmp", "hidden\n")
    write(".dvcignore", "*.tmp\n")
    write("covered/data", "data\n")
    write("covered/.gitignore", "*.dvc\n")
    commit_state = git("status", "--porcelain")
    before = objects(), text(".gitignore"), pointers()
    for targets in (
        ["code.py"],
        ["f", "nosuch"],
        ["d"],  # DVC silently leaves the link to a directory out
        ["broken"],
        ["hidden.tmp"],
        ["covered/data"],
        ["tracked.dvc"],
        ["."],
        ["f", "/etc/hosts"],
    ):
        said = gd.fails("add", *targets).err
        assert said.startswith("error: "), said
        after = objects(), text(".gitignore"), pointers()
        assert after == before, targets
        assert git("status", "--porcelain") == commit_state, targets
    # DVC overwrites what is at the destination (B1).
    assert "other" in gd.fails("move", "tracked", "other").err
    assert (text("tracked"), text("other")) == ("tracked\n", "other\n")
    assert gd.is_clean()
    remove("d", "broken", "covered")
    assert dvc.is_clean()


def test_ignore_rules_give_the_same_verdicts(git_repo: Path, dvc: Tool, gd: Tool) -> None:
    start(dvc)
    fill()
    write(".dvcignore", "*.tmp\n/pack/ign/d2/\n!keep.tmp\nlogs/**/x\n\\#h\nsp*.txt\n")
    paths = [
        "pack/ign/1", "pack/ign/x.tmp", "pack/ign/keep.tmp", "pack/ign/d2/1", "pack/ign/d3/d2/1",
        "pack/ign/d3/skip.me", "pack/ign/d3/keep.me", "logs/a/b/x", "#h",
        "sp ace.txt", "f", "nosuch.tmp",
    ]  # fmt: skip
    for flags in ([], ["-d"], ["-d", "-n"]):
        expected = dvc.run("check-ignore", *flags, *paths)
        found = gd.run("check-ignore", *flags, *paths)
        assert (found.code, sorted(found.out.splitlines())) == (
            expected.code,
            sorted(expected.out.splitlines()),
        ), flags
    assert dvc.run("check-ignore", "f").code == gd.run("check-ignore", "f").code == 1
