"""What there is in a repository at some revision: files that Git knows, and tracked data.

A catalogue is the union of both. Files come from a view (``views.py``: a work tree, a commit);
data from the pointer and lock files of the projects in the repository, which may be anywhere in
it (``parts.py``). Data is what is recorded, whether or not it is on this machine, so a tracked
directory is listed from its manifest.

Where manifests come from, and the bytes of everything, is ``source.py``.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from git_dvc import hashing, relpaths
from git_dvc.errors import CorruptObjectError, FormatError, MissingObjectError, UnknownPathError
from git_dvc.formats import manifest as manifests
from git_dvc.formats.ignore import NAME as IGNORE_NAME
from git_dvc.formats.manifest import Manifest
from git_dvc.ops.parts import Inside, Part
from git_dvc.ops.views import CONFIG, Node, View, WorkView
from git_dvc.project import Layer, Listing
from git_dvc.tracked import LOCK_FILE, STAGES_FILE, TrackedOut, is_pointer, is_source

MD5 = hashing.MD5.name
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


class Catalogue(ABC):
    """What there is in a repository.

    Attributes:
        where: What the repository is called in messages.
        rev: The revision that was asked for, or None.
        root: Top of the repository if it is on this machine, '' if it is not.
    """

    def __init__(
        self,
        view: View,
        where: str,
        rev: str | None,
        root: str,
        *,
        tip: Callable[[], View] | None = None,
        extra: Sequence[Layer] = (),
    ) -> None:
        self.where = where
        self.rev = rev
        self.root = root
        self._view = view
        self._tip = tip
        self._extra = list(extra)
        self._parts: dict[str, Part] | None = None
        self._indexes: dict[tuple[str, str], Inside] = {}
        self._asked: dict[tuple[str, str], int] = {}
        self._bytes: dict[tuple[str, str], bytes] = {}

    @abstractmethod
    def _fetched_manifest(self, part: Part, out: TrackedOut, name: str, value: str) -> bytes:
        """Return a manifest that is not in the project's own cache, checked.

        Raises:
            NowhereError: Nothing has it.
        """

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

    def look(self, paths: Iterable[str]) -> None:
        """Find out at once about many files that ``entry`` will be asked for."""
        self._view.look(paths)

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
