"""What a stage that runs alone sees of a terminal, and what a person sees of the stage."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from git_dvc.pipeline.scheduler import Task
from tests.cli import terminal
from tests.pipeline.shop import Shop

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="terminals are POSIX's")

PROGRAM = """\
import os, signal, sys
from pathlib import Path
from tests.pipeline.shop import Shop
from git_dvc.pipeline.scheduler import Task

class Loud(Shop):
    def output(self, job, data, *, error):
        os.write(2 if error else 1, data)

give = os.tcsetpgrp
def give_and_press(fd, group):
    "Press Ctrl-Z once, as soon as the stage has the terminal."
    give(fd, group)
    if group != os.getpgrp():
        os.tcsetpgrp = give
        os.killpg(group, signal.SIGTSTP)
if "PRESS" in os.environ:
    os.tcsetpgrp = give_and_press

shop = Loud(Path.cwd(), {"a": sys.argv[1:]})
outcome = shop.run(Task("a"))
print("ok" if outcome.done else outcome.failed["a"])
"""


def on_terminal(place: Path, *lines: str, **more: object) -> str:
    command = [sys.executable, "-c", PROGRAM, *lines]
    code, shown = terminal.on_terminal(command, cwd=place, **more)  # type: ignore[arg-type]
    assert code == 0, shown
    return shown


def in_bash(place: Path, line: str, *replies: tuple[str, str], start: str = "{}") -> str:
    """Run a stage from an interactive shell, and return all that is shown."""
    (place / "program.py").write_text(PROGRAM)
    command = start.format(f"{sys.executable} program.py '{line}'")
    shell = ["/bin/bash", "--norc", "--noediting", "-i"]
    env = terminal.environment(PS1="say> ")
    told = [("say> ", command + "\n"), *replies, ("\nok", "exit\n")]
    _, shown = terminal.on_terminal(shell, cwd=place, env=env, replies=told)
    assert "got x" in shown and "\nok" in shown
    return shown


def test_a_stage_on_a_terminal_has_one_of_the_same_size(tmp_path: Path) -> None:
    shown = on_terminal(tmp_path, "test -t 1 && test -t 2 && stty size <&1", columns=93)
    assert "24 93\r\nok" in shown
    log = (tmp_path / "tmp" / "logs" / "a.log").read_bytes()
    assert log.endswith(b"\n24 93\n")


def test_it_can_ask_a_person(tmp_path: Path) -> None:
    shown = on_terminal(
        tmp_path,
        "read one; read two; echo got $one $two",
        "read three </dev/tty; echo and $three",
        "echo bye",
        replies=[],
        keys="x\ny\nz\n",
    )
    assert "got x y\r\n" in shown and "and z\r\n" in shown and "bye\r\nok" in shown


def test_ctrl_c_stops_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, "echo ready; sleep 60"]
    code, shown = terminal.on_terminal(command, cwd=tmp_path, replies=[("ready", "\3")])
    assert code == 1 and "InterruptedRunError" in shown


def test_ctrl_c_of_one_that_reads_stops_it_too(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, "read one; echo ready; read two"]
    code, shown = terminal.on_terminal(command, cwd=tmp_path, keys="x\n", replies=[("ready", "\3")])
    assert code == 1 and "InterruptedRunError" in shown


def test_ctrl_z_halts_it_until_the_shell_lets_it_go_on(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "go")
    shown = in_bash(
        tmp_path,
        # It waits without starting anything: a shell that is about to start a program by vfork
        # does not halt if that one was first, whoever the two belong to.
        "echo ready; read one; echo got $one; read two <go",
        ("\nready", "\x1a"),
        ("Stopped", "fg\n"),
        ("program.py", "x\n"),
        ("got x", "\x1a"),
        ("Stopped", "exec 3<>go; echo >&3; fg\n"),
    )
    assert shown.count("Stopped") == 2


def test_ctrl_z_is_heeded_as_soon_as_the_stage_has_the_terminal(tmp_path: Path) -> None:
    shown = in_bash(
        tmp_path,
        "read one; echo got $one",
        ("Stopped", "fg\n"),
        ("program.py", "x\n"),
        start="PRESS=1 {}",
    )
    assert shown.count("Stopped") == 1


def test_ctrl_z_without_a_shell_halts_nothing_for_ever(tmp_path: Path) -> None:
    shown = on_terminal(tmp_path, "echo ready; sleep 0.5; echo done", replies=[("ready", "\x1a")])
    assert "done\r\nok" in shown


def test_in_the_background_it_waits_for_the_terminal(tmp_path: Path) -> None:
    in_bash(
        tmp_path,
        "read one; echo got $one",
        ("Stopped", "fg\n"),
        ("program.py", "x\n"),
        start="set -b; {} &",
    )


def test_without_a_terminal_there_is_none(tmp_path: Path) -> None:
    shop = Shop(tmp_path, {"a": ["test -t 1 || echo none"]})
    old = os.dup(1), os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        shop.run(Task("a"))
    finally:
        for fd, number in zip(old, (1, 2), strict=True):
            os.dup2(fd, number)
            os.close(fd)
        os.close(nowhere)
    assert shop.shown == b"none\n"
