"""Putting data that is not tracked at a path of the user's: whole, or not at all.

``get``, ``get-url`` and their like write a copy that belongs to nobody's project. It is built
beside its place under a name of its own and renamed at last; what a killed run left there the
next one clears away. With ``--force`` files that are in the way are replaced, each by a rename,
and what else is in a directory stays.
"""

from __future__ import annotations

import os
import shutil
import stat
from types import TracebackType

from git_dvc import fsutil
from git_dvc.errors import GitDvcError, OccupiedError, quoted

_END = ".git-dvc-tmp"


class Landing:
    """A file or directory on its way to its place; to be used in a ``with`` statement.

    Inside, ``temporary`` is to be made a file or a directory; it gets its name on leaving.

    Args:
        path: Its place, as the user gave it.
        force: Replace files that are there.

    Raises:
        OccupiedError: Something is there, and ``force`` is not given.
        GitDvcError: Its directory is not there.
    """

    def __init__(self, path: str, *, force: bool = False) -> None:
        self.path = path
        self._place = os.path.abspath(path)
        folder, name = os.path.split(self._place)
        if not os.path.isdir(folder):
            raise GitDvcError(f"there is no directory {quoted(os.path.dirname(path))}")
        if os.path.lexists(self._place) and not force:
            raise OccupiedError(path)
        _clear(folder, name)
        self.temporary = os.path.join(folder, f".{name[:150]}.{fsutil.temporary_name()}{_END}")

    def __enter__(self) -> Landing:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._land(self.temporary, self._place)
        finally:
            _remove(self.temporary)

    def _land(self, source: str, target: str) -> None:
        here = fsutil.lstat(target)
        if not stat.S_ISDIR(os.lstat(source).st_mode):
            if here is not None and stat.S_ISDIR(here.st_mode):
                raise GitDvcError(
                    f"{quoted(self.path)} is a directory, and a file is to go there",
                    hint="remove it first, or name another place",
                )
            os.replace(source, target)
            return
        if here is not None and not stat.S_ISDIR(here.st_mode):
            os.unlink(target)  # a file or link, which --force replaces
            here = None
        if here is None:
            os.rename(source, target)
            return
        for name in sorted(os.listdir(source)):
            self._land(os.path.join(source, name), os.path.join(target, name))


def _clear(folder: str, name: str) -> None:
    """Remove what a killed run left beside a place."""
    start = f".{name[:150]}."
    for other in os.listdir(folder):
        if other.startswith(start) and other.endswith(_END):
            pid = other[len(start) :].partition(".")[0]
            if pid.isdigit() and not fsutil.process_lives(int(pid)):
                _remove(os.path.join(folder, other))


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        fsutil.remove_if_there(path)
