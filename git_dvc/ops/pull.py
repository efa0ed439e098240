"""Bringing data from remotes and putting it in place: fetch, then checkout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from git_dvc.errors import FormatError, GitDvcError, UnknownTargetError
from git_dvc.ops import checkout as placing
from git_dvc.ops.fetch import fetch
from git_dvc.ops.push import Moved
from git_dvc.ops.select import select
from git_dvc.ops.wanted import EVERYTHING, Asked
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project

if TYPE_CHECKING:
    from git_dvc.ops.imports import Imported


class Pulled(NamedTuple):
    """What a pull did.

    Attributes:
        moved: What came from each remote.
        placed: What was put in place; broken pointer files and absent data are told once, by
            ``moved`` and ``problems``.
        completed: Imports that were recorded without their data and have it now.
        bare: Outputs of those that were not named, and still are without data.
    """

    moved: list[Moved]
    placed: placing.Result
    completed: Sequence[Imported] = ()
    bare: Sequence[str] = ()


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
    completed, errors, bare = _complete(project, targets, asked, progress)
    if errors:
        moved.append(Moved("", 0, 0, [], errors))
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
    for path in [path for path in placed.missing if _is_below(told, project.shown(path))]:
        del placed.missing[path]
    return Pulled(moved, placed, completed, bare)


def _is_below(told: set[str], path: str) -> bool:
    """Return whether a path, or a directory that it is in, is among some."""
    parts = path.rstrip("/").split("/")
    return any("/".join(parts[:count]) in told for count in range(1, len(parts) + 1))


def _complete(
    project: Project, targets: Sequence[str], asked: Asked, progress: Progress | None
) -> tuple[list[Imported], list[GitDvcError], list[str]]:
    """Bring the data of imports that were recorded without it (``--no-download``), if named.

    No hash says what it should be, and the pointer file of somebody else could name any file of
    this machine as its source: so nobody gets it who did not ask for this very data.
    """
    found = select(project, targets, recursive=asked.recursive, with_deps=asked.with_deps)
    items = [one.item for one in found if one.item.origin and one.item.out.hash is None]
    if not items or not targets:
        return [], [], [item.relpath for item in items]
    from git_dvc.ops import update

    return *update.complete(project, items, progress or NoProgress(), asked.jobs), []


def _is_here(project: Project, target: str) -> bool:
    """Return whether a target is tracked in the work tree, not only in other revisions."""
    try:
        select(project, [target], recursive=True)
    except UnknownTargetError:
        return False
    return True
