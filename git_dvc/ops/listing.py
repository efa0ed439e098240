"""``git dvc list``: what a repository has, files that Git knows and data alike.

Results are those of DVC's ``list --json``: names are relative to what was listed, sorted, and
``-R`` names files only. A directory whose list of files is nowhere becomes a problem and does not
hide the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from git_dvc.errors import GitDvcError
from git_dvc.ops.catalogue import Entry
from git_dvc.ops.source import Source


class Listed(NamedTuple):
    """One name in a listing.

    Attributes:
        name: Relative to what was listed; the last part of the path for a file.
        entry: What it is.
        level: How deep it is, from 0 for what was listed itself.
    """

    name: str
    entry: Entry
    level: int


class Listing(NamedTuple):
    """What there is.

    Attributes:
        found: In the order in which it is shown.
        problems: What could not be looked into, and pointer files that cannot be used.
    """

    found: list[Listed]
    problems: list[GitDvcError]


def listing(
    source: Source,
    path: str = "",
    *,
    recursive: bool = False,
    depth: int | None = None,
    data_only: bool = False,
    sizes: bool = False,
) -> Listing:
    """Return what is in a directory.

    Args:
        source: The repository.
        path: The directory; a file is listed alone.
        recursive: List all files below it, with their directories in the names.
        depth: With ``recursive``: go this deep, and name the directories there.
        data_only: Only data, and the directories on the way to it.
        sizes: Whether sizes are needed, which may have to be downloaded.

    Raises:
        UnknownPathError: There is nothing.
    """
    here = source.entry(path)
    problems = _broken(source)
    if not here.is_dir:
        return Listing([Listed(here.name, here, 1)], problems)
    if recursive and depth == 0:
        return Listing([Listed(here.name or ".", here, 0)], problems)
    levels = depth if recursive else 1
    look = _Look(source, problems, data_only=data_only, sizes=sizes)
    cut = len(here.path) + 1 if here.path else 0
    found = []
    for entry, level in look.below(here, levels):
        if not recursive or not entry.is_dir or level == depth:
            found.append(Listed(entry.path[cut:], entry, level))
    found.sort(key=lambda one: one.name)
    return Listing(found, problems)


def tree(
    source: Source,
    path: str = "",
    *,
    depth: int | None = None,
    data_only: bool = False,
    sizes: bool = False,
) -> Listing:
    """Return a directory and everything below it, each directory before what is in it.

    Arguments as for ``listing``.
    """
    here = source.entry(path)
    problems = _broken(source)
    look = _Look(source, problems, data_only=data_only, sizes=sizes)
    found = [Listed(path or ".", here, 0)]
    if here.is_dir:
        found += [Listed(entry.name, entry, level) for entry, level in look.below(here, depth)]
    return Listing(found, problems)


def _broken(source: Source) -> list[GitDvcError]:
    return [problem for part in source.parts.values() for problem in part.tracked.problems]


class _Look:
    def __init__(
        self, source: Source, problems: list[GitDvcError], *, data_only: bool, sizes: bool
    ) -> None:
        self._source = source
        self._problems = problems
        self._data_only = data_only
        self._sizes = sizes

    def below(
        self, folder: Entry, depth: int | None, level: int = 1
    ) -> Iterator[tuple[Entry, int]]:
        """Yield everything below a directory in order of names, with its level."""
        if depth is not None and level > depth:
            return
        try:
            entries = self._source.children_of(folder, sizes=self._sizes, data_only=self._data_only)
        except GitDvcError as problem:
            self._problems.append(problem)
            return
        for entry in entries:
            yield entry, level
            if entry.is_dir and not entry.is_link:
                yield from self.below(entry, depth, level + 1)


def as_json(listed: Listed) -> dict[str, object]:
    """Return one name as DVC's ``list --json`` has it."""
    entry = listed.entry
    return {
        "isout": entry.is_out,
        "isdir": entry.is_dir,
        "isexec": entry.is_exec,
        "size": entry.size_bytes,
        "md5": entry.hash,
        "path": listed.name,
    }
