"""While the commands of a stage run: what others may do, and what the stage itself may."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from git_dvc.project import Project
from tests import launcher
from tests.ops.conftest import write
from tests.scene import git_dvc, run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks are POSIX's")

SLOW = """\
stages:
  train:
    cmd: touch on; while ! test -e go; do sleep 0.01; done; cat data >model
    deps: [data]
    outs: [model]
"""


@contextmanager
def running() -> Iterator[None]:
    """Have ``repro`` run the stage until the block is left; it must succeed then."""
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            code = git_dvc("repro", "-q", cwd=".").returncode
        finally:
            os._exit(code)
    until = time.monotonic() + 60
    while not os.path.exists("on"):
        assert time.monotonic() < until
        time.sleep(0.01)
    try:
        yield
    finally:
        Path("go").touch()
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code == 0


def test_other_commands_work_and_leave_what_the_stage_uses_alone(project: Project) -> None:
    write("dvc.yaml", SLOW)
    write("data", "1")
    write("other", "1")
    for name in ("data", "other"):
        assert git_dvc("add", "-q", name, cwd=".").returncode == 0
    with running():
        write("other", "2")
        assert git_dvc("add", "-q", "other", cwd=".").returncode == 0
        assert git_dvc("status", cwd=".").returncode in (0, 1)
        write("data", "2")
        for words in (["add", "data"], ["checkout", "-f", "data"]):
            said = git_dvc(*words, cwd=".")
            assert said.returncode == 1
            assert "these are in use by a running stage:" in said.stderr
            assert "git dvc repro train" in said.stderr
        write("data", "1")
    assert Path("model").read_text() == "1"
    assert git_dvc("checkout", "-f", "data", cwd=".").returncode == 0


def test_a_checkout_by_git_leaves_the_outputs_of_a_running_stage_alone(project: Project) -> None:
    write("dvc.yaml", SLOW)
    write("data", "1")
    assert git_dvc("add", "-q", "data", cwd=".").returncode == 0
    write("go", "")
    assert git_dvc("repro", "-q", cwd=".").returncode == 0
    for words in (["add", "-A"], ["commit", "-qm", "one"], ["tag", "one"]):
        assert run("git", *words, cwd=".").returncode == 0
    write("data", "2")
    assert git_dvc("add", "-q", "data", cwd=".").returncode == 0
    assert git_dvc("repro", "-q", cwd=".").returncode == 0
    assert run("git", "commit", "-qam", "two", cwd=".").returncode == 0
    write("data", "3")
    for name in ("on", "go"):
        os.unlink(name)
    with running():
        write("model", "half")
        assert run("git", "checkout", "-q", "one", "--", "dvc.lock", cwd=".").returncode == 0
        said = git_dvc("hook", "post-checkout", "0" * 40, "0" * 40, "1", cwd=".")
        assert Path("model").read_text() == "half"
        assert "in use by a running stage" in said.stdout + said.stderr
        assert run("git", "checkout", "-q", "HEAD", "--", "dvc.lock", cwd=".").returncode == 0
    assert Path("model").read_text() == "3"


def test_a_stage_may_call_git_dvc_itself(
    project: Project, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path_factory.mktemp("bin")
    launcher.write(programs)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    write(
        "dvc.yaml",
        "stages:\n"
        "  a:\n"
        "    cmd:\n"
        "    - echo 1 >mine && git-dvc add -q mine\n"
        "    - git-dvc checkout -q data.dvc && git-dvc status >said; cat data >model\n"
        "    - cd inner && git-dvc repro -q\n"
        "    deps: [data]\n"
        "    outs: [model]\n",
    )
    write("inner/dvc.yaml", "stages:\n  b:\n    cmd: cat ../data >b.out\n    outs: [b.out]\n")
    write("data", "1")
    assert git_dvc("add", "-q", "data", cwd=".").returncode == 0
    done = git_dvc("repro", cwd=".")
    assert done.returncode == 0, done.stderr
    assert Path("mine.dvc").exists() and Path("inner/dvc.lock").exists()
    assert "a:\n" in Path("dvc.lock").read_text()


def test_two_runs_of_one_stage_do_not_meet(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("git_dvc.pipeline.claims.WAIT_S", 0.1)
    write("dvc.yaml", SLOW)
    write("data", "1")
    with running():
        said = git_dvc("repro", cwd=".")
        assert said.returncode == 1
        assert "these are in use by a running stage:" in said.stderr
    assert git_dvc("repro", cwd=".").stdout.endswith("up to date.\n")


def test_ctrl_c_leaves_outputs_as_they_were(project: Project) -> None:
    write(
        "dvc.yaml",
        SLOW.replace("while ! test -e go; do sleep 0.01; done", "test -e go || sleep 60"),
    )
    write("data", "1")
    write("go", "")
    assert git_dvc("repro", "-q", cwd=".").returncode == 0
    recorded = Path("dvc.lock").read_bytes()
    os.unlink("go")
    os.unlink("on")
    write("data", "2")
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            code = git_dvc("repro", "-q", cwd=".").returncode
        finally:
            os._exit(code)
    until = time.monotonic() + 60
    while not os.path.exists("on"):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert not os.path.exists("model")
    os.kill(pid, signal.SIGINT)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 130
    assert Path("model").read_text() == "1"
    assert Path("dvc.lock").read_bytes() == recorded
