"""Runs the stages of a plan: as many at once as may be, each as soon as what it needs is there.

One process does it all: it asks the scheduler what is next, has the stage looked at (it may
have nothing to do after all, or come from the run cache), hands its commands to the executor,
and when they have ended has the results taken in. The rest of the time it waits. What stands
around the commands of a stage is the caller's: ``Work``.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from git_dvc.errors import GitDvcError, InterruptedRunError, StageFailedError
from git_dvc.pipeline.executors.base import Ended, Executor, Handle, Job
from git_dvc.pipeline.scheduler import Scheduler
from git_dvc.pipeline.signals import PAUSE, RESIZED, Signals

GRACE_S = 10.0
"""How long a stage that was asked to end may take for it."""

CTRL_C_GRACE_S = 30.0
"""The same where a person asked, who can ask again."""

_TELL_AFTER_S = 1.0

_LOOK_EVERY_S = 1.0
_NAP_S = 0.05
_KILL: int = getattr(signal, "SIGKILL", signal.SIGTERM)
_KILLED_IN_S = 2.0
_TAIL_LINES = 10
_TAIL_BYTES = 4096


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

    def stopping(self, addresses: Sequence[str]) -> None:
        """Hear that stages were asked to end, and take their time."""

    def stopped(self, address: str) -> None:
        """Hear that a stage was stopped, because somebody asked for it."""

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


def run(
    scheduler: Scheduler, executor: Executor, work: Work, *, grace_s: float | None = None
) -> Outcome:
    """Run a plan to its end.

    Args:
        scheduler: The plan, and what may run at once.
        executor: Where commands run.
        work: What is done around them.
        grace_s: How long a stage that was asked to end may take for it, if not as usual.

    Raises:
        InterruptedRunError: Somebody asked to stop; what ran was stopped, and what had
            ended is kept.
    """
    with Signals() as signals:
        crew = _Crew(scheduler, executor, work, signals)
        try:
            crew.run()
        except BaseException as stop:
            number = signals.stop or signal.SIGTERM
            usual_s = CTRL_C_GRACE_S if number == signal.SIGINT else GRACE_S
            crew.stop_all(number, usual_s if grace_s is None else grace_s)
            if isinstance(stop, KeyboardInterrupt):
                number = signals.stop or signal.SIGINT
                raise InterruptedRunError(crew.stopped, number) from None
            raise
    left = [address for address, _ in scheduler.waiting()]
    return Outcome(scheduler.done, crew.failed, scheduler.skipped, left)


class _Crew:
    """The stages that run, and what came of the others."""

    def __init__(
        self, scheduler: Scheduler, executor: Executor, work: Work, signals: Signals
    ) -> None:
        self._scheduler = scheduler
        self._executor = executor
        self._work = work
        self._signals = signals
        self._running: dict[str, Running] = {}
        self.failed: dict[str, GitDvcError] = {}
        self.stopped: list[str] = []

    def run(self) -> None:
        """Start what may start and take in what has ended, until nothing is left.

        Raises:
            KeyboardInterrupt: Somebody asked to stop.
        """
        while True:
            self._start_all()
            if not self._running:
                return
            self._work.look(list(self._running.values()), self._scheduler)
            self._wait(_LOOK_EVERY_S)
            self._take_in_all()
            self._heed_stop()

    def _heed_stop(self) -> None:
        if self._signals.stop:
            raise KeyboardInterrupt

    def _start_all(self) -> None:
        while (address := self._scheduler.next()) is not None:
            self._heed_stop()
            try:
                job = self._work.begin(address)
                if job is not None:
                    handle = self._executor.start(job)
                    self._running[address] = Running(job, time.monotonic(), handle)
                    continue
            except GitDvcError as error:
                self._settle(address, error)
            else:
                self._settle(address, None)

    def _wait(self, timeout_s: float) -> None:
        self._executor.wait(timeout_s, self._signals.wake)
        came = self._signals.came()
        if RESIZED in came:
            self._executor.resized()
        if PAUSE in came:
            self._executor.pause()
            self._signals.pause()
            self._executor.pause(resumed=True)

    def _take_in_all(self) -> None:
        for address, one in list(self._running.items()):
            ended = one.handle.poll()
            if ended is None:
                continue
            del self._running[address]
            if one.job.attached and ended.code == -signal.SIGINT:
                # It had the terminal, so Ctrl-C went to it alone, and means us, too.
                self._signals.stop = self._signals.stop or signal.SIGINT
                self._give_up(address)
            else:
                self._settle(address, _taken_in(self._work, one.job, ended))

    def _settle(self, address: str, error: GitDvcError | None) -> None:
        self._scheduler.ended(address, ok=error is None)
        if error is not None:
            self.failed[address] = error
            self._work.failed(address, error)

    def _give_up(self, address: str) -> None:
        self.stopped.append(address)
        self._work.stopped(address)

    def stop_all(self, number: int, grace_s: float) -> None:
        """Stop what runs: by the signal that we got, and after a while by force.

        A stage that succeeds all the same is taken in: many a training ends well on Ctrl-C.
        """
        for signal_number, wait_s in ((number, grace_s), (_KILL, _KILLED_IN_S)):
            began = time.monotonic()
            told = False
            try:
                for one in self._running.values():
                    one.handle.stop(signal_number)
                while self._running and time.monotonic() < began + wait_s:
                    for address, one in list(self._running.items()):
                        ended = one.handle.poll()
                        if ended is None:
                            continue
                        del self._running[address]
                        if ended.code or _taken_in(self._work, one.job, ended) is not None:
                            self._give_up(address)
                    if self._running:
                        self._wait(_NAP_S)
                    if self._running and not told and time.monotonic() > began + _TELL_AFTER_S:
                        told = True
                        self._work.stopping(list(self._running))
            except KeyboardInterrupt:
                continue  # once more: no longer by kindness
        self.stopped += self._running


def _taken_in(work: Work, job: Job, ended: Ended) -> GitDvcError | None:
    """Return None if a stage succeeded and its results are taken in, else what is wrong."""
    if ended.code:
        said = "" if job.attached else _end_of(job.log, ended.cmd)
        log = os.path.relpath(job.log)
        return StageFailedError(job.address, ended.cmd, ended.code, ended.why, log, said)
    try:
        work.finish(job.address, ended)
    except GitDvcError as error:
        return error
    return None


def _end_of(log: str, cmd: str) -> str:
    """Return the last lines that a command wrote to a log, for somebody who has not seen them."""
    try:
        with open(log, "rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(stream.tell() - _TAIL_BYTES, 0))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return ""
    said = text.rpartition(f"> {cmd}\n")[2]
    return "\n".join(said.splitlines()[-_TAIL_LINES:])
