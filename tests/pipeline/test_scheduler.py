"""What may start when, asked of values alone."""

from __future__ import annotations

import pytest

from git_dvc.pipeline.scheduler import IGNORE, KEEP_GOING, Scheduler, Task


def started(scheduler: Scheduler) -> list[str]:
    found = []
    while (address := scheduler.next()) is not None:
        found.append(address)
    return found


def test_one_place_gives_the_order_of_the_plan() -> None:
    tasks = [Task("c"), Task("a", ("c",)), Task("z"), Task("b", ("a", "z"))]
    scheduler = Scheduler(tasks)
    order = []
    while not scheduler.is_over:
        [address] = started(scheduler)
        order.append(address)
        scheduler.ended(address, ok=True)
    assert order == ["c", "a", "z", "b"]


def test_as_many_run_as_there_are_places_and_each_after_what_it_needs() -> None:
    tasks = [Task("a"), Task("b", ("a",)), Task("c"), Task("d"), Task("e", ("c", "d"))]
    scheduler = Scheduler(tasks, jobs=2)
    assert started(scheduler) == ["a", "c"]
    scheduler.ended("c", ok=True)
    assert started(scheduler) == ["d"]
    assert scheduler.waiting() == [("b", ["a"]), ("e", ["d"])]
    scheduler.ended("d", ok=True)
    scheduler.ended("a", ok=True)
    assert started(scheduler) == ["b", "e"]


def test_what_is_not_in_the_plan_is_not_waited_for() -> None:
    assert started(Scheduler([Task("b", ("elsewhere",))])) == ["b"]


def test_a_stage_with_two_processors_takes_two_places() -> None:
    tasks = [Task("a", (), {"cpu": 2}), Task("b"), Task("c")]
    scheduler = Scheduler(tasks, jobs=3)
    assert started(scheduler) == ["a", "b"]
    scheduler.ended("b", ok=True)
    assert started(scheduler) == ["c"]


def test_a_smaller_stage_may_pass_one_that_has_no_place_yet() -> None:
    tasks = [Task("a", (), {"gpu": 1}), Task("b", (), {"gpu": 1}), Task("c")]
    scheduler = Scheduler(tasks, jobs=3)
    assert started(scheduler) == ["a", "c"]
    assert scheduler.waiting() == [("b", [])]


def test_limits_say_how_much_there_is() -> None:
    tasks = [Task(name, (), {"gpu": 1}) for name in "abc"]
    assert started(Scheduler(tasks, jobs=3, limits={"gpu": 2})) == ["a", "b"]
    assert started(Scheduler(tasks, jobs=3, limits={"cpu": 1, "gpu": 2})) == ["a"]


def test_a_stage_that_asks_for_more_than_there_is_runs_alone() -> None:
    tasks = [Task("a"), Task("big", (), {"cpu": 64}), Task("b")]
    scheduler = Scheduler(tasks, jobs=2)
    assert started(scheduler) == ["a", "b"]
    scheduler.ended("a", ok=True)
    assert started(scheduler) == []
    scheduler.ended("b", ok=True)
    assert started(scheduler) == ["big"]


CHAIN = [Task("a"), Task("b", ("a",)), Task("c", ("b",)), Task("x"), Task("y", ("x", "c"))]


def test_after_a_failure_nothing_more_starts() -> None:
    scheduler = Scheduler(CHAIN, jobs=1)
    assert started(scheduler) == ["a"]
    scheduler.ended("a", ok=False)
    assert started(scheduler) == []
    assert scheduler.is_over
    assert scheduler.failed == ["a"]


def test_keep_going_skips_what_needs_the_failed_one() -> None:
    scheduler = Scheduler(CHAIN, jobs=1, on_error=KEEP_GOING)
    started(scheduler)
    scheduler.ended("a", ok=False)
    assert started(scheduler) == ["x"]
    scheduler.ended("x", ok=True)
    assert scheduler.is_over
    assert scheduler.skipped == {"b": "a", "c": "a", "y": "a"}


def test_ignoring_errors_goes_on_as_if_nothing_had_happened() -> None:
    scheduler = Scheduler(CHAIN, jobs=1, on_error=IGNORE)
    started(scheduler)
    scheduler.ended("a", ok=False)
    assert started(scheduler) == ["b"]
    assert scheduler.skipped == {}


def test_a_plan_in_the_wrong_order_is_a_bug() -> None:
    with pytest.raises(ValueError, match="a stands before b"):
        Scheduler([Task("a", ("b",)), Task("b")])
