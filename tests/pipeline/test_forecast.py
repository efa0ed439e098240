"""What a run would do, stage by stage, without asking the disk for what is made on the way."""

from __future__ import annotations

from typing import Any

import pytest

from git_dvc.errors import MissingDataError, MissingDependencyError, MissingParametersError
from git_dvc.formats.lockfile import LockStage
from git_dvc.formats.pointer import Out
from git_dvc.formats.stages import Flags
from git_dvc.pipeline import graph as graphs
from git_dvc.pipeline.forecast import (
    CHECKED,
    FAILS,
    MAY_RUN,
    RESTORED,
    RUNS,
    UNCHANGED,
    Step,
    forecast,
)
from git_dvc.pipeline.stage import Dep, Params, Stage, StageOut
from git_dvc.pipeline.staleness import Facts
from tests.pipeline.test_staleness import Disk


def stage(name: str, dep: str, out: str, **more: Any) -> Stage:
    """Return a stage that has recorded ``0`` of all that it reads and makes."""
    found = Stage(
        name,
        "dvc.yaml",
        cmd=(name,),
        deps=(Dep(dep, dep),),
        outs=(StageOut(out, out, Flags()),),
        written_cmd=name,
        recorded=LockStage(name, name, outs=(Out(out, "0"),), deps=(Out(dep, "0"),)),
    )
    return found._replace(**more)


CHAIN = [stage("a", "in", "x"), stage("b", "x", "y"), stage("c", "y", "z")]
SAME = {"in": "0", "x": "0", "y": "0", "z": "0"}


def steps(stages: list[Stage], disk: Disk, **more: Any) -> dict[str, Step]:
    graph = graphs.build(stages)
    return {step.stage.address: step for step in forecast(graph, graph.ordered(), disk, **more)}


def verdicts(stages: list[Stage], disk: Disk, **more: Any) -> str:
    return " ".join(step.verdict for step in steps(stages, disk, **more).values())


def test_what_follows_may_run() -> None:
    assert verdicts(CHAIN, Disk(SAME, {})) == " ".join([UNCHANGED] * 3)
    assert verdicts(CHAIN, Disk({**SAME, "in": "1"}, {})) == f"{RUNS} {MAY_RUN} {MAY_RUN}"
    assert verdicts(CHAIN, Disk({**SAME, "x": "1"}, {})) == f"{RUNS} {MAY_RUN} {MAY_RUN}"


def test_what_is_made_on_the_way_need_not_be_there() -> None:
    fresh = [one._replace(recorded=None) for one in CHAIN]
    disk = Disk({"in": "0"}, {})
    assert verdicts(fresh, disk) == " ".join([RUNS] * 3)
    assert disk.asked.count("x") == 1, "as an output alone"


def test_all_is_certain_after_a_stage_that_would_be_restored() -> None:
    def restorable(one: Stage, facts: Facts) -> dict[str, str] | None:
        if one.name == "a":
            return {"x": "1"}
        return {"y": "0"} if facts.hash_at("x", "md5") == "1" else None

    found = verdicts(CHAIN, Disk({**SAME, "in": "1"}, {}), restorable=restorable)
    assert found == f"{RESTORED} {RESTORED} {UNCHANGED}"


def test_force_goes_as_far_as_it_is_said() -> None:
    disk = Disk({**SAME, "in": "1"}, {})
    assert verdicts(CHAIN, Disk(SAME, {}), force=("b",)) == f"{UNCHANGED} {RUNS} {MAY_RUN}"
    assert verdicts(CHAIN, disk, force_downstream=True) == " ".join([RUNS] * 3)


@pytest.mark.parametrize("frozen", [True, False])
def test_outputs_that_are_here_are_recorded(frozen: bool) -> None:
    one = stage("a", "in", "x", frozen=frozen)
    assert verdicts([one], Disk(SAME, {}, uncached=("x",))) == CHECKED
    changed = Disk({**SAME, "x": "1"}, {}, uncached=("x",))
    assert verdicts([one], changed) == (CHECKED if frozen else RUNS)


def test_what_cannot_work_is_told() -> None:
    found = steps(CHAIN, Disk({}, {}))
    assert [step.verdict for step in found.values()] == [FAILS, RUNS, RUNS]
    assert isinstance(found["a"].error, MissingDependencyError)
    keys = stage("a", "in", "x", params=(Params("p.yaml", "p.yaml", ("k",)),))
    for files in [{}, {"p.yaml": {"j": 1}}]:
        [step] = steps([keys], Disk(SAME, files)).values()
        assert isinstance(step.error, MissingParametersError)
    data = Stage("", "x.dvc", outs=(StageOut("x", "x", Flags()),), recorded=CHAIN[0].recorded)
    [step] = steps([data], Disk({}, {}, uncached=("x",))).values()
    assert isinstance(step.error, MissingDataError)
    assert verdicts([data], Disk({}, {})) == CHECKED, "the cache has it"
    assert verdicts([data, stage("b", "x", "y")], Disk({"y": "0"}, {})) == f"{CHECKED} {UNCHANGED}"
