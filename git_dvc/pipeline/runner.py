"""Runs the stages of a plan: as many at once as may be, each as soon as what it needs is there.

One process does it all: it asks the scheduler what is next, has the stage looked at (it may
have nothing to do after all, or come from the run cache), hands its commands to the executor,
and when they have ended has the results taken in. The rest of the time it waits. What stands
around the commands of a stage is the caller's: ``Work``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from git_dvc.errors import GitDvcError, InterruptedRunError, StageFailedError
from git_dvc.pipeline.executors.base import Ended, Executor, Handle, Job
from git_dvc.pipeline.scheduler import Scheduler

GRACE_S = 10.0
"""How long a stage that was asked to end may take for it."""

_LOOK_EVERY_S = 1.0


class Work(Protocol):
    """What is done around the commands of each stage."""

    def begin(self, address: str) -> Job | None:
        """Get a stage ready; return what to run, or None if there is nothing to run.

        Raises:
            GitDvcError: It cannot run, which counts as failed.
        """

    def finish(self, address: str, ended: Ended) -> None:
        """Take in the results of a stage whose commands succeeded.

        Raises:
            GitDvcError: They are not what they should be, which counts as failed.
        """

    def failed(self, address: str, error: GitDvcError) -> None:
        """Hear that a stage has failed."""

    def look(self, running: Sequence[Running], scheduler: Scheduler) -> None:
        """Hear now and then what runs; to show it."""


class Running(NamedTuple):
    """A stage whose commands run.

    Attributes:
        job: What runs.
        since: When it started, ``time.monotonic()``.
        handle: The executor's.
    """

    job: Job
    since: float
    handle: Handle


class Outcome(NamedTuple):
    """What came of a plan.

    Attributes:
        done: The stages that are up to date now, in the order in which they ended.
        failed: Those that failed, each with its error.
        skipped: Those that did not start, each with the failed one that it needs.
        not_started: Those that did not start because the run was over.
    """

    done: list[str]
    failed: dict[str, GitDvcError]
    skipped: dict[str, str]
    not_started: list[str]


def run(scheduler: Scheduler, executor: Executor, work: Work) -> Outcome:
    """Run a plan to its end.

    Raises:
        InterruptedRunError: Somebody asked to stop; all that ran was stopped, and what had
            ended is kept.
    """
    running: dict[str, Running] = {}
    failed: dict[str, GitDvcError] = {}

    def settle(address: str, error: GitDvcError | None) -> None:
        scheduler.ended(address, ok=error is None)
        if error is not None:
            failed[address] = error
            work.failed(address, error)

    try:
        while True:
            while (address := scheduler.next()) is not None:
                try:
                    job = work.begin(address)
                    if job is not None:
                        running[address] = Running(job, time.monotonic(), executor.start(job))
                        continue
                except GitDvcError as error:
                    settle(address, error)
                else:
                    settle(address, None)
            if not running:
                break
            work.look(list(running.values()), scheduler)
            executor.wait(_LOOK_EVERY_S)
            for address, one in list(running.items()):
                ended = one.handle.poll()
                if ended is not None:
                    del running[address]
                    settle(address, _taken_in(work, one.job, ended))
    except BaseException as stop:
        _stop_all(executor, running)
        if isinstance(stop, KeyboardInterrupt):
            raise InterruptedRunError(list(running)) from None
        raise
    left = [address for address, _ in scheduler.waiting()]
    return Outcome(scheduler.done, failed, scheduler.skipped, left)


def _taken_in(work: Work, job: Job, ended: Ended) -> GitDvcError | None:
    """Return None if a stage succeeded and its results are taken in, else what is wrong."""
    if ended.code:
        return StageFailedError(job.address, ended.cmd, ended.code, ended.why, job.log)
    try:
        work.finish(job.address, ended)
    except GitDvcError as error:
        return error
    return None


def _stop_all(executor: Executor, running: dict[str, Running]) -> None:
    """Stop what runs: kindly, and after a while by force."""
    handles = [one.handle for one in running.values()]
    until = time.monotonic() + GRACE_S
    for force in (False, True):
        for handle in handles:
            handle.stop(force=force)
        while handles and (force or time.monotonic() < until):
            executor.wait(0.1)
            handles = [handle for handle in handles if handle.poll() is None]
