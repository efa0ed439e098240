"""``git dvc dag``: the graph of stages, or of what they make, as far as somebody asks for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from git_dvc.errors import FormatError, UnknownStageError
from git_dvc.ops import stages as finding
from git_dvc.pipeline import graph
from git_dvc.pipeline.graph import Graph
from git_dvc.pipeline.stage import Stage
from git_dvc.project import Project


class Dag(NamedTuple):
    """A graph to be shown.

    Attributes:
        nodes: Names as the user sees them, in the order of a run: what is made first, first.
        needs: What each node needs.
        problems: Files and stages that could not be used.
    """

    nodes: list[str]
    needs: dict[str, tuple[str, ...]]
    problems: list[FormatError]

    @property
    def edges(self) -> list[tuple[str, str]]:
        """Pairs of what makes something and what needs it."""
        return [(need, node) for node in self.nodes for need in self.needs[node]]


def dag(
    project: Project,
    target: str = "",
    *,
    full: bool = False,
    outs: bool = False,
    collapse: bool = False,
) -> Dag:
    """Return the graph of a project.

    Args:
        project: The project.
        target: A stage, a group, a pointer file, an output, or a directory with some in it: that
            and all that it needs.
        full: Of a target, all that hangs together with it.
        outs: What stages make, instead of the stages.
        collapse: One node for all the stages that a template makes.

    Raises:
        UnknownStageError: The target names nothing.
        OverlappingOutsError, CyclicPipelineError: There is no such graph.
    """
    stages = finding.load(project)
    found = graph.build(stages.stages.values())
    chosen: Collection[str] = found.stages
    starts: list[str] = []
    if target:
        starts = [stage.address for stage in _chosen(project, stages, target)]
        if outs or not full:
            chosen = found.upstream(starts)
        if full:
            chosen = found.pipelines(starts)
    names = {address: finding.shown(project, found.stages[address]) for address in chosen}
    if outs:
        nodes, needs = _of_outs(project, found, chosen)
    elif collapse:
        nodes, needs = _collapsed(project, found, chosen)
    else:
        nodes = [names[address] for address in found.ordered(chosen)]
        needs = {
            names[address]: tuple(names[one] for one in found.needs[address] if one in names)
            for address in chosen
        }
    return Dag(nodes, needs, stages.problems)


def _chosen(project: Project, stages: finding.Stages, target: str) -> list[Stage]:
    """Return the stages that a target names, or those that make it, or parts of it."""
    folder = project.relpath(".")
    try:
        return finding.choose(stages, [target], folder=folder, recursive=True)
    except UnknownStageError:
        makers = graph.Makers(stages.stages.values())
        found = [makers.by_path[path] for path in makers.meeting(project.relpath(target))]
        if not found:
            raise
        return [stages.stages[address] for address in dict.fromkeys(found)]


def _of_outs(
    project: Project, found: Graph, chosen: Collection[str]
) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    """Return what stages make, each with what its stage reads."""
    ordered = found.ordered(chosen)
    makers = graph.Makers(found.stages[address] for address in ordered)
    shown = {
        path: path if "://" in path or path.startswith("/") else project.shown(path)
        for path in makers.by_path
    }
    needs: dict[str, tuple[str, ...]] = {}
    for address in ordered:
        stage = found.stages[address]
        reads = [path for read in graph.read_paths(stage) for path in makers.meeting(read)]
        for out in stage.outs:
            needs[shown[graph.place(stage, out)]] = tuple(
                shown[one] for one in dict.fromkeys(reads)
            )
    return list(needs), needs


def _collapsed(
    project: Project, found: Graph, chosen: Collection[str]
) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    """Return a graph in which all stages of a template are one node."""
    ordered = found.ordered(chosen)
    name = {address: _group_name(project, found.stages[address]) for address in ordered}
    inside = set(ordered)
    needs = _merged(
        {address: [one for one in found.needs[address] if one in inside] for address in ordered},
        name,
    )
    return list(needs), needs


def _group_name(project: Project, stage: Stage) -> str:
    return finding.shown(project, stage, stage.group or None)


def _merged(
    needs: Mapping[str, Iterable[str]], name: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    merged: dict[str, dict[str, None]] = {}
    for address, found in needs.items():
        of_node = merged.setdefault(name[address], {})
        of_node |= dict.fromkeys(name[one] for one in found if name[one] != name[address])
    return {node: tuple(found) for node, found in merged.items()}
