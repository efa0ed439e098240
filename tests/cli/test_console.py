from __future__ import annotations

import io
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from git_dvc.cli.console import Console
from tests.cli import terminal


def test_quiet_leaves_out_notes_but_not_errors_and_results() -> None:
    out, err = io.StringIO(), io.StringIO()
    console = Console(out, err)
    console.quiet = True
    console.say("summary")
    console.warning("w")
    console.hint("h")
    console.write("result")
    console.error("error: e")
    assert (out.getvalue(), err.getvalue()) == ("result\n", "error: e\n")


def test_names_the_encoding_lacks_are_escaped() -> None:
    raw = io.BytesIO()
    console = Console(io.TextIOWrapper(raw, encoding="ascii"))
    console.write("naïve \udcff")
    console.close()
    assert raw.getvalue() == rb"na\xefve \udcff" + b"\n"


def test_without_a_terminal_the_answer_is_no() -> None:
    assert Console(io.StringIO(), io.StringIO()).ask("delete everything?") is False


ASK = "from git_dvc.cli.console import console as c; print('answer', c.ask('go on?'))"


@pytest.mark.parametrize(
    ("keys", "answer"), [("y\n", True), ("n\n", False), ("what\nyes\n", True), ("\x04", False)]
)
def test_a_question_on_a_terminal(keys: str, answer: bool, tmp_path: Path) -> None:
    code, shown = terminal.on_terminal([sys.executable, "-c", ASK], cwd=tmp_path, keys=keys)
    assert code == 0
    assert "go on? [y/n]" in shown
    assert f"answer {answer}" in shown


SECRET = (
    "from git_dvc.cli.console import console as c; r = c.ask_secret('Password: ');"
    "print('no answer' if r is None else 'answer ' + r[::-1])"
)


def test_a_password_is_asked_for_on_the_terminal_and_not_shown(tmp_path: Path) -> None:
    env = terminal.environment()
    env.pop("GIT_TERMINAL_PROMPT", None)
    # As in Git's pre-push hook, standard input and output are not the terminal.
    piped = [sys.executable, "-c", SECRET]
    shell = f"{shlex.join(piped)} </dev/null 2>/dev/null | cat"
    for command in (piped, ["/bin/sh", "-c", shell]):
        code, shown = terminal.on_terminal(
            command, cwd=tmp_path, env=env, replies=[("Password: ", "sesame\n")]
        )
        assert code == 0
        assert "answer emases" in shown
        assert "sesame" not in shown
        code, shown = terminal.on_terminal(
            command, cwd=tmp_path, env=env, replies=[("Password: ", "\x04")]
        )
        assert "no answer" in shown


def test_without_a_terminal_nobody_is_asked_for_a_password(tmp_path: Path) -> None:
    env = terminal.environment(GIT_TERMINAL_PROMPT="0")
    code, shown = terminal.on_terminal([sys.executable, "-c", SECRET], cwd=tmp_path, env=env)
    assert (code, shown.strip()) == (0, "no answer"), "Git's way to forbid questions"
    env.pop("GIT_TERMINAL_PROMPT")
    done = subprocess.run(
        [sys.executable, "-c", SECRET], env=env, start_new_session=True, input="sesame\n",
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "no answer\n"


PAINT = "from git_dvc.cli.console import console as c; c.write(c.paint('text', 'red'))"
RED = "\033[31mtext\033[m"


@pytest.mark.parametrize(
    ("settings", "coloured"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, True),
        ({"TERM": "dumb"}, False),
        ({"GIT_CONFIG_PARAMETERS": "'color.ui=never'"}, False),
        ({"GIT_CONFIG_PARAMETERS": "'color.dvc=never'"}, False),
        ({"NO_COLOR": "1", "GIT_CONFIG_PARAMETERS": "'color.ui=always'"}, False),
    ],
)
def test_colour_on_a_terminal(settings: dict[str, str], coloured: bool, tmp_path: Path) -> None:
    env = terminal.environment() | settings
    _, shown = terminal.on_terminal([sys.executable, "-c", PAINT], cwd=tmp_path, env=env)
    assert (RED in shown) is coloured


@pytest.mark.parametrize(
    ("settings", "coloured"),
    [
        ({}, False),
        ({"GIT_CONFIG_PARAMETERS": "'color.ui=always'"}, True),
        ({"GIT_PAGER_IN_USE": "true"}, True),
        ({"GIT_PAGER_IN_USE": "true", "NO_COLOR": "1"}, False),
    ],
)
def test_colour_in_a_pipe(settings: dict[str, str], coloured: bool, tmp_path: Path) -> None:
    env = terminal.environment() | settings
    done = subprocess.run(
        [sys.executable, "-c", PAINT], env=env, capture_output=True, text=True, check=True
    )
    assert (RED in done.stdout) is coloured


WORK = """
import time
began = time.monotonic()
from git_dvc.cli.console import console
progress = console.progress()
progress.start("Adding data", 100, 100 * 2**20)
for _ in range(100):
    time.sleep(0.01)
    progress.advance(1, 2**20)
progress.finish()
console.write(f"done in {time.monotonic() - began}")
"""


def test_the_progress_line_on_a_real_terminal(tmp_path: Path) -> None:
    code, shown = terminal.on_terminal([sys.executable, "-c", WORK], cwd=tmp_path)
    assert code == 0
    assert "Adding data:" in shown and "MiB/s" in shown
    lines = shown.split("\r\033[K")
    took_s = float(lines[-1].removeprefix("done in "))
    assert 2 <= len(lines) <= 10 * took_s + 5
