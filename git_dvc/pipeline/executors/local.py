"""Stages on this machine: a shell for each command line, in a process group of its own.

As DVC does it, a line is run by ``$SHELL`` without its start-up files, so that a stage finds
the environment that ``repro`` was started in and nothing of a login. The commands of a stage
that runs alone (``attached``) talk to the person: what they write is shown as it comes and kept
in the log, on a terminal by a terminal of their own (``screen.py``), and they can read what is
typed. Others read nothing and write to their log.

Each command has a process group, so that it can be stopped with all that it started. Should
``repro`` itself be killed, its keeper stops them: ``keeper.py``.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any

from git_dvc.errors import CannotRunStageError
from git_dvc.fsutil import write_all
from git_dvc.locking import RUN_VARIABLE
from git_dvc.pipeline.executors.base import Ended, Job, Settings
from git_dvc.pipeline.executors.screen import Screen, is_to_halt
from git_dvc.pipeline.keeper import group_has_ended, signal_group

_SHELL_OPTIONS: dict[str, tuple[str, ...]] = {
    "bash": ("--noprofile", "--norc"),
    "zsh": ("--no-rcs",),
}
_FISH_SINCE = (3, 3)  # knows --no-config
_NAP_S = 0.02
_HAS_GROUPS = hasattr(os, "killpg")


def shell_line(line: str) -> list[str]:
    """Return the program and arguments that run a command line."""
    shell = os.environ.get("SHELL") or "/bin/sh"
    name = os.path.basename(shell)
    if name == "fish" and name not in _SHELL_OPTIONS:
        _SHELL_OPTIONS[name] = _options_of_fish(shell)
    return [shell, *_SHELL_OPTIONS.get(name, ()), "-c", line]


def _options_of_fish(shell: str) -> tuple[str, ...]:
    import re
    import subprocess

    try:
        said = subprocess.run([shell, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return ()
    version = re.search(r"(\d+)\.(\d+)", said.stdout)
    new = version is not None and (int(version[1]), int(version[2])) >= _FISH_SINCE
    return ("--no-config",) if new else ()


class LocalExecutor:
    """Starts shells."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._handles: list[LocalHandle] = []

    def start(self, job: Job) -> LocalHandle:
        """Start a job, and return at once.

        Raises:
            CannotRunStageError: Its log cannot be written, or its directory is missing.
        """
        handle = LocalHandle(job, self._settings)
        self._handles = [one for one in self._handles if not one.is_over]
        self._handles.append(handle)
        return handle

    def wait(self, timeout_s: float, wake: int = -1) -> None:
        """Return when a job has ended or written something, or after a time."""
        if os.name == "nt":
            time.sleep(min(timeout_s, _NAP_S))
            return
        import select

        poll = select.poll()
        if wake >= 0:
            poll.register(wake, select.POLLIN)
        for handle in self._handles:
            for fd in handle.screen.reads if handle.screen else ():
                poll.register(fd, select.POLLIN)
        # Without somebody who wakes us up when a child has ended, look often.
        poll.poll(1000 * (timeout_s if wake >= 0 else min(timeout_s, _NAP_S)))
        for handle in self._handles:
            if handle.screen:
                handle.screen.read()

    def pause(self, *, resumed: bool = False) -> None:
        """Halt all jobs, or let them go on."""
        for handle in self._handles:
            handle.send(signal.SIGCONT if resumed else signal.SIGSTOP)

    def resized(self) -> None:
        """Give the jobs' terminals the size of ours."""
        for handle in self._handles:
            if handle.screen:
                handle.screen.fit()
                handle.send(signal.SIGWINCH)

    def close(self) -> None:
        """Do nothing: each job has cleaned up."""


class LocalHandle:
    """One stage that runs here."""

    def __init__(self, job: Job, settings: Settings) -> None:
        self._job = job
        self._listener = settings.listener
        self._keeper = settings.keeper
        self._lines = iter(job.cmd)
        self._line = ""
        self._process: Any = None
        self._ended: Ended | None = None
        self._stopped_by = 0
        self._wants_terminal = False
        self.screen: Screen | None = None
        try:
            os.makedirs(os.path.dirname(job.log), exist_ok=True)
            self._log = os.open(
                job.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o666
            )
        except OSError as problem:
            raise CannotRunStageError(job.address, f"{job.log}: {problem.strerror}") from problem
        self._token = self._keeper.begin()
        try:
            if job.attached and os.name != "nt":
                self.screen = Screen(self._written)
            self._next()
        except BaseException:
            self._close()
            raise

    def _written(self, data: bytes, error: bool) -> None:
        write_all(self._log, data)
        self._listener.output(self._job, data, error=error)

    def _next(self) -> None:
        """Start the next line, or note that all are done."""
        line = next(self._lines, None)
        if line is None:
            self._finish(Ended(0))
            return
        import subprocess

        self._line = line
        self._listener.command(self._job, line)
        write_all(self._log, f"> {line}\n".encode("utf-8", "surrogateescape"))
        group: dict[str, Any] = {}
        if _HAS_GROUPS:
            group = {"process_group": 0} if sys.version_info >= (3, 11) else _OLD_GROUP
        out, err = (self.screen.out, self.screen.err) if self.screen else (self._log, self._log)
        try:
            self._process = subprocess.Popen(
                line if os.name == "nt" else shell_line(line),
                shell=os.name == "nt",
                cwd=self._job.cwd,
                env={**os.environ, **self._job.env, RUN_VARIABLE: self._token},
                stdin=None if self._job.attached else subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                **group,
            )
        except OSError as problem:
            why = f"{os.fsdecode(problem.filename or '')}: {problem.strerror}"
            if not os.path.isdir(self._job.cwd):
                why = f"its directory is not there: {os.path.relpath(self._job.cwd)}"
            raise CannotRunStageError(self._job.address, why) from problem
        self._keeper.group(self._token, self._process.pid)

    @property
    def is_over(self) -> bool:
        """Whether it has ended, and somebody was told."""
        return self._ended is not None

    def poll(self) -> Ended | None:
        """Return how it ended, or None while it runs."""
        while self._ended is None:
            code = self._process.poll()
            if code is None:
                if self.screen:
                    self._halted(self.screen)
                return None
            if self.screen:
                self.screen.take_back()
                self.screen.read()
            if self._stopped_by and _HAS_GROUPS and not group_has_ended(self._process.pid):
                return None  # the shell has ended, and not yet all that it started
            if code:
                self._finish(Ended(code, self._line))
            elif not self._stopped_by:
                self._next()
            else:  # it ended well, but if lines are left the stage has not
                left = next(self._lines, None) is not None
                self._finish(Ended(-self._stopped_by if left else 0, self._line))
        return self._ended

    def _halted(self, screen: Screen) -> None:
        """See whether the terminal has halted the command, and do what it was halted for."""
        if not hasattr(os, "waitid"):
            return
        if self._wants_terminal:
            self._wants_terminal = not screen.lend(self._process.pid)
        try:
            found = os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOHANG)
        except ChildProcessError:
            return
        if found is None:
            return
        why = found.si_status
        if why in (signal.SIGTTIN, signal.SIGTTOU) and is_to_halt(self._process.pid):
            why = signal.SIGTSTP
        if why in (signal.SIGTTIN, signal.SIGTTOU):
            if not screen.lend(self._process.pid):
                self._wants_terminal = True
                os.kill(0, signal.SIGTTIN)  # halts us too: the shell says so, until its 'fg'
        elif why == signal.SIGTSTP:
            screen.take_back()
            os.kill(0, signal.SIGTSTP)  # Ctrl-Z went to it alone, and means us, too

    def stop(self, number: int) -> None:
        """Send a signal to all that the stage started; no other line starts."""
        if self._ended is None:
            self._stopped_by = number
            self.send(number)

    def send(self, number: int) -> None:
        """Send a signal to all that the current line started."""
        if self._ended is not None:
            return
        if _HAS_GROUPS:
            signal_group(self._process.pid, number)
        else:
            self._process.kill()

    def _finish(self, ended: Ended) -> None:
        self._ended = ended
        self._close()

    def _close(self) -> None:
        self._keeper.end(self._token)
        if self.screen:
            self.screen.close()
            self.screen = None
        os.close(self._log)


_OLD_GROUP = {"preexec_fn": getattr(os, "setpgrp", None)}
"""How a process group is asked for before Python 3.11; slower, as it rules out ``vfork``."""
