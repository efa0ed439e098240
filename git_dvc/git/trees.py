"""Files at a revision: the door to Git's objects.

::

    with Trees(repo) as trees:
        commit = trees.resolve("v1.0")
        for path, blob in trees.files(commit, lambda path: path.endswith(".dvc")).items():
            data = trees.blob(blob)

Objects are read with dulwich: once it is loaded, a blob costs 9 microseconds, and a tree that
many revisions share is read once. Whatever it does not find or does not know (a partial
clone, SHA-256, an object directory from the environment) is read through
``git cat-file --batch``, which fetches what a partial clone lacks. Lists of tags come from
``git for-each-ref``, which is faster by an order of magnitude. The index is never read here:
see ``git/repo.py``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, NamedTuple

from git_dvc.errors import FormatError, GitError
from git_dvc.git.repo import Repository

Want = Callable[[str], bool]

_MOST_DEPTH = 512  # of directories, in a tree from anywhere
_MOST_POINTERS = 1_000_000
_COMMIT, _TREE, _BLOB, _TAG = 1, 2, 3, 4
_TYPES = {b"commit": _COMMIT, b"tree": _TREE, b"blob": _BLOB, b"tag": _TAG}
_HEX = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
# A name that can only be a ref: no '~1', '@{1}', ':path', 'a..b', and no option.
_SIMPLE_NAME = re.compile(r"[\w][\w./+#=,%-]*")
_UNUSUAL_STORE = re.compile(rb"objectformat|refstorage", re.IGNORECASE)
_REF_PLACES = ("", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/")


class Ref(NamedTuple):
    """A tag or branch: its short name and the commit it leads to."""

    name: str
    commit: str


class Change(NamedTuple):
    """A path whose blob differs between two revisions; None where it does not exist."""

    old: str | None
    new: str | None


def is_pointer(path: str) -> bool:
    """Return whether a path (with ``/``) is named like a pointer, lock or old stage file."""
    name = path[path.rfind("/") + 1 :]
    return name in ("dvc.lock", "Dvcfile") or (name.endswith(".dvc") and name != ".dvc")


class Trees:
    """Reads commits, trees and blobs of one repository; a context manager.

    Args:
        repo: The repository.
        also: Base names of other files that ``pointers`` returns.
    """

    def __init__(self, repo: Repository, also: Iterable[str] = ()) -> None:
        self._repo = repo
        self._also = frozenset(also)
        self._store: Any = None
        self._opened = False
        self._pointers: dict[str, dict[str, str]] = {}
        self._roots: dict[str, str] = {}

    def __enter__(self) -> Trees:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the object files; dulwich complains at exit about those left open."""
        if self._store is not None:
            self._store.close()
        self._store = None
        self._opened = False
        self._pointers.clear()

    # -- revisions -------------------------------------------------------------------------

    def resolve(self, rev: str) -> str | None:
        """Return the commit that a revision names, or None if it names none.

        Raises:
            GitError: It is ambiguous, or Git cannot read it.
        """
        if not rev or rev.startswith("-") or "\0" in rev:
            return None
        self._open()
        if self._store is not None and _SIMPLE_NAME.fullmatch(rev) and ".." not in rev:
            commit = self._resolve_name(rev)
            if commit:
                return commit
        # ':/text' is a commit already, and would take the ending for a part of the text.
        peeled = rev if rev.startswith(":/") else rev + "^{commit}"
        args = ["rev-parse", "--verify", "--quiet", peeled]
        result = self._repo.call(args)
        found = result.out.decode("ascii", "replace").strip()
        if result.code != 0 and b"ambiguous" in result.err:
            raise GitError(args, result.code, result.err)
        return found if result.code == 0 and _HEX.fullmatch(found) else None

    def _resolve_name(self, name: str) -> str | None:
        """Return the commit of a full hash, tag or branch, in Git's order of places."""
        if _HEX.fullmatch(name):
            return self._peel(name)
        from dulwich.refs import DiskRefsContainer

        # Opened anew each time: it remembers packed-refs, and refs may move while we run.
        refs: Any = DiskRefsContainer(self._repo.common_dir, worktree_path=self._repo.git_dir)
        for place in _REF_PLACES:
            full = place + name
            if not place and not (full.startswith("refs/") or full.isupper()):
                continue  # in .git itself only HEAD, FETCH_HEAD and the like are refs
            try:
                target = refs[os.fsencode(full)]
            except KeyError:
                continue
            except Exception:
                return None
            return self._peel(target.decode("ascii"))
        return None

    def _peel(self, object_id: str) -> str | None:
        for _ in range(10):  # a tag may tag a tag
            kind, data = self._stored(object_id)
            if kind == _COMMIT:
                return object_id
            if kind != _TAG:
                return None
            object_id = data[7 : data.index(b"\n")].decode("ascii")
        return None

    def tags(self) -> list[Ref]:
        """Return all tags that lead to commits, sorted by name."""
        return list(self._for_each_ref("refs/tags/"))

    def branches(self, *, remote: bool = False) -> list[Ref]:
        """Return all local branches, or those of remotes, sorted by name."""
        return list(self._for_each_ref("refs/remotes/" if remote else "refs/heads/"))

    def _for_each_ref(self, prefix: str) -> Iterator[Ref]:
        fields = "%(refname)", "%(objecttype)", "%(objectname)", "%(*objecttype)", "%(*objectname)"
        out = self._repo.run(["for-each-ref", "--format=" + "%00".join(fields), prefix])
        for line in out.splitlines():
            name, kind, target, peeled_kind, peeled = os.fsdecode(line).split("\0")
            if peeled_kind == "tag":  # Git before 2.45 peels once
                commit = self.resolve(peeled)
            elif peeled_kind:
                commit = peeled if peeled_kind == "commit" else None
            else:
                commit = target if kind == "commit" else None
            if commit:
                yield Ref(name.removeprefix(prefix), commit)

    # -- files -----------------------------------------------------------------------------

    def files(self, rev: str, want: Want) -> dict[str, str]:
        """Return the wanted regular files of a revision: path from the top -> blob.

        Symbolic links and submodules are left out.

        Args:
            rev: A commit from ``resolve``, or any revision.
            want: Asked with each path.

        Raises:
            GitError: There is no such revision, or an object is missing for good.
        """
        found = {}
        todo = [("", self._tree_of(rev), 0)]
        while todo:
            prefix, tree, depth = todo.pop()
            for name, mode, object_id in self._entries(tree):
                path = prefix + name
                if mode == 0o040000:
                    todo.append((path + "/", object_id, _deeper(depth, path)))
                elif mode & 0o170000 == 0o100000 and want(path):
                    found[path] = object_id
        return dict(sorted(found.items()))

    def pointers(self, rev: str) -> dict[str, str]:
        """Return the pointer and lock files of a revision: path from the top -> blob.

        Directories that revisions have in common are looked through once.
        """
        return dict(sorted(self._pointers_below(self._tree_of(rev), 0).items()))

    def _pointers_below(self, tree: str, depth: int) -> dict[str, str]:
        known = self._pointers.get(tree)
        if known is not None:
            return known
        found: dict[str, str] = {}
        for name, mode, object_id in self._entries(tree):
            if mode == 0o040000:
                for path, blob in self._pointers_below(object_id, _deeper(depth, name)).items():
                    found[f"{name}/{path}"] = blob
                if len(found) > _MOST_POINTERS:
                    raise FormatError(f"a tree with more than {_MOST_POINTERS} pointer files", tree)
            elif mode & 0o170000 == 0o100000 and (is_pointer(name) or name in self._also):
                found[name] = object_id
        self._pointers[tree] = found
        return found

    def pointer_blobs(self, rev: str) -> dict[str, bytes]:
        """Return the content of all pointer and lock files of a revision, by path."""
        paths = self.pointers(rev)
        content = self.blobs(paths.values())
        return {path: content[blob] for path, blob in paths.items()}

    def changed(self, old: str, new: str, want: Want) -> dict[str, Change]:
        """Return the wanted regular files that differ between two revisions, by path."""
        found: dict[str, Change] = {}
        todo: list[tuple[str, str | None, str | None, int]] = [
            ("", self._tree_of(old), self._tree_of(new), 0)
        ]
        while todo:
            prefix, old_tree, new_tree, depth = todo.pop()
            before = self._by_name(old_tree)
            after = self._by_name(new_tree)
            for name in before.keys() | after.keys():
                one, two = before.get(name), after.get(name)
                if one == two:
                    continue
                path = prefix + name
                old_sub, old_blob = _sides(one)
                new_sub, new_blob = _sides(two)
                if old_sub != new_sub:
                    todo.append((path + "/", old_sub, new_sub, _deeper(depth, path)))
                if old_blob != new_blob and want(path):
                    found[path] = Change(old_blob, new_blob)
        return dict(sorted(found.items()))

    def _by_name(self, tree: str | None) -> dict[str, tuple[int, str]]:
        if tree is None:
            return {}
        return {name: (mode, oid) for name, mode, oid in self._entries(tree)}

    def blob_at(self, rev: str, path: str) -> str | None:
        """Return the blob of one regular file of a revision, or None if it has none there."""
        *folders, last = path.split("/")
        tree = self._tree_of(rev)
        for name in folders:
            mode, tree = self._by_name(tree).get(name, (0, ""))
            if mode != 0o040000:
                return None
        return _sides(self._by_name(tree).get(last))[1]

    def tree_at(self, rev: str, path: str = "") -> str | None:
        """Return the tree of a directory of a revision ('' is the top), or None."""
        tree = self._tree_of(rev)
        for name in path.split("/") if path else ():
            mode, tree = self._by_name(tree).get(name, (0, ""))
            if mode != 0o040000:
                return None
        return tree

    def entries(self, tree: str) -> list[tuple[str, int, str]]:
        """Return name, mode and object of everything in a tree, as Git sorts it."""
        return list(self._entries(tree))

    def sizes(self, object_ids: Iterable[str]) -> dict[str, int]:
        """Return the sizes of objects in bytes; those that do not exist are left out."""
        wanted = "".join(f"{one}\n" for one in dict.fromkeys(object_ids))
        if not wanted:
            return {}
        args = ["cat-file", "--batch-check=%(objectname) %(objectsize)"]
        found = {}
        for line in self._repo.run(args, input=wanted.encode("ascii")).decode("ascii").split("\n"):
            name, _, size = line.partition(" ")
            if size.isdigit():
                found[name] = int(size)
        return found

    def lacks(self, object_ids: Iterable[str]) -> list[str]:
        """Return the objects that are not here, as far as can be told without Git."""
        self._open()
        if self._store is None:
            return []
        return [one for one in dict.fromkeys(object_ids) if one.encode() not in self._store]

    def blob(self, object_id: str) -> bytes:
        """Return the content of a blob.

        Raises:
            GitError: It is missing, and cannot be fetched.
        """
        return self._object(object_id, _BLOB)

    def blobs(self, object_ids: Iterable[str]) -> dict[str, bytes]:
        """Return the content of blobs; those that dulwich lacks come in one call of Git.

        Raises:
            GitError: One is missing, and cannot be fetched.
        """
        found: dict[str, bytes] = {}
        lacking = []
        for object_id in dict.fromkeys(object_ids):
            kind, data = self._stored(object_id)
            if kind == _BLOB:
                found[object_id] = data
            else:
                lacking.append(object_id)
        if lacking:
            found.update(self._repo.read_blobs(lacking))
            for object_id in lacking:
                if object_id not in found:
                    raise _missing(object_id)
        return found

    # -- objects ---------------------------------------------------------------------------

    def _tree_of(self, rev: str) -> str:
        """Return the tree of a revision; those of full hashes are remembered."""
        known = self._roots.get(rev)
        if known is not None:
            return known
        commit = self.resolve(rev)
        if commit is None:
            raise GitError(["rev-parse"], 128, os.fsencode(f"fatal: unknown revision '{rev}'"))
        data = self._object(commit, _COMMIT)
        tree = data[5 : data.index(b"\n")].decode("ascii")
        self._roots[commit] = tree
        return tree

    def _entries(self, tree: str) -> Iterator[tuple[str, int, str]]:
        """Yield (name, mode, object) of the entries of a tree.

        An entry is ``<octal mode> <name>NUL<hash in binary>``.
        """
        data = self._object(tree, _TREE)
        length = len(tree) // 2
        at, end = 0, len(data)
        while at < end:
            space = data.index(b" ", at)
            nul = data.index(b"\0", space)
            name = os.fsdecode(data[space + 1 : nul])
            mode = int(data[at:space], 8)
            at = nul + 1 + length
            yield name, mode, data[nul + 1 : at].hex()

    def _object(self, object_id: str, kind: int) -> bytes:
        found, data = self._stored(object_id)
        if found != kind:
            name = next(word for word, number in _TYPES.items() if number == kind).decode()
            result = self._repo.call(["cat-file", name, object_id])
            if result.code != 0:
                raise GitError(["cat-file"], result.code, result.err)
            data = result.out
        return data

    def _stored(self, object_id: str) -> tuple[int, bytes]:
        """Return type and content of an object as dulwich has it; type 0 if it has not."""
        self._open()
        if self._store is not None:
            try:
                kind, data = self._store.get_raw(object_id.encode("ascii"))
                return int(kind), data if isinstance(data, bytes) else b"".join(data)
            except Exception:  # noqa: S110  missing, or a form unknown to dulwich: Git's turn
                pass
        return 0, b""

    def _open(self) -> None:
        """Open the objects with dulwich, unless something about them is unusual."""
        if self._opened:
            return
        self._opened = True
        if "GIT_OBJECT_DIRECTORY" in os.environ:
            return
        if "GIT_ALTERNATE_OBJECT_DIRECTORIES" in os.environ:
            return
        common_dir = self._repo.common_dir
        try:
            with open(os.path.join(common_dir, "config"), "rb") as file:
                if _UNUSUAL_STORE.search(file.read()):
                    return
        except FileNotFoundError:
            pass
        from dulwich.object_store import DiskObjectStore

        self._store = DiskObjectStore(os.path.join(common_dir, "objects"))


def _sides(entry: tuple[int, str] | None) -> tuple[str | None, str | None]:
    """Return an entry as (tree, None), (None, blob of a regular file) or (None, None)."""
    if entry is None:
        return None, None
    mode, object_id = entry
    if mode == 0o040000:
        return object_id, None
    return None, object_id if mode & 0o170000 == 0o100000 else None


def _deeper(depth: int, path: str) -> int:
    if depth >= _MOST_DEPTH:
        raise FormatError(f"more than {_MOST_DEPTH} directories inside each other", path)
    return depth + 1


def _missing(object_id: str) -> GitError:
    return GitError(["cat-file"], 128, f"fatal: object {object_id} is missing".encode())
