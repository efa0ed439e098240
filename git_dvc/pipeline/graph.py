"""Which stage needs which: the graph of a project's stages, and the order that they run in.

A stage needs another one if a path that it reads is a path that the other makes, lies inside of
it, or around it::

    prepare:  outs: [data/clean]
    train:    deps: [data/clean/train.csv]      # inside: train needs prepare
    report:   deps: [data]                      # around: report needs prepare

The order is DVC's, depth first: what a stage needs runs just before it, in the order in which its
``deps`` and ``params`` name it.

Pure: nothing is read here. Stages come from ``ops/stages.py``; which of them have to run is
``staleness.py``.
"""

from __future__ import annotations

import posixpath
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from git_dvc.errors import CyclicPipelineError, OverlappingOutsError
from git_dvc.pipeline.stage import Dep, Params, Stage, StageOut

Edges = Mapping[str, tuple[str, ...]]
"""Addresses of stages by the address of another one."""


class Graph(NamedTuple):
    """The stages of a project and what they need of each other.

    Attributes:
        stages: By address, in the order of the files.
        needs: The stages that make what a stage reads.
        feeds: The stages that read what a stage makes.
    """

    stages: dict[str, Stage]
    needs: dict[str, tuple[str, ...]]
    feeds: dict[str, tuple[str, ...]]

    def upstream(self, addresses: Iterable[str]) -> set[str]:
        """Return stages with all that they need."""
        return set(_postorder(addresses, self.needs))

    def downstream(self, addresses: Iterable[str]) -> set[str]:
        """Return stages with all that needs them."""
        return set(_postorder(addresses, self.feeds))

    def pipelines(self, addresses: Iterable[str]) -> set[str]:
        """Return stages with all that is connected with them in whichever way."""
        both = {address: (*self.needs[address], *self.feeds[address]) for address in self.stages}
        return set(_postorder(addresses, both))

    def ordered(self, chosen: Collection[str] | None = None) -> list[str]:
        """Return the order in which stages run one after another.

        Args:
            chosen: These alone; all for None.
        """
        if chosen is None:
            return list(_postorder(self.stages, self.needs))
        wanted = set(chosen)
        inside = {
            address: tuple(need for need in self.needs[address] if need in wanted)
            for address in wanted
        }
        return list(_postorder((one for one in self.stages if one in wanted), inside))

    def without(self, cut: Collection[str]) -> Graph:
        """Return the same stages, some of which need nothing: those that are frozen."""
        if not cut:
            return self
        needs = {a: () if a in cut else found for a, found in self.needs.items()}
        return Graph(self.stages, needs, _reversed(needs))


def build(stages: Iterable[Stage]) -> Graph:
    """Return the graph of stages.

    Raises:
        OverlappingOutsError: Two of them make the same path, or one a path inside another's, or
            a file that defines stages stands inside of what a stage makes.
        CyclicPipelineError: They need each other in a circle.
    """
    by_address = {stage.address: stage for stage in stages}
    makers = Makers(by_address.values())
    needs = {
        address: tuple(
            dict.fromkeys(
                makers.by_path[path] for read in read_paths(stage) for path in makers.meeting(read)
            )
        )
        for address, stage in by_address.items()
    }
    _check_circles(needs, by_address, makers)
    return Graph(by_address, needs, _reversed(needs))


class Makers:
    """Who makes what: a path has one maker, and so has all below it.

    Attributes:
        by_path: The address of the stage that makes a path.

    Raises:
        OverlappingOutsError: As in ``build``.
    """

    def __init__(self, stages: Iterable[Stage]) -> None:
        self.by_path: dict[str, str] = {}
        sources: dict[str, None] = {}
        for stage in stages:
            sources[stage.source] = None
            for out in stage.outs:
                path = place(stage, out)
                if path in self.by_path:
                    raise OverlappingOutsError(path, path, self.by_path[path], stage.address)
                self.by_path[path] = stage.address
        for path in (*self.by_path, *sources):
            for outer in _around(path):
                if outer in self.by_path:
                    inner = self.by_path.get(path, "")
                    raise OverlappingOutsError(path, outer, inner, self.by_path[outer])
        self._number = {path: count for count, path in enumerate(self.by_path)}
        self._sorted = sorted(self.by_path)

    def meeting(self, path: str) -> list[str]:
        """Return the made paths that are a path, around it or inside of it."""
        found = [outer for outer in _around(path) if outer in self.by_path]
        found.reverse()
        if path in self.by_path:
            found.append(path)
        elif path in (".", ""):
            outside = ("/", "../")
            found += (
                one for one in self.by_path if "://" not in one and not one.startswith(outside)
            )
        else:
            first = bisect_left(self._sorted, path + "/")
            last = bisect_left(self._sorted, path + "0", first)  # '0' comes right after '/'
            found += sorted(self._sorted[first:last], key=self._number.__getitem__)
        return found


def read_paths(stage: Stage) -> list[str]:
    """Return the paths that a stage reads, as ``place`` has them; no data of other repositories."""
    if stage.is_data:
        return [dep.relpath for dep in stage.deps if dep.relpath is not None]
    reads: list[Dep | Params] = [*stage.deps, *stage.params]
    return [place(stage, item) for item in reads]


def place(stage: Stage, item: Dep | Params | StageOut) -> str:
    """Return where something that a stage reads or makes is.

    Relative to the project if it lies in there, else as a URL, an absolute path, or one that
    starts with ``..``.
    """
    if item.relpath is not None:
        return item.relpath
    if "://" in item.path:
        return item.path.rstrip("/")
    return posixpath.normpath(posixpath.join(stage.wdir, item.path))


def _around(path: str) -> Iterator[str]:
    """Yield the directories that a path is in, the innermost first."""
    end = path.rfind("/")
    while end > 0:
        path = path[:end]
        yield path
        end = path.rfind("/")


def _reversed(needs: Edges) -> dict[str, tuple[str, ...]]:
    feeds: dict[str, list[str]] = {address: [] for address in needs}
    for address, found in needs.items():
        for need in found:
            feeds[need].append(address)
    return {address: tuple(found) for address, found in feeds.items()}


def _postorder(starts: Iterable[str], edges: Edges) -> Iterator[str]:
    """Yield what can be reached, each address after those that its edges lead to."""
    seen: set[str] = set()
    for start in starts:
        if start in seen:
            continue
        seen.add(start)
        open_: list[tuple[str, Iterator[str]]] = [(start, iter(edges[start]))]
        while open_:
            address, rest = open_[-1]
            for other in rest:
                if other not in seen:
                    seen.add(other)
                    open_.append((other, iter(edges[other])))
                    break
            else:
                open_.pop()
                yield address


def _check_circles(needs: Edges, stages: Mapping[str, Stage], makers: Makers) -> None:
    from graphlib import CycleError, TopologicalSorter

    try:
        TopologicalSorter(needs).prepare()
    except CycleError as problem:
        circle: list[str] = problem.args[1][::-1]  # each stage needs the one after it
        steps = [
            (address, next(_through(stages[address], need, makers)), need)
            for address, need in pairwise(circle)
        ]
        raise CyclicPipelineError(steps) from None


def _through(stage: Stage, need: str, makers: Makers) -> Iterator[str]:
    """Yield the paths by which a stage needs another one."""
    for read in read_paths(stage):
        yield from (path for path in makers.meeting(read) if makers.by_path[path] == need)
