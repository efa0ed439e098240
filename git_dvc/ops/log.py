"""``git dvc log``: the commits that changed some data, and what each of them changed.

Git says which commits touch the pointer files in question; those are compared with their
parents, by what the pointers name. So a commit that only moves ``data.dvc``, or changes another
stage in ``dvc.lock``, is left out, and so is a merge that takes one side as it is, as in ``git
log``. Directories are compared as text, by their manifests in the cache, and of a single file
in a directory only its own entry is looked at. What the cache lacks is said, commit by commit.

::

    for version in log(project, ["data/train"]):
        version.commit.subject, version.added, version.size_change
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from git_dvc import relpaths
from git_dvc.errors import (
    CorruptObjectError,
    FormatError,
    MissingObjectError,
    NeverTrackedError,
    NotInGitError,
    UnknownRevisionError,
)
from git_dvc.formats import manifest as manifests
from git_dvc.formats.manifest import Manifest
from git_dvc.git.trees import Trees
from git_dvc.project import Project, escaped
from git_dvc.tracked import (
    LOCK_FILE,
    STAGE_FILES,
    STAGES_FILE,
    SUFFIX,
    TrackedOut,
    collect,
    is_source,
)

Outs = dict[str, TrackedOut]

_FIELDS = ("%H", "%P", "%D", "%an", "%ae", "%ad", "%aI", "%s", "%B")
_KEPT = 8  # versions and manifests: a commit's parent is mostly the next commit


class Commit(NamedTuple):
    """What Git says of a commit.

    Attributes:
        id: Full hash.
        parents: Theirs.
        refs: Tags and branches at it: ``HEAD -> main``, ``tag: v1.0``.
        author: Name.
        email: Of the author.
        date: In the form of ``log.date``.
        date_iso: The same in strict ISO 8601.
        subject: First line of the message.
        message: All of it.
    """

    id: str
    parents: tuple[str, ...]
    refs: tuple[str, ...]
    author: str
    email: str
    date: str
    date_iso: str
    subject: str
    message: str


class File(NamedTuple):
    """A file before or after a commit; ``size`` in bytes, or None if it is not known here."""

    path: str
    hash: str
    size: int | None


class Version(NamedTuple):
    """A commit and what it changed of the data that was asked for; lists are sorted by path.

    Attributes:
        commit: The commit.
        added: Files that it brought.
        removed: Files that it took away.
        changed: Files before and after.
        renamed: Likewise: other path, same content.
        size_change: Bytes more (or fewer, if negative); None if that is not known here.
        absent: Directories that changed whose list of files is not in the cache here.
        files_change: Files more in those, as far as their pointers say.
    """

    commit: Commit
    added: list[File]
    removed: list[File]
    changed: list[tuple[File, File]]
    renamed: list[tuple[File, File]]
    size_change: int | None
    absent: list[str]
    files_change: int


class Request(NamedTuple):
    """Which commits to look at.

    Attributes:
        revs: Revisions and ranges, as for ``git log``; HEAD if there are none.
        all_refs: From all branches and tags.
        limits: More options for ``git log``: ``--since=...``, ``--author=...``.
        first_parent: Follow only the first parent of merges.
        follow: Go on with the old name where the data was renamed (one path only).
        sizes: Find out the size of each file.
    """

    revs: Sequence[str] = ()
    all_refs: bool = False
    limits: Sequence[str] = ()
    first_parent: bool = False
    follow: bool = True
    sizes: bool = False


def log(
    project: Project, paths: Sequence[str], request: Request | None = None
) -> Iterator[Version]:
    """Yield the commits that changed data, newest first.

    Args:
        project: The project.
        paths: Outputs, pointer files, paths inside tracked directories, or directories with
            outputs in them, now or in the past, as the user gave them; nothing means all data.
        request: Which commits.

    Raises:
        NotInGitError: There are no commits here.
        UnknownRevisionError: A revision names no commit.
        NeverTrackedError: A path was never tracked.
    """
    if project.repo is None:
        raise NotInGitError(project.root)
    request = request or Request()
    asked = [(path, relpath) for path in paths for relpath in _data_paths(project, path)]
    wanted = [relpath for _, relpath in asked]
    with Trees(project.repo, also=(STAGES_FILE,)) as trees:
        history = _History(project, trees, request)
        starts = history.starts()
        found = False
        for version in history.walk(wanted, starts):
            found = True
            yield version
        if found or not wanted:
            return
        # A pointer may have had any name in the past.
        for version in history.walk(wanted, starts, everywhere=True):
            found = True
            yield version
        if not found:
            _check_known(project, trees, asked)


def split(project: Project, words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Tell revisions from paths: ``git dvc log v1.0..main data``.

    Leading words are revisions if Git says so, unless there is data, or a file, of that name.
    """
    if project.repo is None:
        return [], list(words)
    revs: list[str] = []
    for number, word in enumerate(words):
        full = os.path.normpath(os.path.join(os.getcwd(), word))
        inside = (full + os.sep).startswith(project.root.rstrip(os.sep) + os.sep)
        if os.path.lexists(full) or (inside and _is_tracked(project, word)):
            return revs, list(words[number:])
        if not _resolved(project, word):
            return revs, list(words[number:])
        revs.append(word)
    return revs, []


def _resolved(project: Project, word: str) -> list[str]:
    """Return what a revision or range comes down to: ``HASH`` and ``^HASH``; [] for none."""
    assert project.repo is not None  # noqa: S101 - asked before
    result = project.repo.call(["rev-parse", "--revs-only", "--end-of-options", word])
    lines = result.out.decode("ascii", "replace").split() if result.code == 0 else []
    return [line for line in lines if line != "--end-of-options"]


def _data_paths(project: Project, path: str) -> list[str]:
    """Return the data that a path means, relative to the project: a pointer file's is its own."""
    relpath = project.relpath(path.rstrip("/") or path)
    if relpath in project.tracked.outs or not is_source(relpath):
        return [relpath]
    found = [item.relpath for item in project.tracked.outs.values() if item.source == relpath]
    return sorted(found) or [relpath.removesuffix(SUFFIX)]


def _is_tracked(project: Project, path: str) -> bool:
    tracked = project.tracked
    return any(
        tracked.holder(relpath) is not None or tracked.below(relpath)
        for relpath in _data_paths(project, path)
    )


def _check_known(project: Project, trees: Trees, asked: Sequence[tuple[str, str]]) -> None:
    """Raise if one of the paths is not only unchanged in these commits, but unknown.

    Args:
        project: The project.
        trees: Its repository.
        asked: Paths as the user gave them, and what they mean.
    """
    everywhere = _History(project, trees, Request(all_refs=True, follow=False))
    starts = everywhere.starts()
    outs = project.tracked.outs
    for path, relpath in asked:
        holder = project.tracked.holder(relpath)
        if project.tracked.below(relpath) or (holder is not None and holder.relpath == relpath):
            continue  # not committed yet, or not in these commits
        if any(True for _ in everywhere.walk([relpath], starts, everywhere=True)):
            continue
        known = [project.shown(name) for item in outs.values() for name in
                 (item.relpath, item.source)]  # fmt: skip
        if holder is not None and holder.is_dir:
            listing = everywhere.listing(holder)
            if listing is not None:
                known = [project.shown(f"{holder.relpath}/{name}") for name in listing]
                if any(name.startswith(project.shown(relpath) + "/") for name in known):
                    continue
        raise NeverTrackedError(path, known)


# -- walking ------------------------------------------------------------------------------


class _History:
    """The commits of a repository, and what is tracked at each."""

    def __init__(self, project: Project, trees: Trees, request: Request) -> None:
        assert project.repo is not None  # noqa: S101 - asked before
        self._project = project
        self._repo = project.repo
        self._trees = trees
        self._request = request
        self._outs: dict[str, Outs] = {}
        self._parsed: dict[tuple[str, str, str], Outs] = {}
        self._manifests: dict[tuple[str, str], bytes | None] = {}

    def starts(self) -> list[str]:
        """Return where to start, as ``HASH`` and ``^HASH``; [] before the first commit.

        Raises:
            UnknownRevisionError: A revision names no commit.
        """
        found = []
        for rev in self._request.revs:
            resolved = _resolved(self._project, rev)
            if not resolved:
                known = [ref.name for ref in (*self._trees.branches(), *self._trees.tags())]
                raise UnknownRevisionError(rev, known)
            found += resolved
        if self._request.all_refs:
            return [*found, "--all"]
        head = self._repo.head()
        if all(rev.startswith("^") for rev in found) and head is not None:
            found.append(head)
        return found

    def walk(
        self, wanted: Sequence[str], starts: Sequence[str], *, everywhere: bool = False
    ) -> Iterator[Version]:
        """Yield the commits that changed the data, newest first."""
        paths = list(wanted)
        follow = self._request.follow and len(paths) == 1 and "--all" not in starts
        while starts:
            again: list[str] = []
            for commit in self._commits(starts, paths, everywhere):
                version = self._version(commit, paths)
                if version is None:
                    continue
                old = self._old_name(commit, paths[0]) if follow else None
                if old is None:
                    yield version
                    continue
                yield self._as_rename(version, commit, old, paths[0])
                paths = [old]
                again = [*commit.parents, *(rev for rev in starts if rev.startswith("^"))]
                break
            starts = again

    def _commits(
        self, starts: Sequence[str], paths: Sequence[str], everywhere: bool
    ) -> Iterator[Commit]:
        args = ["-c", "i18n.logOutputEncoding=UTF-8", "log", "-z", "--no-follow", "-s"]
        args += ["--no-show-signature", "--format=" + "%x00".join(_FIELDS)]
        if self._request.first_parent:
            args.append("--first-parent")
        args += [*self._request.limits, *starts, "--", *self._specs(paths, everywhere)]
        fields = self._repo.run(args).decode("utf-8", "replace").split("\0")
        for at in range(0, len(fields) - len(_FIELDS) + 1, len(_FIELDS)):
            values = fields[at : at + len(_FIELDS)]
            refs = tuple(ref for ref in values[2].split(", ") if ref)
            yield Commit(values[0], tuple(values[1].split()), refs, *values[3:])

    def _specs(self, paths: Sequence[str], everywhere: bool) -> list[str]:
        """Return Git's pathspecs for the files that may say something of these paths."""
        project = self._project
        if everywhere or not all(paths):
            base = f":(top){escaped(project.prefix)}/" if project.prefix else ":(top)"
            return [*project.source_specs, base + STAGES_FILE, f"{base}*/{STAGES_FILE}"]
        names: dict[str, None] = {}
        specs = []
        for path in paths:
            place = path
            while place:
                names[f"{place}.dvc"] = None
                place = place.rpartition("/")[0]
                for name in (LOCK_FILE, *STAGE_FILES):
                    names[relpaths.join(place, name)] = None
            holder = project.tracked.holder(path)
            for item in (*([holder] if holder else []), *project.tracked.below(path)):
                names[item.source] = None
            below = escaped(project.git_path(path))
            for name in ("*.dvc", LOCK_FILE, *STAGE_FILES):
                specs.append(f":(top,glob){below}/**/{name}")
        return [f":(top,literal){project.git_path(name)}" for name in names] + specs

    # -- what is tracked ------------------------------------------------------------------

    def outs(self, commit: str) -> Outs:
        """Return all outputs at a commit, by path."""
        known = self._outs.get(commit)
        if known is not None:
            return known
        cut = len(self._project.prefix) + 1 if self._project.prefix else 0
        base = f"{self._project.prefix}/" if cut else ""
        blobs = {
            path[cut:]: blob
            for path, blob in self._trees.pointers(commit).items()
            if path.startswith(base)
        }
        keys = {}
        for path, blob in blobs.items():
            if path.rpartition("/")[2] != STAGES_FILE:
                folder = path.rpartition("/")[0]
                stages = "" if path.endswith(".dvc") else relpaths.join(folder, STAGES_FILE)
                keys[path] = (path, blob, blobs.get(stages, ""))
        unknown = [key for key in keys.values() if key not in self._parsed]
        data = self._trees.blobs(blob for key in unknown for blob in key[1:] if blob)
        for key in unknown:
            self._parsed[key] = collect([key[0]], lambda path: data.get(blobs.get(path, ""))).outs
        found: Outs = {}
        for key in keys.values():
            found.update(self._parsed[key])
        if len(self._outs) >= _KEPT:
            del self._outs[next(iter(self._outs))]
        self._outs[commit] = found
        return found

    def _before(self, commit: Commit) -> Outs:
        return self.outs(commit.parents[0]) if commit.parents else {}

    # -- comparing ------------------------------------------------------------------------

    def _version(self, commit: Commit, paths: Sequence[str]) -> Version | None:
        """Return what a commit changed of these paths, or None."""
        now = self.outs(commit.id)
        others = [] if self._request.first_parent else list(commit.parents[1:])
        for parent in others:
            if not self._changes(self.outs(parent), now, paths).any:
                return None  # a merge that took this side as it was
        found = self._changes(self._before(commit), now, paths, [self.outs(one) for one in others])
        return found.version(commit, self) if found.any else None

    def _changes(
        self, before: Outs, after: Outs, paths: Sequence[str], others: Sequence[Outs] = ()
    ) -> _Changes:
        """Return how these paths differ; what a merge took from one of the others does not."""
        found = _Changes()
        for relpath in sorted(before.keys() | after.keys()):
            old, new = before.get(relpath), after.get(relpath)
            if any(_same(old_one, new) for old_one in (old, *(o.get(relpath) for o in others))):
                continue
            for path in paths or [""]:
                if relpaths.inside(relpath, path):
                    self._compare(found, old, new, "")
                    break
                if relpaths.inside(path, relpath):
                    self._compare(found, old, new, path[len(relpath) + 1 :])
        return found

    def _compare(
        self, found: _Changes, old: TrackedOut | None, new: TrackedOut | None, inner: str
    ) -> None:
        """Note how an output, or what is at ``inner`` in it, differs."""
        item = new or old
        assert item is not None  # noqa: S101 - one of them is there
        entries = self._entries(old, new, inner)
        if entries is None:
            found.absent.append(relpaths.join(item.relpath, inner) if inner else item.relpath)
            counts = [0 if side is None else side.out.nfiles or 0 for side in (old, new)]
            if not inner:
                found.files_change += counts[1] - counts[0]
                found.count_sizes(old, new)
            else:
                found.size_change = None
            return
        removed, added = entries
        if not inner and (removed or added):
            found.count_sizes(old, new)
        name = item.out.hash_name
        for side, noted in ((removed, found.removed), (added, found.added)):
            for path, value in side.items():
                noted[f"{item.relpath}/{path}" if path else item.relpath] = (value, name)
        if inner and (removed or added):
            found.inner = True
        for out in (old, new):
            if out is not None and out.out.size is not None and not out.is_dir and out.out.hash:
                found.sizes[out.out.hash] = out.out.size

    def _entries(
        self, old: TrackedOut | None, new: TrackedOut | None, inner: str
    ) -> tuple[Manifest, Manifest] | None:
        """Return the files that only ``old`` and only ``new`` has; None if a list is missing.

        The one file of an output that is a file has the path ''.
        """
        data = []
        for side in (old, new):
            if side is None or side.out.hash is None or not side.is_dir:
                data.append(b"[]")
                continue
            listed = self._manifest(side)
            if listed is None:
                return None
            data.append(listed)
        try:
            if inner:
                return _inner_entries(data[0], data[1], inner)
            whole = manifests.changed_entries(data[0], data[1])
            if whole is None:
                before, after = manifests.parse(data[0]), manifests.parse(data[1])
                whole = _only(before, after), _only(after, before)
        except FormatError:
            return None
        for side, entries in zip((old, new), whole, strict=True):
            if side is not None and side.out.hash is not None and not side.is_dir:
                entries[""] = side.out.hash
        return whole

    def _manifest(self, item: TrackedOut) -> bytes | None:
        value, name = item.out.hash or "", item.out.hash_name
        key = (value, name)
        if key not in self._manifests:
            data: bytes | None
            try:
                data = self._project.cache(name).read_manifest_bytes(value)
            except (MissingObjectError, CorruptObjectError, OSError):
                data = None
            if len(self._manifests) >= _KEPT:
                del self._manifests[next(iter(self._manifests))]
            self._manifests[key] = data
        return self._manifests[key]

    def listing(self, item: TrackedOut) -> Manifest | None:
        """Return the files of a directory, or None if the list is not in the cache."""
        data = self._manifest(item)
        try:
            return None if data is None else manifests.parse(data)
        except FormatError:
            return None

    def sizes(self, values: Iterable[tuple[str, str]]) -> dict[str, int]:
        """Return the size of each file, by hash, as far as it is known here."""
        found: dict[str, int] = {}
        by_name: dict[str, set[str]] = {}
        for value, name in values:
            by_name.setdefault(name, set()).add(value)
        for name, wanted in by_name.items():
            cache = self._project.cache(name)
            known = self._project.state.object_stats(name, sorted(wanted))
            found.update((value, stat[0]) for value, stat in known.items())
            for value in wanted - known.keys():
                size = cache.size(value)
                if size is not None:
                    found[value] = size
        return found

    @property
    def with_sizes(self) -> bool:
        """Whether the size of each file was asked for."""
        return self._request.sizes

    # -- renames --------------------------------------------------------------------------

    def _old_name(self, commit: Commit, path: str) -> str | None:
        """Return the name that data had before a commit that brought it under this one."""
        before, after = self._before(commit), self.outs(commit.id)
        holder = _holder(after, path)
        if holder is None:
            return None
        was = before.get(holder.relpath)
        if was is None:
            if _holder(before, path) is not None:
                return None  # it was a part of another output, at the same place
            for relpath in sorted(before):
                if relpath not in after and before[relpath].same_content == holder.same_content:
                    return relpath + path[len(holder.relpath) :]
            return None
        inner = path[len(holder.relpath) + 1 :]
        if not inner or not (was.is_dir and holder.is_dir):
            return None
        lists = self._manifest(was), self._manifest(holder)
        if lists[0] is None or lists[1] is None:
            return None
        value = manifests.find(lists[1], inner)
        if value is None or manifests.find(lists[0], inner) is not None:
            return None
        entries = self._entries(was, holder, "")
        if entries is None or was.out.hash_name != holder.out.hash_name:
            return None
        gone = entries[0].keys() - entries[1].keys()
        same = sorted(name for name in gone if entries[0][name] == value)
        return relpaths.join(holder.relpath, same[0]) if same else None

    def _as_rename(self, version: Version, commit: Commit, old: str, new: str) -> Version:
        """Return a version in which what seems new came from another path."""
        before = self._changes(self._before(commit), {}, [old])
        after = self._changes({}, self.outs(commit.id), [new])
        if before.absent or after.absent:
            return version
        both = _Changes()
        both.removed, both.added = before.removed, after.added
        both.sizes = {**before.sizes, **after.sizes}
        both.size_change = 0
        return both.version(commit, self)


class _Changes:
    """What differs between two commits, while it is found out; hashes with their algorithm."""

    def __init__(self) -> None:
        self.removed: dict[str, tuple[str, str]] = {}
        self.added: dict[str, tuple[str, str]] = {}
        self.absent: list[str] = []
        self.sizes: dict[str, int] = {}
        self.size_change: int | None = 0
        self.files_change = 0
        self.inner = False

    @property
    def any(self) -> bool:
        """Whether anything differs."""
        return bool(self.removed or self.added or self.absent)

    def count_sizes(self, old: TrackedOut | None, new: TrackedOut | None) -> None:
        """Add what an output grew by, as the pointers say."""
        sizes = [0 if side is None else side.out.size for side in (old, new)]
        if self.size_change is None or sizes[0] is None or sizes[1] is None:
            self.size_change = None
        else:
            self.size_change += sizes[1] - sizes[0]

    def version(self, commit: Commit, history: _History) -> Version:
        """Return the result, with renames and sizes."""
        sizes = self.sizes
        if history.with_sizes or self.inner:
            values = {*self.removed.values(), *self.added.values()}
            sizes = {**history.sizes(values), **sizes}

        def one(path: str, side: dict[str, tuple[str, str]]) -> File:
            value = side[path][0]
            return File(path, value, sizes.get(value))

        changed = sorted(self.removed.keys() & self.added.keys())
        gone = sorted(self.removed.keys() - self.added.keys())
        fresh = sorted(self.added.keys() - self.removed.keys())
        sources: dict[tuple[str, str], list[str]] = {}
        for path in reversed(gone):
            sources.setdefault(self.removed[path], []).append(path)
        renamed = []
        for path in fresh:
            if sources.get(self.added[path]):
                renamed.append((sources[self.added[path]].pop(), path))
        moved = {path for pair in renamed for path in pair}
        size_change = self.size_change
        if self.inner and size_change is not None:
            before = [sizes.get(value) for value, _ in self.removed.values()]
            after = [sizes.get(value) for value, _ in self.added.values()]
            size_change = None
            if None not in (*before, *after):
                size_change = sum(size or 0 for size in after) - sum(size or 0 for size in before)
        return Version(
            commit,
            [one(path, self.added) for path in fresh if path not in moved],
            [one(path, self.removed) for path in gone if path not in moved],
            [(one(path, self.removed), one(path, self.added)) for path in changed],
            [(one(old, self.removed), one(new, self.added)) for old, new in renamed],
            size_change,
            self.absent,
            self.files_change,
        )


def _same(old: TrackedOut | None, new: TrackedOut | None) -> bool:
    if old is None or new is None:
        return old is new
    return old.same_content == new.same_content


def _holder(outs: Outs, path: str) -> TrackedOut | None:
    while path:
        if path in outs:
            return outs[path]
        path = path.rpartition("/")[0]
    return None


def _only(these: Manifest, those: Manifest) -> Manifest:
    return {path: value for path, value in these.items() if those.get(path) != value}


def _inner_entries(old: bytes, new: bytes, inner: str) -> tuple[Manifest, Manifest]:
    """Return how one file or directory inside of two manifests differs."""
    found = [manifests.find(data, inner) if data != b"[]" else None for data in (old, new)]
    sides: list[Manifest] = [{inner: value} if value else {} for value in found]
    if found[0] is not None and found[1] is not None:
        return ({}, {}) if found[0] == found[1] else (sides[0], sides[1])
    whole = manifests.changed_entries(old, new)
    if whole is None:
        before, after = manifests.parse(old), manifests.parse(new)
        whole = _only(before, after), _only(after, before)
    removed, added = (
        {path: value for path, value in side.items() if relpaths.inside(path, inner)}
        for side in whole
    )
    return removed, added
