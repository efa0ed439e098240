"""``git dvc remove``: stop tracking data, or a stage.

The data stays, as ordinary files, unless its deletion is asked for; then it goes only if all
of it is in the cache. Every target is checked before anything changes. The pointer goes
last, so that a command that was stopped can be given again.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from typing import NamedTuple

from git_dvc import fsutil, relpaths
from git_dvc.errors import (
    CannotRemoveError,
    CorruptObjectError,
    FormatError,
    MissingObjectError,
    MissingTargetError,
    UnknownTargetError,
    UnsavedDataError,
    argument,
    quoted,
)
from git_dvc.git import gitignore
from git_dvc.ops import record as recording
from git_dvc.ops.checkout import check_not_busy
from git_dvc.ops.select import Selected
from git_dvc.ops.unprotect import unprotect_output
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.store.oplog import PLACE, RECORD, OutChange, Side, Tree
from git_dvc.store.state import Placed
from git_dvc.tracked import LOCK_FILE, STAGES_FILE, TrackedOut, collect, is_pointer
from git_dvc.workspace.apply import Placer, manifest_of
from git_dvc.workspace.changes import Changes
from git_dvc.workspace.links import COPY, Linker
from git_dvc.workspace.scan import DIRECTORY, MISSING, Scan, hash_dirty, scan


class Result:
    """What was removed; paths relative to the project.

    Attributes:
        removed: Pointer files, and stages as ``dvc.yaml:name``.
        outs: Outputs that are not tracked any more.
        deleted: Number of data files that were deleted.
        changed: Files for Git that were written or removed.
        staged: Whether that was staged.
    """

    def __init__(self) -> None:
        self.removed: list[str] = []
        self.outs: list[str] = []
        self.deleted = 0
        self.changed: list[str] = []
        self.staged = False


class _Target(NamedTuple):
    """A checked target.

    Attributes:
        source: The pointer file, or the ``dvc.yaml`` of a stage.
        stage: Name of the stage, else ''.
        items: The outputs that only it names.
        ignored: Outputs whose ``.gitignore`` lines go.
    """

    source: str
    stage: str
    items: list[TrackedOut]
    ignored: list[str]


def remove(
    project: Project,
    targets: Sequence[str],
    *,
    outs: bool = False,
    purge: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Stop tracking what pointer files or stages name.

    Args:
        project: The project.
        targets: Pointer files; names of stages, as ``train`` or ``path/dvc.yaml:train``.
        outs: Delete the data, too.
        purge: The same (its name in DVC 0.x).
        progress: Told of the work.

    Raises:
        CannotRemoveError: A target is data, or one of several generated stages.
        UnknownTargetError: A target is neither a pointer file nor a stage.
        UnsavedDataError: Data that is to be deleted is not in the cache.
        FormatError: A pointer file cannot be read. (In all these cases nothing changed.)
    """
    watch = progress or NoProgress()
    result = Result()
    with project.lock(watch), project.operation("remove"):
        project.forget_tracked()
        chosen = [_check(project, name) for name in dict.fromkeys(targets)]
        items = [item for target in chosen for item in target.items]
        check_not_busy(project, [item.relpath for item in items])
        scans: dict[str, Scan] = {}
        if outs or purge:
            scans = {item.relpath: _look(project, item, watch) for item in items}
            _check_saved(project, items, scans)
        try:
            for target in chosen:
                _remove_one(project, target, scans, result, watch)
        finally:
            if result.changed:
                result.staged = recording.stage(project, dict.fromkeys(result.changed))
            project.forget_tracked()
    return result


# -- checking ---------------------------------------------------------------------------------


def _check(project: Project, name: str) -> _Target:
    path, colon, stage = name.rpartition(":")
    if colon and path.rpartition("/")[2] == STAGES_FILE:
        return _check_stage(project, project.relpath(path), stage, name)
    relpath = project.relpath(name)
    base = relpath.rpartition("/")[2]
    if is_pointer(relpath):
        data = project.read(relpath)
        if data is None:
            raise MissingTargetError(name)
        return _check_pointer(project, relpath)
    if base in (STAGES_FILE, LOCK_FILE):
        raise CannotRemoveError(
            f"this is a file of stages: {quoted(name)}",
            hint="name the stages that are to go, or delete the file with 'git rm'",
        )
    here = relpaths.join(project.relpath("."), STAGES_FILE)
    holder = project.tracked.holder(relpath) or project.tracked.uncached.get(relpath)
    if holder is not None and not _is_stage(project, here, name):
        _refuse_data(project, name, relpath, holder)
    return _check_stage(project, here, name, name)


def _refuse_data(project: Project, name: str, relpath: str, holder: TrackedOut) -> None:
    source = project.shown(holder.source)
    if holder.stage:
        raise CannotRemoveError(
            f"{quoted(name)} is data of the stage '{quoted(holder.stage)}' in {quoted(source)}",
            hint="name the stage to remove it with all its outputs",
        )
    if relpath != holder.relpath:
        raise CannotRemoveError(
            f"{quoted(name)} lies inside {quoted(project.shown(holder.relpath))}, "
            "which is tracked as a whole",
            hint=f"delete it, then run 'git dvc add {argument(name)}' to record that",
        )
    raise CannotRemoveError(
        f"{quoted(name)} is data: name its pointer file",
        hint=f"did you mean 'git dvc remove {argument(source)}'?",
    )


def _check_pointer(project: Project, relpath: str) -> _Target:
    tracked = collect([relpath], project.read)
    if tracked.problems:
        raise tracked.problems[0]
    mine = []
    for path, item in sorted(tracked.outs.items()):
        other = project.tracked.outs.get(path)
        if other is None or other.source == relpath:
            mine.append(item)
    return _Target(relpath, "", mine, [item.relpath for item in mine])


def _is_stage(project: Project, source: str, stage: str) -> bool:
    from git_dvc.formats import stages

    data = project.read(source)
    return data is not None and stages.parse(data).definition(stage) is not None


def _check_stage(project: Project, source: str, stage: str, name: str) -> _Target:
    data = project.read(source)
    if data is None:
        raise UnknownTargetError(name, _known(project))
    from git_dvc.formats import stages

    try:
        found = stages.parse(data)
    except FormatError as problem:
        raise problem.at(source) from None
    defined = found.definition(stage) or found.definitions.get(stage)
    if defined is None:
        raise UnknownTargetError(name, [*_known(project), *found.definitions])
    if defined.group:
        raise CannotRemoveError(
            f"the stage '{quoted(defined.name)}' in {quoted(project.shown(source))} "
            "is made from a template",
            hint=f"edit {quoted(project.shown(source))} by hand",
        )
    folder = source.rpartition("/")[0]
    lock = relpaths.join(folder, LOCK_FILE)
    items = [
        item
        for _, item in sorted(project.tracked.outs.items())
        if item.source == lock and item.stage == stage
    ]
    ignored = {item.relpath for item in items}
    for path, flags in defined.outs:
        if flags.cache and "${" not in path and "${" not in defined.wdir:
            try:
                ignored.add(relpaths.resolve(os.path.join(folder, defined.wdir), path))
            except FormatError:
                continue  # outside of the project: it never had a line here
    return _Target(source, stage, items, sorted(ignored))


def _known(project: Project) -> list[str]:
    return [project.shown(item.source) for item in project.tracked.outs.values()]


# -- data -------------------------------------------------------------------------------------


def _look(project: Project, item: TrackedOut, progress: Progress) -> Scan:
    record = project.state.placed(item.relpath) or Placed(item.relpath)
    cache = project.cache(item.out.hash_name)
    entries = record.entries if record.algorithm == cache.algorithm.name else {}
    found = scan(project.root, item.relpath, entries, project.ignore)
    hash_dirty(project.root, item.relpath, found, cache, progress)
    return found


def _check_saved(project: Project, items: Sequence[TrackedOut], scans: dict[str, Scan]) -> None:
    unsaved: list[str] = []
    for item in items:
        found = scans[item.relpath]
        cache = project.cache(item.out.hash_name)
        cache.load_records({entry[0] for entry in found.entries.values()})
        unsaved += [_full(item.relpath, inner) for inner, _ in found.problems]
        for inner, entry in found.entries.items():
            try:
                cache.trusted(entry[0])
            except (MissingObjectError, CorruptObjectError):
                unsaved.append(_full(item.relpath, inner))
        cache.flush()
    if unsaved:
        raise UnsavedDataError(
            [project.shown(path) for path in unsaved],
            "save them with 'git dvc commit', or remove without --outs and delete them yourself",
        )


def _delete(project: Project, item: TrackedOut, found: Scan, progress: Progress) -> int:
    """Delete the files of an output, judging each once more, and return their number."""
    cache = project.cache(item.out.hash_name)
    with fsutil.Folders(project.root) as folders:
        tmp = folders.open(project.work_tmp, create=True)
        assert tmp is not None  # noqa: S101 - it was just made
        placer = Placer(project.root, cache, Linker((COPY,), cache, tmp), progress)
        outcome = placer.apply(
            item.relpath,
            dict(found.entries),
            Changes({}, frozenset(found.entries)),
            saved_in=cache,
            is_dir=False,
        )
    if outcome.kept:
        raise UnsavedDataError(
            [project.shown(_full(item.relpath, inner)) for inner in outcome.kept],
            "they changed meanwhile: run the command again",
        )
    return len(outcome.deleted)


# -- removing ---------------------------------------------------------------------------------


def _remove_one(
    project: Project, target: _Target, scans: dict[str, Scan], result: Result, progress: Progress
) -> None:
    for item in target.items:
        found = scans.get(item.relpath)
        _note_removal(project, item, found)
        if found is not None:
            result.deleted += _delete(project, item, found, progress)
        else:
            unprotect_output(project, Selected(item), progress)
        result.outs.append(item.relpath)
    # Before the pointer: a checkout deletes what is on record and tracked by nothing.
    project.state.save([], target.ignored)
    for relpath in target.ignored:
        edited = recording.edit_gitignore(project, relpath, gitignore.remove)
        if edited:
            result.changed.append(edited)
    if target.stage:
        _remove_stage(project, target, result)
        result.removed.append(f"{target.source}:{target.stage}")
    else:
        project.note_file(target.source, project.read(target.source), None)
        fsutil.remove_if_there(project.path(target.source))
        fsutil.sync_folder(os.path.dirname(project.path(target.source)))
        result.changed.append(target.source)
        result.removed.append(target.source)
    _remove_emptied(project, [target.source, *target.ignored])


def _remove_emptied(project: Project, gone: Sequence[str]) -> None:
    """Remove the directories of what is gone that have nothing else in them, as Git does."""
    with fsutil.Folders(project.root) as folders:
        for relpath in gone:
            folders.prune(relpath.rpartition("/")[0])


def _note_removal(project: Project, item: TrackedOut, found: Scan | None) -> None:
    """Record that an output is no longer tracked, and its data deleted if it was looked at."""
    recorder = project.recorder
    if recorder is None or not recorder.is_open:
        return
    was = project.state.header(item.relpath)
    if found is None:
        recorder.out(OutChange(item.relpath, RECORD, Side(header=was), Side()))
        return
    name = item.out.hash_name
    listing = found.manifest()
    tree: Tree = listing
    if item.is_dir and found.kind == DIRECTORY and item.out.hash is not None:
        try:
            if manifest_of(item.out.hash, project.cache(name)) == listing:
                tree = item.out.hash
        except (MissingObjectError, CorruptObjectError, FormatError):
            pass  # then its files are listed one by one
    had_bit = "" in found.entries and bool(found.entries[""][5] & stat.S_IXUSR)
    before = Side(tree, name, {}, had_bit, was)
    after = Side("" if found.kind != MISSING else tree, name)
    recorder.out(OutChange(item.relpath, PLACE, before, after))


def _remove_stage(project: Project, target: _Target, result: Result) -> None:
    from git_dvc.formats import lockfile, stages

    lock = relpaths.join(target.source.rpartition("/")[0], LOCK_FILE)
    for path, without in ((lock, lockfile.remove_stage), (target.source, stages.remove_stage)):
        before = project.read(path)
        if before is None:
            continue
        try:
            after = without(before, target.stage)
        except FormatError as problem:
            raise problem.at(path) from None
        if after == before:
            continue
        project.note_file(path, before, after)
        if after is None:
            fsutil.remove_if_there(project.path(path))
        else:
            tmp = os.path.join(project.tmp_dir, "git-dvc")
            fsutil.atomic_write(project.path(path), after, tmp)
        result.changed.append(path)


def _full(relpath: str, inner: str) -> str:
    return relpaths.join(relpath, inner) if inner else relpath
