"""What Git waits for on every switch and commit: a hook that moves nothing loads next to nothing.

``tests/cli/test_start_up.py`` has the same for the quick commands.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import launcher
from tests.conftest import run_git

SLOW = {
    "typer",
    "rich",
    "yaml",
    "filelock",
    "pathspec",
    "subprocess",
    "inspect",
    "dataclasses",
    "asyncio",
    "json",
    "importlib.metadata",
    "git_dvc.cli.app",
    "git_dvc.ops.add",
}
OF_DULWICH = {"json", "inspect", "dataclasses"}
"""The index that is being committed is read with dulwich, which takes these along."""

TOLD = """
import sys
sys.argv = ["git-dvc", *{arguments!r}]
from git_dvc.__main__ import main
code = main()
sys.stderr.flush()
print("MODULES", *sys.modules)
sys.exit(code)
"""


@pytest.fixture
def project(git_repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with two versions of its data, v1 and v2, and hooks in place."""
    program = launcher.write(tmp_path / "bin", real=True)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    run_git("dvc", "init", "-q", cwd=git_repo)
    (git_repo / "data").mkdir()
    for version in ("v1", "v2"):
        (git_repo / "data" / version).write_text(version)
        (git_repo / "model").write_text(version)
        run_git("dvc", "add", "-q", "data", "model", cwd=git_repo)
        run_git("commit", "-q", "-m", version, cwd=git_repo)
        run_git("tag", version, cwd=git_repo)
    return git_repo


def loaded_by(*arguments: str, cwd: Path) -> set[str]:
    code = TOLD.format(arguments=list(arguments))
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(launcher.TOP)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    bare = subprocess.run(
        [sys.executable, "-c", "import sys; print(*sys.modules)"],
        env={**os.environ, "PYTHONPATH": str(launcher.TOP)},
        capture_output=True,
        text=True,
        check=True,
    )
    # What this Python loads by itself (an editable install does) is not our doing.
    return set(done.stdout.rpartition("MODULES ")[2].split()) - set(bare.stdout.split())


def test_a_switch_back_and_forth_loads_no_yaml_and_no_command_line(project: Path) -> None:
    now = run_git("rev-parse", "HEAD", cwd=project)
    old = run_git("rev-parse", "v1", cwd=project)
    (project / ".git" / "hooks" / "post-checkout").unlink()  # it is run by hand here
    run_git("checkout", "-q", "v1", cwd=project)
    loaded = loaded_by("hook", "post-checkout", now, old, "1", cwd=project)
    assert [path.name for path in (project / "data").iterdir()] == ["v1"]
    assert loaded & SLOW <= {"json"}


def test_a_hook_that_finds_all_in_place_loads_even_less(project: Path) -> None:
    now = run_git("rev-parse", "HEAD", cwd=project)
    loaded = loaded_by("hook", "post-checkout", now, now, "0", cwd=project)
    assert loaded & {*SLOW, "dulwich"} == set()


def test_the_pre_commit_hook_loads_no_yaml_and_no_command_line(project: Path) -> None:
    (project / "code.py").write_text("pass")
    run_git("add", "code.py", cwd=project)
    loaded = loaded_by("hook", "pre-commit", cwd=project)
    assert loaded & SLOW <= OF_DULWICH


def test_reading_a_repository_loads_nothing_that_changes_one(project: Path) -> None:
    loaded = loaded_by("list", ".", cwd=project)
    assert "git_dvc.ops.remotes" in loaded
    assert loaded & {"git_dvc.ops.checkout", "git_dvc.ops.record", "git_dvc.ops.add"} == set()


def test_the_diff_driver_loads_no_yaml_and_no_command_line(project: Path) -> None:
    for pointer in ("data.dvc", "model.dvc"):
        assert loaded_by("textconv", pointer, cwd=project) & {*SLOW, "dulwich", "sqlite3"} == set()


def test_a_switch_of_code_alone_never_starts_python(
    project: Path,
) -> None:
    (project / "code.py").write_text("pass")
    run_git("add", "code.py", cwd=project)
    run_git("commit", "-q", "-m", "code", cwd=project)
    run_git("checkout", "-q", "v2", cwd=project)  # the first one after an 'add' takes a look
    run_git("checkout", "-q", "-", cwd=project)
    hook = project / ".git" / "hooks" / "post-checkout"
    program = project.parent / "bin" / "git-dvc"
    assert str(program) in hook.read_text()
    program.write_text('#!/bin/sh\ntouch "$0.was-started"\n')
    run_git("checkout", "-q", "v2", cwd=project)
    assert not Path(f"{program}.was-started").exists()
    run_git("checkout", "-q", "v1", cwd=project)
    assert Path(f"{program}.was-started").exists()
