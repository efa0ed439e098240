"""``git dvc plots modify``: how a plot looks, as ``dvc.yaml`` has it."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from git_dvc import fsutil
from git_dvc.compare.plots import templates
from git_dvc.errors import FormatError, PlotError, UnknownPlotError, quoted
from git_dvc.formats import plottext
from git_dvc.ops import plots
from git_dvc.ops import record as recording
from git_dvc.ops import stages as finding
from git_dvc.pipeline import loading
from git_dvc.pipeline.loading import Stages
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project


class Modified(NamedTuple):
    """What was changed.

    Attributes:
        source: The ``dvc.yaml``, relative to the project.
        changed: Whether it says anything else now.
        staged: Whether it was staged.
    """

    source: str
    changed: bool
    staged: bool = False


class _Place(NamedTuple):
    source: str
    stage: str
    name: str


def modify(
    project: Project,
    target: str,
    props: Mapping[str, Any],
    unset: Sequence[str] = (),
    *,
    progress: Progress | None = None,
) -> Modified:
    """Change how a plot looks; an output or metric of a stage becomes one.

    Args:
        project: The project.
        target: A path, as seen from the current directory, or the name of a plot at the top of a
            ``dvc.yaml``.
        props: What to set: ``template``, ``x``, ``y``, ``x_label``, ``y_label``, ``title``,
            ``header``.
        unset: What to take away.
        progress: Told of the wait for the lock.

    Raises:
        UnknownPlotError: There is no such output or plot.
        PlotError: There is no such template, or it cannot be changed there.
        FormatError: The file cannot be read or edited. (In all cases nothing changed.)
    """
    name = props.get("template")
    if name is not None and not _is_template(project, name):
        templates_known = ", ".join(sorted(plots.known_templates(project.root)))
        raise PlotError(
            f"there is no template '{quoted(name)}'", hint=f"there are: {templates_known}"
        )
    with project.lock(progress or NoProgress()), project.operation("plots modify"):
        project.forget_tracked()
        place = _find(project, finding.load(project), target)
        if not place.stage and ("header" in props or "header" in unset):
            raise PlotError(
                f"only a plot of a stage can have 'header', and {quoted(target)} stands in the "
                "list at the top",
            )
        before = project.read(place.source) or b""
        try:
            after = plottext.change(before, place.stage, place.name, props, unset)
            loading.parse(after)
        except FormatError as problem:
            raise problem if problem.where else problem.at(project.shown(place.source)) from None
        if after == before:
            return Modified(place.source, changed=False)
        project.note_file(place.source, before, after)
        tmp = os.path.join(project.tmp_dir, "git-dvc")
        fsutil.atomic_write(project.path(place.source), after, tmp)
        staged = recording.stage(project, [place.source])
        project.forget_tracked()
    return Modified(place.source, changed=True, staged=staged)


def _is_template(project: Project, name: str) -> bool:
    if name in templates.BUILT_IN or name in plots.known_templates(project.root):
        return True
    beside = posixpath.join(project.root, ".dvc", "plots", name)
    return os.path.isfile(beside) or os.path.isfile(name)


def _find(project: Project, stages: Stages, target: str) -> _Place:
    """Return where a plot stands: with its stage, else in a list at the top."""
    folder = project.relpath(".")
    wanted = posixpath.normpath(posixpath.join(folder or ".", target))
    known: dict[str, None] = {}
    for stage in stages.stages.values():
        for out in stage.outs if stage.name else ():
            if out.relpath != wanted:
                known[project.shown(out.relpath or out.path)] = None
                continue
            if stage.group:
                raise PlotError(
                    f"{quoted(target)} is of '{quoted(stage.address)}', one of the stages that "
                    f"'{quoted(stage.group)}' makes",
                    hint=f"change what {quoted(project.shown(stage.source))} says of all of them",
                )
            return _Place(stage.source, stage.name, out.path)
    for source, content in stages.contents.items():
        beside = source.rpartition("/")[0]
        for item in content.value.get("plots") or ():
            for name in item if isinstance(item, dict) else (item,):
                path = posixpath.normpath(posixpath.join(beside or ".", name))
                if target in (name, f"{project.shown(source)}::{name}") or path == wanted:
                    return _Place(source, "", name)
                known[name] = None
    raise UnknownPlotError(target, list(known))
