"""``git dvc commit``: record what tracked data holds now, without running anything.

Where DVC asks before it records a change, nothing is asked here: recording was the request,
and the versions before it stay in the cache. Each output is finished on its own (data,
then its pointer), so one that fails leaves the others recorded.

A stage that is named is recorded whole: command, dependencies, parameters and outputs as they are
now, as if it had just run. That says its results belong to what it depends on, which nobody but
the user can know; so without a name only outputs are recorded, unless ``--force`` says it of all.
"""

from __future__ import annotations

from collections.abc import Sequence

from git_dvc import fsutil, hashing, relpaths
from git_dvc.errors import (
    FormatError,
    GitDvcError,
    MissingObjectError,
    MissingOutputError,
    MissingTargetError,
    NotRecordedError,
    UnknownStageError,
)
from git_dvc.formats import manifest as manifests
from git_dvc.formats.manifest import Manifest
from git_dvc.ops import record as recording
from git_dvc.ops import unfinished
from git_dvc.ops.add import add_inside
from git_dvc.ops.checkout import check_not_busy
from git_dvc.ops.record import Recorded, check_cache_is_ours
from git_dvc.ops.resolve import Adding, unmerged
from git_dvc.ops.select import Selected, select
from git_dvc.pipeline.stage import Stage
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.store.state import Placed
from git_dvc.tracked import LOCK_FILE, STAGES_FILE, SUFFIX, TrackedOut, collect
from git_dvc.workspace.scan import DIRECTORY, MISSING, Scan, hash_dirty, scan


class Result:
    """What was recorded; paths relative to the project.

    Attributes:
        recorded: Outputs whose record changed.
        changed: Pointer and lock files that were written.
        staged: Whether they were staged.
        files: Number of files that were read and stored.
        size_bytes: Their size.
        stages: Addresses of stages that were recorded whole.
        stale: Addresses of stages whose outputs were recorded and which used something else.
        in_conflict: Pointer files that were not staged: more in them is in conflict.
        leftover: What a merge put beside ours (``name~theirs``) and is still there.
    """

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.stale: list[str] = []
        self.in_conflict: list[str] = []
        self.leftover: list[str] = []
        self.recorded: list[str] = []
        self.changed: list[str] = []
        self.staged = False
        self.files = 0
        self.size_bytes = 0


def commit(
    project: Project,
    targets: Sequence[str] = (),
    *,
    force: bool = False,
    with_deps: bool = False,
    recursive: bool = False,
    relink: bool = True,
    progress: Progress | None = None,
) -> Result:
    """Store what outputs hold now and write it into their pointer and lock files.

    Args:
        project: The project.
        targets: What to record; nothing means everything. A path inside a tracked
            directory is recorded alone: other changes in it stay unrecorded.
        force: Record all chosen stages whole, also those that are not named, and data that may
            be there only in part.
        with_deps: For stages: also what they depend on.
        recursive: Targets may be directories with outputs in them.
        relink: Replace files by links where ``cache.type`` says so.
        progress: Told of the work.

    Raises:
        NotRecordedError: Some outputs could not be recorded; all others were.
        StoppedCheckoutError: Data is there only in part; nothing was changed.
        PartialDataError: The same, as a pull could not bring all of it.
        UnknownTargetError: A target names nothing tracked; nothing was changed.
        OSError: The disk is full or fails; what was finished before is recorded.
    """
    watch = progress or NoProgress()
    result = Result()
    problems: list[tuple[str, str]] = []
    with project.lock(watch), project.operation("commit"):
        project.forget_tracked()
        chosen = select(project, targets, recursive=recursive, with_deps=with_deps)
        uncached = _uncached(project, targets, chosen)
        whole = _whole_stages(project, targets, force, recursive, with_deps)
        if whole:
            theirs = {(stage.lock_file, stage.name) for stage in whole}
            chosen = [c for c in chosen if c.inner or (c.item.source, c.item.stage) not in theirs]
            uncached = [item for item in uncached if (item.source, item.stage) not in theirs]
            check_not_busy(
                project, [out.relpath for stage in whole for out in stage.outs if out.relpath]
            )
        check_not_busy(project, [c.item.relpath for c in chosen] + [u.relpath for u in uncached])
        if not force:
            _refuse_halves(project, chosen, whole, watch)
        check_cache_is_ours(project)
        conflicts = Adding(project, [(c.item, i) for c in chosen for i in c.inner or ("",)]
                           if targets else [])  # fmt: skip
        if not targets:
            problems += [(found.where, found.what) for found in project.tracked.problems]
            disputed = {case.source for case in unmerged(project)}
            chosen = [found for found in chosen if found.item.source not in disputed]
            uncached = [item for item in uncached if item.source not in disputed]
            told = {found.where for found in project.tracked.problems}
            why = "is in conflict: name its data to record it, or see 'git dvc resolve'"
            problems += [(source, why) for source in sorted(disputed - told)]
        try:
            for selected in chosen:
                item = selected.item
                if not targets and _was_never_there(project, item):
                    continue
                try:
                    _commit_one(project, selected, result, relink, watch)
                except (GitDvcError, PermissionError) as problem:
                    problems += _reasons(project, item, problem)
            _record_whole(project, whole, result, problems, relink, watch)
            for item in uncached:
                try:
                    _note_uncached(project, item, result, watch)
                except (GitDvcError, PermissionError) as problem:
                    problems += _reasons(project, item, problem)
            if not problems:
                conflicts.finish()
            if not whole:
                result.stale = _still_stale(project, result.recorded, watch)
        finally:
            result.in_conflict = sorted(conflicts.held)
            result.leftover = conflicts.leftover
            ready = {*result.changed, *conflicts.resolved} - conflicts.held
            if ready:
                result.staged = recording.stage(project, sorted(ready))
            project.forget_tracked()
    if problems:
        raise NotRecordedError(problems)
    return result


def _refuse_halves(
    project: Project, chosen: Sequence[Selected], whole: Sequence[Stage], progress: Progress
) -> None:
    """Refuse to record data that is there only in part, and results that were made from it."""
    theirs = {(stage.lock_file, stage.name) for stage in whole}
    outs = project.tracked.outs.values()
    made = [item for item in outs if (item.source, item.stage) in theirs]
    every = [*(one.item for one in chosen), *made]
    used = [item for item in outs if any(unfinished.reads(stage, item) for stage in whole)]
    stopped = unfinished.stopped(project, [*every, *used], progress)
    unfinished.refuse_stopped(project, stopped, "recorded", can_force=True)
    # One file of a directory leaves the rest of its list as it is.
    entire = [one.item for one in chosen if not one.inner]
    unfinished.refuse_parts(project, [*entire, *made], progress)


def commit_pointer(
    project: Project, source: str, *, store: bool = True, progress: Progress | None = None
) -> list[str]:
    """Record what the outputs of one pointer file hold now, without looking at any other file.

    Args:
        project: The project, locked.
        source: The pointer file, relative to the project.
        store: Put data into the cache; else only its hash is recorded.
        progress: Told of hashing and copying.

    Returns:
        The files that were written; they are still to be staged.

    Raises:
        NotRecordedError: Some outputs could not be recorded; all others were.
        BusyOutputError: A running stage uses them; nothing was changed.
    """
    watch = progress or NoProgress()
    found = collect([source], project.read)
    check_not_busy(project, [*found.outs, *found.uncached])
    check_cache_is_ours(project)
    result = Result()
    problems = [(problem.where, problem.what) for problem in found.problems]
    for item in found.outs.values():
        try:
            done = recording.store_output(project, item.relpath, watch, old=item.out, commit=store)
            _write(project, item, done, result)
        except (GitDvcError, PermissionError) as problem:
            problems += _reasons(project, item, problem)
    for item in found.uncached.values():
        try:
            _note_uncached(project, item, result, watch)
        except (GitDvcError, PermissionError) as problem:
            problems += _reasons(project, item, problem)
    if problems:
        raise NotRecordedError(problems)
    return result.changed


# -- whole stages -----------------------------------------------------------------------------


def _whole_stages(
    project: Project, targets: Sequence[str], force: bool, recursive: bool, with_deps: bool
) -> list[Stage]:
    """Return the stages that are to be recorded whole, each after those that it needs."""
    if not (targets or force) or (targets and all(name.endswith(SUFFIX) for name in targets)):
        return []
    from git_dvc.ops import stages
    from git_dvc.pipeline import graph as graphs

    found = stages.load(project)
    chosen: dict[str, Stage] = {} if targets else dict(found.stages)
    for target in targets:
        try:
            some = stages.choose(found, [target], folder=project.relpath("."), recursive=recursive)
        except (UnknownStageError, FormatError):
            continue  # an output, or nothing: told by whoever looks for outputs
        chosen.update((stage.address, stage) for stage in some)
    if with_deps and any(stage.cmd for stage in chosen.values()):
        above = graphs.build(found.stages.values()).upstream(chosen)
        chosen = {address: found.stages[address] for address in sorted(above)}
    return [
        stage
        for stage in chosen.values()
        if stage.cmd
        and not {stage.source, stage.lock_file} & project.unmerged
        and (targets or stage.recorded is not None or _has_something(project, stage))
    ]


def _has_something(project: Project, stage: Stage) -> bool:
    """Return whether a stage that has no record has made something all the same."""
    places = [project.path(out.relpath) for out in stage.outs if out.relpath]
    return any(fsutil.lstat(place) is not None for place in places)


def _record_whole(
    project: Project,
    whole: Sequence[Stage],
    result: Result,
    problems: list[tuple[str, str]],
    relink: bool,
    progress: Progress,
) -> None:
    if not whole:
        return
    from git_dvc.ops.stage_run import Saver

    saver = Saver(project, progress, relink=relink)
    for stage in whole:
        try:
            saver.check(stage)
            made = saver.collect(stage, saver.inputs(stage))
            if saver.record(stage, made):
                result.stages.append(stage.address)
        except (GitDvcError, PermissionError) as problem:
            problems.append((stage.address, _reason(problem)))
            continue
        for out in made.outs:
            result.files += out.stored
            result.size_bytes += out.size_bytes
    result.changed += [path for path in saver.written if path not in result.changed]


def _still_stale(project: Project, recorded: Sequence[str], progress: Progress) -> list[str]:
    """Return the stages whose outputs were recorded, but which used something else than it is."""
    every = {**project.tracked.uncached, **project.tracked.outs}
    made = {(every[path].source, every[path].stage) for path in recorded if every[path].stage}
    if not made:
        return []
    from git_dvc.ops import stages
    from git_dvc.ops.stage_run import Saver

    saver = Saver(project, progress)
    return [
        stage.address
        for stage in stages.load(project).stages.values()
        if (stage.lock_file, stage.name) in made
        and not stage.frozen
        and not saver.used_the_same(stage)
    ]


def _uncached(
    project: Project, targets: Sequence[str], chosen: Sequence[Selected]
) -> list[TrackedOut]:
    """Return the outputs of the chosen sources whose content belongs to Git or to nobody.

    Their hashes are recorded too, or DVC takes the stage for changed.
    """
    found = [project.tracked.uncached[path] for path in sorted(project.tracked.uncached)]
    if not targets or not found:
        return found
    stages = {(c.item.source, c.item.stage) for c in chosen if not c.inner}
    named = {project.relpath(target.rstrip("/") or target) for target in targets}
    named |= {_lock_of(path) for path in named}
    return [
        item
        for item in found
        if (item.source, item.stage) in stages or {item.relpath, item.source} & named
    ]


def _lock_of(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return relpaths.join(folder, LOCK_FILE) if name == STAGES_FILE else path


def _was_never_there(project: Project, item: TrackedOut) -> bool:
    """Return whether an import was recorded without its data (``--no-download``)."""
    gone = fsutil.lstat(project.path(item.relpath)) is None
    return item.imported and item.out.hash is None and gone


def _reasons(
    project: Project, item: TrackedOut, problem: GitDvcError | OSError
) -> list[tuple[str, str]]:
    name = project.shown(item.relpath)
    if isinstance(problem, MissingTargetError):
        return [(name, "no such file or directory")]
    return [(name, _reason(problem))]


def _reason(problem: GitDvcError | OSError) -> str:
    if isinstance(problem, OSError):
        return (problem.strerror or str(problem)).lower()
    if isinstance(problem, MissingOutputError):
        return "outputs are not there: " + ", ".join(line.strip() for line in problem.details)
    details = "; ".join(line.strip() for line in problem.details)
    return f"{problem.message.rstrip(':')}{': ' + details if details else ''}"


# -- one output -------------------------------------------------------------------------------


def _commit_one(
    project: Project, chosen: Selected, result: Result, relink: bool, progress: Progress
) -> None:
    item = chosen.item
    inside = chosen.inner
    if inside and not _has_listing(project, item, progress):
        inside = ()  # its listing is what is on disk now: recording it stores the same
    if not inside:
        done = recording.store_output(project, item.relpath, progress, old=item.out, relink=relink)
        _write(project, item, done, result)
        return
    for inner in inside:
        done = add_inside(project, item, inner, commit=True, relink=relink, progress=progress)
        done = _store_the_rest(project, done, progress)
        _write(project, item, done, result)
        item = item._replace(out=done.out)


def _write(project: Project, item: TrackedOut, done: Recorded, result: Result) -> None:
    written = recording.write_records(project, [(item, done)])
    if done.out != item.out:
        result.recorded.append(item.relpath)
    for path in written:
        if path not in result.changed:
            result.changed.append(path)
    result.files += done.stored
    result.size_bytes += done.size_bytes


def _has_listing(project: Project, item: TrackedOut, progress: Progress) -> bool:
    """Return whether the cache has the listing of a directory.

    After ``add --no-commit`` it has not. The listing is then known only if the directory
    did not change since.

    Raises:
        MissingObjectError: It is neither in the cache nor on disk.
    """
    value = item.out.hash
    cache = project.cache(item.out.hash_name)
    if value is None or not hashing.is_dir(value):
        return False
    if cache.has(value):
        return True
    record = project.state.placed(item.relpath) or Placed(item.relpath)
    found = recording.look(project, item.relpath, record)
    hash_dirty(project.root, item.relpath, found, cache, progress)
    if _hash_of(found, cache.algorithm) == value:
        return False
    problem = MissingObjectError(value)
    problem.message += f", the listing of {item.relpath}: record the directory as a whole"
    raise problem


def _store_the_rest(project: Project, done: Recorded, progress: Progress) -> Recorded:
    """Store listed files that the cache lacks and the directory still has unchanged.

    DVC writes a listing whose files may be nowhere (``add --no-commit``, then
    ``commit dir/file``).
    """
    value = done.out.hash
    cache = project.cache(done.out.hash_name)
    if value is None:
        return done
    listing: Manifest = cache.read_manifest(value)
    lacking = cache.lacks(set(listing.values()))
    if not lacking:
        return done
    wanted = {path for path, found in listing.items() if found in lacking}
    found = scan(project.root, done.relpath, done.record.entries, project.ignore)
    hash_dirty(project.root, done.relpath, found, cache, progress, only=lambda path: path in wanted)
    rest = Scan(DIRECTORY)
    rest.entries = {
        path: entry
        for path, entry in found.entries.items()
        if path in wanted and entry[0] == listing[path]
    }
    how = recording.how_to_store(project)
    stored = recording.store_files(project, done.relpath, rest, cache, how, progress)
    cache.flush()
    done.record.entries.update(rest.entries)
    return done._replace(
        stored=done.stored + stored.stored, size_bytes=done.size_bytes + stored.size_bytes
    )


def _note_uncached(project: Project, item: TrackedOut, result: Result, progress: Progress) -> None:
    """Record the hash of an output that is not ours to store."""
    found = scan(project.root, item.relpath, {}, project.ignore)
    if found.kind == MISSING:
        raise MissingTargetError(project.shown(item.relpath))
    if item.out.hash_name != hashing.MD5.name:
        cache = project.cache(item.out.hash_name)
        hash_dirty(project.root, item.relpath, found, cache, progress)
        if _hash_of(found, cache.algorithm) == item.out.hash:
            return  # an entry of DVC 2 stays one as long as it is right
    out = item.out._replace(hash_name=hashing.MD5.name)
    done = recording.store_output(project, item.relpath, progress, old=out, commit=False)
    _write(project, item, done, result)
    project.state.save([], [item.relpath])


def _hash_of(found: Scan, algorithm: hashing.Algorithm) -> str:
    """Return the hash of an output whose files are all hashed."""
    if found.kind != DIRECTORY:
        return found.entries[""][0] if found.entries else ""
    return hashing.of_bytes(manifests.dump(found.manifest()), algorithm) + hashing.DIR_SUFFIX
