"""A job as a shell script, for executors that run it on another machine.

The script does what the local executor does, with the plain shell: it goes to the stage's
directory, sets its variables, runs each line by the user's shell, and appends all output to the
log. At the end it writes how that went, ``<number of the last line> <exit code>``, to a file
beside the log, whole or not at all: who started it finds there what no exit code of an engine
tells. Everything is on the file system that both machines share.
"""

from __future__ import annotations

import os
import shlex
import time
from typing import NamedTuple

from git_dvc.errors import CannotRunStageError
from git_dvc.locking import RUN_VARIABLE
from git_dvc.pipeline.executors.base import Ended, Job
from git_dvc.pipeline.executors.local import shell_line

VISIBLE_IN_S = 15.0
"""How long a network file system may take to show what another machine has written."""

_PAUSE_S = 0.1


class Script(NamedTuple):
    """A job's files, beside its log.

    Attributes:
        path: The script.
        ended: Where it writes how it ended.
        stop: Whoever makes this file asks for the job's end; for executors that look for it.
    """

    path: str
    ended: str
    stop: str

    def remove(self) -> None:
        """Remove the files; the job has ended."""
        for path in self:
            try:
                os.unlink(path)
            except OSError:
                pass


def write(job: Job, token: str) -> Script:
    """Write the script of a job.

    Args:
        job: What to run.
        token: The value of ``RUN_VARIABLE``.

    Raises:
        CannotRunStageError: It cannot be written.
    """
    base = job.log.removesuffix(".log")
    script = Script(f"{base}.sh", f"{base}.ended", f"{base}.stop")
    try:
        os.makedirs(os.path.dirname(job.log), exist_ok=True)
        script.remove()
        with open(job.log, "w"):
            pass  # what the last run wrote
        with open(script.path, "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(text(job, token, script.ended))
    except OSError as problem:
        raise CannotRunStageError(
            job.address, f"{problem.filename}: {problem.strerror}"
        ) from problem
    return script


def text(job: Job, token: str, ended: str) -> str:
    """Return the script of a job."""
    lines = ["#!/bin/sh", f"exec >>{shlex.quote(job.log)} 2>&1 </dev/null"]
    for name, value in {**job.env, RUN_VARIABLE: token}.items():
        lines.append(f"export {name}={shlex.quote(value)}")
    quoted_end = shlex.quote(ended)
    lines += [
        "ended() {",
        f'    echo "$1 $2" >{quoted_end}.new && mv -f {quoted_end}.new {quoted_end}',
        '    exit "$2"',
        "}",
        f"cd {shlex.quote(job.cwd)} || ended 0 1",
    ]
    for number, line in enumerate(job.cmd):
        lines.append(f"printf '%s\\n' {shlex.quote(f'> {line}')}")
        lines.append(f"{shlex.join(shell_line(line))} || ended {number} $?")
    lines.append(f"ended {len(job.cmd) - 1} 0")
    return "\n".join(lines) + "\n"


def how_it_ended(job: Job, script: Script, *, wait_s: float = VISIBLE_IN_S) -> Ended | None:
    """Return what a script has written at its end; None if it did not get there."""
    until = time.monotonic() + wait_s
    while True:
        try:
            with open(script.ended) as stream:
                number, code = (int(word) for word in stream.read().split())
            return Ended(code, job.cmd[number] if code else "")
        except FileNotFoundError:
            if time.monotonic() > until:
                return None
            time.sleep(_PAUSE_S)
        except (OSError, ValueError, IndexError):
            return None
