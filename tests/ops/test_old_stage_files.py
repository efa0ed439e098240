"""A ``Dvcfile``, the one stage of the old tutorials, known to every command that it concerns."""

from __future__ import annotations

import json
from pathlib import Path

from git_dvc.project import Project
from tests.ops.conftest import git, write
from tests.scene import git_dvc, is_clean

DVCFILE = """\
# how the model is made
cmd: cp data model && echo '{"acc":1}' > metrics.json
deps:
- path: data
outs:
- path: model
- path: metrics.json
  cache: false
  metric: true
"""


def run(*args: str) -> str:
    done = git_dvc(*args, cwd=".")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_dvcfile_is_a_stage_for_every_command(project: Project, tmp_path: Path) -> None:
    write("data", "1")
    write("Dvcfile", DVCFILE)
    assert "Dvcfile" in run("status")
    assert "Running stage 'Dvcfile'" in run("repro")
    assert "didn't change" in run("repro", "Dvcfile")
    assert Path("Dvcfile").read_text().startswith("# how the model is made\ncmd: cp data model")
    git("add", "-A")
    git("commit", "-qm", "1")
    assert is_clean(".")
    assert '"Dvcfile"' in run("dag", "--dot")

    write("data", "2")
    assert json.loads(run("status", "--json")) == {
        "Dvcfile": [{"changed deps": {"data": "modified"}}]
    }
    run("repro")
    git("commit", "-qam", "2")
    assert Path("model").read_text() == "2"
    git("checkout", "-q", "HEAD~1")
    run("checkout")
    assert Path("model").read_text() == "1"
    git("checkout", "-q", "-")

    run("remote", "add", "-d", "store", str(tmp_path / "store"))
    run("push", "-a")
    run("gc", "-w", "-f")
    Path("model").unlink()
    run("pull", "Dvcfile")
    assert Path("model").read_text() == "2"
