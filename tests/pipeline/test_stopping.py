"""Runs that end early: by Ctrl-C, by kill, and by kill -9."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from git_dvc.errors import InterruptedRunError
from git_dvc.pipeline import signals
from git_dvc.pipeline.claims import Claims
from git_dvc.pipeline.keeper import Keeper, end_groups, group_has_ended
from git_dvc.pipeline.scheduler import Task
from tests.pipeline.shop import Shop

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")

SLEEP = "touch {name}.on; echo $$ > {name}.pid; sleep 60"


def until(there: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not there():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def forked(run: Callable[[], int]) -> int:
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            code = run()
        finally:
            os._exit(code)
    return pid


def ended(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def stopped(shop: Shop, *tasks: Task, grace_s: float | None = None) -> Callable[[], int]:
    """Return a run that writes down what it hears and what it ended with."""

    def run() -> int:
        shop.grace_s = grace_s
        code = 0
        try:
            shop.run(*tasks)
        except InterruptedRunError as error:
            code = error.exit_code
            shop.heard.append(str(error))
        (shop.place / "heard").write_text("\n".join(shop.heard))
        return code

    return run


def group_of(path: Path) -> int:
    until(lambda: path.exists() and path.read_text().strip())
    return int(path.read_text())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_is_asked_to_stop_stops_the_stages_and_says_which(
    tmp_path: Path, number: signal.Signals
) -> None:
    commands = {name: [SLEEP.format(name=name), "touch late"] for name in "ab"}
    shop = Shop(tmp_path, {**commands, "c": ["touch late"]}, jobs=2)
    pid = forked(stopped(shop, Task("a"), Task("b"), Task("c", ("a",))))
    groups = [group_of(tmp_path / f"{name}.pid") for name in "ab"]
    os.kill(pid, number)
    assert ended(pid) == 128 + number
    assert all(group_has_ended(group) for group in groups)
    assert not (tmp_path / "late").exists()
    heard = (tmp_path / "heard").read_text()
    assert "these stages were stopped:\n  a\n  b\n" in heard
    assert "stopped a\n" in heard and "stopped b\n" in heard


def test_a_stage_that_ends_well_when_it_is_stopped_is_taken_in(tmp_path: Path) -> None:
    line = "trap 'echo saved > model; exit 0' INT; touch on; while :; do sleep 0.01; done"
    shop = Shop(tmp_path, {"a": [line], "b": ["touch late"]})
    pid = forked(stopped(shop, Task("a"), Task("b", ("a",))))
    until((tmp_path / "on").exists)
    os.kill(pid, signal.SIGINT)
    assert ended(pid) == 130
    assert "finish a" in (tmp_path / "heard").read_text().splitlines()
    assert not (tmp_path / "late").exists()


def test_one_with_lines_left_is_not(tmp_path: Path) -> None:
    line = "trap 'exit 0' INT; touch on; while :; do sleep 0.01; done"
    shop = Shop(tmp_path, {"a": [line, "touch late"]})
    pid = forked(stopped(shop, Task("a")))
    until((tmp_path / "on").exists)
    os.kill(pid, signal.SIGINT)
    assert ended(pid) == 130
    assert "finish a" not in (tmp_path / "heard").read_text().splitlines()


STUBBORN = "trap '' INT TERM; (trap '' INT TERM; exec sleep 60) & echo $$ > {name}.pid; wait; wait"


def test_a_stage_that_does_not_listen_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    shop = Shop(tmp_path, {"a": [STUBBORN.format(name="a")]})
    pid = forked(stopped(shop, Task("a"), grace_s=1.2))
    group = group_of(tmp_path / "a.pid")
    os.kill(pid, signal.SIGINT)
    assert ended(pid) == 130
    assert "stopping a" in (tmp_path / "heard").read_text().splitlines()
    until(partial(group_has_ended, group))


class Clock:
    """A clock that stands still until a file is there."""

    def __init__(self, moves: Path) -> None:
        self._moves = moves

    def monotonic(self) -> float:
        return 1000 + (signals.ONCE_S + 0.1) * self._moves.exists()


def test_asking_twice_kills_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later = tmp_path / "later"
    monkeypatch.setattr(signals, "time", Clock(later))
    shop = Shop(tmp_path, {"a": [STUBBORN.format(name="a")]})
    pid = forked(stopped(shop, Task("a"), grace_s=60))
    group = group_of(tmp_path / "a.pid")
    os.kill(pid, signal.SIGINT)
    os.kill(pid, signal.SIGINT)  # this is still the first time: git passes it on
    time.sleep(0.3)
    assert not group_has_ended(group)
    later.touch()
    os.kill(pid, signal.SIGINT)
    assert ended(pid) == 130
    until(partial(group_has_ended, group))


def test_no_stage_outlives_a_run_that_is_killed(tmp_path: Path) -> None:
    shop = Shop(tmp_path, {name: [SLEEP.format(name=name)] for name in "ab"}, jobs=2)
    pid = forked(stopped(shop, Task("a"), Task("b")))
    groups = [group_of(tmp_path / f"{name}.pid") for name in "ab"]
    os.kill(pid, signal.SIGKILL)
    assert ended(pid) == -signal.SIGKILL
    for group in groups:
        until(partial(group_has_ended, group))


def test_a_stage_that_had_just_been_started_does_not_either(tmp_path: Path) -> None:
    """Killed between starting it and telling the keeper its number."""

    path = tmp_path / "group"

    def die(self: Keeper, token: str, pid: int) -> None:
        path.write_text(str(pid))
        os.kill(os.getpid(), signal.SIGKILL)

    def run() -> int:
        Keeper.group = die  # type: ignore[method-assign]
        return stopped(Shop(tmp_path, {"a": [SLEEP.format(name="a")]}), Task("a"))()

    if not os.path.isdir("/proc/self"):
        pytest.skip("only Linux shows the environment of others")
    assert ended(forked(run)) == -signal.SIGKILL
    until(partial(group_has_ended, group_of(path)))


def test_groups_end_by_force_if_they_have_to(tmp_path: Path) -> None:
    line = f"trap '' TERM; touch '{tmp_path}/on'; sleep 60; sleep 60"
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", line], os.environ, setpgroup=0)
    until((tmp_path / "on").exists)
    end_groups({pid}, grace_s=0.1)
    assert ended(pid) == -signal.SIGKILL


def test_the_notes_of_a_killed_run_hold_until_its_stages_have_ended(tmp_path: Path) -> None:
    """And then they are gone, so that the next run can start at once."""
    out = str(tmp_path / "out")
    line = "trap 'sleep 0.3; touch gone; exit' TERM; touch on; while :; do sleep 0.01; done"

    def run() -> int:
        claims = Claims(str(tmp_path / "tmp"))
        shop = Shop(tmp_path, {"a": [line]}, jobs=2)  # alone, its output would break off
        shop.keeper = claims.keeper
        claims.take("a", [], [out])
        return stopped(shop, Task("a"))()

    pid = forked(run)
    until((tmp_path / "on").exists)
    os.kill(pid, signal.SIGKILL)
    ended(pid)
    with Claims(str(tmp_path / "tmp")) as claims:
        claims.take("a", [], [out])
        assert (tmp_path / "gone").exists()
