"""``add --to-remote``: track data whose bytes go straight to a remote and are not kept here.

The data goes first, then ``.gitignore`` and the pointer file. Nothing is put in place: ``pull``
brings the data when it is wanted. What is in the work tree stays as it is.
"""

from __future__ import annotations

import os

from git_dvc.errors import CannotAddError, OccupiedError, quoted
from git_dvc.ops import add as adding
from git_dvc.ops import outside, remotes, to_remote
from git_dvc.ops import record as recording
from git_dvc.ops.checkout import check_not_busy
from git_dvc.ops.push import Moved
from git_dvc.ops.record import Recorded
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.store.state import Placed
from git_dvc.tracked import TrackedOut


def add_to_remote(
    project: Project,
    address: str,
    *,
    out: str | None = None,
    remote: str | None = None,
    jobs: int | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> tuple[adding.Result, Moved]:
    """Send a file or directory to a remote and write its pointer file.

    Args:
        project: The project.
        address: A path, a URL, or ``remote://NAME/PATH``.
        out: Where the data belongs in the work tree; its name, here, if None.
        remote: Name of the remote; None for the output's own or the default one.
        jobs: How many files at a time.
        force: There may be something at that place; it stays.
        progress: Told of the work.

    Returns:
        What was written, and what was sent.

    Raises:
        OccupiedError: Something else is there.
        CannotAddError: Data cannot be tracked there.
        MissingOriginError: Nothing is at the address.
        RemoteError: The remote failed; what was sent before stays.
    """
    watch = progress or NoProgress()
    name = outside.landing_place(address, out)
    item = _check(project, address, name, force)
    origin = outside.origin(address, None, project=project)
    target = remotes.opened(project, remote or item.out.remote)
    try:
        tree = origin.find()
        sent = to_remote.send(project, origin, tree, target, watch, jobs)
    finally:
        origin.close()
        target.close()
    result = adding.Result()
    with project.lock(watch), project.operation("add"):
        project.forget_tracked()
        item = _check(project, address, name, force)
        check_not_busy(project, [item.relpath])
        out_now = item.out._replace(
            hash=sent.hash, hash_name="md5", size=sent.size_bytes, nfiles=sent.nfiles
        )
        os.makedirs(os.path.dirname(project.path(item.relpath)), exist_ok=True)
        ignored = recording.ignore_in_git(project, item.relpath, is_dir=tree.is_dir)
        done = Recorded(item.relpath, out_now, Placed(item.relpath))
        recording.write_pointer(project, item.source, done, item.out)
        result.pointers = [item.source]
        result.changed = [*([ignored] if ignored else []), item.source]
        result.staged = recording.stage(project, result.changed)
        project.forget_tracked()
    return result, Moved(target.name, sent.files, sent.size_bytes, [], [])


def _check(project: Project, address: str, name: str, force: bool) -> TrackedOut:
    """Return the output that the data is to be, or raise saying why it cannot."""
    relpath = adding.check_place(project, name)
    holder = project.tracked.holder(relpath)
    if holder is None:
        target = adding.new_target(project, relpath, name)
        adding.check_git(project, [target])
        item = target.item
    elif holder.relpath == relpath and not holder.stage and not holder.imported:
        item = holder
    else:
        raise CannotAddError(
            f"{quoted(name)} belongs to {quoted(project.shown(holder.source))}",
            hint="name another place with -o",
        )
    place = project.path(relpath)
    is_itself = os.path.exists(address) and os.path.realpath(address) == os.path.realpath(place)
    if os.path.lexists(place) and not force and not is_itself:
        raise OccupiedError(name, "leave it there and track the other data with --force")
    return item
