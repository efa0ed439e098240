"""Projects of DVC 2: their hashes, cache layout and lock files, and the way to DVC 3.

Their hash is the MD5 of a text file with ``\\r\\n`` read as ``\\n``, and their objects lie two
directories higher. Neither program makes such a project any more, so it is made by hand here.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from git_dvc.formats import manifest
from tests.interop.harness import (
    Pair,
    Tool,
    commit,
    digest,
    git,
    object_path,
    objects,
    remove,
    start,
    text,
    tree,
    write,
)

LF = "one\ntwo\n"
CRLF = "one\r\ntwo\r\nthree\r\n"
BINARY = "\0\1\r\n\2" * 20
DIRECTORY = {"a.txt": "a\r\n", "sub/b.bin": "\0b\r\n", "sub/c": "c\n"}


def old_hash(content: str) -> str:
    """Return the hash DVC 2 gave a (short) file."""
    return digest(content if "\0" in content else content.replace("\r\n", "\n"))


def old_object(value: str) -> str:
    """Return where DVC 2 kept an object."""
    return f".dvc/cache/{value[:2]}/{value[2:]}"


def store(content: str, value: str = "") -> str:
    """Put an object into the old cache and return its hash."""
    value = value or old_hash(content)
    write(old_object(value), content)
    os.chmod(old_object(value), 0o444)
    return value


def pointer(path: str, value: str, size: int, nfiles: int | None = None) -> None:
    """Write a pointer file as DVC 2 did."""
    count = f"  nfiles: {nfiles}\n" if nfiles is not None else ""
    write(f"{path}.dvc", f"outs:\n- md5: {value}\n  size: {size}\n{count}  path: {path}\n")


def old_project() -> dict[str, str]:
    """Make a project of DVC 2 here and return its data, by path."""
    data = {"lf.txt": LF, "crlf.txt": CRLF, "data.bin": BINARY}
    for path, content in data.items():
        write(path, content)
        pointer(path, store(content), len(content))
    listing = {}
    for name, content in DIRECTORY.items():
        data[f"d/{name}"] = write(f"d/{name}", content) and content
        listing[name] = store(content)
    text_of_listing = manifest.dump(listing).decode()
    value = store(text_of_listing, digest(text_of_listing) + ".dir")
    pointer("d", value, sum(map(len, DIRECTORY.values())), len(DIRECTORY))
    write(".gitignore", "/lf.txt\n/crlf.txt\n/data.bin\n/d\n/made.txt\n/fresh.txt\n")
    return data


def lock_file(data: dict[str, str]) -> None:
    """Add a pipeline with one output of each time to the project."""
    made, fresh = "made\r\n", "fresh\r\n"
    write(
        "dvc.yaml",
        "stages:\n"
        "  make:\n    cmd: ./make\n    deps: [lf.txt]\n    outs:\n    - made.txt\n"
        "  again:\n    cmd: ./again\n    outs:\n    - fresh.txt\n",
    )
    write(
        "dvc.lock",
        "schema: '2.0'\nstages:\n"
        "  make:\n    cmd: ./make\n    deps:\n"
        f"    - path: lf.txt\n      md5: {old_hash(LF)}\n      size: {len(LF)}\n"
        f"    outs:\n    - path: made.txt\n      md5: {store(made)}\n      size: {len(made)}\n"
        "  again:\n    cmd: ./again\n    outs:\n"
        f"    - path: fresh.txt\n      hash: md5\n      md5: {digest(fresh)}\n"
        f"      size: {len(fresh)}\n",
    )
    write(object_path(digest(fresh)), fresh)
    os.chmod(object_path(digest(fresh)), 0o444)
    data["made.txt"] = write("made.txt", made) and made
    data["fresh.txt"] = write("fresh.txt", fresh) and fresh


def test_an_old_project_is_used_as_it_is(
    git_repo: Path, dvc: Tool, gd: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(gd)
    data = old_project()
    lock_file(data)
    commit("as DVC 2 left it")
    # The made-up commands have never run, so only the outputs are of interest to 'status'.
    assert dvc.json("data", "status") == gd.json("data", "status") == {}
    assert gd.json("status") == {}
    remove("lf.txt", "crlf.txt", "data.bin", "d", "made.txt", "fresh.txt")
    gd("checkout")
    assert tree(*data, "d") == data, "with the line ends they had"
    assert dvc.json("data", "status") == {}
    assert dvc("checkout") == ""

    # Other line ends are the same content for DVC 2, and both programs say so.
    write("crlf.txt", CRLF.replace("\r\n", "\n"))
    write("d/a.txt", "a\n")
    write("data.bin", BINARY.replace("\r\n", "\n"))
    assert gd.json("data", "status") == dvc.json("data", "status")
    assert gd.json("status")["data.bin.dvc"] == [{"changed outs": {"data.bin": "modified"}}]
    gd("checkout", "-f")
    write("crlf.txt", CRLF)
    write("d/a.txt", "a\r\n")

    # What is unchanged stays in the old form; what changed moves to the new one, as in DVC.
    gd("add", "lf.txt", "crlf.txt", "data.bin", "d")
    assert git("status", "--porcelain") == ""
    before = objects()
    remove(".dvc/tmp")
    os.mkdir(".dvc/tmp")
    twin = git_repo.parent / "twin"
    shutil.copytree(git_repo, twin, symlinks=True)
    results = []
    for tool, place in ((dvc, twin), (gd, git_repo)):
        monkeypatch.chdir(place)
        write("crlf.txt", CRLF + "four\r\n")
        write("d/sub/new", "new\r\n")
        tool("add", "crlf.txt", "d")
        results.append(({name: text(name) for name in ("crlf.txt.dvc", "d.dvc")}, objects()))
        assert text("crlf.txt.dvc").endswith("  path: crlf.txt\n  hash: md5\n")
        assert tool.json("data", "status").keys() == {"committed"}
    assert results[0][0] == results[1][0]
    # DVC stores a listing in the old form as well, which no pointer names.
    assert results[1][1].items() <= results[0][1].items()
    assert before.items() <= results[1][1].items()
    assert object_path(digest(CRLF + "four\r\n"))[11:] in results[1][1]
    assert dvc.json("data", "status").keys() == {"committed"}
    commit("changed")
    git("checkout", "-q", "HEAD~1")
    gd("checkout")
    assert tree(*data, "d") == data
    assert dvc.json("data", "status") == {}


@pytest.mark.parametrize("flags", [[], ["--dvc-files"]], ids=["cache", "cache and pointers"])
def test_migration(git_repo: Path, pair: Pair, flags: list[str]) -> None:
    x, y = pair
    start(x)
    data = old_project()
    commit("as DVC 2 left it")
    x("cache", "migrate", *flags)
    assert x.is_clean()
    assert y.is_clean()
    pointers = [f"{path}.dvc" for path in ("lf.txt", "crlf.txt", "data.bin", "d")]
    assert all(text(path).endswith("hash: md5\n") == bool(flags) for path in pointers)
    # Every file is in the new layout, by its new hash; the old names still lead to it.
    for content in data.values():
        assert text(object_path(digest(content))) == content
        assert text(old_object(old_hash(content))) == content
    remove("lf.txt", "crlf.txt", "data.bin", "d")
    y("checkout")
    assert tree("lf.txt", "crlf.txt", "data.bin", "d") == data
    assert y.is_clean()
    y("cache", "migrate", *flags)
    assert x.is_clean()
