"""What the command line says: streams, colour, how much, and questions.

Results go to stdout; notes, warnings, questions and progress (``terminal.py``) to stderr, so
that a result can be piped.

Colour follows, in this order: ``NO_COLOR``, then Git's ``color.dvc`` and ``color.ui``
through ``git config --get-colorbool``. Git is asked only when stdout is a terminal, or
a pager that Git started, or ``git -c color.…`` was given: a pipe costs no process.

This module is on the way of ``git dvc status``, so its imports are few.
"""

from __future__ import annotations

import os
import sys

from git_dvc.terminal import Line, TerminalProgress, is_terminal, put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from git_dvc.cli.pager import Pager

_CODES = {
    "bold": "1",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
    "dim": "2",
}


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
        self._line: Line | None = None
        self._pager: Pager | None = None

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
            put(self.stdout, text if text.endswith("\n") else text + "\n")

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
            put(self.stderr, text if text.endswith("\n") else text + "\n")
            self.stderr.flush()

    # -- the pager -------------------------------------------------------------------

    def page(self) -> None:
        """Show what is written from now on in Git's pager, if a person reads it on a terminal.

        To be called when a long result is at hand and before it is painted: the pager may
        want other colours than the terminal (``color.pager``).
        """
        if self.quiet or self._pager is not None or not is_terminal(self.stdout):
            return
        if not hasattr(os, "posix_spawn"):
            return
        from git_dvc.cli import pager

        self.clear_line()
        self._pager = pager.start(self.stdout, self.stderr)
        if self._pager is not None:
            self._colour = None

    def finish_paging(self) -> None:
        """Wait until the user has closed the pager, if there is one."""
        if self._pager is not None:
            shown, self._pager = self._pager, None
            shown.finish()

    def width(self) -> int | None:
        """Return how many columns the terminal has; None if stdout is none."""
        if not is_terminal(self.stdout):
            return None
        import shutil

        return shutil.get_terminal_size().columns

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

    # -- progress --------------------------------------------------------------------

    def clear_line(self) -> None:
        """Remove the line of progress, if one is shown."""
        if self._line is not None:
            self._line.clear()

    @property
    def line(self) -> Line:
        """The moving line of this console."""
        if self._line is None:
            self._line = Line(self.stderr)
        return self._line

    def progress(self) -> TerminalProgress:
        """Return a listener that shows progress on this console."""
        self._line = Line(self.stderr)
        return TerminalProgress(self.stderr, line=self._line, quiet=self.quiet)

    # -- questions -------------------------------------------------------------------

    def ask(self, question: str) -> bool:
        """Ask for a yes; without a terminal to ask on, the answer is no."""
        if not is_terminal(sys.stdin) or not is_terminal(self.stderr):
            return False
        self.clear_line()
        while True:
            put(self.stderr, f"{question} [y/n] ")
            self.stderr.flush()
            answer = sys.stdin.readline()
            if not answer:
                put(self.stderr, "\n")
                return False
            if answer.strip().lower() in ("y", "yes"):
                return True
            if answer.strip().lower() in ("n", "no"):
                return False

    def ask_secret(self, question: str) -> str | None:
        """Ask for a password, which is not shown; None if there is no terminal to ask on.

        It is asked and answered on the terminal itself, as ssh and Git do it: standard input
        may be something else, in a hook it is. ``GIT_TERMINAL_PROMPT=0`` forbids it.
        """
        if os.environ.get("GIT_TERMINAL_PROMPT", "1").lower() in ("0", "false", "no", "off"):
            return None
        import getpass
        import warnings

        if hasattr(os, "ctermid"):
            try:
                os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
            except OSError:
                return None
        elif not is_terminal(sys.stdin):
            return None
        self.clear_line()
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)  # it would be shown
            try:
                return getpass.getpass(question)
            except (EOFError, getpass.GetPassWarning):
                return None

    def close(self) -> None:
        """Write what is buffered, so that a full disk or closed pipe is noticed here."""
        self.clear_line()
        self.stdout.flush()
        self.stderr.flush()


def _git_wants_colour(terminal: bool) -> bool:
    given = "color." in os.environ.get("GIT_CONFIG_PARAMETERS", "")
    if not terminal and not given and os.environ.get("GIT_PAGER_IN_USE") != "true":
        return False
    from git_dvc.errors import GitDvcError
    from git_dvc.git.repo import git

    try:
        here = os.getcwd()
        env: dict[str, str | None] = {}
        if os.environ.get("GIT_PAGER_IN_USE") == "true":
            # Git's own commands read this one, too, but --get-colorbool does not.
            paged = git(["config", "--type=bool", "--get", "color.pager"], cwd=here)
            if paged.out.strip() == b"false":
                env["GIT_PAGER_IN_USE"] = None
        shown = "true" if terminal else "false"
        answer = git(["config", "--get-colorbool", "color.dvc", shown], cwd=here, env=env)
    except (GitDvcError, OSError):
        return False
    return answer.out.strip() == b"true"


console = Console()
"""The console of this process."""
