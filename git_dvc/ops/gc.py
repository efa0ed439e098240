"""``git dvc gc``: delete the objects that nothing names any more.

In this order, under the locks of all work trees that use the cache:

1. List the cache, and the remotes that are to be cleaned (``marks.py``).
2. Mark what the scope and the keepers name (``keepers.py``). A pointer file, a ref or a list
   of files that cannot be read ends it here: nothing is deleted.
3. Mark what is too young, with all that a young list of files names. The same marks tell which
   damaged objects that were set aside may go (``aside.py``).
4. Say what goes, and who would miss it.
5. Delete: lists of files first, so that one that is there always means a whole directory.

What was stored after step 1 is in no list, so it stays.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from git_dvc import fsutil, hashing
from git_dvc.errors import (
    CannotCollectError,
    CorruptObjectError,
    FormatError,
    GitDvcError,
    MissingObjectError,
    NotInGitError,
)
from git_dvc.formats import manifest as manifests
from git_dvc.git.trees import Trees
from git_dvc.ops import aside, keepers, named, remotes
from git_dvc.ops.aside import Aside, Damaged
from git_dvc.ops.keepers import KEEPERS, OTHERS, SCOPE, Place, References, Scope, WorkTree
from git_dvc.ops.marks import UNMARKED, YOUNG, Inventory, Listed, number_of
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.remote.base import Memory, Remote, Stored
from git_dvc.store.cache import Cache
from git_dvc.workspace import links

DEFAULT_GRACE_DAYS = 14
YOUNG_KEEPER = "young"
_DAY_S = 24 * 3600
_LARGE_BYTES = 64 * 1024**2
_REASONS = (SCOPE, *KEEPERS, YOUNG_KEEPER)
_GRACE = _REASONS.index(YOUNG_KEEPER) + 1


class Request(NamedTuple):
    """What is to be cleaned, and what must stay.

    Attributes:
        scope: The commits that count, beside the work tree.
        drop: Those of ``KEEPERS`` that do not count.
        cutoff_s: What was written since then stays, in seconds since the epoch; None for the
            setting ``dvc.gcGraceDays``.
        remotes: Clean the remotes, too.
        remote: Which one; None for the default one.
        not_in_remote: Let also go what the remote has.
        skip_failed: Do without what pointer files in commits name that cannot be read.
        projects: Directories of other projects that use the same cache or remote.
        jobs: How many requests to a remote at a time, at most.
    """

    scope: Scope = Scope()
    drop: frozenset[str] = frozenset()
    cutoff_s: float | None = None
    remotes: bool = False
    remote: str | None = None
    not_in_remote: bool = False
    skip_failed: bool = False
    projects: tuple[str, ...] = ()
    jobs: int | None = None


class Kept(NamedTuple):
    """What stays though the scope does not name it."""

    reason: str
    objects: int
    size_bytes: int


class Loss(NamedTuple):
    """Data of commits that would be gone; what versions share is counted once.

    Attributes:
        path: The output.
        commit: The newest commit with a version of it that loses something.
        versions: How many versions lose something.
        files: Number of objects, without lists of files.
        size_bytes: Their size.
    """

    path: str
    commit: str
    versions: int
    files: int
    size_bytes: int


class Sweep:
    """What is to go from one store.

    Attributes:
        remote: The remote; None for the cache.
        listed: Its objects, by hash algorithm, with their marks.
        kept: What stays for other reasons than the scope.
        losses: What commits would lose.
        unnamed: Number and bytes of files that no commit names.
    """

    def __init__(self, remote: Remote | None, listed: list[Listed]) -> None:
        self.remote = remote
        self.listed = listed
        self.kept: list[Kept] = []
        self.losses: list[Loss] = []
        self.unnamed = (0, 0)

    @property
    def name(self) -> str:
        """The remote's name; '' for the cache."""
        return self.remote.name if self.remote is not None else ""

    def total(self) -> tuple[int, int]:
        """Return number and bytes of the objects that go."""
        return _sum(listed.total(UNMARKED) for listed in self.listed)

    def objects(self) -> Iterator[tuple[str, str]]:
        """Yield algorithm and hash of what goes."""
        for listed in self.listed:
            for value in listed.values(UNMARKED):
                yield listed.algorithm, value


class Plan(NamedTuple):
    """What would be done.

    Attributes:
        sweeps: The cache, then remotes.
        damaged: What goes of the damaged objects that the cache set aside.
        cutoff_s: What was written since then stays.
        unlisted: Directories of keepers whose list of files is not in the cache, so that
            nothing is there to keep of them.
        left_out: Pointer files that cannot be used, and were not counted on request.
        shared: Whether the cache lies outside of the project, where others may use it, too.
    """

    sweeps: list[Sweep]
    damaged: list[Damaged]
    cutoff_s: float
    unlisted: list[Place]
    left_out: list[str]
    shared: bool

    @property
    def is_empty(self) -> bool:
        """Whether nothing goes."""
        return not self.damaged and not any(sweep.total()[0] for sweep in self.sweeps)

    def paths(self, project: Project) -> Iterator[tuple[str, str]]:
        """Yield each object that goes: '' and its path, or the remote's name and its hash."""
        yield from (("", one.path) for one in self.damaged)
        for sweep in self.sweeps:
            for name, value in sweep.objects():
                path = Cache(project.cache_root, hashing.ALGORITHMS[name]).path(value)
                yield sweep.name, value if sweep.name else path


class Done(NamedTuple):
    """What was deleted from one store.

    Attributes:
        name: The remote, '' for the cache.
        objects: How many objects.
        size_bytes: Their size.
        failed: Why, by path, others could not be deleted.
    """

    name: str
    objects: int
    size_bytes: int
    failed: dict[str, str]


class Collection:
    """One garbage collection; ``plan`` it, look, and ``carry_out``. See ``collecting``.

    Args:
        project: The project.
        request: What is asked for.
        progress: Told of the work.
        dry: Only look: nothing is written at all.
    """

    def __init__(self, project: Project, request: Request, progress: Progress, dry: bool) -> None:
        self._project = project
        self._request = request
        self._progress = progress
        self._dry = dry
        self._stack = ExitStack()
        self._others: list[Project] = []
        self._trees: dict[str, list[tuple[WorkTree, Project | None]]] = {}
        self._opened: dict[str, Remote] = {}
        self._now_s = time.time()
        self._caches: list[str] = [project.cache_root]
        self._scratch = ""
        repo = project.repo
        folder = os.path.join(repo.common_dir, "dvc") if repo else project.state_dir
        self.collected = Memory(folder, "collected")
        """Lists of files that were deleted here on purpose: nobody needs to look for them."""

    # -- opening ----------------------------------------------------------------------------

    def __enter__(self) -> Collection:
        try:
            self._open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *about: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back the locks, and close what is open."""
        self._stack.close()

    def _open(self) -> None:
        request = self._request
        if self._project.repo is None and request.scope != Scope():
            raise NotInGitError(self._project.root)
        for path in request.projects:
            self._others.append(self._stack.enter_context(Project.open(path)))
        for other in keepers.neighbours(self._project):
            self._others.append(self._stack.enter_context(other))
        mine = os.path.realpath(self._project.root)
        self._others = [o for o in self._others if os.path.realpath(o.root) != mine]
        self._caches += [other.cache_root for other in self._others]
        everywhere = [self._project, *self._others]
        for project in list(everywhere):
            self._trees[project.root] = found = []
            for tree in keepers.other_work_trees(project.repo) if project.repo else ():
                there = keepers.same_project(project, tree)
                if there is not None:
                    everywhere.append(self._stack.enter_context(there))
                found.append((tree, there))
        if not self._dry:
            # Always in the same order: two collections never wait for each other.
            by_lock = {os.path.realpath(project.tmp_dir): project for project in everywhere}
            for _, project in sorted(by_lock.items()):
                self._stack.enter_context(project.lock(self._progress))
            for project in everywhere:
                project.forget_tracked()

    @property
    def skips(self) -> bool:
        """Whether to do without what cannot be read."""
        return self._request.skip_failed

    def _remote(self, name: str | None) -> Remote:
        key = (name or remotes.default(self._project) or "").lower()
        if key not in self._opened:
            remote = remotes.opened(self._project, name)
            self._stack.callback(remote.close)
            self._opened[key] = remote
        return self._opened[key]

    # -- deciding ---------------------------------------------------------------------------

    def plan(self) -> Plan:
        """Return what is to go.

        Raises:
            CannotCollectError: Something that names data cannot be read.
            GitDvcError: A remote, or Git, does not answer.
        """
        project, request = self._project, self._request
        check_cache(project)
        of_others = request.remotes and request.scope != Scope()
        if of_others and project.repo is not None and keepers.is_shallow(project.repo):
            raise CannotCollectError.shallow()
        cutoff_s = self._cutoff()
        sweeps = self._list_stores(cutoff_s)
        set_aside = Aside(project.cache_root, cutoff_s)
        marker = _Marker(self, sweeps, set_aside)
        problems: list[FormatError] = []
        with ExitStack() as stack:
            kept, git_objects = self._mark(marker, problems, stack)
            if problems and not request.skip_failed:
                raise CannotCollectError([problem.message for problem in problems], in_commits=True)
            unlisted = marker.settle()
            marker.mark_young()
            if request.not_in_remote:
                self._let_go_what_is_sent(sweeps[0])
            for sweep in sweeps:
                sweep.kept = list(_kept(sweep))
            if git_objects is not None and any(sweep.total()[0] for sweep in sweeps):
                self._find_losses(sweeps, git_objects, kept)
        left_out = [problem.message for problem in problems]
        damaged = set_aside.leftovers()
        return Plan(sweeps, damaged, cutoff_s, unlisted, left_out, _is_shared(project))

    def _list_stores(self, cutoff_s: float) -> list[Sweep]:
        """List the cache, and the remote that is to be cleaned."""
        progress = self._progress
        progress.start("Listing the cache")
        listed = [
            Listed(name, _stored(self._cache_of(self._project, name), progress), cutoff_s)
            for name in hashing.ALGORITHMS
        ]
        sweeps = [Sweep(None, listed)]
        if self._request.remotes:
            remote = self._remote(self._request.remote)
            progress.start(f"Listing {remote.name}")
            timeless = cutoff_s < self._now_s
            listed = [
                Listed(name, _counted(remote.stored(name), progress), cutoff_s, timeless=timeless)
                for name in hashing.ALGORITHMS
            ]
            sweeps.append(Sweep(remote, listed))
        progress.finish()
        return sweeps

    def _mark(
        self, marker: _Marker, problems: list[FormatError], stack: ExitStack
    ) -> tuple[set[str], Trees | None]:
        """Mark what all projects name.

        Returns:
            The commits of our own project that count, and what reads them.
        """
        wanted = set(KEEPERS) - self._request.drop
        if not self._request.remotes:
            wanted.discard(OTHERS)
        kept: set[str] = set()
        own: Trees | None = None
        self._progress.start("Looking for what is needed")
        for one in [self._project, *self._others]:
            git_objects = stack.enter_context(Trees(one.repo)) if one.repo else None
            found = References(one, self._trees[one.root], marker.keep, git_objects, problems)
            try:
                found.tell(self._request.scope, wanted)
            except FormatError as problem:
                raise CannotCollectError([problem.message]) from problem
            except OSError as problem:
                raise _unreadable(problem) from problem
            if one is self._project:
                kept, own = set(found.kept), git_objects
        self._progress.finish()
        return kept, own

    def _cutoff(self) -> float:
        if self._request.cutoff_s is not None:
            # What is stored from now on stays in any case.
            return min(self._request.cutoff_s, self._now_s)
        days = DEFAULT_GRACE_DAYS
        if self._project.repo is not None:
            days = max(self._project.repo.config_int("dvc.gcGraceDays", days), 0)
        return self._now_s - days * _DAY_S

    def _cache_of(self, project: Project, name: str) -> Cache:
        """Return a cache without memory: what it would remember of its objects takes room."""
        return Cache(project.cache_root, hashing.ALGORITHMS[name])

    def manifest_bytes(self, name: str, value: str) -> bytes | None:
        """Return a list of files from a cache, None if none has it.

        Raises:
            CannotCollectError: It is damaged, or cannot be read.
        """
        for root in dict.fromkeys([*self._caches, *([self._scratch] if self._scratch else [])]):
            cache = Cache(root, hashing.ALGORITHMS[name])
            try:
                return cache.read_manifest_bytes(value)
            except MissingObjectError:
                if _was_set_aside(root, value):
                    raise CannotCollectError(
                        [f"the list of files {value} was found damaged, and set aside"]
                    ) from None
            except CorruptObjectError as problem:
                raise CannotCollectError([problem.message, *problem.details]) from problem
            except OSError as problem:
                raise _unreadable(problem) from problem
        return None

    def fetch_manifests(self, names: Iterable[str | None], lacking: dict[str, list[str]]) -> None:
        """Bring lists of files from remotes, as far as these have them.

        In a dry run, to a place of their own.
        """
        for name in names:
            remote = self._remote(name)
            for algorithm, values in lacking.items():
                wanted = [v for v in values if self.manifest_bytes(algorithm, v) is None]
                if not wanted:
                    continue
                root = self._project.cache_root
                if self._dry:
                    root = self._scratch = self._scratch or self._make_scratch()
                cache = Cache(root, hashing.ALGORITHMS[algorithm])
                remote.get_all(cache, wanted, NoProgress(), self._request.jobs)

    def _make_scratch(self) -> str:
        import tempfile

        folder = tempfile.mkdtemp(prefix="git-dvc-")
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def remotes_with_lists(self, places: Iterable[Place]) -> list[str | None]:
        """Return the names of the remotes that may have the lists of directories."""
        found: list[str | None] = []
        if self._request.remote:
            found.append(self._request.remote)
        elif remotes.default(self._project):
            found.append(None)
        found += sorted({place.remote.lower() for place in places if place.remote})
        return found

    def _let_go_what_is_sent(self, sweep: Sweep) -> None:
        """Unmark what the remote has, too."""
        remote = self._remote(self._request.remote)
        linked = any(links.SYMLINK in one.link_types for one in [self._project, *self._others])
        scope = _REASONS.index(SCOPE) + 1
        for listed in sweep.listed:
            cache = self._cache_of(self._project, listed.algorithm)
            files = list(listed.files.marked())
            folders = [value + hashing.DIR_SUFFIX for value in listed.manifests.marked()]
            if not files and not folders:
                continue
            lacking = remote.lacks(listed.algorithm, [*files, *folders], cache.size)
            hold = {number_of(v) for v in lacking if not hashing.is_dir(v)}
            gone = set(hold)
            hold_folders = set()
            for value in folders:
                members = manifests.numbers(self.manifest_bytes(listed.algorithm, value) or b"[]")
                if value in lacking or not gone.isdisjoint(members):
                    hold.update(members)
                    hold_folders.add(number_of(value))
            if linked:
                # The files in the work tree are links to these.
                hold.update(map(number_of, listed.files.values(scope)))
                hold_folders.update(map(number_of, listed.manifests.values(scope)))
            listed.files.unmark({number_of(v) for v in files} - hold)
            listed.manifests.unmark({number_of(v) for v in folders} - hold_folders)

    def _find_losses(self, sweeps: Sequence[Sweep], trees: Trees, kept: set[str]) -> None:
        repo = self._project.repo
        assert repo is not None  # noqa: S101 - the caller asked
        every = keepers.every_commit(repo)
        if not self._request.not_in_remote:
            every = [commit for commit in every if commit not in kept]
        self._progress.start("Looking for who needs it", len(every))
        found = [_Losses(sweep) for sweep in sweeps]
        skipped: list[FormatError] = []
        last = ""
        for item, commit in named.outs(trees, self._project, every, problems=skipped, hidden=True):
            if commit != last:
                last = commit
                self._progress.advance(1)
            if item.out.hash is None:
                continue
            whole = (item.out.hash_name, item.out.hash)
            members: list[int] | None = None
            if item.is_dir and any(loss.is_new(whole) for loss in found):
                try:
                    data = self.manifest_bytes(*whole)
                    members = manifests.numbers(data) if data is not None else None
                except (GitDvcError, OSError):
                    members = None  # what is already broken cannot be lost
            for loss in found:
                loss.add(whole, self._project.shown(item.shown), commit, members)
        self._progress.finish()
        for loss in found:
            loss.finish()

    # -- acting -----------------------------------------------------------------------------

    def carry_out(self, plan: Plan) -> Iterator[Done]:
        """Delete what is to go, and yield what went from each store; failures are named.

        Raises:
            RemoteError: A remote failed; what was deleted until then is gone, and what is left
                goes next time.
        """
        if plan.damaged:
            lists = [one.value for one in plan.damaged if hashing.is_dir(one.value)]
            self.collected.add((name, value) for name in hashing.ALGORITHMS for value in lists)
            yield Done("", *aside.delete(plan.damaged))
        for sweep in plan.sweeps:
            count, size_bytes = sweep.total()
            if not count:
                continue
            self._progress.start(
                f"Deleting from {sweep.name}" if sweep.name else "Deleting from the cache", count
            )
            try:
                if sweep.remote is None:
                    done = self._delete_here(sweep, plan.cutoff_s)
                else:
                    self._delete_there(sweep.remote, sweep)
                    done = Done(sweep.name, count, size_bytes, {})
            finally:
                self._progress.finish()
            yield done

    def _delete_here(self, sweep: Sweep, cutoff_s: float) -> Done:
        count = size_bytes = 0
        failed: dict[str, str] = {}
        spare = self._request.not_in_remote
        for listed in sweep.listed:
            cache = self._cache_of(self._project, listed.algorithm)
            folders = [value + hashing.DIR_SUFFIX for value in listed.manifests.values(UNMARKED)]
            self.collected.add((listed.algorithm, value) for value in folders)
            for part in (folders, listed.files.values(UNMARKED)):
                for value in part:
                    path = cache.path(value)
                    try:
                        found = os.lstat(path)
                        if _written_s(found) >= (self._now_s if spare else cutoff_s):
                            continue  # stored anew since we looked
                        (fsutil.unlink_large if found.st_size > _LARGE_BYTES else os.unlink)(path)
                    except FileNotFoundError:
                        continue
                    except OSError as problem:
                        failed[path] = (problem.strerror or str(problem)).lower()
                        continue
                    count += 1
                    size_bytes += found.st_size
                    self._progress.advance(1)
                if failed:
                    break  # a list that stays needs its files
                if part is folders and folders and count:
                    fsutil.sync_filesystem(cache.root)
        return Done("", count, size_bytes, failed)

    def _delete_there(self, remote: Remote, sweep: Sweep) -> None:
        for listed in sweep.listed:
            gone = [value + hashing.DIR_SUFFIX for value in listed.manifests.values(UNMARKED)]
            files = list(listed.files.values(UNMARKED))
            remote.memory.forget((listed.algorithm, value) for value in [*gone, *files])
            if gone:
                remote.delete(listed.algorithm, gone, self._progress)
            if files:
                remote.delete(listed.algorithm, files, self._progress)


@contextmanager
def collecting(
    project: Project, request: Request, *, progress: Progress | None = None, dry: bool = False
) -> Iterator[Collection]:
    """Give a garbage collection, with everything locked that could add data meanwhile.

    Args:
        project: The project.
        request: What is asked for.
        progress: Told of the work.
        dry: Only look; nothing is locked, and nothing written.
    """
    with Collection(project, request, progress or NoProgress(), dry) as found:
        yield found


def check_cache(project: Project) -> None:
    """Refuse to delete in a place outside of the project that a commit chose (S8).

    Raises:
        CannotCollectError: The user did not agree to it.
    """
    found = project.config.find(("cache",), "dir")
    if found is None or found[1].level != "project" or not _is_shared(project):
        return
    root = project.cache_root
    if project.repo is None or root in project.repo.config_all("dvc.safeCacheDir"):
        return
    raise CannotCollectError.foreign_cache(root)


def _is_shared(project: Project) -> bool:
    own = (project.main_root + os.sep, project.root + os.sep)
    return not project.cache_root.startswith(own)


def _stored(cache: Cache, progress: Progress) -> Iterator[Stored]:
    """Yield the objects of a cache; what is no plain file is none."""
    for value in cache.all_hashes():
        found = fsutil.lstat(cache.path(value))
        if found is not None and stat.S_ISREG(found.st_mode):
            progress.advance(1)
            yield Stored(value, found.st_size, _written_s(found))


def _written_s(found: os.stat_result) -> float:
    """Return when a file became an object, or later: a hard link has its own, old mtime."""
    return max(found.st_mtime, found.st_ctime)


def _counted(found: Iterable[Stored], progress: Progress) -> Iterator[Stored]:
    for stored in found:
        progress.advance(1)
        yield stored


def _was_set_aside(root: str, value: str) -> bool:
    try:
        names = os.listdir(os.path.join(root, "corrupt"))
    except OSError:
        return False
    return any(name.startswith(f"{value}.") for name in names)


def _unreadable(problem: OSError) -> CannotCollectError:
    why = (problem.strerror or str(problem)).lower()
    return CannotCollectError([f"{problem.filename}: {why}" if problem.filename else why])


def _sum(pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    count = size_bytes = 0
    for one, other in pairs:
        count += one
        size_bytes += other
    return count, size_bytes


def _kept(sweep: Sweep) -> Iterator[Kept]:
    for number, reason in enumerate(_REASONS, start=1):
        if reason == SCOPE:
            continue
        marks = (number, YOUNG) if reason == YOUNG_KEEPER else (number,)
        objects, size_bytes = _sum(listed.total(mark) for listed in sweep.listed for mark in marks)
        if objects:
            yield Kept(reason, objects, size_bytes)


class _Marker:
    """Marks in all stores what the references name.

    Args:
        collection: Reads lists of files.
        sweeps: The stores.
        set_aside: What the cache has of damaged objects.
    """

    def __init__(self, collection: Collection, sweeps: Sequence[Sweep], set_aside: Aside) -> None:
        self._collection = collection
        self._sweeps = sweeps
        self._listed = [*(one for sweep in sweeps for one in sweep.listed), *set_aside.listed]
        self._seen: set[tuple[str, str]] = set()
        self._unlisted: dict[tuple[str, str], tuple[int, Place]] = {}

    def _inventories(self, algorithm: str, *, folders: bool) -> Iterator[Inventory]:
        for listed in self._listed:
            if listed.algorithm == algorithm:
                yield listed.manifests if folders else listed.files

    def keep(self, reason: str, algorithm: str, value: str, place: Place) -> None:
        """Mark an object, and what it lists; what cannot be listed is noted."""
        whole = (algorithm, value)
        if algorithm not in hashing.ALGORITHMS:
            return
        if whole in self._seen:
            if whole in self._unlisted and place.sure and not self._unlisted[whole][1].sure:
                self._unlisted[whole] = (self._unlisted[whole][0], place)
            return
        self._seen.add(whole)
        number = _REASONS.index(reason) + 1
        is_dir = hashing.is_dir(value)
        for inventory in self._inventories(algorithm, folders=is_dir):
            inventory.mark([number_of(value)], number)
        if is_dir and not self._mark_members(number, algorithm, value):
            self._unlisted[whole] = (number, place)

    def _mark_members(self, number: int, algorithm: str, value: str) -> bool:
        data = self._collection.manifest_bytes(algorithm, value)
        if data is None:
            return False
        try:
            members = manifests.numbers(data)
        except FormatError as problem:
            raise CannotCollectError([f"{value}: {problem.message}"]) from problem
        for inventory in self._inventories(algorithm, folders=False):
            inventory.mark(members, number)
        return True

    def settle(self) -> list[Place]:
        """Look on the remotes for the lists of files that no cache has.

        Returns:
            Directories of keepers whose lists are nowhere: there is nothing to keep of them.

        Raises:
            CannotCollectError: A list that the scope needs is nowhere.
        """
        scope = _REASONS.index(SCOPE) + 1
        cleans = len(self._sweeps) > 1
        needed = {
            whole: place
            for whole, (number, place) in self._unlisted.items()
            if cleans or (number == scope and place.sure)
        }
        trouble: GitDvcError | None = None
        if needed:
            lacking: dict[str, list[str]] = {}
            for algorithm, value in needed:
                lacking.setdefault(algorithm, []).append(value)
            for name in self._collection.remotes_with_lists(needed.values()):
                try:
                    self._collection.fetch_manifests([name], lacking)
                except GitDvcError as problem:
                    trouble = problem
                    if cleans:
                        raise
        nowhere: list[Place] = []
        still: list[Place] = []
        for (algorithm, value), (number, place) in self._unlisted.items():
            if self._mark_members(number, algorithm, value):
                continue
            if (algorithm, value) in self._collection.collected.seen:
                continue  # dropped on purpose
            (still if number == scope and place.sure else nowhere).append(place)
        if still and not self._collection.skips:
            raise CannotCollectError.no_lists([p[:2] for p in still], trouble)
        return [place for place in [*nowhere, *still] if place.sure]

    def mark_young(self) -> None:
        """Keep what young lists of files name: such a list means a whole directory."""
        for sweep in self._sweeps:
            for listed in sweep.listed:
                for value in list(listed.manifests.values(YOUNG)):
                    whole = value + hashing.DIR_SUFFIX
                    data = self._young_bytes(sweep, listed.algorithm, whole)
                    if data is not None:
                        listed.files.mark(manifests.numbers(data), _GRACE)

    def _young_bytes(self, sweep: Sweep, algorithm: str, value: str) -> bytes | None:
        try:
            data = self._collection.manifest_bytes(algorithm, value)
            if data is None and sweep.remote is not None:
                data = b"".join(sweep.remote.read(algorithm, value))
                digest = hashing.of_bytes(data, hashing.ALGORITHMS[algorithm])
                if digest + hashing.DIR_SUFFIX != value:
                    return None  # damaged: nobody can use it
            if data is not None:
                manifests.numbers(data)
        except (CannotCollectError, FormatError, MissingObjectError):
            return None
        return data


class _Losses:
    """Collects what commits would lose of one store.

    Args:
        sweep: The store.
    """

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._by_name = {listed.algorithm: listed for listed in sweep.listed}
        self._seen: set[tuple[str, str]] = set()
        self._found: dict[str, Loss] = {}

    def is_new(self, whole: tuple[str, str]) -> bool:
        """Return whether an output was not added yet."""
        return whole not in self._seen

    def add(
        self, whole: tuple[str, str], path: str, commit: str, members: list[int] | None
    ) -> None:
        """Add an output of a commit; ``members`` are the files of a directory, if known."""
        if whole in self._seen:
            return
        self._seen.add(whole)
        algorithm, value = whole
        listed = self._by_name.get(algorithm)
        if listed is None:
            return
        if hashing.is_dir(value):
            count, size_bytes = listed.files.claim(members or ())
            goes = listed.manifests.mark_of(value) == UNMARKED
        else:
            count, size_bytes = listed.files.claim([number_of(value)])
            goes = listed.files.mark_of(value) == UNMARKED
        if not count and not goes:
            return
        before = self._found.get(path) or Loss(path, commit, 0, 0, 0)
        self._found[path] = before._replace(
            versions=before.versions + 1,
            files=before.files + count,
            size_bytes=before.size_bytes + size_bytes,
        )

    def finish(self) -> None:
        """Store the result."""
        self._sweep.losses = sorted(self._found.values(), key=lambda loss: -loss.size_bytes)
        every = _sum(listed.files.total(UNMARKED) for listed in self._sweep.listed)
        claimed = _sum(listed.files.claimed() for listed in self._sweep.listed)
        self._sweep.unnamed = every[0] - claimed[0], every[1] - claimed[1]
