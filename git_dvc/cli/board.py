"""What runs now, how long, and what waits for what: shown while ``repro`` runs several stages.

::

    2 running, 4 waiting, 3 done
      prepare@de   1m12s
      train           8s
      evaluate waits for train
      report waits for evaluate, prepare@de
      2 more wait

On a terminal these lines stand at the bottom and move; elsewhere a line comes now and then, so
that a system which watches the output sees that something happens. A stage that runs alone shows
its own output instead.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence

from git_dvc.cli.console import Console
from git_dvc.errors import quoted
from git_dvc.terminal import REDRAW_EVERY_S, Line, human_time, in_foreground, is_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from git_dvc.pipeline.runner import Running
    from git_dvc.pipeline.scheduler import Scheduler

PLAIN_EVERY_S = 60.0
"""Between two lines where the stream is not a terminal."""

_MOST_NAMES = 4


class Board:
    """Shows what runs, on stderr.

    Args:
        console: Where.
        line: The moving line of that terminal.
        clock: Seconds, for tests.
    """

    def __init__(
        self, console: Console, line: Line, clock: Callable[[], float] = time.monotonic
    ) -> None:
        stream = console.stderr
        self._line = line
        self._note = console.note
        self._clock = clock
        moving = is_terminal(stream) and os.environ.get("TERM", "dumb") != "dumb"
        self._moving = moving and in_foreground(stream)
        self._silent = console.quiet or (moving and not self._moving)
        self._next = clock() + (0 if moving else PLAIN_EVERY_S)

    def look(self, running: Sequence[Running], scheduler: Scheduler) -> None:
        """Show what runs, if it is time to."""
        now = self._clock()
        if self._silent or now < self._next or any(one.job.attached for one in running):
            return
        if not self._moving:
            self._next = now + PLAIN_EVERY_S
            self._note(summed_up(running, scheduler, now))
            return
        self._next = now + REDRAW_EVERY_S
        columns, rows = shutil.get_terminal_size()
        lines = table(running, scheduler, now, most=max(rows // 2, 3))
        self._line.draw("\n".join(_cut(line, columns - 1) for line in lines))


def table(
    running: Sequence[Running], scheduler: Scheduler, now: float, most: int = 12
) -> list[str]:
    """Return what runs and what waits, as lines; ``most`` is about how many."""
    waiting = scheduler.waiting()
    lines = [_counts(running, scheduler, len(waiting))]
    shown = running[: max(most - 2, 1)]
    names = [quoted(one.job.address) for one in shown]
    times = [human_time(now - one.since) for one in shown]
    name_width, time_width = max(map(len, names)), max(map(len, times))
    for name, since in zip(names, times, strict=True):
        lines.append(f"  {name:<{name_width}}  {since:>{time_width}}")
    if len(running) > len(shown):
        lines.append(f"  {len(running) - len(shown)} more run")
    room = max(most - len(lines), 1)
    told = waiting if len(waiting) <= room else waiting[: room - 1]
    for address, needs in told:
        lines.append(f"  {quoted(address)} waits for {_listed(needs) or 'its turn'}")
    if rest := len(waiting) - len(told):
        lines.append(f"  {rest} {'more ' if told else ''}{'waits' if rest == 1 else 'wait'}")
    return lines


def summed_up(running: Sequence[Running], scheduler: Scheduler, now: float) -> str:
    """Return what runs, in one line."""
    names = [f"{quoted(one.job.address)} ({human_time(now - one.since)})" for one in running]
    return f"{_counts(running, scheduler, len(scheduler.waiting()))}: {_listed(names)}"


def _counts(running: Sequence[Running], scheduler: Scheduler, waiting: int) -> str:
    counts = [
        (len(running), "running"),
        (waiting, "waiting"),
        (len(scheduler.done), "done"),
        (len(scheduler.failed), "failed"),
        (len(scheduler.skipped), "skipped"),
    ]
    return ", ".join(f"{count} {what}" for count, what in counts if count)


def _listed(names: Sequence[str]) -> str:
    shown = [quoted(name) for name in names[:_MOST_NAMES]]
    if len(names) > _MOST_NAMES:
        shown.append(f"{len(names) - _MOST_NAMES} more")
    return ", ".join(shown)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"
