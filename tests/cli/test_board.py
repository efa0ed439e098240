"""What is shown of stages that run at once."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from git_dvc.cli import board
from git_dvc.cli.board import Board
from git_dvc.cli.console import Console
from git_dvc.pipeline.executors.base import Ended, Job
from git_dvc.pipeline.runner import Running
from git_dvc.pipeline.scheduler import KEEP_GOING, Scheduler, Task
from git_dvc.project import Project
from tests.ops.conftest import write
from tests.scene import git_dvc


class Never:
    """A job that does not end."""

    def poll(self) -> Ended | None:
        return None

    def stop(self, number: int) -> None:
        pass


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def running(scheduler: Scheduler, now: float, *, attached: bool = False) -> list[Running]:
    found: list[Running] = []
    while (address := scheduler.next()) is not None:
        job = Job(address, ("true",), "/", {}, "/log", attached=attached)
        found.append(Running(job, now - 8 - 64 * len(found), Never()))
    return found


TASKS = [
    Task("train"),
    Task("prepare@de"),
    Task("more"),
    Task("evaluate", ("train",)),
    Task("report", ("evaluate", "prepare@de")),
]


def test_each_stage_that_runs_and_each_that_waits_has_a_line() -> None:
    scheduler = Scheduler(TASKS, jobs=2)
    assert board.table(running(scheduler, 100), scheduler, 100) == [
        "2 running, 3 waiting",
        "  train          8s",
        "  prepare@de  1m12s",
        "  more waits for its turn",
        "  evaluate waits for train",
        "  report waits for evaluate, prepare@de",
    ]


def test_a_small_terminal_gets_counts_of_the_rest() -> None:
    scheduler = Scheduler(TASKS, jobs=2)
    assert board.table(running(scheduler, 100), scheduler, 100, most=4) == [
        "2 running, 3 waiting",
        "  train          8s",
        "  prepare@de  1m12s",
        "  3 wait",
    ]
    scheduler = Scheduler([Task(f"s{number}") for number in range(50)], jobs=40)
    lines = board.table(running(scheduler, 9999), scheduler, 9999, most=6)
    assert (len(lines), lines[-2:]) == (7, ["  36 more run", "  10 wait"])


def test_names_from_a_repository_do_nothing_to_the_terminal() -> None:
    scheduler = Scheduler([Task("\x1b[2J"), Task("b", ("\x1b[2J",))], jobs=1)
    assert "\x1b" not in "".join(board.table(running(scheduler, 9), scheduler, 9))


def test_the_lines_replace_each_other_and_make_room_for_what_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    console = Console(screen, screen)
    scheduler = Scheduler(TASKS[:2], jobs=2)
    found = running(scheduler, 100)
    now = [100.0]
    shown = Board(console, console.line, clock=lambda: now[0])
    shown.look(found, scheduler)
    now[0] += 0.01
    shown.look(found, scheduler)  # too soon
    now[0] += 1
    shown.look(found, scheduler)
    console.say("said")
    text = screen.getvalue()
    assert text.count("2 running") == 2
    assert text.endswith("  train          9s\n  prepare@de  1m13s\r\033[K\033[2A\033[Jsaid\n")


def test_without_a_terminal_a_line_comes_now_and_then() -> None:
    stream = io.StringIO()
    console = Console(stream, stream)
    scheduler = Scheduler(TASKS, jobs=2, on_error=KEEP_GOING)
    found = running(scheduler, 0)
    now = [0.0]
    shown = Board(console, console.line, clock=lambda: now[0])
    for _ in range(100):
        now[0] += 1
        shown.look(found, scheduler)
    assert stream.getvalue() == "2 running, 3 waiting: train (1m08s), prepare@de (2m12s)\n"


def test_a_stage_that_shows_its_own_output_is_not_disturbed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    console = Console(screen, screen)
    scheduler = Scheduler(TASKS)
    found = running(scheduler, 0, attached=True)
    Board(console, console.line).look(found, scheduler)
    assert screen.getvalue() == ""


PARALLEL = """\
stages:
  a:
    cmd:
    - while ! test -e b.on; do sleep 0.01; done
    - echo quiet; touch a.on
    meta: {resources: {gpu: 1}}
  b:
    cmd:
    - touch b.on; while ! test -e a.on; do sleep 0.01; done
    - echo at last; exit 5
  c:
    cmd: test -e c.on
"""


def test_stages_that_run_at_once_are_told_apart(project: Project) -> None:
    write("dvc.yaml", PARALLEL)
    done = git_dvc("repro", "-j", "2", cwd=".")
    said = done.stdout.splitlines()
    assert done.returncode == 1
    assert said[:2] == ["Running stage 'a':", "> while ! test -e b.on; do sleep 0.01; done"]
    at = said.index("Stage 'a' goes on:")
    assert said[at + 1] == "> echo quiet; touch a.on"
    assert "Stage 'a' ran in 0s" in said
    assert "quiet" not in said  # it stands in the log
    assert Path(".dvc/tmp/logs/a.log").read_text().endswith("\nquiet\n")
    assert "error: stage 'b' failed: its command exited with 5\n" in done.stderr
    assert "it ended with:\n" in done.stderr and "\n  at last\n" in done.stderr


def test_each_of_several_failures_is_told(project: Project) -> None:
    both = "touch {0}.on; while ! test -e {1}.on; do sleep 0.01; done; exit 4"
    stages = {"a": both.format("a", "b"), "b": both.format("b", "a")}
    lines = [f"  {name}:\n    cmd: {cmd}\n" for name, cmd in stages.items()]
    write("dvc.yaml", "stages:\n" + "".join(lines))
    said = git_dvc("repro", "-j", "2", cwd=".").stderr
    assert "stage 'a' failed" in said and "stage 'b' failed" in said


@pytest.mark.parametrize("how", [["-j", "2"], ["--executor", "slurm"]])
def test_resources_that_are_no_amounts_are_named(project: Project, how: list[str]) -> None:
    write("dvc.yaml", "stages:\n  a:\n    cmd: touch ran\n    meta: {resources: {cpu: lots}}\n")
    done = git_dvc("repro", *how, cwd=".")
    assert "dvc.yaml: stages.a.meta.resources.cpu: a number is expected" in done.stderr
    assert not os.path.exists("ran")
    assert git_dvc("repro", cwd=".").returncode == 0  # a stage alone takes what it likes
