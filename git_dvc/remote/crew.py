"""Several calls to a server at a time, by threads: they wait for it most of the time.

Threads only talk to the server; what they bring is handed to the thread that asked for it,
which alone touches caches and databases.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from git_dvc.progress import Progress

if TYPE_CHECKING:
    from queue import Queue
    from threading import Event, Thread

Item = TypeVar("Item")
Result = TypeVar("Result")

_PATIENCE_S = 2.0
"""How long calls under way may take to end after one has failed."""


class StoppedError(Exception):
    """Another thread failed, so this one is to end; never leaves this package."""


class Stop:
    """How the threads of one crew learn that they are to end."""

    def __init__(self, event: Event | None = None) -> None:
        self._event = event

    def check(self) -> None:
        """Raise StoppedError if it is time to end."""
        if self._event is not None and self._event.is_set():
            raise StoppedError

    def pause(self, seconds: float) -> None:
        """Sleep, and raise StoppedError as soon as it is time to end."""
        if self._event is None:
            time.sleep(seconds)
        elif self._event.wait(seconds):
            raise StoppedError


def aside(call: Callable[[], Result]) -> Result:
    """Return what a call returns that may wait for long, where Ctrl-C still works.

    Native clients do not notice a signal; so another thread makes the call, and is left behind.
    """
    from threading import current_thread, main_thread

    if current_thread() is not main_thread():
        return call()
    (result,) = ahead([None], lambda _: call(), 1)
    return result


def each(
    items: Sequence[Item], work: Callable[[Item, Stop], Result], jobs: int
) -> Generator[tuple[Item, Result], None, None]:
    """Yield every item with what ``work`` made of it, as they get done.

    Few results wait at a time, so a slow taker slows the threads down.

    Args:
        items: What to work on; begun in this order.
        work: Is called in a thread.
        jobs: How many at a time, at most.

    Raises:
        Exception: The first that ``work`` raises; the others are told to stop.
    """
    count = min(jobs, len(items))
    if not count:
        return
    from queue import Queue
    from threading import Event, Lock, Thread

    done: Queue[tuple[Item, Result] | BaseException | None] = Queue(2 * count)
    event, lock, rest = Event(), Lock(), iter(items)
    stop = Stop(event)

    def run() -> None:
        try:
            while not event.is_set():
                with lock:
                    item = next(rest, None)
                if item is None:
                    break
                done.put((item, work(item, stop)))
        except StoppedError:
            pass
        except BaseException as problem:
            event.set()
            done.put(problem)
        done.put(None)

    threads = [Thread(target=run, daemon=True) for _ in range(count)]
    try:
        for thread in threads:
            thread.start()
        while count:
            found = done.get()
            if found is None:
                count -= 1
            elif isinstance(found, BaseException):
                raise found
            else:
                yield found
    finally:
        event.set()
        _see_off(threads, done)


def ahead(
    items: Iterable[Item], work: Callable[[Item], Result], count: int
) -> Generator[Result, None, None]:
    """Yield what ``work`` made of each item, in their order, while it works on the next ones.

    Args:
        items: What to work on.
        work: Is called in a thread.
        count: How many results may be made before they are taken.

    Raises:
        Exception: What ``work`` raises.
    """
    from queue import SimpleQueue
    from threading import Thread

    def begin(item: Item) -> SimpleQueue[tuple[bool, Any]]:
        done: SimpleQueue[tuple[bool, Any]] = SimpleQueue()

        def run() -> None:
            try:
                done.put((True, work(item)))
            except BaseException as problem:
                done.put((False, problem))

        Thread(target=run, daemon=True).start()
        return done

    rest = iter(items)
    begun = [begin(item) for item in islice(rest, count)]
    while begun:
        worked, result = begun.pop(0).get()
        if not worked:
            raise result
        begun += [begin(item) for item in islice(rest, 1)]
        yield result


def _see_off(threads: Sequence[Thread], done: Queue[Any]) -> None:
    """Wait until the threads have ended, taking what they still bring."""
    from queue import Empty

    until = time.monotonic() + _PATIENCE_S
    while any(thread.is_alive() for thread in threads) and time.monotonic() < until:
        try:
            done.get(timeout=0.02)
        except Empty:
            continue


class Shared:
    """Progress that several threads tell of."""

    def __init__(self, progress: Progress) -> None:
        from threading import Lock

        self._progress = progress
        self._lock = Lock()

    def start(self, label: str, files: int | None = None, size_bytes: int | None = None) -> None:
        """Begin a phase."""
        with self._lock:
            self._progress.start(label, files, size_bytes)

    def advance(self, files: int = 0, size_bytes: int = 0) -> None:
        """Add what was done since the last call."""
        with self._lock:
            self._progress.advance(files, size_bytes)

    def finish(self) -> None:
        """End the phase."""
        with self._lock:
            self._progress.finish()

    def note(self, message: str) -> None:
        """Tell the user one line now."""
        with self._lock:
            self._progress.note(message)
