"""Why a stage is stale: each single difference is one reason, exactly named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from git_dvc.formats.lockfile import LockStage
from git_dvc.formats.pointer import Out
from git_dvc.formats.stages import Flags
from git_dvc.pipeline.stage import Dep, Params, Stage, StageOut
from git_dvc.pipeline.staleness import (
    ALWAYS,
    COMMAND,
    DELETED,
    DEP,
    MODIFIED,
    NEVER_RAN,
    NEW,
    NOT_IN_CACHE,
    OUT,
    PARAM,
    UPSTREAM,
    Reason,
    is_same,
    reasons,
)


class Disk:
    """What is there, as a test says."""

    def __init__(
        self,
        hashes: Mapping[str, str],
        values: Mapping[str, Any],
        uncached: tuple[str, ...] = (),
        recorded: Mapping[str, str] | None = None,
    ) -> None:
        self.hashes = dict(hashes)
        self.files = dict(values)
        self.uncached = uncached
        self.recorded = recorded or {}
        self.asked: list[str] = []

    def hash_at(self, place: str, algorithm: str) -> str | None:
        self.asked.append(place)
        return self.hashes.get(place)

    def values(self, place: str) -> Any:
        return self.files.get(place)

    def in_cache(self, out: Out) -> bool:
        return out.path not in self.uncached

    def recorded_at(self, place: str) -> str | None:
        return self.recorded.get(place)


TRAIN = Stage(
    "train",
    "dvc.yaml",
    cmd=("python train.py",),
    deps=(Dep("train.py", "train.py"), Dep("data", "data")),
    params=(Params("params.yaml", "params.yaml", ("lr", "net.layers.1")),),
    outs=(StageOut("model", "model", Flags()), StageOut("m.json", "m.json", Flags(cache=False))),
    written_cmd="python train.py",
    recorded=LockStage(
        "train",
        "python train.py",
        outs=(Out("model", "d0"), Out("m.json", "e0")),
        deps=(Out("train.py", "a0"), Out("data", "b0.dir")),
        params={"params.yaml": {"lr": 0.1, "net.layers.1": 20}},
    ),
)
HASHES = {"train.py": "a0", "data": "b0.dir", "model": "d0", "m.json": "e0"}
VALUES = {"params.yaml": {"lr": 0.1, "net": {"layers": [10, 20]}, "other": 1}}


def found(stage: Stage, disk: Disk, **more: Any) -> list[Reason]:
    return list(reasons(stage, disk, **more))


def brief(stage: Stage, disk: Disk, **more: Any) -> list[tuple[str, ...]]:
    return [(r.kind, r.path, r.key, r.how) for r in found(stage, disk, **more)]


def test_a_stage_that_is_as_recorded_is_not_stale() -> None:
    assert found(TRAIN, Disk(HASHES, VALUES)) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d.hashes.update(data="b1.dir"), (DEP, "data", "", MODIFIED)),
        (lambda d: d.hashes.pop("train.py"), (DEP, "train.py", "", DELETED)),
        (lambda d: d.hashes.update(model="d1"), (OUT, "model", "", MODIFIED)),
        (lambda d: d.hashes.pop("m.json"), (OUT, "m.json", "", DELETED)),
        (lambda d: d.files.clear(), (PARAM, "params.yaml", "", DELETED)),
        (
            lambda d: d.files.update({"params.yaml": {"lr": 0.1, "net": {"layers": [10]}}}),
            (PARAM, "params.yaml", "net.layers.1", DELETED),
        ),
        (
            lambda d: d.files.update({"params.yaml": {"lr": 0.2, "net": {"layers": [0, 20]}}}),
            (PARAM, "params.yaml", "lr", MODIFIED),
        ),
    ],
)
def test_each_difference_is_one_reason(
    change: Callable[[Disk], object], reason: tuple[str, ...]
) -> None:
    disk = Disk(HASHES, VALUES)
    change(disk)
    assert brief(TRAIN, disk) == [reason]


def test_a_reason_has_both_values() -> None:
    disk = Disk(HASHES, {"params.yaml": {"lr": 0.2, "net": {"layers": (10, 20)}}})
    assert [(r.before, r.after) for r in found(TRAIN, disk)] == [(0.1, 0.2)]
    changed = TRAIN._replace(written_cmd=["a", "b"], cmd=("a", "b"))
    [reason] = found(changed, Disk(HASHES, VALUES))
    assert (reason.kind, reason.before, reason.after) == (COMMAND, "python train.py", ["a", "b"])


def test_what_the_cache_lacks_is_not_looked_for_on_the_disk() -> None:
    disk = Disk(HASHES, VALUES, uncached=("model", "m.json"))
    assert brief(TRAIN, disk) == [(OUT, "model", "", NOT_IN_CACHE)]
    assert "model" not in disk.asked


def test_things_that_were_added_to_a_stage_are_reasons() -> None:
    more = TRAIN._replace(
        deps=(*TRAIN.deps, Dep("new", "new")),
        params=(Params("params.yaml", "params.yaml", ("lr", "other")),
                Params("more.json", "more.json", ())),
        outs=(*TRAIN.outs, StageOut("extra", "extra", Flags())),
    )  # fmt: skip
    disk = Disk(HASHES | {"new": "n"}, VALUES | {"more.json": {}})
    assert brief(more, disk) == [
        (PARAM, "params.yaml", "other", NEW),
        (PARAM, "more.json", "", NEW),
        (DEP, "new", "", MODIFIED),
        (OUT, "extra", "", DELETED),
    ]


def test_all_of_a_parameters_file() -> None:
    whole = TRAIN._replace(params=(Params("p.toml", "p.toml", ()),))
    recorded = TRAIN.recorded
    assert recorded is not None
    whole = whole._replace(recorded=recorded._replace(params={"p.toml": {"a": [1], "b": 2}}))
    assert brief(whole, Disk(HASHES, {"p.toml": {"a": (1,), "b": 2}})) == []
    assert brief(whole, Disk(HASHES, {"p.toml": {"c": 1, "a": [1]}})) == [
        (PARAM, "p.toml", "c", NEW),
        (PARAM, "p.toml", "b", DELETED),
    ]


def test_a_stage_that_never_ran() -> None:
    kinds = [r[0] for r in brief(TRAIN._replace(recorded=None), Disk({}, {}))]
    assert kinds == [NEVER_RAN, PARAM, DEP, DEP, OUT, OUT]


def test_stages_that_run_each_time() -> None:
    assert brief(TRAIN._replace(always_changed=True), Disk(HASHES, VALUES))[0][0] == ALWAYS
    callback = Stage("hello", "dvc.yaml", cmd=("echo",), written_cmd="echo")
    callback = callback._replace(recorded=LockStage("hello", "echo"))
    assert brief(callback, Disk({}, {})) == [(ALWAYS, "", "", "")]


def test_what_a_frozen_stage_reads_is_not_looked_at() -> None:
    disk = Disk({"model": "d1", "m.json": "e0"}, {})
    assert brief(TRAIN._replace(frozen=True), disk) == [(OUT, "model", "", MODIFIED)]


def test_missing_data_may_be_allowed() -> None:
    disk = Disk({"train.py": "a0"}, VALUES, uncached=("model",), recorded={"data": "b0.dir"})
    assert brief(TRAIN, disk, allow_missing=True) == []
    disk.recorded = {"data": "b1.dir"}
    assert brief(TRAIN, disk, allow_missing=True) == [(DEP, "data", "", MODIFIED)]


def test_what_is_made_anew_is_not_asked_of_the_disk() -> None:
    disk = Disk(HASHES, VALUES)
    [one, two] = found(TRAIN, disk, pending={"data/part": "prepare", "params.yaml": "tune"})
    assert (one.kind, one.path, one.by) == (UPSTREAM, "params.yaml", "tune")
    assert (two.kind, two.path, two.by) == (UPSTREAM, "data", "prepare")
    assert "data" not in disk.asked


def test_values_that_mean_the_same() -> None:
    assert is_same({"a": [(1, 2), float("nan")]}, {"a": ([1, 2], float("nan"))})
    assert not is_same([1, 2], [1])
    assert not is_same({"a": 1}, {"b": 1})
