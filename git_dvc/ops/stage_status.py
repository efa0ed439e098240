"""How the stages of a project are: which of them are stale, and why. Part of ``status``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from git_dvc.errors import GitDvcError, UnknownStageError
from git_dvc.ops import stages as staging
from git_dvc.ops.contents import Contents
from git_dvc.ops.facts import ProjectFacts
from git_dvc.pipeline import graph as graphs
from git_dvc.pipeline.stage import Stage
from git_dvc.pipeline.staleness import Reason, reasons
from git_dvc.progress import Progress
from git_dvc.project import Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from git_dvc.ops.status import OutState


class StageState(NamedTuple):
    """A stage, and how it differs from its record.

    Attributes:
        stage: The stage.
        reasons: Why it is stale; none if it is not.
        error: Why that cannot be told.
        follows: Stages that need it, directly or through others, in their order; they may have
            to run once it has.
    """

    stage: Stage
    reasons: tuple[Reason, ...] = ()
    error: GitDvcError | None = None
    follows: tuple[str, ...] = ()

    @property
    def is_stale(self) -> bool:
        """Whether there is something to tell."""
        return bool(self.reasons) or self.error is not None


class Found(NamedTuple):
    """The stages that ``status`` looks at.

    Attributes:
        every: All stages of the project.
        chosen: Those that were asked for and have a command.
        targets: Targets that are no such stages.
    """

    every: staging.Stages
    chosen: list[Stage]
    targets: list[str]


def find(
    project: Project, targets: Sequence[str], *, recursive: bool = False, with_deps: bool = False
) -> Found:
    """Return the stages that targets name, or whose outputs they name.

    Raises:
        FormatError: What a target names cannot be used.
        OverlappingOutsError: With dependencies: stages are no graph.
        CyclicPipelineError: Likewise.
    """
    every = staging.load(project)
    if not targets:
        return Found(every, [stage for stage in every.stages.values() if stage.cmd], [])
    here = project.relpath(".")
    chosen: dict[str, Stage] = {}
    rest = []
    for target in targets:
        try:
            found = staging.choose(every, [target], folder=here, recursive=recursive)
        except UnknownStageError:
            path = project.relpath(target.rstrip("/") or target)
            found = _maker(every, path)
            if not found or project.tracked.holder(path):
                rest.append(target)
        else:
            if recursive or any(stage.is_data for stage in found):
                rest.append(target)
        chosen.update((stage.address, stage) for stage in found if stage.cmd)
    if with_deps and chosen:
        graph = graphs.build(every.stages.values())
        needed = graph.upstream(chosen)
        return Found(every, [s for s in every.stages.values() if s.cmd and s.address in needed],
                     rest)  # fmt: skip
    return Found(every, list(chosen.values()), rest)


def _maker(every: staging.Stages, path: str) -> list[Stage]:
    """Return the stage that makes a path, or a directory around it."""
    makers = every.makers()
    while path:
        if path in makers:
            return [makers[path]]
        path = path.rpartition("/")[0]
    return []


def states(
    project: Project,
    found: Found,
    outs: Mapping[str, OutState],
    progress: Progress,
    *,
    why: bool = False,
) -> list[StageState]:
    """Return how stages are.

    Args:
        project: The project.
        found: Which stages.
        outs: What is known of whole outputs already, by path.
        progress: Told of files that must be read.
        why: Also say what follows.
    """
    contents = Contents(project, progress)
    facts = _Facts(project, contents, found.every.stages, outs)
    seen = []
    for stage in found.chosen:
        listed: list[Reason] = []
        error = None
        try:
            listed.extend(reasons(stage, facts))
        except GitDvcError as problem:
            error = problem
        seen.append(StageState(stage, tuple(listed), error))
    contents.save()
    return _with_followers(seen, found.every) if why else seen


def _with_followers(seen: list[StageState], every: staging.Stages) -> list[StageState]:
    try:
        graph = graphs.build(every.stages.values())
    except GitDvcError:
        return seen  # what is wrong with it, 'repro' will tell
    graph = graph.without({stage.address for stage in every.stages.values() if stage.frozen})
    return [
        one._replace(follows=_followers(graph, one.stage.address)) if one.is_stale else one
        for one in seen
    ]


def _followers(graph: graphs.Graph, address: str) -> tuple[str, ...]:
    after = graph.downstream([address]) - {address}
    return tuple(graph.ordered(after)) if after else ()


class _Facts(ProjectFacts):
    """Facts, of which ``status`` has found out some already."""

    def __init__(
        self,
        project: Project,
        contents: Contents,
        stages: Mapping[str, Stage],
        outs: Mapping[str, OutState],
    ) -> None:
        super().__init__(project, contents, stages)
        self._outs = outs

    def hash_at(self, place: str, algorithm: str) -> str | None:
        """Return the hash of what is at a place, None if there is nothing."""
        state = self._outs.get(place)
        if state is not None:
            if state.kind == "clean" and state.item.out.hash_name == algorithm:
                return state.item.out.hash
            if state.kind == "deleted":
                return None
        return super().hash_at(place, algorithm)
