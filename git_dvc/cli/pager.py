"""Git's pager for long results, started as ``git diff`` and ``git log`` start it.

Which one is Git's choice: ``GIT_PAGER``, ``core.pager``, ``PAGER``, or ``less`` (``git var
GIT_PAGER``); ``git --no-pager dvc`` and ``pager.dvc = false`` turn it off, and ``pager.dvc`` may
name another. A command calls ``console.page()`` once it knows what to show, so that errors
and progress before it stay on the terminal. Under a pager that Git started itself (``git -p
dvc``) there is nothing left to do.

Loaded only when stdout is a terminal.
"""

from __future__ import annotations

import os
import re
import sys

from git_dvc.errors import GitDvcError
from git_dvc.git.repo import git
from git_dvc.terminal import is_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

# As Git is built: one screen ends by itself, colours pass, nothing is cleared.
_SETTINGS = {"LESS": "FRX", "LV": "-c"}
_OFF = ("false", "no", "off", "0", "")
_ON = ("true", "yes", "on", "1")
_PLAIN_WORDS = re.compile(r"[\w./+ -]+")
_SIGPIPE, _SIGXFSZ = 13, 25  # Python ignores these two, and a pager must not


class Pager:
    """A pager that shows what this process writes to stdout, until ``finish``."""

    def __init__(self, pid: int, saved: dict[int, int]) -> None:
        self._pid = pid
        self._saved = saved

    def finish(self) -> None:
        """Give the streams back and wait until the user has read all."""
        import signal

        # Ctrl-C is for the pager now; we must outlive it, or it loses its terminal.
        try:
            old = signal.signal(signal.SIGINT, signal.SIG_IGN)
        except ValueError:  # not the main thread
            old = None
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:
                pass  # the user left the pager early
        for fd, copy in self._saved.items():
            os.dup2(copy, fd)
            os.close(copy)
        try:
            os.waitpid(self._pid, 0)
        except ChildProcessError:
            pass
        os.environ.pop("GIT_PAGER_IN_USE", None)
        if old is not None:
            signal.signal(signal.SIGINT, old)


def start(stdout: TextIO, stderr: TextIO) -> Pager | None:
    """Start the user's pager on all that is written from now on, or return None.

    Args:
        stdout: The stream for results, a terminal.
        stderr: Goes to the pager, too, if it is a terminal: both show on the same screen.
    """
    command = _command()
    if command is None:
        return None
    stdout.flush()
    stderr.flush()
    try:
        columns = os.get_terminal_size(stdout.fileno()).columns
    except OSError:
        columns = 0
    if columns:
        os.environ.setdefault("COLUMNS", str(columns))
    reading, writing = os.pipe()
    try:
        pid = os.posix_spawn(
            "/bin/sh",
            ["sh", "-c", command],
            {**_SETTINGS, **os.environ},
            file_actions=[(os.POSIX_SPAWN_DUP2, reading, 0)],
            setsigdef=(_SIGPIPE, _SIGXFSZ),
        )
    except OSError:  # no pager is no reason not to show the result
        os.close(writing)
        return None
    finally:
        os.close(reading)
    saved = {}
    for stream in (stdout, stderr):
        if is_terminal(stream):
            fd = stream.fileno()
            saved[fd] = os.dup(fd)
            os.dup2(writing, fd)
    os.close(writing)
    os.environ["GIT_PAGER_IN_USE"] = "true"  # for colours, progress, and Git below us
    return Pager(pid, saved)


def _command() -> str | None:
    """Return the command of the pager for the shell, or None for none."""
    here = os.getcwd()
    try:
        own = git(["config", "--get", "pager.dvc"], cwd=here)
        choice = os.fsdecode(own.out.rstrip(b"\n"))
        if own.code != 0 or choice.lower() in _ON:
            choice = os.fsdecode(git(["var", "GIT_PAGER"], cwd=here).out.rstrip(b"\n"))
        elif choice.lower() in _OFF:
            return None
    except (GitDvcError, OSError):
        return None
    if choice.strip() in ("", "cat"):
        return None
    # What needs a shell to be read is the shell's to find.
    if _PLAIN_WORDS.fullmatch(choice) and not _is_there(choice.split()[0]):
        return None
    return choice


def _is_there(program: str) -> bool:
    folders = [""] if "/" in program else os.get_exec_path()
    return any(os.access(os.path.join(folder, program), os.X_OK) for folder in folders)
