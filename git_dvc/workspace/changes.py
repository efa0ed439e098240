"""Deciding what to do: two listings of files in, what to write and delete out.

Pure: no disk, no clock. ``workspace/apply.py`` does what is decided here.
"""

from __future__ import annotations

from typing import NamedTuple

from git_dvc.formats.manifest import Manifest


class Changes(NamedTuple):
    """Files to write and files to delete, by path relative to the output."""

    write: Manifest
    delete: frozenset[str]


def between(old: Manifest, new: Manifest) -> Changes:
    """Return the smallest set of writes and deletes that turns ``old`` into ``new``."""
    return Changes(
        write={path: value for path, value in new.items() if old.get(path) != value},
        delete=frozenset(old.keys() - new.keys()),
    )


class Difference(NamedTuple):
    """How two listings differ, as people see it; paths are sorted.

    Attributes:
        added: Only in the new one.
        deleted: Only in the old one.
        modified: In both, with another hash.
        renamed: Old and new path of the same hash, one deleted and one added.
    """

    added: list[str]
    deleted: list[str]
    modified: list[str]
    renamed: list[tuple[str, str]]


def difference(old: Manifest, new: Manifest, *, renames: bool = True) -> Difference:
    """Return how ``new`` differs from ``old``."""
    added = sorted(new.keys() - old.keys())
    deleted = sorted(old.keys() - new.keys())
    modified = sorted(path for path, value in new.items() if old.get(path, value) != value)
    renamed: list[tuple[str, str]] = []
    if renames and added and deleted:
        sources: dict[str, list[str]] = {}
        for path in reversed(deleted):
            sources.setdefault(old[path], []).append(path)
        for path in added:
            if sources.get(new[path]):
                renamed.append((sources[new[path]].pop(), path))
        moved_from = {source for source, _ in renamed}
        moved_to = {target for _, target in renamed}
        added = [path for path in added if path not in moved_to]
        deleted = [path for path in deleted if path not in moved_from]
    return Difference(added, deleted, modified, sorted(renamed))
