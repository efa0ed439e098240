"""``metrics`` and ``params``: the same JSON from both programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.interop.harness import Tool, commit, git, start, write

STAGES = """\
vars:
- more.yaml:paths
- folder: out
stages:
  train:
    cmd: echo ${seed} ${opt.name}
    params:
    - lr
    - net.layers
    - conf.toml:
    - model.py:
      - Train.epochs
      - width
    metrics:
    - train.json:
        cache: false
    - cached.yaml
  each:
    foreach: ${names}
    do:
      cmd: echo ${item}
      params:
      - each_${item}.yaml:
        - k
      metrics:
      - ${folder}/${item}.json:
          cache: false
  grid:
    matrix:
      x: [1, 2]
    cmd: echo ${item.x}
    wdir: sub
    metrics:
    - grid_${item.x}.json:
        cache: false
params:
- extra.json
metrics:
- ${paths.live}
- folder
"""
NESTED = """\
params: [own.yaml]
stages:
  small:
    cmd: echo
    wdir: ..
    params: [lr]
    metrics: [sub/small.json: {cache: false}]
"""
FIRST = {
    "dvc.yaml": STAGES,
    "sub/dvc.yaml": NESTED,
    "sub/own.yaml": "a: 1\n",
    "more.yaml": "paths: {live: live.json}\nunused: 1\n",
    "params.yaml": (
        "lr: 0.1\nseed: 1\nopt: {name: sgd}\nnames: [a, b]\nnet: {layers: [1, 2], on: true}\n"
        "gone: x\nnothing:\nempty: {}\ntext: 'it''s'\n"
    ),
    "conf.toml": "t = 1\n[s]\nu = 2.5\n",
    "model.py": "width = 3\nclass Train:\n    epochs = 5\n    other = 1\n",
    "each_a.yaml": "k: 1\nl: 1\n",
    "each_b.yaml": "k: 2\n",
    "extra.json": '{"e": [1, {"f": 2}]}',
    "train.json": '{"acc": 0.5, "list": [1], "s": "x", "n": null, "b": true, "d": {"e": {"f": 1}}}',
    "cached.yaml": "c: 1.5\n",
    "out/a.json": '{"m": 1}',
    "out/b.json": '{"m": 2}',
    "sub/grid_1.json": '{"g": 1e-9}',
    "sub/small.json": '{"old": 1}',
    "live.json": '{"x": 0}',
    "folder/one.toml": "f = 1\n",
    "folder/in/two.py": "g = 2\n",
    "number.yaml": "0.25\n",
    "free.json": '{"q": {"r": 1}}',
}
SECOND = {
    "params.yaml": (
        "lr: 0.25\nseed: 2\nopt: {name: adam}\nnames: [a, c]\nnet: {layers: [1, 2, 3], on: false}\n"
        "nothing: 1\nempty: {}\ncame: [x]\ntext: 5\n"
    ),
    "sub/own.yaml": "a: two\n",
    "model.py": "width = 4\nclass Train:\n    epochs = 6\n",
    "each_c.yaml": "k: 3\n",
    "train.json": '{"acc": 0.75, "s": 1, "n": 1, "b": false, "d": {"e": {"f": 3, "g": "new"}}}',
    "cached.yaml": "c: 2.5\nd: 1\n",
    "out/a.json": '{"m": 3}',
    "out/c.json": '{"m": 2}',
    "sub/small.json": "{}",
    "folder/three.yaml": "h: 1\n",
    "number.yaml": "0.5\n",
    "free.json": '{"q": {"r": 3}}',
}


def without_words(value: Any) -> Any:
    """Return what a program answered without the words of its errors."""
    if isinstance(value, dict):
        return {key: None if key == "msg" else without_words(one) for key, one in value.items()}
    return value


def test_metrics_and_params_are_those_of_dvc(git_repo: Path, dvc: Tool, gd: Tool) -> None:
    start(dvc)
    for tag, files in (("v1", FIRST), ("v2", SECOND)):
        for path, content in files.items():
            write(path, content)
        gd("commit", "-q", "-f", "train")
        commit(tag)
        git("tag", tag)
    git("tag", "again", "v2")
    git("branch", "side", "v1")
    write("number.yaml", "2\n")  # were it gone, DVC would not say so
    Path("cached.yaml").unlink()
    write("train.json", '{"acc": 0.875}')
    checks: list[tuple[str, ...]] = [
        ("metrics", "show"),
        ("metrics", "show", "-T"),
        ("metrics", "show", "-a"),
        ("metrics", "show", "-A"),
        ("metrics", "show", "free.json", "number.yaml", "nope.json", "folder"),
        ("metrics", "diff"),
        ("metrics", "diff", "v1", "v2"),
        ("metrics", "diff", "v2", "v1", "--all"),
        ("metrics", "diff", "v1", "--targets", "free.json", "number.yaml"),
        ("params", "diff"),
        ("params", "diff", "v1", "v2"),
        ("params", "diff", "v2", "v1", "--all"),
        ("params", "diff", "v1", "--deps"),
        ("params", "diff", "v1", "v2", "--targets", "each_a.yaml", "free.json", "conf.toml"),
    ]
    wrong = []
    for words in checks:
        expected = without_words(dvc.json(*words))
        found = without_words(gd.json(*words))
        if found != expected:
            wrong.append(f"{' '.join(words)}\n  dvc {expected}\n  gd  {found}")
    assert not wrong, "\n".join(wrong)
