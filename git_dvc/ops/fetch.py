"""Bringing data from remotes into the cache, checked on the way.

Manifests come first, to know the files of directories; then the files. Every object is hashed
while it is stored, so what a remote has wrong never gets a name here.

Data that is never sent (``push: false``) is brought if a remote has it all the same; that it is
not there is no error.
"""

from __future__ import annotations

from collections.abc import Sequence

from git_dvc import hashing
from git_dvc.errors import (
    MOST_PATHS,
    FormatError,
    GitDvcError,
    RemoteError,
    UnknownTargetError,
    quoted,
)
from git_dvc.ops import remotes
from git_dvc.ops import wanted as wanting
from git_dvc.ops.listings import Listings
from git_dvc.ops.push import Moved, merged, of_algorithm
from git_dvc.ops.wanted import EVERYTHING, Asked, Object, Place, Wanted
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.remote.base import Remote
from git_dvc.store.cache import Cache


def fetch(
    project: Project,
    asked: Asked = EVERYTHING,
    progress: Progress | None = None,
    problems: list[FormatError] | None = None,
) -> list[Moved]:
    """Bring data into the cache.

    A remote is asked only if something is not in the cache.

    Args:
        project: The project.
        asked: What to bring. With a remote: from there, whatever remote the data names; else
            from its own, or the default one.
        progress: Told of the work.
        problems: Gets the pointer files that cannot be used.

    Returns:
        What came from each remote; data without a remote is in one named ''.

    Raises:
        UnknownTargetError: A target names nothing that is tracked.
        RemoteError: A remote cannot be used; what came before stays.
    """
    watch = progress or NoProgress()
    if asked.remote:
        remotes.about(project, asked.remote)
    found = list(wanting.asked_for(project, asked, problems))
    default = asked.remote or remotes.default(project)
    every = wanting.by_remote(found, default, project.shown, staying=True)
    if asked.remote:
        together: Wanted = {}
        for wanted in every.values():
            for whole, places in wanted.items():
                together.setdefault(whole, []).extend(places)
        every = {asked.remote.lower(): together} if together else {}
    moved = [
        fetch_from(project, name, every[name], watch, asked.jobs)
        for name in sorted(every, key=lambda name: name or "")
    ]
    if any(chosen.item.origin for chosen, _ in found):
        from git_dvc.ops import refetch

        moved = refetch.from_addresses(project, found, moved, watch, asked.jobs)
        moved += refetch.from_repositories(project, found, watch, asked.jobs)
    if asked.run_cache:
        where = remotes.opened(project, asked.remote)
        moved = merged(moved, _fetch_runs(project, where, watch, asked.jobs))
    return moved


def _fetch_runs(project: Project, remote: Remote, progress: Progress, jobs: int | None) -> Moved:
    """Bring the run cache: the data that its records name, then the records."""
    from git_dvc.ops import run_cache

    errors: list[GitDvcError] = []
    moved = Moved(remote.name, 0, 0, [], errors)
    try:
        records = run_cache.to_fetch(project, remote, errors)
        got = fetch_from(project, remote.name, records.wanted, progress, jobs)
        moved = got._replace(errors=[*errors, *got.errors])
        for path, data in records.whole(lost(project, records.wanted)):
            run_cache.store(project, path, data)
            moved = moved._replace(files=moved.files + 1, size_bytes=moved.size_bytes + len(data))
    except RemoteError as error:
        errors.append(error)
    return moved


def lost(project: Project, wanted: Wanted) -> set[Object]:
    """Return those of many outputs that the cache does not have whole."""
    lost = set()
    for name, value in wanted:
        cache = project.cache(name)
        listings = Listings(cache, {value: wanted[name, value]})
        members = listings[value] if hashing.is_dir(value) else ()
        if members is None or cache.lacks([value, *members]):
            lost.add((name, value))
    return lost


def fetch_from(
    project: Project, name: str | None, wanted: Wanted, progress: Progress, jobs: int | None
) -> Moved:
    """Bring what the cache lacks of some outputs from one remote; None: data without one.

    Raises:
        RemoteError: It cannot be used; what came before stays.
    """
    remote: Remote | None = None
    files = size_bytes = 0
    missing: list[tuple[str, str]] = []
    named: dict[str, str] = {}
    told: set[str] = set()
    errors: list[GitDvcError] = []
    for algorithm in sorted({algorithm for algorithm, _ in wanted}):
        damaged: list[str] = []
        cache = project.cache(algorithm)
        mine = of_algorithm(wanted, algorithm)
        folders = {value: places for value, places in mine.items() if hashing.is_dir(value)}
        listings = Listings(cache, mine)
        needed = set(mine) - folders.keys()
        for value in folders:
            needed.update(listings[value] or ())
        if listings.unknown and name is not None:
            remote = remote or remotes.opened(project, name)
            fresh = sorted(listings.unknown)
            damaged = _get_manifests(cache, remote, fresh, progress, jobs)
            listings.unknown.clear()
            for value in fresh:
                needed.update(listings[value] or ())
        lacking = cache.lacks(needed)
        bad: set[str] = set(lacking)
        if lacking and name is not None:
            remote = remote or remotes.opened(project, name)
            bad, wrong = _get(cache, remote, sorted(lacking), progress, jobs)
            damaged += wrong
            got = [value for value in lacking if value not in bad]
            files += len(got)
            size_bytes += sum(cache.size(value) or 0 for value in got)
        missing += _places(listings, mine, bad)
        errors += map(UnknownTargetError, listings.unmatched())
        for value in damaged:
            paths = [path for whole in mine for path, _, _ in listings.paths(whole, [value])]
            named.setdefault(value, f"  {quoted(paths[0])}: {value}" if paths else f"  {value}")
            told.update(f"{path}/" if hashing.is_dir(value) else path for path in paths)
        if lacking == needed and not bad and not listings.unknown and remote is not None:
            # All of it came from there, so all of it is there.
            remote.memory.add((algorithm, value) for value in mine)
    if named and remote is not None:
        errors.append(
            GitDvcError(
                f"remote '{remote.name}' has damaged objects, which were not taken:",
                details=list(named.values())[:MOST_PATHS],
                hint="send them again from a clone that has them: 'git dvc push'",
            )
        )
    return Moved(name or "", files, size_bytes, missing, errors, damaged=frozenset(told))


def _places(
    listings: Listings, mine: dict[str, list[Place]], bad: set[str]
) -> list[tuple[str, str]]:
    if not bad and not listings.unknown:
        return []
    expected = (value for value, places in mine.items() if not all(p.stays for p in places))
    return [place for value in expected for place in listings.places_of(value, bad)]


def _get(
    cache: Cache, remote: Remote, values: Sequence[str], progress: Progress, jobs: int | None
) -> tuple[set[str], list[str]]:
    """Fetch files; return those that did not come, and which of these are damaged there."""
    progress.start(f"Fetching from {remote.name}", len(values))
    try:
        got = remote.get_all(cache, values, progress, jobs)
    finally:
        progress.finish()
    return {*got.missing, *got.damaged}, got.damaged


def _get_manifests(
    cache: Cache, remote: Remote, values: Sequence[str], progress: Progress, jobs: int | None
) -> list[str]:
    """Fetch manifests; return those that are damaged. What is missing is seen later."""
    progress.start(f"Looking at {remote.name}", len(values))
    try:
        return remote.get_all(cache, values, progress, jobs).damaged
    finally:
        progress.finish()
