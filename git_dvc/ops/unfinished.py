"""Data that is there only in part: what a command that was stopped has left, and a pull.

Before a checkout (also one of the hooks), a pull, an update or an undo writes the first file, it
notes in the state which outputs it is about to bring, and it takes that back when it ends
(``store/state.py``). A process that died, or met a full disk, leaves the note: until ``git dvc
checkout`` has finished, what is there is no version of anybody. Nothing may record it as one.

The same is true of a directory whose files the cache lacks in part: a pull that could not bring
all of it leaves the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from git_dvc import hashing, relpaths
from git_dvc.errors import (
    CorruptObjectError,
    FormatError,
    MissingObjectError,
    PartialDataError,
    StoppedCheckoutError,
)
from git_dvc.ops.select import Selected
from git_dvc.ops.status import CLEAN, DELETED, OutState, examine
from git_dvc.pipeline.graph import read_paths
from git_dvc.pipeline.stage import Stage
from git_dvc.progress import Progress
from git_dvc.project import Project
from git_dvc.tracked import TrackedOut


def stopped(
    project: Project, items: Iterable[TrackedOut], progress: Progress
) -> dict[str, tuple[TrackedOut, str]]:
    """Return outputs that a command was bringing when it was stopped, and its kind, by path.

    What is there as its pointer says needs nobody any more, whoever brought it.

    Args:
        project: The project, locked: who holds the lock is not stopped.
        items: Outputs.
        progress: Told of files that must be read.
    """
    noted = project.state.stopped()
    found = {}
    for item in items if noted else ():
        by = noted.get(item.relpath)
        if by is None:
            continue
        if examine(project, Selected(item), progress, check_cache=False).kind != CLEAN:
            found[item.relpath] = (item, by.kind)
    return found


def reads(stage: Stage, item: TrackedOut) -> bool:
    """Return whether a stage reads an output, a part of it, or a directory that it is in."""
    return any(
        relpaths.inside(item.relpath, path) or relpaths.inside(path, item.relpath)
        for path in read_paths(stage)
    )


def refuse_stopped(
    project: Project,
    found: Mapping[str, tuple[TrackedOut, str]],
    done: str,
    *,
    can_force: bool = False,
) -> None:
    """Raise if there is anything.

    Args:
        project: The project.
        found: What ``stopped`` has found.
        done: What was not done: ``recorded``, ``run``.
        can_force: Whether the command can be told to go on.

    Raises:
        StoppedCheckoutError: It names them.
    """
    if found:
        shown = {project.shown(item.shown): kind for item, kind in found.values()}
        raise StoppedCheckoutError(shown, done, can_force=can_force)


def refuse_parts(project: Project, items: Iterable[TrackedOut], progress: Progress) -> None:
    """Refuse to record directories of which a pull brought only a part.

    Args:
        project: The project, locked.
        items: What is to be recorded as a whole.
        progress: Told of files that must be read.

    Raises:
        PartialDataError: Files of them were never brought, and the cache lacks them.
    """
    parts = [item for item in items if _is_a_part(project, item, progress)]
    if parts:
        raise PartialDataError("", [project.shown(item.shown) for item in parts])


def _is_a_part(project: Project, item: TrackedOut, progress: Progress) -> bool:
    """Return whether files of a directory may be missing that nobody has deleted.

    Not where the version of its pointer was wholly in place: what is gone since was deleted.
    """
    value = item.out.hash
    header = project.state.header(item.relpath)
    if value is None or not hashing.is_dir(value) or header is None:
        return False
    if (header.hash, header.algorithm) == (value, item.out.hash_name):
        return False
    cache = project.cache(item.out.hash_name)
    try:
        listing = cache.read_manifest(value)
    except (MissingObjectError, CorruptObjectError, FormatError):
        listing = None
    if listing is not None and not cache.lacks(set(listing.values())):
        return False
    state: OutState = examine(project, Selected(item), progress, check_cache=False)
    if state.kind in (CLEAN, DELETED):
        return False
    if listing is None:
        return True
    lacking = cache.lacks({listing[path] for path in listing.keys() - state.current.keys()})
    return bool(lacking)
