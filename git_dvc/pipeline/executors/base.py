"""What an executor is: it starts the commands of one stage somewhere, and says how they ended.

Executors are found by the entry point group ``git_dvc.executors``, so a package can bring its
own: a class that is called with the ``Settings`` and gives an ``Executor``. ``local``, ``slurm``
and ``dask`` come with git-dvc;
``script.py`` makes a job into a shell script for others like the last two.

The contract is a shared file system: a job runs in the project's own directory, under the same
path, reads and writes there, and sends its output to ``Job.log``. What stands around a run (is
it needed, removing old outputs, hashing new ones, the lock file) happens where ``repro`` runs.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from git_dvc.pipeline.keeper import Keeper

_PLAIN = re.compile(r"[^A-Za-z0-9@._+-]")
_LONGEST_NAME = 120


class Job(NamedTuple):
    """The commands of one stage, ready to run.

    Attributes:
        address: The stage, as people name it.
        cmd: Command lines, each run by a shell of its own; the first that fails is the last.
        cwd: Where they run, as an absolute path.
        env: What is added to the environment.
        log: The file that gets all they write, as an absolute path.
        resources: What the stage needs: ``{"cpu": 2, "gpu": 1}``; ``mem`` is in bytes.
        attached: Whether it may talk to the person at the terminal: it runs alone.
    """

    address: str
    cmd: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]
    log: str
    resources: Mapping[str, float] = {}
    attached: bool = False


class Ended(NamedTuple):
    """How a job ended.

    Attributes:
        code: Exit code of the last command; negative for a signal.
        cmd: The command that failed.
        why: What else is known, in words; such as what an engine says.
    """

    code: int
    cmd: str = ""
    why: str = ""


class Listener(Protocol):
    """Hears what a job on this machine does while it runs; others' output is in their log."""

    def command(self, job: Job, line: str) -> None:
        """Hear that a command line starts."""

    def output(self, job: Job, data: bytes, *, error: bool) -> None:
        """Hear what it writes, to stderr if ``error``; only of jobs that are ``attached``."""


def _unset(_: str) -> str | None:
    return None


class Settings(NamedTuple):
    """What an executor may want to know.

    Attributes:
        root: The project, as an absolute path.
        tmp_dir: ``.dvc/tmp``.
        jobs: How many stages run at once, at most.
        listener: Hears what jobs do.
        keeper: Is told of each job that is to end if this process is killed.
        option: Gives a setting of Git's config by its name, such as ``dvc.slurm.options``,
            or None.
    """

    root: str
    tmp_dir: str
    jobs: int
    listener: Listener
    keeper: Keeper
    option: Callable[[str], str | None] = _unset


class Handle(Protocol):
    """One job that was started."""

    def poll(self) -> Ended | None:
        """Return how it ended, or None while it runs."""

    def stop(self, number: int) -> None:
        """End it by a signal, with all that it started; ``poll`` says when it has ended.

        Args:
            number: What somebody sent to us, and in the end SIGKILL.
        """


class Executor(Protocol):
    """Starts jobs."""

    def start(self, job: Job) -> Handle:
        """Start a job, and return at once.

        Raises:
            CannotRunStageError: It cannot be started.
        """

    def wait(self, timeout_s: float, wake: int = -1) -> None:
        """Return when a job may have ended, when there is something to read, or after a time.

        Args:
            timeout_s: The longest time.
            wake: A descriptor that can be read when a signal has come.
        """

    def pause(self, *, resumed: bool = False) -> None:
        """Halt all jobs, because Ctrl-Z halts us; or let them go on. May do nothing."""

    def resized(self) -> None:
        """Note that the terminal has another size. May do nothing."""

    def close(self) -> None:
        """Give back what the executor holds; no job runs any more."""


def log_path(tmp_dir: str, address: str) -> str:
    """Return the file that keeps what a stage wrote: ``.dvc/tmp/logs/train.log``.

    A character that some file system does not take becomes ``_``, and a hash keeps such names
    apart.
    """
    name = _PLAIN.sub("_", address)[:_LONGEST_NAME]
    if name != address:
        name += "-" + hashlib.md5(address.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return os.path.join(tmp_dir, "logs", f"{name}.log")
