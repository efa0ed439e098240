"""What both programs leave of the same run: lock file, run cache, outputs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from tests.interop.harness import Pair, Tool, commit, digest, objects, start, text, tree, write

PIPELINE = r"""
stages:
  prep:
    cmd: ./x.sh > out.txt && mkdir -p d/e && cp src/a.py d/e/q && printf w > 'd/n m'
    deps:
    - x.sh
    - src
    params:
    - lr
    - train
    - none
    - flag
    - p.json:
      - a.b
      - a.b.1
    - p.py:
    - p.toml:
      - t.b
    outs:
    - out.txt
    - d
  train:
    cmd:
    - cp 'd/n m' model; chmod +x model; echo 1 >> log.csv; ls >seen.txt
    - 'printf ''{"acc": 0.5, "text": "%s"}'' "a rather long text that goes over the end: of # it"
      > m.json; printf x,y > plot.csv'
    deps:
    - d
    - out.txt
    outs:
    - model
    - log.csv:
        persist: true
    - seen.txt:
        cache: false
    metrics:
    - m.json:
        cache: false
    plots:
    - plot.csv:
        cache: false
  scores:
    cmd: cp d/e/q s.json; cp d/e/q s.csv
    deps: [d]
    metrics: [s.json: {cache: false}]
    plots: [s.csv: {cache: false}]
  up:
    wdir: sub
    cmd: cp ../model copy
    deps:
    - ../model
    outs:
    - copy
  always:
    cmd: echo a > always.txt
    outs: [always.txt]
    always_changed: true
  called:
    cmd: echo called
"""
PARAMS = """\
lr: 0.001
train: {epochs: 3, layers: [1, 2, "x y"], name: "on", f: 1e-5, empty: {}}
none:
flag: yes
"""


def sources() -> None:
    """Write all that the pipeline uses."""
    write("dvc.yaml", PIPELINE)
    write("params.yaml", PARAMS)
    write("p.json", '{"a": {"b": [1, 2.5, null, true]}}')
    write("p.py", "T = (1, 2)\nclass C:\n    x = -1\n")
    write("p.toml", 'a = 1\n[t]\nb = "s"\n')
    write("src/a.py", "1\n")
    write("src/b.txt", "2\n")
    write("x.sh", "#!/bin/sh\necho hi\n")
    os.chmod("x.sh", 0o755)
    os.makedirs("sub", exist_ok=True)
    write(".gitignore", "/seen.txt\n")


def runs() -> dict[str, str]:
    """Return the records of the run cache."""
    return tree(".dvc/cache/runs")


def test_the_same_runs_leave_the_same_bytes(git_repo: Path, dvc: Tool, gd: Tool) -> None:
    start(dvc)
    sources()
    commit("1")
    shutil.copytree(".", "../other", symlinks=True)
    left = []
    for tool, place in ((dvc, "."), (gd, "../other")):
        os.chdir(place)
        tool("repro")
        tool("repro", "-f", "-s", "train")  # a line more in log.csv; the other outputs are gone
        mine: dict[str, Any] = {
            "lock": text("dvc.lock"),
            "ignored": {
                path: sorted(text(path).split()) for path in (".gitignore", "sub/.gitignore")
            },
            "runs": runs(),
            "objects": objects(),
            "data": tree("out.txt", "d", "model", "log.csv", "seen.txt", "m.json", "sub"),
        }
        mine["data"].pop("sub/.gitignore")
        left.append(mine)
    for what, theirs in left[0].items():
        assert left[1][what] == theirs, what
    assert left[0]["data"]["log.csv"] == "1\n1\n"
    # Nor does the other find anything to do, but what always runs.
    said = dvc("repro")
    assert "Running stage 'always'" in said and "Running stage 'called'" in said
    assert said.count("didn't change, skipping") == 4
    said = gd("repro")
    assert said.count("didn't change, skipping") == 4
    assert text("dvc.lock") == left[0]["lock"]


def test_what_one_has_run_the_other_restores(git_repo: Path, pair: Pair) -> None:
    start(pair.x)
    write("dvc.yaml", PIPELINE.replace("&& mkdir", "&& touch ran && mkdir"))
    sources_but = text("dvc.yaml")
    sources()
    write("dvc.yaml", sources_but)
    commit("1")
    pair.x("repro", "prep", "scores")
    first = text("dvc.lock")
    write("src/a.py", "changed\n")
    pair.x("repro", "prep", "scores")
    known = set(runs())
    write("src/a.py", "1\n")
    os.unlink("ran")
    said = pair.y("repro", "prep", "scores")
    assert said.count("is cached - skipping run, checking out outputs") == 2, said
    assert not os.path.exists("ran")
    assert text("dvc.lock") == first
    assert set(runs()) == known
    assert text("s.json") == "1\n"
    # A file for Git, and no link to the cache.
    assert not os.path.islink("s.json")
    assert os.stat("s.json").st_nlink == 1
    assert pair.x.json("status", "prep", "scores") == {}


def test_entries_of_dvc_2_stay_until_their_data_changes(
    git_repo: Path, dvc: Tool, gd: Tool
) -> None:
    start(dvc)
    write("dvc.yaml", "stages: {s: {cmd: cp a b; cp a c, deps: [a, e], outs: [b, c]}}\n")
    for path in ("a", "b", "c", "e"):
        write(path, "1\n")
    value = digest("1\n")
    for place in (
        f".dvc/cache/{value[:2]}/{value[2:]}",
        f".dvc/cache/files/md5/{value[:2]}/{value[2:]}",
    ):
        write(place, "1\n")
        os.chmod(place, 0o444)
    entry = f"\n      md5: {value}\n      size: 2\n"
    write(
        "dvc.lock",
        "schema: '2.0'\nstages:\n  s:\n    cmd: cp a b; cp a c\n    deps:\n"
        f"    - path: a{entry}    - path: e\n      hash: md5{entry}    outs:\n"
        f"    - path: b{entry}    - path: c\n      hash: md5{entry}",
    )
    write(".gitignore", "/b\n/c\n")
    commit("1")
    shutil.copytree(".", "../other", symlinks=True)
    left = []
    for tool, place in ((dvc, "."), (gd, "../other")):
        os.chdir(place)
        assert tool.json("status") == {}
        assert "Stage 's' didn't change, skipping" in tool("repro")
        write("e", "2\n")
        tool("repro")
        half = text("dvc.lock")
        write("a", "3\n")
        tool("repro")
        left.append((half, text("dvc.lock"), sorted(objects()), runs()))
    assert left[0] == left[1]


def test_commit_records_a_stage_alike(git_repo: Path, pair: Pair) -> None:
    start(pair.x)
    sources()
    commit("1")
    pair.x("repro", "prep")
    write("src/a.py", "other\n")
    write("params.yaml", PARAMS.replace("0.001", "0.1"))
    shutil.copytree(".", "../other", symlinks=True)
    pair.y("commit", "-f", "prep")
    mine = text("dvc.lock"), runs()
    assert pair.x.json("status", "prep") == {}
    os.chdir("../other")
    pair.x("commit", "-f", "prep")
    assert (text("dvc.lock"), runs()) == mine
    assert Path("d/n m").read_text() == "w"
