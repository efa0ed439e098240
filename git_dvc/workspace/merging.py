"""Merging two versions of a directory, file by file: three listings in, one out.

A path that one side changed, added or removed and the other left alone takes that change; the
same change on both sides is one change. What is left conflicts: both sides changed a file
differently, added it differently, one changed what the other removed, or a path is a file here
and a directory there. Then ours keeps its place and theirs stands beside it, as
``name~theirs`` (``name~theirs_1``, ... if that name is taken; what they left alone and we removed
is free)::

    base    {"a": 1, "b": 1, "c": 1}
    ours    {"a": 2, "b": 1, "c": 3}
    theirs  {"a": 1, "b": 4, "c": 5}
    merged  {"a": 2, "b": 4, "c": 3, "c~theirs": 5}     and one conflict, at c

Two large versions differ in few files, so theirs comes in as its difference to the base
(``changes_from``, or ``manifest.changed_entries`` by text): nothing here looks at the rest.

Pure: no disk. The names of a conflict do not depend on what was chosen for others, so that
they can be computed again at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from git_dvc import relpaths
from git_dvc.formats.manifest import Manifest

ASIDE = "~theirs"

OURS, THEIRS, UNION, BASE = "ours", "theirs", "union", "base"
"""What may be chosen for a conflict; ``=HASH`` is a content of its own, ``=`` no file."""


class Conflict(NamedTuple):
    """One path on which the two sides do not agree.

    Attributes:
        path: The path in dispute; for a clash the path that is a file on one side and a
            directory on the other.
        base: The hash both started from, or None.
        ours: Our hash, or None if we have no file there.
        theirs: Their hash, or None if they have no file there.
        aside: Where theirs stands in the merged listing; '' if they have nothing there. For a
            clash with their directory this is a directory.
        clash: Whether it is a file against a directory.
    """

    path: str
    base: str | None
    ours: str | None
    theirs: str | None
    aside: str
    clash: bool = False

    @property
    def why(self) -> str:
        """What happened, in words."""
        return words(self.base, self.ours, self.theirs, clash=self.clash)


def words(base: str | None, ours: str | None, theirs: str | None, *, clash: bool = False) -> str:
    """Return what happened to something that the sides do not agree on."""
    if clash:
        return "a file on one side, a directory on the other"
    if ours is None:
        return "deleted by ours, changed by theirs"
    if theirs is None:
        return "changed by ours, deleted by theirs"
    return "added on both sides" if base is None else "changed on both sides"


class Merge(NamedTuple):
    """A merged listing.

    Attributes:
        files: All of it.
        conflicts: What nothing was chosen for, sorted by path.
        written: What it has that ours has not, or with another hash.
        deleted: What ours has and it has not.
    """

    files: Manifest
    conflicts: list[Conflict]
    written: Manifest
    deleted: frozenset[str]


def changes_from(base: Manifest, theirs: Manifest) -> tuple[Manifest, Manifest]:
    """Return the entries that only ``base`` and only ``theirs`` has."""
    return (
        {path: value for path, value in base.items() if theirs.get(path) != value},
        {path: value for path, value in theirs.items() if base.get(path) != value},
    )


def merge(
    ours: Manifest,
    removed: Manifest,
    added: Manifest,
    choices: Mapping[str, str] | None = None,
    default: str = "",
) -> Merge:
    """Merge the difference between a base and theirs into ours.

    Args:
        ours: Our listing.
        removed: Entries of the base that theirs lacks, or has with another hash.
        added: Entries of theirs that the base lacks, or has with another hash.
        choices: What was chosen, by the path of a conflict: ``ours``, ``theirs``, ``union``
            (both, under their two names), ``base``, ``=HASH``, ``=``.
        default: Chosen for all others; '' leaves them conflicts.
    """
    choices = choices or {}
    files = dict(ours)
    disputed: dict[str, Conflict] = {}
    news: Manifest = {}
    for path in sorted(removed.keys() | added.keys()):
        base, mine, their = removed.get(path), ours.get(path), added.get(path)
        if mine == their:
            continue
        if mine is None and their is not None:
            news[path] = their
        elif mine == base:
            if their is None:
                del files[path]
            else:
                files[path] = their
        if mine != base:
            disputed[path] = Conflict(path, base, mine, their, "")
    clashes = _clashes(files, news)
    for root, group in clashes.items():
        for path in [path for path in disputed if relpaths.inside(path, root)]:
            del disputed[path]
        base = removed.get(root)
        disputed[root] = Conflict(root, base, ours.get(root), added.get(root), "", clash=True)
        for path in group:
            del news[path]
    for path, value in news.items():
        if path not in disputed:
            files[path] = value
    conflicts = _with_asides(disputed, ours, added)
    open_conflicts = []
    for conflict in conflicts:
        choice = choices.get(conflict.path, default)
        if not choice:
            open_conflicts.append(conflict)
        if conflict.clash:
            _settle_clash(files, conflict, clashes[conflict.path], choice)
        else:
            _settle(files, conflict, choice)
    touched = {*removed, *added, *(path for path in files.keys() - ours.keys())}
    touched.update(path for path in ours.keys() - files.keys())
    touched.update(conflict.path for conflict in conflicts)
    return Merge(
        files,
        open_conflicts,
        {path: files[path] for path in touched if path in files and ours.get(path) != files[path]},
        frozenset(path for path in touched if path in ours and path not in files),
    )


def _clashes(files: Manifest, news: Manifest) -> dict[str, Manifest]:
    """Return what theirs adds where ours has a directory for a file, or the other way round.

    Each side is free of such clashes in itself, so one of the two paths is ours, one theirs.

    Returns:
        Their entries by the path that is both.
    """
    found: dict[str, Manifest] = {}
    folders = relpaths.parents(files) if news else set()
    for path, value in news.items():
        if path in folders:
            found.setdefault(path, {})[path] = value
            continue
        folder = path.rpartition("/")[0]
        while folder:
            if folder in files:
                found.setdefault(folder, {})[path] = value
                break
            folder = folder.rpartition("/")[0]
    return found


def _settle(files: Manifest, conflict: Conflict, choice: str) -> None:
    path, value = conflict.path, conflict.ours
    if choice == THEIRS:
        value = conflict.theirs
    elif choice == BASE:
        value = conflict.base
    elif choice.startswith("="):
        value = choice[1:] or None
    elif choice == UNION and conflict.ours is None:
        value = conflict.theirs
    elif choice != OURS and conflict.theirs is not None:
        files[conflict.aside] = conflict.theirs
    if value is None:
        files.pop(path, None)
    else:
        files[path] = value


def _settle_clash(files: Manifest, conflict: Conflict, group: Manifest, choice: str) -> None:
    root = conflict.path
    if choice in (OURS, BASE):
        return
    if choice == THEIRS or choice.startswith("="):
        for path in [path for path in files if relpaths.inside(path, root)]:
            del files[path]
        files.update(group if choice == THEIRS else {root: choice[1:]} if choice[1:] else {})
        return
    for path, value in group.items():
        files[conflict.aside + path[len(root) :]] = value


# -- names --------------------------------------------------------------------------------------


def _with_asides(
    disputed: Mapping[str, Conflict], ours: Manifest, added: Manifest
) -> list[Conflict]:
    """Give each conflict the name under which theirs stands, whatever is chosen for it."""
    if not disputed:
        return []
    known = {*ours, *added}
    # Compared without case: a file system may not tell Name from name.
    taken = {path.casefold() for path in (*known, *relpaths.parents(known))}
    found = []
    for path in sorted(disputed):
        conflict = disputed[path]
        if conflict.theirs is not None or conflict.clash:
            conflict = conflict._replace(aside=aside_name(path, taken))
            taken.add(conflict.aside.casefold())
        found.append(conflict)
    return found


def aside_name(path: str, taken: Iterable[str]) -> str:
    """Return a free name beside ``path`` for theirs.

    Args:
        path: The path in dispute.
        taken: All names that are not free, with case folded.
    """
    folder, _, name = path.rpartition("/")
    number = 0
    while True:
        mark = ASIDE + (f"_{number}" if number else "")
        stem = name
        while len(relpaths.os_bytes(stem + mark)) > relpaths.MOST_COMPONENT_BYTES:
            stem = stem[:-1]
        found = relpaths.join(folder, stem + mark)
        if found.casefold() not in taken:
            return found
        number += 1
