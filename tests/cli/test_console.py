from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from git_dvc.cli.console import (
    Console,
    TerminalProgress,
    human_size,
    human_time,
)
from tests.cli import terminal


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def on_screen(monkeypatch: pytest.MonkeyPatch) -> tuple[Screen, Clock, TerminalProgress]:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("GIT_PAGER_IN_USE", raising=False)
    screen, clock = Screen(), Clock()
    return screen, clock, TerminalProgress(Console(io.StringIO(), screen), clock)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.00 KiB"),
        (4 * 1024**3, "4.00 GiB"),
        (5000 * 1024**4, "5000.00 TiB"),
    ],
)
def test_sizes_are_written_as_git_writes_them(size: int, text: str) -> None:
    assert human_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "0s"), (59, "59s"), (125, "2m05s"), (3720, "1h02m")]
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert human_time(seconds) == text


def test_short_work_shows_no_progress(
    on_screen: tuple[Screen, Clock, TerminalProgress],
) -> None:
    screen, clock, progress = on_screen
    progress.start("Adding data", 10)
    clock.now += 0.4
    progress.advance(10)
    progress.finish()
    assert screen.getvalue() == ""


def test_long_work_shows_one_line_and_removes_it(
    on_screen: tuple[Screen, Clock, TerminalProgress],
) -> None:
    screen, clock, progress = on_screen
    progress.start("Adding data", 1000, 2 * 1024**3)
    clock.now += 2
    progress.advance(450, 1024**3)
    shown = screen.getvalue()
    assert "Adding data:  50% (450/1000), 1.00 GiB/2.00 GiB | 512.00 MiB/s, 2s left" in shown
    assert "\n" not in shown
    progress.finish()
    assert screen.getvalue().endswith("\r\033[K")


def test_the_line_is_drawn_at_most_ten_times_a_second(
    on_screen: tuple[Screen, Clock, TerminalProgress],
) -> None:
    screen, clock, progress = on_screen
    progress.start("Checking", 1_000_000)
    clock.now += 1
    for _ in range(1000):
        clock.now += 0.001
        progress.advance(1)
    assert 9 <= screen.getvalue().count("Checking") <= 11


def test_a_phase_that_starts_late_does_not_wait_again(
    on_screen: tuple[Screen, Clock, TerminalProgress],
) -> None:
    screen, clock, progress = on_screen
    progress.start("Looking")
    clock.now += 0.45
    progress.finish()
    progress.start("Adding")
    clock.now += 0.15
    progress.advance(1)
    assert "Adding" in screen.getvalue()


def test_a_note_stands_above_the_line(
    on_screen: tuple[Screen, Clock, TerminalProgress],
) -> None:
    screen, clock, progress = on_screen
    progress.start("Adding")
    clock.now += 1
    progress.advance(1)
    progress.note("waiting for another git-dvc")
    assert screen.getvalue().endswith("\r\033[Kwaiting for another git-dvc\n")


@pytest.mark.parametrize("columns", [10, 20, 40, 60, 100])
def test_the_line_fits_the_terminal(columns: int) -> None:
    clock = Clock()
    progress = TerminalProgress(Console(io.StringIO(), io.StringIO()), clock)
    progress.start("Adding data", 1000, 2 * 1024**3)
    clock.now += 2
    progress.advance(450, 1024**3)
    text = progress._text(clock.now, columns)
    assert 0 < len(text) <= columns


def test_in_a_pipe_long_work_says_a_plain_line_every_ten_seconds() -> None:
    pipe, clock = io.StringIO(), Clock()
    progress = TerminalProgress(Console(io.StringIO(), pipe), clock)
    progress.start("Adding data", 100)
    for _ in range(25):
        clock.now += 1
        progress.advance(1)
    progress.finish()
    lines = pipe.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("Adding data:  10% (10/100)")
    assert "\033" not in pipe.getvalue() and "\r" not in pipe.getvalue()


@pytest.mark.parametrize("setting", ["quiet", "pager"])
def test_quiet_and_pager_show_no_progress(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen, clock = Screen(), Clock()
    console = Console(io.StringIO(), screen)
    if setting == "quiet":
        console.quiet = True
    else:
        monkeypatch.setenv("GIT_PAGER_IN_USE", "true")
    progress = TerminalProgress(console, clock)
    progress.start("Adding", 10)
    clock.now += 60
    progress.advance(1)
    assert screen.getvalue() == ""


def test_a_dumb_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    screen, clock = Screen(), Clock()
    progress = TerminalProgress(Console(io.StringIO(), screen), clock)
    progress.start("Adding", 10)
    clock.now += 11
    progress.advance(1)
    assert screen.getvalue().endswith("\n") and "\033" not in screen.getvalue()


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
from git_dvc.cli.console import console
progress = console.progress()
progress.start("Adding data", 100, 100 * 2**20)
for _ in range(100):
    time.sleep(0.01)
    progress.advance(1, 2**20)
progress.finish()
console.write("done")
"""


def test_the_progress_line_on_a_real_terminal(tmp_path: Path) -> None:
    code, shown = terminal.on_terminal([sys.executable, "-c", WORK], cwd=tmp_path)
    assert code == 0
    assert "Adding data:" in shown and "MiB/s" in shown
    lines = shown.split("\r\033[K")
    assert 2 <= len(lines) <= 15
    assert lines[-1] == "done\r\n"
