"""Hearing signals while stages run, instead of dying of them.

A signal only wakes up whoever waits: the runner ends its stages first. One that comes again
while it does so stops it at once. In a thread that is not the main one nothing is heard, and
the program's own handlers stay.
"""

from __future__ import annotations

import os
import signal
import time
from types import FrameType
from typing import Any

STOPS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""What asks a program to end: Ctrl-C, ``kill``, a terminal that is closed."""

ONCE_S = 0.3
"""One Ctrl-C may come twice: from the terminal, and from ``git``, which passes it on."""

PAUSE: int = getattr(signal, "SIGTSTP", 0)
RESIZED: int = getattr(signal, "SIGWINCH", 0)
CHILD: int = getattr(signal, "SIGCHLD", 0)


class Signals:
    """Hears signals; a context manager.

    Attributes:
        wake: A descriptor that can be read when a signal has come; -1 if none is heard.
        stop: The first signal that asked to end, or 0.
    """

    def __init__(self) -> None:
        self.wake = -1
        self.stop = 0
        self._stop_came = 0.0
        self._writing = -1
        self._old: dict[int, Any] = {}
        self._old_wake = -1
        self._came: set[int] = set()

    def __enter__(self) -> Signals:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)
        try:
            self._old_wake = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        except ValueError:  # not the main thread
            os.close(reading)
            os.close(writing)
            return self
        self.wake, self._writing = reading, writing
        for number in (*STOPS, PAUSE, RESIZED, CHILD):
            # What was ignored when we started, as under nohup, stays so.
            if number and (number == CHILD or signal.getsignal(number) != signal.SIG_IGN):
                self._old[number] = signal.signal(number, self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        if self.wake < 0:
            return
        for number, old in self._old.items():
            signal.signal(number, old)
        signal.set_wakeup_fd(self._old_wake)
        os.close(self.wake)
        os.close(self._writing)
        self.wake = -1

    def _heard(self, number: int, _: FrameType | None) -> None:
        now = time.monotonic()
        if number not in STOPS:
            self._came.add(number)
        elif not self.stop:
            self.stop, self._stop_came = number, now
        elif now > self._stop_came + ONCE_S:
            raise KeyboardInterrupt

    def pause(self) -> None:
        """Halt, as Ctrl-Z wants it, until the shell lets us go on.

        The system's own way, which does nothing where no shell could ever do that.
        """
        old = signal.signal(PAUSE, signal.SIG_DFL)
        os.kill(os.getpid(), PAUSE)
        signal.signal(PAUSE, old)

    def came(self) -> set[int]:
        """Return what has come since the last call, other than what asks to end."""
        if self.wake >= 0:
            try:
                while len(os.read(self.wake, 4096)) == 4096:
                    pass
            except BlockingIOError:
                pass
        came, self._came = self._came, set()
        return came
