"""What a stage writes to, where somebody watches: shown as it comes, and all of it kept.

Where our own output is a terminal, the stage gets a terminal too (a pty), so that it behaves as
if it wrote to ours: a Python program then writes each line at once, and progress bars move.
Else it gets pipes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

_CHUNK = 65536
_MOST_CHUNKS = 64
"""More than any pipe or terminal holds: what is there when a stage ends is read."""

_OPOST = 1  # the place of the output flags in what termios gives
_STDIN, _STDOUT, _STDERR = 0, 1, 2


class Screen:
    """Two streams for a stage to write to, and what is written there.

    Args:
        written: Called with each piece, and whether it is of stderr.

    Attributes:
        out: The descriptor for the stage's stdout.
        err: That for its stderr.
        reads: What to wait for, and whether it is stderr.
    """

    def __init__(self, written: Callable[[bytes, bool], None]) -> None:
        self._written = written
        self._terminal = -1
        self._terminal_of = -1
        self.reads: dict[int, bool] = {}
        self._given: list[int] = []
        self._lent = 0
        out_shown, err_shown = os.isatty(_STDOUT), os.isatty(_STDERR)
        if out_shown or err_shown:
            self._terminal_of = _STDOUT if out_shown else _STDERR
            self._terminal = self._open_terminal(error=not out_shown)
        shown = self._terminal >= 0
        self.out = self._terminal if shown and out_shown else self._open_pipe(error=False)
        self.err = self._terminal if shown and err_shown else self._open_pipe(error=True)

    def _open_terminal(self, *, error: bool) -> int:
        import pty
        import termios

        try:
            reading, writing = pty.openpty()
        except OSError:
            return -1  # there are none left, or none at all
        mode = termios.tcgetattr(writing)
        mode[_OPOST] &= ~termios.OPOST  # our terminal makes the line ends, and the log wants none
        termios.tcsetattr(writing, termios.TCSANOW, mode)
        self._add(reading, writing, error=error)
        self._fit(writing)
        return writing

    def _open_pipe(self, *, error: bool) -> int:
        reading, writing = os.pipe()
        self._add(reading, writing, error=error)
        return writing

    def _add(self, reading: int, writing: int, *, error: bool) -> None:
        os.set_blocking(reading, False)
        self.reads[reading] = error
        self._given.append(writing)

    def fit(self) -> None:
        """Give the stage's terminal the size of ours."""
        if self._terminal >= 0:
            self._fit(self._terminal)

    def _fit(self, terminal: int) -> None:
        import fcntl
        import termios

        try:
            size: Any = fcntl.ioctl(self._terminal_of, termios.TIOCGWINSZ, b"\0" * 8)
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)
        except OSError:
            pass

    def read(self) -> None:
        """Pass on what there is to read."""
        for fd, error in self.reads.items():
            for _ in range(_MOST_CHUNKS):
                try:
                    data = os.read(fd, _CHUNK)
                except OSError:  # nothing now
                    break
                if not data:
                    break
                self._written(data, error)

    def lend(self, group: int) -> bool:
        """Let a process group read from our terminal, which it was halted for.

        It goes on at once. Only one in the foreground of a terminal may read from it; until
        a stage wants to, that is us, so that Ctrl-C is for us.

        Returns:
            False while we are in the background ourselves.
        """
        import signal

        foreground = _foreground(_STDIN)
        if foreground not in (os.getpgrp(), group):
            return False
        # In this order: SIGCONT takes back what has come to halt the group, and so would the
        # Ctrl-Z of a person who presses it as soon as the group has the terminal.
        os.killpg(group, signal.SIGCONT)
        if foreground != group:  # else we would be halted, for we are in the background
            os.tcsetpgrp(_STDIN, group)
        self._lent = group
        return True

    def take_back(self) -> None:
        """Be in the foreground of our terminal again."""
        import signal

        group, self._lent = self._lent, 0
        if group and _foreground(_STDIN) == group:
            old = signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # we are in the background now
            try:
                os.tcsetpgrp(_STDIN, os.getpgrp())
            finally:
                signal.signal(signal.SIGTTOU, old)

    def close(self) -> None:
        """Close both ends: what the stage left running can show nothing any more."""
        self.take_back()
        for fd in (*self.reads, *self._given):
            os.close(fd)
        self.reads, self._given, self._terminal = {}, [], -1


def is_to_halt(pid: int) -> bool:
    """Return whether a Ctrl-Z waits for a process that is halted already, for another reason.

    SIGCONT would take it back. Without /proc nobody knows.
    """
    import signal

    try:
        with open(f"/proc/{pid}/status") as stream:
            waiting = next(line for line in stream if line.startswith("ShdPnd:"))
    except (OSError, StopIteration):
        return False
    return bool(int(waiting.split()[1], 16) >> (signal.SIGTSTP - 1) & 1)


def _foreground(fd: int) -> int:
    try:
        return os.tcgetpgrp(fd)
    except OSError:
        return -1  # not a terminal, or not ours
