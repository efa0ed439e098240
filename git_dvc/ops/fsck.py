"""``git dvc fsck``: read every object of the cache, and say who needs the bad ones.

An object whose content does not hash to its name is moved to ``corrupt`` in the cache, so
that it can be fetched or added again. Then the pointer files of the work tree, of HEAD and of
every branch and tag are searched for what is damaged or, in the work tree, missing.

With ``repair``, objects come back from wherever the bytes are (``repair.py``). What a remote
has is checked by ``remote_fsck.py``.

No lock is taken: objects never change under their names, and setting one aside is one
rename. Memory stays flat: objects are read shard by shard, manifests one at a time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from git_dvc import hashing, relpaths
from git_dvc.errors import CorruptObjectError, FormatError, GitDvcError, MissingObjectError
from git_dvc.formats import manifest as manifests
from git_dvc.git.trees import Trees
from git_dvc.ops.select import Selected, select
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.store.cache import Cache
from git_dvc.tracked import STAGES_FILE, TrackedOut, collect, is_pointer

DAMAGED, MISSING = "damaged", "missing"

Object = tuple[str, str]
"""Algorithm and hash of an object."""

_FEW = 32


class Need(NamedTuple):
    """A tracked path whose content is not right in the cache.

    Attributes:
        path: Relative to the project; a directory's own listing ends in '/'.
        hash: The object.
        algorithm: What its hash was made with.
        state: DAMAGED or MISSING.
        revs: Where the path needs it: ``work tree``, ``HEAD``, branches and tags.
    """

    path: str
    hash: str
    algorithm: str
    state: str
    revs: tuple[str, ...]


class Result:
    """What was found.

    Attributes:
        checked: Number of objects that were read.
        size_bytes: Their size.
        damaged: Where each damaged object was moved, or still is if it cannot be moved.
        unreadable: Reason, by path, of objects that could not be read.
        missing: Objects that pointer files of the work tree name and the cache lacks.
        needs: Tracked paths that need a damaged or missing object, sorted by path.
        problems: Pointer files of the work tree that cannot be used.
        healed: Where damaged and missing objects came back from.
        skipped: Number of objects that the sample left out.
        trouble: Why a remote could not be asked for what is bad.
    """

    def __init__(self) -> None:
        self.checked = 0
        self.size_bytes = 0
        self.damaged: dict[Object, str] = {}
        self.unreadable: dict[str, str] = {}
        self.missing: set[Object] = set()
        self.needs: list[Need] = []
        self.problems: list[FormatError] = []
        self.healed: dict[Object, str] = {}
        self.skipped = 0
        self.trouble: list[GitDvcError] = []

    @property
    def bad(self) -> set[Object]:
        """What is damaged or missing and was not healed."""
        return (self.damaged.keys() | self.missing) - self.healed.keys()

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong any more."""
        return not (self.bad or self.unreadable or self.problems)


def fsck(
    project: Project,
    targets: Sequence[str] = (),
    *,
    share: float = 1.0,
    repair: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Result:
    """Check the objects of the cache against their hashes.

    Args:
        project: The project.
        targets: Check only what these name; nothing means every object in the cache.
        share: Read so much of them, from 0 to 1, at random.
        repair: Bring damaged and missing objects back from work trees and remotes.
        jobs: How many requests to a remote at a time, at most.
        progress: Told of each object.

    Raises:
        UnknownTargetError: A target is not tracked.
    """
    watch = progress or NoProgress()
    result = Result()
    selected = select(project, targets)
    watch.start("Checking objects")
    for name, algorithm in hashing.ALGORITHMS.items():
        values = (
            _of_targets(project, name, selected)
            if targets
            else Cache(project.cache_root, algorithm).all_hashes()
        )
        _check(project, name, _sample(values, share, result), result, watch)
    if not targets:
        result.problems += project.tracked.problems
    watch.finish()
    found = _Search(project, result)
    found.search_work_tree(selected)
    if repair:
        found = _repair(project, result, selected, found, jobs, watch)
    if found.wanted and project.repo is not None:
        watch.start("Searching revisions")
        found.search_revisions(watch)
        watch.finish()
    result.needs = found.needs()
    return result


def _sample(values: Iterable[str], share: float, result: Result) -> Iterator[str]:
    import random

    for value in values:
        if share >= 1 or random.random() < share:  # noqa: S311
            yield value
        else:
            result.skipped += 1


def _repair(
    project: Project,
    result: Result,
    selected: Sequence[Selected],
    found: _Search,
    jobs: int | None,
    progress: Progress,
) -> _Search:
    """Heal what is bad, and what turns out to be missing when a list of files is back."""
    from git_dvc.ops import repair

    while result.bad:
        healed = repair.heal(project, result.bad, progress, jobs=jobs)
        result.trouble = healed.trouble
        if not healed.sources:
            break
        result.healed.update(healed.sources)
        found = _Search(project, result)
        found.search_work_tree(selected)
    return found


# -- reading objects --------------------------------------------------------------------------


def _check(
    project: Project, name: str, values: Iterable[str], result: Result, progress: Progress
) -> None:
    for _, shard in groupby(values, key=lambda value: value[:2]):
        # What a cache learns of its objects stays with it, so each shard gets one of its own.
        cache = Cache(project.cache_root, hashing.ALGORITHMS[name], project.state)
        for value in shard:
            try:
                size = cache.size(value)
                cache.verify(value, progress)
            except MissingObjectError:
                continue  # gone since it was listed, or one that only a pointer names
            except CorruptObjectError as problem:
                result.damaged[name, value] = _place(cache, problem)
            except OSError as problem:
                why = (problem.strerror or str(problem)).lower()
                result.unreadable[cache.path(value)] = why
                continue
            else:
                result.size_bytes += size or 0
            result.checked += 1
            progress.advance(1)
        cache.flush()


def _place(cache: Cache, problem: CorruptObjectError) -> str:
    """Return where a damaged object is now."""
    prefix = problem.value + "."
    folder = os.path.join(cache.root, "corrupt")
    if os.path.lexists(cache.path(problem.value)):
        return cache.path(problem.value)
    names = [name for name in os.listdir(folder) if name.startswith(prefix)]
    return os.path.join(folder, max(names)) if names else folder


def _of_targets(project: Project, name: str, selected: Sequence[Selected]) -> Iterator[str]:
    """Yield the objects of outputs, sorted so that shards come together."""
    values: set[str] = set()
    for chosen in selected:
        item = chosen.item
        if item.out.hash is None or item.out.hash_name != name:
            continue
        values.add(item.out.hash)
        if item.is_dir:
            try:
                listing = project.cache(name).read_manifest(item.out.hash)
            except (MissingObjectError, CorruptObjectError, FormatError):
                continue
            values.update(value for path, value in listing.items() if chosen.wants(path))
    yield from sorted(values)


# -- who needs them ---------------------------------------------------------------------------


class _Search:
    """Finds the paths and revisions that need bad objects."""

    def __init__(self, project: Project, result: Result) -> None:
        self._project = project
        self._result = result
        self._found: dict[tuple[str, Object], list[str]] = {}
        self._members: dict[Object, list[tuple[str, str]]] = {}
        self._bad: dict[str, set[str]] = {}
        self._known = 0

    @property
    def wanted(self) -> set[Object]:
        """The objects that are bad, as far as is known."""
        return self._result.bad

    def needs(self) -> list[Need]:
        """Return what was found."""
        return [
            Need(path, value, name, DAMAGED if (name, value) in self._result.damaged else MISSING,
                 tuple(revs))
            for (path, (name, value)), revs in sorted(self._found.items())
        ]  # fmt: skip

    def search_work_tree(self, selected: Sequence[Selected]) -> None:
        """Search what is tracked now, also for objects that are not there at all."""
        for chosen in selected:
            item = chosen.item
            if item.out.hash is not None:
                self._find_missing(chosen, item.out.hash)
        for item in self._project.tracked.outs.values():
            self._note(item, "work tree")

    def _find_missing(self, chosen: Selected, value: str) -> None:
        item = chosen.item
        name = item.out.hash_name
        cache = self._project.cache(name)
        lacking: set[str] = set()
        if not cache.has(value):
            lacking = {value}
        elif item.is_dir:
            try:
                listing = cache.read_manifest(value)
            except CorruptObjectError as problem:  # damaged since it was checked
                self._result.damaged[name, value] = _place(cache, problem)
                return
            except (MissingObjectError, FormatError):
                lacking = {value}
            else:
                lacking = cache.lacks({h for path, h in listing.items() if chosen.wants(path)})
        self._result.missing |= {(name, v) for v in lacking} - self._result.damaged.keys()

    def search_revisions(self, progress: Progress) -> None:
        """Search the pointer files of HEAD and of every branch and tag."""
        repo = self._project.repo
        assert repo is not None  # noqa: S101 - the caller asked
        known: dict[tuple[str, str, str], list[TrackedOut]] = {}
        with Trees(repo) as trees:
            names: dict[str, list[str]] = {}
            head = repo.head()
            if head is not None:
                names[head] = ["HEAD"]
            for ref in [*trees.branches(), *trees.tags()]:
                names.setdefault(ref.commit, []).append(ref.name)
            for commit, revs in names.items():
                for item in self._tracked_at(trees, commit, known):
                    for rev in revs:
                        self._note(item, rev)
                progress.advance(1)

    def _tracked_at(
        self, trees: Trees, commit: str, known: dict[tuple[str, str, str], list[TrackedOut]]
    ) -> Iterator[TrackedOut]:
        """Yield the outputs of a revision; each version of a pointer file is read once."""
        cut = len(self._project.prefix) + 1 if self._project.prefix else 0
        prefix = self._project.prefix + "/" if cut else ""
        sources = {
            path[cut:]: blob
            for path, blob in trees.pointers(commit).items()
            if path.startswith(prefix)
        }
        yaml: dict[str, str] = {}
        if any(not is_pointer(path) for path in sources):
            folders = {path.rpartition("/")[0] for path in sources if not is_pointer(path)}
            places = {prefix + relpaths.join(folder, STAGES_FILE) for folder in folders}
            yaml = {
                path[cut:]: blob
                for path, blob in trees.files(commit, lambda path: path in places).items()
            }
        for path, blob in sources.items():
            beside = "" if is_pointer(path) else relpaths.join(path.rpartition("/")[0], STAGES_FILE)
            key = (path, blob, yaml.get(beside, ""))
            if key not in known:
                blobs = {path: blob, beside: key[2]}
                tracked = collect(
                    [path],
                    lambda name, b=blobs: trees.blob(b[name]) if b.get(name) else None,  # type: ignore[misc]
                )
                known[key] = list(tracked.outs.values())
            yield from known[key]

    def _note(self, item: TrackedOut, rev: str) -> None:
        value, name = item.out.hash, item.out.hash_name
        if value is None:
            return
        for path, bad in self._bad_members((name, value)):
            where = relpaths.join(item.relpath, path) if path else item.shown
            revs = self._found.setdefault((where, (name, bad)), [])
            if rev not in revs:
                revs.append(rev)

    def _bad_members(self, whole: Object) -> list[tuple[str, str]]:
        """Return path inside it and hash of all bad objects of an output."""
        wanted = self.wanted
        if len(wanted) != self._known:
            self._members.clear()
            self._known = len(wanted)
            self._bad = {}
            for algorithm, bad in wanted:
                self._bad.setdefault(algorithm, set()).add(bad)
        if whole in self._members:
            return self._members[whole]
        name, value = whole
        found = [("", value)] if whole in wanted else []
        if not found and hashing.is_dir(value):
            found = self._listed(name, value, self._bad.get(name, set()))
        self._members[whole] = found
        return found

    def _listed(self, name: str, value: str, bad: set[str]) -> list[tuple[str, str]]:
        if not bad:
            return []
        try:
            data = self._project.cache(name).read_manifest_bytes(value)
            if len(bad) <= _FEW and not any(v.encode() in data for v in bad):
                return []
            listing = manifests.parse(data)
        except (MissingObjectError, CorruptObjectError, FormatError):
            return []  # an old version that is not here at all: nothing to say about it
        return [(path, v) for path, v in listing.items() if v in bad]
