"""The terminal: streams, colour, how much to say, questions, and the progress line.

Results go to stdout; notes, warnings, questions and progress to stderr, so that a result
can be piped. All drawing is done here with four escape codes. The rich library would do it
too, but its import alone takes 33 ms, a quarter of a whole ``git dvc status``.

Colour follows, in this order: ``NO_COLOR``, then Git's ``color.dvc`` and ``color.ui``
through ``git config --get-colorbool``. Git is asked only when stdout is a terminal, or
a pager that Git started, or ``git -c color.…`` was given: a pipe costs no process.

This module is on the way of ``git dvc status``, so its imports are few.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

SHOW_AFTER_S = 0.5
"""Work shorter than this shows no progress."""

REDRAW_EVERY_S = 0.1
PLAIN_EVERY_S = 10.0
"""Between two lines of progress where stderr is not a terminal."""

_CODES = {
    "bold": "1",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
    "dim": "2",
}
_CLEAR_LINE = "\r\033[K"


class Console:
    """What one run of the program says, and where.

    Attributes:
        quiet: Only results asked for and errors are printed.
        verbosity: How many ``-v`` were given.
    """

    def __init__(self, stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        self._stdout = stdout
        self._stderr = stderr
        self.quiet = False
        self.verbosity = 0
        self._colour: bool | None = None
        self._line_shown = False

    # The streams are looked up when used: tests and Git's pager replace them.
    @property
    def stdout(self) -> TextIO:
        """The stream for results."""
        return self._stdout or sys.stdout

    @property
    def stderr(self) -> TextIO:
        """The stream for everything that is not a result."""
        return self._stderr or sys.stderr

    # -- saying things ---------------------------------------------------------------

    def write(self, text: str) -> None:
        """Print a result; nothing for an empty text."""
        if text:
            self.clear_line()
            _put(self.stdout, text if text.endswith("\n") else text + "\n")

    def say(self, text: str) -> None:
        """Print a result that ``-q`` leaves out."""
        if not self.quiet:
            self.write(text)

    def note(self, text: str) -> None:
        """Tell something by the way, on stderr; ``-q`` leaves it out."""
        if not self.quiet:
            self.error(text)

    def warning(self, text: str) -> None:
        """Tell what may be wrong, on stderr; ``-q`` leaves it out."""
        self.note(self.paint(f"warning: {text}", "yellow", self.stderr))

    def hint(self, text: str) -> None:
        """Tell what to do next, on stderr, every line marked; ``-q`` leaves it out."""
        lines = (f"hint: {line}" if line else "hint:" for line in text.splitlines())
        self.note("\n".join(self.paint(line, "yellow", self.stderr) for line in lines))

    def debug(self, text: str) -> None:
        """Tell a detail that ``-v`` asks for."""
        if self.verbosity:
            self.note(text)

    def error(self, text: str) -> None:
        """Print on stderr, whatever ``-q`` says."""
        if text:
            # What was printed before the error must stand before it when both streams
            # are the same terminal or file.
            try:
                self.stdout.flush()
            except OSError:
                pass
            self.clear_line()
            _put(self.stderr, text if text.endswith("\n") else text + "\n")
            self.stderr.flush()

    # -- colour ----------------------------------------------------------------------

    def coloured(self, stream: TextIO | None = None) -> bool:
        """Return whether to colour what goes to ``stream`` (default: stdout)."""
        if os.environ.get("NO_COLOR"):
            return False
        if stream is not None and stream is not self.stdout and not is_terminal(stream):
            return False
        if self._colour is None:
            self._colour = _git_wants_colour(is_terminal(self.stdout))
        return self._colour

    def paint(self, text: str, style: str, stream: TextIO | None = None) -> str:
        """Return ``text`` in a style (bold, red, green, yellow, cyan, dim) or as it is."""
        if not text or not self.coloured(stream):
            return text
        return f"\033[{_CODES[style]}m{text}\033[m"

    # -- the line that moves ---------------------------------------------------------

    def draw_line(self, text: str) -> None:
        """Replace the moving line at the bottom of the terminal."""
        _put(self.stderr, f"{_CLEAR_LINE}{text}")
        self.stderr.flush()
        self._line_shown = True

    def clear_line(self) -> None:
        """Remove the moving line, if one is shown."""
        if self._line_shown:
            self._line_shown = False
            _put(self.stderr, _CLEAR_LINE)
            self.stderr.flush()

    def progress(self) -> TerminalProgress:
        """Return a listener that shows progress on this console."""
        return TerminalProgress(self)

    # -- questions -------------------------------------------------------------------

    def ask(self, question: str) -> bool:
        """Ask for a yes; without a terminal to ask on, the answer is no."""
        if not is_terminal(sys.stdin) or not is_terminal(self.stderr):
            return False
        self.clear_line()
        while True:
            _put(self.stderr, f"{question} [y/n] ")
            self.stderr.flush()
            answer = sys.stdin.readline()
            if not answer:
                _put(self.stderr, "\n")
                return False
            if answer.strip().lower() in ("y", "yes"):
                return True
            if answer.strip().lower() in ("n", "no"):
                return False

    def close(self) -> None:
        """Write what is buffered, so that a full disk or closed pipe is noticed here."""
        self.clear_line()
        self.stdout.flush()
        self.stderr.flush()


def _put(stream: TextIO, text: str) -> None:
    """Write text that may hold names the stream's encoding cannot express."""
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def is_terminal(stream: TextIO) -> bool:
    """Return whether a person sees what goes to ``stream``."""
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


def _git_wants_colour(terminal: bool) -> bool:
    given = "color." in os.environ.get("GIT_CONFIG_PARAMETERS", "")
    if not terminal and not given and os.environ.get("GIT_PAGER_IN_USE") != "true":
        return False
    from git_dvc.errors import GitDvcError
    from git_dvc.git.repo import git

    try:
        shown = "true" if terminal else "false"
        answer = git(["config", "--get-colorbool", "color.dvc", shown], cwd=os.getcwd())
    except (GitDvcError, OSError):
        return False
    return answer.out.strip() == b"true"


def human_size(size_bytes: float) -> str:
    """Return a size as Git writes it: ``12 bytes``, ``4.00 KiB``, ``1.20 GiB``."""
    if size_bytes < 1024:
        return f"{int(size_bytes)} bytes"
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


class TerminalProgress:
    """Shows one phase of work at a time, on one line that is gone when the work is done.

    ::

        Adding data:  45% (450/1000), 1.20 GiB/2.40 GiB | 250.00 MiB/s, 5s left

    On a terminal the line appears when the command has worked for half a second and is
    redrawn at most ten times a second. In a pipe or a dumb terminal a plain line comes
    every ten seconds. With ``-q``, under a pager or in the background there is nothing.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._label = ""
        self._files = self._size_bytes = 0
        self._files_total: int | None = None
        self._size_total: int | None = None
        self._first_start: float | None = None
        self._started = 0.0
        self._next = float("inf")
        self._silent = console.quiet or os.environ.get("GIT_PAGER_IN_USE") == "true"
        self._moving = (
            not self._silent
            and is_terminal(console.stderr)
            and os.environ.get("TERM", "dumb") != "dumb"
        )
        if self._moving and not _in_foreground(console.stderr):
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
            self._console.draw_line(self._text(now, _columns(self._console.stderr) - 1))
        else:
            self._next = now + PLAIN_EVERY_S
            self._console.note(self._text(now, 10_000))

    def finish(self) -> None:
        """End the phase."""
        self._next = float("inf")
        self._console.clear_line()

    def note(self, message: str) -> None:
        """Tell the user one line now, such as what is being waited for."""
        self._console.note(message)

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
        if share and elapsed_s > 1:
            left = f"{human_time(elapsed_s / share - elapsed_s)} left"
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


def _in_foreground(stream: TextIO) -> bool:
    """Return whether we may draw: a job in the background would scribble over the shell."""
    try:
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except (AttributeError, OSError, ValueError):
        return True


console = Console()
"""The console of this process."""
