"""Several processes for one job: the same result as one, whatever happens to a child."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_dvc import parallel
from git_dvc.progress import NoProgress, Progress

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
Work = Callable[[Sequence[int], Progress], bytes]


class Counting(NoProgress):
    """Adds up what it is told."""

    def __init__(self) -> None:
        self.files = self.size = 0

    def advance(self, files: int = 0, size_bytes: int = 0) -> None:
        self.files += files
        self.size += size_bytes


def children() -> set[str]:
    """Return the processes that this one has started, those too that nobody waited for."""
    found: set[str] = set()
    for place in Path("/proc/self/task").glob("*/children"):
        found.update(place.read_text().split())
    return found


def run(
    work: Work, parts: Sequence[Sequence[int]], progress: Progress | None = None
) -> list[bytes]:
    """Run, and assert that no child is left."""
    before = children()  # other tests may have left some
    try:
        return parallel.run(parts, work, progress or NoProgress())
    finally:
        assert children() <= before


def add_up(part: Sequence[int], progress: Progress) -> bytes:
    return f"{sum(part)}".encode()


@given(st.lists(st.binary(max_size=5), max_size=5))
def test_what_is_joined_comes_apart(blobs: list[bytes]) -> None:
    assert parallel.unjoin(parallel.join(*blobs)) == blobs


@given(st.lists(st.binary(min_size=1, max_size=5).filter(lambda raw: b"\0" not in raw)))
def test_names_become_bytes_and_come_back(raw: list[bytes]) -> None:
    names = [os.fsdecode(name) for name in raw]
    assert parallel.names_from_bytes(parallel.names_to_bytes(names)) == names


@given(st.lists(st.integers(), min_size=1), st.integers(1, 9))
def test_parts_are_runs_of_neighbours(items: list[int], count: int) -> None:
    parts = parallel.split(items, count)
    assert [item for part in parts for item in part] == items
    assert len(parts) <= count
    assert max(map(len, parts)) <= -(-len(items) // count)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
def test_few_files_are_not_worth_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)))
    assert parallel.processes(parallel.WORTH_IT - 1) == 1
    assert parallel.processes(parallel.WORTH_IT) == 2
    assert parallel.processes(10**7) == parallel.MOST_PROCESSES
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3})
    assert parallel.processes(10**7) == 1


def test_elsewhere_one_process_does_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert parallel.processes(10**7) == 1


def test_results_come_in_the_order_of_the_parts() -> None:
    assert run(add_up, [[1, 2], [3], [4, 5, 6]]) == [b"3", b"3", b"15"]


def test_one_part_needs_no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("a child for one part"))
    assert parallel.run([[1, 2]], add_up, NoProgress()) == [b"3"]


def test_the_first_part_is_done_here_and_the_others_elsewhere() -> None:
    def pid(part: Sequence[int], progress: Progress) -> bytes:
        return f"{os.getpid()}".encode()

    first, second, third = run(pid, [[1], [2], [3]])
    assert first == f"{os.getpid()}".encode()
    assert len({first, second, third}) == 3


@pytest.mark.parametrize("size", [0, 3_000_000])
def test_results_of_any_size_come_back(size: int) -> None:
    assert run(lambda part, progress: b"x" * size, [[1], [2]]) == [b"x" * size] * 2


@pytest.mark.parametrize("how", ["raise", "kill", "exit", "no memory"])
def test_what_a_child_fails_to_do_is_done_here(how: str) -> None:
    parent = os.getpid()

    def work(part: Sequence[int], progress: Progress) -> bytes:
        if os.getpid() != parent and part[0] == 2:
            if how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            elif how == "exit":
                os._exit(0)
            raise MemoryError if how == "no memory" else ValueError
        return add_up(part, progress)

    assert run(work, [[1], [2], [3]]) == [b"1", b"2", b"3"]


def test_an_error_that_stays_is_raised_here() -> None:
    def work(part: Sequence[int], progress: Progress) -> bytes:
        if part[0] == 2:
            raise ValueError("bad part")
        return b""

    with pytest.raises(ValueError, match="bad part"):
        run(work, [[1], [2], [3]])


def test_an_error_in_the_first_part_waits_for_the_others() -> None:
    def work(part: Sequence[int], progress: Progress) -> bytes:
        if part[0] == 1:
            raise ValueError("bad part")
        return b"x" * 3_000_000  # more than a pipe holds: the child must not hang

    with pytest.raises(ValueError, match="bad part"):
        run(work, [[1], [2], [3]])


def test_an_error_in_the_second_part_leaves_no_child() -> None:
    parent = os.getpid()

    def work(part: Sequence[int], progress: Progress) -> bytes:
        if part[0] == 2:
            raise KeyboardInterrupt
        assert part[0] == 1 or os.getpid() != parent
        return b"x" * 3_000_000

    with pytest.raises(KeyboardInterrupt):
        run(work, [[1], [2], [3]])


def test_progress_of_the_children_is_seen() -> None:
    def work(part: Sequence[int], progress: Progress) -> bytes:
        for _ in part:
            progress.advance(1, 10)
        progress.start("x")
        progress.note("x")
        progress.finish()
        return b""

    watch = Counting()
    run(work, [range(5000), range(100)], watch)
    assert 5000 <= watch.files <= 5100
    assert watch.size == watch.files * 10
