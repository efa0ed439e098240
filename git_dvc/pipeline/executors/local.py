"""Stages on this machine: a shell for each command line, in a process group of its own.

As DVC does it, a line is run by ``$SHELL`` without its start-up files, so that a stage finds
the environment that ``repro`` was started in and nothing of a login. The commands of a stage
that runs alone (``attached``) talk to the terminal: what they write is shown as it comes and
kept in the log, and they can read what is typed. Others read nothing and write to their log.

Each stage has a process group, so that it can be stopped with all that it started. Should
``repro`` itself be killed, its keeper stops them: ``keeper.py``.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from typing import Any

from git_dvc.errors import ExecutorError
from git_dvc.pipeline.executors.base import Ended, Job, Listener, Settings

_SHELL_OPTIONS = {"bash": ("--noprofile", "--norc"), "zsh": ("--no-rcs",)}
_CHUNK = 65536
_NAP_S = 0.02
HAS_GROUPS = hasattr(os, "killpg")


def shell_line(line: str) -> list[str]:
    """Return the program and arguments that run a command line."""
    shell = os.environ.get("SHELL") or "/bin/sh"
    return [shell, *_SHELL_OPTIONS.get(os.path.basename(shell), ()), "-c", line]


class LocalExecutor:
    """Starts shells."""

    def __init__(self, settings: Settings) -> None:
        self._listener = settings.listener
        self._handles: list[LocalHandle] = []

    def start(self, job: Job) -> LocalHandle:
        """Start a job, and return at once.

        Raises:
            ExecutorError: Its log cannot be written, or its directory is missing.
        """
        handle = LocalHandle(job, self._listener)
        self._handles = [one for one in self._handles if not one.is_over]
        self._handles.append(handle)
        return handle

    def wait(self, timeout_s: float, wake: int = -1) -> None:
        """Return when a job has ended or written something, or after a time."""
        if os.name == "nt":
            time.sleep(min(timeout_s, _NAP_S))
            return
        poll = select.poll()
        if wake >= 0:
            poll.register(wake, select.POLLIN)
        for handle in self._handles:
            for fd in handle.streams:
                poll.register(fd, select.POLLIN)
        # Without somebody who wakes us up when a child has ended, look often.
        poll.poll(1000 * (timeout_s if wake >= 0 else min(timeout_s, _NAP_S)))
        for handle in self._handles:
            handle.read()

    def close(self) -> None:
        """Do nothing."""


class LocalHandle:
    """One stage that runs here."""

    def __init__(self, job: Job, listener: Listener) -> None:
        self._job = job
        self._listener = listener
        self._lines = iter(job.cmd)
        self._line = ""
        self._ended: Ended | None = None
        self._process: Any = None
        self.streams: dict[int, bool] = {}
        """What is read from: the descriptor, and whether it is stderr."""
        self._given: list[int] = []
        try:
            os.makedirs(os.path.dirname(job.log), exist_ok=True)
            self._log = os.open(
                job.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o666
            )
        except OSError as problem:
            raise ExecutorError(job.address, f"{job.log}: {problem.strerror}") from problem
        self._stdio: tuple[int, int] = (self._log, self._log)
        try:
            if job.attached and os.name != "nt":
                self._stdio = self._pipes()
            self._next()
        except BaseException:
            self._close()
            raise

    def _pipes(self) -> tuple[int, int]:
        ends = []
        for error in (False, True):
            reading, writing = os.pipe()
            os.set_blocking(reading, False)
            self.streams[reading] = error
            self._given.append(writing)
            ends.append(writing)
        return ends[0], ends[1]

    def _next(self) -> None:
        """Start the next line, or note that all are done."""
        line = next(self._lines, None)
        if line is None:
            self._finish(Ended(0))
            return
        import subprocess

        self._line = line
        self._listener.command(self._job, line)
        os.write(self._log, f"> {line}\n".encode("utf-8", "surrogateescape"))
        own_group: dict[str, Any] = {}
        if sys.version_info >= (3, 11) and HAS_GROUPS:
            own_group = {"process_group": 0}
        elif HAS_GROUPS:
            own_group = {"preexec_fn": os.setpgrp}
        try:
            self._process = subprocess.Popen(
                line if os.name == "nt" else shell_line(line),
                shell=os.name == "nt",
                cwd=self._job.cwd,
                env={**os.environ, **self._job.env},
                stdin=None if self._job.attached else subprocess.DEVNULL,
                stdout=self._stdio[0],
                stderr=self._stdio[1],
                **own_group,
            )
        except OSError as problem:
            name = os.fsdecode(problem.filename or "")
            raise ExecutorError(self._job.address, f"{name}: {problem.strerror}") from problem

    @property
    def is_over(self) -> bool:
        """Whether it has ended, and somebody was told."""
        return self._ended is not None

    def poll(self) -> Ended | None:
        """Return how it ended, or None while it runs."""
        while self._ended is None:
            code = self._process.poll()
            if code is None:
                return None
            self.read()
            if code:
                self._finish(Ended(code, self._line))
            else:
                self._next()
        return self._ended

    def read(self) -> None:
        """Pass on what there is to read."""
        for fd, error in self.streams.items():
            while True:
                try:
                    data = os.read(fd, _CHUNK)
                except OSError:
                    break
                if not data:
                    break
                view = memoryview(data)
                while view:
                    view = view[os.write(self._log, view) :]
                self._listener.output(self._job, data, error=error)

    def stop(self, *, force: bool = False) -> None:
        """Ask all that the stage started to end; with ``force``, end it."""
        if self._ended is not None:
            return
        self._lines = iter(())
        if not HAS_GROUPS:
            self._process.kill()
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL if force else signal.SIGTERM)
        except (ProcessLookupError, PermissionError):
            pass

    def _finish(self, ended: Ended) -> None:
        self._ended = ended
        self._close()

    def _close(self) -> None:
        for fd in (*self.streams, *self._given, self._log):
            os.close(fd)
        self.streams, self._given = {}, []
