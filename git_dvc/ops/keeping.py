"""Keeping what ``--force`` discards: into the cache first, and into the operation log.

Nothing that a user asked us to throw away is gone at once: for ``dvc.undoDays`` it can be
brought back with ``git dvc undo``. A large file is not copied but becomes an object itself
(a reflink, else a hard link), so keeping costs one reading, for its hash.

A symbolic link of the user's is kept as the file that it leads to, which is not touched; one
that leads nowhere holds nothing that could be kept.
"""

from __future__ import annotations

import errno
import os
import stat

from git_dvc import relpaths
from git_dvc.errors import (
    CannotKeepError,
    ChangingFileError,
    FormatError,
    NotRegularFileError,
)
from git_dvc.fsutil import Folder, Folders, NotAFolderError
from git_dvc.hashing import MD5
from git_dvc.progress import Progress
from git_dvc.project import Project
from git_dvc.store.cache import HARDLINK, KEEP, Cache
from git_dvc.store.oplog import Recorder
from git_dvc.store.state import NEVER, Entry
from git_dvc.workspace.changes import Changes
from git_dvc.workspace.scan import Scan

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)


class Keeper:
    """Saves files that are about to be discarded; called for each of them by ``Placer``.

    Args:
        project: The project, with an operation that is being recorded.
        recorder: Records that operation.
        progress: Told of the work.
    """

    def __init__(self, project: Project, recorder: Recorder, progress: Progress) -> None:
        self._project = project
        self._recorder = recorder
        self._progress = progress
        self._cache = project.cache(MD5.name)
        self._kept: dict[str, dict[str, Entry]] = {}

    @classmethod
    def of(cls, project: Project, progress: Progress) -> Keeper | None:
        """Return a keeper, or None where ``dvc.undoDays`` is 0."""
        recorder = project.recorder
        if recorder is None or not recorder.is_open:
            return None
        return cls(project, recorder, progress)

    def of_output(self, relpath: str) -> dict[str, Entry]:
        """Return the files of one output that were kept."""
        return self._kept.get(relpath, {})

    def __call__(self, relpath: str, inner: str, folder: Folder, name: str) -> None:
        """Keep one file.

        Raises:
            OSError: This file cannot be kept, so it must stay; the reason is worded.
            CannotKeepError: Nothing can be kept.
        """
        known = self._kept.get(relpath, {}).get(inner)
        if known is not None and known[2] != NEVER:
            found = os.stat(folder.at(name), dir_fd=folder.fd)
            if (found.st_size, found.st_mtime_ns, found.st_ino) == (known[1], known[2], known[4]):
                return
        self._cache.prepare(HARDLINK, 1)
        entry = self._store(inner, folder, name)
        if entry is not None:
            self._note(relpath, {inner: entry})

    def keep_all(self, relpath: str, found: Scan, change: Changes, cache: Cache) -> None:
        """Keep those files of an output that are about to go and are not in the cache.

        In one go: waiting for the disk once for each of many files takes its time.

        Args:
            relpath: The output.
            found: What it looks like; files that were kept get a fresh entry.
            change: What is about to be done.
            cache: Where the scan's hashes are looked up.
        """
        touched = (change.write.keys() | change.delete) & found.entries.keys()
        lacking = cache.lacks({found.entries[path][0] for path in touched})
        todo = sorted(path for path in touched if found.entries[path][0] in lacking)
        if not todo:
            return
        self._cache.prepare(HARDLINK, len(todo))
        size = sum(found.entries[path][1] for path in todo)
        self._progress.start("Keeping", len(todo), size)
        kept: dict[str, Entry] = {}
        with Folders(self._project.root) as folders:
            for inner in todo:
                full = relpaths.join(relpath, inner) if inner else relpath
                parent, _, name = full.rpartition("/")
                try:
                    folder = folders.open(parent, create=False)
                    entry = self._store(inner, folder, name) if folder is not None else None
                except (OSError, NotAFolderError):
                    continue  # it stays: it is tried, and refused, once more when it is to go
                self._progress.advance(1)
                if entry is not None:
                    kept[inner] = entry
        self._progress.finish()
        self._note(relpath, kept)
        if cache is self._cache:
            found.entries.update(kept)

    def _store(self, inner: str, folder: Folder, name: str) -> Entry | None:
        try:
            if inner:
                relpaths.check(inner)
            return self._cache.store_file(folder, name, how=KEEP, progress=self._progress)[0]
        except FormatError as problem:
            raise _unkept(errno.EILSEQ, problem.what.split(": ")[1]) from None
        except ChangingFileError:
            raise _unkept(errno.EBUSY, "it is being written to") from None
        except (FileNotFoundError, NotRegularFileError):
            here = os.stat(folder.at(name), dir_fd=folder.fd, follow_symlinks=False)
            if stat.S_ISLNK(here.st_mode):
                return None
            raise
        except OSError as problem:
            # A full name is one of the cache's; those of the work tree are relative.
            if problem.errno in _NO_ROOM or os.path.isabs(problem.filename or ""):
                self._cache.discard()
                raise CannotKeepError(problem.strerror or str(problem)) from None
            raise _unkept(problem.errno or errno.EACCES, problem.strerror or "") from None

    def _note(self, relpath: str, kept: dict[str, Entry]) -> None:
        if not kept:
            return
        try:
            self._cache.publish()
            self._recorder.kept(relpath, {path: entry[0] for path, entry in kept.items()})
        except OSError as problem:
            self._cache.discard()
            raise CannotKeepError(problem.strerror or str(problem)) from None
        self._kept.setdefault(relpath, {}).update(kept)


def _unkept(code: int, why: str) -> OSError:
    return OSError(code, f"it cannot be kept for undo: {why.lower()}")
