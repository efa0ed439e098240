"""Merged pointer and lock files, as the original program reads them."""

from __future__ import annotations

import os
from pathlib import Path

from tests.conflicts import ATTRIBUTES
from tests.interop.harness import Tool, commit, git, start, text, tree, write


def prepare(gd: Tool, dvc: Tool) -> None:
    start(dvc)
    git("config", "merge.dvc.name", "data")
    git("config", "merge.dvc.driver", f"'{gd.path}' merge-driver %O %A %B %L %P")
    write(".gitattributes", ATTRIBUTES)


def test_a_merged_directory(git_repo: Path, dvc: Tool, gd: Tool) -> None:
    prepare(gd, dvc)
    for name in ("a", "b", "c/d"):
        write(f"data/{name}", f"{name}\n")
    dvc("add", "data")
    commit("base")
    git("branch", "side")
    write("data/a", "ours\n")
    write("data/é", "ours\n")
    dvc("add", "data")
    commit("ours")
    git("checkout", "-q", "side")
    dvc("checkout")
    write("data/b", "theirs\n")
    os.unlink("data/c/d")
    gd("add", "data")
    commit("theirs")
    git("checkout", "-q", "main")
    git("merge", "-q", "side", "-m", "merged")
    dvc("checkout")
    merged = {"data/a": "ours\n", "data/b": "theirs\n", "data/é": "ours\n"}
    assert tree("data") == merged
    assert dvc.is_clean() and gd.is_clean()
    # It is the very pointer that the original writes for such a directory, size and all.
    before = text("data.dvc")
    os.unlink("data.dvc")
    dvc("add", "data")
    assert text("data.dvc") == before

    # A conflict, too, is a pointer that the original brings.
    git("checkout", "-q", "side")
    dvc("checkout")
    write("data/a", "both\n")
    dvc("add", "data")
    commit("conflict")
    git("checkout", "-q", "main")
    dvc("checkout")
    git("merge", "-q", "side", check=False)
    assert git("ls-files", "-u") != ""
    dvc("checkout")
    assert tree("data") == {**merged, "data/a~theirs": "both\n"}
    gd("resolve", "--theirs", "data")
    assert tree("data") == {**merged, "data/a": "both\n"}
    commit("resolved")
    assert dvc.is_clean() and gd.is_clean()


def test_a_merged_lock_file(git_repo: Path, dvc: Tool, gd: Tool) -> None:
    prepare(gd, dvc)
    write(
        "dvc.yaml",
        "stages:\n"
        "  one:\n    cmd: cp a one\n    deps: [a]\n    outs: [one]\n"
        "  two:\n    cmd: cp b two\n    deps: [b]\n    outs: [two]\n",
    )
    write("a", "a\n")
    write("b", "b\n")
    dvc("repro")
    commit("base")
    git("branch", "side")
    write("a", "ours\n")
    dvc("repro")
    commit("ours")
    git("checkout", "-q", "side")
    dvc("checkout")
    write("b", "theirs\n")
    dvc("repro")
    commit("theirs")
    git("checkout", "-q", "main")
    git("merge", "-q", "side", "-m", "merged")
    dvc("checkout")
    assert (text("one"), text("two")) == ("ours\n", "theirs\n")
    assert dvc.is_clean() and gd.is_clean()
    before = text("dvc.lock")
    os.unlink("dvc.lock")
    dvc("repro")
    assert text("dvc.lock") == before
