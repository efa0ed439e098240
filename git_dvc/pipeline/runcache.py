"""The run cache: which run of a stage made what, so that a run seen before need not be repeated.

A record (``formats/runrecord.py``) stands in the cache under the hash of what the run used:
command, dependencies, parameters, and the names of the outputs. Stages that used the same share
it, whatever they are called. The newest record counts whose data is all there.

Some runs cannot be known again: those of stages that run always, that have nothing to compare,
or whose outputs persist and so are made from what they were before.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from git_dvc import fsutil
from git_dvc.errors import FormatError, GitDvcError
from git_dvc.formats import lockfile, runrecord
from git_dvc.formats.lockfile import LockStage
from git_dvc.pipeline.stage import Stage


def is_known_again(stage: Stage) -> bool:
    """Return whether what a run of a stage used says what it makes."""
    return (
        bool(stage.cmd and (stage.deps or stage.params) and stage.outs)
        and not stage.always_changed
        and not any("://" in dep.path for dep in stage.deps)
        and not any(out.flags.persist or out.relpath is None for out in stage.outs)
    )


def is_kept(stage: Stage) -> bool:
    """Return whether a run of a stage gets a record: all that it makes is in the cache then.

    Metrics and plots that Git versions are small and stored for this; other outputs with
    ``cache: false`` are not.
    """
    return is_known_again(stage) and all(
        out.flags.cache or out.flags.kind != "outs" for out in stage.outs
    )


def place_of(used: LockStage, out_paths: list[str]) -> str:
    """Return the folder, below ``runs``, of the records of runs that used the same."""
    return runrecord.folder_of(lockfile.stage_value(used._replace(outs=())), sorted(out_paths))


class RunCache:
    """The records in one cache.

    Args:
        cache_root: The cache directory.
        durable: Whether a record is to survive a power cut.
    """

    def __init__(self, cache_root: str, *, durable: bool = True) -> None:
        self._root = os.path.join(cache_root, runrecord.FOLDER)
        self._tmp = os.path.join(cache_root, "tmp")
        self._durable = durable

    def find(
        self, used: LockStage, out_paths: list[str], is_whole: Callable[[LockStage], bool]
    ) -> LockStage | None:
        """Return the newest record of a run that used the same, and whose data is there.

        Args:
            used: Command, dependencies and parameters.
            out_paths: Paths of the outputs as written.
            is_whole: Says whether the cache has what a record names.
        """
        for record in self._newest(place_of(used, out_paths)):
            if is_whole(record):
                return record._replace(name=used.name)
        return None

    def _newest(self, folder: str) -> Iterator[LockStage]:
        place = os.path.join(self._root, *folder.split("/"))
        try:
            with os.scandir(place) as entries:
                found = [
                    (entry.stat(follow_symlinks=False).st_mtime_ns, entry.name)
                    for entry in entries
                    if entry.is_file(follow_symlinks=False)
                ]
        except (FileNotFoundError, NotADirectoryError):
            return
        for _, name in sorted(found, reverse=True):
            path = f"{folder}/{name}"
            if not runrecord.is_path(path):
                continue
            try:
                data = fsutil.read_bytes(os.path.join(place, name), runrecord.MOST_BYTES)
                yield runrecord.parse(path, data)
            except (FormatError, GitDvcError, OSError):
                continue  # not what its name says: of no use, and no harm

    def save(self, made: LockStage) -> str:
        """Store a record, whose data the cache has already; return its place below ``runs``."""
        value = lockfile.stage_value(made)
        path = runrecord.path_of(value)
        place = os.path.join(self._root, *path.split("/"))
        if not os.path.exists(place):
            os.makedirs(os.path.dirname(place), exist_ok=True)
            fsutil.atomic_write(place, runrecord.dump(value), self._tmp, durable=self._durable)
        return path
