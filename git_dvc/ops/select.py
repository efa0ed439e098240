"""Targets: what the user named, as outputs and paths inside them.

A target is a pointer file, a ``dvc.lock`` or ``dvc.yaml``, a stage's name, an output, a path
inside a tracked directory, or with ``-R`` a directory with outputs in it (commands.md
section 0).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from git_dvc import relpaths
from git_dvc.errors import UnknownStageError, UnknownTargetError
from git_dvc.project import Project
from git_dvc.tracked import LOCK_FILE, STAGES_FILE, Tracked, TrackedOut


class Selected(NamedTuple):
    """One output that was asked for.

    Attributes:
        item: The output.
        inner: Paths inside it that were asked for; empty for all of it.
    """

    item: TrackedOut
    inner: tuple[str, ...] = ()

    def wants(self, path: str) -> bool:
        """Return whether a path inside the output was asked for."""
        return not self.inner or any(relpaths.inside(path, folder) for folder in self.inner)


def select(
    project: Project,
    targets: Sequence[str],
    *,
    recursive: bool = False,
    with_deps: bool = False,
    tracked: Tracked | None = None,
) -> list[Selected]:
    """Return the outputs that targets name, sorted; all of them for none.

    Args:
        project: The project.
        targets: As the user gave them.
        recursive: Targets may be directories with outputs in them.
        with_deps: Also what the targets were made from, and so on.
        tracked: Where to look; the work tree's pointer files if None.

    Raises:
        UnknownTargetError: A target names nothing that is tracked.
        FormatError: A target's pointer file is broken.
    """
    if tracked is None:
        tracked = project.tracked
    if not targets:
        return [Selected(tracked.outs[path]) for path in sorted(tracked.outs)]
    chosen: dict[str, Selected] = {}
    for target in targets:
        for found in _resolve(project, tracked, target, recursive):
            _choose(chosen, found)
        if with_deps:
            for item in _made_from(project, tracked, target, recursive):
                _choose(chosen, Selected(item))
    return [chosen[path] for path in sorted(chosen)]


def _choose(chosen: dict[str, Selected], found: Selected) -> None:
    """Add an output, or a part of it, to those that were chosen before."""
    path = found.item.relpath
    old = chosen.get(path)
    if old is None:
        chosen[path] = found
    elif old.inner and found.inner:
        chosen[path] = Selected(found.item, old.inner + found.inner)
    else:
        chosen[path] = Selected(found.item)


def _made_from(
    project: Project, tracked: Tracked, target: str, recursive: bool
) -> list[TrackedOut]:
    """Return the outputs that a target was made from, and what those were made from."""
    # A chain may lead over outputs whose content is not kept.
    every = tracked._replace(outs={**tracked.uncached, **tracked.outs}, uncached={})
    found: list[TrackedOut] = []
    seen: set[str] = set()
    try:
        todo = [dep for one in _resolve(project, every, target, recursive) for dep in one.item.deps]
    except UnknownTargetError:
        return []  # a stage that never ran: otherwise it was told before
    while todo:
        dep = todo.pop()
        if dep in seen:
            continue
        seen.add(dep)
        for path, item in every.outs.items():
            if relpaths.inside(dep, path) or relpaths.inside(path, dep):
                todo += item.deps
                if path in tracked.outs:
                    found.append(item)
    return found


def _resolve(project: Project, tracked: Tracked, target: str, recursive: bool) -> list[Selected]:
    path, _, stage = target.rpartition(":")
    if path.rpartition("/")[2] == STAGES_FILE:
        source = project.relpath(path)[: -len(STAGES_FILE)] + LOCK_FILE
        found = _of_stage(tracked, source, stage)
        if found:
            return found
    relpath = project.relpath(target.rstrip("/") or target)
    source = relpath
    if relpath.rpartition("/")[2] == STAGES_FILE:
        source = relpath[: -len(STAGES_FILE)] + LOCK_FILE
    if source in tracked.broken:
        # What is wrong with a lock file may stand in the dvc.yaml beside it.
        stages = source.removesuffix(LOCK_FILE) + STAGES_FILE
        raise next(found for found in tracked.problems if found.where in (source, stages))
    found = [Selected(item) for item in tracked.outs.values() if item.source == source]
    if found:
        return found
    if any(item.source == source for item in tracked.uncached.values()):
        return []
    holder = tracked.holder(relpath)
    if holder is not None:
        inner = relpath[len(holder.relpath) + 1 :]
        return [Selected(holder, (inner,) if inner else ())]
    if relpath in tracked.uncached:
        return []
    here = project.relpath(".")
    by_name = _of_stage(tracked, relpaths.join(here, LOCK_FILE), target)
    if by_name:
        return by_name
    below = tracked.below(relpath)
    if below and recursive:
        return [Selected(item) for item in below]
    if tracked is project.tracked and _is_stage(project, target):
        return []  # it never ran, or keeps nothing
    raise UnknownTargetError(
        target,
        known=[project.shown(name) for item in tracked.outs.values() for name in
               (item.relpath, item.source)],
        has_outputs=bool(below),
    )  # fmt: skip


def _is_stage(project: Project, target: str) -> bool:
    """Return whether a target names stages of the work tree, whatever they have made.

    Raises:
        FormatError: The ``dvc.yaml`` that would tell cannot be used.
    """
    from git_dvc.ops import stages

    try:
        stages.choose(stages.load(project), [target], folder=project.relpath("."))
    except UnknownStageError:
        return False
    return True


def _of_stage(tracked: Tracked, source: str, stage: str) -> list[Selected]:
    """Return the outputs of a stage, or of all stages that a template made."""
    return [
        Selected(item)
        for item in tracked.outs.values()
        if item.source == source
        and stage
        and (item.stage == stage or item.stage.partition("@")[0] == stage)
    ]
