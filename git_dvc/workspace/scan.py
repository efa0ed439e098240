"""Looking at an output on disk: which files it has, and which of them are known.

A scan reads no file. It walks the output, compares each file with its entry in the state
and gives unchanged ones their known hash; the others are *dirty* and get theirs from
``hash_dirty``. Two stat calls a file would double the time of ``status``, so the walk is
one tight loop.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Sequence
from typing import Protocol

from git_dvc import parallel
from git_dvc.errors import GitDvcError
from git_dvc.formats.manifest import Manifest
from git_dvc.fsutil import Folders, NotAFolderError
from git_dvc.progress import NoProgress, Progress
from git_dvc.store.cache import Cache
from git_dvc.store.state import Entry, pack, unpack

MISSING, FILE, DIRECTORY, OTHER = "missing", "file", "directory", "other"

ALWAYS_IGNORED = frozenset((".git", ".hg", ".dvc"))


class Ignoring(Protocol):
    """What the walk asks of the ignore rules (``formats/ignore.py``)."""

    @property
    def is_plain(self) -> bool:
        """Whether only the built-in patterns exist."""

    def match_file(self, relpath: str) -> bool:
        """Return whether a file, by path relative to the project, is ignored."""

    def match_dir(self, relpath: str) -> bool:
        """Return whether a directory is ignored with all it holds."""


class Scan:
    """What an output looks like on disk.

    Attributes:
        kind: MISSING, FILE, DIRECTORY or OTHER (a fifo, a link into nowhere, ...).
        entries: An entry for each file, by path inside the output ('' for a file output).
            Clean ones are the known entries themselves; dirty ones have an empty hash.
        dirty: Paths whose hash is not known.
        problems: Path and reason of everything that cannot be tracked.
        hashed: Number of files that ``hash_dirty`` read.
    """

    __slots__ = ("dirty", "entries", "hashed", "kind", "problems")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.entries: dict[str, Entry] = {}
        self.dirty: list[str] = []
        self.problems: list[tuple[str, str]] = []
        self.hashed = 0

    def manifest(self) -> Manifest:
        """Return the hashes by path; dirty files have an empty one."""
        return {path: entry[0] for path, entry in self.entries.items()}

    def size_bytes(self) -> int:
        """Return the size of all files together."""
        return sum(entry[1] for entry in self.entries.values())


def scan(root: str, relpath: str, known: dict[str, Entry], ignore: Ignoring | None = None) -> Scan:
    """Return what the output ``relpath`` below ``root`` looks like now.

    Args:
        root: The project's root.
        relpath: The output, relative to it.
        known: Entries of the last time.
        ignore: Rules of ``.dvcignore``; None for the built-in ones.
    """
    path = os.path.join(root, relpath)
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return Scan(MISSING)
    if stat.S_ISLNK(found.st_mode):
        try:
            found = os.stat(path)
        except OSError:
            result = Scan(OTHER)
            result.problems.append(("", "broken symbolic link"))
            return result
        if stat.S_ISDIR(found.st_mode):
            result = Scan(OTHER)
            result.problems.append(("", "symbolic link to a directory"))
            return result
    if stat.S_ISREG(found.st_mode):
        result = Scan(FILE)
        _note(result, "", found, known.get(""))
        return result
    if stat.S_ISDIR(found.st_mode):
        result = Scan(DIRECTORY)
        _walk(result, path, relpath, known, ignore)
        return result
    result = Scan(OTHER)
    result.problems.append(("", _kind_name(found.st_mode)))
    return result


def _note(result: Scan, inner: str, found: os.stat_result, entry: Entry | None) -> None:
    if (
        entry is not None
        and entry[1] == found.st_size
        and entry[2] == found.st_mtime_ns
        and entry[4] == found.st_ino
        and (entry[3] == found.st_ctime_ns or found.st_nlink > 1)
    ):
        result.entries[inner] = entry
    else:
        result.entries[inner] = _dirty(found)
        result.dirty.append(inner)


def _dirty(found: os.stat_result) -> Entry:
    return (
        "",
        found.st_size,
        found.st_mtime_ns,
        found.st_ctime_ns,
        found.st_ino,
        found.st_mode,
    )


def _walk(
    result: Scan, top: str, relpath: str, known: dict[str, Entry], ignore: Ignoring | None
) -> None:
    rules = None if ignore is None or ignore.is_plain else ignore
    if rules is None:
        _walk_plainly(result, top, known)
        return
    pending = [(top, "")]
    while pending:
        folder, prefix = pending.pop()
        try:
            listing = os.scandir(folder)
        except OSError as problem:
            result.problems.append((prefix.rstrip("/"), _why(problem)))
            continue
        with listing:
            for item in listing:
                name = item.name
                inner = prefix + name
                try:
                    if item.is_dir(follow_symlinks=False):
                        if name in ALWAYS_IGNORED:
                            continue
                        if rules.match_dir(f"{relpath}/{inner}"):
                            continue
                        if os.path.isdir(f"{item.path}/.dvc"):
                            continue  # a project of its own (formats.md: subrepos)
                        pending.append((item.path, inner + "/"))
                        continue
                    if rules.match_file(f"{relpath}/{inner}"):
                        continue
                    found = item.stat(follow_symlinks=False)
                    if not stat.S_ISREG(found.st_mode):
                        found_through = _through_link(result, item, inner, found)
                        if found_through is None:
                            continue
                        found = found_through
                except OSError as problem:
                    if problem.errno != errno.ENOENT:
                        result.problems.append((inner, _why(problem)))
                    continue
                _note(result, inner, found, known.get(inner))


def _walk_plainly(result: Scan, top: str, known: dict[str, Entry]) -> None:
    """Walk without ignore rules, a large directory in several processes."""
    count = parallel.processes(len(known))
    if count == 1:
        _walk_plain(result, known, [(top, "")])
        return
    folders = _walk_plain(result, known, [(top, "")], deep=False)
    if not folders:
        return

    def work(part: Sequence[tuple[str, str]], progress: Progress) -> bytes:
        found = Scan(DIRECTORY)
        _walk_plain(found, known, list(part))
        dirty = {path: ("0" * 32, *found.entries.pop(path)[1:]) for path in found.dirty}
        return parallel.join(
            parallel.names_to_bytes(found.entries),
            pack(dirty),
            parallel.names_to_bytes(part for problem in found.problems for part in problem),
        )

    for data in parallel.run(parallel.split(folders, count), work, NoProgress()):
        clean, dirty, problems = parallel.unjoin(data)
        result.entries.update((path, known[path]) for path in parallel.names_from_bytes(clean))
        for path, entry in unpack(dirty).items():
            result.entries[path] = ("", *entry[1:])
            result.dirty.append(path)
        pairs = parallel.names_from_bytes(problems)
        result.problems += zip(pairs[0::2], pairs[1::2], strict=True)


def _walk_plain(
    result: Scan, known: dict[str, Entry], pending: list[tuple[str, str]], *, deep: bool = True
) -> list[tuple[str, str]]:
    """Walk directories: all of ``status`` in a large directory is this loop.

    ``is_clean`` is written out, as a call a file would be a third of the time.

    Args:
        result: Given what is found.
        known: Entries of the last time.
        pending: Path and prefix of the directories to walk; used up.
        deep: Walk the directories inside, too.

    Returns:
        Path and prefix of the directories inside that were not walked.
    """
    found_folders: list[tuple[str, str]] = []
    inside = pending if deep else found_folders
    entries = result.entries
    lookup = known.get
    while pending:
        folder, prefix = pending.pop()
        try:
            listing = os.scandir(folder)
        except OSError as problem:
            result.problems.append((prefix.rstrip("/"), _why(problem)))
            continue
        with listing:
            for item in listing:
                inner = prefix + item.name
                try:
                    if item.is_dir(follow_symlinks=False):
                        if item.name in ALWAYS_IGNORED or os.path.isdir(f"{item.path}/.dvc"):
                            continue  # not data, or a project of its own
                        inside.append((item.path, inner + "/"))
                        continue
                    found = item.stat(follow_symlinks=False)
                except OSError as problem:
                    if problem.errno != errno.ENOENT:
                        result.problems.append((inner, _why(problem)))
                    continue
                entry = lookup(inner)
                if (
                    entry is not None
                    and entry[2] == found.st_mtime_ns
                    and entry[4] == found.st_ino
                    and entry[1] == found.st_size
                    and (entry[3] == found.st_ctime_ns or found.st_nlink > 1)
                ):
                    entries[inner] = entry
                elif stat.S_ISREG(found.st_mode):
                    if item.name != ".git":
                        _note(result, inner, found, entry)
                else:
                    through = _through_link(result, item, inner, found)
                    if through is not None:
                        _note(result, inner, through, entry)
    return found_folders


def _through_link(
    result: Scan, item: os.DirEntry[str], inner: str, found: os.stat_result
) -> os.stat_result | None:
    """Return the stat of the file that a link leads to, or None with a problem noted."""
    if not stat.S_ISLNK(found.st_mode):
        result.problems.append((inner, _kind_name(found.st_mode)))
        return None
    try:
        target = item.stat(follow_symlinks=True)
    except OSError:
        result.problems.append((inner, "broken symbolic link"))
        return None
    if stat.S_ISDIR(target.st_mode):
        result.problems.append((inner, "symbolic link to a directory"))
        return None
    if not stat.S_ISREG(target.st_mode):
        result.problems.append((inner, _kind_name(target.st_mode)))
        return None
    return target


def _kind_name(mode: int) -> str:
    for test, name in (
        (stat.S_ISFIFO, "fifo"),
        (stat.S_ISSOCK, "socket"),
        (stat.S_ISCHR, "device"),
        (stat.S_ISBLK, "device"),
        (stat.S_ISLNK, "symbolic link"),
    ):
        if test(mode):
            return name
    return "not a file"


def _why(problem: OSError) -> str:
    return (problem.strerror or str(problem)).lower()


def hash_dirty(
    root: str,
    relpath: str,
    result: Scan,
    cache: Cache,
    progress: Progress,
    *,
    only: Callable[[str], bool] | None = None,
) -> None:
    """Read the dirty files of a scan and give them their hashes; nothing is stored.

    Files that cannot be read become problems.
    """
    todo = sorted(path for path in result.dirty if only is None or only(path))
    if not todo:
        return
    progress.start("Hashing", len(todo), sum(result.entries[path][1] for path in todo))
    done = set()
    with Folders(root) as folders:
        for inner in todo:
            where = f"{relpath}/{inner}" if inner else relpath
            parent, _, name = where.rpartition("/")
            try:
                folder = folders.open(parent, create=False)
                if folder is None:
                    raise FileNotFoundError(errno.ENOENT, "no such file or directory")
                result.entries[inner] = cache.hash_file(folder, name, progress)
                result.hashed += 1
            except NotAFolderError:
                result.problems.append((inner, "reached through a symbolic link"))
                del result.entries[inner]
            except FileNotFoundError:
                del result.entries[inner]
            except OSError as problem:
                result.problems.append((inner, _why(problem)))
                del result.entries[inner]
            except GitDvcError as problem:
                result.problems.append((inner, problem.message))
                del result.entries[inner]
            done.add(inner)
            progress.advance(1)
    progress.finish()
    result.dirty = [path for path in result.dirty if path not in done]
