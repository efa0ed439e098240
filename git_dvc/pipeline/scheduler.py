"""Which stage may start now: the graph, what the stages need, and what failed so far.

Pure: told what started and how it ended, it answers what is next. Stages start in the order of
the plan, which is DVC's with ``-j 1``. ``-j N`` is N places; a stage that says ``cpu: 2`` takes
two of them. Of other resources there are as many as the limits say; one that no limit names is
there as often as the hungriest stage asks, so that two stages with ``gpu: 1`` never meet. A
stage that asks for more than there is runs alone.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

CPU = "cpu"

STOP = "fail"
KEEP_GOING = "keep-going"
IGNORE = "ignore"
"""What happens when a stage fails: start no more; all but what needs it; all the same."""


class Task(NamedTuple):
    """One stage of the plan.

    Attributes:
        address: The stage.
        needs: The stages of the plan that it waits for.
        resources: What it takes while it runs; ``cpu`` is 1 if it is not named.
    """

    address: str
    needs: tuple[str, ...] = ()
    resources: Mapping[str, float] = {}


class Scheduler:
    """Answers which stage is next.

    Args:
        tasks: The plan, each after all that it needs.
        jobs: How many places there are.
        limits: How much there is of other resources, and of ``cpu`` if that is not ``jobs``.
        on_error: ``STOP``, ``KEEP_GOING`` or ``IGNORE``.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        *,
        jobs: int = 1,
        limits: Mapping[str, float] | None = None,
        on_error: str = STOP,
    ) -> None:
        self._tasks = tasks
        self._number = {task.address: number for number, task in enumerate(tasks)}
        self._on_error = on_error
        self._stopped = False
        self._most = self._limits(tasks, jobs, limits or {})
        self._free = dict(self._most)
        self._followers: list[list[int]] = [[] for _ in tasks]
        self._waits_for = [0] * len(tasks)
        for number, task in enumerate(tasks):
            for need in {self._number[name] for name in task.needs if name in self._number}:
                if need >= number:
                    raise ValueError(f"{task.address} stands before {tasks[need].address}")
                self._followers[need].append(number)
                self._waits_for[number] += 1
        self._ready = [number for number, count in enumerate(self._waits_for) if not count]
        self.running: dict[str, Task] = {}
        self.done: list[str] = []
        self.failed: list[str] = []
        self.skipped: dict[str, str] = {}
        """Stages that never start, and the failed one that each of them needs."""

    @staticmethod
    def _limits(tasks: Iterable[Task], jobs: int, limits: Mapping[str, float]) -> dict[str, float]:
        most: dict[str, float] = {}
        for task in tasks:
            for name, amount in task.resources.items():
                most[name] = max(most.get(name, 0), amount)
        return {**most, CPU: jobs, **limits}

    def next(self) -> str | None:
        """Return the stage that may start now, which then counts as running; None if none may."""
        if self._stopped:
            return None
        passed = []
        chosen = None
        while self._ready:
            number = heapq.heappop(self._ready)
            if self._fits(self._tasks[number]):
                chosen = self._tasks[number]
                break
            passed.append(number)
            if self._free[CPU] <= 0:
                break
        for number in passed:
            heapq.heappush(self._ready, number)
        if chosen is None:
            return None
        for name, amount in self._takes(chosen).items():
            self._free[name] -= amount
        self.running[chosen.address] = chosen
        return chosen.address

    def _takes(self, task: Task) -> dict[str, float]:
        wanted = {CPU: 1.0, **task.resources}
        return {name: min(amount, self._most[name]) for name, amount in wanted.items()}

    def _fits(self, task: Task) -> bool:
        return all(self._free[name] >= amount for name, amount in self._takes(task).items())

    def ended(self, address: str, *, ok: bool) -> None:
        """Note that a running stage has ended."""
        task = self.running.pop(address)
        for name, amount in self._takes(task).items():
            self._free[name] += amount
        (self.done if ok else self.failed).append(address)
        if ok or self._on_error == IGNORE:
            self._release(self._number[address])
        elif self._on_error == STOP:
            self._stopped = True
        else:
            self._skip(self._number[address])

    def _release(self, number: int) -> None:
        for follower in self._followers[number]:
            self._waits_for[follower] -= 1
            if not self._waits_for[follower] and self._tasks[follower].address not in self.skipped:
                heapq.heappush(self._ready, follower)

    def _skip(self, number: int) -> None:
        because = self._tasks[number].address
        pending = [number]
        while pending:
            for follower in self._followers[pending.pop()]:
                address = self._tasks[follower].address
                if address not in self.skipped:
                    self.skipped[address] = because
                    pending.append(follower)

    def stop(self) -> None:
        """Start nothing more."""
        self._stopped = True

    @property
    def is_over(self) -> bool:
        """Whether nothing runs, and nothing can start any more."""
        return not self.running and (self._stopped or not self._ready)

    def waiting(self) -> list[tuple[str, list[str]]]:
        """Return each stage that has not started and may yet, with what it still waits for.

        Nothing to wait for means that it waits for a place or for resources.
        """
        over = {*self.done, *self.failed, *self.skipped, *self.running}
        settled = {*self.done, *(self.failed if self._on_error == IGNORE else ())}
        return [
            (
                task.address,
                [name for name in task.needs if name in self._number and name not in settled],
            )
            for task in self._tasks
            if task.address not in over
        ]
