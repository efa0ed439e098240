"""``git dvc repro``: run the stages that are stale, in their order, and record what they made.

What a target means and which stages it brings along is decided first (``plan``). Then each stage,
once those that it needs are done, is compared with its record; if something differs it comes from
the run cache or its commands run, and its results are recorded at once. So a run that is stopped
has lost nothing that was finished, and the next one goes on from there.

The project is locked while outputs make room and while they are recorded, never while a command
runs: that may use git-dvc itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from git_dvc import relpaths
from git_dvc.errors import (
    AbortedRunError,
    BrokenPointerError,
    FormatError,
    GitDvcError,
    MissingDataError,
    MissingDependencyError,
    MissingParametersError,
    NoStagesError,
    PartialDataError,
)
from git_dvc.formats.lockfile import LockStage
from git_dvc.formats.pointer import Out
from git_dvc.hashing import MD5
from git_dvc.ops import stages as staging
from git_dvc.ops import unfinished
from git_dvc.ops.contents import Contents
from git_dvc.ops.facts import ProjectFacts
from git_dvc.ops.stage_run import Inputs, Saver
from git_dvc.pipeline import forecast as forecasting
from git_dvc.pipeline import graph as graphs
from git_dvc.pipeline import loading, resources, runner
from git_dvc.pipeline.claims import Claims
from git_dvc.pipeline.executors.base import Ended, Job, Listener, Settings, log_path
from git_dvc.pipeline.executors.kinds import LOCAL, open_executor
from git_dvc.pipeline.forecast import Restorable, Step
from git_dvc.pipeline.graph import Graph, read_paths
from git_dvc.pipeline.resources import Shares
from git_dvc.pipeline.runner import Outcome, Running
from git_dvc.pipeline.scheduler import STOP, Scheduler, Task
from git_dvc.pipeline.stage import Stage
from git_dvc.pipeline.staleness import (
    DELETED,
    FORCED,
    MODIFIED,
    NOT_IN_CACHE,
    Facts,
    Reason,
    reasons,
)
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.store.oplog import REPRO
from git_dvc.tracked import OLD_STAGE_FILE, STAGES_FILE, SUFFIX, is_pointer

if TYPE_CHECKING:
    from git_dvc.ops.stage_pull import RemotePuller


class Asked(NamedTuple):
    """Which stages, and how.

    Attributes:
        targets: As the user gave them; the ``dvc.yaml`` here for none.
        recursive: Targets may be directories with stages in them.
        glob: Targets may be patterns.
        single: Only the targets themselves.
        pipeline: All that is connected with the targets.
        every: All stages of the project.
        downstream: The targets and what needs them, instead of what they need.
        force: Also stages that are up to date.
        force_downstream: Also stages that are up to date, but need one that ran.
        allow_missing: Data that is not there counts as unchanged.
        pull: Bring data that is missing from the remote.
        commit: Store outputs in the cache.
        run_cache: Use results of earlier runs.
        on_error: ``scheduler.STOP``, ``KEEP_GOING`` or ``IGNORE``.
        jobs: How many stages run at once.
        executor: Where they run.
        why: All reasons are wanted, not just the first one.
    """

    targets: Sequence[str] = ()
    recursive: bool = False
    glob: bool = False
    single: bool = False
    pipeline: bool = False
    every: bool = False
    downstream: bool = False
    force: bool = False
    force_downstream: bool = False
    allow_missing: bool = False
    pull: bool = False
    commit: bool = True
    run_cache: bool = True
    on_error: str = STOP
    jobs: int = 1
    executor: str = LOCAL
    why: bool = False


class Watcher(Listener, Protocol):
    """Hears what becomes of the stages, and is asked."""

    def unchanged(self, stage: Stage) -> None:
        """Hear that a stage has nothing to do."""

    def frozen(self, stage: Stage) -> None:
        """Hear that what a stage depends on is not looked at."""

    def wants(self, stage: Stage, why: Sequence[Reason]) -> bool:
        """Return whether a stage may run."""

    def starts(self, stage: Stage, why: Sequence[Reason]) -> None:
        """Hear that a stage's commands start."""

    def restored(self, stage: Stage, why: Sequence[Reason]) -> None:
        """Hear that a stage's results come from the cache."""

    def checked(self, stage: Stage, why: Sequence[Reason], put_back: Sequence[str]) -> None:
        """Hear that outputs were recorded, or these put back, without running anything."""

    def ran(self, stage: Stage) -> None:
        """Hear that a stage's commands succeeded, and that its results are recorded."""

    def recorded(self, stage: Stage, lock_file: str) -> None:
        """Hear that a stage's record was written."""

    def changed_meanwhile(self, stage: Stage, paths: Sequence[str]) -> None:
        """Hear that dependencies of a stage were changed while it ran."""

    def failed(self, stage: Stage, error: GitDvcError) -> None:
        """Hear that a stage has failed."""

    def stopping(self, addresses: Sequence[str]) -> None:
        """Hear that stages were asked to end, and take their time."""

    def look(self, running: Sequence[Running], scheduler: Scheduler) -> None:
        """Hear now and then what runs."""


class Plan(NamedTuple):
    """The stages that were asked for.

    Attributes:
        graph: All stages of the project; frozen ones need nothing.
        order: Addresses of the chosen ones, each after those that it needs.
        problems: Files and stages that cannot be used, elsewhere in the project.
    """

    graph: Graph
    order: list[str]
    problems: list[FormatError]


class Result:
    """What was done; addresses of stages.

    Attributes:
        ran: Those whose commands ran.
        restored: Those whose results came from the cache.
        checked: Those without commands, or frozen, whose outputs were recorded or put back.
        unchanged: Those that had nothing to do.
        failed: Those that failed, with the reason.
        skipped: Those that did not start, with the failed stage that they need.
        not_started: Those that did not start because the run was over.
        not_pulled: What could not be brought from a remote, and why.
        kept: Files that were saved in the cache before they went.
        changed: Files for Git that were written.
        staged: Whether they were staged.
    """

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.restored: list[str] = []
        self.checked: list[str] = []
        self.unchanged: list[str] = []
        self.failed: dict[str, GitDvcError] = {}
        self.skipped: dict[str, str] = {}
        self.not_started: list[str] = []
        self.not_pulled: list[GitDvcError] = []
        self.kept: list[str] = []
        self.changed: list[str] = []
        self.staged = False

    @property
    def is_nothing(self) -> bool:
        """Whether there was nothing to do."""
        return not (self.ran or self.restored or self.checked or self.failed)


def plan(project: Project, asked: Asked) -> Plan:
    """Return the stages that were asked for, in their order.

    Raises:
        UnknownStageError: A target names nothing.
        NoStagesError: There is no ``dvc.yaml`` here, and no target.
        FormatError: A target cannot be used.
        BrokenPointerError: A stage reads data whose pointer file cannot be used.
        OverlappingOutsError: Two stages make the same.
        CyclicPipelineError: Stages need each other in a circle.
    """
    found = staging.load(project)
    graph = graphs.build(found.stages.values())
    graph = graph.without({stage.address for stage in found.stages.values() if stage.frozen})
    if asked.every:
        return _plan(graph, graph.ordered(), found.problems)
    here = project.relpath(".")
    targets = asked.targets or [_default(found, project, here)]
    chosen = [
        stage.address
        for stage in staging.choose(
            found, targets, folder=here, recursive=asked.recursive, glob=asked.glob
        )
    ]
    if asked.pipeline:
        some = graph.pipelines(chosen)
    elif asked.single:
        some = set(chosen)
    elif asked.downstream:
        some = graph.downstream(chosen)
    else:
        some = graph.upstream(chosen)
    return _plan(graph, graph.ordered(some), found.problems)


def _plan(graph: Graph, order: list[str], problems: list[FormatError]) -> Plan:
    """Return the plan, if nothing in it reads data that a broken pointer file stands for."""
    broken = {
        problem.where.removesuffix(SUFFIX): problem
        for problem in problems
        if is_pointer(problem.where)
    }
    for address in order if broken else ():
        for path in read_paths(graph.stages[address]):
            for data, problem in broken.items():
                if relpaths.inside(path, data) or relpaths.inside(data, path):
                    raise BrokenPointerError(address, problem)
    return Plan(graph, order, problems)


def _default(found: staging.Stages, project: Project, here: str) -> str:
    """Return the target that no target means: the ``dvc.yaml`` here, or a ``Dvcfile``."""
    for name in (STAGES_FILE, OLD_STAGE_FILE):
        if os.path.lexists(os.path.join(project.path(here), name)):
            return name
    raise NoStagesError([stage.address for stage in found.stages.values() if stage.cmd])


def forecast(
    project: Project,
    chosen: Plan,
    asked: Asked,
    progress: Progress | None = None,
    problems: list[GitDvcError] | None = None,
) -> Iterator[Step]:
    """Yield what ``repro`` would do; see ``pipeline/forecast.py``.

    Args:
        project: The project.
        chosen: Which stages.
        asked: How.
        progress: Told of what takes time.
        problems: Gets why remotes cannot be asked what they have.

    Raises:
        StoppedCheckoutError: What stages read or make is there only in part.
    """
    _refuse_stopped(project, chosen, progress or NoProgress())
    brought = None
    if asked.pull:
        from git_dvc.ops.stage_pull import RemoteLook

        stages = [chosen.graph.stages[address] for address in chosen.order]
        look = RemoteLook(project, stages, progress or NoProgress())
        brought = look.has_missing
        if problems is not None:
            problems += look.problems
    contents = Contents(project, progress)
    facts = ProjectFacts(project, contents, chosen.graph.stages)
    yield from forecasting.forecast(
        chosen.graph,
        chosen.order,
        facts,
        force=chosen.order if asked.force else (),
        force_downstream=asked.force_downstream,
        allow_missing=asked.allow_missing,
        brought=brought,
        restorable=_restorable(project, contents) if asked.run_cache else None,
        shown=lambda place: place if _is_outside(place) else project.shown(place),
    )
    contents.save()


def _is_outside(place: str) -> bool:
    return os.path.isabs(place) or "://" in place


def _restorable(project: Project, contents: Contents) -> Restorable:
    """Return what tells the hashes of what would be restored instead of running a stage."""
    saver = Saver(project, contents=contents)

    def earlier(stage: Stage, facts: Facts) -> dict[str, str] | None:
        known = {out.path: out for out in stage.recorded.deps} if stage.recorded else {}
        deps = []
        for dep in stage.deps:
            where = graphs.place(stage, dep)
            old = known.get(dep.path, Out(dep.path))
            value = facts.hash_at(where, old.hash_name)
            if value != old.hash and old.hash_name != MD5.name:
                old = Out(dep.path)
                value = facts.hash_at(where, old.hash_name)
            if value is None:
                return None
            deps.append(Out(dep.path, value, old.hash_name))
        try:
            used = Inputs(tuple(deps), saver.params(stage))
        except MissingParametersError:
            return None
        found = saver.earlier(stage, used)
        if found is None:
            return None
        made = {out.path: out.hash for out in found.outs}
        return {graphs.place(stage, out): made[out.path] or "" for out in stage.outs}

    return earlier


def repro(
    project: Project,
    chosen: Plan,
    asked: Asked,
    watcher: Watcher,
    progress: Progress | None = None,
) -> Result:
    """Bring stages up to date.

    Args:
        project: The project, not locked.
        chosen: Which stages.
        asked: How.
        watcher: Hears what happens, and is asked.
        progress: Told of hashing and copying.

    Raises:
        StoppedCheckoutError: What stages read or make is there only in part; nothing was run.
        InterruptedRunError: Somebody asked to stop; what had ended is recorded.
        ExecutorError: The executor cannot be used.
    """
    _refuse_stopped(project, chosen, progress or NoProgress())
    work = _Work(project, chosen, asked, watcher, progress or NoProgress())
    taken, limits = work.shares(chosen.order)
    tasks = [
        Task(address, chosen.graph.needs[address], taken.get(address, {}))
        for address in chosen.order
    ]
    scheduler = Scheduler(tasks, jobs=asked.jobs, limits=limits, on_error=asked.on_error)
    executor = open_executor(asked.executor, work.settings())
    try:
        work.note(runner.run(scheduler, executor, work))
    finally:
        executor.close()
        work.close()
    return work.result


def _refuse_stopped(project: Project, chosen: Plan, progress: Progress) -> None:
    """Refuse to go on with data that a command was bringing when it was stopped.

    A run that was stopped itself is no reason: this one does again what that one did.
    """
    if not project.state.stopped():
        return
    stages = [chosen.graph.stages[address] for address in chosen.order]
    made = {out.relpath for stage in stages for out in stage.outs}
    with project.lock(progress):
        outs = [
            item
            for item in project.tracked.outs.values()
            if item.relpath in made or any(unfinished.reads(stage, item) for stage in stages)
        ]
        found = unfinished.stopped(project, outs, progress)
    unfinished.refuse_stopped(
        project,
        {path: one for path, one in found.items() if one[1] != REPRO or path not in made},
        "run",
    )


def _puller(project: Project, progress: Progress) -> RemotePuller:
    from git_dvc.ops.stage_pull import RemotePuller

    return RemotePuller(project, progress)


class _Work:
    """What is done around the commands of each stage; see ``runner.Work``."""

    def __init__(
        self,
        project: Project,
        chosen: Plan,
        asked: Asked,
        watcher: Watcher,
        progress: Progress,
    ) -> None:
        self._project = project
        self._graph = chosen.graph
        self._asked = asked
        self._watcher = watcher
        self._progress = progress
        self._stages = dict(chosen.graph.stages)
        self._contents = Contents(project, progress)
        self._saver = Saver(
            project,
            progress,
            contents=self._contents,
            commit=asked.commit,
            stages=[self._stages[address] for address in chosen.order],
        )
        self._facts = ProjectFacts(project, self._contents, self._stages)
        self._forced = set(chosen.order) if asked.force else set()
        self._puller = _puller(project, progress) if asked.pull else None
        self._inputs: dict[str, Inputs] = {}
        self._resources: dict[str, dict[str, float]] = {}
        hardlink = project.config.flag("core", "hardlink_lock")
        self._claims = Claims(project.tmp_dir, hardlink=hardlink)
        self.result = Result()

    def settings(self) -> Settings:
        """Return what an executor may want to know."""
        return Settings(
            self._project.root,
            self._project.tmp_dir,
            self._asked.jobs,
            self._watcher,
            self._claims.keeper,
            self._option,
        )

    def _option(self, name: str) -> str | None:
        repo = self._project.repo
        return repo.config_get(name) if repo is not None else None

    def shares(self, order: Sequence[str]) -> Shares:
        """Return what stages take while they run; nothing where each runs alone.

        Raises:
            FormatError: A stage's ``meta.resources`` is not a map of amounts.
            ConfigError: Git's config says an amount that is none.
        """
        here = self._asked.executor == LOCAL
        if here and self._asked.jobs == 1:
            return Shares({}, {})
        for address in order:
            stage = self._stages[address]
            try:
                self._resources[address] = resources.of_stage(stage.meta)
            except FormatError as error:
                where = f"stages.{stage.name}." if stage.name else ""
                raise FormatError(where + error.what, stage.source) from None
        return resources.shares(self._resources, self._option, here=here)

    # -- before -----------------------------------------------------------------------------

    def begin(self, address: str) -> Job | None:
        """Get a stage ready; return what to run, or None if there is nothing to run."""
        stage = self._stages[address]
        if stage.frozen and stage.cmd:
            self._watcher.frozen(stage)
        if stage.is_data and stage.deps and not stage.frozen and self._follow(stage):
            return None
        why = self._why(stage)
        if why and self._puller is not None:
            why = self._pull(stage, why, self._puller)
        if not why:
            self.result.unchanged.append(address)
            self._watcher.unchanged(stage)
            return None
        if why[0].how == NOT_IN_CACHE and self._only_the_cache_lacks(stage):
            self._keep(stage, why)
            return None
        if not stage.cmd or stage.frozen:
            self._check(stage, why)
            return None
        if not self._watcher.wants(stage, why):
            raise AbortedRunError(address)
        if self._asked.force_downstream:
            self._forced.update(self._graph.feeds[address])
        reads, writes = read_paths(stage), (graphs.place(stage, out) for out in stage.outs)
        self._claims.take(address, self._full(reads), self._full(writes))
        with self._project.lock(self._progress):
            inputs = self._saver.inputs(stage)
            if self._restore(stage, inputs, why):
                return None
            self._inputs[address] = inputs
            self._saver.prepare(stage)
        self._watcher.starts(stage, why)
        return self._job(stage)

    def _pull(self, stage: Stage, why: list[Reason], puller: RemotePuller) -> list[Reason]:
        """Bring what is missing; return the reasons that are left for a stage to run."""
        places = [out.relpath for out in stage.outs if out.relpath is not None]
        if not self._why(stage, allow_missing=True):
            known = {out.path: out for out in stage.recorded.outs} if stage.recorded else {}
            parts = [
                reason.place
                for reason in why
                if reason.how == NOT_IN_CACHE and not self._is_as(known[reason.path], reason.place)
            ]
            # Only data is missing, so what it used is not needed.
            brought = puller.bring(places, [place for place in parts if self._is_there(place)])
        else:
            brought = puller.deps(stage)
        if not brought:
            return why
        self._contents.forget(brought)
        return self._why(stage)

    def _is_there(self, place: str) -> bool:
        return os.path.lexists(self._project.path(place))

    def _restore(self, stage: Stage, inputs: Inputs, why: Sequence[Reason]) -> bool:
        """Put the results of an earlier run in place, if it used the same; tell whether."""
        if stage.address in self._forced or not self._asked.run_cache:
            return False
        saver = self._saver
        made = saver.restore(stage, inputs, pull=self._puller)
        if made is None:
            return False
        self._watcher.restored(stage, why)
        if saver.record(stage, made):
            self._watcher.recorded(stage, stage.lock_file)
        self._claims.drop(stage.address)
        self._note(stage, made.lock)
        self.result.restored.append(stage.address)
        return True

    def _full(self, places: Iterable[str]) -> list[str]:
        root = self._project.root
        return [
            os.path.normpath(os.path.join(root, place)) for place in places if "://" not in place
        ]

    def _why(self, stage: Stage, *, allow_missing: bool = False) -> list[Reason]:
        """Return at least one reason for a stage to run, if there is one."""
        if stage.address in self._forced and stage.cmd and not stage.frozen:
            return [Reason(FORCED)]
        allow_missing = allow_missing or self._asked.allow_missing
        found = reasons(stage, self._facts, allow_missing=allow_missing)
        if self._asked.why or not stage.cmd or stage.frozen:
            return list(found)
        first = next(found, None)
        return [first] if first is not None else []

    def _job(self, stage: Stage) -> Job:
        project = self._project
        return Job(
            stage.address,
            stage.cmd,
            project.path(stage.wdir),
            {"DVC_ROOT": os.environ.get("DVC_ROOT", project.root), "DVC_STAGE": stage.address},
            log_path(project.tmp_dir, stage.address),
            self._resources.get(stage.address, {}),
            attached=self._asked.jobs == 1 and self._asked.executor == LOCAL,
        )

    # -- without a run ----------------------------------------------------------------------

    def _check(self, stage: Stage, why: Sequence[Reason]) -> None:
        """Record outputs as they are, or put back those that are gone."""
        project = self._project
        halves = project.state.stopped()  # of a run that was stopped as it put them back
        gone = [
            out.relpath
            for out in stage.outs
            if out.relpath is not None
            and (out.relpath in halves or not os.path.lexists(project.path(out.relpath)))
        ]
        if gone and self._puller is not None:
            self._puller.bring(gone)
        if gone:
            self._put_back(stage, gone)
        recorded = {out.path: out for out in stage.recorded.outs} if stage.recorded else {}
        why = [
            reason._replace(how=MODIFIED)
            if reason.how == NOT_IN_CACHE and not self._is_as(recorded[reason.path], reason.place)
            else reason
            for reason in why
        ]
        parts = [r.place for r in why if forecasting.may_be_a_part(r, self._facts, stage)]
        if parts:
            raise PartialDataError(stage.address, [project.shown(place) for place in parts])
        if any(reason.how != DELETED and reason.place not in gone for reason in why):
            self._record_as_is(stage)
            gone = []
        self.result.checked.append(stage.address)
        self._watcher.checked(stage, why, gone)

    def _follow(self, stage: Stage) -> bool:
        """Bring the newest version of an import that is not frozen; return whether there is one."""
        from git_dvc.ops import update

        [done] = update.update(
            self._project, [self._project.path(stage.source)], progress=self._progress
        )
        if not done.changed:
            return False
        self.result.changed += done.changed
        self._contents.forget()
        self._read_again(stage)
        self.result.checked.append(stage.address)
        self._watcher.checked(stage, [], [])
        return True

    def _only_the_cache_lacks(self, stage: Stage) -> bool:
        """Return whether outputs are as recorded, and just not in the cache, as after ``gc``."""
        recorded = {out.path: out for out in stage.recorded.outs} if stage.recorded else {}
        return all(
            reason.how == NOT_IN_CACHE and self._is_as(recorded[reason.path], reason.place)
            for reason in reasons(stage, self._facts, allow_missing=self._asked.allow_missing)
        )

    def _is_as(self, recorded: Out, place: str) -> bool:
        """Return whether an output is in place as it is recorded."""
        return self._facts.hash_at(place, recorded.hash_name) == recorded.hash

    def _keep(self, stage: Stage, why: Sequence[Reason]) -> None:
        """Put outputs that are as recorded into the cache."""
        if not self._asked.commit:
            self.result.unchanged.append(stage.address)
            self._watcher.unchanged(stage)
            return
        self._record_as_is(stage)
        self.result.checked.append(stage.address)
        self._watcher.checked(stage, why, [])

    def _put_back(self, stage: Stage, gone: Sequence[str]) -> None:
        recorded = {out.path: out for out in stage.recorded.outs} if stage.recorded else {}
        for out in stage.outs:
            known = recorded.get(out.path)
            if out.relpath in gone and not (
                known is not None and known.hash and out.flags.cache and self._facts.in_cache(known)
            ):
                raise MissingDataError(stage.address, [self._project.shown(out.relpath or "")])
        with self._project.lock(self._progress):
            self._saver.bring(stage, gone)

    def _made_from(self, stage: Stage) -> Inputs:
        """Return what outputs were made from that are here without a run: not what is here now."""
        if stage.recorded is not None:
            params = {path: dict(some) for path, some in stage.recorded.params.items()}
            return Inputs(stage.recorded.deps, params)
        try:
            return self._saver.inputs(stage)
        except (MissingDependencyError, MissingParametersError):
            return Inputs((), {})

    def _record_as_is(self, stage: Stage) -> None:
        if stage.cmd:
            with self._project.lock(self._progress):
                made = self._saver.collect(stage, self._made_from(stage))
                if self._saver.record(stage, made):
                    self._watcher.recorded(stage, stage.lock_file)
            self._note(stage, made.lock)
            return
        from git_dvc.ops import commit

        project = self._project
        with project.lock(self._progress):
            self._saver.note_for_undo()
            written = commit.commit_pointer(
                project, stage.source, store=self._asked.commit, progress=self._progress
            )
        self._saver.take_over(written)
        self._contents.forget(out.relpath for out in stage.outs if out.relpath)
        self._read_again(stage)

    def _read_again(self, stage: Stage) -> None:
        """Take over what a pointer file says now."""
        data = self._project.read(stage.source)
        if data is not None:
            self._stages[stage.address] = loading.of_pointer(stage.source, data)

    # -- after ------------------------------------------------------------------------------

    def finish(self, address: str, ended: Ended) -> None:
        """Record the results of a stage whose commands succeeded."""
        stage = self._stages[address]
        self._contents.forget()  # a command may have changed anything
        with self._project.lock(self._progress):
            made = self._saver.collect(stage, self._inputs.pop(address))
            written = self._saver.record(stage, made)
        self._claims.drop(address)
        self._note(stage, made.lock)
        self.result.ran.append(address)
        self._watcher.ran(stage)
        if made.changed:
            self._watcher.changed_meanwhile(stage, made.changed)
        if written:
            self._watcher.recorded(stage, stage.lock_file)

    def _note(self, stage: Stage, lock: LockStage) -> None:
        self._stages[stage.address] = stage._replace(recorded=lock)

    def failed(self, address: str, error: GitDvcError) -> None:
        """Hear that a stage has failed."""
        self.stopped(address)
        self._watcher.failed(self._stages[address], error)

    def stopping(self, addresses: Sequence[str]) -> None:
        """Hear that stages were asked to end, and take their time."""
        self._watcher.stopping(addresses)

    def stopped(self, address: str) -> None:
        """Leave things as they were before a stage that did not come to its end."""
        self._contents.forget()
        self._inputs.pop(address, None)
        with self._project.lock(self._progress):
            self._saver.put_back(self._stages[address])
        self._claims.drop(address)

    def look(self, running: Sequence[Running], scheduler: Scheduler) -> None:
        """Hear now and then what runs."""
        self._watcher.look(running, scheduler)

    def note(self, outcome: Outcome) -> None:
        """Take over what came of the plan."""
        self.result.failed = outcome.failed
        self.result.skipped = outcome.skipped
        self.result.not_started = outcome.not_started

    def close(self) -> None:
        """Stage what was written, and store what was learned."""
        self._claims.close()
        if self._puller is not None:
            self._puller.close()
            self.result.not_pulled = self._puller.problems
        with self._project.lock(self._progress):
            for address in self._inputs:  # they were stopped
                self._saver.put_back(self._stages[address])
            self.result.staged = self._saver.finish()
        self.result.kept = list(self._saver.kept)
        self.result.changed += [
            path for path in self._saver.written if path not in self.result.changed
        ]
