"""``git dvc add``: put files and directories under version control.

Every target is checked before the first byte is stored; then each is finished on its own
(data, ``.gitignore``, pointer), so that a failure in the third leaves the first two whole.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from typing import NamedTuple

from git_dvc import fsutil, hashing, relpaths
from git_dvc.errors import (
    CannotAddError,
    CannotKeepError,
    FormatError,
    MissingTargetError,
    OutsideProjectError,
    UnsafePathError,
    argument,
    quoted,
)
from git_dvc.formats import config as configs
from git_dvc.formats import manifest as manifests
from git_dvc.formats.manifest import Manifest
from git_dvc.formats.pointer import Out
from git_dvc.git import gitignore
from git_dvc.ops import record as recording
from git_dvc.ops import unfinished
from git_dvc.ops.checkout import check_not_busy
from git_dvc.ops.keeping import Keeper
from git_dvc.ops.record import Recorded, check_cache_is_ours
from git_dvc.ops.resolve import Adding
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import DVC_DIR, Project
from git_dvc.store.oplog import PLACE, OutChange, Side
from git_dvc.store.state import Placed
from git_dvc.tracked import LOCK_FILE, STAGES_FILE, SUFFIX, TrackedOut, is_pointer
from git_dvc.workspace.changes import Changes
from git_dvc.workspace.scan import MISSING, hash_dirty, scan


class Result:
    """What was added; paths relative to the project.

    Attributes:
        pointers: Pointer files of the targets, in their order.
        changed: Files for Git that were written: pointers and ``.gitignore`` files.
        staged: Whether they were staged.
        files: Number of files that were read and stored.
        size_bytes: Their size.
        in_conflict: Pointer files that were not staged: more in them is in conflict.
        leftover: What a merge put beside ours (``name~theirs``) and is still there.
    """

    def __init__(self) -> None:
        self.in_conflict: list[str] = []
        self.leftover: list[str] = []
        self.pointers: list[str] = []
        self.changed: list[str] = []
        self.staged = False
        self.files = 0
        self.size_bytes = 0


class Target(NamedTuple):
    """A checked target.

    Attributes:
        relpath: What was named.
        item: The output it is or lies in; a new one if it is not tracked yet.
        inner: Path inside that output; '' for all of it.
        is_new: Whether it gets a pointer file now.
    """

    relpath: str
    item: TrackedOut
    inner: str
    is_new: bool


def add(
    project: Project,
    targets: Sequence[str],
    *,
    glob: bool = False,
    commit: bool = True,
    out: str | None = None,
    force: bool = False,
    relink: bool = True,
    progress: Progress | None = None,
) -> Result:
    """Track targets.

    Args:
        project: The project.
        targets: Paths as the user gave them.
        glob: Read them as patterns.
        commit: Store the data; else only the pointer is written.
        out: Copy the one target to this path first.
        force: Overwrite what is at ``out``; record also data that may be there only in part.
        relink: Replace files by links where ``cache.type`` says so.
        progress: Told of the work.

    Raises:
        GitDvcError: A target cannot be tracked; then nothing was written for any, unless
            it turned out while the data was read.
    """
    watch = progress or NoProgress()
    names = _expand(targets) if glob else list(targets)
    result = Result()
    with project.lock(watch), project.operation("add"):
        if out is not None:
            names = [copy_from_outside(project, names, out, force, watch)]
        project.forget_tracked()
        chosen = [_check(project, name) for name in dict.fromkeys(names)]
        _check_each_other(project, chosen)
        check_git(project, chosen)
        check_not_busy(project, [target.relpath for target in chosen])
        if not force:
            known = [target for target in chosen if not target.is_new]
            stopped = unfinished.stopped(project, [target.item for target in known], watch)
            unfinished.refuse_stopped(project, stopped, "recorded", can_force=True)
            # One file of a directory leaves the rest of its list as it is.
            whole = [target.item for target in known if not target.inner]
            unfinished.refuse_parts(project, whole, watch)
        if commit:
            check_cache_is_ours(project)
        conflicts = Adding(project, [(target.item, target.inner) for target in chosen])
        try:
            latest: dict[str, Out] = {}
            for target in chosen:
                # Two paths inside one directory: the second starts where the first ended.
                item = target.item
                item = item._replace(out=latest.get(item.relpath, item.out))
                current = target._replace(item=item)
                latest[item.relpath] = _add_one(project, current, result, commit, relink, watch)
            conflicts.finish()
        finally:
            result.in_conflict = sorted(conflicts.held)
            result.leftover = conflicts.leftover
            ready = {*result.changed, *conflicts.resolved} - conflicts.held
            if ready:
                result.staged = recording.stage(project, sorted(ready))
            project.forget_tracked()
    return result


def _expand(patterns: Sequence[str]) -> list[str]:
    import glob

    names: list[str] = []
    for pattern in patterns:
        found = [
            name
            for name in sorted(glob.glob(pattern, recursive=True))
            if not name.endswith(SUFFIX) and os.path.basename(name) not in (STAGES_FILE, LOCK_FILE)
        ]
        if not found:
            raise MissingTargetError(pattern)
        names += found
    return names


def copy_from_outside(
    project: Project, names: Sequence[str], out: str, force: bool, progress: Progress
) -> str:
    """Copy the one named file or directory to ``out`` and return that path."""
    if len(names) != 1:
        raise CannotAddError("-o takes exactly one target")
    import shutil

    is_url = bool(configs.url_scheme(names[0]))
    source = names[0] if is_url else os.path.abspath(names[0])
    target = out
    if out.endswith(os.sep) or (os.path.isdir(out) and not os.path.isdir(source)):
        target = os.path.join(out, os.path.basename(source.rstrip("/")))
    relpath = project.relpath(target)
    if not is_url and not os.path.lexists(source):
        raise MissingTargetError(names[0])
    place = project.path(relpath)
    inner = os.path.realpath(project.tmp_dir)
    if not is_url and relpaths.inside(inner, os.path.realpath(source)):
        raise CannotAddError(f"the project itself lies in {quoted(names[0])}")
    if os.path.lexists(place):
        if not force:
            raise CannotAddError(
                f"there is something at {quoted(target)} already",
                hint="overwrite it with --force; nothing was changed",
            )
        if not is_url and os.path.samefile(source, place):
            return target
    temporary = os.path.join(project.tmp_dir, "git-dvc", fsutil.temporary_name())
    os.makedirs(os.path.dirname(temporary), exist_ok=True)
    progress.start("Copying")
    try:
        if is_url:
            from git_dvc.ops.get_url import get_url

            get_url(source, temporary, project=project, progress=progress)
        elif os.path.isdir(source):
            shutil.copytree(source, temporary)
        else:
            shutil.copy2(source, temporary)
        _note_overwriting(project, relpath, temporary, progress)
        if os.path.isdir(place) and not os.path.islink(place):
            shutil.rmtree(place)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.replace(temporary, place)
    finally:
        progress.finish()
        if os.path.isdir(temporary):
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            fsutil.remove_if_there(temporary)
    return target


def _note_overwriting(project: Project, relpath: str, source: str, progress: Progress) -> None:
    """Record what ``-o`` puts in place, and keep what it overwrites.

    Raises:
        CannotKeepError: That cannot be kept, so nothing is overwritten.
    """
    recorder = project.recorder
    if recorder is None or not recorder.is_open:
        return
    cache = project.cache(hashing.MD5.name)
    top = os.path.relpath(source, project.root).replace(os.sep, "/")
    new = scan(project.root, top, {}, None)
    hash_dirty(project.root, top, new, cache, progress)
    old = scan(project.root, relpath, {}, None)
    hash_dirty(project.root, relpath, old, cache, progress)
    was = project.state.header(relpath)
    here = old.manifest() if old.kind != MISSING else ""
    recorder.out(
        OutChange(relpath, PLACE, Side(here, header=was), Side(new.manifest(), header=was))
    )
    keeper = Keeper(project, recorder, progress)
    keeper.keep_all(relpath, old, Changes({}, frozenset(old.entries)), cache)
    lost = sorted({path for path, _ in old.problems} | cache.lacks(old.manifest().values()))
    if lost:
        raise CannotKeepError(f"{quoted(relpath)} holds what cannot be read")


# -- checking ---------------------------------------------------------------------------------


def check_place(project: Project, name: str) -> str:
    """Return the relpath of a place where data may be tracked, or raise saying why not."""
    try:
        relpath = project.relpath(name)
    except OutsideProjectError as problem:
        problem.hint = "copy it into the project and track it there with -o PATH"
        raise
    shown = quoted(name)
    if not relpath:
        raise CannotAddError(
            "the whole project cannot be tracked",
            hint="name the files and directories that hold data",
        )
    base = relpath.rpartition("/")[2]
    if base.endswith(SUFFIX) or base in (STAGES_FILE, LOCK_FILE):
        hint = ""
        if is_pointer(relpath):
            hint = f"name the data: 'git dvc add {argument(name[: -len(SUFFIX)])}'"
        raise CannotAddError(f"this file belongs to the project itself: {shown}", hint=hint)
    if relpath.split("/")[0] == DVC_DIR:
        raise CannotAddError(f"this is a part of the project's own directory: {shown}")
    try:
        relpaths.check(relpath)
    except FormatError as problem:
        raise CannotAddError(f"this name cannot be tracked: {shown}: {problem.what}") from None
    check_way(project, relpath, name)
    return relpath


def _check(project: Project, name: str) -> Target:
    """Return a target that may be tracked, or raise saying why not."""
    relpath = check_place(project, name)
    shown = quoted(name)
    holder = project.tracked.holder(relpath)
    inner = relpath[len(holder.relpath) + 1 :] if holder is not None else ""
    found = fsutil.lstat(project.path(relpath))
    if found is None and not (holder is not None and inner):
        raise MissingTargetError(name, _close(project, relpath))
    if found is not None:
        is_dir = stat.S_ISDIR(found.st_mode)
        ignored = project.ignore.match_dir if is_dir else project.ignore.match_file
        if ignored(relpath):
            raise CannotAddError(
                f"a .dvcignore pattern excludes it: {shown}",
                hint=f"see which with 'git dvc check-ignore -d {argument(name)}'",
            )
    if holder is not None:
        return _check_tracked(project, relpath, holder, inner, shown)
    return new_target(project, relpath, name)


def new_target(project: Project, relpath: str, name: str) -> Target:
    """Return a target that is not tracked yet and may be; raise if a pointer is in its way."""
    shown = quoted(name)
    other = project.tracked.uncached.get(relpath)
    if other is not None:
        raise CannotAddError(f"{other.source} has it already, with 'cache: false': {shown}")
    below = project.tracked.below(relpath)
    if below:
        first = below[0]
        raise CannotAddError(
            f"it holds data that is tracked already: {shown}",
            details=[f"  {quoted(item.relpath)} by {quoted(item.source)}" for item in below[:5]],
            hint=f"stop tracking that first, as with 'git dvc remove {argument(first.source)}'",
        )
    base = relpath.rpartition("/")[2]
    _check_name(project, base, shown)
    return Target(relpath, TrackedOut(relpath, Out(base), relpath + SUFFIX), "", True)


def _check_name(project: Project, name: str, shown: str) -> None:
    """Refuse a name for which no pointer file or no line in ``.gitignore`` can be written."""
    if len(relpaths.os_bytes(name + SUFFIX)) > relpaths.MOST_COMPONENT_BYTES:
        raise CannotAddError(
            f"the name is too long to put {SUFFIX!r} after it: {shown}", hint="rename it"
        )
    if project.repo is not None:
        try:
            gitignore.escape(name)
        except UnsafePathError as problem:
            raise CannotAddError(problem.message, hint="rename it") from None


def _check_tracked(
    project: Project, relpath: str, holder: TrackedOut, inner: str, shown: str
) -> Target:
    if holder.stage:
        raise CannotAddError(
            f"stage '{quoted(holder.stage)}' of {quoted(holder.source)} makes it: {shown}",
            hint=f"record it with 'git dvc commit {argument(holder.stage)}'",
        )
    if inner and not holder.is_dir:
        kind = fsutil.lstat(project.path(holder.relpath))
        if holder.out.hash is not None and kind is not None and not stat.S_ISDIR(kind.st_mode):
            raise CannotAddError(f"{quoted(holder.relpath)} is tracked as a file: {shown}")
        inner = ""
        relpath = holder.relpath
    return Target(relpath, holder, inner, False)


def check_way(project: Project, relpath: str, name: str) -> None:
    """Refuse a path that is reached through a link: Git would not know where it is."""
    place = project.root
    for part in relpath.split("/")[:-1]:
        place = os.path.join(place, part)
        if os.path.islink(place):
            raise CannotAddError(
                f"{quoted(name)} is reached through the symbolic link "
                f"{quoted(os.path.relpath(place, project.root))}",
                hint="track it by its own path",
            )


def _close(project: Project, relpath: str) -> list[str]:
    from difflib import get_close_matches

    folder, _, name = relpath.rpartition("/")
    try:
        names = os.listdir(project.path(folder))
    except OSError:
        return []
    close = get_close_matches(name, [n for n in names if not n.endswith(SUFFIX)], 2, 0.7)
    return [project.shown(relpaths.join(folder, found)) for found in close]


def _check_each_other(project: Project, chosen: Sequence[Target]) -> None:
    fresh = [target.relpath for target in chosen if target.is_new]
    for one in fresh:
        for other in fresh:
            if one != other and relpaths.inside(other, one):
                raise CannotAddError(
                    f"{quoted(project.shown(other))} lies inside {quoted(project.shown(one))}",
                    hint="name one of the two",
                )


def check_git(project: Project, chosen: Sequence[Target]) -> None:
    """Refuse what Git tracks itself, and pointers that it would ignore."""
    repo = project.repo
    fresh = [target for target in chosen if target.is_new]
    if repo is None or not fresh:
        return
    by_path = {project.git_path(target.relpath): target for target in fresh}
    known = repo.tracked(by_path)
    if known:
        names = [quoted(project.shown(by_path[path].relpath)) for path in sorted(known)]
        raise CannotAddError(
            f"Git tracks it already: {', '.join(names)}",
            hint="stop that first, which keeps the files:\n"
            f"  git rm -r --cached {' '.join(names)}\n"
            f"  git commit -m 'Stop tracking {names[0]}'",
        )
    by_pointer = {project.git_path(target.item.source): target for target in fresh}
    ignored = repo.is_ignored(by_pointer)
    if ignored:
        names = [quoted(project.shown(by_pointer[path].item.source)) for path in sorted(ignored)]
        raise CannotAddError(
            f"Git ignores the pointer file: {', '.join(names)}",
            hint=f"see why with 'git check-ignore -v {names[0]}'",
        )


# -- adding -----------------------------------------------------------------------------------


def _add_one(
    project: Project,
    target: Target,
    result: Result,
    commit: bool,
    relink: bool,
    progress: Progress,
) -> Out:
    item = target.item
    if target.inner:
        recorded = add_inside(
            project, item, target.inner, commit=commit, relink=relink, progress=progress
        )
    else:
        recorded = recording.store_output(
            project,
            item.relpath,
            progress,
            old=None if target.is_new else item.out,
            commit=commit,
            relink=relink,
        )
    is_dir = recorded.out.hash is not None and hashing.is_dir(recorded.out.hash)
    ignored = recording.ignore_in_git(project, item.relpath, is_dir=is_dir)
    if ignored:
        result.changed.append(ignored)
    result.changed += recording.write_records(project, [(item, recorded)])
    result.pointers.append(item.source)
    if item.source not in result.changed:
        result.changed.append(item.source)  # staged all the same: a second try may be why
    result.files += recorded.stored
    result.size_bytes += recorded.size_bytes
    return recorded.out


def add_inside(
    project: Project,
    item: TrackedOut,
    inner: str,
    *,
    commit: bool,
    relink: bool,
    progress: Progress,
) -> Recorded:
    """Record one path of a tracked directory; the rest of its listing stays.

    A path that is gone from the disk leaves the listing.

    Args:
        project: The project, locked.
        item: The directory.
        inner: The path inside it.
        commit: Store the content; else only hash it.
        relink: Replace the files by links where ``cache.type`` says so.
        progress: Told of the work.

    Raises:
        MissingTargetError: It is neither on the disk nor in the listing.
        MissingObjectError: The cache lacks the listing.
        CannotTrackError: Something in it cannot be tracked.
    """
    relpath = f"{item.relpath}/{inner}"
    cache = project.cache(item.out.hash_name)
    value = item.out.hash
    listing = cache.read_manifest(value) if value is not None else {}
    record = project.state.placed(item.relpath) or Placed(item.relpath)
    known = {
        path[len(inner) + 1 :]: entry
        for path, entry in record.entries.items()
        if relpaths.inside(path, inner)
    }
    found = scan(project.root, relpath, known, project.ignore)
    recording.check_names(project, relpath, found)
    old = {path for path in listing if relpaths.inside(path, inner)}
    if found.kind == MISSING and not old:
        raise MissingTargetError(project.shown(relpath))
    how = recording.how_to_store(project)
    part = Recorded(relpath, item.out, Placed(relpath, algorithm=record.algorithm))
    if commit:
        done = recording.store_files(project, relpath, found, cache, how, progress)
        part = part._replace(stored=done.stored, size_bytes=done.size_bytes)
        part.record.entries = found.entries
        if relink:
            recording.link_back(project, part, done.loose, progress)
    else:
        hash_dirty(project.root, relpath, found, cache, progress)
        recording.check_names(project, relpath, found)
    entries = part.record.entries if commit else found.entries
    for path in old:
        listing.pop(path)
        record.entries.pop(path, None)
    for path, entry in entries.items():
        full = f"{inner}/{path}" if path else inner
        listing[full] = entry[0]
        record.entries[full] = entry
    relpaths.check_tree(listing)
    data = manifests.dump(listing)
    if commit:
        new = cache.store_bytes(data, hashing.DIR_SUFFIX)
        cache.flush()
    else:
        new = hashing.of_bytes(data, cache.algorithm) + hashing.DIR_SUFFIX
    recorded = {path: entry[0] for path, entry in record.entries.items()}
    record.hash = new if recorded == listing else ""
    record.relpath = item.relpath
    out = item.out._replace(hash=new, size=_size(cache.size, listing, record), nfiles=len(listing))
    return Recorded(item.relpath, out, record, part.stored, part.size_bytes)


def _size(
    object_size: Callable[[str], int | None], listing: Manifest, record: Placed
) -> int | None:
    """Return the size of a directory in bytes, or None if some file's is not known."""
    total = 0
    for path, value in listing.items():
        entry = record.entries.get(path)
        size = entry[1] if entry is not None and entry[0] == value else object_size(value)
        if size is None:
            return None
        total += size
    return total
