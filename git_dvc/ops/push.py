"""Sending data to a remote: what of it is lacking there, and what is nowhere.

``look`` decides and changes nothing, ``send`` acts. Both are for one remote; which outputs go to
which remote (``remote:`` of an output, else the default one) is ``by_remote``'s answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from git_dvc import hashing, relpaths
from git_dvc.errors import (
    CorruptObjectError,
    FormatError,
    GitDvcError,
    MissingObjectError,
    quoted,
)
from git_dvc.formats.manifest import Manifest
from git_dvc.progress import Progress
from git_dvc.project import Project
from git_dvc.remote import transfer
from git_dvc.remote.base import Remote
from git_dvc.store.cache import Cache
from git_dvc.tracked import TrackedOut

Object = tuple[str, str]
"""Name of the hash algorithm, and hash."""

Named = dict[Object, list[tuple[str, str]]]
"""By object: the outputs that are this, as (path from the top, commit or '')."""


def by_remote(
    project: Project, found: Iterable[tuple[TrackedOut, str]], default: str | None
) -> dict[str | None, Named]:
    """Return what is to be on each remote; None for data that has no remote.

    Left out are outputs that stay here (``push: false``), those of other repositories, which
    keep their data, and those whose hash is not known.

    Args:
        project: The project.
        found: Outputs, with the commit that names them.
        default: The remote of outputs that do not name one.
    """
    wanted: dict[str | None, Named] = {}
    for item, commit in found:
        if item.out.hash is None or not item.out.push or item.from_repo:
            continue
        remote = item.out.remote.lower() if item.out.remote else default
        whole = (item.out.hash_name, item.out.hash)
        places = wanted.setdefault(remote, {}).setdefault(whole, [])
        places.append((project.git_path(item.relpath), commit))
    return wanted


class Look(NamedTuple):
    """What a remote lacks of what it should have.

    Attributes:
        plans: What to do, by hash algorithm.
        missing: Paths of the data that neither side has, with the commit that names it;
            directories whose manifest is nowhere end in '/'.
        known: All outputs that will be on the remote once the plans are carried out.
    """

    plans: dict[str, transfer.Plan]
    missing: list[tuple[str, str]]
    known: list[Object]

    @property
    def is_done(self) -> bool:
        """Whether the remote has all of it already."""
        return all(plan.is_done for plan in self.plans.values())


class _Listings(Mapping[str, "Collection[str] | None"]):
    """The files of directories by hash, read from the cache each time: they may be large."""

    def __init__(self, cache: Cache, values: Iterable[str]) -> None:
        self._cache = cache
        self._values = dict.fromkeys(values)
        self.unknown: set[str] = set()

    def manifest(self, value: str) -> Manifest | None:
        """Return a manifest, or None if the cache has none that can be used."""
        if value in self.unknown:
            return None
        try:
            return self._cache.read_manifest(value)
        except (MissingObjectError, CorruptObjectError, FormatError):
            self.unknown.add(value)
            return None

    def __contains__(self, value: object) -> bool:
        return value in self._values

    def __getitem__(self, value: str) -> Collection[str] | None:
        if value not in self._values:
            raise KeyError(value)
        listing = self.manifest(value)
        return None if listing is None else listing.values()

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def look(project: Project, remote: Remote, wanted: Named, progress: Progress) -> Look:
    """Return what is to be sent so that a remote has everything that is wanted.

    A directory whose manifest is not in the cache, but on the remote, counts as whole there.

    Args:
        project: The project.
        remote: Where the data should be.
        wanted: The outputs.
        progress: Told of the work.
    """
    plans: dict[str, transfer.Plan] = {}
    missing: list[tuple[str, str]] = []
    lost: set[Object] = set()
    for name in sorted({algorithm for algorithm, _ in wanted}):
        cache = project.cache(name)
        values = [value for algorithm, value in wanted if algorithm == name]
        folders = [
            value for value in values if hashing.is_dir(value) and not remote.is_whole(name, value)
        ]
        listings = _Listings(cache, folders)
        files = {value for value in values if not hashing.is_dir(value)}
        progress.start(f"Checking {remote.name}", len(folders))
        for value in folders:
            files.update(listings[value] or ())
            progress.advance(1)
        progress.finish()
        lacking = remote.lacks(name, files.union(folders), cache.size)
        gone = cache.lacks(lacking) | (lacking & listings.unknown)
        if not lacking:
            remote.remember_whole(name, set(folders) - listings.unknown)
        found = transfer.plan(files, listings, lacking, gone)
        plans[name] = found
        if found.missing:
            bad = {*found.missing, *found.held_back}
            for value in values:
                places = _places(listings, value, wanted[name, value], bad)
                if places:
                    lost.add((name, value))
                    missing += places
    known = [whole for whole in wanted if whole not in lost]
    return Look(plans, missing, known)


def _places(
    listings: _Listings, value: str, places: list[tuple[str, str]], bad: Collection[str]
) -> list[tuple[str, str]]:
    """Return the paths of an output that are among the bad objects."""
    path, commit = places[0]
    if value not in listings:
        return [(path, commit)] if value in bad else []
    listing = listings.manifest(value)
    if listing is None:
        return [(f"{path}/", commit)] if value in bad else []
    return [
        (relpaths.join(path, name), commit) for name, member in listing.items() if member in bad
    ]


def send(project: Project, remote: Remote, found: Look, progress: Progress) -> transfer.Sent:
    """Carry out what ``look`` found, and remember what the remote has now."""
    files, size_bytes, damaged = 0, 0, []
    for name, todo in found.plans.items():
        if todo.files or todo.manifests:
            sent = transfer.send(project.cache(name), remote, todo, progress)
            files += sent.files
            size_bytes += sent.size_bytes
            damaged += sent.damaged
    if not damaged:
        remote.memory.add(found.known)
    return transfer.Sent(files, size_bytes, damaged)


def damaged(project: Project, found: Look, values: Collection[str]) -> GitDvcError:
    """Return the error for objects of the cache that turned out to be damaged; sets them aside."""
    details = []
    for name, todo in found.plans.items():
        cache = project.cache(name)
        for value in sorted({*values} & {*todo.files, *todo.manifests}):
            place = cache.quarantine(value) if cache.has(value) else "gone from the cache"
            details.append(f"  {value}: {quoted(place)}")
    return GitDvcError(
        "objects in the cache are damaged, so they were not sent:",
        details=details,
        hint="see which files need them with 'git dvc fsck'",
    )
