from __future__ import annotations

import io

import pytest

from git_dvc.terminal import TerminalProgress, human_size, human_time


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
    return screen, clock, TerminalProgress(screen, clock=clock)


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
    progress = TerminalProgress(io.StringIO(), clock=clock)
    progress.start("Adding data", 1000, 2 * 1024**3)
    clock.now += 2
    progress.advance(450, 1024**3)
    text = progress._text(clock.now, columns)
    assert 0 < len(text) <= columns


def test_in_a_pipe_long_work_says_a_plain_line_every_ten_seconds() -> None:
    pipe, clock = io.StringIO(), Clock()
    progress = TerminalProgress(pipe, clock=clock)
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
    if setting == "pager":
        monkeypatch.setenv("GIT_PAGER_IN_USE", "true")
    progress = TerminalProgress(screen, quiet=setting == "quiet", clock=clock)
    progress.start("Adding", 10)
    clock.now += 60
    progress.advance(1)
    assert screen.getvalue() == ""


def test_a_dumb_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    screen, clock = Screen(), Clock()
    progress = TerminalProgress(screen, clock=clock)
    progress.start("Adding", 10)
    clock.now += 11
    progress.advance(1)
    assert screen.getvalue().endswith("\n") and "\033" not in screen.getvalue()
