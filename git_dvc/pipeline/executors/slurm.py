"""Stages as batch jobs of Slurm: ``sbatch --wait``, one for each stage.

``cpu`` of a stage's resources becomes ``--cpus-per-task``, ``mem`` ``--mem``, ``gpu``
``--gpus``. Partition, account and time limit are the user's::

    git config dvc.slurm.options '--partition=long --time=2:00:00'

``-j`` says how many jobs are in the queue at once. The project must be at the same path on the
nodes, on a file system that they share with this machine.
"""

from __future__ import annotations

import os
import shlex
import signal
import time
from typing import Any

from git_dvc.errors import CannotRunStageError, ExecutorError
from git_dvc.locking import RUN_VARIABLE
from git_dvc.pipeline.executors import script as scripts
from git_dvc.pipeline.executors.base import Ended, Job, Settings

OPTIONS = "dvc.slurm.options"

_NAP_S = 0.2
_MEGABYTE = 1024**2


class SlurmExecutor:
    """Hands scripts to ``sbatch``."""

    def __init__(self, settings: Settings) -> None:
        import shutil

        if shutil.which("sbatch") is None:
            raise ExecutorError(
                "slurm",
                "sbatch was not found on PATH",
                hint="run 'git dvc repro' on a machine that submits jobs to Slurm",
            )
        try:
            self._options = shlex.split(settings.option(OPTIONS) or "")
        except ValueError as problem:
            raise ExecutorError("slurm", f"{OPTIONS}: {problem}") from problem
        self._settings = settings
        self._handles: list[SlurmHandle] = []

    def start(self, job: Job) -> SlurmHandle:
        """Submit a job, and return at once.

        Raises:
            CannotRunStageError: Its script cannot be written.
        """
        handle = SlurmHandle(job, self._settings, self._options)
        self._handles = [one for one in self._handles if one.is_silent]
        self._handles.append(handle)
        return handle

    def wait(self, timeout_s: float, wake: int = -1) -> None:
        """Return when something may have ended, or after a time."""
        if wake < 0 or os.name == "nt":
            time.sleep(min(timeout_s, _NAP_S))
            return
        import select

        poll = select.poll()
        poll.register(wake, select.POLLIN)  # sbatch is our child: its end wakes us, too
        for handle in self._handles:
            if handle.is_silent:
                poll.register(handle.says, select.POLLIN)
        poll.poll(1000 * timeout_s)

    def pause(self, *, resumed: bool = False) -> None:
        """Do nothing: the jobs are not on this terminal."""

    def resized(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing: each job has cleaned up."""


class SlurmHandle:
    """One batch job."""

    def __init__(self, job: Job, settings: Settings, options: list[str]) -> None:
        import subprocess

        self._job = job
        self._keeper = settings.keeper
        self._token = self._keeper.begin()
        self._script = scripts.write(job, self._token)
        self._id = ""
        self._said = b""
        self._stopped_by = 0
        self._ended: Ended | None = None
        for line in job.cmd:
            settings.listener.command(job, line)
        try:
            process: Any = subprocess.Popen(
                ["sbatch", *arguments(job), *options, self._script.path],
                env={**os.environ, RUN_VARIABLE: self._token},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us
            )
        except OSError as problem:
            self._keeper.end(self._token)
            raise CannotRunStageError(job.address, f"sbatch: {problem.strerror}") from problem
        self.says: int = process.stdout.fileno()
        """Where sbatch says the number of the job."""
        os.set_blocking(self.says, False)
        self._process = process

    @property
    def is_silent(self) -> bool:
        """Whether sbatch has not said the number yet."""
        return not self._id and self._process.returncode is None

    def poll(self) -> Ended | None:
        """Return how it ended, or None while it waits or runs."""
        if self._ended is not None:
            return self._ended
        code = self._process.poll()
        self._listen()
        if code is None:
            return None
        self._process.stdout.close()
        self._keeper.end(self._token)
        said = self._said.decode("utf-8", "replace").strip()
        wait_s = scripts.VISIBLE_IN_S if self._id and not self._stopped_by else 0
        ended = scripts.how_it_ended(self._job, self._script, wait_s=wait_s)
        if ended is None or (code and not ended.code):
            # It was cancelled, ran out of time, or never got a node.
            which = f"Slurm job {self._id}" if self._id else "sbatch"
            ended = Ended(code or 1, why=f"{which} ended with {code}\n{said}")
        self._script.remove()
        self._ended = ended
        return ended

    def _listen(self) -> None:
        """Read what sbatch says: the number of the job first, ``1234`` or ``1234;cluster``."""
        while data := self._process.stdout.read(4096):
            self._said += data
        first, end, _ = self._said.partition(b"\n")
        number, _, cluster = first.decode("utf-8", "replace").partition(";")
        if end and not self._id and number.isdigit():
            self._id = number
            self._cancel = ["scancel", *([f"--clusters={cluster}"] if cluster else []), number]
            self._keeper.command(self._token, self._cancel, str(self._process.pid))

    def stop(self, number: int) -> None:
        """Cancel the job."""
        import subprocess

        self._stopped_by = number
        self._listen()
        if self._id:
            try:
                subprocess.run(self._cancel, stdin=subprocess.DEVNULL, check=False, timeout=30)
            except (OSError, subprocess.TimeoutExpired):
                pass
        if not self._id or number == getattr(signal, "SIGKILL", -1):
            self._process.kill()


def arguments(job: Job) -> list[str]:
    """Return what sbatch is told of a job."""
    words = [
        "--wait",
        "--parsable",
        f"--job-name=dvc-{os.path.basename(job.log).removesuffix('.log')}",
        f"--chdir={job.cwd}",
        f"--output={job.log}",
        "--open-mode=append",
        "--no-requeue",
    ]
    for name, amount in job.resources.items():
        whole = -int(-amount // 1)
        if name == "cpu":
            words.append(f"--cpus-per-task={whole}")
        elif name == "mem":
            words.append(f"--mem={-int(-amount // _MEGABYTE)}M")
        elif name == "gpu":
            words.append(f"--gpus={whole}")
        else:
            words.append(f"--licenses={name}:{whole}")
    return words
