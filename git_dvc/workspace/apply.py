"""Putting an output in place: the acting half of every checkout.

``workspace/changes.py`` decides which files differ; this module deletes and writes them, one
by one, and never harms what is not saved:

* A file is replaced or deleted only if its content is in the cache (its entry is clean, or
  it is hashed now), or if the user forced it. Everything else stays and is reported.
* A file whose new content the cache lacks is reported, and what stands there stays.
* Directories are opened component by component, never through a link.

Stopped at any line, the same call again finds what is done already and finishes.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from git_dvc import hashing, parallel
from git_dvc.errors import (
    ChangingFileError,
    CorruptObjectError,
    MissingObjectError,
    NotRegularFileError,
)
from git_dvc.formats.manifest import Manifest
from git_dvc.fsutil import Folder, Folders, NotAFolderError
from git_dvc.progress import Progress
from git_dvc.store.cache import Cache
from git_dvc.store.state import THEIRS, Entry, is_clean, pack, unpack
from git_dvc.workspace.changes import Changes
from git_dvc.workspace.links import Linker

MANY_FILES = 16


_THIS_FILE_ONLY = frozenset(
    (
        errno.EACCES,
        errno.EPERM,
        errno.ENAMETOOLONG,
        errno.EISDIR,
        errno.ENOTDIR,
        errno.ELOOP,
        errno.EBUSY,
        errno.ETXTBSY,
        errno.EILSEQ,
    )
)
"""Errors that say nothing of the next file; a full or failing disk ends it all."""


class Outcome:
    """What came of putting one output in place; paths are inside the output.

    Attributes:
        entries: Entries of everything that is now known to be as wanted or as before.
        written: Paths made or replaced.
        deleted: Paths removed.
        kept: Paths that should have changed and hold unsaved data: left as they are.
        was: Hash, by path, of files that were not what their record said; '' if not there.
        missing: Hash, by path, of what the cache lacks.
        blocked: Reason, by path, of what could not be done for another cause.
    """

    __slots__ = (
        "blocked",
        "deleted",
        "entries",
        "kept",
        "missing",
        "was",
        "written",
    )

    def __init__(self, entries: dict[str, Entry]) -> None:
        self.entries = entries
        self.written: list[str] = []
        self.deleted: list[str] = []
        self.kept: list[str] = []
        self.missing: dict[str, str] = {}
        self.blocked: dict[str, str] = {}
        self.was: dict[str, str] = {}

    @property
    def complete(self) -> bool:
        """Whether everything asked for was done."""
        return not (self.kept or self.missing or self.blocked)


class OtherRecord(NamedTuple):
    """What is known of an output by another hash algorithm, and the cache that saved it."""

    entries: Mapping[str, Entry]
    cache: Cache


Keep = Callable[[str, str, Folder, str], None]
"""Takes output, path inside it, directory and name of a file that is about to be discarded, and
saves its content where undo finds it; raises ``OSError`` or ``GitDvcError`` if it must stay."""


class Placer:
    """Puts outputs of one project in place.

    Args:
        root: The project's root.
        cache: Where the new content comes from.
        linker: Makes files from objects.
        progress: Told of files and bytes.
        force: Discard unsaved data.
        keep: Called before that; None to discard it for good.
    """

    def __init__(
        self,
        root: str,
        cache: Cache,
        linker: Linker,
        progress: Progress,
        *,
        force: bool = False,
        keep: Keep | None = None,
    ) -> None:
        self._root = root
        self._cache = cache
        self._linker = linker
        self._progress = progress
        self._force = force
        self._keep = keep

    def apply(
        self,
        relpath: str,
        entries: dict[str, Entry],
        change: Changes,
        *,
        saved_in: Cache,
        is_dir: bool,
        executable: bool = False,
        trust_cached: bool = False,
        fresh: Mapping[str, Entry] | None = None,
        other: OtherRecord | None = None,
        above: bool = False,
    ) -> Outcome:
        """Delete and write what ``change`` says inside the output ``relpath``.

        Args:
            relpath: The output, relative to the project.
            entries: What is known of its files; updated in place.
            change: What to do; paths inside the output, '' for a file output.
            saved_in: The cache that proves what is there now to be saved.
            is_dir: Whether the output is to be a directory.
            executable: Whether a file output gets ``u+x``.
            trust_cached: Whether a file we never placed may go if the cache has its
                content. True where there is no record, as after ``dvc checkout``.
            fresh: Entries that a scan has just made, so that nothing is read twice.
            other: What else proves files to be saved.
            above: Whether directories around the output that it was all of go with it.

        Raises:
            OSError: The disk is full or fails. What was done until then is consistent.
            LinkTypeError: No allowed link type works here.
        """
        job = _Job(relpath, entries, Outcome(entries), saved_in, trust_cached, fresh or {}, other)
        self._cache.load_records(change.write.values())
        self._progress.start("Checking out", len(change.write) + len(change.delete))
        with Folders(self._root) as folders:
            emptied = self._delete(folders, job, change.delete)
            if not is_dir:
                emptied.add(job.relpath)  # an empty directory may be what was there
            self._prune(folders, job, emptied, is_dir, above)
            if is_dir:
                self._make_dir(folders, job)
            todo = sorted(change.write)
            if not executable and len(todo) >= MANY_FILES:
                todo = self._link_many(job, change.write, todo)
            for inner in todo:
                self._write(folders, job, inner, change.write[inner], executable)
                self._progress.advance(1)
        self._progress.finish()
        return job.outcome

    def _link_many(self, job: _Job, wanted: Manifest, todo: list[str]) -> list[str]:
        """Make what can be made by the quick loop; return the paths that are left."""

        def work(part: Sequence[str], progress: Progress) -> bytes:
            entries: dict[str, Entry] = {}
            with Folders(self._root) as folders:
                self._linker.link_many(job.relpath, part, wanted, folders, entries, progress)
            return pack(entries)

        parts = parallel.split(todo, parallel.processes(len(todo)))
        made: dict[str, Entry] = {}
        for blob in parallel.run(parts, work, self._progress):
            made.update(unpack(blob))
        if not made:
            return todo
        for path in made.keys() & job.entries.keys():
            job.saw(path, "")
        job.entries.update(made)
        job.outcome.written += made
        return [path for path in todo if path not in made]

    # -- deleting ---------------------------------------------------------------------------

    def _delete(self, folders: Folders, job: _Job, paths: frozenset[str]) -> set[str]:
        emptied = set()
        for inner in sorted(paths):
            self._progress.advance(1)
            parent, name = job.split(inner)
            try:
                folder = folders.open(parent, create=False)
            except NotAFolderError:
                # Reached through a link or a file: nothing of ours is there any more.
                job.entries.pop(inner, None)
                continue
            except OSError as problem:
                self._block(job, inner, problem)
                continue
            found = _lstat(folder, name)
            if folder is None or found is None:
                job.saw(inner, "")
                job.entries.pop(inner, None)
                if inner:
                    emptied.add(parent)
                continue
            if stat.S_ISDIR(found.st_mode):
                job.entries.pop(inner, None)
                continue
            try:
                if not self._may_go(job, folder, name, inner, found):
                    job.outcome.kept.append(inner)
                    job.entries.pop(inner, None)
                    continue
                os.unlink(folder.at(name), dir_fd=folder.fd)
            except FileNotFoundError:
                pass
            except OSError as problem:
                self._block(job, inner, problem)
                continue
            job.entries.pop(inner, None)
            job.outcome.deleted.append(inner)
            emptied.add(parent)
        return emptied

    @staticmethod
    def _block(job: _Job, inner: str, problem: OSError) -> None:
        """Note what stands against one path, or raise if it stands against all."""
        if problem.errno not in _THIS_FILE_ONLY:
            raise problem
        job.outcome.blocked[inner] = (problem.strerror or str(problem)).lower()

    def _prune(
        self, folders: Folders, job: _Job, emptied: set[str], is_dir: bool, above: bool
    ) -> None:
        """Remove directories that the deletions emptied, and maybe those around the output."""

        def may_go(folder: str) -> bool:
            if job.relpath.startswith(folder + "/"):
                return above
            return job.holds(folder) or (folder == job.relpath and not is_dir)

        for folder in sorted(emptied, reverse=True):  # what is inside comes before what is around
            folders.prune(folder, may_go)

    # -- writing ----------------------------------------------------------------------------

    def _make_dir(self, folders: Folders, job: _Job) -> None:
        try:
            folders.open(job.relpath, create=True)
        except NotAFolderError as problem:
            job.outcome.blocked[""] = _in_the_way(problem.relpath)
        except OSError as problem:
            self._block(job, "", problem)

    def _write(self, folders: Folders, job: _Job, inner: str, value: str, executable: bool) -> None:
        parent, name = job.split(inner)
        outcome = job.outcome
        try:
            folder = folders.open(parent, create=True)
        except NotAFolderError as problem:
            outcome.blocked[inner] = _in_the_way(problem.relpath)
            return
        except OSError as problem:
            self._block(job, inner, problem)
            return
        if folder is None:
            outcome.blocked[inner] = "its directory vanished"
            return
        found = _lstat(folder, name)
        try:
            if found is None:
                job.saw(inner, "")
            else:
                if stat.S_ISDIR(found.st_mode):
                    outcome.blocked[inner] = "a directory is in the way"
                    return
                ready = self._ready(job, folder, name, inner, found, value, executable)
                if ready is not None:
                    job.entries[inner] = ready
                    return
                if inner in job.undecided:
                    outcome.kept.append(inner)
                    job.entries.pop(inner, None)
                    return
            job.entries[inner] = self._linker.place(
                value,
                folder,
                name,
                self._progress,
                executable=executable,
                replace=found is not None,
            )
        except (MissingObjectError, CorruptObjectError):
            outcome.missing[inner] = value
            if found is None:
                job.entries.pop(inner, None)
            return
        except FileExistsError:
            outcome.kept.append(inner)
            job.entries.pop(inner, None)
            return
        except OSError as problem:
            self._block(job, inner, problem)
            return
        outcome.written.append(inner)

    def _ready(
        self,
        job: _Job,
        folder: Folder,
        name: str,
        inner: str,
        found: os.stat_result,
        value: str,
        executable: bool,
    ) -> Entry | None:
        """Return the entry of a file that already has the wanted content.

        None means that it has to be replaced; if it must not be, ``job.undecided`` has it.
        """
        entry = job.current(inner)
        # The bit is recorded for files that are outputs of their own.
        fits = bool(inner) or bool(found.st_mode & stat.S_IXUSR) == executable
        if not fits and stat.S_ISREG(found.st_mode):
            pass  # to be made anew, if it may go
        elif entry is not None and is_clean(entry, _through(folder, name, found)):
            if entry[0] == value:
                return entry
        elif self._cache.algorithm is job.saved_in.algorithm and not stat.S_ISLNK(found.st_mode):
            fresh = self._hash(folder, name)
            if fresh is not None and fresh[0] == value:
                return fresh
        if not self._may_go(job, folder, name, inner, found):
            job.undecided.add(inner)
        return None

    # -- judging ----------------------------------------------------------------------------

    def _may_go(
        self, job: _Job, folder: Folder, name: str, inner: str, found: os.stat_result
    ) -> bool:
        """Return whether what has this name is saved, or the user gave it up."""
        can_go = stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)
        if self._force and self._keep is None:
            return can_go
        if self._is_ours(job, folder, name, inner, found):
            return True
        if not self._force or not can_go:
            return False
        if self._keep is not None:
            self._keep(job.relpath, inner, folder, name)
        return True

    def _is_ours(
        self, job: _Job, folder: Folder, name: str, inner: str, found: os.stat_result
    ) -> bool:
        """Return whether what has this name is saved, and nothing that the user put there."""
        if stat.S_ISLNK(found.st_mode):
            target = os.readlink(folder.at(name), dir_fd=folder.fd)
            shard, rest = os.path.split(target)
            if os.path.dirname(shard) == os.path.abspath(job.saved_in.objects):
                job.saw(inner, os.path.basename(shard) + rest)
                return True  # our own link; the content is where it leads
        if job.other is not None and self._is_saved(job.other, folder, name, inner, found):
            return True
        if inner not in job.entries and not job.trust_cached:
            return False
        entry = job.current(inner)
        if entry is not None and is_clean(entry, _through(folder, name, found)):
            return not job.is_theirs(inner, entry[0]) and job.saved_in.has(entry[0])
        if not stat.S_ISREG(found.st_mode):
            return False
        fresh = self._hash(folder, name, job.saved_in)
        if fresh is None or not job.saved_in.has(fresh[0]):
            return False
        if job.is_theirs(inner, fresh[0]):
            return False
        job.saw(inner, fresh[0])
        return True

    def _is_saved(
        self, record: OtherRecord, folder: Folder, name: str, inner: str, found: os.stat_result
    ) -> bool:
        """Return whether a file has content that the cache of another record has."""
        entry: Entry | None = record.entries.get(inner)
        if entry is None:
            return False
        if not is_clean(entry, _through(folder, name, found)):
            if not stat.S_ISREG(found.st_mode):
                return False
            entry = self._hash(folder, name, record.cache)
        return entry is not None and record.cache.has(entry[0])

    def _hash(self, folder: Folder, name: str, cache: Cache | None = None) -> Entry | None:
        try:
            return (cache or self._cache).hash_file(folder, name)
        except (OSError, ChangingFileError, NotRegularFileError):
            return None


class _Job:
    """What the steps of one ``apply`` share."""

    __slots__ = (
        "entries",
        "fresh",
        "other",
        "outcome",
        "relpath",
        "saved_in",
        "trust_cached",
        "undecided",
    )

    def __init__(
        self,
        relpath: str,
        entries: dict[str, Entry],
        outcome: Outcome,
        saved_in: Cache,
        trust_cached: bool,
        fresh: Mapping[str, Entry],
        other: OtherRecord | None,
    ) -> None:
        self.relpath = relpath
        self.entries = entries
        self.outcome = outcome
        self.saved_in = saved_in
        self.trust_cached = trust_cached
        self.fresh = fresh
        self.other = other
        self.undecided: set[str] = set()

    def current(self, inner: str) -> Entry | None:
        """Return the newest entry of a file."""
        found = self.fresh.get(inner)
        return found if found is not None and found[0] else self.entries.get(inner)

    def is_theirs(self, inner: str, value: str) -> bool:
        """Return whether a file is marked as the user's own and holds nothing of ours."""
        known = self.entries.get(inner)
        return known is not None and known[2] == THEIRS and known[0] != value

    def saw(self, inner: str, value: str) -> None:
        """Note what a file really holds, if its record says something else."""
        known = self.entries.get(inner)
        if (known[0] if known is not None else "") != value:
            self.outcome.was[inner] = value

    def split(self, inner: str) -> tuple[str, str]:
        """Return directory and name of a path inside the output, relative to the project."""
        parent, _, name = (f"{self.relpath}/{inner}" if inner else self.relpath).rpartition("/")
        return parent, name

    def holds(self, folder: str) -> bool:
        """Return whether a directory lies inside the output."""
        return folder.startswith(self.relpath + "/")


def _lstat(folder: Folder | None, name: str) -> os.stat_result | None:
    if folder is None:
        return None
    try:
        return os.stat(folder.at(name), dir_fd=folder.fd, follow_symlinks=False)
    except FileNotFoundError:
        return None
    except OSError as problem:
        if problem.errno == errno.ENOTDIR:
            return None
        raise


def _through(folder: Folder, name: str, found: os.stat_result) -> os.stat_result:
    """Return the stat that an entry was made from: a link's target, else the file's own."""
    if not stat.S_ISLNK(found.st_mode):
        return found
    try:
        return os.stat(folder.at(name), dir_fd=folder.fd)
    except OSError:
        return found


def _in_the_way(relpath: str) -> str:
    return f"a file or symbolic link is in the way at {relpath}"


def manifest_of(value: str, cache: Cache) -> Manifest:
    """Return what an output of this hash consists of; a file is ``{'': hash}``.

    Raises:
        MissingObjectError: A directory's manifest is not in the cache.
        CorruptObjectError: It is damaged.
        FormatError: It is not a manifest, or an unsafe one.
    """
    return cache.read_manifest(value) if hashing.is_dir(value) else {"": value}
