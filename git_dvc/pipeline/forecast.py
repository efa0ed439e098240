"""What a run would do: each stage of a plan, what becomes of it, and why.

Nothing runs, so what a stage would make is not known. A stage that reads it *may run*: it does
unless the same is made again. What the run cache has is known, so after a stage that would be
restored all is certain::

    prepare   runs       params.yaml: split 0.2 -> 0.3
    train     may run    reads data/features, which prepare makes anew
    report    unchanged

Pure; see ``staleness.py`` for the reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from git_dvc import hashing
from git_dvc.errors import (
    GitDvcError,
    MissingDataError,
    MissingDependencyError,
    MissingParametersError,
    PartialDataError,
)
from git_dvc.formats.pointer import Out
from git_dvc.pipeline.graph import Graph, place, read_paths
from git_dvc.pipeline.stage import Stage
from git_dvc.pipeline.staleness import (
    DELETED,
    DEP,
    FORCED,
    MODIFIED,
    NOT_IN_CACHE,
    OUT,
    UPSTREAM,
    Facts,
    Reason,
    picked,
    reasons,
)

RUNS = "runs"
MAY_RUN = "may run"
RESTORED = "restored"
CHECKED = "checked"
UNCHANGED = "unchanged"
FAILS = "fails"
"""What becomes of a stage: ``CHECKED`` are those without a command, and frozen ones, whose outputs
are recorded as they are."""

Restorable = Callable[[Stage, Facts], Mapping[str, str] | None]
"""Returns the hashes of what the run cache has for a stage, by place; None if it has nothing."""


class Step(NamedTuple):
    """What is to become of one stage of a plan.

    Attributes:
        stage: The stage.
        verdict: ``RUNS``, ``MAY_RUN``, ...
        reasons: Why; an ``UPSTREAM`` one for each path that another stage makes before it.
        error: Why it fails.
    """

    stage: Stage
    verdict: str
    reasons: tuple[Reason, ...] = ()
    error: GitDvcError | None = None


def forecast(
    graph: Graph,
    plan: Sequence[str],
    facts: Facts,
    *,
    force: Collection[str] = (),
    force_downstream: bool = False,
    allow_missing: bool = False,
    brought: Callable[[Stage], bool] | None = None,
    restorable: Restorable | None = None,
    shown: Callable[[str], str] = str,
) -> Iterator[Step]:
    """Yield what would become of each stage of a plan, and why.

    What another stage of the plan makes is not asked of the disk: it may not be there yet.

    Args:
        graph: All stages.
        plan: Those that are looked at, in their order.
        facts: What is there.
        force: Stages that run in any case.
        force_downstream: What reads something of a stage that runs does so, too.
        allow_missing: As in ``staleness.reasons``.
        brought: Whether all that is missing of a stage would be brought from a remote first.
        restorable: What the run cache has; None to leave it out.
        shown: Returns a place as the user sees it, for errors.
    """
    ahead = _Ahead(facts)
    forced = set(force)
    pending: dict[str, list[str]] = {}
    for address in plan:
        stage = graph.stages[address]
        reads = set(read_paths(stage))
        before = {
            path: by
            for by in graph.needs[address]
            for path in pending.get(by, ())
            if not (path in ahead.made and path in reads)
        }
        found: list[Reason] = []
        hashes = None
        try:
            if address in forced and stage.cmd and not stage.frozen:
                found.append(Reason(FORCED))
            comes = brought is not None and brought(stage)
            found += reasons(stage, ahead, allow_missing=allow_missing or comes, pending=before)
            if comes and not found and stage.recorded is not None:
                known = {out.path: out.hash for out in stage.recorded.outs}
                ahead.made.update((place(stage, o), known.get(o.path) or "") for o in stage.outs)
            if restorable and found and not any(r.kind in (FORCED, UPSTREAM) for r in found):
                hashes = restorable(stage, ahead)
            step = _step(stage, found, hashes, ahead, shown)
        except GitDvcError as problem:
            step = Step(stage, FAILS, tuple(found), problem)
        if step.verdict == RESTORED:
            ahead.made.update(hashes or {})
            pending[address] = [*(hashes or {})]  # of parts of them nothing is known
        elif step.verdict == CHECKED:
            ahead.made.update((r.place, r.before) for r in found if r.how == DELETED)
        elif step.verdict in (RUNS, MAY_RUN, FAILS):
            pending[address] = [place(stage, out) for out in stage.outs]
        if force_downstream and step.verdict not in (UNCHANGED, CHECKED):
            forced.update(graph.feeds[address])
        yield step


def _step(
    stage: Stage,
    found: list[Reason],
    hashes: Mapping[str, str] | None,
    facts: Facts,
    shown: Callable[[str], str],
) -> Step:
    why = tuple(found)
    if not why:
        return Step(stage, UNCHANGED)
    if hashes is not None:
        return Step(stage, RESTORED, why)
    here = {r.path: _hash(stage, r, facts) for r in why if r.how == NOT_IN_CACHE}
    if not stage.cmd or stage.frozen:
        kept = {out.path for out in stage.outs if out.flags.cache}
        lost = [r.place for r in why if r.how == NOT_IN_CACHE and here[r.path] is None]
        lost += [r.place for r in why if r.how == DELETED and not (r.before and r.path in kept)]
        lost = [shown(place) for place in lost]
        if lost:
            return Step(stage, FAILS, why, MissingDataError(stage.address, lost))
        why = tuple(
            reason._replace(how=MODIFIED, after=here[reason.path])
            if reason.how == NOT_IN_CACHE and here[reason.path] != reason.before
            else reason
            for reason in why
        )
        parts = [shown(reason.place) for reason in why if may_be_a_part(reason, facts, stage)]
        error = PartialDataError(stage.address, parts) if parts else None
        return Step(stage, FAILS if parts else CHECKED, why, error)
    if all(reason.how == NOT_IN_CACHE and here[reason.path] == reason.before for reason in why):
        return Step(stage, CHECKED, why)
    missing = [shown(r.place) for r in why if r.kind == DEP and r.how == DELETED]
    if missing:
        return Step(stage, FAILS, why, MissingDependencyError(stage.address, missing))
    keys = _missing_params(stage, facts, {r.path for r in why if r.kind == UPSTREAM}, shown)
    if keys:
        return Step(stage, FAILS, why, MissingParametersError(stage.address, keys))
    certain = any(reason.kind != UPSTREAM for reason in why)
    return Step(stage, RUNS if certain else MAY_RUN, why)


def may_be_a_part(reason: Reason, facts: Facts, stage: Stage) -> bool:
    """Return whether an output may lack files that only its record tells of.

    That is so for a directory that is not as recorded where the cache lacks what is recorded: a
    'pull' that could not bring all of it leaves the rest, and to record that would drop the files.
    """
    outs = stage.recorded.outs if stage.recorded else ()
    known = next((out for out in outs if out.path == reason.path), None)
    return (
        reason.kind == OUT
        and reason.how == MODIFIED
        and known is not None
        and known.hash is not None
        and hashing.is_dir(known.hash)
        and not facts.in_cache(known)
    )


def _missing_params(
    stage: Stage, facts: Facts, to_come: Collection[str], shown: Callable[[str], str]
) -> dict[str, Sequence[str] | None]:
    """Return the keys that a stage's parameter files lack, None for all of a file."""
    missing: dict[str, Sequence[str] | None] = {}
    for params in stage.params:
        if params.path in to_come:
            continue
        where = place(stage, params)
        value = facts.values(where)
        if value is None:
            missing[shown(where)] = None
            continue
        found = picked(value, params.keys)
        lacking = [key for key in params.keys if key not in found]
        if lacking:
            missing[shown(where)] = lacking
    return missing


def _hash(stage: Stage, reason: Reason, facts: Facts) -> str | None:
    """Return the hash of an output in its place, by the algorithm of its record."""
    outs = stage.recorded.outs if stage.recorded else ()
    names = [out.hash_name for out in outs if out.path == reason.path]
    return facts.hash_at(reason.place, names[0]) if names else None


class _Ahead:
    """Facts as they will be once the stages before have been restored.

    Attributes:
        made: The hash that a place will have.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self.made: dict[str, str] = {}

    def hash_at(self, place: str, algorithm: str) -> str | None:
        """Return what will be there."""
        return self.made.get(place) or self._facts.hash_at(place, algorithm)

    def values(self, place: str) -> Any:
        """Return what is in a parameters file."""
        return self._facts.values(place)

    def in_cache(self, out: Out) -> bool:
        """Return whether the cache has all of an output."""
        return self._facts.in_cache(out)

    def recorded_at(self, place: str) -> str | None:
        """Return the hash that will be recorded for an output."""
        return self.made.get(place) or self._facts.recorded_at(place)
