"""``git dvc freeze`` and ``unfreeze``: stages that stay as they are, whatever they depend on.

A frozen stage is not run again when what it reads has changed, and a frozen import stays at its
version. All that changes is one line of ``dvc.yaml`` or of the pointer file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

from git_dvc import fsutil
from git_dvc.errors import CannotFreezeError, FormatError, MissingTargetError, quoted
from git_dvc.formats import stagetext
from git_dvc.ops import record as recording
from git_dvc.ops import stages as finding
from git_dvc.pipeline import loading
from git_dvc.pipeline.loading import Stages
from git_dvc.pipeline.stage import Stage
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project


class Result(NamedTuple):
    """What was frozen or unfrozen.

    Attributes:
        changed: Stages and pointer files, as people name them.
        already: Those that were so before.
        written: Files for Git that were written, relative to the project.
        staged: Whether that was staged.
    """

    changed: list[str]
    already: list[str]
    written: list[str]
    staged: bool


class _Place(NamedTuple):
    """One thing to freeze: a file, and the name under ``stages`` in it ('' for a pointer)."""

    source: str
    name: str


def freeze(
    project: Project,
    targets: Sequence[str],
    *,
    frozen: bool = True,
    progress: Progress | None = None,
) -> Result:
    """Freeze stages and pointer files, or unfreeze them.

    Args:
        project: The project.
        targets: Stages, groups of them, ``dvc.yaml`` for all in it, pointer files.
        frozen: What they are to be.
        progress: Told of the wait for the lock.

    Raises:
        UnknownStageError: A target names nothing.
        CannotFreezeError: A target is one of the stages that a template makes.
        FormatError: A file cannot be read or edited. (In all cases nothing changed.)
    """
    watch = progress or NoProgress()
    result = Result([], [], [], False)
    with project.lock(watch), project.operation("freeze" if frozen else "unfreeze"):
        project.forget_tracked()
        stages = finding.load(project)
        folder = project.relpath(".")
        places: dict[_Place, None] = {}
        for target in targets:
            chosen = finding.choose(stages, [target], folder=folder)
            places |= dict.fromkeys(_places(stages, chosen, target))
        texts = _edited(project, list(places), frozen, result)
        staged = False
        try:
            for source, (before, after) in texts.items():
                project.note_file(source, before, after)
                tmp = os.path.join(project.tmp_dir, "git-dvc")
                fsutil.atomic_write(project.path(source), after, tmp)
                result.written.append(source)
        finally:
            if result.written:
                staged = recording.stage(project, result.written)
            project.forget_tracked()
    return result._replace(staged=staged)


def _places(stages: Stages, chosen: Sequence[Stage], target: str) -> list[_Place]:
    found: dict[_Place, None] = {}
    addresses = {stage.address for stage in chosen}
    for stage in chosen:
        if stage.group:
            group = loading.address(stage.source, stage.group)
            if not addresses.issuperset(stages.groups.get(group, ())):
                raise CannotFreezeError(
                    f"'{quoted(target)}' is one of the stages that '{quoted(group)}' makes",
                    hint=f"all of them together can be: '{quoted(group)}'",
                )
        found[_Place(stage.source, stage.group or stage.name)] = None
    return list(found)


def _edited(
    project: Project, places: Sequence[_Place], frozen: bool, result: Result
) -> dict[str, tuple[bytes, bytes]]:
    """Return the files that change, before and after."""
    texts: dict[str, tuple[bytes, bytes]] = {}
    for source, name in places:
        before, text = texts.get(source) or _both(project.read(source), source)
        try:
            after = _change(name)(text, frozen)
        except FormatError as problem:
            raise problem.at(source) from None
        shown = loading.address(project.shown(source), name) if name else project.shown(source)
        if after == text:
            result.already.append(shown)
        else:
            result.changed.append(shown)
            texts[source] = before, after
    return texts


def _both(data: bytes | None, source: str) -> tuple[bytes, bytes]:
    if data is None:
        raise MissingTargetError(source)
    return data, data


def _change(name: str) -> Callable[[bytes, bool], bytes]:
    if not name:
        return stagetext.set_pointer_frozen
    return lambda text, frozen: stagetext.set_frozen(text, name, frozen)
