"""The files of a repository that Git knows: as they are in a work tree, or at a commit.

Two implementations of one protocol, for ``source.py``, which adds the data. Paths are relative
to the view's top and have ``/``; what is Git's or DVC's own (``.git``, ``.dvc``) is never seen.

Links are shown as what they are, and followed only to what is inside: a repository from anywhere
could have one to a secret of whoever copies it.
"""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

from git_dvc import fsutil, relpaths
from git_dvc.errors import FormatError, quoted
from git_dvc.formats.ignore import NAME as IGNORE_NAME
from git_dvc.git.repo import Repository
from git_dvc.git.trees import Trees
from git_dvc.tracked import STAGES_FILE, is_source

OWN_FOLDERS = frozenset((".git", ".hg", ".dvc"))
CONFIG = ".dvc/config"

_PIECE_BYTES = 1024 * 1024
_MOST_LINKS = 40


class Node(NamedTuple):
    """A file or directory.

    Attributes:
        is_dir: Whether it is a directory.
        size_bytes: Its size; None if it was not asked for. Of a directory what the file system
            or Git says, which means little.
        is_exec: Whether it is executable.
        is_link: Whether it is a symbolic link.
        blob: Git's name of it; '' on disk.
    """

    is_dir: bool
    size_bytes: int | None = None
    is_exec: bool = False
    is_link: bool = False
    blob: str = ""


class View(Protocol):
    """Files as they are somewhere."""

    def node(self, path: str) -> Node | None:
        """Return what a path is, links on the way and at its end followed; None if nothing."""

    def look(self, paths: Iterable[str]) -> None:
        """Find out at once about many files that will be asked for one by one."""

    def children(self, folder: str, *, sizes: bool = False) -> dict[str, Node]:
        """Return what is in a directory, by name; nothing if there is no such directory.

        Args:
            folder: Its path, '' for the top.
            sizes: Whether sizes are needed, which may cost a download.
        """

    def sources(self) -> list[str]:
        """Return all pointer, lock and ignore files, and configs of projects."""

    def named(self, name: str) -> list[str]:
        """Return all files of one name, wherever they are."""

    def read(self, path: str) -> bytes | None:
        """Return a small file; None if it is not there.

        Raises:
            FormatError: It is a link, a directory, or too large.
        """

    def content(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of a file; links are followed.

        Raises:
            FormatError: It is no file, or a link out of the repository.
        """

    def get_ready(self, paths: Iterable[str]) -> None:
        """Bring the content of many files at once, where it is somewhere else."""


class WorkView:
    """A work tree, or any directory.

    Args:
        root: Its top, links resolved.
        repo: The repository around it, if there is one.
    """

    def __init__(self, root: str, repo: Repository | None) -> None:
        self._root = root
        self._repo = repo

    def _real(self, path: str) -> str:
        """Return where a path leads.

        Raises:
            FormatError: Out of here.
        """
        full = os.path.join(self._root, *path.split("/")) if path else self._root
        real = os.path.realpath(full)
        inside = os.path.relpath(real, self._root).replace(os.sep, "/")
        parts = inside.split("/")
        if parts[0] == ".." or os.path.isabs(inside) or not OWN_FOLDERS.isdisjoint(parts):
            raise FormatError("a link that leads out of the repository", path)
        return real

    def node(self, path: str) -> Node | None:
        """Return what a path is, links followed."""
        if not OWN_FOLDERS.isdisjoint(path.split("/")):
            return None
        try:
            return _node(os.stat(self._real(path)))
        except (OSError, FormatError):
            return None

    def look(self, paths: Iterable[str]) -> None:
        """Do nothing: a look at one file is cheap."""

    def children(self, folder: str, *, sizes: bool = False) -> dict[str, Node]:
        """Return what is in a directory, by name."""
        found = {}
        try:
            with os.scandir(self._real(folder)) as entries:
                for entry in entries:
                    if entry.name in OWN_FOLDERS:
                        continue
                    try:
                        status = entry.stat(follow_symlinks=not entry.is_symlink())
                        node = _node(status)
                        if entry.is_symlink():
                            node = _linked(entry.path)
                    except OSError:
                        continue  # it went meanwhile
                    found[entry.name] = node
        except (FileNotFoundError, NotADirectoryError):
            return {}
        return found

    def sources(self) -> list[str]:
        """Return all pointer, lock and ignore files, and configs of projects."""
        if self._repo is None:
            return sorted(_walked(self._root))
        return self._in_git(("*.dvc", "dvc.lock", "Dvcfile", IGNORE_NAME, CONFIG))

    def named(self, name: str) -> list[str]:
        """Return all files of one name."""
        if self._repo is not None:
            return self._in_git((name,))
        return sorted(path for path in _walked(self._root, name) if f"/{path}".endswith(f"/{name}"))

    def _in_git(self, names: Iterable[str]) -> list[str]:
        """Return the files of some names that Git knows, or that nothing hides from it."""
        assert self._repo is not None  # noqa: S101 - the caller's part
        specs = [f":(glob)**/{name}" for name in names]
        args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *specs]
        out = self._repo.run(args, cwd=self._root)
        return sorted({os.fsdecode(name) for name in out.split(b"\0") if name})

    def read(self, path: str) -> bytes | None:
        """Return a small file."""
        try:
            return fsutil.read_bytes(os.path.join(self._root, *path.split("/")))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as problem:
            why = "a symbolic link" if problem.errno == errno.ELOOP else str(problem.strerror)
            raise FormatError(f"cannot be read: {why.lower()}", path) from None

    def content(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of a file."""
        try:
            fd = os.open(self._real(path), fsutil.READ_FLAGS)
        except OSError as problem:
            raise FormatError(f"cannot be read: {str(problem.strerror).lower()}", path) from None
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise FormatError("not a regular file", path)
            while piece := os.read(fd, _PIECE_BYTES):
                yield piece
        finally:
            os.close(fd)

    def get_ready(self, paths: Iterable[str]) -> None:
        """Do nothing: all of it is here."""


def _node(status: os.stat_result) -> Node:
    is_dir = stat.S_ISDIR(status.st_mode)
    is_exec = not is_dir and bool(status.st_mode & 0o111)
    return Node(is_dir, status.st_size, is_exec)


def _linked(path: str) -> Node:
    try:
        status = os.stat(path)
    except OSError:
        return Node(is_dir=False, size_bytes=0, is_link=True)
    return Node(stat.S_ISDIR(status.st_mode), status.st_size, is_link=True)


def _walked(root: str, also: str = IGNORE_NAME) -> Iterator[str]:
    pending = [""]
    while pending:
        folder = pending.pop()
        here = set()
        folders = []
        try:
            with os.scandir(os.path.join(root, folder)) as entries:
                for entry in entries:
                    path = relpaths.join(folder, entry.name)
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name == ".dvc" and os.path.exists(
                            os.path.join(root, path, "config")
                        ):
                            yield f"{path}/config"
                        if entry.name not in OWN_FOLDERS:
                            folders.append(path)
                    elif is_source(path) or entry.name in (IGNORE_NAME, also):
                        here.add(path)
        except OSError:
            continue
        yield from here
        # A tracked directory holds data, not pointers, and may be very large.
        pending += [path for path in folders if f"{path}.dvc" not in here]


class CommitView:
    """The files of a commit.

    Args:
        trees: Git's objects, with ``dvc.yaml``, ``config`` and the ignore files among what
            ``pointers`` returns.
        commit: The commit.
        prefix: The directory that is the view's top; '' for all of it.
        bring: Gets blobs that may be missing, all at once.
    """

    ALSO = (IGNORE_NAME, "config", STAGES_FILE)

    def __init__(
        self,
        trees: Trees,
        commit: str,
        prefix: str = "",
        bring: Callable[[Iterable[str]], None] | None = None,
    ) -> None:
        self._trees = trees
        self._commit = commit
        self._prefix = prefix
        self._bring = bring
        self._folders: dict[str, dict[str, Node]] = {}
        self._sizes: dict[str, int] = {}
        self._named: dict[str, str] | None = None

    def _listing(self, folder: str) -> dict[str, Node]:
        """Return a directory as it is in Git, with trees under ``blob``."""
        found = self._folders.get(folder)
        if found is None:
            if folder:
                parent, _, name = folder.rpartition("/")
                node = self._listing(parent).get(name)
                tree = node.blob if node is not None and node.is_dir else None
            else:
                tree = self._trees.tree_at(self._commit, self._prefix)
            found = {}
            for name, mode, oid in self._trees.entries(tree) if tree else ():
                kind = mode & 0o170000
                if name in OWN_FOLDERS or kind == 0o160000:
                    continue  # of a submodule there is nothing but a commit
                found[name] = Node(
                    kind == 0o040000, None, bool(mode & 0o111), kind == 0o120000, oid
                )
            self._folders[folder] = found
        return found

    def _blob(self, blob: str) -> bytes:
        if self._bring is not None:
            self._bring([blob])
        return self._trees.blob(blob)

    def _found(self, path: str, hops: int = 0) -> tuple[str, Node] | None:
        """Return a path without links, and what is there.

        Raises:
            FormatError: A link leads out of here.
        """
        done = ""
        node = Node(is_dir=True)
        for name in path.split("/") if path else ():
            if not node.is_dir:
                return None
            here = self._listing(done).get(name)
            if here is None:
                return None
            done, node = relpaths.join(done, name), here
            if node.is_link:
                if hops >= _MOST_LINKS:
                    raise FormatError("links that lead in a circle", path)
                target = os.fsdecode(self._blob(node.blob))
                parent = done.rpartition("/")[0]
                lead = posixpath.normpath(posixpath.join(parent or ".", target))
                if lead.startswith(("/", "../")) or lead == "..":
                    raise FormatError("a link that leads out of the repository", path)
                found = self._found("" if lead == "." else lead, hops + 1)
                if found is None:
                    return None
                done, node = found
        return done, node

    def node(self, path: str) -> Node | None:
        """Return what a path is, links followed."""
        try:
            found = self._found(path)
        except FormatError:
            return None
        if found is None:
            return None
        if found[1].is_dir:
            return found[1]
        return self._sized({"": found[1]})[""]

    def look(self, paths: Iterable[str]) -> None:
        """Find out at once about many files that will be asked for one by one."""
        found = {}
        for path in paths:
            try:
                there = self._found(path)
            except FormatError:
                continue
            if there is not None and not there[1].is_dir:
                found[path] = there[1]
        self._sized(found)

    def children(self, folder: str, *, sizes: bool = False) -> dict[str, Node]:
        """Return what is in a directory, by name."""
        found = self._found(folder)
        if found is None or not found[1].is_dir:
            return {}
        listing = self._listing(found[0])
        return self._sized(listing) if sizes else dict(listing)

    def _sized(self, nodes: dict[str, Node]) -> dict[str, Node]:
        if self._bring is not None:
            self._bring(node.blob for node in nodes.values() if not node.is_dir)
        unknown = [node.blob for node in nodes.values() if node.blob not in self._sizes]
        self._sizes |= self._trees.sizes(unknown)
        return {
            name: node._replace(size_bytes=self._sizes.get(node.blob))
            for name, node in nodes.items()
        }

    def sources(self) -> list[str]:
        """Return all pointer, lock and ignore files, and configs of projects."""
        return sorted(
            path for path in self._pointers() if not f"/{path}".endswith(f"/{STAGES_FILE}")
        )

    def blobs(self) -> dict[str, str]:
        """Return Git's names of what ``sources`` has and of all ``dvc.yaml``, by path."""
        return self._pointers()

    def blob(self, path: str) -> str | None:
        """Return Git's name of a file, links followed; None if there is none.

        Raises:
            FormatError: A link leads out of here.
        """
        found = self._found(path)
        return None if found is None or found[1].is_dir else found[1].blob

    def named(self, name: str) -> list[str]:
        """Return all files of one name."""
        if name == STAGES_FILE:
            found = self._pointers()
            return sorted(path for path in found if f"/{path}".endswith(f"/{STAGES_FILE}"))
        start = f"{self._prefix}/" if self._prefix else ""

        def want(path: str) -> bool:
            return path.startswith(start) and path.rpartition("/")[2] == name

        return [path[len(start) :] for path in self._trees.files(self._commit, want)]

    def _pointers(self) -> dict[str, str]:
        if self._named is None:
            self._named = self._found_pointers()
        return self._named

    def _found_pointers(self) -> dict[str, str]:
        cut = len(self._prefix) + 1 if self._prefix else 0
        start = f"{self._prefix}/" if self._prefix else ""
        found = {}
        for path, blob in self._trees.pointers(self._commit).items():
            if not path.startswith(start):
                continue
            if path.rpartition("/")[2] == "config" and not f"/{path}".endswith(f"/{CONFIG}"):
                continue
            found[path[cut:]] = blob
        return found

    def read(self, path: str) -> bytes | None:
        """Return a small file."""
        blob = self._trees.blob_at(self._commit, relpaths.join(self._prefix, path))
        if blob is None:
            return None
        data = self._blob(blob)
        if len(data) > 16 * 1024**2:
            raise FormatError("too large", path)
        return data

    def content(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of a file."""
        found = self._found(path)
        if found is None or found[1].is_dir:
            raise FormatError("not a regular file", quoted(path))
        yield self._blob(found[1].blob)

    def get_ready(self, paths: Iterable[str]) -> None:
        """Bring the content of many files at once."""
        if self._bring is None:
            return
        pointers = self._pointers()
        wanted = []
        for path in paths:
            blob = pointers.get(path)
            if blob is None:
                found = self._found(path)
                blob = found[1].blob if found is not None and not found[1].is_dir else None
            if blob:
                wanted.append(blob)
        self._bring(wanted)
