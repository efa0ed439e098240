"""Parameters and metrics of many versions: of the work tree, and of any revisions.

Nothing is checked out, and what several revisions have in common is read and understood once:
a thousand tags with the same ``dvc.yaml`` cost one look into it. A file is, the first that is
there, what Git has of it at that commit, or data that a pointer or lock file names, which then
is read from the cache. What the cache lacks is brought from a remote only on request.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from git_dvc import relpaths
from git_dvc.compare import metrics as metric_values
from git_dvc.compare import params as param_values
from git_dvc.compare.declared import Stages
from git_dvc.compare.files import Files, Parse, Problems
from git_dvc.errors import (
    FormatError,
    GitDvcError,
    MissingObjectError,
    NotFetchedError,
    NotInGitError,
    UnknownRevisionError,
)
from git_dvc.formats import manifest as manifests
from git_dvc.formats.ignore import NAME as IGNORE_NAME
from git_dvc.formats.ignore import Ignore
from git_dvc.git.repo import Repository
from git_dvc.git.trees import Trees
from git_dvc.ops import show
from git_dvc.ops.catalogue import Entry
from git_dvc.ops.reading import Reading
from git_dvc.ops.views import CONFIG, CommitView
from git_dvc.progress import NoProgress, Progress
from git_dvc.tracked import STAGE_FILES, STAGES_FILE, TrackedOut, collect, is_source

WORKSPACE = "workspace"
_MOST_DEPTH = 100
_MOST_HELD_BYTES = 64 * 1024**2
"""Of the files whose values are remembered."""
_MOST_ROUNDS = 3
"""A directory's manifest is fetched before the files in it."""


class Asked(NamedTuple):
    """Which versions to show.

    Attributes:
        revs: Revisions, ranges (``v1.0..main``), or ``workspace``.
        branches: All local branches, and the work tree.
        tags: All tags, and the work tree.
        commits: All commits, and the work tree.
    """

    revs: Sequence[str] = ()
    branches: bool = False
    tags: bool = False
    commits: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether it is the work tree alone."""
        return not any(self)


class Version(NamedTuple):
    """One version, and what was found there.

    Attributes:
        name: As DVC calls it: ``workspace``, ``v1.0``, ``v1.0,v1`` for two tags of one commit,
            a full hash; '' for the work tree alone.
        commit: The commit; None for the work tree.
        values: By file, relative to the project.
        problems: What could not be read, by file.
        broken: The ``dvc.yaml`` that could not be used, or whatever spoiled all of it.
    """

    name: str
    commit: str | None
    values: dict[str, Any]
    problems: Problems
    broken: list[GitDvcError]


class Where(NamedTuple):
    """A name and the commit that it is; None for the work tree."""

    name: str
    commit: str | None


Look = Callable[[Sequence[Stages], Files, Problems], dict[str, Any]]
"""Returns values by file, of one version."""


class Versions:
    """Many versions of a project; ``close`` it.

    Args:
        reading: The project that one stands in, its work tree.
        progress: Told of the versions that were read.
    """

    def __init__(self, reading: Reading, progress: Progress | None = None) -> None:
        self._reading = reading
        self._progress = progress or NoProgress()
        self._source = reading.source
        self._git: Repository | None = None
        self._trees: Trees | None = None
        self._prefix = ""
        self._views: dict[str, CommitView] = {}
        self._values: dict[tuple[Parse, str, str], Any] = {}
        self._held_bytes = 0
        self._stages: dict[tuple[object, ...], Stages | FormatError] = {}
        self._looked_up: dict[tuple[str, str], dict[str, None]] = {}
        self._outs: dict[tuple[str, ...], dict[str, TrackedOut]] = {}
        self._ignores: dict[tuple[tuple[str, str], ...], Ignore] = {}
        self._members: dict[tuple[str, str], dict[str, str]] = {}
        self._lacking: dict[tuple[str, str], Entry] = {}
        self._nowhere: set[tuple[str, str]] = set()

    def close(self) -> None:
        """Close what is open."""
        if self._trees is not None:
            self._trees.close()

    def __enter__(self) -> Versions:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- which versions -----------------------------------------------------------------------

    def named(self, asked: Asked) -> list[Where]:
        """Return the versions that are meant; names of one commit are put together.

        Raises:
            UnknownRevisionError: One names no commit.
            NotInGitError: There is no Git.
        """
        if asked.is_plain:
            return [Where("", None)]
        found = [Where(WORKSPACE, None)] if any(asked[1:]) or WORKSPACE in asked.revs else []
        names: dict[str, dict[str, None]] = {}
        for where in self._commits(asked):
            names.setdefault(where.commit or "", {})[where.name] = None
        for commit, known in names.items():
            if not self._prefix or self.trees.tree_at(commit, self._prefix):
                found.append(Where(",".join(known), commit))
        return found

    def one(self, rev: str) -> Where:
        """Return one version by name; errors as ``named``."""
        if rev == WORKSPACE:
            return Where(WORKSPACE, None)
        commit = self.trees.resolve(rev)
        if commit is None:
            known = [ref.name for ref in (*self.trees.branches(), *self.trees.tags())]
            raise UnknownRevisionError(rev, known)
        return Where(rev, commit)

    @property
    def has_commits(self) -> bool:
        """Whether there is a commit checked out."""
        return self.trees.resolve("HEAD") is not None

    def _commits(self, asked: Asked) -> Iterator[Where]:
        trees, repo = self.trees, self._repo
        for rev in asked.revs:
            if rev == WORKSPACE:
                continue
            if ".." in rev and not rev.startswith((":", "-")):
                found = repo.call(["rev-list", "--reverse", "--end-of-options", rev, "--"])
                if found.code != 0:
                    raise UnknownRevisionError(rev)
                yield from (Where(one, one) for one in found.out.decode("ascii").split())
            else:
                yield self.one(rev)
        if asked.commits:
            tips = ["--branches", "--tags", "--remotes", *(["HEAD"] if self.has_commits else [])]
            for commit in repo.run(["rev-list", *tips]).decode("ascii").split():
                yield Where(commit, commit)
            return
        if asked.branches:
            yield from (Where(ref.name, ref.commit) for ref in _sorted(trees.branches()))
        if asked.tags:
            yield from (Where(ref.name, ref.commit) for ref in _sorted(trees.tags()))

    def active_branch(self) -> str | None:
        """Return the branch that is checked out, or None."""
        found = self._repo.call(["symbolic-ref", "--quiet", "--short", "HEAD"])
        return os.fsdecode(found.out).strip() if found.code == 0 else None

    def refs(self) -> dict[str, list[str]]:
        """Return the names of branches and tags by commit."""
        found: dict[str, list[str]] = {}
        for ref in (*self.trees.branches(), *self.trees.tags()):
            found.setdefault(ref.commit, []).append(ref.name)
        return found

    # -- what they have -----------------------------------------------------------------------

    def look(self, where: Iterable[Where], look: Look, *, fetch: bool = False) -> list[Version]:
        """Return what versions have.

        Args:
            where: The versions.
            look: Called for each of them.
            fetch: Bring what the cache lacks from the remotes, all at once.
        """
        wanted = list(where)
        for _ in range(_MOST_ROUNDS if fetch else 0):
            found = self._look_at_all(wanted, look)
            if not self._lacking:
                return found
            self._fetch()
        return self._look_at_all(wanted, look)

    def _look_at_all(self, wanted: Sequence[Where], look: Look) -> list[Version]:
        found = []
        self._progress.start("Reading versions", len(wanted))
        try:
            for one in wanted:
                found.append(self._look(one, look))
                self._progress.advance(1)
        finally:
            self._progress.finish()
        return found

    def _look(self, where: Where, look: Look) -> Version:
        problems: Problems = {}
        broken: list[GitDvcError] = []
        values: dict[str, Any] = {}
        try:
            stages = list(self._stages_at(where.commit, broken))
            values = look(stages, self.files(where.commit), problems)
        except GitDvcError as problem:
            broken.append(problem)
        return Version(where.name, where.commit, values, problems, broken)

    def _fetch(self) -> None:
        entries = list(self._lacking.values())
        self._lacking.clear()
        for entry in self._reading.fetch(entries):
            assert entry.hash is not None  # noqa: S101 - it was asked for
            self._nowhere.add((entry.hash_name, entry.hash))

    def files(self, commit: str | None) -> Files:
        """Return the files of a version."""
        return _WorkFiles(self, self._reading) if commit is None else _CommitFiles(self, commit)

    def opened(self, entry: Entry) -> bytes:
        """Return the content of tracked data.

        Raises:
            NotFetchedError: It is not here.
        """
        place = self._reading.place(entry)
        if place is None or entry.hash is None:
            raise self.lacks(entry)
        with open(place, "rb") as file:
            return file.read()

    def lacks(self, entry: Entry) -> NotFetchedError:
        """Remember what would have to be fetched, and return the error."""
        assert entry.hash is not None  # noqa: S101 - the caller's part
        key = (entry.hash_name, entry.hash)
        if key not in self._nowhere:
            self._lacking[key] = entry
        return NotFetchedError(entry.path, tried=key in self._nowhere)

    def members(self, out: TrackedOut) -> dict[str, str]:
        """Return the files of a directory that is tracked data, by path inside it.

        Raises:
            NotFetchedError: Its manifest is not here.
        """
        entry = _entry(out.relpath, out, out.out.hash)
        assert entry.hash is not None  # noqa: S101 - it is a directory
        key = (entry.hash_name, entry.hash)
        if key not in self._members:
            self._members[key] = self._manifest(entry, entry.hash)
        return self._members[key]

    def _manifest(self, entry: Entry, value: str) -> dict[str, str]:
        for cache in (self._source.cache_of(entry), self._reading.store(entry.hash_name)):
            try:
                return dict(manifests.parse(cache.read_manifest_bytes(value)))
            except MissingObjectError:
                continue
        raise self.lacks(entry)

    # -- what revisions share -----------------------------------------------------------------

    @property
    def _repo(self) -> Repository:
        if self._git is None:
            root = self._source.root
            self._git = Repository.discover(root) or Repository.bare(root)
            if self._git is None:
                raise NotInGitError(root)
        return self._git

    @property
    def trees(self) -> Trees:
        """Git's objects."""
        if self._trees is None:
            repo = self._repo
            self._trees = Trees(repo, CommitView.ALSO)
            top = self._source.root
            if top and top != repo.top:
                self._prefix = os.path.relpath(top, repo.top).replace(os.sep, "/")
        return self._trees

    def view(self, commit: str) -> CommitView:
        """Return the files that Git has at a commit."""
        if commit not in self._views:
            self._views.clear()
            self._views[commit] = CommitView(self.trees, commit, self._prefix)
        return self._views[commit]

    def parsed(self, path: str, blob: str, parse: Parse) -> Any:
        """Return the value of one of Git's files."""
        key = (parse, path, blob)
        if key not in self._values:
            data = self.trees.blob(blob)
            value = parse(path, data)
            self._held_bytes += len(data)
            if self._held_bytes > _MOST_HELD_BYTES:
                self._values.clear()
                self._held_bytes = len(data)
            self._values[key] = value
        return self._values[key]

    def own(self, commit: str) -> dict[str, str]:
        """Return the pointer, lock and ``dvc.yaml`` files of the project, with their blobs.

        Those of projects inside it and ignored ones are left out.
        """
        blobs = self.view(commit).blobs()
        inner = tuple(path[: -len(CONFIG)] for path in blobs if path.endswith(f"/{CONFIG}"))
        ignore = self._ignore(blobs)
        return {
            path: blob
            for path, blob in blobs.items()
            if (is_source(path) or path.rpartition("/")[2] in STAGE_FILES)
            and not path.startswith((".dvc/", *inner))
            and (ignore.is_plain or not ignore.match_file(path))
        }

    def _ignore(self, blobs: dict[str, str]) -> Ignore:
        files = tuple(
            (path, blob) for path, blob in blobs.items() if path.rpartition("/")[2] == IGNORE_NAME
        )
        if files not in self._ignores:
            texts = [
                (path, self.trees.blob(blob).decode("utf-8", "replace")) for path, blob in files
            ]
            self._ignores[files] = Ignore([(path.rpartition("/")[0], text) for path, text in texts])
        return self._ignores[files]

    def ignores(self, commit: str, path: str) -> bool:
        """Return whether ``.dvcignore`` hides a file at a commit."""
        ignore = self._ignore(self.view(commit).blobs())
        return not ignore.is_plain and ignore.match_file(path)

    def _stages_at(self, commit: str | None, broken: list[GitDvcError]) -> Iterator[Stages]:
        if commit is None:
            yield from show.stages_files(self._reading, broken)
            return
        for path, blob in self.own(commit).items():
            if path.rpartition("/")[2] in STAGE_FILES:
                stages = self._stages_of(commit, path, blob)
                if isinstance(stages, FormatError):
                    broken.append(stages)
                else:
                    broken += stages.problems
                    yield stages

    def _stages_of(self, commit: str, path: str, blob: str) -> Stages | FormatError:
        """Return what a ``dvc.yaml`` means, which depends on what ``${...}`` is looked up in."""
        files = _CommitFiles(self, commit)
        looked_up = self._looked_up.setdefault((path, blob), {})

        def key() -> tuple[object, ...]:
            return (path, blob, *(files.content(one) for one in looked_up))

        known = self._stages.get(key())
        if known is None:
            lookup = show.values_of(files)

            def values(one: str) -> Any:
                looked_up[one] = None
                return lookup(one)

            try:
                known = Stages(path, self.trees.blob(blob), values)
            except FormatError as problem:
                known = problem
            self._stages[key()] = known
        return known

    def outs(self, commit: str) -> dict[str, TrackedOut]:
        """Return the outputs with data that a revision names, by path."""
        own = self.own(commit)
        found: dict[str, TrackedOut] = {}
        for path, blob in own.items():
            if not is_source(path):
                continue
            beside = own.get(relpaths.join(path.rpartition("/")[0], STAGES_FILE), "")
            key = (path, blob, beside)
            if key not in self._outs:
                tracked = collect([path], lambda one: self._blob_of(own, one))
                self._outs[key] = tracked.outs
            for relpath, out in self._outs[key].items():
                found.setdefault(relpath, out)
        return found

    def _blob_of(self, own: dict[str, str], path: str) -> bytes | None:
        return self.trees.blob(own[path]) if path in own else None


class _WorkFiles(show.SourceFiles):
    """The files of the work tree; what is not here is not fetched."""

    def __init__(self, versions: Versions, reading: Reading) -> None:
        super().__init__(reading)
        self._versions = versions

    def read(self, path: str) -> bytes:
        """Return what a file holds."""
        try:
            entry = self._reading.entry(path)
        except FileNotFoundError:
            raise _missing(path) from None
        if entry.is_dir:
            raise FormatError("is a directory", path)
        if entry.hash is not None and self._reading.place(entry) is None:
            raise self._versions.lacks(entry)
        return self._reading.read(entry)

    def below(self, path: str) -> list[str]:
        """Return the files in a directory."""
        source = self._reading.source
        if not source.exists(path) or not source.entry(path).is_dir:
            return [path]
        return [entry.path for entry in source.files(path)]


class _CommitFiles:
    """The files of a commit."""

    def __init__(self, versions: Versions, commit: str) -> None:
        self._versions = versions
        self._commit = commit
        self._view = versions.view(commit)
        self._outs: dict[str, TrackedOut] | None = None

    def exists(self, path: str) -> bool:
        """Return whether there is a file."""
        try:
            return self._blob(path) is not None or self._data(path) is not None
        except GitDvcError:
            return True  # what is wrong with it is said when it is read

    def content(self, path: str) -> object:
        """Return what says whether a file is the same in another version."""
        try:
            blob = self._blob(path)
            entry = None if blob else self._data(path)
            return blob if entry is None else entry.hash
        except GitDvcError as problem:
            return str(problem)

    def read(self, path: str) -> bytes:
        """Return what a file holds."""
        blob = self._blob(path)
        if blob is not None:
            return self._versions.trees.blob(blob)
        entry = self._data(path)
        if entry is None:
            raise _missing(path)
        if entry.is_dir:
            raise FormatError("is a directory", path)
        return self._versions.opened(entry)

    def parsed(self, path: str, parse: Parse) -> Any:
        """Return the value of a file."""
        blob = self._blob(path)
        if blob is not None:
            return self._versions.parsed(path, blob, parse)
        return parse(path, self.read(path))

    def below(self, path: str) -> list[str]:
        """Return the files in a directory."""
        if self._blob(path) is not None:
            return [path]
        found = set(self._in_git(path, 0))
        for relpath, out in self._all_outs().items():
            if not relpaths.inside(relpath, path):
                continue
            if out.is_dir:
                found.update(f"{relpath}/{inner}" for inner in self._versions.members(out))
            else:
                found.add(relpath)
        return sorted(found) or [path]

    def _in_git(self, folder: str, depth: int) -> Iterator[str]:
        for name, node in self._view.children(folder).items():
            path = relpaths.join(folder, name)
            if node.is_dir and depth < _MOST_DEPTH:
                yield from self._in_git(path, depth + 1)
            elif not node.is_dir and not self._versions.ignores(self._commit, path):
                yield path

    def _blob(self, path: str) -> str | None:
        blob = self._view.blob(path)
        return None if blob and self._versions.ignores(self._commit, path) else blob

    def _all_outs(self) -> dict[str, TrackedOut]:
        if self._outs is None:
            self._outs = self._versions.outs(self._commit)
        return self._outs

    def _data(self, path: str) -> Entry | None:
        """Return the tracked data that a path is."""
        outs = self._all_outs()
        place = path
        while place and place not in outs:
            place = place.rpartition("/")[0]
        if not place:
            return None
        out = outs[place]
        if place == path:
            return _entry(path, out, out.out.hash)
        value = self._versions.members(out).get(path[len(place) + 1 :]) if out.is_dir else None
        return _entry(path, out, value) if value is not None else None


def _entry(path: str, out: TrackedOut, value: str | None) -> Entry:
    return Entry(
        path,
        is_dir=out.is_dir and path == out.relpath,
        is_out=True,
        hash=value,
        hash_name=out.out.hash_name,
        out=out,
    )


def _missing(path: str) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


def _sorted(refs: Iterable[Any]) -> list[Any]:
    """Return refs with ``v2`` before ``v10``."""

    def key(ref: Any) -> list[tuple[bool, int, str]]:
        parts = re.split(r"([0-9]+)", ref.name)
        return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]

    return sorted(refs, key=key)


# -- metrics and parameters -----------------------------------------------------------------------


def metrics(targets: Sequence[str] = (), *, all_rows: bool = False) -> Look:
    """Return what looks for metrics; see ``compare/metrics.py``."""

    def look(every: Sequence[Stages], files: Files, problems: Problems) -> dict[str, Any]:
        return metric_values.show(every, files, targets, all_rows=all_rows, problems=problems)

    return look


def params(
    targets: Sequence[str] = (),
    *,
    stages: Collection[str] = (),
    deps: bool = False,
    here: str = "",
) -> Look:
    """Return what looks for parameters; see ``compare/params.py``.

    Args:
        targets: Files, relative to the project.
        stages: Only what these depend on.
        deps: Only what stages depend on.
        here: Where names of stages start.
    """

    def look(every: Sequence[Stages], files: Files, problems: Problems) -> dict[str, Any]:
        chosen = show.chosen(every, stages, here)
        return param_values.show(every, files, targets, stages=chosen, deps=deps, problems=problems)

    return look
