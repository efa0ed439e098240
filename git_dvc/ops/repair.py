"""Healing the cache: objects that are damaged or missing come from wherever their bytes are.

Looked at, in this order: the files of the work tree, those of linked work trees, and the
remotes. Nothing is believed: every candidate is hashed, and only what has the right hash
becomes an object.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack
from typing import NamedTuple

from git_dvc import hashing
from git_dvc.errors import (
    ChangingFileError,
    CorruptObjectError,
    FormatError,
    GitDvcError,
    MissingObjectError,
    NotRegularFileError,
)
from git_dvc.formats import manifest as manifests
from git_dvc.fsutil import Folders, NotAFolderError
from git_dvc.ops import keepers, remotes
from git_dvc.ops.wanted import Object
from git_dvc.progress import Progress
from git_dvc.project import Project
from git_dvc.store.cache import COPY, REFLINK, Cache
from git_dvc.workspace.scan import hash_dirty, scan


class Healed(NamedTuple):
    """What came back.

    Attributes:
        sources: Where each object came from: a path as it is shown, or ``remote 'name'``.
        trouble: Why a remote could not be asked.
    """

    sources: dict[Object, str]
    trouble: list[GitDvcError]


def heal(
    project: Project,
    wanted: Collection[Object],
    progress: Progress,
    *,
    avoid: Collection[str] = (),
    jobs: int | None = None,
) -> Healed:
    """Bring objects into the cache.

    Args:
        project: The project.
        wanted: What is damaged (and set aside) or missing.
        progress: Told of the work.
        avoid: Names of remotes that are not asked.
        jobs: How many requests to a remote at a time, at most.
    """
    healed = Healed({}, [])
    lacking = set(wanted)
    if not lacking:
        return healed
    progress.start("Repairing", len(lacking))
    with ExitStack() as stack:
        for one in _work_trees(project, stack):
            if lacking:
                _from_work_tree(project, one, lacking, healed, progress)
        default = remotes.default(project)
        names = sorted(remotes.names(project), key=lambda name: (name != default, name))
        for name in names:
            if lacking and name not in avoid:
                try:
                    _from_remote(project, name, lacking, healed, progress, jobs)
                except GitDvcError as problem:
                    healed.trouble.append(problem)
    progress.finish()
    return healed


def _work_trees(project: Project, stack: ExitStack) -> Iterator[Project]:
    yield project
    for tree in keepers.other_work_trees(project.repo) if project.repo is not None else ():
        other = keepers.same_project(project, tree)
        if other is not None:
            yield stack.enter_context(other)


# -- work trees -------------------------------------------------------------------------------


def _from_work_tree(
    project: Project, one: Project, lacking: set[Object], healed: Healed, progress: Progress
) -> None:
    caches = {name: project.cache(name) for name, _ in lacking}

    def found(whole: Object, relpath: str) -> None:
        lacking.discard(whole)
        healed.sources[whole] = (
            one.shown(relpath) if one is project else os.path.relpath(one.path(relpath))
        )
        progress.advance(1)

    for name, value, relpath in list(_listings(one, lacking)):
        if (name, value) in lacking and _store_listing(one, caches[name], value, relpath, progress):
            found((name, value), relpath)
    with Folders(one.root) as folders:
        for name, value, relpath in sorted(set(_files(one, lacking, caches)), key=lambda f: f[2]):
            if (name, value) in lacking and _store_file(folders, caches[name], value, relpath):
                found((name, value), relpath)
    for cache in caches.values():
        cache.flush()


def _listings(one: Project, lacking: Collection[Object]) -> Iterator[tuple[str, str, str]]:
    """Yield directories in a work tree that may have a list of files that is lacking."""
    for header in one.state.headers().values():
        if (header.algorithm, header.hash) in lacking and hashing.is_dir(header.hash):
            yield header.algorithm, header.hash, header.relpath
    for item in one.tracked.outs.values():
        value = item.out.hash or ""
        if (item.out.hash_name, value) in lacking and hashing.is_dir(value):
            yield item.out.hash_name, value, item.relpath


def _store_listing(
    one: Project, cache: Cache, value: str, relpath: str, progress: Progress
) -> bool:
    """Make the list of a directory's files anew: from our records, else from its files."""
    record = one.state.placed(relpath)
    entries = record.entries if record is not None else {}
    versions: list[dict[str, str]] = [{path: entry[0] for path, entry in entries.items()}]
    for number in range(2):
        if number:
            looked = scan(one.root, relpath, entries, one.ignore)
            hash_dirty(one.root, relpath, looked, cache, progress)
            versions.append(looked.manifest())
        if "" in versions[-1]:
            continue
        data = manifests.dump(versions[-1])
        if hashing.of_bytes(data, cache.algorithm) + hashing.DIR_SUFFIX == value:
            cache.store_bytes(data, hashing.DIR_SUFFIX)
            return True
    return False


def _files(
    one: Project, lacking: Collection[Object], caches: dict[str, Cache]
) -> Iterator[tuple[str, str, str]]:
    """Yield files in a work tree that may be an object that is lacking."""
    for header in one.state.headers().values():
        record = one.state.placed(header.relpath)
        for path, entry in record.entries.items() if record is not None else ():
            if (header.algorithm, entry[0]) in lacking:
                yield header.algorithm, entry[0], _inside(header.relpath, path)
    for item in one.tracked.outs.values():
        name, value = item.out.hash_name, item.out.hash
        if value is None or name not in caches:
            continue
        if (name, value) in lacking and not item.is_dir:
            yield name, value, item.relpath
        if item.is_dir:
            try:
                listing = caches[name].read_manifest(value)
            except (MissingObjectError, CorruptObjectError, FormatError, OSError):
                continue
            for path, member in listing.items():
                if (name, member) in lacking:
                    yield name, member, _inside(item.relpath, path)


def _inside(relpath: str, path: str) -> str:
    return f"{relpath}/{path}" if path else relpath


def _store_file(folders: Folders, cache: Cache, value: str, relpath: str) -> bool:
    """Store a file if it is the object; return whether it was."""
    place, _, name = relpath.rpartition("/")
    try:
        folder = folders.open(place, create=False)
        if folder is None or cache.hash_file(folder, name)[0] != value:
            return False
        entry, _ = cache.store_file(folder, name, how=REFLINK if os.name != "nt" else COPY)
    except (OSError, NotAFolderError, ChangingFileError, NotRegularFileError):
        return False
    return entry[0] == value


# -- remotes ----------------------------------------------------------------------------------


def _from_remote(
    project: Project,
    name: str,
    lacking: set[Object],
    healed: Healed,
    progress: Progress,
    jobs: int | None,
) -> None:
    remote = remotes.opened(project, name)
    try:
        for algorithm in sorted({algorithm for algorithm, _ in lacking}):
            cache = project.cache(algorithm)
            values = sorted(value for other, value in lacking if other == algorithm)
            got = remote.get_all(cache, values, progress, jobs)
            for value in _without(values, got.missing, got.damaged):
                lacking.discard((algorithm, value))
                healed.sources[algorithm, value] = f"remote '{name}'"
    finally:
        remote.close()


def _without(values: Iterable[str], *others: Iterable[str]) -> list[str]:
    left_out = {value for other in others for value in other}
    return [value for value in values if value not in left_out]
