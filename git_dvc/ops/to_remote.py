"""Sending data from an address straight to a remote, without keeping it here (``--to-remote``).

The bytes pass through a cache of their own, a part at a time: hashed, sent, deleted. So there must
be room for the largest file, not for all of them. A directory's manifest goes last.
"""

from __future__ import annotations

import os
import shutil
from typing import NamedTuple

from git_dvc import fsutil, hashing
from git_dvc.errors import GitDvcError, quoted
from git_dvc.formats import manifest as manifests
from git_dvc.formats.imports import Dep
from git_dvc.formats.manifest import Manifest
from git_dvc.ops import imports, outside, remotes
from git_dvc.ops.imports import Content
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.remote.base import Remote
from git_dvc.remote.origin import LocalOrigin, Origin, Tree
from git_dvc.store.cache import Cache
from git_dvc.tracked import TrackedOut

_PART_BYTES = 64 * 1024**2
_PART_FILES = 1000


class Sent(NamedTuple):
    """What is on the remote now.

    Attributes:
        hash: Of the file, or of the directory's manifest.
        size_bytes: Its size; of a directory all files together.
        nfiles: Number of files in a directory; None for a file.
        files: Number of files that were sent; the remote had the others.
    """

    hash: str
    size_bytes: int
    nfiles: int | None
    files: int


def send(
    project: Project,
    origin: Origin,
    tree: Tree,
    remote: Remote,
    progress: Progress,
    jobs: int | None = None,
) -> Sent:
    """Send everything at an origin.

    Args:
        project: The project.
        origin: Where it is.
        tree: What is there.
        remote: Where it goes.
        progress: Told of files and bytes.
        jobs: How many at a time.

    Raises:
        OriginError: It cannot be read; what was sent before stays.
        RemoteError: The remote failed; what was sent before stays.
    """
    outside.check_names(origin.where, tree)
    folder = os.path.join(project.tmp_dir, "git-dvc", "to-remote")
    place = os.path.join(folder, fsutil.temporary_name())
    _clear(folder)
    sending = _Sending(Cache(place, durable=False), remote, jobs)
    listing: Manifest = {}
    total = 0
    progress.start(f"Sending to {remote.name}", len(tree.files), tree.size_bytes)
    try:
        for path, value, size in imports.store_each(sending.cache, origin, tree, progress, jobs):
            listing[path] = value
            total += size
            sending.add(value, size)
        sending.finish()
        if not tree.is_dir:
            value = listing[""]
        else:
            value = sending.cache.store_bytes(manifests.dump(listing), hashing.DIR_SUFFIX)
            sending.add(value, 0)
            sending.finish()
    finally:
        progress.finish()
        sending.cache.discard()
        shutil.rmtree(place, ignore_errors=True)
    remote.memory.add([(sending.cache.algorithm.name, value)])
    files = sending.files - (1 if tree.is_dir and sending.sent_last else 0)
    return Sent(value, total, len(listing) if tree.is_dir else None, files)


def bring(
    project: Project,
    item: TrackedOut,
    origin: Origin,
    dep: Dep,
    name: str,
    progress: Progress,
    jobs: int | None = None,
) -> Content:
    """Send what an address has, and return what an import is to record of it.

    Args:
        project: The project.
        item: The output.
        origin: Where the data is.
        dep: The source.
        name: Of the remote; the default one if ''.
        progress: Told of the work.
        jobs: How many at a time.
    """
    remote = remotes.opened(project, name or None)
    try:
        tree = origin.find()
        sent = send(project, origin, tree, remote, progress, jobs)
    finally:
        remote.close()
    content = imports.described(item, dep, tree, sent.hash, sent.size_bytes, sent.files)
    if isinstance(origin, LocalOrigin):
        told = {"md5": sent.hash, "size": sent.size_bytes}
        if sent.nfiles is not None:
            told["nfiles"] = sent.nfiles
        content = content._replace(dep=dep._replace(content=told))
    return content


class _Sending:
    """Objects on their way through a cache that holds a part of them at a time."""

    def __init__(self, cache: Cache, remote: Remote, jobs: int | None) -> None:
        self.cache = cache
        self.files = 0
        self.sent_last = False
        self._remote = remote
        self._jobs = jobs
        self._part: dict[str, int] = {}

    def add(self, value: str, size_bytes: int) -> None:
        """Take an object of the cache, and send a part if it is large enough."""
        self._part[value] = size_bytes
        if len(self._part) >= _PART_FILES or sum(self._part.values()) >= _PART_BYTES:
            self.finish()

    def finish(self) -> None:
        """Send what is left."""
        if not self._part:
            return
        self.cache.publish()
        lacking = self._remote.lacks(self.cache.algorithm.name, self._part, self.cache.size)
        some = sorted(lacking)
        bad = self._remote.put_all(self.cache, some, NoProgress(), self._jobs) if some else []
        if bad:
            raise GitDvcError(f"this was damaged on its way to the remote: {quoted(bad[0])}")
        self.files += len(lacking)
        self.sent_last = bool(lacking)
        for value in self._part:
            fsutil.remove_if_there(self.cache.path(value))
        self._part.clear()


def _clear(folder: str) -> None:
    """Remove what killed runs left."""
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        pid = name.partition(".")[0]
        if pid.isdigit() and not fsutil.process_lives(int(pid)):
            shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
