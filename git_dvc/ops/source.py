"""A repository that data is read from: a project or plain Git repository, at some revision.

::

    with Source.open("https://host/registry.git", "v1.0") as source:
        entry = source.entry("images/cat.1.jpg")
        for piece in source.content(entry):
            ...

It is another repository than the one that the user works in: named by a path or a Git URL, read
and never written to. What there is in it, ``catalogue.py`` tells. A path on this machine without a
revision is read as it stands in its work tree; tracked data is always what is recorded there, not
what somebody has edited since. A Git URL is read through a cached clone (``git/mirror.py``).

Objects come from the source's own cache if that is on this disk, else from its remotes (that of
the output, else the default one). Everything is hashed on the way, whatever it comes from.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, NamedTuple

from git_dvc import fsutil, hashing, relpaths
from git_dvc.errors import (
    CorruptObjectError,
    FormatError,
    MirrorError,
    MissingObjectError,
    NotASourceError,
    NowhereError,
    UnknownRevisionError,
)
from git_dvc.formats import config as configs
from git_dvc.formats import imports
from git_dvc.formats import manifest as manifests
from git_dvc.formats.manifest import Manifest
from git_dvc.git.mirror import Mirror, is_url
from git_dvc.git.repo import Repository
from git_dvc.git.trees import Trees
from git_dvc.ops import remotes
from git_dvc.ops.catalogue import Catalogue, Entry
from git_dvc.ops.parts import Part, cache_home, chosen_layer, given_layer, without_unsafe
from git_dvc.ops.remote import local_path, without_password
from git_dvc.ops.views import CommitView, View, WorkView
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Layer, find_root
from git_dvc.store.cache import READ_ONLY, Cache
from git_dvc.tracked import TrackedOut

RemoteChoice = str | Mapping[str, str] | None
"""A remote by name, or by its options."""

_MOST_HOPS = 8
"""How often data may have been imported from somewhere that imported it."""
_AD_HOC = "given-remote"


class Brought(NamedTuple):
    """What was put into a cache, as one output.

    Attributes:
        hash: Of the file, or of the directory's manifest.
        size_bytes: Its size; of a directory all files together.
        nfiles: Number of files in a directory; None for a file.
        is_exec: Whether the file is executable.
        left_out: Links that lead nowhere, or out of the repository.
    """

    hash: str
    size_bytes: int
    nfiles: int | None
    is_exec: bool
    left_out: tuple[str, ...] = ()


class Source(Catalogue):
    """A repository at a revision; made by ``open``. Close it, or use it in a ``with`` statement.

    Attributes:
        url: As it was given.
        where: The same as it may be shown: without a password.
        commit: The commit that is read; for a work tree the one that is checked out. '' where
            there is none.
    """

    def __init__(
        self,
        url: str,
        rev: str | None,
        *,
        view: View,
        commit: str,
        root: str,
        trees: Trees | None = None,
        tip: Callable[[], View] | None = None,
        extra: Sequence[Layer] = (),
        progress: Progress | None = None,
    ) -> None:
        super().__init__(view, without_password(url), rev, root, tip=tip, extra=extra)
        self.url = url
        self.commit = commit
        self._trees = trees
        self._progress = progress or NoProgress()
        self._hops = 0

    @classmethod
    def open(
        cls,
        url: str,
        rev: str | None = None,
        *,
        config: str | Mapping[str, Any] | None = None,
        remote: RemoteChoice = None,
        remote_config: Mapping[str, str] | None = None,
        progress: Progress | None = None,
    ) -> Source:
        """Open a repository to read from.

        Args:
            url: A directory of this machine, or a Git URL.
            rev: A revision. None: the work tree of a directory, or what HEAD is elsewhere.
            config: A config file, or sections with options, that count more than the source's.
            remote: Name of the remote to take as the default one, or options for it.
            remote_config: Options that the default remote gets.
            progress: Told of what takes time.

        Raises:
            NotASourceError: There is no repository or project.
            UnknownRevisionError: It has no such revision.
            UnsafeUrlError: The URL is not one that is safe to hand to Git.
            MirrorError: The repository cannot be reached.
        """
        options = dict(remote_config or {})
        if isinstance(remote, Mapping):
            options = {**remote, **options}
            remote = None
        extra = [*given_layer(config), *chosen_layer(remote)]
        folder = _folder_of(url)
        if folder is not None:
            source = _open_folder(cls, url, folder, rev, extra, progress)
        elif is_url(url):
            source = _open_mirror(cls, url, rev, extra, progress)
        else:
            raise NotASourceError(without_password(url))
        source._override(options)
        return source

    def close(self) -> None:
        """Close what is open."""
        for part in (self._parts or {}).values():
            part.close()
        if self._trees is not None:
            self._trees.close()

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- content ------------------------------------------------------------------------------

    def content(self, entry: Entry, progress: Progress | None = None) -> Iterator[bytes]:
        """Yield the bytes of a file.

        Data comes from the cache or a remote. It is hashed on the way, and the last piece is
        yielded only if all of it is right.

        Args:
            entry: A file.
            progress: Told of the bytes.

        Raises:
            NowhereError: Nothing has the data.
            CorruptObjectError: What was found is damaged.
        """
        watch = progress or NoProgress()
        if entry.hash is None:
            for piece in self._view.content(entry.path):
                watch.advance(0, len(piece))
                yield piece
            return
        hasher = hashing.ALGORITHMS[entry.hash_name].new()
        held = b""
        for piece in self.stream(entry):
            if held:
                yield held
            hasher.update(piece)
            watch.advance(0, len(piece))
            held = piece
        if hasher.hexdigest() != entry.hash:
            raise CorruptObjectError(entry.hash, self.location(entry))
        if held:
            yield held

    def read(self, path: str) -> bytes:
        """Return a whole file, checked; errors as ``entry`` and ``content``."""
        entry = self.entry(path)
        if entry.is_dir:
            raise FormatError("is a directory", entry.path)
        return b"".join(self.content(entry))

    def stream(self, entry: Entry, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield a part of a file as it is stored: nothing is checked.

        Args:
            entry: A file.
            offset: Where to begin, in bytes.
            length: How many bytes; None for all that follow.

        Raises:
            NowhereError: Nothing has the data.
        """
        if entry.hash is None:
            data = b"".join(self._view.content(entry.path))
            yield data[offset:] if length is None else data[offset : offset + length]
            return
        part = self._part_of(entry)
        held = part.cached(entry.hash_name, entry.hash)
        if held is not None:
            yield from _read_part(held, offset, length)
            return
        if entry.out is not None and entry.out.from_repo:
            whole = relpaths.join(part.prefix, entry.out.relpath)
            with self._origin(part, entry.out, self._progress) as (other, path):
                there = other.entry(relpaths.join(path, entry.path[len(whole) + 1 :]).rstrip("/"))
                yield from other.stream(there, offset, length)
            return
        for remote in part.remotes_for(entry.out):
            try:
                yield from remote.read(entry.hash_name, entry.hash, offset, length)
            except MissingObjectError:
                continue
            return
        raise NowhereError([entry.path], self.where, part.has_remote(entry.out))

    def cached(self, entry: Entry) -> str | None:
        """Return where an object is on this disk, or None; its content is not checked."""
        if entry.hash is None:
            return None
        return self._part_of(entry).cached(entry.hash_name, entry.hash)

    def cache_of(self, entry: Entry) -> Cache:
        """Return the source's own cache, which is only read, for an entry that is data."""
        return self._part_of(entry).cache(entry.hash_name)

    def location(self, entry: Entry) -> str:
        """Return where tracked data is stored: a path or URL of an object.

        Raises:
            FormatError: It is not tracked data.
            ConfigError: There is neither a remote nor a cache.
        """
        if entry.hash is None or entry.out is None:
            raise FormatError(
                "is not tracked data, so it is not stored anywhere but in Git", entry.path
            )
        return self._part_of(entry).location(entry.out, entry.hash_name, entry.hash)

    def fetch(
        self,
        entries: Iterable[Entry],
        into: Callable[[str], Cache],
        progress: Progress | None = None,
        jobs: int | None = None,
    ) -> list[Entry]:
        """Put objects into a cache, from the source's cache or its remotes.

        Args:
            entries: Files that are tracked data, and outputs that are directories (for these
                the manifest alone).
            into: Returns the cache to put them into, by name of the hash algorithm.
            progress: Told of files and bytes.
            jobs: How many at a time, at most.

        Returns:
            Those that are nowhere, or damaged everywhere.

        Raises:
            RemoteError: A remote failed; what came before stays.
        """
        groups: dict[tuple[str, str, str, str], list[Entry]] = {}
        for entry in entries:
            assert entry.hash is not None  # noqa: S101 - the caller's part
            asked = (entry.out.out.remote or "") if entry.out is not None else ""
            origin = entry.out.relpath if entry.out is not None and entry.out.from_repo else ""
            groups.setdefault((entry.project, asked, entry.hash_name, origin), []).append(entry)
        missing = []
        for (prefix, _, name, _), group in groups.items():
            missing += self._fetch(self.parts[prefix], group, into(name), progress, jobs)
        return missing

    def _fetch(
        self,
        part: Part,
        entries: Sequence[Entry],
        target: Cache,
        progress: Progress | None,
        jobs: int | None,
    ) -> list[Entry]:
        watch = progress or NoProgress()
        lacking = target.lacks({entry.hash for entry in entries if entry.hash})
        own = part.cache(target.algorithm.name)
        here = lacking - own.lacks(lacking)
        for value in sorted(here):
            try:
                fd = own.open_object(value)
            except MissingObjectError:
                continue
            try:
                if target.store_object(value, fd, watch):
                    lacking.discard(value)
            finally:
                os.close(fd)
            watch.advance(1)
        target.flush()
        out = entries[0].out
        if lacking and out is not None and out.from_repo:
            wanted = [entry for entry in entries if entry.hash in lacking]
            lacking = self._follow(part, out, wanted, target, watch, jobs)
        for remote in part.remotes_for(out) if lacking else ():
            got = remote.get_all(target, sorted(lacking), watch, jobs)
            lacking = {*got.missing, *got.damaged}
            if not lacking:
                break
        return [entry for entry in entries if entry.hash in lacking]

    def _follow(
        self,
        part: Part,
        out: TrackedOut,
        entries: Sequence[Entry],
        target: Cache,
        progress: Progress,
        jobs: int | None,
    ) -> set[str]:
        """Fetch what was imported from another repository, and return what it does not have."""
        whole = relpaths.join(part.prefix, out.relpath)
        wanted = {entry.hash for entry in entries if entry.hash}
        with self._origin(part, out, progress) as (other, path):
            same: list[Entry] = []
            rest: list[Entry] = []
            for entry in entries:
                there = other.entry(relpaths.join(path, entry.path[len(whole) + 1 :]).rstrip("/"))
                (same if there.hash == entry.hash else rest).append(there)
            other.fetch(same, lambda name: target, progress, jobs)
            for entry in rest:
                # Git's files there: what they hold is hashed, and is what we want or is not.
                other.bring(entry.path, target, progress, jobs)
        return target.lacks(wanted)

    @contextmanager
    def _origin(
        self, part: Part, out: TrackedOut, progress: Progress
    ) -> Iterator[tuple[Source, str]]:
        """Give the repository that an output was imported from, and its path there."""
        assert out.origin is not None  # noqa: S101 - from_repo says so
        dep = imports.parse(out.origin[1])
        repo = dep.repo
        assert repo is not None  # noqa: S101 - from_repo says so
        if self._hops >= _MOST_HOPS:
            raise FormatError("imported from a repository that imported it, and so on", out.source)
        url = repo.url
        if not is_url(url) and not os.path.isabs(url):
            if not self.root:
                raise NowhereError([relpaths.join(part.prefix, out.relpath)], self.where, False)
            url = os.path.normpath(os.path.join(part.root, url))
        config = without_unsafe(repo.config) if isinstance(repo.config, dict) else None
        remote = without_unsafe(repo.remote) if isinstance(repo.remote, dict) else repo.remote
        rev = repo.rev_lock or repo.rev or "HEAD"
        with Source.open(url, rev, config=config, remote=remote, progress=progress) as other:
            other._hops = self._hops + 1
            yield other, dep.path

    def bring(
        self,
        path: str,
        cache: Cache,
        progress: Progress | None = None,
        jobs: int | None = None,
    ) -> Brought:
        """Put everything at a path into a cache, as one output of another project.

        What is tracked keeps its objects and hashes; other files are hashed now, and a
        directory that is no output by itself gets a manifest of its own.

        Args:
            path: As for ``entry``.
            cache: Where to.
            progress: Told of files and bytes.
            jobs: How many at a time, at most.

        Raises:
            UnknownPathError: There is nothing.
            NowhereError: Some of the data is nowhere; what was found is in the cache.
            RemoteError: A remote failed.
        """
        here = self.entry(path)
        files = self.to_copy(path)
        lost = self.lost_links(files)
        files = [entry for entry in files if entry.path not in lost]
        self._view.get_ready(entry.path for entry in files if entry.hash is None)
        same = [entry for entry in files if entry.hash_name == cache.algorithm.name]
        missing = self.fetch(
            (entry for entry in same if entry.hash), lambda name: cache, progress, jobs
        )
        if missing:
            raise self.nowhere(missing)
        hashes: Manifest = {}
        for entry in files:
            value = entry.hash if entry.hash_name == cache.algorithm.name else None
            if value is None:
                value = _store(cache, self.content(entry))
            hashes[entry.path] = value
        cache.flush()
        if not here.is_dir:
            value = hashes[here.path]
            return Brought(value, cache.size(value) or 0, None, here.is_exec)
        start = len(here.path) + 1 if here.path else 0
        listing = {name[start:]: value for name, value in hashes.items()}
        relpaths.check_all(listing, field="path")
        if here.hash is not None and here.hash_name == cache.algorithm.name:
            data = self._manifest_bytes(here)
        else:
            data = manifests.dump(listing)
        value = cache.store_bytes(data, hashing.DIR_SUFFIX)
        cache.flush()
        size = sum(cache.size(member) or 0 for member in listing.values())
        return Brought(value, size, len(listing), is_exec=False, left_out=tuple(sorted(lost)))

    def get_ready(self, entries: Iterable[Entry]) -> None:
        """Bring the content of Git's files that may be elsewhere, all at once."""
        self._view.get_ready(entry.path for entry in entries)

    def nowhere(self, missing: Sequence[Entry]) -> NowhereError:
        """Return the error for data that ``fetch`` did not find."""
        part = self._part_of(missing[0])
        paths = [entry.path for entry in missing]
        return NowhereError(paths, self.where, part.has_remote(missing[0].out))

    def _fetched_manifest(self, part: Part, out: TrackedOut, name: str, value: str) -> bytes:
        path = relpaths.join(part.prefix, out.relpath)
        store = Cache(os.path.join(cache_home(), "manifests"), hashing.ALGORITHMS[name])
        entry = Entry(path, True, hash=value, hash_name=name, out=out, project=part.prefix)
        if self.fetch([entry], lambda name: store, self._progress):
            raise self.nowhere([entry])
        return store.read_manifest_bytes(value)

    def _override(self, options: Mapping[str, str]) -> None:
        """Give the default remote of the top project more options."""
        if not options:
            return
        part = self.parts[""]
        name = remotes.default(part) or _AD_HOC
        values = {option.lower(): str(value) for option, value in options.items()}
        if "url" in values and not configs.url_scheme(values["url"]):
            values["url"] = os.path.abspath(os.path.expanduser(values["url"]))
        layer = Layer(
            "local",
            os.path.join(os.getcwd(), "config"),
            {("core",): {"remote": name}, ("remote", name): values},
            (),
        )
        self._extra.append(layer)
        for one in self.parts.values():
            one.config.layers.append(layer)


# -- opening ----------------------------------------------------------------------------------


def _folder_of(url: str) -> str | None:
    """Return the directory of this machine that a URL means, or None."""
    path = local_path(url)
    return os.path.realpath(path) if os.path.isdir(path) else None


def _open_folder(
    kind: type[Source],
    url: str,
    folder: str,
    rev: str | None,
    extra: Sequence[Layer],
    progress: Progress | None,
) -> Source:
    repo = Repository.discover(folder)
    bare = Repository.bare(folder) if repo is None else None
    root = find_root(folder, repo.top if repo else None)
    if bare is not None:
        repo, root = bare, bare.top
        rev = rev or "HEAD"
    if root is None:
        if repo is None:
            raise NotASourceError(without_password(url))
        root = repo.top
    if rev is None:
        view: View = WorkView(root, repo)
        commit = (repo.head() if repo is not None else None) or ""
        return kind(url, rev, view=view, commit=commit, root=root, extra=extra, progress=progress)
    if repo is None:
        raise UnknownRevisionError(rev, where=without_password(url))
    trees = Trees(repo, CommitView.ALSO)
    found = trees.resolve(rev)
    if found is None:
        known = [ref.name for ref in (*trees.branches(), *trees.tags())]
        trees.close()
        if rev == "HEAD" and repo.head() is None:
            raise MirrorError(without_password(url), "it has no commits yet")
        raise UnknownRevisionError(rev, known, without_password(url))
    prefix = "" if root == repo.top else os.path.relpath(root, repo.top).replace(os.sep, "/")
    newest = trees.resolve("HEAD") or found
    return kind(
        url,
        rev,
        view=CommitView(trees, found, prefix),
        commit=found,
        root=root,
        trees=trees,
        tip=lambda: CommitView(trees, newest, prefix),
        extra=extra,
        progress=progress,
    )


def tags_at(url: str, pattern: str = "*", progress: Progress | None = None) -> dict[str, str]:
    """Return the tags of a repository, and what they name; errors as ``Source.open``.

    Args:
        url: A directory of this machine, or a Git URL.
        pattern: Which of them are needed, at least.
        progress: Told of what takes time.
    """
    folder = _folder_of(url)
    if folder is None:
        if not is_url(url):
            raise NotASourceError(without_password(url))
        return Mirror.at(url, os.path.join(cache_home(), "repos"), progress).tags(pattern)
    repo = Repository.discover(folder) or Repository.bare(folder)
    if repo is None:
        raise NotASourceError(without_password(url))
    with Trees(repo) as trees:
        return {ref.name: ref.commit for ref in trees.tags()}


def _open_mirror(
    kind: type[Source],
    url: str,
    rev: str | None,
    extra: Sequence[Layer],
    progress: Progress | None,
) -> Source:
    mirror = Mirror.at(url, os.path.join(cache_home(), "repos"), progress)
    commit = mirror.commit(rev)
    trees = Trees(mirror.repo, CommitView.ALSO)

    def view_of(commit: str) -> View:
        return CommitView(trees, commit, bring=lambda blobs: mirror.bring(trees, blobs))

    return kind(
        url,
        rev,
        view=view_of(commit),
        commit=commit,
        root="",
        trees=trees,
        tip=lambda: view_of(mirror.commit()),
        extra=extra,
        progress=progress,
    )


def _read_part(path: str, offset: int, length: int | None) -> Iterator[bytes]:
    fd = os.open(path, fsutil.READ_FLAGS | fsutil.O_NOFOLLOW)
    try:
        left = length if length is not None else os.fstat(fd).st_size
        while left > 0:
            piece = os.pread(fd, min(1024 * 1024, left), offset)
            if not piece:
                return
            yield piece
            offset += len(piece)
            left -= len(piece)
    finally:
        os.close(fd)


def _store(cache: Cache, pieces: Iterable[bytes]) -> str:
    """Put bytes into a cache, a large file without holding it in memory; return their hash."""
    hasher = cache.algorithm.new()
    folder = os.path.join(cache.root, "tmp")
    os.makedirs(folder, exist_ok=True)
    temporary = os.path.join(folder, fsutil.temporary_name())
    fd = os.open(temporary, fsutil.CREATE_FLAGS, 0o666)
    try:
        try:
            for piece in pieces:
                hasher.update(piece)
                fsutil.write_all(fd, piece)
            os.fchmod(fd, READ_ONLY)
        finally:
            os.close(fd)
        value = hasher.hexdigest()
        cache.take_temporary(temporary, value)
    except BaseException:
        fsutil.remove_if_there(temporary)
        raise
    return value
