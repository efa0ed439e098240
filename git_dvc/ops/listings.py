"""The files of directories, by hash: from the cache, or from a remote if the cache lacks them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from git_dvc import hashing, relpaths
from git_dvc.errors import CorruptObjectError, FormatError, MissingObjectError
from git_dvc.formats import manifest as manifests
from git_dvc.formats.manifest import Manifest
from git_dvc.ops.wanted import Place
from git_dvc.remote.base import Remote
from git_dvc.store.cache import Cache


class Listings(Mapping[str, "Collection[str] | None"]):
    """The files of directories by hash, read each time: they may be large.

    Args:
        cache: Where the manifests are.
        places: The directories that are wanted, with what of them; files among them do no harm.
        remote: Who is asked for manifests that the cache lacks; nothing of it is stored.
    """

    def __init__(
        self, cache: Cache, places: Mapping[str, list[Place]], remote: Remote | None = None
    ) -> None:
        self._cache = cache
        self._places = places
        self._remote = remote
        self.unknown: set[str] = set()

    def manifest(self, value: str) -> Manifest | None:
        """Return what is wanted of a directory; None if its manifest cannot be used."""
        if value in self.unknown:
            return None
        listing = self._read(value)
        if listing is None:
            self.unknown.add(value)
            return None
        places = self._places[value]
        if not all(place.inner for place in places):
            return listing
        inner = [path for place in places for path in place.inner]
        return {
            name: member
            for name, member in listing.items()
            if any(relpaths.inside(name, path) for path in inner)
        }

    def unmatched(self) -> list[str]:
        """Return the paths inside directories that were asked for and that no version has."""
        asked: set[str] = set()
        found: set[str] = set()
        for value, places in self._places.items():
            inner = [(place.path, path) for place in places for path in place.inner]
            listing = self._read(value) if inner else None
            for folder, path in inner:
                whole = relpaths.join(folder, path)
                asked.add(whole)
                if listing is None or any(relpaths.inside(name, path) for name in listing):
                    found.add(whole)
        return sorted(asked - found)

    def _read(self, value: str) -> Manifest | None:
        try:
            return self._cache.read_manifest(value)
        except (MissingObjectError, CorruptObjectError, FormatError):
            if self._remote is None:
                return None
        return remote_manifest(self._remote, self._cache.algorithm, value)

    def __contains__(self, value: object) -> bool:
        return value in self._places

    def __getitem__(self, value: str) -> Collection[str] | None:
        if value not in self._places:
            raise KeyError(value)
        listing = self.manifest(value)
        return None if listing is None else listing.values()

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def paths(self, value: str, bad: Collection[str]) -> Iterator[tuple[str, str, str]]:
        """Yield path, commit and hash of what is among the bad objects, at all places of an output.

        A directory counts as itself, too, unless only parts of it are wanted.
        """
        listing = self.manifest(value) if hashing.is_dir(value) else None
        inside = [(name, member) for name, member in (listing or {}).items() if member in bad]
        for place in self._places[value]:
            if value in bad and not place.inner:
                yield place.path, place.commit, value
            for name, member in inside:
                if not place.inner or any(relpaths.inside(name, path) for path in place.inner):
                    yield relpaths.join(place.path, name), place.commit, member

    def places_of(self, value: str, bad: Collection[str]) -> list[tuple[str, str]]:
        """Return path and commit of what an output has among the bad objects."""
        place = self._places[value][0]
        if not hashing.is_dir(value):
            return [(place.path, place.commit)] if value in bad else []
        listing = self.manifest(value)
        if listing is None:
            return [(f"{place.path}/", place.commit)]
        names = [name for name, member in listing.items() if member in bad]
        return [(relpaths.join(place.path, name), place.commit) for name in names]


def remote_manifest(remote: Remote, algorithm: hashing.Algorithm, value: str) -> Manifest | None:
    """Return a manifest that a remote has, checked; None if it has none that can be used.

    Raises:
        RemoteError: The remote failed.
    """
    hasher = algorithm.new()
    pieces = []
    size = 0
    try:
        for piece in remote.read(algorithm.name, value):
            size += len(piece)
            if size > manifests.MOST_BYTES:
                return None
            hasher.update(piece)
            pieces.append(piece)
        if hasher.hexdigest() + hashing.DIR_SUFFIX != value:
            return None
        return manifests.parse(b"".join(pieces))
    except (MissingObjectError, FormatError):
        return None
