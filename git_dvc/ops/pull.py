"""Bringing data from remotes and putting it in place: fetch, then checkout."""

from __future__ import annotations

from typing import NamedTuple

from git_dvc.errors import FormatError, UnknownTargetError
from git_dvc.ops import checkout as placing
from git_dvc.ops.fetch import fetch
from git_dvc.ops.push import Moved
from git_dvc.ops.select import select
from git_dvc.ops.wanted import EVERYTHING, Asked
from git_dvc.progress import Progress
from git_dvc.project import Project


class Pulled(NamedTuple):
    """What a pull did.

    Attributes:
        moved: What came from each remote.
        placed: What was put in place; broken pointer files and absent data are told once, by
            ``moved`` and ``problems``.
    """

    moved: list[Moved]
    placed: placing.Result


def pull(
    project: Project,
    asked: Asked = EVERYTHING,
    progress: Progress | None = None,
    problems: list[FormatError] | None = None,
    *,
    force: bool = False,
    allow_missing: bool = False,
) -> Pulled:
    """Fetch, and check out what was asked for in the work tree; one operation for undo.

    Args:
        project: The project.
        asked: What to bring.
        progress: Told of the work.
        problems: Gets the pointer files that cannot be used.
        force: Discard unsaved data.
        allow_missing: Do not report data that is nowhere.

    Raises:
        UnknownTargetError: A target names nothing that is tracked.
        RemoteError: A remote cannot be used; what came before stays.
    """
    moved = fetch(project, asked, progress, problems)
    targets = [name for name in asked.targets if not any(asked.scope) or _is_here(project, name)]
    if asked.targets and not targets:
        return Pulled(moved, placing.Result())  # other revisions have all of it
    placed = placing.checkout(
        project,
        targets,
        force=force,
        recursive=asked.recursive,
        with_deps=asked.with_deps,
        allow_missing=allow_missing,
        kind="pull",
        progress=progress,
    )
    placed.problems.clear()
    if allow_missing:
        moved = [one._replace(missing=[]) for one in moved]
    told = {path.rstrip("/") for one in moved for path, _ in one.missing}
    for path in [path for path in placed.missing if project.shown(path).rstrip("/") in told]:
        del placed.missing[path]
    return Pulled(moved, placed)


def _is_here(project: Project, target: str) -> bool:
    """Return whether a target is tracked in the work tree, not only in other revisions."""
    try:
        select(project, [target], recursive=True)
    except UnknownTargetError:
        return False
    return True
