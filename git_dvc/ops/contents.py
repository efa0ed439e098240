"""What the files and directories hold that stages read and make, each read only if it changed.

A dependency may be tracked by DVC, by Git or by nobody, and may lie outside of the project. Its
hash is the one that it would have as an output. What was read is remembered: of outputs in the
records of what was put in place, of all else in records of its own (``store/state.py``).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from typing import Any, NamedTuple

from git_dvc import fsutil, hashing, relpaths
from git_dvc.errors import FormatError, UnreadableDependencyError
from git_dvc.formats import manifest as manifests
from git_dvc.formats.ignore import Ignore
from git_dvc.formats.pointer import Out
from git_dvc.hashing import DIR_SUFFIX, MD5
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.store.state import Entry, Placed
from git_dvc.workspace.scan import DIRECTORY, FILE, MISSING, Scan, hash_dirty, scan

_EXECUTABLE = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH
_OF_SERVERS = ("etag", "checksum")
_NO_FOLDER = "symbolic link to a directory"


class Content(NamedTuple):
    """What a path holds.

    Attributes:
        out: Hash, size, number of files and executable bit; its path is the one asked for.
        entries: Its files.
    """

    out: Out
    entries: dict[str, Entry]


class Contents:
    """Looks at paths and remembers what it found until told to ``forget``.

    Args:
        project: The project.
        progress: Told of files that must be read.
    """

    def __init__(self, project: Project, progress: Progress | None = None) -> None:
        self._project = project
        self._progress = progress or NoProgress()
        self._found: dict[tuple[str, str], Content | None] = {}
        self._seen: dict[tuple[str, str], Placed] | None = None
        self._learned: dict[tuple[str, str], Placed] = {}
        self._values: dict[str, tuple[tuple[int, int, int], Any]] = {}

    def of(self, path: str, hash_name: str = MD5.name) -> Out | None:
        """Return what a path holds, or None if nothing is there.

        Args:
            path: Relative to the project; absolute, or a URL, for what lies outside of it.
            hash_name: The algorithm; DVC 2's records have another one.

        Raises:
            UnreadableDependencyError: Something in it is no file, or may not be read.
        """
        found = self.look(path, hash_name)
        return found.out if found is not None else None

    def look(self, path: str, hash_name: str = MD5.name) -> Content | None:
        """Return what a path holds with all its files; as ``of``."""
        key = path, hash_name
        if key not in self._found:
            self._found[key] = self._look(path, hash_name)
        return self._found[key]

    def forget(self, paths: Iterable[str] | None = None) -> None:
        """Look anew at paths, and at what lies in and around them; at everything for None."""
        if paths is None:
            self._found.clear()
            self._values.clear()
            return
        changed = list(paths)
        for known in [*self._found]:
            for path in changed:
                if relpaths.inside(known[0], path) or relpaths.inside(path, known[0]):
                    del self._found[known]
                    break
        for path in changed:
            self._values.pop(path, None)

    def save(self) -> None:
        """Store what was learned."""
        self._project.state.save_seen(self._learned.values())
        self._learned = {}

    def values(self, path: str) -> Any:
        """Return the values in a parameters file, as lock files hold them; None if there is none.

        Raises:
            FormatError: It cannot be understood.
        """
        from git_dvc.compare import values

        full = path if os.path.isabs(path) else self._project.path(path)
        try:
            found = os.stat(full)
            about = found.st_size, found.st_mtime_ns, found.st_ino
            known = self._values.get(path)
            if known is not None and known[0] == about:
                return known[1]
            if stat.S_ISDIR(found.st_mode):
                raise FormatError("is a directory, and parameters stand in files", path)
            data = fsutil.read_bytes(full, values.MOST_BYTES, follow=True)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as problem:
            why = (problem.strerror or str(problem)).lower()
            raise FormatError(f"cannot be read: {why}", path) from None
        try:
            value = _plain(values.parse(path, data))
        except FormatError as problem:
            raise problem if problem.where else problem.at(path) from None
        self._values[path] = about, value
        return value

    # -- looking ----------------------------------------------------------------------------

    def _at_url(self, url: str) -> Content | None:
        """Return what a server calls its content; nothing is brought from there."""
        from git_dvc.errors import MissingOriginError
        from git_dvc.ops import outside

        try:
            tree = outside.origin(url, project=self._project).find()
        except MissingOriginError:
            return None
        for name, value in tree.checksum().items():
            nfiles = len(tree.files) if tree.is_dir else None
            if name in (*_OF_SERVERS, MD5.name):
                return Content(Out(url, str(value), name, tree.size_bytes, nfiles), {})
        raise UnreadableDependencyError([(url, "the server does not say when it changes")])

    def _look(self, path: str, hash_name: str) -> Content | None:
        if "://" in path:
            return self._at_url(path)
        if hash_name not in hashing.ALGORITHMS:
            hash_name = MD5.name
        root, name = self._project.root, path
        ignore: Ignore | None = self._project.ignore
        is_outside = os.path.isabs(path)
        if is_outside:  # in folders that we need not be able to list
            (root, name), ignore = os.path.split(os.path.realpath(path)), None
        record, found = self._scan(root, name, path, hash_name, ignore)
        if (found.problems or found.dirty) and not is_outside:
            full = self._project.path(path)
            real = os.path.realpath(full)
            if real != full:  # behind a link, which a dependency may be
                root, name = os.path.split(real)
                record, found = self._scan(root, name, path, hash_name, None)
        if found.kind == MISSING:
            return None
        cache = self._project.cache(hash_name)
        dirty = bool(found.dirty)
        if dirty:
            hash_dirty(root, name, found, cache, self._progress)
        problems = [one for one in found.problems if one[1] != _NO_FOLDER or not one[0]]
        if problems:
            raise UnreadableDependencyError(
                [(self._shown(path, inner), why) for inner, why in problems]
            )
        if found.kind == FILE and not found.entries:
            return None  # gone while it was looked at
        content = _described(path, hash_name, record, found)
        if (
            dirty
            or record.hash != content.out.hash
            or record.entries.keys() != found.entries.keys()
        ):
            key = path, hash_name
            self._learned[key] = Placed(
                path, content.out.hash or "", hash_name, entries=found.entries
            )
            if self._seen is not None:
                self._seen[key] = self._learned[key]
        return content

    def _scan(
        self, root: str, name: str, path: str, hash_name: str, ignore: Ignore | None
    ) -> tuple[Placed, Scan]:
        """Return the record that knows most of a path, and how the path looks."""
        best: tuple[Placed, Scan] | None = None
        for record in self._records(path, hash_name):
            found = scan(root, name, record.entries, ignore)
            if best is None or len(found.dirty) < len(best[1].dirty):
                best = record, found
            if not found.dirty:
                break
        assert best is not None  # noqa: S101 - there is always a record, if an empty one
        return best

    def _records(self, path: str, hash_name: str) -> Iterable[Placed]:
        state = self._project.state
        if self._seen is None:
            self._seen = state.all_small_seen()
        seen = self._seen.get((path, hash_name))
        if seen is not None:
            yield seen
        placed = None if os.path.isabs(path) else state.placed(path)
        if placed is not None and placed.algorithm == hash_name:
            yield placed
        elif seen is None:
            yield state.seen(path, hash_name) or Placed(path, algorithm=hash_name)

    def _shown(self, path: str, inner: str) -> str:
        full = relpaths.join(path, inner) if inner else path
        return full if os.path.isabs(full) else self._project.shown(full)


def _described(path: str, hash_name: str, record: Placed, found: Scan) -> Content:
    if found.kind == FILE:
        entry = found.entries[""]
        out = Out(path, entry[0], hash_name, entry[1], isexec=bool(entry[5] & _EXECUTABLE))
        return Content(out, found.entries)
    if found.kind != DIRECTORY:
        raise UnreadableDependencyError([(path, "neither a file nor a directory")])
    # Equal entries are the record's own, so this compares little more than their number.
    if record.hash.endswith(DIR_SUFFIX) and record.entries == found.entries:
        value = record.hash
    else:
        data = manifests.dump(found.manifest())
        value = hashing.of_bytes(data, hashing.ALGORITHMS[hash_name]) + DIR_SUFFIX
    out = Out(path, value, hash_name, found.size_bytes(), len(found.entries))
    return Content(out, found.entries)


def _plain(value: Any) -> Any:
    """Return a value as a lock file holds it: tuples and sets are lists there, dates are text.

    Raises:
        FormatError: A mapping has keys that cannot be sorted.
    """
    if isinstance(value, dict):
        if len({isinstance(key, str) for key in value}) > 1:
            raise FormatError("some keys of a mapping are text and others are not")
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(map(_plain, value), key=repr)
    if value is None or isinstance(value, (str, int, float)):
        return value
    return str(value)
