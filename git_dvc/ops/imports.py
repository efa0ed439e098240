"""What the imports share: bringing a source's content, recording it, putting it in place.

An import is an output with a source: an address (``import-url``) or a path in another repository
(``import``). ``update`` asks the source for its newest version. The order is that of ``add``: the
files into the cache, the manifest, then ``.gitignore`` and the pointer, then the work tree. The
network is used before the project is locked, and killed anywhere the same command goes on.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from git_dvc import fsutil, hashing
from git_dvc.errors import (
    CannotImportError,
    CannotTrackError,
    FormatError,
    MissingOriginError,
    OccupiedError,
    quoted,
)
from git_dvc.formats import config as configs
from git_dvc.formats import imports as formats
from git_dvc.formats import manifest as manifests
from git_dvc.formats import pointer
from git_dvc.formats.imports import Dep, Repo
from git_dvc.formats.manifest import Manifest
from git_dvc.formats.options import COMMAND_OPTIONS
from git_dvc.formats.pointer import Out
from git_dvc.ops import add as adding
from git_dvc.ops import checkout as placing
from git_dvc.ops import outside
from git_dvc.ops import record as recording
from git_dvc.ops.remote import without_password
from git_dvc.ops.select import Selected
from git_dvc.ops.source import Source
from git_dvc.progress import Progress
from git_dvc.project import Project
from git_dvc.remote.crew import Shared, Stop, each
from git_dvc.remote.origin import LocalOrigin, Origin, Tree
from git_dvc.store.cache import COPY, REFLINK, SMALL_BYTES, Cache
from git_dvc.tracked import SUFFIX, TrackedOut
from git_dvc.workspace.scan import DIRECTORY, FILE, Scan, hash_dirty, scan


class Content(NamedTuple):
    """One version of a source.

    Attributes:
        out: What the output is to say: hash, size, nfiles, isexec; without a hash if the data
            was not asked for.
        dep: What the source is to say.
        files: Number of files that were brought.
        size_bytes: Their size.
    """

    out: Out
    dep: Dep
    files: int = 0
    size_bytes: int = 0


class Imported(NamedTuple):
    """What an import or an update did; paths relative to the project.

    Attributes:
        relpath: The output.
        source: Its pointer file.
        content: What was recorded; None if nothing has changed.
        changed: Files for Git that were written.
        staged: Whether they were staged.
        placed: What was put in place; None if the data was not asked for.
    """

    relpath: str
    source: str
    content: Content | None = None
    changed: Sequence[str] = ()
    staged: bool = False
    placed: placing.Result | None = None


# -- where it goes ------------------------------------------------------------------------


def check_place(project: Project, name: str, dep: Dep, *, force: bool) -> TrackedOut:
    """Return the output that an import may make or replace.

    What an import that was killed left there is taken up again.

    Args:
        project: The project.
        name: Where the data is to go, as the user sees it.
        dep: The source.
        force: Replace what is there.

    Raises:
        OccupiedError: Something is there.
        CannotAddError: Data cannot be tracked there.
        CannotImportError: The pointer file could not be read again.
    """
    try:
        formats.parse(dep.value())
    except FormatError:
        raise CannotImportError(
            f"a pointer file cannot name this source: {quoted(dep.path)}",
            hint="rename it there, or copy it without tracking where it came from",
        ) from None
    relpath = adding.check_place(project, name)
    source = relpath + SUFFIX
    holder = project.tracked.holder(relpath)
    known = _known(project, source)
    again = known is not None and known.path == dep.path and _same_repo(known, dep)
    if holder is None and not (again and relpath not in project.tracked.uncached):
        target = adding.new_target(project, relpath, name)
        adding.check_git(project, [target])
        item = target.item
    elif holder is not None and (holder.relpath, holder.source) != (relpath, source):
        raise CannotImportError(
            f"{quoted(name)} belongs to {quoted(project.shown(holder.source))}",
            hint="name another place, or remove that first",
        )
    else:
        item = holder or TrackedOut(relpath, Out(relpath.rpartition("/")[2]), source)
    if force:
        _check_alone(project, item)
        return item
    begun = relpath in project.state.begun()
    if os.path.lexists(project.path(relpath)) and not (again and begun):
        raise OccupiedError(name)
    if os.path.lexists(project.path(source)) and not again:
        raise OccupiedError(project.shown(source))
    return item


def _known(project: Project, source: str) -> Dep | None:
    """Return the source that a pointer file names, or None."""
    try:
        data = project.read(source)
        found = pointer.parse(data) if data is not None else None
        return formats.parse(found.deps[0]) if found is not None and found.deps else None
    except FormatError:
        return None


def _same_repo(one: Dep, other: Dep) -> bool:
    repos = [dep.repo and dep.repo._replace(rev_lock=None) for dep in (one, other)]
    return repos[0] == repos[1]


def _check_alone(project: Project, item: TrackedOut) -> None:
    """Refuse to replace a pointer file that has other outputs, too."""
    others = [
        other
        for other in project.tracked.outs.values()
        if other.source == item.source and other.relpath != item.relpath
    ]
    if others:
        raise CannotImportError(
            f"{quoted(project.shown(item.source))} tracks other data, too: "
            f"{quoted(project.shown(others[0].relpath))}"
        )


# -- bringing it --------------------------------------------------------------------------


def bring(
    project: Project,
    item: TrackedOut,
    origin: Origin,
    dep: Dep,
    progress: Progress,
    *,
    download: bool = True,
    jobs: int | None = None,
) -> Content:
    """Bring the newest content of an address into the cache.

    Args:
        project: The project.
        item: The output that it is for.
        origin: Where it is.
        dep: What is recorded of it.
        progress: Told of the work.
        download: Bring the data; else only look what it is.
        jobs: How many files at a time.

    Raises:
        MissingOriginError: Nothing is there.
        OriginError: It cannot be read.
        CannotTrackError: Something in it cannot be tracked.
    """
    if isinstance(origin, LocalOrigin):
        return _bring_local(project, item, origin, dep, progress, download=download)
    tree = origin.find()
    outside.check_names(origin.where, tree)
    if not download:
        return Content(Out(item.out.path), dep._replace(content=_told(tree)))
    recording.check_cache_is_ours(project)
    found, size = _store(project, origin, tree, progress, jobs)
    value = _store_manifest(project, found) if tree.is_dir else found[""]
    return described(item, dep, tree, value, size, len(found))


def described(
    item: TrackedOut, dep: Dep, tree: Tree, value: str, size_bytes: int, files: int
) -> Content:
    """Return what is to be recorded of files that were read at an address.

    Args:
        item: The output.
        dep: The source.
        tree: What is there.
        value: The hash of the file, or of the directory's manifest.
        size_bytes: The size of all files.
        files: How many were brought.
    """
    nfiles = len(tree.files) if tree.is_dir else None
    out = item.out._replace(hash=value, size=size_bytes, nfiles=nfiles, isexec=False)
    content = _told(tree)
    if not tree.checksum():
        # A server that says nothing of the version is known by what it gave us.
        content = {"md5": value, **content}
    content.setdefault("size", size_bytes)
    return _content(out, dep, content, files, size_bytes)


def _told(tree: Tree) -> dict[str, object]:
    """Return what is known of files without reading them."""
    content: dict[str, object] = dict(tree.checksum())
    if tree.size_bytes is not None:
        content["size"] = tree.size_bytes
    if tree.is_dir:
        content["nfiles"] = len(tree.files)
    return content


def has_changed(origin: Origin, dep: Dep) -> bool:
    """Return whether an address may have something else now than what is recorded.

    Only a server can answer without reading the data.
    """
    if isinstance(origin, LocalOrigin) or dep.hash is None:
        return True
    tree = origin.find()
    return not tree.checksum() or dep.hash not in tree.checksum().values()


def is_known_to_differ(origin: Origin, dep: Dep) -> bool:
    """Return whether a server says that it has something else now than what is recorded."""
    if isinstance(origin, LocalOrigin):
        return False
    told = origin.find().checksum()
    return bool(told) and dep.hash not in told.values()


def _content(
    out: Out, dep: Dep, content: dict[str, object], files: int = 0, size_bytes: int = 0
) -> Content:
    out = out._replace(hash_name=hashing.MD5.name)
    return Content(out, dep._replace(content=content), files, size_bytes)


def _store_manifest(project: Project, listing: Manifest) -> str:
    cache = project.cache()
    value = cache.store_bytes(manifests.dump(listing), hashing.DIR_SUFFIX)
    cache.flush()
    return value


def _store(
    project: Project, origin: Origin, tree: Tree, progress: Progress, jobs: int | None
) -> tuple[Manifest, int]:
    """Bring a server's files into the cache; return their hashes by path, and their size."""
    cache = project.cache()
    cache.clean_leftovers()
    found: Manifest = {}
    total = 0
    progress.start("Importing", len(tree.files), tree.size_bytes)
    try:
        for path, value, size in store_each(cache, origin, tree, progress, jobs):
            found[path] = value
            total += size
        cache.flush()
    except BaseException:
        cache.discard()
        raise
    finally:
        progress.finish()
    return found, total


def store_each(
    cache: Cache, origin: Origin, tree: Tree, progress: Progress, jobs: int | None
) -> Iterator[tuple[str, str, int]]:
    """Store the files of an origin, several at a time; yield path, hash and size of each.

    The caller publishes them, or discards them if this raises.
    """
    watch = Shared(progress)

    def work(path: str, stop: Stop) -> tuple[bytes, str, str, int]:
        """Return a small file's bytes, or a large one's temporary place and hash; its size."""
        head: list[bytes] = []
        size = 0
        pieces = origin.read(path, stop)
        for piece in pieces:
            head.append(piece)
            size += len(piece)
            watch.advance(0, len(piece))
            if size > SMALL_BYTES:
                break
        else:
            return b"".join(head), "", "", size
        hasher = cache.algorithm.new()
        temporary = cache.new_temporary()
        fd = os.open(temporary, fsutil.CREATE_FLAGS, 0o666)
        try:
            try:
                for piece in head:
                    hasher.update(piece)
                    fsutil.write_all(fd, piece)
                head.clear()
                for piece in pieces:
                    hasher.update(piece)
                    fsutil.write_all(fd, piece)
                    size += len(piece)
                    watch.advance(0, len(piece))
                cache.protect(fd, temporary)
            finally:
                os.close(fd)
        except BaseException:
            fsutil.remove_if_there(temporary)
            raise
        return b"", temporary, hasher.hexdigest(), size

    paths = [file.path for file in tree.files]
    for path, (data, temporary, value, size) in each(paths, work, jobs or origin.jobs):
        if temporary:
            cache.take_temporary(temporary, value)
        else:
            value = cache.store_bytes(data)
        watch.advance(1)
        yield path, value, size


def _bring_local(
    project: Project,
    item: TrackedOut,
    origin: LocalOrigin,
    dep: Dep,
    progress: Progress,
    *,
    download: bool,
) -> Content:
    root, name = os.path.split(os.path.realpath(origin.path))
    found = scan(root, name, {}, None)
    if found.kind not in (FILE, DIRECTORY):
        if found.problems:
            raise CannotTrackError([(origin.where, found.problems[0][1])])
        raise MissingOriginError(origin.where)
    recording.check_names(project, item.relpath, found)
    cache = project.cache()
    stored = recording.Stored(0, 0, set())
    if download:
        recording.check_cache_is_ours(project)
        # Never by hard links: the source belongs to somebody else, who may go on writing to it.
        how = REFLINK if recording.how_to_store(project) == REFLINK else COPY
        stored = recording.store_files(project, name, found, cache, how, progress, root)
    else:
        hash_dirty(root, name, found, cache, progress)
        recording.check_names(project, item.relpath, found)
    out, content = _described(project, item.out, found, download)
    cache.flush()
    if not download:
        out = Out(item.out.path)
    return _content(out, dep, content, stored.stored, stored.size_bytes)


def _described(
    project: Project, base: Out, found: Scan, download: bool
) -> tuple[Out, dict[str, object]]:
    """Return what output and source say of a local file or directory."""
    size = found.size_bytes()
    if found.kind == FILE:
        entry = found.entries[""]
        isexec = bool(entry[5] & stat.S_IXUSR)
        out = base._replace(hash=entry[0], size=size, nfiles=None, isexec=isexec)
        content: dict[str, object] = {"md5": entry[0], "size": size}
        if isexec:
            content["isexec"] = True
        return out, content
    listing = found.manifest()
    value = hashing.of_bytes(manifests.dump(listing)) + hashing.DIR_SUFFIX
    if download:
        _store_manifest(project, listing)
    out = base._replace(hash=value, size=size, nfiles=len(listing), isexec=False)
    return out, {"md5": value, "size": size, "nfiles": len(listing)}


# -- from another repository --------------------------------------------------------------


def dep_of(item: TrackedOut) -> Dep:
    """Return the source of an import.

    Raises:
        FormatError: It is none, or cannot be used.
    """
    if item.origin is None:
        raise FormatError("not an import", item.source)
    try:
        return formats.parse(item.origin[1])
    except FormatError as problem:
        raise problem.at(item.source) from None


def origin_of(project: Project, item: TrackedOut, dep: Dep) -> Origin:
    """Return where an import from an address has its data.

    Raises:
        CannotImportError: The pointer file, which anybody may have written, asks for more.
    """
    unsafe = sorted(COMMAND_OPTIONS & {name.lower() for name in dep.fs_config or {}})
    through = configs.url_scheme(dep.path) == "remote"
    if unsafe or (through and "endpointurl" in (dep.fs_config or {})):
        raise CannotImportError(
            f"{quoted(project.shown(item.source))}: fs_config.{(unsafe or ['endpointurl'])[0]}: "
            "this is not taken from a pointer file",
            hint="set it for a remote in your own config, and import from remote://NAME/PATH",
        )
    folder = item.origin[0] if item.origin is not None else item.relpath.rpartition("/")[0]
    return outside.origin(dep.path, dep.fs_config, project=project, base=project.path(folder))


def _seen(project: Project, repo: Repo) -> str:
    """Return a repository's address as it is from the current directory."""
    url = repo.url
    if configs.url_scheme(url) or os.path.isabs(url) or os.getcwd() == project.root:
        return url
    beside = os.path.normpath(os.path.join(project.root, url))
    return os.path.relpath(beside) if os.path.isdir(beside) else url


def is_here(project: Project, repo: Repo) -> bool:
    """Return whether a repository is a path of this machine, so that no network is needed."""
    url = _seen(project, repo)
    return not configs.url_scheme(url) and (os.path.isdir(url) or ":" not in url)


def open_source(project: Project, repo: Repo, progress: Progress, rev: str | None = None) -> Source:
    """Open the repository that an import comes from.

    A relative path starts at the project, else at the current directory.

    Args:
        project: The project.
        repo: As the pointer file has it.
        progress: Told of what takes time.
        rev: A revision; its default branch if None.

    Raises:
        GitDvcError: There is none, it has no such revision, or it cannot be reached.
    """
    url = _seen(project, repo)
    source = Source.open(
        url, rev or "HEAD", config=repo.config, remote=repo.remote, progress=progress
    )
    if not source.commit:
        source.close()
        raise CannotImportError(
            f"{quoted(without_password(repo.url))} has no commits, so no version can be recorded",
            hint="import a directory that Git does not know with 'git dvc import-url'",
        )
    return source


def bring_from(
    project: Project,
    item: TrackedOut,
    source: Source,
    dep: Dep,
    progress: Progress,
    *,
    download: bool = True,
    jobs: int | None = None,
) -> Content:
    """Bring what a repository has at the revision that is open into the cache.

    Args:
        project: The project.
        item: The output that it is for.
        source: The repository.
        dep: What is recorded of it.
        progress: Told of the work.
        download: Bring the data; else only make sure that it exists.
        jobs: How many files at a time.

    Raises:
        UnknownPathError: It has nothing of this path.
        NowhereError: Some of the data is nowhere.
        RemoteError: Its remote failed.
    """
    assert dep.repo is not None  # noqa: S101 - the caller's part
    dep = dep._replace(repo=dep.repo._replace(rev_lock=source.commit))
    entry = source.entry(dep.path)
    if not download:
        return Content(Out(item.out.path), dep)
    recording.check_cache_is_ours(project)
    progress.start("Importing", entry.nfiles, entry.size_bytes)
    try:
        brought = source.bring(dep.path, project.cache(), progress, jobs)
    finally:
        progress.finish()
    if brought.left_out:
        left = ", ".join(quoted(path) for path in brought.left_out[:5])
        progress.note(f"left out, as these links lead nowhere in it: {left}")
    out = item.out._replace(
        hash=brought.hash,
        hash_name=hashing.MD5.name,
        size=brought.size_bytes,
        nfiles=brought.nfiles,
        isexec=brought.is_exec,
    )
    files = 1 if brought.nfiles is None else brought.nfiles
    return Content(out, dep, files, brought.size_bytes)


# -- recording it -------------------------------------------------------------------------


def record(
    project: Project,
    item: TrackedOut,
    content: Content,
    *,
    executed: bool = True,
    fresh: bool = True,
) -> list[str]:
    """Write ``.gitignore`` and pointer file, in an operation; return what changed.

    Args:
        project: The project, locked.
        item: The output.
        content: What its pointer is to say; its data is in the cache.
        executed: Whether the source was asked at all.
        fresh: Write the pointer anew; else change it where it differs.
    """
    changed = []
    os.makedirs(os.path.dirname(project.path(item.relpath)), exist_ok=True)
    is_dir = content.out.hash is not None and hashing.is_dir(content.out.hash)
    ignored = recording.ignore_in_git(project, item.relpath, is_dir=is_dir)
    if ignored:
        changed.append(ignored)
    before = project.read(item.source)
    if before is None or fresh:
        data = formats.dump(content.dep, content.out, executed=executed)
    else:
        data = formats.update(before, content.dep, content.out)
    if data != before:
        project.note_file(item.source, before, data)
        tmp = os.path.join(project.tmp_dir, "git-dvc")
        fsutil.atomic_write(project.path(item.source), data, tmp)
    changed.append(item.source)
    project.forget_tracked()
    return changed


def place(
    project: Project, item: TrackedOut, out: Out, progress: Progress, *, force: bool
) -> placing.Result:
    """Put an import's data in place, in an operation."""
    return placing.place(project, [Selected(item._replace(out=out))], progress, force=force)
