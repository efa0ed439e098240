"""git_dvc.api: the names and results of dvc.api, over work trees, commits and bare clones."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from git_dvc import api
from git_dvc.errors import (
    FormatError,
    NotASourceError,
    UnknownArtifactError,
    UnknownRevisionError,
    UnknownStageError,
)
from git_dvc.ops import add, push, remote
from git_dvc.ops.init import init
from git_dvc.project import Project
from tests.conftest import run_git
from tests.scene import md5, write_tree

README = (Path(__file__).parents[1] / "README.md").read_text()

STAGES = """\
vars:
- v.yaml
stages:
  one:
    cmd: echo ${vv.deep} > o1
    params:
    - lr
    - train.layers.1
    - p.py:
      - T.k.x
    - p.toml:
    outs:
    - o1
    metrics:
    - m.json:
        cache: false
  two:
    foreach: [x, y]
    do:
      cmd: echo ${item} > o_${item}
      params:
      - train.epochs
      outs:
      - o_${item}
metrics:
- top.json
- mdir
params:
- sub/extra.yaml
"""
FILES = {
    "dvc.yaml": STAGES,
    "params.yaml": "lr: 0.1\ntrain: {epochs: 3, layers: [1, 2, 3]}\n",
    "v.yaml": "vv: {deep: 3, other: 4}\n",
    "p.py": 'lr = 5\nclass T:\n    def __init__(self):\n        self.k = {"x": 1, "y": 2}\n',
    "p.toml": "[a]\nb = 1\n",
    "m.json": '{"acc": 0.5, "l": [1, 2], "n": null, "b": true, "in": {"acc": 1}}',
    "top.json": '{"acc": 2, "z": 1}',
    "mdir/q.json": '{"q": 1}',
    "sub/extra.yaml": "e: 1\nlr: 9\n",
}


@pytest.fixture
def repo(git_repo: Path, tmp_path: Path) -> Path:
    """A project with a version v1, pushed to a remote, and a changed work tree; stand in it."""
    init(".")
    write_tree(git_repo, {"sub/x.csv": "a,b\n", "data/one": "1", "top.txt": "top\n", **FILES})
    with Project.open() as project:
        add.add(project, ["sub/x.csv", "data"])
        remote.add(project, "store", str(tmp_path / "store"), default=True)
        git("add", "-A")
        git("commit", "-qm", "1")
        git("tag", "v1")
        push.push(project)
    write_tree(git_repo, {"params.yaml": "lr: 7\n", "sub/x.csv": "changed\n"})
    return git_repo


def git(*words: str | Path) -> str:
    return str(run_git(*words, cwd=Path.cwd()))


def test_a_file_is_read_here_or_at_a_revision(repo: Path, tmp_path: Path) -> None:
    assert api.read("sub/x.csv") == "changed\n"
    assert api.read("sub/x.csv", rev="v1") == "a,b\n"
    assert api.read("top.txt", mode="rb") == b"top\n"
    with api.open("sub/x.csv", repo, "HEAD") as file:
        assert next(file) == "a,b\n"
        file.seek(2)
        assert file.read() == "b\n"
    git("clone", "-q", "--bare", ".", tmp_path / "bare.git")
    os.chdir(tmp_path)
    assert api.read("sub/x.csv", repo="bare.git") == "a,b\n"
    shutil.rmtree(repo / ".dvc" / "cache")
    assert api.read("data/one", repo=repo) == "1"
    assert api.read("data/one", repo=repo, rev="v1") == "1"
    (repo / "sub" / "x.csv").unlink()
    assert api.read("sub/x.csv", repo=str(repo)) == "a,b\n"


def test_where_one_stands_counts_in_one_s_own_work_tree(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("sub")
    assert api.read("x.csv") == api.read("sub/x.csv") == "changed\n"
    assert api.read("../top.txt") == api.read("top.txt") == "top\n"
    assert api.read("sub/x.csv", rev="v1") == "a,b\n"
    assert not api.exists("x.csv", rev="v1")
    assert api.params_show("extra.yaml") == {"e": 1, "lr": 9}
    assert "extra.yaml:lr" in api.params_show()
    assert api.params_show(stages="../dvc.yaml:two") == {}


def test_what_is_not_there_is_a_plain_error(repo: Path, tmp_path: Path) -> None:
    for path in ("nope", "data/nope", "../outside", "top.txt/x"):
        assert not api.exists(path)
        with pytest.raises(FileNotFoundError, match=re.escape(path)):
            api.read(path)
        with pytest.raises(FileNotFoundError):
            api.get_url(path)
    with pytest.raises(IsADirectoryError):
        api.read("data")
    for mode in ("w", "r+", "rbt", "a"):
        with pytest.raises(ValueError, match="can only be read"):
            api.open("top.txt", mode=mode)  # type: ignore[call-overload]
    with pytest.raises(AttributeError, match="'with' statement"):
        api.open("top.txt").read()  # type: ignore[attr-defined]
    with pytest.raises(UnknownRevisionError):
        api.read("top.txt", rev="v9")
    with pytest.raises(NotASourceError):
        api.read("x", repo=tmp_path / "nowhere")


def test_the_place_of_data_is_on_the_remote_else_in_the_cache(repo: Path, tmp_path: Path) -> None:
    value = md5(b"a,b\n")
    place = f"files/md5/{value[:2]}/{value[2:]}"
    assert api.get_url("sub/x.csv") == f"{tmp_path}/store/{place}"
    assert api.get_url("data").endswith(".dir")
    config = {"remote": {"other": {"url": "s3://bucket/here"}}}
    assert api.get_url("sub/x.csv", remote="other", config=config) == f"s3://bucket/here/{place}"
    with pytest.raises(FormatError, match="not tracked data"):
        api.get_url("top.txt")
    with Project.open() as project:
        remote.remove(project, "store")
    assert api.get_url("sub/x.csv") == f"{repo}/.dvc/cache/{place}"


def test_a_listing_has_git_s_files_and_data(repo: Path) -> None:
    found = {item["path"]: item for item in api.ls(rev="v1")}
    assert {"data", "sub", "top.txt", "data.dvc"} <= set(found)
    assert found["data"]["isout"] and found["data"]["isdir"] and not found["sub"]["isout"]
    assert api.ls("data", rev="v1") == [
        {
            "path": "one",
            "isdir": False,
            "isout": True,
            "isexec": False,
            "size": 1,
            "md5": md5(b"1"),
        }
    ]
    assert [item["path"] for item in api.ls("sub/x.csv")] == ["x.csv"]
    every = [item["path"] for item in api.ls(recursive=True, dvc_only=True)]
    assert every == ["data/one", "sub/x.csv"]
    assert api.exists("data/one", rev="v1") and api.exists("sub")


ALL = {
    "params.yaml:lr": 0.1,
    "train": {"epochs": 3, "layers": [1, 2, 3]},
    "T": {"k": {"x": 1}},
    "a": {"b": 1},
    "e": 1,
    "sub/extra.yaml:lr": 9,
    "vv.deep": 3,
}
DEPS = {
    "lr": 0.1,
    "train": {"layers": [None, 2], "epochs": 3},
    "T": {"k": {"x": 1}},
    "a": {"b": 1},
    "vv.deep": 3,
}
ONE = {"lr": 0.1, "train": {"layers": [None, 2]}, "T": {"k": {"x": 1}}, "a": {"b": 1}}
METRICS = {
    "m.json:acc": 0.5,
    "b": True,
    "in": {"acc": 1},
    "top.json:acc": 2,
    "z": 1,
    "q": 1,
}
P_PY = {"p.py:lr": 5, "T": {"k": {"x": 1, "y": 2}}}
TWO_FILES = {**P_PY, "params.yaml:lr": 0.1, "train": {"epochs": 3, "layers": [1, 2, 3]}}
# Function, targets, options, and what dvc 3.67 returns: the last test asks it.
SHOWN: tuple[tuple[str, list[str], dict[str, Any], dict[str, Any]], ...] = (
    ("params_show", [], {"rev": "v1"}, ALL),
    ("params_show", [], {"rev": "v1", "deps": True}, DEPS),
    ("params_show", [], {"rev": "v1", "stages": "one"}, ONE),
    ("params_show", [], {"rev": "v1", "stages": ["two"]}, {"train": {"epochs": 3}}),
    ("params_show", [], {"rev": "v1", "stages": "two@x"}, {"train": {"epochs": 3}}),
    ("params_show", ["p.py", "params.yaml"], {"rev": "v1"}, TWO_FILES),
    ("params_show", ["params.yaml"], {}, {"lr": 7}),
    ("metrics_show", [], {}, METRICS),
    ("metrics_show", [], {"rev": "v1"}, METRICS),
    ("metrics_show", ["top.json"], {"rev": "v1"}, {"acc": 2, "z": 1}),
)


def test_params_and_metrics_are_what_dvc_shows(repo: Path) -> None:
    for name, targets, options, expected in SHOWN:
        found = getattr(api, name)(*targets, **options)
        assert found == expected, (name, targets, options)
    assert api.params_show(repo=repo)["params.yaml:lr"] == 7
    with pytest.raises(FileNotFoundError):
        api.params_show("nope.yaml")
    with pytest.raises(UnknownStageError, match="onne") as caught:
        api.params_show(stages="onne")
    assert "'one'" in (caught.value.hint or "")
    write_tree(repo, {"m.json": "{"})
    with pytest.raises(FormatError, match=r"m\.json"):
        api.metrics_show()
    assert api.metrics_show(rev="v1") == METRICS


def test_metrics_that_are_data_come_from_the_remote(repo: Path) -> None:
    write_tree(repo, {"scores.json": '{"s": 1}', "dvc.yaml": "metrics:\n- scores.json\n"})
    with Project.open() as project:
        add.add(project, ["scores.json"])
        push.push(project)
    git("add", "-A")
    git("commit", "-qm", "2")
    (repo / "scores.json").unlink()
    shutil.rmtree(repo / ".dvc" / "cache")
    assert api.metrics_show() == api.metrics_show(rev="HEAD") == {"s": 1}


def test_generated_stages_have_params_and_metrics(repo: Path) -> None:
    stages = (
        "stages:\n  t:\n    foreach: [a, b]\n    do:\n      cmd: run\n      params:\n"
        "      - p_${item}.yaml:\n        - lr\n      metrics:\n      - m_${item}.json:\n"
        "          cache: false\n"
    )
    write_tree(repo, {"w/dvc.yaml": stages, "dvc.yaml": "", "params.yaml": ""})
    write_tree(repo, {f"w/p_{key}.yaml": f"lr: 1{key}\nx: 2\n" for key in "ab"})
    write_tree(repo, {f"w/m_{key}.json": '{"acc": 1}' for key in "ab"})
    assert api.params_show() == {"w/p_a.yaml:lr": "1a", "w/p_b.yaml:lr": "1b"}
    assert api.params_show(stages="w/dvc.yaml:t@b") == {"lr": "1b"}
    assert api.params_show(stages="w/dvc.yaml") == api.params_show()
    assert api.metrics_show() == {"w/m_a.json:acc": 1, "w/m_b.json:acc": 1}


def test_hostile_stages_read_nothing_outside(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("password: 1\n")
    params = f"params:\n- ../secret.yaml\n- {tmp_path}/secret.yaml\n"
    write_tree(repo, {"dvc.yaml": f"{params}metrics:\n- .git/config\n"})
    (repo / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    assert api.params_show() == {"lr": 7}
    assert api.metrics_show() == {}
    with pytest.raises((FileNotFoundError, FormatError)):
        api.params_show("link.yaml")


def test_an_artifact_is_found_by_its_version(repo: Path) -> None:
    write_tree(repo, {"dvc.yaml": "artifacts:\n  x:\n    path: sub/x.csv\n", "top.txt": "new\n"})
    git("commit", "-qam", "2")
    git("tag", "-a", "x@v1.0.0", "-m", "1")
    git("tag", "-a", "x#prod#1", "-m", "1")
    commit = git("rev-parse", "HEAD")
    git("commit", "-q", "--allow-empty", "-m", "3")
    for found in (api.artifacts_show("x"), api.artifacts_show("x", stage="prod", repo=repo)):
        assert found == {"rev": commit, "path": "sub/x.csv"}
        assert api.read(**found) == "a,b\n"
    with pytest.raises(UnknownArtifactError):
        api.artifacts_show("x", version="2.0.0")
    with pytest.raises(ValueError, match="together"):
        api.artifacts_show("x", version="1", stage="prod")


def test_importing_the_api_loads_no_command_line_and_no_library(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom git_dvc import api\n"
        "slow = {'typer', 'yaml', 'dulwich', 'rich', 'fsspec', 'git_dvc.cli', 'subprocess'}\n"
        "assert not slow & sys.modules.keys(), slow & sys.modules.keys()\n"
        "api.read('f', repo=sys.argv[1])\n"
        "assert not {'typer', 'rich', 'fsspec', 'git_dvc.cli.app'} & sys.modules.keys()\n"
    )
    git("init", "-q", tmp_path / "r")
    (tmp_path / "r" / "f").write_text("text")
    top = Path(__file__).parents[1]
    subprocess.run([sys.executable, "-c", code, tmp_path / "r"], cwd=top, check=True)


def test_the_examples_in_readme_run(repo: Path, tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    fsspec = pytest.importorskip("fsspec")
    fsspec.register_implementation("gitdvc", api.GitDvcFileSystem, clobber=True)
    write_tree(
        repo,
        {
            "dvc.yaml": "",
            "params.yaml": "train: {lr: 1}\n",
            "data/labels.csv": "l\n1\n",
            "data/train.csv": "t\n1\n",
            "images/cat.1.jpg": "jpg",
            "model.pkl": "m",
        },
    )
    with Project.open() as project:
        add.add(project, ["data", "images", "model.pkl"])
        push.push(project)
    git("add", "-A")
    git("commit", "-qm", "2")
    for tag in ("v1.0", "v2.0"):
        git("commit", "-q", "--allow-empty", "-m", tag)
        git("tag", tag)
    git("clone", "-q", "--bare", ".", tmp_path / "registry.git")
    section = README[README.index("## From Python") : README.index("\n## Hooks")]
    examples = re.findall(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        assert "example.com" in example or "registry.git" in example
        exec(example.replace("https://example.com/team/", f"{tmp_path}/"), {})


@pytest.mark.interop
def test_dvc_says_the_same(repo: Path, real_dvc: Path) -> None:
    code = (
        "import dvc.api, json, sys\n"
        "print(json.dumps([getattr(dvc.api, n)(*t, **o) for n, t, o in json.load(sys.stdin)]))"
    )
    asked = json.dumps([one[:3] for one in SHOWN])
    python = real_dvc.resolve().parent / "python"
    done = subprocess.run([python, "-c", code], input=asked, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [one[3] for one in SHOWN]
