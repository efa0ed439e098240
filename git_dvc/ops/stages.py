"""The stages of a project, and those that a user names."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from fnmatch import fnmatchcase

from git_dvc import relpaths
from git_dvc.errors import UnknownStageError
from git_dvc.pipeline import loading
from git_dvc.pipeline.loading import Stages
from git_dvc.pipeline.stage import Stage
from git_dvc.pipeline.template import Parsing
from git_dvc.project import Project
from git_dvc.tracked import LOCK_FILE, STAGES_FILE, is_pointer

__all__ = ["Stages", "choose", "load"]


def load(project: Project) -> Stages:
    """Return every stage of the work tree: of ``dvc.yaml`` and stage files, and pointer files."""
    return loading.load(
        project.stage_sources(), project.read, parsing=parsing(project), root=project.root
    )


def parsing(project: Project) -> Parsing:
    """Return how the project's config wants mappings to become options in commands."""
    default = Parsing()
    return Parsing(
        project.config.get("parsing", "bool") or default.bool,
        project.config.get("parsing", "list") or default.list,
    )


def shown(project: Project, stage: Stage, name: str | None = None) -> str:
    """Return a stage's name as the user would type it from the current directory.

    Args:
        project: The project.
        stage: The stage.
        name: Another name in the same file: that of the group that it belongs to.
    """
    source = project.shown(stage.source)
    name = stage.name if name is None else name
    return loading.address(source, name) if name else source


def choose(
    stages: Stages,
    targets: Sequence[str],
    *,
    folder: str = "",
    recursive: bool = False,
    glob: bool = False,
) -> list[Stage]:
    """Return the stages that targets name, each once, in the order of the targets.

    A target is, the first that fits (commands.md, section 0): a pointer file or ``dvc.yaml``,
    ``path/dvc.yaml:name``; with ``recursive`` a directory; the name of a stage, of a generated
    one (``g@key``) or of all of a group (``g``) in the ``dvc.yaml`` here. Without targets: all.

    Args:
        stages: All there are.
        targets: As the user gave them.
        folder: Where the user stands, relative to the project.
        recursive: Directories mean the stages in them.
        glob: Names of stages are patterns: ``train*``, ``sub/dvc.yaml:train*``.

    Raises:
        UnknownStageError: A target names nothing.
        FormatError: What a target names cannot be used.
    """
    if not targets:
        return list(stages.stages.values())
    chosen: dict[str, Stage] = {}
    for target in targets:
        for stage in _choose(stages, target, folder, recursive=recursive, glob=glob):
            chosen[stage.address] = stage
    return list(chosen.values())


def _choose(
    stages: Stages, target: str, folder: str, *, recursive: bool, glob: bool
) -> list[Stage]:
    file, name = _split(target)
    if file is None:
        place = _relpath(stages, folder, target.rstrip("/") or target)
        if recursive and place is not None:
            below = [
                stage for stage in stages.stages.values() if relpaths.inside(stage.source, place)
            ]
            if below:
                return below
        if place is not None and place in stages.files:
            return _whole(stages, place)
    source = _relpath(stages, folder, file or STAGES_FILE)
    if source is not None and name is not None:
        if glob:
            found = [
                stage
                for stage in stages.of_file(source)
                if fnmatchcase(stage.name, name) or (stage.group and stage.group == name)
            ]
        else:
            found = _named(stages, loading.address(source, name))
        if found:
            return found
        problem = stages.files.get(source)
        if problem is not None and _could_have(stages, source, name):
            raise problem
    elif source is not None and source in stages.files:
        return _whole(stages, source)
    raise UnknownStageError(
        target,
        _known(stages, folder),
        is_folder=_holds_stages(stages, folder, target),
        maker=_maker(stages, folder, target),
        lock_file=bool(file) and posixpath.basename(file or "") == LOCK_FILE,
    )


def _could_have(stages: Stages, source: str, name: str) -> bool:
    """Return whether a file in which something is wrong may have a stage that was not found."""
    content = stages.contents.get(source)
    if content is None:
        return True
    group = name.partition("@")[0]
    is_known = loading.address(source, group) in stages.groups
    return group in content.value.get("stages", {}) and not is_known


def _split(target: str) -> tuple[str | None, str | None]:
    """Return file and name of a target; None for what it does not have.

    The key of a generated stage may be anything, so only what stands before ``@`` is split.
    """
    group, at, key = target.partition("@")
    file, colon, name = group.rpartition(":")
    if colon and name:
        return file or STAGES_FILE, name + at + key
    base = posixpath.basename(target)
    if base in (STAGES_FILE, LOCK_FILE) or is_pointer(target):
        return target, None
    return None, target


def _relpath(stages: Stages, folder: str, path: str) -> str | None:
    """Return a path that the user typed relative to the project; None if it is not in there."""
    if path.startswith("/"):
        root = stages.root.rstrip("/")
        path, folder = posixpath.relpath(path, root) if root else path.lstrip("/"), ""
    joined = posixpath.normpath(posixpath.join(folder or ".", path))
    if joined == ".":
        return ""
    return None if joined == ".." or joined.startswith("../") else joined


def _whole(stages: Stages, source: str) -> list[Stage]:
    problem = stages.files[source]
    if problem is not None:
        raise problem
    return stages.of_file(source)


def _named(stages: Stages, address: str) -> list[Stage]:
    if address in stages.stages:
        return [stages.stages[address]]
    if address in stages.broken:
        raise stages.broken[address]
    return [stages.stages[one] for one in stages.groups.get(address, ())]


def _known(stages: Stages, folder: str) -> list[str]:
    """Return what could have been meant, as it is written from ``folder``."""
    known = []
    for stage in stages.stages.values():
        source = posixpath.relpath(stage.source, folder or ".")
        known.append(loading.address(source, stage.name) if stage.name else source)
        if stage.group:
            known.append(loading.address(source, stage.group))
    return list(dict.fromkeys(known))


def _holds_stages(stages: Stages, folder: str, target: str) -> bool:
    place = _relpath(stages, folder, target.rstrip("/") or target)
    return place is not None and any(
        relpaths.inside(stage.source, place) for stage in stages.stages.values()
    )


def _maker(stages: Stages, folder: str, target: str) -> str:
    """Return the stage that makes a path, for somebody who named that."""
    place = _relpath(stages, folder, target.rstrip("/") or target)
    found = _around(stages.makers(), place) if place else None
    return found.address if found is not None else ""


def _around(makers: dict[str, Stage], path: str) -> Stage | None:
    while path:
        if path in makers:
            return makers[path]
        path = path.rpartition("/")[0]
    return None
