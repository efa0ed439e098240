"""Two versions of the tracked data, compared: outputs, and the files inside directories.

A version is what the pointer files of a revision, or those of the work tree, name, or what
is on disk. Nothing is checked out for that: directories are read from the cache, by the hash
that the pointer has. Where the cache lacks one, that it differs is all that can be known.

::

    found = compare(old, new, granular=True)
    found.renamed   # [Change(old=Entry("d/2", ...), new=Entry("d/two", ...))]

Two directories with the same hash are not looked into, so the time depends on what differs.
The rules are those of DVC's ``diff`` and ``data status``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from git_dvc import fsutil, hashing, relpaths
from git_dvc.errors import (
    CorruptObjectError,
    FormatError,
    MissingObjectError,
    UnknownTargetError,
)
from git_dvc.formats import manifest as manifests
from git_dvc.formats.manifest import Manifest
from git_dvc.ops.select import Selected, select
from git_dvc.ops.status import CLEAN, DELETED, OutState
from git_dvc.project import Project
from git_dvc.tracked import Tracked, TrackedOut
from git_dvc.workspace import changes

Listing = Callable[[str], Manifest | None]
Wanted = Callable[[str], bool]


class Entry(NamedTuple):
    """An output, or a file inside one.

    Attributes:
        path: Relative to the project, without a '/' at the end.
        hash: As recorded, or of what is on disk.
        hash_name: The algorithm: the same digits of another one are another hash.
        is_dir: Whether it is a directory.
    """

    path: str
    hash: str
    hash_name: str
    is_dir: bool

    @property
    def shown(self) -> str:
        """The path as it is shown: directories end in '/'."""
        return self.path + "/" if self.is_dir else self.path

    @property
    def content(self) -> tuple[str, str]:
        """What is the same for the same bytes."""
        return self.hash, self.hash_name


class Change(NamedTuple):
    """One thing in two versions."""

    old: Entry
    new: Entry


class Comparison(NamedTuple):
    """How two versions differ; everything is sorted by path.

    Attributes:
        added: Only in the new one.
        deleted: Only in the old one.
        modified: In both, with different content.
        renamed: Deleted at one path and added, with the same content, at another.
        unchanged: In both, if it was asked for.
        unknown: Files, with the directories around them, of the new version in an output
            whose listing is not known in one of the two.
    """

    added: list[Entry]
    deleted: list[Entry]
    modified: list[Change]
    renamed: list[Change]
    unchanged: list[Entry]
    unknown: list[Entry]


class Version(NamedTuple):
    """What is tracked in one version.

    Attributes:
        outs: Outputs by path. Those without a hash (never made) count as not there.
        listing: Returns the files inside an output that is a directory, or None if that is
            not known; asked only where it matters.
    """

    outs: dict[str, Entry]
    listing: Listing


# -- versions -------------------------------------------------------------------------------


def recorded(project: Project, outs: Mapping[str, TrackedOut]) -> Version:
    """Return the version that pointer files describe; directories come from the cache."""
    entries = {
        path: Entry(path, item.out.hash, item.out.hash_name, item.is_dir)
        for path, item in outs.items()
        if item.out.hash is not None
    }

    def listing(path: str) -> Manifest | None:
        item = entries[path]
        try:
            return project.cache(item.hash_name).read_manifest(item.hash)
        except (MissingObjectError, CorruptObjectError, FormatError):
            return None

    return Version(entries, listing)


def on_disk(states: Mapping[str, OutState]) -> Version:
    """Return the version that is in the workspace, as it was found."""
    entries = {}
    for path, state in states.items():
        name = state.item.out.hash_name
        is_dir = "" not in state.current
        unusable = any(not inner for inner, _ in state.problems)
        if state.kind == DELETED or unusable:
            continue
        if not is_dir:
            value = state.current[""]
        elif state.kind == CLEAN and state.item.out.hash is not None:
            value = state.item.out.hash
        else:
            data = manifests.dump(state.current)
            value = hashing.of_bytes(data, hashing.ALGORITHMS[name]) + hashing.DIR_SUFFIX
        entries[path] = Entry(path, value, name, is_dir)
    return Version(entries, lambda path: states[path].current)


# -- comparing ------------------------------------------------------------------------------


def compare(
    old: Version,
    new: Version,
    *,
    granular: bool,
    unchanged: bool = False,
    unknown: bool = False,
    wanted: Wanted | None = None,
) -> Comparison:
    """Return how ``new`` differs from ``old``.

    Args:
        old: One version.
        new: The other.
        granular: Also the files inside directories.
        unchanged: Also what is the same.
        unknown: Also files that cannot be compared.
        wanted: Leaves out other paths, before renames are looked for.
    """
    found = Comparison([], [], [], [], [], [])
    for path in sorted(old.outs.keys() | new.outs.keys()):
        before, after = old.outs.get(path), new.outs.get(path)
        if wanted is None or wanted(path):
            _note(found, before, after, unchanged)
        if not granular or not any(side is not None and side.is_dir for side in (before, after)):
            continue
        same = before is not None and after is not None and before.content == after.content
        if not same or unchanged or unknown:
            _inside(found, old, new, path, unchanged, wanted)
    _same_place(found)
    _find_renames(found)
    for entries in (found.added, found.deleted, found.unchanged, found.unknown):
        entries.sort()
    found.modified.sort()
    found.renamed.sort()
    if not unknown:
        found.unknown.clear()
    return found


def _note(found: Comparison, before: Entry | None, after: Entry | None, unchanged: bool) -> None:
    if before is None and after is not None:
        found.added.append(after)
    elif after is None and before is not None:
        found.deleted.append(before)
    elif before is not None and after is not None:
        if before.content != after.content:
            found.modified.append(Change(before, after))
        elif unchanged:
            found.unchanged.append(after)


def _inside(
    found: Comparison,
    old: Version,
    new: Version,
    path: str,
    unchanged: bool,
    wanted: Wanted | None,
) -> None:
    before, after = old.outs.get(path), new.outs.get(path)
    old_files = old.listing(path) if before is not None and before.is_dir else {}
    new_files = new.listing(path) if after is not None and after.is_dir else {}
    if wanted is not None:
        old_files = _narrowed(old_files, path, wanted)
        new_files = _narrowed(new_files, path, wanted)

    def entries(side: Entry | None, files: Manifest, names: list[str]) -> list[Entry]:
        hash_name = side.hash_name if side is not None else ""
        return [Entry(f"{path}/{name}", files[name], hash_name, False) for name in names]

    if old_files is None or new_files is None:
        files = new_files or {}
        found.unknown.extend(entries(after, files, sorted(files)))
        folders = {name[:at] for name in files for at in _slashes(name)}
        found.unknown.extend(Entry(f"{path}/{name}", "", "", True) for name in folders)
        return
    difference = changes.difference(old_files, new_files, renames=False)
    modified = difference.modified
    same = []
    other_algorithm = (
        before is not None and after is not None and before.hash_name != after.hash_name
    )
    if other_algorithm or unchanged:
        differing = set(modified)
        common = [name for name in new_files if name in old_files]
        if other_algorithm:
            modified = common
        else:
            same = [name for name in common if name not in differing]
    found.added.extend(entries(after, new_files, difference.added))
    found.deleted.extend(entries(before, old_files, difference.deleted))
    found.unchanged.extend(entries(after, new_files, same))
    found.modified.extend(
        map(Change, entries(before, old_files, modified), entries(after, new_files, modified))
    )


def _slashes(path: str) -> Iterator[int]:
    """Yield where the slashes in a path are."""
    at = path.find("/")
    while at >= 0:
        yield at
        at = path.find("/", at + 1)


def _narrowed(files: Manifest | None, folder: str, wanted: Wanted) -> Manifest | None:
    if files is None:
        return None
    return {name: value for name, value in files.items() if wanted(f"{folder}/{name}")}


def _same_place(found: Comparison) -> None:
    """Join what left one output and is, at the same path, part of another one now."""
    old = {entry.path: entry for entry in found.deleted}
    both = [(old[entry.path], entry) for entry in found.added if entry.path in old]
    if not both:
        return
    paths = {entry.path for _, entry in both}
    for before, after in both:
        if before.content != after.content:
            found.modified.append(Change(before, after))
    found.added[:] = [entry for entry in found.added if entry.path not in paths]
    found.deleted[:] = [entry for entry in found.deleted if entry.path not in paths]


def _find_renames(found: Comparison) -> None:
    """Pair what was deleted with what was added, by content, in the order of the paths."""
    if not (found.added and found.deleted):
        return
    sources: dict[tuple[str, str], list[Entry]] = {}
    for entry in sorted(found.deleted, key=_by_parts, reverse=True):
        sources.setdefault(entry.content, []).append(entry)
    moved: set[str] = set()
    added = []
    for entry in sorted(found.added, key=_by_parts):
        if sources.get(entry.content):
            source = sources[entry.content].pop()
            found.renamed.append(Change(source, entry))
            moved.add(source.path)
        else:
            added.append(entry)
    found.added[:] = added
    found.deleted[:] = [entry for entry in found.deleted if entry.path not in moved]


def _by_parts(entry: Entry) -> list[str]:
    return entry.path.split("/")


# -- the cache ------------------------------------------------------------------------------


def absent(project: Project, item: Entry, files: Manifest | None) -> list[Entry]:
    """Return an output and the files in it whose objects the cache lacks.

    Args:
        project: The project.
        item: The output.
        files: The files of a directory; None if they are not known, or not of interest.
    """
    cache = project.cache(item.hash_name)
    found = [] if cache.has(item.hash) else [item]
    if files:
        lacking = cache.lacks(files.values())
        if lacking:
            found += [
                Entry(f"{item.path}/{name}", value, item.hash_name, False)
                for name, value in files.items()
                if value in lacking
            ]
    return found


# -- targets --------------------------------------------------------------------------------


class Roots(NamedTuple):
    """What targets mean, as paths.

    Attributes:
        paths: Outputs, directories around outputs and paths inside outputs; empty for
            everything.
        has_inner: Whether one of them is inside an output.
    """

    paths: list[str]
    has_inner: bool

    @property
    def wanted(self) -> Wanted | None:
        """A test for paths that are one of these or inside one; None for all paths."""
        if not self.paths:
            return None
        return lambda path: any(relpaths.inside(path, root) for root in self.paths)

    def touch(self, path: str) -> bool:
        """Return whether an output is, holds or is inside one of these."""
        return not self.paths or any(
            relpaths.inside(path, root) or relpaths.inside(root, path) for root in self.paths
        )


def roots(
    project: Project,
    targets: Sequence[str],
    versions: Sequence[Tracked],
    *,
    files: bool = False,
    others: list[str] | None = None,
) -> Roots:
    """Return the paths that targets mean, in any of several versions.

    Args:
        project: The project.
        targets: As the user gave them.
        versions: Where to look for each.
        files: Other paths that exist are targets, too.
        others: Gets the targets that are tracked in none of them.

    Raises:
        UnknownTargetError: A target is tracked in none of them, and ``others`` is None.
    """
    paths: set[str] = set()
    has_inner = False
    for target in targets:
        found: list[Selected] = []
        unknown: UnknownTargetError | None = None
        for tracked in versions:
            try:
                found += select(project, [target], recursive=True, tracked=tracked)
            except UnknownTargetError as problem:
                unknown = unknown or problem
        path = project.relpath(target.rstrip("/") or target)
        if not found and unknown is not None:
            if others is not None:
                others.append(target)
                continue
            if not (files and fsutil.lstat(project.path(path)) is not None):
                raise unknown
            paths.add(path)
        for chosen in found:
            out = chosen.item.relpath
            paths.add(path if relpaths.inside(out, path) else out)
            if chosen.inner:
                paths.discard(out)
                paths.update(f"{out}/{inner}" for inner in chosen.inner)
                has_inner = True
    return Roots(sorted(paths), has_inner)
