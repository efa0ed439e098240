"""``git dvc get-url``: copy data from anywhere; nothing is tracked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from git_dvc import fsutil
from git_dvc.ops import outside
from git_dvc.ops.landing import Landing
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.remote.crew import Shared, Stop, each
from git_dvc.remote.origin import Origin, Tree


class Got(NamedTuple):
    """What was copied.

    Attributes:
        path: Where it is now.
        files: Number of files.
        size_bytes: Their size.
    """

    path: str
    files: int
    size_bytes: int


def get_url(
    address: str,
    out: str | None = None,
    *,
    options: Mapping[str, str] | None = None,
    project: Project | None = None,
    jobs: int | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Got:
    """Copy a file or directory from an address.

    Args:
        address: A path, a URL, or ``remote://NAME/PATH``.
        out: Where it is to go, or the directory it is to go into; here if None.
        options: For the server.
        project: Whose remotes may be named.
        jobs: How many files at a time.
        force: Replace files that are there.
        progress: Told of the work.

    Raises:
        OccupiedError: Something is there already.
        MissingOriginError: Nothing is at the address.
        OriginError: It cannot be read; nothing was left behind.
    """
    watch = progress or NoProgress()
    place = outside.landing_place(address, out)
    origin = outside.origin(address, options, project=project)
    try:
        with Landing(place, force=force) as landing:
            tree = origin.find()
            if not origin.is_local:
                outside.check_names(origin.where, tree)
            size = _copy(origin, tree, landing.temporary, jobs, watch)
    finally:
        origin.close()
    return Got(place, len(tree.files), size)


def _copy(origin: Origin, tree: Tree, target: str, jobs: int | None, progress: Progress) -> int:
    """Copy all files of an origin; return their size in bytes."""
    if tree.is_dir:
        os.mkdir(target)
        for folder in sorted({os.path.dirname(file.path) for file in tree.files} - {""}):
            os.makedirs(os.path.join(target, folder), exist_ok=True)
    watch = Shared(progress)

    def work(path: str, stop: Stop) -> int:
        place = os.path.join(target, path) if path else target
        size = 0
        fd = os.open(place, fsutil.CREATE_FLAGS, 0o666)
        try:
            for piece in origin.read(path, stop):
                fsutil.write_all(fd, piece)
                size += len(piece)
                watch.advance(0, len(piece))
        finally:
            os.close(fd)
        return size

    watch.start("Copying", len(tree.files), tree.size_bytes)
    total = 0
    try:
        paths = [file.path for file in tree.files]
        for _, size in each(paths, work, jobs or origin.jobs):
            total += size
            watch.advance(1)
    finally:
        watch.finish()
    return total
