"""Run the rows: the tools in turn, each from the same state, and compare what they leave."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from benchmarks import measure, rows, scenes
from benchmarks.measure import Command, Usage
from benchmarks.rows import Row
from benchmarks.scenes import Scene
from benchmarks.tools import Place, SetUpFailed, Tool, remove
from benchmarks.workloads import Size


class Unequal(Exception):
    """Two tools left different results."""


class Result(NamedTuple):
    """What was measured for one row, by the name of the tool or limit."""

    row: Row
    rounds: dict[str, list[list[Usage]]]  # for each round, its runs
    calls: dict[str, dict[str, int]]  # system calls by kind, of one more run
    requests: dict[str, list[int]]  # to the scene's server, of each run


class Failure(NamedTuple):
    """A row (or the building of its scene) that could not be measured."""

    row: Row
    problem: str


class Contestant(NamedTuple):
    """A tool or a limit, ready to run one row."""

    name: str
    before: Callable[[int], None]
    command: Callable[[int], Command]
    after: Callable[[int], None]
    fingerprint: Callable[[], dict[str, str]]


class Plan(NamedTuple):
    """What to run, on what, and how often."""

    rows: tuple[Row, ...]
    tools: tuple[Tool, ...]
    limits: bool
    size: Size
    rounds: int
    trace: bool  # count system calls where a row is not judged by time
    work: str
    keep: bool  # leave the scenes where they are


def run(plan: Plan) -> Iterable[Result | Failure]:
    """Run all rows, scene by scene; a failure ends its scene and is reported."""
    groups: dict[tuple[str, str | None], list[Row]] = {}
    for row in plan.rows:
        problem = rows.missing(row)
        if problem is None:
            groups.setdefault((row.scene, row.link), []).append(row)
        else:
            _say(f"left out: {row.name}: {problem}")
    for (name, link), group in groups.items():
        scene = scenes.SCENES[name](os.path.join(plan.work, f"{name}-{link}"), plan.size, link)
        # Equal keys keep their order: all of state "fresh", then all of "tagged".
        waiting = sorted(group, key=lambda row: row.state)
        try:
            yield from _run_scene(plan, scene, waiting)
        except (SetUpFailed, measure.CommandFailed, Unequal) as error:
            for row in waiting:
                yield Failure(row, str(error))
        finally:
            scene.close()
            if not plan.keep:
                remove(scene.base)


def _run_scene(plan: Plan, scene: Scene, waiting: list[Row]) -> Iterable[Result]:
    """Build the scene and run its rows; each leaves ``waiting`` when it is done."""
    needed = {name for row in waiting for name in row.tools}
    features = {row.needs for row in waiting if row.needs}
    used = [tool for tool in plan.tools if tool.name in needed and features <= tool.features]
    for tool in used:
        _say(f"preparing {waiting[0].scene} ({scene.link}) for {tool.name}")
        scene.open(tool)
    tagged = False
    while waiting:
        row = waiting[0]
        if row.state == "tagged" and not tagged:
            for place in scene.places:
                _say(f"adding two versions with {place.tool.name}")
                scene.tag(place)
            tagged = True
        yield run_row(plan, scene, row)
        waiting.pop(0)


def run_row(plan: Plan, scene: Scene, row: Row) -> Result:
    """Measure one row: rounds of A B A B, after a warm-up round if the row asks for one."""
    contestants = [
        _of_place(scene, row, place) for place in scene.places if place.tool.name in row.tools
    ]
    if plan.limits:
        contestants += [_of_limit(scene, limit) for limit in row.limits if rows.available(limit)]
    result = Result(row, {one.name: [] for one in contestants}, {}, {})
    log = os.path.join(scene.scratch, "log")
    turn = 0
    for number in range(-int(row.warm_up), plan.rounds):
        _say(f"{row.title}: " + (f"round {number + 1}" if number >= 0 else "warm-up"))
        runs: dict[str, list[Usage]] = {one.name: [] for one in contestants}
        for repeat in range(row.repeat):
            compared = _is_compared(row, repeat, last_round=number == plan.rounds - 1)
            found: dict[str, dict[str, str]] = {}
            for one in contestants:
                one.before(turn)
                os.sync()  # what was written before must not slow down what is measured
                asked = scene.requests()
                runs[one.name].append(measure.run(one.command(turn), log))
                if asked is not None and number >= 0:
                    more = (scene.requests() or 0) - asked
                    result.requests.setdefault(one.name, []).append(more)
                if compared:
                    found[one.name] = one.fingerprint()
                one.after(turn)
            _compare(row, found)
            turn += 1
        if number >= 0:
            for name, usages in runs.items():
                result.rounds[name].append(usages)
    if row.metric == "user" and plan.trace and shutil.which("strace"):
        for one in contestants:
            _say(f"{row.title}: system calls of {one.name}")
            one.before(turn)
            result.calls[one.name] = measure.system_calls(one.command(turn), scene.scratch)
            one.after(turn)
    return result


def _of_place(scene: Scene, row: Row, place: Place) -> Contestant:
    def before(turn: int) -> None:
        if row.before is not None:
            row.before(scene, place, turn)

    def after(turn: int) -> None:
        if row.after is not None:
            row.after(scene, place, turn)

    return Contestant(
        place.tool.name,
        before,
        lambda turn: row.step(scene, place, turn),
        after,
        lambda: scene.fingerprint(place, status=row.reads_only),
    )


def _of_limit(scene: Scene, limit: rows.Limit) -> Contestant:
    def clean(turn: int) -> None:
        remove(os.path.join(scene.scratch, "copy"))

    def before(turn: int) -> None:
        clean(turn)
        if limit.before is not None:
            limit.before(scene)

    return Contestant(limit.name, before, lambda turn: limit.step(scene), clean, dict)


def _is_compared(row: Row, repeat: int, *, last_round: bool) -> bool:
    """Whether results are compared after this run: not after each where that takes too long."""
    if row.reads_only:
        return last_round and repeat == row.repeat - 1
    return row.repeat <= 2 or repeat == row.repeat - 1


def _compare(row: Row, found: dict[str, dict[str, str]]) -> None:
    """Raise Unequal unless all tools that answer a question give the same answer."""
    answers: dict[str, dict[str, str]] = {}
    for tool, fingerprint in found.items():
        for question, answer in fingerprint.items():
            answers.setdefault(question, {})[tool] = answer
    for question, by_tool in answers.items():
        if len(set(by_tool.values())) > 1:
            lines = "".join(f"\n  {tool}: {answer}" for tool, answer in by_tool.items())
            raise Unequal(f"{row.title}: the tools differ in their {question}:{lines}")


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)
