"""The run cache on its way: records of which run of a stage made what, and the data they name.

A record goes after its data, and only whole: one whose data is nowhere would be of no use. What
does not prove its own name (``formats/runrecord.py``) is left out and told.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from git_dvc import fsutil, hashing
from git_dvc.errors import FormatError, GitDvcError
from git_dvc.formats import runrecord
from git_dvc.ops.wanted import Object, Place, Wanted
from git_dvc.project import Project
from git_dvc.remote.base import Remote


class Records:
    """Records that one side lacks.

    Attributes:
        wanted: The data that they name.
    """

    def __init__(self) -> None:
        self.wanted: Wanted = {}
        self._data: dict[str, bytes] = {}
        self._needs: dict[str, set[Object]] = {}

    def take(self, path: str, data: bytes) -> None:
        """Take a record.

        Raises:
            FormatError: It is not what its name says.
        """
        stage = runrecord.parse(path, data)
        needs = {
            (out.hash_name, out.hash): out.path
            for out in stage.outs
            if out.hash is not None and out.hash_name in hashing.ALGORITHMS
        }
        self._data[path] = data
        self._needs[path] = set(needs)
        for whole, name in needs.items():
            self.wanted.setdefault(whole, []).append(Place(name, stays=True))

    def whole(self, lost: set[Object]) -> Iterator[tuple[str, bytes]]:
        """Yield the records that name nothing of what is lost."""
        for path, data in self._data.items():
            if self._needs[path].isdisjoint(lost):
                yield path, data


def to_push(project: Project, remote: Remote, problems: list[GitDvcError]) -> Records:
    """Return the records that a remote lacks.

    Raises:
        RemoteError: It cannot be listed.
    """
    found = Records()
    top = os.path.join(project.cache_root, runrecord.FOLDER)
    there = set(remote.run_records())
    for path in _local(top):
        if path not in there:
            data = fsutil.read_bytes(os.path.join(top, *path.split("/")), runrecord.MOST_BYTES)
            take(found, path, data, problems)
    return found


def to_fetch(project: Project, remote: Remote, problems: list[GitDvcError]) -> Records:
    """Return the records that the cache lacks; errors as ``to_push``."""
    found = Records()
    here = set(_local(os.path.join(project.cache_root, runrecord.FOLDER)))
    for path in sorted(set(remote.run_records()) - here):
        if runrecord.is_path(path):
            take(found, path, remote.read_run_record(path), problems)
    return found


def store(project: Project, path: str, data: bytes) -> None:
    """Put a record into the cache."""
    place = os.path.join(project.cache_root, runrecord.FOLDER, *path.split("/"))
    os.makedirs(os.path.dirname(place), exist_ok=True)
    fsutil.atomic_write(place, data, os.path.join(project.cache_root, "tmp"))


def take(found: Records, path: str, data: bytes, problems: list[GitDvcError]) -> None:
    """Take a record, or tell why not."""
    try:
        found.take(path, data)
    except FormatError as problem:
        where = f"{runrecord.FOLDER}/{path}"
        problems.append(problem if problem.where else problem.at(where))


def _local(top: str) -> Iterator[str]:
    for folder, _, names in os.walk(top):
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), top).replace(os.sep, "/")
            if runrecord.is_path(path):
                yield path
