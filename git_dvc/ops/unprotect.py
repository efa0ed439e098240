"""``git dvc unprotect``: make linked data safe to edit in place.

A hard link or symbolic link to the cache shares its bytes with the object: an editor that
writes through it would damage the object. Each such file is replaced by a private, writable
copy of the same bytes, under a temporary name first. Where the file system can share blocks
until they are written, nothing is copied.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Container, Sequence

from git_dvc import fsutil, relpaths
from git_dvc.errors import (
    CannotTrackError,
    ChangingFileError,
    MissingTargetError,
    NotRegularFileError,
)
from git_dvc.fsutil import Folder, Folders
from git_dvc.ops.checkout import check_not_busy
from git_dvc.ops.select import Selected, select
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.store import copying
from git_dvc.store.cache import SMALL_BYTES, Cache
from git_dvc.store.oplog import UNPROTECT, OutChange, Side
from git_dvc.store.state import Entry, Placed, entry_of, is_clean
from git_dvc.workspace.scan import MISSING, scan


def unprotect(project: Project, targets: Sequence[str], *, progress: Progress | None = None) -> int:
    """Replace links to the cache by copies and make files writable.

    Args:
        project: The project.
        targets: Outputs, pointer files, or paths inside tracked directories.
        progress: Told of the work.

    Returns:
        The number of files that were replaced.

    Raises:
        MissingTargetError: A target is not there; nothing was changed.
        UnknownTargetError: A target is not tracked; nothing was changed.
        CannotTrackError: Some files are not regular ones; the others were done.
    """
    watch = progress or NoProgress()
    with project.lock(watch), project.operation("unprotect") as recorder:
        project.forget_tracked()
        chosen = select(project, targets)
        for selected in chosen:
            for inner in selected.inner or ("",):
                relpath = _full(selected.item.relpath, inner)
                if fsutil.lstat(project.path(relpath)) is None:
                    raise MissingTargetError(project.shown(relpath))
        check_not_busy(project, [selected.item.relpath for selected in chosen])
        count = 0
        for selected in chosen:
            replaced = unprotect_output(project, selected, watch)
            if replaced:
                known = project.state.header(selected.item.relpath)
                before, after = Side("", header=known), Side({}, header=known)
                recorder.out(OutChange(selected.item.relpath, UNPROTECT, before, after))
            count += replaced
        return count


def unprotect_output(
    project: Project,
    chosen: Selected,
    progress: Progress,
    *,
    only: Container[str] | None = None,
) -> int:
    """Replace the links of one output, and save what is then known of its files.

    Args:
        project: The project, locked.
        chosen: The output, and which of its files.
        progress: Told of the work.
        only: Just these of its files.

    Returns:
        The number of files that were replaced.
    """
    item = chosen.item
    cache = project.cache(item.out.hash_name)
    record = project.state.placed(item.relpath)
    entries = record.entries if record is not None else {}
    found = scan(project.root, item.relpath, entries, project.ignore)
    if found.kind == MISSING:
        return 0
    paths = sorted(path for path in found.entries if chosen.wants(path))
    problems = [(path, why) for path, why in found.problems if chosen.wants(path)]
    if only is not None:
        paths = [path for path in paths if path in only]
        problems = [(path, why) for path, why in problems if path in only]
    progress.start("Unprotecting", len(paths))
    count = 0
    learned: dict[str, Entry] = {}
    try:
        with Folders(project.root) as folders, Folders(project.root) as scratch:
            tmp = scratch.open(project.work_tmp, create=True)
            assert tmp is not None  # noqa: S101 - it was just made
            fsutil.clean_leftovers(tmp.path)
            for inner in paths:
                parent, _, name = _full(item.relpath, inner).rpartition("/")
                folder = folders.open(parent, create=False)
                progress.advance(1)
                if folder is None:
                    continue
                try:
                    made = _unprotect_file(folder, name, tmp, cache, entries.get(inner), progress)
                except (FileNotFoundError, NotRegularFileError):
                    problems.append((inner, "not a regular file"))
                    continue
                if made is not None:
                    entry, replaced = made
                    learned[inner] = entry
                    count += replaced
    finally:
        progress.finish()
        if record is not None and learned:
            _save(project, record, learned)
    if problems:
        error = CannotTrackError(
            [(project.shown(_full(item.relpath, inner)), why) for inner, why in problems]
        )
        error.message = "these are not regular files, so they were left as they are:"
        raise error
    return count


def _save(project: Project, record: Placed, learned: dict[str, Entry]) -> None:
    for inner, entry in learned.items():
        known = record.entries.get(inner)
        if known is None or known[0] != entry[0]:
            record.hash = ""  # changed through the link: no longer what was put in place
        record.entries[inner] = entry
    project.state.save([record], settled=False)


def _unprotect_file(
    folder: Folder, name: str, tmp: Folder, cache: Cache, known: Entry | None, progress: Progress
) -> tuple[Entry, bool] | None:
    """Make one file private and writable.

    Returns:
        Its new entry and whether it was a link; None if there is nothing new to know.
    """
    found = os.stat(folder.at(name), dir_fd=folder.fd, follow_symlinks=False)
    mode = _mode(found)
    if not stat.S_ISLNK(found.st_mode) and found.st_nlink == 1:
        if stat.S_IMODE(found.st_mode) == mode or stat.S_IMODE(found.st_mode) & 0o200:
            return None
        was_clean = known is not None and is_clean(known, found)
        os.chmod(folder.at(name), mode, dir_fd=folder.fd)
        after = os.stat(folder.at(name), dir_fd=folder.fd, follow_symlinks=False)
        if known is None or not was_clean:
            return None
        return _renewed(known, after), False
    return _copy(folder, name, tmp, cache, known, progress), True


def _copy(
    folder: Folder, name: str, tmp: Folder, cache: Cache, known: Entry | None, progress: Progress
) -> Entry:
    """Replace a link by a copy of what it leads to and return the copy's entry."""
    source = os.open(folder.at(name), fsutil.READ_FLAGS, dir_fd=folder.fd)
    try:
        before_ns = time.time_ns()
        before = os.fstat(source)
        if not stat.S_ISREG(before.st_mode):
            raise NotRegularFileError(os.path.join(folder.path, name))
        home, temporary = tmp, fsutil.temporary_name()
        if os.stat(folder.at("."), dir_fd=folder.fd).st_dev != os.stat(tmp.path).st_dev:
            # The output is on a file system of its own: build beside it.
            home, temporary = folder, f".git-dvc.{temporary}.tmp"
        try:
            value = _fill(source, home, temporary, before, cache, known, progress)
            after = os.fstat(source)
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                raise ChangingFileError(os.path.join(folder.path, name))
            os.replace(
                home.at(temporary), folder.at(name), src_dir_fd=home.fd, dst_dir_fd=folder.fd
            )
        except BaseException:
            try:
                os.unlink(home.at(temporary), dir_fd=home.fd)
            except OSError:
                pass
            raise
    finally:
        os.close(source)
    made = os.stat(folder.at(name), dir_fd=folder.fd, follow_symlinks=False)
    return entry_of(value, made, before_ns)


def _fill(
    source: int,
    home: Folder,
    temporary: str,
    before: os.stat_result,
    cache: Cache,
    known: Entry | None,
    progress: Progress,
) -> str:
    """Write the copy, with the times of the original; return its hash."""
    target = os.open(home.at(temporary), fsutil.CREATE_FLAGS, 0o600, dir_fd=home.fd)
    try:
        value = ""
        if known is not None and is_clean(known, before):
            value = known[0]
        if not (value and _shares_blocks(source, target)):
            value = _copy_bytes(source, target, before.st_size, cache, progress)
            if known is None or value != known[0] or not cache.has(value):
                os.fsync(target)  # these bytes may have had no other home than the link
        if hasattr(os, "fchmod"):
            os.fchmod(target, _mode(before))
        else:
            os.chmod(os.path.join(home.path, temporary), _mode(before))
        times = (before.st_atime_ns, before.st_mtime_ns)
        if os.utime in os.supports_fd:
            os.utime(target, ns=times)
    finally:
        os.close(target)
    return value


def _copy_bytes(source: int, target: int, size: int, cache: Cache, progress: Progress) -> str:
    hasher = cache.algorithm.new()
    if size > SMALL_BYTES:
        copying.copy(source, target, hasher, progress, durable=False)
    else:
        while chunk := os.read(source, SMALL_BYTES):
            hasher.update(chunk)
            fsutil.write_all(target, chunk)
            progress.advance(0, len(chunk))
    return hasher.hexdigest()


def _shares_blocks(source: int, target: int) -> bool:
    try:
        fsutil.reflink(source, target)
    except OSError:
        return False
    return True


def _mode(found: os.stat_result) -> int:
    """Return the mode of a file that is free to edit; programs stay programs."""
    return (0o666 & ~fsutil.umask()) | (stat.S_IMODE(found.st_mode) & 0o111)


def _renewed(entry: Entry, found: os.stat_result) -> Entry:
    """Return an entry with the ctime and mode of a file that was given another mode."""
    return (entry[0], entry[1], entry[2], found.st_ctime_ns, entry[4], found.st_mode)


def _full(relpath: str, inner: str) -> str:
    return relpaths.join(relpath, inner) if inner else relpath
