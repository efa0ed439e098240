"""``status -c``: the cache compared with the remotes, path by path.

What counts is what a push would send and a fetch would bring: each output is compared with the
remote that it goes to. Nothing is stored but our own notes; a directory's list of files that only
the remote has is read there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from git_dvc import hashing
from git_dvc.errors import FormatError, UnknownTargetError
from git_dvc.ops import push, remotes
from git_dvc.ops.listings import Listings
from git_dvc.ops.select import Selected
from git_dvc.ops.wanted import EVERYTHING, Asked, Wanted
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.remote.base import Remote
from git_dvc.tracked import TrackedOut

NEW, DELETED, MISSING = "new", "deleted", "missing"
"""Only in the cache; only on the remote; in neither."""


class Difference(NamedTuple):
    """A file, or a directory's list of files, that is not in both.

    Attributes:
        path: As it is shown.
        state: NEW, DELETED or MISSING.
        remote: Where it belongs.
        commit: The newest commit that names it; '' for the work tree.
    """

    path: str
    state: str
    remote: str
    commit: str


class CloudStatus(NamedTuple):
    """The report.

    Attributes:
        remotes: Names of the remotes that were compared with.
        differences: Sorted by path.
        problems: Pointer files that cannot be used.
    """

    remotes: list[str]
    differences: list[Difference]
    problems: list[FormatError]

    @property
    def is_clean(self) -> bool:
        """Whether cache and remotes have the same."""
        return not self.differences and not self.problems

    def to_json(self) -> dict[str, str]:
        """Return state by path, DVC's shape; of several revisions the worst is told."""
        order = (DELETED, NEW, MISSING)
        found = sorted(self.differences, key=lambda one: (one.path, order.index(one.state)))
        return {one.path: one.state for one in found}


def cloud_status(
    project: Project, asked: Asked = EVERYTHING, progress: Progress | None = None
) -> CloudStatus:
    """Compare the cache with the remotes that data goes to.

    Args:
        project: The project.
        asked: What to compare; with a remote: with that one.
        progress: Told of the work.

    Raises:
        UnknownTargetError: A target names nothing that is tracked.
        RemoteError: A remote cannot be used.
    """
    watch = progress or NoProgress()
    problems: list[FormatError] = []
    names = []
    found: set[Difference] = set()
    for name, wanted in push.destinations(project, asked, problems):
        remote = remotes.opened(project, name)
        names.append(name)
        found.update(_compare(project, remote, wanted, watch))
    chosen = asked.remote or remotes.default(project)
    if not names and chosen is None:
        raise remotes.no_default(project)
    if not names and chosen is not None:
        names = [remotes.about(project, chosen).name]  # nothing is to be on it
    return CloudStatus(names, sorted(found), problems)


def _compare(
    project: Project, remote: Remote, wanted: Wanted, progress: Progress
) -> Iterator[Difference]:
    for name in sorted({algorithm for algorithm, _ in wanted}):
        cache = project.cache(name)
        mine = push.of_algorithm(wanted, name)
        whole = remote.wholes(name, filter(hashing.is_dir, mine))
        listings = Listings(cache, mine, remote)
        for path in listings.unmatched():
            raise UnknownTargetError(path)
        here: set[str] = set()
        there: set[str] = set()
        progress.start(f"Checking {remote.name}", len(mine))
        for value in mine:
            here.add(value)
            members = (listings[value] or ()) if hashing.is_dir(value) else ()
            here.update(members)
            if value not in whole:
                there.add(value)
                there.update(members)
            progress.advance(1)
        progress.finish()
        not_here = cache.lacks(here)
        not_there = remote.lacks(name, there, cache.size)
        if not not_there:
            folders = set(filter(hashing.is_dir, mine))
            remote.remember_whole(name, folders - listings.unknown)
            remote.memory.add((name, value) for value in mine if value not in listings.unknown)
        states = dict.fromkeys(not_there, NEW)
        states.update((v, MISSING if v in not_there else DELETED) for v in not_here)
        for value in mine if states else ():
            for path, commit, member in listings.paths(value, states):
                yield Difference(path, states[member], remote.name, commit)


def lacking(
    project: Project,
    items: Iterable[TrackedOut],
    remote: str | None,
    *,
    refresh: bool,
    progress: Progress,
) -> set[str]:
    """Return the paths, relative to the project, of what remotes lack of outputs.

    Args:
        project: The project.
        items: The outputs.
        remote: Name of the remote; None for those that the outputs go to.
        refresh: Ask the remotes; else go by what they were seen to have, output by output.
        progress: Told of the work.

    Raises:
        RemoteError: A remote cannot be used.
    """
    found: set[str] = set()
    chosen = ((Selected(item), "") for item in items)
    for name, wanted in push.routed(project, chosen, remote, str):
        if refresh:
            differences = _compare(project, remotes.opened(project, name), wanted, progress)
            found.update(one.path for one in differences if one.state != DELETED)
            continue
        seen = remotes.closed(project, name).memory.seen
        found.update(
            place.path for whole, places in wanted.items() if whole not in seen for place in places
        )
    return found
