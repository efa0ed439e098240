"""Recording an output: its files into the cache, its new hash into its pointer file.

``add`` and ``commit`` share this. The order is fixed by the threat model: files, then the
manifest, then (made durable) the pointer that names it. Nothing of the user's is replaced
but by a link to the same bytes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from git_dvc import fsutil, hashing, parallel, relpaths
from git_dvc.errors import (
    CannotAddError,
    CannotTrackError,
    FormatError,
    MissingTargetError,
    quoted,
)
from git_dvc.formats import checksum, pointer
from git_dvc.formats import manifest as manifests
from git_dvc.formats.manifest import Manifest
from git_dvc.formats.pointer import Out
from git_dvc.fsutil import Folders
from git_dvc.git import gitignore
from git_dvc.ops.checkout import open_work_tmp, relink_entries
from git_dvc.progress import Progress
from git_dvc.project import Project
from git_dvc.store.cache import COPY, HARDLINK, REFLINK, Cache
from git_dvc.store.oplog import RECORD, OutChange, Side
from git_dvc.store.state import Entry, Header, Placed, pack, unpack
from git_dvc.tracked import TrackedOut, is_pointer
from git_dvc.workspace import links
from git_dvc.workspace.scan import DIRECTORY, FILE, MISSING, Scan, hash_dirty, scan

IGNORE_FILE = ".gitignore"
PARALLEL_MEAN_BYTES = 1024 * 1024


class Recorded(NamedTuple):
    """An output as it was recorded.

    Attributes:
        relpath: The output.
        out: What its pointer is to say.
        record: Its entries, to be saved once the pointer is written.
        stored: Number of files that were read and stored.
        size_bytes: Size of those.
    """

    relpath: str
    out: Out
    record: Placed
    stored: int = 0
    size_bytes: int = 0


def check_cache_is_ours(project: Project) -> None:
    """Refuse to write into a cache outside of the project that a commit chose (S8).

    A committed ``cache.dir`` is followed if it is a cache already, or the user agreed to it.

    Raises:
        CannotAddError: Neither.
    """
    found = project.config.find(("cache",), "dir")
    if found is None or found[1].level != "project":
        return
    root = project.cache_root
    inside = root.startswith((project.main_root + os.sep, project.root + os.sep))
    if inside or os.path.isdir(os.path.join(root, "files", "md5")):
        return
    if project.repo is not None and root in project.repo.config_all("dvc.safeCacheDir"):
        return
    if project.repo is None:
        return
    raise CannotAddError(
        f"the project's config sends data to {quoted(root)}, outside of the project",
        hint="if you trust that, run:\n"
        f"  git config --add dvc.safeCacheDir {quoted(root)}\n"
        "nothing was written there",
    )


def how_to_store(project: Project) -> str:
    """Return how files enter the cache: the first link type decides."""
    first = project.link_types[0]
    if first in (links.HARDLINK, links.SYMLINK):
        return HARDLINK
    return REFLINK if first == REFLINK else COPY


def look(project: Project, relpath: str, known: Placed | None) -> Scan:
    """Scan an output that is about to be recorded.

    Raises:
        MissingTargetError: Nothing is there.
        CannotTrackError: Something in it cannot be tracked.
    """
    entries = known.entries if known is not None else {}
    found = scan(project.root, relpath, entries, project.ignore)
    if found.kind == MISSING:
        raise MissingTargetError(project.shown(relpath))
    check_names(project, relpath, found)
    return found


def check_names(project: Project, relpath: str, found: Scan) -> None:
    """Refuse what cannot be versioned, naming each path.

    Raises:
        CannotTrackError: Something in it cannot be tracked.
    """
    problems = [(_inside(relpath, path), why) for path, why in found.problems]
    if found.kind == DIRECTORY:
        try:
            relpaths.check_all(found.entries)
        except FormatError:
            for path in found.entries:
                try:
                    relpaths.check(path)
                except FormatError as problem:
                    problems.append((_inside(relpath, path), _reason(problem)))
        if found.entries and any(p.endswith(".dvcignore") for p in found.entries):
            problems += [
                (_inside(relpath, path), "an ignore file inside tracked data")
                for path in found.entries
                if path.rpartition("/")[2] == ".dvcignore"
            ]
    if problems:
        raise CannotTrackError([(project.shown(path), why) for path, why in problems])


def _reason(problem: FormatError) -> str:
    parts = problem.what.split(": ")
    return parts[1] if len(parts) > 2 else problem.what


def _inside(relpath: str, inner: str) -> str:
    return relpaths.join(relpath, inner) if inner else relpath


def store_output(
    project: Project,
    relpath: str,
    progress: Progress,
    *,
    old: Out | None = None,
    commit: bool = True,
    relink: bool = True,
) -> Recorded:
    """Bring an output's files into the cache and return what its pointer is to say.

    Args:
        project: The project, locked.
        relpath: The output.
        progress: Told of the work.
        old: What its pointer says now; an unchanged DVC 2 entry stays one.
        commit: Store the content; else only hash it.
        relink: Replace the files by links where ``cache.type`` says so.

    Raises:
        MissingTargetError: Nothing is there.
        CannotTrackError: Something in it cannot be tracked.
        ChangingFileError: A file is being written to.
        OSError: The disk is full or fails; the pointer was not touched.
    """
    if old is not None and old.hash_name != hashing.MD5.name:
        kept = _unchanged_legacy(project, relpath, old, progress)
        if kept is not None:
            return kept
    cache = project.cache(hashing.MD5.name)
    record = _record_of(project, relpath, cache)
    found = look(project, relpath, record)
    executable = found.kind == FILE and bool(found.entries[""][5] & stat.S_IXUSR)
    how = COPY if executable else how_to_store(project)
    if not commit:
        hash_dirty(project.root, relpath, found, cache, progress)
        check_names(project, relpath, found)
        return _describe(project, relpath, found, record, cache, old, executable, store=False)
    stored = store_files(project, relpath, found, cache, how, progress)
    done = _describe(project, relpath, found, record, cache, old, executable, store=True)
    cache.flush()
    if relink:
        link_back(project, done, stored.loose, progress)
    return done._replace(stored=stored.stored, size_bytes=stored.size_bytes)


def _record_of(project: Project, relpath: str, cache: Cache) -> Placed:
    record = project.state.placed(relpath)
    if record is None or record.algorithm != cache.algorithm.name:
        return Placed(relpath, version=record.version if record is not None else 0)
    return record


class Stored(NamedTuple):
    """Files that went into the cache.

    Attributes:
        stored: How many.
        size_bytes: Their size.
        loose: Paths of those that did not become the object themselves.
    """

    stored: int
    size_bytes: int
    loose: set[str]


def store_files(
    project: Project,
    relpath: str,
    found: Scan,
    cache: Cache,
    how: str,
    progress: Progress,
    root: str = "",
) -> Stored:
    """Store the files of a scan that are new, changed or lacking in the cache.

    Their entries in the scan are completed. Nothing is published if one of them fails. What was
    scanned outside of the project has another ``root``.

    Raises:
        CannotTrackError: Files that cannot be read.
        ChangingFileError: A file is being written to.
        OSError: The disk is full or fails.
    """
    chosen = dict.fromkeys(found.dirty)
    lacking = cache.lacks({e[0] for e in found.entries.values() if e[0]})
    if lacking:
        chosen.update((p, None) for p, e in found.entries.items() if e[0] in lacking)
    todo = sorted(chosen)
    loose: set[str] = set()
    if not todo:
        return Stored(0, 0, loose)
    cache.clean_leftovers()
    cache.prepare(how, len(todo))
    size = sum(found.entries[path][1] for path in todo)
    progress.start("Adding", len(todo), size)

    def work(part: Sequence[str], watch: Progress) -> bytes:
        entries, linked = _store_some(project, relpath, part, cache, how, watch, root)
        cache.publish()
        return parallel.join(
            pack(entries),
            parallel.names_to_bytes(path for path in part if path not in linked),
            pack(cache.new_records()),
        )

    # A process for each processor pays for many small files; a few large ones keep the disk
    # and the hash busy as it is.
    count = parallel.processes(len(todo)) if size < len(todo) * PARALLEL_MEAN_BYTES else 1
    try:
        for data in parallel.run(parallel.split(todo, count), work, progress):
            entries, names, records = parallel.unjoin(data)
            found.entries.update(unpack(entries))
            loose.update(parallel.names_from_bytes(names))
            cache.take_records(unpack(records))
    except BaseException:
        cache.discard()
        raise
    progress.finish()
    found.dirty.clear()
    return Stored(len(todo), size, loose)


def _store_some(
    project: Project,
    relpath: str,
    todo: Sequence[str],
    cache: Cache,
    how: str,
    progress: Progress,
    root: str,
) -> tuple[dict[str, Entry], set[str]]:
    """Store files one by one; return their entries, and those that became the object."""
    entries: dict[str, Entry] = {}
    linked: set[str] = set()
    problems: list[tuple[str, str]] = []

    def shown(inner: str) -> str:
        path = _inside(relpath, inner)
        return os.path.join(root, path) if root else project.shown(path)

    with Folders(root or project.root) as folders:
        for inner in todo:
            parent, _, name = _inside(relpath, inner).rpartition("/")
            try:
                folder = folders.open(parent, create=False)
                if folder is None:
                    raise FileNotFoundError(2, "vanished while it was added")
                entry, is_object = cache.store_file(folder, name, how=how, progress=progress)
            except fsutil.NotAFolderError:
                problems.append((shown(inner), "behind a link"))
                continue
            except (PermissionError, FileNotFoundError) as problem:
                if os.path.isabs(problem.filename or ""):
                    raise  # it is the cache that cannot be written, not this file
                why = (problem.strerror or str(problem)).lower()
                problems.append((shown(inner), why))
                continue
            entries[inner] = entry
            if is_object:
                linked.add(inner)
            progress.advance(1)
    if problems:
        raise CannotTrackError(problems)
    return entries, linked


def _describe(
    project: Project,
    relpath: str,
    found: Scan,
    record: Placed,
    cache: Cache,
    old: Out | None,
    executable: bool,
    *,
    store: bool,
) -> Recorded:
    record.entries = found.entries
    base = old or Out(path=relpath.rpartition("/")[2])
    if found.kind == FILE:
        entry = found.entries[""]
        record.hash = entry[0]
        out = base._replace(
            hash=entry[0],
            hash_name=cache.algorithm.name,
            size=entry[1],
            nfiles=None,
            isexec=executable,
        )
        return Recorded(relpath, out, record)
    listing: Manifest = {path: entry[0] for path, entry in found.entries.items()}
    data = manifests.dump(listing)
    if store:
        value = cache.store_bytes(data, hashing.DIR_SUFFIX)
    else:
        value = hashing.of_bytes(data, cache.algorithm) + hashing.DIR_SUFFIX
    record.hash = value
    out = base._replace(
        hash=value,
        hash_name=cache.algorithm.name,
        size=found.size_bytes(),
        nfiles=len(listing),
        isexec=False,
    )
    return Recorded(relpath, out, record)


def _unchanged_legacy(
    project: Project, relpath: str, old: Out, progress: Progress
) -> Recorded | None:
    """Return the entry of DVC 2 as it is, if the data did not change (formats.md 16.1)."""
    cache = project.cache(old.hash_name)
    record = _record_of(project, relpath, cache)
    record.algorithm = cache.algorithm.name
    found = look(project, relpath, record)
    hash_dirty(project.root, relpath, found, cache, progress)
    if found.kind == FILE:
        value = found.entries[""][0]
    else:
        listing = {path: entry[0] for path, entry in found.entries.items()}
        data = manifests.dump(listing)
        value = hashing.of_bytes(data, cache.algorithm) + hashing.DIR_SUFFIX
    if value != old.hash:
        return None
    store_files(project, relpath, found, cache, COPY, progress)
    if found.kind != FILE and not cache.has(value):
        cache.store_bytes(data, hashing.DIR_SUFFIX)
    cache.flush()
    record.entries = found.entries
    record.hash = value
    return Recorded(relpath, old, record)


def link_back(project: Project, done: Recorded, loose: set[str], progress: Progress) -> None:
    """Replace stored files by links to their objects, where ``cache.type`` says so.

    Args:
        project: The project.
        done: What was recorded; its entries are updated.
        loose: Paths that are not the object themselves.
        progress: Told of the work.
    """
    kind = project.link_types[0]
    if kind in (COPY, REFLINK) or (kind == HARDLINK and not loose):
        return
    record = done.record
    part = record
    if kind == HARDLINK:
        part = Placed(record.relpath, algorithm=record.algorithm)
        part.entries = {path: record.entries[path] for path in loose}
    with Folders(project.root) as folders:
        tmp = open_work_tmp(project, folders)
        relink_entries(project, part, tmp, progress, executable=done.out.isexec)
    if part is not record:
        record.entries.update(part.entries)


def write_pointer(project: Project, source: str, done: Recorded, old: Out | None) -> bool:
    """Write what was recorded into its pointer file; return whether that changed.

    Raises:
        FormatError: An existing pointer cannot be understood; it stays as it is.
    """
    path = project.path(source)
    before = project.read(source)
    if before is None:
        data = pointer.dump(done.out)
    else:
        data = pointer.update(before, old.path if old else done.out.path, done.out)
        if data != before:
            data = checksum.refresh(data)
    if data == before:
        return False
    project.note_file(source, before, data)
    fsutil.atomic_write(path, data, os.path.join(project.tmp_dir, "git-dvc"))
    return True


def write_lock(project: Project, source: str, done: dict[tuple[str, str], Out]) -> bool:
    """Write recorded outputs of stages into a ``dvc.lock``; return whether it changed."""
    from git_dvc.formats import lockfile

    before = project.read(source)
    data = lockfile.update_all(before or b"", done)
    if data == (before or b""):
        return False
    project.note_file(source, before, data)
    fsutil.atomic_write(project.path(source), data, os.path.join(project.tmp_dir, "git-dvc"))
    return True


def write_records(project: Project, done: Iterable[tuple[TrackedOut, Recorded]]) -> list[str]:
    """Write outputs' new hashes into their pointer and lock files, then save their records.

    Returns:
        The files that changed, relative to the project.
    """
    written: list[str] = []
    locks: dict[str, dict[tuple[str, str], Out]] = {}
    records = []
    for item, recorded in done:
        recorded.record.pointer = item.source
        recorded.record.algorithm = recorded.out.hash_name
        value = recorded.out.hash or ""
        header = Header(item.relpath, value, recorded.out.hash_name, item.source)
        _note_record(project, header._replace(hash=recorded.record.hash), item.out.hash == value)
        project.state.begin(header)
        records.append(recorded.record)
        if is_pointer(item.source):
            if write_pointer(project, item.source, recorded, item.out):
                written.append(item.source)
        else:
            locks.setdefault(item.source, {})[item.stage, item.out.path] = recorded.out
    for source, outs in locks.items():
        if write_lock(project, source, outs):
            written.append(source)
    project.state.save(records)
    return written


def _note_record(project: Project, header: Header, recorded_so: bool) -> None:
    """Record that an output gets a new version, for undo."""
    recorder = project.recorder
    if recorder is None or not recorder.is_open:
        return
    known = project.state.header(header.relpath)
    if recorded_so and known == header:
        return
    before = Side(algorithm=header.algorithm, header=known)
    after = Side(algorithm=header.algorithm, header=header)
    recorder.out(OutChange(header.relpath, RECORD, before, after))


def edit_gitignore(
    project: Project, relpath: str, change: Callable[[str, str], str | None]
) -> str | None:
    """Change the ``.gitignore`` beside an output; return its relpath if it changed.

    Args:
        project: The project.
        relpath: The output.
        change: ``gitignore.add`` or ``gitignore.remove``: text and name in, text out; None
            means that the file is to go.
    """
    folder, _, name = relpath.rpartition("/")
    ignore_path = relpaths.join(folder, IGNORE_FILE)
    before = project.read(ignore_path)
    text = (before or b"").decode("utf-8", "surrogateescape")
    after = change(text, name)
    if after is None:
        if before is None:
            return None
        project.note_file(ignore_path, before, None)
        fsutil.remove_if_there(project.path(ignore_path))
        return ignore_path
    if (before is not None and after == text) or (before is None and not after):
        return None
    data = after.encode("utf-8", "surrogateescape")
    project.note_file(ignore_path, before, data)
    fsutil.atomic_write(
        project.path(ignore_path),
        data,
        os.path.join(project.tmp_dir, "git-dvc"),
    )
    return ignore_path


def ignore_in_git(project: Project, relpath: str, *, is_dir: bool) -> str | None:
    """Make Git ignore an output, unless it does; return the file that changed."""
    if project.repo is None:
        return None
    path = project.git_path(relpath) + ("/" if is_dir else "")
    if project.repo.is_ignored([path]):
        return None
    return edit_gitignore(project, relpath, gitignore.add)


def stage(project: Project, paths: Iterable[str]) -> bool:
    """Put changed files into Git's index unless ``core.autostage`` is false."""
    chosen = [project.git_path(path) for path in paths]
    if project.repo is None:
        return False
    if not project.autostage:
        return False
    project.repo.stage(chosen)
    return True
