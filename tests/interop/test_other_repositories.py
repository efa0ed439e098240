"""``get`` and ``list`` against repositories that the other program made (checklist A4, 63)."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.interop.harness import Pair, Tool, commit, git, start, write
from tests.scene import read_tree


def make(tool: Tool) -> None:
    """Make a project with two versions in the current directory."""
    start(tool)
    for name in ("data/a", "data/sub/b", "data/sub/c d", "model", "code/weights", "code/x.py"):
        write(name, f"{name} v1\n")
    os.chmod("code/x.py", 0o755)
    os.chmod("model", 0o755)
    os.symlink("code/x.py", "link")
    write("ignored", "no\n")
    write(".dvcignore", "ignored\n")
    tool("add", "data", "model", "code/weights")
    commit("v1")
    git("tag", "v1")
    write("data/a", "data/a v2, longer\n")
    write("data/new", "new\n")
    tool("add", "data")
    commit("v2")


def test_both_list_and_copy_the_same(tmp_path: Path, pair: Pair) -> None:
    both = tuple(pair)[:2]
    maker = both[0].name
    for tool in both:
        (tmp_path / tool.name).mkdir()
    source = tmp_path / "source"
    source.mkdir()
    os.chdir(source)
    git("init", "-q", "-b", "main")
    make(both[0])
    # Asked of both, whoever made it; where it is a work tree, sizes are those of the disk.
    for words in (
        ["data"],
        ["-R"],
        ["-R", "--dvc-only", "--rev", "v1"],
        ["-R", "--rev", "HEAD"],
        ["-R", "-L", "2", "--rev", "main"],
    ):
        theirs, ours = (
            json.loads(tool("list", str(source), *words, "--json", cwd=tmp_path)) for tool in both
        )
        assert ours == theirs, (maker, words)
    for words in (["data/sub", "--rev", "v1"], ["data/a", "--rev", "v1"], ["code"]):
        for tool in both:
            tool("get", str(source), *words, cwd=tmp_path / tool.name)
    one, other = (read_tree(tmp_path / tool.name) for tool in both)
    assert one == other
    assert one["a"] == b"data/a v1\n"
    for tool in both:
        tool.fails("get", str(source), "code", cwd=tmp_path / tool.name)
        tool.fails("get", str(source), "nosuch", cwd=tmp_path / tool.name)
