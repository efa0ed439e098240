"""A repository that data is read from: a project or plain Git repository, at some revision.

::

    with Source.open("https://host/registry.git", "v1.0") as source:
        entry = source.entry("images/cat.1.jpg")
        for piece in source.content(entry):
            ...

It is another repository than the one that the user works in: named by a path or a Git URL, read
and never written to. What there is, is the union of the files that Git knows (``views.py``) and
of the data that pointer files name; projects may be anywhere in the repository. A path on this
machine without a revision is read as it stands in its work tree; tracked data is always what is
recorded there, not what somebody has edited since. A Git URL is read through a cached clone
(``git/mirror.py``).

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
    MissingObjectError,
    NotASourceError,
    NowhereError,
    UnknownPathError,
    UnknownRevisionError,
)
from git_dvc.formats import config as configs
from git_dvc.formats import imports
from git_dvc.formats import manifest as manifests
from git_dvc.formats.ignore import NAME as IGNORE_NAME
from git_dvc.formats.manifest import Manifest
from git_dvc.git.mirror import Mirror, is_url
from git_dvc.git.repo import Repository
from git_dvc.git.trees import Trees
from git_dvc.ops import remotes
from git_dvc.ops.parts import Inside, Part, cache_home, chosen_layer, given_layer, without_unsafe
from git_dvc.ops.remote import local_path, without_password
from git_dvc.ops.views import CONFIG, CommitView, Node, View, WorkView
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Layer, Listing, find_root
from git_dvc.store.cache import READ_ONLY, Cache
from git_dvc.tracked import LOCK_FILE, STAGES_FILE, TrackedOut, is_pointer, is_source

MD5 = hashing.MD5.name
RemoteChoice = str | Mapping[str, str] | None
"""A remote by name, or by its options."""

_MOST_HOPS = 8
"""How often data may have been imported from somewhere that imported it."""
_AD_HOC = "given-remote"
_FEW_MEMBERS = 8
"""So many files of a directory are searched for one by one; then all of them are read."""


class Entry(NamedTuple):
    """A file or directory of a source.

    Attributes:
        path: From the source's top; '' is the top.
        is_dir: Whether it is a directory.
        is_out: Whether it is tracked data: an output, or something inside one.
        is_exec: Whether it is executable.
        size_bytes: Its size, if it is known without asking for it.
        hash: Of tracked data that is an object (a file, or a whole output); else None.
        hash_name: The algorithm of ``hash``.
        nfiles: Of an output that is a directory: how many files it has, if recorded.
        in_git: Whether Git has it, or the work tree. Tracked data may be there, too.
        is_link: Whether it is a symbolic link in Git.
        out: The output that it is, or that it is inside of.
        project: Prefix of the project that tracks it; '' at the top.
    """

    path: str
    is_dir: bool
    is_out: bool = False
    is_exec: bool = False
    size_bytes: int | None = None
    hash: str | None = None
    hash_name: str = MD5
    nfiles: int | None = None
    in_git: bool = False
    is_link: bool = False
    out: TrackedOut | None = None
    project: str = ""

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]


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


class Source:
    """A repository at a revision; made by ``open``. Close it, or use it in a ``with`` statement.

    Attributes:
        url: As it was given.
        where: The same as it may be shown: without a password.
        rev: The revision that was asked for, or None.
        commit: The commit that is read; for a work tree the one that is checked out. '' where
            there is none.
        root: Top of the repository if it is on this machine, '' if it is not.
    """

    def __init__(
        self,
        url: str,
        rev: str | None,
        *,
        view: View,
        commit: str,
        root: str,
        repo: Repository | None,
        prefix: str = "",
        trees: Trees | None = None,
        tip: Callable[[], View] | None = None,
        extra: Sequence[Layer] = (),
        progress: Progress | None = None,
    ) -> None:
        self.url = url
        self.where = without_password(url)
        self.rev = rev
        self.commit = commit
        self.root = root
        self._view = view
        self._repo = repo
        self._prefix = prefix
        self._trees = trees
        self._tip = tip
        self._extra = list(extra)
        self._progress = progress or NoProgress()
        self._hops = 0
        self._parts: dict[str, Part] | None = None
        self._indexes: dict[tuple[str, str], Inside] = {}
        self._asked: dict[tuple[str, str], int] = {}
        self._bytes: dict[tuple[str, str], bytes] = {}

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

    # -- what there is ------------------------------------------------------------------------

    def entry(self, path: str) -> Entry:
        """Return what a path is.

        Args:
            path: From the top, as a user writes it (``./data/`` is ``data``).

        Raises:
            UnknownPathError: There is nothing.
            GitDvcError: It is in a directory whose list of files is nowhere.
        """
        path = self._cleaned(path)
        found = self._entry(path)
        if found is None:
            raise UnknownPathError(path, self.where, self.rev or "", self._similar(path))
        return found

    def exists(self, path: str) -> bool:
        """Return whether there is something; errors as ``entry`` for what cannot be told."""
        try:
            self.entry(path)
        except UnknownPathError:
            return False
        return True

    def children(self, path: str = "", *, sizes: bool = False) -> list[Entry]:
        """Return what is in a directory, sorted by name; a file is alone in its list.

        Args:
            path: As for ``entry``.
            sizes: Whether the sizes of Git's files are needed: they may have to be downloaded.

        Raises:
            UnknownPathError: There is nothing.
        """
        here = self.entry(path)
        if not here.is_dir:
            return [here]
        return self.children_of(here, sizes=sizes)

    def walk(
        self, path: str = "", *, sizes: bool = False, depth: int | None = None
    ) -> Iterator[Entry]:
        """Yield everything below a directory: each directory before what is in it.

        Args:
            path: As for ``entry``; a file alone is yielded itself.
            sizes: As for ``children``.
            depth: How many levels below it, at most; None for all.
        """
        here = self.entry(path)
        if not here.is_dir:
            yield here
            return
        pending = [(here, 1)]
        while pending:
            folder, level = pending.pop()
            if folder is not here:
                yield folder
            if depth is not None and level > depth:
                continue
            below = self.children_of(folder, sizes=sizes)
            yield from (entry for entry in below if not entry.is_dir)
            folders = [entry for entry in below if entry.is_dir and not entry.is_link]
            pending += [(entry, level + 1) for entry in reversed(folders)]

    def files(self, path: str = "") -> Iterator[Entry]:
        """Yield all files at or below a path."""
        return (entry for entry in self.walk(path) if not entry.is_dir)

    def named(self, name: str) -> list[str]:
        """Return all files of one name that Git knows, wherever they are in the repository."""
        return self._view.named(name)

    def to_copy(self, path: str = "") -> list[Entry]:
        """Return the files of a copy: the data, and not the files that describe it.

        Those are left out of directories as DVC does: beside a copy they would speak of data
        that another project tracks.
        """
        here = self.entry(path)
        return [entry for entry in self.files(path) if not here.is_dir or not _describes(entry)]

    def lost_links(self, entries: Iterable[Entry]) -> set[str]:
        """Return the paths of links that lead nowhere, to a directory, or out of the repository."""
        links = [entry.path for entry in entries if entry.is_link]
        nodes = [(path, self._view.node(path)) for path in links]
        return {path for path, node in nodes if node is None or node.is_dir}

    @property
    def parts(self) -> dict[str, Part]:
        """The projects in the repository, by prefix; '' is there even without one at the top."""
        if self._parts is None:
            self._parts = self._found_parts()
        return self._parts

    @property
    def is_project(self) -> bool:
        """Whether there is any project; else it is a plain Git repository."""
        return any(part.is_project for part in self.parts.values())

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

    # -- finding ------------------------------------------------------------------------------

    @staticmethod
    def _cleaned(path: str) -> str:
        import posixpath

        text = posixpath.normpath(path.replace(os.sep, "/") or ".").lstrip("/")
        if text in (".", ""):
            return ""
        if text == ".." or text.startswith("../"):
            raise FormatError("leads out of the repository", path)
        return text

    def _similar(self, path: str) -> list[str]:
        from difflib import get_close_matches

        parent, _, name = path.rpartition("/")
        here = self._entry(parent)
        if here is None or not here.is_dir:
            return []
        names = [entry.name for entry in self.children_of(here)]
        return [relpaths.join(parent, one) for one in get_close_matches(name, names, 3, 0.6)]

    def _part_at(self, path: str) -> Part:
        """Return the project around a path."""
        place = path
        while place:
            if place in self.parts:
                return self.parts[place]
            place = place.rpartition("/")[0]
        return self.parts[""]

    def _part_of(self, entry: Entry) -> Part:
        return self.parts[entry.project]

    def _entry(self, path: str) -> Entry | None:
        part = self._part_at(path)
        inner = part.inner(path)
        out = part.tracked.holder(inner) if inner else None
        node = None
        if out is None or self.is_work_tree:
            node = self._view.node(path)
            if node is not None and part.ignores(inner, is_dir=node.is_dir):
                node = None
        if out is not None:
            found = self._data_entry(part, out, path, node)
            if found is not None:
                return found
        if node is not None:
            return _git_entry(path, node)
        if part.tracked.below(inner) if inner else False:
            return Entry(path, is_dir=True)
        return None

    @property
    def is_work_tree(self) -> bool:
        """Whether files are read as they stand in a work tree."""
        return isinstance(self._view, WorkView)

    def _data_entry(
        self, part: Part, out: TrackedOut, path: str, node: Node | None
    ) -> Entry | None:
        whole = relpaths.join(part.prefix, out.relpath)
        size = node.size_bytes if node is not None else None
        is_exec = node.is_exec if node is not None else False
        common: dict[str, Any] = {
            "is_out": True,
            "hash_name": out.out.hash_name,
            "in_git": node is not None,
            "out": out,
            "project": part.prefix,
        }
        if path == whole:
            return Entry(
                path,
                out.is_dir,
                is_exec=is_exec,
                size_bytes=out.out.size if size is None else size,
                hash=out.out.hash,
                nfiles=out.out.nfiles,
                **common,
            )
        if not out.is_dir:
            return None
        inner = path[len(whole) + 1 :]
        value = self._member(part, out, inner)
        if value is not None:
            return Entry(path, is_dir=False, is_exec=is_exec, size_bytes=size, hash=value, **common)
        if self._inside(part, out).has_folder(inner):
            return Entry(path, is_dir=True, size_bytes=size, **common)
        return None

    def children_of(
        self, here: Entry, *, sizes: bool = False, data_only: bool = False
    ) -> list[Entry]:
        """Return what is in a directory, sorted by name.

        Args:
            here: The directory.
            sizes: As for ``children``.
            data_only: Only tracked data and directories on the way to it, as it is recorded.
        """
        part = self._part_at(here.path)
        folder = part.inner(here.path)
        found: dict[str, Entry] = {}
        nodes: Mapping[str, Node] = {}
        if data_only:
            nodes = self._parts_in(here.path)
        elif not here.is_out or self.is_work_tree:
            nodes = self._view.children(here.path, sizes=sizes)
        for name, node in nodes.items():
            path = relpaths.join(here.path, name)
            if path not in self.parts and part.ignores(
                relpaths.join(folder, name), is_dir=node.is_dir
            ):
                continue
            found[name] = _git_entry(path, node)
        for name, entry in self._data_children(part, here, nodes):
            found[name] = entry
        return [found[name] for name in sorted(found)]

    def _parts_in(self, folder: str) -> dict[str, Node]:
        """Return the directories in a directory that lead to projects with data, by name."""
        start = f"{folder}/" if folder else ""
        return {
            prefix[len(start) :].partition("/")[0]: Node(is_dir=True)
            for prefix, part in self.parts.items()
            if prefix.startswith(start) and prefix != folder and part.tracked.outs
        }

    def _data_children(
        self, part: Part, here: Entry, nodes: Mapping[str, Node]
    ) -> Iterator[tuple[str, Entry]]:
        folder = part.inner(here.path)
        if here.is_out and here.out is not None:
            whole = relpaths.join(part.prefix, here.out.relpath)
            inner = here.path[len(whole) + 1 :]
            index = self._inside(part, here.out)
            common: dict[str, Any] = {
                "is_out": True,
                "hash_name": here.hash_name,
                "out": here.out,
                "project": part.prefix,
            }
            for name, value in index.members(inner):
                node = nodes.get(name)
                yield (
                    name,
                    Entry(
                        relpaths.join(here.path, name),
                        is_dir=value is None,
                        is_exec=node.is_exec if node is not None else False,
                        size_bytes=node.size_bytes if node is not None else None,
                        hash=value,
                        in_git=node is not None,
                        **common,
                    ),
                )
            return
        for name, out in part.below(folder):
            path = relpaths.join(here.path, name)
            if out is None:
                if name not in nodes:
                    yield name, Entry(path, is_dir=True)
                continue
            entry = self._data_entry(part, out, path, nodes.get(name))
            if entry is not None:
                yield name, entry

    # -- directories that are data --------------------------------------------------------------

    def manifest(self, entry: Entry) -> Manifest:
        """Return the files of an output that is a directory, and their hashes.

        Raises:
            NowhereError: Its manifest is nowhere.
        """
        return manifests.parse(self._manifest_bytes(entry))

    def _member(self, part: Part, out: TrackedOut, inner: str) -> str | None:
        """Return the hash of one file inside an output, without reading all the others."""
        key = (part.prefix, out.relpath)
        self._asked[key] = self._asked.get(key, 0) + 1
        if key in self._indexes or self._asked[key] > _FEW_MEMBERS:
            return self._inside(part, out).listing.get(inner)
        value = manifests.find(self._out_bytes(part, out), inner)
        if value is not None:
            relpaths.check(inner, field="manifest: relpath")
        return value

    def _inside(self, part: Part, out: TrackedOut) -> Inside:
        key = (part.prefix, out.relpath)
        if key not in self._indexes:
            self._indexes[key] = Inside(manifests.parse(self._out_bytes(part, out)))
        return self._indexes[key]

    def _manifest_bytes(self, entry: Entry) -> bytes:
        assert entry.out is not None  # noqa: S101 - the caller's part
        return self._out_bytes(self._part_of(entry), entry.out)

    def _out_bytes(self, part: Part, out: TrackedOut) -> bytes:
        """Return a manifest, checked against its hash: from the cache, else from a remote."""
        value, name = out.out.hash, out.out.hash_name
        assert value is not None  # noqa: S101 - it is a directory
        key = (name, value)
        if key not in self._bytes:
            try:
                self._bytes[key] = part.cache(name).read_manifest_bytes(value)
            except (MissingObjectError, CorruptObjectError):
                self._bytes[key] = self._fetched_manifest(part, out, name, value)
        return self._bytes[key]

    def _fetched_manifest(self, part: Part, out: TrackedOut, name: str, value: str) -> bytes:
        path = relpaths.join(part.prefix, out.relpath)
        store = Cache(os.path.join(cache_home(), "manifests"), hashing.ALGORITHMS[name])
        entry = Entry(path, True, hash=value, hash_name=name, out=out, project=part.prefix)
        if self.fetch([entry], lambda name: store, self._progress):
            raise self.nowhere([entry])
        return store.read_manifest_bytes(value)

    # -- projects -----------------------------------------------------------------------------

    def _found_parts(self) -> dict[str, Part]:
        paths = self._view.sources()
        beside = [
            path.removesuffix(LOCK_FILE) + STAGES_FILE for path in paths if path.endswith(LOCK_FILE)
        ]
        self._view.get_ready([*paths, *beside])
        prefixes = {""}
        prefixes.update(path[: -len(CONFIG) - 1] for path in paths if path.endswith(f"/{CONFIG}"))
        by_part: dict[str, list[str]] = {prefix: [] for prefix in prefixes}
        for path in paths:
            if f"/{path}".endswith(f"/{CONFIG}") or "/.dvc/" in f"/{path}":
                continue
            place = path.rpartition("/")[0]
            while place and place not in prefixes:
                place = place.rpartition("/")[0]
            by_part[place].append(path[len(place) + 1 :] if place else path)
        configs_here = {path for path in paths if f"/{path}".endswith(f"/{CONFIG}")}
        return {
            prefix: self._part(
                prefix, own, relpaths.join(prefix, CONFIG) in configs_here or self._has_dvc(prefix)
            )
            for prefix, own in by_part.items()
        }

    def _has_dvc(self, prefix: str) -> bool:
        """Return whether a directory of a work tree is a project whose config Git ignores."""
        if not self.is_work_tree:
            return False
        return os.path.isdir(os.path.join(self.root, *prefix.split("/"), ".dvc"))

    def _part(self, prefix: str, own: Sequence[str], is_project: bool) -> Part:
        listing = Listing(
            [path for path in own if is_source(path)],
            [path for path in own if not is_source(path)],
        )
        part = Part(
            self._view,
            self.root,
            self.where,
            prefix,
            listing,
            is_project=is_project,
            tip=self._tip,
        )
        for layer in self._extra:
            part.config.layers.append(layer)
        return part

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
        return kind(
            url, rev, view=view, commit=commit, root=root, repo=repo, extra=extra, progress=progress
        )
    if repo is None:
        raise UnknownRevisionError(rev)
    trees = Trees(repo, CommitView.ALSO)
    found = trees.resolve(rev)
    if found is None:
        known = [ref.name for ref in (*trees.branches(), *trees.tags())]
        trees.close()
        raise UnknownRevisionError(rev, known)
    prefix = "" if root == repo.top else os.path.relpath(root, repo.top).replace(os.sep, "/")
    newest = trees.resolve("HEAD") or found
    return kind(
        url,
        rev,
        view=CommitView(trees, found, prefix),
        commit=found,
        root=root,
        repo=repo,
        prefix=prefix,
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
        repo=mirror.repo,
        trees=trees,
        tip=lambda: view_of(mirror.commit()),
        extra=extra,
        progress=progress,
    )


def _describes(entry: Entry) -> bool:
    """Return whether a file is there for the sake of data."""
    name = entry.name
    return not entry.is_out and (is_pointer(name) or name in (STAGES_FILE, IGNORE_NAME))


def _git_entry(path: str, node: Node) -> Entry:
    return Entry(
        path,
        node.is_dir,
        is_exec=node.is_exec and not node.is_link,
        size_bytes=node.size_bytes,
        in_git=True,
        is_link=node.is_link,
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
