"""What a terminal shows while work goes on: one moving line, drawn with two escape codes.

The hooks and the command line share this. It draws by itself because the rich library takes
33 ms to import, a quarter of a whole ``git dvc status``.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

SHOW_AFTER_S = 0.5
"""Work shorter than this shows no progress."""

REDRAW_EVERY_S = 0.1
PLAIN_EVERY_S = 10.0
"""Between two lines of progress where the stream is not a terminal."""

_ATOMIC = 1024
_CLEAR_LINE = "\r\033[K"
_UP, _CLEAR_BELOW = "\033[{}A", "\033[J"


def is_terminal(stream: TextIO) -> bool:
    """Return whether a person sees what goes to ``stream``."""
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


def put(stream: TextIO, text: str) -> None:
    """Write text that may hold names the stream's encoding cannot express."""
    # With PYTHONUNBUFFERED Python drops what a closed pipe or a full disk did not take of
    # one write, without an error. Of so few characters it takes all or nothing.
    if len(text) > _ATOMIC and getattr(stream, "write_through", False):
        for start in range(0, len(text), _ATOMIC):
            put(stream, text[start : start + _ATOMIC])
        return
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def human_size(size_bytes: float) -> str:
    """Return a size as Git writes it: ``12 bytes``, ``4.00 KiB``, ``1.20 GiB``."""
    if size_bytes < 1024:
        return "1 byte" if int(size_bytes) == 1 else f"{int(size_bytes)} bytes"
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        size_bytes /= 1024
        if size_bytes < 1024 or unit == "TiB":
            break
    return f"{size_bytes:.2f} {unit}"


def human_time(seconds: float) -> str:
    """Return a duration as ``8s``, ``2m05s`` or ``1h02m``."""
    whole = int(seconds + 0.5)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


class Line:
    """The line at the bottom of a terminal that is replaced again and again, or several lines."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = False
        self._above = 0

    def draw(self, text: str) -> None:
        """Show ``text`` in place of what the line said before; each line of it fits in one row."""
        put(self._stream, f"{self._start()}{text}")
        self._stream.flush()
        self._shown = True
        self._above = text.count("\n")

    def clear(self) -> None:
        """Remove the line, if it is shown; to be called before anything else is written."""
        if self._shown:
            self._shown = False
            put(self._stream, self._start())
            self._stream.flush()
            self._above = 0

    def _start(self) -> str:
        if not self._above:
            return _CLEAR_LINE
        return _CLEAR_LINE + _UP.format(self._above) + _CLEAR_BELOW


class TerminalProgress:
    """Shows one phase of work at a time, on one line that is gone when the work is done.

    ::

        Adding data:  45% (450/1000), 1.20 GiB/2.40 GiB | 250.00 MiB/s, 5s left

    On a terminal the line appears when the command has worked for half a second and is
    redrawn at most ten times a second. In a pipe or a dumb terminal a plain line comes
    every ten seconds. With ``-q``, under a pager or in the background there is nothing.

    Args:
        stream: Where it is shown, ``sys.stderr``.
        line: The moving line of that terminal, if others write there, too.
        quiet: Show nothing.
        clock: Seconds, for tests.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        line: Line | None = None,
        quiet: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._line = line or Line(stream)
        self._clock = clock
        self._quiet = quiet
        self._label = ""
        self._files = self._size_bytes = 0
        self._files_total: int | None = None
        self._size_total: int | None = None
        self._first_start: float | None = None
        self._started = 0.0
        self._next = float("inf")
        self._silent = quiet or os.environ.get("GIT_PAGER_IN_USE") == "true"
        self._moving = (
            not self._silent and is_terminal(stream) and os.environ.get("TERM", "dumb") != "dumb"
        )
        if self._moving and not in_foreground(stream):
            self._silent = True

    def start(self, label: str, files: int | None = None, size_bytes: int | None = None) -> None:
        """Begin a phase; totals are None where they are not known."""
        now = self._clock()
        if self._first_start is None:
            self._first_start = now
        self._label = label
        self._files_total, self._size_total = files, size_bytes
        self._files = self._size_bytes = 0
        self._started = now
        if self._silent:
            self._next = float("inf")
        elif self._moving:
            self._next = max(self._first_start + SHOW_AFTER_S, now + REDRAW_EVERY_S)
        else:
            self._next = now + PLAIN_EVERY_S

    def advance(self, files: int = 0, size_bytes: int = 0) -> None:
        """Add what was done since the last call."""
        self._files += files
        self._size_bytes += size_bytes
        now = self._clock()
        if now < self._next:
            return
        if self._moving:
            self._next = now + REDRAW_EVERY_S
            self._line.draw(self._text(now, _columns(self._stream) - 1))
        else:
            self._next = now + PLAIN_EVERY_S
            self.note(self._text(now, 10_000))

    def finish(self) -> None:
        """End the phase."""
        self._next = float("inf")
        self._line.clear()

    def note(self, message: str) -> None:
        """Tell the user one line now, such as what is being waited for."""
        if not self._quiet:
            self._line.clear()
            put(self._stream, message + "\n")
            self._stream.flush()

    def _text(self, now: float, width: int) -> str:
        """Return the line, without the parts that do not fit into ``width`` columns."""
        elapsed_s = max(now - self._started, 1e-6)
        head = f"{self._label}: "
        share = self._share()
        if self._files_total:
            counts = f"({self._files}/{self._files_total})"
        else:
            counts = f"{self._files} files" if self._files else ""
        if share is not None:
            counts = f"{int(share * 100):3d}% {counts}".rstrip()
        sizes = rate = left = ""
        if self._size_bytes:
            sizes = human_size(self._size_bytes)
            if self._size_total:
                sizes += f"/{human_size(self._size_total)}"
            rate = f"{human_size(self._size_bytes / elapsed_s)}/s"
        elif self._files:
            rate = f"{self._files / elapsed_s:.0f} files/s"
        if share and share < 1 and elapsed_s > 1:
            left = f"{human_time(max(elapsed_s / share - elapsed_s, 1))} left"
        text = head + counts
        for mark, part in ((", ", sizes), (" | ", rate), (", ", left)):
            if not part:
                continue
            if not counts and text == head:
                mark = ""
            if len(text) + len(mark) + len(part) <= width:
                text += mark + part
        if len(text) > width:
            text = text[: max(width - 1, 0)] + "…" if width > 0 else ""
        return text

    def _share(self) -> float | None:
        """Return how much is done, 0 to 1; bytes tell more than files where both are known."""
        if self._size_total:
            return min(self._size_bytes / self._size_total, 1.0)
        if self._files_total:
            return min(self._files / self._files_total, 1.0)
        return None


def _columns(stream: TextIO) -> int:
    """Return the terminal's width now: it may have been resized since the last line."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def in_foreground(stream: TextIO) -> bool:
    """Return whether we may draw: a job in the background would scribble over the shell."""
    try:
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except (AttributeError, OSError, ValueError):
        return True
