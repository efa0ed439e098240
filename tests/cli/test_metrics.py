"""``git dvc metrics`` and ``git dvc params``: versions side by side, and what goes wrong."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from git_dvc.compare import tabular, values
from git_dvc.ops import versions
from tests.cli import terminal
from tests.cli.conftest import Cli
from tests.conftest import run_git
from tests.scene import write_tree

STAGES = """\
stages:
  train:
    cmd: python train.py
    params:
    - lr
    metrics:
    - metrics.json:
        cache: false
metrics:
- log.csv
"""


def save(place: Path, tag: str, files: dict[str, str]) -> None:
    write_tree(place, files)
    run_git("add", "-A", cwd=place)
    run_git("commit", "-qm", tag, cwd=place)
    run_git("tag", tag, cwd=place)


@pytest.fixture
def story(project: Path) -> Path:
    """Three versions; the first has no log."""
    save(
        project,
        "v1",
        {
            "dvc.yaml": STAGES,
            "params.yaml": "lr: 0.1\nother: {x: a}\n",
            "metrics.json": '{"acc": 0.9, "loss": {"val": 1.5}}',
        },
    )
    save(
        project,
        "v2",
        {
            "metrics.json": '{"acc": 0.95, "loss": {"val": 10.25}}',
            "log.csv": "epoch,acc\n0,0.5\n1,0.75\n",
        },
    )
    save(
        project,
        "v10",
        {
            "params.yaml": "lr: 0.000001\nother: {x: b}\n",
            "metrics.json": '{"acc": 0.95, "f1": "good"}',
        },
    )
    return project


def answer(cli: Cli, *words: str) -> Any:
    said = cli(*words, "--json")
    assert said.code == 0, said
    return json.loads(said.out)


def test_tags_side_by_side(story: Path, cli: Cli) -> None:
    said = cli("metrics", "show", "-T")
    assert said.code == 0
    assert said.out == (
        "Revision   Path           acc  f1    epoch  loss.val\n"
        "workspace  metrics.json  0.95  good      -         -\n"
        "workspace  log.csv       0.75  -         1         -\n"
        "v1         metrics.json  0.9   -         -      1.5\n"
        "v1         log.csv          -  -         -         -\n"
        "v2         metrics.json  0.95  -         -     10.25\n"
        "v2         log.csv       0.75  -         1         -\n"
        "v10        metrics.json  0.95  good      -         -\n"
        "v10        log.csv       0.75  -         1         -\n"
    )
    assert said.err == "warning: v1: log.csv: no such file\n"


def test_what_versions_share_is_understood_once(
    story: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        write_tree(story, {"other.txt": str(number)})
        run_git("add", "-A", cwd=story)
        run_git("commit", "-qm", str(number), cwd=story)
    read: list[str] = []

    def count(module: Any, name: str) -> None:
        real = getattr(module, name)

        def counted(path: str, *rest: Any) -> Any:
            read.append(path)
            return real(path, *rest)

        monkeypatch.setattr(module, name, counted)

    count(versions, "Stages")
    count(values, "parse")
    count(tabular, "last_row")
    assert len(answer(cli, "metrics", "show", "-A")) == 24
    # Of the revisions each version of a file, and those of the work tree.
    assert {path: read.count(path) for path in read} == {
        "dvc.yaml": 1,
        "metrics.json": 3 + 1,
        "log.csv": 1 + 1,
    }
    # Large ones are not all held at a time.
    everything = answer(cli, "metrics", "show", "-A")
    monkeypatch.setattr(versions, "_MOST_HELD_BYTES", 50)
    read.clear()
    assert answer(cli, "metrics", "show", "-A") == everything
    assert read.count("metrics.json") > 3 + 1


def test_one_version_and_chosen_ones(story: Path, cli: Cli) -> None:
    assert cli("metrics", "show").out == (
        "Path           acc  f1    epoch\n"
        "metrics.json  0.95  good      -\n"
        "log.csv       0.75  -         1\n"
    )
    assert list(answer(cli, "metrics", "show", "--rev", "v1", "HEAD~1")) == ["v1", "HEAD~1"]
    both = run_git("rev-list", "--reverse", "v1..v10", cwd=story).split()
    assert list(answer(cli, "metrics", "show", "--rev", "v1..v10", "workspace")) == [
        "workspace",
        *both,
    ]
    said = cli("metrics", "show", "metrics.json", "-A", "--no-path")
    head = both[1][:7]
    assert f"{head} (main, v10)  0.95  good" in said.out
    assert "workspace" in said.out
    # A branch that is as the work tree stands for it.
    run_git("branch", "same", "v1", cwd=story)
    assert list(answer(cli, "metrics", "show", "-a")) == ["main", "same"]
    write_tree(story, {"metrics.json": "{}"})
    assert list(answer(cli, "metrics", "show", "-a")) == ["workspace", "main", "same"]


def test_every_row_of_a_table(story: Path, cli: Cli) -> None:
    assert cli("metrics", "show", "log.csv", "--all-rows").out == (
        "Path     Row  epoch   acc\n"
        "log.csv  0        0  0.5\n"
        "log.csv  1        1  0.75\n"
    )  # fmt: skip
    found = answer(cli, "metrics", "show", "log.csv", "--all-rows")
    assert found[""]["data"]["log.csv"]["data"] == [
        {"epoch": 0, "acc": 0.5},
        {"epoch": 1, "acc": 0.75},
    ]


def test_what_differs(story: Path, cli: Cli) -> None:
    assert cli("metrics", "diff", "v1", "v2").out == (
        "Path          Metric     v1     v2  Change\n"
        "log.csv       acc         -   0.75       -\n"
        "log.csv       epoch       -      1       -\n"
        "metrics.json  acc       0.9   0.95   +0.05\n"
        "metrics.json  loss.val  1.5  10.25   +8.75\n"
    )
    found = answer(cli, "metrics", "diff", "v2", "v1", "--targets", "metrics.json")
    assert found == {
        "metrics.json": {
            "acc": {"old": 0.95, "new": 0.9, "diff": 0.9 - 0.95},
            "loss.val": {"old": 10.25, "new": 1.5, "diff": -8.75},
        }
    }
    three = cli("metrics", "diff", "v1", "v2", "v10", "--no-path", "--csv")
    assert "loss.val,1.5,10.25,,\n" in three.out
    assert "acc,0.95,0.9,-0.0" in cli("metrics", "diff", "v2", "v1", "--no-path", "--csv").out
    assert "loss.val,1.5,10.25,8.75\n" in cli("metrics", "diff", "v1", "v2", "--csv").out
    assert cli("metrics", "diff").out == ""
    write_tree(story, {"metrics.json": '{"acc": 0.123456789}'})
    assert "0.95    0.12346  -0.82654" in cli("metrics", "diff", "--no-path").out
    assert "0.95       0.12   -0.83" in cli("metrics", "diff", "--precision", "2").out
    assert "| acc    | 0.95 |   0.12346 | -0.82654 |" in cli("metrics", "diff", "--md").out
    assert "acc" in cli("metrics", "diff", "v10", "v10", "--all").out


def test_parameters(story: Path, cli: Cli) -> None:
    assert cli("params", "show").out == (
        "Path         Param    Value\n"
        "params.yaml  lr       1e-06\n"
        "params.yaml  other.x  b\n"
    )  # fmt: skip
    assert cli("params", "diff", "v1").out == (
        "Path         Param    v1   workspace\n"
        "params.yaml  lr       0.1  1e-06\n"
        "params.yaml  other.x  a    b\n"
    )
    assert "other" not in cli("params", "diff", "v1", "v10", "--deps").out
    assert answer(cli, "params", "show", "--stages", "train")[""]["data"] == {
        "params.yaml": {"data": {"lr": 1e-06}}
    }
    assert "v2         params.yaml      0.1  a" in cli("params", "show", "-T", "--rev", "v2").out
    assert cli("params", "show", "--stages", "trian").code == 1


def test_paths_are_seen_from_where_one_stands(
    story: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    (story / "sub").mkdir()
    monkeypatch.chdir(story / "sub")
    found = answer(cli, "metrics", "show", "../metrics.json", "other.json", "--rev", "v1")
    assert found["v1"]["data"]["../metrics.json"] == {"data": {"acc": 0.9, "loss": {"val": 1.5}}}
    assert found["v1"]["data"]["other.json"]["error"]["type"] == "FileNotFoundError"
    assert list(answer(cli, "params", "diff", "v1")) == ["../params.yaml"]
    found = answer(cli, "params", "diff", "v1..v10", "--targets", "params.yaml")
    assert found == answer(cli, "params", "diff", "v1", "v10", "--targets", "../params.yaml")
    assert "lr" in found["../params.yaml"]
    said = cli("metrics", "show", "../../metrics.json")
    assert (said.code, "outside of the project" in said.err) == (129, True)


def test_problems_are_named_and_the_rest_is_shown(story: Path, cli: Cli) -> None:
    save(story, "v11", {"dvc.yaml": "stages: [", "sub/dvc.yaml": "metrics: [m.json]\n"})
    save(story, "v12", {"dvc.yaml": STAGES, "metrics.json": "{", "sub/m.json": '{"a": 1}'})
    write_tree(story, {"metrics.json": "{}"})
    said = cli("metrics", "show", "-T", "--json")
    found = json.loads(said.out)
    assert found["v11"]["error"]["type"] == "FormatError"
    assert list(found["v11"]["data"]) == ["sub/m.json"]
    assert found["v12"]["data"]["metrics.json"]["error"]["msg"].startswith(
        "metrics.json: not valid"
    )
    assert found["v12"]["data"]["sub/m.json"] == {"data": {"a": 1}}
    assert "warning: v12: metrics.json: not valid JSON" in said.err
    assert "warning: v11: dvc.yaml: line 2" in said.err
    assert said.code == 0
    said = cli("metrics", "diff", "v12", "v2", "--targets", "metrics.json")
    assert "warning: v12: metrics.json: not valid JSON" in said.err
    # Nothing at all: an error.
    said = cli("metrics", "show", "nope.json")
    assert (said.code, said.err) == (1, "warning: nope.json: no such file\n")


def test_what_is_named_by_templates_is_resolved_in_each_version(project: Path, cli: Cli) -> None:
    stages = (
        "vars: [names.yaml]\nmetrics: ['${top}']\nstages:\n  each:\n    foreach: ${names}\n"
        "    do:\n"
        "      cmd: run ${item} ${seed}\n      metrics: ['${item}.json': {cache: false}]\n"
        "  bad:\n    cmd: ${nothing}\n"
    )
    save(project, "v1", {"dvc.yaml": stages, "names.yaml": "names: [a]\ntop: t.json\nseed: 1\n"})
    save(project, "v2", {"names.yaml": "names: [a, b]\ntop: a.json\nseed: 2\n", "b.json": "2"})
    save(project, "v3", {"names.yaml": "names: [a]\ntop: t.json\nseed: 1\n", "a.json": "{x: 1}"})
    write_tree(project, {"a.json": "1"})
    run_git("commit", "-qam", "4", cwd=project)
    run_git("tag", "v4", cwd=project)
    said = cli("metrics", "show", "--rev", "v1", "v2", "v4", "--no-path")
    assert said.out == (
        "Revision  Value\n"
        "v1            -\n"
        "v1            -\n"
        "v2            2\n"
        "v2            -\n"
        "v4            1\n"
        "v4            -\n"
    )
    assert "warning: v1, v2, v4: dvc.yaml: stages.bad.cmd: " in said.err
    assert answer(cli, "params", "diff", "v1", "v2") == {
        "names.yaml": {
            "names.1": {"old": None, "new": "b"},
            "seed": {"old": 1, "new": 2, "diff": 1},
        }
    }


def test_what_cannot_be_asked(story: Path, cli: Cli) -> None:
    assert cli("metrics", "show", "--rev", "v3").code == 128
    said = cli("metrics", "diff", "v01", "v2")
    assert said.code == 128
    assert "did you mean 'v1' or 'v10'?" in said.err
    assert cli("metrics", "diff", "v1", "--md", "--json").code == 129
    assert cli("metrics", "show", "--rev", "v1..nope").code == 128


def test_many_metrics_stand_below_each_other_where_they_do_not_fit(story: Path) -> None:
    command = [sys.executable, "-m", "git_dvc", "metrics", "show", "metrics.json"]
    env = terminal.environment(GIT_PAGER="cat", NO_COLOR="1")
    env.pop("COLUMNS", None)
    for columns, head in ((80, "Path           acc  f1"), (20, "Path          Metric  Value")):
        code, shown = terminal.on_terminal(command, cwd=story, env=env, columns=columns)
        assert (code, shown.splitlines()[0]) == (0, head)


def test_outside_of_any_repository(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = cli("metrics", "show", "m.json")
    assert (said.code, "not in the work tree of a Git repository" in said.err) == (128, True)
    run_git("init", "-q", cwd=tmp_path)  # a plain one is enough
    write_tree(tmp_path, {"m.json": '{"a": 1}'})
    assert cli("metrics", "show", "m.json").out == "Path    a\nm.json  1\n"
    assert cli("metrics", "show", "m.json", "--rev", "HEAD").code == 128


def test_nothing_to_show_is_said(project: Path, cli: Cli) -> None:
    said = cli("metrics", "diff", "--json")
    assert (said.code, said.out) == (0, "{}\n")
    assert "no commit yet" in said.err
    said = cli("metrics", "show")
    assert (said.code, said.out) == (0, "")
    assert "no metrics" in said.err
    said = cli("params", "show", "--json")
    assert json.loads(said.out) == {"": {"data": {}}}
    assert "no parameters" in said.err
    run_git("commit", "-q", "--allow-empty", "-m", "first", cwd=project)
    said = cli("metrics", "show", "--rev", "HEAD..HEAD")
    assert (said.code, said.out, said.err) == (0, "", "there are no commits in HEAD..HEAD\n")


def test_data_comes_from_the_cache_and_on_request_from_the_remote(
    project: Path, cli: Cli, tmp_path: Path
) -> None:
    write_tree(project, {"dvc.yaml": "metrics: [m.json, eval]\n"})
    cli("remote", "add", "-d", "store", str(tmp_path / "store"))
    for tag in ("v1", "v2"):
        write_tree(project, {"m.json": f'{{"acc": "{tag}"}}', "eval/x.json": f'{{"x": "{tag}"}}'})
        assert cli("add", "-q", "m.json", "eval").code == 0
        assert cli("push", "-q").code == 0
        save(project, tag, {})
    found = answer(cli, "metrics", "show", "--rev", "v1", "v2")
    assert found["v1"]["data"] == {
        "m.json": {"data": {"acc": "v1"}},
        "eval/x.json": {"data": {"x": "v1"}},
    }
    for path in (project / ".dvc" / "cache" / "files").rglob("*"):
        if path.is_file():
            path.unlink()
    said = cli("metrics", "diff", "v1", "v2")
    assert said.code == 1
    assert (
        "warning: v1, v2: m.json: its data is not in the cache; bring it with --fetch" in said.err
    )
    said = cli("metrics", "diff", "v1", "v2", "--fetch", "--no-path")
    assert said.out == "Metric  v1  v2  Change\nx       v1  v2  -\nacc     v1  v2  -\n"
    for path in (tmp_path / "store" / "files").rglob("*"):
        if path.is_file():
            path.unlink()
    for path in (project / ".dvc" / "cache" / "files").rglob("*"):
        if path.is_file():
            path.unlink()
    said = cli("metrics", "show", "--rev", "v1", "--fetch")
    assert said.code == 1
    assert "m.json: its data is neither in the cache nor on a remote" in said.err


def test_what_a_repository_has_cannot_lead_out_of_it(story: Path, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"password": 1}')
    outside = f"metrics: [../secret.json, {tmp_path}/secret.json, link.json, ok.json, loop.json]\n"
    (story / "link.json").symlink_to(tmp_path / "secret.json")
    (story / "ok.json").symlink_to("metrics.json")
    (story / "loop.json").symlink_to("loop.json")
    save(story, "v11", {"dvc.yaml": outside})
    for words in (("show",), ("show", "--rev", "v11")):
        said = cli("metrics", *words)
        assert "password" not in said.out + said.err
        assert "ok.json" in said.out
        assert "link.json" in said.err


def test_values_that_json_cannot_hold_are_text(project: Path, cli: Cli) -> None:
    number = "0x" + "f" * 5000
    write_tree(
        project,
        {
            "p.py": f"s = {{2, 1}}\nb = b'x'\nd = {{(1, 2): 3}}\nn = {number}\nt = (1, 2)\n",
            "dvc.yaml": "",
        },
    )
    data = answer(cli, "params", "show", "p.py")[""]["data"]["p.py"]["data"]
    assert data == {"s": [1, 2], "b": "b'x'", "d": {"(1, 2)": 3}, "n": number, "t": [1, 2]}
    assert cli("params", "show", "p.py").code == 0
