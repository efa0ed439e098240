"""``stage add``, ``stage list``, ``dag``, ``freeze``: from their words to what they print."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.scene import write_tree

STAGES = """\
stages:
  prepare: {cmd: x, deps: [raw], outs: [clean], desc: take out what is odd}
  train: {cmd: x, deps: [clean], params: [lr], outs: [model], metrics: [scores.json]}
  report: {cmd: x, deps: [scores.json, clean]}
"""

EVERYTHING = """\
stages:
  s:
    desc: what it is
    cmd: x
    wdir: sub
    deps:
    - d
    params:
    - a.toml:
      - x
    outs:
    - o
    - on:
        cache: false
    - op:
        persist: true
    - opn:
        cache: false
        persist: true
    metrics:
    - m
    - mn:
        cache: false
    plots:
    - p
    - pn:
        cache: false
    always_changed: true
"""


@pytest.fixture
def pipeline(project: Path) -> Path:
    """Return a project with three stages and a pointer file."""
    write_tree(project, {"raw": "1", "dvc.yaml": STAGES, "sub/dvc.yaml": "stages: {s: {cmd: x}}\n"})
    return project


def test_stage_add_says_what_it_wrote(project: Path, cli: Cli) -> None:
    words = ("stage", "add", "-n", "train", "-d", "train.py", "-p", "lr", "-o", "model")
    said = cli(*words, "python", "train.py", "--epochs", "3", "-f", "a b")
    assert said.out == "added stage 'train' in dvc.yaml; staged .gitignore and dvc.yaml\n"
    written = (project / "dvc.yaml").read_text()
    assert 'cmd: python train.py --epochs 3 -f "a b"\n' in written
    said = cli(*words, "other")
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        "error: there is a stage 'train' in dvc.yaml already\n"
        "hint: write it anew with --force, or choose another name\n"
    )
    assert cli(*words, "-f", "other").out.startswith("replaced stage 'train' in dvc.yaml")
    assert cli("stage", "add", "-n", "b").code == 129
    assert cli("stage", "add", "echo").code == 129


def test_every_option_of_stage_add_ends_in_the_file(project: Path, cli: Cli) -> None:
    (project / "sub").mkdir()
    options = {
        "--deps": "d",
        "--params": "a.toml:x",
        "--outs": "o",
        "--outs-no-cache": "on",
        "--outs-persist": "op",
        "--outs-persist-no-cache": "opn",
        "--metrics": "m",
        "--metrics-no-cache": "mn",
        "--plots": "p",
        "--plots-no-cache": "pn",
        "--wdir": "sub",
        "--desc": "what it is",
    }
    given = [word for pair in options.items() for word in pair]
    assert cli("stage", "add", "--name", "s", *given, "--always-changed", "x").code == 0
    assert (project / "dvc.yaml").read_text() == EVERYTHING


def test_stage_list_shows_what_stages_are(pipeline: Path, cli: Cli) -> None:
    said = cli("stage", "list")
    assert said.out.splitlines() == [
        "prepare  take out what is odd",
        "train    Outputs model; Reports scores.json",
        "report   Depends on scores.json, clean",
    ]
    assert cli("stage", "list", "--all", "--name-only").out.splitlines() == [
        *("prepare", "train", "report", "sub/dvc.yaml:s"),
    ]
    assert cli("stage", "list", "train").out == "train  Outputs model; Reports scores.json\n"
    assert cli("stage", "list", "-R", "sub").out.startswith("sub/dvc.yaml:s  No outputs or")
    assert cli("stage", "list", "trein").err.endswith("hint: did you mean 'train'?\n")


def test_stages_that_cannot_be_read_are_told_of(pipeline: Path, cli: Cli) -> None:
    (pipeline / "sub/dvc.yaml").write_text("stages: [\n")
    said = cli("stage", "list", "--all")
    assert (said.code, len(said.out.splitlines())) == (0, 3)
    assert said.err.startswith("warning: left out sub/dvc.yaml: ")
    said = cli("stage", "list", "--all", "--fail")
    assert said.code == 1
    assert said.err.startswith("error: sub/dvc.yaml: ")
    assert cli("dag").err.startswith("warning: left out sub/dvc.yaml: ")


def test_without_stages_a_hint_says_how_to_begin(project: Path, cli: Cli) -> None:
    for command in (("stage", "list"), ("dag",)):
        said = cli(*command)
        assert (said.code, said.out) == (0, "")
        assert said.err == "hint: there is no stage here: write one with 'git dvc stage add'\n"
    assert cli("dag", "--dot").out == "strict digraph {\n}\n"


def test_names_from_a_repository_do_nothing_to_the_terminal(project: Path, cli: Cli) -> None:
    (project / "dvc.yaml").write_text(
        'stages:\n  a: {cmd: x, desc: "red \\e[31m", outs: ["o\\e[1m", "q\\""]}\n'
    )
    for words in ("stage list", "dag -o", "dag -o --dot", "dag -o --mermaid"):
        said = cli(*words.split())
        assert said.code == 0
        assert "\x1b" not in said.out
    assert r'"q\"";' in cli("dag", "-o", "--dot").out
    assert '["q#quot;"]' in cli("dag", "-o", "--mermaid").out


def test_dag_draws_boxes(pipeline: Path, cli: Cli) -> None:
    assert cli("dag", "train").out == (
        """\
+---------+
| prepare |
+---------+
     |
 +-------+
 | train |
 +-------+
"""
    )


def test_dag_for_other_programs(pipeline: Path, cli: Cli) -> None:
    assert cli("dag", "--dot", "report").out == (
        'strict digraph {\n"prepare";\n"train";\n"report";\n'
        '"prepare" -> "train";\n"train" -> "report";\n"prepare" -> "report";\n}\n'
    )
    graph = (
        'flowchart TD\n\tnode1["prepare"]\n\tnode2["report"]\n\tnode3["train"]\n'
        "\tnode1-->node2\n\tnode1-->node3\n\tnode3-->node2\n"
    )
    assert cli("dag", "--mermaid", "train", "--full").out == graph
    assert cli("dag", "--md", "train", "--full").out == f"```mermaid\n{graph}```\n"
    assert '"clean" -> "model";' in cli("dag", "--dot", "--outs").out
    assert cli("dag", "--outs", "--collapse-foreach-matrix").code == 129


def test_freeze_says_what_changed(pipeline: Path, cli: Cli) -> None:
    assert cli("freeze", "train", "prepare").out == "froze train and prepare; staged dvc.yaml\n"
    assert cli("freeze", "train").out == "frozen already: train\n"
    assert "frozen: true" in (pipeline / "dvc.yaml").read_text()
    assert cli("unfreeze", "train", "prepare").out == "unfroze train and prepare; staged dvc.yaml\n"
    assert (pipeline / "dvc.yaml").read_text() == STAGES
