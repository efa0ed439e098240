"""Long results go through Git's pager as those of ``git diff`` do, on a real terminal."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import launcher
from tests.cli import terminal
from tests.cli.conftest import Cli
from tests.conftest import run_git

GIT = shutil.which("git") or "git"
MARK = "P: "
PAGER = f"sed 's/^/{MARK}/'"


@pytest.fixture
def changed(project: Path, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with a change for ``git dvc diff`` to show, and ``git dvc`` on PATH."""
    program = launcher.write(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    (project / "model").write_text("one")
    cli("add", "-q", "model")
    run_git("commit", "-q", "-m", "one", cwd=project)
    (project / "model").write_text("two")
    return project


def shown(*arguments: str, cwd: Path, **variables: str) -> tuple[int, str]:
    """Run ``git`` on a terminal, with a pager that marks each line."""
    env = terminal.environment(**{"GIT_PAGER": PAGER, "LESS": "FRX", **variables})
    code, text = terminal.on_terminal([GIT, *arguments], cwd=cwd, env=env)
    return code, text.replace("\r\n", "\n")


def test_diff_on_a_terminal_goes_through_the_pager(changed: Path) -> None:
    code, text = shown("dvc", "diff", cwd=changed, NO_COLOR="1")
    assert code == 0
    assert text.splitlines() == [
        f"{MARK}Modified:",
        f"{MARK}    model",
        MARK,
        f"{MARK}files summary: 1 modified",
    ]


def test_a_table_for_people_does_and_json_for_programs_does_not(changed: Path) -> None:
    assert MARK in shown("dvc", "diff", "--md", cwd=changed)[1]
    assert MARK not in shown("dvc", "diff", "--json", cwd=changed)[1]


def test_a_pipe_gets_no_pager(changed: Path) -> None:
    env = terminal.environment(GIT_PAGER=PAGER)
    done = subprocess.run(
        [GIT, "dvc", "diff"], cwd=changed, env=env, capture_output=True, text=True, check=True
    )
    assert "model" in done.stdout and MARK not in done.stdout


def test_short_results_stay_on_the_terminal(changed: Path) -> None:
    code, text = shown("dvc", "status", cwd=changed)
    assert code == 0 and "modified:" in text and MARK not in text


def test_nothing_to_show_starts_no_pager(changed: Path) -> None:
    (changed / "model").write_text("one")
    code, text = shown("dvc", "diff", cwd=changed, GIT_PAGER="echo started; cat")
    assert (code, text) == (0, "")


def test_an_error_is_not_hidden_in_the_pager(changed: Path) -> None:
    code, text = shown("dvc", "diff", "no-such-revision", cwd=changed)
    assert code == 128 and "no-such-revision" in text and MARK not in text


@pytest.mark.parametrize(
    "arguments",
    [
        ["--no-pager", "dvc", "diff"],
        ["-c", "pager.dvc=false", "dvc", "diff"],
        ["-c", "core.pager=cat", "dvc", "diff"],
    ],
    ids=" ".join,
)
def test_ways_to_go_without(arguments: list[str], changed: Path) -> None:
    pager = "" if "core.pager=cat" not in arguments else None
    env = terminal.environment(PAGER=PAGER)
    if pager is not None:
        env["GIT_PAGER"] = PAGER
    code, text = terminal.on_terminal([GIT, *arguments], cwd=changed, env=env)
    assert code == 0 and "model" in text and MARK not in text


def test_the_program_itself_reads_the_setting_too(changed: Path, tmp_path: Path) -> None:
    run_git("config", "pager.dvc", "false", cwd=changed)
    env = terminal.environment(GIT_PAGER=PAGER)
    program = [str(tmp_path / "bin" / "git-dvc"), "diff"]
    code, text = terminal.on_terminal(program, cwd=changed, env=env)
    assert code == 0 and "model" in text and MARK not in text
    run_git("config", "pager.dvc", "sed 's/^/own: /'", cwd=changed)
    _, text = terminal.on_terminal(program, cwd=changed, env=env)
    assert "own: " in text and MARK not in text


@pytest.mark.parametrize("arguments", [["-p", "dvc"], ["-c", "pager.dvc=true", "dvc"]])
def test_under_a_pager_that_git_started_there_is_no_second_one(
    arguments: list[str], changed: Path
) -> None:
    _, text = shown(*arguments, "diff", cwd=changed)
    assert text.count(MARK) == len(text.splitlines()) and MARK * 2 not in text
    _, text = shown(*arguments, "status", cwd=changed)
    assert MARK in text and "\033[K" not in text


@pytest.mark.parametrize(
    ("setting", "coloured"),
    [
        ("color.ui=auto", True),
        ("color.ui=never", False),
        ("color.dvc=never", False),
        ("color.pager=false", False),
    ],
)
def test_colours_in_the_pager_are_what_git_wants(
    setting: str, coloured: bool, changed: Path
) -> None:
    _, text = shown("-c", setting, "dvc", "diff", cwd=changed)
    assert MARK in text
    assert ("\033[33mModified\033[m" in text) is coloured


def test_the_pager_gets_the_settings_that_git_gives_it(changed: Path) -> None:
    env = terminal.environment(GIT_PAGER="echo LESS=$LESS LV=$LV IN_USE=$GIT_PAGER_IN_USE; cat")
    env.pop("LESS", None)
    _, text = terminal.on_terminal([GIT, "dvc", "diff"], cwd=changed, env=env)
    assert "LESS=FRX LV=-c" in text


def test_a_pager_that_is_not_installed_costs_nothing(changed: Path) -> None:
    code, text = shown("dvc", "diff", cwd=changed, GIT_PAGER="no-such-pager -R")
    assert code == 0 and "model" in text and "not found" not in text


def test_leaving_the_pager_early_is_no_error(changed: Path, tmp_path: Path) -> None:
    code, text = shown("dvc", "diff", cwd=changed, GIT_PAGER="exec true")
    assert code in (0, 141)
    assert "Error" not in text and "Exception" not in text


def test_the_command_waits_for_the_pager(changed: Path) -> None:
    _, text = shown("dvc", "diff", cwd=changed, GIT_PAGER="cat; sleep 0.3; echo the end")
    assert text.rstrip().endswith("the end")


def test_ctrl_c_is_for_the_pager(changed: Path, tmp_path: Path) -> None:
    """The shell must not get its prompt back under a pager that still runs."""
    env = terminal.environment(GIT_PAGER="cat; kill -INT $PPID; sleep 0.3; echo the end")
    program = [str(tmp_path / "bin" / "git-dvc"), "diff"]
    code, text = terminal.on_terminal(program, cwd=changed, env=env)
    assert code == 0 and "model" in text and "the end" in text
    assert "Traceback" not in text and "interrupted" not in text


@pytest.mark.parametrize("buffering", ["PYTHONUNBUFFERED=1", "PYTHONUNBUFFERED="])
def test_a_closed_pipe_ends_silently(
    buffering: str, project: Path, cli: Cli, tmp_path: Path
) -> None:
    (project / "many").mkdir()
    for number in range(3000):
        (project / "many" / f"{number:04d}-{'x' * 60}").write_text(str(number))
    run_git("commit", "-q", "--allow-empty", "-m", "none", cwd=project)
    cli("add", "-q", "many")
    program = launcher.write(tmp_path / "bin")
    done = subprocess.run(
        ["bash", "-c", f"{buffering} '{program}' diff | head -1; echo ${{PIPESTATUS[0]}}"],
        cwd=project,
        env=terminal.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "Added:\n141\n"
    assert done.stderr == ""
