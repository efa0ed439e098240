"""Pipelines with templates, parameters of all kinds and several ``dvc.yaml``, run by both."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.interop.harness import Pair, Tool, commit, git, start, text, write

PARAMS = """\
lr: 0.1
small: 1e-05
deep: true
none: null
seed: 3
name: a b
langs: [de, fr, true]
grid: [{x: 1, y: {z: q}}, {x: 2, y: {z: r}}]
models: {s: {layers: [1, 2], dir: ws}, l: {layers: [3], dir: wl}}
flags: {lr: 0.5, on: true, off: false, names: [x, 'y z'], inner: {q: "it's"}}
"""
TEMPLATED = """\
vars:
- extra.json
- part.toml:a,b
- own: {out: results}
stages:
  plain:
    cmd: echo ${lr} ${small} ${deep} ${none} ${extra} ${a.x} ${own.out} > plain.txt
    params: [lr, small, deep, none, 'models.s']
    outs: [plain.txt]
  options:
    cmd: echo ${flags} ${grid[1].y} > options.txt
    deps: [plain.txt]
    outs: [options.txt]
  shell:
    vars: [{word: here}]
    cmd:
    - X=1; echo \\${X} "${name}" ${word} > shell.txt
    - echo ${grid[0].y.z} >> shell.txt
    outs: [shell.txt]
  lines:
    cmd: |
      echo first > lines.txt
      echo ${seed} >> lines.txt
    outs:
    - lines.txt:
        desc: made of ${seed} lines
        cache: ${deep}
  langs:
    foreach: ${langs}
    do:
      cmd: echo ${item} > out-${item}.txt
      outs: ['out-${item}.txt']
  grid:
    foreach: ${grid}
    do:
      cmd: echo ${item.x} > grid-${item.x}.txt
      params: ['grid.0.x']
      outs: ['grid-${item.x}.txt']
  models:
    foreach: ${models}
    do:
      wdir: ${item.dir}
      cmd: echo ${key} ${item.layers[0]} > m.txt
      deps: [../plain.txt]
      params:
      - ../params.yaml: ['models.${key}']
      outs: [m.txt]
  matrix:
    matrix:
      lang: [de, fr]
      opt: ['${seed}', {k: v}]
    cmd: echo ${item.lang} ${item.opt} ${key} > x-${key}.txt
    deps: ['out-${item.lang}.txt']
    outs: ['x-${key}.txt']
"""
KINDS = """\
stages:
  kinds:
    cmd: python3 -c "open('kinds.txt', 'w').write('k')"
    deps: [../results.txt]
    params:
    - int
    - float
    - list
    - deep.none
    - ../conf.json: [yes, s, list.1]
    - conf.toml:
    - conf.py: [LR, Train.epochs, Train.sizes, Train.momentum, name]
    outs: [kinds.txt]
"""
FILES = {
    "dvc.yaml": TEMPLATED.replace("cache: ${deep}", "persist: true") + """\
  gather:
    cmd: cat x-de-3.txt sub/made.txt > results.txt
    deps: [x-de-3.txt, sub/made.txt]
    outs: [results.txt]
""",
    "params.yaml": PARAMS,
    "extra.json": '{"extra": [1, 2], "e": 1}'.replace("[1, 2]", '"more"'),
    "part.toml": "lr = 9\n[a]\nx = 1.50\n[b]\ny = 2\n",
    "ws/.keep": "",
    "wl/.keep": "",
    "sub/dvc.yaml": "stages:\n  made:\n    cmd: cat ../plain.txt > made.txt\n"
    "    deps: [../plain.txt]\n    outs: [made.txt]\n",
    "kinds/dvc.yaml": KINDS,
    "kinds/params.yaml": "int: 7\nfloat: 1.0\nlist: [1, {a: b}, null]\ndeep: {none: null}\nx: 1\n",
    "conf.json": '{"yes": true, "s": "1e5", "list": [1, 2.50]}',
    "kinds/conf.toml": 'when = "now"\nn = 1_000\n[t]\nf = 1e3\nb = false\n',
    "kinds/conf.py": "LR: float = 1e-4\nname = 'n'\nclass Train:\n    epochs = 3\n"
    "    sizes = (1, 2)\n    def __init__(self):\n        self.momentum = 0.9\n",
}  # fmt: skip
LOCKS = ("dvc.lock", "sub/dvc.lock", "kinds/dvc.lock")


def make(tool: Tool) -> None:
    git("init", "-q")
    start(tool)
    for path, content in FILES.items():
        write(path, content)
    commit("pipelines")


def test_templates_and_parameters_are_recorded_alike(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """73, 74 and 82: names, commands, values, order; over the borders of directories."""
    place = tmp_path / "project"
    place.mkdir()
    monkeypatch.chdir(place)
    make(pair.x)
    other = tmp_path / "other"
    shutil.copytree(place, other)
    pair.x("repro", "-P")
    locks = {path: text(path) for path in LOCKS}
    assert pair.y.json("status") == {}
    dry = pair.y("repro", "-P", "--dry")
    assert "Running stage" not in dry
    assert "options" in pair.y("stage", "list", "--name-only")
    assert pair.x("stage", "list", "--all") == pair.y("stage", "list", "--all")

    monkeypatch.chdir(other)
    pair.y("repro", "-P")
    assert {path: _by_stage(text(path)) for path in LOCKS} == {
        path: _by_stage(lock) for path, lock in locks.items()
    }

    monkeypatch.chdir(place)
    pair.y("repro", "-P", "-f")
    assert {path: text(path) for path in LOCKS} == locks
    write("params.yaml", PARAMS.replace("seed: 3", "seed: 4").replace("[3]", "[30]"))
    write("kinds/params.yaml", FILES["kinds/params.yaml"].replace("int: 7", "int: 7.0"))
    assert pair.x.json("status") == pair.y.json("status")


def _by_stage(lock: str) -> list[str]:
    """Return the records of a lock file, sorted: both run what is independent in any order."""
    return sorted(lock.replace("\n  ", "\n\f").replace("\f  ", "    ").split("\f"))


WRONG = [
    ("dvc.yaml", "stages: {s: {cmd: x, params: [nowhere]}}", "nowhere"),
    ("dvc.yaml", "stages: {s: {cmd: x, params: [{no.json: [a]}]}}", "no.json"),
    ("dvc.yaml", "stages: {s: {cmd: 'x ${nowhere}'}}", "nowhere"),
    ("dvc.yaml", "stages: {s: {cmd: x, dep: [y]}}", "dvc.yaml"),
    ("dvc.lock", "stages: {s: {cmd: x}}", "dvc.lock"),
    ("dvc.lock", "s: {cmd: x}", "dvc.lock"),
    ("dvc.lock", "<<<<<<< HEAD\nschema: '2.0'\n=======\n>>>>>>> other\n", "dvc.lock"),
    ("in.dvc", "<<<<<<< HEAD\nouts:\n=======\n>>>>>>> other\n", "in.dvc"),
]


def test_what_cannot_be_used_fails_in_both_and_changes_nothing(
    dvc: Tool, gd: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """74 and 81."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    start(gd)
    for path, content, named in WRONG:
        write("params.yaml", "a: 1\n")
        write("dvc.yaml", "stages: {s: {cmd: touch made, deps: [in], outs: [made]}}")
        write("in", "1")
        write("dvc.lock", "schema: '2.0'\n")
        write(path, content)
        before = git("status", "--porcelain", "--ignored")
        for tool in (gd, dvc):
            assert named in tool.fails("repro").err
        assert git("status", "--porcelain", "--ignored") == before
        assert text(path) == content
