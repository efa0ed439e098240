"""Sending data to a remote: what of it is lacking there, and what is nowhere.

``look`` decides and changes nothing, ``send`` acts; both are for one remote. ``push`` is the
command: all remotes that the asked-for data goes to.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from git_dvc import hashing
from git_dvc.errors import (
    FormatError,
    GitDvcError,
    RemoteError,
    UnknownTargetError,
    quoted,
)
from git_dvc.ops import remotes
from git_dvc.ops import wanted as wanting
from git_dvc.ops.listings import Listings
from git_dvc.ops.select import Selected
from git_dvc.ops.wanted import EVERYTHING, Asked, Object, Place, Wanted
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.remote import transfer
from git_dvc.remote.base import Remote


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


def of_algorithm(wanted: Wanted, name: str) -> dict[str, list[Place]]:
    """Return what is wanted of one hash algorithm, by hash."""
    return {value: places for (algorithm, value), places in wanted.items() if algorithm == name}


def look(project: Project, remote: Remote, wanted: Wanted, progress: Progress) -> Look:
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
        mine = of_algorithm(wanted, name)
        whole = remote.wholes(name, filter(hashing.is_dir, mine))
        folders = {
            value: places
            for value, places in mine.items()
            if hashing.is_dir(value) and value not in whole
        }
        # The manifest of a directory of which only a part is wanted must not go yet.
        parts = {v for v, places in folders.items() if all(place.inner for place in places)}
        listings = Listings(cache, folders)
        files = {value for value in mine if not hashing.is_dir(value)}
        progress.start(f"Checking {remote.name}", len(folders))
        for value in folders:
            files.update(listings[value] or ())
            progress.advance(1)
        progress.finish()
        lacking = remote.lacks(name, files.union(folders), cache.size)
        gone = cache.lacks(lacking) | (lacking & listings.unknown)
        lacking -= parts - listings.unknown
        if not lacking:
            remote.remember_whole(name, folders.keys() - listings.unknown - parts)
        found = transfer.plan(files, listings, lacking, gone)
        plans[name] = found
        if found.missing:
            bad = {*found.missing, *found.held_back}
            every = Listings(
                cache, {v: places for v, places in mine.items() if v in folders or v in bad}
            )
            for value in every:
                if value in listings.unknown and value not in bad:
                    continue  # the remote has it, as a whole
                places = every.places_of(value, bad)
                if places:
                    lost.add((name, value))
                    missing += places
    known = [
        whole
        for whole, places in wanted.items()
        if whole not in lost and not all(place.inner for place in places)
    ]
    return Look(plans, missing, known)


def send(
    project: Project, remote: Remote, found: Look, progress: Progress, jobs: int | None = None
) -> transfer.Sent:
    """Carry out what ``look`` found, and remember what the remote has now."""
    files, size_bytes = 0, 0
    damaged: list[str] = []
    for name, todo in found.plans.items():
        if todo.files or todo.manifests:
            sent = transfer.send(project.cache(name), remote, todo, progress, jobs)
            files += sent.files
            size_bytes += sent.size_bytes
            damaged += sent.damaged
    if not damaged:
        remote.memory.add(found.known)
    return transfer.Sent(files, size_bytes, damaged)


def damaged_objects(project: Project, found: Look, values: Collection[str]) -> GitDvcError:
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


class Moved(NamedTuple):
    """What went to or came from one remote.

    Attributes:
        remote: Its name.
        files: Number of files, without manifests.
        size_bytes: Their size.
        missing: Paths of data that is nowhere, with the commit that names it or ''.
        errors: What else went wrong.
        manifests: Number of directories whose lists of files went there.
        damaged: Those of the missing paths that the remote has, but damaged; an error tells so.
    """

    remote: str
    files: int
    size_bytes: int
    missing: list[tuple[str, str]]
    errors: list[GitDvcError]
    manifests: int = 0
    damaged: frozenset[str] = frozenset()


def push(
    project: Project,
    asked: Asked = EVERYTHING,
    progress: Progress | None = None,
    problems: list[FormatError] | None = None,
) -> list[Moved]:
    """Send data to the remotes it belongs to.

    Args:
        project: The project.
        asked: What to send. With a remote: send there; what names another one stays.
        progress: Told of the work.
        problems: Gets the pointer files that cannot be used.

    Returns:
        What went to each remote.

    Raises:
        UnknownTargetError: A target names nothing that is tracked.
        RemoteError: A remote cannot be used; what was sent before stays.
    """
    watch = progress or NoProgress()
    chosen = destinations(project, asked, problems)
    opened = [(remotes.opened(project, name), wanted) for name, wanted in chosen]
    moved = [_push_to(project, where, wanted, watch, asked.jobs) for where, wanted in opened]
    if asked.run_cache:
        where = remotes.opened(project, asked.remote)
        moved = merged(moved, _push_runs(project, where, watch, asked.jobs))
    return moved


def destinations(
    project: Project, asked: Asked, problems: list[FormatError] | None = None
) -> list[tuple[str, Wanted]]:
    """Return what is to be on which remote, by the remotes' names; errors as ``push``."""
    found = wanting.asked_for(project, asked, problems)
    return routed(project, found, asked.remote, project.shown)


def routed(
    project: Project,
    found: Iterable[tuple[Selected, str]],
    remote: str | None,
    shown: Callable[[str], str],
) -> list[tuple[str, Wanted]]:
    """Return outputs by the remote that each goes to, sorted by its name.

    Args:
        project: The project.
        found: Outputs, with the commit that names them or ''.
        remote: Only what goes there, if it is not the default; None for all.
        shown: Turns a relpath into a path as it is shown.

    Raises:
        UnknownRemoteError: There is no such remote.
        ConfigError: Some outputs have no remote.
    """
    default = remote.lower() if remote else remotes.default(project)
    if remote:
        remotes.about(project, remote)
    by_remote = wanting.by_remote(found, default, shown)
    if remote:
        by_remote = {name: wanted for name, wanted in by_remote.items() if name == default}
    if by_remote.pop(None, None):
        raise remotes.no_default(project)
    return [(name, by_remote[name]) for name in sorted(filter(None, by_remote))]


def _push_to(
    project: Project, remote: Remote, wanted: Wanted, progress: Progress, jobs: int | None
) -> Moved:
    found = look(project, remote, wanted, progress)
    sent = send(project, remote, found, progress, jobs)
    errors: list[GitDvcError] = []
    if sent.damaged:
        errors.append(damaged_objects(project, found, sent.damaged))
    for name in sorted({algorithm for algorithm, _ in wanted}):
        listings = Listings(project.cache(name), of_algorithm(wanted, name))
        errors += map(UnknownTargetError, listings.unmatched())
    lists = {value for todo in found.plans.values() for value in todo.manifests}
    count = len(lists - set(sent.damaged))
    return Moved(remote.name, sent.files, sent.size_bytes, found.missing, errors, count)


def _push_runs(project: Project, remote: Remote, progress: Progress, jobs: int | None) -> Moved:
    """Send the run cache: the data that its records name, then the records."""
    from git_dvc.ops import run_cache

    errors: list[GitDvcError] = []
    files = size_bytes = 0
    try:
        records = run_cache.to_push(project, remote, errors)
        found = look(project, remote, records.wanted, progress)
        sent = send(project, remote, found, progress, jobs)
        if sent.damaged:
            errors.append(damaged_objects(project, found, sent.damaged))
        lost = {
            (name, value)
            for name, todo in found.plans.items()
            for value in (*todo.missing, *todo.held_back, *sent.damaged)
        }
        files, size_bytes = sent.files, sent.size_bytes
        for path, data in records.whole(lost):
            remote.write_run_record(path, data)
            files += 1
            size_bytes += len(data)
    except RemoteError as error:
        errors.append(error)
    return Moved(remote.name, files, size_bytes, [], errors)


def merged(moved: Sequence[Moved], more: Moved) -> list[Moved]:
    """Return what was moved with something added that went the same way."""
    found = [one for one in moved if one.remote == more.remote]
    if not found:
        return [*moved, more]
    one = found[0]
    both = Moved(
        one.remote,
        one.files + more.files,
        one.size_bytes + more.size_bytes,
        [*one.missing, *more.missing],
        [*one.errors, *more.errors],
        one.manifests + more.manifests,
        one.damaged | more.damaged,
    )
    return [both if other is one else other for other in moved]


def matching(project: Project, patterns: Iterable[str]) -> list[str]:
    """Return the tracked outputs and pointer files that wildcards match, as targets.

    Raises:
        UnknownTargetError: A pattern matches nothing.
    """
    from fnmatch import fnmatchcase

    names = {item.relpath for item in project.tracked.outs.values()}
    names |= {item.source for item in project.tracked.outs.values() if not item.stage}
    found: list[str] = []
    for pattern in patterns:
        fits = [name for name in sorted(names) if fnmatchcase(project.shown(name), pattern)]
        if not fits:
            raise UnknownTargetError(pattern)
        found += [project.shown(name) for name in fits]
    return found
