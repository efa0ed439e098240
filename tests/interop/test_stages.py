"""Checklist A5, 70 and 80: stages that one program writes, seen by the other, and their graph."""

from __future__ import annotations

import re
from pathlib import Path

from tests.interop.harness import Pair, Tool, commit, remove, start, text, write

TRAIN = (
    *("-d", "in.csv", "-d", "./train.py", "-p", "seed,train.lr", "-p", "more.toml:b,a"),
    *("-p", "all.json:", "-o", "model.bin", "-o", "outd/", "-O", "plain"),
    *("--outs-persist", "log", "--outs-persist-no-cache", "log2"),
    *("-m", "m.json", "-M", "metrics.json", "--plots", "p.csv", "--plots-no-cache", "plot.csv"),
    *("--desc", "trainer: the first", "--always-changed"),
)
MAKES = "model.bin plain log log2 m.json metrics.json p.csv plot.csv"
SCRIPT = f"""\
import os, sys
os.makedirs("outd", exist_ok=True)
for name in [*"{MAKES}".split(), "outd/x"]:
    open(name, "w").write("{{}}")
"""


def edges(graph: str) -> set[tuple[str, ...]]:
    """Return the edges of a graph in DOT, and the nodes as tuples of one."""
    found = {match.groups() for match in re.finditer(r'"(.+)" -> "(.+)";', graph)}
    return found | {match.groups() for match in re.finditer(r'^"([^"]+)";$', graph, re.M)}


def mermaid_edges(graph: str) -> set[tuple[str, ...]]:
    """Return the edges of a graph in Mermaid, by label."""
    label = dict(re.findall(r'(node\d+)\["(.+)"\]', graph))
    return {(label[a], label[b]) for a, b in re.findall(r"(node\d+)-->(node\d+)", graph)}


def test_70_a_stage_is_written_alike_and_works_for_the_other(git_repo: Path, pair: Pair) -> None:
    x, y = pair
    start(x)
    write("in.csv", "1\n")
    write("sub/in", "2\n")
    write("train.py", SCRIPT)
    write("params.yaml", "seed: 1\ntrain: {lr: 0.1}\n")
    write("more.toml", "a = 1\nb = 2\n")
    write("all.json", '{"x": 1}')
    written = {}
    for tool in (y, x):
        if tool is x:
            remove("dvc.yaml", ".gitignore", "sub/.gitignore")
        tool("stage", "add", "-n", "train", *TRAIN, "python3", "train.py", "--tag", "a b")
        tool("stage", "add", "-n", "cat", "-w", "sub", "-d", "in", "-o", "out", "cat in > out")
        tool("stage", "add", "-n", "late", "-d", "model.bin", "echo late")
        tool("stage", "add", "-f", "-n", "late", "-d", "log", "-d", "sub/out", "echo later")
        tool("freeze", "late")
        ignored = sorted(text(".gitignore").split()), text("sub/.gitignore").split()
        written[tool] = text("dvc.yaml"), ignored
    assert written[x] == written[y]
    rows = [tool("stage", "list").splitlines() for tool in (x, y)]
    assert rows[0] == rows[1]
    assert y("stage", "list", "--name-only").split() == ["train", "cat", "late"]
    commit("stages")
    y("repro")
    assert text("sub/out") == "2\n"
    assert x.json("status") == {"train": ["always changed"]}
    x("unfreeze", "late")
    assert "frozen" not in text("dvc.yaml")
    for words in (["cat", "x"], ["new", "-o", "model.bin", "x"], ["n@w", "x"]):
        for tool in (x, y):
            tool.fails("stage", "add", "-n", *words)


def test_80_the_graph_has_the_same_edges(git_repo: Path, gd: Tool, dvc: Tool) -> None:
    start(gd)
    write("raw", "1")
    gd("add", "raw")
    write(
        "dvc.yaml",
        """\
stages:
  prepare: {cmd: x, deps: [raw], outs: [data]}
  each:
    foreach: [a, b]
    do: {cmd: "x ${item}", deps: [data/in], outs: ["out/${item}"]}
  grid:
    matrix: {m: [1, 2]}
    cmd: x ${item.m}
    deps: [out]
    metrics: ["m${item.m}.json"]
  alone: {cmd: x}
""",
    )
    write("sub/dvc.yaml", "stages:\n  far: {cmd: x, deps: [../m1.json], outs: [end]}\n")
    for options in (
        *([], ["-o"], ["grid@1"], ["prepare", "--full"], ["-o", "each@a"]),
        ["--collapse-foreach-matrix"],
    ):
        ours, theirs = (edges(tool("dag", "--dot", *options)) for tool in (gd, dvc))
        assert ours == theirs, options
        ours, theirs = (mermaid_edges(tool("dag", "--mermaid", *options)) for tool in (gd, dvc))
        assert ours == theirs, options
    assert gd("dag", "--md") == dvc("dag", "--md")
    ours, theirs = (edges(tool("dag", "--dot", cwd="sub")) for tool in (gd, dvc))
    assert ours == theirs
