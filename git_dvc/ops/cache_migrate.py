"""``git dvc cache migrate``: bring the cache of DVC 2 to the layout of DVC 3.

DVC 2 named objects by a hash that takes CRLF for LF, directly below the cache; DVC 3 by plain
MD5, in ``files/md5``. Every old object is read once, which checks it and gives its new name.
Its new place is a second name of the same file, so nothing is copied and old revisions still
find their data. Listings of directories are written anew with the new hashes in them.

Pointer and lock files say the same in new words only if that is asked for: DVC 2 cannot read
them any more. They are translated, not recorded anew: what the workspace holds does not
matter. Deps in lock files keep their old hashes, which DVC 3 understands.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence

from git_dvc import fsutil, hashing
from git_dvc.errors import CorruptObjectError, FormatError, MissingObjectError
from git_dvc.formats import checksum
from git_dvc.formats import manifest as manifests
from git_dvc.ops import record as recording
from git_dvc.ops.record import Recorded, check_cache_is_ours
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.store.cache import READ_ONLY, Cache
from git_dvc.store.state import Placed
from git_dvc.tracked import TrackedOut, is_pointer

OLD, NEW = hashing.MD5_DOS2UNIX.name, hashing.MD5.name


class Result:
    """What was done, or would be; paths relative to the project.

    Attributes:
        objects: Number of old objects that have their new name now (or would get one).
        damaged: Where each damaged object was moved, by its old hash.
        unreadable: Reason, by path, of objects that could not be read.
        incomplete: Old listings of which the cache lacks files, so that they stay old.
        pointers: Pointer and lock files that were rewritten (or would be).
        skipped: Outputs whose content is not in the cache, so that they stay old.
        staged: Whether the pointers were staged.
    """

    def __init__(self) -> None:
        self.objects = 0
        self.damaged: dict[str, str] = {}
        self.unreadable: dict[str, str] = {}
        self.incomplete: list[str] = []
        self.pointers: list[str] = []
        self.skipped: list[str] = []
        self.staged = False

    @property
    def is_complete(self) -> bool:
        """Whether everything could be migrated."""
        return not (self.damaged or self.unreadable or self.incomplete or self.skipped)


def cache_migrate(
    project: Project,
    *,
    dvc_files: bool = False,
    dry: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Give the objects of DVC 2 their DVC 3 names.

    Args:
        project: The project.
        dvc_files: Translate the pointer and lock files of the work tree, too.
        dry: Change nothing; count only.
        progress: Told of each object.

    Raises:
        OSError: The disk is full or fails. The same command goes on from there.
    """
    watch = progress or NoProgress()
    result = Result()
    old, new = project.cache(OLD), project.cache(NEW)
    if dry:
        result.objects = sum(1 for _ in old.all_hashes())
        if dvc_files:
            result.pointers = sorted({item.source for item in _old_outs(project)})
        return result
    check_cache_is_ours(project)
    names = _migrate_files(old, new, result, watch)
    _migrate_listings(old, new, names, result)
    for before, after in names.items():
        _share(new.path(after), old.path(before), project.cache_root)
    result.objects = len(names)
    if dvc_files:
        with project.lock(watch):
            project.forget_tracked()
            try:
                _translate(project, names, result)
            finally:
                if result.pointers:
                    result.staged = recording.stage(project, result.pointers)
                project.forget_tracked()
    return result


def _old_outs(project: Project) -> list[TrackedOut]:
    return [
        item
        for _, item in sorted(project.tracked.outs.items())
        if item.out.hash_name == OLD and item.out.hash is not None
    ]


# -- objects ----------------------------------------------------------------------------------


def _migrate_files(old: Cache, new: Cache, result: Result, progress: Progress) -> dict[str, str]:
    """Give files their new names; return them by old hash."""
    names: dict[str, str] = {}
    progress.start("Migrating")
    for value in old.all_hashes():
        if hashing.is_dir(value):
            continue
        path = old.path(value)
        try:
            before, after = _both_hashes(path, progress)
        except OSError as problem:
            result.unreadable[path] = (problem.strerror or str(problem)).lower()
            continue
        if before != value:
            result.damaged[value] = old.quarantine(value)
            continue
        new.take_temporary(_second_name(path, old.root, progress), after)
        names[value] = after
        progress.advance(1)
    new.flush()
    progress.finish()
    return names


def _both_hashes(path: str, progress: Progress) -> tuple[str, str]:
    """Return DVC 2's and DVC 3's hash of a file, from one reading."""
    two, three = hashing.MD5_DOS2UNIX.new(), hashing.MD5.new()
    fd = os.open(path, fsutil.READ_FLAGS | fsutil.O_NOFOLLOW)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        while chunk := os.read(fd, hashing.BUFFER_BYTES):
            two.update(chunk)
            three.update(chunk)
            progress.advance(0, len(chunk))
    finally:
        os.close(fd)
    return two.hexdigest(), three.hexdigest()


def _second_name(path: str, root: str, progress: Progress) -> str:
    """Return a temporary name in the cache for an object: a hard link, or else a copy."""
    folder = os.path.join(root, "tmp")
    os.makedirs(folder, exist_ok=True)
    temporary = os.path.join(folder, fsutil.temporary_name())
    try:
        os.chmod(path, READ_ONLY)
    except PermissionError:
        pass  # somebody else's object in a shared cache
    try:
        os.link(path, temporary)
    except OSError as problem:
        if problem.errno not in (*fsutil.UNSUPPORTED, errno.EMLINK):
            raise
        _copy(path, temporary, progress)
    return temporary


def _copy(path: str, temporary: str, progress: Progress) -> None:
    source = os.open(path, fsutil.READ_FLAGS | fsutil.O_NOFOLLOW)
    target = os.open(temporary, fsutil.CREATE_FLAGS, READ_ONLY)
    try:
        while chunk := os.read(source, hashing.BUFFER_BYTES):
            fsutil.write_all(target, chunk)
            progress.advance(0, len(chunk))
        if hasattr(os, "fchmod"):
            os.fchmod(target, READ_ONLY)
    except BaseException:
        fsutil.remove_if_there(temporary)
        raise
    finally:
        os.close(source)
        os.close(target)


def _migrate_listings(old: Cache, new: Cache, names: dict[str, str], result: Result) -> None:
    """Write the listings of directories anew and add their names to ``names``."""
    fresh: dict[str, str] = {}
    for value in old.all_hashes():
        if not hashing.is_dir(value):
            continue
        try:
            listing = old.read_manifest(value)
        except CorruptObjectError:
            result.damaged[value] = os.path.join(old.root, "corrupt")
            continue
        except (FormatError, MissingObjectError, OSError) as problem:
            result.unreadable[old.path(value)] = str(problem).removeprefix("error: ")
            continue
        if not names.keys() >= set(listing.values()):
            result.incomplete.append(value)
            continue
        data = manifests.dump({path: names[found] for path, found in listing.items()})
        fresh[value] = new.store_bytes(data, hashing.DIR_SUFFIX)
    new.flush()
    names.update(fresh)


def _share(new: str, old: str, root: str) -> None:
    """Make an old name a link to the new object, where both have the same bytes."""
    one, other = os.lstat(new), os.lstat(old)
    if (one.st_ino, one.st_dev) == (other.st_ino, other.st_dev):
        return
    if one.st_size != other.st_size:
        return  # a listing with other hashes in it
    if old.endswith(hashing.DIR_SUFFIX) and fsutil.read_bytes(
        new, manifests.MOST_BYTES
    ) != fsutil.read_bytes(old, manifests.MOST_BYTES):
        return
    temporary = os.path.join(root, "tmp", fsutil.temporary_name())
    try:
        os.link(new, temporary)
    except OSError as problem:
        if problem.errno in (*fsutil.UNSUPPORTED, errno.EMLINK):
            return  # two files instead of one: a matter of space only
        raise
    os.replace(temporary, old)


# -- pointers ---------------------------------------------------------------------------------


def _translate(project: Project, names: dict[str, str], result: Result) -> None:
    """Write the new hashes into the pointer and lock files of the work tree."""
    records: list[Placed] = []
    forget: list[str] = []
    pointers: dict[str, list[TrackedOut]] = {}
    locks: dict[str, list[TrackedOut]] = {}
    for item in _old_outs(project):
        if item.out.hash not in names:
            result.skipped.append(item.shown)
            continue
        (pointers if is_pointer(item.source) else locks).setdefault(item.source, []).append(item)
    for source, items in pointers.items():
        written = [
            recording.write_pointer(project, source, _translated(item, names), item.out)
            for item in items
        ]
        if any(written):
            _refresh_checksum(project, source)
            result.pointers.append(source)
    for source, items in locks.items():
        done = {(item.stage, item.out.path): _translated(item, names).out for item in items}
        if recording.write_lock(project, source, done):
            result.pointers.append(source)
    for items in (*pointers.values(), *locks.values()):
        for item in items:
            record = _translated_record(project, item, names)
            if record is not None:
                records.append(record)
            else:
                forget.append(item.relpath)
    project.state.save(records, forget)


def _translated(item: TrackedOut, names: dict[str, str]) -> Recorded:
    out = item.out._replace(hash=names[item.out.hash or ""], hash_name=NEW)
    return Recorded(item.relpath, out, Placed(item.relpath))


def _refresh_checksum(project: Project, source: str) -> None:
    data = project.read(source) or b""
    fresh = checksum.refresh(data)
    if fresh != data:
        tmp = os.path.join(project.tmp_dir, "git-dvc")
        fsutil.atomic_write(project.path(source), fresh, tmp)


def _translated_record(project: Project, item: TrackedOut, names: dict[str, str]) -> Placed | None:
    """Return what is known of the files with their new hashes, or None to look again."""
    record = project.state.placed(item.relpath)
    if record is None or record.algorithm != OLD:
        return None
    if not _all_known(names, [entry[0] for entry in record.entries.values()]):
        return None
    record.entries = {path: (names[entry[0]], *entry[1:]) for path, entry in record.entries.items()}
    record.hash = names.get(record.hash, "")
    record.algorithm = NEW
    return record


def _all_known(names: dict[str, str], values: Sequence[str]) -> bool:
    return all(value in names for value in values)
