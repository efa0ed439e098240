"""``git dvc move``: rename tracked data with its pointer file and its ``.gitignore`` line.

Nothing is ever overwritten, which DVC's ``move`` does. The new pointer is written before the
data moves and the old one goes last: stopped anywhere, the same command finishes.
"""

from __future__ import annotations

import os
import posixpath
import stat
from typing import Any, NamedTuple

from git_dvc import fsutil, relpaths
from git_dvc.errors import (
    CannotMoveError,
    FormatError,
    MissingTargetError,
    UnknownTargetError,
    argument,
    quoted,
)
from git_dvc.formats import checksum, pointer
from git_dvc.fsutil import Folders, NotAFolderError
from git_dvc.git import gitignore
from git_dvc.ops import record as recording
from git_dvc.ops import unfinished
from git_dvc.ops.checkout import check_not_busy
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import DVC_DIR, Project
from git_dvc.store.oplog import MOVE, OutChange, Side
from git_dvc.store.state import Placed, is_clean
from git_dvc.tracked import LOCK_FILE, OLD_STAGE_FILE, STAGES_FILE, SUFFIX, TrackedOut, is_pointer


class Result(NamedTuple):
    """What was moved; paths relative to the project.

    Attributes:
        source: Where the data was.
        destination: Where it is.
        pointer: The pointer file that names it now.
        has_data: False if the data was not there, so that only the pointer was moved.
        changed: Files for Git that were written or removed.
        staged: Whether that was staged.
    """

    source: str
    destination: str
    pointer: str
    has_data: bool
    changed: list[str]
    staged: bool


class _Plan(NamedTuple):
    """A checked move.

    Attributes:
        item: The output.
        target: Its new path.
        pointer: The pointer file's new path; the old one if it is not named after the data.
        text: Its new content.
        has_data: Whether there is data to move.
    """

    item: TrackedOut
    target: str
    pointer: str
    text: bytes
    has_data: bool


def move(
    project: Project, source: str, destination: str, *, progress: Progress | None = None
) -> Result:
    """Rename tracked data.

    Args:
        project: The project.
        source: An output of a pointer file, or its pointer file.
        destination: The new path, or a directory to move into.
        progress: Told if the data is missing, so that only the pointer moves.

    Raises:
        CannotMoveError: Something is at the destination, or it cannot hold tracked data.
        StoppedCheckoutError: It is there only in part.
        UnknownTargetError: ``source`` is not tracked.
        FormatError: The pointer file cannot be read or edited.
        OSError: The system refuses the rename.
    """
    watch = progress or NoProgress()
    changed: list[str] = []
    staged = False
    with project.lock(watch), project.operation("move"):
        project.forget_tracked()
        item = _find(project, source)
        target = _target(project, item, destination)
        plan = _plan(project, item, target, destination)
        check_not_busy(project, [item.relpath, target])
        stopped = unfinished.stopped(project, [item], watch)
        unfinished.refuse_stopped(project, stopped, "moved")
        try:
            _move(project, plan, changed)
        finally:
            if changed:
                staged = recording.stage(project, dict.fromkeys(changed))
            project.forget_tracked()
        has_data = fsutil.lstat(project.path(target)) is not None
        if not has_data:
            shown = quoted(project.shown(item.relpath))
            watch.note(f"{shown} is not there; only its pointer file was moved")
    return Result(item.relpath, target, plan.pointer, has_data, changed, staged)


# -- checking ---------------------------------------------------------------------------------


def _find(project: Project, source: str) -> TrackedOut:
    relpath = project.relpath(source.rstrip("/") or source)
    shown = quoted(source)
    tracked = project.tracked
    if relpath in tracked.broken:
        raise next(problem for problem in tracked.problems if problem.where == relpath)
    if is_pointer(relpath):
        if relpath.rpartition("/")[2] == OLD_STAGE_FILE:
            raise CannotMoveError(
                f"{shown} is a stage, not a pointer file",
                hint="move it with 'git mv', and edit its command and paths",
            )
        named = [item for item in tracked.outs.values() if item.source == relpath]
        if len(named) == 1:
            return named[0]
        if named:
            raise CannotMoveError(f"{shown} names several outputs: say which one is to move")
    item = tracked.holder(relpath)
    if item is None:
        if relpath in tracked.uncached:
            raise CannotMoveError(
                f"the content of {shown} is not kept by git-dvc",
                hint="move it with 'git mv' and edit its pointer file",
            )
        known = [project.shown(out.relpath) for out in tracked.outs.values()]
        raise UnknownTargetError(source, known, bool(tracked.below(relpath)))
    if item.stage:
        raise CannotMoveError(
            f"{shown} is made by the stage '{quoted(item.stage)}'",
            hint=f"change the path in {quoted(project.shown(item.source))[: -len(LOCK_FILE)]}"
            f"{STAGES_FILE}, then run the stage again",
        )
    if item.source.rpartition("/")[2] == OLD_STAGE_FILE:
        raise CannotMoveError(
            f"{shown} is made by the stage in {quoted(project.shown(item.source))}",
            hint="change its command and the path there, then run it again with "
            f"'git dvc repro {quoted(project.shown(item.source))}'",
        )
    if item.relpath != relpath:
        raise CannotMoveError(
            f"{shown} lies inside {quoted(project.shown(item.relpath))}, which is tracked as a "
            "whole",
            hint="move it with 'mv', then record that with "
            f"'git dvc add {argument(project.shown(item.relpath))}'",
        )
    return item


def _target(project: Project, item: TrackedOut, destination: str) -> str:
    """Return the new path of the data; a directory that is there means 'into it'."""
    relpath = project.relpath(destination.rstrip("/") or destination)
    found = fsutil.lstat(project.path(relpath))
    into = found is not None and stat.S_ISDIR(found.st_mode)
    if into and project.tracked.holder(relpath) is None:
        return relpaths.join(relpath, item.relpath.rpartition("/")[2])
    if destination.endswith("/") and found is None and not item.is_dir:
        raise CannotMoveError(f"no such directory: {quoted(destination)}")
    return relpath


def _plan(project: Project, item: TrackedOut, target: str, name: str) -> _Plan:
    shown = quoted(project.shown(target))
    if target == item.relpath:
        raise CannotMoveError(f"that is where it is: {shown}")
    try:
        relpaths.check(target)
    except FormatError as problem:
        raise CannotMoveError(f"data cannot have this name: {shown}: {problem.what}") from None
    base = target.rpartition("/")[2]
    if target.split("/")[0] == DVC_DIR or base.endswith(SUFFIX) or base in (STAGES_FILE, LOCK_FILE):
        raise CannotMoveError(f"this name belongs to the project itself: {shown}")
    if relpaths.inside(target, item.relpath):
        raise CannotMoveError(f"a directory cannot be moved into itself: {shown}")
    holder = project.tracked.holder(target)
    renamed = item.alone and item.source == item.relpath + SUFFIX
    new_pointer = target + SUFFIX if renamed else item.source
    text = _pointer_text(project, item, target, renamed)
    here = fsutil.lstat(project.path(item.relpath)) is not None
    there = fsutil.lstat(project.path(target)) is not None
    resumed = renamed and project.read(new_pointer) == text
    if resumed:
        holder = None  # an earlier try was stopped
    elif renamed and fsutil.lstat(project.path(new_pointer)) is not None:
        raise CannotMoveError(
            f"there is a pointer file already: {quoted(project.shown(new_pointer))}"
        )
    if holder is not None and holder.relpath != target:
        raise CannotMoveError(
            f"{shown} lies inside {quoted(project.shown(holder.relpath))}, which is tracked as a "
            "whole",
            hint="move it there with 'mv', then run "
            f"'git dvc add {argument(project.shown(holder.relpath))}' and "
            f"'git dvc remove {argument(project.shown(item.source))}'",
        )
    if holder is not None or (there and (here or not resumed)):
        raise CannotMoveError(
            f"there is something at {shown} already", hint="nothing is overwritten: remove it first"
        )
    ignored = project.ignore.match_dir if item.is_dir else project.ignore.match_file
    if ignored(target):
        raise CannotMoveError(f"a .dvcignore pattern excludes {shown}")
    _check_git(project, target, new_pointer, name)
    if here and os.lstat(project.path(item.relpath)).st_dev != _device_of(project, target):
        raise CannotMoveError(
            f"{shown} is on another file system",
            hint=f"copy the data there, 'git dvc add {argument(name)}', then "
            f"'git dvc remove --outs {argument(project.shown(item.source))}'",
        )
    return _Plan(item, target, new_pointer, text, here)


def _device_of(project: Project, target: str) -> int:
    """Return the file system that a path would be made on."""
    folder = target.rpartition("/")[0]
    while folder and fsutil.lstat(project.path(folder)) is None:
        folder = folder.rpartition("/")[0]
    return os.stat(project.path(folder)).st_dev


def _check_git(project: Project, target: str, new_pointer: str, name: str) -> None:
    repo = project.repo
    if repo is None:
        return
    if repo.tracked([project.git_path(target)]):
        raise CannotMoveError(
            f"Git tracks {quoted(name)} itself", hint=f"stop that with 'git rm {quoted(name)}'"
        )
    if repo.is_ignored([project.git_path(new_pointer)]):
        shown = quoted(project.shown(new_pointer))
        raise CannotMoveError(
            f"Git ignores the pointer file {shown}",
            hint=f"see why with 'git check-ignore -v {shown}'",
        )


def _pointer_text(project: Project, item: TrackedOut, target: str, renamed: bool) -> bytes:
    """Return the pointer file's content after the move.

    A pointer that moves along stands beside its data, so its ``wdir`` goes; sources that are
    relative to it are named from the new place.
    """
    from git_dvc.formats import yamltext

    before = project.read(item.source)
    if before is None:
        raise MissingTargetError(item.source)
    found = pointer.parse(before)
    number = next(n for n, out in enumerate(found.outs) if out.path == item.out.path)
    document = yamltext.Document(before)
    old_base = posixpath.normpath(posixpath.join(item.source.rpartition("/")[0], found.wdir))
    base = old_base
    if renamed:
        base = target.rpartition("/")[0] or "."
        if "wdir" in document.value:
            document.delete(("wdir",))
        for at, dep in enumerate(found.deps):
            if _is_relative(dep):
                place = posixpath.join(old_base, dep["path"])
                document.set(("deps", at, "path"), posixpath.relpath(place, base))
    path = posixpath.relpath(target, base)
    if path != item.out.path:
        document.set(("outs", number, "path"), path)
    return checksum.refresh(document.dump())


def _is_relative(dep: dict[str, Any]) -> bool:
    """Return whether a source is a path from the pointer's own place."""
    path = dep.get("path")
    if "repo" in dep or "db" in dep or not isinstance(path, str):
        return False
    return bool(path) and not path.startswith("/") and "://" not in path


# -- moving -----------------------------------------------------------------------------------


def _move(project: Project, plan: _Plan, changed: list[str]) -> None:
    item, target = plan.item, plan.target
    renamed = plan.pointer != item.source
    _note_move(project, plan)
    # Git must not see the data at its new place for a moment either.
    os.makedirs(os.path.dirname(project.path(target)), exist_ok=True)
    edited = recording.ignore_in_git(project, target, is_dir=item.is_dir)
    if edited:
        changed.append(edited)
    if renamed:
        changed.append(plan.pointer)
        _write(project, plan.pointer, plan.text)
    if plan.has_data:
        rename(project, item.relpath, target)
    move_record(project, item.relpath, target, plan.pointer)
    changed.append(item.source)
    if renamed:
        project.note_file(item.source, project.read(item.source), None)
        fsutil.remove_if_there(project.path(item.source))
    else:
        _write(project, item.source, plan.text)
    edited = recording.edit_gitignore(project, item.relpath, gitignore.remove)
    if edited:
        changed.append(edited)


def _note_move(project: Project, plan: _Plan) -> None:
    recorder = project.recorder
    if recorder is None or not recorder.is_open:
        return
    old, new = plan.item.relpath, plan.target
    was = project.state.header(old)
    now = was._replace(relpath=new, pointer=plan.pointer) if was is not None else None
    folder = new.rpartition("/")[0]
    made = []
    while folder and fsutil.lstat(project.path(folder)) is None:
        made.append(folder)
        folder = folder.rpartition("/")[0]
    recorder.out(OutChange(new, MOVE, Side(header=was), Side(header=now), old, tuple(made)))


def _write(project: Project, relpath: str, data: bytes) -> None:
    project.note_file(relpath, project.read(relpath), data)
    fsutil.atomic_write(project.path(relpath), data, os.path.join(project.tmp_dir, "git-dvc"))


def rename(project: Project, source: str, target: str) -> None:
    """Rename data inside the project without following links on the way."""
    old_parent, _, old_name = source.rpartition("/")
    new_parent, _, new_name = target.rpartition("/")
    try:
        with Folders(project.root) as old_folders, Folders(project.root) as new_folders:
            old = old_folders.open(old_parent, create=False)
            new = new_folders.open(new_parent, create=True)
            if old is None or new is None:
                raise CannotMoveError(f"vanished while it was moved: {quoted(source)}")
            os.rename(old.at(old_name), new.at(new_name), src_dir_fd=old.fd, dst_dir_fd=new.fd)
    except NotAFolderError as problem:
        raise CannotMoveError(f"not a directory: {quoted(problem.relpath)}") from None
    for parent in {old_parent, new_parent}:
        fsutil.sync_folder(project.path(parent))


def move_record(project: Project, old: str, new: str, source: str) -> None:
    """Keep what is known of the files: they are the same ones under another path."""
    record = project.state.placed(old)
    if record is None:
        return
    entries = dict(record.entries)
    found = fsutil.lstat(project.path(new))
    if "" in entries and found is not None and stat.S_ISREG(found.st_mode):
        # The rename moved the ctime of a single file; nothing else about it may differ.
        entry = entries[""]
        fresh = (*entry[:3], found.st_ctime_ns, *entry[4:])
        if is_clean(fresh, found):
            entries[""] = fresh
    moved = Placed(new, record.hash, record.algorithm, source, entries)
    project.state.save([moved], [old])
